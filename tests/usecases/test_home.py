"""What a Home is made of: this person's own, and honest when somebody does not answer."""

from bot.domain import request as life
from bot.usecases import home
from tests.examples import APPROVER, REQUESTER, WORKSPACE
from tests.usecases.conftest import Office


async def test_a8_an_approver_sees_what_waits_and_the_requester_what_they_asked(office: Office) -> None:
    waiting = await office.place()
    await office.place(life.Declined, draft="d2")
    for_approver = await home.home(office.desk, WORKSPACE, APPROVER)
    assert (for_approver.waiting, for_approver.mine, for_approver.asked) == ((waiting,), (), 0)
    for_requester = await home.home(office.desk, WORKSPACE, REQUESTER)
    assert for_requester.waiting == ()
    assert [request.id for request in for_requester.mine] == [1002, 1001]
    assert for_requester.asked == 2


async def test_t23_a_slack_that_does_not_say_who_may_hides_only_what_waits(office: Office) -> None:
    await office.place()
    office.directory.is_away = True
    shown = await home.home(office.desk, WORKSPACE, REQUESTER)
    assert (shown.waiting, shown.asked, len(shown.mine)) == (None, 1, 1)


async def test_a8_who_looks_is_told_of_what_is_theirs_and_nobody_else(office: Office) -> None:
    request = await office.place()
    assert await home.onlookers(office.desk, request) == []
    for user in (REQUESTER, APPROVER, "U0NOBODY"):
        await home.opened(office.desk, WORKSPACE, user)  # type: ignore[arg-type]
    assert await home.onlookers(office.desk, request) == sorted([REQUESTER, APPROVER])
    office.clock.on(home.OPEN_FOR * 2)
    assert await home.onlookers(office.desk, request) == []

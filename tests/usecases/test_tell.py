"""The outbox: everything that is to be said is said, once, from the state as it is, and never holds anything up."""

from datetime import timedelta

import pytest

from bot.domain import request as life
from bot.domain.errors import ChatError, StoreUnavailableError, Trouble
from bot.domain.ids import RequestId
from bot.domain.intents import CardIntent, ThreadIntent
from bot.domain.request import PurchaseRequest, State
from bot.usecases.tell import BATCH, Teller
from tests.examples import CHANNEL, WORKSPACE
from tests.usecases.conftest import Office
from tests.usecases.fakes import FakeNotifier, KilledError

MINUTES = timedelta(minutes=5)
"""Longer than any wait between two attempts to say something."""


@pytest.fixture
def notifier(office: Office) -> FakeNotifier:
    return FakeNotifier(office.moments)


@pytest.fixture
def teller(office: Office, notifier: FakeNotifier) -> Teller:
    office.clock.on(timedelta(hours=1))  # everything asked for so far is due
    return Teller(office.desk, notifier)


async def tell_all(office: Office, teller: Teller) -> None:
    """Go on for as long as there is anything to say, with the clock moving on meanwhile."""
    for _ in range(20):
        await teller.tell(WORKSPACE)
        office.clock.on(timedelta(seconds=30))


async def test_c1_a_new_request_is_posted_as_a_card(office: Office, teller: Teller, notifier: FakeNotifier) -> None:
    request = await office.place()
    assert await teller.tell(WORKSPACE) == 1
    assert notifier.said == ["card posted (pending)"]
    at = await office.store.message(WORKSPACE, request.id, str(CardIntent(request.id)))
    assert at is not None
    assert (at.channel, at.version) == (CHANNEL, 1)
    assert await teller.tell(WORKSPACE) == 0


async def test_c1_the_card_is_updated_in_place_and_says_what_is_true_by_then(
    office: Office, teller: Teller, notifier: FakeNotifier
) -> None:
    request = await office.place()
    await teller.tell(WORKSPACE)
    await office.walk(request, life.Approved, life.Claimed)
    await tell_all(office, teller)
    assert notifier.said == ["card posted (pending)", "card updated (ordering)"]


async def test_x3_nothing_is_announced_that_is_not_so(office: Office, teller: Teller, notifier: FakeNotifier) -> None:
    await office.place(life.Approved, life.Claimed, life.Unclear)
    await tell_all(office, teller)
    assert notifier.said
    assert all("(in_doubt)" in line for line in notifier.said)


async def test_a_decision_is_told_in_the_thread_and_to_the_requester_once(
    office: Office, teller: Teller, notifier: FakeNotifier
) -> None:
    await office.place(life.Declined)
    await tell_all(office, teller)
    assert sorted(notifier.said) == [
        "card posted (declined)",
        "direct posted (declined)",
        "thread posted (declined)",
    ]


async def test_a_thread_notice_waits_for_its_card(office: Office, teller: Teller, notifier: FakeNotifier) -> None:
    request = await office.place(life.Declined)
    await office.raw.zrem(f"{{{WORKSPACE}}}:outbox", f"card:{request.id}")
    await teller.tell(WORKSPACE)
    assert "thread posted (declined)" not in notifier.said
    await office.store.ask(WORKSPACE, CardIntent(request.id), office.clock.time)
    await tell_all(office, teller)
    assert notifier.said.index("card posted (declined)") < notifier.said.index("thread posted (declined)")


@pytest.mark.parametrize("seconds", [7, 600])
async def test_a_wish_to_wait_is_granted(seconds: int, office: Office, teller: Teller, notifier: FakeNotifier) -> None:
    await office.place()
    office.moments.at("say", ChatError("ratelimited", retry_after_s=seconds, trouble=Trouble.WAIT))
    await teller.tell(WORKSPACE)
    office.clock.on(timedelta(seconds=seconds - 1))
    await teller.tell(WORKSPACE)
    assert notifier.said == []
    await tell_all(office, teller)
    assert notifier.said == ["card posted (pending)"]


async def test_one_message_that_cannot_be_said_does_not_hold_up_the_others(
    office: Office, teller: Teller, notifier: FakeNotifier
) -> None:
    for number in range(3):
        await office.place(draft=f"d{number}")
    office.moments.at("say", ChatError("strange_error"))
    await tell_all(office, teller)
    assert notifier.said == ["card posted (pending)"] * 3


async def test_a_record_that_cannot_be_read_does_not_hold_up_the_others(
    office: Office, teller: Teller, notifier: FakeNotifier
) -> None:
    broken = await office.place(draft="d1")
    await office.place(draft="d2")
    await office.raw.hset(f"{{{WORKSPACE}}}:request:{broken.id}", "body", b"{}")
    await tell_all(office, teller)
    assert notifier.said == ["card posted (pending)"]


async def test_a_message_problem_never_changes_a_request(office: Office, teller: Teller) -> None:
    request = await office.place(life.Approved)
    office.moments.always("say", ChatError("account_inactive"))
    await tell_all(office, teller)
    assert await office.now(request) == request


async def test_t112_what_was_not_said_by_a_process_that_died_is_said_by_another(
    office: Office, teller: Teller, notifier: FakeNotifier
) -> None:
    await office.place()
    office.moments.at("say", KilledError())
    with pytest.raises(KilledError):
        await teller.tell(WORKSPACE)
    await office.raw.delete(*await office.raw.keys("*lease*"), "-")
    office.clock.on(MINUTES)
    await teller.tell(WORKSPACE)
    assert notifier.said == ["card posted (pending)"]


async def test_t112_what_was_recorded_as_said_is_not_said_again(
    office: Office, teller: Teller, notifier: FakeNotifier
) -> None:
    request = await office.place(life.Declined)
    await tell_all(office, teller)
    before = list(notifier.said)
    await office.store.ask(WORKSPACE, ThreadIntent(request.id, 2), office.clock.time)
    await tell_all(office, teller)
    assert notifier.said == before


async def test_a_card_is_drawn_again_when_somebody_asks(office: Office, teller: Teller, notifier: FakeNotifier) -> None:
    request = await office.place()
    await teller.tell(WORKSPACE)
    await office.store.ask(WORKSPACE, CardIntent(request.id), office.clock.time)
    await teller.tell(WORKSPACE)
    assert notifier.said == ["card posted (pending)", "card updated (pending)"]


async def test_an_intent_without_a_request_is_forgotten(office: Office, teller: Teller) -> None:
    await office.store.ask(WORKSPACE, CardIntent(RequestId(4711)), office.clock.time)
    assert await teller.tell(WORKSPACE) == 1
    office.clock.on(MINUTES)
    assert await teller.tell(WORKSPACE) == 0


async def test_a_card_does_not_wait_for_the_names_of_approvers(
    office: Office, teller: Teller, notifier: FakeNotifier
) -> None:
    await office.place()
    office.directory.is_away = True
    await teller.tell(WORKSPACE)
    assert notifier.said == ["card posted (pending)"]


async def test_a_batch_is_bounded(office: Office, teller: Teller, notifier: FakeNotifier) -> None:
    for number in range(BATCH + 3):
        await office.place(draft=f"d{number}")
    assert await teller.tell(WORKSPACE) == BATCH
    assert await teller.tell(WORKSPACE) == 3


async def test_c1_a_change_while_the_card_is_drawn_draws_it_again(
    office: Office, teller: Teller, notifier: FakeNotifier
) -> None:
    request = await office.place()

    async def somebody_approves() -> None:
        await office.walk(request, life.Approved)

    office.moments.at("said", somebody_approves)
    await tell_all(office, teller)
    assert notifier.said[-1] == "card updated (approved)"


async def test_a_store_that_goes_away_meanwhile_loses_nothing(
    office: Office, teller: Teller, notifier: FakeNotifier
) -> None:
    await office.place()
    office.moments.at("get", StoreUnavailableError("away"))
    with pytest.raises(StoreUnavailableError):
        await teller.tell(WORKSPACE)
    office.clock.on(MINUTES)
    await teller.tell(WORKSPACE)
    assert notifier.said == ["card posted (pending)"]


async def test_every_way_a_request_can_end_is_told_to_the_person_who_asked(
    office: Office, teller: Teller, notifier: FakeNotifier
) -> None:
    ends: list[tuple[type[life.Event], ...]] = [
        (life.Declined,),
        (life.Expired,),
        (life.Approved, life.Claimed, life.Ordered),
        (life.Approved, life.Claimed, life.Refused),
        (life.Approved, life.Claimed, life.Unclear),
    ]
    requests: list[PurchaseRequest] = [await office.place(*way, draft=str(way)) for way in ends]
    await tell_all(office, teller)
    told = [line for line in notifier.said if line.startswith("direct")]
    assert len(told) == len(requests)
    assert {request.state for request in requests} >= {State.DECLINED, State.EXPIRED, State.ORDERED, State.FAILED}

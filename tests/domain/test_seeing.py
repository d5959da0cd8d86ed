"""Who is shown the sums of one request or service."""

from __future__ import annotations

import pytest

from bot.domain.ids import ChannelId, UserId
from bot.domain.policy import PRICES_VISIBLE_TO, Person
from bot.domain.seeing import Viewer, may_see_prices

RITA, MONA, RAVI = UserId("U0RITA"), UserId("U0MONA"), UserId("U0RAVI")
HERE, ELSEWHERE = ChannelId("C0HERE"), ChannelId("C0ELSE")
NARROW = ("finance", "approver")


def looks(user: UserId, where: ChannelId | None, *roles: str, is_guest: bool = False) -> Viewer:
    return Viewer(Person(user, "", is_guest=is_guest), where, frozenset(roles))


@pytest.mark.parametrize(
    ("viewer", "visible_to", "is_shown"),
    [
        (looks(RITA, None), NARROW, True),
        (looks(RAVI, HERE), PRICES_VISIBLE_TO, True),
        (looks(RAVI, HERE, is_guest=True), PRICES_VISIBLE_TO, True),
        (looks(RAVI, HERE), NARROW, False),
        (looks(RAVI, ELSEWHERE), PRICES_VISIBLE_TO, False),
        (looks(RAVI, None), PRICES_VISIBLE_TO, False),
        (looks(MONA, ELSEWHERE, "approver"), NARROW, True),
        (looks(MONA, None, "finance"), NARROW, True),
        (looks(MONA, HERE, "admin"), NARROW, False),
        (looks(MONA, None, "approver", is_guest=True), NARROW, False),
    ],
)
def test_t139_who_sees_the_sums_of_a_request(viewer: Viewer, visible_to: tuple[str, ...], is_shown: bool) -> None:
    verdict = may_see_prices(viewer, RITA, HERE, visible_to)
    assert verdict.is_allowed is is_shown
    assert bool(verdict.sentence) is not is_shown


def test_t139_who_is_not_shown_them_is_told_who_is() -> None:
    assert may_see_prices(looks(RAVI, None), RITA, HERE, ("channel", "finance", "finance")).sentence == (
        "The sums are left out: they are shown to whoever asked for it, everybody who looks from its channel "
        "and *finance*."
    )
    assert may_see_prices(looks(RAVI, HERE), None, None, ("channel", "approver")).sentence == (
        "The sums are left out: they are shown to *approver*."
    )

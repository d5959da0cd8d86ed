"""A budget in words: every sum that a decision needs, and none for eyes that are not shown them."""

import pytest
from msgspec.structs import replace

from bot.blocks import budget, buttons, notices
from bot.blocks.request_card import card
from bot.domain.budget import Budget, Standing
from bot.domain.request import Approved, Capped, Declined, Endorsed, PurchaseRequest
from bot.domain.reservation import without_budget
from tests.blocks.reading import assert_valid, visible
from tests.blocks.reading import buttons as pressable
from tests.examples import APPROVER, CHANNEL, FINANCE, NOW, REQUESTER, after, submitted

ROOM = Budget("2026-11", cap=50_000, spent=12_000, reserved=3_000, needed=700)


def shown(request: PurchaseRequest, standing: Standing | None = None) -> str:
    message = card(request, approvers=[APPROVER], role="approver", needed=1, standing=standing)
    assert_valid(message)
    return visible(message)


@pytest.mark.parametrize(
    ("stands", "words"),
    [
        (ROOM, "$120.00 of $500.00 spent, $30.00 reserved, $343.00 left after this"),
        (replace(ROOM, needed=0), "$120.00 of $500.00 spent, $30.00 reserved, $350.00 left"),
        (replace(ROOM, reserved=0, needed=38_000), "$120.00 of $500.00 spent, nothing reserved, $0.00 left after this"),
        (replace(ROOM, needed=35_001), "$120.00 of $500.00 spent, $30.00 reserved, this goes $0.01 over it"),
        (replace(ROOM, spent=60_000, needed=0), "$600.00 of $500.00 spent, $30.00 reserved, $0.00 left"),
    ],
)
def test_x5_a_budget_is_one_line_with_every_sum(stands: Budget, words: str) -> None:
    assert budget.line(stands, CHANNEL) == f"Budget of <#{CHANNEL}> for November 2026: {words}"


def test_x5_the_card_says_of_which_moment_its_budget_is() -> None:
    seen = shown(submitted(), Standing(ROOM, NOW))
    assert f"Budget of <#{CHANNEL}> for November 2026 as of <!date" in seen
    assert "$343.00 left after this" in seen
    assert ":warning: Budget of" in shown(submitted(), Standing(replace(ROOM, needed=40_000), NOW))


def test_t08_the_card_says_what_was_missing_and_who_may_go_beyond() -> None:
    seen = shown(after(submitted(), Capped))
    assert "Over budget · Waiting for approval" in seen
    assert f"The budget had no room when <@{APPROVER}> approved" in seen
    assert "it needed $17.50, and $10.00 was left of the budget of" in seen
    assert "($460.00 of $500.00 spent, $30.00 reserved). Nothing was bought." in seen
    assert f"<@{FINANCE}> may approve it over budget" in seen
    assert "Approve over budget" in seen


def test_t08_nobody_is_named_who_asked_for_it_or_when_there_is_nobody() -> None:
    tried = after(submitted(requester=FINANCE), Capped)
    seen = shown(tried)
    assert "when an admin raises the budget" in seen
    assert "Approve over budget" not in seen


def test_t08_the_card_is_as_before_once_it_is_approved_or_over() -> None:
    for kind in (Approved, Declined):
        seen = shown(after(submitted(), Capped, kind))
        assert "Over budget" not in seen
        assert "no room" not in seen


def test_t08_an_approval_that_counted_stands_beside_the_one_that_did_not() -> None:
    seen = shown(after(submitted(), Endorsed, Capped))
    assert "Approved by <@U0CHIEF>" in seen
    assert f"no room when <@{APPROVER}> approved" in seen


def test_t08_going_beyond_says_by_how_much_before_it_acts() -> None:
    request = after(submitted(), Capped)
    (offered,) = [one for one in buttons.for_state(request) if one["text"]["text"] == "Approve over budget"]
    asks = offered["confirm"]["text"]["text"]
    assert asks.startswith("This takes the budget for July 2026 $7.50 over its $500.00. $17.50, by invoice")


def test_t08_a_plain_approval_says_that_the_budget_needs_room_first() -> None:
    def confirmed(label: str) -> str:
        offered = {one["text"]["text"]: one for one in buttons.for_state(after(submitted(), Capped))}
        return str(offered[label]["confirm"]["text"]["text"])

    assert "it is bought only if there is room by then" in confirmed("Approve")
    assert "has no room" not in confirmed("Approve over budget")


def test_t08_a_card_that_says_its_budget_has_no_room_promises_no_purchase_at_once() -> None:
    def confirmed(needed: int) -> str:
        stands = Standing(replace(ROOM, needed=needed), NOW)
        message = card(submitted(), approvers=[APPROVER], role="approver", needed=1, standing=stands)
        return str(pressable(message)["approve"]["confirm"]["text"]["text"])

    assert "at once" in confirmed(700)
    assert "The budget has no room for it now" in confirmed(40_000)
    assert "at once" not in confirmed(40_000)


def test_t08_told_late_it_says_what_holds_by_now() -> None:
    request = after(submitted(), Capped, Approved)
    entry = next(one for one in request.history if one.happened == "capped")
    for message in (notices.thread_notice(request, entry), notices.direct_notice(request, entry, REQUESTER)):
        assert "so that approval did not count" in message.text
        assert "By now: *:ballot_box_with_check: Approved*" in message.text


def test_t08_for_eyes_that_are_not_shown_the_channels_spend_there_are_no_sums_of_it() -> None:
    seen = shown(without_budget(after(submitted(), Capped)))
    assert "$17.50 was more than was left of the budget" in seen
    for sum_of_channel in ("$10.00", "$460.00", "$500.00", "$30.00"):
        assert sum_of_channel not in seen
    assert without_budget(submitted()) == submitted()

"""What a request puts into the ledger, on which day, and what the entries add up to."""

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from bot.domain.finding import Finding
from bot.domain.finding import Kind as Found_
from bot.domain.ids import ChannelId, ProductCode, UserId
from bot.domain.ledger import (
    Entry,
    Kind,
    Row,
    Sums,
    Totals,
    adds,
    day_of,
    entries_of,
    paid,
    sums_of,
    void,
)
from bot.domain.request import (
    TRANSITIONS,
    Approved,
    Claimed,
    Followed,
    Ordered,
    PurchaseRequest,
    State,
    advance,
)
from tests.examples import (
    APPROVER,
    CHANNEL,
    NOW,
    REQUESTER,
    after,
    every_state,
    order,
    request,
    submitted,
    top_up_request,
)


def ordered(*, is_paid: bool = False, at: datetime = NOW, zone: str = "UTC") -> PurchaseRequest:
    claimed = after(submitted(time_zone=zone), Approved, Claimed)
    return advance(claimed, Ordered(at, order(is_paid=is_paid)))


def seen(before: PurchaseRequest, *kinds: Found_) -> PurchaseRequest:
    assert before.order is not None
    return advance(before, Followed(before.changed_at, before.order, tuple(Finding(kind) for kind in kinds)))


def test_t137_an_open_charge_that_is_paid_later_moves_from_open_to_paid_on_its_own_day() -> None:
    bought = ordered()
    (charged,) = entries_of(bought)
    assert (charged.kind, charged.amount, charged.is_paid) == (Kind.CHARGE, 1_750, False)
    assert (charged.requester, charged.approvers, charged.channel) == (REQUESTER, (APPROVER,), CHANNEL)
    assert sums_of([charged]) == Sums(open=1_750, count=1, quantity=5)

    settled = seen(bought, Found_.PAID)
    (_, followed) = entries_of(settled)
    assert (followed.kind, followed.day, followed.id) == (Kind.PAID, charged.day, "1042:paid")
    assert sums_of(entries_of(settled)) == Sums(paid=1_750, count=1, quantity=5)


def test_t70_an_order_that_ends_unpaid_is_void_and_no_longer_spent() -> None:
    voided = seen(ordered(), Found_.ENDED)
    (charged, taken_back) = entries_of(voided)
    assert (taken_back.kind, taken_back.amount) == (Kind.VOID, -charged.amount)
    assert sums_of(entries_of(voided)) == Sums(void=1_750, count=1, quantity=5)
    assert sums_of(entries_of(voided)).spent == 0


def test_t137_a_paid_service_that_is_cancelled_stays_paid_until_money_comes_back() -> None:
    cancelled = seen(ordered(is_paid=True), Found_.PAID, Found_.ENDED)
    assert sums_of(entries_of(cancelled)) == Sums(paid=1_750, count=1, quantity=5)


@pytest.mark.parametrize("unclear", [Found_.GONE, Found_.CLOSED, Found_.DROPPED])
def test_t137_what_nobody_knows_to_be_paid_or_void_stays_open(unclear: Found_) -> None:
    assert sums_of(entries_of(seen(ordered(), unclear))).open == 1_750


def test_whatever_happens_next_no_entry_is_ever_changed_or_taken_back() -> None:
    for now in every_state():
        for kind in (kind for state, kind in TRANSITIONS if state is now.state):
            known = entries_of(now)
            assert entries_of(after(now, kind))[: len(known)] == known


def test_t46_a_top_up_is_apart_and_open_until_it_is_paid() -> None:
    asked = after(top_up_request(5_000), Approved, Claimed)
    bought = advance(asked, Ordered(NOW, order(service_id=None, total=5_000, due=5_000, status=None)))
    (charged,) = entries_of(bought)
    assert sums_of([charged]) == Sums(top_up_open=5_000)
    assert sums_of([charged, paid(charged, NOW)]) == Sums(top_up=5_000)
    assert sums_of([charged, void(charged, NOW)]) == Sums()
    assert sums_of([charged, paid(charged, NOW)]).spent == 0


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        (datetime(2026, 1, 31, 23, 30, tzinfo=UTC), "UTC", date(2026, 1, 31)),
        (datetime(2026, 1, 31, 23, 30, tzinfo=UTC), "Europe/Berlin", date(2026, 2, 1)),
        (datetime(2028, 3, 1, 4, 59, tzinfo=UTC), "America/New_York", date(2028, 2, 29)),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 29)),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 25)),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 25)),
        (datetime(2026, 12, 31, 10, 0, tzinfo=UTC), "Pacific/Kiritimati", date(2027, 1, 1)),
    ],
)
def test_t50_a_moment_falls_on_the_calendar_day_of_its_channel(moment: datetime, zone: str, day: date) -> None:
    assert day_of(moment, zone) == day
    assert entries_of(ordered(at=moment, zone=zone))[0].day == day


def test_t50_a_charge_at_a_month_end_that_is_paid_in_the_next_month_counts_where_it_was_made() -> None:
    bought = ordered(at=datetime(2026, 2, 28, 23, 59, tzinfo=UTC))
    settled = advance(
        bought, Followed(datetime(2026, 3, 2, tzinfo=UTC), replace(bought.order or order()), (Finding(Found_.PAID),))
    )
    assert {entry.day for entry in entries_of(settled)} == {date(2026, 2, 28)}


def entry(kind: Kind, amount: int, *, is_paid: bool = True) -> Entry:
    return replace(entries_of(ordered())[0], kind=kind, amount=amount, is_paid=is_paid)


@pytest.mark.parametrize(
    ("given", "sums"),
    [
        (entry(Kind.CHARGE, 333), Sums(paid=333, count=1, quantity=5)),
        (entry(Kind.RENEWAL, 333), Sums(paid=333, renewed=333, renewals=1)),
        (entry(Kind.RENEWAL, 333, is_paid=False), Sums(open=333, renewed=333, renewals=1)),
        (entry(Kind.REFUND, -111), Sums(refunded=111)),
        (entry(Kind.CREDIT_NOTE, -111), Sums(credited=111)),
    ],
)
def test_t137_refunds_credits_renewals_and_unpaid_are_told_apart(given: Entry, sums: Sums) -> None:
    assert sums_of([given]) == sums
    assert set(adds(given)) <= {"paid", "open", "refunded", "credited", "renewed", "renewals", "count", "quantity"}


def test_what_remains_spent_is_less_by_what_came_back() -> None:
    sums = sums_of([entry(Kind.CHARGE, 1_000), entry(Kind.REFUND, -300), entry(Kind.CREDIT_NOTE, -50)])
    assert (sums.spent, sums.net) == (1_000, 650)


def test_totals_are_grouped_by_whatever_is_asked_for_those_that_spent_most_first() -> None:
    day, other = date(2026, 7, 1), UserId("U0OTHER")
    rows = (
        Row(day, ChannelId("C1"), REQUESTER, ProductCode("isp_us"), Sums(paid=5)),
        Row(day, ChannelId("C1"), other, ProductCode("isp_us"), Sums(open=90)),
        Row(day, None, None, ProductCode("isp_us"), Sums(paid=7)),
    )
    totals = Totals(day, day, rows)
    assert totals.sums == Sums(paid=12, open=90)
    assert list(totals.by(lambda row: row.requester)) == [other, None, REQUESTER]


def test_a_request_that_bought_nothing_has_no_entries() -> None:
    for state in State:
        if state is not State.ORDERED:
            assert entries_of(request(state)) == ()

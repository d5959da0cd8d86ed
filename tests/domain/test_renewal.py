"""When services renew, over month ends and leap days, and what changed since people last heard of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from bot.domain.catalog import Cycle
from bot.domain.finding import Finding, Kind
from bot.domain.renewal import ChangeKind, ServiceChange, changes, charges_until, following, last_charge, renewed_at
from tests.examples import NOW
from tests.store.test_account import known, service

MONTH, YEAR = Cycle(1, "month"), Cycle(1, "year")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cycle", "start", "anchor", "expected"),
    [
        (Cycle(3, "day"), "2026-02-27 10:00", None, "2026-03-02 10:00"),
        (Cycle(2, "week"), "2026-12-25 10:00", None, "2027-01-08 10:00"),
        (MONTH, "2026-01-31 10:00", None, "2026-02-28 10:00"),
        (MONTH, "2028-01-31 10:00", None, "2028-02-29 10:00"),
        (MONTH, "2026-02-28 10:00", 31, "2026-03-31 10:00"),
        (MONTH, "2026-02-28 10:00", None, "2026-03-28 10:00"),
        (MONTH, "2026-03-28 10:00", 31, "2026-04-28 10:00"),
        (MONTH, "2026-04-30 10:00", 31, "2026-05-31 10:00"),
        (Cycle(3, "month"), "2026-11-30 10:00", None, "2027-02-28 10:00"),
        (YEAR, "2028-02-29 10:00", None, "2029-02-28 10:00"),
        (YEAR, "2027-02-28 10:00", 29, "2028-02-29 10:00"),
    ],
)
def test_n14_periods_end_where_they_should(cycle: Cycle, start: str, anchor: int | None, expected: str) -> None:
    assert following(cycle, at(start), anchor) == at(expected)


def test_t50_renewals_are_foretold_from_utc_without_a_jump_in_summer() -> None:
    row = known(created_at=at("2026-01-31 01:30"), expires_at=at("2026-02-28 01:30"))
    found = [charge.at for charge in charges_until(row, at("2026-05-31 23:59"))]
    assert found == [at(f"2026-{day} 01:30") for day in ("02-28", "03-31", "04-30", "05-31")]


def test_l2_what_does_not_renew_by_itself_costs_nothing() -> None:
    quiet: list[dict[str, Any]] = [
        {"is_pending_cancellation": True},
        {"is_automatic_collection": False},
        {"status": "canceled"},
        {"expires_at": None},
        {"cycle": None},
    ]
    for given in quiet:
        assert not list(charges_until(known(**given), NOW + timedelta(days=400)))
    assert not list(charges_until(replace(known(), is_gone=True), NOW + timedelta(days=400)))


def test_l5_use_is_counted_from_the_last_charge() -> None:
    bought = at("2026-01-31 10:00")
    assert last_charge(service(created_at=bought, expires_at=at("2026-02-28 10:00"))) == bought
    assert last_charge(service(created_at=bought, expires_at=at("2026-04-30 10:00"))) == at("2026-03-31 10:00")
    assert last_charge(service(created_at=bought, expires_at=None)) == bought


def test_l5_every_period_between_two_looks_is_one_renewal() -> None:
    before = service(created_at=at("2026-01-31 10:00"), expires_at=at("2026-02-28 10:00"))
    after = replace(before, expires_at=at("2026-05-31 10:00"))
    assert renewed_at(before, after) == [at("2026-02-28 10:00"), at("2026-03-31 10:00"), at("2026-04-30 10:00")]
    assert renewed_at(before, before) == []
    assert renewed_at(before, replace(before, expires_at=at("2026-02-28 10:20"))) == [], "corrected, not renewed"
    assert renewed_at(before, replace(after, status="canceled")) == []


LATER = NOW + timedelta(days=60)
CHANGES: list[tuple[str, dict[str, Any], list[ServiceChange]]] = [
    ("nothing", {}, []),
    ("quantity", {"quantity": 6}, [ServiceChange(ChangeKind.QUANTITY, 5, 6)]),
    ("price", {"total": 2_000}, [ServiceChange(ChangeKind.PRICE, 1_750, 2_000)]),
    ("cycle", {"cycle": YEAR}, [ServiceChange(ChangeKind.CYCLE, "1:month", "1:year")]),
    ("paused", {"status": "paused"}, [ServiceChange(ChangeKind.STATUS, "active", "paused")]),
    ("canceled", {"status": "canceled", "quantity": 6}, [ServiceChange(ChangeKind.ENDED)]),
    ("will end", {"is_pending_cancellation": True}, [ServiceChange(ChangeKind.STOPPING)]),
    ("unpaid renewal", {"status": "overdue", "open_invoice_id": "in_2"}, [ServiceChange(ChangeKind.OVERDUE)]),
    ("renewed", {"expires_at": LATER}, [ServiceChange(ChangeKind.RENEWED, 1_750, 1_750)]),
    ("dearer", {"expires_at": LATER, "total": 1_900}, [ServiceChange(ChangeKind.RENEWED, 1_750, 1_900)]),
    ("network data, used", {"metadata": {"x": 1}, "open_invoice_id": "in_3"}, []),
]


@pytest.mark.parametrize(("_name", "now", "expected"), CHANGES, ids=[case[0] for case in CHANGES])
def test_u4_t68_what_changed_since_people_last_heard(
    _name: str, now: dict[str, Any], expected: list[ServiceChange]
) -> None:
    row = known()
    assert list(changes(replace(row, service=replace(row.service, **now)))) == expected


def test_t68_what_following_the_order_told_is_not_told_again() -> None:
    row = known()
    now = replace(row, service=replace(row.service, quantity=6, total=2_000, is_pending_cancellation=True))
    findings = [Finding(Kind.QUANTITY, 6, 5), Finding(Kind.PRICE, 1_900, 1_750), Finding(Kind.CANCELLING)]
    assert list(changes(now, findings)) == [ServiceChange(ChangeKind.PRICE, 1_750, 2_000)]
    ended = replace(row, service=replace(row.service, status="canceled"))
    assert changes(ended, [Finding(Kind.ENDED, found="canceled")]) == ()
    assert changes(replace(row, is_gone=True), [Finding(Kind.GONE)]) == ()
    assert changes(replace(row, is_gone=True)) == (ServiceChange(ChangeKind.GONE),)


def test_t68_an_end_that_moves_without_a_charge_is_no_renewal() -> None:
    row = known()
    for days in (60, -3):
        now = replace(row, service=replace(row.service, expires_at=NOW + timedelta(days=days), total=1_900))
        found = changes(now, is_charged=False)
        assert list(found) == [ServiceChange(ChangeKind.MOVED), ServiceChange(ChangeKind.PRICE, 1_750, 1_900)]

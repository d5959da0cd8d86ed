"""Sums of a period: to the cent, beside the period before, with what one unit cost and why that changed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.company import Company
from bot.domain.ids import ChannelId, ProductCode, UserId
from bot.domain.ledger import Row, Sums, Totals
from bot.domain.period import Period
from bot.domain.summary import (
    MOST_PARTS,
    OTHERS,
    Cause,
    Known,
    Unit,
    UnitCost,
    change,
    cost_of_one,
    spend_of,
    stretches_of,
)

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
OCTOBER = NOVEMBER.before()
ISP, DE, DATA, NEW = map(ProductCode, ("isp_us", "isp_de", "residential_gb", "brand_new"))
CATALOG = {
    ISP: Known("AT&T ISP Proxies [US]", Unit.PROXY),
    DE: Known("Telekom ISP Proxies [DE]", Unit.PROXY),
    DATA: Known("Residential data", Unit.GIGABYTE),
}


COMPANY = Company(
    {"one": frozenset({UserId("U1"), UserId("U2")}), "two": frozenset({UserId("U2"), UserId("U3")})},
    {ChannelId("C1"): "crawler", ChannelId("C2"): "crawler"},
)


def row(
    product: ProductCode = ISP, at: date = NOVEMBER.first, *, by: str = "U1", where: str = "C1", **sums: int
) -> Row:
    return Row(at, ChannelId(where), UserId(by), product, Sums(**sums))


def totals(period: Period, *rows: Row) -> Totals:
    return Totals(period.first, period.last, rows)


def units(now: list[Row], before: list[Row]) -> tuple[UnitCost, ...]:
    return spend_of(totals(NOVEMBER, *now), totals(OCTOBER, *before), CATALOG).units


def test_t135_nothing_spent_is_a_summary_without_numbers() -> None:
    empty = spend_of(totals(NOVEMBER), totals(OCTOBER), {})
    assert empty.is_empty
    assert (empty.products, empty.people, empty.channels, empty.units) == ((), (), (), ())
    assert all(not any(column.amounts) for column in empty.columns)


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [(110, 100, 10), (50, 100, -50), (100, 100, 0), (0, 100, -100), (5, 0, None), (0, 0, None)],
)
def test_t135_a_change_from_nothing_is_no_number(now: int, before: int, percent: int | None) -> None:
    assert change(now, before) == percent


ROWS = st.builds(
    Row,
    st.dates(NOVEMBER.first, NOVEMBER.last),
    st.sampled_from([None, *(ChannelId(f"C{n}") for n in range(20))]),
    st.sampled_from([None, *(UserId(f"U{n}") for n in range(20))]),
    st.sampled_from([*CATALOG, NEW, *(ProductCode(f"p{n}") for n in range(20))]),
    st.builds(Sums, *[st.integers(0, 10**7) for _ in range(11)]),
)


@given(st.lists(ROWS, max_size=60))
def test_t137_every_cut_of_a_summary_adds_up_to_the_ledger(rows: list[Row]) -> None:
    spend = spend_of(totals(NOVEMBER, *rows), totals(OCTOBER), CATALOG, COMPANY)
    ledger = sum((row.sums for row in rows), Sums())
    assert spend.sums == ledger
    for parts in (spend.products, spend.people, spend.channels, spend.teams, spend.projects):
        assert sum((part.sums for part in parts), Sums()) == ledger
        assert len(parts) <= MOST_PARTS
    assert sum(sum(column.amounts) for column in spend.columns) == ledger.spent


def test_t137_top_ups_are_shown_apart_from_what_was_spent() -> None:
    spend = spend_of(
        totals(NOVEMBER, row(paid=500, count=1, quantity=1), row(ProductCode("credit"), top_up=10_000)),
        totals(OCTOBER),
        CATALOG,
    )
    assert spend.sums.spent == 500
    assert spend.sums.top_up == 10_000
    assert [part.id for part in spend.products] == [ISP]


def test_s1_what_is_left_of_a_long_list_stands_together() -> None:
    rows = [row(ProductCode(f"p{n:02}"), paid=100 + n) for n in range(MOST_PARTS + 3)]
    products = spend_of(totals(NOVEMBER, *rows), totals(OCTOBER), {}).products
    assert len(products) == MOST_PARTS
    assert products[0].id == "p14"
    assert products[-1].id == OTHERS
    assert products[-1].sums.spent == 100 + 101 + 102 + 103


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ([row(paid=630, quantity=2)], [], UnitCost(Unit.PROXY, 315, None, Cause.FIRST)),
        (
            [row(paid=630, quantity=2)],
            [row(paid=1575, quantity=5)],
            UnitCost(Unit.PROXY, 315, 315, Cause.SAME),
        ),
        (
            [row(paid=700, quantity=2)],
            [row(paid=1575, quantity=5)],
            UnitCost(Unit.PROXY, 350, 315, Cause.PRICE, "AT&T ISP Proxies [US]"),
        ),
        (
            [row(paid=315, quantity=1), row(DE, paid=2000, quantity=4)],
            [row(paid=1260, quantity=4), row(DE, paid=500, quantity=1)],
            UnitCost(Unit.PROXY, 463, 352, Cause.MIX, "Telekom ISP Proxies [DE]"),
        ),
        ([row(DATA, paid=2350, quantity=10)], [], UnitCost(Unit.GIGABYTE, 235, None, Cause.FIRST)),
    ],
)
def test_n22_what_one_cost_and_why_it_changed(now: list[Row], before: list[Row], expected: UnitCost) -> None:
    assert units(now, before) == (expected,)


def test_n22_renewals_charge_again_for_what_was_counted_before() -> None:
    """Five proxies at $3.15, renewed once: one proxy cost $3.15 and not $6.30."""
    assert units([row(paid=3150, renewed=1575, renewals=1, count=1, quantity=5)], [])[0].now == 315
    assert units([row(paid=1575, renewed=1575, renewals=1)], []) == ()
    assert cost_of_one(Sums(paid=100)) is None


def test_n22_each_person_and_channel_has_its_own_cost_of_one_now_and_before() -> None:
    now = [
        row(paid=945, quantity=3),
        row(by="U2", where="C2", paid=400, quantity=1),
        row(DATA, by="U2", where="C2", paid=470, quantity=2),
        row(by="U3", where="C2", paid=630, renewed=630, renewals=1),
    ]
    before = [row(paid=600, quantity=2), row(DATA, by="U3", paid=200, quantity=1)]
    spend = spend_of(totals(NOVEMBER, *now), totals(OCTOBER, *before), CATALOG)
    people = {part.id: [(cost.unit, cost.now, cost.before) for cost in part.costs] for part in spend.people}
    assert people == {
        "U1": [(Unit.PROXY, 315, 300)],
        "U2": [(Unit.PROXY, 400, None), (Unit.GIGABYTE, 235, None)],
        "U3": [],
    }
    channels = {part.id: [(cost.unit, cost.now, cost.before) for cost in part.costs] for part in spend.channels}
    assert channels == {
        "C1": [(Unit.PROXY, 315, 300)],
        "C2": [(Unit.PROXY, 400, None), (Unit.GIGABYTE, 235, None)],
    }


def test_n22_what_is_shown_together_has_no_price_for_one() -> None:
    rows = [row(by=f"U{n:02}", paid=100 + n, quantity=1) for n in range(MOST_PARTS + 3)]
    people = spend_of(totals(NOVEMBER, *rows), totals(OCTOBER), CATALOG).people
    assert [len(part.costs) for part in people] == [1] * (MOST_PARTS - 1) + [0]


def test_n22_a_product_nobody_knows_any_more_has_no_price_for_one() -> None:
    assert units([row(NEW, paid=100, quantity=3)], []) == ()


@given(st.dates(date(2016, 1, 1), date(2030, 1, 1)), st.integers(0, 1_000))
def test_s1_columns_cover_every_day_once(first: date, length: int) -> None:
    period = Period(first, first + timedelta(days=length))
    stretches = list(stretches_of(period))
    assert sum(one.days for one in stretches) == period.days
    assert stretches[0].first == period.first
    assert stretches[-1].last == period.last
    assert len(stretches) <= 36

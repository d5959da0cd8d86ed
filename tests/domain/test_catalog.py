"""Cycles as people write them, selections and their fingerprints, and what the catalog alone can refuse."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from bot.domain.catalog import (
    CREDIT,
    CREDIT_CODE,
    MAX_QUANTITY,
    MAX_TOP_UP,
    MIN_TOP_UP,
    Cycle,
    Field,
    Filter,
    Product,
    Selection,
    problems_with,
    quantity_problem,
    top_up,
)
from bot.domain.ids import ProductCode, ServiceId
from tests.examples import data_product, product, selection

ISP = product(stock=40)
DATA = data_product()
FIVE = selection()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1:month", "1:month"),
        ("3:month", "3:month"),
        ("3m", "3:month"),
        ("3 m", "3:month"),
        ("3x month", "3:month"),
        ("monthly", "1:month"),
        ("Month", "1:month"),
        ("2 months", "2:month"),
        ("mo", "1:month"),
        ("1 year", "1:year"),
        ("yr", "1:year"),
        ("annual", "1:year"),
        ("yearly", "1:year"),
        ("2w", "2:week"),
        ("weekly", "1:week"),
        ("30d", "30:day"),
        ("30 DAYS", "30:day"),
        ("  daily ", "1:day"),
        ("012:day", "12:day"),
    ],
)
def test_a_cycle_as_people_write_it(text: str, written: str) -> None:
    assert str(Cycle.parse(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1", "0:month", "00:month", "000m", "-1:month", "1.5:month", "1000:day", "1:fortnight", "moon"),
        *("1:month:2", "month:1", "1:", ":month:", "m3", "1 m o", "month\nmonth"),
    ],
)
def test_what_is_no_cycle_is_not_guessed_at(text: str) -> None:
    assert Cycle.parse(text) is None


@given(st.integers(1, 999), st.sampled_from(["day", "week", "month", "year"]))
def test_a_cycle_written_as_the_provider_does_is_read_back(count: int, interval: str) -> None:
    assert Cycle.parse(str(Cycle(count, interval))) == Cycle(count, interval)


@given(st.text(max_size=20))
def test_any_text_is_a_cycle_that_can_be_written_or_none(text: str) -> None:
    cycle = Cycle.parse(text)
    assert cycle is None or Cycle.parse(str(cycle)) == cycle


def test_longer_cycles_sort_after_shorter_ones() -> None:
    months = [Cycle(12, "month"), Cycle(1, "month"), Cycle(3, "month")]
    assert sorted(months) == [Cycle(1, "month"), Cycle(3, "month"), Cycle(12, "month")]


CHANGES: dict[str, Any] = {
    "product_code": ProductCode("isp_gb"),
    "quantity": 6,
    "cycle": Cycle(3, "month"),
    "promo_code": "WELCOME10",
    "filter": Filter(asn_id=7018),
    "top_up_cents": 500,
    "service": ServiceId("API-1"),
}


def test_equal_selections_have_equal_fingerprints() -> None:
    assert replace(FIVE).fingerprint() == FIVE.fingerprint()
    assert len(FIVE.fingerprint()) == 16


@pytest.mark.parametrize("name", [field.name for field in fields(Selection)])
def test_any_other_selection_has_another_fingerprint(name: str) -> None:
    assert replace(FIVE, **{name: CHANGES[name]}).fingerprint() != FIVE.fingerprint()


def test_a_fingerprint_never_changes_because_stored_claims_hold_it() -> None:
    assert FIVE.fingerprint() == "b7433c7e98ac87f8"
    assert replace(FIVE, service=ServiceId("API-1"), promo_code="TEN").fingerprint() == "d21904b74414d6bf"


def test_the_same_number_as_another_place_is_another_selection() -> None:
    as_network = replace(FIVE, filter=Filter(asn_id=75202))
    as_city = replace(FIVE, filter=Filter(city_id=75202))
    assert as_network.fingerprint() != as_city.fingerprint()


@given(st.from_type(Selection), st.from_type(Selection))
def test_fingerprints_are_equal_exactly_when_selections_are(one: Selection, other: Selection) -> None:
    assert (one == other) == (one.fingerprint() == other.fingerprint())


@pytest.mark.parametrize(
    ("chosen", "is_set"),
    [(Filter(), False), (Filter(asn_id=0), True), (Filter(subdivision_id="us-tx"), True), (Filter(city_id=1), True)],
)
def test_a_filter_is_true_when_anything_is_chosen(chosen: Filter, is_set: bool) -> None:
    assert bool(chosen) is is_set


@pytest.mark.parametrize(
    ("offered", "takes"),
    [(ISP, True), (DATA, False), (replace(ISP, country_id=None), False), (replace(DATA, country_id="us"), False)],
)
def test_only_addresses_of_a_known_country_take_a_filter(offered: Product, takes: bool) -> None:
    assert offered.takes_filter is takes


@pytest.mark.parametrize(
    ("quantity", "offered", "says"),
    [
        (1, ISP, None),
        (40, ISP, None),
        (41, ISP, "Only 40 in stock. Ask for 40 or fewer."),
        (0, ISP, "The smallest quantity is 1. Ask for at least that many proxies."),
        (-3, ISP, "The smallest quantity is 1. Ask for at least that many proxies."),
        (0, DATA, "The smallest quantity is 1. Ask for at least that many GB."),
        (1, replace(ISP, stock=0), "AT&T ISP Proxies [US] is out of stock. Choose another product."),
        (2000, replace(ISP, stock=1234), "Only 1,234 in stock. Ask for 1,234 or fewer."),
        (MAX_QUANTITY, DATA, None),
        (MAX_QUANTITY + 1, DATA, "The largest quantity of one request is 100,000 GB."),
        (10**30, DATA, "The largest quantity of one request is 100,000 GB."),
        (MAX_QUANTITY + 1, replace(ISP, stock=10**6), "The largest quantity of one request is 100,000 proxies."),
    ],
)
def test_quantity(quantity: int, offered: Product, says: str | None) -> None:
    assert quantity_problem(quantity, offered) == says


@pytest.mark.parametrize(
    ("asked", "offered", "at_fault"),
    [
        (FIVE, ISP, set()),
        (replace(FIVE, filter=Filter(asn_id=7018)), ISP, set()),
        (FIVE, replace(ISP, is_available=False), {Field.PRODUCT}),
        (replace(FIVE, quantity=0), ISP, {Field.QUANTITY}),
        (replace(FIVE, cycle=Cycle(1, "year")), ISP, {Field.CYCLE}),
        (FIVE, replace(ISP, cycles=()), {Field.CYCLE}),
        (replace(FIVE, filter=Filter(asn_id=7018)), DATA, {Field.ASN}),
        (replace(FIVE, filter=Filter(subdivision_id="us-tx", city_id=1)), DATA, {Field.SUBDIVISION}),
        (replace(FIVE, filter=Filter(city_id=1)), DATA, {Field.CITY}),
        (
            replace(FIVE, quantity=99, cycle=Cycle(1, "year")),
            replace(ISP, is_available=False),
            {Field.PRODUCT, Field.QUANTITY, Field.CYCLE},
        ),
    ],
)
def test_v3_each_problem_stands_beside_its_field(asked: Selection, offered: Product, at_fault: set[Field]) -> None:
    found = problems_with(asked, offered)
    assert set(found) == at_fault
    assert all(sentence.endswith(".") for sentence in found.values())


def test_a_cycle_that_is_not_sold_names_those_that_are() -> None:
    found = problems_with(replace(FIVE, cycle=Cycle(1, "year")), ISP)
    assert found[Field.CYCLE].endswith("Choose one of: 1:month, 3:month.")


@pytest.mark.parametrize(
    ("cents", "is_fine"),
    [
        (MIN_TOP_UP, True),
        (MAX_TOP_UP, True),
        (MIN_TOP_UP - 1, False),
        (MAX_TOP_UP + 1, False),
        (0, False),
        (-500, False),
    ],
)
def test_a_top_up_is_bounded(cents: int, is_fine: bool) -> None:
    found = problems_with(top_up(cents), CREDIT)
    assert found == ({} if is_fine else {Field.AMOUNT: "A top-up is between $5 and $10,000."})


def test_a_top_up_is_a_selection_of_credit() -> None:
    asked = top_up(5_000)
    assert (asked.product_code, asked.quantity, asked.is_top_up) == (CREDIT_CODE, 1, True)
    assert CREDIT.is_credit
    assert not CREDIT.takes_filter
    assert not FIVE.is_top_up

"""Does what was approved still hold? Every difference is named, and only harmless ones let the purchase go on."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.domain.catalog import Filter, Selection
from bot.domain.quote import Change, ChangeKind, Payment, Quote, Tolerance, changes, digest, is_blocked
from tests import examples
from tests.examples import NOW

NONE = Tolerance()
SELECTION = examples.selection()


def quote(total: int = 1000, *, discount: int = 0, credit: int = 0, promo: str | None = None, **place: Any) -> Quote:
    """A quote by what it comes to: `total` after discount, `credit` the balance, which is spent first."""
    return examples.quote(
        per_unit=total + discount,
        quantity=1,
        discount=discount,
        balance=credit,
        promo_code=promo,
        chosen=Filter(**place),
    )


def kinds(found: tuple[Change, ...], *, blocking: bool) -> set[ChangeKind]:
    return {change.kind for change in found if change.is_blocking is blocking}


@pytest.mark.parametrize(
    ("credit", "payment"),
    [(0, Payment.INVOICE), (1, Payment.CREDIT_AND_INVOICE), (999, Payment.CREDIT_AND_INVOICE), (1000, Payment.CREDIT)],
)
def test_q1_how_it_is_paid_follows_from_credit(credit: int, payment: Payment) -> None:
    assert quote(1000, credit=credit).payment is payment


def test_q1_credit_after_and_renewal() -> None:
    given_quote = quote(900, discount=100, credit=5000)
    assert given_quote.credit_after == 4100
    assert given_quote.renewal == 1000  # the promo code does not apply again
    once = replace(given_quote, line_items=(replace(given_quote.line_items[0], is_recurring=False),))
    assert once.renewal == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"before_discount": 1001},
        {"discount": 1},
        {"total": 999},
        {"due": 999},
        {"credit_applied": 1},
        {"line_items": ()},
        {"total": -1000, "before_discount": -1000, "due": -1000},
        {"credit_applied": -100, "due": 1100},
        {"discount": -100, "before_discount": 900},
    ],
)
def test_sums_that_differ_are_noticed(wrong: dict[str, Any]) -> None:
    assert quote().sums_agree()
    assert quote(900, discount=100, credit=300).sums_agree()
    assert not replace(quote(), **wrong).sums_agree()


@pytest.mark.parametrize(
    ("asked", "total", "is_paid", "due"),
    [
        (quote(1000), 1000, False, 1000),
        (quote(1000, credit=300), 1000, False, 700),
        (quote(1000, credit=300), 1000, True, 700),
        (quote(1000, credit=1000), 1000, True, 0),
        (quote(1000, credit=1000), 1000, False, None),
        (quote(1000, credit=300), 1800, False, None),
        (quote(1000, credit=300), 900, True, None),
    ],
)
def test_t45_what_is_due_is_known_only_of_an_order_that_came_as_quoted(
    asked: Quote, total: int, is_paid: bool, due: int | None
) -> None:
    assert asked.due_of(total, is_paid=is_paid) == due


SAME = quote(1000)


@pytest.mark.parametrize(
    ("approved", "fresh", "harmless", "blocking"),
    [
        (SAME, quote(1000), set(), set()),
        (SAME, replace(SAME, quoted_at=NOW + timedelta(hours=1)), set(), set()),
        (SAME, quote(999), {ChangeKind.PRICE_DOWN}, set()),
        (SAME, quote(1001), set(), {ChangeKind.PRICE_UP}),
        (quote(promo="W10"), quote(), set(), {ChangeKind.PROMO}),
        (quote(), quote(promo="W10"), set(), {ChangeKind.PROMO}),
        (quote(credit=1000), quote(credit=999), set(), {ChangeKind.PAYMENT}),
        (quote(credit=0), quote(credit=5), set(), {ChangeKind.PAYMENT}),
        (quote(1000, credit=900), quote(800, credit=900), {ChangeKind.PRICE_DOWN, ChangeKind.PAYMENT}, set()),
        (quote(1000, credit=1000), quote(900, credit=500), {ChangeKind.PRICE_DOWN}, {ChangeKind.PAYMENT}),
        (quote(asn_id=7018), quote(asn_id=7922), set(), {ChangeKind.FILTER}),
        (quote(asn_id=7018), quote(), set(), {ChangeKind.FILTER}),
        (quote(asn_id=7018), quote(900, asn_id=1), {ChangeKind.PRICE_DOWN}, {ChangeKind.FILTER}),
        (
            quote(900, discount=100, promo="W10", credit=900),
            quote(1000, credit=900),
            set(),
            {ChangeKind.PRICE_UP, ChangeKind.PROMO, ChangeKind.PAYMENT},
        ),
    ],
)
def test_q3_what_differs_and_whether_it_stops_the_purchase(
    approved: Quote, fresh: Quote, harmless: set[ChangeKind], blocking: set[ChangeKind]
) -> None:
    found = changes(approved, fresh, NONE)
    assert kinds(found, blocking=False) == harmless
    assert kinds(found, blocking=True) == blocking
    assert is_blocked(found) is bool(blocking)


def test_q3_a_change_carries_both_sides() -> None:
    (change,) = changes(quote(1000), quote(1200), NONE)
    assert (change.before, change.after) == (1000, 1200)
    (change,) = changes(quote(promo="W10"), quote(), NONE)
    assert (change.before, change.after) == ("W10", "none")


@pytest.mark.parametrize(
    ("tolerance", "fresh", "is_allowed"),
    [
        (NONE, 1000, True),
        (NONE, 1001, False),
        (Tolerance(Decimal(5)), 1050, True),
        (Tolerance(Decimal(5)), 1051, False),
        (Tolerance(Decimal("0.05")), 1001, False),
        (Tolerance(cents=30), 1030, True),
        (Tolerance(cents=30), 1031, False),
        (Tolerance(Decimal(5), 30), 1050, True),
        (Tolerance(Decimal(1), 30), 1030, True),
        (Tolerance(Decimal(1), 30), 1031, False),
    ],
)
def test_q3_the_larger_of_the_two_tolerances_applies(tolerance: Tolerance, fresh: int, is_allowed: bool) -> None:
    assert tolerance.allows(1000, fresh) is is_allowed
    assert is_blocked(changes(quote(1000), quote(fresh), tolerance)) is not is_allowed


totals = st.integers(0, 10**9)
tolerances = st.builds(Tolerance, st.decimals(0, 100, places=2), st.integers(0, 10**6))
quotes = st.builds(
    quote,
    totals,
    discount=st.integers(0, 10**6),
    credit=totals,
    promo=st.sampled_from([None, "W10", "SPRING"]),
    asn_id=st.sampled_from([None, 7018]),
)


@given(quotes, tolerances)
def test_q3_a_quote_does_not_differ_from_itself(same: Quote, tolerance: Tolerance) -> None:
    assert changes(same, same, tolerance) == ()


@given(quotes, quotes, tolerances)
def test_q3_nobody_pays_more_than_approved_and_tolerated(approved: Quote, fresh: Quote, tolerance: Tolerance) -> None:
    if not is_blocked(changes(approved, fresh, tolerance)):
        extra = fresh.total - approved.total
        assert extra <= tolerance.cents or extra * 100 <= approved.total * tolerance.percent
        assert fresh.promo_code == approved.promo_code
        assert [item.filter for item in fresh.line_items] == [item.filter for item in approved.line_items]


@given(quotes, quotes, tolerances)
def test_q3_a_wider_tolerance_never_stops_what_a_narrow_one_lets_through(
    approved: Quote, fresh: Quote, tolerance: Tolerance
) -> None:
    if not is_blocked(changes(approved, fresh, NONE)):
        assert not is_blocked(changes(approved, fresh, tolerance))


@given(quotes, quotes)
def test_every_built_quote_adds_up_and_every_difference_in_price_is_named(approved: Quote, fresh: Quote) -> None:
    assert approved.sums_agree()
    named = {change.kind for change in changes(approved, fresh, NONE)}
    assert (ChangeKind.PRICE_UP in named) == (fresh.total > approved.total)
    assert (ChangeKind.PRICE_DOWN in named) == (fresh.total < approved.total)


@pytest.mark.parametrize(
    ("selection", "other"),
    [
        (replace(SELECTION, quantity=6), quote()),
        (SELECTION, quote(1001)),
        (SELECTION, quote(900, discount=100)),
        (SELECTION, quote(credit=5)),
        (SELECTION, quote(credit=1000)),
    ],
)
def test_q2_the_digest_changes_with_everything_that_is_approved(selection: Selection, other: Quote) -> None:
    assert digest(selection, other) != digest(SELECTION, quote())


def test_q2_the_digest_is_short_and_does_not_depend_on_the_time_of_asking() -> None:
    later = replace(quote(), quoted_at=NOW + timedelta(hours=1))
    assert digest(SELECTION, later) == digest(SELECTION, quote())
    assert len(digest(SELECTION, later)) == 6

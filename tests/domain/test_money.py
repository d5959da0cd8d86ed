"""What people type as money, and shares of it, in whole cents."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.money import parse_dollars, share_of


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("50", 5_000),
        ("$50", 5_000),
        ("$ 50", 5_000),
        (" 50.00 ", 5_000),
        ("50.5", 5_050),
        ("50.05", 5_005),
        ("1,250.50", 125_050),
        ("1,234,567", 123_456_700),
        ("50 usd", 5_000),
        ("50USD", 5_000),
        ("50 dollars", 5_000),
        ("1 dollar", 100),
        ("0", 0),
        ("0.01", 1),
        ("999999999", 99_999_999_900),
    ],
)
def test_an_amount_as_people_write_it(text: str, cents: int) -> None:
    assert parse_dollars(text) == cents


@pytest.mark.parametrize(
    "text",
    [
        *("", "$", "abc", "-5", "$-5", "+5", "5.", ".5", "5.001", "1e3", "12,50", "1,2345", "1.000,00", "50 eur"),
        *("€50", "50 60", "50$", "0x10", "NaN", "inf", "1_000", "5 000", "9999999999"),
    ],
)
def test_what_is_no_amount_is_not_guessed_at(text: str) -> None:
    assert parse_dollars(text) is None


@given(st.integers(0, 99_999_999_999))
def test_an_amount_written_out_is_read_back(cents: int) -> None:
    dollars, rest = divmod(cents, 100)
    assert parse_dollars(f"{dollars}.{rest:02}") == cents
    assert parse_dollars(f"${dollars:,}.{rest:02}") == cents


@given(st.text(max_size=40))
def test_any_text_is_an_amount_or_none(text: str) -> None:
    cents = parse_dollars(text)
    assert cents is None or cents >= 0


@pytest.mark.parametrize(
    ("amount", "percent", "share"),
    [(1000, "0", 0), (1000, "5", 50), (999, "5", 49), (1575, "2.5", 39), (1, "99", 0), (1000, "100", 1000)],
)
def test_a_share_is_rounded_down(amount: int, percent: str, share: int) -> None:
    assert share_of(amount, Decimal(percent)) == share


@given(st.integers(0, 10**11), st.decimals(0, 100, places=3))
def test_a_share_never_exceeds_its_part(amount: int, percent: Decimal) -> None:
    share = share_of(amount, percent)
    assert 0 <= share * 100 <= amount * percent < (share + 1) * 100

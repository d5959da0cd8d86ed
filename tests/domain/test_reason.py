"""Why a sum differs from the period before: split without a rest, and named by what moved it most."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ledger import Sums
from bot.domain.reason import Driver, Reason, _moves, reason

CODES = st.sampled_from(["isp_us", "isp_de", "data", "credit"])
SUMS = st.builds(Sums, *[st.integers(0, 10**6) for _ in range(11)])
PERIODS = st.dictionaries(CODES, SUMS, max_size=4)


def five(cents: int = 1_500, quantity: int = 5, **given: int) -> Sums:
    return Sums(paid=cents, quantity=quantity, count=1, **given)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ({"isp_us": five(3_000, 10)}, {"isp_us": five()}, Reason(1_500, Driver.QUANTITY, "isp_us")),
        ({"isp_us": five(600, 2)}, {"isp_us": five()}, Reason(-900, Driver.QUANTITY, "isp_us")),
        ({"isp_us": five(1_750)}, {"isp_us": five()}, Reason(250, Driver.PRICE, "isp_us")),
        ({"isp_us": five(1_250)}, {"isp_us": five()}, Reason(-250, Driver.PRICE, "isp_us")),
        ({"isp_us": five(), "data": five(235, 1)}, {"isp_us": five()}, Reason(235, Driver.PRODUCT, "data")),
        ({"isp_us": five()}, {"isp_us": five(), "data": five(235, 1)}, Reason(-235, Driver.PRODUCT, "data")),
        ({"isp_us": five(2_000, 5, renewed=500)}, {"isp_us": five()}, Reason(500, Driver.RENEWALS, "isp_us")),
        ({"isp_us": five(500, 5, void=1_000)}, {"isp_us": five()}, Reason(-1_000, Driver.UNPAID, "isp_us")),
        # Two more at the old price of $3 outweigh the 50 cents by which each of the seven grew dearer.
        ({"isp_us": five(2_450, 7)}, {"isp_us": five()}, Reason(950, Driver.QUANTITY, "isp_us")),
        # Dearer and fewer: the price rise is what made the sum grow.
        ({"isp_us": five(2_000, 4)}, {"isp_us": five()}, Reason(500, Driver.PRICE, "isp_us")),
        ({"isp_us": five()}, {"isp_us": five()}, None),
        ({"isp_us": five()}, {}, None),
        ({"isp_us": five()}, {"isp_us": Sums(void=300, quantity=1)}, None),
    ],
)
def test_n22_a_change_is_named_by_what_moved_it_most(
    now: dict[str, Sums], before: dict[str, Sums], expected: Reason | None
) -> None:
    assert reason(now, before) == expected


@given(PERIODS, PERIODS)
def test_n22_the_parts_of_a_change_add_up_to_it_to_the_cent(now: dict[str, Sums], before: dict[str, Sums]) -> None:
    moved = sum(
        amount
        for code in {*now, *before}
        for _, _, amount in _moves(code, now.get(code, Sums()), before.get(code, Sums()))
    )
    difference = sum(one.spent for one in now.values()) - sum(one.spent for one in before.values())
    assert moved == difference
    if found := reason(now, before):
        assert found.amount == difference
        assert found.by in {*now, *before}

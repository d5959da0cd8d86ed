"""Why a sum differs from the period before: what moved it most, in the direction it went.

The difference is split without a rest. A product ordered in both periods gives a part by quantity, at the old price of
one, and a part by price, at the new quantity; one ordered in a single period counts whole; renewals, and what was never
paid, stand apart. So the parts add up to the difference to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from fractions import Fraction

from msgspec import Struct

from bot.domain.ledger import Sums
from bot.domain.money import Cents


class Driver(StrEnum):
    """What moves a sum."""

    QUANTITY = "quantity"
    """More or less of the same was ordered."""
    PRICE = "price"
    """The same costs more or less."""
    PRODUCT = "product"
    """Something was ordered that was not before, or is no longer."""
    RENEWALS = "renewals"
    UNPAID = "unpaid"
    """More or less of what was ordered was cancelled unpaid."""


class Reason(Struct, frozen=True):
    """`amount` is the whole difference: negative where less was spent. `by` is the product that counts most in it."""

    amount: Cents
    driver: Driver
    by: str


Moved = tuple[Driver, str, Fraction]


def reason(now: Mapping[str, Sums], before: Mapping[str, Sums]) -> Reason | None:
    """From the sums by product of both periods. None where nothing was spent before, or as much."""
    amount = sum(sums.spent for sums in now.values()) - sum(sums.spent for sums in before.values())
    if not amount or not any(sums.spent for sums in before.values()):
        return None
    moves = [
        move
        for code in sorted({*now, *before})
        for move in _moves(code, now.get(code, Sums()), before.get(code, Sums()))
    ]
    way = 1 if amount > 0 else -1
    together = {driver: way * sum(moved for one, _, moved in moves if one is driver) for driver in Driver}
    driver = max(together, key=lambda one: together[one])
    _, by, _ = max((move for move in moves if move[0] is driver), key=lambda move: way * move[2])
    return Reason(amount, driver, by)


def _moves(code: str, now: Sums, before: Sums) -> Iterator[Moved]:
    """How one product moved the sum; these add up to the difference of what was spent on it."""
    yield Driver.RENEWALS, code, Fraction(now.renewed - before.renewed)
    yield Driver.UNPAID, code, Fraction(before.void - now.void)
    if not (now.quantity and before.quantity):
        yield Driver.PRODUCT, code, Fraction(now.ordered - before.ordered)
        return
    by_quantity = Fraction(before.ordered, before.quantity) * (now.quantity - before.quantity)
    yield Driver.QUANTITY, code, by_quantity
    yield Driver.PRICE, code, now.ordered - before.ordered - by_quantity

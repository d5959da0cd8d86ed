"""A channel's budget: a cap for a month, what counts towards it, and whether one more request fits.

What is spent counts net of what came back, renewals included; a top-up is money moved and does not count. What is
approved in a month belongs to the budget of that month for good: its reservation, and the charge that it becomes, even
when that is booked after the month's end. So nothing is counted in two months, and a purchase that was put off over
the turn of a month takes no room from the next one.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from bot.domain.money import Cents

_RULE = "over_budget:"


class Budget(Struct, frozen=True):
    """How a channel's month stands, in cents. `month` is `2026-11`; `reserved` is what other requests hold back.

    `needed` is what one request would add: 0 where it is not about one. Without `shows_sums` it is for somebody who is
    not shown what the channel spent.
    """

    month: str
    cap: Cents
    spent: Cents
    reserved: Cents
    needed: Cents = 0
    shows_sums: bool = True

    @property
    def left(self) -> Cents:
        """What nobody has spent or reserved; negative when there is more of that than the cap."""
        return self.cap - self.spent - self.reserved

    @property
    def left_after(self) -> Cents:
        return self.left - self.needed

    @property
    def fits(self) -> bool:
        return self.needed == 0 or self.left_after >= 0


class Standing(Struct, frozen=True):
    """A budget as it was read: on a card, which stays, it is true of that moment."""

    budget: Budget
    at: datetime


def beyond(role: str) -> str:
    """The rule of an approval that counts beyond the cap, given by a holder of this role."""
    return f"{_RULE}{role}"


def is_beyond(rule: str) -> bool:
    return rule.startswith(_RULE)

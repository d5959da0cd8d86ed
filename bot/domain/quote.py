"""The provider's priced answer to a selection, and the question "does what was approved still hold?"."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from bot.domain.catalog import Cycle, Filter, Selection
from bot.domain.money import Cents, share_of


class LineItem(Struct, frozen=True):
    name: str
    type: str
    quantity: int
    per_unit: Cents
    total: Cents
    is_recurring: bool
    filter: Filter


class Renewal(Struct, frozen=True):
    """Of a service whose renewal is decided on: how often it renews, and when next."""

    cycle: Cycle | None
    at: datetime | None


class Payment(StrEnum):
    """How the total is settled. Credit is always consumed first (Byteful docs)."""

    CREDIT = "credit"
    CREDIT_AND_INVOICE = "credit and invoice"
    INVOICE = "invoice"


class Quote(Struct, frozen=True):
    """All sums in cents, kept as given. `due` is what remains to pay after credit; `quoted_at` is UTC."""

    line_items: tuple[LineItem, ...]
    before_discount: Cents
    discount: Cents
    total: Cents
    credit_balance: Cents
    credit_applied: Cents
    due: Cents
    promo_code: str | None
    quoted_at: datetime
    renews: Renewal | None = None
    """None for a purchase, and where this was not kept yet."""

    @property
    def payment(self) -> Payment:
        if self.due == 0:
            return Payment.CREDIT
        return Payment.CREDIT_AND_INVOICE if self.credit_applied else Payment.INVOICE

    @property
    def credit_after(self) -> Cents:
        return self.credit_balance - self.credit_applied

    @property
    def renewal(self) -> Cents:
        """What the next cycle costs when no promo code applies again; 0 when nothing recurs."""
        return sum(item.total for item in self.line_items if item.is_recurring)

    def due_of(self, total: Cents, *, is_paid: bool) -> Cents | None:
        """What the invoice of an order over `total` asks for, or asked. The order itself does not say (Byteful docs).

        None when this quote does not tell either: the price became another, or the credit that was to pay all did not.
        """
        return self.due if total == self.total and (self.due > 0 or is_paid) else None

    def next_charge(self, price: Cents) -> Cents | None:
        """What a service bought at this quote and showing `price` now renews at. None: the price is another by now."""
        return self.renewal or None if price == self.total else None

    def sums_agree(self) -> bool:
        """The parts add up. A quote that does not is never bought from (and shown as "sums differ")."""
        return (
            sum(item.total for item in self.line_items) == self.before_discount
            and self.before_discount - self.discount == self.total
            and self.total - self.credit_applied == self.due
            and min(self.total, self.due, self.discount, self.credit_applied) >= 0
        )


def digest(selection: Selection, quote: Quote) -> str:
    """Six characters over everything that is approved: the ask, the sums, and how it is paid."""
    parts = (selection.fingerprint(), quote.before_discount, quote.discount, quote.total, quote.payment)
    return hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()[:6]


class ChangeKind(StrEnum):
    PRICE_UP = "price up"
    PRICE_DOWN = "price down"
    PAYMENT = "payment"
    DUE = "due"
    PROMO = "promo code"
    FILTER = "filter"
    REFUSED = "refused"
    APPROVER = "approver"
    BILLED = "billed"
    """What was bought cost `after`; `before` was approved."""
    APPROVALS = "approvals"
    """`before` were given, and the policy wants `after` by now."""
    BUDGET = "budget"
    """It had room for `before` and has none for `after`."""


class Change(Struct, frozen=True):
    """One difference between what was approved and what is true now. An int is cents, a str is ready to read."""

    kind: ChangeKind
    before: Cents | str
    after: Cents | str
    is_blocking: bool


class Tolerance(Struct, frozen=True):
    """How much dearer a fresh quote may be and still count as approved: the larger of the two."""

    percent: Decimal = Decimal(0)
    cents: Cents = 0

    def allows(self, approved: Cents, fresh: Cents) -> bool:
        return fresh - approved <= max(share_of(approved, self.percent), self.cents)


def changes(approved: Quote, fresh: Quote, tolerance: Tolerance) -> tuple[Change, ...]:
    """Everything that differs in what a person agreed to. Nothing is bought while one of these is blocking."""
    found: list[Change] = []
    if fresh.total > approved.total:
        is_blocking = not tolerance.allows(approved.total, fresh.total)
        found.append(_price(ChangeKind.PRICE_UP, approved, fresh, is_blocking=is_blocking))
    elif fresh.total < approved.total:
        found.append(_price(ChangeKind.PRICE_DOWN, approved, fresh, is_blocking=False))
    if fresh.promo_code != approved.promo_code:
        found.append(Change(ChangeKind.PROMO, approved.promo_code or "none", fresh.promo_code or "none", True))
    if fresh.payment != approved.payment:
        only_cheaper = fresh.total < approved.total and fresh.due <= approved.due
        found.append(
            Change(ChangeKind.PAYMENT, approved.payment.value, fresh.payment.value, is_blocking=not only_cheaper)
        )
    elif fresh.total == approved.total and fresh.due != approved.due:
        found.append(Change(ChangeKind.DUE, approved.due, fresh.due, is_blocking=False))
    if _filters(approved) != _filters(fresh):
        found.append(Change(ChangeKind.FILTER, "as chosen", "not as chosen", True))
    return tuple(found)


def is_blocked(found: tuple[Change, ...]) -> bool:
    return any(change.is_blocking for change in found)


def _price(kind: ChangeKind, approved: Quote, fresh: Quote, *, is_blocking: bool) -> Change:
    return Change(kind, approved.total, fresh.total, is_blocking)


def _filters(quote: Quote) -> tuple[Filter, ...]:
    return tuple(item.filter for item in quote.line_items)

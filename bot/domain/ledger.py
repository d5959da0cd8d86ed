"""The ledger: what was spent, in entries that are only ever added, and the sums made of them.

An entry counts on the calendar day of its channel, fixed when the request was made. What becomes of a charge later
(paid, void) counts on the day of that charge, so that a day's charges always split into paid, open and void. A top-up
is money moved, not money spent, and stands apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum
from operator import add, attrgetter
from typing import NewType, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import fields, replace

from bot.domain import finding
from bot.domain.catalog import CREDIT
from bot.domain.ids import ChannelId, ProductCode, RequestId, ServiceId, UserId
from bot.domain.money import Cents
from bot.domain.request import Entry as Line
from bot.domain.request import Happened, Order, PurchaseRequest

Key = TypeVar("Key")
EntryId = NewType("EntryId", str)
"""The same id is booked once: `1042:charge`, or what the watch makes of the provider's own number."""


class Kind(StrEnum):
    CHARGE = "charge"
    """A service was ordered, for its total after discount."""
    RENEWAL = "renewal"
    """The next cycle of a service was charged."""
    PAID = "paid"
    """A charge, renewal or top-up that was open is paid now."""
    VOID = "void"
    """An open charge or renewal will never be paid: the provider took its invoice back."""
    REFUND = "refund"
    """Money that came back."""
    CREDIT_NOTE = "credit note"
    """Money that came back as account credit."""
    TOP_UP = "top-up"
    """Account credit was bought; until it is paid the credit is not there."""


COMES_BACK = frozenset({Kind.VOID, Kind.REFUND, Kind.CREDIT_NOTE})


class Entry(Struct, frozen=True):
    """One line. `amount` is what it speaks of: negative where money comes back or is never spent.

    `is_paid` tells of a charge, renewal or top-up whether it was paid when it was made. A service bought outside the
    bot has no request, and no channel until it is adopted into one.
    """

    id: EntryId
    at: datetime
    day: date
    kind: Kind
    amount: Cents
    is_paid: bool
    request: RequestId | None
    service: ServiceId | None
    requester: UserId | None
    approvers: tuple[UserId, ...]
    channel: ChannelId | None
    product: ProductCode
    product_type: str
    quantity: int
    note: str = ""
    budget: str = ""
    """The month whose budget it counts in, `2026-11`, when it is not that of its day. Known when it is booked."""

    @property
    def counts(self) -> Cents:
        """What it adds to what is spent of a budget; a top-up is none of that."""
        return 0 if self.product == CREDIT.code else Sums(**adds(self)).net

    @property
    def paid_by(self) -> str:
        """Only credit pays a service as it is ordered; what is paid later had an invoice. Empty for all others."""
        if self.kind is Kind.CHARGE and self.is_paid:
            return "credit"
        return "invoice" if self.kind is Kind.PAID else ""


class Sums(Struct, frozen=True):
    """All in cents but the last three. `renewed` is the part of paid, open and void that renewals are.

    `void`, `refunded` and `credited` are positive: what was never paid, what came back, what came back as credit.
    """

    paid: Cents = 0
    open: Cents = 0
    void: Cents = 0
    refunded: Cents = 0
    credited: Cents = 0
    renewed: Cents = 0
    top_up: Cents = 0
    top_up_open: Cents = 0
    count: int = 0
    """Services ordered."""
    renewals: int = 0
    quantity: int = 0
    """Proxies or gigabytes ordered, renewals not counted again."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(*map(add, _amounts(self), _amounts(other)))

    @property
    def spent(self) -> Cents:
        """Charged and not taken back: paid or still to pay."""
        return self.paid + self.open

    @property
    def ordered(self) -> Cents:
        """What was charged for the units that `quantity` counts: renewals charge for the same ones again."""
        return self.paid + self.open + self.void - self.renewed

    @property
    def net(self) -> Cents:
        """What remains spent after everything that came back."""
        return self.spent - self.refunded - self.credited


MEASURES: tuple[str, ...] = tuple(one.name for one in fields(Sums))
_amounts = attrgetter(*MEASURES)


class Row(Struct, frozen=True):
    """What one person spent on one product in one channel on one day. None: bought outside the bot, not adopted."""

    day: date
    channel: ChannelId | None
    requester: UserId | None
    product: ProductCode
    sums: Sums


class Totals(Struct, frozen=True):
    """The rows of a period, oldest first."""

    first: date
    last: date
    rows: tuple[Row, ...]

    @property
    def sums(self) -> Sums:
        return total(self.rows)

    def by(self, key: Callable[[Row], Key]) -> dict[Key, Sums]:
        """The sums of the rows that share a key, those that spent most first."""
        groups: dict[Key, Sums] = {}
        for row in self.rows:
            name = key(row)
            groups[name] = groups.get(name, Sums()) + row.sums
        return dict(sorted(groups.items(), key=lambda pair: -pair[1].spent))


def total(rows: Iterable[Row]) -> Sums:
    return sum((row.sums for row in rows), Sums())


def sums_of(entries: Iterable[Entry]) -> Sums:
    """The sums that these entries make: what the totals of the store must equal to the cent."""
    return sum((Sums(**adds(entry)) for entry in entries), Sums())


def adds(entry: Entry) -> dict[str, int]:
    """Measure → how much this entry changes it."""
    amount, is_top_up = abs(entry.amount), entry.product == CREDIT.code
    match entry.kind:
        case Kind.CHARGE:
            return {_paid(entry): amount, "count": 1, "quantity": entry.quantity}
        case Kind.RENEWAL:
            return {_paid(entry): amount, "renewed": amount, "renewals": 1}
        case Kind.TOP_UP:
            return {"top_up" if entry.is_paid else "top_up_open": amount}
        case Kind.PAID if is_top_up:
            return {"top_up": amount, "top_up_open": -amount}
        case Kind.PAID:
            return {"paid": amount, "open": -amount}
        case Kind.VOID if is_top_up:
            return {"top_up_open": -amount}
        case Kind.VOID:
            return {"void": amount, "open": -amount}
        case Kind.REFUND:
            return {"refunded": amount}
        case Kind.CREDIT_NOTE:
            return {"credited": amount}


def _paid(entry: Entry) -> str:
    return "paid" if entry.is_paid else "open"


def day_of(moment: datetime, time_zone: str) -> date:
    """The calendar day there: the one place where a moment becomes a day."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


# Entries of a request


def entries_of(request: PurchaseRequest) -> tuple[Entry, ...]:
    """Everything a request itself has put into the ledger so far. The same record always gives the same entries.

    Each step writes them all: what is known is not written again, and what a step missed is made good by the next.
    """
    if request.order is None or request.selection.is_about_renewal or (ordered := _ordered(request)) is None:
        return ()
    first = charge(request, request.order, ordered)
    return (first, *_became_of(request, first))


def charge(request: PurchaseRequest, order: Order, ordered: Line) -> Entry:
    """The entry of an order, or of a top-up; `ordered` is the line of history that tells of it."""
    kind = Kind.TOP_UP if request.selection.is_top_up else Kind.CHARGE
    day, month = day_of(ordered.at, request.time_zone), budget_month(request)
    return Entry(
        id=EntryId(f"{request.id}:charge"),
        at=ordered.at,
        day=day,
        kind=kind,
        amount=order.total,
        is_paid=_shows(ordered, finding.Kind.PAID),
        request=request.id,
        service=order.service_id,
        requester=request.requester,
        approvers=tuple(approval.by for approval in request.approvals),
        channel=request.channel,
        product=request.product.code,
        product_type=request.product.type,
        quantity=request.selection.quantity,
        budget=month if month != f"{day:%Y-%m}" else "",
    )


def paid(charged: Entry, at: datetime) -> Entry:
    """An open charge, renewal or top-up is paid. It counts on the day of what it pays."""
    return replace(charged, id=_later(charged, Kind.PAID), at=at, kind=Kind.PAID, is_paid=True)


def void(charged: Entry, at: datetime) -> Entry:
    """An open charge, renewal or top-up will never be paid."""
    return replace(charged, id=_later(charged, Kind.VOID), at=at, kind=Kind.VOID, amount=-charged.amount)


def given_back(charged: Entry, kind: Kind, amount: Cents, *, reference: str, on: date, at: datetime) -> Entry:
    """A refund or credit note for what was charged, under the provider's own reference. It counts on its own day."""
    name = EntryId(f"back:{charged.service}:{reference}")
    back = replace(charged, id=name, at=at, day=on, kind=kind, amount=-amount, is_paid=True, quantity=0, note=reference)
    return replace(back, budget="")


def budget_month(request: PurchaseRequest) -> str:
    """The month, `2026-11`, whose budget an approved request belongs to: that of its newest approval."""
    approved = request.last(Happened.APPROVED, Happened.RESUMED) or request.history[-1]
    return f"{day_of(approved.at, request.time_zone):%Y-%m}"


def own_ids(request: RequestId) -> tuple[EntryId, ...]:
    """The ids of all that `entries_of` and a top-up that is paid can bring."""
    return tuple(EntryId(f"{request}:{kind}") for kind in (Kind.CHARGE, Kind.PAID, Kind.VOID))


def _later(charged: Entry, kind: Kind) -> EntryId:
    """`1042:charge` → `1042:paid`."""
    return EntryId(f"{charged.id.removesuffix(':charge')}:{kind}")


def _became_of(request: PurchaseRequest, charged: Entry) -> Iterator[Entry]:
    """Paid once is paid for ever; an order that ended unpaid is void. A service that is gone proves neither."""
    if charged.is_paid:
        return
    for line in request.history:
        if _shows(line, finding.Kind.PAID):
            yield paid(charged, line.at)
            return
        if _shows(line, finding.Kind.ENDED) or _shows(line, finding.Kind.VOID):
            yield void(charged, line.at)
            return


def _shows(line: Line, kind: finding.Kind) -> bool:
    return any(one.kind is kind for one in line.findings)


def _ordered(request: PurchaseRequest) -> Line | None:
    return request.last(Happened.ORDERED, Happened.FOUND)

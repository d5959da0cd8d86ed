"""Who may open an invoice: anybody who holds its link can, so the policy may keep the link out of channels."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.delivery import news
from bot.domain.finding import Kind
from bot.domain.ids import UserId
from bot.domain.request import Entry, Happened, Order, PurchaseRequest

KEPT_BACK = ""
"""In place of a link that exists and is not for these eyes. None is one that is not known."""
_HELD_BY = "held by "
"""In place of a link that only those have who pay: their ids follow. Never stored, like the one above."""
_GONE = frozenset({Kind.ENDED, Kind.GONE, Kind.CLOSED, Kind.VOID})
"""There is nothing to pay any more, or nobody knows what the link leads to."""


class Audience(StrEnum):
    """Who is shown invoice links: everybody in the channel, who asked and who decides, or who pays."""

    CHANNEL = "channel"
    INVOLVED = "involved"
    PAYER = "payer"


class Readers(Struct, frozen=True):
    """`deciders` hold the role that approves, `payers` the one that pays; only the audience named counts."""

    audience: Audience
    deciders: Collection[UserId] = ()
    payers: Collection[UserId] = ()

    def include(self, user: UserId, request: PurchaseRequest) -> bool:
        match self.audience:
            case Audience.CHANNEL:
                return True
            case Audience.INVOLVED:
                return user == request.requester or user in self.deciders
            case Audience.PAYER:
                return user in self.payers


def for_channel(request: PurchaseRequest, readers: Readers) -> PurchaseRequest:
    """The request as everybody in its channel may see it."""
    return request if readers.audience is Audience.CHANNEL else _without_link(request, readers)


def for_person(request: PurchaseRequest, readers: Readers, user: UserId) -> PurchaseRequest:
    """The request as this person may see it."""
    return request if readers.include(user, request) else _without_link(request, readers)


def held_by(order: Order) -> tuple[UserId, ...] | None:
    """Who has the link that is kept back here; None where it is not only with those who pay."""
    if order.invoice_url is None or not order.invoice_url.startswith(_HELD_BY):
        return None
    return tuple(UserId(user) for user in order.invoice_url.removeprefix(_HELD_BY).split())


def is_gone(request: PurchaseRequest) -> bool:
    """Whether the invoice of an order is not open any more, although nobody saw it paid."""
    return any(finding.kind in _GONE for finding in request.findings)


def asks_to_pay(request: PurchaseRequest, entry: Entry) -> bool:
    """Whether this line of history told that there is something to pay, and there still is."""
    if request.order is None or request.order.is_paid or is_gone(request):
        return False
    return entry.happened in (Happened.ORDERED, Happened.FOUND) or is_reminder(request, entry)


def is_reminder(request: PurchaseRequest, entry: Entry) -> bool:
    """Whether it reminds of an invoice that is still open."""
    told = {finding.kind for finding in news(request, entry)}
    return Kind.UNPAID in told and any(finding.kind is Kind.UNPAID for finding in request.findings)


def _without_link(request: PurchaseRequest, readers: Readers) -> PurchaseRequest:
    if request.order is None or not request.order.invoice_url:
        return request
    held = _HELD_BY + " ".join(sorted(readers.payers)) if readers.audience is Audience.PAYER else KEPT_BACK
    return replace(request, order=replace(request.order, invoice_url=held))

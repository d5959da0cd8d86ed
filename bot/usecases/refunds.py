"""Writing down what the provider gave back. Its API tells of no refund (Byteful docs), so a person does."""

from __future__ import annotations

from datetime import date, datetime

from bot.domain.audit import Audit
from bot.domain.errors import InputError
from bot.domain.ids import ServiceId, WorkspaceId
from bot.domain.ledger import Entry, EntryId, Kind, given_back, sums_of
from bot.domain.money import Cents
from bot.ports import Ledger, Store

CHARGED = (Kind.CHARGE, Kind.RENEWAL)


async def give_back(
    store: Store,
    ledger: Ledger,
    workspace: WorkspaceId,
    service: ServiceId,
    amount: Cents,
    *,
    kind: Kind,
    reference: str,
    on: date,
    at: datetime,
) -> bool:
    """Book a refund or credit note of a service, once for each of the provider's references; False when it was there.

    Raises InputError for a service without charges here, for more than is left of them, and for a reference that is
    none.
    """
    if not reference.strip() or not reference.isprintable():
        raise InputError({"reference": f"{reference!r} is no reference. Write it on one line. Nothing was booked."})
    booked = await ledger.entries_of_service(workspace, service)
    entry = given_back(_newest_charge(booked, service), kind, amount, reference=reference, on=on, at=at)
    if any(one.id == entry.id for one in booked):
        return False
    if amount > (left := sums_of(booked).net):
        told = f"That is more than the {left} cents left of what {service} cost. Nothing was booked."
        raise InputError({"amount": told})
    is_new = bool(await ledger.book(workspace, [entry]))
    await store.audit(workspace, Audit(at, "_".join(kind.split()), entry.request, detail=_detail(entry.id, amount)))
    return is_new


def _newest_charge(booked: list[Entry], service: ServiceId) -> Entry:
    charges = [one for one in booked if one.kind in CHARGED]
    if not charges:
        raise InputError({"service": f"Nothing was charged for a service {service} here. Nothing was booked."})
    return charges[-1]


def _detail(entry: EntryId, amount: Cents) -> str:
    return f"{entry} {amount} cents"

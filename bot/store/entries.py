"""Ledger entries as they are stored, and as the moves that write them take them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from bot.domain.errors import RecordError
from bot.domain.ids import RequestId, UserId
from bot.domain.ledger import Entry, EntryId, Kind, adds, own_ids
from bot.store.keys import moment, ms

FORMAT = 1
"""Of a stored entry: raised when its shape changes."""


def lines_of(entries: Sequence[Entry]) -> bytes:
    """Entries as the moves take them (`scripts/parts/book_entries.lua`)."""
    return msgspec.json.encode(
        [
            {
                "id": entry.id,
                "body": dump_entry(entry).decode(),
                "at": ms(entry.at),
                "month": f"{entry.day:%Y-%m}",
                "budget": entry.budget or f"{entry.day:%Y-%m}",
                "counts": entry.counts,
                "channel": entry.channel or "",
                "row": f"{entry.day:%d}|{entry.requester or ''}|{entry.product}|",
                "adds": adds(entry),
                "service": "" if _is_own(entry) else entry.service or "",
            }
            for entry in entries
        ]
    )


def dump_entry(entry: Entry) -> bytes:
    """Without names, because there is one for each purchase for ever."""
    return msgspec.json.encode(
        [
            FORMAT,
            ms(entry.at),
            entry.day,
            entry.kind,
            entry.amount,
            entry.is_paid,
            entry.request,
            entry.service,
            entry.requester,
            " ".join(entry.approvers),
            entry.channel,
            entry.product,
            entry.product_type,
            entry.quantity,
            entry.note,
        ]
    )


def load_entry(entry_id: str, raw: bytes) -> Entry:
    """Raises RecordError for what is no entry, or one of a newer version."""
    try:
        found, at, day, kind, amount, is_paid, request, service, requester, approvers, *rest = msgspec.json.decode(raw)
        channel, product, product_type, quantity, note = rest
        if found != FORMAT:
            raise RecordError(f"Ledger entry {entry_id} has format {found}; this version reads up to {FORMAT}.")
        return Entry(
            id=EntryId(entry_id),
            at=moment(at),
            day=date.fromisoformat(day),
            kind=Kind(kind),
            amount=amount,
            is_paid=is_paid,
            request=RequestId(request) if request else None,
            service=service,
            requester=requester,
            approvers=tuple(UserId(user) for user in approvers.split()),
            channel=channel,
            product=product,
            product_type=product_type,
            quantity=quantity,
            note=note,
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"Ledger entry {entry_id} cannot be read.") from error


def _is_own(entry: Entry) -> bool:
    """Found by the number of its request, so that it needs no place in the list of its service."""
    return entry.request is not None and entry.id in own_ids(entry.request)

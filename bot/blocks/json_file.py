"""The same tables as JSON files, for programs: money in whole cents, texts as they are, the totals beside the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import asdict

from bot.blocks.csv_file import Table
from bot.domain.account import UsageDay, bytes_in
from bot.domain.company import EVERYBODY, Company
from bot.domain.ledger import Entry, Sums, adds, sums_of
from bot.domain.used import Services


def spend(name: str, entries: Iterable[Entry], company: Company = EVERYBODY) -> Table:
    """`totals` are those of the summary, in cents but for `count`, `renewals` and `quantity`."""
    lines = list(entries)
    sums = sums_of(lines)
    totals = {"spent": sums.spent, "net": sums.net, **asdict(sums)}
    return _table(name, totals, (_entry(line, company) for line in lines))


def usage(name: str, rows: Iterable[UsageDay], services: Services, company: Company = EVERYBODY) -> Table:
    days = list(rows)
    totals = {"bytes": bytes_in(days), "requests": sum(day.requests for day in days)}
    return _table(name, totals, (_usage(day, services, company) for day in days))


def _table(name: str, totals: Mapping[str, int], rows: Iterable[Mapping[str, Any]]) -> Table:
    """One row a line, so that the file can be read in parts and compared."""
    lines = [msgspec.json.encode(row) for row in rows]
    head = msgspec.json.encode({"row_count": len(lines), "totals": totals}).removesuffix(b"}")
    content = b'%s,"rows":[\n%s\n]}\n' % (head, b",\n".join(lines))
    return Table(name, content, len(lines))


def _entry(entry: Entry, company: Company) -> dict[str, Any]:
    adds_up = Sums(**adds(entry))
    return {
        "day": entry.day,
        "time_utc": f"{entry.at:%Y-%m-%dT%H:%M:%SZ}",
        "kind": entry.kind,
        "amount_cents": entry.counts,
        "is_paid": entry.is_paid,
        "request": entry.request,
        "service": entry.service,
        "product": entry.product,
        "product_type": entry.product_type,
        "quantity": entry.quantity,
        "requester": entry.requester,
        "approvers": entry.approvers,
        "channel": entry.channel,
        "note": entry.note,
        "entry": entry.id,
        "team": company.team_of(entry.requester) or None,
        "project": company.project_of(entry.channel) or None,
        "paid_by": entry.paid_by,
        "paid_cents": adds_up.paid,
        "top_up_cents": adds_up.top_up,
        "top_up_open_cents": adds_up.top_up_open,
    }


def _usage(row: UsageDay, services: Services, company: Company) -> dict[str, Any]:
    known = services.get(row.service) if row.service else None
    return {
        "day_utc": row.day,
        "network": row.network,
        "service": row.service,
        "service_name": known.service.name if known else None,
        "proxy_user": row.proxy_user,
        "bytes": row.bytes,
        "requests": row.requests,
        "channel": known.channel if known else None,
        "owner": known.owner if known else None,
        "team": (company.team_of(known.owner) or None) if known else None,
        "project": (company.project_of(known.channel) or None) if known else None,
    }

"""Tables as CSV files, for people who open them in a spreadsheet.

A cell that a spreadsheet would take for a formula is made into text; numbers are written by us and stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bot.blocks import text
from bot.domain.account import UsageDay
from bot.domain.company import EVERYBODY, Company
from bot.domain.ledger import Entry, Sums, adds
from bot.domain.money import CENTS_PER_DOLLAR
from bot.domain.used import Services

BOM = "\ufeff"
"""Without it some spreadsheets do not read UTF-8."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

SPEND_HEAD = (
    "day",
    "time_utc",
    "kind",
    "amount_usd",
    "paid",
    "request",
    "service",
    "product",
    "product_type",
    "quantity",
    "requester",
    "approvers",
    "channel",
    "note",
    "entry",
    "team",
    "project",
    "paid_by",
    "paid_usd",
    "top_up_usd",
    "top_up_open_usd",
)
USAGE_HEAD = (
    "day_utc",
    "network",
    "service",
    "service_name",
    "proxy_user",
    "bytes",
    "requests",
    "channel",
    "owner",
    "team",
    "project",
)


class Table(NamedTuple):
    """A file and what is in it."""

    name: str
    content: bytes
    rows: int


def spend(name: str, entries: Iterable[Entry], company: Company = EVERYBODY) -> Table:
    """One line an entry. `amount_usd` adds up to what remains spent, each of the others to the sum of its name."""
    return _table(name, SPEND_HEAD, [_entry(entry, company) for entry in entries])


def usage(name: str, rows: Iterable[UsageDay], services: Services, company: Company = EVERYBODY) -> Table:
    return _table(name, USAGE_HEAD, [_usage(row, services, company) for row in rows])


def cell(raw: object) -> str:
    """Text as text, whatever it begins with; numbers as they are."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    shown = text.one_line("" if raw is None else str(raw))
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) or str(raw).startswith(_FORMULA) else shown


def dollars(cents: int) -> str:
    """`-12.50`: as a spreadsheet reads a number."""
    whole, rest = divmod(abs(cents), CENTS_PER_DOLLAR)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


def _table(name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(rows)
    return Table(name, (BOM + file.getvalue()).encode(), len(rows))


def _entry(entry: Entry, company: Company) -> list[str]:
    adds_up = Sums(**adds(entry))
    return [
        entry.day.isoformat(),
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        cell(entry.kind),
        dollars(entry.counts),
        "yes" if entry.is_paid else "no",
        cell(entry.request),
        cell(entry.service),
        cell(entry.product),
        cell(entry.product_type),
        cell(entry.quantity),
        cell(entry.requester),
        cell(" ".join(entry.approvers)),
        cell(entry.channel),
        cell(entry.note),
        cell(entry.id),
        cell(company.team_of(entry.requester)),
        cell(company.project_of(entry.channel)),
        cell(entry.paid_by),
        dollars(adds_up.paid),
        dollars(adds_up.top_up),
        dollars(adds_up.top_up_open),
    ]


def _usage(row: UsageDay, services: Services, company: Company) -> list[str]:
    known = services.get(row.service) if row.service else None
    return [
        row.day.isoformat(),
        cell(row.network),
        cell(row.service),
        cell(known.service.name if known else ""),
        cell(row.proxy_user),
        cell(row.bytes),
        cell(row.requests),
        cell(known.channel if known else ""),
        cell(known.owner if known else ""),
        cell(company.team_of(known.owner) if known else ""),
        cell(company.project_of(known.channel) if known else ""),
    ]

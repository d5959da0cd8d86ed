"""Byteful's records of traffic as days: ledgers for data that is bought by the GB, log summaries for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec.structs import replace

from bot.domain.account import UsageDay
from bot.domain.ids import ServiceId
from bot.domain.usage import Network
from bot.providers.byteful import shapes

LOGGED = ("datacenter", "isp")
"""Networks whose traffic is in log summaries only; that of the others is in their ledgers too, and counted there."""


def of_ledger(network: Network, rows: Iterable[shapes.LedgerRow]) -> list[UsageDay]:
    """The sign of usage is not documented, so its size is taken (Byteful docs)."""
    return [
        UsageDay(
            day, network, ServiceId(row.service_id) if row.service_id else None, None, abs(row.bytes), row.requests or 0
        )
        for row in rows
        if row.reason == "usage" and (day := _day(row)) is not None
    ]


def of_logs(rows: Iterable[shapes.LogSummaryRow], only: Mapping[str, ServiceId]) -> list[UsageDay]:
    """Host names are left out: where people go is nobody's business here."""
    return [
        UsageDay(
            row.log_summary_period.date(),
            row.log_summary_network or "",
            only.get(row.proxy_user_id or ""),
            row.proxy_user_id,
            row.log_summary_bytes,
            row.log_summary_requests,
        )
        for row in rows
        if row.log_summary_period is not None and row.log_summary_network in LOGGED
    ]


def only_services(users: Iterable[shapes.ProxyUserRow]) -> dict[str, ServiceId]:
    """Proxy users who may use one service and nothing else: what they use is used of that one."""
    return {
        user.proxy_user_id: ServiceId(user.restricted_service_ids[0])
        for user in users
        if len(user.restricted_service_ids) == 1
        and (user.proxy_user_access_type == "service_restricted" or user.proxy_user_is_service_restricted)
    }


def summed(rows: Iterable[UsageDay]) -> Sequence[UsageDay]:
    """One row for each day, network, service and proxy user."""
    found: dict[tuple[date, str, str | None, str | None], UsageDay] = {}
    for row in rows:
        key = (row.day, row.network, row.service, row.proxy_user)
        before = found.get(key)
        both = replace(row, bytes=row.bytes + before.bytes, requests=row.requests + before.requests) if before else row
        found[key] = both
    return tuple(found.values())


def _day(row: shapes.LedgerRow) -> date | None:
    at = row.period_date or row.creation_datetime
    return at.date() if at else None

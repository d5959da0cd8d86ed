"""The part of the store that keeps what the provider's account showed.

Under `account:`: each service's row (`services`), whose it is (`owners`), lists of those that run, by when they end or
renew (`live`, `outside`, `channel:…`, `person:…`), and what the watches remember (`watch`). Days are kept for ever in
one hash a month (`usage:…`) or a year (`balance:…`, `pools:…`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec
import structlog
from redis.commands.core import AsyncScript

from bot.domain.account import BalanceReading, KnownService, PoolDay, PoolReading, ServicePage, UsageDay
from bot.domain.audit import Audit
from bot.domain.errors import RecordError
from bot.domain.ids import ChannelId, ServiceId, UserId, WorkspaceId
from bot.domain.money import Cents
from bot.store.audit_lines import dump_audit
from bot.store.keys import as_bytes, moment, ms, prefix
from bot.store.line import SharedClient

BATCH = 100
"""Rows written in one move."""
NEVER_MS = 9_000_000_000_000
"""Place in a list of a service without an end."""
MOST_LIVE = 5_000

T = TypeVar("T")
_log = structlog.get_logger()


class Accounts:
    """The account half of `bot.store.redis.RedisStore`, which brings the client, the scripts and the error guard."""

    _redis: SharedClient
    _scripts: dict[str, AsyncScript]
    _guarded: Callable[[], AbstractAsyncContextManager[None]]

    # Services

    async def keep_services(self, workspace: WorkspaceId, services: Sequence[KnownService]) -> None:
        for start in range(0, len(services), BATCH):
            arguments: list[Any] = [prefix(workspace)]
            for known in services[start : start + BATCH]:
                arguments += [known.id, _dumped(known), _place(known), _owner(known)]
            async with self._guarded():
                await self._scripts["keep_services"](keys=[_key(workspace, "services")], args=arguments)

    async def known_rows(
        self, workspace: WorkspaceId, services: Sequence[ServiceId]
    ) -> Mapping[ServiceId, KnownService]:
        if not services:
            return {}
        hashes = (_key(workspace, "services"), _key(workspace, "owners"))
        async with self._guarded():
            rows, owners = await self._redis.ask_together(*(("HMGET", key, *services) for key in hashes))
        return dict(_readable(zip(services, rows, owners, strict=True)))

    async def live_services(self, workspace: WorkspaceId) -> list[KnownService]:
        return list((await self._page(workspace, "live", 0, MOST_LIVE)).services)

    async def services(
        self,
        workspace: WorkspaceId,
        *,
        channel: ChannelId | None = None,
        owner: UserId | None = None,
        is_outside: bool = False,
        offset: int = 0,
        limit: int = 10,
    ) -> ServicePage:
        listed = "outside" if is_outside else "live"
        if owner is not None:
            listed = f"person:{owner}"
        if channel is not None:
            listed = f"channel:{channel}"
        return await self._page(workspace, listed, offset, limit)

    async def service(self, workspace: WorkspaceId, service: ServiceId) -> KnownService | None:
        hashes = (_key(workspace, "services"), _key(workspace, "owners"))
        async with self._guarded():
            row, owner = await self._redis.ask_together(*(("HGET", key, service) for key in hashes))
        return _loaded(row, owner) if row is not None else None

    async def adopt(
        self, workspace: WorkspaceId, service: ServiceId, channel: ChannelId, by: UserId, line: Audit
    ) -> bool:
        owner = msgspec.json.encode({"channel": channel, "owner": by, "adopted_at": line.at})
        async with self._guarded():
            adopted = await self._scripts["adopt_service"](
                keys=[_key(workspace, "owners")],
                args=[prefix(workspace), service, owner, channel, by, dump_audit(line)],
            )
        return bool(adopted)

    async def _page(self, workspace: WorkspaceId, listed: str, offset: int, limit: int) -> ServicePage:
        listing = _key(workspace, listed)
        asked = (("ZRANGE", listing, offset, offset + limit - 1), ("ZCARD", listing))
        async with self._guarded():
            found, total = await self._redis.ask_together(*asked)
        ids = [ServiceId(as_bytes(one).decode()) for one in found]
        rows = await self.known_rows(workspace, ids)
        return ServicePage(tuple(rows[one] for one in ids if one in rows), offset, int(total))

    # Usage

    async def keep_usage(self, workspace: WorkspaceId, rows: Sequence[UsageDay]) -> None:
        if not rows:
            return
        users = {(row.day, row.network, row.proxy_user or ""): row for row in rows if row.proxy_user}
        known = await self.usage(workspace, min(row.day for row in rows), max(row.day for row in rows))
        async with self._guarded(), self._redis.pipeline(transaction=True) as pipeline:
            for row in known:
                newer = users.get((row.day, row.network, row.proxy_user or ""))
                if newer is not None and newer.service != row.service:
                    pipeline.hdel(_month(workspace, row.day), _usage_field(row))
            for row in rows:
                pipeline.hset(_month(workspace, row.day), _usage_field(row), f"{row.bytes} {row.requests}")
            await pipeline.execute()

    async def usage(
        self,
        workspace: WorkspaceId,
        first: date,
        last: date,
        *,
        service: ServiceId | None = None,
        network: str | None = None,
    ) -> list[UsageDay]:
        found = await self._hashes(_month(workspace, month) for month in _months(first, last))
        rows = [_usage_day(field, value) for field, value in found]
        wanted = [
            row
            for row in rows
            if first <= row.day <= last and service in (None, row.service) and network in (None, row.network)
        ]
        return sorted(wanted, key=lambda row: (row.day, row.network, row.service or "", row.proxy_user or ""))

    # Credit and data

    async def keep_balance(self, workspace: WorkspaceId, reading: BalanceReading) -> None:
        async with self._guarded(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(_key(workspace, "now"), "balance", msgspec.json.encode(reading))
            if reading.balance is not None and reading.read_at is not None and not reading.failures:
                day = reading.read_at.astimezone(UTC).date()
                pipeline.hset(_year(workspace, "balance", day), day.isoformat(), reading.balance)
            await pipeline.execute()

    async def balance(self, workspace: WorkspaceId) -> BalanceReading:
        raw = await self._field(workspace, "now", "balance")
        return _read(BalanceReading, raw, "balance") if raw else BalanceReading(None, None)

    async def balance_days(self, workspace: WorkspaceId, first: date, last: date) -> dict[date, Cents]:
        found = await self._hashes(_year(workspace, "balance", year) for year in _years(first, last))
        days = {date.fromisoformat(field.decode()): int(value) for field, value in found}
        return {day: days[day] for day in sorted(days) if first <= day <= last}

    async def keep_pools(self, workspace: WorkspaceId, reading: PoolReading) -> None:
        day = reading.read_at.astimezone(UTC).date()
        async with self._guarded(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(_key(workspace, "now"), "pools", msgspec.json.encode(reading))
            for pool in reading.pools:
                numbers = f"{pool.total_bytes} {pool.used_bytes} {pool.left_bytes}"
                pipeline.hset(_year(workspace, "pools", day), f"{day.isoformat()} {pool.network}", numbers)
            await pipeline.execute()

    async def pools(self, workspace: WorkspaceId) -> PoolReading | None:
        raw = await self._field(workspace, "now", "pools")
        return _read(PoolReading, raw, "data pools") if raw else None

    async def pool_days(self, workspace: WorkspaceId, first: date, last: date) -> list[PoolDay]:
        found = await self._hashes(_year(workspace, "pools", year) for year in _years(first, last))
        days = [_pool_day(field.decode(), value.decode()) for field, value in found]
        return sorted((one for one in days if first <= one.day <= last), key=lambda one: (one.day, one.network))

    # When it was read, and what the watches remember

    async def services_read_at(self, workspace: WorkspaceId) -> datetime | None:
        return await self._moment(workspace, "services_read_at")

    async def note_services_read(self, workspace: WorkspaceId, at: datetime) -> None:
        await self._note(workspace, "services_read_at", at)

    async def usage_read_at(self, workspace: WorkspaceId) -> datetime | None:
        return await self._moment(workspace, "usage_read_at")

    async def note_usage_read(self, workspace: WorkspaceId, at: datetime) -> None:
        await self._note(workspace, "usage_read_at", at)

    async def watch(self, workspace: WorkspaceId, name: str) -> str | None:
        raw = await self._field(workspace, "watch", name)
        return raw.decode() if raw is not None else None

    async def keep_watch(self, workspace: WorkspaceId, name: str, before: str | None, after: str) -> bool:
        async with self._guarded():
            kept = await self._scripts["keep_watch"](
                keys=[_key(workspace, "watch")], args=[name, "" if before is None else before, after]
            )
        return bool(kept)

    async def _moment(self, workspace: WorkspaceId, name: str) -> datetime | None:
        raw = await self._field(workspace, "now", name)
        return moment(float(raw)) if raw else None

    async def _note(self, workspace: WorkspaceId, name: str, at: datetime) -> None:
        async with self._guarded():
            await self._redis.hset(_key(workspace, "now"), name, str(ms(at)))

    async def _field(self, workspace: WorkspaceId, name: str, field: str) -> bytes | None:
        async with self._guarded():
            raw = await self._redis.hget(_key(workspace, name), field)
        return as_bytes(raw) if raw is not None else None

    async def _hashes(self, names: Iterator[str]) -> list[tuple[bytes, bytes]]:
        async with self._guarded(), self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hgetall(name)
            found = await pipeline.execute()
        return [pair for one in found for pair in one.items()]


def _dumped(known: KnownService) -> bytes:
    return msgspec.json.encode(
        {
            "service": known.service,
            "first_seen": known.first_seen,
            "last_seen": known.last_seen,
            "told": known.told,
            "is_gone": known.is_gone,
            "times_told": known.times_told,
            "adjusted": known.adjusted,
            "is_offered": known.is_offered,
            "renewal": known.renewal,
        }
    )


def _owner(known: KnownService) -> bytes:
    """Written over whoever adopted it: the request that bought it says more."""
    if known.request is None:
        return b""
    return msgspec.json.encode({"request": known.request, "channel": known.channel, "owner": known.owner})


def _readable(
    found: Iterable[tuple[ServiceId, bytes | None, bytes | None]],
) -> Iterator[tuple[ServiceId, KnownService]]:
    """One row that cannot be read must not hide the others; the next pass over the account writes it anew."""
    for service, row, owner in found:
        try:
            if row is not None:
                yield service, _loaded(row, owner)
        except RecordError as error:
            _log.error("record_not_understood", service=service, error=str(error))


def _loaded(row: bytes, owner: bytes | None) -> KnownService:
    try:
        return msgspec.convert(msgspec.json.decode(row) | (msgspec.json.decode(owner) if owner else {}), KnownService)
    except (TypeError, ValueError) as error:
        raise RecordError("The record of a service cannot be read.") from error


def _place(known: KnownService) -> int | str:
    """Where it stands in the lists; nowhere once it has ended."""
    if known.has_ended:
        return ""
    return ms(known.service.expires_at) if known.service.expires_at else NEVER_MS


def _read(kind: type[T], raw: bytes, what: str) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except ValueError as error:
        raise RecordError(f"The record of the {what} cannot be read.") from error


def _usage_field(row: UsageDay) -> bytes:
    return msgspec.json.encode([row.day, row.network, row.service, row.proxy_user])


def _usage_day(field: bytes, value: bytes) -> UsageDay:
    day, network, service, proxy_user = msgspec.json.decode(field)
    size, requests = value.split()
    return UsageDay(date.fromisoformat(day), network, service, proxy_user, int(size), int(requests))


def _pool_day(field: str, value: str) -> PoolDay:
    day, network = field.split(" ", 1)
    total, used, left = map(int, value.split())
    return PoolDay(date.fromisoformat(day), network, total, used, left)


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _years(first: date, last: date) -> Iterator[date]:
    return (date(year, 1, 1) for year in range(first.year, last.year + 1))


def _key(workspace: WorkspaceId, name: str) -> str:
    return f"{prefix(workspace)}account:{name}"


def _month(workspace: WorkspaceId, day: date) -> str:
    return f"{prefix(workspace)}usage:{day:%Y-%m}"


def _year(workspace: WorkspaceId, name: str, day: date) -> str:
    return f"{prefix(workspace)}{name}:{day:%Y}"

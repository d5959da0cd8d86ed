"""The ledger in the store: entries by id and month, and totals kept as they happen.

A month of a channel is one hash, its fields `day|person|product|measure`. So a summary reads the months it covers, and
neither the history nor the number of requests makes it slower.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import redis.asyncio as redis_asyncio

from bot.domain.ids import ChannelId, ProductCode, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.ledger import MEASURES, Entry, Row, Sums, Totals, own_ids
from bot.store.entries import lines_of, load_entry
from bot.store.keys import as_bytes, prefix
from bot.store.redis import store_errors
from bot.store.scripting import load_scripts

ALL = b"all"
"""Every request from before the ledger is in it."""
PAGE = 500
"""Entries read in one go."""
_BETWEEN_EARLIER = re.compile(" (?=(?:back|renewal):)")
"""Where an id ends that was written when a space stood between them, although a reference may hold one as well."""


class StoredLedger:
    """Implements `bot.ports.Ledger` in the store's own server."""

    def __init__(self, client: redis_asyncio.Redis) -> None:
        self._redis = client
        self._book = load_scripts(client)["book"]

    async def book(self, workspace: WorkspaceId, entries: Sequence[Entry]) -> int:
        if not entries:
            return 0
        begin = prefix(workspace)
        async with store_errors():
            return int(await self._book(keys=[f"{begin}entry"], args=[begin, lines_of(entries)]))

    async def spend(
        self,
        workspace: WorkspaceId,
        first: date,
        last: date,
        *,
        channel: ChannelId | None = None,
        requester: UserId | None = None,
        product: ProductCode | None = None,
    ) -> Totals:
        begin, months = prefix(workspace), list(_months(first, last))
        places = await self._places(begin, months, channel)
        async with store_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for month, place in places:
                pipeline.hgetall(f"{begin}spend:{place}:{month}")
            found = await pipeline.execute() if places else []
        rows = [
            row for (month, place), fields in zip(places, found, strict=True) for row in _rows(month, place, fields)
        ]
        wanted = [
            row
            for row in rows
            if first <= row.day <= last and requester in (None, row.requester) and product in (None, row.product)
        ]
        return Totals(first, last, tuple(sorted(wanted, key=lambda row: row.day)))

    async def entries(
        self,
        workspace: WorkspaceId,
        first: date,
        last: date,
        *,
        channel: ChannelId | None = None,
        requester: UserId | None = None,
        product: ProductCode | None = None,
    ) -> AsyncIterator[Entry]:
        for month in _months(first, last):
            async for entry in self._month(workspace, month):
                is_asked_for = (
                    first <= entry.day <= last
                    and channel in (None, entry.channel)
                    and requester in (None, entry.requester)
                    and product in (None, entry.product)
                )
                if is_asked_for:
                    yield entry

    async def entries_of_service(self, workspace: WorkspaceId, service: ServiceId) -> list[Entry]:
        begin = prefix(workspace)
        async with store_errors(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hget(f"{begin}service", service)
            pipeline.hget(f"{begin}booked", service)
            number, booked = await pipeline.execute()
        own = own_ids(RequestId(int(number))) if number else ()
        later = _ids(as_bytes(booked).decode()) if booked else []
        return sorted(await self._read(begin, [*own, *later]), key=lambda entry: entry.at)

    async def booked_through(self, workspace: WorkspaceId) -> RequestId | None:
        async with store_errors():
            found = await self._redis.get(f"{prefix(workspace)}booked_through")
        return RequestId(int(found or 0)) if found != ALL else None

    async def mark_through(self, workspace: WorkspaceId, number: RequestId | None) -> None:
        async with store_errors():
            await self._redis.set(f"{prefix(workspace)}booked_through", ALL if number is None else number)

    async def _places(self, begin: str, months: list[str], channel: ChannelId | None) -> list[tuple[str, str]]:
        """The months with the channels that spent in them."""
        if channel is not None:
            return [(month, channel) for month in months]
        async with store_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for month in months:
                pipeline.smembers(f"{begin}spent:{month}")
            found = await pipeline.execute()
        return [(month, as_bytes(one).decode()) for month, some in zip(months, found, strict=True) for one in some]

    async def _month(self, workspace: WorkspaceId, month: str) -> AsyncIterator[Entry]:
        begin, start = prefix(workspace), 0
        while True:
            async with store_errors():
                page: list[Any] = await self._redis.zrange(f"{begin}entries:{month}", start, start + PAGE - 1)
            for entry in await self._read(begin, page):
                yield entry
            if len(page) < PAGE:
                return
            start += PAGE

    async def _read(self, begin: str, ids: Sequence[bytes | str]) -> list[Entry]:
        """Those of these that were booked."""
        if not ids:
            return []
        async with store_errors():
            bodies: list[Any] = await self._redis.hmget(f"{begin}entry", list(ids))
        return [load_entry(as_bytes(one).decode(), body) for one, body in zip(ids, bodies, strict=True) if body]


def _ids(booked: str) -> list[str]:
    """One on each line. The first line is what earlier versions wrote, and empty where they wrote nothing."""
    earlier, *later = booked.split("\n")
    return [*_BETWEEN_EARLIER.split(earlier), *later]


def _months(first: date, last: date) -> Iterator[str]:
    """`2026-07` for every month that holds one of the days."""
    month = first.replace(day=1)
    while month <= last:
        yield f"{month:%Y-%m}"
        month = (month + timedelta(days=31)).replace(day=1)


def _rows(month: str, place: str, fields: dict[Any, Any]) -> Iterator[Row]:
    grouped: dict[str, dict[str, int]] = {}
    for field, value in fields.items():
        row, _, measure = as_bytes(field).decode().rpartition("|")
        if measure in MEASURES:
            grouped.setdefault(row, {})[measure] = int(value)
    for row, measures in grouped.items():
        day, requester, product = row.split("|", 2)
        yield Row(
            day=date.fromisoformat(f"{month}-{day}"),
            channel=ChannelId(place) if place else None,
            requester=UserId(requester) if requester else None,
            product=ProductCode(product),
            sums=Sums(**measures),
        )

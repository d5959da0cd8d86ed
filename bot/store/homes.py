"""The part of the store for App Homes: who has theirs open, and what could be told to a person nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

import msgspec

from bot.domain.home import Untold
from bot.domain.ids import UserId, WorkspaceId
from bot.store.keys import as_bytes, moment, ms, prefix
from bot.store.line import SharedClient

HOME_MEMORY_MS = 24 * 3600 * 1000
MOST_HOMES = 50
"""Open Homes that are drawn again for a change; the others are when they are opened."""
UNTOLD_MEMORY_S = 24 * 3600
MOST_UNTOLD = 5
"""Answers of a day that one person missed; older ones give way."""


class Homes:
    """The part of `bot.store.redis.RedisStore` for Homes, which brings the client and the error guard."""

    _redis: SharedClient
    _guarded: Callable[[], AbstractAsyncContextManager[None]]

    async def note_home(self, workspace: WorkspaceId, user: UserId, now: datetime) -> None:
        homes = f"{prefix(workspace)}homes"
        async with self._guarded(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zadd(homes, {user: ms(now)})
            pipeline.zremrangebyscore(homes, "-inf", ms(now) - HOME_MEMORY_MS)
            await pipeline.execute()

    async def open_homes(self, workspace: WorkspaceId, since: datetime) -> frozenset[UserId]:
        async with self._guarded():
            found: list[Any] = await self._redis.zrevrangebyscore(
                f"{prefix(workspace)}homes", "+inf", ms(since), start=0, num=MOST_HOMES
            )
        return frozenset(UserId(as_bytes(one).decode()) for one in found)

    async def keep_untold(self, workspace: WorkspaceId, user: UserId, said: Untold) -> None:
        key = _untold(workspace, user)
        async with self._guarded(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.lpush(key, msgspec.json.encode([ms(said.at), said.text]))
            pipeline.ltrim(key, 0, MOST_UNTOLD - 1)
            pipeline.expire(key, UNTOLD_MEMORY_S)
            await pipeline.execute()

    async def untold(self, workspace: WorkspaceId, user: UserId) -> tuple[Untold, ...]:
        async with self._guarded():
            found: list[Any] = await self._redis.lrange(_untold(workspace, user), 0, -1)
        return tuple(Untold(moment(at), text) for at, text in map(msgspec.json.decode, found))


def _untold(workspace: WorkspaceId, user: UserId) -> str:
    return f"{prefix(workspace)}untold:{user}"

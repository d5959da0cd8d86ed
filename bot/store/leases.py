"""The part of the store for rights that one process has at a time, and for the line of those who wait for one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import redis.asyncio as redis_asyncio
from redis.commands.core import AsyncScript

from bot.domain.ids import RequestId, WorkspaceId
from bot.store.keys import prefix


class Leases:
    """The part of `bot.store.redis.RedisStore` for leases, which brings the client, the scripts and the error guard."""

    _redis: redis_asyncio.Redis
    _scripts: dict[str, AsyncScript]
    _guarded: Callable[[], AbstractAsyncContextManager[None]]

    async def hold(self, workspace: WorkspaceId, name: str, token: str, seconds: float) -> bool:
        async with self._guarded():
            held = await self._scripts["hold"](keys=[_lease_key(workspace, name)], args=[token, int(seconds * 1000)])
        return bool(held)

    async def release(self, workspace: WorkspaceId, name: str, token: str) -> None:
        async with self._guarded():
            await self._scripts["release"](keys=[_lease_key(workspace, name)], args=[token])

    async def queue_up(self, workspace: WorkspaceId, name: str, token: str, seconds: float, who: RequestId) -> bool:
        keys = [_lease_key(workspace, name), _line_key(workspace, name)]
        async with self._guarded():
            return bool(await self._scripts["queue_up"](keys=keys, args=[token, int(seconds * 1000), who]))

    async def pass_on(
        self, workspace: WorkspaceId, name: str, token: str, seconds: float, done: RequestId
    ) -> RequestId | None:
        keys = [_lease_key(workspace, name), _line_key(workspace, name)]
        async with self._guarded():
            following = await self._scripts["pass_on"](keys=keys, args=[token, int(seconds * 1000), done])
        return RequestId(int(following)) if following else None

    async def unserved(self, workspace: WorkspaceId, name: str) -> RequestId | None:
        async with self._guarded(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.exists(_lease_key(workspace, name))
            pipeline.lindex(_line_key(workspace, name), 0)
            is_held, first = await pipeline.execute()
        return RequestId(int(first)) if first and not is_held else None


def _lease_key(workspace: WorkspaceId, name: str) -> str:
    return f"{prefix(workspace)}lease:{name}"


def _line_key(workspace: WorkspaceId, name: str) -> str:
    return f"{prefix(workspace)}line:{name}"

"""The part of the store for rights that one process has at a time, and for the line of those who wait for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from redis.commands.core import AsyncScript

from bot.domain.ids import RequestId, WorkspaceId
from bot.store.health import Replicas
from bot.store.keys import prefix
from bot.store.line import SharedClient


class Leases:
    """The part of `bot.store.redis.RedisStore` for leases, which brings the client, the scripts and the error guard."""

    _redis: SharedClient
    _scripts: dict[str, AsyncScript]
    _replicas: Replicas
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
        taking = self._scripts["queue_up"](keys=keys, args=[token, int(seconds * 1000), who])
        async with self._guarded():
            is_ours, _ = await asyncio.gather(taking, self._replicas.ask_ahead())
        return bool(is_ours)

    async def pass_on(
        self, workspace: WorkspaceId, name: str, token: str, seconds: float, done: RequestId
    ) -> RequestId | None:
        keys = [_lease_key(workspace, name), _line_key(workspace, name)]
        passing = self._scripts["pass_on"](keys=keys, args=[token, int(seconds * 1000), done])
        async with self._guarded():
            following, _ = await asyncio.gather(passing, self._replicas.ask_ahead())
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

"""What an operator asks of the store from a shell, beside a running bot or without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import orjson
import redis.asyncio as redis_asyncio

from bot.domain.ids import WorkspaceId
from bot.settings import Settings
from bot.store.embedded import private_valkey
from bot.store.redis import RedisStore, connect
from bot.store.trail import StoredTrail
from bot.usecases.export import exported

Write = Callable[[bytes], object]


async def export_audit(
    settings: Settings, write: Write, workspace: str | None, since: datetime | None, until: datetime | None
) -> int:
    """Write the audit trail as JSON lines, of one workspace or of all; how many lines that were."""
    written = 0
    async with _client(settings) as client:
        workspaces = [WorkspaceId(workspace)] if workspace else await RedisStore(client).workspaces()
        async for line in exported(StoredTrail(client), workspaces, since, until):
            write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            written += 1
    return written


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[redis_asyncio.Redis]:
    """The store alone. A private server is shared with the bot that runs on it, and started when none does."""
    if settings.redis_url is not None:
        client = connect(settings.redis_url)
        try:
            yield client
        finally:
            await client.aclose()
        return
    async with private_valkey(settings.proxydesk_data / "store") as url:
        client = connect(url)
        try:
            yield client
        finally:
            await client.aclose()

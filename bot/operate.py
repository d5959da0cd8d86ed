"""What an operator asks of the store from a shell, beside a running bot or without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime

import msgspec

from bot.domain.errors import InputError
from bot.domain.ids import RequestId, ServiceId, WorkspaceId
from bot.domain.ledger import Kind
from bot.domain.money import Cents
from bot.settings import Settings
from bot.store.embedded import private_valkey
from bot.store.ledger import StoredLedger
from bot.store.line import SharedClient
from bot.store.redis import RedisStore, connect
from bot.store.trail import StoredTrail
from bot.usecases.desk import utcnow
from bot.usecases.export import exported
from bot.usecases.refunds import give_back
from bot.usecases.write_off import never_paid

Write = Callable[[bytes], object]


async def export_audit(
    settings: Settings, write: Write, workspace: str | None, since: datetime | None, until: datetime | None
) -> int:
    """Write the audit trail as JSON lines, of one workspace or of all; how many lines that were."""
    written = 0
    async with _client(settings) as client:
        workspaces = [WorkspaceId(workspace)] if workspace else await RedisStore(client).workspaces()
        async for line in exported(StoredTrail(client), workspaces, since, until):
            write(msgspec.json.encode(line) + b"\n")
            written += 1
    return written


async def book_refund(
    settings: Settings,
    service: str,
    amount: Cents,
    *,
    kind: Kind,
    reference: str,
    on: date,
    workspace: str | None = None,
) -> bool:
    """Write down what came back for a service; False when this reference was booked before. Raises InputError."""
    async with _client(settings) as client:
        store = RedisStore(client)
        where = WorkspaceId(workspace) if workspace else await _only_workspace(store)
        return await give_back(
            store,
            StoredLedger(client),
            where,
            ServiceId(service),
            amount,
            kind=kind,
            reference=reference,
            on=on,
            at=utcnow(),
        )


async def book_void(settings: Settings, number: RequestId, *, workspace: str | None = None) -> bool:
    """Write down that an order was never paid; False when that was done before. Raises InputError."""
    async with _client(settings) as client:
        store = RedisStore(client)
        where = WorkspaceId(workspace) if workspace else await _only_workspace(store)
        return await never_paid(store, where, number, utcnow())


async def _only_workspace(store: RedisStore) -> WorkspaceId:
    known = await store.workspaces()
    if len(known) != 1:
        raise InputError({"workspace": f"Say which workspace with --workspace: {', '.join(known) or 'none is known'}."})
    return known[0]


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[SharedClient]:
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

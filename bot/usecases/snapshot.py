"""One pass over the provider's account: what it shows is kept, and what that calls for is said.

The parts do not depend on each other: one that cannot be read leaves what was known of it, with its age. Nobody waits
for a pass, so it reads in the slow lane, one request after the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bot.domain.account import PoolReading
from bot.domain.errors import ChatError, ProviderError, RecordError
from bot.domain.ids import WorkspaceId
from bot.usecases import pausing, services, watch
from bot.usecases.desk import Desk, utcnow

USAGE_EVERY = timedelta(minutes=50)
"""The provider counts by the day."""
USAGE_OVERLAP = timedelta(days=2)
"""Days whose numbers may still change."""
FIRST_USAGE = timedelta(days=90)
"""How far back the first reading goes."""

_log = structlog.get_logger()


async def snapshot(desk: Desk, workspace: WorkspaceId) -> None:
    """Services first: how long credit lasts is told from them."""
    for part in (services.look, read_pools, read_usage, _credit, watch.data):
        await _guarded(desk, workspace, part)


async def _credit(desk: Desk, workspace: WorkspaceId) -> None:
    await watch.credit(desk, workspace, await watch.read_balance(desk, workspace))


async def read_pools(desk: Desk, workspace: WorkspaceId) -> None:
    now = utcnow()
    await desk.store.keep_pools(workspace, PoolReading(tuple(await desk.provider.data_pools()), now))


async def read_usage(desk: Desk, workspace: WorkspaceId) -> None:
    """From the last days that were not yet final on."""
    now = utcnow()
    read_at = await desk.store.usage_read_at(workspace)
    if read_at is not None and timedelta(0) <= now - read_at < USAGE_EVERY:
        return
    first = (read_at - USAGE_OVERLAP if read_at else now - FIRST_USAGE).date()
    await desk.store.keep_usage(workspace, await desk.provider.usage_since(first))
    await desk.store.note_usage_read(workspace, now)


async def _guarded(desk: Desk, workspace: WorkspaceId, part: Callable[[Desk, WorkspaceId], Awaitable[None]]) -> None:
    try:
        await part(desk, workspace)
    except ProviderError as error:
        _log.warning("account_not_read", part=part.__name__, error=str(error), provider_request=error.request_id)
        await pausing.note(desk, workspace, error)
    except (ChatError, RecordError) as error:
        _log.error("account_not_judged", part=part.__name__, error=str(error))

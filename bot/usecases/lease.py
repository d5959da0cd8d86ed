"""One purchase at a time in a workspace, first come first served.

While it buys, a worker keeps the workspace's checkout lease. A request that comes up meanwhile stands in line for it,
in the store, and whoever holds the lease serves the line: nobody asks again and again, and nobody is overtaken. Whoever
lost the lease (a paused process that wakes up late) sends nothing any more, and whoever gets it knows that a claim
found in ORDERING has nobody behind it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.domain.errors import StoreUnavailableError
from bot.domain.ids import RequestId, WorkspaceId
from bot.ports import Store
from bot.tasks import ended

LEASE = "checkout"
LEASE_S = 9.0
"""How long a purchase waits for a worker that died while it was buying another one."""
LEASE_RENEWAL_S = 2.5


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to be the one process that buys in a workspace, for as long as it is renewed."""

    store: Store
    workspace: WorkspaceId
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    async def queue_up(self, who: RequestId) -> bool:
        """Take it; while somebody else has it, `who` stands in line, and its holder sees to the rest."""
        return await self.store.queue_up(self.workspace, LEASE, self.token, LEASE_S, who)

    async def pass_on(self, done: RequestId) -> RequestId | None:
        """Who is next in line. None when nobody is, or while the store is away: then the line is found by the sweep."""
        with suppress(StoreUnavailableError):
            return await self.store.pass_on(self.workspace, LEASE, self.token, LEASE_S, done)
        return None

    async def is_ours(self) -> bool:
        """Whether it still is, and for some seconds more."""
        return await self.store.hold(self.workspace, LEASE, self.token, LEASE_S)

    async def give_back(self) -> None:
        with suppress(StoreUnavailableError):
            await self.store.release(self.workspace, LEASE, self.token)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renewed meanwhile, and given back when something goes wrong; else whoever is done passes it on."""
        keeping = asyncio.create_task(self._keep())
        try:
            yield
        except BaseException:
            await self.give_back()
            raise
        finally:
            await ended(keeping)

    async def _keep(self) -> None:
        """A renewal that fails is noticed by whoever asks before sending."""
        while True:
            await asyncio.sleep(LEASE_RENEWAL_S)
            with suppress(StoreUnavailableError):
                await self.is_ours()

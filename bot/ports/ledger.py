"""Where what was spent is written down and summed up. Any call may raise StoreUnavailableError."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Protocol

from bot.domain.ids import ChannelId, ProductCode, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.ledger import Entry, Totals


class Ledger(Protocol):
    """Entries of requests are written with their steps; what is found by watching is booked here.

    Reading costs what the period holds, never the history.
    """

    async def book(self, workspace: WorkspaceId, entries: Sequence[Entry]) -> int:
        """Write entries with all totals they change, each id once for ever; how many were new."""
        ...

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
        """The sums of the days from first to last, both included; of one channel, person or product where given."""
        ...

    def entries(
        self,
        workspace: WorkspaceId,
        first: date,
        last: date,
        *,
        channel: ChannelId | None = None,
        requester: UserId | None = None,
        product: ProductCode | None = None,
    ) -> AsyncIterator[Entry]:
        """The entries that make these sums, month by month in the order of their time, read page by page."""
        ...

    async def entries_of_service(self, workspace: WorkspaceId, service: ServiceId) -> list[Entry]:
        """Everything ever booked on one service, oldest first."""
        ...

    async def booked_through(self, workspace: WorkspaceId) -> RequestId | None:
        """Up to which number requests from before there was a ledger are in it; None when all are."""
        ...

    async def mark_through(self, workspace: WorkspaceId, number: RequestId | None) -> None: ...

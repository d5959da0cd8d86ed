"""Reading the audit trail. Any call may raise StoreUnavailableError."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from bot.domain.audit import Audit
from bot.domain.ids import WorkspaceId
from bot.ports.outbox import MessageRef


class Recorded(Struct, frozen=True):
    """A line as it stands in the trail. `card` is where its request's card is now, None when there is none."""

    id: str
    recorded_at: datetime
    audit: Audit
    card: MessageRef | None


class AuditTrail(Protocol):
    """Everything that was ever recorded, oldest first, a page at a time."""

    def lines(
        self, workspace: WorkspaceId, since: datetime | None = None, until: datetime | None = None
    ) -> AsyncIterator[Recorded]:
        """Those recorded from `since` and before `until`, by the store's clock."""
        ...

"""A machine's own record of what it sent, for when the store is away."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from bot.domain.ids import AttemptId, RequestId, WorkspaceId
from bot.domain.request import Order


class Sent(Struct, frozen=True):
    """A checkout that is about to be sent or was; `order` is what came back, None while nothing clear has.

    `is_unsent`: the proof that it was not sent, and never will be under this attempt.
    """

    workspace: WorkspaceId
    request: RequestId
    attempt: AttemptId
    sent_at: datetime
    order: Order | None
    is_unsent: bool = False


class Journal(Protocol):
    """This machine's own record of checkouts, for when the store is away or forgets what it was told."""

    async def keep(self, sent: Sent) -> None:
        """On disk when this returns. Replaces what was kept of the same attempt."""
        ...

    async def forget(self, attempt: AttemptId) -> None: ...

    async def kept(self) -> list[Sent]: ...

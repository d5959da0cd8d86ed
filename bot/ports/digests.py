"""Which digests a channel wants, and which were posted. Any call may raise StoreUnavailableError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from msgspec import Struct

from bot.domain.audit import Audit
from bot.domain.digest import Rhythm, Schedule
from bot.domain.ids import ChannelId, UserId, WorkspaceId


class SetDigest(Struct, frozen=True):
    """What was set for one rhythm in a channel, over what the policy says. `schedule` None: switched off."""

    channel: ChannelId
    rhythm: Rhythm
    schedule: Schedule | None
    by: UserId
    at: datetime


class DigestMark(Struct, frozen=True):
    """`since`: digests due before it are not wanted. `told`: the last day of the newest one posted."""

    since: datetime
    told: date | None = None


class DigestStore(Protocol):
    """The settings of a workspace are read as a whole: there are at most three for a channel."""

    async def set_digests(self, workspace: WorkspaceId) -> list[SetDigest]: ...

    async def set_digest(
        self, workspace: WorkspaceId, chosen: Sequence[tuple[SetDigest, Audit]], at: datetime, signature: str = ""
    ) -> None:
        """Write each over what was set before, with its line in the audit trail, and begin anew: what is due from `at`
        on is posted. ReplayError when something was written for this signature of Slack's before.
        """
        ...

    async def digest_marks(self, workspace: WorkspaceId) -> Mapping[tuple[ChannelId, Rhythm], DigestMark]: ...

    async def begin_digest(self, workspace: WorkspaceId, channel: ChannelId, rhythm: Rhythm, since: datetime) -> None:
        """Remember when a digest of the policy was first seen; nothing when that is known."""
        ...

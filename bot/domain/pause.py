"""Purchases standing still because the provider refuses our keys: since when, why, and until when.

One value for the whole account. It is kept after its end, until the next one, so that people can still be told of it.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.ids import WorkspaceId


class Pause(Struct, frozen=True):
    """`id` is also the reference in the log. `version` counts every change, over all pauses.

    `reason` is the provider's refusal in words; `workspace` is where it was met, and where admins are told.
    `is_told`: the promise to tell admins how it stands now is in the outbox.
    """

    id: str
    version: int
    workspace: WorkspaceId
    since: datetime
    reason: str
    wants_second_factor: bool
    ended_at: datetime | None = None
    is_told: bool = False

    @property
    def is_on(self) -> bool:
        return self.ended_at is None

    @property
    def words(self) -> str:
        """For the card of a request that waits because of it."""
        if self.wants_second_factor:
            return "Purchases are paused: Byteful asks for a second factor. Admins are being told how to give it."
        return "Purchases are paused: Byteful refuses our keys. Admins are being told what to do."

    def ended(self, now: datetime) -> Pause:
        return replace(self, version=self.version + 1, ended_at=now, is_told=False)

    def told(self) -> Pause:
        return replace(self, version=self.version + 1, is_told=True)

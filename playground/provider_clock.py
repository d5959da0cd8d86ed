"""The world's clock and its agenda.

The clock is real time plus an offset, or frozen. The agenda holds what will happen by itself (an invoice becomes
void, a service renews, a delayed checkout lands); it runs in order of time, and while an entry runs the clock shows
the entry's own time, so that a jump of a month leaves the same records as a month of waiting.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class WorldClock:
    """Aware UTC time that can be set, moved and frozen."""

    def __init__(self, at: datetime | None = None) -> None:
        self._offset = timedelta(0)
        self._frozen: datetime | None = None
        self.on_move: Callable[[timedelta], None] = _nobody
        """Called with the offset from real time whenever a hand moves the clock."""
        if at is not None:
            self.freeze(at)

    def now(self) -> datetime:
        return self._frozen if self._frozen is not None else datetime.now(UTC) + self._offset

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    def set(self, at: datetime) -> None:
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        if self._frozen is not None:
            self._frozen = at
        else:
            self._offset = at - datetime.now(UTC)
        self.on_move(self.offset)

    @property
    def offset(self) -> timedelta:
        return self.now() - datetime.now(UTC)

    def advance(self, by: timedelta) -> None:
        self.set(self.now() + by)

    def freeze(self, at: datetime | None = None) -> None:
        self._frozen = self.now()
        if at is not None:
            self.set(at)

    def run(self) -> None:
        """Lets a frozen clock go on from where it stands."""
        if self._frozen is not None:
            self._offset = self._frozen - datetime.now(UTC)
            self._frozen = None


def _nobody(_offset: timedelta) -> None:
    """Nobody follows this clock."""


class Agenda:
    """What is due to happen, earliest first."""

    def __init__(self) -> None:
        self._entries: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0

    def add(self, due: datetime, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._entries, (due, self._count, action))

    def pop_due(self, now: datetime) -> tuple[datetime, Callable[[], None]] | None:
        """The earliest entry that is due at `now`, taken off the agenda."""
        if not self._entries or self._entries[0][0] > now:
            return None
        due, _, action = heapq.heappop(self._entries)
        return due, action

"""Falling below a level is told once, until it was clearly above it again; while it lasts, a reminder a day at most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

REMIND_AFTER = timedelta(days=1)
MOST_REMINDERS = 7
"""Somebody who has not acted after a week does not mean to."""


class Gauge(Struct, frozen=True):
    """One level: fallen below is a value under `level`, clearly above is one of `rearm` or more."""

    name: str
    value: int
    level: int
    rearm: int

    @property
    def is_low(self) -> bool:
        return self.value < self.level


class Watched(Struct, frozen=True):
    """What a watch remembers: how often a level was crossed, which ones are not armed again yet, and what was said."""

    crossings: int = 0
    crossed: tuple[str, ...] = ()
    told_at: datetime | None = None
    reminders: int = 0


class Said(StrEnum):
    CROSSED = "crossed"
    STILL = "still"
    """A reminder."""
    OVER = "over"
    """All of it is clearly above again."""


def watch(before: Watched, gauges: Sequence[Gauge], now: datetime) -> tuple[Watched, Said | None]:
    """What a reading means, and what has to be said about it, if anything."""
    armed_again = {gauge.name for gauge in gauges if gauge.value >= gauge.rearm}
    known = {gauge.name for gauge in gauges}
    kept = tuple(name for name in before.crossed if name in known - armed_again)
    fresh = tuple(gauge.name for gauge in gauges if gauge.is_low and gauge.name not in kept)
    if fresh:
        return Watched(before.crossings + 1, (*kept, *fresh), now, 0), Said.CROSSED
    if before.crossed and not kept:
        return Watched(before.crossings, (), now, 0), Said.OVER
    if _is_due(before, gauges, kept, now):
        return Watched(before.crossings, kept, now, before.reminders + 1), Said.STILL
    return Watched(before.crossings, kept, before.told_at, before.reminders), None


def _is_due(before: Watched, gauges: Sequence[Gauge], crossed: Sequence[str], now: datetime) -> bool:
    is_low = any(gauge.is_low and gauge.name in crossed for gauge in gauges)
    is_time = before.told_at is None or now - before.told_at >= REMIND_AFTER
    return is_low and is_time and before.reminders < MOST_REMINDERS

"""When a channel's digest is due, and about which days.

The days of a digest are whole ones of the channel's calendar: yesterday, the week from Monday to Sunday, the month.
Each such stretch has exactly one moment at which its digest is due and exactly one key, whatever the clocks do.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from bot.domain.ids import ChannelId
from bot.domain.period import Period, month_end, month_of, week_of

LATE_AFTER = timedelta(minutes=15)
"""From then on the digest itself says that it is late."""
MORNING = time.fromisoformat("09:00")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_DAY = timedelta(days=1)
_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?")


class Rhythm(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class ScheduleError(ValueError):
    """The words set no digest. The text says what to write instead."""


class Schedule(Struct, frozen=True):
    """`day`: 1 Monday to 7 Sunday of a week, 1 to 31 of a month (the last one where it is shorter), 1 for daily."""

    rhythm: Rhythm
    at: time = MORNING
    day: int = 1

    def __str__(self) -> str:
        return f"{self.rhythm}:{self.day}:{self.at:%H:%M}"


class Due(Struct, frozen=True):
    """One digest: about these days, to be posted at `at` (UTC)."""

    channel: ChannelId
    schedule: Schedule
    period: Period
    at: datetime

    @property
    def key(self) -> str:
        return f"digest:{self.channel}:{self.schedule.rhythm}:{label(self.schedule.rhythm, self.period)}"

    def is_late(self, now: datetime) -> bool:
        return now - self.at > LATE_AFTER


def newest_due(channel: ChannelId, schedule: Schedule, zone: ZoneInfo, now: datetime) -> Due:
    """The last digest whose moment has come. Those before it are over: a late one never comes as a series."""
    period = _stretch(schedule.rhythm, now.astimezone(zone).date())
    while True:
        due = Due(channel, schedule, period, due_at(schedule, period, zone))
        if due.at <= now:
            return due
        period = earlier(schedule.rhythm, period)


def next_due(channel: ChannelId, schedule: Schedule, zone: ZoneInfo, now: datetime) -> Due:
    """The digest that comes next."""
    period = later(schedule.rhythm, newest_due(channel, schedule, zone, now).period)
    return Due(channel, schedule, period, due_at(schedule, period, zone))


def missed(due: Due, last_told: date | None) -> int:
    """How many digests between the last one told, about days up to `last_told`, and this one were never posted."""
    count, period = 0, earlier(due.schedule.rhythm, due.period)
    while last_told is not None and period.last > last_told and count < 1_000:
        count, period = count + 1, earlier(due.schedule.rhythm, period)
    return count


def due_at(schedule: Schedule, period: Period, zone: ZoneInfo) -> datetime:
    """The one moment for these days. A time its day lacks comes an hour later, one it has twice at first."""
    after = period.last + _DAY
    match schedule.rhythm:
        case Rhythm.DAILY:
            day = after
        case Rhythm.WEEKLY:
            day = after + (schedule.day - 1) * _DAY
        case Rhythm.MONTHLY:
            day = min(after + (schedule.day - 1) * _DAY, month_end(after))
    return datetime.combine(day, schedule.at, zone).astimezone(UTC)


def label(rhythm: Rhythm, period: Period) -> str:
    """`2026-11-25`, `2026-W48`, `2026-11`."""
    match rhythm:
        case Rhythm.DAILY:
            return period.first.isoformat()
        case Rhythm.WEEKLY:
            year, week, _ = period.first.isocalendar()
            return f"{year}-W{week:02}"
        case Rhythm.MONTHLY:
            return f"{period.first:%Y-%m}"


def earlier(rhythm: Rhythm, period: Period) -> Period:
    return _stretch(rhythm, period.first - _DAY)


def later(rhythm: Rhythm, period: Period) -> Period:
    return _stretch(rhythm, period.last + _DAY)


def _stretch(rhythm: Rhythm, day: date) -> Period:
    match rhythm:
        case Rhythm.DAILY:
            return Period(day, day)
        case Rhythm.WEEKLY:
            return week_of(day)
        case Rhythm.MONTHLY:
            return month_of(day)


def parse_schedule(text: str) -> Schedule | None:
    """`weekly`, `daily 8:30`, `weekly friday 17:00`, `monthly 31 9:00`. None when it names no rhythm.

    Raises ScheduleError for a time or a day that cannot be.
    """
    words = text.lower().replace(",", " ").split()
    if not words or words[0] not in list(Rhythm):
        return None
    rhythm, rest = Rhythm(words[0]), [word for word in words[1:] if word not in ("at", "on", "the")]
    day = 1
    if rest and rhythm is not Rhythm.DAILY and (named := _day(rhythm, rest[0])) is not None:
        day, rest = named, rest[1:]
    at = parse_time(" ".join(rest)) if rest else MORNING
    if at is None:
        raise ScheduleError(f"`{' '.join(rest)[:40]}` is no time of day. Write it as 9:00 or 17:30.")
    return Schedule(rhythm, at, day)


def _day(rhythm: Rhythm, word: str) -> int | None:
    """A weekday by its name or beginning; a day of the month by its number, when it cannot be a time."""
    if rhythm is Rhythm.WEEKLY:
        fits = [number for number, name in enumerate(WEEKDAYS, 1) if len(word) >= 2 and name.startswith(word)]
        return fits[0] if len(fits) == 1 else None
    number = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th|\.)?", word)
    if number is None:
        return None
    if not 1 <= int(number[1]) <= 31:
        raise ScheduleError(f"No month has a day {number[1]}. Write 1 to 31.")
    return int(number[1])


def parse_time(text: str) -> time | None:
    """`9`, `9:30`, `9 am`, `17:00`; None for what is no time of day."""
    found = _TIME.fullmatch(text.strip().lower())
    if found is None:
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    if half in ("am", "pm"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time.min.replace(hour=hour, minute=minute) if hour < 24 and minute < 60 else None

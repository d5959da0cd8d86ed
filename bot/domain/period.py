"""Stretches of calendar days that people name: this month, last week, 30d, 2026-11-01 to 2026-11-15.

A period is whole days of one calendar, the asking channel's. Where its days begin and end as moments is asked with the
zone, so an hour that is missing or comes twice moves no entry into another day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

MOST_DAYS = 3 * 366
"""A longer summary would read months that nobody compares."""
EARLIEST = date(2015, 1, 1)

_DAY = timedelta(days=1)
_RANGE = re.compile(r"(\S+?)\s*(?:\.\.+|…|–|—|\bto\b|\s-\s|\s)\s*(\S+)")
_DAYS_BACK = re.compile(r"(?:last |past )?(\d{1,4}) ?(?:d|day|days)")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


class PeriodError(ValueError):
    """The words name no period that can be summed up. The text says what to write instead."""


class Period(Struct, frozen=True, order=True):
    """Whole days, both ends included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first.isoformat()}..{self.last.isoformat()}"

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def is_whole_months(self) -> bool:
        return self.first.day == 1 and self.last == month_end(self.last)

    def before(self) -> Period:
        """What it is compared with: the months before when it begins with a month, else as many days before it.

        The first 26 days of a month are compared with the first 26 of the one before, or with all of it if shorter.
        """
        months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        if self.first.day != 1:
            return Period(self.first - self.days * _DAY, self.first - _DAY)
        first, ends_in = shifted(self.first, -months), shifted(self.last.replace(day=1), -months)
        whole = month_end(ends_in)
        return Period(first, whole if self.is_whole_months else min(whole, ends_in + (self.last.day - 1) * _DAY))

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The first moment of it and the first moment after it, in UTC."""
        return day_start(self.first, zone), day_start(self.last + _DAY, zone)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day. Where midnight is missing it is the moment the clock jumps; of two, the first."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def today_in(zone: ZoneInfo, now: datetime) -> date:
    return now.astimezone(zone).date()


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def month_of(day: date) -> Period:
    return Period(day.replace(day=1), month_end(day))


def week_of(day: date) -> Period:
    """Monday to Sunday."""
    monday = day - day.weekday() * _DAY
    return Period(monday, monday + 6 * _DAY)


def shifted(first_of_month: date, months: int) -> date:
    at = first_of_month.year * 12 + first_of_month.month - 1 + months
    return date(at // 12, at % 12 + 1, 1)


def this_month(today: date) -> Period:
    """Up to today."""
    return Period(today.replace(day=1), today)


def _last_month(today: date) -> Period:
    return month_of(shifted(today.replace(day=1), -1))


def _this_year(today: date) -> Period:
    return Period(today.replace(month=1, day=1), today)


def _last_year(today: date) -> Period:
    return Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))


NAMED: dict[str, Callable[[date], Period]] = {
    "today": lambda today: Period(today, today),
    "yesterday": lambda today: Period(today - _DAY, today - _DAY),
    "this week": lambda today: Period(week_of(today).first, today),
    "last week": lambda today: week_of(today - 7 * _DAY),
    "this month": this_month,
    "last month": _last_month,
    "this year": _this_year,
    "last year": _last_year,
}
"""A period that is still running ends today."""


def parse_period(text: str, today: date) -> Period | None:
    """The period a person named, None when the words are about something else. Raises PeriodError for one that cannot
    be: 30 February, an end before its beginning, a day to come, more than three years."""
    words = " ".join(text.lower().replace("_", " ").split())
    if not words:
        return this_month(today)
    if named := NAMED.get(words):
        return named(today)
    if back := _DAYS_BACK.fullmatch(words):
        return _checked(_last_days(int(back[1]), today), today)
    if (one := _one(words)) is not None:
        return _checked(one, today)
    ends = _RANGE.fullmatch(words)
    first, last = (_one(ends[1]), _one(ends[2])) if ends else (None, None)
    return _checked(Period(first.first, last.last), today) if first and last else None


def _last_days(count: int, today: date) -> Period:
    if not 1 <= count <= MOST_DAYS:
        raise PeriodError(f"Between 1 and {MOST_DAYS:,} days can be added up.")
    return Period(today - (count - 1) * _DAY, today)


def _one(word: str) -> Period | None:
    """A day or a month by its number."""
    if day := _ISO.fullmatch(word):
        at = _real_day(word, int(day[1]), int(day[2]), int(day[3]))
        return Period(at, at)
    if month := _MONTH.fullmatch(word):
        return month_of(_real_day(word, int(month[1]), int(month[2]), 1))
    return None


def _real_day(word: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise PeriodError(f"{word} is not in the calendar.") from None


def _checked(period: Period, today: date) -> Period:
    if period.last < period.first:
        raise PeriodError(f"{period.last} is before {period.first}. Write the earlier day first.")
    if period.first > today:
        raise PeriodError(f"{period.first} is still to come. Today is {today}.")
    if period.first < EARLIEST:
        raise PeriodError(f"There is nothing to add up before {EARLIEST}.")
    if period.days > MOST_DAYS:
        raise PeriodError("More than three years are too much for one summary. Name a shorter time.")
    return Period(period.first, min(period.last, today))

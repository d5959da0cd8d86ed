"""When digests are due, about which days, and under which key."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.digest import (
    Due,
    Rhythm,
    Schedule,
    ScheduleError,
    due_at,
    earlier,
    later,
    missed,
    newest_due,
    next_due,
    parse_schedule,
)
from bot.domain.ids import ChannelId
from bot.domain.period import Period


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc,arg-type]


HERE = ChannelId("C1")
BERLIN, NEW_YORK, LORD_HOWE, HAVANA = map(
    ZoneInfo, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana")
)
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, HAVANA, ZoneInfo("UTC"), ZoneInfo("Pacific/Apia")])
SCHEDULES = st.builds(
    Schedule,
    st.sampled_from(Rhythm),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.integers(1, 7),
) | st.builds(Schedule, st.just(Rhythm.MONTHLY), st.just(time(2, 30)), st.integers(1, 31))
MOMENTS = st.integers(0, 5 * 365 * 24 * 60).map(lambda minutes: at(2025, 1, 1) + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("words", "schedule"),
    [
        ("daily", Schedule(Rhythm.DAILY)),
        ("daily 8:30", Schedule(Rhythm.DAILY, time(8, 30))),
        ("Daily at 5 pm", Schedule(Rhythm.DAILY, time(17))),
        ("weekly", Schedule(Rhythm.WEEKLY)),
        ("weekly friday", Schedule(Rhythm.WEEKLY, day=5)),
        ("weekly on fri 17:00", Schedule(Rhythm.WEEKLY, time(17), 5)),
        ("weekly 17:00", Schedule(Rhythm.WEEKLY, time(17))),
        ("monthly", Schedule(Rhythm.MONTHLY)),
        ("monthly 31", Schedule(Rhythm.MONTHLY, day=31)),
        ("monthly on the 15th at 7:05", Schedule(Rhythm.MONTHLY, time(7, 5), 15)),
        ("monthly 12:00", Schedule(Rhythm.MONTHLY, time(12))),
        ("off", None),
        ("", None),
        ("hourly", None),
    ],
)
def test_s2_a_digest_is_set_in_words(words: str, schedule: Schedule | None) -> None:
    assert parse_schedule(words) == schedule


@pytest.mark.parametrize("words", ["daily 25:00", "weekly someday", "monthly 32", "monthly 1 9:70", "daily noonish"])
def test_s2_a_digest_that_cannot_be_set_is_explained(words: str) -> None:
    with pytest.raises(ScheduleError, match=r"time of day|No month"):
        parse_schedule(words)


@pytest.mark.parametrize(
    ("schedule", "now", "key", "due"),
    [
        # 02:30 does not exist in Berlin on 29 March 2026: it comes at 03:30 local time
        (Schedule(Rhythm.DAILY, time(2, 30)), at(2026, 3, 29, 12), "daily:2026-03-28", at(2026, 3, 29, 1, 30)),
        # 02:30 exists twice on 25 October 2026: the first one counts
        (Schedule(Rhythm.DAILY, time(2, 30)), at(2026, 10, 25, 0, 30), "daily:2026-10-24", at(2026, 10, 25, 0, 30)),
        (Schedule(Rhythm.DAILY, time(2, 30)), at(2026, 10, 25, 1, 30), "daily:2026-10-24", at(2026, 10, 25, 0, 30)),
        (Schedule(Rhythm.DAILY, time(2, 30)), at(2026, 10, 25, 0, 29), "daily:2026-10-23", at(2026, 10, 24, 0, 30)),
        (Schedule(Rhythm.WEEKLY), at(2026, 11, 23, 8, 0), "weekly:2026-W47", at(2026, 11, 23, 8, 0)),
        (Schedule(Rhythm.WEEKLY), at(2026, 11, 23, 7, 59), "weekly:2026-W46", at(2026, 11, 16, 8, 0)),
        (Schedule(Rhythm.WEEKLY), at(2027, 1, 5), "weekly:2026-W53", at(2027, 1, 4, 8, 0)),
        (Schedule(Rhythm.MONTHLY), at(2028, 3, 1, 8), "monthly:2028-02", at(2028, 3, 1, 8)),
        # on the 31st, which is the 28th or 29th of February and the 30th of April
        (Schedule(Rhythm.MONTHLY, day=31), at(2026, 2, 28, 8), "monthly:2026-01", at(2026, 2, 28, 8)),
        (Schedule(Rhythm.MONTHLY, day=31), at(2028, 2, 29, 8), "monthly:2028-01", at(2028, 2, 29, 8)),
        (Schedule(Rhythm.MONTHLY, day=31), at(2026, 4, 30, 7), "monthly:2026-03", at(2026, 4, 30, 7)),
        (Schedule(Rhythm.MONTHLY, day=31), at(2026, 3, 31, 6, 59), "monthly:2026-01", at(2026, 2, 28, 8)),
    ],
)
def test_t130_a_digest_is_due_once_whatever_the_clock_does(
    schedule: Schedule, now: datetime, key: str, due: datetime
) -> None:
    newest = newest_due(HERE, schedule, BERLIN, now)
    assert (newest.key, newest.at) == (f"digest:C1:{key}", due)


def test_t130_the_days_of_a_digest_have_the_right_borders() -> None:
    weekly = newest_due(HERE, Schedule(Rhythm.WEEKLY), NEW_YORK, at(2026, 11, 2, 14))
    assert weekly.period == Period(date(2026, 10, 26), date(2026, 11, 1))
    first, after = weekly.period.bounds(NEW_YORK)
    assert (first, after) == (at(2026, 10, 26, 4), at(2026, 11, 2, 5))  # an hour longer: the clock went back


@given(SCHEDULES, ZONES, MOMENTS)
def test_t130_every_stretch_has_one_key_and_one_moment(schedule: Schedule, zone: ZoneInfo, now: datetime) -> None:
    """Looking every few hours for months posts every stretch of days once, without a gap."""
    seen: dict[str, Due] = {}
    for hours in range(0, 24 * 70, 7):
        due = newest_due(HERE, schedule, zone, now + timedelta(hours=hours))
        assert seen.setdefault(due.key, due) == due
    told = list(seen.values())
    for one, other in pairwise(told):
        assert other.period.first == one.period.last + timedelta(days=1)
        assert other.at > one.at


@given(SCHEDULES, ZONES, MOMENTS)
def test_s2_newest_and_next_stand_side_by_side(schedule: Schedule, zone: ZoneInfo, now: datetime) -> None:
    newest, after = newest_due(HERE, schedule, zone, now), next_due(HERE, schedule, zone, now)
    assert newest.at <= now < after.at
    assert later(schedule.rhythm, newest.period) == after.period
    assert earlier(schedule.rhythm, after.period) == newest.period
    assert due_at(schedule, newest.period, zone) == newest.at


def test_t132_what_was_missed_is_counted_and_not_posted() -> None:
    now = at(2026, 11, 26, 12)
    due = newest_due(HERE, Schedule(Rhythm.DAILY), BERLIN, now)
    assert due.period.first == date(2026, 11, 25)
    assert due.is_late(now)
    assert not due.is_late(due.at + timedelta(minutes=5))
    assert missed(due, date(2026, 11, 20)) == 4
    assert missed(due, date(2026, 11, 24)) == 0
    assert missed(due, None) == 0

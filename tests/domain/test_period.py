"""Periods as people write them, their borders in a zone, and what they are compared with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.period import Period, PeriodError, day_start, parse_period, today_in

TODAY = date(2026, 11, 26)
BERLIN, NEW_YORK, SANTIAGO, HAVANA = map(
    ZoneInfo, ("Europe/Berlin", "America/New_York", "America/Santiago", "America/Havana")
)


def days(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("", "2026-11-01", "2026-11-26"),
        ("this month", "2026-11-01", "2026-11-26"),
        ("This  MONTH", "2026-11-01", "2026-11-26"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("last_month", "2026-10-01", "2026-10-31"),
        ("today", "2026-11-26", "2026-11-26"),
        ("yesterday", "2026-11-25", "2026-11-25"),
        ("this week", "2026-11-23", "2026-11-26"),
        ("last week", "2026-11-16", "2026-11-22"),
        ("this year", "2026-01-01", "2026-11-26"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("30d", "2026-10-28", "2026-11-26"),
        ("last 7 days", "2026-11-20", "2026-11-26"),
        ("1d", "2026-11-26", "2026-11-26"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2026-11", "2026-11-01", "2026-11-26"),
        ("2026-11-05", "2026-11-05", "2026-11-05"),
        ("2026-11-01..2026-11-15", "2026-11-01", "2026-11-15"),
        ("2026-11-01 to 2026-11-15", "2026-11-01", "2026-11-15"),
        ("2026-11-01 - 2026-11-15", "2026-11-01", "2026-11-15"),
        ("2026-11-01–2026-11-15", "2026-11-01", "2026-11-15"),
        ("2026-11-01 2026-11-15", "2026-11-01", "2026-11-15"),
        ("2026-08 to 2026-10", "2026-08-01", "2026-10-31"),
        ("2026-11-20..2026-12-24", "2026-11-20", "2026-11-26"),
    ],
)
def test_s1_a_period_is_read_as_people_write_it(words: str, first: str, last: str) -> None:
    assert parse_period(words, TODAY) == days(first, last)


@pytest.mark.parametrize("words", ["isp_us", "next month", "month", "#proxies", "API-2041-7730", "30 proxies"])
def test_words_about_something_else_are_no_period(words: str) -> None:
    assert parse_period(words, TODAY) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("2026-02-30", "not in the calendar"),
        ("2026-13", "not in the calendar"),
        ("2026-11-15..2026-11-01", "is before"),
        ("2027-01-01", "still to come"),
        ("0d", "Between 1 and"),
        ("9999d", "Between 1 and"),
        ("2020-01-01..2026-01-01", "three years"),
        ("0001-01-01..0001-01-02", "nothing to add up before"),
    ],
)
def test_s1_a_period_that_cannot_be_is_explained(words: str, said: str) -> None:
    with pytest.raises(PeriodError, match=said):
        parse_period(words, TODAY)


@pytest.mark.parametrize(
    ("today", "words", "first", "last"),
    [
        (date(2028, 3, 1), "last month", "2028-02-01", "2028-02-29"),
        (date(2028, 2, 29), "this month", "2028-02-01", "2028-02-29"),
        (date(2028, 2, 29), "last year", "2027-01-01", "2027-12-31"),
        (date(2026, 3, 31), "last month", "2026-02-01", "2026-02-28"),
        (date(2027, 1, 1), "last week", "2026-12-21", "2026-12-27"),
        (date(2027, 1, 31), "last month", "2026-12-01", "2026-12-31"),
    ],
)
def test_t130_month_ends_and_leap_days_have_the_right_borders(today: date, words: str, first: str, last: str) -> None:
    assert parse_period(words, today) == days(first, last)


@pytest.mark.parametrize(
    ("day", "zone", "first_moment", "hours"),
    [
        (date(2026, 3, 29), BERLIN, datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
        (date(2026, 10, 25), BERLIN, datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        (date(2026, 11, 1), NEW_YORK, datetime(2026, 11, 1, 4, tzinfo=UTC), 25),
        (date(2026, 9, 6), SANTIAGO, datetime(2026, 9, 6, 4, tzinfo=UTC), 23),  # has no midnight
        (date(2026, 11, 1), HAVANA, datetime(2026, 11, 1, 4, tzinfo=UTC), 25),  # has midnight twice
    ],
)
def test_t130_a_day_begins_once_and_is_as_long_as_it_is(
    day: date, zone: ZoneInfo, first_moment: datetime, hours: int
) -> None:
    first, after = Period(day, day).bounds(zone)
    assert first == first_moment
    assert after - first == timedelta(hours=hours)


@given(st.dates(date(2016, 1, 1), date(2035, 1, 1)), st.sampled_from([BERLIN, NEW_YORK, SANTIAGO, HAVANA]))
def test_t130_every_moment_belongs_to_exactly_one_day(day: date, zone: ZoneInfo) -> None:
    start = day_start(day, zone)
    assert today_in(zone, start) == day
    assert today_in(zone, start - timedelta(microseconds=1)) == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (("2026-11-01", "2026-11-26"), ("2026-10-01", "2026-10-26")),
        (("2026-11-01", "2026-11-30"), ("2026-10-01", "2026-10-31")),
        (("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28")),
        (("2026-03-01", "2026-03-30"), ("2026-02-01", "2026-02-28")),
        (("2026-01-01", "2026-12-31"), ("2025-01-01", "2025-12-31")),
        (("2026-01-01", "2026-11-26"), ("2025-02-01", "2025-12-26")),
        (("2026-11-16", "2026-11-22"), ("2026-11-09", "2026-11-15")),
        (("2026-11-26", "2026-11-26"), ("2026-11-25", "2026-11-25")),
    ],
)
def test_n22_a_period_is_compared_with_the_fitting_one_before(period: tuple[str, str], before: tuple[str, str]) -> None:
    assert days(*period).before() == days(*before)


@given(st.dates(date(2016, 1, 1), date(2035, 1, 1)), st.integers(0, 1_000))
def test_the_period_before_ends_before_it(first: date, length: int) -> None:
    period = Period(first, first + timedelta(days=length))
    before = period.before()
    assert before.first <= before.last < period.first


@given(st.dates(date(2016, 1, 1), TODAY), st.integers(0, 900))
def test_a_period_reads_back_as_it_was_written(first: date, length: int) -> None:
    period = Period(first, min(first + timedelta(days=length), TODAY))
    assert parse_period(str(period), TODAY) == period

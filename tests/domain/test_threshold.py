"""Levels: told once for each crossing, armed again only clearly above, and never more than a reminder a day."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.domain.threshold import MOST_REMINDERS, Gauge, Said, Watched, watch
from tests.examples import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def gauges(value: int, *levels: int, margin: int = 10) -> list[Gauge]:
    return [Gauge(str(level), value, level, level + margin) for level in levels]


def told(values: Iterable[int], *levels: int, every: timedelta = HOUR, margin: int = 10) -> list[tuple[int, Said]]:
    """What is said while these values are read one after the other, with the place of each."""
    state, said = Watched(), []
    for place, value in enumerate(values):
        state, word = watch(state, gauges(value, *levels, margin=margin), NOW + place * every)
        if word is not None:
            said.append((place, word))
    return said


CASES: list[tuple[str, Sequence[int], Sequence[int], list[tuple[int, Said]]]] = [
    ("above all the time", [100, 100], [50], []),
    ("exactly at the level is not below it", [50], [50], []),
    ("below at first sight", [49], [50], [(0, Said.CROSSED)]),
    ("crossed once", [60, 49, 48, 47], [50], [(1, Said.CROSSED)]),
    ("flaps around the level", [51, 49, 51, 49, 59, 49], [50], [(1, Said.CROSSED)]),
    ("clearly above again", [49, 60, 49], [50], [(0, Said.CROSSED), (1, Said.OVER), (2, Said.CROSSED)]),
    ("two levels, one after the other", [60, 49, 24], [50, 25], [(1, Said.CROSSED), (2, Said.CROSSED)]),
    ("two levels at once are one alert", [60, 20], [50, 25], [(1, Said.CROSSED)]),
    ("the lower one armed again, the upper not", [20, 40, 20], [50, 25], [(0, Said.CROSSED), (2, Said.CROSSED)]),
]


@pytest.mark.parametrize(("_name", "values", "levels", "expected"), CASES, ids=[case[0] for case in CASES])
def test_l1_t133_what_is_said(
    _name: str, values: Sequence[int], levels: Sequence[int], expected: list[tuple[int, Said]]
) -> None:
    assert told(values, *levels) == expected


def test_t133_at_most_one_reminder_a_day_and_not_for_ever() -> None:
    said = told([49] * 24 * 30, 50)
    assert [word for _, word in said] == [Said.CROSSED, *[Said.STILL] * MOST_REMINDERS]
    places = [place for place, _ in said]
    assert all(later - earlier >= 24 for earlier, later in pairwise(places))


def test_t133_between_level_and_margin_nobody_is_reminded() -> None:
    assert told([49, *[55] * 72], 50) == [(0, Said.CROSSED)]


@pytest.mark.parametrize("seed", range(20))
def test_t133_however_it_flaps_alerts_are_as_many_as_real_crossings(seed: int) -> None:
    chance = random.Random(seed)
    values = [chance.randrange(30, 75) for _ in range(500)]
    crossings, is_armed = 0, True
    for value in values:
        if value < 50 and is_armed:
            crossings, is_armed = crossings + 1, False
        is_armed = is_armed or value >= 60
    said = [word for _, word in told(values, 50, every=timedelta(minutes=1))]
    assert said.count(Said.CROSSED) == crossings


def test_a_level_that_is_no_longer_set_is_forgotten() -> None:
    state, _ = watch(Watched(), gauges(20, 50, 25), NOW)
    state, said = watch(state, gauges(20, 25), NOW + HOUR)
    assert (state.crossed, said) == (("25",), None)
    state, said = watch(state, [], NOW + HOUR)
    assert (state.crossed, said) == ((), Said.OVER)

"""Waits before another try: longer each time, never longer than asked for, and not the same for everybody."""

from bot.backoff import FIRST_WAIT_S, SPREAD_S, wait_after


def test_the_waits_double() -> None:
    for failures in range(1, 7):
        least = FIRST_WAIT_S * 2 ** (failures - 1)
        assert least <= wait_after(failures, 60.0) <= least + SPREAD_S


def test_a_wait_has_an_end_however_often_it_failed() -> None:
    assert wait_after(40, 2.0) == 2.0


def test_those_who_failed_together_come_back_apart() -> None:
    assert len({wait_after(1, 60.0) for _ in range(20)}) > 1

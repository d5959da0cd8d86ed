"""Groups of rows: measured together, declared before, within a time of their own, and ended when the bench is told to
stop. Whatever a group has started ends with it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from bench.figures import Figure
from playground.serving import told_to_stop

WITHIN_S, A_ROUND_WITHIN_S = 120.0, 60.0
"""Several times what the slowest group takes: this ends what hangs."""
CLEAN_UP_S = 60.0
"""Longer than the programs of a group take to stop: cancelled in the middle of that, some would be left behind."""

T = TypeVar("T")
Work = Coroutine[Any, Any, list[Figure]]
Measure = Callable[[int], Work]


@dataclass(frozen=True, slots=True)
class Group:
    """`rows` are its figures before they are measured: one that fails is missing beside its goal."""

    measure: Measure
    rows: tuple[Figure, ...] = ()

    def not_measured(self, name: str, why: str) -> list[Figure]:
        words = why.strip().partition("\n")[0].replace("|", "/")
        return [replace(row, note=f"not measured: {words}") for row in self.rows or (Figure(name, ""),)]


def group(*rows: Figure) -> Callable[[Measure], Group]:
    def declared(measure: Measure) -> Group:
        return Group(measure, rows)

    return declared


@dataclass(frozen=True, slots=True)
class Run:
    """One group, measured or not."""

    name: str
    figures: list[Figure]
    seconds: float
    has_failed: bool = False


async def measured(groups: Mapping[str, Group], rounds: int) -> list[Run]:
    """One after the other; one that cannot be measured leaves the others alone.

    Raises KeyboardInterrupt when told to stop, by whatever signal.
    """
    stop = told_to_stop()
    return [await _run(name, one, rounds, stop) for name, one in groups.items()]


async def _run(name: str, one: Group, rounds: int, stop: asyncio.Event) -> Run:
    started = time.monotonic()
    print(f"{name} …", end="", flush=True, file=sys.stderr)
    try:
        run = Run(name, await finished(one.measure(rounds), WITHIN_S + rounds * A_ROUND_WITHIN_S, stop), 0.0)
    except Exception as error:
        why = str(error) or type(error).__name__
        print(f" not measured: {why}", end="", file=sys.stderr)
        run = Run(name, one.not_measured(name, why), 0.0, has_failed=True)
    seconds = time.monotonic() - started
    print(f" {seconds:.0f} s", file=sys.stderr)
    return replace(run, seconds=seconds)


async def finished(work: Coroutine[Any, Any, T], within_s: float, stop: asyncio.Event) -> T:
    """What the work comes to. Raises TimeoutError when it takes longer, KeyboardInterrupt when it is stopped."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopping}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        is_done = task.done()
    finally:
        stopping.cancel()
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CLEAN_UP_S)
    if stop.is_set():
        raise KeyboardInterrupt
    if not is_done:
        raise TimeoutError(f"not done within {within_s:.0f} s")
    return task.result()

"""A story plays on a fresh stage, with the log at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from bot.usecases import desk as desk_module
from playground.stage import Stage
from tests.stories.journey import Journey, LaterClock, LogLine


@pytest.fixture
def log() -> Iterator[list[LogLine]]:
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def journey(log: list[LogLine], stage: Stage) -> Journey:
    return Journey(stage, log)


@pytest.fixture
def pass_time(journey: Journey) -> Callable[[float], None]:
    """Lets the directory's answers grow old, those that are on their way included."""
    directory, passed = journey.bot.desk.directory, [0.0]
    clock = directory._clock  # type: ignore[attr-defined]
    directory._clock = lambda: clock() + passed[0]  # type: ignore[attr-defined]

    def passing(seconds: float) -> None:
        passed[0] += seconds

    return passing


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> LaterClock:
    """The one clock the use-cases read, which a story may set later."""
    clock = LaterClock()
    monkeypatch.setattr(desk_module, "datetime", clock)
    return clock

"""A story plays on a fresh stage, with the log at hand."""

from __future__ import annotations

from collections.abc import Iterator

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
def clock(monkeypatch: pytest.MonkeyPatch) -> LaterClock:
    """The one clock the use-cases read, which a story may set later."""
    clock = LaterClock()
    monkeypatch.setattr(desk_module, "datetime", clock)
    return clock

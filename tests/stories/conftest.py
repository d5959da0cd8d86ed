"""A story plays on a fresh stage, with the log at hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from playground.stage import Stage
from tests.stories.journey import Journey, LogLine


@pytest.fixture
def log() -> Iterator[list[LogLine]]:
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def journey(log: list[LogLine], stage: Stage) -> Journey:
    return Journey(stage, log)

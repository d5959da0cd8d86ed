"""Waits between attempts are off in these tests; attempts are as many as the client asks for."""

import pytest

from bot import backoff


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_seconds: float) -> None:
        pass

    monkeypatch.setattr(backoff, "pause", at_once)

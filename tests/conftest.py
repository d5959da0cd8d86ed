"""One private Valkey for the whole run (one per xdist worker), emptied between tests; and the whole bot on a stage."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest
import redis.asyncio as redis_asyncio

from bot import jobs
from bot.store.embedded import private_valkey
from playground.provider import ProviderWorld
from playground.stage import POLICY, Stage
from playground.stage import stage as running_stage

MEMORY = Path("/dev/shm")  # noqa: S108 - where there is one, in memory
ENOUGH_BYTES = 2**29
"""Of which a whole run takes a tenth."""
NEW_YEAR = "0 0 1 1 *"

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Temporary folders are in memory where there is room: a Valkey writes each step to its disk, and a disk that is
    busy with something else makes it as late as one that is away.

    saq still calls a command that redis-py has begun to warn of; as an error it would break the queue.
    """
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
    config.addinivalue_line("filterwarnings", "ignore:Call to deprecated setex:DeprecationWarning")


@pytest.fixture(autouse=True)
def no_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker does by the clock on the wall it does when a test says so, and never between two of its lines. Only
    purchases of unclear end are looked into all the time.
    """
    cron = jobs._cron
    monkeypatch.setattr(jobs, "_cron", lambda job, times: cron(job, times if times == jobs.LOOK_CRON else NEW_YEAR))


@pytest.fixture(scope="session")
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a server of our own."""
    async with private_valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url.get_secret_value()


@pytest.fixture
async def redis_url(valkey: str) -> str:
    """The same server, with nothing in it."""
    client = redis_asyncio.Redis.from_url(valkey, protocol=2)
    await client.flushall()
    await client.aclose()
    return valkey


@pytest.fixture
def byteful() -> ProviderWorld:
    """A fresh account. Its tables of networks and places are away: loading them takes a share of every second's
    requests for half a minute, and few stories need them.
    """
    world = ProviderWorld()
    world.faults.set("not_found", endpoint="country/search")
    return world


@pytest.fixture
def policy(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The playground's policy; parametrized indirectly, with those lines of YAML added to it."""
    own = tmp_path / "policy.yaml"
    own.write_text(f"{POLICY.read_text()}\n{getattr(request, 'param', '')}\n")
    return own


@pytest.fixture
async def stage(redis_url: str, tmp_path: Path, byteful: ProviderWorld, policy: Path) -> AsyncIterator[Stage]:
    """Both worlds and the bot. Whatever the bot did that Slack refuses or never promised fails the test at its end."""
    async with running_stage(tmp_path / "data", provider=byteful, policy=policy, redis_url=redis_url) as running:
        yield running
        problems = await running.slack.problems()
    assert problems == []

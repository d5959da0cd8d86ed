"""The store goes away and comes back, from the page: what was confirmed is still there, and is bought once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import redis.asyncio as redis_asyncio
from playwright.async_api import expect

from bot.app import STORE_FOLDER
from bot.store.embedded import private_valkey
from playground.provider import ProviderWorld
from playground.stage import Stage, restart_valkey
from playground.stage import stage as running_stage
from tests.page.window import Opens


@pytest.fixture
async def stage(tmp_path: Path, byteful: ProviderWorld) -> AsyncIterator[Stage]:
    """With a store of its own, as in the demo."""
    data = tmp_path / "data"
    async with running_stage(data, provider=byteful, restart_redis=partial(restart_valkey, data)) as running:
        yield running


async def run_id(data: Path) -> str:
    """What the bot's server calls itself, anew each time it starts."""
    async with (
        private_valkey(data / STORE_FOLDER) as url,
        redis_asyncio.from_url(url.get_secret_value()) as client,
    ):
        return str((await client.info("server"))["run_id"])


async def test_redis_restarts_between_asking_and_approving(window: Opens, stage: Stage, tmp_path: Path) -> None:
    rita, mona = await window("rita"), await window("mona")
    await rita.asks()
    before = await run_id(tmp_path / "data")
    chaos = await rita.opens("Chaos", "Chaos switches")
    button = chaos.get_by_role("button", name="Redis restarts")
    await button.click()
    await expect(rita.page.get_by_role("status").filter(has_text="Redis restarts: done.")).to_be_visible()
    assert await run_id(tmp_path / "data") != before
    await mona.approves("#1001")
    await rita.sees("#1001", "Ordered")
    await rita.picture("redis-restarted")
    assert stage.provider.creates_received == 1

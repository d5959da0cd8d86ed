"""The layout of the keys on a cluster: one slot for each workspace, one for the queue, no move between slots."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio as redis_asyncio
from pydantic import SecretStr

from playground.provider import ProviderWorld
from playground.stage import free_port, stage
from playground.workspace_cast import TEAM_ID
from tests.store.looking import keys
from tests.store.servers import running
from tests.stories.journey import Journey

ALL_SLOTS = 16_383


@pytest.fixture
async def cluster() -> AsyncIterator[SecretStr]:
    """A cluster of one node that holds every slot: it refuses what touches two, as a large one does."""
    port = str(free_port())
    options = {"port": port, "bind": "127.0.0.1", "cluster-enabled": "yes", "appendfsync": "always"}
    async with running(**options) as url, redis_asyncio.from_url(url.get_secret_value()) as client:
        await client.cluster("ADDSLOTSRANGE", 0, ALL_SLOTS)
        async with asyncio.timeout(60):
            while (await client.cluster("INFO"))["cluster_state"] != "ok":  # noqa: ASYNC110 - a server sets no event of ours
                await asyncio.sleep(0.02)
        yield url


async def test_d2_a_whole_purchase_on_a_cluster_keeps_a_workspace_in_one_slot(
    cluster: SecretStr, tmp_path: Path, byteful: ProviderWorld, policy: Path
) -> None:
    async with stage(tmp_path, provider=byteful, policy=policy, redis_url=cluster.get_secret_value()) as running_stage:
        journey = Journey(running_stage, [])
        (rita,) = journey.people("rita")
        form = await journey.opens(rita, "isp_us")
        assert form
        await rita.closes(form)
        withdrawn = await journey.asks(rita)
        await rita.clicks(withdrawn, "withdraw")
        card = await journey.buys()
        assert "Ordered" in card.text
        assert (await rita.types("/proxy requests", channel="proxies")).acked
        await journey.sweep()
        async with redis_asyncio.from_url(cluster.get_secret_value()) as client:
            names = await keys(client)
            slots = {key: await client.cluster("KEYSLOT", key) for key in names}
        assert journey.byteful.creates_received == 1
    tag = f"{{{TEAM_ID}}}:"
    assert len({slot for key, slot in slots.items() if key.startswith(tag)}) == 1
    assert len({slot for key, slot in slots.items() if key.startswith("saq:")}) == 1
    kinds = {key.removeprefix(tag).split(":")[0] for key in names if key.startswith(tag)}
    assert {"request", "draft", "seen", "newest", "outbox", "messages", "audit", "service"} <= kinds
    alone = {key for key in names if not key.startswith((tag, "saq:"))}
    pace = {"{byteful}:pace:asked", "{byteful}:pace:answered"}
    assert alone - pace == {"proxydesk:workspaces"}, "every other key belongs to a workspace"

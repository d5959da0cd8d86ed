"""The bot without an address of its own: everything Slack has to say comes down connections that the bot opened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.ids import RequestId
from bot.domain.request import Happened, State
from bot.slack_app import SlackApp
from bot.socket_mode import CONNECTIONS, SILENT_AFTER_S, Socket
from playground.provider import ProviderWorld
from playground.slack_server import running_workspace
from playground.stage import MANIFEST, Stage, stage
from playground.workspace import Workspace
from tests.stories.journey import WITHIN_S, Journey, LogLine, answered


@pytest.fixture
async def connected(redis_url: str, tmp_path: Path, byteful: ProviderWorld, policy: Path) -> AsyncIterator[Stage]:
    """The bot as it runs with an app-level token. An answer on the wrong connection fails the story at its end."""
    workspace = Workspace(manifest=MANIFEST, bot_url="")
    workspace.app.socket_mode = True
    data = tmp_path / "data"
    async with stage(data, workspace=workspace, provider=byteful, policy=policy, redis_url=redis_url) as running:
        workspace.bot_url = "http://127.0.0.1:9/nobody-listens-here"
        yield running
        problems = await running.slack.problems()
    assert problems == []


@pytest.fixture
async def journey(connected: Stage, log: Sequence[LogLine]) -> Journey:
    told = Journey(connected, log)
    await told.until(lambda: _connections(told, CONNECTIONS), "both connections")
    return told


async def _connections(journey: Journey, count: int) -> bool | None:
    return len(journey.workspace.teams.sockets.ready) == count or None


async def test_d1_a_whole_purchase_without_an_address(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    answered(await rita.submits(await rita.view() or form))
    journey.numbers.append(RequestId(1001))
    card = await journey.card("Waiting for approval")
    answered(await journey.person("mona").clicks(card, "approve"))
    await journey.card("Ordered", "Service ID")
    assert journey.byteful.creates_received == 1
    await journey.answer(rita, "/proxy requests", "#1001")


@pytest.mark.parametrize("reason", ["refresh_requested", "too_many_websockets"])
async def test_t86_a_connection_asked_to_go_answers_first_and_the_click_counts_once(
    journey: Journey, reason: str
) -> None:
    card = await journey.asks(journey.person("rita"))
    hub, mona = journey.workspace.teams.sockets, journey.person("mona")
    click = asyncio.create_task(mona.clicks(card, "approve"))
    async with asyncio.timeout(WITHIN_S):
        while not any(connection.waiting for connection in hub.ready):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    for connection in list(hub.ready):
        await hub.dismiss(connection, reason)
    answered(await click)
    await journey.in_state(State.ORDERED)
    await journey.until(lambda: _connections(journey, CONNECTIONS), "new connections")
    await journey.answer(journey.person("rita"), "/proxy help", "/proxy buy")
    assert journey.byteful.creates_received == 1


async def test_t86_a_connection_that_breaks_in_the_middle_of_a_click_loses_no_decision(journey: Journey) -> None:
    """Nobody asked first: whoever clicked may see an error and clicks again, and what they want happens once."""
    card = await journey.asks(journey.person("rita"))
    hub, mona = journey.workspace.teams.sockets, journey.person("mona")
    click = asyncio.create_task(mona.clicks(card, "approve"))
    async with asyncio.timeout(WITHIN_S):
        while not any(connection.waiting for connection in hub.ready):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    for connection in list(hub.ready):
        await connection.ws.close()
    await click
    await journey.until(lambda: _connections(journey, CONNECTIONS), "new connections")
    answered(await mona.clicks(card, "approve", stale=True))
    await journey.card("Ordered", "Approved by @mona")
    assert (await journey.history()).count(Happened.APPROVED) == 1
    assert journey.byteful.creates_received == 1


async def test_t86_each_payload_of_two_connections_is_handled_once(journey: Journey) -> None:
    rita = journey.person("rita")
    for _ in range(4):
        await journey.asks(rita)
    assert len(await journey.submissions()) == 4
    assert all(one.delivered for one in journey.workspace.teams.sockets.connections)


async def test_t86_readiness_says_for_how_long_nothing_connects() -> None:
    now, workspace = [0.0], Workspace(rate_limits=False)
    workspace.app.socket_mode = True
    async with running_workspace(workspace) as base:
        client = AsyncWebClient(base_url=f"{base}/api/")
        socket, stop = Socket(cast(SlackApp, None), "xapp-playground-wrong", client, lambda: now[0]), asyncio.Event()
        serving = asyncio.create_task(socket.serve(stop))
        assert await socket.problem() is None
        now[0] += SILENT_AFTER_S + 1
        problem = await socket.problem()
        assert problem is not None
        assert "no connection to Slack for 16 s" in problem
        assert "SLACK_APP_TOKEN" in problem
        stop.set()
        await serving

"""Socket Mode with the client of slack_sdk and Bolt, and frame by frame."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from playground.slack_driver import SlackDriver
from playground.slack_server import running_workspace
from playground.workspace import Workspace
from playground.workspace_socket import CLOSED_AFTER_S, CONNECTIONS_MOST, REFRESHED_AFTER_S, WARNED_BEFORE_S

Json = dict[str, Any]


class Line:
    """One connection, spoken to by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def next(self) -> Json:
        frame: Json = json.loads(await self.socket.receive_str(timeout=30))
        return frame

    async def ack(self, envelope: Json, payload: Any = None) -> None:
        body = {"envelope_id": envelope["envelope_id"]}
        await self.socket.send_json(body if payload is None else {**body, "payload": payload})


class World:
    def __init__(self, ws: Workspace, slack: SlackDriver, http: aiohttp.ClientSession) -> None:
        self.ws, self.slack, self.http = ws, slack, http

    async def address(self) -> str:
        headers = {"Authorization": f"Bearer {self.ws.app.app_token}"}
        async with self.http.post(f"{self.ws.base_url}/api/apps.connections.open", headers=headers) as response:
            return str((await response.json())["url"])

    async def line(self, *, says: str = "hello") -> Line:
        line = Line(await self.http.ws_connect(await self.address()))
        assert (await line.next())["type"] == says
        return line


@pytest.fixture
async def world() -> AsyncIterator[World]:
    ws = Workspace(rate_limits=False)
    async with running_workspace(ws) as base, SlackDriver(base) as slack, aiohttp.ClientSession() as http:
        yield World(ws, slack, http)


async def test_a_bolt_app_lives_by_socket_mode_alone(world: World) -> None:
    ws, base = world.ws, world.ws.base_url
    client = AsyncWebClient(token=ws.app.bot_token, base_url=f"{base}/api/")
    app = AsyncApp(client=client, process_before_response=True)
    view = {
        "type": "modal",
        "callback_id": "form",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "label": {"type": "plain_text", "text": "Reason"},
                "element": {"type": "plain_text_input", "action_id": "why"},
            }
        ],
    }
    homes: list[str] = []

    @app.command("/hello")
    async def hello(ack: Any, body: Json) -> None:
        await ack("Hello")
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("form")
    async def form(ack: Any) -> None:
        await ack(response_action="errors", errors={"reason": "Say more"})

    @app.event("app_home_opened")
    async def home(event: Json) -> None:
        homes.append(event["user"])

    web = AsyncWebClient(token=ws.app.app_token, base_url=f"{base}/api/")
    handlers = [AsyncSocketModeHandler(app, ws.app.app_token, web_client=web) for _ in range(2)]
    try:
        for handler in handlers:
            await handler.connect_async()  # type: ignore[no-untyped-call]
        rita = world.slack.person("rita")
        outcome = await rita.types("/hello", channel="proxies")
        assert outcome.acked
        assert outcome.answer is not None
        assert outcome.answer.text == "Hello"
        opened = await rita.view()
        assert opened is not None
        await rita.enters(opened, "reason", "because")
        assert (await rita.submits(opened)).errors == {"reason": "Say more"}
        await rita.opens_home()
        assert homes == [ws.person("rita").id]
        assert sorted(one.delivered for one in ws.teams.sockets.connections) == [1, 2]
        assert await world.slack.problems() == []

        before = [one.number for one in ws.teams.sockets.connections]
        await world.slack.call("POST", "socket", {"reason": "refresh_requested"})

        def moved() -> bool:
            return len(ws.teams.sockets.ready) == 2 and not {one.number for one in ws.teams.sockets.ready} & {*before}

        await world.slack.until(moved, what="both connections made anew")
        assert (await rita.types("/hello", channel="proxies")).acked
    finally:
        for handler in handlers:
            await handler.close_async()  # type: ignore[no-untyped-call]


async def test_each_payload_goes_down_exactly_one_connection(world: World) -> None:
    lines = [await world.line() for _ in range(3)]
    got: list[tuple[int, str]] = []

    async def serve(number: int, line: Line) -> None:
        while True:
            envelope = await line.next()
            got.append((number, envelope["payload"]["text"]))
            await line.ack(envelope, {"text": f"answer {envelope['payload']['text']}"})

    serving = [asyncio.create_task(serve(number, line)) for number, line in enumerate(lines)]
    rita = world.slack.person("rita")
    answers = await asyncio.gather(*(rita.types(f"/hello {n}", channel="proxies") for n in range(9)))
    assert sorted(one.answer.text for one in answers if one.answer) == [f"answer {n}" for n in range(9)]
    assert sorted(text for _, text in got) == [str(n) for n in range(9)]
    assert {number for number, _ in got} == {0, 1, 2}
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)


async def test_frames_say_what_they_are_and_events_carry_their_retries(world: World) -> None:
    line = await world.line()
    mona = world.slack.person("mona")
    typing = asyncio.create_task(mona.types("/hello you", channel="proxies"))
    envelope = await line.next()
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    assert envelope["payload"]["command"] == "/hello"
    await line.ack(envelope)
    assert (await typing).acked

    world.ws.ack_within_s = 0.05
    await mona.opens_home()
    first = await line.next()
    assert (first["type"], first["retry_attempt"], first["accepts_response_payload"]) == ("events_api", 0, False)
    again = await line.next()
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
    assert again["payload"]["event_id"] == first["payload"]["event_id"]
    assert again["envelope_id"] != first["envelope_id"]
    await line.ack(again)


async def test_an_ack_must_name_an_open_envelope_and_be_json(world: World) -> None:
    line = await world.line()
    await line.socket.send_json({"envelope_id": "nobody's"})
    await line.socket.send_str("not json")
    found = await world.slack.until(_two_problems(world), what="two problems")
    assert [one["problem"].partition(":")[0] for one in found] == [
        "an ack names no open envelope of this connection",
        "a frame is not JSON",
    ]


def _two_problems(world: World) -> Any:
    async def look() -> list[Json] | None:
        found = await world.slack.problems()
        return found if len(found) == 2 else None

    return look


async def test_an_address_works_once_and_only_with_the_app_token(world: World) -> None:
    address = await world.address()
    socket = await world.http.ws_connect(address)
    await socket.close()
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await world.http.ws_connect(address)
    url = f"{world.ws.base_url}/api/apps.connections.open"
    for token, error in ((world.ws.app.bot_token, "not_allowed_token_type"), ("xapp-playground-x", "invalid_auth")):
        async with world.http.post(url, headers={"Authorization": f"Bearer {token}"}) as response:
            assert (await response.json())["error"] == error


async def test_there_are_at_most_ten_connections(world: World) -> None:
    lines = [await world.line() for _ in range(CONNECTIONS_MOST)]
    line = Line(await world.http.ws_connect(await world.address()))
    assert (await line.next())["reason"] == "too_many_websockets"
    assert (await line.socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert len(world.ws.teams.sockets.ready) == len(lines)


async def test_a_connection_is_warned_and_then_asked_to_go(world: World) -> None:
    world.ws.set_clock(1_800_000_000.0)
    line = await world.line()
    world.ws.advance(REFRESHED_AFTER_S - WARNED_BEFORE_S)
    assert (await line.next())["reason"] == "warning"
    world.ws.advance(WARNED_BEFORE_S)
    assert (await line.next())["reason"] == "refresh_requested"
    assert not (await world.slack.person("rita").types("/hello", channel="proxies")).acked
    world.ws.advance(CLOSED_AFTER_S)
    assert (await line.socket.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_with_nobody_connected_the_person_sees_an_error(world: World) -> None:
    world.ws.app.socket_mode = True
    outcome = await world.slack.person("rita").types("/hello", channel="proxies")
    assert not outcome.acked
    assert "no Socket Mode connection" in str(outcome.failure)


async def test_a_manifest_without_socket_mode_links_nobody(world: World) -> None:
    world.ws.app.install({"settings": {"socket_mode_enabled": False}})
    line = Line(await world.http.ws_connect(await world.address()))
    assert (await line.next())["reason"] == "link_disabled"
    await world.slack.settings(socket_mode=True)
    second = await world.line()
    assert not second.socket.closed
    assert len((await world.slack.call("GET", "socket"))["connections"]) == 1


async def test_a_connection_lost_before_its_ack_fails_the_delivery(world: World) -> None:
    line = await world.line()
    typing = asyncio.create_task(world.slack.person("rita").types("/hello", channel="proxies"))
    await line.next()
    await line.socket.close()
    outcome = await typing
    assert str(outcome.failure).startswith("connection_failed")

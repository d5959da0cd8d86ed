"""Any Bolt app can be pointed at the workspace: nothing of ours in it, by HTTP or by Socket Mode, async or not."""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

from playground.serving import listening, serving
from playground.slack_driver import SlackDriver
from playground.slack_seen import SeenMessage
from playground.slack_server import running_workspace
from playground.workspace import Workspace

Json = dict[str, Any]


@dataclass
class World:
    ws: Workspace
    slack: SlackDriver
    api: str

    async def try_it(self) -> None:
        """A command with an answer, a button with an answer, and nothing Slack would complain about."""
        rita = self.slack.person("rita")
        said = await rita.types("/hello", channel="proxies")
        assert said.acked, said.failure
        card = await self.until_said("Hello", what="the greeting")
        pressed = await rita.clicks(card, "Press me")
        assert pressed.acked, pressed.failure
        await self.until_said("Pressed by", what="the answer to the click")
        assert await self.slack.problems() == []

    async def until_said(self, words: str, what: str) -> SeenMessage:
        return await self.slack.until(lambda: self.slack.person("rita").message("proxies", words), what=what)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    ws = Workspace(rate_limits=False)
    async with running_workspace(ws) as base, SlackDriver(base) as slack:
        yield World(ws, slack, f"{base}/api/")


BLOCKS: list[Json] = [
    {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Press me"}}],
    }
]


def async_app(world: World) -> AsyncApp:
    client = AsyncWebClient(token=world.ws.app.bot_token, base_url=world.api)
    app = AsyncApp(client=client, signing_secret=world.ws.app.signing_secret)

    @app.command("/hello")
    async def hello(ack: Any, say: Any) -> None:
        await ack()
        await say(text="Hello", blocks=[_section("Hello"), *BLOCKS])

    @app.action("go")
    async def go(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        await respond(f"Pressed by <@{body['user']['id']}>", replace_original=False)

    return app


def plain_app(world: World) -> App:
    client = WebClient(token=world.ws.app.bot_token, base_url=world.api)
    app = App(client=client, signing_secret=world.ws.app.signing_secret)

    @app.command("/hello")
    def hello(ack: Any, say: Any) -> None:
        ack()
        say(text="Hello", blocks=[_section("Hello"), *BLOCKS])

    @app.action("go")
    def go(ack: Any, body: Json, respond: Any) -> None:
        ack()
        respond(f"Pressed by <@{body['user']['id']}>", replace_original=False)

    return app


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Requests are seen behind the curtain."""


async def test_an_async_app_by_http(world: World) -> None:
    handler = AsyncSlackRequestHandler(async_app(world))
    with listening(0) as listener:
        world.ws.bot_url = f"http://127.0.0.1:{listener.getsockname()[1]}/slack/events"
        app = Starlette(routes=[Route("/slack/events", handler.handle, methods=["POST"])])
        async with serving(app, listener):
            await world.try_it()


async def test_an_async_app_by_socket_mode(world: World) -> None:
    web = AsyncWebClient(token=world.ws.app.app_token, base_url=world.api)
    handler = AsyncSocketModeHandler(async_app(world), world.ws.app.app_token, web_client=web)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        await world.try_it()
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


async def test_an_app_with_threads_by_http(world: World) -> None:
    app = await asyncio.to_thread(plain_app, world)
    served = make_server("127.0.0.1", 0, SlackRequestHandler(app), handler_class=Quiet)
    world.ws.bot_url = f"http://127.0.0.1:{served.server_address[1]}/slack/events"
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    try:
        await world.try_it()
    finally:
        await asyncio.to_thread(served.shutdown)
        served.server_close()
        thread.join()


async def test_an_app_with_threads_by_socket_mode(world: World) -> None:
    app = await asyncio.to_thread(plain_app, world)
    web = WebClient(token=world.ws.app.app_token, base_url=world.api)
    handler = SocketModeHandler(app, world.ws.app.app_token, web_client=web)
    await asyncio.to_thread(handler.connect)
    try:
        await world.try_it()
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await asyncio.to_thread(handler.close)

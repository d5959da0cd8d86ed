"""Socket Mode: the same payloads as over HTTP, down connections that the bot opens itself and needs no address for.

Two connections, so that one is there while the other moves on (Slack asks for that every few hours). A connection goes
only after every answer it owes has left on it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import cast

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import ACKS
from bot.slack_app import SlackApp
from bot.tasks import ended

CONNECTIONS = 2
"""Of the ten that Slack allows one app: five web processes at most."""
PING_EVERY_S = 5.0
LOOK_EVERY_S = 1.0
SILENT_AFTER_S = 15.0
"""How long nothing may connect us before readiness says so: a reconnection takes a second or two."""
ANSWERS_WITHIN_S = 3.0
"""What Slack waits for an answer; after that nobody listens to it any more."""

_log = structlog.get_logger()


class Line(SocketModeClient):
    """One connection. Moving to the next one waits for the answers that are still owed on this one."""

    def __init__(self, app_token: str, web_client: AsyncWebClient) -> None:
        super().__init__(
            app_token=app_token,
            web_client=web_client,
            logger=logging.getLogger("slack_sdk.socket_mode"),
            ping_interval=PING_EVERY_S,
        )
        self.proxy = None  # the library looks for one in the environment; addresses come from the settings alone
        self._owed: set[asyncio.Event] = set()

    async def open(self) -> None:
        """Until it stands, however often that has to be tried."""
        await self.connect()  # type: ignore[no-untyped-call]

    async def leave(self) -> None:
        await self.settled()
        await self.close()  # type: ignore[no-untyped-call]

    def owe(self) -> asyncio.Event:
        """A payload came in. Set the event once its answer has left."""
        answered = asyncio.Event()
        self._owed.add(answered)
        return answered

    async def settled(self) -> None:
        """Until every answer has left, or is too late anyway."""
        owed = [asyncio.create_task(answered.wait()) for answered in self._owed]
        self._owed.clear()
        if owed:
            _, late = await asyncio.wait(owed, timeout=ANSWERS_WITHIN_S)
            for task in late:
                task.cancel()

    def forgive(self, answered: asyncio.Event) -> None:
        answered.set()
        self._owed.discard(answered)

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        await self.settled()
        await super().connect_to_new_endpoint(force)


class Socket:
    """Serves the app over Socket Mode until it is told to stop."""

    def __init__(
        self, app: SlackApp, app_token: str, web_client: AsyncWebClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` counts seconds."""
        self._app = app
        self._app_token = app_token
        self._web_client = web_client
        self._clock = clock
        self._lines: list[Line] = []
        self._connected_at = clock()

    async def serve(self, stop: asyncio.Event) -> None:
        handlers = [_Handler(self._app, self._app_token, self._web_client) for _ in range(CONNECTIONS)]
        self._lines = [handler.line for handler in handlers]
        connecting = [asyncio.create_task(line.open()) for line in self._lines]
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stopping.done():
                await self._look()
                await asyncio.wait({stopping}, timeout=LOOK_EVERY_S)
        finally:
            await ended(stopping, *connecting)
            await asyncio.gather(*(line.leave() for line in self._lines))

    async def problem(self) -> str | None:
        """For readiness: nothing that people do reaches us while no connection stands."""
        silent_s = self._clock() - self._connected_at
        if silent_s < SILENT_AFTER_S:
            return None
        return (
            f"no connection to Slack for {silent_s:.0f} s; check SLACK_APP_TOKEN, that Socket Mode is switched on for "
            "the app, and the way out to the internet. It is tried again all the time"
        )

    async def _look(self) -> None:
        if any([await line.is_connected() for line in self._lines]):
            self._connected_at = self._clock()


class _Handler(AsyncSocketModeHandler):
    """Bolt's own adapter over our kind of connection."""

    def __init__(self, app: SlackApp, app_token: str, web_client: AsyncWebClient) -> None:
        self.app = cast(AsyncApp, app)  # it hands it requests, and asks nothing else of it
        self.app_token = app_token
        self.line = Line(app_token, web_client)
        self.client = self.line
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]  # as Bolt's own does

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        started, answered = time.perf_counter(), self.line.owe()
        try:
            await super().handle(client, req)
        except Exception as error:
            _log.error("answer_not_sent", envelope=req.type, error=type(error).__name__)
        finally:
            self.line.forgive(answered)
            ACKS.observe(time.perf_counter() - started)

"""The web part: Slack's requests in, answers out, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
import uvicorn
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import Bot
from bot.domain.errors import ProviderError
from bot.handlers.front import Front
from bot.health import make_checks, make_warnings
from bot.queue import QueueErrands
from bot.slack import CALL_TIMEOUT_S
from bot.slack_app import SlackApp
from bot.slack_http import SkewWatch, SlackDoor
from bot.tasks import ended, first_of
from bot.web import make_web

if TYPE_CHECKING:
    from bot.socket_mode import Socket

TICK_S = 1.0
KEEP_ALIVE_S = 75
"""Longer than load balancers keep a connection they do not use (60 s is usual): one that we closed first could meet a
click on its way.
"""
DRAIN_S = 10.0
"""How long work behind an ack may go on when the process is asked to stop."""

_log = structlog.get_logger()


async def serve_web(bot: Bot, stop: asyncio.Event) -> None:
    settings = bot.settings
    front = make_front(bot)
    signing_secret = settings.slack_signing_secret.get_secret_value()
    skew, slack_app = SkewWatch(signing_secret), SlackApp(signing_secret, front)
    socket = make_socket(bot, slack_app)
    app = make_web(
        SlackDoor(slack_app.async_dispatch, skew),
        make_checks(bot, skew, socket.problem if socket else None),
        make_warnings(bot),
    )
    config = uvicorn.Config(
        app,
        host=settings.proxydesk_host,
        port=settings.port,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_S,
        proxy_headers=False,  # nobody asks for a caller's address
        server_header=False,  # nor for what serves them
    )
    server = _Server(config, stop)
    serving = [asyncio.create_task(server.serve())]
    reading = asyncio.create_task(_read_on(bot, server.is_open))
    if socket is not None:
        serving.append(asyncio.create_task(socket.serve(stop)))
    try:
        await first_of(stop, reading, *serving)
    finally:
        server.should_exit = True
        stop.set()
        await ended(reading)
    await asyncio.gather(*serving)
    await front.background.drain(DRAIN_S)


async def _read_on(bot: Bot, is_open: asyncio.Event) -> None:
    """What the first person would otherwise wait for, as soon as people are answered at all; then the tables of places,
    again and again.
    """
    await is_open.wait()
    try:
        await bot.desk.provider.catalog()
    except ProviderError as error:
        _log.info("catalog_not_there_yet", error=str(error))
    await bot.desk.provider.places.keep_fresh()


def make_front(bot: Bot) -> Front:
    return Front(bot.desk, bot.chat, bot.store, QueueErrands(bot.queue))


def make_socket(bot: Bot, app: SlackApp) -> Socket | None:
    """The way in without an address of our own; None over HTTP."""
    token = bot.settings.slack_app_token
    if token is None:
        return None
    from bot.socket_mode import Socket  # noqa: PLC0415 - a bot with an address does without it

    client = AsyncWebClient(base_url=bot.settings.slack_api_url, session=bot.client.session, timeout=CALL_TIMEOUT_S)
    return Socket(app, token.get_secret_value(), client)


class NotServingError(Exception):
    """The web part cannot start, because its port is taken for example."""


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the process has one place that listens to signals."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event) -> None:
        super().__init__(config)
        self.is_open = asyncio.Event()
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_open.set()

    async def main_loop(self) -> None:
        """Once a second, for the date in its answers. uvicorn itself looks ten times a second whether it is to end."""
        stopping = asyncio.create_task(self._stop.wait())
        while not stopping.done():
            await self.on_tick(0)
            await asyncio.wait({stopping}, timeout=TICK_S)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """An exit in the middle of a task would leave the others running; an error ends them in good order."""
        try:
            await super().serve(sockets)
        except SystemExit as exit_:
            raise NotServingError("The address cannot be served; the line before says why.") from exit_

"""The two parts a deployment runs, each until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from bot.app import DRAIN_S, Bot, make_checks, make_front, make_slack_app, make_socket, make_warnings
from bot.domain.errors import ProviderError
from bot.jobs import keep_catching_up, make_worker
from bot.slack_http import SkewWatch, SlackDoor
from bot.web import make_web

_log = structlog.get_logger()


async def serve_web(bot: Bot, stop: asyncio.Event) -> None:
    settings = bot.settings
    front = make_front(bot)
    skew = SkewWatch(settings.slack_signing_secret.get_secret_value())
    slack_app = make_slack_app(bot, front)
    socket = make_socket(bot, slack_app)
    app = make_web(SlackDoor(slack_app, skew), make_checks(bot, skew, socket), make_warnings(bot))
    config = uvicorn.Config(
        app,
        host=settings.proxydesk_host,
        port=settings.port,
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,  # nobody asks for a caller's address
    )
    server = _Server(config)
    places = asyncio.create_task(bot.desk.provider.places.keep_fresh())
    serving = [asyncio.create_task(server.serve())]
    front.background.spawn(_warm_up(bot))
    if socket is not None:
        serving.append(asyncio.create_task(socket.serve(stop)))
    try:
        await _first_of(stop, places, *serving)
    finally:
        server.should_exit = True
        stop.set()
        await _ended(places)
    await asyncio.gather(*serving)
    await front.background.drain(DRAIN_S)


async def _warm_up(bot: Bot) -> None:
    """What the first person would otherwise wait for."""
    try:
        await bot.desk.provider.catalog()
    except ProviderError as error:
        _log.info("catalog_not_there_yet", error=str(error))


async def serve_worker(bot: Bot, stop: asyncio.Event) -> None:
    jobs = bot.jobs
    worker = make_worker(bot.queue, jobs)
    worker.SIGNALS = []
    working = asyncio.create_task(worker.start())
    telling = asyncio.create_task(keep_catching_up(jobs))
    try:
        await _first_of(stop, working, telling)
    finally:
        worker.event.set()
        await _ended(telling)
    await working


async def _first_of(stop: asyncio.Event, *tasks: asyncio.Task[None]) -> None:
    """Until one of them ends or everything is to stop. A task that failed says so here."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for task in done:
        await task


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancelled until it is over: `asyncio.wait_for` of Python 3.11 can swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)


class NotServingError(Exception):
    """The web part cannot start, because its port is taken for example."""


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the process has one place that listens to signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """An exit in the middle of a task would leave the others running; an error ends them in good order."""
        try:
            await super().serve(sockets)
        except SystemExit as exit_:
            raise NotServingError("The address cannot be served; the line before says why.") from exit_

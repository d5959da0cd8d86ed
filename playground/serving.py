"""Serving an ASGI app on a loopback port inside the running event loop, hanging up on whoever asks it, and stopping.

The workspace is served with it, and so is any app that a test puts beside the workspace.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HOST = "127.0.0.1"


def told_to_stop() -> asyncio.Event:
    """Set when the process is told to stop, by Ctrl-C or by whoever started it: also where that was started with Ctrl-C
    ignored, as a shell does with what it puts into the background.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


class _Http(HttpToolsProtocol):
    """uvicorn's HTTP, with a way for a fault to hang up in the middle of a request."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["hang_up"] = self._hang_up

    def _hang_up(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()


def hang_up(request: Request) -> None:
    """Drop the connection without an answer."""
    request.scope["state"]["hang_up"]()


class _Server(uvicorn.Server):
    """uvicorn inside somebody else's event loop: it says when it is ready and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def listening(port: int) -> socket.socket:
    """A loopback socket that says it is TCP, so that asyncio turns Nagle's 40 ms of waiting off."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an ASGI app on this socket, in this event loop, until the block ends."""
    config = uvicorn.Config(
        app,
        http=_Http,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="error",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,  # longer than any client keeps a connection, or one of its calls meets the closing
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.ready.wait()
        yield
    finally:
        server.should_exit = True
        await task

"""Runs the Byteful world on a real socket: uvicorn's protocol on 127.0.0.1, in the running event loop.

The protocol keeps its transports where a fault can find them, so that a reset is a reset. Stopping lets go of whatever
is held, cuts what is open and returns at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator

from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from playground.provider import ProviderWorld
from playground.provider_api import create_app
from playground.serving import HOST, told_to_stop

API_PREFIX = "/1.0"
NO_LINGER = struct.pack("ii", 1, 0)
"""Socket option that turns closing into a reset."""


class OpenConnections:
    """The transports of one server, by the address of the caller."""

    def __init__(self) -> None:
        self.closing = asyncio.Event()
        self.transports: dict[tuple[str, int], asyncio.Transport] = {}

    def reset(self, scope: Scope) -> None:
        transport = self.transports.get(tuple(scope["client"]))
        if transport is not None:
            sock: socket.socket = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            transport.abort()

    def close(self, scope: Scope) -> None:
        transport = self.transports.get(tuple(scope["client"]))
        if transport is not None:
            transport.close()

    def abort_all(self) -> None:
        for transport in list(self.transports.values()):
            transport.abort()


class TrackedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with its transport entered in `callers`."""

    callers: OpenConnections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.callers.transports[transport.get_extra_info("peername")[:2]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        for address, transport in list(self.callers.transports.items()):
            if transport is self.transport:
                del self.callers.transports[address]
        super().connection_lost(exc)


@contextlib.asynccontextmanager
async def running_provider(world: ProviderWorld, port: int = 0) -> AsyncIterator[str]:
    """Serves the world while the block runs; yields the base URL, `http://127.0.0.1:PORT/1.0`."""
    connections = OpenConnections()
    config = Config(
        create_app(world, connections),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=75,
    )
    config.load()
    state = ServerState()

    def protocol() -> TrackedProtocol:
        made = TrackedProtocol(config, state, {})
        made.callers = connections
        return made

    server = await asyncio.get_running_loop().create_server(protocol, HOST, port)
    world.origin = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    try:
        yield world.origin + API_PREFIX
    finally:
        server.close()
        connections.closing.set()
        await asyncio.sleep(0)
        connections.abort_all()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await server.wait_closed()


async def serve(port: int, *, world: ProviderWorld | None = None) -> None:
    """Serves until interrupted, after one line of JSON that says where and with which keys."""
    world = world or ProviderWorld()
    stop = told_to_stop()
    async with running_provider(world, port) as base_url:
        where = {"base_url": base_url, "public_key": world.public_key, "private_key": world.private_key}
        print(json.dumps(where), flush=True)
        await stop.wait()

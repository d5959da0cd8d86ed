"""A door before the store that holds each answer back: what waits for what then shows in the time it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

SIZE = 2**16


@asynccontextmanager
async def late_door(door: Path, store: Path, late_s: float) -> AsyncIterator[None]:
    """Unix sockets both."""

    async def let_in(caller: asyncio.StreamReader, to_caller: asyncio.StreamWriter) -> None:
        from_store, to_store = await asyncio.open_unix_connection(store)
        answering = asyncio.create_task(_hold_back(from_store, to_caller, late_s))
        while asked := await caller.read(SIZE):
            to_store.write(asked)
        to_store.close()
        await answering
        to_caller.close()

    server = await asyncio.start_unix_server(let_in, door)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


async def _hold_back(from_store: asyncio.StreamReader, to_caller: asyncio.StreamWriter, late_s: float) -> None:
    loop = asyncio.get_running_loop()
    while answer := await from_store.read(SIZE):
        loop.call_later(late_s, to_caller.write, answer)

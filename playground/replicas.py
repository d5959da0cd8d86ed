"""Several web and several worker processes on one store, with a small front that deals requests out in turn."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import cycle
from types import TracebackType
from typing import Self

from playground.stage import HOST, free_port, program, until_ready
from playground.workspace import Workspace


class Replicas:
    """`count` of each kind. Slack's requests go to the web processes one after the other."""

    def __init__(self, environment: dict[str, str], workspace: Workspace, count: int) -> None:
        self._environment = environment
        self._workspace = workspace
        self._count = count
        self._stack = AsyncExitStack()
        self.workers: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        ports = [free_port() for _ in range(self._count)]
        for port in ports:
            environment = {**self._environment, "PORT": str(port)}
            web = await self._stack.enter_async_context(program(environment, "web"))
            await until_ready(f"http://{HOST}:{port}", web)
        for _ in range(self._count):
            self.workers.append(await self._stack.enter_async_context(program(self._environment, "worker")))
        front = await self._stack.enter_async_context(await _front(ports))
        self._workspace.bot_url = f"http://{HOST}:{front.sockets[0].getsockname()[1]}/slack/events"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()


async def _front(ports: list[int]) -> asyncio.Server:
    """Hands each connection to the next port, byte for byte."""
    turns = cycle(ports)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward = await asyncio.open_connection(HOST, next(turns))
        await asyncio.gather(_copy(reader, onward), _copy(onward_reader, writer), return_exceptions=True)

    return await asyncio.start_server(relay, HOST, 0)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    finally:
        target.close()

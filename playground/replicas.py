"""Several web and several worker processes on one store, with a small front that deals requests out in turn.

A process that is killed is started again, as whoever watches over a deployment would do.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from itertools import cycle
from types import TracebackType
from typing import IO, Self

from playground.serving import HOST
from playground.stage import free_port, program, until_ready
from playground.workspace import Workspace


@dataclass
class Replica:
    """One process with its own address, and how often it was killed."""

    part: str
    environment: dict[str, str]
    log: IO[bytes] | None
    process: asyncio.subprocess.Process | None = None
    deaths: int = 0

    async def run(self, is_up: asyncio.Event) -> None:
        """Until cancelled, again and again."""
        while True:
            async with program(self.environment, self.part, log=self.log) as self.process:
                if self.part == "web":
                    await until_ready(f"http://{HOST}:{self.environment['PORT']}", self.process, within=60)
                is_up.set()
                await self.process.wait()
            self.deaths += 1

    def kill(self) -> None:
        """As kill -9 does, at whatever instruction it is."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()


class Replicas:
    """`count` of each kind. Slack's requests go to the web processes one after the other."""

    def __init__(
        self, environment: dict[str, str], workspace: Workspace, count: int, log: IO[bytes] | None = None
    ) -> None:
        self.webs = [Replica("web", {**environment, "PORT": str(free_port())}, log) for _ in range(count)]
        self.workers = [Replica("worker", dict(environment), log) for _ in range(count)]
        self._workspace = workspace
        self._stack = AsyncExitStack()
        self._running: list[asyncio.Task[None]] = []

    @property
    def deaths(self) -> int:
        return sum(one.deaths for one in (*self.webs, *self.workers))

    async def __aenter__(self) -> Self:
        ups = []
        for replica in (*self.webs, *self.workers):
            ups.append(asyncio.Event())
            self._running.append(asyncio.create_task(replica.run(ups[-1])))
        await asyncio.gather(*(up.wait() for up in ups))
        front = await self._stack.enter_async_context(await _front([int(web.environment["PORT"]) for web in self.webs]))
        self._workspace.bot_url = f"http://{HOST}:{front.sockets[0].getsockname()[1]}/slack/events"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._stack.aclose()


async def _front(ports: list[int]) -> asyncio.Server:
    """Hands each connection to the next port that takes it, byte for byte."""
    turns = cycle(ports)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in ports:
            with suppress(OSError):
                onward_reader, onward = await asyncio.open_connection(HOST, next(turns))
                break
        else:
            writer.close()
            return
        await asyncio.gather(_copy(reader, onward), _copy(onward_reader, writer), return_exceptions=True)

    return await asyncio.start_server(relay, HOST, 0)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    finally:
        target.close()

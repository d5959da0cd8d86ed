"""The load: a process of its own that sends signed requests over kept connections and notes when each was answered.

Reads one JSON line (where, how many connections, how fast), then the bodies, one a line; signs them, says `ready`,
waits for a line, sends, and prints what it saw as JSON. Times are `time.monotonic()`, which all processes share.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import msgspec

from bench import traffic
from bench.processes import ROOT, Program, at_rest, end, plain_environment, python


@dataclass(slots=True)
class Plan:
    """`rate` 0: as fast as the answers come, with so many connections. Else so many a second, whatever the answers."""

    ports: list[int]
    connections: int = 1
    rate: float = 0.0
    pause_s: float = 0.0
    """Between an answer and the next request on its connection."""


@dataclass(slots=True)
class Seen:
    """One entry for each request, in the order they were given."""

    sent: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    """Of each program that was watched meanwhile."""

    @property
    def refused(self) -> int:
        return sum(1 for code in self.status if code != 200)


class Connection(asyncio.Protocol):
    """One kept connection with one request under way."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answered: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if self._answered and not self._answered.done():
            self._answered.set_result(0)

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, request: bytes) -> asyncio.Future[int]:
        self._answered = asyncio.get_running_loop().create_future()
        self._buffer.clear()
        assert self._transport is not None
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._answered is None or self._answered.done() or not self._is_whole(end):
            return
        self._answered.set_result(int(self._buffer[9:12]))

    def _is_whole(self, end: int) -> bool:
        head = bytes(self._buffer[:end]).lower()
        if b"transfer-encoding: chunked" in head:
            return self._buffer.endswith(b"0\r\n\r\n")
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0].strip()
        return len(self._buffer) >= end + 4 + int(length or 0)


class Sender:
    def __init__(self, plan: Plan, requests: list[bytes]) -> None:
        self._plan, self._requests = plan, requests
        self._seen = Seen([0.0] * len(requests), [0.0] * len(requests), [0] * len(requests))
        self._idle: deque[Connection] = deque()
        self._opened = 0

    async def run(self) -> Seen:
        plan = self._plan
        self._idle.extend([await self._open() for _ in range(plan.connections)])
        started = time.monotonic()
        if plan.rate:
            await self._steadily(started)
        else:
            pending = iter(range(len(self._requests)))
            await asyncio.gather(*(self._one_after_another(pending) for _ in range(plan.connections)))
        return self._seen

    async def _one_after_another(self, pending: Any) -> None:
        for number in pending:
            await self._send(number)
            if self._plan.pause_s:
                await asyncio.sleep(self._plan.pause_s)

    async def _steadily(self, started: float) -> None:
        sending = []
        for number in range(len(self._requests)):
            await asyncio.sleep(max(0.0, started + number / self._plan.rate - time.monotonic()))
            sending.append(asyncio.create_task(self._send(number)))
        await asyncio.gather(*sending)

    async def _send(self, number: int) -> None:
        connection = self._idle.popleft() if self._idle else await self._open()
        if not connection.is_open:
            connection = await self._open()
        sent = time.monotonic()
        status = await connection.ask(self._requests[number])
        seen = self._seen
        seen.sent[number], seen.took[number], seen.status[number] = sent, time.monotonic() - sent, status
        self._idle.append(connection)

    async def _open(self) -> Connection:
        port = self._plan.ports[self._opened % len(self._plan.ports)]
        self._opened += 1
        _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
        return connection


def main() -> None:
    plan = Plan(**msgspec.json.decode(sys.stdin.buffer.readline()))
    bodies = [base64.b64decode(line) for line in msgspec.json.decode(sys.stdin.buffer.readline())]
    requests = [traffic.signed(body) for body in bodies]
    print("ready", flush=True)
    if not sys.stdin.buffer.readline():
        return  # whoever prepared it has gone
    sys.stdout.buffer.write(msgspec.json.encode(asdict(asyncio.run(Sender(plan, requests).run()))) + b"\n")


class Load:
    """The load process as the bench sees it: prepared, let go, and ended with the block."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def prepared(cls, plan: Plan, bodies: Sequence[bytes]) -> Self:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *python("-m", "bench.load"), stdin=pipe, stdout=pipe, cwd=ROOT, env=plain_environment(), limit=2**26
        )
        load = cls(process)
        encoded = msgspec.json.encode([base64.b64encode(body).decode() for body in bodies])
        try:
            load._write(msgspec.json.encode(asdict(plan)) + b"\n" + encoded + b"\n")
            await load._line()
        except BaseException:
            await end(process)
            raise
        return load

    @property
    def pid(self) -> int:
        return self._process.pid

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await end(self._process)

    async def go(self) -> Seen:
        self._write(b"go\n")
        return Seen(**msgspec.json.decode(await self._line()))

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)

    async def _line(self) -> bytes:
        """Raises RuntimeError when it ends instead."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the load ended with exit code {await self._process.wait()}")
        return line


async def sent(plan: Plan, bodies: Sequence[bytes], watched: Sequence[Program] = ()) -> Seen:
    """All of it, and what CPU it took each of the programs watched until everything behind the answers was done."""
    async with await Load.prepared(plan, bodies) as load:
        await at_rest(watched)
        before = [program.cpu_s for program in watched]
        seen = await load.go()
    await at_rest(watched)
    seen.cpu_s = [program.cpu_s - spent for program, spent in zip(watched, before, strict=True)]
    return seen


if __name__ == "__main__":
    main()

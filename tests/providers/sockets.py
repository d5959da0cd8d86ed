"""A server small enough to misbehave in every way: it answers on a real socket what a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    closing: asyncio.Event


Act = Callable[[Connection, Seen], Awaitable[bool]]
"""Does something about a request; True when the connection may be used again."""


def answer(status: int, body: object = None, headers: Mapping[str, str] | None = None) -> Act:
    """A whole answer. A str or bytes body is sent as it is, anything else as JSON."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = {"Content-Length": str(len(raw)), **(headers or {})}
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"

    async def act(connection: Connection, _: Seen) -> bool:
        connection.writer.write(head.encode() + raw)
        await connection.writer.drain()
        return True

    return act


def ok(data: object) -> Act:
    return answer(200, {"data": data, "message": "Fine."})


def error(status: int, message: str = "No.", headers: Mapping[str, str] | None = None, **extra: object) -> Act:
    """The vendor's documented error body."""
    body = {"error": "Some Name", "message": message, "api_request_id": "00000000-0000-4000-a000-00000000beef", **extra}
    return answer(status, body, headers)


async def reset(connection: Connection, _: Seen) -> bool:
    connection.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    connection.writer.transport.abort()
    return False


async def close(connection: Connection, _: Seen) -> bool:
    return False


async def half(connection: Connection, _: Seen) -> bool:
    connection.writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"data": {')
    await connection.writer.drain()
    return False


async def garbage(connection: Connection, _: Seen) -> bool:
    connection.writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    return False


async def silence(connection: Connection, _: Seen) -> bool:
    await connection.closing.wait()
    return False


async def drip(connection: Connection, _: Seen) -> bool:
    """An answer that never ends and never pauses long enough for a read to time out."""
    connection.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not connection.closing.is_set() and not connection.writer.is_closing():
        connection.writer.write(b" ")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(connection.closing.wait(), 0.01)
    return False


@dataclass
class Scripted:
    """Answers requests with `acts` in turn; the last one stays."""

    acts: list[Act]
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self) -> Act:
        return self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]


@contextlib.asynccontextmanager
async def scripted(*acts: Act) -> AsyncIterator[Scripted]:
    script = Scripted(list(acts))
    closing = asyncio.Event()
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        connection = Connection(reader, writer, closing)
        try:
            await _converse(script, connection)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            running.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    script.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/1.0"
    try:
        yield script
    finally:
        closing.set()
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()


async def _converse(script: Scripted, connection: Connection) -> None:
    while not connection.closing.is_set():
        seen = await _read_request(connection.reader)
        script.seen.append(seen)
        script.arrived.set()
        if not await script.next()(connection, seen):
            return


async def _read_request(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Seen(method, path, headers, body)


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def full_port() -> Any:
    """A port that takes no more connections: they hang while connecting."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]

"""Slack and Byteful for measurements: a process that answers at once, or after a set time, and notes what arrived.

The playground's worlds judge every call; here only their answers count, so that what is measured is the bot. Byteful's
answers are taken from the playground's account once, at the start, so their shape is the one the bot is tested with.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import re
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import httptools
import msgspec

from bench import traffic
from bench.certificate import server_context
from playground.provider import ProviderWorld
from playground.provider_server import running_provider
from playground.serving import HOST

ORDER = {"product_code": "isp_us", "quantity": 2, "cycle_interval": "month", "cycle_interval_count": 1}
"""What every request of the bench buys."""
SERVICE = "API-0000-0000"
"""Stands in the taken answers where each purchase gets a service ID of its own."""
MARK = re.compile(rb'"service_id":\s*"[^"]+"')
HEADING = re.compile(rb'"text":\s*"(#\d+, \w+)')
"""What a card is about and says: `#1001, Ordered`."""
TRIGGER = re.compile(rb"trigger_id[\"=:\s]+([\w.]+)")

Json = dict[str, Any]


@dataclass(slots=True)
class Book:
    """What arrived: (time, side, call, key) each, and how many connections were opened."""

    calls: list[tuple[float, str, str, str]] = field(default_factory=list)
    opened: dict[str, int] = field(default_factory=lambda: {"slack": 0, "byteful": 0})
    delay_s: dict[str, float] = field(default_factory=lambda: {"slack": 0.0, "byteful": 0.0})


class Slack:
    """The Web API and the answer addresses, by method name."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def answer(self, path: str, body: bytes) -> tuple[str, str, bytes]:
        """The call's name, what it is about, and the answer."""
        call = path.rpartition("/api/")[2].partition("?")[0] if "/api/" in path else "response_url"
        if call == "response_url":
            return call, path, b"ok"
        sought = {"views.open": TRIGGER, "chat.update": HEADING}.get(call)
        found = sought.search(body) if sought else None
        return call, found[1].decode() if found else "", msgspec.json.encode({"ok": True, **self._facts(call)})

    def _facts(self, call: str) -> Json:
        number = next(self._numbers)
        match call:
            case "auth.test":
                return {"team_id": traffic.TEAM, "user_id": traffic.BOT_USER, "bot_id": "B0BENCH", "url": "https://x/"}
            case "users.info":
                return {"user": {"id": traffic.APPROVER, "team_id": traffic.TEAM, "name": "mona", "real_name": "Mona"}}
            case "usergroups.users.list":
                return {"users": [traffic.APPROVER]}
            case "conversations.open":
                return {"channel": {"id": "D0BENCH"}}
            case "chat.postMessage" | "chat.update" | "chat.postEphemeral":
                return {"channel": traffic.CHANNEL, "ts": f"1700000000.{number:06d}", "message": {}}
            case "conversations.history" | "conversations.replies":
                return {"messages": []}
            case _ if call.startswith("views."):
                return {"view": {"id": f"V{number}", "hash": f"1.{number}", "state": {"values": {}}}}
            case _:
                return {}


class Byteful:
    """Answers taken from the playground's account, by path."""

    def __init__(self, taken: dict[str, bytes]) -> None:
        self._taken = taken
        self._numbers = itertools.count(1)

    @classmethod
    async def like_the_playground(cls) -> Byteful:
        world = ProviderWorld(history=False)
        world.set_credit(0)
        keys = {"X-API-Public-Key": world.public_key, "X-API-Private-Key": world.private_key}
        async with running_provider(world) as url, aiohttp.ClientSession(headers=keys) as session:
            root, taken = f"{url}/public/user/", {}
            for path in ("checkout/catalog", "service/search", "customer/retrieve"):
                async with session.get(root + path) as answer:
                    taken[path] = await answer.read()
            for path in ("checkout/quote", "checkout/create"):
                async with session.post(root + path, json=ORDER) as answer:
                    assert answer.status in (200, 201), await answer.text()
                    taken[path] = await answer.read()
            service = msgspec.json.decode(taken["checkout/create"])["data"]["service_id"]
            async with session.get(f"{root}service/retrieve/{service}") as answer:
                taken["service/retrieve"] = await answer.read()
            world.advance(1)
        return cls({path: body.replace(service.encode(), SERVICE.encode()) for path, body in taken.items()})

    def answer(self, path: str, _body: bytes) -> tuple[str, str, bytes]:
        call = path.partition("/public/user/")[2].partition("?")[0]
        if call == "checkout/create":
            service = f"API-{next(self._numbers):08d}"
            return call, service, self._taken[call].replace(SERVICE.encode(), service.encode())
        if call.startswith(("service/retrieve", "service/edit")):
            name, _, service = call.rpartition("/")
            return name, service, self._taken["service/retrieve"].replace(SERVICE.encode(), service.encode())
        return call, "", self._taken.get(call, b'{"data": [], "page": 1, "per_page": 100, "total_count": 0}')


Answer = Callable[[str, bytes], tuple[str, str, bytes]]


class Door(asyncio.Protocol):
    """One connection to one of the worlds."""

    def __init__(self, side: str, answer: Answer, book: Book) -> None:
        self._side, self._answer, self._book = side, answer, book
        self._parser = httptools.HttpRequestParser(self)
        self._url, self._body = b"", bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._book.opened[self._side] = self._book.opened.get(self._side, 0) + 1

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._url, self._body = b"", bytearray()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        arrived = time.monotonic()
        call, key, body = self._answer(self._url.decode(), bytes(self._body))
        if call:
            self._book.calls.append((arrived, self._side, call, key))
        delay_s = self._book.delay_s.get(self._side, 0.0)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, self._send, head.encode() + body)
        else:
            self._send(head.encode() + body)

    def _send(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def control(book: Book) -> Answer:
    """What the bench asks: `/book` for what was noted since it was asked last, `/delay/SIDE/SECONDS`."""

    def answer(path: str, _body: bytes) -> tuple[str, str, bytes]:
        if path.startswith("/delay/"):
            _, _, side, seconds = path.split("/")
            book.delay_s[side] = float(seconds)
            return "", "", b"{}"
        said = msgspec.json.encode(asdict(book))
        book.calls.clear()
        book.opened.update(dict.fromkeys(book.opened, 0))
        return "", "", said

    return answer


async def serve(ports: list[int], certificate: Path | None) -> None:
    book, loop = Book(), asyncio.get_running_loop()
    tls: ssl.SSLContext | None = server_context(certificate) if certificate else None
    slack, byteful = Slack(), await Byteful.like_the_playground()
    doors = (("slack", slack.answer, tls), ("byteful", byteful.answer, None), ("control", control(book), None))
    for port, (side, answer, context) in zip(ports, doors, strict=True):
        await loop.create_server(lambda s=side, a=answer: Door(s, a, book), HOST, port, ssl=context)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("ports", nargs=3, type=int)
    parser.add_argument("--certificate", type=Path)
    given = parser.parse_args()
    sys.exit(asyncio.run(serve(given.ports, given.certificate)))


if __name__ == "__main__":
    main()

"""M: the outside calls of a command that opens the form, and of a click that approves, by hand and with nothing else.

For a command the bot opens the form at Slack, by a call that has left before it answers, and keeps the draft, by which
a repeat is noticed. For a click it reads the record, writes it, answers, hands the work on and tells the person
privately. This does the same calls in the same order over aiohttp and a single connection to the store, with the very
view the bot sends.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import msgspec
from redis.asyncio.connection import ConnectionPool

from bench import traffic
from bench.anchors.floor import is_genuine, reply, serve, whole
from bot.blocks import buy_modal

VIEW = buy_modal.loading(traffic.DRAFT)
DRAFT = msgspec.json.encode(
    {"format": 1, "id": "0" * 32, "workspace": "T0BENCH", "user": "U0ASKER", "channel": "C0BENCH"}
)
API, TOKEN = os.environ["SLACK_API_URL"], os.environ["SLACK_BOT_TOKEN"]
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

TURNS_TO_SEND = 2
"""Turns of the event loop until aiohttp has sent a request with its body."""
RECORD = b"x" * 2_000
JOB = b"x" * 300
ANSWER = msgspec.json.encode({"response_type": "ephemeral", "replace_original": False, "text": "Approved. " * 20})
session: list[aiohttp.ClientSession] = []
working: set[asyncio.Future[Any]] = set()


def slack() -> aiohttp.ClientSession:
    if not session:
        session.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ssl.create_default_context())))
    return session[0]


def behind(work: Awaitable[Any]) -> None:
    """Goes on after the answer."""
    task = asyncio.ensure_future(work)
    working.add(task)
    task.add_done_callback(working.discard)


class Store:
    """One connection: a question and its answer, then the next."""

    def __init__(self, url: str) -> None:
        pool: Any = ConnectionPool.from_url(url, protocol=2, socket_timeout=None)
        self._connection = pool.make_connection()
        self._turn = asyncio.Lock()

    async def ask(self, *command: Any) -> Any:
        async with self._turn:
            await self._connection.send_command(*command)
            return await self._connection.read_response()


store = Store(os.environ["REDIS_URL"])


async def open_form(trigger: str) -> None:
    """As far as it has to come before the answer; the rest goes on after it."""
    behind(show(msgspec.json.encode({"trigger_id": trigger, "view": VIEW})))
    for _ in range(TURNS_TO_SEND):
        await asyncio.sleep(0)
    behind(store.ask("SET", f"draft:{trigger}", DRAFT, "EX", 86_400))


async def show(form: bytes) -> None:
    async with slack().post(f"{API}views.open", data=form, headers=HEADERS) as answer:
        msgspec.json.decode(await answer.read())


async def click(payload: Any) -> None:
    key = f"anchor:{payload['actions'][0]['value']}"
    await store.ask("GET", key)
    await store.ask("SET", key, RECORD)
    behind(store.ask("LPUSH", "anchor:jobs", JOB))
    behind(tell(payload["response_url"]))


async def tell(url: str) -> None:
    async with slack().post(url, data=ANSWER, headers={"Content-Type": "application/json"}) as answer:
        await answer.read()


async def app(scope: Any, receive: Any, send: Any) -> None:
    body = await whole(receive)
    if not is_genuine(dict(scope["headers"]), body):
        await reply(send, 401)
        return
    fields = parse_qs(body.decode())
    if "payload" in fields:
        await click(msgspec.json.decode(fields["payload"][0]))
    else:
        await open_form(fields["trigger_id"][0])
    await reply(send)


if __name__ == "__main__":
    serve(app)

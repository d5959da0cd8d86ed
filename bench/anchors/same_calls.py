"""M: the outside calls of a command that opens the form, and of a click that approves, by hand and with nothing else.

For a command the bot answers, opens the form at Slack and keeps the draft, by which a repeat is noticed; for a click
it reads the record, writes it, answers, hands the work on and tells the person privately. This does the same calls over
the same client libraries, with the very view the bot sends.
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
import redis.asyncio as redis_asyncio

from bench import traffic
from bench.anchors.floor import is_genuine, reply, serve, whole
from bot.blocks import buy_modal

VIEW = buy_modal.loading(traffic.DRAFT)
DRAFT = msgspec.json.encode(
    {"format": 1, "id": "0" * 32, "workspace": "T0BENCH", "user": "U0ASKER", "channel": "C0BENCH"}
)
API, TOKEN = os.environ["SLACK_API_URL"], os.environ["SLACK_BOT_TOKEN"]
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

redis = redis_asyncio.from_url(os.environ["REDIS_URL"])
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


async def open_form(trigger: str) -> None:
    body = msgspec.json.encode({"trigger_id": trigger, "view": VIEW})

    async def ask() -> None:
        async with slack().post(f"{API}views.open", data=body, headers=HEADERS) as answer:
            msgspec.json.decode(await answer.read())

    await asyncio.gather(ask(), redis.set(f"draft:{trigger}", DRAFT, ex=86_400))


async def click(payload: Any) -> None:
    key = f"anchor:{payload['actions'][0]['value']}"
    await redis.get(key)
    await redis.set(key, RECORD)
    behind(redis.lpush("anchor:jobs", JOB))
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
        behind(open_form(fields["trigger_id"][0]))
    await reply(send)


if __name__ == "__main__":
    serve(app)

"""M: the outside calls of opening the form, by hand and with nothing else.

The bot answers, opens the form at Slack and keeps the draft, by which a repeat is noticed. This does the same calls
over the same client libraries, with the very view the bot sends.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import msgspec
import redis.asyncio as redis_asyncio

from bench.anchors.floor import is_genuine, reply, serve, whole
from bot.blocks import buy_modal
from bot.domain.ids import DraftId

VIEW = buy_modal.loading(DraftId("0" * 32))
DRAFT = msgspec.json.encode(
    {"format": 1, "id": "0" * 32, "workspace": "T0BENCH", "user": "U0ASKER", "channel": "C0BENCH"}
)
API, TOKEN = os.environ["SLACK_API_URL"], os.environ["SLACK_BOT_TOKEN"]
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

redis = redis_asyncio.from_url(os.environ["REDIS_URL"])
session: list[aiohttp.ClientSession] = []
working: set[asyncio.Task[Any]] = set()


async def open_form(trigger: str) -> None:
    if not session:
        session.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ssl.create_default_context())))
    body = msgspec.json.encode({"trigger_id": trigger, "view": VIEW})

    async def ask() -> None:
        async with session[0].post(f"{API}views.open", data=body, headers=HEADERS) as answer:
            msgspec.json.decode(await answer.read())

    await asyncio.gather(ask(), redis.set(f"draft:{trigger}", DRAFT, ex=86_400))


async def app(scope: Any, receive: Any, send: Any) -> None:
    body, headers = await whole(receive), dict(scope["headers"])
    if not is_genuine(headers, body):
        await reply(send, 401)
        return
    fields = parse_qs(body.decode())
    task = asyncio.create_task(open_form(fields["trigger_id"][0]))
    working.add(task)
    task.add_done_callback(working.discard)
    await reply(send)


if __name__ == "__main__":
    serve(app)

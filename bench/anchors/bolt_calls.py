"""D: Bolt as its guide shows it, doing the outside calls the bot does for the same errand.

A click: remember it, read the record, write it, answer privately. A command: remember it, open the form, keep a draft.
"""

from __future__ import annotations

import os
import uuid
from typing import Any

import redis.asyncio as redis_asyncio
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bench import traffic
from bot.blocks import buy_modal

VIEW = buy_modal.loading(traffic.DRAFT)
RECORD = "x" * 2_000

redis = redis_asyncio.from_url(os.environ["REDIS_URL"])
app = AsyncApp(
    client=AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
)


@app.action("approve")
async def approve(ack: Any, body: Any, respond: Any) -> None:
    await ack()
    key = f"anchor:{body['actions'][0]['value']}"
    await redis.set(f"seen:{uuid.uuid4().hex}", "1", nx=True, ex=600)
    await redis.get(key)
    await redis.set(key, RECORD)
    await respond(f"Recorded: <@{body['user']['id']}> approved it.")


@app.command("/proxy")
async def proxy(ack: Any, body: Any, client: Any) -> None:
    await ack()
    await redis.set(f"seen:{uuid.uuid4().hex}", "1", nx=True, ex=600)
    await client.views_open(trigger_id=body["trigger_id"], view=VIEW)
    await redis.set(f"draft:{uuid.uuid4().hex}", RECORD, ex=86_400)


if __name__ == "__main__":
    app.start(port=int(os.environ["PORT"]))

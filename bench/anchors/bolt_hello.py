"""B: the hello world of Bolt's own guide, on its own server (aiohttp). It records nothing.

The guide's app answers a message and a click by a post, and a command by its answer address. With `ACK_ONLY` it does
less than the guide: it acknowledges and is done.
"""

from __future__ import annotations

import os
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

ACK_ONLY = "ACK_ONLY" in os.environ

app = AsyncApp(
    client=AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
)


@app.message("hello")
async def message_hello(message: Any, say: Any) -> None:
    await say(f"Hey there <@{message['user']}>!")


@app.action("button_click")
async def action_button_click(body: Any, ack: Any, say: Any) -> None:
    await ack()
    if not ACK_ONLY:
        await say(f"<@{body['user']['id']}> clicked the button")


@app.command("/echo")
async def repeat_text(ack: Any, respond: Any, command: Any) -> None:
    await ack()
    if not ACK_ONLY:
        await respond(f"{command['text']}")


if __name__ == "__main__":
    app.start(port=int(os.environ["PORT"]))

"""The outside calls of a purchase, by hand and with nothing else: what they take by themselves is no part of the bot's.

The price beside the services, the checkout, the card's update, one after the other, over aiohttp on kept connections:
less can hardly be spent on them, so that no more is taken off than is certain.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from bench.company import Company, shown
from bench.traffic import CHANNEL
from bench.worlds import ORDER
from bot.domain.request import PurchaseRequest

JSON = {"Content-Type": "application/json"}
AT_BYTEFUL = JSON | {"X-API-Public-Key": "bench-public-key", "X-API-Private-Key": "bench-private-key"}
AT_SLACK = JSON | {"Authorization": "Bearer xoxb-bench"}


async def own_time_s(around: Company, request: PurchaseRequest) -> float:
    """Seconds from the beginning of the first call to the arrival of the last, as a purchase is measured."""
    root, order = f"http://127.0.0.1:{around.byteful_port}/1.0/public/user", msgspec.json.encode(ORDER)
    card = msgspec.json.encode(
        {"channel": CHANNEL, "ts": f"{request.id}.000100", "text": "card", "blocks": shown(request)}
    )
    await around.book()
    began = time.monotonic()
    await asyncio.gather(
        _call(around, "POST", f"{root}/checkout/quote", AT_BYTEFUL, order),
        _call(around, "GET", f"{root}/service/search?page=1&per_page=100", AT_BYTEFUL),
    )
    await _call(around, "POST", f"{root}/checkout/create", AT_BYTEFUL, order)
    await _call(around, "POST", f"{around.slack_url}/api/chat.update", AT_SLACK, card)
    calls = (await around.book())["calls"]
    arrived: list[float] = [at for at, _, call, _ in calls if call == "chat.update"]
    return max(arrived) - began


async def _call(around: Company, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Any:
    async with around.session.request(method, url, data=body, headers=headers) as answer:
        return msgspec.json.decode(await answer.read())

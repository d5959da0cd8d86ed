"""From the last approval to the invoice link on the card: the bot's own part of it, the worlds answering at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from bench.clicks import all_answered
from bench.company import Company, company
from bench.figures import Figure, Goal, percentile
from bench.load import Load, Plan
from bench.outside import own_time_s
from bench.processes import at_rest
from bot.domain.request import PurchaseRequest
from bot.store.pacer import WINDOW_MS, WINDOW_REQUESTS

ALONE = 10
SLACK_RESTS_S = 2.5
"""After this pause no limit of Slack or Byteful makes anything wait for what was before."""
TOGETHER = 9
RATE = 20.0
A_WINDOW = WINDOW_REQUESTS // 3
WINDOW_S = WINDOW_MS / 1000
"""A purchase is three requests (price, services, checkout): so many fit into each window of the account's pace."""
CARD = "worlds answer at once; one in flight. The card's update is the one that shows *Ordered*"
BEYOND = (
    "the row above without what its outside calls take by themselves: price beside services, checkout, card, made in "
    "the same run, between the purchases, by a few lines over aiohttp on kept connections (`bench/outside.py`)"
)
LIMITS = (
    "approvals at 20 a second. The account's pace is nine requests in any 1.02 s (Byteful refuses more than ten in "
    "one), and a purchase is three: so each is measured from its approval, or from 1.02 s after the moment at which "
    "the third before it could begin, whichever is later. What was bought before is not looked at meanwhile, for that "
    "counts in the same pace"
)


async def rows(_rounds: int) -> list[Figure]:
    alone: list[tuple[float, float]] = []
    outside: list[float] = []
    cpu_s: list[float] = []
    async with company() as around, around.bot("web") as web, around.bot("worker", PORT="1") as worker:
        await asyncio.sleep(2)
        for _ in range(ALONE):
            requests = await _asked_for(around, 1)
            before = worker.program.cpu_s
            alone += await _bought(around, web.port, requests, 0.0)
            await at_rest([worker.program])
            cpu_s.append(worker.program.cpu_s - before)
            outside.append(await own_time_s(around, requests[0]))
        await around.redis.delete(around.followed)
        together = await _bought(around, web.port, await _asked_for(around, TOGETHER), RATE)
    late = [took - wait for (took, _), wait in zip(together, _waits_for_the_pace(), strict=True)]
    checkout = [checkout for _, checkout in alone]
    card = [card for card, _ in alone]
    beyond = percentile(card, 50) - percentile(outside, 50)
    what = "last approval → checkout received → card updated"
    return [
        Figure(f"{what}, p50", "ms", (percentile(card, 50) * 1000,), None, CARD),
        Figure(f"{what}, p50, beyond the outside calls' own time", "ms", (beyond * 1000,), Goal(25, 10, "ms"), BEYOND),
        Figure("the outside calls by themselves, p50", "ms", (percentile(outside, 50) * 1000,)),
        Figure("last approval → checkout received, p50", "ms", (percentile(checkout, 50) * 1000,), None, CARD),
        Figure(f"{what}, p99 at 20 a second", "ms", (percentile(late, 99) * 1000,), Goal(100, 40, "ms"), LIMITS),
        Figure(
            "the same with the wait for the account's pace", "ms", (percentile([t for t, _ in together], 99) * 1000,)
        ),
        Figure("CPU of the worker per purchase (bought and told)", "ms", (percentile(cpu_s, 50) * 1000,)),
    ]


def _waits_for_the_pace() -> list[float]:
    """How long after its approval the account's pace lets each purchase begin, first come first served."""
    begins: list[float] = []
    for place in range(TOGETHER):
        approved = place / RATE
        begins.append(max(approved, begins[-A_WINDOW] + WINDOW_S) if place >= A_WINDOW else approved)
    return [begin - place / RATE for place, begin in enumerate(begins)]


async def _asked_for(around: Company, count: int) -> list[PurchaseRequest]:
    """Requests whose cards stand, at a moment at which nothing has to wait for what was before."""
    requests = await around.ask_for(count, has_cards=True)
    await around.all_said()
    await asyncio.sleep(SLACK_RESTS_S)
    return requests


async def _bought(
    around: Company, port: int, requests: Sequence[PurchaseRequest], rate: float
) -> list[tuple[float, float]]:
    """Seconds from each approval to its card, and to its checkout, in the order in which they came."""
    plan = Plan([port], rate=rate, connections=min(len(requests), 8))
    load = await Load.prepared(plan, around.presses(requests))
    await around.book()
    seen = await load.go()
    all_answered(seen)
    calls: list[Any] = []
    for _ in range(400):
        calls += (await around.book())["calls"]
        created = sorted(at for at, _, call, _ in calls if call == "checkout/create")
        shown = {about: at for at, _, call, about in reversed(calls) if call == "chat.update"}
        cards = [shown[about] for request in requests if (about := f"#{request.id}, Ordered") in shown]
        if len(cards) == len(created) == len(requests):
            return [(card - sent, bought - sent) for sent, bought, card in zip(seen.sent, created, cards, strict=True)]
        await asyncio.sleep(0.05)
    raise RuntimeError(f"only {len(cards)} of {len(requests)} purchases came to their end")

"""From the last approval to the invoice link on the card: the bot's own part of it, the worlds answering at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.clicks import all_answered
from bench.company import Company, Served, company
from bench.figures import Figure, Goal, percentile
from bench.groups import group
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


WHAT = "last approval → checkout received → card updated"
TO_CARD = Figure(f"{WHAT}, p50", "ms", note=CARD)
BEYOND_CALLS = Figure(f"{WHAT}, p50, beyond the outside calls' own time", "ms", goal=Goal(25, 10, "ms"), note=BEYOND)
CALLS = Figure("the outside calls by themselves, p50", "ms")
TO_CHECKOUT = Figure("last approval → checkout received, p50", "ms", note=CARD)
AT_RATE = Figure(f"{WHAT}, p99 at 20 a second", "ms", goal=Goal(100, 40, "ms"), note=LIMITS)
WITH_PACE = Figure("the same with the wait for the account's pace", "ms")
WORKERS_CPU = Figure("CPU of the worker per purchase (bought and told)", "ms")


@dataclass(frozen=True, slots=True)
class Bought:
    """Purchases of one go, in the order in which they were approved; in seconds from the approval."""

    cards: list[float]
    checkouts: list[float]
    cpu_s: list[float]
    """Of web, worker and store, in this order, for each purchase."""


@group(TO_CARD, BEYOND_CALLS, CALLS, TO_CHECKOUT, AT_RATE, WITH_PACE, WORKERS_CPU)
async def rows(rounds: int) -> list[Figure]:
    outside: list[float] = []
    async with company() as around, around.bot("web") as web, around.bot("worker", PORT="1") as worker:
        await asyncio.sleep(2)
        alone = []
        for _ in range(ALONE):
            requests = await _asked_for(around, 1)
            alone.append(await _bought(around, web, worker, requests, 0.0))
            outside.append(await own_time_s(around, requests[0]) * 1000)
        together = []
        for _ in range((rounds + 1) // 2):  # each takes as long as the pace of the account makes it
            await around.redis.delete(around.followed)
            requests = await _asked_for(around, TOGETHER)
            together.append(await _bought(around, web, worker, requests, RATE))
    return _figures(alone, together, outside)


def _figures(alone: list[Bought], together: list[Bought], outside: list[float]) -> list[Figure]:
    cards = [one.cards[0] * 1000 for one in alone]
    checkouts = [one.checkouts[0] * 1000 for one in alone]
    workers = [one.cpu_s[1] * 1000 for one in alone]
    beyond = [card - calls for card, calls in zip(cards, outside, strict=True)]
    late = [[card - wait for card, wait in zip(one.cards, _waits_for_the_pace(), strict=True)] for one in together]
    cpu_ms = percentile([sum(one.cpu_s) * 1000 for one in alone], 50)
    at_rate_ms = percentile([sum(one.cpu_s) * 1000 for one in together], 50)
    return [
        TO_CARD.measured(percentile(cards, 50), samples=cards, cpu_ms=cpu_ms),
        BEYOND_CALLS.measured(percentile(cards, 50) - percentile(outside, 50), samples=beyond, cpu_ms=cpu_ms),
        CALLS.measured(percentile(outside, 50), samples=outside),
        TO_CHECKOUT.measured(percentile(checkouts, 50), samples=checkouts),
        AT_RATE.measured(*(percentile(one, 99) * 1000 for one in late), cpu_ms=at_rate_ms),
        WITH_PACE.measured(*(percentile(one.cards, 99) * 1000 for one in together)),
        WORKERS_CPU.measured(percentile(workers, 50), samples=workers),
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
    around: Company, web: Served, worker: Served, requests: Sequence[PurchaseRequest], rate: float
) -> Bought:
    plan = Plan([web.port], rate=rate, connections=min(len(requests), 8))
    watched = [web.program, worker.program, around.valkey]
    await around.book()
    async with await Load.prepared(plan, around.presses(requests)) as load:
        before = [program.cpu_s for program in watched]
        seen = await load.go()
    all_answered(seen)
    calls: list[Any] = []
    for _ in range(400):
        calls += (await around.book())["calls"]
        created = sorted(at for at, _, call, _ in calls if call == "checkout/create")
        shown = {about: at for at, _, call, about in reversed(calls) if call == "chat.update"}
        cards = [shown[about] for request in requests if (about := f"#{request.id}, Ordered") in shown]
        if len(cards) == len(created) == len(requests):
            await at_rest(watched)
            spent = [program.cpu_s - earlier for program, earlier in zip(watched, before, strict=True)]
            return Bought(
                [card - sent for sent, card in zip(seen.sent, cards, strict=True)],
                [checkout - sent for sent, checkout in zip(seen.sent, created, strict=True)],
                [seconds / len(requests) for seconds in spent],
            )
        await asyncio.sleep(0.05)
    raise RuntimeError(f"only {len(cards)} of {len(requests)} purchases came to their end")

"""From the last approval to the invoice link on the card: the bot's own part of it, the worlds answering at once."""

from __future__ import annotations

import asyncio
from typing import Any

from bench.clicks import all_answered
from bench.company import Company, company
from bench.figures import Figure, Goal, percentile
from bench.load import Load, Plan

ALONE = 10
SLACK_RESTS_S = 2.5
"""After this pause no limit of Slack or Byteful makes anything wait for what was before."""
TOGETHER = 9
RATE = 20.0
READS_A_PURCHASE = 2
READS = 6
WINDOW_S = 1.05
"""Six reads in a little over a second are the account's share that is not kept for spending (see store/pacer.py)."""
CARD = (
    "worlds answer at once; one in flight. The card's update is the first one after the order: the drawing of "
    "*Approved* before it is not counted"
)
LIMITS = (
    "approvals at 20 a second. Byteful's ten requests a second allow three purchases a second, so each is measured "
    "from the moment at which the account's own pace would have let it begin"
)


async def rows(_rounds: int) -> list[Figure]:
    async with company() as around, around.bot("web") as web, around.bot("worker", PORT="1") as worker:
        await asyncio.sleep(2)
        alone: list[tuple[float, float]] = []
        before = worker.program.cpu_s
        for _ in range(ALONE):
            alone += await _bought(around, web.port, 1, 0.0)
        cpu_ms = (worker.program.cpu_s - before) / ALONE * 1000
        together = await _bought(around, web.port, TOGETHER, RATE)
    late = [max(0.0, took - _paced(place)) for place, (took, _) in enumerate(sorted(together))]
    checkout = [checkout for _, checkout in alone]
    card = [card for card, _ in alone]
    what = "last approval → checkout received → card updated"
    return [
        Figure(f"{what}, p50", "ms", (percentile(card, 50) * 1000,), Goal(25, 10, "ms"), CARD),
        Figure("last approval → checkout received, p50", "ms", (percentile(checkout, 50) * 1000,), None, CARD),
        Figure(f"{what}, p99 at 20 a second", "ms", (percentile(late, 99) * 1000,), Goal(100, 40, "ms"), LIMITS),
        Figure(
            "the same with the wait for the account's pace", "ms", (percentile([t for t, _ in together], 99) * 1000,)
        ),
        Figure("CPU of the worker per purchase (read, bought, told)", "ms", (cpu_ms,)),
    ]


def _paced(place: int) -> float:
    """When the account's pace lets the purchase in this place begin, counted from the first."""
    return place * READS_A_PURCHASE // READS * WINDOW_S - place / RATE if place * READS_A_PURCHASE >= READS else 0.0


async def _bought(around: Company, port: int, count: int, rate: float) -> list[tuple[float, float]]:
    """Seconds from each approval to its card, and to its checkout, in the order in which they came."""
    requests = await around.ask_for(count, has_cards=True)
    await around.all_said()
    await asyncio.sleep(SLACK_RESTS_S)
    load = await Load.prepared(Plan([port], rate=rate, connections=min(count, 8)), around.presses(requests))
    await around.book()
    seen = await load.go()
    all_answered(seen)
    calls: list[Any] = []
    for _ in range(400):
        calls += (await around.book())["calls"]
        if (ends := _ends(calls)) and len(ends) >= count:
            return [(card - sent, created - sent) for sent, (created, card) in zip(seen.sent, ends, strict=False)]
        await asyncio.sleep(0.05)
    raise RuntimeError(f"only {len(_ends(calls))} of {count} purchases came to their end")


def _ends(calls: list[Any]) -> list[tuple[float, float]]:
    """For each checkout in turn: when it arrived, and the first drawing of a card after it."""
    created = sorted(at for at, _, call, _ in calls if call == "checkout/create")
    drawn = sorted(at for at, _, call, _ in calls if call == "chat.update")
    ends: list[tuple[float, float]] = []
    for at in created:
        card = next((moment for moment in drawn if moment > at and moment not in {used for _, used in ends}), None)
        if card is not None:
            ends.append((at, card))
    return ends

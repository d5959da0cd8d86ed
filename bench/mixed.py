"""D6: a minute of everything at once, fifty events a second, while Byteful takes two seconds for each answer."""

from __future__ import annotations

import asyncio
import random

from bench.company import WORKSPACE, Company, company
from bench.figures import Figure, Goal, percentile
from bench.load import Load, Plan
from bench.traffic import suggestion
from bot.domain.ids import RequestId
from bot.domain.request import PurchaseRequest, State

RATE, SECONDS = 50.0, 60
PROVIDER_S = 2.0
APPROVALS = 60
"""Of a minute; the account's pace would not take more. The other clicks withdraw, look and list."""
SLOWEST_MS = 500


async def rows(_rounds: int) -> list[Figure]:
    async with company() as around, around.bot("web") as web, around.bot("worker", PORT="1"):
        await asyncio.sleep(2)
        approved = await around.ask_for(APPROVALS)
        withdrawn = await around.ask_for(int(RATE * SECONDS / 5))
        bodies = _minute(around, approved, withdrawn)
        load = await Load.prepared(Plan([web.port], connections=16, rate=RATE), bodies)
        await around.slow("byteful", PROVIDER_S)
        seen = await load.go()
        await around.slow("byteful", 0.0)
        lost = seen.refused + await _lost(around, approved, withdrawn)
    waits = [took * 1000 for took in seen.took]
    what = f"provider at {PROVIDER_S:g} s, {RATE:g} mixed events a second for a minute"
    return [
        Figure(f"{what}: slowest ack", "ms", (max(waits),), Goal(SLOWEST_MS, SLOWEST_MS, "ms")),
        Figure(f"{what}: ack p99.9", "ms", (percentile(waits, 99.9),), Goal(SLOWEST_MS, 50, "ms")),
        Figure(f"{what}: ack p50", "ms", (percentile(waits, 50),)),
        Figure(f"{what}: lost", "events", (float(lost),), Goal(0, 0, "events")),
    ]


def _minute(around: Company, approved: list[PurchaseRequest], withdrawn: list[PurchaseRequest]) -> list[bytes]:
    """Forms, lists, menus and clicks, in no particular order, as many as a minute holds."""
    count = int(RATE * SECONDS)
    view = {"id": "V1", "private_metadata": "none", "state": {"values": {}}}
    clicks = around.presses(approved) + around.withdrawals(withdrawn)
    each = (count - len(clicks)) // 4
    menus = [suggestion(number, "product", "is", view) for number in around.next_numbers(each)]
    words = [body for text in ("buy", "requests", "help") for body in around.commands(each, text)]
    bodies = clicks + menus + words
    random.Random("mixed").shuffle(bodies)
    return bodies


async def _lost(around: Company, approved: list[PurchaseRequest], withdrawn: list[PurchaseRequest]) -> int:
    """Clicks that left no trace in the record, once everything has had its time."""
    pending: set[RequestId] = set()
    for _ in range(20):
        found = await around.store.in_state(WORKSPACE, State.PENDING, limit=10_000)
        pending = {request.id for request in found} & {request.id for request in (*approved, *withdrawn)}
        if not pending:
            break
        await asyncio.sleep(0.5)
    return len(pending)

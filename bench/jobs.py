"""Work behind the clicks: how soon it goes on after its worker was killed, and how late what was put off comes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from bench.clicks import all_answered
from bench.company import WORKSPACE, Company, company
from bench.figures import Figure, Goal, percentile
from bench.groups import group
from bench.load import Plan, sent
from bot.domain.intents import CardIntent
from bot.domain.request import PurchaseRequest

LONG_S = 120.0
"""How long Byteful holds a quote back, so that a job is under way when its worker dies."""
PATIENCE_S = 60.0
LATE = 20
REDELIVERED = Figure("job redelivered after kill -9 of its worker", "s", goal=Goal(15, 5, "s"))
DELAYED = Figure("delayed work (a message due later), late, p99", "s", goal=Goal(1, 0.3, "s"))


@group(REDELIVERED)
async def redelivery(rounds: int) -> list[Figure]:
    """From kill -9 of the worker to the same question asked again by another one."""
    return [REDELIVERED.measured(*[await _one_death() for _ in range(max(1, rounds // 3))])]


async def _one_death() -> float:
    async with company() as around, AsyncExitStack() as stack:
        web = await stack.enter_async_context(around.bot("web"))
        first = await stack.enter_async_context(around.bot("worker", PORT="1"))
        await asyncio.sleep(2)
        await around.slow("byteful", LONG_S)
        await _approve_one(around, web.port)
        await _next_quote(around)
        await stack.enter_async_context(around.bot("worker", PORT="1"))
        await asyncio.sleep(2)
        await around.book()
        os.kill(first.program.pid, signal.SIGKILL)
        killed = time.monotonic()
        return await _next_quote(around) - killed


async def _approve_one(around: Company, port: int) -> None:
    all_answered(await sent(Plan([port]), around.presses(await around.ask_for(1))))


async def _next_quote(around: Company) -> float:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for at, _, call, _ in (await around.book())["calls"]:
            if call == "checkout/quote":
                return float(at)
        await asyncio.sleep(0.05)
    raise RuntimeError("the job did not come back")


@group(DELAYED)
async def delayed(_rounds: int) -> list[Figure]:
    """Messages that are due at a moment to come: how long after it they reach Slack."""
    async with company() as around, around.bot("worker", PORT="1"):
        await asyncio.sleep(3)
        requests = await around.ask_for(LATE)
        started, now = time.monotonic(), datetime.now(UTC)
        due = {request.id: started + 2 + number * 1.3 for number, request in enumerate(requests)}
        for request in requests:
            await _put_off(around, request, now + timedelta(seconds=due[request.id] - started))
        await asyncio.sleep(due[requests[-1].id] - time.monotonic() + 3)
        book = await around.book()
    posted = sorted(at for at, _, call, _ in book["calls"] if call == "chat.postMessage")
    if len(posted) != LATE:
        raise RuntimeError(f"{len(posted)} messages came of {LATE}")
    late = [at - moment for at, moment in zip(posted, sorted(due.values()), strict=True)]
    return [DELAYED.measured(percentile(late, 99), samples=late)]


async def _put_off(around: Company, request: PurchaseRequest, until: datetime) -> None:
    await around.store.ask(WORKSPACE, CardIntent(request.id), until)

"""The form: from the signed command to `views.open` at the Slack world, over TLS, beside M and D."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from bench.clicks import all_answered
from bench.company import Company, company
from bench.figures import Figure, Goal, Rounds, percentile
from bench.load import Load, Plan

ONE_BY_ONE = 60
RATE = 100.0
AT_RATE = 300
NO_TLS = "without TLS: no `openssl` command here to make a certificate with"


async def rows(rounds: int) -> list[Figure]:
    kept = Rounds()
    async with company(is_secure=True) as around, AsyncExitStack() as stack:
        programs = {
            "bot": await stack.enter_async_context(around.bot("web")),
            "M": await stack.enter_async_context(around.anchor("same_calls")),
            "D": await stack.enter_async_context(around.anchor("bolt_calls")),
        }
        note = "" if around.certificate else NO_TLS
        for number in range(rounds + 1):
            into = kept if number else Rounds()
            for name, program in programs.items():
                waits = await _waits(around, Plan([program.port], pause_s=0.015), ONE_BY_ONE)
                into.add(name, percentile(waits, 50) * 1000)
            for name in ("bot", "M"):
                program = programs[name]
                waits = await _waits(around, Plan([program.port], connections=8, rate=RATE), AT_RATE)
                into.add(f"{name} at rate", percentile(waits, 99) * 1000)
    one, at_rate = "command → `views.open` received, one in flight, p50", "the same at 100 a second, p99"
    return [
        Figure(one, "× M", kept.ratio("bot", "M"), Goal(2.0, 1.4, "× M"), note),
        Figure(one, "× D", kept.ratio("bot", "D"), Goal(0.35, 0.35, "× D"), note),
        Figure(one, "ms", kept.of("bot"), None, note),
        Figure(at_rate, "× M", kept.ratio("bot at rate", "M at rate"), Goal(2.0, 1.2, "× M"), note),
        Figure(at_rate, "ms", kept.of("bot at rate"), None, note),
    ]


async def _waits(around: Company, plan: Plan, count: int) -> list[float]:
    """Seconds from each command sent to its form at Slack."""
    numbers = around.next_numbers(count)
    bodies = around.commands_of(numbers, "buy")
    load = await Load.prepared(plan, bodies)
    await around.book()
    seen = await load.go()
    all_answered(seen)
    opened = await _opened(around, count)
    return [
        opened[f"{number}.1.trigger"] - sent
        for number, sent in zip(numbers, seen.sent, strict=True)
        if f"{number}.1.trigger" in opened
    ]


async def _opened(around: Company, count: int) -> dict[str, float]:
    """Trigger → when its `views.open` arrived. Raises RuntimeError when some never come."""
    found: dict[str, float] = {}
    for _ in range(50):
        book: dict[str, Any] = await around.book()
        found |= {key: at for at, _, call, key in book["calls"] if call == "views.open"}
        if len(found) >= count:
            return found
        await asyncio.sleep(0.1)
    raise RuntimeError(f"only {len(found)} of {count} forms were opened")

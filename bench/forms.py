"""The form: from the signed command to `views.open` at the Slack world, over TLS, beside M and D."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from bench.clicks import all_answered
from bench.company import Company, Served, company
from bench.figures import Figure, Goal, Rounds, percentile
from bench.groups import group
from bench.load import Plan, sent

ONE_BY_ONE = 60
RATE = 100.0
AT_RATE = 300
NO_TLS = "without TLS: no `openssl` command here to make a certificate with"
ONE, AT_A_RATE = "command → `views.open` received, one in flight, p50", "the same at 100 a second, p99"
ONE_M = Figure(ONE, "× M", goal=Goal(2.0, 1.4, "× M"))
ONE_D = Figure(ONE, "× D", goal=Goal(0.35, 0.35, "× D"))
ONE_ALONE = Figure(ONE, "ms")
RATE_M = Figure(AT_A_RATE, "× M", goal=Goal(2.0, 1.2, "× M"))
RATE_ALONE = Figure(AT_A_RATE, "ms")


@group(ONE_M, ONE_D, ONE_ALONE, RATE_M, RATE_ALONE)
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
            for name, served in programs.items():
                waits, cpu_ms = await _waits(around, served, Plan([served.port], pause_s=0.015), ONE_BY_ONE)
                into.add(name, percentile(waits, 50))
                into.add(f"{name} CPU", cpu_ms)
            for name in ("bot", "M"):
                plan = Plan([programs[name].port], connections=8, rate=RATE)
                waits, cpu_ms = await _waits(around, programs[name], plan, AT_RATE)
                into.add(f"{name} at rate", percentile(waits, 99))
                into.add(f"{name} at rate CPU", cpu_ms)
    one, at_rate = kept.middle("bot CPU"), kept.middle("bot at rate CPU")
    return [
        ONE_M.measured(*kept.ratio("bot", "M"), cpu_ms=one, note=note),
        ONE_D.measured(*kept.ratio("bot", "D"), cpu_ms=one, note=note),
        ONE_ALONE.measured(*kept.of("bot"), cpu_ms=one, note=note),
        RATE_M.measured(*kept.ratio("bot at rate", "M at rate"), cpu_ms=at_rate, note=note),
        RATE_ALONE.measured(*kept.of("bot at rate"), cpu_ms=at_rate, note=note),
    ]


async def _waits(around: Company, served: Served, plan: Plan, count: int) -> tuple[list[float], float]:
    """Milliseconds from each command sent to its form at Slack, and of CPU time for each."""
    numbers = around.next_numbers(count)
    await around.book()
    seen = await sent(plan, around.commands_of(numbers, "buy"), [served.program, around.valkey])
    all_answered(seen)
    opened = await _opened(around, count)
    arrived = [opened[f"{number}.1.trigger"] for number in numbers]
    waits = [(there - left) * 1000 for there, left in zip(arrived, seen.sent, strict=True)]
    return waits, sum(seen.cpu_s) / count * 1000


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

"""Clicks and commands as people and Slack meet them: how soon one is answered, and what it opens in connections."""

from __future__ import annotations

from contextlib import AsyncExitStack

from bench.company import company
from bench.figures import Figure, Goal, Rounds, percentile
from bench.groups import group
from bench.load import Plan, Seen, sent

ALONE = 60
BATCHES, BATCH = 5, 200
ACK_D = Figure("ack of one click in flight, p50", "× D", goal=Goal(0.25, 0.1, "× D"))
ACK = Figure("ack of one click in flight, p50", "ms")
OPENED = Figure("connections opened per 1,000 Slack calls", "", goal=Goal(30, 5, ""))


def all_answered(seen: Seen) -> None:
    assert not seen.refused, f"{seen.refused} of {len(seen.status)} requests were not answered with 200"


@group(ACK_D, ACK)
async def acks(rounds: int) -> list[Figure]:
    """How soon a click is answered when it is the only one, beside D."""
    kept = Rounds()
    async with company() as around, AsyncExitStack() as stack:
        web = await stack.enter_async_context(around.bot("web"))
        bolt = await stack.enter_async_context(around.anchor("bolt_calls"))
        for number in range(rounds + 1):
            into = kept if number else Rounds()
            for name, served in (("bot", web), ("D", bolt)):
                bodies = around.presses(await around.ask_for(ALONE))
                seen = await sent(Plan([served.port], pause_s=0.01), bodies, [served.program, around.valkey])
                all_answered(seen)
                into.add(name, percentile(seen.took, 50) * 1000)
                into.add(f"{name} CPU", sum(seen.cpu_s) / ALONE * 1000)
    cpu_ms = kept.middle("bot CPU")
    return [ACK_D.measured(*kept.ratio("bot", "D"), cpu_ms=cpu_ms), ACK.measured(*kept.of("bot"), cpu_ms=cpu_ms)]


@group(OPENED)
async def connections(rounds: int) -> list[Figure]:
    """Connections a new web process opens to Slack while it makes a thousand calls and more."""
    async with company() as around:
        values = []
        for _ in range(rounds):
            async with around.bot("web") as web:
                await around.book()
                for _ in range(BATCHES):
                    plan, bodies = Plan([web.port], connections=4), around.commands(BATCH, "buy")
                    all_answered(await sent(plan, bodies, [web.program]))
                book = await around.book()
            calls = sum(1 for _, side, *_ in book["calls"] if side == "slack")
            values.append(book["opened"]["slack"] / calls * 1000)
    return [OPENED.measured(*values)]

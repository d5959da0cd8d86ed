"""What the bot costs while nobody asks anything: memory, CPU and starting."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench.company import Company, Served, company
from bench.figures import Figure, Goal, Rounds
from bench.groups import group
from bench.processes import Program, python, running
from bot.domain.ids import AttemptId, ServiceId, UserId
from bot.domain.request import Approved, Attempt, Claimed, Order, Ordered, PurchaseRequest, advance
from playground.slack_driver import SlackDriver
from playground.stage import free_port

STARTS = 3
"""In each round: one takes half a second, and scatters."""
IDLE_S = 10.0
"""Of each round: as long as the most frequent turns of the worker take to come round."""
RESIDENT = "Rss: all of it that is in memory, what it shares with others counted whole"
SHARE = (
    "Pss: its own memory and its share of what several use. It falls with every other process that has the same files "
    "open, here those of the bench itself"
)
RESIDENT_B = Figure("idle web process: memory (Rss)", "× B", goal=Goal(1.8, 1.4, "× B"), note=RESIDENT)
SHARE_B = Figure("idle web process: memory (Pss)", "× B", goal=Goal(1.8, 1.4, "× B"), note=SHARE)
RESIDENT_MIB = Figure("idle web process: memory (Rss)", "MiB", note=RESIDENT)
SHARE_MIB = Figure("idle web process: memory (Pss)", "MiB", note=SHARE)
START_B = Figure("web: start to ready", "× B", goal=Goal(2.0, 1.3, "× B"))
START = Figure("web: start to ready", "s")
CPU = Figure("idle CPU of web, worker and store", "%", goal=Goal(1.0, 0.3, "%"))
DEMO_START = Figure("`make demo`, installed: command to first answered slash command", "s", goal=Goal(5, 2, "s"))
DEMO_MIB = Figure("`make demo`: memory of everything", "MiB", goal=Goal(250, 150, "MiB"), note=SHARE)


@group(RESIDENT_B, SHARE_B, RESIDENT_MIB, SHARE_MIB, START_B, START)
async def web(rounds: int) -> list[Figure]:
    """Memory of an idle web process and how soon it is ready, beside B."""
    kept = Rounds()
    async with company() as around:
        for number in range(STARTS * rounds + 1):
            into = kept if number else Rounds()
            async with around.bot("web") as bot:
                await _started(into, "bot", bot)
            async with around.anchor("bolt_hello") as hello:
                await _started(into, "B", hello)
    cpu_ms = kept.middle("bot CPU")
    return [
        RESIDENT_B.measured(*kept.ratio("bot Rss", "B Rss")),
        SHARE_B.measured(*kept.ratio("bot Pss", "B Pss")),
        RESIDENT_MIB.measured(*kept.of("bot Rss")),
        SHARE_MIB.measured(*kept.of("bot Pss")),
        START_B.measured(*kept.ratio("bot start", "B start"), cpu_ms=cpu_ms),
        START.measured(*kept.of("bot start"), cpu_ms=cpu_ms),
    ]


async def _started(kept: Rounds, name: str, served: Served) -> None:
    kept.add(f"{name} CPU", served.program.cpu_s * 1000)
    kept.add(f"{name} start", served.start_s)
    await asyncio.sleep(0.5)
    kept.add(f"{name} Rss", served.program.resident_mib)
    kept.add(f"{name} Pss", served.program.memory_mib)


@group(CPU)
async def cpu(rounds: int) -> list[Figure]:
    """Web, worker and store together, with one workspace that has a history, and nothing to do."""
    kept = Rounds()
    async with company() as around, AsyncExitStack() as stack:
        await _finished(around, 20)
        served = [await stack.enter_async_context(around.bot(part)) for part in ("web", "worker")]
        await asyncio.sleep(4)
        parts = {"web": served[0].program, "worker": served[1].program, "store": around.valkey}
        for _ in range(rounds):
            before = {name: part.cpu_s for name, part in parts.items()}
            await asyncio.sleep(IDLE_S)
            used = {name: (part.cpu_s - before[name]) / IDLE_S * 100 for name, part in parts.items()}
            for name, percent in {**used, "together": sum(used.values())}.items():
                kept.add(name, percent)
    note = "of one core: " + ", ".join(f"{name} {kept.middle(name):.2f} %" for name in parts)
    return [CPU.measured(*kept.of("together"), note=note)]


async def _finished(around: Company, count: int) -> None:
    """Requests with their whole life behind them."""
    requests = await around.ask_for(count)
    for request in requests:
        await _live(around, request)
    await around.redis.delete(around.outbox, around.followed)


async def _live(around: Company, request: PurchaseRequest) -> None:
    boss, now = UserId("U0BOSS"), datetime.now(UTC)
    attempt = Attempt(AttemptId(f"attempt-{request.id}"), request.selection.fingerprint(), now, (), 0)
    order = Order(ServiceId(f"API-{request.id:08d}"), f"https://127.0.0.1/i/{request.id}", True, 700, 0, "active")
    steps = (
        Approved(now, boss, "role:approver", "00000000"),
        Claimed(now, attempt, request.quote, ()),
        Ordered(now, order),
    )
    for event in steps:
        moved = advance(request, event)
        await around.store.move(request, moved)
        request = moved


@group(DEMO_START, DEMO_MIB)
async def demo(rounds: int) -> list[Figure]:
    """`make demo`, installed: from the command to the first answered slash command, and the memory of all of it."""
    kept = Rounds()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="proxydesk-bench-") as folder:
            port, log = free_port(), Path(folder) / "demo.log"
            command = python("-m", "playground", "demo", "--port", str(port), "--data", f"{folder}/data")
            async with running(*command, log=log) as program:
                kept.add("start", await _first_answer(port, program))
                await asyncio.sleep(1)
                kept.add("memory", sum(Program(pid, 0).memory_mib for pid in _family(program.pid)))
    return [DEMO_START.measured(*kept.of("start")), DEMO_MIB.measured(*kept.of("memory"))]


async def _first_answer(port: int, program: Program) -> float:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            async with SlackDriver(f"http://127.0.0.1:{port}") as slack:
                rita = slack.person("rita")
                delivered = await rita.types("/proxy help", channel="proxies")
                if delivered.acked:
                    return time.monotonic() - program.started_at
        await asyncio.sleep(0.02)
    raise RuntimeError("the demo did not answer")


def _family(pid: int) -> list[int]:
    """A process and all it started, the store included, which has a session of its own."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found

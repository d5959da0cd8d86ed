"""What the bot costs while nobody asks anything: memory, CPU and starting."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench.company import Company, company
from bench.figures import Figure, Goal, Rounds
from bench.processes import Program, python, running
from bot.domain.ids import AttemptId, ServiceId, UserId
from bot.domain.request import Approved, Attempt, Claimed, Order, Ordered, PurchaseRequest, advance
from playground.slack_driver import SlackDriver
from playground.stage import free_port

STARTS = 3
"""In each round: one takes half a second, and scatters."""
IDLE_S = 20.0
CONTROL = "Pss: own memory and the share of what is shared"


async def web(rounds: int) -> list[Figure]:
    """Memory of an idle web process and how soon it is ready, beside B."""
    kept = Rounds()
    async with company() as around:
        for number in range(STARTS * rounds + 1):
            into = kept if number else Rounds()
            async with around.bot("web") as bot:
                into.add("start", bot.start_s)
                await asyncio.sleep(0.5)
                into.add("memory", bot.program.memory_mib)
            async with around.anchor("bolt_hello") as hello:
                into.add("B start", hello.start_s)
                await asyncio.sleep(0.5)
                into.add("B memory", hello.program.memory_mib)
    return [
        Figure("idle web process: memory", "× B", kept.ratio("memory", "B memory"), Goal(1.8, 1.4, "× B"), CONTROL),
        Figure("idle web process: memory", "MiB", kept.of("memory"), None, CONTROL),
        Figure("web: start to ready", "× B", kept.ratio("start", "B start"), Goal(2.0, 1.3, "× B")),
        Figure("web: start to ready", "s", kept.of("start")),
    ]


async def cpu(_rounds: int) -> list[Figure]:
    """Web, worker and store together, with one workspace that has a history, and nothing to do."""
    async with company() as around, AsyncExitStack() as stack:
        await _finished(around, 20)
        served = [await stack.enter_async_context(around.bot(part)) for part in ("web", "worker")]
        await asyncio.sleep(4)
        parts = {"web": served[0].program, "worker": served[1].program, "store": around.valkey}
        before = {name: part.cpu_s for name, part in parts.items()}
        await asyncio.sleep(IDLE_S)
        used = {name: (part.cpu_s - before[name]) / IDLE_S * 100 for name, part in parts.items()}
    note = "of one core: " + ", ".join(f"{name} {percent:.2f} %" for name, percent in used.items())
    return [Figure("idle CPU of web, worker and store", "%", (sum(used.values()),), Goal(1.0, 0.3, "%"), note)]


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


async def demo(_rounds: int) -> list[Figure]:
    """`make demo`, installed: from the command to the first answered slash command, and the memory of all of it."""
    with tempfile.TemporaryDirectory(prefix="proxydesk-bench-") as folder:
        port, log = free_port(), Path(folder) / "demo.log"
        command = python("-m", "playground", "demo", "--port", str(port), "--data", f"{folder}/data")
        async with running(*command, log=log) as program:
            seconds = await _first_answer(port, program)
            await asyncio.sleep(1)
            mebibytes = sum(Program(pid, 0).memory_mib for pid in _family(program.pid))
    return [
        Figure("`make demo`, installed: command to first answered slash command", "s", (seconds,), Goal(5, 2, "s")),
        Figure("`make demo`: memory of everything", "MiB", (mebibytes,), Goal(250, 150, "MiB"), CONTROL),
    ]


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

"""Clicks and commands: what one costs in CPU, and how soon it is answered, beside Bolt's own hello world.

The cost of the bot counts the web process and the store, and what goes on behind the ack (the private answer) as well;
the anchors' their process. Bolt's hello world answers as its guide does, and records nothing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench.company import Company, Served, company
from bench.figures import Figure, Goal, Rounds, percentile
from bench.load import Load, Plan, Seen
from bench.processes import ROOT, Program, at_rest, cpu_of, running, share_a_core, until_open
from playground.stage import free_port

EVENTS = 240
"""Of each kind, of each program, in each round."""
CONNECTIONS = 4
"""To each process. Events that are under way together share the waking up of their process, and so cost less each."""
PIECES = 4
"""Of a round in which two programs are compared that differ by little, in turn."""
WARM_UP_ROUNDS = 8
NODE_FOLDER = ROOT / "var" / "bench-node"
RECORDED = "web process and store together, the private answer behind the ack included"
SIDE_BY_SIDE = "the web processes alone, at work at the same time on one core"
NO_NODE = f"not measured: no package @slack/bolt; `python -m bench --node` installs it below {NODE_FOLDER.name}"


async def cost(
    program: Served, bodies: Sequence[bytes], beside: Sequence[Program] = (), *, others: Sequence[Served] = ()
) -> float:
    """CPU milliseconds for each of these requests, until everything behind them is done. `others` share the work."""
    served = [program, *others]
    watched = [*(one.program for one in served), *beside]
    plan = Plan([one.port for one in served], connections=CONNECTIONS * len(served))
    load = await Load.prepared(plan, list(bodies))
    await at_rest(watched)
    before = cpu_of(watched)
    seen = await load.go()
    await at_rest(watched)
    all_answered(seen)
    return (cpu_of(watched) - before) / len(bodies) * 1000


def all_answered(seen: Seen) -> None:
    assert not seen.refused, f"{seen.refused} of {len(seen.status)} requests were not answered with 200"


@asynccontextmanager
async def javascript(around: Company) -> AsyncIterator[Served | None]:
    """J, when node and its package are there."""
    node = shutil.which("node")
    if node is None or not (NODE_FOLDER / "node_modules" / "@slack" / "bolt").exists():
        yield None
        return
    port, log = free_port(), around.log("hello-js")
    environment = around.environment(port) | {"NODE_PATH": str(NODE_FOLDER / "node_modules")}
    command = (node, str(Path(__file__).parent / "anchors" / "hello.js"))
    async with running(*command, environment=environment, log=log) as program:
        yield Served(program, port, await until_open(port, log=log))


def install_javascript() -> None:
    """@slack/bolt from the package registry, below `var/`."""
    NODE_FOLDER.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "@slack/bolt@5"]
    subprocess.run(command, cwd=NODE_FOLDER, check=True, env={**os.environ})


async def cpu(rounds: int) -> list[Figure]:
    """CPU per event of the bot, of B, of J and of the floor."""
    kept = Rounds()
    async with AsyncExitStack() as stack:
        around = await stack.enter_async_context(company())
        web = await stack.enter_async_context(around.bot("web"))
        hello = await stack.enter_async_context(around.anchor("bolt_hello"))
        silent = await stack.enter_async_context(around.anchor("bolt_hello", ACK_ONLY="1"))
        floor = await stack.enter_async_context(around.anchor("floor"))
        by_hand = await stack.enter_async_context(around.anchor("same_calls"))
        node = await stack.enter_async_context(javascript(around))
        if node is not None:
            await _warm_up(around, node)
        for number in range(rounds + 1):  # the first warms up
            into = kept if number else Rounds()
            await _cpu_round(around, into, web, {"B": hello, "B silent": silent, "F": floor, "M": by_hand}, node)
    return _cpu_figures(kept)


async def _warm_up(around: Company, node: Served) -> None:
    """JavaScript is compiled while it runs: without this a first round would be three times as dear as a tenth."""
    requests = await around.ask_for(EVENTS)
    for _ in range(WARM_UP_ROUNDS):
        await cost(node, around.presses(requests, "button_click"))
        await cost(node, around.commands(EVENTS, "help", "/echo"))


async def _cpu_round(
    around: Company, kept: Rounds, web: Served, anchors: Mapping[str, Served], node: Served | None
) -> None:
    requests = await around.ask_for(EVENTS)
    kept.add("click", await cost(web, around.presses(requests), [around.valkey]))
    for name, anchor in anchors.items():
        beside = [around.valkey] if name == "M" else []
        kept.add(name, await cost(anchor, around.presses(requests, "button_click"), beside))
    kept.add("command", await cost(web, around.commands(EVENTS, "help"), [around.valkey]))
    kept.add("B command", await cost(anchors["B"], around.commands(EVENTS, "help", "/echo")))
    kept.add("form", await cost(web, around.commands(EVENTS, "buy"), [around.valkey]))
    kept.add("bot rate", 2000 / (kept.of("click")[-1] + kept.of("command")[-1]))
    if node is not None:
        click = await cost(node, around.presses(requests, "button_click"))
        command = await cost(node, around.commands(EVENTS, "help", "/echo"))
        kept.add("J rate", 2000 / (click + command))


def _cpu_figures(kept: Rounds) -> list[Figure]:
    goal, rate = Goal(1.0, 0.75, "× B"), Goal(2.0, 3.0, "× J", is_at_least=True)
    has_node = bool(kept.of("J rate"))
    faster = kept.ratio("bot rate", "J rate") if has_node else ()
    return [
        Figure("CPU per click (approve, recorded)", "× B", kept.ratio("click", "B"), goal, RECORDED),
        Figure("CPU per command (`/proxy help`)", "× B", kept.ratio("command", "B command"), goal, RECORDED),
        Figure("CPU per click", "ms", kept.of("click")),
        Figure("CPU per command", "ms", kept.of("command")),
        Figure("CPU per form opened (`/proxy buy`: draft kept, form opened and drawn)", "ms", kept.of("form")),
        Figure("CPU per click of M, which makes the same calls by hand", "ms", kept.of("M"), None, RECORDED),
        Figure("CPU per click of B, which acknowledges and posts", "ms", kept.of("B")),
        Figure("CPU per click of a B that only acknowledges", "ms", kept.of("B silent")),
        Figure("CPU per click of F, which only checks the signature", "ms", kept.of("F")),
        Figure("events a second and core, clicks and commands", "× J", faster, rate, "" if has_node else NO_NODE),
        Figure("events a second and core, clicks and commands", "/s", kept.of("bot rate")),
    ]


async def in_turn(kept: Rounds, measured: Mapping[str, Callable[[], Awaitable[float]]]) -> None:
    """One round in pieces, forwards and backwards, so that what comes and goes on the machine meets all alike."""
    found: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(PIECES):
        for name in (list, reversed)[number % 2](list(measured)):
            found[name].append(await measured[name]())
    for name, values in found.items():
        kept.add(name, statistics.median(values))


async def listeners(rounds: int) -> list[Figure]:
    """The same click with 5 and with 200 registered actions."""
    many = ("-m", "bench.many_actions")
    async with company() as around, AsyncExitStack() as stack:
        few = await stack.enter_async_context(around.bot("web", module=many, ACTIONS="5"))
        lots = await stack.enter_async_context(around.bot("web", module=many, ACTIONS="200"))
        share_a_core([few.program, lots.program])

        async def ratio() -> float:
            costs = await costs_at_once(around, [few, lots])
            return costs[1] / costs[0]

        await ratio()  # warms up
        values = tuple([statistics.median([await ratio() for _ in range(PIECES)]) for _ in range(rounds)])
    what = "CPU per event with 200 registered actions against 5"
    return [Figure(what, "×", values, Goal(1.05, 1.0, "×"), SIDE_BY_SIDE)]


async def costs_at_once(around: Company, served: Sequence[Served]) -> list[float]:
    """CPU milliseconds a click takes each of these, when all answer as many at the same time."""
    bodies = around.presses(await around.ask_for(EVENTS * len(served)))
    loads = [
        await Load.prepared(Plan([one.port], connections=CONNECTIONS), bodies[number :: len(served)])
        for number, one in enumerate(served)
    ]
    watched = [one.program for one in served]
    await at_rest(watched)
    before = [program.cpu_s for program in watched]
    for seen in await asyncio.gather(*(load.go() for load in loads)):
        all_answered(seen)
    await at_rest(watched)
    return [(program.cpu_s - spent) / EVENTS * 1000 for program, spent in zip(watched, before, strict=True)]


async def acks(rounds: int) -> list[Figure]:
    """How soon a click is answered when it is the only one, beside D."""
    kept = Rounds()
    async with company() as around, AsyncExitStack() as stack:
        web = await stack.enter_async_context(around.bot("web"))
        bolt = await stack.enter_async_context(around.anchor("bolt_calls"))
        for number in range(rounds + 1):
            into = kept if number else Rounds()
            for name, program in (("bot", web), ("D", bolt)):
                bodies = around.presses(await around.ask_for(60))
                load = await Load.prepared(Plan([program.port], pause_s=0.01), bodies)
                seen = await load.go()
                all_answered(seen)
                into.add(name, percentile(seen.took, 50) * 1000)
    return [
        Figure("ack of one click in flight, p50", "× D", kept.ratio("bot", "D"), Goal(0.25, 0.1, "× D")),
        Figure("ack of one click in flight, p50", "ms", kept.of("bot")),
    ]


async def two_processes(rounds: int) -> list[Figure]:
    """What a second web process adds, told by the CPU an event costs when two share twice the work."""
    kept = Rounds()
    async with company() as around, AsyncExitStack() as stack:
        webs = [await stack.enter_async_context(around.bot("web")) for _ in range(2)]

        async def piece(*others: Served) -> float:
            bodies = around.presses(await around.ask_for(EVENTS // PIECES * (1 + len(others))))
            return await cost(webs[0], bodies, others=others)

        for number in range(rounds + 1):
            await in_turn(kept if number else Rounds(), {"one": piece, "two": lambda: piece(webs[1])})
    values = tuple(2 * one for one in kept.ratio("one", "two"))
    note = (
        "events per CPU second of both with twice the load against one: on two cores, load and store need what the "
        "second process would get"
    )
    return [Figure("2 web processes against 1", "×", values, Goal(1.85, 1.95, "×", is_at_least=True), note)]


async def connections(_rounds: int) -> list[Figure]:
    """Connections the bot opens to Slack while it makes a thousand calls and more."""
    async with company() as around, around.bot("web") as web:
        await around.book()
        for _ in range(5):
            await cost(web, around.commands(200, "buy"))
        book = await around.book()
    calls = sum(1 for _, side, *_ in book["calls"] if side == "slack")
    opened = book["opened"]["slack"] / calls * 1000
    return [Figure("connections opened per 1,000 Slack calls", "", (opened,), Goal(30, 5, ""))]

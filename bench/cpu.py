"""What an event costs in CPU time, beside Bolt's own hello world, Bolt for JavaScript and the same calls by hand.

The cost of the bot counts the web process and the store, and what goes on behind the ack (the private answer, the form)
as well; the anchors' their process. Bolt's hello world answers as its guide does, and records nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack

from bench.clicks import all_answered
from bench.company import Company, Served, company
from bench.figures import Figure, Goal, Rounds
from bench.groups import group
from bench.javascript import LEFT_OUT, javascript
from bench.load import Load, Plan, sent
from bench.processes import Program, at_rest, share_a_core

EVENTS = 240
"""Of each kind, of each program, in each round."""
MIXED = 120
"""Of each kind, where several come in turn."""
CONNECTIONS = 4
"""To each process. Events that are under way together share the waking up of their process, and so cost less each."""
PIECES = 4
"""Of a round in which two programs are compared that differ by little."""
WARM_UP_ROUNDS = 8

RECORDED = "web process and store together, what goes on behind the ack included"
MIX = (
    "approving clicks, `/proxy buy` and `/proxy requests`, one of each in turn; J answers its click and, twice, its "
    "command. By CPU time, web process and store together"
)
BY_HAND = "its click and its form, one of each in turn: of the same mix, what M can do"
SIDE_BY_SIDE = "the web processes alone, at work at the same time on one core"
TWICE = (
    "by the CPU an event takes, both processes and the store together: two processes with twice the load against one. "
    "Not by events a second, because on two cores load and store need what the second process would get"
)
FASTER, MORE = Goal(1.0, 0.75, "× B"), Goal(2.0, 3.0, "× J", is_at_least=True)
RATE = "events a second and core, clicks and commands"

CLICK_B = Figure("CPU per click (approve, recorded)", "× B", goal=FASTER, note=RECORDED)
BUY_B = Figure("CPU per `/proxy buy` (draft kept, form opened and drawn)", "× B", goal=FASTER, note=RECORDED)
LIST_B = Figure("CPU per `/proxy requests` (a list read from the store)", "× B", goal=FASTER, note=RECORDED)
CLICK = Figure("CPU per click", "ms")
BUY = Figure("CPU per `/proxy buy`", "ms")
LIST = Figure("CPU per `/proxy requests`", "ms")
HELP = Figure("CPU per `/proxy help`, which asks nobody and records nothing", "ms")
CLICK_OF_M = Figure("CPU per click of M, which makes the same calls by hand", "ms", note=RECORDED)
CLICK_OF_B = Figure("CPU per click of B, which acknowledges and posts", "ms")
COMMAND_OF_B = Figure("CPU per command of B, which acknowledges and answers", "ms")
SILENT_CLICK = Figure("CPU per click of a B that only acknowledges", "ms")
CLICK_OF_F = Figure("CPU per click of F, which only checks the signature", "ms")
RATE_J = Figure(RATE, "× J", goal=MORE, note=MIX)
RATE_OF_M_J = Figure(f"{RATE}: M, by hand", "× J", note=BY_HAND)
RATE_OF_ALL = Figure(RATE, "/s", note=MIX)

ALIKE = Figure("CPU per event with 200 registered actions against 5", "×", goal=Goal(1.05, 1.0, "×"), note=SIDE_BY_SIDE)
TWO = Figure("2 web processes against 1", "×", goal=Goal(1.85, 1.95, "×", is_at_least=True), note=TWICE)


async def cost(
    program: Served, bodies: Sequence[bytes], beside: Sequence[Program] = (), *, others: Sequence[Served] = ()
) -> float:
    """CPU milliseconds for each of these requests, until everything behind them is done. `others` share the work."""
    served = [program, *others]
    plan = Plan([one.port for one in served], connections=CONNECTIONS * len(served))
    seen = await sent(plan, bodies, [*(one.program for one in served), *beside])
    all_answered(seen)
    return sum(seen.cpu_s) / len(bodies) * 1000


@group(
    *(CLICK_B, BUY_B, LIST_B, CLICK, BUY, LIST, HELP),
    *(CLICK_OF_M, CLICK_OF_B, COMMAND_OF_B, SILENT_CLICK, CLICK_OF_F),
    *(RATE_J, RATE_OF_M_J, RATE_OF_ALL),
)
async def events(rounds: int) -> list[Figure]:
    """CPU per event of the bot, of B, of J, of M and of the floor."""
    kept = Rounds()
    async with company() as around, AsyncExitStack() as stack:
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
            await _one_by_one(around, into, web, {"B": hello, "B silent": silent, "F": floor, "M": by_hand})
            await _in_a_mix(around, into, web, by_hand, node)
    return _figures(kept)


async def _warm_up(around: Company, node: Served) -> None:
    """JavaScript is compiled while it runs: without this a first round would be three times as dear as a tenth."""
    requests = await around.ask_for(EVENTS)
    for _ in range(WARM_UP_ROUNDS):
        await cost(node, around.presses(requests, "button_click"))
        await cost(node, around.commands(EVENTS, "help", "/echo"))


async def _one_by_one(around: Company, kept: Rounds, web: Served, anchors: Mapping[str, Served]) -> None:
    """Each kind of event by itself."""
    requests = await around.ask_for(EVENTS)
    kept.add("click", await cost(web, around.presses(requests), [around.valkey]))
    for name, anchor in anchors.items():
        beside = [around.valkey] if name == "M" else []
        kept.add(name, await cost(anchor, around.presses(requests, "button_click"), beside))
    for word in ("buy", "requests", "help"):
        kept.add(word, await cost(web, around.commands(EVENTS, word), [around.valkey]))
    kept.add("B command", await cost(anchors["B"], around.commands(EVENTS, "help", "/echo")))


async def _in_a_mix(around: Company, kept: Rounds, web: Served, by_hand: Served, node: Served | None) -> None:
    """Events in a second of CPU time, of kinds that come in turn."""
    requests = await around.ask_for(MIXED)
    buys, lists, presses = (around.commands(MIXED, "buy"), around.commands(MIXED, "requests"), around.presses(requests))
    kept.add("rate", 1000 / await cost(web, in_turn(presses, buys, lists), [around.valkey]))
    presses = around.presses(requests, "button_click")
    kept.add("M rate", 1000 / await cost(by_hand, in_turn(presses, buys), [around.valkey]))
    if node is not None:
        first, second = (around.commands(MIXED, "help", "/echo") for _ in range(2))
        kept.add("J rate", 1000 / await cost(node, in_turn(presses, first, second)))


def in_turn(*kinds: Sequence[bytes]) -> list[bytes]:
    """One of each kind, then the next of each."""
    return list(itertools.chain.from_iterable(zip(*kinds, strict=True)))


def _figures(kept: Rounds) -> list[Figure]:
    if kept.of("J rate"):
        against_j = [
            one.measured(*kept.ratio(name, "J rate")) for one, name in ((RATE_J, "rate"), (RATE_OF_M_J, "M rate"))
        ]
    else:
        against_j = [one.measured(note=LEFT_OUT) for one in (RATE_J, RATE_OF_M_J)]
    return [
        CLICK_B.measured(*kept.ratio("click", "B")),
        BUY_B.measured(*kept.ratio("buy", "B command")),
        LIST_B.measured(*kept.ratio("requests", "B command")),
        CLICK.measured(*kept.of("click")),
        BUY.measured(*kept.of("buy")),
        LIST.measured(*kept.of("requests")),
        HELP.measured(*kept.of("help")),
        CLICK_OF_M.measured(*kept.of("M")),
        CLICK_OF_B.measured(*kept.of("B")),
        COMMAND_OF_B.measured(*kept.of("B command")),
        SILENT_CLICK.measured(*kept.of("B silent")),
        CLICK_OF_F.measured(*kept.of("F")),
        *against_j,
        RATE_OF_ALL.measured(*kept.of("rate")),
    ]


@group(ALIKE)
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
        values = [statistics.median([await ratio() for _ in range(PIECES)]) for _ in range(rounds)]
    return [ALIKE.measured(*values)]


async def costs_at_once(around: Company, served: Sequence[Served]) -> list[float]:
    """CPU milliseconds a click takes each of these, when all answer as many at the same time."""
    bodies = around.presses(await around.ask_for(EVENTS * len(served)))
    watched = [one.program for one in served]
    async with AsyncExitStack() as stack:
        loads = [
            await stack.enter_async_context(
                await Load.prepared(Plan([one.port], connections=CONNECTIONS), bodies[number :: len(served)])
            )
            for number, one in enumerate(served)
        ]
        await at_rest(watched)
        before = [program.cpu_s for program in watched]
        for seen in await asyncio.gather(*(load.go() for load in loads)):
            all_answered(seen)
        await at_rest(watched)
        return [(program.cpu_s - spent) / EVENTS * 1000 for program, spent in zip(watched, before, strict=True)]


@group(TWO)
async def two_processes(rounds: int) -> list[Figure]:
    """What a second web process adds."""
    kept = Rounds()
    async with company() as around, AsyncExitStack() as stack:
        webs = [await stack.enter_async_context(around.bot("web")) for _ in range(2)]

        async def piece(*others: Served) -> float:
            bodies = around.presses(await around.ask_for(EVENTS * (1 + len(others))))
            return await cost(webs[0], bodies, [around.valkey], others=others)

        for number in range(rounds + 1):
            await _there_and_back(kept if number else Rounds(), {"one": piece, "two": lambda: piece(webs[1])})
    return [TWO.measured(*(2 * ratio for ratio in kept.ratio("one", "two")))]


async def _there_and_back(kept: Rounds, measured: Mapping[str, Callable[[], Awaitable[float]]]) -> None:
    """One round, forwards and backwards, so that what comes and goes on the machine meets all alike."""
    there = {name: await measure() for name, measure in measured.items()}
    back = {name: await measured[name]() for name in reversed(list(measured))}
    for name in measured:
        kept.add(name, (there[name] + back[name]) / 2)

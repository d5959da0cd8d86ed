"""Typing into a menu over 100,000 rows: the search itself, the answer over HTTP, and what the index costs."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import msgspec

from bench.clicks import all_answered
from bench.company import company
from bench.figures import Figure, Goal, percentile
from bench.load import Load, Plan
from bench.processes import ROOT, plain_environment
from bench.traffic import signed, suggestion
from bench.typeahead import queries
from bench.typeahead import rows as named_rows
from bot.providers import PLACES_FILE
from bot.providers.byteful.place_cache import remember
from bot.providers.byteful.place_rows import Numbered, Rows
from playground.serving import HOST

RATE = 50.0
SECONDS = 6


async def index(rounds: int) -> list[Figure]:
    """Each round in a process of its own, so that memory is what this index took."""
    seen = [await _one_build() for _ in range(rounds)]

    def of(name: str) -> tuple[float, ...]:
        return tuple(one[name] for one in seen)

    return [
        Figure(
            "typeahead over 100,000 rows: search, p99 of the worst kind of query",
            "ms",
            of("p99_ms"),
            Goal(1, 0.3, "ms"),
        ),
        Figure("its index: built off the event loop in", "s", of("seconds"), Goal(1.5, 0.3, "s")),
        Figure("its index: memory kept", "MiB", of("mib"), Goal(40, 15, "MiB")),
        Figure("its index: longest stall of the event loop meanwhile", "ms", of("stall_ms"), Goal(20, 20, "ms")),
    ]


async def _one_build() -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.typeahead"),
        cwd=ROOT,
        env=plain_environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    found: dict[str, float] = msgspec.json.decode(output)
    return found


async def answers(_rounds: int) -> list[Figure]:
    """Menus answered over HTTP by the whole bot, at fifty a second."""
    async with company() as around:
        _keep_places(around.folder / "data" / PLACES_FILE)
        async with around.bot("web") as web:
            rng, view = random.Random("typed"), {"id": "V1", "private_metadata": "none", "state": {"values": {}}}
            typed = [rng.choice(texts) for texts in queries(named_rows(2_000)).values() for _ in range(60)]
            rng.shuffle(typed)
            bodies = [suggestion(number, "asn", text, view) for number, text in enumerate(typed[: int(RATE * SECONDS)])]
            await _until_found(web.port, suggestion(0, "asn", queries(named_rows(1))["number"][0], view))
            load = await Load.prepared(Plan([web.port], connections=4, rate=RATE), bodies)
            seen = await load.go()
            all_answered(seen)
    waits = [took * 1000 for took in seen.took]
    return [
        Figure("typeahead, answered at 50 a second, p99", "ms", (percentile(waits, 99),), Goal(15, 5, "ms")),
        Figure("typeahead, answered at 50 a second, p50", "ms", (percentile(waits, 50),)),
    ]


async def _until_found(port: int, body: bytes) -> None:
    """The index is built beside the serving, and what that costs is a row of its own."""
    for _ in range(300):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(signed(body))
        answer = b""
        while b"]}" not in answer and (part := await reader.read(2**16)):
            answer += part
        writer.close()
        if answer.count(b'"value"') > 1:  # besides "anywhere"
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the menu stays empty")


def _keep_places(path: Path) -> None:
    """A hundred thousand networks in the copy on disk, as a run of the bot would have left it."""
    remember(path, Rows(asns=Numbered.of((*row, "us") for row in named_rows())))

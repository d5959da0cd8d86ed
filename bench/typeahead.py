"""What 100,000 networks cost the bot: its copy on disk read, indexed, searched and written, as the bot itself does it.

The searches are those that hurt most, in no country, in the largest one and in a small one.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import random
import time
import tracemalloc
from collections.abc import Awaitable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import structlog

from bot.providers.byteful.client import BytefulClient
from bot.providers.byteful.lookups import CountryRow, SubdivisionRow
from bot.providers.byteful.place_rows import Numbered, Rows
from bot.providers.byteful.places import BytefulPlaces

ROWS = 100_000
QUERIES = 2_000
TICK_S = 0.001
SYLLABLES = (
    "al",
    "an",
    "ar",
    "ba",
    "ber",
    "bo",
    "da",
    "den",
    "el",
    "fal",
    "gar",
    "hol",
    "in",
    "ja",
    "ka",
    "lan",
    "mar",
)
COUNTRIES = [first + second for first in "uabcdefghijklmnopqrst" for second in "sxyz"]
SEARCHED = (None, COUNTRIES[1], COUNTRIES[40])
KINDS = ("Telecom", "Networks", "Communications", "Hosting", "Broadband", "Internet", "Cable", "Mobile", "Fiber")

Named = tuple[int, str]
"""A network's number and its name."""


def rows(count: int = ROWS) -> list[Named]:
    """Invented networks: names with common last words, as in real tables."""
    rng = random.Random("typeahead")
    return [(number, _name(rng)) for number in range(1, count + 1)]


def networks() -> Rows:
    """All of them, some in large countries and most in small ones."""
    rng = random.Random("countries")
    return Rows(asns=Numbered.of((*row, COUNTRIES[int(rng.paretovariate(1)) % len(COUNTRIES)]) for row in rows()))


def queries(named: list[Named], count: int = QUERIES) -> dict[str, list[str]]:
    rng = random.Random("queries")
    names = [rng.choice(named)[1] for _ in range(count)]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return {
        "one letter": [rng.choice(letters) for _ in range(count)],
        "two letters": [rng.choice(letters) + rng.choice(letters) for _ in range(count)],
        "start of a name": [name[: rng.randint(1, len(name))] for name in names],
        "words, any order": [" ".join(reversed(name.split())) for name in names],
        "one letter twice": [f"{rng.choice(letters)} {rng.choice(letters)}" for _ in range(count)],
        "common words": [f"{rng.choice(KINDS)[:3]} {rng.choice(KINDS)[:3]}" for _ in range(count)],
        "two words, no hit": [f"{rng.choice(KINDS)} {rng.choice(letters)}qx" for _ in range(count)],
        "number": [f"AS{rng.randint(1, ROWS)}" for _ in range(count)],
    }


def _name(rng: random.Random) -> str:
    first = "".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))).title()
    second = "".join(rng.choices(SYLLABLES, k=rng.randint(1, 3))).title()
    return f"{first} {second} {rng.choice(KINDS)}"


def p99_ms(places: BytefulPlaces, texts: list[str], country_id: str | None) -> float:
    taken = []
    for text in texts:
        start = time.perf_counter()
        places.search_asns(text, country_id)
        taken.append((time.perf_counter() - start) * 1000)
    return sorted(taken)[len(taken) * 99 // 100]


class Vendor:
    """Byteful's client as soon as it has read the last page."""

    def __init__(self, found: Rows) -> None:
        self._found = found

    async def countries(self, **_how: float) -> list[CountryRow]:
        return []

    async def subdivisions(self, **_how: float) -> list[SubdivisionRow]:
        return []

    async def cities(self, **_how: float) -> Numbered:
        return self._found.cities

    async def asns(self, **_how: float) -> Numbered:
        return self._found.asns


def places_at(copy: Path, found: Rows | None = None) -> BytefulPlaces:
    return BytefulPlaces(cast("BytefulClient", Vendor(found or Rows())), cache=copy)


async def beside_a_loop(doing: Awaitable[object]) -> tuple[float, float]:
    """The seconds something took, and the longest the event loop had to wait meanwhile."""
    longest, last = 0.0, time.perf_counter()

    async def tick() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            longest, last = max(longest, now - last - TICK_S), now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.05)
    longest, start = 0.0, time.perf_counter()
    await doing
    seconds = time.perf_counter() - start
    await asyncio.sleep(2 * TICK_S)
    ticking.cancel()
    return seconds, longest


async def start(places: BytefulPlaces) -> None:
    """What a process does first, until it waits for its next refresh: read its copy, index it, use it."""
    ready = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        ready.set()
        await asyncio.Event().wait()

    keeping = asyncio.create_task(places.keep_fresh(sleep=sleep))
    await ready.wait()
    keeping.cancel()


async def mebibytes_of(copy: Path) -> float:
    """All that is kept after a start; measured in one of its own, which is slower for it."""
    places = places_at(copy)
    gc.collect()
    tracemalloc.start()
    await start(places)
    gc.collect()
    mebibytes = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    return mebibytes


async def measured(folder: Path) -> dict[str, float]:
    """A start from the copy on disk, then a refresh beside what is there, which writes the copy anew."""
    copy, found = folder / "places.bin", networks()
    await places_at(copy, found).load()
    places = places_at(copy, found)
    seconds, stall = await beside_a_loop(start(places))
    _, refresh_stall = await beside_a_loop(places.load())
    kinds = queries(rows())
    slowest = max(p99_ms(places, texts, country_id) for texts in kinds.values() for country_id in SEARCHED)
    return {
        "seconds": seconds,
        "stall_ms": max(stall, refresh_stall) * 1000,
        "p99_ms": slowest,
        "mib": await mebibytes_of(copy),
    }


def main() -> None:
    """One start and one refresh, as JSON."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with TemporaryDirectory() as folder:
        said = asyncio.run(measured(Path(folder)))
    print(json.dumps(said))


if __name__ == "__main__":
    main()

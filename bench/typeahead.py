"""How quick the typeahead is: building and searching an index of 100,000 rows, with the queries that hurt most."""

from __future__ import annotations

import asyncio
import gc
import json
import random
import time
import tracemalloc

from bot.domain.typeahead import Entry, Index

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
KINDS = ("Telecom", "Networks", "Communications", "Hosting", "Broadband", "Internet", "Cable", "Mobile", "Fiber")


def rows(count: int = ROWS) -> list[Entry[str]]:
    """Invented networks: names with common last words, as in real tables."""
    rng = random.Random("typeahead")
    return [Entry(_name(rng), str(number), f"value {number}") for number in range(1, count + 1)]


def queries(entries: list[Entry[str]], count: int = QUERIES) -> dict[str, list[str]]:
    rng = random.Random("queries")
    names = [rng.choice(entries).name for _ in range(count)]
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


def p99_ms(index: Index[str], texts: list[str]) -> float:
    taken = []
    for text in texts:
        start = time.perf_counter()
        index.search(text)
        taken.append((time.perf_counter() - start) * 1000)
    return sorted(taken)[len(taken) * 99 // 100]


async def build_beside_a_loop(entries: list[Entry[str]]) -> tuple[Index[str], float, float]:
    """The index, the seconds it took in a thread, and the longest the event loop had to wait meanwhile."""
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
    gc.disable()  # as the bot does
    index = await asyncio.to_thread(Index, entries)
    gc.enable()
    seconds = time.perf_counter() - start
    await asyncio.sleep(2 * TICK_S)
    ticking.cancel()
    return index, seconds, longest


def mebibytes_of(entries: list[Entry[str]]) -> float:
    """What an index keeps, without the rows themselves; measured in a build of its own, which is slower for it."""
    gc.collect()
    tracemalloc.start()
    kept = Index(entries)
    mebibytes = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    assert len(kept) == ROWS
    return mebibytes


def main() -> None:
    """One build, as JSON."""
    entries = rows()
    index, seconds, stall = asyncio.run(build_beside_a_loop(entries))
    slowest = max(p99_ms(index, texts) for texts in queries(entries).values())
    said = {"seconds": seconds, "stall_ms": stall * 1000, "p99_ms": slowest, "mib": mebibytes_of(entries)}
    print(json.dumps(said))


if __name__ == "__main__":
    main()

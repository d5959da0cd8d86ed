"""How quick the typeahead is: building and searching an index of 100,000 rows, with the queries that hurt most."""

from __future__ import annotations

import gc
import random
import time
import tracemalloc

from bot.domain.typeahead import Entry, Index

ROWS = 100_000
QUERIES = 4_000
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


def build() -> tuple[Index[str], float, float]:
    """An index, the seconds it took, and the MiB it keeps (measured in a second build, which is slower for it)."""
    entries = rows()
    start = time.perf_counter()
    index = Index(entries)
    seconds = time.perf_counter() - start
    gc.collect()
    tracemalloc.start()
    kept = Index(entries)
    mebibytes = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    assert len(kept) == ROWS
    return index, seconds, mebibytes


def measure(index: Index[str], texts: list[str]) -> tuple[float, float]:
    """p50 and p99 of a search in milliseconds."""
    taken = []
    for text in texts:
        start = time.perf_counter()
        index.search(text)
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    return taken[len(taken) // 2], taken[len(taken) * 99 // 100]


def main() -> None:
    index, seconds, mebibytes = build()
    print(f"{ROWS:,} rows: built in {seconds:.2f} s, {mebibytes:.1f} MiB")
    print(f"{'query':<20}{'p50 ms':>10}{'p99 ms':>10}")
    for name, texts in queries(rows()).items():
        p50, p99 = measure(index, texts)
        print(f"{name:<20}{p50:>10.3f}{p99:>10.3f}")


if __name__ == "__main__":
    main()

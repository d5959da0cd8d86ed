"""Finding names while they are typed: an index of tens of thousands of rows that answers in well under a millisecond.

Words are matched by how they begin, in any order, without regard to case, accents and punctuation; `AS7018` is `7018`.
Rows are numbered in the order of their names, so that every list of rows is already ranked. Words and keys sit in one
sorted table beside one flat array of row numbers: all rows of a prefix are one slice of it. Only the few prefixes with
very many rows need more, a bitmap each, made when the index is built.

An index is built once and never changed. Building takes most of a second for 100,000 rows: do it off the event loop. No
step of it holds the interpreter for long: what loops in C is given a generator or short pieces, between which other
threads get their turn.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice
from typing import Any

from msgspec import Struct

from bot.domain.packed import LAST, Packed

LIMIT = 100
"""Rows of one answer; Slack shows no more options than this (Slack docs, block suggestions)."""
CROWDED = 1_024
"""Row numbers of a prefix from which on it gets a bitmap; below it, a set is quick enough."""
NEAR_ENOUGH = 60.0
"""Likeness, of 100, from which on a word may have been meant."""
MAX_QUERY = 200
"""Characters of a query that are looked at."""

PIECE = 2
"""Texts that begin with the same so many characters are sorted together."""
FREED_AT_ONCE = 1_000
KEY_MARK = "\0"
"""Behind a whole key that stands among the words; no word has it."""
SCOPE_MARK = "\1"
"""Around what a row lies within, which stands among the words too and is found by none that is typed."""

Slice = tuple[int, int]
"""Where the rows of a word begin and end."""

_WORD = re.compile(r"[^\W_]+")
_AS_NUMBER = re.compile(r"as(\d+)")
_JOINING = re.compile(r"[&'’.\-]")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def fold(text: str) -> str:
    """Text without case and accents."""
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(char for char in parts if not unicodedata.combining(char)).translate(_LETTERS)
    return text.lower()


def words_of(text: str) -> list[str]:
    """The words a text is searched by: `Provence-Alpes` is two, `AS7018` is `7018`."""
    folded = fold(text)
    is_plain = folded.replace(" ", "").isalnum()  # most are, and splitting is twice as quick as matching
    words = folded.split() if is_plain else _WORD.findall(folded)
    return [_number(word) for word in words] if "as" in folded else words


def _number(word: str) -> str:
    return word[2:] if word.startswith("as") and _AS_NUMBER.fullmatch(word) else word


def _joined_words(text: str) -> list[str]:
    """`AT&T` is also typed `att`, and `T-Mobile` `tmobile`."""
    return _WORD.findall(_JOINING.sub("", fold(text)))


class Entry(Struct, frozen=True):
    """A row to be found: by its `name`, which ranks it, by its `key` (an id), and among those `within` the same."""

    name: str
    key: str
    within: tuple[str, ...] = ()


class Index:
    """Rows found by what is typed, and told by their positions among those given. Equal names keep that order."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        given = list(entries)
        names = [" ".join(words_of(entry.name)) for entry in given]
        order = _in_order(names)
        self._given = array("I", order)
        self._names = Packed.of(names[position] for position in order)
        words, rows = _words_and_rows(given, names, order)
        sorted_words = _in_order(words)
        self._words = Packed.of(words[position] for position in sorted_words)
        self._starts = array("I", accumulate((len(rows[position]) for position in sorted_words), initial=0))
        self._rows = array("I", chain.from_iterable(rows[position] for position in sorted_words))
        self._bitmaps: dict[Slice, bytes] = {}
        self._map_crowded(range(len(words)), 0)
        for scaffold in (given, names, order, words, rows, sorted_words):
            _take_down(scaffold)

    def __len__(self) -> int:
        return len(self._given)

    def search(self, query: str, limit: int = LIMIT, *, within: str | None = None) -> list[int]:
        """The best rows: those called exactly so, then those whose name begins so, then those with such words."""
        words = words_of(query[:MAX_QUERY])
        scope = None if within is None else self._slice(_scope_word(within))
        if not words:
            return [self._given[row] for row in self._within(range(len(self)), scope)[:limit]]
        ranked = dict.fromkeys(islice(self._by_whole_name(" ".join(words), scope), limit))
        if len(ranked) < limit:
            for row in self._by_words(words, scope):
                ranked.setdefault(row)
                if len(ranked) == limit:
                    break
        return [self._given[row] for row in ranked]

    def position(self, key: str) -> int | None:
        """Of the row with this key."""
        start, end = self._slice(_key_text(key) + KEY_MARK)
        return self._given[self._rows[start]] if start < end else None

    def _within(self, rows: range, scope: Slice | None) -> Sequence[int]:
        """Those of the rows that lie in the scope, whose own are in order too."""
        if scope is None:
            return rows
        start = bisect_left(self._rows, rows.start, *scope)
        return self._rows[start : bisect_left(self._rows, rows.stop, start, scope[1])]

    def _by_whole_name(self, text: str, scope: Slice | None) -> Iterator[int]:
        start, end = self._slice(text + KEY_MARK)
        for row in self._rows[start:end]:
            yield from self._within(range(row, row + 1), scope)
        yield from self._within(self._names.starting_with(text), scope)

    def _by_words(self, words: list[str], scope: Slice | None) -> Iterator[int]:
        """Rows that have a word beginning with each of these, in order."""
        wanted = {self._slice(word) for word in words} | ({scope} if scope else set())
        slices = sorted(wanted, key=lambda found: found[1] - found[0])
        crowded = [self._bitmaps[found] for found in slices if found in self._bitmaps]
        sparse = [self._rows[start:end] for start, end in slices if (start, end) not in self._bitmaps]
        if not sparse:
            return _rows_in(_common(crowded))
        rows = sorted(set(sparse[0]).intersection(*sparse[1:]))
        if not crowded:
            return iter(rows)
        bitmap = _common(crowded)
        return (row for row in rows if bitmap[row >> 3] >> (row & 7) & 1)

    def _slice(self, prefix: str) -> Slice:
        words = self._words.starting_with(prefix)
        return self._starts[words.start], self._starts[words.stop]

    def _map_crowded(self, words: range, depth: int) -> int:
        """Keep a bitmap of every prefix of more than `depth` characters that very many rows of these words share.

        Returns the bitmap of all of their rows, so that no row is looked at once for each prefix.
        """
        mapped, others = 0, bytearray((len(self) + 63) // 64 * 8)
        position = words.start
        while position < words.stop:
            prefix, after = self._words[position][: depth + 1], position + 1
            is_longer = len(prefix) > depth
            if is_longer:
                after = bisect_left(self._words, prefix + LAST, after, words.stop)
            start, end = self._starts[position], self._starts[after]
            if is_longer and end - start > CROWDED:
                rows = self._map_crowded(range(position, after), depth + 1)
                self._bitmaps[start, end] = rows.to_bytes(len(others), "little")
                mapped |= rows
            else:
                for row in self._rows[start:end]:
                    others[row >> 3] |= 1 << (row & 7)
            position = after
        return mapped | int.from_bytes(others, "little")


def _in_order(texts: Sequence[str]) -> list[int]:
    """The positions of the texts, sorted; equal texts as they came.

    In pieces: one large sort lets no other thread run meanwhile.
    """
    pieces: dict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(texts):
        pieces[text[:PIECE]].append(position)
    return [position for start in sorted(pieces) for position in sorted(pieces.pop(start), key=texts.__getitem__)]


def _take_down(scaffold: list[Any]) -> None:
    """Freed in pieces: all at once they would stop every other thread meanwhile."""
    while scaffold:
        del scaffold[-FREED_AT_ONCE:]


def _words_and_rows(
    entries: Sequence[Entry], names: Sequence[str], order: Sequence[int]
) -> tuple[list[str], list[Sequence[int]]]:
    """Every word and, at the same place of the second list, the rows that have it, in order; the words are in none.

    A whole key is one more word, with a mark behind it, and so is what a row lies within.
    """
    rows_of: dict[str, list[int]] = defaultdict(list)
    rows_within: dict[str, list[int]] = defaultdict(list)
    keys: list[str] = []
    for row, position in enumerate(order):
        entry = entries[position]
        for word in names[position].split():
            rows_of[word].append(row)
        if _JOINING.search(entry.name):
            for word in _joined_words(entry.name):
                rows_of[word].append(row)
        for scope in entry.within:
            rows_within[scope].append(row)
        key = _key_text(entry.key)
        keys.append(key + KEY_MARK)
        if " " in key:
            for word in key.split()[1:]:
                rows_of[word].append(row)
    words = [*rows_of, *map(_scope_word, rows_within), *keys]
    return words, [*rows_of.values(), *rows_within.values(), *((row,) for row in range(len(order)))]


def _scope_word(scope: str) -> str:
    return f"{SCOPE_MARK}{scope}{SCOPE_MARK}"


def _key_text(key: str) -> str:
    is_number = key.isascii() and key.isdecimal()
    return key if is_number else " ".join(words_of(key))


def _common(bitmaps: list[bytes]) -> bytes:
    if len(bitmaps) == 1:
        return bitmaps[0]
    both = int.from_bytes(bitmaps[0], "little")
    for bitmap in bitmaps[1:]:
        both &= int.from_bytes(bitmap, "little")
    return both.to_bytes(len(bitmaps[0]), "little")


def _rows_in(bitmap: bytes) -> Iterator[int]:
    """The numbers of the set bits, smallest first, eight bytes at a time."""
    for position, chunk in enumerate(memoryview(bitmap).cast("Q")):
        bits = chunk
        while bits:
            lowest = bits & -bits
            yield position * 64 + lowest.bit_length() - 1
            bits ^= lowest


def nearest(word: str, choices: Iterable[str], limit: int = 3) -> list[str]:
    """The choices most like a word that is none of them, for "did you mean". Best first, none that is far off."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - a megabyte that only a misspelled word needs

    found = process.extract(
        word, list(choices), scorer=fuzz.WRatio, processor=fold, limit=limit, score_cutoff=NEAR_ENOUGH
    )
    return [choice for choice, _, _ in found]

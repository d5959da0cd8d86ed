"""Finding names while they are typed: an index of tens of thousands of rows that answers in well under a millisecond.

Words are matched by how they begin, in any order, without regard to case, accents and punctuation; `AS7018` is `7018`.
Rows are numbered in the order of their names, so that every list of rows is already ranked. Words sit in one sorted
table beside one flat array of row numbers: all rows of a prefix are one slice of it. Only the few prefixes with very
many rows need more, a bitmap each, made when the index is built.

An index is built once and never changed. Building takes about a second for 100,000 rows: do it off the event loop.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, Generic, TypeVar, overload

from msgspec import Struct

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

T = TypeVar("T")
U = TypeVar("U")

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
    return [_number(word) for word in _WORD.findall(fold(text))]


def _number(word: str) -> str:
    return word[2:] if word.startswith("as") and _AS_NUMBER.fullmatch(word) else word


def _joined_words(text: str) -> list[str]:
    """`AT&T` is also typed `att`, and `T-Mobile` `tmobile`."""
    return _WORD.findall(_JOINING.sub("", fold(text))) if _JOINING.search(text) else []


class Entry(Struct, Generic[T], frozen=True):
    """A row to be found: by its `name`, which ranks it, by its `key` (an id) and by the words in `also`."""

    name: str
    key: str
    item: T
    also: str = ""


class Packed(Sequence[str]):
    """Sorted texts in one string: a third of the memory of a list of them."""

    def __init__(self, texts: Iterable[str]) -> None:
        ends, parts, end = array("I", [0]), [], 0
        for text in texts:
            parts.append(text)
            end += len(text)
            ends.append(end)
        self._all = "".join(parts)
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        return self._all[self._ends[index] : self._ends[index + 1]]

    def starting_with(self, prefix: str) -> range:
        """The positions of all texts that begin so."""
        return range(bisect_left(self, prefix), bisect_left(self, prefix + _LAST))

    def equal_to(self, text: str) -> range:
        return range(bisect_left(self, text), bisect_left(self, text + _FIRST))


_FIRST, _LAST = "\0", chr(sys.maxunicode)


class Index(Generic[T]):
    """Rows found by what is typed. Equal names keep the order they were given in."""

    def __init__(self, entries: Iterable[Entry[T]]) -> None:
        named = _in_order((" ".join(words_of(entry.name)), entry) for entry in entries)
        self._items = [entry.item for _, entry in named]
        self._names = Packed(name for name, _ in named)
        keys = _in_order((" ".join(words_of(entry.key)), row) for row, (_, entry) in enumerate(named))
        self._keys = Packed(key for key, _ in keys)
        self._key_rows = array("I", [row for _, row in keys])
        words = _in_order(_rows_by_word(named).items())
        self._words = Packed(word for word, _ in words)
        self._starts = array("I", [0])
        self._rows = array("I")
        for _, rows in words:
            self._rows.extend(rows)
            self._starts.append(len(self._rows))
        self._bitmaps: dict[tuple[int, int], bytes] = {}
        self._map_crowded(range(len(words)), 0)
        for scaffold in (named, keys, words):
            _take_down(scaffold)

    def __len__(self) -> int:
        return len(self._items)

    def search(self, query: str, limit: int = LIMIT) -> list[T]:
        """The best rows: those called exactly so, then those whose name begins so, then those with such words."""
        words = words_of(query[:MAX_QUERY])
        if not words:
            return self._items[:limit]
        ranked = dict.fromkeys(islice(self._by_whole_name(" ".join(words)), limit))
        if len(ranked) < limit:
            for row in self._by_words(words):
                ranked.setdefault(row)
                if len(ranked) == limit:
                    break
        return [self._items[row] for row in ranked]

    def _by_whole_name(self, text: str) -> Iterator[int]:
        yield from (self._key_rows[position] for position in self._keys.equal_to(text))
        yield from self._names.starting_with(text)

    def _by_words(self, words: list[str]) -> Iterator[int]:
        """Rows that have a word beginning with each of these, in order."""
        slices = sorted({self._slice(word) for word in words}, key=lambda found: found[1] - found[0])
        crowded = [self._bitmaps[found] for found in slices if found in self._bitmaps]
        sparse = [set(self._rows[start:end]) for start, end in slices if (start, end) not in self._bitmaps]
        if not sparse:
            return _rows_in(_common(crowded))
        rows = sorted(set.intersection(*sparse))
        return (row for row in rows if all(bitmap[row >> 3] >> (row & 7) & 1 for bitmap in crowded))

    def _slice(self, prefix: str) -> tuple[int, int]:
        words = self._words.starting_with(prefix)
        return self._starts[words.start], self._starts[words.stop]

    def _map_crowded(self, words: range, depth: int) -> None:
        """Give a bitmap to every prefix of more than `depth` characters that very many rows share."""
        position = words.start
        while position < words.stop:
            word = self._words[position]
            if len(word) <= depth:
                position += 1
                continue
            group = self._words.starting_with(word[: depth + 1])
            start, end = self._starts[group.start], self._starts[group.stop]
            if end - start > CROWDED:
                self._map(start, end)
                self._map_crowded(group, depth + 1)
            position = group.stop

    def _map(self, start: int, end: int) -> None:
        if (start, end) not in self._bitmaps:
            bits = bytearray((len(self._items) + 63) // 64 * 8)
            for row in self._rows[start:end]:
                bits[row >> 3] |= 1 << (row & 7)
            self._bitmaps[start, end] = bytes(bits)


def _in_order(pairs: Iterable[tuple[str, U]]) -> list[tuple[str, U]]:
    """Sorted by text, equal texts as they came. In pieces: one large sort lets no other thread run meanwhile."""
    pieces: dict[str, list[tuple[str, U]]] = {}
    for pair in pairs:
        pieces.setdefault(pair[0][:PIECE], []).append(pair)
    return [pair for start in sorted(pieces) for pair in sorted(pieces.pop(start), key=itemgetter(0))]


def _take_down(scaffold: list[Any]) -> None:
    """Freed one by one: all at once they would stop every other thread for a tenth of a second."""
    while scaffold:
        scaffold.pop()


def _rows_by_word(named: list[tuple[str, Entry[T]]]) -> dict[str, list[int]]:
    rows_of: dict[str, list[int]] = {}
    for row, (name, entry) in enumerate(named):
        words = {*name.split(), *words_of(f"{entry.key} {entry.also}"), *_joined_words(entry.name)}
        for word in words:
            rows_of.setdefault(word, []).append(row)
    return rows_of


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

"""Finding names while they are typed: an index of tens of thousands of rows that answers in well under a millisecond.

Words are matched by how they begin, in any order, without regard to case, accents and punctuation; `AS7018` is `7018`.
Rows are numbered in the order of their names, so that every list of rows is already ranked. Words and keys sit in one
sorted table beside one flat array of row numbers: all rows of a prefix are one slice of it. Only the few prefixes with
very many rows need more, a bitmap each, made when the index is built.

An index is built once and never changed. Building takes half a second for 100,000 rows: do it off the event loop. No
step of it holds the interpreter for long: what loops in C is given a generator or short pieces, between which other
threads get their turn.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice
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
FREED_AT_ONCE = 1_000
KEY_MARK = "\0"
"""Behind a whole key that stands among the words; no word has it."""

T = TypeVar("T")

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


class Entry(Struct, Generic[T], frozen=True):
    """A row to be found: by its `name`, which ranks it, by its `key` (an id) and by the words in `also`."""

    name: str
    key: str
    item: T
    also: str = ""


class Packed(Sequence[str]):
    """Sorted texts in one string: a third of the memory of a list of them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._all = "".join(texts)
        self._ends = _sums(len(text) for text in texts)

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


_LAST = chr(sys.maxunicode)


class Index(Generic[T]):
    """Rows found by what is typed. Equal names keep the order they were given in."""

    def __init__(self, entries: Iterable[Entry[T]]) -> None:
        given = list(entries)
        names = [" ".join(words_of(entry.name)) for entry in given]
        order = _in_order(names)
        self._items = [given[position].item for position in order]
        self._names = Packed([names[position] for position in order])
        words, rows = _words_and_rows(given, names, _ranks(order))
        order = _in_order(words)
        self._words = Packed([words[position] for position in order])
        self._starts = _sums(len(rows[position]) for position in order)
        self._rows = array("I", chain.from_iterable(rows[position] for position in order))
        self._bitmaps: dict[tuple[int, int], bytes] = {}
        self._map_crowded(range(len(words)), 0)
        for scaffold in (names, words, rows):
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
        start, end = self._slice(text + KEY_MARK)
        yield from sorted(self._rows[start:end])
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

    def _map_crowded(self, words: range, depth: int) -> int:
        """Keep a bitmap of every prefix of more than `depth` characters that very many rows of these words share.

        Returns the bitmap of all of their rows, so that no row is looked at once for each prefix.
        """
        mapped, others = 0, bytearray((len(self._items) + 63) // 64 * 8)
        position = words.start
        while position < words.stop:
            prefix, after = self._words[position][: depth + 1], position + 1
            is_longer = len(prefix) > depth
            if is_longer:
                after = bisect_left(self._words, prefix + _LAST, after, words.stop)
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


def _ranks(order: Sequence[int]) -> list[int]:
    ranks = [0] * len(order)
    for rank, position in enumerate(order):
        ranks[position] = rank
    return ranks


def _sums(numbers: Iterable[int]) -> array[int]:
    """Nothing, then the first number, the first two together, and so on."""
    return array("I", accumulate(numbers, initial=0))


def _take_down(scaffold: list[Any]) -> None:
    """Freed in pieces: all at once they would stop every other thread meanwhile."""
    while scaffold:
        del scaffold[-FREED_AT_ONCE:]


def _words_and_rows(
    entries: Sequence[Entry[T]], names: Sequence[str], rows: Sequence[int]
) -> tuple[list[str], list[Sequence[int]]]:
    """Every word and, at the same place of the second list, the rows that have it; in no order, and some twice.

    A whole key is one more word, with a mark behind it.
    """
    keys = [_key_text(entry.key) for entry in entries]
    rows_of: dict[str, list[int]] = defaultdict(list)
    for entry, name, key, row in zip(entries, names, keys, rows, strict=True):
        words = name.split()
        if entry.also:
            words += words_of(entry.also)
        if _JOINING.search(entry.name):
            words += _joined_words(entry.name)
        if " " in key:
            words += key.split()[1:]
        for word in words:
            rows_of[word].append(row)
    return [*rows_of, *(key + KEY_MARK for key in keys)], [*rows_of.values(), *((row,) for row in rows)]


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

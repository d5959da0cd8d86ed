"""Many texts in one: a third of the memory of a list of them, and nothing that has to be made or freed one by one."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    Numbers = array[int]
else:
    Numbers = array  # takes no type before Python 3.12

LAST = chr(sys.maxunicode)
"""No character comes after it."""


class Packed(Struct):
    """Texts by their position. Each ends where the next one begins."""

    text: bytearray = field(default_factory=bytearray)
    ends: Numbers = field(default_factory=lambda: Numbers("I", (0,)))

    @classmethod
    def of(cls, texts: Iterable[str]) -> Packed:
        packed = cls()
        together, ends = packed.text, packed.ends
        for text in texts:
            together += text.encode()
            ends.append(len(together))
        return packed

    def append(self, text: str) -> None:
        self.text += text.encode()
        self.ends.append(len(self.text))

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, position: int) -> str:
        return self.text[self.ends[position] : self.ends[position + 1]].decode()

    def __iter__(self) -> Iterator[str]:
        start = 0
        for end in islice(self.ends, 1, None):
            yield self.text[start:end].decode()
            start = end

    def starting_with(self, prefix: str) -> range:
        """The positions of all texts that begin so, of sorted ones."""
        return range(bisect_left(self, prefix), bisect_left(self, prefix + LAST))

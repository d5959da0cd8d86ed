"""The lookup tables as they are kept, in memory and on disk.

Networks and cities are many. An object for each would take ten times the memory, and would hold the interpreter while
thousands of them are made, copied or freed: they are flat arrays, and their rows are positions.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from bot.domain.packed import Numbers, Packed


class Subdivision(Struct, frozen=True):
    name: str
    country_id: str


class Numbered(Struct):
    """Rows side by side: a number, a name, and the id of the place around it, which may be empty."""

    numbers: Numbers = field(default_factory=lambda: Numbers("q"))
    names: Packed = field(default_factory=Packed)
    places: Packed = field(default_factory=Packed)

    @classmethod
    def of(cls, rows: Iterable[tuple[int, str, str | None]]) -> Numbered:
        table = cls()
        for row in rows:
            table.append(*row)
        return table

    def append(self, number: int, name: str, place: str | None) -> None:
        self.numbers.append(number)
        self.names.append(name)
        self.places.append(place or "")

    def __len__(self) -> int:
        return len(self.numbers)

    def distinct(self) -> Numbered:
        """Each number once: pages read while the vendor's table grows may give a row twice."""
        last = {number: position for position, number in enumerate(self.numbers)}
        if len(last) == len(self):
            return self
        return Numbered.of((self.numbers[row], self.names[row], self.places[row]) for row in last.values())


class Rows(Struct):
    """All four tables. Countries are names by id."""

    countries: dict[str, str] = {}
    subdivisions: dict[str, Subdivision] = {}
    asns: Numbered = field(default_factory=Numbered)
    cities: Numbered = field(default_factory=Numbered)

"""Networks, regions and cities: found by what is typed, named, and looked at for what cannot be.

A row is known by its position in its table. What is shown of it is made then: the tables hold nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.domain.catalog import Field, Filter
from bot.domain.typeahead import LIMIT, Entry, Index, words_of
from bot.ports import PlaceOption
from bot.providers.byteful.place_rows import Numbered, Rows, Subdivision
from bot.providers.byteful.values import clean, cut

MAX_LABEL = 75
"""Characters of an option's text and value (Slack docs, option object)."""
MAX_REGION = 30
"""Characters of a region behind its city."""

_EMPTY = Index(())


@dataclass(slots=True)
class Tables:
    """The tables, and beside each the index over its rows. The country None means all of them."""

    is_loaded: bool = False
    countries: dict[str, str] = field(default_factory=dict)
    subdivisions: dict[str, Subdivision] = field(default_factory=dict)
    subdivision_ids: Sequence[str] = ()
    asns: Numbered = field(default_factory=Numbered)
    cities: Numbered = field(default_factory=Numbered)
    subdivisions_by: Index = _EMPTY
    asns_by: Index = _EMPTY
    cities_by: Index = _EMPTY

    @classmethod
    def of(cls, rows: Rows) -> Tables:
        """Takes more than half a second for a hundred thousand rows: call it in a thread."""
        asns, cities, subdivisions = rows.asns.distinct(), rows.cities.distinct(), rows.subdivisions
        tables = cls(True, rows.countries, subdivisions, tuple(subdivisions), asns, cities)
        tables.subdivisions_by = Index(
            Entry(row.name, subdivision_id, (row.country_id,)) for subdivision_id, row in subdivisions.items()
        )
        tables.asns_by = Index(
            Entry(name, str(number), (country_id,) if country_id else ())
            for number, name, country_id in zip(asns.numbers, asns.names, asns.places, strict=True)
        )
        tables.cities_by = Index(
            Entry(name, str(number), tables._around(subdivision_id))
            for number, name, subdivision_id in zip(cities.numbers, cities.names, cities.places, strict=True)
        )
        return tables

    def _around(self, subdivision_id: str) -> tuple[str, ...]:
        """What a city lies within."""
        country_id = self._country_of(subdivision_id)
        return (_region(subdivision_id),) if country_id is None else (_region(subdivision_id), country_id)

    def _country_of(self, subdivision_id: str) -> str | None:
        subdivision = self.subdivisions.get(subdivision_id)
        return subdivision.country_id if subdivision else None

    # Searches

    def search_asns(self, query: str, country_id: str | None) -> list[PlaceOption]:
        if country_id is None:
            return [self._asn(row) for row in self.asns_by.search(query)]
        own = self.asns_by.search(query, within=country_id)
        known = frozenset(own)
        room = LIMIT if len(own) < LIMIT else 1  # a full list has room for the number in full alone
        others = [row for row in self.asns_by.search(query, room) if row not in known]
        exact = [row for row in others[:1] if words_of(query) == [str(self.asns.numbers[row])]]
        shown = [*exact, *own, *others[len(exact) :]][:LIMIT]
        return [self._asn(row) if row in known else self._asn_abroad(row) for row in shown]

    def search_subdivisions(self, query: str, country_id: str | None) -> list[PlaceOption]:
        found = self.subdivisions_by.search(query, within=country_id)
        ids = [self.subdivision_ids[row] for row in found]
        return [_option(each, self.subdivisions[each].name) for each in ids]

    def search_cities(self, query: str, country_id: str | None, subdivision_id: str | None) -> list[PlaceOption]:
        within = country_id
        if subdivision_id is not None:
            if country_id is not None and self._country_of(subdivision_id) not in {None, country_id}:
                return []
            within = _region(subdivision_id)
        return [self._city(row) for row in self.cities_by.search(query, within=within)]

    # Labels

    def _asn(self, row: int) -> PlaceOption:
        number = self.asns.numbers[row]
        return _option(str(number), self.asns.names[row], f" (AS{number})")

    def _asn_abroad(self, row: int) -> PlaceOption:
        """A network of another country says which."""
        number, country_id = self.asns.numbers[row], self.asns.places[row]
        tail = f" (AS{number}, {country_id.upper()})" if country_id else f" (AS{number})"
        return _option(str(number), self.asns.names[row], tail)

    def _city(self, row: int) -> PlaceOption:
        subdivision = self.subdivisions.get(self.cities.places[row])
        tail = f", {cut(subdivision.name, MAX_REGION)}" if subdivision else ""
        return _option(str(self.cities.numbers[row]), self.cities.names[row], tail)

    # Filters

    def describe(self, chosen: Filter) -> str | None:
        parts: list[str] = []
        if chosen.asn_id is not None:
            row = self.asns_by.position(str(chosen.asn_id))
            parts.append(f"AS{chosen.asn_id}" if row is None else f"{self.asns.names[row]} (AS{chosen.asn_id})")
        if chosen.city_id is not None:
            row = self.cities_by.position(str(chosen.city_id))
            parts.append(f"city {chosen.city_id}" if row is None else self.cities.names[row])
        if subdivision_id := self._subdivision_id(chosen):
            subdivision = self.subdivisions.get(subdivision_id)
            parts.append(subdivision.name if subdivision else subdivision_id)
        return ", ".join(parts) or None

    def _subdivision_id(self, chosen: Filter) -> str | None:
        """The one chosen, else the one the city lies in."""
        if chosen.subdivision_id is not None or chosen.city_id is None:
            return chosen.subdivision_id
        row = self.cities_by.position(str(chosen.city_id))
        return None if row is None else self.cities.places[row]

    def problems_with(self, chosen: Filter, country_id: str | None) -> dict[str, str]:
        found = {
            Field.ASN: self._asn_problem(chosen.asn_id),
            Field.SUBDIVISION: self._subdivision_problem(chosen.subdivision_id, country_id),
            Field.CITY: self._city_problem(chosen, country_id),
        }
        return {name: sentence for name, sentence in found.items() if sentence is not None}

    def _asn_problem(self, asn_id: int | None) -> str | None:
        if asn_id is None or self.asns_by.position(str(asn_id)) is not None:
            return None
        return f"There is no network AS{asn_id}. Choose one from the list."

    def _subdivision_problem(self, subdivision_id: str | None, country_id: str | None) -> str | None:
        if subdivision_id is None:
            return None
        subdivision = self.subdivisions.get(subdivision_id.lower())
        if subdivision is None:
            return f"There is no region {clean(subdivision_id, 30)}. Choose one from the list."
        if country_id is not None and subdivision.country_id != country_id:
            return f"{subdivision.name} is not in {self._country_name(country_id)}. Choose another region."
        return None

    def _city_problem(self, chosen: Filter, country_id: str | None) -> str | None:
        if chosen.city_id is None:
            return None
        row = self.cities_by.position(str(chosen.city_id))
        if row is None:
            return f"There is no city with the number {chosen.city_id}. Choose one from the list."
        name, subdivision_id = self.cities.names[row], self.cities.places[row]
        if chosen.subdivision_id is not None and subdivision_id != chosen.subdivision_id.lower():
            return f"{name} is not in the chosen region. Choose another city, or leave the region empty."
        if country_id is not None and self._country_of(subdivision_id) not in {None, country_id}:
            return f"{name} is not in {self._country_name(country_id)}. Choose another city."
        return None

    def _country_name(self, country_id: str) -> str:
        return self.countries.get(country_id, country_id.upper())


def _region(subdivision_id: str) -> str:
    """What its cities lie within; a country's id stands for itself."""
    return f"region {subdivision_id}"


def _option(value: str, name: str, tail: str = "") -> PlaceOption:
    label = f"{cut(name, MAX_LABEL - len(tail))}{tail}"
    return PlaceOption(value[:MAX_LABEL], label or value)

"""Byteful's networks and places, kept in memory and searched while somebody types.

The tables are read whole, one page after another, and swapped in at once when the last one is there: a search sees
either all of the old or all of the new. A refresh that fails leaves the old ones standing.
"""

from __future__ import annotations

import asyncio
import gc
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import structlog

from bot.domain.catalog import Field, Filter
from bot.domain.errors import ProviderError
from bot.domain.typeahead import LIMIT, Entry, Index, words_of
from bot.ports import PlaceOption
from bot.providers.byteful.client import BytefulClient
from bot.providers.byteful.lookups import AsnRow, CityRow, Rows, SubdivisionRow
from bot.providers.byteful.place_cache import recall, remember
from bot.providers.byteful.values import clean, cut

MAX_LABEL = 75
"""Characters of an option's text and value (Slack docs, option object)."""
PAGE_PAUSE_S = 0.15
"""Between two pages of a table, so that people's own questions find room in the account's ten requests a second."""
REFRESH_EVERY_S = 12 * 3600.0
REFRESH_JITTER = 0.2
RETRY_AFTER_S = 30.0
SMALL_INDEXES = 128
"""Subdivisions whose cities keep an index of their own, made when first asked for."""

_log = structlog.get_logger()
_EMPTY: Index[PlaceOption] = Index(())


class BytefulPlaces:
    """Implements `bot.ports.Places`. Load it once with `load()`, then let `keep_fresh()` run beside the app."""

    def __init__(self, client: BytefulClient, *, page_pause_s: float = PAGE_PAUSE_S, cache: Path | None = None) -> None:
        self._client = client
        self._page_pause_s = page_pause_s
        self._cache = cache
        self._tables = Tables()

    @property
    def is_loaded(self) -> bool:
        return self._tables.is_loaded

    async def load(self) -> None:
        """Read everything and start to use it. Raises ProviderError, and what was known before stays."""
        pause_s = self._page_pause_s
        rows = Rows(
            countries=await self._client.countries(pause_s=pause_s),
            subdivisions=await self._client.subdivisions(pause_s=pause_s),
            asns=await self._client.asns(pause_s=pause_s),
            cities=await self._client.cities(pause_s=pause_s),
        )
        await self._use(rows)
        if self._cache is not None:
            await asyncio.to_thread(remember, self._cache, rows)

    async def refresh(self) -> bool:
        """Load again. False, with a line in the log, when that failed."""
        try:
            await self.load()
        except ProviderError as error:
            _log.warning("places_not_refreshed", error=str(error), is_loaded=self.is_loaded)
            return False
        return True

    async def keep_fresh(
        self, every_s: float = REFRESH_EVERY_S, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Load now and again every `every_s` seconds or so, sooner after a failure. Runs until it is cancelled.

        A copy on disk is used at once, and counts as loaded for as long as it is young enough.
        """
        age_s = await self._recall()
        if age_s is not None and age_s < every_s:
            await sleep((every_s - age_s) * _jitter())
        while True:
            wait_s = every_s if await self.refresh() else RETRY_AFTER_S
            await sleep(wait_s * _jitter())

    async def _recall(self) -> float | None:
        """Use the copy on disk; its age in seconds, or None when there is none."""
        found = await asyncio.to_thread(recall, self._cache) if self._cache else None
        if found is None:
            return None
        rows, age_s = found
        await self._use(rows)
        return age_s

    async def _use(self, rows: Rows) -> None:
        """Index off the event loop, then swap the tables at once."""
        self._tables = await asyncio.to_thread(_built, rows)
        _log.info("places_loaded", asns=len(rows.asns), subdivisions=len(rows.subdivisions), cities=len(rows.cities))

    def search_asns(self, query: str, country_id: str | None) -> list[PlaceOption]:
        """Networks of the country first, then those of others: a network may span countries. Its number wins always."""
        return self._tables.search_asns(query, _lower(country_id))

    def search_subdivisions(self, query: str, country_id: str | None) -> list[PlaceOption]:
        return self._tables.subdivisions_in.get(_lower(country_id), _EMPTY).search(query)

    def search_cities(self, query: str, country_id: str | None, subdivision_id: str | None) -> list[PlaceOption]:
        return self._tables.search_cities(query, _lower(country_id), _lower(subdivision_id))

    def country(self, country_id: str) -> str | None:
        return self._tables.countries.get(country_id.lower())

    def describe(self, chosen: Filter) -> str | None:
        return self._tables.describe(chosen)

    def problems_with(self, chosen: Filter, country_id: str | None) -> Mapping[str, str]:
        return self._tables.problems_with(chosen, _lower(country_id)) if self.is_loaded else {}


@dataclass(slots=True)
class Tables:
    """Everything known, by id, and the indexes over it. The country None means all of them."""

    is_loaded: bool = False
    countries: dict[str, str] = field(default_factory=dict)
    subdivisions: dict[str, SubdivisionRow] = field(default_factory=dict)
    asns: dict[int, AsnRow] = field(default_factory=dict)
    cities: dict[int, CityRow] = field(default_factory=dict)
    asns_in: dict[str | None, Index[PlaceOption]] = field(default_factory=dict)
    subdivisions_in: dict[str | None, Index[PlaceOption]] = field(default_factory=dict)
    cities_in: dict[str | None, Index[PlaceOption]] = field(default_factory=dict)
    cities_of: Callable[[str], Index[PlaceOption]] = lambda _: _EMPTY

    @classmethod
    def of(cls, rows: Rows) -> Tables:
        """Takes a second for a hundred thousand rows: call it in a thread."""
        tables = cls(
            is_loaded=True,
            countries={row.country_id: clean(row.country_name) for row in rows.countries},
            subdivisions={row.subdivision_id: row for row in rows.subdivisions},
            asns={row.asn_id: row for row in rows.asns},
            cities={row.city_id: row for row in rows.cities},
        )
        tables.asns_in.update(_by_country((row.country_id, tables.asn_entry(row)) for row in tables.asns.values()))
        tables.subdivisions_in.update(
            _by_country((row.country_id, tables.subdivision_entry(row)) for row in tables.subdivisions.values())
        )
        by_subdivision: dict[str, list[Entry[PlaceOption]]] = defaultdict(list)
        for city in tables.cities.values():
            by_subdivision[city.subdivision_id].append(tables.city_entry(city))
        tables.cities_in.update(
            _by_country(
                (tables.country_of(subdivision), entry)
                for subdivision, entries in by_subdivision.items()
                for entry in entries
            )
        )
        tables.cities_of = lru_cache(SMALL_INDEXES)(lambda subdivision: Index(by_subdivision.get(subdivision, ())))
        return tables

    # Rows and their labels

    def asn_entry(self, row: AsnRow) -> Entry[PlaceOption]:
        tail = f" (AS{row.asn_id})"
        return _entry(clean(row.asn_name), tail, str(row.asn_id))

    def subdivision_entry(self, row: SubdivisionRow) -> Entry[PlaceOption]:
        return _entry(clean(row.subdivision_name), "", row.subdivision_id)

    def city_entry(self, row: CityRow) -> Entry[PlaceOption]:
        subdivision = self.subdivisions.get(row.subdivision_id)
        tail = f", {clean(subdivision.subdivision_name, 30)}" if subdivision else ""
        return _entry(clean(row.city_name), tail, str(row.city_id))

    def country_of(self, subdivision_id: str) -> str | None:
        subdivision = self.subdivisions.get(subdivision_id)
        return subdivision.country_id if subdivision else None

    # Searches

    def search_asns(self, query: str, country_id: str | None) -> list[PlaceOption]:
        everywhere = self.asns_in.get(None, _EMPTY).search(query)
        if country_id is None:
            return everywhere
        own = self.asns_in.get(country_id, _EMPTY).search(query)
        known = {option.value for option in own}
        others = [self._abroad(option) for option in everywhere if option.value not in known]
        exact = [option for option in others[:1] if words_of(query) == [option.value]]
        return [*exact, *own, *(option for option in others if option not in exact)][:LIMIT]

    def _abroad(self, option: PlaceOption) -> PlaceOption:
        """A network of another country says which."""
        row = self.asns[int(option.value)]
        tail = f" (AS{row.asn_id}, {row.country_id.upper()})" if row.country_id else f" (AS{row.asn_id})"
        return _entry(clean(row.asn_name), tail, option.value).item

    def search_cities(self, query: str, country_id: str | None, subdivision_id: str | None) -> list[PlaceOption]:
        if subdivision_id is None:
            return self.cities_in.get(country_id, _EMPTY).search(query)
        if country_id is not None and self.country_of(subdivision_id) not in {None, country_id}:
            return []
        return self.cities_of(subdivision_id).search(query)

    # Filters

    def describe(self, chosen: Filter) -> str | None:
        parts: list[str] = []
        if chosen.asn_id is not None:
            asn = self.asns.get(chosen.asn_id)
            parts.append(f"{clean(asn.asn_name)} (AS{chosen.asn_id})" if asn else f"AS{chosen.asn_id}")
        if chosen.city_id is not None:
            city = self.cities.get(chosen.city_id)
            parts.append(clean(city.city_name) if city else f"city {chosen.city_id}")
        if subdivision_id := self._subdivision_id(chosen):
            subdivision = self.subdivisions.get(subdivision_id)
            parts.append(clean(subdivision.subdivision_name) if subdivision else subdivision_id)
        return ", ".join(parts) or None

    def _subdivision_id(self, chosen: Filter) -> str | None:
        """The one chosen, else the one the city lies in."""
        if chosen.subdivision_id is not None or chosen.city_id is None:
            return chosen.subdivision_id
        city = self.cities.get(chosen.city_id)
        return city.subdivision_id if city else None

    def problems_with(self, chosen: Filter, country_id: str | None) -> dict[str, str]:
        found = {
            Field.ASN: self._asn_problem(chosen.asn_id),
            Field.SUBDIVISION: self._subdivision_problem(chosen.subdivision_id, country_id),
            Field.CITY: self._city_problem(chosen, country_id),
        }
        return {name: sentence for name, sentence in found.items() if sentence is not None}

    def _asn_problem(self, asn_id: int | None) -> str | None:
        if asn_id is None or asn_id in self.asns:
            return None
        return f"There is no network AS{asn_id}. Choose one from the list."

    def _subdivision_problem(self, subdivision_id: str | None, country_id: str | None) -> str | None:
        if subdivision_id is None:
            return None
        subdivision = self.subdivisions.get(subdivision_id.lower())
        if subdivision is None:
            return f"There is no region {clean(subdivision_id, 30)}. Choose one from the list."
        if country_id is not None and subdivision.country_id != country_id:
            return (
                f"{clean(subdivision.subdivision_name)} is not in {self._country(country_id)}. Choose another region."
            )
        return None

    def _city_problem(self, chosen: Filter, country_id: str | None) -> str | None:
        if chosen.city_id is None:
            return None
        city = self.cities.get(chosen.city_id)
        if city is None:
            return f"There is no city with the number {chosen.city_id}. Choose one from the list."
        name = clean(city.city_name)
        if chosen.subdivision_id is not None and city.subdivision_id != chosen.subdivision_id.lower():
            return f"{name} is not in the chosen region. Choose another city, or leave the region empty."
        if country_id is not None and self.country_of(city.subdivision_id) not in {None, country_id}:
            return f"{name} is not in {self._country(country_id)}. Choose another city."
        return None

    def _country(self, country_id: str) -> str:
        return self.countries.get(country_id, country_id.upper())


def _built(rows: Rows) -> Tables:
    """Without the collector, which would stop everything to look at a million new values; they hold no cycles."""
    gc.disable()
    try:
        return Tables.of(rows)
    finally:
        gc.freeze()  # what is kept for hours needs no looking at either
        gc.enable()


def _entry(name: str, tail: str, value: str) -> Entry[PlaceOption]:
    """`name` is clean already."""
    label = f"{cut(name, MAX_LABEL - len(tail))}{tail}"
    return Entry(name, value, PlaceOption(value[:MAX_LABEL], label or value))


def _by_country(rows: Iterable[tuple[str | None, Entry[PlaceOption]]]) -> dict[str | None, Index[PlaceOption]]:
    """An index for each country and, under None, one over all. Entries are freed by country, never all at once."""
    kept: dict[str | None, list[Entry[PlaceOption]]] = defaultdict(list)
    for country_id, entry in rows:
        kept[None].append(entry)
        if country_id is not None:
            kept[country_id].append(entry)
    return {country_id: Index(kept.pop(country_id)) for country_id in list(kept)}


def _jitter() -> float:
    return random.uniform(1 - REFRESH_JITTER, 1 + REFRESH_JITTER)


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None

"""Byteful's networks and places, kept in memory and searched while somebody types.

The tables are read whole, one page after another, and swapped in at once when the last one is there: a search sees
either all of the old or all of the new. A refresh that fails leaves the old ones standing.
"""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog

from bot.domain.catalog import Filter
from bot.domain.errors import ProviderError
from bot.ports import PlaceOption
from bot.providers.byteful.client import BytefulClient
from bot.providers.byteful.place_cache import recall, remember
from bot.providers.byteful.place_rows import Rows, Subdivision
from bot.providers.byteful.place_tables import Tables

PAGE_PAUSE_S = 0.15
"""Between two pages of a table, so that people's own questions find room in the account's ten requests a second."""
REFRESH_EVERY_S = 12 * 3600.0
REFRESH_JITTER = 0.2
RETRY_AFTER_S = 30.0

_log = structlog.get_logger()


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
            countries={row.country_id: row.country_name for row in await self._client.countries(pause_s=pause_s)},
            subdivisions={
                row.subdivision_id: Subdivision(row.subdivision_name, row.country_id)
                for row in await self._client.subdivisions(pause_s=pause_s)
            },
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
        return self._tables.search_subdivisions(query, _lower(country_id))

    def search_cities(self, query: str, country_id: str | None, subdivision_id: str | None) -> list[PlaceOption]:
        return self._tables.search_cities(query, _lower(country_id), _lower(subdivision_id))

    def country(self, country_id: str) -> str | None:
        return self._tables.countries.get(country_id.lower())

    def describe(self, chosen: Filter) -> str | None:
        return self._tables.describe(chosen)

    def problems_with(self, chosen: Filter, country_id: str | None) -> Mapping[str, str]:
        return self._tables.problems_with(chosen, _lower(country_id)) if self.is_loaded else {}


def _built(rows: Rows) -> Tables:
    """Without the collector, which would stop everything to look at a million words; they hold no cycles."""
    gc.disable()
    try:
        return Tables.of(rows)
    finally:
        gc.enable()


def _jitter() -> float:
    return random.uniform(1 - REFRESH_JITTER, 1 + REFRESH_JITTER)


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None

"""The catalog, loaded once for all who ask at the same time, and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.domain.catalog import Catalog
from bot.domain.errors import ProviderError
from bot.tasks import ended

CATALOG_LIFE_S = 60.0
CATALOG_RECENT_S = 180.0
"""A catalog this old is shown at once, and a newer one is fetched for the next time: no menu waits for it."""
CATALOG_LAST_S = 24 * 3600.0
"""How long the last known catalog does when no newer one can be had. Prices and checkouts are always asked for anew."""
CATALOG_PATIENCE_S = 1.0
"""How long somebody who could have the last known catalog waits for a newer one."""

_log = structlog.get_logger()


class SharedCatalog:
    """A catalog at most `life_s` seconds old. However many ask at once, one load is under way, and all share it.

    When the load fails or takes its time, the last known one does for up to CATALOG_LAST_S.
    """

    def __init__(self, load: Callable[[], Awaitable[Catalog]], life_s: float, clock: Callable[[], float]) -> None:
        self._load = load
        self._life_s = life_s
        self._clock = clock
        self._value: Catalog | None = None
        self._loaded_at = 0.0
        self._loading: asyncio.Task[Catalog] | None = None

    async def get(self, *, fresh: bool = False) -> Catalog:
        """The catalog; with `fresh` one that is kept does not do, only one whose loading ends after this call."""
        last = self._known(self._life_s)
        if last is not None and not fresh:
            return last
        loading = self._begin()
        last = self._known(CATALOG_RECENT_S)
        if last is not None and not fresh:
            return last
        last = self._known(CATALOG_LAST_S)
        if last is None or fresh:
            return await asyncio.shield(loading)
        try:
            async with asyncio.timeout(CATALOG_PATIENCE_S):
                return await asyncio.shield(loading)
        except (ProviderError, TimeoutError) as error:
            _log.warning("catalog_not_refreshed", error=str(error), age_s=round(self._clock() - self._loaded_at))
            return last

    def _known(self, life_s: float) -> Catalog | None:
        return self._value if self._clock() - self._loaded_at < life_s else None

    def _begin(self) -> asyncio.Task[Catalog]:
        if self._loading is None:
            self._loading = asyncio.create_task(self._refresh())
            self._loading.add_done_callback(self._done)
        return self._loading

    async def aclose(self) -> None:
        if self._loading is not None:
            await ended(self._loading)

    async def _refresh(self) -> Catalog:
        asked_at = self._clock()
        self._value = await self._load()
        self._loaded_at = asked_at
        return self._value

    def _done(self, task: asyncio.Task[Catalog]) -> None:
        self._loading = None
        if not task.cancelled():
            task.exception()  # seen, even when everybody who waited has gone

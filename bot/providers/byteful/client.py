"""Byteful's HTTP API: one method per endpoint the bot uses, typed answers, and errors split by what may be done next.

How a request is made stands elsewhere: `sender.py` knows when it leaves and whether it leaves again, `exchange.py`
sends it and knows what a failure means, `keys.py` keeps the keys out of sight.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import structlog
from pydantic import SecretStr

from bot.domain.errors import OutcomeUnknownError, ProviderError
from bot.domain.ids import ServiceId
from bot.domain.usage import Network
from bot.ports import LastLook, Pacer, Urgency
from bot.providers.byteful import answers, lookups, shapes
from bot.providers.byteful.answers import Call
from bot.providers.byteful.breaker import Breaker
from bot.providers.byteful.exchange import API_URL, USUAL, Exchange, Param, Question, Timing, new_http_client
from bot.providers.byteful.place_rows import Numbered
from bot.providers.byteful.sender import Sender
from bot.providers.byteful.values import Json

PER_PAGE = 100
"""The vendor's largest page (Byteful docs, "Pagination")."""
MAX_PAGES = 20
MAX_LOG_PAGES = 500
"""A day has a row for each host name."""
MAX_LOOKUP_PAGES = 3_000
"""For the tables of networks and places: 300,000 rows."""
MAX_METADATA_KEYS = 30
MAX_METADATA_TEXT = 300
MAX_COMMENT = 300

T = TypeVar("T")
Model = TypeVar("Model", bound=shapes.Shape)
_log = structlog.get_logger()


class BytefulClient:
    """The API for one account: what is asked, and how the answer reads."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def at(self, urgency: Urgency) -> BytefulClient:
        """The same client with more or less urgent requests; what is known of the vendor's state is shared."""
        return BytefulClient(self._sender.at(urgency))

    @property
    def is_away(self) -> bool:
        """Whether Byteful did not answer the last questions, so that it is left alone for a while."""
        return self._sender.is_away

    # Products and checkout

    async def catalog(self) -> dict[str, shapes.CatalogEntry]:
        """Everything on sale, by product code."""
        found = await self._read("checkout/catalog")
        return answers.parse_catalog(found.get("data"))

    async def products(self, **filters: Param) -> list[shapes.ProductRow]:
        """The long form of products, with description."""
        return await self._search("product/search", filters, answers.readable(shapes.ProductRow, "product"))

    async def quote(self, ask: shapes.Ask) -> Json:
        """The quote's data as it came: a refusal may leave the sums out. It only reads, so it may be repeated."""
        found = await self._sender.until_answered(Question("POST", "checkout/quote", Call.QUOTE, body=ask.body()))
        data = found.get("data")
        if not isinstance(data, dict):
            raise ProviderError("Byteful's quote cannot be read: it holds no data.")
        return data

    async def create(self, ask: shapes.Ask, last_look: LastLook | None = None) -> Json:
        """Buy. Sent once, after `last_look`; the data as it came."""
        found = await self._sender.once(Question("POST", "checkout/create", Call.CREATE, body=ask.body()), last_look)
        data = found.get("data")
        if not isinstance(data, dict):
            raise OutcomeUnknownError("Byteful's answer to the checkout cannot be read.")
        return data

    # Services

    async def service(self, service_id: ServiceId) -> shapes.ServiceRow:
        found = await self._read(f"service/retrieve/{_segment(service_id)}")
        return answers.parse(shapes.ServiceRow, found.get("data"), "service")

    async def delivered(self, service_id: ServiceId) -> list[shapes.DeliveredRow]:
        found = await self._read(f"service/retrieve/{_segment(service_id)}", {"proxies": True})
        return answers.parse(shapes.DeliveredData, found.get("data"), "delivery").proxies

    async def services(
        self,
        *,
        max_pages: int = MAX_PAGES,
        enough: Callable[[list[shapes.ServiceRow]], bool] | None = None,
        **filters: Param,
    ) -> list[shapes.ServiceRow]:
        """Services that match, until `enough` says so of a page.

        All of them must be readable: one that is left out could be the one somebody is looking for.
        """
        whole = answers.whole(shapes.ServiceRow, "service")
        return await self._search("service/search", filters, whole, max_pages=max_pages, enough=enough)

    async def edit_service(self, service_id: ServiceId, changes: Json) -> None:
        """Change a service. Metadata given here replaces all there was."""
        await self._sender.once(Question("PATCH", f"service/edit/{_segment(service_id)}", Call.CHANGE, body=changes))

    async def cancel_service(self, service_id: ServiceId, *, comment: str = "", feedback: str = "") -> list[str]:
        """Cancel now: the proxies are released at once. The ids of what was cancelled."""
        given = {"cancel_comment": comment[:MAX_COMMENT], "cancel_feedback": feedback}
        body = {name: text for name, text in given.items() if text}
        path = f"service/cancel/{_segment(service_id)}"
        found = await self._sender.once(Question("DELETE", path, Call.CHANGE, body=body))
        ids = found.get("edited") or found.get("deleted") or found.get("canceled")
        return [str(each) for each in ids] if isinstance(ids, list) else []

    async def adjustments(self, **filters: Param) -> list[shapes.AdjustmentRow]:
        """What happened to services at the vendor, by whom."""
        rows = answers.readable(shapes.AdjustmentRow, "service adjustment")
        return await self._search("service_adjustment/search", filters, rows)

    # Account and data pools

    async def customer(self) -> shapes.CustomerData:
        found = await self._read("customer/retrieve")
        return answers.parse(shapes.CustomerData, found.get("data"), "customer")

    async def summary(self, network: Network) -> shapes.SummaryData:
        """Raises NotFoundError or RefusedError (422) for a network that was never bought."""
        found = await self._read(f"{network}/summary")
        row = answers.without_prefix(found.get("data"), f"{network}_")
        return answers.parse(shapes.SummaryData, row, f"{network} summary")

    async def ledger(
        self, network: Network, *, since: datetime | None = None, **filters: Param
    ) -> list[shapes.LedgerRow]:
        """Movements of a data pool; `since` is compared with their creation."""
        prefix = f"{network}_ledger_"
        asked = filters | ({f"min_{prefix}creation_datetime": since} if since else {})
        rows = answers.whole(shapes.LedgerRow, f"{network} ledger", prefix)
        return await self._search(f"{network}_ledger/search", asked, rows)

    async def log_summaries(self, *, since: datetime | None = None, **filters: Param) -> list[shapes.LogSummaryRow]:
        """Traffic by day, proxy user, network and host; `since` is compared with the day."""
        asked = filters | ({"min_log_summary_period": since} if since else {})
        rows = answers.readable(shapes.LogSummaryRow, "log summary")
        return await self._search("log_summary/search", asked, rows, max_pages=MAX_LOG_PAGES)

    async def proxy_users(self) -> list[shapes.ProxyUserRow]:
        return await self._search("proxy_user/search", {}, answers.readable(shapes.ProxyUserRow, "proxy user"))

    async def availability(self, network: Network, **filters: Param) -> int | None:
        """How many addresses a pooled network has for these filters; None when the answer holds no single number.

        The keys of the answer are not documented, so the one whole number in it is taken.
        """
        found = await self._read(f"{network}_availability/count", filters)
        data = found.get("data")
        values = list(data.values()) if isinstance(data, dict) else [data]
        numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
        return numbers[0] if len(numbers) == 1 else None

    # Lookup tables: whole, one page after another with `pause_s` seconds between, to leave the pace to others

    async def countries(self, *, pause_s: float = 0) -> list[lookups.CountryRow]:
        return [row async for rows in self._table("country", lookups.CountryRow, pause_s) for row in rows]

    async def subdivisions(self, *, pause_s: float = 0) -> list[lookups.SubdivisionRow]:
        return [row async for rows in self._table("subdivision", lookups.SubdivisionRow, pause_s) for row in rows]

    async def cities(self, *, pause_s: float = 0) -> Numbered:
        """Like networks so many that each page is put into flat arrays before the next one is asked for."""
        found = Numbered()
        async for rows in self._table("city", lookups.CityRow, pause_s):
            for row in rows:
                found.append(row.city_id, row.city_name, row.subdivision_id)
        return found

    async def asns(self, *, pause_s: float = 0) -> Numbered:
        found = Numbered()
        async for rows in self._table("asn", lookups.AsnRow, pause_s):
            for row in rows:
                found.append(row.asn_id, row.asn_name, row.country_id)
        return found

    def _table(self, name: str, model: type[Model], pause_s: float) -> AsyncIterator[list[Model]]:
        asked: dict[str, Param] = {"sort_by": f"{name}_id_asc"}
        rows = answers.readable(model, name)
        return self._pages(f"{name}/search", asked, rows, max_pages=MAX_LOOKUP_PAGES, pause_s=pause_s)

    async def _search(
        self,
        path: str,
        filters: Mapping[str, Param],
        read_rows: Callable[[list[Any]], list[T]],
        *,
        max_pages: int = MAX_PAGES,
        enough: Callable[[list[T]], bool] | None = None,
    ) -> list[T]:
        """All rows of a search, or those until a page is `enough`."""
        kept: list[T] = []
        async with aclosing(self._pages(path, filters, read_rows, max_pages=max_pages)) as pages:
            async for rows in pages:
                kept += rows
                if enough is not None and enough(rows):
                    break
        return kept

    async def _pages(
        self,
        path: str,
        filters: Mapping[str, Param],
        read_rows: Callable[[list[Any]], list[T]],
        *,
        max_pages: int,
        pause_s: float = 0,
    ) -> AsyncGenerator[list[T], None]:
        """Page after page until a short one. The vendor's total may be -1 and is not looked at (Byteful docs)."""
        previous: list[Any] = []
        for page in range(1, max_pages + 1):
            found = await self._read(path, {**filters, "page": page, "per_page": PER_PAGE})
            rows = found.get("data")
            if not isinstance(rows, list):
                raise ProviderError(f"Byteful's {path} cannot be read: it holds no list.")
            if rows == previous:
                return  # the same page again: `page` was not understood
            yield read_rows(rows)
            if len(rows) < _page_size(found):
                return
            previous = rows
            await asyncio.sleep(pause_s)
        _log.warning("byteful_search_cut", path=path, pages=max_pages)

    async def _read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        return await self._sender.until_answered(Question("GET", path, Call.READ, params=params or {}))


def _segment(text: str) -> str:
    return quote(text, safe="")


def _page_size(found: Json) -> int:
    """The size the vendor says it used: it may be smaller than asked for."""
    size = found.get("per_page")
    return size if isinstance(size, int) and 0 < size <= PER_PAGE else PER_PAGE


@asynccontextmanager
async def open_client(
    *,
    public_key: SecretStr,
    private_key: SecretStr,
    pace: Pacer,
    base_url: str = API_URL,
    timing: Timing = USUAL,
    breaker: Breaker | None = None,
) -> AsyncIterator[BytefulClient]:
    """A client with a pool of its own, closed with the block."""
    async with new_http_client() as http:
        exchange = Exchange(http, public_key=public_key, private_key=private_key, base_url=base_url, timing=timing)
        yield BytefulClient(Sender(exchange, pace, breaker))

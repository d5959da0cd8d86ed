"""Byteful's HTTP API: one method per endpoint the bot uses, typed answers, and errors split by what may be done next.

It keeps three promises. A request that changes something at the vendor is sent once and never repeated. A failure is
`NeverSentError` only when no byte of the request can have left. The keys are in no repr, log line, error or traceback:
they exist in one object, for as long as httpx2 needs to write them on the wire.

This is the only module that imports httpx2.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from copy import copy
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx2
import stamina
import structlog
from msgspec import Struct
from pydantic import SecretStr

from bot.domain.errors import NeverSentError, OutcomeUnknownError, ProviderError, RateLimitedError
from bot.domain.ids import ServiceId
from bot.domain.usage import Network
from bot.ports import Answered, LastLook, Pacer, Urgency
from bot.providers.byteful import wire
from bot.providers.byteful.breaker import Breaker, OwnPaceError
from bot.providers.byteful.wire import Answer, Call, Json

API_URL = "https://api.byteful.com/1.0"
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 6.0
"""Silence of the vendor while it answers a request that only reads."""
WRITE_TIMEOUT_S = 5.0
POOL_TIMEOUT_S = 2.0
CHANGE_READ_TIMEOUT_S = 60.0
"""A checkout is worth waiting for: every one given up on has to be worked out by a person or a search."""
READ_DEADLINE_S = 8.0
"""Everything of one read together: pace, retries and waits."""
CHANGE_DEADLINE_S = 75.0
"""More than the four timeouts together; ends an answer that drips for ever."""
READ_ATTEMPTS = 5
IDLE_CONNECTION_S = 3.0
"""Shorter than servers keep an idle connection, so that a request rarely runs into one just being closed."""
MAX_CONNECTIONS = 20
MAX_ANSWER_BYTES = 16 * 1024 * 1024
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

HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "proxydesk"}

Param = str | int | bool | datetime
T = TypeVar("T")
Model = TypeVar("Model", bound=wire.Wire)
_log = structlog.get_logger()


class LocalPacer:
    """Keeps the pace of one process: `limit` requests in any `window_s` seconds, the last place for checkouts alone."""

    def __init__(
        self,
        limit: int = 9,
        window_s: float = 1.1,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[float] = deque()

    async def __call__(self, urgency: Urgency) -> Answered:
        places = self._limit if urgency is Urgency.CHECKOUT else self._limit - 1
        while (wait_s := self._wait_s(places)) > 0:
            await self._sleep(wait_s)
        self._sent.append(self._clock())
        return lambda: None

    def _wait_s(self, places: int) -> float:
        now = self._clock()
        while self._sent and self._sent[0] <= now - self._window_s:
            self._sent.popleft()
        if len(self._sent) < places:
            return 0
        return self._sent[len(self._sent) - places] + self._window_s - now


class Timing(Struct, frozen=True):
    """How long each part of a request may take, in seconds, and how often a read may be asked."""

    connect_s: float = CONNECT_TIMEOUT_S
    read_s: float = READ_TIMEOUT_S
    write_s: float = WRITE_TIMEOUT_S
    pool_s: float = POOL_TIMEOUT_S
    change_read_s: float = CHANGE_READ_TIMEOUT_S
    read_deadline_s: float = READ_DEADLINE_S
    change_deadline_s: float = CHANGE_DEADLINE_S
    attempts: int = READ_ATTEMPTS

    def of(self, call: Call) -> httpx2.Timeout:
        read_s = self.change_read_s if call.changes_something else self.read_s
        return httpx2.Timeout(connect=self.connect_s, read=read_s, write=self.write_s, pool=self.pool_s)


USUAL = Timing()


def new_http_client() -> httpx2.AsyncBaseTransport:
    """The one connection pool of a process. Whoever calls this closes it with `aclose()`.

    Proxies and certificates named in the environment are ignored, and redirects are not followed: the keys go to the
    address in the settings and nowhere else. httpx2's client, which does both, and keeps cookies, would stand around
    this; it takes a third of the time of a request.
    """
    return _LateTransport()


class _LateTransport(httpx2.AsyncBaseTransport):
    """httpx2's pool, made in a thread at the first request: reading the certificates takes too long for a start."""

    def __init__(self) -> None:
        self._making: asyncio.Task[httpx2.AsyncHTTPTransport] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._making is None:
            self._making = asyncio.create_task(asyncio.to_thread(_new_transport))
        try:
            transport = await asyncio.shield(self._making)
        except OSError as error:
            self._making = None
            raise httpx2.ConnectError("the certificates cannot be read") from error
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        if self._making is not None:
            await (await self._making).aclose()


def _new_transport() -> httpx2.AsyncHTTPTransport:
    limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=IDLE_CONNECTION_S)
    return httpx2.AsyncHTTPTransport(trust_env=False, limits=limits)


class BytefulClient:
    """The API for one account, over a shared pool that it neither opens nor closes."""

    def __init__(
        self,
        http: httpx2.AsyncBaseTransport,
        *,
        public_key: SecretStr,
        private_key: SecretStr,
        pace: Pacer,
        base_url: str = API_URL,
        timing: Timing = USUAL,
        breaker: Breaker | None = None,
    ) -> None:
        self._http = http
        self._keys = _Keys(public_key, private_key)
        self._pace = pace
        self._urgency = Urgency.PERSON
        self._root = f"{_checked(base_url)}/public/user/"
        self._timing = timing
        self._breaker = breaker or Breaker()

    def __repr__(self) -> str:
        return f"BytefulClient({self._root})"

    def at(self, urgency: Urgency) -> BytefulClient:
        """The same client with more or less urgent requests; what is known of the vendor's state is shared."""
        other = copy(self)
        other._urgency = urgency
        return other

    @property
    def is_away(self) -> bool:
        """Whether Byteful did not answer the last questions, so that it is left alone for a while."""
        return self._breaker.is_open

    # Products and checkout

    async def catalog(self) -> dict[str, wire.CatalogEntry]:
        """Everything on sale, by product code."""
        found = await self._read("checkout/catalog")
        return wire.parse_catalog(found.get("data"))

    async def products(self, **filters: Param) -> list[wire.ProductRow]:
        """The long form of products, with description."""
        return await self._search("product/search", filters, wire.readable(wire.ProductRow, "product"))

    async def quote(self, ask: wire.Ask) -> Json:
        """The quote's data as it came: a refusal may leave the sums out. It only reads, so it may be repeated."""
        found = await self._reading(lambda: self._exchange("POST", "checkout/quote", Call.QUOTE, body=ask.body()))
        data = found.get("data")
        if not isinstance(data, dict):
            raise ProviderError("Byteful's quote cannot be read: it holds no data.")
        return data

    async def create(self, ask: wire.Ask, last_look: LastLook | None = None) -> Json:
        """Buy. Sent once, after `last_look`; the data as it came."""
        found = await self._once("POST", "checkout/create", Call.CREATE, body=ask.body(), last_look=last_look)
        data = found.get("data")
        if not isinstance(data, dict):
            raise OutcomeUnknownError("Byteful's answer to the checkout cannot be read.")
        return data

    # Services

    async def service(self, service_id: ServiceId) -> wire.ServiceRow:
        found = await self._read(f"service/retrieve/{_segment(service_id)}")
        return wire.parse(wire.ServiceRow, found.get("data"), "service")

    async def delivered(self, service_id: ServiceId) -> list[wire.DeliveredRow]:
        found = await self._read(f"service/retrieve/{_segment(service_id)}", {"proxies": True})
        return wire.parse(wire.DeliveredData, found.get("data"), "delivery").proxies

    async def services(
        self,
        *,
        max_pages: int = MAX_PAGES,
        enough: Callable[[list[wire.ServiceRow]], bool] | None = None,
        **filters: Param,
    ) -> list[wire.ServiceRow]:
        """Services that match, until `enough` says so of a page.

        All of them must be readable: one that is left out could be the one somebody is looking for.
        """
        whole = wire.whole(wire.ServiceRow, "service")
        return await self._search("service/search", filters, whole, max_pages=max_pages, enough=enough)

    async def edit_service(self, service_id: ServiceId, changes: Json) -> None:
        """Change a service. Metadata given here replaces all there was."""
        await self._once("PATCH", f"service/edit/{_segment(service_id)}", Call.CHANGE, body=changes)

    async def cancel_service(self, service_id: ServiceId, *, comment: str = "", feedback: str = "") -> list[str]:
        """Cancel now: the proxies are released at once. The ids of what was cancelled."""
        given = {"cancel_comment": comment[:MAX_COMMENT], "cancel_feedback": feedback}
        body = {name: text for name, text in given.items() if text}
        found = await self._once("DELETE", f"service/cancel/{_segment(service_id)}", Call.CHANGE, body=body)
        ids = found.get("edited") or found.get("deleted") or found.get("canceled")
        return [str(each) for each in ids] if isinstance(ids, list) else []

    async def adjustments(self, **filters: Param) -> list[wire.AdjustmentRow]:
        """What happened to services at the vendor, by whom."""
        rows = wire.readable(wire.AdjustmentRow, "service adjustment")
        return await self._search("service_adjustment/search", filters, rows)

    # Account and data pools

    async def customer(self) -> wire.CustomerData:
        found = await self._read("customer/retrieve")
        return wire.parse(wire.CustomerData, found.get("data"), "customer")

    async def summary(self, network: Network) -> wire.SummaryData:
        """Raises NotFoundError or RefusedError (422) for a network that was never bought."""
        found = await self._read(f"{network}/summary")
        row = wire.without_prefix(found.get("data"), f"{network}_")
        return wire.parse(wire.SummaryData, row, f"{network} summary")

    async def ledger(
        self, network: Network, *, since: datetime | None = None, **filters: Param
    ) -> list[wire.LedgerRow]:
        """Movements of a data pool; `since` is compared with their creation."""
        prefix = f"{network}_ledger_"
        asked = filters | ({f"min_{prefix}creation_datetime": since} if since else {})
        rows = wire.whole(wire.LedgerRow, f"{network} ledger", prefix)
        return await self._search(f"{network}_ledger/search", asked, rows)

    async def log_summaries(self, *, since: datetime | None = None, **filters: Param) -> list[wire.LogSummaryRow]:
        """Traffic by day, proxy user, network and host; `since` is compared with the day."""
        asked = filters | ({"min_log_summary_period": since} if since else {})
        rows = wire.readable(wire.LogSummaryRow, "log summary")
        return await self._search("log_summary/search", asked, rows, max_pages=MAX_LOG_PAGES)

    async def proxy_users(self) -> list[wire.ProxyUserRow]:
        return await self._search("proxy_user/search", {}, wire.readable(wire.ProxyUserRow, "proxy user"))

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

    async def countries(self, *, pause_s: float = 0) -> list[wire.CountryRow]:
        return await self._table("country", wire.CountryRow, pause_s)

    async def subdivisions(self, *, pause_s: float = 0) -> list[wire.SubdivisionRow]:
        return await self._table("subdivision", wire.SubdivisionRow, pause_s)

    async def cities(self, *, pause_s: float = 0) -> list[wire.CityRow]:
        return await self._table("city", wire.CityRow, pause_s)

    async def asns(self, *, pause_s: float = 0) -> list[wire.AsnRow]:
        return await self._table("asn", wire.AsnRow, pause_s)

    async def _table(self, name: str, model: type[Model], pause_s: float) -> list[Model]:
        asked: dict[str, Param] = {"sort_by": f"{name}_id_asc"}
        rows = wire.readable(model, name)
        return await self._search(f"{name}/search", asked, rows, max_pages=MAX_LOOKUP_PAGES, pause_s=pause_s)

    async def _search(
        self,
        path: str,
        filters: Mapping[str, Param],
        read_rows: Callable[[list[Any]], list[T]],
        *,
        max_pages: int = MAX_PAGES,
        enough: Callable[[list[T]], bool] | None = None,
        pause_s: float = 0,
    ) -> list[T]:
        """Page after page until a short one. The vendor's total may be -1 and is not looked at (Byteful docs)."""
        kept: list[T] = []
        previous: list[Any] = []
        for page in range(1, max_pages + 1):
            found = await self._read(path, {**filters, "page": page, "per_page": PER_PAGE})
            rows = found.get("data")
            if not isinstance(rows, list):
                raise ProviderError(f"Byteful's {path} cannot be read: it holds no list.")
            if rows == previous:
                return kept  # the same page again: `page` was not understood
            read = read_rows(rows)
            kept += read
            if len(rows) < _page_size(found) or (enough is not None and enough(read)):
                return kept
            previous = rows
            await asyncio.sleep(pause_s)
        _log.warning("byteful_search_cut", path=path, pages=max_pages)
        return kept

    # Requests

    async def _read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        return await self._reading(lambda: self._exchange("GET", path, Call.READ, params=params))

    async def _reading(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask, unless Byteful has not answered for a while."""
        with self._breaker.question():
            return await self._asking(ask)

    async def _asking(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until there is an answer, for as long as a read may take. The last failure is the one that is raised."""
        loop = asyncio.get_running_loop()
        retries = _Retries(loop.time, loop.time() + self._timing.read_deadline_s)
        try:
            async with asyncio.timeout_at(retries.deadline):
                async for attempt in stamina.retry_context(
                    on=retries.wait_after, attempts=self._timing.attempts, timeout=None, wait_jitter=0.2, wait_max=2.0
                ):
                    with attempt:
                        async with self._turn(Call.READ):
                            retries.is_sent = True
                            return await ask()
        except TimeoutError:
            pass
        raise retries.last or retries.too_late(self._timing.read_deadline_s)

    async def _once(
        self,
        method: str,
        path: str,
        call: Call,
        *,
        params: Mapping[str, Param] | None = None,
        body: Json | None = None,
        last_look: LastLook | None = None,
    ) -> Json:
        """One request in its turn, one answer."""
        async with self._turn(call, last_look):
            return await self._exchange(method, path, call, params=params, body=body)

    async def _exchange(
        self,
        method: str,
        path: str,
        call: Call,
        *,
        params: Mapping[str, Param] | None = None,
        body: Json | None = None,
    ) -> Json:
        deadline_s = self._timing.change_deadline_s if call.changes_something else self._timing.read_deadline_s
        request = self._request(method, path, call, params or {}, body)
        try:
            async with asyncio.timeout(deadline_s):
                answer = await self._send(request)
            return wire.read(answer, call)
        except Exception as error:
            failure = classify(error)
        # Outside the handler, so that httpx2's error, which holds the request and its headers, is not carried along.
        _log.info(
            "byteful_request_failed",
            method=method,
            path=path,
            error=str(failure),
            status=failure.status,
            provider_request=failure.request_id,
        )
        raise failure

    def _request(
        self, method: str, path: str, call: Call, params: Mapping[str, Param], body: Json | None
    ) -> httpx2.Request:
        try:
            return httpx2.Request(
                method,
                self._root + path,
                params={name: _param(value) for name, value in params.items()} or None,
                json=body,
                headers=HEADERS,
                extensions={"timeout": self._timing.of(call).as_dict()},
            )
        except (ValueError, TypeError, httpx2.InvalidURL) as error:
            raise NeverSentError(f"This cannot be asked of Byteful ({type(error).__name__}).") from error

    @asynccontextmanager
    async def _turn(self, call: Call, last_look: LastLook | None = None) -> AsyncIterator[None]:
        """From the moment at which the request may leave to its answer."""
        answered = await (self._place_after(last_look, call) if last_look else self._place(call))
        try:
            yield
        finally:
            answered()

    async def _place(self, call: Call) -> Answered:
        try:
            return await self._pace(Urgency.CHECKOUT if call is Call.CREATE else self._urgency)
        except ProviderError:
            raise
        except Exception as error:
            raise NeverSentError(f"The pace of requests cannot be kept ({type(error).__name__}).") from error

    async def _place_after(self, last_look: LastLook, call: Call) -> Answered:
        """A place in the pace, waited for while the caller looks a last time: neither needs the other."""
        answered, looked = await asyncio.gather(self._place(call), last_look(), return_exceptions=True)
        if isinstance(answered, BaseException):
            raise answered
        if isinstance(looked, BaseException):
            answered()
            raise looked
        return answered

    async def _send(self, request: httpx2.Request) -> Answer:
        self._keys.write_on(request)
        response = await self._http.handle_async_request(request)
        try:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    raise OutcomeUnknownError("Byteful's answer is too long to be one.", status=response.status_code)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, self._keys.hidden_in(bytes(body)))


_NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)
"""Raised while the connection is looked for or made, before the first byte of a request (httpx2 docs, "Exceptions")."""


def classify(error: Exception) -> ProviderError:
    """Whether the request may have arrived. Text of the original is left behind: it may quote what was sent."""
    if isinstance(error, ProviderError):
        return error
    if isinstance(error, _NEVER_SENT):
        return NeverSentError(f"Byteful cannot be reached ({type(error).__name__}). Nothing was sent.")
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return OutcomeUnknownError("Byteful took too long to answer.")
    return OutcomeUnknownError(
        f"The connection to Byteful broke before its answer was complete ({type(error).__name__})."
    )


class _Retries:
    """Decides whether and when a failed read is asked again; remembers the last failure."""

    def __init__(self, clock: Callable[[], float], deadline: float) -> None:
        self._clock = clock
        self.deadline = deadline
        self.last: ProviderError | None = None
        self.is_sent = False

    def wait_after(self, error: Exception) -> bool | float:
        """False for never, True for stamina's backoff, a number for that many seconds."""
        if not isinstance(error, ProviderError):
            return False
        self.last = error
        if isinstance(error, RateLimitedError):
            wait_s = error.wait_s + random.uniform(0, 0.2)
            return wait_s if self._clock() + wait_s < self.deadline else False
        return isinstance(error, NeverSentError | OutcomeUnknownError)

    def too_late(self, deadline_s: float) -> OutcomeUnknownError:
        if self.is_sent:
            return OutcomeUnknownError(f"Byteful did not answer within {deadline_s:g} seconds.")
        return OwnPaceError(f"Byteful could not be asked within {deadline_s:g} seconds: too many questions at once.")


class _Keys:
    """Writes both keys on a request as it leaves, and takes them out of whatever comes back."""

    def __init__(self, public_key: SecretStr, private_key: SecretStr) -> None:
        self._public = _header_safe(public_key, "public")
        self._private = _header_safe(private_key, "private")

    def __repr__(self) -> str:
        return "_Keys(hidden)"

    def write_on(self, request: httpx2.Request) -> None:
        request.headers["X-API-Public-Key"] = self._public.get_secret_value()
        request.headers["X-API-Private-Key"] = self._private.get_secret_value()

    def hidden_in(self, body: bytes) -> bytes:
        """An answer that quotes a key must not bring it into a log or a message."""
        for key in (self._private, self._public):
            body = body.replace(key.get_secret_value().encode(), b"[key]")
        return body


def _header_safe(key: SecretStr, name: str) -> SecretStr:
    """A key that fits in a header. What httpx2 says about one that does not would quote it."""
    text = key.get_secret_value().strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"The {name} API key is empty or holds characters that no key has.")
    return SecretStr(text)


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError(f"{base_url!r} is not the address of an API, such as {API_URL}.")
    return base_url.rstrip("/")


def _segment(text: str) -> str:
    return quote(text, safe="")


def _param(value: Param) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return wire.format_utc(value) if isinstance(value, datetime) else str(value)


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
) -> AsyncIterator[BytefulClient]:
    """A client with a pool of its own, closed with the block."""
    async with new_http_client() as http:
        yield BytefulClient(
            http, public_key=public_key, private_key=private_key, pace=pace, base_url=base_url, timing=timing
        )

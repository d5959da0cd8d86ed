"""One HTTP request to Byteful and its answer: the pool, the deadlines, and what a failure means.

A failure is `NeverSentError` only when no byte of the request can have left. The keys are written on a request as it
leaves, and are taken out of what comes back (`keys.py`).

This is the only module that imports httpx2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

import httpx2
import structlog
from msgspec import Struct
from pydantic import SecretStr

from bot.domain.errors import NeverSentError, OutcomeUnknownError, ProviderError
from bot.providers.byteful.answers import Answer, Call, read
from bot.providers.byteful.keys import Keys
from bot.providers.byteful.values import Json, format_utc

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

HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "proxydesk"}

Param = str | int | bool | datetime
_log = structlog.get_logger()


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


class Question(Struct, frozen=True):
    """What the API is asked: `path` stands below the account's root, `call` says what may be done about a failure."""

    method: str
    path: str
    call: Call
    params: Mapping[str, Param] = {}
    body: Json | None = None


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


class Exchange:
    """Asks one account's API once, over a shared pool that it neither opens nor closes."""

    def __init__(
        self,
        http: httpx2.AsyncBaseTransport,
        *,
        public_key: SecretStr,
        private_key: SecretStr,
        base_url: str = API_URL,
        timing: Timing = USUAL,
    ) -> None:
        self._http = http
        self._keys = Keys(public_key, private_key)
        self._root = f"{_checked(base_url)}/public/user/"
        self.timing = timing

    def __repr__(self) -> str:
        return f"Exchange({self._root})"

    async def ask(self, question: Question) -> Json:
        call = question.call
        deadline_s = self.timing.change_deadline_s if call.changes_something else self.timing.read_deadline_s
        request = self._request(question)
        try:
            async with asyncio.timeout(deadline_s):
                answer = await self._send(request)
            return read(answer, call)
        except Exception as error:
            failure = classify(error)
        # Outside the handler, so that httpx2's error, which holds the request and its headers, is not carried along.
        _log.info(
            "byteful_request_failed",
            method=question.method,
            path=question.path,
            error=str(failure),
            status=failure.status,
            provider_request=failure.request_id,
        )
        raise failure

    def _request(self, question: Question) -> httpx2.Request:
        try:
            return httpx2.Request(
                question.method,
                self._root + question.path,
                params={name: _param(value) for name, value in question.params.items()} or None,
                json=question.body,
                headers=HEADERS,
                extensions={"timeout": self.timing.of(question.call).as_dict()},
            )
        except (ValueError, TypeError, httpx2.InvalidURL) as error:
            raise NeverSentError(f"This cannot be asked of Byteful ({type(error).__name__}).") from error

    async def _send(self, request: httpx2.Request) -> Answer:
        self._keys.write_on(request.headers)
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


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError(f"{base_url!r} is not the address of an API, such as {API_URL}.")
    return base_url.rstrip("/")


def _param(value: Param) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_utc(value) if isinstance(value, datetime) else str(value)

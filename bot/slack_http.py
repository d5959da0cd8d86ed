"""Slack's HTTP requests as Bolt takes them: read once, parsed once, answered, measured.

Bolt's own adapter parses a form in Python, which for a click with its whole message costs more than everything Bolt
does besides, and it reads a command whose text holds the word `payload` as an empty one.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import structlog
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock, SignatureVerifier
from yarl import URL

from bot.metrics import ACKS, REFUSED
from bot.web import Receive, Scope, Send

MAX_SKEW_S = 60
"""A clock further off than this is reported before Slack's five minutes make every request fail."""
SKEW_MEMORY_S = 600
MAX_BODY = 4 * 1024 * 1024
"""Bytes of a request that are read; Slack's largest hold a view of 250 kB, encoded (Slack docs)."""
MAX_FIELDS = 100
"""Of a form; Slack's have some twenty (Slack docs). Making hundreds of thousands would hold everybody up."""

Dispatch = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]
_log = structlog.get_logger()


class SlackRequest(AsyncBoltRequest):
    """A request over HTTP, with the body parsed by us. Bolt checks the signature of `raw_body` all the same."""

    def __init__(self, raw_body: str, headers: Mapping[str, str]) -> None:
        self.raw_body = raw_body
        self.body = parse_body(raw_body)
        self.query = {}
        self.headers = {name: [value] for name, value in headers.items()}
        self.content_type = headers.get("content-type", "").partition(";")[0]
        self.context = AsyncBoltContext()
        self.lazy_only = False
        self.lazy_function_name = None
        self.mode = "http"


def parse_body(raw: str) -> dict[str, Any]:
    """An event is JSON, a command a form, everything else a form with JSON in its one field. Raises ValueError."""
    if raw.startswith("{"):
        return _object(raw)
    if raw.count("&") >= MAX_FIELDS:
        raise ValueError("too many fields")
    fields = dict(URL.build(query_string=raw, encoded=True).query)
    return _object(fields["payload"]) if "payload" in fields else fields


def _object(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


class SlackDoor:
    """The ASGI application at the address Slack sends to."""

    def __init__(self, dispatch: Dispatch, skew: SkewWatch) -> None:
        self._dispatch = dispatch
        self._skew = skew

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _whole(receive)
        if body is None:
            return
        answer = await self._answer(headers, body)
        await _send(answer, send)
        ACKS.observe(time.perf_counter() - started)
        if answer.status == 401:
            REFUSED.inc()
            _log.warning("request_refused", why="its signature is not Slack's, or too old", bytes=len(body))
        self._skew.note(headers, body)

    async def _answer(self, headers: Mapping[str, str], body: bytes) -> BoltResponse:
        if len(body) > MAX_BODY:
            return BoltResponse(status=413, body="")
        if not _is_stamp(headers.get(STAMP, "0")):  # Slack's own verifier would fail on it instead of refusing it
            return BoltResponse(status=401, body="")
        try:
            request = SlackRequest(body.decode(), headers)
        except ValueError:
            return BoltResponse(status=400, body="")
        return await self._dispatch(request)


STAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"


def _is_stamp(text: str) -> bool:
    """Whether this can be a time in seconds since 1970."""
    return text.isdecimal() and len(text) <= 12


async def _whole(receive: Receive) -> bytes | None:
    """The body, or a little more than is read of one that is too long; None when the caller has gone."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body", False) or size > MAX_BODY:
            return b"".join(parts)


async def _send(answer: BoltResponse, send: Send) -> None:
    body = answer.body.encode()
    headers = [(name.encode(), value.encode()) for name, values in answer.headers.items() for value in values]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class SkewWatch:
    """Notices that our clock and Slack's differ: on two genuine requests of different moments that agree about it. A
    single old one, found in a log and sent again, would be off as well.
    """

    def __init__(self, signing_secret: str) -> None:
        self._secret = signing_secret
        self._last: tuple[str, float] | None = None
        self._seen: tuple[float, float] | None = None

    def note(self, headers: Mapping[str, str], body: bytes) -> None:
        timestamp, signature = headers.get(STAMP, ""), headers.get(SIGNATURE, "")
        if not _is_stamp(timestamp) or abs(skew := time.time() - float(timestamp)) <= MAX_SKEW_S:
            return
        verifier = SignatureVerifier(self._secret, _Stopped(float(timestamp)))
        if not verifier.is_valid(body, timestamp, signature):
            return
        before, self._last = self._last, (timestamp, skew)
        if before and before[0] != timestamp and abs(before[1] - skew) <= MAX_SKEW_S:
            self._seen = (time.monotonic(), skew)
            _log.error("clock_skew", seconds=round(skew))

    async def problem(self) -> str | None:
        if self._seen is None or time.monotonic() - self._seen[0] > SKEW_MEMORY_S:
            return None
        return f"Slack's requests are {abs(self._seen[1]):.0f} s off our clock; set the clock right"


class _Stopped(Clock):
    def __init__(self, at: float) -> None:
        self._at = at

    def now(self) -> float:
        return self._at

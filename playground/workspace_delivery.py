"""Getting payloads to the bot over real HTTP, signed as Slack signs them, with Slack's clocks and retries.

A payload must be answered 2xx within three seconds. Only events are sent again: at once, after one minute, after five.
The signature carries real time even when world time is moved, because the bot compares it with its own clock.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp

from playground import workspace_payloads as payloads
from playground.curtain import Between, Passed
from playground.workspace import Workspace
from playground.workspace_faults import DELIVERY_FAULTS
from playground.workspace_schema import Json

RETRY_AFTER_S = (0.0, 60.0, 300.0)
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_SOCKET_REASONS = {"http_timeout": "timeout", "http_error": "error"}
_TRIED_ON = frozenset({"raw", "replay"})  # deliveries whose refusal is the point


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's request signature, version 0."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Receipt:
    """What came back for one payload. `failure` is None when it was acked in time."""

    kind: str
    person: str
    status: int | None = None
    ms: float = 0.0
    body: bytes = b""
    failure: str | None = None
    no_retry: bool = False

    @property
    def acked(self) -> bool:
        return self.failure is None


class Courier:
    """Carries payloads to the bot. Open it where the world runs; it ends its own retries when closed."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._others: list[Courier] = []
        self.last: tuple[bytes, dict[str, str]] | None = None

    def of(self, ws: Workspace) -> Courier:
        """One for another workspace of the same app, closed with this one."""
        other = Courier(ws)
        self._others.append(other)
        return other

    async def close(self) -> None:
        await asyncio.gather(*(other.close() for other in self._others))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def command(self, person: str, fields: Mapping[str, str]) -> Receipt:
        return await self._deliver("command", person, urlencode(fields).encode(), FORM)

    async def interaction(self, person: str, payload: Json) -> Receipt:
        body = urlencode({"payload": json.dumps(payload, ensure_ascii=False)}).encode()
        return await self._deliver(payload["type"], person, body, FORM)

    async def event(self, content: Json, person: str = "") -> Receipt:
        """The first attempt's receipt; retries go on by themselves in world time."""
        body = json.dumps(payloads.event(self._ws, content)).encode()
        receipt = await self._deliver("event", person, body, JSON)
        if not receipt.acked and not receipt.no_retry:
            self.in_background(self._retry(person, body, receipt))
        return receipt

    async def _retry(self, person: str, body: bytes, receipt: Receipt) -> None:
        first = self._ws.now()
        for number, after_s in enumerate(RETRY_AFTER_S, start=1):
            await self._ws.clock.wait_until(first + after_s)
            more = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": _reason(receipt)}
            receipt = await self._deliver("event", person, body, JSON, more)
            if receipt.acked or receipt.no_retry:
                return

    async def raw(self, body: bytes, content_type: str, timestamp: str | None, signature: str | None) -> Receipt:
        """Any bytes with any signature, for tests of who is let in; signed properly where nothing is given."""
        stamp = timestamp if timestamp is not None else str(int(time.time()))
        signed = signature if signature is not None else sign(self._ws.app.signing_secret, stamp, body)
        headers = {"Content-Type": content_type}
        headers |= {"X-Slack-Request-Timestamp": stamp} if stamp else {}
        headers |= {"X-Slack-Signature": signed} if signed else {}
        return await self._send("raw", "", body, headers)

    async def replay(self) -> Receipt:
        """The last delivery again, byte for byte, headers and all."""
        if self.last is None:
            raise LookupError("nothing has been delivered yet")
        body, headers = self.last
        return await self._send("replay", "", body, headers)

    async def _deliver(
        self, kind: str, person: str, body: bytes, content_type: str, more: Mapping[str, str] | None = None
    ) -> Receipt:
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(self._ws.app.signing_secret, stamp, body),
            **(more or {}),
        }
        self.last = (body, headers)
        fault = self._ws.faults.strike(kind, DELIVERY_FAULTS)
        if fault is not None and fault.name == "duplicate_delivery":
            receipt, _ = await asyncio.gather(
                self._send(kind, person, body, headers), self._send(kind, person, body, headers)
            )
            return receipt
        dropped = fault is not None
        return await self._send(kind, person, body, headers, dropped=dropped)

    async def _send(
        self, kind: str, person: str, body: bytes, headers: Mapping[str, str], *, dropped: bool = False
    ) -> Receipt:
        started = time.perf_counter()
        by_socket = self._ws.teams.sockets.in_use and kind not in _TRIED_ON
        attempt = self._attempt_by_socket if by_socket else self._attempt
        receipt = await attempt(Receipt(kind, person), body, headers)
        if dropped:
            receipt = replace(receipt, status=None, body=b"", failure="timeout")
        elif (receipt.failure or "connection").startswith(("http_", "timeout")) and kind not in _TRIED_ON:
            self._ws.note_problem(kind, f"not acked: {receipt.failure}", person=person)
        receipt = replace(receipt, ms=round((time.perf_counter() - started) * 1000, 3))
        self._write_down(receipt, headers, body)
        self._show(receipt, body)
        return receipt

    async def _attempt_by_socket(self, receipt: Receipt, body: bytes, headers: Mapping[str, str]) -> Receipt:
        number, reason = headers.get("X-Slack-Retry-Num"), headers.get("X-Slack-Retry-Reason", "")
        retry = (int(number), _SOCKET_REASONS.get(reason, reason)) if number else None
        try:
            content = await self._ws.teams.sockets.deliver(
                receipt.kind, _payload(receipt.kind, body), retry, self._ws.ack_within_s
            )
        except TimeoutError:
            return replace(receipt, failure="timeout")
        except ConnectionError as error:
            return replace(receipt, failure=f"connection_failed: {error}")
        return replace(receipt, status=200, body=content)

    async def _attempt(self, receipt: Receipt, body: bytes, headers: Mapping[str, str]) -> Receipt:
        timeout = aiohttp.ClientTimeout(total=self._ws.ack_within_s)
        try:
            async with self._http().post(
                self._ws.bot_url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                content = await answer.read()
                failure = None if 200 <= answer.status < 300 else f"http_{answer.status}"
                no_retry = answer.headers.get("X-Slack-No-Retry") == "1"
                return replace(receipt, status=answer.status, body=content, failure=failure, no_retry=no_retry)
        except TimeoutError:
            return replace(receipt, failure="timeout")
        except (aiohttp.ClientError, ValueError) as error:
            return replace(receipt, failure=f"connection_failed: {error}")

    def _show(self, receipt: Receipt, body: bytes) -> None:
        self._ws.curtain.note(
            Passed(
                Between.TO_BOT,
                receipt.kind,
                receipt.status or (receipt.failure or "").partition(":")[0],
                receipt.ms,
                body,
                receipt.body,
                self._ws.now(),
                within_ms=self._ws.ack_within_s * 1000,
                ok=receipt.acked,
            )
        )

    def _write_down(self, receipt: Receipt, headers: Mapping[str, str], body: bytes) -> None:
        line = {
            "what": "delivery",
            "kind": receipt.kind,
            "person": receipt.person,
            "status": receipt.status,
            "ms": receipt.ms,
            "failure": receipt.failure,
            "retry_num": headers.get("X-Slack-Retry-Num"),
            "retry_reason": headers.get("X-Slack-Retry-Reason"),
            "bytes": len(body),
        }
        self._ws.write_log(line)


def _payload(kind: str, body: bytes) -> Json:
    """What is in a body made for HTTP, for a frame."""
    if kind == "event":
        payload: Json = json.loads(body)
        return payload
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return fields if kind == "command" else json.loads(fields["payload"])


def _reason(receipt: Receipt) -> str:
    failure = receipt.failure or ""
    if failure == "timeout":
        return "http_timeout"
    return "http_error" if failure.startswith("http_") else "connection_failed"

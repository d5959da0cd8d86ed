"""The web process's own face: Slack's events, and whether the bot is alive and ready."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.metrics import ACKS

EVENTS_PATH = "/slack/events"
MAX_SKEW_S = 60
"""A clock further off than this is reported before Slack's five minutes make every request fail."""
SKEW_MEMORY_S = 600

REFUSED = Counter("proxydesk_refused_requests_total", "Requests that did not prove they come from Slack")

Check = Callable[[], Awaitable[str | None]]
_log = structlog.get_logger()


class SkewWatch:
    """Notices that our clock and Slack's differ: on genuine requests only, so nobody else can raise the alarm."""

    def __init__(self, signing_secret: str) -> None:
        self._secret = signing_secret
        self._seen: tuple[float, float] | None = None

    def note(self, timestamp: str, signature: str, body: bytes) -> None:
        if not timestamp.isdecimal() or abs(skew := time.time() - float(timestamp)) <= MAX_SKEW_S:
            return
        verifier = SignatureVerifier(self._secret, _Stopped(float(timestamp)))
        if verifier.is_valid(body, timestamp, signature):
            self._seen = (time.monotonic(), skew)
            _log.error("clock_skew", seconds=round(skew))

    async def problem(self) -> str | None:
        if self._seen is None or time.monotonic() - self._seen[0] > SKEW_MEMORY_S:
            return None
        return f"a genuine Slack request was {abs(self._seen[1]):.0f} s off our clock; set the clock right"


class _Stopped(Clock):
    def __init__(self, at: float) -> None:
        self._at = at

    def now(self) -> float:
        return self._at


class Watched:
    """Measures each answer to Slack and looks at its clock, without touching the request."""

    def __init__(self, app: ASGIApp, skew: SkewWatch) -> None:
        self._app = app
        self._skew = skew

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, body = time.perf_counter(), bytearray()

        async def receive_noting() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def send_noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 401:
                REFUSED.inc()
            await send(message)

        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        timestamp, signature = headers.get(b"x-slack-request-timestamp"), headers.get(b"x-slack-signature")
        if timestamp and not timestamp.isdecimal():  # Slack's own verifier would fail on it instead of refusing it
            await Response(status_code=401)(scope, receive, send_noting)
            return
        await self._app(scope, receive_noting, send_noting)
        ACKS.observe(time.perf_counter() - started)
        if timestamp and signature:
            self._skew.note(timestamp, signature, bytes(body))


def make_web(
    app: AsyncApp, skew: SkewWatch, checks: dict[str, Check], warnings: dict[str, Check] | None = None
) -> Starlette:
    """`checks` name what readiness depends on; each gives a problem in words, or None.

    `warnings` are problems that no other replica has less of: this one goes on taking Slack's requests.
    """
    warnings = warnings or {}

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_request: Request) -> Response:
        problems = await _found(checks)
        said = {"ready": not problems, "problems": problems, "warnings": await _found(warnings)}
        return JSONResponse(said, status_code=503 if problems else 200)

    async def metrics(_request: Request) -> Response:
        await _found(warnings)  # they keep their gauges up to date
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    bolt = cast(ASGIApp, AsyncSlackRequestHandler(app, path=EVENTS_PATH))
    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            Mount("/", Watched(bolt, skew)),
        ]
    )


async def _found(checks: dict[str, Check]) -> dict[str, str]:
    found = {name: await check() for name, check in checks.items()}
    return {name: problem for name, problem in found.items() if problem}

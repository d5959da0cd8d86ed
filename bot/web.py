"""The web process's own face: Slack's events, and whether the bot is alive and ready."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

EVENTS_PATH = "/slack/events"

Check = Callable[[], Awaitable[str | None]]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
"""A program for a server, and what it is called with (ASGI specification 3.0)."""
Page = tuple[int, str, bytes]
"""Status, content type and body."""


def make_web(slack: App, checks: dict[str, Check], warnings: dict[str, Check] | None = None) -> App:
    """What Slack posts goes to `slack` straight away; everything else finds its page.

    `checks` name what readiness depends on; each gives a problem in words, or None.

    `warnings` are problems that no other replica has less of: this one goes on taking Slack's requests.
    """
    warnings = warnings or {}

    async def healthz() -> Page:
        return _json(200, {"status": "alive"})

    async def readyz() -> Page:
        problems, warned = await asyncio.gather(_found(checks), _found(warnings))
        return _json(503 if problems else 200, {"ready": not problems, "problems": problems, "warnings": warned})

    async def metrics() -> Page:
        await _found(warnings)  # they keep their gauges up to date
        return 200, CONTENT_TYPE_LATEST, generate_latest()

    pages = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}

    async def web(scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if path == EVENTS_PATH and method == "POST":
            await slack(scope, receive, send)
        elif path not in pages:
            await _send(send, (404, "text/plain", b"Not Found"))
        elif method not in ("GET", "HEAD"):
            await _send(send, (405, "text/plain", b"Method Not Allowed"))
        else:
            await _send(send, await pages[path](), is_head=method == "HEAD")

    return web


async def _found(checks: dict[str, Check]) -> dict[str, str]:
    """All at once: a store that hangs is waited for once."""
    found = await asyncio.gather(*(check() for check in checks.values()))
    return {name: problem for name, problem in zip(checks, found, strict=True) if problem}


def _json(status: int, said: dict[str, Any]) -> Page:
    return status, "application/json", msgspec.json.encode(said)


async def _send(send: Send, page: Page, *, is_head: bool = False) -> None:
    status, kind, body = page
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else body})

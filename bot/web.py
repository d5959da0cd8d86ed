"""The web process's own face: Slack's events, and whether the bot is alive and ready."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

EVENTS_PATH = "/slack/events"

Check = Callable[[], Awaitable[str | None]]


def make_web(slack: ASGIApp, checks: dict[str, Check], warnings: dict[str, Check] | None = None) -> ASGIApp:
    """What Slack posts goes to `slack` straight away; everything else finds its page.

    `checks` name what readiness depends on; each gives a problem in words, or None.

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

    pages = Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)])

    async def web(scope: Scope, receive: Receive, send: Send) -> None:
        is_slack = scope["type"] == "http" and scope["path"] == EVENTS_PATH and scope["method"] == "POST"
        await (slack if is_slack else pages)(scope, receive, send)

    return web


async def _found(checks: dict[str, Check]) -> dict[str, str]:
    found = {name: await check() for name, check in checks.items()}
    return {name: problem for name, problem in found.items() if problem}

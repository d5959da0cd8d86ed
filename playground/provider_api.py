"""The Byteful world on HTTP: keys, rate limit, errors, faults, request log. A thin skin over the endpoint table.

Order of a request: keys (401, costs no rate budget), rate (429), path (404, 405), body (400), faults, effect, answer.
`Connections` lets a fault end a connection for real; `provider_server` supplies it from the running server.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import time
from collections import deque
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Protocol

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from playground.provider import LogEntry, ProviderWorld
from playground.provider_call import Call, Endpoint
from playground.provider_control import control_routes
from playground.provider_endpoints import perform, route
from playground.provider_faults import SECOND_FACTOR, STATUS_FAULTS, Fault, alter
from playground.provider_values import ERROR_NAMES, RefusalError, Row, stamp

PREFIX = "/1.0/public/user/"
GATEWAY_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr></body></html>"
SECRET_NAMES = ("password", "private", "secret", "ip_address_authentications")


class Connections(Protocol):
    """The server's open connections."""

    closing: asyncio.Event

    def reset(self, scope: Scope) -> None: ...

    def close(self, scope: Scope) -> None: ...


class NoConnections:
    """Without a server there is nothing to cut; an exception stands for the lost connection."""

    def __init__(self) -> None:
        self.closing = asyncio.Event()

    def reset(self, scope: Scope) -> None:
        raise ConnectionResetError(f"reset by a fault: {scope['path']}")

    close = reset


class RateLimit:
    """At most so many requests within a sliding window; refused ones do not count."""

    def __init__(self, world: ProviderWorld) -> None:
        self._world = world
        self._admitted: deque[float] = deque()

    def wait_s(self, now_s: float) -> float:
        """0 and one place taken, or the seconds until there is a place."""
        settings = self._world.settings
        while self._admitted and self._admitted[0] <= now_s - settings.rate_window_s:
            self._admitted.popleft()
        if len(self._admitted) < settings.rate_limit:
            self._admitted.append(now_s)
            return 0.0
        oldest = self._admitted[0] if self._admitted else now_s
        return oldest + settings.rate_window_s - now_s


def create_app(world: ProviderWorld, connections: Connections | None = None) -> Starlette:
    """The vendor's API below /1.0, the controls below /control, invoice pages below /invoice."""
    routes: list[BaseRoute] = [*control_routes(world), Mount("/", app=Skin(world, connections or NoConnections()))]
    return Starlette(routes=routes)


class Skin:
    """The ASGI application of the vendor's API."""

    def __init__(self, world: ProviderWorld, connections: Connections) -> None:
        self._world = world
        self._connections = connections
        self._rate = RateLimit(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = Request(scope, receive)
        body = await request.body()
        exchange = Exchange(self._world, self._connections, scope, receive, send)
        entry = self._log(request, body)
        self._world.on_change()
        try:
            await self._answer(request, body, exchange, entry)
        except RefusalError as refusal:
            await exchange.refuse(refusal)
        finally:
            entry.status, entry.outcome = exchange.status, exchange.outcome
            entry.ms = round((time.perf_counter() - started) * 1000, 2)
            self._world.on_exchange(entry, exchange.body)

    async def _answer(self, request: Request, body: bytes, exchange: Exchange, entry: LogEntry) -> None:
        world = self._world
        path = request.url.path
        found = route(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None
        if any(fault.name == "down" for fault in world.faults.peek(entry.endpoint)):
            entry.faults = [fault.name for fault in world.faults.take(entry.endpoint)]
            await exchange.reset()
            return
        self._check_keys(request)
        self._check_rate()
        if found is None:
            raise RefusalError(404, "The requested resource does not exist.")
        endpoints, item = found
        endpoint = endpoints.get(request.method)
        if endpoint is None:
            raise RefusalError(405, "The method is not allowed.", headers={"Allow": ", ".join(sorted(endpoints))})
        call = Call(item, dict(request.query_params), _json_object(body))
        faults = world.faults.take(endpoint.name)
        entry.faults = [fault.name for fault in faults]
        await self._with_faults(endpoint, call, faults, exchange)

    async def _with_faults(self, endpoint: Endpoint, call: Call, faults: list[Fault], exchange: Exchange) -> None:
        failure = None
        for fault in faults:
            if fault.name == "slow":
                await exchange.pause(fault)
            elif fault.is_failure:
                failure = fault
        if failure is not None and not failure.takes_effect:
            await self._fail(failure, endpoint, call, exchange)
            return
        status, payload = perform(self._world, endpoint, call)
        payload = alter(payload, faults, endpoint.name)
        if failure is None:
            await exchange.answer(status, payload)
        elif failure.name == "half_answer":
            await exchange.half_answer(status, payload)
        else:
            await self._fail(failure, endpoint, call, exchange)

    async def _fail(self, fault: Fault, endpoint: Endpoint, call: Call, exchange: Exchange) -> None:
        """What the caller gets instead of the answer."""
        name = fault.name.removesuffix("_after_charge").removesuffix("_before_charge")
        match name:
            case "rate_limited":
                raise _rate_refusal(fault["seconds"], with_header=fault["with_header"])
            case "late_charge":
                if endpoint.name == "checkout/create":
                    self._world.create_later(call.body, timedelta(seconds=fault["delay_s"]))
                if fault["status"]:
                    raise RefusalError(fault["status"], "The request took too long.")
                await exchange.hold(fault)
            case "timeout":
                await exchange.hold(fault)
            case "reset":
                await exchange.reset()
            case "html_error":
                await exchange.gateway_page(fault["status"])
            case _:
                extra = SECOND_FACTOR if name == "second_factor" else {}
                raise RefusalError(STATUS_FAULTS[name], fault["message"], extra=extra)

    def _log(self, request: Request, body: bytes) -> LogEntry:
        world = self._world
        path = request.url.path
        found = route(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None
        endpoint = next(iter(found[0].values())).name if found else ""
        world.requests_received += 1
        if endpoint == "checkout/create":
            world.creates_received += 1
        entry = LogEntry(
            number=world.requests_received,
            at=stamp(world.clock.now()),
            method=request.method,
            path=path,
            endpoint=endpoint,
            query=redacted(dict(request.query_params)),
            body=redacted(_json_or_text(body)),
            faults=[],
        )
        world.log.append(entry)
        return entry

    def _check_keys(self, request: Request) -> None:
        """Both keys, always both compared, in constant time."""
        pairs = (
            (request.headers.get("X-API-Public-Key", ""), self._world.public_key),
            (request.headers.get("X-API-Private-Key", ""), self._world.private_key),
        )
        matches = [hmac.compare_digest(given.encode(), wanted.encode()) for given, wanted in pairs]
        if not all(matches):
            raise RefusalError(401, "A valid public and private API key are required.")

    def _check_rate(self) -> None:
        wait = self._rate.wait_s(asyncio.get_running_loop().time())
        if wait:
            raise _rate_refusal(math.ceil(wait), with_header=self._world.settings.retry_after_header)


def _rate_refusal(seconds: int, *, with_header: bool) -> RefusalError:
    headers = {"Retry-After": str(seconds)} if with_header else {}
    return RefusalError(429, f"Rate limit exceeded. Please try again in {seconds} seconds.", headers=headers)


def _json_object(body: bytes) -> Row:
    if not body.strip():
        return {}
    try:
        parsed = msgspec.json.decode(body)
    except ValueError:
        raise RefusalError(400, "The request body is not valid JSON.") from None
    if not isinstance(parsed, dict):
        raise RefusalError(400, "The request body must be a JSON object.")
    return parsed


def _json_or_text(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body.strip() else None
    except ValueError:
        return f"<{len(body)} bytes that are not JSON>"


def redacted(value: Any) -> Any:
    """The same structure, with whatever could be a secret blotted out."""
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "[redacted]" if any(word in name.lower() for word in SECRET_NAMES) else redacted(item)
        for name, item in value.items()
    }


class Exchange:
    """One answer on its way out, or the way it fails to arrive."""

    def __init__(
        self, world: ProviderWorld, connections: Connections, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._world = world
        self._connections = connections
        self._scope = scope
        self._receive = receive
        self._send = send
        self.status: int | None = None
        self.outcome = "lost"
        self.body = b""

    async def answer(self, status: int, payload: Row, headers: dict[str, str] | None = None) -> None:
        self.body = body = msgspec.json.encode(payload)
        await self._start(status, body, "application/json", headers or {})
        await self._send({"type": "http.response.body", "body": b"" if self._scope["method"] == "HEAD" else body})

    async def refuse(self, refusal: RefusalError) -> None:
        error = ERROR_NAMES.get(refusal.status, "Error")
        body = {"error": error, "message": refusal.message, "api_request_id": self._world.mint.uuid()}
        await self.answer(refusal.status, body | refusal.extra, refusal.headers)

    async def gateway_page(self, status: int) -> None:
        self.body = page = GATEWAY_PAGE.format(f"{status} {ERROR_NAMES.get(status, 'Error')}").encode()
        await self._start(status, page, "text/html", {})
        await self._send({"type": "http.response.body", "body": page})

    async def half_answer(self, status: int, payload: Row) -> None:
        body = msgspec.json.encode(payload)
        self.body = body[: len(body) // 2]
        await self._start(status, body, "application/json", {})
        await self._send({"type": "http.response.body", "body": self.body, "more_body": True})
        self.outcome = "half"
        self._connections.close(self._scope)
        await self._gone()

    async def reset(self) -> None:
        self.outcome = "reset"
        self._connections.reset(self._scope)
        await self._gone()

    async def pause(self, fault: Fault) -> None:
        """Waits the fault's seconds, or until it is cleared."""
        fault.reached.set()
        await self._first_of(fault["seconds"], fault.released.wait(), self._connections.closing.wait())

    async def hold(self, fault: Fault) -> None:
        """Says nothing for the fault's seconds, until it is cleared or the caller leaves; then closes."""
        self.outcome = "held"
        fault.reached.set()
        await self._first_of(fault["seconds"], fault.released.wait(), self._connections.closing.wait(), self._gone())
        self._connections.close(self._scope)
        await self._gone()

    async def _start(self, status: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
        self.status, self.outcome = status, "answered"
        lines = {
            "content-type": content_type,
            "content-length": str(len(body)),
            "date": format_datetime(self._world.now(), usegmt=True),
            **headers,
        }
        raw = [(name.lower().encode(), value.encode()) for name, value in lines.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def _gone(self) -> None:
        """Returns when the caller's connection is no more."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _first_of(self, seconds: float, *waits: Any) -> None:
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

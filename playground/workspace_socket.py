"""Socket Mode: WebSocket connections an app opens to be sent everything Slack would otherwise post to its address.

Each payload goes down exactly one of up to ten connections, in turn; its ack must come back on the same one, within
the same three seconds. Connections are asked to move on every hour of world time, a warning first. WebSockets are
served by aiohttp on a loopback port of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from playground.workspace_model import ImpossibleError, SlackError
from playground.workspace_schema import Json

if TYPE_CHECKING:
    from playground.workspace import Workspace

CONNECTIONS_MOST = 10
REFRESHED_AFTER_S = 3_600.0
WARNED_BEFORE_S = 10.0
CLOSED_AFTER_S = 10.0
PINGED_EVERY_S = 30.0
REASONS = ("warning", "refresh_requested", "link_disabled", "too_many_websockets")
_TYPES = {"command": "slash_commands", "event": "events_api"}
_ANSWERABLE = frozenset({"command", "view_submission", "block_suggestion", "block_actions"})


@dataclass(eq=False)
class Connection:
    number: int
    ws: web.WebSocketResponse
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    is_leaving: bool = False  # told to go: acks still count, nothing new is sent
    delivered: int = 0

    def lost(self) -> None:
        for waiter in self.waiting.values():
            if not waiter.done():
                waiter.set_exception(ConnectionError("the connection closed before the ack"))
        for task in self.tasks:
            task.cancel()


class SocketHub:
    """The app's connections. Open it with `serving` where the world runs."""

    def __init__(self, home: Workspace) -> None:
        self._home = home
        self._tickets: set[str] = set()
        self._count = 0
        self._turn = 0
        self.connections: list[Connection] = []
        self.origin = ""

    @property
    def ready(self) -> list[Connection]:
        return [one for one in self.connections if not one.is_leaving]

    @property
    def in_use(self) -> bool:
        """Whether payloads go this way: the app is set to Socket Mode, or without a manifest, somebody is connected."""
        wanted = self._home.app.socket_mode
        return bool(self.connections) if wanted is None else wanted

    def open(self) -> str:
        """An address for one connection."""
        if not self.origin:
            raise SlackError("internal_error")
        ticket = secrets.token_urlsafe(18)
        self._tickets.add(ticket)
        return f"{self.origin}/link/?ticket={ticket}&app_id={self._home.app.id}"

    # --- serving

    @contextlib.asynccontextmanager
    async def serving(self, listener: socket.socket) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/link/", self._link)
        runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        self.origin = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield
        finally:
            self.origin = ""
            await asyncio.gather(*(one.ws.close() for one in self.connections))
            await runner.cleanup()

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=401, text="invalid ticket")
        self._tickets.discard(ticket)
        answer = web.WebSocketResponse(heartbeat=PINGED_EVERY_S, max_msg_size=1_000_000)
        await answer.prepare(request)
        if refusal := self._refusal():
            await answer.send_json(self._goodbye(refusal))
            await answer.close()
            return answer
        self._count += 1
        connection = Connection(self._count, answer)
        self.connections.append(connection)
        try:
            await answer.send_json(self._hello())
            self._home.changed()
            self._in_background(connection, self._age(connection))
            await self._listen(connection)
        finally:
            self.connections.remove(connection)
            connection.lost()
            self._home.changed()
        return answer

    def _refusal(self) -> str:
        if self._home.app.socket_mode is False:
            return "link_disabled"
        return "too_many_websockets" if len(self.connections) >= CONNECTIONS_MOST else ""

    def _hello(self) -> Json:
        debug = {
            "host": "applink-playground",
            "started": "playground",
            "build_number": 1,
            "approximate_connection_time": int(REFRESHED_AFTER_S),
        }
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": debug,
            "connection_info": {"app_id": self._home.app.id},
        }

    def _goodbye(self, reason: str) -> Json:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-playground"}}

    def _in_background(self, connection: Connection, work: Any) -> None:
        task = asyncio.create_task(work)
        connection.tasks.add(task)
        task.add_done_callback(connection.tasks.discard)

    async def _age(self, connection: Connection) -> None:
        """A connection does not last: a warning, and a little later the end."""
        clock = self._home.clock
        ends = clock.now() + REFRESHED_AFTER_S
        await clock.wait_until(ends - WARNED_BEFORE_S)
        await connection.ws.send_json(self._goodbye("warning"))
        await clock.wait_until(ends)
        await self.dismiss(connection, "refresh_requested")

    async def dismiss(self, connection: Connection, reason: str) -> None:
        """Ask the app to go; a warning leaves the connection as it is."""
        if reason not in REASONS:
            raise ImpossibleError(f"a connection is dismissed for one of: {', '.join(REASONS)}")
        with contextlib.suppress(ConnectionError):
            await connection.ws.send_json(self._goodbye(reason))
        if reason != "warning":
            connection.is_leaving = True
            self._in_background(connection, self._close_later(connection))

    async def _close_later(self, connection: Connection) -> None:
        """The app closes by itself once it has another connection; one that does not is closed."""
        clock = self._home.clock
        await clock.wait_until(clock.now() + CLOSED_AFTER_S)
        await connection.ws.close()

    # --- acks

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.ws:
            if message.type is WSMsgType.TEXT:
                self._heard(connection, message.data)

    def _heard(self, connection: Connection, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            self._home.note_problem("socket mode", "a frame is not JSON")
            return
        envelope_id = frame.get("envelope_id") if isinstance(frame, dict) else None
        waiter = connection.waiting.pop(str(envelope_id), None)
        if waiter is None:
            self._home.note_problem("socket mode", f"an ack names no open envelope of this connection: {envelope_id!r}")
        elif not waiter.done():
            waiter.set_result(frame.get("payload"))

    # --- sending

    async def deliver(self, kind: str, payload: Json, retry: tuple[int, str] | None, within_s: float) -> bytes:
        """Send down one connection and wait for its ack; the ack's payload as the body of an answer.

        Raises ConnectionError when nobody is connected or the connection ends, TimeoutError when no ack comes.
        """
        ready = self.ready
        if not ready:
            raise ConnectionError("the app has no Socket Mode connection")
        self._turn += 1
        connection = ready[self._turn % len(ready)]
        envelope_id = secrets.token_hex(16)
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": _TYPES.get(kind, "interactive"),
            "accepts_response_payload": kind in _ANSWERABLE,
            "payload": payload,
        }
        if kind == "event":
            number, reason = retry or (0, "")
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = waiter
        connection.delivered += 1
        try:
            async with asyncio.timeout(within_s):
                await connection.ws.send_json(envelope)
                return self._body(kind, await waiter)
        finally:
            connection.waiting.pop(envelope_id, None)
            waiter.cancel()

    def _body(self, kind: str, payload: Any) -> bytes:
        if payload is None or payload == {}:
            return b""
        if kind not in _ANSWERABLE:
            self._home.note_problem("socket mode", f"the ack of {kind} carries a payload, which is ignored")
            return b""
        return json.dumps(payload, ensure_ascii=False).encode()

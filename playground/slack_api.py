"""The simulated workspace over HTTP: Slack's Web API, `response_url`, file uploads, the control interface and a page.

    /api/<method>       the Web API; point slack_sdk's `base_url` here
    /response/<token>   response URLs
    /upload/<file id>   where bytes of a file go
    /control/…          see `workspace_control.py`
    /                   a page that shows the workspace

It binds 127.0.0.1 only. `running_workspace` serves inside the current event loop; `serve` is the whole program.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from playground.workspace import Workspace
from playground.workspace_control import Control, is_loopback
from playground.workspace_delivery import Courier
from playground.workspace_faults import API_FAULTS, Fault
from playground.workspace_limits import RateLimitedError
from playground.workspace_messages import ResponseUrlError, respond
from playground.workspace_methods import METHODS, call
from playground.workspace_model import SlackError, refuse_real_tokens
from playground.workspace_schema import Json

HOST = "127.0.0.1"
PAGE = Path(__file__).with_name("page")
PAGE_FILES = {"": "index.html", "page.css": "page.css", "page.js": "page.js"}
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
JSON_ARGUMENTS = frozenset({"blocks", "view", "attachments", "metadata", "files", "message"})
BAD_JSON = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
}
LOGGED_CHARACTERS = 4_000


class SlackApi:
    def __init__(self, ws: Workspace, courier: Courier) -> None:
        self.ws = ws
        self.control = Control(ws, courier)

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/{method:path}", self.web_api, methods=["GET", "POST"]),
                Route("/response/{token}", self.response_url, methods=["POST"]),
                Route("/upload/{file_id}", self.upload, methods=["POST"]),
                Mount("/control", routes=self.control.routes()),
                Route("/{name}", self.page, methods=["GET"]),
                Route("/", self.page, methods=["GET"]),
            ]
        )

    # --- the Web API

    async def web_api(self, request: Request) -> Response:
        started = time.perf_counter()
        name = request.path_params["method"]
        args: Json = {}
        try:
            args, token = await read_arguments(request)
            fault = self.ws.faults.strike(name, API_FAULTS)
            answer = await self._answer(request, name, args, token, fault)
            status = 200
        except RateLimitedError as error:
            answer, status = {"ok": False, "error": "ratelimited"}, 429
            self._log(name, args, answer, started)
            return JSONResponse(answer, status, {"Retry-After": str(error.retry_after)})
        except SlackError as error:
            answer, status = {"ok": False, "error": error.code, **error.extra}, 200
        except _BrokenError as error:
            self._log(name, args, {"ok": False, "error": str(error)}, started)
            return PlainTextResponse("Internal Server Error", 500)
        self._log(name, args, answer, started)
        return JSONResponse(answer, status, {"x-oauth-scopes": ",".join(sorted(self.ws.app.scopes))})

    async def _answer(self, request: Request, name: str, args: Json, token: str | None, fault: Fault | None) -> Json:
        match fault and fault.name:
            case "ratelimited":
                assert fault is not None
                raise RateLimitedError(fault.retry_after)
            case "error":
                assert fault is not None
                raise SlackError(fault.error)
            case "http_500":
                raise _BrokenError("http_500")
            case "reset":
                hang_up(request)
                raise _BrokenError("reset")
            case "slow":
                assert fault is not None
                await self.ws.until_closing(fault.seconds)
        answer = self._call(name, args, token)
        if fault is not None and fault.name == "timeout_after_effect":
            await self.ws.until_closing(fault.seconds)
            hang_up(request)
            return {**answer, "unanswered": True}
        return answer

    def _call(self, name: str, args: Json, token: str | None) -> Json:
        if name not in METHODS:
            self.ws.note_problem(name, "unknown method, or one this world does not have")
            raise SlackError("unknown_method", req_method=name)
        method = METHODS[name]
        if method.needs_token:
            self._check_token(token)
        self.ws.limiter.call(name, method.tier)
        try:
            return {"ok": True, **call(self.ws, name, args)}
        except SlackError as error:
            self._note_refusal(name, error)
            raise

    def _note_refusal(self, name: str, error: SlackError) -> None:
        """Refusals that are always the bot's own doing; a missing channel or an old trigger may be nobody's."""
        if error.code in _OWN_FAULT:
            details = error.extra.get("response_metadata", {}).get("messages") or error.extra.get("needed", "")
            self.ws.note_problem(name, error.code, details=details)

    def _check_token(self, token: str | None) -> None:
        app = self.ws.app
        if not token:
            raise SlackError("not_authed")
        if token == app.app_token:
            raise SlackError("not_allowed_token_type")
        if token != app.bot_token:
            raise SlackError("invalid_auth")
        if app.is_inactive:
            raise SlackError("account_inactive")
        if app.is_revoked:
            raise SlackError("token_revoked")

    def _log(self, name: str, args: Json, answer: Json, started: float) -> None:
        self.ws.write_log(
            {
                "what": "call",
                "method": name,
                "args": {key: _short(value) for key, value in args.items()},
                "ok": answer.get("ok", False),
                "error": answer.get("error"),
                "unanswered": answer.get("unanswered", False),
                "ms": round((time.perf_counter() - started) * 1000, 3),
            }
        )

    # --- response URLs and uploads

    async def response_url(self, request: Request) -> Response:
        started = time.perf_counter()
        fault = self.ws.faults.strike("response_url", API_FAULTS)
        status, word = 200, "ok"
        body: Json = {}
        try:
            body = await _response_body(request)
            word = self._respond(request, body, fault)
            if fault is not None and fault.name in ("slow", "timeout_after_effect"):
                await self.ws.until_closing(fault.seconds)
        except ResponseUrlError as error:
            status, word = error.status, error.word
        except _BrokenError:
            status, word = 500, "internal_error"
        self._log("response_url", body, {"ok": status == 200, "error": None if status == 200 else word}, started)
        headers = {"Retry-After": str(fault.retry_after)} if fault and status == 429 else {}
        return PlainTextResponse(word, status, headers)

    def _respond(self, request: Request, body: Json, fault: Fault | None) -> str:
        match fault and fault.name:
            case "ratelimited":
                raise ResponseUrlError(429, "ratelimited")
            case "error":
                raise ResponseUrlError(404, fault.error if fault else "")
            case "http_500":
                raise _BrokenError
            case "reset":
                hang_up(request)
                raise _BrokenError
        respond(self.ws, request.path_params["token"], body)
        return "ok"

    async def upload(self, request: Request) -> Response:
        file = self.ws.files.get(request.path_params["file_id"])
        if file is None:
            return PlainTextResponse("file_not_found", 404)
        content = await _uploaded_bytes(request)
        if len(content) != file.length:
            self.ws.note_problem("upload", f"{len(content)} bytes sent, {file.length} announced")
            return PlainTextResponse("length_mismatch", 400)
        file.uploaded = content
        return PlainTextResponse(f"OK - {len(content)}")

    # --- the page

    async def page(self, request: Request) -> Response:
        name = PAGE_FILES.get(request.path_params.get("name", ""))
        if name is None or not is_loopback(request):
            return PlainTextResponse("not found", 404)
        headers = {"Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        return FileResponse(PAGE / name, headers=headers)


class _BrokenError(Exception):
    """Slack's own server failing."""


_OWN_FAULT = frozenset(
    [
        "invalid_arguments",
        "missing_scope",
        "not_authed",
        "invalid_auth",
        "not_allowed_token_type",
        "no_text",
        "msg_too_long",
        "invalid_cursor",
        "invalid_limit",
        "invalid_types",
        "invalid_name",
        "metadata_too_large",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "markdown_text_conflict",
        "too_many_attachments",
        "push_limit_reached",
        "view_too_large",
        "method_not_supported_for_channel_type",
        "duplicate_external_id",
        "invalid_trigger_id",
        "exchanged_trigger_id",
    ]
)


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LOGGED_CHARACTERS:
        return value[:LOGGED_CHARACTERS] + "…"
    return value


async def read_arguments(request: Request) -> tuple[Json, str | None]:
    """Arguments wherever slack_sdk may put them: query string, form, multipart or JSON; and the token beside them."""
    args: Json = dict(request.query_params)
    args |= await _body_arguments(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    given = args.pop("token", None)
    for key in JSON_ARGUMENTS & set(args):
        args[key] = _parsed(key, args[key])
    args = {key: value for key, value in args.items() if value is not None}
    return args, token if scheme.lower() == "bearer" and token else given


async def _body_arguments(request: Request) -> Json:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if request.method == "GET":
        return {}
    if kind == "application/json":
        return _json_body(await request.body())
    if kind == "multipart/form-data":
        parts = _multipart(request, await request.body())
        return {name: content.decode() for name, filename, content in parts if filename is None}
    body = await request.body()
    if kind not in ("application/x-www-form-urlencoded", "") and body:
        raise SlackError("invalid_post_type")
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _multipart(request: Request, body: bytes) -> list[tuple[str, str | None, bytes]]:
    """Name, file name and content of every part."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_filename(),
            bytes(part.get_payload(decode=True)),
        )
        for part in parts
    ]


def _json_body(body: bytes) -> Json:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError as error:
        raise SlackError("invalid_json") from error
    if not isinstance(parsed, dict):
        raise SlackError("json_not_object")
    return parsed


def _parsed(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise SlackError(BAD_JSON.get(key, "invalid_arguments")) from error


async def _response_body(request: Request) -> Json:
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = dict(parse_qsl(body.decode())).get("payload", "{}").encode()
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise ResponseUrlError(400, "invalid_payload") from error
    if not isinstance(parsed, dict):
        raise ResponseUrlError(400, "invalid_payload")
    return parsed


async def _uploaded_bytes(request: Request) -> bytes:
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        parts = _multipart(request, await request.body())
        return next((content for _, filename, content in parts if filename is not None), b"")
    return await request.body()


# --- serving


class _Http(HttpToolsProtocol):
    """uvicorn's HTTP, with a way for a fault to hang up in the middle of a request."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["hang_up"] = self._hang_up

    def _hang_up(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()


def hang_up(request: Request) -> None:
    """Drop the connection without an answer."""
    request.scope["state"]["hang_up"]()


class _Server(uvicorn.Server):
    """uvicorn inside somebody else's event loop: it says when it is ready and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def listening(port: int) -> socket.socket:
    """A loopback socket that says it is TCP, so that asyncio turns Nagle's 40 ms of waiting off."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an ASGI app on this socket, in this event loop, until the block ends."""
    config = uvicorn.Config(
        app,
        http=_Http,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="error",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.ready.wait()
        yield
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def running_workspace(ws: Workspace, port: int = 0) -> AsyncIterator[str]:
    """Serve the workspace on 127.0.0.1 until the block ends; yields its base URL, `http://127.0.0.1:PORT`."""
    refuse_real_tokens(os.environ)
    with listening(port) as listener:
        ws.base_url = f"http://{HOST}:{listener.getsockname()[1]}"
        ws.is_closing = False
        courier = Courier(ws)
        async with serving(SlackApi(ws, courier).asgi(), listener):
            try:
                yield ws.base_url
            finally:
                ws.close()
                await courier.close()


def introduction(ws: Workspace) -> Json:
    """What the bot must be told to live in this workspace."""
    return {
        "base_url": f"{ws.base_url}/api/",
        "page_url": f"{ws.base_url}/",
        "control_url": f"{ws.base_url}/control/",
        "bot_token": ws.app.bot_token,
        "app_token": ws.app.app_token,
        "signing_secret": ws.app.signing_secret,
        "team_id": ws.team_id,
        "bot_url": ws.bot_url,
    }


async def serve(
    port: int,
    bot_url: str,
    *,
    manifest: Mapping[str, Any] | Path | None = None,
    rate_limits: bool = True,
    environ: Mapping[str, str] | None = None,
) -> None:
    """The workspace as a program: prints one JSON line saying where it is, then serves until cancelled."""
    refuse_real_tokens(os.environ if environ is None else environ)
    ws = Workspace(manifest=manifest, bot_url=bot_url, rate_limits=rate_limits)
    async with running_workspace(ws, port):
        print(json.dumps(introduction(ws)), flush=True)
        await asyncio.Event().wait()

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
import base64
import contextlib
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from playground import workspace_files as files
from playground.chaos import Backstage
from playground.curtain import Between, Passed
from playground.workspace import Workspace
from playground.workspace_control import Control, guarded, is_loopback
from playground.workspace_delivery import Courier
from playground.workspace_faults import API_FAULTS, Fault
from playground.workspace_limits import RateLimitedError
from playground.workspace_messages import ResponseUrlError, respond
from playground.workspace_methods import METHODS, call
from playground.workspace_model import SlackError, refuse_real_tokens
from playground.workspace_oauth import install_routes, shown_team
from playground.workspace_schema import Json
from playground.workspace_static import front_page, page_file

HOST = "127.0.0.1"
JSON_ARGUMENTS = frozenset({"blocks", "view", "attachments", "metadata", "files", "message"})
BAD_JSON = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
}
LOGGED_CHARACTERS = 4_000


class SlackApi:
    def __init__(self, ws: Workspace, courier: Courier, behind: Backstage | None = None) -> None:
        self.ws = ws
        self.control = Control(ws, courier, behind)
        self._neighbours = {one.team_id: Control(one, courier.of(one)) for one in ws.teams.all[1:]}

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/{method:path}", self.web_api, methods=["GET", "POST"]),
                Route("/response/{token}", self.response_url, methods=["POST"]),
                Route("/upload/{file_id}", self.upload, methods=["POST"]),
                Route("/files/{file_id}/{name:path}", self.private_file, methods=["GET"]),
                *install_routes(self.ws.teams),
                Mount("/control", routes=self._control_routes()),
                Route("/page/{name:path}", _page(page_file), methods=["GET"]),
                Route("/", _page(lambda request, _name: front_page(request)), methods=["GET"]),
            ]
        )

    def _control_routes(self) -> list[BaseRoute]:
        """The first workspace's controls; those of its neighbours below `teams/{id}`."""
        others = [Mount(f"/teams/{team}", routes=control.routes()) for team, control in self._neighbours.items()]
        return [Route("/teams", guarded(self.teams), methods=["GET"]), *others, *self.control.routes()]

    async def teams(self, _request: Request) -> Response:
        return JSONResponse({"teams": [shown_team(ws) for ws in self.ws.teams.all]})

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
            self._log(name, args, answer, started, status)
            return JSONResponse(answer, status, {"Retry-After": str(error.retry_after)})
        except SlackError as error:
            answer, status = {"ok": False, "error": error.code, **error.extra}, 200
        except _BrokenError as error:
            broken = None if str(error) == "reset" else 500
            self._log(name, args, {"ok": False, "error": str(error)}, started, broken)
            return PlainTextResponse("Internal Server Error", 500)
        self._log(name, args, answer, started, None if answer.get("unanswered") else status)
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
                await self.ws.held_up(fault.seconds)
        answer = self._call(name, args, token)
        if fault is not None and fault.name == "timeout_after_effect":
            await self.ws.held_up(fault.seconds)
            hang_up(request)
            return {**answer, "unanswered": True}
        return answer

    def _call(self, name: str, args: Json, token: str | None) -> Json:
        if name not in METHODS:
            self.ws.note_problem(name, "unknown method, or one this world does not have")
            raise SlackError("unknown_method", req_method=name)
        method = METHODS[name]
        ws = self._whose(method.caller, token)
        ws.limiter.call(name, method.tier)
        try:
            return {"ok": True, **call(ws, name, args)}
        except SlackError as error:
            self._note_refusal(name, error)
            raise

    def _note_refusal(self, name: str, error: SlackError) -> None:
        """Refusals that are always the bot's own doing; a missing channel or an old trigger may be nobody's."""
        if error.code in _OWN_FAULT:
            details = error.extra.get("response_metadata", {}).get("messages") or error.extra.get("needed", "")
            self.ws.note_problem(name, error.code, details=details)

    def _whose(self, kind: str, token: str | None) -> Workspace:
        """The workspace a call is about: the one whose token it carries."""
        if kind == "none":
            return self.ws
        if not token:
            raise SlackError("not_authed")
        is_app_token = token == self.ws.app.app_token
        ws = self.ws if is_app_token else self.ws.teams.with_token(token)
        if ws is None:
            raise SlackError("invalid_auth")
        if is_app_token is not (kind == "app"):
            raise SlackError("not_allowed_token_type")
        if kind == "bot":
            _check_install(ws, token)
        return ws

    def _log(self, name: str, args: Json, answer: Json, started: float, status: int | None = 200) -> None:
        ms = (time.perf_counter() - started) * 1000
        self.ws.curtain.note(
            Passed(
                Between.TO_SLACK,
                name,
                status,
                ms,
                args,
                answer,
                self.ws.now(),
                ok=bool(answer.get("ok")),
            )
        )
        self.ws.write_log(
            {
                "what": "call",
                "method": name,
                "args": {key: _short(value) for key, value in args.items()},
                "ok": answer.get("ok", False),
                "error": answer.get("error"),
                "unanswered": answer.get("unanswered", False),
                "ms": round(ms, 3),
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
                await self.ws.held_up(fault.seconds)
        except ResponseUrlError as error:
            status, word = error.status, error.word
        except _BrokenError:
            status, word = 500, "internal_error"
        answer = {"ok": status == 200, "error": None if status == 200 else word}
        self._log("response_url", body, answer, started, status)
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
        token = request.path_params["token"]
        respond(self.ws.teams.with_response_url(token), token, body)
        return "ok"

    async def upload(self, request: Request) -> Response:
        started = time.perf_counter()
        file_id = request.path_params["file_id"]
        ws = self.ws.teams.with_file(file_id)
        content = await _uploaded_bytes(request)
        word, status = files.take_bytes(ws, file_id, content) if ws else ("file_not_found", 404)
        answer = {"ok": status == 200, "error": None if status == 200 else word}
        self._log("upload", {"file": file_id, "bytes": len(content)}, answer, started, status)
        return PlainTextResponse(word, status)

    async def private_file(self, request: Request) -> Response:
        """`url_private`: the bytes, for the app's token with the scope to read files."""
        _, _, token = request.headers.get("authorization", "").partition(" ")
        ws = self.ws.teams.with_file(request.path_params["file_id"])
        owner = self.ws.teams.with_token(token) if token else None
        if ws is None or owner is not ws or "files:read" not in ws.app.scopes:
            return PlainTextResponse("not found", 404)
        return files.download(ws, request.path_params["file_id"])


def _page(respond: Callable[[Request, str], Response]) -> Callable[[Request], Awaitable[Response]]:
    """The page's files, for this machine alone."""

    async def answer(request: Request) -> Response:
        if not is_loopback(request):
            return PlainTextResponse("not found", 404)
        return respond(request, request.path_params.get("name", ""))

    return answer


def _check_install(ws: Workspace, token: str) -> None:
    app = ws.app
    if app.is_inactive:
        raise SlackError("account_inactive")
    if app.is_revoked:
        raise SlackError("token_revoked")
    expires = app.token_expires if token == app.bot_token else app.old_tokens[token]
    if expires is not None and ws.now() > expires:
        raise SlackError("token_expired")


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
    if scheme.lower() == "basic":
        args |= _client_of(token)
    given = args.pop("token", None)
    for key in JSON_ARGUMENTS & set(args):
        args[key] = _parsed(key, args[key])
    args = {key: value for key, value in args.items() if value is not None}
    return args, token if scheme.lower() == "bearer" and token else given


def _client_of(credentials: str) -> Json:
    """The client of OAuth, when it names itself in the header."""
    try:
        client_id, _, client_secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError as error:
        raise SlackError("invalid_auth") from error
    return {"client_id": client_id, "client_secret": client_secret}


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
        timeout_keep_alive=75,  # longer than any client keeps a connection, or one of its calls meets the closing
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
async def running_workspace(ws: Workspace, port: int = 0, *, behind: Backstage | None = None) -> AsyncIterator[str]:
    """Serve the workspace on 127.0.0.1 until the block ends; yields its base URL, `http://127.0.0.1:PORT`.

    `behind` is what its page may steer beside it: the Byteful account of the same process, a store to restart.
    """
    refuse_real_tokens(os.environ)
    with listening(port) as listener, listening(0) as socket_listener:
        for one in ws.teams.all:
            one.base_url = f"http://{HOST}:{listener.getsockname()[1]}"
            one.is_closing = False
        courier = Courier(ws)
        api = SlackApi(ws, courier, behind)
        async with ws.teams.sockets.serving(socket_listener), serving(api.asgi(), listener):
            try:
                yield ws.base_url
            finally:
                for one in ws.teams.all:
                    one.close()
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

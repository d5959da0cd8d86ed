"""The simulated workspace over HTTP: Slack's Web API, `response_url`, file uploads, the control interface and a page.

    /api/<method>       the Web API; point slack_sdk's `base_url` here
    /response/<token>   response URLs
    /upload/<file id>   where bytes of a file go
    /control/…          see `workspace_control.py`
    /                   a page that shows the workspace

Here are routes, faults and the log; `slack_arguments` reads what comes in, `workspace_methods` answers, `slack_server`
serves it all.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from playground import workspace_files as files
from playground.chaos import Backstage
from playground.curtain import Between, Passed
from playground.serving import hang_up
from playground.slack_arguments import read_arguments, response_body, uploaded_bytes
from playground.workspace import Workspace
from playground.workspace_control import Control, guarded, is_loopback
from playground.workspace_delivery import Courier
from playground.workspace_faults import API_FAULTS, Fault
from playground.workspace_limits import RateLimitedError
from playground.workspace_messages import ResponseUrlError, respond
from playground.workspace_methods import call
from playground.workspace_model import SlackError
from playground.workspace_oauth import install_routes, shown_team
from playground.workspace_schema import Json
from playground.workspace_static import front_page, page_file

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
        answer = call(self.ws, name, args, token)
        if fault is not None and fault.name == "timeout_after_effect":
            await self.ws.held_up(fault.seconds)
            hang_up(request)
            return {**answer, "unanswered": True}
        return answer

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
            body = await response_body(request)
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
        content = await uploaded_bytes(request)
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


class _BrokenError(Exception):
    """Slack's own server failing."""


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LOGGED_CHARACTERS:
        return value[:LOGGED_CHARACTERS] + "…"
    return value

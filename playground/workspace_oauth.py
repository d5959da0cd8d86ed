"""The install screen of OAuth v2: who installs the app, into which workspace, with which scopes; allow or cancel.

`/oauth/v2/authorize` shows it; its form answers with a redirect to the app carrying a code or `access_denied`. The form
carries a seal made for this very request, so no other page can press Allow.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from playground.workspace import Workspace
from playground.workspace_control import is_loopback
from playground.workspace_model import ImpossibleError, Person, SlackError
from playground.workspace_schema import Json
from playground.workspace_teams import Teams

_ASKED = ("client_id", "scope", "user_scope", "redirect_uri", "state", "team")
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}"
    "fieldset{border:1px solid #888;border-radius:8px;margin:1rem 0}label{display:block;margin:.4rem 0}"
    "select,button{font:inherit;padding:.4rem .8rem}button[value=allow]{background:#007a5a;color:#fff;border:0}"
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>
<body><main><h1>{title}</h1>{body}</main></body></html>"""
FORM = """<p>{app} asks to be installed. This is a playground: nothing leaves this machine.</p>
<form method="post" action="/oauth/v2/authorize?{query}"><input type="hidden" name="seal" value="{seal}">
<fieldset><legend>It will be able to</legend><ul>{scopes}</ul></fieldset>
<label>Workspace <select name="team">{teams}</select></label>
<label>You are <select name="person">{people}</select></label>
<p><button name="answer" value="allow">Allow</button> <button name="answer" value="cancel">Cancel</button></p></form>"""


def install_routes(teams: Teams) -> list[BaseRoute]:
    screen = InstallScreen(teams)
    return [
        Route("/oauth/v2/authorize", screen.show, methods=["GET"]),
        Route("/oauth/v2/authorize", screen.answer, methods=["POST"]),
    ]


class InstallScreen:
    def __init__(self, teams: Teams) -> None:
        self._teams = teams

    async def show(self, request: Request) -> Response:
        asked = _asked(request)
        if not is_loopback(request):
            return _page("Not here", "<p>The playground answers this machine only.</p>", 403)
        try:
            scopes, redirect = self._teams.check_request(asked)
        except SlackError as error:
            return _sorry(error)
        body = FORM.format(
            app=html.escape(self._teams.home.app.name),
            query=html.escape(urlencode(asked), quote=True),
            seal=self._seal(asked),
            scopes="".join(f"<li><code>{html.escape(scope)}</code></li>" for scope in scopes),
            teams=_options((ws.team_id, ws.team_name) for ws in self._offered(asked)),
            people=_options(_installers(self._teams.home)),
        )
        return _page(f"Install {self._teams.home.app.name}", body, allowed=_origin(redirect))

    async def answer(self, request: Request) -> Response:
        asked, form = _asked(request), dict(parse_qsl((await request.body()).decode()))
        if not is_loopback(request) or not hmac.compare_digest(form.get("seal", ""), self._seal(asked)):
            return _page("Not here", "<p>This answer does not come from the install screen.</p>", 403)
        try:
            if form.get("answer") != "allow":
                return RedirectResponse(self._teams.refuse(asked), 302)
            ws = self._teams.by_id(form.get("team", "")) or self._teams.home
            return RedirectResponse(self._teams.grant(ws, ws.person(form.get("person", "")), asked), 302)
        except SlackError as error:
            return _sorry(error)
        except ImpossibleError as error:
            return _page("That did not work", f"<p>{html.escape(str(error))}</p>", 400)

    def _offered(self, asked: Mapping[str, str]) -> list[Workspace]:
        wanted = self._teams.by_id(asked.get("team", ""))
        return [wanted] if wanted else self._teams.all

    def _seal(self, asked: Mapping[str, str]) -> str:
        key = self._teams.home.app.client_secret.encode()
        return hmac.new(key, urlencode(sorted(asked.items())).encode(), hashlib.sha256).hexdigest()


def shown_team(ws: Workspace) -> Json:
    """One line of the list of workspaces."""
    return {
        "id": ws.team_id,
        "domain": ws.team_domain,
        "name": ws.team_name,
        "is_installed": not ws.app.is_inactive,
        "people": [person.name for person in ws.people.values() if _may_install(ws, person)],
    }


def _asked(request: Request) -> dict[str, str]:
    return {name: request.query_params[name] for name in _ASKED if name in request.query_params}


def _installers(ws: Workspace) -> list[tuple[str, str]]:
    """Admins first."""
    able = sorted((one for one in ws.people.values() if _may_install(ws, one)), key=lambda one: not one.is_admin)
    return [(person.name, person.real_name) for person in able]


def _may_install(ws: Workspace, person: Person) -> bool:
    outside = person.is_restricted or ws.is_external(person) or person.deleted
    return not (person.is_bot or outside or person.id == "USLACKBOT")


def _options(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f'<option value="{html.escape(value)}">{html.escape(text)}</option>' for value, text in pairs)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _sorry(error: SlackError) -> Response:
    detail = str(error.extra.get("detail", ""))
    more = f"<p>{html.escape(detail)}</p>" if detail else ""
    return _page("This app cannot be installed", f"<p><code>{html.escape(error.code)}</code></p>{more}", 400)


def _page(title: str, body: str, status: int = 200, *, allowed: str = "") -> Response:
    style = hashlib.sha256(_STYLE.encode()).digest()
    policy = (
        f"default-src 'none'; style-src 'sha256-{_base64(style)}'; form-action 'self' {allowed}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(PAGE.format(title=html.escape(title), style=_STYLE, body=body), status, headers)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()

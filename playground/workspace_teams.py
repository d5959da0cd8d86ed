"""Several workspaces that know the same app: who holds which token, and how one more of them installs the bot.

The first workspace has the bot from the start. Others come with `Workspace.neighbour` and install it by OAuth v2: an
authorization grants a code, `oauth.v2.access` turns the code into that workspace's own token.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from playground import workspace_cast as cast
from playground.workspace_model import App, Person, SlackError
from playground.workspace_schema import Json
from playground.workspace_socket import SocketHub

if TYPE_CHECKING:
    from playground.workspace import Workspace

CODE_LIVES_S = 600.0
TOKEN_LIVES_S = 12 * 3600.0


@dataclass
class Grant:
    """What a person allowed on the install screen, waiting to be exchanged."""

    ws: Workspace
    person: Person
    scopes: tuple[str, ...]
    redirect_uri: str | None
    expires: float
    is_used: bool = False


class Teams:
    """All workspaces of one world, the first one first."""

    def __init__(self, home: Workspace) -> None:
        self.home = home
        self.all = [home]
        self.sockets = SocketHub(home)
        self._grants: dict[str, Grant] = {}

    def by_id(self, team_id: str) -> Workspace | None:
        return next((ws for ws in self.all if ws.team_id == team_id), None)

    def with_token(self, token: str) -> Workspace | None:
        return next((ws for ws in self.all if token in (ws.app.bot_token, *ws.app.old_tokens)), None)

    def with_file(self, file_id: str) -> Workspace | None:
        return next((ws for ws in self.all if file_id in ws.files), None)

    def with_response_url(self, token: str) -> Workspace:
        return next((ws for ws in self.all if token in ws.response_urls), self.home)

    # --- installing

    def check_request(self, asked: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
        """Scopes and address of an authorization as the app asked for it, if it may ask for them."""
        app = self.home.app
        if not hmac.compare_digest(asked.get("client_id", ""), app.client_id):
            raise SlackError("invalid_client_id")
        scopes = tuple(one for one in asked.get("scope", "").replace(",", " ").split() if one)
        if not scopes and not asked.get("user_scope"):
            raise SlackError("no_scopes")
        if asked.get("user_scope"):
            raise SlackError("invalid_scope", detail="this world grants bot scopes only")
        if unknown := sorted(set(scopes) - app.grantable):
            raise SlackError("invalid_scope", detail=", ".join(unknown))
        return scopes, _redirect_of(app, asked.get("redirect_uri") or None)

    def grant(self, ws: Workspace, person: Person, asked: Mapping[str, str]) -> str:
        """The person allows it; where their browser goes next."""
        scopes, redirect = self.check_request(asked)
        if person.is_bot or person.deleted or person.is_restricted or ws.is_external(person):
            raise SlackError("not_allowed", detail=f"{person.real_name} may not install apps")
        code = f"oauth-{secrets.token_hex(24)}"
        expires = ws.now() + CODE_LIVES_S
        self._grants[code] = Grant(ws, person, scopes, asked.get("redirect_uri") or None, expires)
        return _with_query(redirect, code=code, state=asked.get("state", ""))

    def refuse(self, asked: Mapping[str, str]) -> str:
        _, redirect = self.check_request(asked)
        return _with_query(redirect, error="access_denied", state=asked.get("state", ""))

    def access(self, args: Json) -> Json:
        """`oauth.v2.access`: a code, or with rotation a refresh token, against a token."""
        app = self.home.app
        if args.get("client_id") != app.client_id:
            raise SlackError("invalid_client_id")
        if not hmac.compare_digest(str(args.get("client_secret", "")), app.client_secret):
            raise SlackError("bad_client_secret")
        match args.get("grant_type") or "authorization_code":
            case "authorization_code":
                return self._redeem(args)
            case "refresh_token":
                return self._refresh(str(args.get("refresh_token") or ""))
        raise SlackError("invalid_grant_type")

    def _redeem(self, args: Json) -> Json:
        grant = self._grants.get(str(args.get("code") or ""))
        if grant is None:
            raise SlackError("invalid_code")
        if grant.is_used:
            raise SlackError("code_already_used")
        if grant.ws.now() > grant.expires:
            raise SlackError("invalid_code")
        if grant.redirect_uri != (args.get("redirect_uri") or None):
            raise SlackError("bad_redirect_uri")
        grant.is_used = True
        install(grant.ws, grant.scopes)
        return {**_installation(grant.ws), "authed_user": {"id": grant.person.id}}

    def _refresh(self, refresh_token: str) -> Json:
        for ws in self.all:
            if refresh_token and refresh_token == ws.app.refresh_token:
                renew_token(ws)
                return _installation(ws)
        raise SlackError("invalid_refresh_token")


def install(ws: Workspace, scopes: tuple[str, ...]) -> None:
    """The bot moves in, with these scopes; a token that is still good stays."""
    app = ws.app
    was_gone = app.is_inactive or app.is_revoked or not app.bot_token
    app.scopes = frozenset(scopes)
    app.is_inactive = app.is_revoked = False
    if app.bot_user not in ws.people:
        ws.people[app.bot_user] = cast.bot(ws.team)
    if app.token_rotation:
        renew_token(ws)
    elif was_gone:
        app.old_tokens.clear()
        app.bot_token = new_token("xoxb")
    ws.changed()


def renew_token(ws: Workspace) -> None:
    """A fresh pair; the token before lasts as long as it would have, its refresh token is spent."""
    app = ws.app
    if app.bot_token:
        app.old_tokens[app.bot_token] = app.token_expires
    app.bot_token = new_token("xoxe.xoxb")
    app.refresh_token = new_token("xoxe", "1-")
    app.token_expires = ws.now() + TOKEN_LIVES_S
    ws.changed()


def new_token(prefix: str, more: str = "") -> str:
    """An invented token that says so."""
    return f"{prefix}-playground-{more}{secrets.token_hex(12)}"


def _installation(ws: Workspace) -> Json:
    app = ws.app
    answer: Json = {
        "app_id": app.id,
        "access_token": app.bot_token,
        "token_type": "bot",
        "scope": ",".join(sorted(app.scopes)),
        "bot_user_id": app.bot_user,
        "team": {"id": ws.team_id, "name": ws.team_name},
        "enterprise": None,
        "is_enterprise_install": False,
    }
    if app.token_expires is not None:
        left = max(0, int(app.token_expires - ws.now()))
        answer |= {"refresh_token": app.refresh_token, "expires_in": left}
    return answer


def _redirect_of(app: App, asked: str | None) -> str:
    """Where to send the browser: an address the app registered, or below one."""
    if asked is None:
        if not app.redirect_urls:
            raise SlackError("bad_redirect_uri")
        return app.redirect_urls[0]
    known = not app.redirect_urls or any(_is_below(asked, one) for one in app.redirect_urls)
    if not known or urlsplit(asked).scheme not in ("http", "https") or urlsplit(asked).fragment:
        raise SlackError("bad_redirect_uri")
    return asked


def _is_below(asked: str, registered: str) -> bool:
    mine, known = urlsplit(asked), urlsplit(registered)
    same_place = (mine.scheme, mine.netloc) == (known.scheme, known.netloc)
    folder = known.path.rstrip("/")
    return same_place and (mine.path.rstrip("/") == folder or mine.path.startswith(folder + "/"))


def _with_query(address: str, **more: str) -> str:
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode(more)) if part)
    return parts._replace(query=query).geturl()

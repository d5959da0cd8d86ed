"""The Web API about the app itself: `api.test`, `auth.*`, `apps.*`, `oauth.*`, and who it is: `team.*`, `bots.*`."""

from __future__ import annotations

from playground.workspace import Workspace
from playground.workspace_call import Methods, truth
from playground.workspace_model import SlackError
from playground.workspace_schema import Json

METHODS = Methods()


@METHODS.add("api.test", "special", optional="error foo", caller="none")
def api_test(_ws: Workspace, args: Json) -> Json:
    if args.get("error"):
        raise SlackError(str(args["error"]), args=args)
    return {"args": args}


@METHODS.add("auth.test", "special")
def auth_test(ws: Workspace, _args: Json) -> Json:
    return {
        "url": f"https://{ws.team_domain}.slack.com/",
        "team": ws.team_name,
        "user": ws.people[ws.app.bot_user].name,
        "team_id": ws.team_id,
        "user_id": ws.app.bot_user,
        "bot_id": ws.app.bot_id,
        "is_enterprise_install": False,
    }


@METHODS.add("team.info", "3", "team:read", optional="team domain")
def team_info(ws: Workspace, _args: Json) -> Json:
    return {"team": {"id": ws.team_id, "name": ws.team_name, "domain": ws.team_domain, "email_domain": "", "icon": {}}}


@METHODS.add("bots.info", "3", "users:read", optional="bot team_id")
def bots_info(ws: Workspace, args: Json) -> Json:
    app = ws.app
    if args.get("bot") not in (None, app.bot_id):
        raise SlackError("bot_not_found")
    shown = {"id": app.bot_id, "deleted": False, "name": app.name, "user_id": app.bot_user, "app_id": app.id}
    return {"bot": {**shown, "updated": 1_700_000_000, "icons": {}}}


@METHODS.add("auth.revoke", "3", optional="test")
def auth_revoke(ws: Workspace, args: Json) -> Json:
    """The app gives its own token back."""
    if truth(args.get("test")):
        return {"revoked": False}
    ws.app.is_revoked = True
    ws.changed()
    return {"revoked": True}


@METHODS.add("apps.uninstall", "1", required="client_id client_secret")
def apps_uninstall(ws: Workspace, args: Json) -> Json:
    if args["client_id"] != ws.app.client_id:
        raise SlackError("client_id_token_mismatch")
    if args["client_secret"] != ws.app.client_secret:
        raise SlackError("bad_client_secret")
    ws.app.is_inactive = True
    ws.changed()
    return {}


@METHODS.add(
    "oauth.v2.access",
    "special",
    optional="client_id client_secret code grant_type redirect_uri refresh_token code_verifier",
    caller="none",
)
def oauth_v2_access(ws: Workspace, args: Json) -> Json:
    return ws.teams.access(args)


@METHODS.add("apps.connections.open", "3", caller="app")
def apps_connections_open(ws: Workspace, _args: Json) -> Json:
    return {"url": ws.teams.sockets.open()}

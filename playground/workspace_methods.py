"""The Web API as one table, and what every call must pass before its method runs: token, tier, scopes, arguments.

A method gets the workspace and its arguments, already parsed; it returns the answer's fields or raises `SlackError`. It
stands, with its scopes, tier and arguments, in the file of its family: `chat.postMessage` in `workspace_methods_chat`.
"""

from __future__ import annotations

from playground import workspace_messages as messages
from playground import workspace_methods_app as app
from playground import workspace_methods_chat as chat
from playground import workspace_methods_conversations as conversations
from playground import workspace_methods_files as files
from playground import workspace_methods_people as people
from playground import workspace_methods_reactions as reactions
from playground import workspace_methods_views as views
from playground.workspace import Workspace
from playground.workspace_call import Method, need_scope
from playground.workspace_model import SlackError
from playground.workspace_schema import Json, Problem

METHODS: dict[str, Method] = {
    **app.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **people.METHODS,
    **reactions.METHODS,
    **views.METHODS,
}
EVERYWHERE = frozenset({"team_id", "pretty"})  # Bolt sends team_id with every call
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
"""Refusals that are always the bot's own doing; a missing channel or an old trigger may be nobody's."""


def call(home: Workspace, name: str, args: Json, token: str | None) -> Json:
    """Call one method as whoever holds the token; `home` is the first of the workspaces that know the app."""
    if name not in METHODS:
        home.note_problem(name, "unknown method, or one this world does not have")
        raise SlackError("unknown_method", req_method=name)
    method = METHODS[name]
    ws = _whose(home, method.caller, token)
    ws.limiter.call(name, method.tier)
    try:
        return {"ok": True, **_run(ws, name, args)}
    except SlackError as error:
        _note_refusal(home, name, error)
        raise


def _whose(home: Workspace, kind: str, token: str | None) -> Workspace:
    """The workspace a call is about: the one whose token it carries."""
    if kind == "none":
        return home
    if not token:
        raise SlackError("not_authed")
    is_app_token = token == home.app.app_token
    ws = home if is_app_token else home.teams.with_token(token)
    if ws is None:
        raise SlackError("invalid_auth")
    if is_app_token is not (kind == "app"):
        raise SlackError("not_allowed_token_type")
    if kind == "bot":
        _check_install(ws, token)
    return ws


def _check_install(ws: Workspace, token: str) -> None:
    app = ws.app
    if app.is_inactive:
        raise SlackError("account_inactive")
    if app.is_revoked:
        raise SlackError("token_revoked")
    expires = app.token_expires if token == app.bot_token else app.old_tokens[token]
    if expires is not None and ws.now() > expires:
        raise SlackError("token_expired")


def _run(ws: Workspace, name: str, args: Json) -> Json:
    method = METHODS[name]
    need_scope(ws, *method.scopes)
    if missing := [key for key in method.required if args.get(key) in (None, "")]:
        raise messages.invalid_arguments(
            *(Problem(f"/{key}", "missing_field", f"missing required field: {key}") for key in missing)
        )
    if unknown := set(args) - set(method.required) - method.optional - EVERYWHERE:
        ws.note_problem(name, f"unknown arguments: {', '.join(sorted(unknown))}")
    return method.function(ws, args)


def _note_refusal(home: Workspace, name: str, error: SlackError) -> None:
    if error.code in _OWN_FAULT:
        details = error.extra.get("response_metadata", {}).get("messages") or error.extra.get("needed", "")
        home.note_problem(name, error.code, details=details)

"""Modals and App Home: opening, pushing, updating and closing views, with their hash and their stack of three."""

from __future__ import annotations

import secrets
from typing import Any

from playground import workspace_files as files
from playground.workspace import Workspace, fill_in
from playground.workspace_messages import invalid_arguments
from playground.workspace_model import SlackError, View
from playground.workspace_schema import Json, Problem, errors
from playground.workspace_surfaces import VIEW_BYTES, validate_view, view_bytes
from playground.workspace_values import first_values

STACK_MOST = 3


def checked(ws: Workspace, view: Any, where: str, *types: str) -> Json:
    """A view Slack would accept; otherwise the error Slack answers."""
    if not isinstance(view, dict):
        ws.note_problem(where, "view is not a JSON object")
        raise invalid_arguments(Problem("/view", "wrong_type", "must provide an object"))
    if view_bytes(view) > VIEW_BYTES:
        ws.note_problem(where, f"view is {view_bytes(view)} bytes")
        raise SlackError("view_too_large")
    found = validate_view(view)
    if view.get("type") not in types and not errors(found):
        found.append(Problem("/view/type", "unsupported_type", f"must be one of: {', '.join(types)}"))
    if not errors(found):
        found += files.missing(ws, view["blocks"], "/view/blocks")
    ws.note_problems(where, found)
    if bad := errors(found):
        raise invalid_arguments(*bad)
    return {**view, "blocks": fill_in(view["blocks"])}


def stack(ws: Workspace, person: str) -> list[View]:
    return [ws.views[view_id] for view_id in ws.stacks.get(person, [])]


def on_screens(ws: Workspace) -> list[View]:
    """Every view that is open anywhere, App Homes among them."""
    modals = [ws.views[view_id] for opened in ws.stacks.values() for view_id in opened]
    return [*modals, *ws.homes.values()]


def top(ws: Workspace, person: str) -> View | None:
    views = stack(ws, person)
    return views[-1] if views else None


def claim_external_id(ws: Workspace, content: Json, mine: View | None = None) -> None:
    name = content.get("external_id")
    if name and any(view.external_id == name and view is not mine for view in on_screens(ws)):
        raise SlackError("duplicate_external_id")


def _new_hash(ws: Workspace) -> str:
    return f"{int(ws.now())}.{secrets.token_hex(4)}"


def _add(ws: Workspace, person: str, content: Json, channel: str | None, below: View | None) -> View:
    view_id = ws.next_id("V")
    view = View(
        id=view_id,
        owner=person,
        content=content,
        hash=_new_hash(ws),
        root_view_id=below.root_view_id if below else view_id,
        previous_view_id=below.id if below else None,
        values=first_values(content["blocks"], channel),
        channel=channel,
    )
    ws.views[view_id] = view
    ws.stacks.setdefault(person, []).append(view_id)
    ws.changed()
    return view


def open_view(ws: Workspace, trigger_id: str, view: Any) -> View:
    content = checked(ws, view, "views.open", "modal")
    claim_external_id(ws, content)
    trigger = ws.take_trigger(trigger_id)
    if ws.stacks.get(trigger.person):
        ws.note_problem("views.open", "a modal is open already: use views.push, or update the open view")
        return push_on(ws, trigger.person, content, trigger.channel)
    return _add(ws, trigger.person, content, trigger.channel, None)


def push_view(ws: Workspace, trigger_id: str, view: Any) -> View:
    content = checked(ws, view, "views.push", "modal")
    claim_external_id(ws, content)
    trigger = ws.take_trigger(trigger_id)
    return push_on(ws, trigger.person, content, trigger.channel)


def push_on(ws: Workspace, person: str, content: Json, channel: str | None) -> View:
    below = top(ws, person)
    if below is None:
        raise SlackError("not_found")
    if len(ws.stacks[person]) >= STACK_MOST:
        raise SlackError("push_limit_reached")
    return _add(ws, person, content, channel, below)


def find_open(ws: Workspace, view_id: str | None, external_id: str | None) -> View:
    if bool(view_id) == bool(external_id):
        raise invalid_arguments(Problem("/", "one_of", "must provide exactly one of: view_id, external_id"))
    for view in on_screens(ws):
        if view.id == view_id if view_id else view.external_id == external_id:
            return view
    raise SlackError("not_found")


def update_view(ws: Workspace, args: Json) -> View:
    content = checked(ws, args["view"], "views.update", "modal", "home")
    view = find_open(ws, args.get("view_id"), args.get("external_id"))
    if content["type"] != view.content["type"]:
        raise invalid_arguments(Problem("/view/type", "unsupported_type", "view type cannot change"))
    if args.get("hash") and args["hash"] != view.hash:
        raise SlackError("hash_conflict")
    claim_external_id(ws, content, view)
    replace_content(ws, view, content)
    return view


def replace_content(ws: Workspace, view: View, content: Json) -> None:
    if "external_id" not in content and view.external_id:
        content = {**content, "external_id": view.external_id}
    view.values = first_values(content["blocks"], view.channel, view.values)
    view.content = content
    view.hash = _new_hash(ws)
    view.errors, view.trouble = {}, None
    ws.changed()


def publish_home(ws: Workspace, person: str, view: Any, expected_hash: str | None) -> View:
    if not ws.app.home_tab:
        raise SlackError("not_enabled")
    content = checked(ws, view, "views.publish", "home")
    if person not in ws.people or ws.people[person].deleted or ws.people[person].is_bot:
        raise invalid_arguments(Problem("/user_id", "invalid_user", "invalid `user_id`"))
    home = ws.homes.get(person)
    if home is None:
        view_id = ws.next_id("V")
        home = View(view_id, person, content, _new_hash(ws), view_id, values=first_values(content["blocks"]))
        claim_external_id(ws, content)
        ws.homes[person] = home
        ws.changed()
        return home
    if expected_hash and expected_hash != home.hash:
        raise SlackError("hash_conflict")
    claim_external_id(ws, content, home)
    replace_content(ws, home, content)
    return home


def close_top(ws: Workspace, person: str) -> View | None:
    """Take the uppermost view off the screen; the one below shows again."""
    if not ws.stacks.get(person):
        return None
    view = ws.views[ws.stacks[person].pop()]
    view.is_open = False
    ws.changed()
    return view


def close_view(ws: Workspace, view: View) -> None:
    """Close a view and whatever lies on top of it."""
    while view.is_open and close_top(ws, view.owner):
        pass


def close_all(ws: Workspace, person: str) -> list[View]:
    closed = []
    while view := close_top(ws, person):
        closed.append(view)
    return closed

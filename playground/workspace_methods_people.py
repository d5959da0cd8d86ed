"""The Web API's `users.*` and `usergroups.*`: who is in the workspace, and in which group."""

from __future__ import annotations

from playground.workspace import Workspace
from playground.workspace_call import PAGE_MOST, Methods, page, truth, visible_person
from playground.workspace_model import Person, SlackError
from playground.workspace_schema import Json

METHODS = Methods()


@METHODS.add("users.info", "4", "users:read", required="user", optional="include_locale")
def users_info(ws: Workspace, args: Json) -> Json:
    return {"user": _show_person(ws, visible_person(ws, args["user"]), args)}


@METHODS.add("users.list", "2", "users:read", optional="cursor limit include_locale team_id")
def users_list(ws: Workspace, args: Json) -> Json:
    chosen, more = page(ws.people.values(), args, default=PAGE_MOST)
    return {"members": [_show_person(ws, person, args) for person in chosen], "cache_ts": int(ws.now()), **more}


@METHODS.add("users.lookupByEmail", "3", "users:read.email", required="email")
def users_lookup_by_email(ws: Workspace, args: Json) -> Json:
    for person in ws.people.values():
        findable = not (person.deleted or person.is_bot or ws.is_external(person))
        if findable and person.email == str(args["email"]).lower():
            return {"user": _show_person(ws, person, args)}
    raise SlackError("users_not_found")


@METHODS.add(
    "usergroups.list",
    "2",
    "usergroups:read",
    optional="include_count include_disabled include_users team_id",
)
def usergroups_list(ws: Workspace, args: Json) -> Json:
    shown = [
        group.as_usergroup(
            ws.team_id, with_users=truth(args.get("include_users")), with_count=truth(args.get("include_count"))
        )
        for group in ws.groups.values()
        if not group.date_delete or truth(args.get("include_disabled"))
    ]
    return {"usergroups": shown}


@METHODS.add("usergroups.users.list", "2", "usergroups:read", required="usergroup", optional="include_disabled team_id")
def usergroups_users_list(ws: Workspace, args: Json) -> Json:
    group = ws.groups.get(str(args["usergroup"]))
    if group is None or (group.date_delete and not truth(args.get("include_disabled"))):
        raise SlackError("no_such_subteam")
    return {"users": [member for member in group.members if not ws.people[member].deleted]}


def _show_person(ws: Workspace, person: Person, args: Json) -> Json:
    return person.as_user(
        ws.now(),
        with_email="users:read.email" in ws.app.scopes,
        with_locale=truth(args.get("include_locale")),
        is_stranger=ws.is_stranger(person),
    )

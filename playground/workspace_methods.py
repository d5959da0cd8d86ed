"""The Web API, one small function a method, in a table that also says which scopes, tier and arguments each has.

A method gets the workspace and its arguments, already parsed; it returns the answer's fields or raises `SlackError`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from playground import workspace_files as files
from playground import workspace_messages as messages
from playground import workspace_schedule as schedule
from playground import workspace_views as views
from playground.workspace import Workspace
from playground.workspace_model import Channel, File, Message, Person, SlackError, View
from playground.workspace_schema import Json, Problem, errors
from playground.workspace_surfaces import validate_blocks, validate_view

Function = Callable[[Workspace, Json], Json]
PAGE_MOST = 1_000
EVERYWHERE = frozenset({"team_id", "pretty"})  # Bolt sends team_id with every call


@dataclass(frozen=True)
class Method:
    function: Function
    tier: str
    scopes: tuple[str, ...] = ()  # any one of them is enough
    required: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    caller: str = "bot"  # whose token: bot | app | none


METHODS: dict[str, Method] = {}


def method(
    name: str, tier: str, *scopes: str, required: str = "", optional: str = "", caller: str = "bot"
) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        METHODS[name] = Method(function, tier, scopes, tuple(required.split()), frozenset(optional.split()), caller)
        return function

    return register


def need_scope(ws: Workspace, *scopes: str) -> None:
    if scopes and not ws.app.scopes.intersection(scopes):
        raise SlackError("missing_scope", needed=scopes[0], provided=",".join(sorted(ws.app.scopes)))


def call(ws: Workspace, name: str, args: Json) -> Json:
    """Run one method for a caller whose token is good."""
    method = METHODS[name]
    need_scope(ws, *method.scopes)
    if missing := [key for key in method.required if args.get(key) in (None, "")]:
        raise messages.invalid_arguments(
            *(Problem(f"/{key}", "missing_field", f"missing required field: {key}") for key in missing)
        )
    if unknown := set(args) - set(method.required) - method.optional - EVERYWHERE:
        ws.note_problem(name, f"unknown arguments: {', '.join(sorted(unknown))}")
    return method.function(ws, args)


# --- helpers


def truth(value: Any) -> bool:
    return value in (True, 1, "1", "true", "True")


def words(value: Any) -> list[str]:
    """A list that may arrive comma-separated."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return [one.strip() for one in str(value or "").split(",") if one.strip()]


def page(items: Iterable[Any], args: Json, default: int = 100) -> tuple[list[Any], Json]:
    """One page and the metadata that leads to the next."""
    everything = list(items)
    start = _cursor_offset(args.get("cursor"))
    limit = _limit(args.get("limit"), default)
    chosen = everything[start : start + limit]
    more = start + limit < len(everything)
    cursor = base64.b64encode(f"next:{start + limit}".encode()).decode() if more else ""
    return chosen, {"response_metadata": {"next_cursor": cursor}}


def _cursor_offset(cursor: Any) -> int:
    if not cursor:
        return 0
    try:
        word, _, number = base64.b64decode(str(cursor), validate=True).decode().partition(":")
        if word == "next":
            return int(number)
    except ValueError:
        pass
    raise SlackError("invalid_cursor")


def _limit(value: Any, default: int) -> int:
    if value in (None, "", 0, "0"):
        return default
    try:
        limit = int(value)
    except ValueError:
        limit = 0
    if not 1 <= limit <= PAGE_MOST:
        raise SlackError("invalid_limit")
    return limit


def visible_person(ws: Workspace, person_id: Any) -> Person:
    person = ws.people.get(str(person_id))
    if person is None:
        raise SlackError("user_not_found")
    return person


def show_person(ws: Workspace, person: Person, args: Json) -> Json:
    return person.as_user(
        ws.now(),
        with_email="users:read.email" in ws.app.scopes,
        with_locale=truth(args.get("include_locale")),
    )


def member_channel(ws: Workspace, channel_id: Any) -> Channel:
    channel = ws.channel(str(channel_id))
    if ws.app.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel


# --- auth, team, bots


@method("api.test", "special", optional="error foo", caller="none")
def api_test(_ws: Workspace, args: Json) -> Json:
    if args.get("error"):
        raise SlackError(str(args["error"]), args=args)
    return {"args": args}


@method("auth.test", "special")
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


@method("team.info", "3", "team:read", optional="team domain")
def team_info(ws: Workspace, _args: Json) -> Json:
    return {"team": {"id": ws.team_id, "name": ws.team_name, "domain": ws.team_domain, "email_domain": "", "icon": {}}}


@method("bots.info", "3", "users:read", optional="bot team_id")
def bots_info(ws: Workspace, args: Json) -> Json:
    app = ws.app
    if args.get("bot") not in (None, app.bot_id):
        raise SlackError("bot_not_found")
    shown = {"id": app.bot_id, "deleted": False, "name": app.name, "user_id": app.bot_user, "app_id": app.id}
    return {"bot": {**shown, "updated": 1_700_000_000, "icons": {}}}


@method("blocks.validate", "4", optional="blocks message view")
def blocks_validate(_ws: Workspace, args: Json) -> Json:
    given = [key for key in ("blocks", "message", "view") if args.get(key) is not None]
    if len(given) != 1:
        raise messages.invalid_arguments(Problem("/", "one_of", "must provide exactly one of: blocks, message, view"))
    (kind,) = given
    value = args[kind]
    match kind:
        case "blocks":
            found = validate_blocks(value)
        case "message":
            found = validate_blocks(value.get("blocks", []), at="/message/blocks")
        case _:
            found = validate_view(value)
    if bad := errors(found):
        raise SlackError(f"invalid_{kind}", errors=[_as_answer(problem) for problem in bad])
    return {}


def _as_answer(problem: Problem) -> Json:
    return {
        "pointer": problem.pointer,
        "code": problem.code,
        "message": problem.message,
        "constraint": problem.constraint,
    }


@method("auth.revoke", "3", optional="test")
def auth_revoke(ws: Workspace, args: Json) -> Json:
    """The app gives its own token back."""
    if truth(args.get("test")):
        return {"revoked": False}
    ws.app.is_revoked = True
    ws.changed()
    return {"revoked": True}


@method("apps.uninstall", "1", required="client_id client_secret")
def apps_uninstall(ws: Workspace, args: Json) -> Json:
    if args["client_id"] != ws.app.client_id:
        raise SlackError("client_id_token_mismatch")
    if args["client_secret"] != ws.app.client_secret:
        raise SlackError("bad_client_secret")
    ws.app.is_inactive = True
    ws.changed()
    return {}


@method(
    "oauth.v2.access",
    "special",
    optional="client_id client_secret code grant_type redirect_uri refresh_token code_verifier",
    caller="none",
)
def oauth_v2_access(ws: Workspace, args: Json) -> Json:
    return ws.teams.access(args)


@method("apps.connections.open", "3", caller="app")
def apps_connections_open(ws: Workspace, _args: Json) -> Json:
    return {"url": ws.teams.sockets.open()}


# --- chat

_SAY = "text blocks attachments metadata markdown_text thread_ts reply_broadcast unfurl_links unfurl_media mrkdwn parse"
_SAY += " link_names username icon_emoji icon_url as_user"


@method("chat.postMessage", "special", "chat:write", required="channel", optional=_SAY)
def chat_post_message(ws: Workspace, args: Json) -> Json:
    channel = messages.place_for_post(ws, str(args["channel"]))
    content = messages.content_of(ws, args, "chat.postMessage")
    thread_ts = messages.check_thread(channel, args.get("thread_ts"))
    ws.limiter.post(channel.id)
    _warn_about_unfurling(ws, args)
    broadcast = truth(args.get("reply_broadcast"))
    message = messages.post(ws, channel, content, thread_ts=thread_ts, broadcast=broadcast)
    return {"channel": channel.id, "ts": message.ts, "message": ws.message_payload(message)}


def _warn_about_unfurling(ws: Workspace, args: Json) -> None:
    for key in ("username", "icon_emoji", "icon_url"):
        if key in args and "chat:write.customize" not in ws.app.scopes:
            ws.note_problem("chat.postMessage", f"{key} is ignored without chat:write.customize")


@method(
    "chat.update",
    "3",
    "chat:write",
    required="channel ts",
    optional="text blocks attachments metadata markdown_text parse link_names as_user reply_broadcast file_ids",
)
def chat_update(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    if channel.is_archived:
        raise SlackError("is_archived")
    message = messages.own_message(channel, str(args["ts"]), "cant_update_message")
    messages.edit(ws, message, args, "chat.update")
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": ws.message_payload(message),
    }


@method("chat.delete", "3", "chat:write", required="channel ts", optional="as_user")
def chat_delete(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    message = messages.own_message(channel, str(args["ts"]), "cant_delete_message")
    messages.delete(ws, channel, message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.postEphemeral", "4", "chat:write", required="channel user", optional=_SAY)
def chat_post_ephemeral(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    if channel.is_archived:
        raise SlackError("is_archived")
    if ws.app.bot_user not in channel.members:
        raise SlackError("not_in_channel" if not channel.is_private else "channel_not_found")
    person = ws.people.get(str(args["user"]))
    if person is None or person.deleted or person.id not in channel.members:
        raise SlackError("user_not_in_channel")
    content = messages.content_of(ws, args, "chat.postEphemeral")
    thread_ts = messages.check_thread(channel, args.get("thread_ts"))
    message = messages.post(ws, channel, content, thread_ts=thread_ts, ephemeral_to=person.id)
    return {"message_ts": message.ts}


@method("chat.getPermalink", "special", required="channel message_ts")
def chat_get_permalink(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    ts = str(args["message_ts"])
    if ts not in channel.messages:
        raise SlackError("message_not_found")
    link = f"https://{ws.team_domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    thread = channel.messages[ts].thread_ts
    return {"channel": channel.id, "permalink": f"{link}?thread_ts={thread}&cid={channel.id}" if thread else link}


@method("chat.scheduleMessage", "3", "chat:write", required="channel post_at", optional=_SAY)
def chat_schedule_message(ws: Workspace, args: Json) -> Json:
    return schedule.schedule(ws, args)


@method("chat.scheduledMessages.list", "3", optional="channel cursor latest limit oldest team_id")
def chat_scheduled_messages_list(ws: Workspace, args: Json) -> Json:
    chosen, more = page(schedule.listed(ws, args), args)
    return {"scheduled_messages": chosen, **more}


@method("chat.deleteScheduledMessage", "3", "chat:write", required="channel scheduled_message_id", optional="as_user")
def chat_delete_scheduled_message(ws: Workspace, args: Json) -> Json:
    schedule.take_back(ws, str(args["channel"]), str(args["scheduled_message_id"]))
    return {}


# --- conversations


@method("conversations.open", "3", optional="users channel return_im prevent_creation")
def conversations_open(ws: Workspace, args: Json) -> Json:
    if args.get("channel"):
        channel = ws.channel(str(args["channel"]))
        if not channel.is_dm:
            raise SlackError("method_not_supported_for_channel_type")
        return {"channel": _opened(ws, channel, args)}
    people = [one for one in words(args.get("users")) if one != ws.app.bot_user]
    if not people:
        raise SlackError("users_list_not_supplied")
    need_scope(ws, "im:write" if len(people) == 1 else "mpim:write")
    if len(people) > 8:
        raise SlackError("too_many_users")
    for one in people:
        _reachable(ws, one)
    known = len(ws.channels)
    channel = ws.open_dm(*people)
    return {"channel": _opened(ws, channel, args), **({"already_open": True} if len(ws.channels) == known else {})}


def _reachable(ws: Workspace, person_id: str) -> None:
    person = visible_person(ws, person_id)
    if person.deleted:
        raise SlackError("user_disabled")
    if person.is_bot:
        raise SlackError("cannot_dm_bot")


def _opened(ws: Workspace, channel: Channel, args: Json) -> Json:
    return channel.as_channel(ws.app.bot_user) if truth(args.get("return_im")) else {"id": channel.id}


@method("conversations.info", "3", required="channel", optional="include_locale include_num_members")
def conversations_info(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    need_scope(ws, f"{channel.scope_kind}:read")
    shown = channel.as_channel(ws.app.bot_user)
    if not truth(args.get("include_num_members")):
        shown.pop("num_members", None)
    return {"channel": shown}


_TYPES = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


def _listed(ws: Workspace, args: Json) -> list[Channel]:
    types = words(args.get("types") or "public_channel")
    if unknown := set(types) - set(_TYPES):
        raise SlackError("invalid_types", detail=sorted(unknown))
    for kind in types:
        need_scope(ws, f"{_TYPES[kind]}:read")
    wanted = {_TYPES[kind] for kind in types}
    bot = ws.app.bot_user
    return [
        channel
        for channel in ws.channels.values()
        if channel.scope_kind in wanted
        and (channel.scope_kind == "channels" or bot in channel.members)
        and not (channel.is_archived and truth(args.get("exclude_archived")))
    ]


@method("conversations.list", "2", optional="types exclude_archived limit cursor team_id")
def conversations_list(ws: Workspace, args: Json) -> Json:
    chosen, more = page(_listed(ws, args), args)
    return {"channels": [channel.as_channel(ws.app.bot_user) for channel in chosen], **more}


@method("users.conversations", "3", optional="user types exclude_archived limit cursor team_id")
def users_conversations(ws: Workspace, args: Json) -> Json:
    member = str(args.get("user") or ws.app.bot_user)
    visible_person(ws, member)
    chosen, more = page([channel for channel in _listed(ws, args) if member in channel.members], args)
    return {"channels": [channel.as_channel(ws.app.bot_user) for channel in chosen], **more}


@method("conversations.members", "4", required="channel", optional="limit cursor")
def conversations_members(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    need_scope(ws, f"{channel.scope_kind}:read")
    chosen, more = page(channel.members, args)
    return {"members": chosen, **more}


_HISTORY = "oldest latest inclusive limit cursor include_all_metadata"


@method("conversations.history", "3", required="channel", optional=_HISTORY)
def conversations_history(ws: Workspace, args: Json) -> Json:
    channel = member_channel(ws, args["channel"])
    need_scope(ws, f"{channel.scope_kind}:history")
    top_level = [m for m in channel.messages.values() if m.thread_ts in (None, m.ts) or m.broadcast]
    return _history(ws, reversed(top_level), args)


@method("conversations.replies", "3", required="channel ts", optional=_HISTORY)
def conversations_replies(ws: Workspace, args: Json) -> Json:
    channel = member_channel(ws, args["channel"])
    need_scope(ws, f"{channel.scope_kind}:history")
    parent = channel.messages.get(str(args["ts"]))
    if parent is None:
        raise SlackError("thread_not_found")
    root = parent.thread_ts or parent.ts
    return _history(ws, [m for m in channel.messages.values() if root in (m.ts, m.thread_ts)], args)


def _history(ws: Workspace, found: Iterable[Message], args: Json) -> Json:
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
    inclusive = truth(args.get("inclusive"))

    def within(message: Message) -> bool:
        ts = float(message.ts)
        return oldest < ts < latest or (inclusive and ts in (oldest, latest))

    chosen, more = page(filter(within, found), args)
    shown = [ws.message_payload(message) for message in chosen]
    if not truth(args.get("include_all_metadata")):
        for message in shown:
            if "metadata" in message:
                message["metadata"] = {"event_type": message["metadata"].get("event_type", "")}
    return {"messages": shown, "has_more": bool(more["response_metadata"]["next_cursor"]), **more}


@method("conversations.join", "3", "channels:join", required="channel")
def conversations_join(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    if channel.is_dm or channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if ws.app.bot_user not in channel.members:
        channel.members.append(ws.app.bot_user)
        ws.changed()
    return {"channel": channel.as_channel(ws.app.bot_user)}


@method(
    "conversations.invite",
    "3",
    "channels:manage",
    "groups:write",
    "channels:write.invites",
    "groups:write.invites",
    required="channel users",
    optional="force",
)
def conversations_invite(ws: Workspace, args: Json) -> Json:
    channel = member_channel(ws, args["channel"])
    for one in words(args["users"]):
        person = visible_person(ws, one)
        if person.id == ws.app.bot_user:
            raise SlackError("cant_invite_self")
        if person.id in channel.members:
            raise SlackError("already_in_channel")
        channel.members.append(person.id)
    ws.changed()
    return {"channel": channel.as_channel(ws.app.bot_user)}


# --- people and groups


@method("users.info", "4", "users:read", required="user", optional="include_locale")
def users_info(ws: Workspace, args: Json) -> Json:
    return {"user": show_person(ws, visible_person(ws, args["user"]), args)}


@method("users.list", "2", "users:read", optional="cursor limit include_locale team_id")
def users_list(ws: Workspace, args: Json) -> Json:
    chosen, more = page(ws.people.values(), args, default=PAGE_MOST)
    return {"members": [show_person(ws, person, args) for person in chosen], "cache_ts": int(ws.now()), **more}


@method("users.lookupByEmail", "3", "users:read.email", required="email")
def users_lookup_by_email(ws: Workspace, args: Json) -> Json:
    for person in ws.people.values():
        findable = not (person.deleted or person.is_bot or person.is_stranger)
        if findable and person.email == str(args["email"]).lower():
            return {"user": show_person(ws, person, args)}
    raise SlackError("users_not_found")


@method(
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


@method("usergroups.users.list", "2", "usergroups:read", required="usergroup", optional="include_disabled team_id")
def usergroups_users_list(ws: Workspace, args: Json) -> Json:
    group = ws.groups.get(str(args["usergroup"]))
    if group is None or (group.date_delete and not truth(args.get("include_disabled"))):
        raise SlackError("no_such_subteam")
    return {"users": [member for member in group.members if not ws.people[member].deleted]}


# --- views


@method("views.open", "4", required="view trigger_id")
def views_open(ws: Workspace, args: Json) -> Json:
    return _shown_view(ws, views.open_view(ws, str(args["trigger_id"]), args["view"]))


@method("views.push", "4", required="view trigger_id")
def views_push(ws: Workspace, args: Json) -> Json:
    return _shown_view(ws, views.push_view(ws, str(args["trigger_id"]), args["view"]))


@method("views.update", "4", required="view", optional="view_id external_id hash")
def views_update(ws: Workspace, args: Json) -> Json:
    return _shown_view(ws, views.update_view(ws, args))


@method("views.publish", "4", required="view user_id", optional="hash")
def views_publish(ws: Workspace, args: Json) -> Json:
    return _shown_view(ws, views.publish_home(ws, str(args["user_id"]), args["view"], args.get("hash")))


def _shown_view(ws: Workspace, view: View) -> Json:
    return {"view": view.as_view(ws.team_id, ws.app, with_state=False)}


# --- reactions


def _target_message(ws: Workspace, args: Json) -> Message:
    if not args.get("channel") or not args.get("timestamp"):
        raise SlackError("no_item_specified")
    channel = ws.channel(str(args["channel"]))
    message = channel.messages.get(str(args["timestamp"]))
    if message is None:
        raise SlackError("message_not_found")
    return message


@method("reactions.add", "3", "reactions:write", required="name", optional="channel timestamp")
def reactions_add(ws: Workspace, args: Json) -> Json:
    message = _target_message(ws, args)
    name = str(args["name"])
    if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise SlackError("invalid_name")
    if ws.channels[message.channel].is_archived:
        raise SlackError("is_archived")
    people = message.reactions.setdefault(name, [])
    if ws.app.bot_user in people:
        raise SlackError("already_reacted")
    people.append(ws.app.bot_user)
    ws.changed()
    return {}


@method("reactions.remove", "2", "reactions:write", required="name", optional="channel timestamp file file_comment")
def reactions_remove(ws: Workspace, args: Json) -> Json:
    message = _target_message(ws, args)
    people = message.reactions.get(str(args["name"]), [])
    if ws.app.bot_user not in people:
        raise SlackError("no_reaction")
    people.remove(ws.app.bot_user)
    if not people:
        del message.reactions[str(args["name"])]
    ws.changed()
    return {}


@method("reactions.get", "3", "reactions:read", optional="channel timestamp full file file_comment")
def reactions_get(ws: Workspace, args: Json) -> Json:
    message = _target_message(ws, args)
    return {"type": "message", "channel": message.channel, "message": ws.message_payload(message)}


# --- files


@method(
    "files.getUploadURLExternal",
    "4",
    "files:write",
    required="filename length",
    optional="alt_txt snippet_type highlight_type",
)
def files_get_upload_url(ws: Workspace, args: Json) -> Json:
    try:
        length = int(args["length"])
    except ValueError:
        length = 0
    if length <= 0:
        raise messages.invalid_arguments(Problem("/length", "out_of_range", "must be greater than 0"))
    if length > files.FILE_MOST_BYTES:
        raise SlackError("file_upload_size_restricted")
    file = File(ws.next_id("F"), str(args["filename"]), length, user=ws.app.bot_user, created=int(ws.now()))
    file.alt_text = str(args.get("alt_txt") or "")
    ws.files[file.id] = file
    return {"upload_url": f"{ws.base_url}/upload/{file.id}", "file_id": file.id}


@method(
    "files.completeUploadExternal",
    "4",
    "files:write",
    required="files",
    optional="channel_id channels initial_comment thread_ts blocks",
)
def files_complete_upload(ws: Workspace, args: Json) -> Json:
    chosen = [_uploaded(ws, entry) for entry in _file_entries(args["files"])]
    places = [args["channel_id"]] if args.get("channel_id") else words(args.get("channels"))
    channels = [member_channel(ws, place) for place in places]
    for file in chosen:
        file.is_complete = True
    for channel in channels:
        _share(ws, channel, chosen, args)
    return {"files": [files.shown(ws, file) for file in chosen]}


@method("files.info", "4", "files:read", required="file", optional="cursor limit page count")
def files_info(ws: Workspace, args: Json) -> Json:
    return {"file": files.shown(ws, _complete_file(ws, args["file"])), "comments": [], "response_metadata": {}}


@method("files.delete", "3", "files:write", required="file")
def files_delete(ws: Workspace, args: Json) -> Json:
    file = _complete_file(ws, args["file"])
    if file.user != ws.app.bot_user:
        raise SlackError("cant_delete_file")
    del ws.files[file.id]
    ws.changed()
    return {}


def _complete_file(ws: Workspace, file_id: Any) -> File:
    file = ws.files.get(str(file_id))
    if file is None or not file.is_complete:
        raise SlackError("file_not_found")
    return file


def _file_entries(named: Any) -> list[Json]:
    if not isinstance(named, list) or not named or not all(isinstance(entry, dict) for entry in named):
        raise messages.invalid_arguments(Problem("/files", "wrong_type", "must provide an array of files"))
    return named


def _uploaded(ws: Workspace, entry: Json) -> File:
    file = ws.files.get(str(entry.get("id")))
    if file is None or file.uploaded is None or file.is_complete:
        raise SlackError("file_not_found")
    file.title = str(entry.get("title") or file.name)
    return file


def _share(ws: Workspace, channel: Channel, shared: list[File], args: Json) -> None:
    content: Json = {"text": str(args.get("initial_comment") or ""), "blocks": [], "attachments": [], "metadata": None}
    thread_ts = messages.check_thread(channel, args.get("thread_ts"))
    for file in shared:
        file.channels.append(channel.id)
    shown = [files.shown(ws, file) for file in shared]
    messages.post(ws, channel, content, thread_ts=thread_ts, files=shown, subtype="file_share")

"""The Web API's `conversations.*` and `users.conversations`: opening, joining and listing them, and reading in them."""

from __future__ import annotations

from collections.abc import Iterable

from playground.workspace import Workspace
from playground.workspace_call import Methods, member_channel, need_scope, page, truth, visible_person, words
from playground.workspace_model import Channel, Message, SlackError
from playground.workspace_schema import Json

METHODS = Methods()


@METHODS.add("conversations.open", "3", optional="users channel return_im prevent_creation")
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


@METHODS.add("conversations.info", "3", required="channel", optional="include_locale include_num_members")
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


@METHODS.add("conversations.list", "2", optional="types exclude_archived limit cursor team_id")
def conversations_list(ws: Workspace, args: Json) -> Json:
    return _channels(ws, _listed(ws, args), args)


@METHODS.add("users.conversations", "3", optional="user types exclude_archived limit cursor team_id")
def users_conversations(ws: Workspace, args: Json) -> Json:
    member = str(args.get("user") or ws.app.bot_user)
    visible_person(ws, member)
    return _channels(ws, [channel for channel in _listed(ws, args) if member in channel.members], args)


def _channels(ws: Workspace, found: list[Channel], args: Json) -> Json:
    chosen, more = page(found, args)
    return {"channels": [channel.as_channel(ws.app.bot_user) for channel in chosen], **more}


@METHODS.add("conversations.members", "4", required="channel", optional="limit cursor")
def conversations_members(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    need_scope(ws, f"{channel.scope_kind}:read")
    chosen, more = page(channel.members, args)
    return {"members": chosen, **more}


_HISTORY = "oldest latest inclusive limit cursor include_all_metadata"


@METHODS.add("conversations.history", "3", required="channel", optional=_HISTORY)
def conversations_history(ws: Workspace, args: Json) -> Json:
    channel = member_channel(ws, args["channel"])
    need_scope(ws, f"{channel.scope_kind}:history")
    top_level = [m for m in channel.messages.values() if m.thread_ts in (None, m.ts) or m.broadcast]
    return _history(ws, reversed(top_level), args)


@METHODS.add("conversations.replies", "3", required="channel ts", optional=_HISTORY)
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


@METHODS.add("conversations.join", "3", "channels:join", required="channel")
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


@METHODS.add(
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

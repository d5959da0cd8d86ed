"""One person's whole window, as JSON for the page: what Slack's client would know, and nothing this person cannot see.

Blocks and views are given raw, because the page draws them itself. Looking changes nothing; `read_up_to` does.
"""

from __future__ import annotations

from collections.abc import Iterable

from playground import workspace_payloads as payloads
from playground.workspace import Workspace
from playground.workspace_messages import check_thread
from playground.workspace_model import Channel, ImpossibleError, Message, Person, View
from playground.workspace_schema import Json
from playground.workspace_views import stack

MESSAGES_AT_ONCE = 200
DM = "dm"  # the direct message with the bot, whether it exists already or not


def window(
    ws: Workspace, person: Person, channel: str | None, thread_ts: str | None, last: int = MESSAGES_AT_ONCE
) -> Json:
    open_channel = conversation(ws, person, channel) if channel else None
    shown = _seen_in(open_channel, person) if open_channel else []
    top_level = [one for one in shown if is_top_level(one)]
    replies = _by_thread(shown)
    return {
        "revision": ws.revision,
        "now": ws.now(),
        "ack_within_s": ws.ack_within_s,
        "team": {"id": ws.team_id, "domain": ws.team_domain, "name": ws.team_name},
        "app": _app(ws),
        "me": _me(ws, person),
        "people": [_person(ws, one) for one in ws.people.values()],
        "groups": [_group(ws, group_id) for group_id in ws.groups],
        "channels": [_channel(ws, person, one) for one in ws.channels.values() if _is_listed(ws, one, person)],
        "dms": _dms(ws, person),
        "commands": _commands(ws),
        "shortcuts": _shortcuts(ws),
        "views": [_view(ws, view) for view in stack(ws, person.id)],
        "home": _home(ws, person),
        "channel": _channel(ws, person, open_channel) if open_channel else None,
        "messages": [_message(ws, person, one, replies) for one in top_level[-last:]],
        "has_more": len(top_level) > last,
        "thread_ts": thread_ts,
        "thread": [_message(ws, person, one, replies) for one in _thread(shown, thread_ts)],
    }


# --- who and where


def conversation(ws: Workspace, person: Person, name: str) -> Channel | None:
    """The conversation of that name or id if this person may look into it; None for a direct message not yet begun."""
    if name == DM:
        return ws.find_dm(person.id)
    channel = ws.channel_named(name)
    if not _is_listed(ws, channel, person) and person.id not in channel.members:
        raise ImpossibleError(f"{person.name} sees no channel {name}")
    return channel


def _is_listed(ws: Workspace, channel: Channel, person: Person) -> bool:
    """Public channels are there for everybody but guests, who see only their own."""
    is_guest = person.is_restricted or person.is_ultra_restricted or ws.is_external(person)
    is_member = person.id in channel.members
    return not channel.is_dm and (is_member or not (channel.is_private or is_guest))


def _app(ws: Workspace) -> Json:
    app = ws.app
    return {
        "id": app.id,
        "name": app.name,
        "bot_user": app.bot_user,
        "home_tab": app.home_tab,
        "messages_tab": app.messages_tab,
        "messages_tab_read_only": app.messages_tab_read_only,
        "is_installed": not app.is_inactive,
    }


def _person(ws: Workspace, person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "is_bot": person.is_bot,
        "is_admin": person.is_admin,
        "is_guest": person.is_restricted or person.is_ultra_restricted,
        "is_external": ws.is_external(person),
        "deleted": person.deleted,
        "tz": person.tz,
        "tz_offset": person.tz_offset(ws.now()),
    }


def _me(ws: Workspace, person: Person) -> Json:
    dm = ws.find_dm(person.id)
    return {**_person(ws, person), "locale": person.locale, "email": person.email, "dm": dm.id if dm else None}


def _group(ws: Workspace, group_id: str) -> Json:
    group = ws.groups[group_id]
    shown = {"id": group.id, "handle": group.handle, "name": group.name}
    return {**shown, "members": group.members, "is_disabled": bool(group.date_delete)}


def _channel(ws: Workspace, person: Person, channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": person.id in channel.members,
        "has_bot": ws.app.bot_user in channel.members,
        "topic": channel.topic,
        "members": channel.members,
        "unread": unread(channel, person),
    }


def _dms(ws: Workspace, person: Person) -> list[Json]:
    """The bot first, always; then whatever other direct messages this person has."""
    with_bot = ws.find_dm(person.id)
    others = [one for one in ws.channels.values() if one.is_dm and person.id in one.members and one is not with_bot]
    not_begun = {"id": DM, "kind": "im", "user": ws.app.bot_user, "name": ws.app.name, "is_bot": True, "unread": 0}
    shown = [_dm(ws, person, one) for one in others]
    return [_dm(ws, person, with_bot) if with_bot else not_begun, *shown]


def _dm(ws: Workspace, person: Person, channel: Channel) -> Json:
    others = [ws.people[member] for member in channel.members if member != person.id]
    return {
        "id": channel.id,
        "kind": channel.kind,
        "user": others[0].id if len(others) == 1 else None,
        "name": ", ".join(one.real_name for one in others),
        "is_bot": any(one.is_bot for one in others),
        "unread": unread(channel, person),
    }


def _commands(ws: Workspace) -> list[Json]:
    known = (ws.app.commands or {}).values()
    return [{"name": one.name, "description": one.description, "usage_hint": one.usage_hint} for one in known]


def _shortcuts(ws: Workspace) -> list[Json]:
    return [
        {"callback_id": one.callback_id, "type": one.kind, "name": one.name, "description": one.description}
        for one in ws.app.shortcut_menu
    ]


# --- views


def _view(ws: Workspace, view: View) -> Json:
    return {**payloads.shown_view(ws, view), "errors": view.errors, "trouble": view.trouble}


def _home(ws: Workspace, person: Person) -> Json | None:
    home = ws.homes.get(person.id)
    return _view(ws, home) if home else None


# --- messages


def is_top_level(message: Message) -> bool:
    return message.thread_ts in (None, message.ts) or message.broadcast


def _seen_in(channel: Channel, person: Person) -> list[Message]:
    """Everything in the conversation that this person sees, their own ephemerals merged in, oldest first."""
    mine = [one for one in channel.ephemerals if one.ephemeral_to == person.id]
    return sorted([*channel.messages.values(), *mine], key=lambda one: float(one.ts))


def _thread(shown: list[Message], thread_ts: str | None) -> list[Message]:
    return [one for one in shown if thread_ts in (one.ts, one.thread_ts)] if thread_ts else []


def _by_thread(shown: list[Message]) -> dict[str, list[Message]]:
    """The replies of every thread, by the message it hangs on."""
    threads: dict[str, list[Message]] = {}
    for one in shown:
        if one.thread_ts and one.thread_ts != one.ts:
            threads.setdefault(one.thread_ts, []).append(one)
    return threads


def _message(ws: Workspace, person: Person, message: Message, threads: dict[str, list[Message]]) -> Json:
    replies = threads.get(message.ts, [])
    last_reader = ws.channels[message.channel].reads.get((person.id, message.ts), "0")
    return {
        "channel": message.channel,
        "ts": message.ts,
        "user": message.user,
        "is_bot": message.by_bot,
        "subtype": message.subtype,
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "edited": message.edited,
        "is_ephemeral": message.ephemeral_to is not None,
        "thread_ts": message.thread_ts,
        "is_broadcast": message.broadcast,
        "reply_count": len(replies),
        "reply_users": list(dict.fromkeys(one.user for one in replies)),
        "latest_reply": replies[-1].ts if replies else None,
        "unread_replies": sum(_is_news(one, person, last_reader) for one in replies),
        "metadata": message.metadata,
        "reactions": [{"name": name, "users": users} for name, users in message.reactions.items()],
        "files": message.files,
        "values": message.values.get(person.id, {}),
    }


# --- read and unread


def unread(channel: Channel, person: Person) -> int:
    if person.id not in channel.members:
        return 0
    read = channel.reads.get((person.id, None), "0")
    return sum(_is_news(one, person, read) for one in _seen_in(channel, person) if is_top_level(one))


def _is_news(message: Message, person: Person, read_ts: str) -> bool:
    return message.user != person.id and float(message.ts) > float(read_ts)


def read_up_to(ws: Workspace, person: Person, name: str, thread_ts: str | None = None, ts: str | None = None) -> None:
    """This person has seen the conversation, or the thread, up to `ts` or to its end."""
    channel = conversation(ws, person, name)
    if channel is None:
        return
    root = check_thread(channel, thread_ts)
    shown = _seen_in(channel, person)
    latest = _latest(_thread(shown, root) if root else filter(is_top_level, shown))
    before = channel.reads.get((person.id, root))
    wanted = ts or latest
    if wanted is not None and (before is None or float(wanted) > float(before)):
        channel.reads[person.id, root] = wanted
        ws.changed()


def _latest(messages: Iterable[Message]) -> str | None:
    return max((one.ts for one in messages), key=float, default=None)

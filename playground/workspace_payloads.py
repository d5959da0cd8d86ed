"""The payloads Slack sends to an app, as it words them. Nothing here sends anything."""

from __future__ import annotations

import copy
import re
from typing import Any

from playground.workspace import Workspace
from playground.workspace_model import Channel, Message, Person, View
from playground.workspace_schema import Json
from playground.workspace_text import escape
from playground.workspace_values import first_values


def _envelope(ws: Workspace, kind: str, person: Person, **fields: Any) -> Json:
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id},
        "api_app_id": ws.app.id,
        "token": ws.app.verification_token,
        "team": {"id": ws.team_id, "domain": ws.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
        **fields,
    }


def _channel(channel: Channel) -> Json:
    names = {"im": "directmessage", "mpim": channel.name}
    hidden = "privategroup" if channel.is_private else channel.name
    return {"id": channel.id, "name": names.get(channel.kind, hidden)}


def shown_view(ws: Workspace, view: View) -> Json:
    return copy.deepcopy(view.as_view(ws.team_id, ws.app, with_state=True))


def message_values(message: Message, person: str) -> Json:
    if person not in message.values:
        message.values[person] = first_values(message.blocks)
    return message.values[person]


def command(ws: Workspace, person: Person, channel: Channel, name: str, text: str) -> dict[str, str]:
    return {
        "token": ws.app.verification_token,
        "team_id": ws.team_id,
        "team_domain": ws.team_domain,
        "channel_id": channel.id,
        "channel_name": _channel(channel)["name"],
        "user_id": person.id,
        "user_name": person.name,
        "command": name,
        "text": text,
        "api_app_id": ws.app.id,
        "is_enterprise_install": "false",
        "response_url": ws.new_response_url(person.id, channel.id),
        "trigger_id": ws.new_trigger(person.id, channel.id),
    }


_SPEECH = re.compile(r"(?P<at>@[\w.-]+)|(?P<hash>#[\w-]+)|(?P<link>https?://[^\s<>|]+)")


def escaped_text(ws: Workspace, text: str) -> str:
    """What a command with `should_escape` receives: people, channels and links as ids in angle brackets."""

    def replace(match: re.Match[str]) -> str:
        word = match[0]
        if match["at"]:
            return _mention(ws, word[1:]) or word
        if match["hash"]:
            return _channel_link(ws, word[1:]) or word
        return f"<{word}>"

    return _SPEECH.sub(replace, escape(text))


def _mention(ws: Workspace, name: str) -> str | None:
    for person in ws.people.values():
        if person.name == name and not person.deleted:
            return f"<@{person.id}|{person.name}>"
    for group in ws.groups.values():
        if group.handle == name:
            return f"<!subteam^{group.id}|@{group.handle}>"
    return f"<!{name}>" if name in ("here", "channel", "everyone") else None


def _channel_link(ws: Workspace, name: str) -> str | None:
    for channel in ws.channels.values():
        if channel.name == name and not channel.is_dm:
            return f"<#{channel.id}|{'' if channel.is_private else channel.name}>"
    return None


def spoken_text(ws: Workspace, text: str) -> str:
    """An ordinary message as it is stored: mentions without their labels."""
    return re.sub(r"<([@#][A-Z0-9]+)\|[^<>]*>", r"<\1>", escaped_text(ws, text))


def message_container(message: Message) -> Json:
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    return container | ({"thread_ts": message.thread_ts} if message.thread_ts else {})


def _place(ws: Workspace, message: Message | None, view: View | None) -> Json:
    """Where an element sits. An ephemeral message is not sent along; a click on a view has no channel."""
    if view is not None:
        return {"container": {"type": "view", "view_id": view.id}, "view": shown_view(ws, view)}
    assert message is not None
    place: Json = {"container": message_container(message), "channel": _channel(ws.channels[message.channel])}
    if message.ephemeral_to is None:
        place["message"] = ws.message_payload(message)
    return place


def block_actions(
    ws: Workspace, person: Person, actions: list[Json], message: Message | None = None, view: View | None = None
) -> Json:
    place = _place(ws, message, view)
    where = message.channel if message else (view.channel if view else None)
    place["trigger_id"] = ws.new_trigger(person.id, where)
    if message is not None:
        place["state"] = {"values": copy.deepcopy(message_values(message, person.id))}
        place["response_url"] = ws.new_response_url(person.id, message.channel, message, message.thread_ts)
    return _envelope(ws, "block_actions", person, **place, actions=actions)


def block_suggestion(
    ws: Workspace,
    person: Person,
    asked: Json,
    *,
    message: Message | None = None,
    view: View | None = None,
) -> Json:
    place = _place(ws, message, view)
    return _envelope(ws, "block_suggestion", person, **place, **asked)


def view_submission(ws: Workspace, person: Person, view: View) -> Json:
    return _envelope(
        ws,
        "view_submission",
        person,
        **_whose_screen(ws, person),
        trigger_id=ws.new_trigger(person.id, view.channel),
        view=shown_view(ws, view),
        response_urls=_response_urls(ws, person, view),
    )


def _whose_screen(ws: Workspace, person: Person) -> Json:
    """What comes of somebody's form names their own company as its team; the one that has the app stands in the view
    alone (slackapi/bolt-js, issue 1614).
    """
    return {"team": {"id": person.team_id, "domain": person.team_id.lower()}} if ws.is_external(person) else {}


def _response_urls(ws: Workspace, person: Person, view: View) -> list[Json]:
    found = []
    for block in view.blocks:
        element = block.get("element", {})
        if element.get("response_url_enabled"):
            state = view.values[block["block_id"]][element["action_id"]]
            channel = state.get("selected_conversation") or state.get("selected_channel")
            if channel in ws.channels:
                found.append(
                    {
                        "block_id": block["block_id"],
                        "action_id": element["action_id"],
                        "channel_id": channel,
                        "response_url": ws.new_response_url(person.id, channel),
                    }
                )
    return found


def view_closed(ws: Workspace, person: Person, view: View, *, is_cleared: bool) -> Json:
    return _envelope(
        ws, "view_closed", person, **_whose_screen(ws, person), view=shown_view(ws, view), is_cleared=is_cleared
    )


def shortcut(ws: Workspace, person: Person, callback_id: str) -> Json:
    return _envelope(
        ws,
        "shortcut",
        person,
        callback_id=callback_id,
        action_ts=f"{ws.now():.6f}",
        trigger_id=ws.new_trigger(person.id),
    )


def message_action(ws: Workspace, person: Person, callback_id: str, message: Message) -> Json:
    return _envelope(
        ws,
        "message_action",
        person,
        callback_id=callback_id,
        action_ts=f"{ws.now():.6f}",
        message_ts=message.ts,
        trigger_id=ws.new_trigger(person.id, message.channel),
        response_url=ws.new_response_url(person.id, message.channel, message, message.thread_ts),
        channel=_channel(ws.channels[message.channel]),
        message=ws.message_payload(message),
    )


def event(ws: Workspace, content: Json) -> Json:
    event_id = ws.next_id("Ev")
    return {
        "token": ws.app.verification_token,
        "team_id": ws.team_id,
        "api_app_id": ws.app.id,
        "event": content,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(ws.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": ws.team_id,
                "user_id": ws.app.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{event_id}",
    }

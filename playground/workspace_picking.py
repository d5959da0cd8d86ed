"""What Slack's client lets a person pick: real dates, people who are there, channels they can see, their own files."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from playground.workspace import Workspace
from playground.workspace_files import shown
from playground.workspace_model import Channel, File, ImpossibleError, Person
from playground.workspace_options import options_of
from playground.workspace_schema import Json
from playground.workspace_screen import pick


def picked(ws: Workspace, person: Person, element: Json, value: Any) -> Any:
    """The value an element holds once `value` was picked. Raises ImpossibleError for what is not on offer."""
    match element["type"].removeprefix("multi_"):
        case "static_select" | "radio_buttons" | "checkboxes":
            return pick(options_of(element), value)
        case "users_select":
            return _someone(ws, str(value))
        case "channels_select":
            return _public_channel(ws, person, str(value))
        case "conversations_select":
            return _conversation(ws, person, element.get("filter", {}), str(value))
        case "datepicker":
            return _date(str(value))
        case "timepicker":
            return _time(str(value))
        case "datetimepicker":
            return _moment(value)
        case "file_input":
            return _file(ws, person, element, str(value))
    return value


def _someone(ws: Workspace, name: str) -> str:
    person = ws.person(name)
    if person.deleted:
        raise ImpossibleError(f"{person.name} is deactivated and not on the list")
    return person.id


def _public_channel(ws: Workspace, person: Person, name: str) -> str:
    channel = ws.channel_named(name)
    if channel.is_dm or channel.is_private or channel.is_archived:
        raise ImpossibleError(f"{name} is not among the public channels {person.name} can choose from")
    return channel.id


def _conversation(ws: Workspace, person: Person, wanted: Json, name: str) -> str:
    channel = ws.channel_named(name)
    kinds = wanted.get("include", ["im", "mpim", "private", "public"])
    is_hidden = (channel.is_private or channel.is_dm) and person.id not in channel.members
    if is_hidden or channel.is_archived or _kind(channel) not in kinds or _is_left_out(ws, channel, wanted):
        raise ImpossibleError(f"{name} is not among the conversations {person.name} can choose from")
    return channel.id


def _kind(channel: Channel) -> str:
    if channel.is_dm:
        return channel.kind
    return "private" if channel.is_private else "public"


def _is_left_out(ws: Workspace, channel: Channel, wanted: Json) -> bool:
    with_bot = any(ws.people[member].is_bot for member in channel.members)
    return bool(wanted.get("exclude_bot_users") and channel.kind == "im" and with_bot)


def _date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise ImpossibleError(f"{value!r} is not on the calendar") from error


def _time(value: str) -> str:
    try:
        return time.fromisoformat(value).strftime("%H:%M")
    except ValueError as error:
        raise ImpossibleError(f"{value!r} is no time of the day") from error


def _moment(value: Any) -> int:
    """Seconds since the epoch, as the client sends what was picked in the person's own zone."""
    try:
        seconds = int(value)
    except (TypeError, ValueError):
        seconds = 0
    if not 1_000_000_000 <= seconds <= 9_999_999_999:
        raise ImpossibleError(f"{value!r} is no moment to pick")
    return seconds


def own_file(ws: Workspace, person: Person, file_id: str) -> File:
    file = ws.files.get(file_id)
    if file is None or file.user != person.id:
        raise ImpossibleError(f"{person.name} has no file {file_id}")
    return file


def _file(ws: Workspace, person: Person, element: Json, file_id: str) -> Json:
    file = own_file(ws, person, file_id)
    kinds = [kind.lower() for kind in element.get("filetypes", [])]
    ending = file.name.rpartition(".")[2].lower()
    if kinds and ending not in kinds:
        raise ImpossibleError(f"{file.name} is not of a kind this field takes: {', '.join(kinds)}")
    return shown(ws, file)

"""Finding things on a person's screen: the message or view they point at, and the one element a name means there."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

from playground import workspace_payloads as payloads
from playground import workspace_seen as seen
from playground.workspace import Workspace
from playground.workspace_blocks import elements_of
from playground.workspace_model import ImpossibleError, Message, Person, View
from playground.workspace_schema import Json
from playground.workspace_views import top


@dataclass(frozen=True)
class Place:
    """A surface with elements on it: a message, or a view."""

    message: Message | None = None
    view: View | None = None
    stale: list[Json] | None = None  # what the screen still shows, when it lags behind

    @property
    def blocks(self) -> list[Json]:
        if self.stale is not None:
            return self.stale
        if self.view is not None:
            return self.view.blocks
        assert self.message is not None
        return seen.all_blocks(self.message)

    def values(self, person: str) -> Json:
        if self.view is not None:
            return self.view.values
        assert self.message is not None
        return payloads.message_values(self.message, person)


@dataclass(frozen=True)
class Spot:
    """One element on one person's screen."""

    person: Person
    place: Place
    block: Json
    element: Json

    @property
    def kind(self) -> str:
        return str(self.element["type"])


def place(ws: Workspace, person: Person, target: Json) -> Place:
    """The message or view a person points at, if it is on their screen."""
    if "view" in target:
        return Place(view=_visible_view(ws, person, str(target["view"])))
    message = visible_message(ws, person, str(target["channel"]), str(target["ts"]))
    no_modal(ws, person)
    return Place(message=message, stale=target.get("blocks"))


def _visible_view(ws: Workspace, person: Person, view_id: str) -> View:
    home = ws.homes.get(person.id)
    if home is not None and home.id == view_id:
        no_modal(ws, person)
        return home
    view = ws.views.get(view_id)
    if view is None or not view.is_open or view.owner != person.id:
        raise ImpossibleError(f"{person.name} has no such view open")
    check_top(ws, person, view)
    return view


def visible_message(ws: Workspace, person: Person, channel_id: str, ts: str) -> Message:
    channel = ws.channels.get(channel_id)
    if channel is None or person.id not in channel.members:
        raise ImpossibleError(f"{person.name} is not in that conversation")
    if person.deleted:
        raise ImpossibleError(f"{person.name} is deactivated")
    mine = {one.ts: one for one in channel.ephemerals if one.ephemeral_to == person.id}
    message = channel.messages.get(ts) or mine.get(ts)
    if message is None:
        raise ImpossibleError(f"{person.name} sees no message {ts} in #{channel.name}")
    return message


def no_modal(ws: Workspace, person: Person) -> None:
    """Whatever lies behind an open modal cannot be reached until it is closed."""
    if top(ws, person.id) is not None:
        raise ImpossibleError(f"a modal is open on {person.name}'s screen; it has to be closed first")


def check_top(ws: Workspace, person: Person, view: View) -> None:
    """A view under another one cannot be touched."""
    if top(ws, person.id) is not view:
        raise ImpossibleError(f"that view is not on top of {person.name}'s screen")


def find(
    person: Person,
    place: Place,
    name: str,
    *,
    block_id: str | None = None,
    value: str | None = None,
    pressed: bool = False,
) -> Spot:
    """An element by action_id, block_id, button text or label; it must be the only one that fits."""
    wanted = [
        (block, element)
        for block in place.blocks
        for _, element in elements_of(block)
        if element["type"] != "image"
        and block_id in (None, block["block_id"])
        and value in (None, element.get("value"))
        and (not pressed or element["type"] in ("button", "workflow_button", "icon_button"))
    ]
    for matches in (_by_action, _by_block, _by_words):
        found = [pair for pair in wanted if matches(*pair, name)]
        if len(found) > 1:
            raise ImpossibleError(f"{len(found)} elements answer to {name!r}; say which block_id or value")
        if found:
            return Spot(person, place, *found[0])
    known = ", ".join(sorted({_words(*pair) or pair[1]["action_id"] for pair in wanted})) or "nothing"
    raise ImpossibleError(f"there is no {name!r} on screen; there is: {known}")


def pick(options: list[Json], value: Any) -> Json:
    """The option with this value or text, as a person would pick it from the list."""
    for option in options:
        if value in (option.get("value"), option["text"]["text"]):
            return copy.deepcopy(option)
    offered = ", ".join(option["text"]["text"] for option in options) or "nothing"
    raise ImpossibleError(f"{value!r} is not on offer; there is: {offered}")


def _by_action(_block: Json, element: Json, name: str) -> bool:
    return bool(element["action_id"] == name)


def _by_block(block: Json, _element: Json, name: str) -> bool:
    return bool(block["block_id"] == name)


def _by_words(block: Json, element: Json, name: str) -> bool:
    return name in (_words(block, element), _bare(_words(block, element)))


def _words(block: Json, element: Json) -> str:
    text = element.get("text") or block.get("label") or element.get("placeholder") or {}
    return str(text.get("text", ""))


def _bare(words: str) -> str:
    """Button text without the emoji that may precede it."""
    return re.sub(r"^(:[\w+-]+:|[^\w\s]+)\s*", "", words)

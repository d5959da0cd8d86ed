"""What is on a person's screen, as JSON: readable text, the buttons on offer, the fields and what they hold."""

from __future__ import annotations

from playground.workspace import Workspace
from playground.workspace_blocks import elements_of
from playground.workspace_model import Channel, Message, View
from playground.workspace_options import options_of
from playground.workspace_schema import Json
from playground.workspace_text import blocks_as_text, readable, text_object, value_as_text
from playground.workspace_views import stack, top


def message(ws: Workspace, one: Message, viewer: str | None = None) -> Json:
    values = one.values.get(viewer or "", {})
    return {
        "channel": one.channel,
        "channel_name": ws.channels[one.channel].name,
        "ts": one.ts,
        "user": one.user,
        "user_name": ws.people[one.user].name,
        "text": message_text(ws, one, values),
        "fallback": readable(one.text, ws.name_of),
        "raw_text": one.text,
        "blocks": one.blocks,
        "attachments": one.attachments,
        "thread_ts": one.thread_ts,
        "is_ephemeral": one.ephemeral_to is not None,
        "is_edited": one.edited is not None,
        "metadata": one.metadata,
        "buttons": buttons(ws, all_blocks(one)),
        "reactions": one.reactions,
        "files": one.files,
    }


def all_blocks(one: Message) -> list[Json]:
    return [*one.blocks, *(block for attached in one.attachments for block in attached.get("blocks", []))]


def message_text(ws: Workspace, one: Message, values: Json | None = None) -> str:
    shown = blocks_as_text(one.blocks, ws.name_of, values) if one.blocks else readable(one.text, ws.name_of)
    lines = [shown] if shown else []
    for attached in one.attachments:
        lines += [readable(attached[key], ws.name_of) for key in ("pretext", "title", "text") if key in attached]
        lines += [blocks_as_text(attached["blocks"], ws.name_of, values)] if "blocks" in attached else []
    lines += [f"[file: {file['name']}]" for file in one.files]
    return "\n".join(lines)


def buttons(ws: Workspace, blocks: list[Json]) -> list[Json]:
    return [
        {
            "text": text_object(element.get("text"), ws.name_of),
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "value": element.get("value"),
            "style": element.get("style"),
            "url": element.get("url"),
            "confirm": element.get("confirm"),
        }
        for block in blocks
        for _, element in elements_of(block)
        if element["type"] == "button"
    ]


def view(ws: Workspace, one: View) -> Json:
    content = one.content
    return {
        "id": one.id,
        "type": content["type"],
        "title": text_object(content.get("title"), ws.name_of) or "Home",
        "text": view_text(ws, one),
        "blocks": one.blocks,
        "values": one.values,
        "errors": one.errors,
        "trouble": one.trouble,
        "callback_id": one.callback_id,
        "external_id": one.external_id,
        "private_metadata": content.get("private_metadata", ""),
        "hash": one.hash,
        "root_view_id": one.root_view_id,
        "previous_view_id": one.previous_view_id,
        "submit": text_object(content.get("submit"), ws.name_of) or None,
        "close": text_object(content.get("close"), ws.name_of) or None,
        "depth": len(ws.stacks.get(one.owner, [])),
        "inputs": [_input(ws, one, block, element) for block, element in _fields(one)],
        "buttons": buttons(ws, one.blocks),
    }


def _fields(one: View) -> list[tuple[Json, Json]]:
    return [
        (block, element)
        for block in one.blocks
        for _, element in elements_of(block)
        if element.get("action_id") in one.values.get(block["block_id"], {})
    ]


def _input(ws: Workspace, one: View, block: Json, element: Json) -> Json:
    state = one.values[block["block_id"]][element["action_id"]]
    return {
        "block_id": block["block_id"],
        "action_id": element["action_id"],
        "type": element["type"],
        "label": text_object(block.get("label"), ws.name_of),
        "value": value_as_text(state, ws.name_of),
        "optional": bool(block.get("optional")),
        "error": one.errors.get(block["block_id"]),
        "options": [text_object(option["text"], ws.name_of) for option in options_of(element)],
    }


def view_text(ws: Workspace, one: View) -> str:
    lines = [text_object(one.content.get("title"), ws.name_of) or "Home"]
    lines += [f"! {one.trouble}"] if one.trouble else []
    for block in one.blocks:
        lines.append(blocks_as_text([block], ws.name_of, one.values))
        if block["block_id"] in one.errors:
            lines.append(f"! {one.errors[block['block_id']]}")
    feet = [text_object(one.content.get(part), ws.name_of) for part in ("close", "submit")]
    lines += [" ".join(f"[{foot}]" for foot in feet if foot)] if any(feet) else []
    return "\n".join(lines)


def open_view(ws: Workspace, person: str) -> Json | None:
    uppermost = top(ws, person)
    return view(ws, uppermost) if uppermost else None


def open_stack(ws: Workspace, person: str) -> list[Json]:
    return [view(ws, one) for one in stack(ws, person)]


def conversation(ws: Workspace, channel: Channel, person: str, thread: str | None = None, last: int = 0) -> list[Json]:
    """What this person sees in a conversation or a thread, their own ephemerals among it, oldest first."""
    mine = [one for one in channel.ephemerals if one.ephemeral_to == person]
    everything = sorted([*channel.messages.values(), *mine], key=lambda one: float(one.ts))
    wanted = [one for one in everything if thread in (None, one.ts, one.thread_ts)]
    return [message(ws, one, person) for one in wanted[-last:]]

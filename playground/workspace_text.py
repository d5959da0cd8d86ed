"""What a person reads: blocks and Slack's markup as plain lines, for transcripts, asserts and the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from playground.workspace_schema import Json

Names = Callable[[str], str]
_MARKUP = re.compile(r"<([^<>\n]+)>")
DIVIDER = "—" * 8
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def unescape(text: str) -> str:
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def escape(text: str) -> str:
    for entity, character in reversed(_ENTITIES):
        text = text.replace(character, entity)
    return text


def readable(markup: str, name_of: Names) -> str:
    """mrkdwn with mentions, links and dates resolved; `name_of` turns an id into what the client shows."""
    return unescape(_MARKUP.sub(lambda match: _resolve(match[1], name_of), markup))


def _resolve(inside: str, name_of: Names) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("!date^"):
        return label or _date(target)
    if target.startswith("!subteam^"):
        return name_of(target.removeprefix("!subteam^"))
    if target.startswith("!"):
        return f"@{target[1:]}"
    if target[0] in "@#":
        return name_of(target[1:])
    return f"{label} ({target})" if label and label != target else target


def _date(target: str) -> str:
    seconds = target.split("^")[1]
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M UTC")


def text_object(text: Json | None, name_of: Names) -> str:
    if not text:
        return ""
    words = str(text.get("text", ""))
    return readable(words, name_of) if text.get("type") == "mrkdwn" else words


def blocks_as_text(blocks: list[Json], name_of: Names, values: Json | None = None) -> str:
    lines = [line for block in blocks for line in _block(block, name_of, values or {})]
    return "\n".join(lines)


def _block(block: Json, name_of: Names, values: Json) -> Iterator[str]:
    mine = values.get(block.get("block_id", ""), {})
    match block["type"]:
        case "container":
            yield text_object(block.get("title"), name_of)
            for child in block["child_blocks"]:
                yield from _block(child, name_of, values)
        case "carousel":
            for one in block["elements"]:
                yield from _block(one, name_of, values)
        case kind:
            yield from _LINES.get(kind, _other)(block, name_of, mine)


def _other(block: Json, _name_of: Names, _mine: Json) -> Iterator[str]:
    yield f"[{block['type']}]"


def _divider(_block: Json, _name_of: Names, _mine: Json) -> Iterator[str]:
    yield DIVIDER


def _just_text(block: Json, name_of: Names, _mine: Json) -> Iterator[str]:
    yield block["text"] if isinstance(block["text"], str) else text_object(block["text"], name_of)


def _context_line(block: Json, name_of: Names, _mine: Json) -> Iterator[str]:
    yield " · ".join(_context(part, name_of) for part in block["elements"])


def _actions(block: Json, name_of: Names, mine: Json) -> Iterator[str]:
    yield " ".join(_element(element, name_of, mine) for element in block["elements"])


def _input(block: Json, name_of: Names, mine: Json) -> Iterator[str]:
    yield f"{text_object(block['label'], name_of)}: {_element(block['element'], name_of, mine)}"
    if "hint" in block:
        yield text_object(block["hint"], name_of)


def _image(block: Json, _name_of: Names, _mine: Json) -> Iterator[str]:
    yield f"[image: {block['alt_text']}]"


def _rich_text(block: Json, name_of: Names, _mine: Json) -> Iterator[str]:
    yield rich_text(block, name_of)


def _table(block: Json, name_of: Names, _mine: Json) -> Iterator[str]:
    yield from (" | ".join(_cell(cell, name_of) for cell in row) for row in block["rows"])


def _chart(block: Json, _name_of: Names, _mine: Json) -> Iterator[str]:
    """Its title and every number: `Spent: Mon ISP 6.3, Mobile 2 | Tue ISP 0, Mobile 1`."""
    chart = block["chart"]
    if chart["type"] == "pie":
        yield f"{block['title']}: " + ", ".join(f"{one['label']} {one['value']:g}" for one in chart["segments"])
        return
    values = [{one["label"]: one["value"] for one in series["data"]} for series in chart["series"]]
    names = [series["name"] for series in chart["series"]]
    at = [
        f"{label} " + ", ".join(f"{name} {own[label]:g}" for name, own in zip(names, values, strict=True))
        for label in chart["axis_config"]["categories"]
    ]
    yield f"{block['title']}: {' | '.join(at)}"


def _card(block: Json, name_of: Names, mine: Json) -> Iterator[str]:
    yield from (text_object(block[part], name_of) for part in ("title", "subtitle", "body") if part in block)
    yield " ".join(_element(element, name_of, mine) for element in block.get("actions", []))


def _section(block: Json, name_of: Names, mine: Json) -> Iterator[str]:
    if "text" in block:
        yield text_object(block["text"], name_of)
    yield from (text_object(field, name_of) for field in block.get("fields", []))
    if "accessory" in block:
        yield _element(block["accessory"], name_of, mine)


_LINES: dict[str, Callable[[Json, Names, Json], Iterator[str]]] = {
    "divider": _divider,
    "header": _just_text,
    "alert": _just_text,
    "markdown": _just_text,
    "section": _section,
    "context": _context_line,
    "actions": _actions,
    "context_actions": _actions,
    "input": _input,
    "image": _image,
    "rich_text": _rich_text,
    "table": _table,
    "data_table": _table,
    "data_visualization": _chart,
    "card": _card,
}


def _context(part: Json, name_of: Names) -> str:
    return f"[image: {part['alt_text']}]" if part["type"] == "image" else text_object(part, name_of)


def _cell(cell: Json, name_of: Names) -> str:
    return rich_text(cell, name_of) if cell["type"] == "rich_text" else str(cell.get("text", cell.get("value", "")))


def _element(element: Json, name_of: Names, mine: Json) -> str:
    label = text_object(element.get("text") or element.get("placeholder"), name_of)
    match element["type"]:
        case "button" | "workflow_button" | "icon_button":
            return f"[{label}]"
        case "image":
            return f"[image: {element['alt_text']}]"
        case "overflow":
            return f"[… {' / '.join(text_object(option['text'], name_of) for option in element['options'])}]"
        case "feedback_buttons":
            return " ".join(f"[{element[side]['text']['text']}]" for side in ("positive_button", "negative_button"))
        case "checkboxes" | "radio_buttons":
            return _choices(element, name_of, mine)
        case _:
            return f"<{value_as_text(mine.get(element.get('action_id', '')), name_of) or label}>"


def _choices(element: Json, name_of: Names, mine: Json) -> str:
    state = mine.get(element.get("action_id", "")) or {}
    one = state.get("selected_option")
    chosen = {option["value"] for option in state.get("selected_options") or ([one] if one else [])}
    marks = [("x" if option["value"] in chosen else " ", option) for option in element["options"]]
    return " ".join(f"({mark}) {text_object(option['text'], name_of)}" for mark, option in marks)


def value_as_text(state: Json | None, name_of: Names) -> str:
    """What an input shows for its present value."""
    for key, value in (state or {}).items():
        if key == "type" or value in (None, [], ""):
            continue
        parts = value if isinstance(value, list) else [value]
        return ", ".join(_one_value(key, part, name_of) for part in parts)
    return ""


def _one_value(key: str, part: Any, name_of: Names) -> str:
    if isinstance(part, dict):
        return rich_text(part, name_of) if key == "rich_text_value" else text_object(part.get("text"), name_of)
    about_ids = any(word in key for word in ("user", "channel", "conversation"))
    return name_of(str(part)) if about_ids else str(part)


def rich_text(block: Json, name_of: Names) -> str:
    return "\n".join(_rich_part(part, name_of) for part in block.get("elements", []))


def _rich_part(part: Json, name_of: Names) -> str:
    if part["type"] == "rich_text_list":
        return "\n".join(f"• {_rich_part(item, name_of)}" for item in part["elements"])
    return "".join(_rich_leaf(leaf, name_of) for leaf in part.get("elements", []))


def _rich_leaf(leaf: Json, name_of: Names) -> str:
    match leaf.get("type"):
        case "user":
            return name_of(leaf["user_id"])
        case "channel":
            return name_of(leaf["channel_id"])
        case "usergroup":
            return name_of(leaf["usergroup_id"])
        case "emoji":
            return f":{leaf['name']}:"
        case "link":
            return str(leaf.get("text") or leaf["url"])
        case "broadcast":
            return f"@{leaf['range']}"
        case _:
            return str(leaf.get("text", ""))

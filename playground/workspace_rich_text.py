"""Rich text as Slack checks it, down to the last leaf, and how many characters it shows."""

from __future__ import annotations

from typing import Any

from playground.workspace_composition import block_id, url
from playground.workspace_schema import Check, Json, array, boolean, integer, record, shape, string, typed

_FLAGS: dict[str, Check] = dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean)
_MENTION_FLAGS = {**_FLAGS, "highlight": boolean, "client_highlight": boolean, "unlink": boolean}
_id = string(255)


def _leaf(required: dict[str, Check], optional: dict[str, Check] | None = None, *, mention: bool = False) -> Check:
    style = record({}, _MENTION_FLAGS if mention else _FLAGS)
    return shape(required, {"style": style, **(optional or {})})


LEAVES: dict[str, Check] = {
    "text": _leaf({"text": string(40_000)}),
    "link": _leaf({"url": url}, {"text": string(3_000), "unsafe": boolean}),
    "emoji": _leaf({"name": string(255)}, {"unicode": string(64), "url": url, "skin_tone": integer(1, 6)}),
    "user": _leaf({"user_id": _id}, mention=True),
    "channel": _leaf({"channel_id": _id}, mention=True),
    "usergroup": _leaf({"usergroup_id": _id}, mention=True),
    "team": _leaf({"team_id": _id}, mention=True),
    "broadcast": _leaf({"range": string(10, one_of=("here", "channel", "everyone"))}),
    "color": _leaf({"value": string(7, like=r"#[0-9a-fA-F]{6}")}),
    "date": _leaf(
        {"timestamp": integer(0, 9_999_999_999), "format": string(500)}, {"url": url, "fallback": string(3_000)}
    ),
}
_IN_PREFORMATTED = frozenset({"text", "link"})


def _part(item: Check, extra: dict[str, Check] | None = None) -> Check:
    return shape({"elements": array(item, 1_000, least=0)}, {"border": integer(0, 1), **(extra or {})})


_section = _part(typed(LEAVES))
PARTS: dict[str, Check] = {
    "rich_text_section": _section,
    "rich_text_quote": _section,
    "rich_text_preformatted": _part(typed(LEAVES, _IN_PREFORMATTED), {"language": string(50)}),
    "rich_text_list": shape(
        {
            "elements": array(typed({"rich_text_section": _section}), 1_000, least=0),
            "style": string(10, one_of=("bullet", "ordered")),
        },
        {"indent": integer(0, 8), "offset": integer(0, 10_000), "border": integer(0, 1)},
    ),
}
rich_text: Check = shape({"elements": array(typed(PARTS), 1_000, least=0)}, {"block_id": block_id})


def characters(value: Any) -> int:
    """How much text is in a piece of rich text or a cell."""
    if isinstance(value, list):
        return sum(characters(inner) for inner in value)
    if not isinstance(value, dict):
        return 0
    if "elements" in value:
        return characters(value["elements"])
    return len(_words(value))


def _words(leaf: Json) -> str:
    return str(leaf.get("text") or leaf.get("url") or leaf.get("name") or leaf.get("value") or "")

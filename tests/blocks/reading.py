"""Reading views and messages as Slack and people do: is it valid, and which words are on the screen?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.blocks.kit import Message, View
from playground.workspace_surfaces import validate_blocks, validate_view

_MENTION = re.compile(r"<[@!#][^>]*>")


def assert_valid(message: Message) -> None:
    """Blocks that Slack takes without a warning, and a fallback text that every call takes."""
    assert [str(problem) for problem in validate_blocks(message.blocks, "message")] == []
    assert 0 < len(message.text) < 3_000
    assert_sound(message.text)


def assert_valid_view(view: View) -> None:
    assert [str(problem) for problem in validate_view(view)] == []
    for markup in markups(view):
        assert_sound(markup)


def assert_sound(markup: str) -> None:
    """No bare or half `&`, `<` or `>`, and nothing escaped twice."""
    bare = re.sub(r"<(?:[@#][A-Z0-9]+|!date\^\d+\^[^|<>]*\|[^<>]*|https?://[^|<>]*\|[^<>]*)>", "", markup)
    assert "<" not in bare, bare
    assert ">" not in bare, bare
    assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt);)*", bare), bare
    assert "&amp;amp;" not in bare
    assert "&amp;lt;" not in bare


def texts(thing: Any) -> Iterator[dict[str, Any]]:
    """Every text object, in the order in which it is read."""
    if isinstance(thing, dict):
        if thing.get("type") in ("plain_text", "mrkdwn"):
            yield thing
        else:
            for value in thing.values():
                yield from texts(value)
    elif isinstance(thing, list | tuple):
        for value in thing:
            yield from texts(value)


def markups(thing: Any) -> list[str]:
    return [text["text"] for text in texts(thing) if text["type"] == "mrkdwn"]


def visible(message: Message | View) -> str:
    """All words on the screen, buttons included, without the fallback text."""
    blocks = message.blocks if isinstance(message, Message) else message["blocks"]
    return "\n".join(text["text"] for text in texts(blocks))


def buttons(message: Message | View) -> dict[str, dict[str, Any]]:
    """The buttons by action id; for a list, the last one of each kind."""
    blocks = message.blocks if isinstance(message, Message) else message["blocks"]
    found: dict[str, dict[str, Any]] = {}
    for block in blocks:
        for element in [*block.get("elements", ()), block.get("accessory", {})]:
            if element.get("type") == "button":
                found[element["action_id"]] = element
    return found


def inputs(view: View) -> dict[str, dict[str, Any]]:
    """The input blocks by field."""
    return {block["element"]["action_id"]: block for block in view["blocks"] if block["type"] == "input"}


def pings(markup: str) -> list[str]:
    return _MENTION.findall(markup)

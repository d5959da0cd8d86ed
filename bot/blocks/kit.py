"""Small constructors for the few kinds of blocks that render everywhere. Texts arrive prepared by `text.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from bot.blocks import limits, text
from bot.blocks.ids import Action, Callback

Block = dict[str, Any]
Element = dict[str, Any]
View = dict[str, Any]


class Message(NamedTuple):
    """`text` says everything that matters by itself: screen readers and notifications use nothing else."""

    text: str
    blocks: list[Block]


def message(fallback: str, *blocks: Block) -> Message:
    return Message(text.fit(fallback, limits.FALLBACK), list(blocks[: limits.MESSAGE_BLOCKS]))


# Texts


def plain(words: str, most: int = limits.SECTION) -> Element:
    return {"type": "plain_text", "text": text.cut(words, most), "emoji": False}


def mrkdwn(markup: str, most: int = limits.SECTION) -> Element:
    """`verbatim` keeps Slack from making links and mentions out of what merely looks like one."""
    return {"type": "mrkdwn", "text": text.fit(markup, most), "verbatim": True}


# Blocks


def header(words: str) -> Block:
    return {"type": "header", "text": plain(words, limits.HEADER)}


def section(markup: str, accessory: Element | None = None) -> Block:
    block: Block = {"type": "section", "text": mrkdwn(markup)}
    return block if accessory is None else {**block, "accessory": accessory}


def fields(*markups: str) -> Block:
    """Two columns, read in rows."""
    shown = [mrkdwn(markup, limits.FIELD) for markup in markups[: limits.FIELDS]]
    return {"type": "section", "fields": shown}


def passage(raw: str) -> list[Block]:
    """Somebody's own text, where nothing in it can be mistaken for ours."""
    return [{"type": "section", "text": plain(piece)} for piece in text.passage(raw)]


def context(*markups: str) -> Block:
    shown = [mrkdwn(markup, limits.CONTEXT) for markup in markups[: limits.CONTEXT_ELEMENTS]]
    return {"type": "context", "elements": shown}


def divider() -> Block:
    return {"type": "divider"}


def picture(file: str, alt: str, title: str) -> Block:
    """An uploaded picture, by its Slack file id."""
    return {
        "type": "image",
        "slack_file": {"id": file},
        "alt_text": text.plain(alt, limits.ALT),
        "title": plain(title, limits.ALT),
    }


def actions(*buttons: Element) -> Block:
    return {"type": "actions", "elements": list(buttons[: limits.ACTIONS])}


def input_block(
    label: str,
    element: Element,
    block_id: str,
    *,
    hint: str | None = None,
    is_optional: bool = False,
    does_dispatch: bool = False,
) -> Block:
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, limits.LABEL),
        "element": element,
        "optional": is_optional,
        "dispatch_action": does_dispatch,
    }
    return {**block, "hint": plain(hint, limits.LABEL)} if hint else block


# Elements


def button(
    label: str,
    action: Action,
    value: str | None = None,
    *,
    style: str | None = None,
    confirm: Element | None = None,
    url: str | None = None,
) -> Element:
    element: Element = {"type": "button", "action_id": action.value, "text": plain(label, limits.BUTTON)}
    extras = {"value": value, "style": style, "confirm": confirm, "url": url}
    return element | {key: given for key, given in extras.items() if given is not None}


def confirm(title: str, words: str, yes: str, no: str, *, style: str | None = None) -> Element:
    element: Element = {
        "title": plain(title, limits.CONFIRM_TITLE),
        "text": plain(words, limits.CONFIRM_TEXT),
        "confirm": plain(yes, limits.CONFIRM_BUTTON),
        "deny": plain(no, limits.CONFIRM_BUTTON),
    }
    return element if style is None else {**element, "style": style}


def option(label: str, value: str, description: str | None = None) -> Element:
    element: Element = {"text": plain(label, limits.OPTION), "value": value}
    return {**element, "description": plain(description, limits.OPTION)} if description else element


def group(label: str, options: Sequence[Element]) -> Element:
    return {"label": plain(label, limits.OPTION), "options": list(options)}


# Views


def modal(
    title: str,
    blocks: Iterable[Block],
    *,
    callback: Callback | None = None,
    metadata: str = "",
    submit: str | None = None,
    close: str = "Close",
) -> View:
    view: View = {
        "type": "modal",
        "title": plain(title, limits.MODAL_TITLE),
        "close": plain(close, limits.MODAL_TITLE),
        "blocks": list(blocks)[: limits.VIEW_BLOCKS],
        "private_metadata": metadata,
    }
    if callback is not None:
        view["callback_id"] = callback.value
    if submit is not None:
        view["submit"] = plain(submit, limits.MODAL_TITLE)
    return view

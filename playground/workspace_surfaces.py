"""A whole message, modal or App Home as Slack checks it: which blocks it takes, how many, and what they share.

`validate_blocks` and `validate_view` are pure, so tests of the bot call them directly. Lengths count characters. A
`warning` marks what one of Slack's own documents forbids and another allows: write code without warnings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from playground.workspace_blocks import BLOCKS, MARKDOWN_CHARACTERS, elements_of
from playground.workspace_composition import plain
from playground.workspace_schema import Check, Json, Problem, anything, array, boolean, shape, string, typed


class Surface(StrEnum):
    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


BLOCKS_PER_SURFACE = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
VIEW_BYTES = 250_000
CHARTS_PER_MESSAGE = 2
MESSAGES_ONLY = frozenset(
    {"alert", "card", "carousel", "container", "context_actions", "data_table", "file", "markdown", "plan", "table"}
    | {"data_visualization", "task_card"}
)
ALLOWED_BLOCKS = {
    Surface.MESSAGE: frozenset(BLOCKS),
    Surface.MODAL: frozenset(BLOCKS) - MESSAGES_ONLY,
    Surface.HOME: frozenset(BLOCKS) - MESSAGES_ONLY,
}


# --- what must hold over a whole list of blocks


def _duplicates(blocks: list[Json], at: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, block in enumerate(blocks):
        name = block.get("block_id")
        if name and name in seen:
            yield Problem(f"{at}/{position}/block_id", "duplicate_block_id", f"block_id already exists: {name}", name)
        seen.add(name or "")
        yield from _duplicate_actions(block, f"{at}/{position}")


def _duplicate_actions(block: Json, at: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for where, element in elements_of(block):
        name = element.get("action_id")
        if name and name in seen:
            yield Problem(f"{at}/{where}/action_id", "duplicate_action_id", f"action_id already exists: {name}", name)
        seen.add(name or "")


def _whole(blocks: list[Json], at: str, surface: Surface) -> Iterator[Problem]:
    kinds = [block["type"] for block in blocks]
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_CHARACTERS:
        yield Problem(at, "too_long", f"markdown blocks hold more than {MARKDOWN_CHARACTERS} characters in all")
    for single in ("table", "data_table"):
        if kinds.count(single) > 1:
            yield Problem(at, "only_one_table_allowed", f"only one {single} block is allowed", "1")
    if kinds.count("data_visualization") > CHARTS_PER_MESSAGE:
        message = f"no more than {CHARTS_PER_MESSAGE} data_visualization blocks are allowed"
        yield Problem(at, "too_many_charts", message, str(CHARTS_PER_MESSAGE))
    if "plan" in kinds and "task_card" in kinds:
        yield Problem(at, "cannot_mix", "plan and task_card blocks cannot share a message")
    focused = sum(bool(element.get("focus_on_load")) for block in blocks for _, element in elements_of(block))
    if focused > 1:
        yield Problem(at, "too_many_focused", "only one element may set focus_on_load", "1")
    if surface is not Surface.MODAL:
        yield from _modal_only_elements(blocks, at)


def _modal_only_elements(blocks: list[Json], at: str) -> Iterator[Problem]:
    for position, block in enumerate(blocks):
        for where, element in elements_of(block):
            if element["type"] == "file_input":
                yield Problem(f"{at}/{position}/{where}", "unsupported_type", "unsupported type: file_input")
            if element.get("response_url_enabled"):
                yield Problem(
                    f"{at}/{position}/{where}/response_url_enabled",
                    "unsupported_field",
                    "response_url_enabled is for modals only",
                )


def validate_blocks(blocks: Any, surface: Surface | str = Surface.MESSAGE, at: str = "/blocks") -> list[Problem]:
    """Everything Slack would say about these blocks on this surface; empty when they are good."""
    surface = Surface(surface)
    most = BLOCKS_PER_SURFACE[surface]
    found = list(array(typed(BLOCKS, ALLOWED_BLOCKS[surface]), most, least=0)(blocks, at))
    if not any(problem.severity == "error" for problem in found):
        found += [*_duplicates(blocks, at), *_whole(blocks, at, surface)]
    return found


# --- views

_common: dict[str, Check] = {
    "callback_id": string(255, 0),
    "private_metadata": string(3_000, 0),
    "external_id": string(255, 0),
}
_blocks: Check = array(anything, 100, least=0)
VIEWS: dict[str, Check] = {
    "modal": shape(
        {"title": plain(24), "blocks": _blocks},
        {
            **_common,
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
    ),
    "home": shape({"blocks": _blocks}, _common),
}


def view_bytes(view: Json) -> int:
    return len(json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode())


def validate_view(view: Any, at: str = "/view") -> list[Problem]:
    """Everything Slack would say about this view; its size is `view_bytes`, answered with `view_too_large`."""
    found = list(typed(VIEWS)(view, at))
    if not isinstance(view, dict) or view.get("type") not in VIEWS or not isinstance(view.get("blocks"), list):
        return found
    found += validate_blocks(view["blocks"], Surface(view["type"]), f"{at}/blocks")
    has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in view["blocks"])
    if view["type"] == "modal" and has_input and "submit" not in view:
        found.append(Problem(f"{at}/submit", "missing_field", "submit is required when there is an input block"))
    if view_bytes(view) > VIEW_BYTES:
        found.append(Problem(at, "view_too_large", f"view is larger than {VIEW_BYTES} bytes", str(VIEW_BYTES)))
    return found

"""The layout blocks as Slack checks them: every kind with its fields, and where in it the interactive elements are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playground.workspace_charts import CHARTS
from playground.workspace_composition import block_id, picture, plain, rich, texts, url
from playground.workspace_elements import ELEMENTS, IN_ACTIONS, IN_INPUT, IN_SECTION, element_in
from playground.workspace_rich_text import rich_text
from playground.workspace_schema import (
    Check,
    Json,
    Problem,
    array,
    at_least_one_of,
    boolean,
    exactly_one_of,
    shape,
    string,
    typed,
)
from playground.workspace_tables import data_table, table

MARKDOWN_CHARACTERS = 12_000


def _no_dispatch_on_files(block: Json, at: str) -> Iterator[Problem]:
    if block.get("dispatch_action") and block["element"]["type"] == "file_input":
        yield Problem(f"{at}/dispatch_action", "unsupported_field", "file_input cannot dispatch actions")


_image = element_in(frozenset({"image"}))
_card_buttons = array(element_in(frozenset({"button"})), 5)
_url_source = typed({"url": shape({"url": url, "text": string(2_000)}, {})})

card = shape(
    {},
    {
        "block_id": block_id,
        "hero_image": _image,
        "icon": _image,
        "title": rich(150),
        "subtitle": rich(150),
        "body": rich(200),
        "actions": _card_buttons,
    },
    at_least_one_of("hero_image", "title", "body", "actions"),
)
task_card = shape(
    {"task_id": string(255), "title": string(2_000)},
    {
        "block_id": block_id,
        "details": typed({"rich_text": rich_text}),
        "output": typed({"rich_text": rich_text}),
        "sources": array(_url_source, 100),
        "status": string(20, one_of=("pending", "in_progress", "complete", "error")),
    },
)

BLOCKS: dict[str, Check] = {
    "actions": shape({"elements": array(element_in(IN_ACTIONS), 25)}, {"block_id": block_id}),
    "alert": shape(
        {"text": rich(3_000)},
        {"block_id": block_id, "level": string(10, one_of=("default", "info", "success", "warning", "error"))},
    ),
    "card": card,
    "carousel": shape({"elements": array(typed({"card": card}), 10)}, {"block_id": block_id}),
    "context": shape(
        {"elements": array(typed({"image": ELEMENTS["image"], **texts(3_000)}), 10)}, {"block_id": block_id}
    ),
    "context_actions": shape(
        {"elements": array(element_in(frozenset({"feedback_buttons", "icon_button"})), 5)}, {"block_id": block_id}
    ),
    "data_table": data_table,
    "data_visualization": shape({"title": string(50), "chart": typed(CHARTS)}, {"block_id": block_id}),
    "divider": shape({}, {"block_id": block_id}),
    "file": shape({"external_id": string(255), "source": string(6, one_of=("remote",))}, {"block_id": block_id}),
    "header": shape({"text": plain(150)}, {"block_id": block_id}),
    "image": shape(
        {"alt_text": string(2_000)},
        {**picture, "block_id": block_id, "title": plain(2_000)},
        exactly_one_of("image_url", "slack_file"),
    ),
    "input": shape(
        {"label": plain(2_000), "element": element_in(IN_INPUT)},
        {"block_id": block_id, "hint": plain(2_000), "optional": boolean, "dispatch_action": boolean},
        _no_dispatch_on_files,
    ),
    "markdown": shape({"text": string(MARKDOWN_CHARACTERS)}, {"block_id": block_id}),
    "plan": shape(
        {"title": string(2_000)}, {"block_id": block_id, "tasks": array(typed({"task_card": task_card}), 50)}
    ),
    "rich_text": rich_text,
    "section": shape(
        {},
        {
            "block_id": block_id,
            "text": rich(3_000),
            "fields": array(rich(2_000), 10),
            "accessory": element_in(IN_SECTION),
            "expand": boolean,
        },
        at_least_one_of("text", "fields"),
    ),
    "table": table,
    "task_card": task_card,
    "video": shape(
        {"alt_text": string(2_000), "title": plain(199), "thumbnail_url": url, "video_url": url},
        {
            "block_id": block_id,
            "author_name": string(49),
            "description": plain(200),
            "provider_icon_url": url,
            "provider_name": string(50),
            "title_url": url,
        },
    ),
}


def _any_child(value: Any, at: str) -> Iterator[Problem]:
    """Children of a container are ordinary blocks; looked up late because the container is one of them."""
    yield from typed({kind: check for kind, check in BLOCKS.items() if kind != "container"})(value, at)


BLOCKS["container"] = shape(
    {"child_blocks": array(_any_child, 10)},
    {
        "block_id": block_id,
        "title": rich(150),
        "rich_text_title": typed({"rich_text": rich_text}),
        "subtitle": rich(150),
        "width": string(20),
        "icon": _image,
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
    },
)


def elements_of(block: Json) -> list[tuple[str, Json]]:
    """The interactive elements of a block, with their place inside it."""
    match block.get("type"):
        case "section":
            return [("accessory", block["accessory"])] if "accessory" in block else []
        case "input":
            return [("element", block["element"])] if "element" in block else []
        case "actions" | "context_actions":
            return [(f"elements/{n}", element) for n, element in enumerate(block.get("elements", []))]
        case "card":
            return [(f"actions/{n}", element) for n, element in enumerate(block.get("actions", []))]
        case _:
            return []

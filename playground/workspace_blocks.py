"""Block Kit as Slack checks it: every block, element and view, with its limits, written as tables.

`validate_blocks` and `validate_view` are pure, so tests of the bot call them directly. Lengths count characters. A
`warning` marks what one of Slack's own documents forbids and another allows: write code without warnings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import Any

from playground.workspace_charts import CHARTS
from playground.workspace_rich_text import characters, rich_text
from playground.workspace_schema import (
    Check,
    Json,
    Problem,
    Rule,
    anything,
    array,
    at_least_one_of,
    boolean,
    exactly_one_of,
    in_order,
    integer,
    number,
    number_string,
    record,
    string,
    typed,
)


class Surface(StrEnum):
    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


BLOCKS_PER_SURFACE = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
VIEW_BYTES = 250_000
MARKDOWN_CHARACTERS = 12_000
OPTION_VALUE_ADVICE = 75
DATA_TABLE_CHARACTERS = 20_000
CHARTS_PER_MESSAGE = 2
DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
TIME = r"([01]\d|2[0-3]):[0-5]\d"

block_id = action_id = callback_id = string(255)
url = string(3_000, like=r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s]+")


def shape(required: dict[str, Check], optional: dict[str, Check], *rules: Rule) -> Check:
    """A record that also carries its `type`."""
    return record(required, {"type": anything, **optional}, *rules)


# --- composition objects


def plain(most: int, least: int = 1) -> Check:
    return typed({"plain_text": shape({"text": string(most, least)}, {"emoji": boolean})})


def rich(most: int, least: int = 1) -> Check:
    return typed(
        {
            "plain_text": shape({"text": string(most, least)}, {"emoji": boolean}),
            "mrkdwn": shape({"text": string(most, least)}, {"verbatim": boolean}),
        }
    )


def _value_advice(option: Json, at: str) -> Iterator[Problem]:
    if len(option.get("value", "")) > OPTION_VALUE_ADVICE:
        yield Problem(
            f"{at}/value",
            "too_long",
            f"Slack's types allow {OPTION_VALUE_ADVICE} characters in an option value",
            str(OPTION_VALUE_ADVICE),
            severity="warning",
        )


def _option(text: Check, **extra: Check) -> Check:
    return record({"text": text, "value": string(150)}, {"description": text, **extra}, _value_advice)


menu_option = _option(plain(75))
list_option = _option(rich(75))
overflow_option = _option(plain(75), url=url)
option_group = record({"label": plain(75), "options": array(menu_option, 100)}, {})
confirm = record(
    {"title": plain(100), "text": rich(300), "confirm": plain(30), "deny": plain(30)},
    {"style": string(7, one_of=("primary", "danger"))},
)
dispatch_config = record(
    {"trigger_actions_on": array(string(30, one_of=("on_enter_pressed", "on_character_entered")), 2)}, {}
)
slack_file = record({}, {"id": string(255), "url": url}, exactly_one_of("id", "url"))
conversation_filter = record(
    {},
    {
        "include": array(string(10, one_of=("im", "mpim", "private", "public")), 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    at_least_one_of("include", "exclude_external_shared_channels", "exclude_bot_users"),
)
workflow = record({"trigger": record({"url": url}, {"customizable_input_parameters": array(anything, 100)})}, {})


def options_of(element: Json) -> list[Json]:
    groups = element.get("option_groups", [])
    return [*element.get("options", []), *chain.from_iterable(group.get("options", []) for group in groups)]


def _distinct_values(element: Json, at: str) -> Iterator[Problem]:
    values = [option.get("value") for option in options_of(element)]
    if len(set(values)) < len(values):
        message = "options share a value: whoever picks one cannot be told from whoever picks the other"
        yield Problem(at, "duplicate_value", message, severity="warning")


def same_option(left: Json, right: Json) -> bool:
    """Equal as Slack compares them: the words and the value, not the `emoji` and `verbatim` flags it fills in."""

    def essence(option: Json) -> list[Any]:
        texts = (option.get("text") or {}, option.get("description") or {})
        return [option.get("value"), *((text.get("type"), text.get("text")) for text in texts)]

    return essence(left) == essence(right)


def _initial_in_options(element: Json, at: str) -> Iterator[Problem]:
    given = [("initial_option", element["initial_option"])] if "initial_option" in element else []
    given += [(f"initial_options/{n}", option) for n, option in enumerate(element.get("initial_options", []))]
    for where, option in given:
        if not any(same_option(option, known) for known in options_of(element)):
            yield Problem(f"{at}/{where}", "not_an_option", "initial option must equal one of the options exactly")


def public_url(value: Any, at: str) -> Iterator[Problem]:
    """Slack fetches pictures itself, so they must be on the open web."""
    found = list(string(3_000, like=r"https?://[^\s]+")(value, at))
    yield from found
    if not found and re.match(r"https?://(localhost|127\.|10\.|192\.168\.|\[::1\])", value):
        yield Problem(at, "download_failed", "downloading image failed")


# --- elements

_act: dict[str, Check] = {"action_id": action_id}
_ask: dict[str, Check] = {**_act, "confirm": confirm, "focus_on_load": boolean}
_pick: dict[str, Check] = {**_ask, "placeholder": plain(150)}
_many: dict[str, Check] = {**_pick, "max_selected_items": integer(1, 100)}
_type_in: dict[str, Check] = {
    **_act,
    "placeholder": plain(150),
    "focus_on_load": boolean,
    "dispatch_action_config": dispatch_config,
}
_menu: dict[str, Check] = {"options": array(menu_option, 100), "option_groups": array(option_group, 100)}
_button: dict[str, Check] = {
    **_act,
    "value": string(2_000),
    "url": url,
    "style": string(7, one_of=("primary", "danger")),
    "confirm": confirm,
    "accessibility_label": string(75),
}
_image: dict[str, Check] = {"image_url": public_url, "slack_file": slack_file}
_feedback = record({"text": plain(75)}, {"value": string(2_000), "accessibility_label": string(75)})

ELEMENTS: dict[str, Check] = {
    "button": shape({"text": plain(75)}, _button),
    "checkboxes": shape(
        {"options": array(list_option, 10)}, {**_ask, "initial_options": array(list_option, 10)}, _initial_in_options
    ),
    "radio_buttons": shape(
        {"options": array(list_option, 10)}, {**_ask, "initial_option": list_option}, _initial_in_options
    ),
    "overflow": shape({"options": array(overflow_option, 5)}, {**_act, "confirm": confirm}),
    "datepicker": shape({}, {**_pick, "initial_date": string(10, like=DATE)}),
    "timepicker": shape({}, {**_pick, "initial_time": string(5, like=TIME), "timezone": string(64)}),
    "datetimepicker": shape({}, {**_ask, "initial_date_time": integer(1_000_000_000, 9_999_999_999)}),
    "static_select": shape(
        {},
        {**_pick, **_menu, "initial_option": menu_option},
        exactly_one_of("options", "option_groups"),
        _initial_in_options,
        _distinct_values,
    ),
    "multi_static_select": shape(
        {},
        {**_many, **_menu, "initial_options": array(menu_option, 100)},
        exactly_one_of("options", "option_groups"),
        _initial_in_options,
        _distinct_values,
    ),
    "external_select": shape({}, {**_pick, "min_query_length": integer(0, 1_000), "initial_option": menu_option}),
    "multi_external_select": shape(
        {}, {**_many, "min_query_length": integer(0, 1_000), "initial_options": array(menu_option, 100)}
    ),
    "users_select": shape({}, {**_pick, "initial_user": string(255)}),
    "multi_users_select": shape({}, {**_many, "initial_users": array(string(255), 100)}),
    "channels_select": shape({}, {**_pick, "initial_channel": string(255), "response_url_enabled": boolean}),
    "multi_channels_select": shape({}, {**_many, "initial_channels": array(string(255), 100)}),
    "conversations_select": shape(
        {},
        {
            **_pick,
            "initial_conversation": string(255),
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": conversation_filter,
        },
    ),
    "multi_conversations_select": shape(
        {},
        {
            **_many,
            "initial_conversations": array(string(255), 100),
            "default_to_current_conversation": boolean,
            "filter": conversation_filter,
        },
    ),
    "plain_text_input": shape(
        {},
        {
            **_type_in,
            "initial_value": string(3_000, 0),
            "multiline": boolean,
            "min_length": integer(0, 3_000),
            "max_length": integer(1, 3_000),
        },
        in_order("min_length", "max_length"),
    ),
    "number_input": shape(
        {"is_decimal_allowed": boolean},
        {**_type_in, "initial_value": number_string, "min_value": number_string, "max_value": number_string},
        in_order("min_value", "max_value"),
        in_order("min_value", "initial_value"),
        in_order("initial_value", "max_value"),
    ),
    "email_text_input": shape({}, {**_type_in, "initial_value": string(3_000, 0)}),
    "url_text_input": shape({}, {**_type_in, "initial_value": string(3_000, 0)}),
    "rich_text_input": shape(
        {},
        {
            **_type_in,
            "initial_value": typed({"rich_text": rich_text}),
            "min_lines": integer(1, 100),
            "max_lines": integer(1, 100),
        },
    ),
    "file_input": shape({}, {**_act, "filetypes": array(string(50), 100), "max_files": integer(1, 10)}),
    "workflow_button": shape({"text": plain(75), "workflow": workflow}, _button),
    "image": shape({"alt_text": string(2_000)}, _image, exactly_one_of("image_url", "slack_file")),
    "feedback_buttons": shape({"positive_button": _feedback, "negative_button": _feedback}, _act),
    "icon_button": shape(
        {"icon": string(50), "text": plain(75)},
        {
            **_act,
            "value": string(2_000),
            "confirm": confirm,
            "accessibility_label": string(75),
            "visible_to_user_ids": array(string(255), 100),
        },
    ),
}

SELECTS = frozenset(
    f"{many}{kind}_select"
    for many in ("", "multi_")
    for kind in ("static", "external", "users", "channels", "conversations")
)
PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker"})
CHOICES = frozenset({"checkboxes", "radio_buttons"})
TYPED_IN = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input"})
PRESSED = frozenset({"button", "overflow", "workflow_button", "feedback_buttons", "icon_button"})
IN_SECTION = (
    SELECTS | CHOICES | frozenset({"button", "overflow", "workflow_button", "image", "datepicker", "timepicker"})
)
IN_ACTIONS = SELECTS | CHOICES | PICKERS | frozenset({"button", "overflow", "workflow_button"})
IN_INPUT = SELECTS | CHOICES | PICKERS | TYPED_IN | frozenset({"file_input"})


def _element(allowed: frozenset[str]) -> Check:
    return typed(ELEMENTS, allowed)


# --- blocks


def _cells(block: Json) -> Iterator[Any]:
    return chain.from_iterable(block["rows"])


def _even_rows(block: Json, at: str) -> Iterator[Problem]:
    if len({len(row) for row in block["rows"]}) > 1:
        yield Problem(f"{at}/rows", "uneven_rows", "every row must have the same number of cells")


def _table_size(block: Json, at: str) -> Iterator[Problem]:
    if characters(list(_cells(block))) > DATA_TABLE_CHARACTERS:
        yield Problem(f"{at}/rows", "too_long", f"cells hold more than {DATA_TABLE_CHARACTERS} characters")


def _plain_head(block: Json, at: str) -> Iterator[Problem]:
    """The first row names the columns of a data table, and rich text names nothing."""
    for position, cell in enumerate(block["rows"][0]):
        if cell["type"] == "rich_text":
            yield Problem(
                f"{at}/rows/0/{position}/type", "unsupported_type", "unsupported type: rich_text", "rich_text"
            )


def _settings_fit(block: Json, at: str) -> Iterator[Problem]:
    widest = max(len(row) for row in block["rows"])
    if len(block.get("column_settings", [])) > widest:
        message = f"the table has {widest} columns and settings for more"
        yield Problem(f"{at}/column_settings", "too_many", message, str(widest), severity="warning")


def _column(value: Any, at: str) -> Iterator[Problem]:
    """Settings of one column; null leaves it as it is."""
    if value is not None:
        yield from _column_settings(value, at)


_column_settings = record({}, {"align": string(6, one_of=("left", "center", "right")), "is_wrapped": boolean})


def _no_dispatch_on_files(block: Json, at: str) -> Iterator[Problem]:
    if block.get("dispatch_action") and block["element"]["type"] == "file_input":
        yield Problem(f"{at}/dispatch_action", "unsupported_field", "file_input cannot dispatch actions")


_words_cell = {"raw_text": shape({"text": string(20_000)}, {}), "rich_text": rich_text}
_cell = typed(_words_cell)
_data_cell = typed({**_words_cell, "raw_number": shape({"value": number}, {"text": string(20_000)})})
_card_buttons = array(_element(frozenset({"button"})), 5)
_url_source = typed({"url": shape({"url": url, "text": string(2_000)}, {})})

card = shape(
    {},
    {
        "block_id": block_id,
        "hero_image": _element(frozenset({"image"})),
        "icon": _element(frozenset({"image"})),
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
    "actions": shape({"elements": array(_element(IN_ACTIONS), 25)}, {"block_id": block_id}),
    "alert": shape(
        {"text": rich(3_000)},
        {"block_id": block_id, "level": string(10, one_of=("default", "info", "success", "warning", "error"))},
    ),
    "card": card,
    "carousel": shape({"elements": array(typed({"card": card}), 10)}, {"block_id": block_id}),
    "context": shape(
        {
            "elements": array(
                typed(
                    {
                        "image": ELEMENTS["image"],
                        "plain_text": shape({"text": string(3_000)}, {"emoji": boolean}),
                        "mrkdwn": shape({"text": string(3_000)}, {"verbatim": boolean}),
                    }
                ),
                10,
            )
        },
        {"block_id": block_id},
    ),
    "context_actions": shape(
        {"elements": array(_element(frozenset({"feedback_buttons", "icon_button"})), 5)}, {"block_id": block_id}
    ),
    "data_table": shape(
        {"caption": string(2_000), "rows": array(array(_data_cell, 20), 201, least=2)},
        {"block_id": block_id, "page_size": integer(1, 100), "row_header_column_index": integer(0, 19)},
        _even_rows,
        _table_size,
        _plain_head,
    ),
    "data_visualization": shape({"title": string(50), "chart": typed(CHARTS)}, {"block_id": block_id}),
    "divider": shape({}, {"block_id": block_id}),
    "file": shape({"external_id": string(255), "source": string(6, one_of=("remote",))}, {"block_id": block_id}),
    "header": shape({"text": plain(150)}, {"block_id": block_id}),
    "image": shape(
        {"alt_text": string(2_000)},
        {**_image, "block_id": block_id, "title": plain(2_000)},
        exactly_one_of("image_url", "slack_file"),
    ),
    "input": shape(
        {"label": plain(2_000), "element": _element(IN_INPUT)},
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
            "accessory": _element(IN_SECTION),
            "expand": boolean,
        },
        at_least_one_of("text", "fields"),
    ),
    "table": shape(
        {"rows": array(array(_cell, 20), 100)},
        {
            "block_id": block_id,
            "column_settings": array(_column, 20),
        },
        _settings_fit,
    ),
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
        "icon": _element(frozenset({"image"})),
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
    },
)

MESSAGES_ONLY = frozenset(
    {"alert", "card", "carousel", "container", "context_actions", "data_table", "file", "markdown", "plan", "table"}
    | {"data_visualization", "task_card"}
)
ALLOWED_BLOCKS = {
    Surface.MESSAGE: frozenset(BLOCKS),
    Surface.MODAL: frozenset(BLOCKS) - MESSAGES_ONLY,
    Surface.HOME: frozenset(BLOCKS) - MESSAGES_ONLY,
}


# --- elements of a list of blocks, and what must hold over the whole list


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

"""What interactive elements hold: their first value, what survives an update, and what a client would refuse."""

from __future__ import annotations

import copy
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from playground.workspace_blocks import elements_of
from playground.workspace_options import options_of, same_option
from playground.workspace_schema import Json

_SINGLE = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
}
_MULTI = {
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "file_input": ("files", ""),
}
STATEFUL = frozenset(_SINGLE) | frozenset(_MULTI)
MULTI = frozenset(_MULTI)


def state_key(kind: str) -> str:
    return (_SINGLE.get(kind) or _MULTI[kind])[0]


def first_state(element: Json, current_channel: str | None = None) -> Json:
    """An element's state as the surface opens."""
    kind = element["type"]
    if kind in _MULTI:
        key, initial = _MULTI[kind]
        value: Any = element.get(initial, [])
    else:
        key, initial = _SINGLE[kind]
        value = element.get(initial)
    if element.get("default_to_current_conversation") and not value and current_channel:
        value = [current_channel] if kind in _MULTI else current_channel
    return {"type": kind, key: copy.deepcopy(value)}


def first_values(blocks: list[Json], current_channel: str | None = None, old: Json | None = None) -> Json:
    """State of a whole surface; an element whose block_id and action_id are unchanged keeps what it held in `old`."""
    values: Json = {}
    for block in blocks:
        for _, element in elements_of(block):
            if element["type"] in STATEFUL:
                kept = (old or {}).get(block["block_id"], {}).get(element["action_id"])
                fits = kept is not None and _still_fits(element, kept)
                state = kept if fits else first_state(element, current_channel)
                values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return values


def _still_fits(element: Json, state: Json) -> bool:
    if state["type"] != element["type"]:
        return False
    options = options_of(element)
    if not options:
        return True
    held = state.get("selected_options") or [state.get("selected_option")]
    return all(option is None or any(same_option(option, known) for known in options) for option in held)


def is_empty(state: Json) -> bool:
    return state.get(state_key(state["type"])) in (None, "", [])


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"https?://\S+")


def client_refusal(block: Json, state: Json) -> str | None:
    """What Slack's client says under a field instead of sending the form; None when it would send it."""
    element = block["element"]
    if is_empty(state):
        return None if block.get("optional") else "Please complete this required field."
    value = state.get("value")
    match element["type"]:
        case "plain_text_input":
            return _length_refusal(element, str(value))
        case "number_input":
            return _number_refusal(element, str(value))
        case "email_text_input" if not _EMAIL.fullmatch(str(value)):
            return "Please enter a valid email address."
        case "url_text_input" if not _URL.fullmatch(str(value)):
            return "Please enter a valid URL."
    return None


def _length_refusal(element: Json, value: str) -> str | None:
    least, most = element.get("min_length", 0), element.get("max_length", 3_000)
    if len(value) < least:
        return f"Please enter at least {least} characters."
    if len(value) > most:
        return f"Please enter no more than {most} characters."
    return None


def _number_refusal(element: Json, value: str) -> str | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "Please enter a number."
    if not number.is_finite():
        return "Please enter a number."
    if not element["is_decimal_allowed"] and number != number.to_integral_value():
        return "Please enter a whole number."
    if "min_value" in element and number < Decimal(element["min_value"]):
        return f"Please enter a number of {element['min_value']} or more."
    if "max_value" in element and number > Decimal(element["max_value"]):
        return f"Please enter a number of {element['max_value']} or less."
    return None


def action_of(block: Json, element: Json, state: Json | None, action_ts: str) -> Json:
    """One entry of `actions[]`: the element as it is, without its list of options, and what is now chosen."""
    keep = {
        "type",
        "action_id",
        "text",
        "value",
        "style",
        "url",
        "placeholder",
        "initial_option",
        "accessibility_label",
    }
    action = {key: copy.deepcopy(value) for key, value in element.items() if key in keep}
    action |= {"block_id": block["block_id"], "action_ts": action_ts}
    return {**action, **copy.deepcopy(state or {})}

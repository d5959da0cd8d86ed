"""Interactive elements as Slack checks them: every kind with its fields, and which of them may stand where."""

from __future__ import annotations

from playground.workspace_composition import (
    action_id,
    button_style,
    confirm,
    conversation_filter,
    dispatch_config,
    picture,
    plain,
    url,
    workflow,
)
from playground.workspace_options import (
    distinct_values,
    initial_in_options,
    list_option,
    menu_option,
    option_group,
    overflow_option,
)
from playground.workspace_rich_text import rich_text
from playground.workspace_schema import (
    Check,
    array,
    boolean,
    exactly_one_of,
    in_order,
    integer,
    number_string,
    record,
    shape,
    string,
    typed,
)

DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
TIME = r"([01]\d|2[0-3]):[0-5]\d"

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
    "style": button_style,
    "confirm": confirm,
    "accessibility_label": string(75),
}
_feedback = record({"text": plain(75)}, {"value": string(2_000), "accessibility_label": string(75)})

ELEMENTS: dict[str, Check] = {
    "button": shape({"text": plain(75)}, _button),
    "checkboxes": shape(
        {"options": array(list_option, 10)}, {**_ask, "initial_options": array(list_option, 10)}, initial_in_options
    ),
    "radio_buttons": shape(
        {"options": array(list_option, 10)}, {**_ask, "initial_option": list_option}, initial_in_options
    ),
    "overflow": shape({"options": array(overflow_option, 5)}, {**_act, "confirm": confirm}),
    "datepicker": shape({}, {**_pick, "initial_date": string(10, like=DATE)}),
    "timepicker": shape({}, {**_pick, "initial_time": string(5, like=TIME), "timezone": string(64)}),
    "datetimepicker": shape({}, {**_ask, "initial_date_time": integer(1_000_000_000, 9_999_999_999)}),
    "static_select": shape(
        {},
        {**_pick, **_menu, "initial_option": menu_option},
        exactly_one_of("options", "option_groups"),
        initial_in_options,
        distinct_values,
    ),
    "multi_static_select": shape(
        {},
        {**_many, **_menu, "initial_options": array(menu_option, 100)},
        exactly_one_of("options", "option_groups"),
        initial_in_options,
        distinct_values,
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
    "image": shape({"alt_text": string(2_000)}, picture, exactly_one_of("image_url", "slack_file")),
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
IN_SECTION = (
    SELECTS | CHOICES | frozenset({"button", "overflow", "workflow_button", "image", "datepicker", "timepicker"})
)
IN_ACTIONS = SELECTS | CHOICES | PICKERS | frozenset({"button", "overflow", "workflow_button"})
IN_INPUT = SELECTS | CHOICES | PICKERS | TYPED_IN | frozenset({"file_input"})


def element_in(allowed: frozenset[str]) -> Check:
    """An element of one of these kinds."""
    return typed(ELEMENTS, allowed)

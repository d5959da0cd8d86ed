"""Block Kit's limits, each at its edge: what fits passes, one more is refused, at the right pointer."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from playground.workspace_blocks import BLOCKS
from playground.workspace_elements import ELEMENTS
from playground.workspace_surfaces import Surface, validate_blocks, validate_view

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(n: int = 0, **more: Any) -> Json:
    return {"text": plain(f"Option {n}"), "value": f"v{n}", **more}


def options(count: int) -> list[Json]:
    return [option(n) for n in range(count)]


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn("hello"), **more}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def asks(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain("Label"), "element": element, **more}


def static(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "pick", "options": options(2), **more}


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain("Title"), "blocks": [section()], **more}


def confirm(**more: Any) -> Json:
    return {"title": plain("t"), "text": plain("x"), "confirm": plain("y"), "deny": plain("n"), **more}


def image(**more: Any) -> Json:
    return {"type": "image", "alt_text": "alt", "image_url": "https://example.com/a.png", **more}


def pointers(block: Json, surface: Surface = Surface.MODAL) -> list[str]:
    return [problem.pointer for problem in validate_blocks([block], surface) if problem.severity == "error"]


# name, a maker of a block from a length, the most that fits, where the problem is
LENGTHS: list[tuple[str, Any, int, str]] = [
    ("block_id", lambda n: section(block_id="b" * n), 255, "/block_id"),
    ("section text", lambda n: section(text=mrkdwn("x" * n)), 3000, "/text/text"),
    ("section field", lambda n: section(fields=[plain("x" * n)]), 2000, "/fields/0/text"),
    ("section fields", lambda n: section(fields=[plain("x")] * n), 10, "/fields"),
    ("header", lambda n: {"type": "header", "text": plain("x" * n)}, 150, "/text/text"),
    ("context elements", lambda n: {"type": "context", "elements": [mrkdwn("x")] * n}, 10, "/elements"),
    ("actions elements", lambda n: actions(*[button(action_id=f"a{i}") for i in range(n)]), 25, "/elements"),
    ("input label", lambda n: {**asks(static()), "label": plain("x" * n)}, 2000, "/label/text"),
    ("input hint", lambda n: asks(static(), hint=plain("x" * n)), 2000, "/hint/text"),
    ("placeholder", lambda n: asks(static(placeholder=plain("x" * n))), 150, "/element/placeholder/text"),
    ("button text", lambda n: actions(button(text=plain("x" * n))), 75, "/elements/0/text/text"),
    ("button value", lambda n: actions(button(value="x" * n)), 2000, "/elements/0/value"),
    ("button url", lambda n: actions(button(url="https:" + "x" * (n - 6))), 3000, "/elements/0/url"),
    ("button label", lambda n: actions(button(accessibility_label="x" * n)), 75, "/elements/0/accessibility_label"),
    ("action_id", lambda n: actions(button(action_id="x" * n)), 255, "/elements/0/action_id"),
    (
        "option text",
        lambda n: asks(static(options=[{**option(), "text": plain("x" * n)}])),
        75,
        "/element/options/0/text/text",
    ),
    (
        "option description",
        lambda n: asks(static(options=[option(description=plain("x" * n))])),
        75,
        "/element/options/0/description/text",
    ),
    (
        "option value",
        lambda n: asks(static(options=[{**option(), "value": "x" * n}])),
        150,
        "/element/options/0/value",
    ),
    ("options", lambda n: asks(static(options=options(n))), 100, "/element/options"),
    (
        "option groups",
        lambda n: asks(
            {
                "type": "static_select",
                "option_groups": [{"label": plain("g"), "options": [option(i)]} for i in range(n)],
            }
        ),
        100,
        "/element/option_groups",
    ),
    (
        "options in a group",
        lambda n: asks({"type": "static_select", "option_groups": [{"label": plain("g"), "options": options(n)}]}),
        100,
        "/element/option_groups/0/options",
    ),
    ("checkboxes", lambda n: asks({"type": "checkboxes", "options": options(n)}), 10, "/element/options"),
    ("radio buttons", lambda n: asks({"type": "radio_buttons", "options": options(n)}), 10, "/element/options"),
    ("overflow", lambda n: actions({"type": "overflow", "options": options(n)}), 5, "/elements/0/options"),
    (
        "confirm title",
        lambda n: actions(button(confirm=confirm(title=plain("x" * n)))),
        100,
        "/elements/0/confirm/title/text",
    ),
    (
        "confirm text",
        lambda n: actions(button(confirm=confirm(text=plain("x" * n)))),
        300,
        "/elements/0/confirm/text/text",
    ),
    (
        "confirm yes",
        lambda n: actions(button(confirm=confirm(confirm=plain("x" * n)))),
        30,
        "/elements/0/confirm/confirm/text",
    ),
    (
        "confirm no",
        lambda n: actions(button(confirm=confirm(deny=plain("x" * n)))),
        30,
        "/elements/0/confirm/deny/text",
    ),
    ("max_length", lambda n: asks({"type": "plain_text_input", "max_length": n}), 3000, "/element/max_length"),
    ("image alt", lambda n: image(alt_text="x" * n), 2000, "/alt_text"),
    ("image url", lambda n: image(image_url="https://" + "x" * (n - 8)), 3000, "/image_url"),
    ("image title", lambda n: image(title=plain("x" * n)), 2000, "/title/text"),
    ("files", lambda n: asks({"type": "file_input", "max_files": n}), 10, "/element/max_files"),
]


@pytest.mark.parametrize(("make", "most", "pointer"), [row[1:] for row in LENGTHS], ids=[row[0] for row in LENGTHS])
def test_the_most_that_fits_passes_and_one_more_is_refused(make: Any, most: int, pointer: str) -> None:
    assert pointers(make(most)) == []
    assert pointers(make(most + 1)) == [f"/blocks/0{pointer}"]


MESSAGE_LENGTHS: list[tuple[str, Any, int, str]] = [
    ("markdown", lambda n: {"type": "markdown", "text": "x" * n}, 12_000, "/text"),
    ("table rows", lambda n: {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * n}, 100, "/rows"),
    ("table columns", lambda n: {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * n]}, 20, "/rows/0"),
    (
        "data table rows",
        lambda n: {"type": "data_table", "caption": "c", "rows": [[{"type": "raw_text", "text": "x"}]] * n},
        201,
        "/rows",
    ),
    (
        "data table characters",
        lambda n: {
            "type": "data_table",
            "caption": "c",
            "rows": [[{"type": "raw_text", "text": "x"}], [{"type": "raw_text", "text": "x" * (n - 1)}]],
        },
        20_000,
        "/rows",
    ),
    (
        "carousel",
        lambda n: {"type": "carousel", "elements": [{"type": "card", "title": plain("t")}] * n},
        10,
        "/elements",
    ),
    ("card title", lambda n: {"type": "card", "title": plain("x" * n)}, 150, "/title/text"),
    ("card body", lambda n: {"type": "card", "body": plain("x" * n)}, 200, "/body/text"),
]


@pytest.mark.parametrize(
    ("make", "most", "pointer"), [row[1:] for row in MESSAGE_LENGTHS], ids=[row[0] for row in MESSAGE_LENGTHS]
)
def test_limits_of_blocks_only_messages_have(make: Any, most: int, pointer: str) -> None:
    assert pointers(make(most), Surface.MESSAGE) == []
    assert pointers(make(most + 1), Surface.MESSAGE) == [f"/blocks/0{pointer}"]
    assert pointers(make(most), Surface.MODAL) == ["/blocks/0/type"]


REFUSED: list[tuple[str, Json, str]] = [
    ("unknown key in a block", section(color="red"), "/color"),
    ("unknown key in an element", actions(button(size="big")), "/elements/0/size"),
    ("unknown block", {"type": "banner"}, "/type"),
    ("unknown element", actions({"type": "slider"}), "/elements/0/type"),
    ("no type", {"text": plain("x")}, ""),
    ("empty text", section(text=mrkdwn("")), "/text/text"),
    ("text as a string", section(text="hello"), "/text"),
    ("empty section", {"type": "section"}, ""),
    ("mrkdwn in a header", {"type": "header", "text": mrkdwn("x")}, "/text/type"),
    ("mrkdwn on a button", actions(button(text=mrkdwn("x"))), "/elements/0/text/type"),
    ("mrkdwn label", {**asks(static()), "label": mrkdwn("x")}, "/label/type"),
    (
        "mrkdwn in a select option",
        asks(static(options=[{**option(), "text": mrkdwn("x")}])),
        "/element/options/0/text/type",
    ),
    ("emoji flag on mrkdwn", section(text={**mrkdwn("x"), "emoji": True}), "/text/emoji"),
    ("default button style", actions(button(style="default")), "/elements/0/style"),
    ("select without options", asks({"type": "static_select"}), "/element"),
    (
        "select with options and groups",
        asks(static(option_groups=[{"label": plain("g"), "options": options(1)}])),
        "/element",
    ),
    ("no options at all", asks(static(options=[])), "/element/options"),
    (
        "initial option of another text",
        asks(static(initial_option={**option(0), "text": plain("?")})),
        "/element/initial_option",
    ),
    (
        "initial option without its description",
        asks(static(options=[option(0, description=plain("d"))], initial_option=option(0))),
        "/element/initial_option",
    ),
    (
        "initial checkbox unknown",
        asks({"type": "checkboxes", "options": options(2), "initial_options": [option(0), option(7)]}),
        "/element/initial_options/1",
    ),
    ("text input in actions", actions({"type": "plain_text_input"}), "/elements/0/type"),
    ("button in an input", asks(button()), "/element/type"),
    ("text input beside a section", section(accessory={"type": "plain_text_input"}), "/accessory/type"),
    ("number input without is_decimal_allowed", asks({"type": "number_input"}), "/element"),
    (
        "number as a number",
        asks({"type": "number_input", "is_decimal_allowed": False, "min_value": 1}),
        "/element/min_value",
    ),
    (
        "min above max",
        asks(
            {
                "type": "number_input",
                "is_decimal_allowed": False,
                "min_value": "9",
                "max_value": "10",
                "initial_value": "11",
            }
        ),
        "/element/initial_value",
    ),
    (
        "min_length above max_length",
        asks({"type": "plain_text_input", "min_length": 5, "max_length": 4}),
        "/element/min_length",
    ),
    ("date of another format", asks({"type": "datepicker", "initial_date": "1/2/2026"}), "/element/initial_date"),
    ("time of another format", asks({"type": "timepicker", "initial_time": "9:00"}), "/element/initial_time"),
    ("image with neither source", {"type": "image", "alt_text": "a"}, ""),
    ("image with both sources", image(slack_file={"id": "F1"}), ""),
    ("image without alt text", {"type": "image", "image_url": "https://example.com"}, ""),
    ("image nobody can fetch", image(image_url="http://127.0.0.1:8/a.png"), "/image_url"),
    ("a relative link", actions(button(url="/here")), "/elements/0/url"),
    (
        "confirm without deny",
        actions(button(confirm={"title": plain("t"), "text": plain("x"), "confirm": plain("y")})),
        "/elements/0/confirm",
    ),
    (
        "dispatch at an unknown time",
        asks({"type": "plain_text_input", "dispatch_action_config": {"trigger_actions_on": ["blur"]}}),
        "/element/dispatch_action_config/trigger_actions_on/0",
    ),
    ("a string for a boolean", asks(static(), optional="true"), "/optional"),
    ("same action twice in a block", actions(button(), button()), "/elements/1/action_id"),
]


@pytest.mark.parametrize(("block", "pointer"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_slack_refuses(block: Json, pointer: str) -> None:
    assert f"/blocks/0{pointer}" in pointers(block)


GOOD: list[Json] = [
    section(accessory=static(initial_option=option(1))),
    section(fields=[mrkdwn("a"), plain("b")], expand=True),
    actions(
        button(style="primary", value="x"),
        static(),
        {"type": "datepicker", "action_id": "d", "initial_date": "2026-11-23"},
    ),
    asks(
        {"type": "number_input", "is_decimal_allowed": True, "min_value": "-1.5", "max_value": "10"},
        dispatch_action=True,
    ),
    asks({"type": "external_select", "min_query_length": 0, "action_id": "e"}, optional=True),
    asks(
        {"type": "multi_static_select", "options": options(3), "initial_options": [option(1)], "max_selected_items": 2}
    ),
    {"type": "context", "elements": [image(), mrkdwn("x"), plain("y")]},
    {"type": "divider"},
    {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]},
    {"type": "actions", "elements": [{"type": "overflow", "options": [option(0, url="https://example.com")]}]},
]


@pytest.mark.parametrize("block", GOOD, ids=[f"{n}-{block['type']}" for n, block in enumerate(GOOD)])
def test_good_blocks_pass_everywhere_without_a_warning(block: Json) -> None:
    before = copy.deepcopy(block)
    for surface in (Surface.MODAL, Surface.HOME, Surface.MESSAGE):
        assert validate_blocks([block], surface) == []
    assert block == before


def test_long_option_values_and_shared_values_warn_only() -> None:
    long = asks(static(options=[{**option(), "value": "x" * 76}]))
    twins = asks(static(options=[option(0), {**option(1), "value": "v0"}]))
    for block in (long, twins):
        (problem,) = validate_blocks([block], Surface.MODAL)
        assert problem.severity == "warning"


@pytest.mark.parametrize(("surface", "most"), [(Surface.MESSAGE, 50), (Surface.MODAL, 100), (Surface.HOME, 100)])
def test_blocks_per_surface(surface: Surface, most: int) -> None:
    assert validate_blocks([section()] * most, surface) == []
    assert [p.pointer for p in validate_blocks([section()] * (most + 1), surface)] == ["/blocks"]


def test_things_that_hold_over_all_blocks() -> None:
    focus = [asks({"type": "plain_text_input", "focus_on_load": True}), asks(static(focus_on_load=True))]
    markdown = {"type": "markdown", "text": "x" * 7_000}
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    plan, task = {"type": "plan", "title": "p"}, {"type": "task_card", "task_id": "1", "title": "t"}
    cases: list[tuple[list[Json], str]] = [
        ([section(block_id="a"), section(block_id="a")], "duplicate_block_id"),
        (focus, "too_many_focused"),
        ([markdown, markdown], "too_long"),
        ([table, table], "only_one_table_allowed"),
        ([plan, task], "cannot_mix"),
        ([asks({"type": "file_input"})], "unsupported_type"),
    ]
    for blocks, code in cases:
        assert [p.code for p in validate_blocks(blocks, Surface.MESSAGE)] == [code]


def test_the_same_action_id_in_two_blocks_is_fine() -> None:
    assert validate_blocks([actions(button()), actions(button())]) == []


VIEW_LENGTHS: list[tuple[str, Any, int, str]] = [
    ("title", lambda n: modal(title=plain("x" * n)), 24, "/title/text"),
    ("submit", lambda n: modal(submit=plain("x" * n)), 24, "/submit/text"),
    ("close", lambda n: modal(close=plain("x" * n)), 24, "/close/text"),
    ("private_metadata", lambda n: modal(private_metadata="x" * n), 3000, "/private_metadata"),
    ("callback_id", lambda n: modal(callback_id="x" * n), 255, "/callback_id"),
    ("external_id", lambda n: modal(external_id="x" * n), 255, "/external_id"),
]


@pytest.mark.parametrize(
    ("make", "most", "pointer"), [row[1:] for row in VIEW_LENGTHS], ids=[row[0] for row in VIEW_LENGTHS]
)
def test_view_limits(make: Any, most: int, pointer: str) -> None:
    assert validate_view(make(most)) == []
    assert [p.pointer for p in validate_view(make(most + 1))] == [f"/view{pointer}"]


def test_a_form_needs_a_submit_button() -> None:
    form = modal(blocks=[asks(static())])
    assert [p.pointer for p in validate_view(form)] == ["/view/submit"]
    assert validate_view({**form, "submit": plain("Go")}) == []


def test_views_that_are_not_views() -> None:
    wrong: list[object] = [
        {"type": "popup", "blocks": []},
        {"type": "modal", "blocks": []},
        {"type": "home", "title": plain("x"), "blocks": []},
        [],
        None,
    ]
    for view in wrong:
        assert validate_view(view)


def test_a_view_has_a_size() -> None:
    big = modal(blocks=[section(text=mrkdwn("x" * 2_600)) for _ in range(100)])
    assert [p.code for p in validate_view(big)] == ["view_too_large"]


def test_lengths_count_characters_not_bytes() -> None:
    assert validate_view(modal(title=plain("é" * 24))) == []


def test_every_block_and_element_the_facts_name_is_known() -> None:
    blocks = "actions alert card carousel container context context_actions data_table divider file header image input"
    blocks += " data_visualization markdown rich_text section table task_card plan video"
    assert set(BLOCKS) == set(blocks.split())
    assert {"external_select", "number_input", "overflow", "file_input", "rich_text_input"} <= set(ELEMENTS)

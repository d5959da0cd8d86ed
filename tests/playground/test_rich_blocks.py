"""Rich text, markdown and tables are checked to the last leaf."""

from __future__ import annotations

from typing import Any

import pytest

from playground.workspace_rich_text import LEAVES, characters
from playground.workspace_surfaces import Surface, validate_blocks

Json = dict[str, Any]

GOOD_LEAVES: list[Json] = [
    {"type": "text", "text": "a", "style": {"bold": True, "italic": True, "strike": False, "code": True}},
    {"type": "link", "url": "https://example.com", "text": "there", "unsafe": True},
    {"type": "emoji", "name": "tada", "unicode": "1f389", "skin_tone": 2},
    {"type": "user", "user_id": "U1", "style": {"highlight": True}},
    {"type": "channel", "channel_id": "C1"},
    {"type": "usergroup", "usergroup_id": "S1"},
    {"type": "team", "team_id": "T1"},
    {"type": "broadcast", "range": "here"},
    {"type": "color", "value": "#00ff7f"},
    {"type": "date", "timestamp": 1_800_000_000, "format": "{date_short}", "fallback": "soon"},
]


def rich(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": list(parts)}


def part(kind: str, *elements: Json, **more: Any) -> Json:
    return {"type": f"rich_text_{kind}", "elements": list(elements), **more}


def text(words: str = "a", **more: Any) -> Json:
    return {"type": "text", "text": words, **more}


def raw(words: str) -> Json:
    return {"type": "raw_text", "text": words}


def table(*rows: list[Json], **more: Any) -> Json:
    return {"type": "table", "rows": list(rows), **more}


def data_table(*rows: list[Json], **more: Any) -> Json:
    return {"type": "data_table", "caption": "Usage", "rows": list(rows), **more}


def found(*blocks: Json, surface: Surface = Surface.MESSAGE) -> list[str]:
    return [f"{one.severity}:{one.code}:{one.pointer}" for one in validate_blocks(list(blocks), surface)]


def test_every_leaf_has_a_good_example() -> None:
    assert {leaf["type"] for leaf in GOOD_LEAVES} == set(LEAVES)
    for surface in Surface:
        assert found(rich(part("section", *GOOD_LEAVES)), surface=surface) == []


@pytest.mark.parametrize(
    "good",
    [
        rich(),
        rich(part("section")),
        rich(part("quote", *GOOD_LEAVES, border=1)),
        rich(part("preformatted", text("x = 1"), border=0, language="python")),
        rich(part("list", part("section", text()), style="bullet", indent=8, offset=2, border=1)),
        table([raw("a"), raw("b")], [raw("c"), rich(part("section", text()))]),
        table([raw("a")], column_settings=[{"align": "right", "is_wrapped": True}]),
        table([raw("a"), raw("b")], column_settings=[None, {"align": "center"}]),
        data_table([raw("Day"), raw("GB")], [raw("Monday"), {"type": "raw_number", "value": 1.5, "text": "1.5 GB"}]),
        {"type": "markdown", "text": "# Title\n\n- one\n- two"},
    ],
)
def test_what_is_good(good: Json) -> None:
    assert found(good) == []


AT = "/blocks/0"


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (rich(part("section", {"type": "mention"})), f"unsupported_type:{AT}/elements/0/elements/0/type"),
        (rich(part("section", text(""))), f"too_short:{AT}/elements/0/elements/0/text"),
        (rich(part("section", text(style={"loud": True}))), f"unknown_field:{AT}/elements/0/elements/0/style/loud"),
        (rich(part("section", text(style={"bold": "yes"}))), f"wrong_type:{AT}/elements/0/elements/0/style/bold"),
        (rich(part("section", {"type": "link", "url": "nowhere"})), f"bad_format:{AT}/elements/0/elements/0/url"),
        (rich(part("section", {"type": "user"})), f"missing_field:{AT}/elements/0/elements/0"),
        (
            rich(part("section", {"type": "broadcast", "range": "all"})),
            f"unknown_value:{AT}/elements/0/elements/0/range",
        ),
        (rich(part("section", {"type": "color", "value": "red"})), f"bad_format:{AT}/elements/0/elements/0/value"),
        (
            rich(part("section", {"type": "date", "timestamp": "now", "format": "x"})),
            f"wrong_type:{AT}/elements/0/elements/0/timestamp",
        ),
        (rich(part("section", part("section"))), f"unsupported_type:{AT}/elements/0/elements/0/type"),
        (
            rich(part("preformatted", {"type": "emoji", "name": "x"})),
            f"unsupported_type:{AT}/elements/0/elements/0/type",
        ),
        (rich(part("list", text(), style="bullet")), f"unsupported_type:{AT}/elements/0/elements/0/type"),
        (rich(part("list", part("section"))), f"missing_field:{AT}/elements/0"),
        (rich(part("list", part("section"), style="dashed")), f"unknown_value:{AT}/elements/0/style"),
        (rich(part("list", part("section"), style="bullet", indent=9)), f"out_of_range:{AT}/elements/0/indent"),
        (rich(part("section", border=1, indent=1)), f"unknown_field:{AT}/elements/0/indent"),
        (rich(text()), f"unsupported_type:{AT}/elements/0/type"),
        (table(), f"too_few:{AT}/rows"),
        (table(*([raw("a")] for _ in range(101))), f"too_many:{AT}/rows"),
        (table([raw("a")] * 21), f"too_many:{AT}/rows/0"),
        (table([{"type": "raw_number", "value": 1}]), f"unsupported_type:{AT}/rows/0/0/type"),
        (table([raw("a")], column_settings=[{"align": "middle"}]), f"unknown_value:{AT}/column_settings/0/align"),
        (table([raw("a")], column_settings=[{"width": 3}]), f"unknown_field:{AT}/column_settings/0/width"),
        (table([rich(part("section", {"type": "user"}))]), f"missing_field:{AT}/rows/0/0/elements/0/elements/0"),
        (data_table([raw("a")], [raw("b"), raw("c")]), f"uneven_rows:{AT}/rows"),
        (data_table([rich(part("section", text()))], [raw("b")]), f"unsupported_type:{AT}/rows/0/0/type"),
        (data_table([raw("a")], [{"type": "raw_number", "value": "1"}]), f"wrong_type:{AT}/rows/1/0/value"),
        (data_table([raw("a")], [rich(part("section", text("b" * 20_000)))]), f"too_long:{AT}/rows"),
        ({"type": "markdown", "text": "a" * 12_001}, f"too_long:{AT}/text"),
        ({"type": "markdown", "text": ""}, f"too_short:{AT}/text"),
    ],
)
def test_what_is_refused_and_where(bad: Json, problem: str) -> None:
    assert found(bad) == [f"error:{problem}"]


def test_settings_for_columns_that_are_not_there_are_only_a_warning() -> None:
    extra = table([raw("a")], column_settings=[{"align": "left"}, {"align": "right"}])
    assert found(extra) == [f"warning:too_many:{AT}/column_settings"]


@pytest.mark.parametrize("kind", ["table", "data_table", "markdown"])
def test_tables_and_markdown_are_for_messages(kind: str) -> None:
    good = {
        "table": table([raw("a")]),
        "data_table": data_table([raw("a")], [raw("b")]),
        "markdown": {"type": "markdown", "text": "a"},
    }[kind]
    for surface in (Surface.MODAL, Surface.HOME):
        assert found(good, surface=surface) == [f"error:unsupported_type:{AT}/type"]


def test_one_table_and_twelve_thousand_characters_of_markdown_a_message() -> None:
    assert found(table([raw("a")]), table([raw("b")])) == ["error:only_one_table_allowed:/blocks"]
    half = {"type": "markdown", "text": "a" * 6_001}
    assert found(half, half) == ["error:too_long:/blocks"]


def test_characters_are_what_is_shown() -> None:
    shown = rich(part("section", text("abc"), {"type": "emoji", "name": "tada"}), part("quote", text("de")))
    assert characters(shown) == 3 + 4 + 2

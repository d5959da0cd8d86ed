"""Slack's chart block is checked to the last point, and read aloud with every number."""

from __future__ import annotations

from typing import Any

import pytest

from playground.workspace_surfaces import Surface, validate_blocks
from playground.workspace_text import blocks_as_text

Json = dict[str, Any]
AT = "/blocks/0"
DAYS = ["Mon", "Tue"]


def series(name: str = "ISP", values: tuple[Any, ...] = (1.5, -2), labels: list[str] | None = None) -> Json:
    return {
        "name": name,
        "data": [{"label": at, "value": value} for at, value in zip(labels or DAYS, values, strict=True)],
    }


def chart(*plotted: Json, kind: str = "bar", categories: list[str] | None = None, **more: Any) -> Json:
    axis = {"categories": categories or DAYS, "x_label": "Day", "y_label": "US dollars"}
    drawn = {"type": kind, "series": list(plotted or [series()]), "axis_config": axis}
    return {"type": "data_visualization", "title": "Spent", "chart": drawn, **more}


def pie(*segments: tuple[str, Any]) -> Json:
    drawn = {"type": "pie", "segments": [{"label": label, "value": value} for label, value in segments]}
    return {"type": "data_visualization", "title": "Shares", "chart": drawn}


def found(*blocks: Json, surface: Surface = Surface.MESSAGE) -> list[str]:
    return [f"{one.code}:{one.pointer}" for one in validate_blocks(list(blocks), surface)]


@pytest.mark.parametrize("kind", ["bar", "area", "line"])
def test_what_is_good(kind: str) -> None:
    full = [f"label {n:14}" for n in range(20)]
    most = [series(f"series {n:13}", tuple(range(20)), full) for n in range(6)]
    assert found(chart(kind=kind, block_id="spent"), chart(*most, kind=kind, categories=full)) == []
    assert found(chart(series(labels=["Tue", "Mon"]), kind=kind)) == []
    assert found(pie(*((f"segment {n}", n + 0.5) for n in range(6)))) == []


LONG = "x" * 21


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({**chart(), "title": "x" * 51}, f"too_long:{AT}/title"),
        ({**chart(), "title": ""}, f"too_short:{AT}/title"),
        ({**chart(), "subtitle": "x"}, f"unknown_field:{AT}/subtitle"),
        (chart(kind="donut"), f"unsupported_type:{AT}/chart/type"),
        (chart(*(series(f"{n}") for n in range(7))), f"too_many:{AT}/chart/series"),
        (chart(series(), series()), f"duplicate_name:{AT}/chart/series/1/name"),
        (chart(series(LONG)), f"too_long:{AT}/chart/series/0/name"),
        (chart(series(values=("1", 2))), f"wrong_type:{AT}/chart/series/0/data/0/value"),
        (chart(series(values=(True, 2))), f"wrong_type:{AT}/chart/series/0/data/0/value"),
        (chart(series(values=(1,), labels=["Mon"])), f"labels_do_not_match:{AT}/chart/series/0/data"),
        (chart(series(labels=["Mon", "Wed"])), f"labels_do_not_match:{AT}/chart/series/0/data"),
        (
            chart(series(labels=["Mon", "Mon"]), categories=["Mon", "Mon"]),
            f"duplicate_name:{AT}/chart/axis_config/categories",
        ),
        (pie(), f"too_few:{AT}/chart/segments"),
        (pie(*((f"{n}", 1) for n in range(7))), f"too_many:{AT}/chart/segments"),
        (pie(("none", 0)), f"out_of_range:{AT}/chart/segments/0/value"),
        (pie(("less", -1)), f"out_of_range:{AT}/chart/segments/0/value"),
        (pie((LONG, 1)), f"too_long:{AT}/chart/segments/0/label"),
    ],
)
def test_what_is_refused_and_where(bad: Json, problem: str) -> None:
    assert found(bad) == [problem]


def test_twenty_points_and_no_more() -> None:
    labels = [str(n) for n in range(21)]
    assert found(chart(series(values=(1,) * 21, labels=labels), categories=labels)) == [
        f"too_many:{AT}/chart/series/0/data",
        f"too_many:{AT}/chart/axis_config/categories",
    ]


def test_two_charts_a_message_and_none_in_a_view() -> None:
    assert found(chart(), pie(("a", 1))) == []
    assert found(chart(), chart(), chart()) == ["too_many_charts:/blocks"]
    for surface in (Surface.MODAL, Surface.HOME):
        assert found(chart(), surface=surface) == [f"unsupported_type:{AT}/type"]


def test_a_transcript_holds_its_numbers() -> None:
    shown = blocks_as_text([chart(series(), series("Mobile", (0, 3))), pie(("a", 1), ("b", 2.5))], lambda name: name)
    assert shown == "Spent: Mon ISP 1.5, Mobile 0 | Tue ISP -2, Mobile 3\nShares: a 1, b 2.5"

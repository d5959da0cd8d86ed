"""What a `data_visualization` block may plot, down to its last point (Slack docs, data visualization block)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playground.workspace_schema import Check, Json, Problem, array, number, record, shape, string

SERIES, POINTS = 6, 20
LABEL, AXIS_TITLE = 20, 50


def _above_zero(value: Any, at: str) -> Iterator[Problem]:
    found = list(number(value, at))
    yield from found
    if not found and value <= 0:
        yield Problem(at, "out_of_range", "must be greater than 0", "0")


def _distinct_names(chart: Json, at: str) -> Iterator[Problem]:
    names = [series["name"] for series in chart["series"]]
    for position, name in enumerate(names):
        if name in names[:position]:
            yield Problem(f"{at}/series/{position}/name", "duplicate_name", f"series name already exists: {name}", name)


def _covers_the_axis(chart: Json, at: str) -> Iterator[Problem]:
    """Each series has exactly one point for each category, in any order."""
    categories = chart["axis_config"]["categories"]
    if len(set(categories)) < len(categories):
        yield Problem(f"{at}/axis_config/categories", "duplicate_name", "categories must be unique")
    for position, series in enumerate(chart["series"]):
        if sorted(point["label"] for point in series["data"]) != sorted(categories):
            message = "labels must match the categories of axis_config exactly"
            yield Problem(f"{at}/series/{position}/data", "labels_do_not_match", message)


_segment = record({"label": string(LABEL), "value": _above_zero}, {})
_point = record({"label": string(LABEL), "value": number}, {})
_series = record({"name": string(LABEL), "data": array(_point, POINTS)}, {})
_axis = record(
    {"categories": array(string(LABEL), POINTS)}, {"x_label": string(AXIS_TITLE), "y_label": string(AXIS_TITLE)}
)
_plotted = shape({"series": array(_series, SERIES), "axis_config": _axis}, {}, _distinct_names, _covers_the_axis)
CHARTS: dict[str, Check] = {
    "pie": shape({"segments": array(_segment, SERIES)}, {}),
    "bar": _plotted,
    "area": _plotted,
    "line": _plotted,
}
"""By `type`. Values may be negative, except in a pie."""

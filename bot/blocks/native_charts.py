"""Slack's own charts, from the same values as the pictures: blocks of type `data_visualization`.

What is plotted are plain numbers under short labels, in one unit that the axis names. So every chart can be said in
words again: for screen readers, and for workspaces that refuse the block.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bot.blocks import charts, limits, text
from bot.blocks.kit import Block
from bot.blocks.text import BYTES_PER_MB
from bot.domain.money import CENTS_PER_DOLLAR
from bot.domain.summary import Part, Spend
from bot.domain.usage import BYTES_PER_GB
from bot.domain.used import Used, ahead_of

KIND = "data_visualization"
DOLLARS, GIGABYTES, MEGABYTES = "US dollars", "GB", "MB"
MOST_BARS = 42
"""Slack sets the bars of a label side by side: with more than these nobody can tell one from the other."""
LEFT = "The account's data left at this pace"
BY_TEAM, BY_PROJECT, BY_CHANNEL, BY_PERSON = "By team", "By project", "By channel", "By person"
_SAID_IN_SECTIONS = frozenset({LEFT, BY_TEAM, BY_PROJECT, BY_CHANNEL, BY_PERSON})
"""Titles of charts whose numbers stand, exactly and with more beside them, in the sections below them anyway."""


class Series(NamedTuple):
    """Amounts in cents or bytes, one for each label of the axis."""

    name: str
    amounts: Sequence[int]


def spend_by_product(spend: Spend) -> Block | None:
    """Bars over time, a colour for each product; None where there is nothing to see."""
    labels = [charts.column_name(one.first, one.last, spend.period) for one in spend.columns]
    names = [_product(name) for name in spend.colors]
    series = _across(names, [one.amounts for one in spend.columns])
    return _over_time(f"Spent {text.days(spend.period)}", labels, series, DOLLARS, charts.REST)


def spend_by_part(title: str, named: Sequence[tuple[str, Part]]) -> Block | None:
    """One bar for each person, channel, team or project."""
    bars = charts.bars_of(named)
    return _chart("bar", title, [name for name, _ in bars], [Series("Spent", [amount for _, amount in bars])], DOLLARS)


def used_over_time(used: Used) -> Block | None:
    """Bars over time, a colour for each network; None where nothing was used."""
    labels = [charts.column_name(one.first, one.last, used.period) for one in used.columns]
    names = [charts.NETWORKS.get(part.id, part.id) for part in used.networks]
    series = _across(names, [one.amounts for one in used.columns])
    return _over_time(f"Data used {text.days(used.period)}", labels, series, _unit(series), "Other networks")


def data_left(used: Used) -> Block | None:
    """A line for each network, from what is left today down to the day it ends; None where no end is in sight."""
    ahead = ahead_of(used.left, limits.CHART_POINTS)
    if ahead is None:
        return None
    names = [charts.NETWORKS.get(name, name) for name in ahead.networks]
    series = _across(names, ahead.amounts)[: limits.CHART_SERIES]
    return _chart("line", LEFT, [charts.day(one) for one in ahead.days], series, _unit(series))


def in_words(block: Block) -> str:
    """What a chart says, as mrkdwn, a line for each label of its axis; empty where sections say it in any case."""
    if block["title"] in _SAID_IN_SECTIONS:
        return ""
    lines = [f"{label}: {_sum(values, unit)}{_parts(values, unit)}" for label, values, unit in _places(block)]
    return "\n".join([f"*{text.words(block['title'])}*", *lines])


def in_short(block: Block) -> str:
    """The sums of it alone, in one line, for the text beside the blocks."""
    if block["title"] in _SAID_IN_SECTIONS:
        return ""
    sums = "; ".join(f"{label} {_sum(values, unit)}" for label, values, unit in _places(block))
    return f"{text.words(block['title'])}: {sums}."


_Values = Sequence[tuple[str, float]]


def _places(block: Block) -> Iterator[tuple[str, _Values, str]]:
    """Each label of the axis, prepared, with the values above it that are not zero, and their unit."""
    series, axis = block["chart"]["series"], block["chart"]["axis_config"]
    for at, label in enumerate(axis["categories"]):
        values = [(one["name"], value) for one in series if (value := one["data"][at]["value"])]
        if values:
            yield text.words(label), values, axis["y_label"]


def _sum(values: _Values, unit: str) -> str:
    return _amount(sum(value for _, value in values), unit)


def _parts(values: _Values, unit: str) -> str:
    return f" ({', '.join(f'{text.words(name)} {_amount(value, unit)}' for name, value in values)})"


def _amount(value: float, unit: str) -> str:
    if unit == DOLLARS:
        return text.money(round(value * CENTS_PER_DOLLAR))
    return text.data_words(math.ceil(value * (BYTES_PER_GB if unit == GIGABYTES else BYTES_PER_MB)))


# The block and its limits


def _over_time(title: str, labels: Sequence[str], series: Sequence[Series], unit: str, rest: str) -> Block | None:
    together = _joined(labels, series)
    room = max(2, min(limits.CHART_SERIES, MOST_BARS // max(len(together.labels), 1)))
    return _chart("bar", title, together.labels, _with_rest(together.series, room, rest), unit)


class _Joined(NamedTuple):
    labels: list[str]
    series: list[Series]


def _joined(labels: Sequence[str], series: Sequence[Series]) -> _Joined:
    """As many neighbours put together as it takes to stay within the points of a chart."""
    step = -(-len(labels) // limits.CHART_POINTS) or 1
    places = [range(at, min(at + step, len(labels))) for at in range(0, len(labels), step)]
    return _Joined(
        [labels[place[0]] if len(place) == 1 else f"{labels[place[0]]} to {labels[place[-1]]}" for place in places],
        [Series(one.name, [sum(one.amounts[at] for at in place) for place in places]) for one in series],
    )


def _with_rest(series: Sequence[Series], room: int, rest: str) -> list[Series]:
    """Those with the most; the others summed as one more, in grey last place."""
    shown = [one for one in series if any(one.amounts)]
    if len(shown) <= room and all(one.name for one in shown):
        return shown
    named = [one for one in shown if one.name][: room - 1]
    others = [one for one in shown if one not in named]
    return [*named, Series(rest, [sum(amounts) for amounts in zip(*(one.amounts for one in others), strict=True)])]


def _across(names: Sequence[str], columns: Sequence[Sequence[int]]) -> list[Series]:
    """Columns of amounts as series; an amount beyond the names has the empty name: it is of all others."""
    width = max((len(amounts) for amounts in columns), default=0)
    return [Series(names[at] if at < len(names) else "", [amounts[at] for amounts in columns]) for at in range(width)]


def _chart(kind: str, title: str, labels: Sequence[str], series: Sequence[Series], unit: str) -> Block | None:
    if not any(any(one.amounts) for one in series):
        return None
    places = text.distinct([text.plain(label, limits.CHART_LABEL) for label in labels], limits.CHART_LABEL)
    names = text.distinct([text.plain(one.name, limits.CHART_LABEL) for one in series], limits.CHART_LABEL)
    plotted = [
        {
            "name": name,
            "data": [
                {"label": at, "value": _value(amount, unit)} for at, amount in zip(places, one.amounts, strict=True)
            ],
        }
        for name, one in zip(names, series, strict=True)
    ]
    chart: dict[str, Any] = {"type": kind, "series": plotted, "axis_config": {"categories": places, "y_label": unit}}
    return {"type": KIND, "title": text.plain(title, limits.CHART_TITLE), "chart": chart}


def _unit(series: Sequence[Series]) -> str:
    return GIGABYTES if max((max(one.amounts, default=0) for one in series), default=0) >= BYTES_PER_GB else MEGABYTES


def _value(amount: int, unit: str) -> float:
    """Dollars and cents, GB with two decimals, whole MB; data rounded down, as it is in words."""
    if unit == DOLLARS:
        return amount / CENTS_PER_DOLLAR
    return amount * 100 // BYTES_PER_GB / 100 if unit == GIGABYTES else amount // BYTES_PER_MB


def _product(raw: str) -> str:
    """Short: what is bought here are proxies, and what tells two products apart stands at the end."""
    name = text.plain(raw, limits.NAME)
    if len(name) > limits.CHART_LABEL:
        name = " ".join(word for word in name.split() if word.lower() not in ("proxy", "proxies"))
    return text.cut_inside(name, limits.CHART_LABEL)

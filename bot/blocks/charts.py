"""Pictures as data: what is drawn, and the same in words for those who do not see it.

A picture is looked at on a phone, in Slack's light and dark alike: it brings its own background, its letters are large
(readable when 720 units are shrunk to half), its series few and named where they are, with their amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from bot.blocks import limits, text
from bot.domain.money import CENTS_PER_DOLLAR, Cents
from bot.domain.period import Period
from bot.domain.summary import MOST_COLORS, WEEKLY_UP_TO, Part, Spend
from bot.domain.usage import BYTES_PER_GB
from bot.domain.used import Left, Used, ahead_of

Spec = dict[str, Any]

WIDTH, HEIGHT = 640, 320
BARS_WIDTH = 400
BAR_STEP = 46
WIDEST_BAR = 140
MOST_BARS = 8
LETTER = 21
NAME = 30
"""Characters of a name in a picture."""
BACKGROUND, INK, FAINT = "#ffffff", "#1d1c1d", "#c9c9c9"
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9")
"""Told apart by people who do not see all colours (Okabe and Ito)."""
REST_COLOR = "#8d8d8d"
REST = "Other products"
NETWORKS = {"residential": "Residential", "mobile": "Mobile", "isp": "ISP", "datacenter": "Datacenter"}
POINTS_AHEAD = 60
MOST_SUMS = 8
"""Columns up to which each has its sum above it."""
SPOKEN = 6
"""Columns and parts that the description names one by one."""


class Picture(NamedTuple):
    """`title` names it, `alt` says what it shows, `spec` is Vega-Lite."""

    title: str
    alt: str
    spec: Spec


def spend_by_product(spend: Spend) -> Picture | None:
    """Columns over time, a colour for each product; None where there is nothing to see."""
    together = [sum(column.amounts) for column in spend.columns]
    if not any(together):
        return None
    names = text.distinct([text.cut_inside(text.plain(name, limits.NAME), NAME) for name in spend.colors], NAME)
    sums = [sum(column.amounts[place] for column in spend.columns) for place in range(len(names) + 1)]
    series = [*names, REST] if sums[-1] else names
    labels = {name: f"{name} · {_dollars(amount)}" for name, amount in zip(series, sums, strict=False)}
    days = [column_name(column.first, column.last, spend.period) for column in spend.columns]
    values = [
        {"at": day, "product": labels[name], "spent": amount / CENTS_PER_DOLLAR, "order": place}
        for day, column in zip(days, spend.columns, strict=True)
        for place, (name, amount) in enumerate(zip(series, column.amounts, strict=False))
    ]
    totals = [
        {"at": day, "sum": amount / CENTS_PER_DOLLAR, "label": _short(amount) if amount else ""}
        for day, amount in zip(days, together, strict=True)
    ]
    title = f"Spent {text.days(spend.period)}"
    listed = list(labels.values())
    spec = _columns(title, days, values, totals, series=listed, axis=_money_axis(), has_rest=len(series) > len(names))
    spoken = "; ".join(f"{day}: {text.money(amount)}" for day, amount in _greatest(days, together))
    alt = f"{title}: {text.money(sum(together))} in all. By product: {'; '.join(listed)}. Over time: {spoken}."
    return Picture(title, alt, spec)


def spend_by_part(title: str, named: Sequence[tuple[str, Part]]) -> Picture | None:
    """One bar for each person, channel, team or project, with its amount beside it."""
    bars = bars_of(named)
    if not bars:
        return None
    names = text.distinct([name for name, _ in bars], NAME)
    values = [
        {"who": name, "spent": amount / CENTS_PER_DOLLAR, "label": _dollars(amount)}
        for name, (_, amount) in zip(names, bars, strict=True)
    ]
    widest = max(amount for _, amount in bars) / CENTS_PER_DOLLAR
    down: Spec = {"field": "who", "type": "nominal", "sort": names, "title": None, "axis": _names_axis()}
    along: Spec = {
        "field": "spent",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, widest * 1.35]},
    }
    layers: list[Spec] = [
        {"mark": {"type": "bar", "color": COLORS[0], "height": BAR_STEP * 0.6, "cornerRadius": 2}},
        {
            "mark": {"type": "text", "align": "left", "dx": 8, "fontSize": LETTER, "color": INK},
            "encoding": {"text": {"field": "label"}},
        },
    ]
    spec: Spec = {
        "data": {"values": values},
        "encoding": {"y": down, "x": along},
        "layer": layers,
        "width": BARS_WIDTH,
        "height": {"step": BAR_STEP},
    }
    alt = f"{title}. " + "; ".join(f"{name}: {_dollars(amount)}" for name, (_, amount) in zip(names, bars, strict=True))
    return Picture(title, alt + ".", _framed(title, spec))


def used_over_time(used: Used) -> Picture | None:
    """Columns of data over time, a colour for each network; None where nothing was used."""
    together = [sum(column.amounts) for column in used.columns]
    if not any(together):
        return None
    names = [NETWORKS.get(part.id, text.plain(part.id, NAME)) for part in used.networks][:MOST_COLORS]
    labels = {name: f"{name} · {text.data_words(part.bytes)}" for name, part in zip(names, used.networks, strict=False)}
    days = [column_name(column.first, column.last, used.period) for column in used.columns]
    title = f"Data used {text.days(used.period)}"
    values = [
        {"at": day, "product": labels[name], "spent": amount / BYTES_PER_GB, "order": place}
        for day, column in zip(days, used.columns, strict=True)
        for place, (name, amount) in enumerate(zip(names, column.amounts, strict=False))
    ]
    totals = [
        {"at": day, "sum": amount / BYTES_PER_GB, "label": text.data_words(amount) if amount else ""}
        for day, amount in zip(days, together, strict=True)
    ]
    spec = _columns(title, days, values, totals, series=list(labels.values()), axis=_data_axis(), has_rest=False)
    spoken = "; ".join(f"{day}: {text.data_words(amount)}" for day, amount in _greatest(days, together))
    alt = (
        f"{title}: {text.data_words(used.bytes)} in all. By network: {'; '.join(labels.values())}. Over time: {spoken}."
    )
    return Picture(title, alt, spec)


def data_left(used: Used) -> Picture | None:
    """A line for each network's data, from what is left today down to its end at this pace, which a rule marks; None
    where no end is in sight.
    """
    ahead = ahead_of(used.left, POINTS_AHEAD)
    if ahead is None:
        return None
    lasting = [left for left in used.left if left.network in ahead.networks]
    labels = {left.network: _lasts(left) for left in lasting}
    values = [
        {"at": at.isoformat(), "product": labels[network], "left": amount / BYTES_PER_GB}
        for at, amounts in zip(ahead.days, ahead.amounts, strict=True)
        for network, amount in zip(ahead.networks, amounts, strict=True)
    ]
    ends = [
        {"at": left.ends_on.isoformat(), "product": labels[left.network], "label": day(left.ends_on)}
        for left in lasting
        if left.ends_on is not None and left.ends_on <= ahead.days[-1]
    ]
    listed = list(labels.values())
    title = "Data left, and when it ends at this pace"
    alt = f"{title}. {'; '.join(listed)}."
    return Picture(title, alt, _framed(title, {"layer": _lines_down(values, ends, listed)}))


def _lasts(left: Left) -> str:
    """`Residential · 40 GB · until 16 Dec`."""
    until = f"until {day(left.ends_on)}" if left.ends_on else "for long" if left.daily > 0 else "not used"
    return f"{NETWORKS.get(left.network, left.network)} · {text.data_words(left.left)} · {until}"


def _lines_down(values: Sequence[Spec], ends: Sequence[Spec], series: Sequence[str]) -> list[Spec]:
    """The lines, and a dashed rule with its day at each end."""
    time = {"labelExpr": "utcFormat(datum.value, '%-d %b')", "labelAngle": 0, "tickCount": 5, "grid": False}
    along: Spec = {"field": "at", "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": time}
    up: Spec = {"field": "left", "type": "quantitative", "title": None, "axis": _data_axis()}
    color = _legend(series, has_rest=False)
    color["legend"] |= {"symbolType": "stroke", "symbolStrokeWidth": 5}
    marked: Spec = {"data": {"values": list(ends)}}
    rule: Spec = {"mark": {"type": "rule", "strokeDash": [6, 5], "strokeWidth": 2}}
    said: Spec = {"mark": {"type": "text", "align": "right", "dx": -8, "dy": 14, "fontSize": LETTER, "color": INK}}
    return [
        {
            "data": {"values": list(values)},
            "mark": {"type": "line", "strokeWidth": 4},
            "encoding": {"x": along, "y": up, "color": color},
        },
        {**marked, **rule, "encoding": {"x": along, "color": color}},
        {**marked, **said, "encoding": {"x": along, "y": {"value": 0}, "text": {"field": "label"}}},
    ]


def bars_of(named: Sequence[tuple[str, Part]]) -> list[tuple[str, Cents]]:
    """The greatest by name; what remains, and what has no name, as one more."""
    spent = [(text.plain(name, NAME), part.sums.spent) for name, part in named if part.sums.spent > 0]
    known = [one for one in spent if one[0]]
    shown, rest = known[:MOST_BARS], [*known[MOST_BARS:], *(one for one in spent if not one[0])]
    return [*shown, *([(f"{len(rest)} more", sum(amount for _, amount in rest))] if rest else [])]


# The frame and its letters


def _columns(
    title: str,
    days: Sequence[str],
    values: Sequence[Spec],
    totals: Sequence[Spec],
    *,
    series: Sequence[str],
    axis: Spec,
    has_rest: bool,
) -> Spec:
    """Stacked columns, with their sum above while there are few."""
    across: Spec = {"field": "at", "type": "ordinal", "sort": list(days), "title": None, "axis": _across(days)}
    bars: Spec = {
        "data": {"values": list(values)},
        "mark": {"type": "bar", "cornerRadius": 2, "width": min(WIDTH * 0.88 / len(days), WIDEST_BAR)},
        "encoding": {
            "x": across,
            "y": {"field": "spent", "type": "quantitative", "title": None, "stack": "zero", "axis": axis},
            "color": _legend(series, has_rest=has_rest),
            "order": {"field": "order"},
        },
    }
    above: Spec = {
        "data": {"values": list(totals)},
        "mark": {"type": "text", "dy": -13, "fontSize": LETTER - 3, "color": INK},
        "encoding": {"x": across, "y": {"field": "sum", "type": "quantitative"}, "text": {"field": "label"}},
    }
    return _framed(title, {"layer": [bars, above] if len(days) <= MOST_SUMS else [bars]})


def _framed(title: str, spec: Spec) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "height": HEIGHT,
        "background": BACKGROUND,
        "padding": 24,
        "title": {"text": title, "anchor": "start", "fontSize": LETTER + 5, "color": INK, "offset": 18},
        "config": {
            "font": "sans-serif",
            "view": {"stroke": None},
            "axis": {"labelFontSize": LETTER, "labelColor": INK, "domainColor": FAINT, "gridColor": "#e8e8e8"},
            "legend": {"labelFontSize": LETTER, "labelColor": INK},
        },
        **spec,
    }


def _legend(names: Sequence[str], *, has_rest: bool) -> Spec:
    colors = [*COLORS[: len(names) - has_rest], *([REST_COLOR] if has_rest else [])]
    return {
        "field": "product",
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(names), "range": colors},
        "legend": {
            "orient": "bottom",
            "columns": 1,
            "labelLimit": WIDTH,
            "symbolType": "square",
            "symbolSize": 320,
            "rowPadding": 8,
            "offset": 18,
        },
    }


def _across(labels: Sequence[str]) -> Spec:
    """As many names below the columns as have room, never slanted."""
    step = -(-sum(len(label) + 2 for label in labels) * 12 // WIDTH)
    shown = list(labels) if step <= 1 else list(labels)[::step]
    return {"labelAngle": 0, "values": shown, "ticks": False, "labelPadding": 8}


def _money_axis() -> Spec:
    return {
        "tickCount": 4,
        "labelExpr": "'$' + (datum.value >= 1e4 ? format(datum.value / 1e3, ',') + 'k' : format(datum.value, ','))",
        "domain": False,
        "ticks": False,
        "labelPadding": 8,
    }


def _data_axis() -> Spec:
    return {
        "tickCount": 4,
        "labelExpr": "format(datum.value, ',') + ' GB'",
        "domain": False,
        "ticks": False,
        "labelPadding": 8,
    }


def _names_axis() -> Spec:
    return {"labelLimit": WIDTH // 2, "ticks": False, "domain": False, "labelPadding": 10}


def column_name(first: date, last: date, whole: Period) -> str:
    """`24 Nov`, `16–22 Nov`, or a month: `Nov`, with its year where there are two."""
    if whole.days > WEEKLY_UP_TO:
        return f"{first:%b}" if whole.first.year == whole.last.year else f"{first:%b ’%y}"
    if first == last:
        return day(first)
    return f"{first.day if first.month == last.month else day(first)}–{day(last)}"


def day(at: date) -> str:
    return f"{at.day} {at:%b}"


def _dollars(cents: int) -> str:
    """Without cents where they would not be read."""
    return text.money(cents) if abs(cents) < 1_000 * CENTS_PER_DOLLAR else text.money(_whole(cents))[:-3]


def _short(cents: int) -> str:
    dollars = cents / CENTS_PER_DOLLAR
    if dollars >= 10_000:
        return f"${dollars / 1_000:,.0f}k"
    return f"${dollars:,.0f}" if dollars >= 100 else text.money(cents)


def _whole(cents: int) -> int:
    return (cents + CENTS_PER_DOLLAR // 2) // CENTS_PER_DOLLAR * CENTS_PER_DOLLAR


def _greatest(days: Sequence[str], sums: Sequence[int]) -> list[tuple[str, int]]:
    """The columns a description names, in their order."""
    greatest = sorted(range(len(days)), key=lambda place: -sums[place])[:SPOKEN]
    return [(days[place], sums[place]) for place in sorted(greatest) if sums[place]]

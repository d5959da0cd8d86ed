"""What a channel, a person, a product, a service or the workspace used: numbers first, a table, ways on."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks import charts, kit, looks, tables, text
from bot.blocks.kit import Block, Message
from bot.blocks.looks import Shown
from bot.blocks.summaries import NAMED, about, channel, person, project, team, ways_on
from bot.domain.scope import Asked, Kind, Scope
from bot.domain.summary import change
from bot.domain.used import Left, Used, UsedPart


def usage(asked: Asked, shown: Used, *, pictures: Shown = (), is_private: bool = True) -> Message:
    lines = [f"*Used {about(asked.scope)} {text.days(shown.period)}*", *_used_lines(shown)]
    below = usage_details(shown, asked.scope)
    drawn = looks.usage_charts(shown)
    seen = looks.images(pictures) or drawn
    blocks = [kit.section("\n".join(lines)), *seen, *usage_table(shown), *map(kit.section, below)]
    blocks.append(kit.context(f"Days of UTC, as Byteful counts. Compared with {text.span(shown.period.before())}."))
    blocks += ways_on(asked, has_numbers=not shown.is_empty, has_picture=bool(pictures), is_private=is_private)
    parts = [f"{text.words(_used_name(part))}: {text.data_words(part.bytes)}" for part in shown.services]
    return kit.message("\n".join([*lines, *parts, *below, *looks.in_short(drawn)]), *blocks)


def _used_lines(shown: Used) -> list[str]:
    if shown.is_empty:
        before = f" Before that, {text.days(shown.period.before())}, it was {text.data_words(shown.before)}."
        return [f"Nothing was used.{before if shown.before else ''}"]
    percent = change(shown.bytes, shown.before)
    compared = ", nothing in the time before" if percent is None else ", as much as before"
    if percent:
        way = "more" if percent > 0 else "less"
        compared = f", {abs(percent):,} % {way} than before ({text.data_words(shown.before)})"
    lines = [
        f"*{text.data_words(shown.bytes)}*{compared} · {text.plural(shown.requests, 'request', 'requests')}",
    ]
    lines += [" · ".join(f"{network(part.id)} {text.data_words(part.bytes)}" for part in shown.networks)]
    if (cost := shown.cost_of_gigabyte) is not None and shown.spent_on_data is not None:
        lines.append(f"Data for {text.money(shown.spent_on_data)} was bought: {text.money(cost)} for each GB used.")
    return lines


def usage_table(shown: Used) -> list[Block]:
    rows = [
        [_used_name(part), text.data_words(part.bytes), text.data_words(part.before), f"{part.requests:,}"]
        for part in shown.services
    ]
    return [tables.table(["Service", "Used", "Before", "Requests"], rows)] if rows else []


def usage_details(shown: Used, scope: Scope) -> list[str]:
    lines = [left_line(left) for left in shown.left]
    if scope.kind not in (Kind.PERSON, Kind.TEAM):
        lines += _sizes("By team", [(team(part.id), part.bytes, _each_gigabyte(part)) for part in shown.teams])
    if scope.kind is not Kind.PERSON:
        lines += _sizes("By person", [(person(part.id), part.bytes, "") for part in shown.people])
    if shown.projects and scope.kind not in (Kind.CHANNEL, Kind.PROJECT):
        lines += _sizes("By project", [(project(part.id), part.bytes, _each_gigabyte(part)) for part in shown.projects])
    elif scope.kind is not Kind.CHANNEL:
        lines += _sizes("By channel", [(channel(part.id), part.bytes, "") for part in shown.channels])
    return ["\n".join(lines)] if lines else []


def left_line(left: Left) -> str:
    of_all = f"{text.data_words(left.left)} of {text.data_words(left.total)}"
    lead = f"{network(left.network)} data of the account: {of_all} left"
    if left.daily <= 0:
        return f"{lead}."
    lasts = f"until {text.day(left.ends_on)}" if left.ends_on else "for more than a year"
    return f"{lead}; at {text.pace(left.daily, left.days)} it lasts {lasts}."


def _sizes(lead: str, sizes: Sequence[tuple[str, int, str]]) -> list[str]:
    """Each with its size and what is to be said of it."""
    shown = [f"{name} {text.data_words(size)}{note}" for name, size, note in sizes[:NAMED] if size]
    more = sum(size for _, size, _ in sizes[NAMED:])
    if more:
        shown.append(f"others {text.data_words(more)}")
    return [f"{lead}: {', '.join(shown)}"] if shown else []


def _each_gigabyte(part: UsedPart) -> str:
    return f" ({text.money(part.cost)} for each GB used)" if part.cost is not None else ""


def _used_name(part: UsedPart) -> str:
    """Raw."""
    match part.id:
        case "*":
            return "All others"
        case "":
            return "Of no single service"
        case _:
            return f"{part.name} ({part.id})" if part.name and part.name != part.id else part.id


def network(name: str) -> str:
    return charts.NETWORKS.get(name) or text.words(name)

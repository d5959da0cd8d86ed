"""What there is to look at in a summary: Slack's own charts, and the same as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from bot.blocks import charts, kit, native_charts, text
from bot.blocks.charts import Picture
from bot.blocks.kit import Block
from bot.domain.company import is_channel_id
from bot.domain.summary import OTHERS, OUTSIDE, Part, Spend
from bot.domain.used import Used

Shown = Sequence[tuple[str, Picture]]
"""Uploaded pictures: the Slack file id of each."""
Names = Mapping[str, str]
"""What people and channels are called, by their id."""
Drawn = TypeVar("Drawn", Block, Picture)


class Cut(NamedTuple):
    """Spend divided one way. A part that cannot be named has no name."""

    title: str
    parts: list[tuple[str, Part]]


def spend_charts(shown: Spend, names: Names) -> list[Block]:
    """Spend by product over time, and by the first way it is divided."""
    cuts = [native_charts.spend_by_part(cut.title, cut.parts) for cut in _cuts(shown, names)[:1]]
    return _there_are(native_charts.spend_by_product(shown), *cuts)


def spend_pictures(shown: Spend, names: Names) -> list[Picture]:
    """The same, and every other way it is divided."""
    span = text.span(shown.period)
    cuts = [charts.spend_by_part(f"{cut.title}, {span}", cut.parts) for cut in _cuts(shown, names)]
    return _there_are(charts.spend_by_product(shown), *cuts)


def usage_charts(shown: Used) -> list[Block]:
    """Data used over time, and what is left of the account's, for those who use it."""
    left = None if shown.is_empty else native_charts.data_left(shown)
    return _there_are(native_charts.used_over_time(shown), left)


def usage_pictures(shown: Used) -> list[Picture]:
    left = None if shown.is_empty else charts.data_left(shown)
    return _there_are(charts.used_over_time(shown), left)


def images(pictures: Iterable[tuple[str, Picture]]) -> list[Block]:
    return [kit.picture(file, picture.alt, picture.title) for file, picture in pictures]


def in_short(drawn: Iterable[Block]) -> list[str]:
    return [said for block in drawn if (said := native_charts.in_short(block))]


def _cuts(shown: Spend, names: Names) -> list[Cut]:
    """Those that have something to compare: two parts with a name at least."""

    def slacks(one: str) -> str:
        return names.get(one, "")

    def projects(one: str) -> str:
        """A channel without a project is its own."""
        return slacks(one) if is_channel_id(one) else one

    ways: list[tuple[str, Sequence[Part], Callable[[str], str]]] = [
        (native_charts.BY_TEAM, shown.teams, str),
        (native_charts.BY_PROJECT, shown.projects, projects),
        (native_charts.BY_CHANNEL, () if shown.projects else shown.channels, slacks),
        (native_charts.BY_PERSON, shown.people, slacks),
    ]
    cuts = [
        Cut(title, [(_of_all(title, part.id) or name(part.id), part) for part in parts]) for title, parts, name in ways
    ]
    return [cut for cut in cuts if sum(bool(name and part.sums.spent > 0) for name, part in cut.parts) > 1]


def _of_all(title: str, one: str) -> str:
    """What belongs to none of them, and what is shown together."""
    of_none = "No team" if title == native_charts.BY_TEAM else "Bought outside the bot"
    return {OUTSIDE: of_none, OTHERS: "All others"}.get(one, "")


def _there_are(*found: Drawn | None) -> list[Drawn]:
    return [one for one in found if one is not None]

"""What summaries of spend and of usage have in common: what they are about, names, and the ways on."""

from __future__ import annotations

from bot.blocks import kit, text
from bot.blocks.ids import Action
from bot.blocks.kit import Block, Element
from bot.domain.company import NO_PROJECT, NO_TEAM
from bot.domain.ids import ChannelId, UserId
from bot.domain.scope import Asked, Kind, Measure, Scope
from bot.domain.summary import OTHERS, OUTSIDE

NAMED = 6
"""People, teams, channels or projects named one by one."""


def about(scope: Scope) -> str:
    """`in #proxies`, `by @rita`: prepared for mrkdwn."""
    match scope.kind:
        case Kind.CHANNEL:
            return f"in {text.channel(ChannelId(scope.id))}"
        case Kind.PERSON:
            return f"by {text.mention(UserId(scope.id))}"
        case Kind.TEAM:
            return f"by the team {text.words(scope.id)}"
        case Kind.PROJECT:
            return f"for the project {text.words(scope.id)}"
        case Kind.PRODUCT | Kind.SERVICE:
            return f"on {text.code(scope.id)}"
        case Kind.WORKSPACE:
            return "by everybody"


def ways_on(asked: Asked, *, has_numbers: bool, has_picture: bool, is_private: bool) -> list[Block]:
    """What to do with these numbers, and below it where to look next: two short rows, readable on a phone."""
    if not is_private:
        return [kit.actions(*to_take_along(asked))] if has_numbers else []
    share = kit.button("Share here", Action.REPORT_SHARE, str(asked))
    uses = [share, *to_take_along(asked, has_picture=has_picture)]
    return [*([kit.actions(*uses)] if has_numbers else []), kit.actions(*_elsewhere(asked, is_empty=not has_numbers))]


def to_take_along(asked: Asked, *, has_picture: bool = False) -> list[Element]:
    """For whoever presses it, and judged by what they may see."""
    return [
        *([] if has_picture else [kit.button("Picture", Action.REPORT_PICTURE, str(asked))]),
        kit.button("CSV by DM", Action.REPORT_CSV, str(asked)),
        kit.button("JSON by DM", Action.REPORT_JSON, str(asked)),
    ]


def _elsewhere(asked: Asked, *, is_empty: bool) -> list[Element]:
    base = f"{asked.measure}:{asked.scope.kind}:{asked.scope.id}"
    other = Measure.USAGE if asked.measure is Measure.SPEND else Measure.SPEND
    return [
        kit.button("This month", Action.REPORT_THIS_MONTH, f"{base}:this month"),
        kit.button("Last month", Action.REPORT_LAST_MONTH, f"{base}:last month"),
        kit.button("30 days", Action.REPORT_30_DAYS, f"{base}:30d"),
        kit.button(other.capitalize(), Action.REPORT, f"{other}:{asked.scope.kind}:{asked.scope.id}:{asked.period}"),
        *([kit.button("Ask for proxies", Action.OPEN_FORM)] if is_empty else []),
    ]


def person(given: str) -> str:
    return {OUTSIDE: "nobody here", OTHERS: "others"}.get(given) or text.mention(UserId(given))


def channel(given: str) -> str:
    return {OUTSIDE: "outside the bot", OTHERS: "others"}.get(given) or text.channel(ChannelId(given))


def team(given: str) -> str:
    return {NO_TEAM: "no team", OTHERS: "others"}.get(given) or text.words(given)


def project(given: str) -> str:
    return {NO_PROJECT: "outside the bot", OTHERS: "others"}.get(given) or text.project(given)

"""What a channel, a person, a product, a service or the workspace spent: numbers first, a table, ways on."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from bot.blocks import budget as budgets
from bot.blocks import kit, looks, tables, text
from bot.blocks.kit import Block, Message
from bot.blocks.looks import Names, Shown
from bot.blocks.summaries import NAMED, about, channel, person, project, team, ways_on
from bot.domain.budget import Budget
from bot.domain.ids import ChannelId
from bot.domain.ledger import Sums
from bot.domain.reason import Driver, Reason
from bot.domain.scope import Asked, Kind, Scope
from bot.domain.summary import OTHERS, Cause, Part, Spend, Unit, UnitCost, change, cost_of_one

NO_PRICE = "–"


def spend(
    asked: Asked,
    shown: Spend,
    *,
    time_zone: str,
    names: Names = MappingProxyType({}),
    pictures: Shown = (),
    is_private: bool = True,
    budget: Budget | None = None,
) -> Message:
    """`names` are for the chart, which cannot mention anybody; `is_private`: for the person who asked.

    `budget` is that of the channel this is about, as it stands now.
    """
    lines = [f"*Spent {about(asked.scope)} {text.days(shown.period)}*", *_spend_lines(shown)]
    lines += budgets.lines(budget, ChannelId(asked.scope.id))
    said = "\n".join(lines)
    below = spend_details(shown, asked.scope)
    drawn = looks.spend_charts(shown, names)
    blocks = [kit.section(said), *(looks.images(pictures) or drawn), *spend_table(shown), *map(kit.section, below)]
    blocks.append(kit.context(f"Days of {text.words(time_zone)}. Compared with {text.span(shown.period.before())}."))
    blocks += ways_on(asked, has_numbers=not shown.is_empty, has_picture=bool(pictures), is_private=is_private)
    parts = [_part_line(part) for part in shown.products]
    return kit.message("\n".join([*lines, *parts, *below, *looks.in_short(drawn)]), *blocks)


def _spend_lines(shown: Spend) -> list[str]:
    if shown.is_empty:
        before = f" Before that, {text.days(shown.period.before())}, it was {text.money(shown.before.spent)}."
        return [f"Nothing was spent.{before if shown.before.spent else ''}"]
    sums = shown.sums
    why = f": {_why(shown.reason)}" if shown.reason and change(sums.spent, shown.before.spent) else ""
    lines = [f"*{text.money(sums.spent)}*{_compared(sums.spent, shown.before.spent)}{why}"]
    bought = [text.plural(sums.count, "order", "orders")] if sums.count else []
    if sums.renewals:
        bought.append(f"{text.plural(sums.renewals, 'renewal', 'renewals')} ({text.money(sums.renewed)})")
    paid = [f"{text.money(sums.paid)} paid"]
    if sums.open:
        paid.append(f"{text.money(sums.open)} not paid in full yet")
    lines.append(" · ".join([" and ".join(paid), *([" and ".join(bought)] if bought else [])]))
    return lines + _apart(sums)


def totals_line(sums: Sums) -> str:
    """Everything of a ledger in one line, each by its own name."""
    parts = [
        f"{text.money(sums.spent)} spent ({text.money(sums.paid)} paid, {text.money(sums.open)} not paid in full yet)"
    ]
    return " ".join([f"{parts[0]}.", *_apart(sums)])


def _apart(sums: Sums) -> list[str]:
    """What is not spend, or is spend no more, each by its own name."""
    told = [
        (sums.refunded, "refunded"),
        (sums.credited, "came back as credit"),
        (sums.void, "cancelled and never paid"),
        (sums.top_up, "of credit topped up"),
        (sums.top_up_open, "of top-ups not paid yet"),
    ]
    apart = [f"{text.money(amount)} {what}" for amount, what in told if amount]
    if not apart:
        return []
    kept = f" After what came back, {text.money(sums.net)} remain spent." if sums.refunded or sums.credited else ""
    return [f"Apart from that: {', '.join(apart)}.{kept}"]


def _compared(now: int, before: int) -> str:
    percent = change(now, before)
    if percent is None:
        return ", nothing in the time before"
    if percent == 0:
        return ", as much as before"
    way = "more" if percent > 0 else "less"
    return f", {abs(percent):,} % {way} than before ({text.money(before)})"


def spend_table(shown: Spend) -> list[Block]:
    rows = [
        [_part_name(part), text.money(part.sums.spent), text.money(part.before.spent), _each(part)]
        for part in shown.products
    ]
    return [tables.table(["Product", "Spent", "Before", "Each"], rows)] if rows else []


def spend_details(shown: Spend, scope: Scope) -> list[str]:
    """Who and where, and what one of a kind cost."""
    lines = [line for cost in shown.units if (line := _unit_line(cost))]
    if scope.kind not in (Kind.PERSON, Kind.TEAM):
        lines += _named_parts("*By team*", [(team(part.id), part) for part in shown.teams], says_why=True)
    if scope.kind is not Kind.PERSON:
        lines += _named_parts("*By person*", [(person(part.id), part) for part in shown.people])
    if shown.projects and scope.kind not in (Kind.CHANNEL, Kind.PROJECT):
        lines += _named_parts("*By project*", [(project(part.id), part) for part in shown.projects], says_why=True)
    elif scope.kind is not Kind.CHANNEL:
        lines += _named_parts("*By channel*", [(channel(part.id), part) for part in shown.channels])
    return ["\n".join(lines)] if lines else []


def _named_parts(lead: str, named: Sequence[tuple[str, Part]], *, says_why: bool = False) -> list[str]:
    """`@rita $38.50 · one proxy $3.15, before $3.00`, one to a line; with why it differs from before."""
    shown = [
        " · ".join(
            [
                f"{name} {text.money(part.sums.spent)}{_changed(part.reason) if says_why else ''}",
                *map(_cost_beside, part.costs),
            ]
        )
        for name, part in named[:NAMED]
        if part.sums.spent
    ]
    more = sum(part.sums.spent for _, part in named[NAMED:])
    if more:
        shown.append(f"others {text.money(more)}")
    return [lead, *shown] if shown else []


def _changed(reason: Reason | None) -> str:
    if reason is None:
        return ""
    return f", {text.money(abs(reason.amount))} {'more' if reason.amount > 0 else 'less'}: {_why(reason)}"


def _why(reason: Reason) -> str:
    """What moved it most, as a part of a sentence."""
    product, is_more = text.words(reason.by), reason.amount > 0
    match reason.driver:
        case Driver.QUANTITY:
            return f"{'more' if is_more else 'less'} of {product} was ordered"
        case Driver.PRICE:
            return _dearer(product, is_more=is_more)
        case Driver.PRODUCT:
            return f"{product} was ordered, and not before" if is_more else f"{product} was not ordered again"
        case Driver.RENEWALS:
            return f"{'more' if is_more else 'less'} was renewed, {product} above all"
        case Driver.UNPAID:
            return f"{'less' if is_more else 'more'} was cancelled unpaid, {product} above all"


def _dearer(product: str, *, is_more: bool) -> str:
    """A longer cycle costs more at once: which of the two it was, the sums do not tell."""
    return f"{product} {'costs more or was ordered for longer' if is_more else 'costs less or was ordered for shorter'}"


def _cost_beside(cost: UnitCost) -> str:
    now = f"one {cost.unit} {text.money(cost.now)}"
    if cost.before is None:
        return now
    return f"{now}, as before" if cost.now == cost.before else f"{now}, before {text.money(cost.before)}"


def _unit_line(cost: UnitCost) -> str:
    now = f"One {cost.unit} cost {text.money(cost.now)} on average, whatever cycle it was ordered for"
    if cost.before is None:
        return f"{now}. None was ordered in the time before."
    if cost.cause is Cause.SAME:
        return f"{now}, as before."
    why = {
        Cause.PRICE: f"because {_dearer(text.words(cost.by), is_more=cost.now > cost.before)}",
        Cause.MIX: f"because other products were ordered, {text.words(cost.by)} above all",
    }[cost.cause]
    return f"{now}, {text.money(cost.before)} before: {why}."


def _each(part: Part) -> str:
    """`$3.15 (was $3.00)`: short, so that the column stays on a phone."""
    cost, before = cost_of_one(part.sums), cost_of_one(part.before)
    if cost is None or part.unit is Unit.UNKNOWN:
        return NO_PRICE
    now = f"{text.money(cost)}/GB" if part.unit is Unit.GIGABYTE else text.money(cost)
    return now if before in (None, cost) else f"{now} (was {text.money(before)})"


def _part_name(part: Part) -> str:
    """Raw."""
    if part.id == OTHERS:
        return "All others"
    return part.name or part.id


def _part_line(part: Part) -> str:
    spent = f"{text.words(_part_name(part))}: {text.money(part.sums.spent)}, before {text.money(part.before.spent)}"
    return spent if (each := _each(part)) == NO_PRICE else f"{spent}, each {each}"

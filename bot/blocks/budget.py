"""A channel's budget in words, the same on the card, in notices and in the form."""

from __future__ import annotations

from datetime import datetime

from bot.blocks import text
from bot.domain.budget import Budget
from bot.domain.ids import ChannelId


def line(budget: Budget, channel: ChannelId, at: datetime | None = None) -> str:
    """How it stands, or stood at a moment; with what one request would leave of it."""
    as_of = f" as of {text.when(at)}" if at else ""
    return f"Budget of {text.channel(channel)} for {text.month(budget.month)}{as_of}: {_drawn(budget)}, {_left(budget)}"


def lines(budget: Budget | None, channel: ChannelId | None) -> list[str]:
    """The same as one line or none, with a sign where it does not fit."""
    if budget is None or channel is None:
        return []
    return [f"{'' if budget.fits else ':warning: '}{line(budget, channel)}"]


def shortfall(budget: Budget, channel: ChannelId) -> str:
    """Why a request did not fit, with every sum that made it so, in the past: it may fit by now."""
    of = f"the budget of {text.channel(channel)} for {text.month(budget.month)}"
    if not budget.shows_sums:
        return f"{text.money(budget.needed)} was more than was left of {of}."
    left = text.money(budget.left) if budget.left > 0 else "nothing"
    return f"it needed {text.money(budget.needed)}, and {left} was left of {of} ({_drawn(budget)})."


def excess(budget: Budget) -> str:
    """What an approval beyond the cap does. No markup."""
    of = f"the budget for {text.month(budget.month)}"
    if not budget.shows_sums:
        return f"This goes over {of}."
    return f"This takes {of} {text.money(-budget.left_after)} over its {text.money(budget.cap)}."


def _drawn(budget: Budget) -> str:
    reserved = text.money(budget.reserved) if budget.reserved else "nothing"
    return f"{text.money(budget.spent)} of {text.money(budget.cap)} spent, {reserved} reserved"


def _left(budget: Budget) -> str:
    if not budget.needed:
        return f"{text.money(max(budget.left, 0))} left"
    if budget.fits:
        return f"{text.money(budget.left_after)} left after this"
    return f"this goes {text.money(-budget.left_after)} over it"

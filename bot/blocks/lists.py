"""Answers to questions: my requests and what waits for me, one request with its history, and how to use the command."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.blocks import buttons, kit, limits, request_card, story, text
from bot.blocks import waiting as waiting_for_price
from bot.blocks.ids import Action
from bot.blocks.kit import Block, Element, Message
from bot.domain.budget import Standing
from bot.domain.draft import WaitingDraft
from bot.domain.ids import UserId
from bot.domain.request import PurchaseRequest, State


class CommandHelp(NamedTuple):
    """One line of the help: how it is written, what it does, and an example that works."""

    usage: str
    summary: str
    example: str


def requests(
    mine: Sequence[PurchaseRequest],
    waiting: Sequence[PurchaseRequest],
    now: datetime,
    unpriced: Sequence[WaitingDraft] = (),
    *,
    is_only_beyond: bool = False,
) -> Message:
    """What waits for this person's decision, then what they asked for themselves.

    `is_only_beyond`: they may approve over budget, and decide nothing else.
    """
    if not mine and not waiting and not unpriced:
        said = "No requests yet, and nothing waits for you."
        return kit.message(said, kit.section(said), kit.actions(*ways_on()))
    lines = ["*Waiting for you*" if waiting else "Nothing waits for you."]
    lines += [_waiting_line(request, now) for request in waiting[: limits.LISTED]]
    lines += waiting_for_price.lines(unpriced)
    lines += ["*Your requests*", *(own_line(request) for request in mine[: limits.LISTED])] if mine else []
    return kit.message("\n".join(lines), *blocks_of(mine, waiting, now, unpriced, is_only_beyond=is_only_beyond))


def blocks_of(
    mine: Sequence[PurchaseRequest],
    waiting: Sequence[PurchaseRequest],
    now: datetime,
    unpriced: Sequence[WaitingDraft] = (),
    *,
    is_only_beyond: bool = False,
) -> list[Block]:
    """The same lists as blocks."""
    blocks = [kit.header("Waiting for you" if waiting else "Nothing waits for you")]
    blocks += decisions(waiting, now, is_only_beyond=is_only_beyond)
    blocks += waiting_for_price.blocks(unpriced)
    if mine:
        blocks.append(kit.header("Your requests"))
        blocks += [kit.section(own_line(request), buttons.show(request)) for request in mine[: limits.LISTED]]
        blocks += _more(len(mine))
    return blocks


def decisions(waiting: Sequence[PurchaseRequest], now: datetime, *, is_only_beyond: bool = False) -> list[Block]:
    """Each with its buttons, which do what those on its card do."""
    blocks: list[Block] = []
    for request in waiting[: limits.LISTED]:
        offered = _over_budget_alone(request) if is_only_beyond else _decide(request)
        blocks += [kit.section(_waiting_line(request, now)), kit.actions(*offered, buttons.show(request))]
    return [*blocks, *_more(len(waiting))]


def one(
    request: PurchaseRequest, approvers: Sequence[UserId], role: str, needed: int, standing: Standing | None = None
) -> Message:
    """The card for one person's eyes, with everything that ever happened to the request."""
    card = request_card.card(request, approvers=approvers, role=role, needed=needed, standing=standing)
    return _with_history(card, request)


def one_without_sums(request: PurchaseRequest, hidden: str) -> Message:
    """The same for somebody who is not shown what it costs; `hidden` says who is."""
    return _with_history(request_card.without_sums(request, hidden), request)


def _with_history(card: Message, request: PurchaseRequest) -> Message:
    lines = [story.line(request, entry) for entry in request.history[-limits.HISTORY :]]
    if earlier := len(request.history) - len(lines):
        lines.insert(0, f"{text.plural(earlier, 'earlier line', 'earlier lines')} left out")
    history = "*History*\n" + "\n".join(lines)
    return kit.message(f"{card.text}\n{history}", *card.blocks, kit.section(history))


def start(commands: Sequence[CommandHelp]) -> Message:
    """The answer to the bare command: where to go on."""
    said = "Proxydesk gets you proxies: you ask, see the price, an approver decides, and it is bought once."
    usages = "\n".join(_usage(command) for command in commands[:20])
    return kit.message(f"{said}\n{usages}", kit.section(said), kit.actions(*ways_on()), *_maybe(usages))


def help_page(commands: Sequence[CommandHelp]) -> Message:
    """Every command with an example."""
    shown = [f"{_usage(command)}\nExample: {text.code(command.example, 300)}" for command in commands[:40]]
    blocks = [kit.header("What you can type"), *(kit.section(line) for line in shown)]
    return kit.message("\n".join(["What you can type:", *shown]), *blocks, kit.actions(*ways_on()))


def ways_on() -> list[Element]:
    return [
        kit.button("Ask for proxies", Action.OPEN_FORM, style="primary"),
        kit.button("Requests", Action.SHOW_REQUESTS),
        kit.button("Data left", Action.SHOW_DATA),
        kit.button("Credit", Action.SHOW_CREDIT),
        kit.button("Help", Action.SHOW_HELP),
    ]


def _waiting_line(request: PurchaseRequest, now: datetime) -> str:
    since = f"{age(now - request.created_at)} ago"
    lines = [
        f"*{text.number(request.id)}* · {buttons.total_line(request)}",
        f"Asked by {text.mention(request.requester)} {since} · {_deadline(request, now)}",
    ]
    if request.changes:
        lines.append("Changed after an approval: look at it again.")
    if stopped := story.over_budget(request):
        lines.append(f":no_entry_sign: *Over budget.* {stopped.strip()}")
    if request.reason:
        lines.append(text.quoted(request.reason, limits.SHORT_REASON))
    return "\n".join(lines)


def own_line(request: PurchaseRequest) -> str:
    state = story.state_words(request)
    if request.state is State.ORDERED:
        state = f"{state}. {story.ordered(request, at_hand=False)}"
    return f"*{text.number(request.id)}* · {buttons.total_line(request)}\n{state} · {text.when(request.changed_at)}"


def _decide(request: PurchaseRequest) -> list[Element]:
    return [buttons.approve(request), *_over_budget_alone(request), buttons.decline(request)]


def _over_budget_alone(request: PurchaseRequest) -> list[Element]:
    return [buttons.approve_over_budget(request)] if story.may_exceed(request) else []


def _deadline(request: PurchaseRequest, now: datetime) -> str:
    if request.expires_at <= now:
        return "its time to be decided is over"
    return f"expires {text.when(request.expires_at)}"


def age(passed: timedelta) -> str:
    minutes = max(int(passed.total_seconds()) // 60, 0)
    if minutes == 0:
        return "less than a minute"
    if minutes < 60:
        return text.plural(minutes, "minute", "minutes")
    if minutes < 48 * 60:
        return text.plural(minutes // 60, "hour", "hours")
    return text.plural(minutes // (24 * 60), "day", "days")


def _more(count: int) -> list[Block]:
    left = count - limits.LISTED
    return [kit.context(f"and {left:,} more")] if left > 0 else []


def _usage(command: CommandHelp) -> str:
    return f"{text.code(command.usage, 300)} {text.prose(command.summary)}"


def _maybe(markup: str) -> list[Block]:
    return [kit.section(markup)] if markup else []

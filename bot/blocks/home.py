"""App Home: what waits for this person, what they asked for, what they have, and the account's credit at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.blocks import buttons, kit, limits, lists, text
from bot.blocks import waiting as waiting_words
from bot.blocks.ids import Action
from bot.blocks.kit import Block, View
from bot.domain.account import BalanceReading, KnownService, ServicePage
from bot.domain.home import Home, Untold
from bot.domain.ids import UserId

UNTOLD = 1_000
"""Characters of an answer that is repeated here."""
ANSWERED = ":speech_balloon: *The answer comes in Messages*, the tab beside *Home*."
ANSWER_BLOCK = "answered"
UNJUDGED = (
    ":warning: Slack does not say now who may approve, so what waits for your decision is not shown. Open it again."
)


def home(shown: Home, *, answered_below: int | None = None) -> View:
    """All of it, within Slack's limits: each list shows its beginning and says how much more there is.

    `answered_below`: so many blocks from the top it says where what was just asked for is answered.
    """
    blocks = [
        *waiting_words.banner(shown.pause, shown.is_away),
        *_untold(shown.untold),
        *_ways(shown.user),
        kit.section(credit_line(shown.credit, shown.at), kit.button("Credit", Action.SHOW_CREDIT)),
        *_waiting(shown),
        *waiting_words.blocks(shown.unpriced),
        *_mine(shown),
        *_services(shown.services),
        kit.context(f"As of {text.when(shown.at)}"),
    ]
    if answered_below is not None:
        blocks.insert(answered_below, {**kit.section(ANSWERED), "block_id": ANSWER_BLOCK})
    return {"type": "home", "blocks": blocks[: limits.VIEW_BLOCKS]}


def credit_line(reading: BalanceReading, now: datetime) -> str:
    """The balance with its age; a balance that cannot be read is neither good nor bad news."""
    if reading.balance is None or reading.read_at is None:
        failing = f"could not be read since {text.when(reading.failing_since)}" if reading.failing_since else None
        return f":warning: *Account credit:* {failing}" if failing else "*Account credit:* not read yet"
    known = f"*Account credit: {text.money(reading.balance)}*"
    if reading.failures and reading.failing_since:
        since = text.when(reading.failing_since)
        return f"{known} as of {text.when(reading.read_at)}\n:warning: It could not be read since {since}."
    return f"{known} · read {lists.age(now - reading.read_at)} ago"


def _untold(answers: Sequence[Untold]) -> list[Block]:
    return [
        kit.section(f":mailbox: *This could not be sent to you {text.when(one.at)}:*\n{text.cut(one.text, UNTOLD)}")
        for one in answers
    ]


def _ways(user: UserId) -> list[Block]:
    first = [
        kit.button("Ask for proxies", Action.OPEN_FORM, style="primary"),
        kit.button("Top up", Action.OPEN_TOPUP),
        kit.button("Requests", Action.SHOW_REQUESTS),
        kit.button("Help", Action.SHOW_HELP),
    ]
    second = [
        kit.button("My services", Action.SHOW_MY_SERVICES),
        kit.button("My spend", Action.REPORT_THIS_MONTH, f"spend:person:{user}:this month"),
        kit.button("My usage", Action.REPORT_30_DAYS, f"usage:person:{user}:30d"),
        kit.button("Data left", Action.SHOW_DATA),
    ]
    return [kit.actions(*first), kit.actions(*second)]


def _waiting(shown: Home) -> list[Block]:
    if shown.waiting is None:
        return [kit.section(UNJUDGED)]
    if not shown.waiting:
        return [kit.header("Nothing waits for you")]
    decisions = lists.decisions(shown.waiting, shown.at, is_only_beyond=shown.is_only_beyond)
    return [kit.header(f"Waiting for you ({len(shown.waiting)})"), *decisions]


def _mine(shown: Home) -> list[Block]:
    if not shown.mine:
        said = "You have not asked for anything yet. *Ask for proxies* above opens the form; you see the price first."
        return [kit.header("Your requests"), kit.section(said)]
    listed = [kit.section(lists.own_line(request), buttons.show(request)) for request in shown.mine[: limits.LISTED]]
    return [kit.header(f"Your requests ({shown.asked:,})"), *listed, *_more(shown.asked, listed, Action.SHOW_REQUESTS)]


def _services(page: ServicePage) -> list[Block]:
    if not page.services:
        return [kit.header("Your services"), kit.section("None runs now. What is bought for you stands here.")]
    listed = [
        kit.section(_service_line(known), kit.button("Details", Action.SHOW_SERVICE, known.id))
        for known in page.services[: limits.LISTED]
    ]
    return [kit.header(f"Your services ({page.total:,})"), *listed, *_more(page.total, listed, Action.SHOW_MY_SERVICES)]


def _service_line(known: KnownService) -> str:
    service = known.service
    ends = ""
    if service.expires_at:
        ends = f" · {'renews' if known.renews else 'ends'} {text.when(service.expires_at)}"
    name = text.words(service.name)
    return f"*{name}* · {service.quantity:,} · {text.code(service.status)}\n{text.code(service.id)}{ends}"


def _more(total: int, listed: Sequence[Block], action: Action) -> list[Block]:
    left = total - len(listed)
    if left <= 0:
        return []
    return [kit.context(f"and {left:,} more"), kit.actions(kit.button("Show more", action))]

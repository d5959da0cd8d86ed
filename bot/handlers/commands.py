"""The words after `/proxy`. One table: the dispatcher, the help and the docs are made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache

from msgspec import Struct

from bot.blocks import lists, notices
from bot.blocks.kit import Message
from bot.blocks.lists import CommandHelp
from bot.domain.catalog import Field
from bot.domain.errors import InputError
from bot.domain.money import parse_dollars
from bot.domain.typeahead import nearest
from bot.handlers import digests, drafts, orders, previews, report, reports, services, why
from bot.handlers.form import open_form
from bot.handlers.front import Front
from bot.handlers.parse import Actor, as_typed
from bot.handlers.wording import read

COMMAND = "/proxy"
MAX_TEXT = 3_000
"""Characters of a command that are read; the form takes what does not fit here."""
FORMS = frozenset({"buy", "topup"})
"""Words that open a form when nothing follows them."""
TOP_UP_REASON = "More account credit"


class Command(Struct, frozen=True):
    """`run` gets what follows the word and gives the answer for the ack; None when a form answers, or the answer
    follows. With `takes_mentions` people and channels arrive as Slack's ids, else as they were typed.

    `is_for_anybody`: the answer is the same for everybody and changes nothing, so sent again it is given again.
    """

    usage: str
    summary: str
    example: str
    run: Callable[[Front, Actor, str], Awaitable[Message | None]]
    takes_mentions: bool = False
    is_for_anybody: bool = False


async def _buy(front: Front, who: Actor, text: str) -> Message | None:
    """Nothing after the word opens the form; a line is priced and previewed."""
    if not text:
        await open_form(front, who, drafts.new_draft(who))
        return None

    async def work() -> Message:
        return await _previewed(front, who, text)

    return await front.soon(who, work, notices.sentence("Checking product, stock and price…"))


async def _previewed(front: Front, who: Actor, text: str) -> Message:
    wording = read(text, drafts.new_draft(who), await front.desk.provider.catalog())
    if wording.unknown is not None:
        return notices.unknown_word(wording.unknown.word, wording.unknown.nearest, _usage("buy"))
    await front.store.save_draft(wording.draft)
    return await previews.previewed(front, wording.draft)


async def _topup(front: Front, who: Actor, text: str) -> Message | None:
    """An amount is previewed; without one the form asks for it."""
    if not text:
        await open_form(front, who, drafts.top_up_draft(who, None))
        return None
    amount_text, _, reason = f"{text} ".partition(" for ")
    amount = parse_dollars(amount_text)
    if amount is None:
        problem = f"{amount_text.strip()[:40]} is no amount. Write dollars, such as {COMMAND} topup 50."
        raise InputError({Field.AMOUNT: problem})
    draft = drafts.with_reason(drafts.top_up_draft(who, amount), reason.strip() or TOP_UP_REASON)

    async def work() -> Message:
        await front.store.save_draft(draft)
        return await previews.previewed(front, draft)

    return await front.soon(who, work, notices.sentence("Checking the price of the top-up…"))


async def _requests(front: Front, who: Actor, _text: str) -> Message:
    return await orders.requests(front, who)


async def _show(front: Front, who: Actor, text: str) -> Message:
    if not text:
        return notices.sentence(f"Say which one: {_usage('show')}.")
    return await orders.show(front, who, text.split(maxsplit=1)[0])


async def _why(front: Front, who: Actor, text: str) -> Message:
    if not text:
        return notices.sentence(f"Say which one: {_usage('why')}.")
    return await why.why(front, who, text.split(maxsplit=1)[0])


async def _credit(front: Front, who: Actor, _text: str) -> Message:
    return await report.credit(front, who)


async def _data(front: Front, who: Actor, _text: str) -> Message:
    return await report.data(front, who)


async def _services(front: Front, who: Actor, text: str) -> Message:
    return await services.command(front, who, text)


async def _adopt(front: Front, who: Actor, text: str) -> Message:
    return await services.adopt(front, who, text)


async def _help(_front: Front, _who: Actor, _text: str) -> Message:
    return help_message()


COMMANDS: dict[str, Command] = {
    "buy": Command(
        "/proxy buy [product quantity cycle promo-code asn:… subdivision:… city:… for reason]",
        "Ask for proxies: alone it opens the form, with a line it shows the price first.",
        "/proxy buy isp_us 5 1:month WELCOME10 asn:7018 for scraping",
        _buy,
    ),
    "requests": Command("/proxy requests", "What waits for you, and what you asked for.", "/proxy requests", _requests),
    "show": Command("/proxy show number-or-service-ID", "One request with its history.", "/proxy show 1042", _show),
    "why": Command(
        "/proxy why service-ID",
        "Who asked for a service and who approved it, what it cost, and every change since.",
        "/proxy why API-2041-7730",
        _why,
    ),
    "services": Command(
        "/proxy services [channel, mine, all, outside or service-ID]",
        "What runs, when it renews and for how much; or one service with what can be done.",
        "/proxy services mine",
        _services,
    ),
    "adopt": Command(
        "/proxy adopt service-ID",
        "Take a service bought outside Proxydesk into this channel.",
        "/proxy adopt 1955-8012-871",
        _adopt,
    ),
    "credit": Command(
        "/proxy credit", "The account's credit, how long it lasts, and what comes next.", "/proxy credit", _credit
    ),
    "topup": Command("/proxy topup [dollars]", "Ask for more account credit.", "/proxy topup 50", _topup),
    "data": Command("/proxy data", "Residential and mobile data: used, left, for how long.", "/proxy data", _data),
    "spend": Command(
        "/proxy spend [about what] [which days]",
        "What was spent: here and this month, or about whom, what and when you say.",
        "/proxy spend workspace last month",
        reports.spend,
        takes_mentions=True,
    ),
    "usage": Command(
        "/proxy usage [about what] [which days]",
        "What was used: data and requests, by service, over the days.",
        "/proxy usage 2026-11-01..2026-11-15",
        reports.usage,
        takes_mentions=True,
    ),
    "digest": Command(
        "/proxy digest [how often] [day] [time]",
        "Which digests this channel gets, and setting them.",
        "/proxy digest weekly monday 9:00",
        digests.command,
    ),
    "help": Command("/proxy help", "This list.", "/proxy help", _help, is_for_anybody=True),
}


async def dispatch(front: Front, who: Actor, text: str) -> Message | None:
    """The answer for the ack of `/proxy text`, `text` as Slack sends it; None when there is none to give there."""
    if len(text) > MAX_TEXT:
        told = (
            f"That line has {len(text):,} characters; up to {MAX_TEXT:,} are read. Use the form instead: {COMMAND} buy."
        )
        return notices.sentence(told)
    word, _, rest = text.strip().partition(" ")
    if not word:
        return lists.start(help_lines())
    command = COMMANDS.get(word.lower())
    if command is None:
        word = as_typed(word)
        return notices.unknown_word(word, nearest(word.lower(), list(COMMANDS)), f"{COMMAND} {'|'.join(COMMANDS)}")
    return await command.run(front, who, (rest if command.takes_mentions else as_typed(rest)).strip())


def opens_form(text: str) -> bool:
    """Whether `/proxy text` puts a form on the screen at once. That form's draft is kept once for the signature it came
    with, so no look at what was here before has to come first, with a wait for the disk that the person would feel.
    """
    return text.strip().lower() in FORMS


def may_repeat(text: str) -> bool:
    """Whether nobody gains anything by sending `/proxy text` once more, and nobody is told anything twice."""
    command = COMMANDS.get(text.strip().partition(" ")[0].lower())
    return command is not None and command.is_for_anybody


def help_lines() -> list[CommandHelp]:
    return [CommandHelp(command.usage, command.summary, command.example) for command in COMMANDS.values()]


@cache
def help_message() -> Message:
    return lists.help_page(help_lines())


def _usage(word: str) -> str:
    return COMMANDS[word].usage

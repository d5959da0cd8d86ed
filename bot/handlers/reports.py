"""`/proxy spend` and `/proxy usage`, and the buttons of a summary: other days, share, files, picture.

Every answer is judged anew by who asks, where, and what the policy shows them now: what a button carries is a question,
never a right.
"""

from __future__ import annotations

from bot.blocks import notices, spend_summary, usage_summary
from bot.blocks.kit import Message
from bot.domain.budget import Budget
from bot.domain.ids import ChannelId
from bot.domain.notice import SharedSummary
from bot.domain.period import PeriodError
from bot.domain.scope import Asked, Kind, Measure, ScopeError, parse_words
from bot.handlers.front import UNKNOWN_BUTTON, Front
from bot.handlers.parse import Actor, Press
from bot.ports import Errand, ErrandKind
from bot.usecases import budgets
from bot.usecases import summaries as sums
from bot.usecases.desk import utcnow

NO_CHANNEL = "Sharing needs a channel. Type /proxy spend or /proxy usage in the one that should see it."
SHARED = "Shared. It appears in the channel in a moment."
SHARED_ALREADY = "You shared this already, so it is not posted again. To share newer numbers, ask for them first."
FILE_COMES = "The file comes by direct message in a moment."
PICTURE_COMES = "Drawing it. The picture appears here in a moment."
NOT_STARTED = "That could not be started: the bot's memory does not answer. Nothing changed. Try again in a minute."


async def spend(front: Front, who: Actor, words: str) -> Message | None:
    return await _command(front, who, Measure.SPEND, words)


async def usage(front: Front, who: Actor, words: str) -> Message | None:
    return await _command(front, who, Measure.USAGE, words)


async def _command(front: Front, who: Actor, measure: Measure, words: str) -> Message | None:
    async def work() -> Message:
        try:
            asked = await _asked(front, who, measure, words)
        except (ScopeError, PeriodError) as error:
            return notices.sentence(str(error))
        return await answer(front, who, asked)

    front.answer_later(who, work)
    return None


async def _asked(front: Front, who: Actor, measure: Measure, words: str) -> Asked:
    here = in_channel(who)
    said = parse_words(words, here, who.user, sums.today_of(front.desk, here))
    scope = said.scope or await sums.scope_called(front.desk, who.workspace, said.word)
    return Asked(measure, scope, said.period)


async def answer(front: Front, who: Actor, asked: Asked) -> Message:
    """The summary, or why this person is not shown it."""
    may, may_see_cost = await sums.may_see(front.desk, who.user, in_channel(who), asked.scope)
    refusal = may if not may.is_allowed else may_see_cost
    if not may.is_allowed or (asked.measure is Measure.SPEND and not may_see_cost.is_allowed):
        await front.denied(who, refusal, str(asked))
        return notices.sentence(refusal.sentence)
    if asked.measure is Measure.SPEND:
        shown = await sums.spend(front.desk, who.workspace, asked.scope, asked.period)
        names = await sums.names_of(front.desk, shown)
        zone = sums.zone_of_scope(front.desk, asked.scope)
        budget = await _budget(front, who, asked)
        return spend_summary.spend(asked, shown, time_zone=zone, names=names, budget=budget)
    used = await sums.used(front.desk, who.workspace, asked.scope, asked.period, shows_cost=may_see_cost.is_allowed)
    return usage_summary.usage(asked, used)


async def _budget(front: Front, who: Actor, asked: Asked) -> Budget | None:
    """What this month's budget leaves, for a channel in days that reach into this month."""
    if asked.scope.kind is not Kind.CHANNEL:
        return None
    channel = ChannelId(asked.scope.id)
    is_now = asked.period.last >= sums.today_of(front.desk, channel).replace(day=1)
    return await budgets.of_channel(front.desk, who.workspace, channel) if is_now else None


# Buttons


async def pressed(front: Front, press: Press) -> Message | None:
    """The same question about other days, or about the other measure."""
    asked = sums.asked_in(front.desk, press.value)
    if asked is None:
        return notices.sentence(UNKNOWN_BUTTON)
    front.answer_later(press.actor, lambda: answer(front, press.actor, asked), replace=press.is_ephemeral)
    return None


async def share_pressed(front: Front, press: Press) -> Message | None:
    asked = sums.asked_in(front.desk, press.value)
    if asked is None:
        return notices.sentence(UNKNOWN_BUTTON)

    async def work() -> Message:
        return await _share(front, press.actor, asked)

    return await front.soon(press.actor, work, notices.sentence("Sharing it…"))


async def _share(front: Front, who: Actor, asked: Asked) -> Message:
    """Judged again: rights may have gone since the summary was shown."""
    channel = in_channel(who)
    if channel is None:
        return notices.sentence(NO_CHANNEL)
    may, may_see_cost = await sums.may_see(front.desk, who.user, channel, asked.scope)
    if not may.is_allowed or (asked.measure is Measure.SPEND and not may_see_cost.is_allowed):
        refusal = may if not may.is_allowed else may_see_cost
        await front.denied(who, refusal, f"share {asked}")
        return notices.sentence(refusal.sentence + " Nothing was shared.")
    spend = used = None
    if asked.measure is Measure.SPEND:
        spend = await sums.spend(front.desk, who.workspace, asked.scope, asked.period)
    else:
        shows_cost = may_see_cost.is_allowed
        used = await sums.used(front.desk, who.workspace, asked.scope, asked.period, shows_cost=shows_cost)
    names = await sums.names_of(front.desk, spend) if spend else {}
    notice = SharedSummary(
        at=utcnow(),
        by=who.user,
        channel=channel,
        asked=asked,
        time_zone=sums.zone_of_scope(front.desk, asked.scope),
        spend=spend,
        used=used,
        shown=who.message or "",
        names=tuple(sorted(names.items())),
    )
    line = front.desk.line("summary_shared", by=who.user, detail=f"{asked} in {channel}", origin=who.origin)
    is_new = await front.desk.store.announce(who.workspace, notice, [channel], line)
    return notices.sentence(SHARED if is_new else SHARED_ALREADY)


async def csv_pressed(front: Front, press: Press) -> Message | None:
    return await _errand(front, press, ErrandKind.FILE, FILE_COMES)


async def json_pressed(front: Front, press: Press) -> Message | None:
    return await _errand(front, press, ErrandKind.JSON, FILE_COMES)


async def picture_pressed(front: Front, press: Press) -> Message | None:
    return await _errand(front, press, ErrandKind.PICTURE, PICTURE_COMES)


async def _errand(front: Front, press: Press, kind: ErrandKind, comes: str) -> Message:
    who, asked = press.actor, sums.asked_in(front.desk, press.value)
    if asked is None:
        return notices.sentence(UNKNOWN_BUTTON)
    address = who.response_url if press.is_ephemeral else None
    errand = Errand(kind, who.workspace, who.user, who.channel, address, str(asked))
    return notices.sentence(comes if await front.errands(errand) else NOT_STARTED)


# Shared by all


def in_channel(who: Actor) -> ChannelId | None:
    """The channel somebody is in; a conversation of two is none."""
    return who.channel if who.channel and who.channel.startswith(("C", "G")) else None

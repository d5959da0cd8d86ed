"""`/proxy why`: where a service comes from."""

from __future__ import annotations

from bot.blocks import notices
from bot.blocks import why as words
from bot.blocks.kit import Message
from bot.domain import invoice
from bot.handlers.front import Front
from bot.handlers.parse import Actor
from bot.handlers.reports import in_channel
from bot.usecases import summaries
from bot.usecases import why as reasons
from bot.usecases.why import Reason


async def why(front: Front, who: Actor, word: str) -> Message:
    async def work() -> Message:
        reason = await reasons.why(front.desk, who.workspace, word)
        return words.no_service(word) if reason is None else await _told(front, who, reason)

    return await front.soon(who, work, notices.sentence("Looking it up here and at Byteful…"))


async def _told(front: Front, who: Actor, reason: Reason) -> Message:
    hidden = await _why_hidden(front, who, reason)
    if reason.request is not None:
        seen = invoice.for_person(reason.request, await front.desk.invoice_readers(), who.user)
        return words.bought(
            seen, reason.entries, reason.adjustments, hidden, own=reason.own, team=reason.team, project=reason.project
        )
    if reason.service is not None:
        return words.outside(
            reason.known,
            reason.service,
            reason.entries,
            reason.adjustments,
            hidden,
            own=reason.own,
            team=reason.team,
            project=reason.project,
        )
    return words.unknown(reason.service_id, is_certain=reason.adjustments is not None)


async def _why_hidden(front: Front, who: Actor, reason: Reason) -> str:
    """Who is shown the sums, when this person is not; empty when they are."""
    request, known = reason.request, reason.known
    requester = request.requester if request else known.owner if known else None
    channel = request.channel if request else known.channel if known else None
    return (await summaries.may_see_prices(front.desk, who.user, in_channel(who), requester, channel)).sentence

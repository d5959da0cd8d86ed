"""Lists and single requests, as commands and as buttons."""

from __future__ import annotations

import asyncio

from bot.blocks import lists, notices
from bot.blocks.kit import Message
from bot.domain import invoice
from bot.domain.reservation import without_budget
from bot.domain.seeing import OWN_REQUEST
from bot.handlers.front import Front
from bot.handlers.parse import Actor, Press, click
from bot.handlers.reports import in_channel
from bot.usecases import budgets, report, summaries
from bot.usecases.desk import utcnow

NO_SUCH_REQUEST = "There is no request or service called {word} here. `/proxy requests` lists yours."


async def requests(front: Front, who: Actor) -> Message:
    async def work() -> Message:
        inbox = await report.inbox(front.desk, who.workspace, who.user)
        return lists.requests(
            inbox.mine, inbox.waiting or [], utcnow(), inbox.unpriced, is_only_beyond=inbox.is_only_beyond
        )

    return await front.soon(who, work, notices.sentence("Looking at the requests…"))


async def show(front: Front, who: Actor, word: str) -> Message:
    request = await report.find(front.desk, who.workspace, word)
    if request is None:
        return notices.sentence(NO_SUCH_REQUEST.format(word=word[:60]))
    policy = front.desk.policy()
    prices = summaries.may_see_prices(front.desk, who.user, in_channel(who), request.requester, request.channel)
    sees_prices, readers, standing = await asyncio.gather(
        prices, front.desk.invoice_readers(), budgets.of_request(front.desk, request)
    )
    if not sees_prices.is_allowed:
        return lists.one_without_sums(request, sees_prices.sentence)
    seen = invoice.for_person(request, readers, who.user)
    if sees_prices.rule == OWN_REQUEST and not policy.shows_channel_its_spend:
        seen = without_budget(seen)
    return lists.one(seen, sorted(readers.deciders), policy.approvals.role, policy.approvals.needed, standing)


async def show_pressed(front: Front, press: Press) -> Message:
    target = click(press.actor, press.value)
    return await show(front, press.actor, str(target.request) if target else press.value)


async def requests_pressed(front: Front, press: Press) -> Message:
    return await requests(front, press.actor)

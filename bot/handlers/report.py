"""Credit and data, read from the provider when somebody asks."""

from __future__ import annotations

from bot.blocks import notices, report
from bot.blocks.kit import Message
from bot.handlers.front import Front
from bot.handlers.parse import Actor, Press
from bot.usecases import report as reports


async def credit(front: Front, who: Actor) -> Message:
    async def work() -> Message:
        balance = await reports.credit_balance(front.desk)
        mine = await front.store.of_requester(who.workspace, who.user)
        return report.credit(balance, mine)

    return await front.soon(who, work, notices.sentence("Asking Byteful for the balance…"))


async def data(front: Front, who: Actor) -> Message:
    async def work() -> Message:
        return report.data(await reports.data_pools(front.desk))

    return await front.soon(who, work, notices.sentence("Asking Byteful how much data is left…"))


async def credit_pressed(front: Front, press: Press) -> Message:
    return await credit(front, press.actor)


async def data_pressed(front: Front, press: Press) -> Message:
    return await data(front, press.actor)

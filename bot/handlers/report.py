"""Credit and data, read from the provider when somebody asks."""

from __future__ import annotations

from bot.blocks import notices, report
from bot.blocks.kit import Message
from bot.handlers.front import Front
from bot.handlers.parse import Actor, Press
from bot.handlers.reports import in_channel
from bot.usecases import browse
from bot.usecases import report as reports


async def credit(front: Front, who: Actor) -> Message:
    async def work() -> Message:
        found = await reports.credit(front.desk, who.workspace)
        mine = await front.store.of_requester(who.workspace, who.user)
        outlook = found.outlook
        prices = await browse.prices(front.desk, who.workspace, who.user, in_channel(who), outlook.runway.named)
        return report.credit(
            outlook.runway.balance,
            mine,
            runway=outlook.runway if outlook.are_services_known else None,
            top_up=outlook.top_up() if outlook.coming else None,
            as_of=None if found.is_fresh else outlook.reading.read_at,
            unpriced=[service for service, verdict in prices.items() if not verdict.is_allowed],
        )

    return await front.soon(who, work, notices.sentence("Asking Byteful for the balance…"))


async def data(front: Front, who: Actor) -> Message:
    async def work() -> Message:
        found = await reports.data(front.desk, who.workspace)
        return report.data(found.pools, found.read_at, found.renewing)

    return await front.soon(who, work, notices.sentence("Asking Byteful how much data is left…"))


async def credit_pressed(front: Front, press: Press) -> Message:
    return await credit(front, press.actor)


async def data_pressed(front: Front, press: Press) -> Message:
    return await data(front, press.actor)

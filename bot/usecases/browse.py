"""Services for people to look at, page by page or one by one, and taking one into a channel."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum

import structlog
from msgspec import Struct

from bot.domain.account import KnownService, ServicePage
from bot.domain.errors import NotFoundError, OutcomeUnknownError, ProviderError
from bot.domain.ids import ChannelId, ServiceId, UserId, WorkspaceId
from bot.domain.policy import Verdict
from bot.domain.request import PurchaseRequest
from bot.domain.rules import Decider, ordinary_member
from bot.usecases import services
from bot.usecases.desk import Desk, utcnow
from bot.usecases.services import Use
from bot.usecases.summaries import may_see_prices

PAGE = 8
"""Services on one page: with a button each it still fits on a screen."""

_log = structlog.get_logger()


class Whose(StrEnum):
    CHANNEL = "channel"
    MINE = "mine"
    ALL = "all"
    OUTSIDE = "outside"


class Listing(Struct, frozen=True):
    """A page, whose services it lists, and when the account was read; None before the first time."""

    whose: Whose
    channel: ChannelId | None
    page: ServicePage
    read_at: datetime | None


class Detail(Struct, frozen=True):
    """One service; `read_at` is now unless the provider did not answer. `place` is its filter in words."""

    known: KnownService
    request: PurchaseRequest | None
    use: Use | None
    place: str | None
    read_at: datetime


async def listing(
    desk: Desk, workspace: WorkspaceId, user: UserId, whose: Whose, channel: ChannelId | None, *, offset: int
) -> Listing:
    """From the last pass over the account; the very first look makes one, or finds that another is still on its way."""
    await desk.store.remember(workspace)
    if await desk.store.services_read_at(workspace) is None:
        with suppress(OutcomeUnknownError):
            await services.look(desk, workspace)
    page = await desk.store.services(
        workspace,
        channel=channel if whose is Whose.CHANNEL else None,
        owner=user if whose is Whose.MINE else None,
        is_outside=whose is Whose.OUTSIDE,
        offset=offset,
        limit=PAGE,
    )
    return Listing(whose, channel, page, await desk.store.services_read_at(workspace))


async def detail(desk: Desk, workspace: WorkspaceId, service_id: ServiceId) -> Detail | None:
    """A service as it is now; as it was last seen when the provider does not answer. None: nobody knows it."""
    known, now = await desk.store.service(workspace, service_id), utcnow()
    request = await desk.store.by_service(workspace, service_id)
    try:
        service = await desk.provider.service(service_id)
        known = (known or KnownService(service, now, now, service)).seen(service, now)
    except NotFoundError:
        if known is None:
            return None
    except ProviderError as error:
        if known is None:
            raise
        _log.warning("service_not_read", service=service_id, error=str(error))
    if request is not None:
        known = known.bought_by(request)
    use = await services.use_since_charge(desk, workspace, known, now)
    return Detail(known, request, use, desk.provider.places.describe(known.service.filter), known.last_seen)


async def prices_of(
    desk: Desk, user: UserId, here: ChannelId | None, shown: Sequence[KnownService]
) -> dict[ServiceId, Verdict]:
    """Whether this person may see what each of them costs, from where they look."""
    verdicts = await asyncio.gather(*(may_see_prices(desk, user, here, one.owner, one.channel) for one in shown))
    return {one.id: verdict for one, verdict in zip(shown, verdicts, strict=True)}


async def prices(
    desk: Desk, workspace: WorkspaceId, user: UserId, here: ChannelId | None, services_shown: Iterable[ServiceId]
) -> dict[ServiceId, Verdict]:
    """The same for services by their id."""
    known = await desk.store.known_rows(workspace, sorted(set(services_shown)))
    return await prices_of(desk, user, here, list(known.values()))


async def adopt(desk: Desk, workspace: WorkspaceId, service_id: ServiceId, channel: ChannelId, by: UserId) -> Verdict:
    """Take a service bought outside the bot into a channel. Those who approve may; the first one wins."""
    verdict = await _may_adopt(desk, by)
    if not verdict.is_allowed:
        await desk.note(workspace, "adoption_refused", by=by, detail=f"{service_id}: {verdict.rule}")
        return verdict
    if await desk.store.service(workspace, service_id) is None:
        await services.look(desk, workspace)
    line = desk.line("adopted", by=by, detail=f"{service_id} into {channel}")
    if not await desk.store.adopt(workspace, service_id, channel, by, line):
        return Verdict(False, "adopted", await _why_not(desk, workspace, service_id))
    return Verdict(True, verdict.rule)


async def _may_adopt(desk: Desk, by: UserId) -> Verdict:
    name, _ = desk.approver_role()
    holders = await desk.approvers()
    person = await desk.directory.person(by)
    refused = ordinary_member(Decider(person, by, name, holders))
    if refused is not None:
        return refused
    if by not in holders:
        return Verdict(False, "holds_role", f"This needs the role *{name}*, which you do not have.")
    return Verdict(True, f"role:{name}")


async def _why_not(desk: Desk, workspace: WorkspaceId, service_id: ServiceId) -> str:
    known = await desk.store.service(workspace, service_id)
    if known is None:
        return f"The account has no service {service_id}. Look at `/proxy services`."
    return f"Service {service_id} belongs to <#{known.channel}> already."

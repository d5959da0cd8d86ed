"""Looking things up for people: requests, credit, data."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog
from msgspec import Struct
from msgspec.structs import replace

from bot.domain.account import BalanceReading
from bot.domain.draft import WaitingDraft
from bot.domain.errors import ProviderError
from bot.domain.ids import RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.pause import Pause
from bot.domain.request import PurchaseRequest, State
from bot.domain.rules import Decider, judge
from bot.domain.runway import BURN_DAYS, Burn, burn, data_lasts_until
from bot.domain.usage import DataPool
from bot.usecases import pausing, watch
from bot.usecases.desk import Desk, utcnow
from bot.usecases.watch import Outlook

LISTED = 10
"""Requests on one list; more than this is a page nobody reads in a chat."""
PENDING_READ = 50
"""Requests that are looked through for those one person can decide, oldest first."""
UNPRICED_READ = 50
"""Drafts without a price that are counted for one person."""

_log = structlog.get_logger()


class Inbox(Struct, frozen=True):
    """What a person asked for (newest first), what of it has no price yet, and what waits for their decision.

    `waiting` is None when that was not asked. `is_only_beyond`: they may approve over budget, and decide nothing else.
    """

    mine: list[PurchaseRequest]
    waiting: list[PurchaseRequest] | None
    unpriced: list[WaitingDraft]
    is_only_beyond: bool = False


async def inbox(desk: Desk, workspace: WorkspaceId, user: UserId) -> Inbox:
    """What is over budget waits for those who may go beyond it too. Raises ChatError when Slack does not say who may
    decide.
    """
    name, role = desk.approver_role()
    person, holders, beyond = await asyncio.gather(
        desk.directory.person(user), desk.directory.holders(role), desk.those_beyond()
    )
    if user not in holders and user not in beyond:
        return replace(await own(desk, workspace, user), waiting=[])
    mine, pending = await asyncio.gather(
        own(desk, workspace, user), desk.store.in_state(workspace, State.PENDING, PENDING_READ)
    )

    def may_decide(request: PurchaseRequest) -> bool:
        those = holders.union(beyond) if request.over_budget else holders
        is_allowed = judge(Decider(person, request.requester, name, those)).is_allowed
        return is_allowed and all(approval.by != user for approval in request.approvals)

    waiting = [request for request in pending if may_decide(request)]
    return replace(mine, waiting=waiting, is_only_beyond=user not in holders)


async def own(desk: Desk, workspace: WorkspaceId, user: UserId) -> Inbox:
    """What a person asked for, without what waits for them."""
    mine, unpriced = await asyncio.gather(
        desk.store.of_requester(workspace, user, LISTED), desk.store.waiting(workspace, user, UNPRICED_READ)
    )
    return Inbox(mine, None, unpriced)


class Trouble(Struct, frozen=True):
    """What keeps requests from getting on: a pause of purchases, or a provider that does not answer."""

    pause: Pause | None
    is_away: bool


async def trouble(desk: Desk, workspace: WorkspaceId) -> Trouble:
    """Asks that still wait for a price show that the provider was away when the sweep last looked."""
    is_away = desk.provider.is_away or await desk.store.count_waiting(workspace) > 0
    return Trouble(await pausing.present_pause(desk), is_away)


async def find(desk: Desk, workspace: WorkspaceId, word: str) -> PurchaseRequest | None:
    """By short number (`1042`, `#1042`) or service ID."""
    number = word.lstrip("#")
    if number.isdecimal() and len(number) <= 12:
        return await desk.store.get(workspace, RequestId(int(number)))
    return await desk.store.by_service(workspace, ServiceId(word))


class Credit(Struct, frozen=True):
    """The balance now, or as last read when the provider does not give it; and how long it lasts."""

    outlook: Outlook
    is_fresh: bool


async def credit(desk: Desk, workspace: WorkspaceId) -> Credit:
    """Raises ProviderError when the balance cannot be read and none is known."""
    await desk.store.remember(workspace)
    try:
        reading, is_fresh = BalanceReading(await desk.provider.credit_balance(), utcnow()), True
    except ProviderError as error:
        reading, is_fresh = await desk.store.balance(workspace), False
        if reading.balance is None:
            raise
        _log.warning("balance_not_read", error=str(error))
    return Credit(await watch.outlook(desk, workspace, reading), is_fresh)


class Data(Struct, frozen=True):
    """Each data pool with what is used of it a day and until when it lasts; `read_at` None: read just now.

    `renewing` are the services among theirs that renew.
    """

    pools: tuple[tuple[DataPool, Burn, datetime | None], ...]
    read_at: datetime | None
    renewing: frozenset[ServiceId] = frozenset()


async def data(desk: Desk, workspace: WorkspaceId) -> Data:
    """Raises ProviderError when the pools cannot be read and none are known."""
    await desk.store.remember(workspace)
    known, now = None, utcnow()
    try:
        found = await desk.provider.data_pools()
    except ProviderError as error:
        known = await desk.store.pools(workspace)
        if known is None:
            raise
        found = known.pools
        _log.warning("pools_not_read", error=str(error))
    today = now.date()
    rows = await desk.store.usage(workspace, today - timedelta(days=BURN_DAYS), today)
    burning = [(pool, burn(rows, pool.network, today)) for pool in found]
    pools = tuple((pool, rate, data_lasts_until(pool, rate, now)) for pool, rate in burning)
    services = await desk.store.known_rows(workspace, [pool.service_id for pool in found if pool.service_id])
    renewing = frozenset(one.id for one in services.values() if one.renews)
    return Data(pools, known.read_at if known else None, renewing)

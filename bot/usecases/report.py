"""Looking things up for people: requests, credit, data."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.draft import WaitingDraft
from bot.domain.ids import RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.money import Cents
from bot.domain.pause import Pause
from bot.domain.request import PurchaseRequest, State
from bot.domain.rules import Decider, judge
from bot.domain.usage import DataPool
from bot.usecases import pausing
from bot.usecases.desk import Desk

LISTED = 10
"""Requests on one list; more than this is a page nobody reads in a chat."""
UNPRICED_READ = 50
"""Drafts without a price that are counted for one person."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """What a person asked for (newest first), what of it has no price yet, and what waits for their decision."""

    mine: list[PurchaseRequest]
    waiting: list[PurchaseRequest]
    unpriced: list[WaitingDraft]


async def inbox(desk: Desk, workspace: WorkspaceId, user: UserId) -> Inbox:
    mine = await desk.store.of_requester(workspace, user, LISTED)
    unpriced = await desk.store.waiting(workspace, user, UNPRICED_READ)
    name, role = desk.approver_role()
    holders = await desk.directory.holders(role)
    if user not in holders:
        return Inbox(mine, [], unpriced)
    person = await desk.directory.person(user)
    pending = await desk.store.in_state(workspace, State.PENDING)
    may_decide = [
        request
        for request in pending
        if judge(Decider(person, request.requester, name, holders)).is_allowed
        and all(approval.by != user for approval in request.approvals)
    ]
    return Inbox(mine, may_decide[:LISTED], unpriced)


@dataclass(frozen=True, slots=True)
class Trouble:
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


async def credit_balance(desk: Desk) -> Cents:
    return await desk.provider.credit_balance()


async def data_pools(desk: Desk) -> list[DataPool]:
    return list(await desk.provider.data_pools())

"""Looking things up for people: requests, credit, data."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.ids import RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.money import Cents
from bot.domain.request import PurchaseRequest, State
from bot.domain.rules import Decider, judge
from bot.domain.usage import DataPool
from bot.usecases.desk import Desk

LISTED = 10
"""Requests on one list; more than this is a page nobody reads in a chat."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """What a person asked for (newest first) and what waits for their decision (oldest first)."""

    mine: list[PurchaseRequest]
    waiting: list[PurchaseRequest]


async def inbox(desk: Desk, workspace: WorkspaceId, user: UserId) -> Inbox:
    mine = await desk.store.of_requester(workspace, user, LISTED)
    name, role = desk.approver_role()
    holders = await desk.directory.holders(role)
    if user not in holders:
        return Inbox(mine, [])
    person = await desk.directory.person(user)
    pending = await desk.store.in_state(workspace, State.PENDING)
    may_decide = [
        request
        for request in pending
        if judge(Decider(person, request.requester, name, holders)).is_allowed
        and all(approval.by != user for approval in request.approvals)
    ]
    return Inbox(mine, may_decide[:LISTED])


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

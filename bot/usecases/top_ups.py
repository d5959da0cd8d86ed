"""Whether an ordered top-up is paid: the provider names no id for it, so only a balance that rises shows it.

For each open top-up the lowest balance since its order is remembered. It counts as paid once the balance stands its
amount above that, beyond what other top-ups brought since; of several that may be meant the oldest is. A balance that
falls proves nothing, so credit spent meanwhile can only make it later. While it is unclear whether one brought
anything, none is judged.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
import structlog
from msgspec import Struct

from bot.domain import delivery
from bot.domain.catalog import CREDIT
from bot.domain.ids import RequestId, WorkspaceId
from bot.domain.ledger import adds
from bot.domain.money import Cents
from bot.domain.request import Followed, PurchaseRequest
from bot.usecases.desk import Desk, utcnow
from bot.usecases.journal import OPEN

WATCH = "top-ups"
LEASE_S = 60.0
LONGEST_OPEN = timedelta(days=30)
"""Longer than any is followed: one that is paid now was ordered, and stands in the ledger, at most so long ago."""

_log = structlog.get_logger()


class Mark(Struct, frozen=True):
    """The lowest balance since a top-up was ordered, and when it was read."""

    floor: Cents
    at: datetime


Marks = dict[RequestId, Mark]


async def look(desk: Desk, workspace: WorkspaceId, number: RequestId) -> None:
    """Read the balance and record what it shows about every open top-up, one look at a time."""
    token = uuid.uuid4().hex
    if not await desk.store.hold(workspace, WATCH, token, LEASE_S):
        return  # somebody is at it; this one comes back when its lease ends
    try:
        await _look(desk, workspace, number)
    finally:
        await desk.store.release(workspace, WATCH, token)


async def open_top_ups(desk: Desk, workspace: WorkspaceId) -> tuple[RequestId, ...]:
    """Top-ups that are ordered and not paid: credit that is not there yet."""
    found = await _requests(desk, workspace, (await _marks(desk, workspace))[1])
    return tuple(request.id for request in found if _is_open(request))


async def _look(desk: Desk, workspace: WorkspaceId, number: RequestId) -> None:
    now, balance = utcnow(), await desk.provider.credit_balance()
    if await _is_one_under_way(desk, workspace):
        return  # what it brings would be taken for the payment of another; this one comes back when its lease ends
    raw, marks = await _marks(desk, workspace)
    requests = await _requests(desk, workspace, {*marks, number})
    standing: Marks = {}
    for request in filter(_is_open, requests):
        mark = marks.get(request.id) or _first_mark(request)
        moved = await _record(desk, request, now, is_paid=await _has_risen(desk, request, mark, balance))
        if _is_open(moved):
            standing[request.id] = Mark(balance, now) if balance < mark.floor else mark
    await desk.store.keep_watch(workspace, WATCH, raw, msgspec.json.encode(standing).decode())


async def _is_one_under_way(desk: Desk, workspace: WorkspaceId) -> bool:
    """Whether a top-up is being bought, or nobody knows if it was."""
    return any(request.selection.is_top_up for request in await desk.all_in(workspace, *OPEN))


async def _has_risen(desk: Desk, request: PurchaseRequest, mark: Mark, balance: Cents) -> bool:
    wanted = mark.floor + request.quote.total
    return balance >= wanted and balance >= wanted + await _brought(desk, request.workspace, mark.at)


async def _record(desk: Desk, request: PurchaseRequest, now: datetime, *, is_paid: bool) -> PurchaseRequest:
    sight = delivery.look_at_top_up(request, now, is_paid=is_paid)
    if not delivery.is_new(request, sight):
        await desk.store.look_again(request.workspace, request.id, delivery.next_look(request, now, sight.findings))
        return request
    moved = await desk.move(request, Followed(now, sight.order, sight.findings))
    _log.info("top_up_followed", request=request.id, is_paid=is_paid)
    return moved


def _is_open(request: PurchaseRequest) -> bool:
    return delivery.next_look(request, request.changed_at, request.findings) is not None


async def _brought(desk: Desk, workspace: WorkspaceId, since: datetime) -> Cents:
    """What top-ups added to the balance after that moment: those paid at once, and those seen to be paid."""
    first, last = (since - LONGEST_OPEN).date(), (utcnow() + timedelta(days=1)).date()
    entries = desk.ledger.entries(workspace, first, last, product=CREDIT.code)
    return sum([adds(entry).get("top_up", 0) async for entry in entries if entry.at > since])


def _first_mark(request: PurchaseRequest) -> Mark:
    """The balance just before it was ordered."""
    attempt = request.attempt
    return Mark(attempt.credit_before if attempt else 0, attempt.claimed_at if attempt else request.created_at)


async def _marks(desk: Desk, workspace: WorkspaceId) -> tuple[str | None, Marks]:
    raw = await desk.store.watch(workspace, WATCH)
    return raw, msgspec.json.decode(raw, type=Marks) if raw else {}


async def _requests(desk: Desk, workspace: WorkspaceId, numbers: Iterable[RequestId]) -> list[PurchaseRequest]:
    """Oldest first."""
    found = [await desk.store.get(workspace, number) for number in sorted(numbers)]
    return [one for one in found if one is not None]

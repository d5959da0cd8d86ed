"""Decisions people take on a request: approve, decline, withdraw, retry, settle a doubt; and the clock's: expire.

Whoever clicks is judged at the click against live roles. Of two clicks at once one wins; the other is told who did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.audit import NOWHERE, Origin
from bot.domain.budget import Budget, beyond
from bot.domain.delivery import Sight, look_at_found
from bot.domain.errors import ChatError, InputError, OverBudgetError, StaleError
from bot.domain.ids import RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.policy import Role, Verdict
from bot.domain.quote import changes, is_blocked
from bot.domain.request import (
    RENEWAL_CHANGED,
    Absent,
    Approved,
    Capped,
    Declined,
    Endorsed,
    Event,
    Expired,
    Found,
    Order,
    PurchaseRequest,
    Resumed,
    Retried,
    State,
    Withdrawn,
    may,
)
from bot.domain.rules import Decider, judge
from bot.usecases import pricing
from bot.usecases.desk import Desk, utcnow
from bot.usecases.reconcile import rivals

TRIES = 4
"""How often a decision is taken again on newer facts before giving up; each lost race is a fresh read."""


class Result(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    OVER_BUDGET = "over budget"
    CHANGED = "changed"
    TOO_LATE = "too late"
    TOO_EARLY = "too early"
    MISSING = "missing"


class Click(Struct, frozen=True):
    """Who clicked where on which revision of which request, all from the signed payload. Revision None: any."""

    workspace: WorkspaceId
    user: UserId
    request: RequestId
    revision: int | None
    origin: Origin = NOWHERE


class Decision(Struct, frozen=True):
    """How a click ended. `request` is its state after the click; `verdict` says why somebody may not, and `role` who
    may when those are others than the approvers.
    """

    result: Result
    request: PurchaseRequest | None = None
    verdict: Verdict | None = None
    role: tuple[str, Role] | None = None


Step = Callable[[PurchaseRequest, Verdict], Event | None]
"""The event a decision makes of a request, or None when it is too late for it."""
ThoseBeyond = asyncio.Future[tuple[UserId, ...]]


async def approve(desk: Desk, click: Click) -> Decision:
    """OVER_BUDGET when it would be the last approval needed and the channel's budget has no room: it does not count."""
    return await _decide(desk, click, _approval(desk, click), judged=True, may_meet_cap=True)


async def approve_beyond(desk: Desk, click: Click) -> Decision:
    """Approve what the budget has no room for. Belongs to the role that the policy names for it."""
    role = desk.beyond_role()
    if role is None:
        request = await desk.store.get(click.workspace, click.request)
        return await (_refuse(desk, click, request, NOBODY_BEYOND) if request else _missing(desk, click))
    approval = _approval(desk, click)

    def step(request: PurchaseRequest, verdict: Verdict) -> Event | None:
        is_asked_for = request.over_budget is not None
        return approval(request, replace(verdict, rule=beyond(role[0]))) if is_asked_for else None

    return await _decide(desk, click, step, judged=True, role=role)


NOBODY_BEYOND = Verdict(
    False, "over_budget_role", "The policy lets nobody approve over budget. An admin can raise the budget instead."
)


def _approval(desk: Desk, click: Click) -> Step:
    def step(request: PurchaseRequest, verdict: Verdict) -> Event | None:
        if any(approval.by == click.user for approval in request.approvals):
            return None
        is_last = len(request.approvals) + 1 >= desk.policy().approvals.needed
        kind = Approved if is_last else Endorsed
        return kind(utcnow(), click.user, verdict.rule, desk.policy().digest) if may(request, kind) else None

    return step


async def decline(desk: Desk, click: Click, reason: str) -> Decision:
    return await _decide(desk, click, lambda *_: Declined(utcnow(), click.user, reason), judged=True)


async def withdraw(desk: Desk, click: Click) -> Decision:
    """Belongs to the requester alone."""
    return await _decide(desk, click, lambda *_: Withdrawn(utcnow(), click.user), judged=False)


async def may_decide(desk: Desk, click: Click) -> Decision:
    """Whether this person could decide this request now; changes nothing but notes a refusal."""
    request = await desk.store.get(click.workspace, click.request)
    if request is None:
        return Decision(Result.MISSING)
    verdict = await _judge(desk, click, request)
    if not verdict.is_allowed:
        return await _refuse(desk, click, request, verdict)
    return Decision(Result.DONE if _is_shown(click, request) else Result.CHANGED, request, verdict)


async def retry(desk: Desk, click: Click) -> Decision:
    """Buy it after all. The approvals stand when it is proven that nothing was bought and the price still fits; else it
    asks for fresh ones. Raises ProviderError when there is no price to be had.
    """
    decision = await may_decide(desk, click)
    request = decision.request
    if decision.result is not Result.DONE or request is None:
        return decision
    if not may(request, Retried):
        return Decision(Result.TOO_LATE, request)
    quote = await pricing.quote(desk, request.workspace, request.selection)
    found = changes(request.approved_quote, quote, desk.policy().tolerance)
    if request.approvals and request.is_proven_unbought and not is_blocked(found):
        with suppress(OverBudgetError):  # then it is for a fresh decision
            return await _decide(desk, click, lambda *_: Resumed(utcnow(), click.user, quote, found), judged=True)
    deadline = utcnow() + desk.policy().approval_window
    return await _decide(desk, click, lambda *_: Retried(utcnow(), click.user, quote, deadline), judged=True)


async def mark_absent(desk: Desk, click: Click) -> Decision:
    """A person looked at the provider and says nothing was bought. Only once it would be visible if it had been."""
    decision = await may_decide(desk, click)
    request = decision.request
    if decision.result is not Result.DONE or request is None:
        return decision
    if request.state is State.IN_DOUBT and not (request.doubt and request.doubt.is_settled):
        return Decision(Result.TOO_EARLY, request)
    return await _decide(desk, click, lambda *_: Absent(utcnow(), click.user), judged=True)


async def mark_found(desk: Desk, click: Click, service_id: ServiceId | None) -> Decision:
    """A person says an unclear checkout did buy. A named service must exist and belong to no other request.

    A top-up leaves no service, so there is none to name; its money counts once the balance shows it.
    """
    decision = await may_decide(desk, click)
    request = decision.request
    if decision.result is not Result.DONE or request is None:
        return decision
    if request.selection.is_about_renewal:
        sight = Sight(RENEWAL_CHANGED, ())
    elif request.selection.is_top_up:
        sight = Sight(Order(None, None, False, request.quote.total, request.quote.due, None), ())
    elif service_id is None:
        raise InputError({"service_id": "Name the service that was bought."})
    else:
        service = await desk.provider.service(service_id)
        owner = await desk.store.by_service(click.workspace, service.id)
        if owner is not None and owner.id != request.id:
            raise InputError({"service_id": f"{service.id} already belongs to another request."})
        if any(other.state is State.ORDERING for other in await rivals(desk, request, service)):
            raise InputError({"service_id": f"{service.id} may be what is being bought right now. Wait a minute."})
        sight = look_at_found(request, service, utcnow())
    return await _decide(desk, click, lambda *_: Found(utcnow(), sight.order, click.user, sight.findings), judged=True)


async def expire(desk: Desk, request: PurchaseRequest) -> PurchaseRequest:
    """Close a request that waited too long. StaleError when somebody decided in the same moment."""
    return await desk.move(request, Expired(utcnow()), is_for_worker=True)


async def _decide(
    desk: Desk,
    click: Click,
    step: Step,
    *,
    judged: bool,
    role: tuple[str, Role] | None = None,
    may_meet_cap: bool = False,
) -> Decision:
    """Ends in a step or in a note, so that a click which carries a signature has its effect and its answer once.

    `role` is who may, by name; those who approve when it is not given. ReplayError when it was here before.
    """
    for _ in range(TRIES):
        request = await desk.store.get(click.workspace, click.request)
        if request is None:
            return await _missing(desk, click)
        with _asked_meanwhile(desk, request, may_meet_cap=may_meet_cap) as beyond:
            verdict = await _judge(desk, click, request, role) if judged else _own(click, request)
            if not verdict.is_allowed:
                return replace(await _refuse(desk, click, request, verdict), role=role)
            try:
                return await _take(desk, click, request, step(request, verdict), beyond)
            except StaleError:
                continue
    request = await desk.store.get(click.workspace, click.request)
    return await _late(desk, click, request, Result.TOO_LATE) if request else await _missing(desk, click)


@contextmanager
def _asked_meanwhile(desk: Desk, request: PurchaseRequest, *, may_meet_cap: bool) -> Iterator[ThoseBeyond | None]:
    """Who may approve beyond the cap, asked while the click is judged: each may take seconds, and the click has three.
    Nobody waits for it unless it meets the cap; None where there is none to meet.
    """
    is_capped = may_meet_cap and desk.policy().cap_of(request.channel) is not None
    asking = asyncio.ensure_future(desk.those_beyond()) if is_capped else None
    try:
        yield asking
    finally:
        if asking is not None:
            asking.cancel()


async def _take(
    desk: Desk, click: Click, request: PurchaseRequest, event: Event | None, beyond: ThoseBeyond | None
) -> Decision:
    if request.state is State.PENDING and utcnow() >= request.expires_at:
        return await _late(desk, click, await expire(desk, request), Result.TOO_LATE)
    if not _is_shown(click, request):
        return await _late(desk, click, request, Result.CHANGED)
    if event is None or not may(request, type(event)):
        return await _late(desk, click, request, Result.TOO_LATE)
    try:
        is_adoption = isinstance(event, Found)
        decided = await desk.move(request, event, origin=click.origin, is_adoption=is_adoption, is_for_worker=True)
    except OverBudgetError as error:
        if not isinstance(event, Approved):
            raise
        return await _stop_at_cap(desk, click, request, error.budget, beyond)
    return Decision(Result.DONE, decided)


async def _stop_at_cap(
    desk: Desk, click: Click, request: PurchaseRequest, budget: Budget, beyond: ThoseBeyond | None
) -> Decision:
    """The request says so from now on, with the sums; the same sums are not said twice."""
    if request.over_budget == budget:
        return await _late(desk, click, request, Result.OVER_BUDGET)
    capped = Capped(utcnow(), click.user, budget, await (beyond or desk.those_beyond()))
    stopped = await desk.move(request, capped, origin=click.origin, is_for_worker=True)
    return Decision(Result.OVER_BUDGET, stopped)


def _is_shown(click: Click, request: PurchaseRequest) -> bool:
    return click.revision is None or click.revision == request.revision


async def _judge(desk: Desk, click: Click, request: PurchaseRequest, who: tuple[str, Role] | None = None) -> Verdict:
    name, role = who or desk.approver_role()
    try:  # together, because each may take seconds and the click has three
        person, holders = await asyncio.gather(desk.directory.person(click.user), desk.directory.holders(role))
    except ChatError as error:
        await _note(desk, click, request, "not_judged", str(error))
        raise
    return judge(Decider(person, request.requester, name, holders))


def _own(click: Click, request: PurchaseRequest) -> Verdict:
    if click.user == request.requester:
        return Verdict(True, "own_request")
    return Verdict(
        False, "own_request", "Only the person who asked can withdraw a request. Those who approve can decline it."
    )


async def _missing(desk: Desk, click: Click) -> Decision:
    detail = f"There is no request #{click.request}."
    await desk.note(click.workspace, "missing_request", by=click.user, detail=detail, origin=click.origin)
    return Decision(Result.MISSING)


async def _refuse(desk: Desk, click: Click, request: PurchaseRequest, verdict: Verdict) -> Decision:
    await _note(desk, click, request, f"refused:{verdict.rule}", verdict.sentence)
    return Decision(Result.REFUSED, request, verdict)


async def _late(desk: Desk, click: Click, request: PurchaseRequest, result: Result) -> Decision:
    await _note(desk, click, request, "late_click", f"{result}, on revision {click.revision or 'any'}")
    return Decision(result, request)


async def _note(desk: Desk, click: Click, request: PurchaseRequest, what: str, detail: str) -> None:
    """A click that changed nothing is part of the record as well."""
    await desk.note(click.workspace, what, by=click.user, request=request, detail=detail, origin=click.origin)

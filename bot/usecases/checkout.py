"""The only module that spends.

Before a checkout: the approvers are judged again, the quote is taken again and compared with what was approved, and
the claim (attempt id, fingerprint, time, services known before) is on disk. After a clear answer the request is
ORDERED or FAILED; after anything else it is IN_DOUBT. Nothing is ever sent twice.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import stamina
import structlog

from bot.domain.errors import (
    AccessError,
    NeverSentError,
    OutcomeUnknownError,
    ProviderError,
    RefusedError,
    SelectionRefusedError,
    StaleError,
    StoreUnavailableError,
)
from bot.domain.ids import AttemptId, RequestId, WorkspaceId
from bot.domain.quote import Change, ChangeKind, Quote, changes, is_blocked
from bot.domain.request import (
    Attempt,
    Claimed,
    Delayed,
    Event,
    Failure,
    Found,
    Order,
    Ordered,
    PurchaseRequest,
    Refused,
    Reopened,
    State,
    Unclear,
    advance,
)
from bot.domain.rules import Decider, judge
from bot.log import new_reference
from bot.usecases.desk import Desk, utcnow
from bot.usecases.reconcile import reconcile

ATTEMPT_LIFE = timedelta(seconds=90)
"""An attempt without an answer after this long has nobody waiting for it any more. Longer than any HTTP time-out."""
CHECKOUT_LEASE_S = 120.0
KNOWN_SERVICES_WINDOW = timedelta(minutes=15)
"""How far before a checkout services are noted, so that they are never mistaken for its result."""
RECORD_TRIES = 8
"""How often a bought answer is offered to a store that does not take it."""

_log = structlog.get_logger()


async def drive(desk: Desk, workspace: WorkspaceId, number: RequestId) -> bool:
    """Take a request as far as the machine may. False when it should be tried again soon."""
    request = await desk.store.get(workspace, number)
    if request is None:
        return True
    match request.state:
        case State.APPROVED:
            return await _one_at_a_time(desk, request)
        case State.ORDERING:
            return await _flag_lost_attempt(desk, request)
        case State.IN_DOUBT:
            await reconcile(desk, request)
            return True
        case _:
            return True


async def _one_at_a_time(desk: Desk, request: PurchaseRequest) -> bool:
    """One create in flight, so that an unclear one can be told from the others."""
    token = uuid.uuid4().hex
    if not await desk.store.hold(request.workspace, "checkout", token, CHECKOUT_LEASE_S):
        return False
    try:
        await _buy(desk, request)
    except StaleError:
        return True  # somebody else took the step; the state decides
    finally:
        await desk.store.release(request.workspace, "checkout", token)
    return True


async def _buy(desk: Desk, request: PurchaseRequest) -> None:
    if await _has_lost_approver(desk, request):
        lost = Change(ChangeKind.APPROVER, "allowed to approve", "no longer allowed", True)
        await _reopen(desk, request, request.quote, (lost,))
        return
    try:
        fresh = await desk.provider.quote(request.selection)
        known = await desk.provider.services_since(utcnow() - KNOWN_SERVICES_WINDOW)
    except SelectionRefusedError as refusal:
        await _reopen_refused(desk, request, refusal)
        return
    except ProviderError as error:
        await _delay(desk, request, error)
        return
    found = changes(request.quote, fresh, desk.policy().tolerance)
    if is_blocked(found):
        await _reopen(desk, request, fresh, found)
        return
    attempt = Attempt(
        id=AttemptId(uuid.uuid4().hex),
        fingerprint=request.selection.fingerprint(),
        claimed_at=utcnow(),
        known_services=tuple(service.id for service in known),
        credit_before=fresh.credit_balance,
    )
    claimed = await _move(desk, request, Claimed(utcnow(), attempt, fresh, found), is_durable=True)
    await _send(desk, claimed)


async def _send(desk: Desk, claimed: PurchaseRequest) -> None:
    reference = new_reference()
    log = _log.bind(request=claimed.id, attempt=claimed.attempt and claimed.attempt.id, reference=reference)
    log.info("checkout_sent", product=claimed.selection.product_code, total=claimed.quote.total)
    try:
        order = await desk.provider.create_checkout(claimed.selection)
    except (NeverSentError, RefusedError) as error:
        log.warning("checkout_refused", error=str(error), status=error.status, provider_request=error.request_id)
        await _record(desk, claimed, Refused(utcnow(), Failure(str(error), reference)))
    except OutcomeUnknownError as error:
        log.error("checkout_unclear", error=str(error), status=error.status, provider_request=error.request_id)
        await _record(desk, claimed, Unclear(utcnow(), Failure(str(error), reference)))
    else:
        log.info("checkout_ordered", service=order.service_id, is_paid=order.is_paid)
        # The answer does not say how much of the total its invoice asks for; the quote of a moment ago does.
        order = replace(order, due=0 if order.is_paid else claimed.quote.due)
        await _record(desk, claimed, Ordered(utcnow(), order))
        await _stamp(desk, claimed, order)


async def _record(desk: Desk, claimed: PurchaseRequest, event: Event) -> None:
    """Write down how the checkout ended; a store that is away for a moment is asked again."""
    async for attempt in stamina.retry_context(on=StoreUnavailableError, attempts=RECORD_TRIES, timeout=60):
        with attempt:
            try:
                await _move(desk, claimed, event)
            except StaleError:
                await _record_late(desk, claimed, event)


async def _record_late(desk: Desk, claimed: PurchaseRequest, event: Event) -> None:
    """The attempt was given up as unclear before its answer came: the answer settles the doubt."""
    now = await desk.store.get(claimed.workspace, claimed.id)
    is_ours = now is not None and now.attempt == claimed.attempt and now.state is State.IN_DOUBT
    if now is not None and is_ours and isinstance(event, Ordered):
        await _move(desk, now, Found(utcnow(), event.order, None))
    else:
        _log.warning("late_answer_not_recorded", request=claimed.id, answer=type(event).__name__)


async def _stamp(desk: Desk, request: PurchaseRequest, order: Order) -> None:
    """Write who asked and who approved on the service itself. Failing here loses a label, nothing else."""
    if order.service_id is None:
        return
    try:
        await desk.provider.tag_service(order.service_id, stamp_of(request))
    except ProviderError as error:
        _log.warning("service_not_stamped", request=request.id, service=order.service_id, error=str(error))


def stamp_of(request: PurchaseRequest) -> dict[str, str]:
    return {
        "proxydesk_request": f"{request.workspace}/{request.id}",
        "proxydesk_attempt": request.attempt.id if request.attempt else "",
        "requester": request.requester,
        "approvers": " ".join(approval.by for approval in request.approvals),
        "channel": request.channel,
    }


async def _flag_lost_attempt(desk: Desk, request: PurchaseRequest) -> bool:
    """A claim whose process is gone: it may have been sent, so it is in doubt."""
    if request.attempt and utcnow() - request.attempt.claimed_at < ATTEMPT_LIFE:
        return True
    reference = new_reference()
    _log.error("checkout_interrupted", request=request.id, reference=reference)
    reason = "The bot was interrupted while it was buying, so it does not know how that ended."
    await _move(desk, request, Unclear(utcnow(), Failure(reason, reference)))
    return True


async def _has_lost_approver(desk: Desk, request: PurchaseRequest) -> bool:
    name, role = desk.approver_role()
    holders = await desk.directory.holders(role)
    for approval in request.approvals:
        person = await desk.directory.person(approval.by)
        if not judge(Decider(person, request.requester, name, holders)).is_allowed:
            return True
    return False


async def _reopen_refused(desk: Desk, request: PurchaseRequest, refusal: SelectionRefusedError) -> None:
    """What was approved cannot be bought. Without its promo code it may be: then that price is up for decision."""
    selection = request.selection
    refused = Change(ChangeKind.REFUSED, "could be bought", str(refusal), True)
    if selection.promo_code is None or refusal.field != "promo":
        await _reopen(desk, request, request.quote, (refused,))
        return
    try:
        fresh = await desk.provider.quote(replace(selection, promo_code=None))
    except ProviderError:
        await _reopen(desk, request, request.quote, (refused,))
        return
    found = changes(request.quote, fresh, desk.policy().tolerance)
    await _reopen(desk, replace(request, selection=replace(selection, promo_code=None)), fresh, found)


async def _reopen(desk: Desk, request: PurchaseRequest, fresh: Quote, found: tuple[Change, ...]) -> None:
    deadline = utcnow() + desk.policy().approval_window
    await _move(desk, request, Reopened(utcnow(), request.selection, fresh, found, deadline))


async def _delay(desk: Desk, request: PurchaseRequest, error: ProviderError) -> None:
    """Nothing was sent. Said once per reason; the sweep tries again."""
    reason = (
        "The provider refuses our keys. An admin has to mend them."
        if isinstance(error, AccessError)
        else "The provider does not give a price at the moment."
    )
    reference = new_reference()
    _log.warning("checkout_delayed", request=request.id, error=str(error), status=error.status, reference=reference)
    if request.failure is None or request.failure.reason != reason:
        await _move(desk, request, Delayed(utcnow(), Failure(reason, reference)))


async def _move(desk: Desk, request: PurchaseRequest, event: Event, *, is_durable: bool = False) -> PurchaseRequest:
    moved = advance(request, event)
    await desk.store.move(request, moved, is_durable=is_durable)
    return moved

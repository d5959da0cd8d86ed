"""The only module that spends.

Before a checkout: the approvers are judged again, the quote is taken again and compared with what was approved, and
the claim (attempt id, fingerprint, time, services known before) is on disk. After a clear answer the request is
ORDERED or FAILED; after anything else it is IN_DOUBT. Nothing is ever sent twice.

While it buys, a worker keeps the workspace's checkout lease. Whoever lost it (a paused process that wakes up late)
sends nothing any more, and whoever gets it knows that a claim found in ORDERING has nobody behind it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import stamina
import structlog

from bot.domain.budget import is_beyond
from bot.domain.catalog import Selection
from bot.domain.errors import (
    AccessError,
    NeverSentError,
    OutcomeUnknownError,
    OverBudgetError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    SelectionRefusedError,
    StaleError,
    StoreUnavailableError,
)
from bot.domain.ids import AttemptId, RequestId, WorkspaceId
from bot.domain.quote import Change, ChangeKind, Quote, changes, is_blocked
from bot.domain.request import (
    RENEWAL_CHANGED,
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
)
from bot.domain.rules import Decider, judge
from bot.log import new_reference
from bot.ports import Store
from bot.usecases import pausing
from bot.usecases.desk import Desk, utcnow
from bot.usecases.journal import forget, note, note_unsent, sent_before, settle, settle_forgotten
from bot.usecases.reconcile import reconcile
from bot.usecases.stamp import stamp

LEASE = "checkout"
LEASE_S = 9.0
"""How long a purchase waits for a worker that died while it was buying another one."""
LEASE_RENEWAL_S = 2.5
KNOWN_SERVICES_WINDOW = timedelta(minutes=15)
"""How far before a checkout services are noted, so that they are never mistaken for its result."""
RECORD_TRIES = 8
"""How often a bought answer is offered to a store that does not take it."""

Step = Callable[[Desk, PurchaseRequest, "Lease"], Awaitable[None]]
_log = structlog.get_logger()


async def drive(desk: Desk, workspace: WorkspaceId, number: RequestId) -> bool:
    """Take a request as far as the machine may. False when it should be tried again soon."""
    request = await desk.store.get(workspace, number)
    if request is None:
        return True
    match request.state:
        case State.APPROVED:
            return await _with_lease(desk, request, _buy)
        case State.ORDERING | State.IN_DOUBT if await settle(desk, request):
            return True
        case State.ORDERING:
            return await _with_lease(desk, request, _flag_lost_attempt)
        case State.IN_DOUBT:
            await reconcile(desk, request)
            return True
        case _:
            return True


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to be the one process that buys in a workspace, for as long as it is renewed."""

    store: Store
    workspace: WorkspaceId
    token: str

    async def take(self) -> bool:
        """Take or keep it; False when somebody else has it."""
        return await self.store.hold(self.workspace, LEASE, self.token, LEASE_S)

    async def keep(self) -> None:
        """Renew it until cancelled. A renewal that fails is noticed by whoever asks before sending."""
        while True:
            await asyncio.sleep(LEASE_RENEWAL_S)
            with suppress(StoreUnavailableError):
                await self.take()


async def _with_lease(desk: Desk, request: PurchaseRequest, step: Step) -> bool:
    """One create in flight, so that an unclear one can be told from the others. False while somebody else is buying."""
    lease = Lease(desk.store, request.workspace, uuid.uuid4().hex)
    if not await lease.take():
        return False
    keeping = asyncio.create_task(lease.keep())
    try:
        await step(desk, request, lease)
    except StaleError:
        return True  # somebody else took the step; the state decides
    finally:
        keeping.cancel()
        with suppress(StoreUnavailableError):
            await desk.store.release(request.workspace, LEASE, lease.token)
    return True


async def _buy(desk: Desk, request: PurchaseRequest, lease: Lease) -> None:
    if sent := await sent_before(desk, request):
        await settle_forgotten(desk, request, sent)
        return
    if await _has_lost_approver(desk, request):
        lost = Change(ChangeKind.APPROVER, "allowed to approve", "no longer allowed", True)
        await _reopen(desk, request, request.quote, (lost,))
        return
    if pause := await pausing.present_pause(desk):
        await _put_off(desk, request, pause.words, pause.id)
        return
    try:
        fresh, known = await asyncio.gather(
            desk.provider.quote(request.selection), desk.provider.services_since(utcnow() - KNOWN_SERVICES_WINDOW)
        )
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
    _log.info("checkout_quoted", request=request.id, total=fresh.total)
    attempt = Attempt(
        id=AttemptId(uuid.uuid4().hex),
        fingerprint=request.selection.fingerprint(),
        claimed_at=utcnow(),
        known_services=tuple(service.id for service in known),
        credit_before=fresh.credit_balance,
    )
    try:
        claimed = await desk.move(request, Claimed(utcnow(), attempt, fresh, found), is_durable=True)
    except StoreUnavailableError:
        await note_unsent(desk, request, attempt)
        raise
    except OverBudgetError as error:
        left, needed = error.budget.left, error.budget.needed
        await _reopen(desk, request, fresh, (*found, Change(ChangeKind.BUDGET, left, needed, True)))
        return
    await _send(desk, claimed, lease)


async def _send(desk: Desk, claimed: PurchaseRequest, lease: Lease) -> None:
    reference = new_reference()
    log = _log.bind(request=claimed.id, attempt=claimed.attempt and claimed.attempt.id, reference=reference)
    log.info("checkout_claimed", product=claimed.selection.product_code, total=claimed.quote.total)
    try:
        await note(desk, claimed, None)
        await _check_lease(lease)
        log.info("checkout_sent")
        order = await _carry_out(desk, claimed.selection)
    except (NeverSentError, RefusedError) as error:
        log.warning("checkout_refused", error=str(error), status=error.status, provider_request=error.request_id)
        await _record(desk, claimed, Refused(utcnow(), Failure(str(error), reference, error.request_id)))
        if isinstance(error, AccessError):
            await pausing.begin(desk, claimed.workspace, error)
    except OutcomeUnknownError as error:
        log.error("checkout_unclear", error=str(error), status=error.status, provider_request=error.request_id)
        await _record(desk, claimed, Unclear(utcnow(), Failure(str(error), reference, error.request_id)))
    else:
        log.info("checkout_ordered", service=order.service_id, is_paid=order.is_paid)
        # The answer does not say how much of the total its invoice asks for; the quote of a moment ago does.
        order = replace(order, due=0 if order.is_paid else claimed.quote.due)
        await note(desk, claimed, order)
        await _record(desk, claimed, Ordered(utcnow(), order))
        log.info("checkout_recorded")
        await stamp(desk, claimed, order)


async def _carry_out(desk: Desk, selection: Selection) -> Order:
    """Buy; or change whether a service renews, which costs nothing and leaves no order but that it is done."""
    if selection.service is None:
        return await desk.provider.create_checkout(selection)
    await desk.provider.set_renewal(selection.service, renews=not selection.stops_renewal)
    return RENEWAL_CHANGED


async def _check_lease(lease: Lease) -> None:
    """The last question before money moves: is this still our turn? Raises NeverSentError when it is not."""
    try:
        is_ours = await lease.take()
    except StoreUnavailableError as error:
        raise NeverSentError("The bot's memory did not answer just before buying, so nothing was sent.") from error
    if not is_ours:
        raise NeverSentError("The bot was held up before buying and lost its turn, so nothing was sent.")


async def _record(desk: Desk, claimed: PurchaseRequest, event: Event) -> None:
    """Write down how the checkout ended; a store that is away for a moment is asked again."""
    async for attempt in stamina.retry_context(on=StoreUnavailableError, attempts=RECORD_TRIES, timeout=60):
        with attempt:
            try:
                await desk.move(claimed, event)
            except StaleError:
                await _record_late(desk, claimed, event)
    await forget(desk, claimed)


async def _record_late(desk: Desk, claimed: PurchaseRequest, event: Event) -> None:
    """The attempt was given up as unclear before its answer came: a clear answer settles the doubt."""
    now = await desk.store.get(claimed.workspace, claimed.id)
    is_ours = now is not None and now.attempt == claimed.attempt and now.state is State.IN_DOUBT
    if now is None or not is_ours or isinstance(event, Unclear):
        _log.warning("late_answer_not_recorded", request=claimed.id, answer=type(event).__name__)
        return
    await desk.move(now, Found(utcnow(), event.order, None) if isinstance(event, Ordered) else event)


async def _flag_lost_attempt(desk: Desk, request: PurchaseRequest, _lease: Lease) -> None:
    """Nobody is buying, yet this claim is open: its process is gone, and it may have been sent."""
    now = await desk.store.get(request.workspace, request.id)
    if now is None or now.state is not State.ORDERING:
        return
    reference = new_reference()
    _log.error("checkout_interrupted", request=request.id, reference=reference)
    reason = "The bot was interrupted while it was buying, so it does not know how that ended."
    await desk.move(now, Unclear(utcnow(), Failure(reason, reference)))


async def _has_lost_approver(desk: Desk, request: PurchaseRequest) -> bool:
    """Each is judged under the role that let them approve."""
    for approval in request.approvals:
        role = desk.beyond_role() if is_beyond(approval.rule) else desk.approver_role()
        if role is None:
            return True
        person, holders = await desk.directory.person(approval.by), await desk.directory.holders(role[1])
        if not judge(Decider(person, request.requester, role[0], holders)).is_allowed:
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
    await desk.move(request, Reopened(utcnow(), request.selection, fresh, found, deadline))


async def _delay(desk: Desk, request: PurchaseRequest, error: ProviderError) -> None:
    """Nothing was sent; the sweep tries again. Refused keys stand in the way of every purchase, so all are paused."""
    log = _log.bind(request=request.id, error=str(error), status=error.status, provider_request=error.request_id)
    if isinstance(error, AccessError):
        pause = await pausing.begin(desk, request.workspace, error)
        log.warning("checkout_delayed", reference=pause.id)
        await _put_off(desk, request, pause.words, pause.id)
        return
    reference = new_reference()
    log.warning("checkout_delayed", reference=reference)
    is_outage = isinstance(error, NeverSentError | OutcomeUnknownError | RateLimitedError)
    reason = "The provider does not give a price at the moment." if is_outage else str(error)
    await _put_off(desk, request, reason, reference)


async def _put_off(desk: Desk, request: PurchaseRequest, reason: str, reference: str) -> None:
    """Said once per reason."""
    if request.failure is None or request.failure.reason != reason:
        await desk.move(request, Delayed(utcnow(), Failure(reason, reference)))

"""The only module that spends.

Before a checkout: the approvers are judged again, the quote is taken again and compared with what was approved, and
the claim (attempt id, fingerprint, time, services known before) is on disk. After a clear answer the request is
ORDERED or FAILED; after anything else it is IN_DOUBT. Nothing is ever sent twice. One at a time in a workspace: see
`lease.py`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from time import monotonic

import stamina
import structlog
from msgspec.structs import replace

from bot.domain.budget import is_beyond
from bot.domain.catalog import Selection
from bot.domain.errors import (
    AccessError,
    ChatError,
    NeverSentError,
    OutcomeUnknownError,
    OverBudgetError,
    ProviderError,
    RateLimitedError,
    RecordError,
    RefusedError,
    SelectionRefusedError,
    StaleError,
    StoreUnavailableError,
)
from bot.domain.ids import AttemptId, RequestId, WorkspaceId
from bot.domain.pause import Pause
from bot.domain.quote import Change, ChangeKind, Quote, changes, is_blocked
from bot.domain.request import (
    RENEWAL_CHANGED,
    Attempt,
    Claimed,
    Delayed,
    Event,
    Failure,
    Order,
    Ordered,
    PurchaseRequest,
    Refused,
    Reopened,
    State,
    Unclear,
)
from bot.domain.rules import Decider, judge
from bot.domain.usage import Service
from bot.log import new_reference
from bot.ports import LastLook
from bot.usecases import pausing, pricing
from bot.usecases.desk import Desk, utcnow
from bot.usecases.journal import (
    OPEN,
    forget,
    note,
    note_unsent,
    record_answer,
    sent_before,
    sent_for,
    settle,
    settle_forgotten,
)
from bot.usecases.lease import LEASE, Lease
from bot.usecases.reconcile import KNOWN_SERVICES_WINDOW, reconcile
from bot.usecases.stamp import stamp

RECORD_TRIES = 8
"""How often a bought answer is offered to a store that does not take it."""
OVERTAKEN_S = (0.01, 0.05, 0.2, 1.0)
"""When a request is read again that is older than the step to be taken on from."""
SHIFT_S = 20.0
"""After this long the line goes on in a job of its own, so that a worker that is to stop can."""

Step = Callable[[Desk, PurchaseRequest, Lease], Awaitable[PurchaseRequest | None]]
_log = structlog.get_logger()


async def drive(desk: Desk, workspace: WorkspaceId, number: RequestId) -> None:
    """Take a request as far as the machine may, and those that stand in line behind it."""
    async for moved in purchases(desk, workspace, number):
        await finish(desk, moved)


async def purchases(
    desk: Desk, workspace: WorkspaceId, number: RequestId, version: int = 0
) -> AsyncIterator[PurchaseRequest]:
    """The same, giving out each request as its purchase left it, to be told of and finished beside the next one.

    `version` is what the step that called for this makes of the request.
    """
    request = await _arrived(desk, workspace, number, version)
    if request is None or (request.state in OPEN and await settle(desk, request)):
        return
    if request.state is State.IN_DOUBT:
        await reconcile(desk, request)
        return
    lease, ends = Lease(desk.store, workspace), monotonic() + SHIFT_S
    if request.state not in _STEPS or not await lease.queue_up(number):
        return
    async with lease.kept():
        turn: RequestId | None = number
        known: PurchaseRequest | None = request
        while turn is not None:
            if moved := await _turn(desk, turn, lease, known):
                yield moved
            turn, known = await lease.pass_on(turn), None
            if turn is not None and monotonic() > ends:
                await _leave_to_another_job(desk, turn, lease)
                return


async def _arrived(desk: Desk, workspace: WorkspaceId, number: RequestId, version: int) -> PurchaseRequest | None:
    """A nudge leaves together with its step, and overtakes it where the store has to learn the move first. One whose
    step was refused finds the request as it is.
    """
    request = await desk.store.get(workspace, number)
    for wait_s in OVERTAKEN_S:
        if request is None or request.version >= version:
            break
        await asyncio.sleep(wait_s)
        request = await desk.store.get(workspace, number)
    return request


async def finish(desk: Desk, bought: PurchaseRequest) -> None:
    """What nobody waits for once a purchase is recorded."""
    if bought.state is State.ORDERED and bought.order is not None:
        await forget(desk, bought)
        await stamp(desk, bought, bought.order)


async def left_in_line(desk: Desk, workspace: WorkspaceId) -> RequestId | None:
    """Who waits for a turn although nobody is buying: whoever was to pass it on has died."""
    return await desk.store.unserved(workspace, LEASE)


async def _turn(desk: Desk, number: RequestId, lease: Lease, known: PurchaseRequest | None) -> PurchaseRequest | None:
    """One step of one request. What keeps it back keeps nobody else.

    One that stood in line is read again, for it may have moved on; one that came at once is `known`, and if it moved on
    all the same its step is refused as stale.
    """
    try:
        request = known or await desk.store.get(lease.workspace, number)
        step = _STEPS.get(request.state) if request else None
        return await step(desk, request, lease) if request and step else None
    except StaleError:
        return None  # somebody else took the step; the state decides
    except (ChatError, ProviderError, RecordError) as error:
        _log.warning("step_put_off", request=number, error=str(error))
        return None  # the sweep comes back to it


async def _leave_to_another_job(desk: Desk, turn: RequestId, lease: Lease) -> None:
    await lease.give_back()
    if request := await desk.store.get(lease.workspace, turn):
        await desk.nudge(request)


async def _buy(desk: Desk, request: PurchaseRequest, lease: Lease) -> PurchaseRequest | None:
    sent, missing, offer = await asyncio.gather(
        sent_before(desk, request), _missing_approval(desk, request), _offer(desk, request)
    )
    if sent:
        return await settle_forgotten(desk, request, sent)
    if missing:
        return await _reopen(desk, request, request.quote, (missing,))
    if isinstance(offer, Pause):
        return await _put_off(desk, request, offer.words, offer.id)
    if isinstance(offer, SelectionRefusedError):
        return await _reopen_refused(desk, request, offer)
    if isinstance(offer, ProviderError):
        return await _delay(desk, request, offer)
    fresh, known = offer
    found = changes(request.approved_quote, fresh, desk.policy().tolerance)
    if is_blocked(found):
        return await _reopen(desk, request, fresh, found)
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
    except OverBudgetError:
        no_room = Change(ChangeKind.BUDGET, request.quote.total, fresh.total, True)
        return await _reopen(desk, request, fresh, (*found, no_room))
    return await _send(desk, claimed, lease)


async def _offer(desk: Desk, request: PurchaseRequest) -> tuple[Quote, Sequence[Service]] | ProviderError | Pause:
    """The price as it is now and the services there are, or why there is none. Asked for while it is found out whether
    it is wanted: nothing hangs on a question."""
    if pause := await pausing.present_pause(desk):
        return pause
    try:
        return await asyncio.gather(
            pricing.quote(desk, request.workspace, request.selection, desk.provider.urgent),
            desk.provider.urgent.services_since(utcnow() - KNOWN_SERVICES_WINDOW),
        )
    except ProviderError as error:
        return error


async def _send(desk: Desk, claimed: PurchaseRequest, lease: Lease) -> PurchaseRequest | None:
    reference = new_reference()
    log = _log.bind(request=claimed.id, attempt=claimed.attempt and claimed.attempt.id, reference=reference)
    log.info("checkout_claimed", product=claimed.selection.product_code, total=claimed.quote.total)

    async def last_look() -> None:
        _, obstacle = await asyncio.gather(note(desk, claimed, None), _obstacle(lease))
        if obstacle:
            raise NeverSentError(obstacle)
        log.info("checkout_sent")

    try:
        order = await _carry_out(desk, claimed.selection, last_look)
    except (NeverSentError, RefusedError) as error:
        log.warning("checkout_refused", error=str(error), status=error.status, provider_request=error.request_id)
        moved = await _record(desk, claimed, Refused(utcnow(), Failure(str(error), reference, error.request_id)))
        if isinstance(error, AccessError):
            await pausing.begin(desk, claimed.workspace, error)
    except OutcomeUnknownError as error:
        log.error("checkout_unclear", error=str(error), status=error.status, provider_request=error.request_id)
        moved = await _record(desk, claimed, Unclear(utcnow(), Failure(str(error), reference, error.request_id)))
    else:
        log.info("checkout_ordered", service=order.service_id, is_paid=order.is_paid)
        order = replace(order, due=claimed.quote.due_of(order.total, is_paid=order.is_paid))
        if moved := await _keep_answer(desk, claimed, order):
            log.info("checkout_recorded")
        return moved  # what was bought stays in the journal until the request has it
    await forget(desk, claimed)
    return moved


async def _carry_out(desk: Desk, selection: Selection, last_look: LastLook) -> Order:
    """Buy; or change whether a service renews, which costs nothing and leaves no order but that it is done."""
    if selection.service is None:
        return await desk.provider.create_checkout(selection, last_look)
    await last_look()
    await desk.provider.set_renewal(selection.service, renews=not selection.stops_renewal)
    return RENEWAL_CHANGED


async def _obstacle(lease: Lease) -> str | None:
    """The last question before money moves: is this still our turn? Why not, when it is not."""
    try:
        is_ours = await lease.is_ours()
    except StoreUnavailableError:
        return "The bot's memory did not answer just before buying, so nothing was sent."
    return None if is_ours else "The bot was held up before buying and lost its turn, so nothing was sent."


async def _keep_answer(desk: Desk, claimed: PurchaseRequest, order: Order) -> PurchaseRequest | None:
    """On this disk and in the store at the same time: whichever is first, the answer outlives this process. The journal
    is waited for however the store fares."""
    noting = asyncio.create_task(note(desk, claimed, order))
    try:
        return await _record(desk, claimed, Ordered(utcnow(), order))
    finally:
        await noting


async def _record(desk: Desk, claimed: PurchaseRequest, event: Event) -> PurchaseRequest | None:
    """Write down how the checkout ended; a store that is away for a moment is asked again."""
    async for attempt in stamina.retry_context(on=StoreUnavailableError, attempts=RECORD_TRIES, timeout=60):
        with attempt:
            try:
                return await desk.move(claimed, event)
            except StaleError:
                return await _record_late(desk, claimed, event)
    return None


async def _record_late(desk: Desk, claimed: PurchaseRequest, event: Event) -> PurchaseRequest | None:
    """The attempt was given up before its answer came. A clear answer settles the doubt; *bought* holds in any case."""
    now = await desk.store.get(claimed.workspace, claimed.id)
    if isinstance(event, Ordered) and now is not None and claimed.attempt is not None:
        return await record_answer(desk, now, sent_for(claimed, claimed.attempt, event.order), event.order)
    is_ours = now is not None and now.attempt == claimed.attempt and now.state is State.IN_DOUBT
    if now is None or not is_ours or isinstance(event, Unclear):
        _log.warning("late_answer_not_recorded", request=claimed.id, answer=type(event).__name__)
        return None
    return await desk.move(now, event)


async def _flag_lost_attempt(desk: Desk, request: PurchaseRequest, _lease: Lease) -> PurchaseRequest:
    """Nobody is buying, yet this claim is open: its process is gone, and it may have been sent."""
    reference = new_reference()
    _log.error("checkout_interrupted", request=request.id, reference=reference)
    reason = "The bot was interrupted while it was buying, so it does not know how that ended."
    return await desk.move(request, Unclear(utcnow(), Failure(reason, reference)))


async def _missing_approval(desk: Desk, request: PurchaseRequest) -> Change | None:
    """What the policy now in force finds wanting in the approvals; None when they still carry the purchase."""
    given, needed = len(request.approvals), desk.policy().approvals.needed
    if given < needed:
        return Change(ChangeKind.APPROVALS, str(given), str(needed), True)
    if await _has_lost_approver(desk, request):
        return Change(ChangeKind.APPROVER, "allowed to approve", "no longer allowed", True)
    return None


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


async def _reopen_refused(desk: Desk, request: PurchaseRequest, refusal: SelectionRefusedError) -> PurchaseRequest:
    """What was approved cannot be bought. Without its promo code it may be: then that price is up for decision."""
    selection = request.selection
    refused = Change(ChangeKind.REFUSED, "could be bought", str(refusal), True)
    if selection.promo_code is None or refusal.field != "promo":
        return await _reopen(desk, request, request.quote, (refused,))
    try:
        fresh = await desk.provider.urgent.quote(replace(selection, promo_code=None))
    except ProviderError:
        return await _reopen(desk, request, request.quote, (refused,))
    found = changes(request.approved_quote, fresh, desk.policy().tolerance)
    return await _reopen(desk, replace(request, selection=replace(selection, promo_code=None)), fresh, found)


async def _reopen(desk: Desk, request: PurchaseRequest, fresh: Quote, found: tuple[Change, ...]) -> PurchaseRequest:
    deadline = utcnow() + desk.policy().approval_window
    return await desk.move(request, Reopened(utcnow(), request.selection, fresh, found, deadline))


async def _delay(desk: Desk, request: PurchaseRequest, error: ProviderError) -> PurchaseRequest | None:
    """Nothing was sent; the sweep tries again. Refused keys stand in the way of every purchase, so all are paused."""
    log = _log.bind(request=request.id, error=str(error), status=error.status, provider_request=error.request_id)
    if isinstance(error, AccessError):
        pause = await pausing.begin(desk, request.workspace, error)
        log.warning("checkout_delayed", reference=pause.id)
        return await _put_off(desk, request, pause.words, pause.id)
    reference = new_reference()
    log.warning("checkout_delayed", reference=reference)
    is_outage = isinstance(error, NeverSentError | OutcomeUnknownError | RateLimitedError)
    reason = "The provider does not give a price at the moment." if is_outage else str(error)
    return await _put_off(desk, request, reason, reference)


async def _put_off(desk: Desk, request: PurchaseRequest, reason: str, reference: str) -> PurchaseRequest | None:
    """Said once per reason."""
    if request.failure is not None and request.failure.reason == reason:
        return None
    return await desk.move(request, Delayed(utcnow(), Failure(reason, reference)))


_STEPS: dict[State, Step] = {State.APPROVED: _buy, State.ORDERING: _flag_lost_attempt}
"""What is done under the lease. The other states wait for somebody else."""

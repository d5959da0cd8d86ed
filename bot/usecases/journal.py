"""What this machine itself remembers of checkouts, and bringing the store up to it.

The journal is written before a checkout is sent and again when its answer is there, and forgotten once the store has
the outcome. Whatever is still in it afterwards is something the store does not know.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.domain.errors import StaleError
from bot.domain.request import (
    Attempt,
    Claimed,
    Failure,
    Found,
    Happened,
    Order,
    Ordered,
    PurchaseRequest,
    Refused,
    State,
    Unclear,
)
from bot.log import new_reference
from bot.ports import Sent
from bot.usecases.desk import Desk, utcnow
from bot.usecases.stamp import stamp

OPEN = (State.ORDERING, State.IN_DOUBT)
UNSENT = "The claim could not be put on disk, so nothing was sent."
UNSENT_MEMORY = timedelta(minutes=10)
"""Longer than a server that hung may take to carry out the claim after all."""
FORGOTTEN = "The bot's memory lost the record of a purchase that was sent, so it does not know how that ended."

_log = structlog.get_logger()


async def note(desk: Desk, claimed: PurchaseRequest, order: Order | None) -> None:
    """On this disk before anything else happens. A disk that takes nothing is logged and does not stop the store."""
    if claimed.attempt is not None:
        attempt = claimed.attempt
        await _keep(desk, Sent(claimed.workspace, claimed.id, attempt.id, attempt.claimed_at, order))


async def note_unsent(desk: Desk, request: PurchaseRequest, attempt: Attempt) -> None:
    """The claim may stand in the store or not, but its checkout was not sent: `replay` brings the two together."""
    await _keep(desk, Sent(request.workspace, request.id, attempt.id, attempt.claimed_at, None, is_unsent=True))


async def _keep(desk: Desk, sent: Sent) -> None:
    if desk.journal is None:
        return
    try:
        await desk.journal.keep(sent)
    except OSError as error:
        _log.error("checkout_not_journalled", request=sent.request, error=type(error).__name__)


async def forget(desk: Desk, request: PurchaseRequest) -> None:
    """The store has the outcome. A file that stays is dropped by a later round."""
    if desk.journal is None or request.attempt is None:
        return
    try:
        await desk.journal.forget(request.attempt.id)
    except OSError as error:
        _log.warning("journal_not_cleared", request=request.id, error=type(error).__name__)


async def sent_before(desk: Desk, request: PurchaseRequest) -> Sent | None:
    """A checkout this machine sent for an approved request, although the store says it was never claimed."""
    for sent in await desk.journal.kept() if desk.journal else ():
        is_its_own = (sent.workspace, sent.request) == (request.workspace, request.id)
        if is_its_own and not sent.is_unsent and not _is_over(request, sent):
            return sent
    return None


async def settle_forgotten(desk: Desk, request: PurchaseRequest, sent: Sent) -> PurchaseRequest:
    """Write the lost claim again and then what is known of its outcome. Nothing is sent."""
    _log.error("claim_was_forgotten", request=request.id, attempt=sent.attempt)
    fingerprint, credit = request.selection.fingerprint(), request.quote.credit_balance
    attempt = Attempt(sent.attempt, fingerprint, sent.sent_at, (), credit)
    event = Claimed(utcnow(), attempt, request.quote, ())
    claimed = await desk.move(request, event, is_durable=True, is_capped=False)
    if sent.order is not None:
        return await _settle(desk, claimed, sent.order)
    return await desk.move(claimed, Unclear(utcnow(), Failure(FORGOTTEN, new_reference())), is_durable=True)


async def settle(desk: Desk, request: PurchaseRequest) -> bool:
    """End a purchase without a known end by what this machine alone knows of it; False when that is nothing.

    Comes before looking at the provider, where the invoice link of the answer is not to be found.
    """
    for sent in await desk.journal.kept() if desk.journal else ():
        is_its_own = request.attempt is not None and sent.attempt == request.attempt.id
        if is_its_own and (sent.is_unsent or sent.order is not None):
            await _replay_open(desk, request, sent)
            return True
    return False


async def replay(desk: Desk) -> None:
    """Write answers that only the journal has to the store, and drop what the store knows by now."""
    for sent in await desk.journal.kept() if desk.journal else ():
        request = await desk.store.get(sent.workspace, sent.request)
        if request is None:
            _log.error("journal_of_unknown_request", request=sent.request, service=sent.order and sent.order.service_id)
        elif request.state in OPEN and request.attempt and request.attempt.id == sent.attempt:
            await _replay_open(desk, request, sent)
        elif desk.journal is not None and (_is_over(request, sent) or _is_past(sent)):
            await desk.journal.forget(sent.attempt)


async def _replay_open(desk: Desk, request: PurchaseRequest, sent: Sent) -> None:
    try:
        if sent.is_unsent:
            await desk.move(request, Refused(utcnow(), Failure(UNSENT, new_reference())), is_durable=True)
            _log.warning("claim_given_up", request=request.id, attempt=sent.attempt)
        elif sent.order is not None:
            await stamp(desk, await _settle(desk, request, sent.order), sent.order)
    except StaleError:
        return  # whoever was faster knows as much; the next round looks again


async def _settle(desk: Desk, request: PurchaseRequest, order: Order) -> PurchaseRequest:
    now = utcnow()
    event = Found(now, order, None) if request.state is State.IN_DOUBT else Ordered(now, order)
    moved = await desk.move(request, event, is_durable=True)
    _log.warning("answer_replayed", request=request.id, service=order.service_id)
    return moved


def _is_over(request: PurchaseRequest, sent: Sent) -> bool:
    """The store knows an end of this attempt, or of a time after it."""
    ended = request.last(Happened.ORDERED, Happened.FOUND, Happened.REFUSED, Happened.ABSENT)
    return ended is not None and ended.at >= sent.sent_at


def _is_past(sent: Sent) -> bool:
    """A proof about a claim that the store does not have, and will not get any more."""
    return sent.is_unsent and utcnow() - sent.sent_at > UNSENT_MEMORY

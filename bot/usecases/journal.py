"""What this machine itself remembers of checkouts, and bringing the store up to it.

The journal is written before a checkout is sent and again when its answer is there, and forgotten once the store has
the outcome. Whatever is still in it afterwards is something the store does not know.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from msgspec.structs import replace

from bot.domain.errors import RecordError, StaleError
from bot.domain.ids import ServiceId
from bot.domain.notice import BoughtBesides
from bot.domain.request import (
    Attempt,
    Claimed,
    Event,
    Failure,
    Followed,
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
from bot.usecases.addressees import Addressees
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
        await _keep(desk, sent_for(claimed, claimed.attempt, order))


def sent_for(claimed: PurchaseRequest, attempt: Attempt, order: Order | None) -> Sent:
    return Sent(claimed.workspace, claimed.id, attempt.id, attempt.claimed_at, order)


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
    event = Claimed(utcnow(), _attempt(request, sent), request.quote, ())
    claimed = await desk.move(request, event, is_durable=True, is_capped=False)
    if sent.order is not None:
        return await _settle(desk, claimed, sent.order)
    return await desk.move(claimed, Unclear(utcnow(), Failure(FORGOTTEN, new_reference())), is_durable=True)


def _attempt(request: PurchaseRequest, sent: Sent) -> Attempt:
    """The claim as far as it is known here."""
    if request.attempt is not None and request.attempt.id == sent.attempt:
        return request.attempt
    return Attempt(sent.attempt, request.selection.fingerprint(), sent.sent_at, (), request.quote.credit_balance)


async def settle(desk: Desk, request: PurchaseRequest) -> bool:
    """End a purchase without a known end by what this machine alone knows of it; False when that is nothing.

    Comes before looking at the provider, where the invoice link of the answer is not to be found.
    """
    for sent in await desk.journal.kept() if desk.journal else ():
        if _is_own(request, sent) and (sent.is_unsent or sent.order is not None):
            await _replay(desk, request, sent)
            return True
    return False


async def replay(desk: Desk) -> None:
    """Write answers that only the journal has to the store, and drop what the store knows by now."""
    for sent in await desk.journal.kept() if desk.journal else ():
        try:
            await _take_up(desk, sent)
        except RecordError as error:  # it stays, for a version that can read its request
            _log.error("record_not_understood", request=sent.request, error=str(error))


async def _take_up(desk: Desk, sent: Sent) -> None:
    request = await desk.store.get(sent.workspace, sent.request)
    if request is None:
        _log.error("journal_of_unknown_request", request=sent.request, service=sent.order and sent.order.service_id)
    elif request.state in OPEN and _is_own(request, sent):
        await _replay(desk, request, sent)
    elif desk.journal is not None and (_is_over(request, sent) or _is_past(sent)):
        await desk.journal.forget(sent.attempt)
    elif sent.order is not None:
        await _replay(desk, request, sent)


async def _replay(desk: Desk, request: PurchaseRequest, sent: Sent) -> None:
    try:
        if sent.is_unsent:
            await desk.move(request, Refused(utcnow(), Failure(UNSENT, new_reference())), is_durable=True)
            _log.warning("claim_given_up", request=request.id, attempt=sent.attempt)
        elif sent.order is not None and (bought := await record_answer(desk, request, sent, sent.order)):
            await stamp(desk, bought, sent.order)
    except StaleError:
        return  # whoever was faster knows as much; the next round looks again


async def record_answer(desk: Desk, request: PurchaseRequest, sent: Sent, order: Order) -> PurchaseRequest | None:
    """Write a bought answer to the request as it is by now, also when it was given up as not bought: it was bought.

    None where the request stands for something else by then. Those who must know are told, and the journal keeps it.
    """
    if _is_over(request, sent):
        return request
    if request.state is State.APPROVED:
        return await settle_forgotten(desk, request, sent)
    event = await _what_it_makes(desk, request, sent, order)
    if event is None:
        await _tell_of_another(desk, request, sent, order)
        return None
    moved = await desk.move(request, event, is_durable=True)
    _log.warning("answer_replayed", request=request.id, service=order.service_id)
    return moved


async def _what_it_makes(desk: Desk, request: PurchaseRequest, sent: Sent, order: Order) -> Event | None:
    now = utcnow()
    match request.state:
        case State.ORDERING if _is_own(request, sent):
            return Ordered(now, order)
        case State.IN_DOUBT if _is_own(request, sent):
            return Found(now, order, None)
        case State.FAILED | State.PENDING if not await _is_anothers(desk, request, order.service_id):
            return Ordered(now, order, _attempt(request, sent))
        case State.ORDERED if request.order is not None and _is_order_of(request, sent, order):
            people = (request.requester, *await Addressees(desk).payers())
            return Followed(now, replace(request.order, invoice_url=order.invoice_url), request.findings, people)
        case _:
            return None


async def _is_anothers(desk: Desk, request: PurchaseRequest, service: ServiceId | None) -> bool:
    owner = await desk.store.by_service(request.workspace, service) if service else None
    return owner is not None and owner.id != request.id


async def _tell_of_another(desk: Desk, request: PurchaseRequest, sent: Sent, order: Order) -> None:
    """Once, to the thread and to all who could buy it again or have to see to what there is now."""
    notice = BoughtBesides(sent.attempt, utcnow(), request.id, order.service_id)
    if await desk.store.notice(sent.workspace, notice.key):
        return
    _log.error("bought_besides", request=request.id, attempt=sent.attempt, service=order.service_id)
    people = Addressees(desk)
    concerned = [request.requester, *await people.approvers(), *await people.keepers()]
    line = desk.line("bought_besides", by=None, detail=f"{order.service_id or 'no service'}, {order.total} cents")
    line = replace(line, request=request.id)
    await desk.store.announce(sent.workspace, notice, [request.id, *dict.fromkeys(concerned)], line)


async def _settle(desk: Desk, request: PurchaseRequest, order: Order) -> PurchaseRequest:
    moved = await desk.move(request, Ordered(utcnow(), order), is_durable=True)
    _log.warning("answer_replayed", request=request.id, service=order.service_id)
    return moved


def _is_own(request: PurchaseRequest, sent: Sent) -> bool:
    return request.attempt is not None and request.attempt.id == sent.attempt


def _is_order_of(request: PurchaseRequest, sent: Sent, order: Order) -> bool:
    """Whether the order the request has is the one this answer tells of; a top-up leaves nothing but its claim."""
    is_same = request.order is not None and request.order.service_id == order.service_id
    return is_same and (not request.selection.is_top_up or _is_own(request, sent))


def _is_over(request: PurchaseRequest, sent: Sent) -> bool:
    """The store knows all that this tells of its attempt: what was bought, or else an end of then or later."""
    if sent.order is not None:
        return _is_known(request, sent, sent.order)
    ended = request.last(Happened.ORDERED, Happened.FOUND, Happened.REFUSED, Happened.ABSENT)
    return ended is not None and ended.at >= sent.sent_at


def _is_known(request: PurchaseRequest, sent: Sent, bought: Order) -> bool:
    """Whether the request has this order, and the link to its invoice where there is something to pay.

    A change of a renewal costs nothing, and the service shows it: nobody needs to know which attempt made it.
    """
    if request.selection.is_about_renewal and not _is_own(request, sent):
        return True
    order = request.order
    if order is None or not _is_order_of(request, sent, bought):
        return False
    return order.is_paid or order.invoice_url is not None or bought.invoice_url is None


def _is_past(sent: Sent) -> bool:
    """A proof about a claim that the store does not have, and will not get any more."""
    return sent.is_unsent and utcnow() - sent.sent_at > UNSENT_MEMORY

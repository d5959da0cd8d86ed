"""Working out an unclear checkout by looking, never by trying again.

A service that can only be this checkout's is adopted. One that another open checkout of the same may have bought isn't:
while that one is under way it is waited for, and otherwise a person decides. One that has ended, none or several are
shown to a person, and "nothing was bought" can be said only after the settle time, because a slow checkout may land
minutes later.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from bot.domain.delivery import look_at_found
from bot.domain.errors import ProviderError, StaleError
from bot.domain.ids import ServiceId
from bot.domain.request import (
    RENEWAL_CHANGED,
    Attempt,
    Candidate,
    Doubt,
    Examined,
    Failure,
    Found,
    PurchaseRequest,
    Refused,
    State,
)
from bot.domain.usage import Service
from bot.usecases import pausing
from bot.usecases.desk import Desk, utcnow
from bot.usecases.stamp import is_stamped

KNOWN_SERVICES_WINDOW = timedelta(minutes=15)
"""How far before a checkout services are noted, so that they are never mistaken for its result."""
CLOCK_MARGIN = KNOWN_SERVICES_WINDOW - timedelta(minutes=1)
"""How long before its claim a purchase may seem to be made: the provider has another clock, and cuts off parts of a
second. What existed then is excluded by id.
"""
SHOWN = 5
"""More candidates than this help nobody decide."""

_log = structlog.get_logger()


async def reconcile(desk: Desk, request: PurchaseRequest) -> None:
    """Look at the provider once: adopt what is certain, and record what a person has to know to decide the rest."""
    if request.attempt is None:
        return
    try:
        if request.selection.service is not None:
            await _examine_renewal(desk, request, request.attempt, request.selection.service)
        elif request.selection.is_top_up:
            await _examine_top_up(desk, request, request.attempt)
        else:
            await _examine_services(desk, request, request.attempt)
    except ProviderError as error:
        _log.warning("doubt_not_examined", request=request.id, error=str(error), provider_request=error.request_id)
        await pausing.note(desk, request.workspace, error)
    except StaleError:
        return  # a person or another worker was faster


async def _examine_services(desk: Desk, request: PurchaseRequest, attempt: Attempt) -> None:
    services = await desk.provider.services_since(attempt.claimed_at - CLOCK_MARGIN)
    possible = [service for service in services if _could_be(service, request, attempt)]
    taken = await desk.store.known_services(request.workspace, [service.id for service in possible])
    left = [service for service in possible if service.id not in taken]
    others = {one.state for service in left for one in await rivals(desk, request, service)}
    _log.info("doubt_examined", request=request.id, candidates=[service.id for service in left])
    if State.ORDERING in others:
        return  # its own answer will say whose this is
    sight = look_at_found(request, left[0], utcnow()) if len(left) == 1 else None
    if sight and sight.order.total == request.quote.total and not sight.has_ended and not others:
        await desk.move(request, Found(utcnow(), sight.order, None, sight.findings), is_adoption=True)
        _log.info("doubt_settled", request=request.id, service=sight.order.service_id)
        return
    await _record(desk, request, Doubt(_candidates(left), _is_settled(desk, attempt), None))


async def rivals(desk: Desk, request: PurchaseRequest, service: Service) -> list[PurchaseRequest]:
    """Other checkouts without a known end that may have bought this service as well."""
    found: list[PurchaseRequest] = []
    for other in await desk.all_in(request.workspace, State.ORDERING, State.IN_DOUBT):
        attempt = other.attempt
        if other.id != request.id and attempt and _could_be(service, other, attempt) and _is_since(service, attempt):
            found.append(other)
    return found


async def _examine_renewal(desk: Desk, request: PurchaseRequest, attempt: Attempt, service_id: ServiceId) -> None:
    """The service itself tells whether the change took effect, so nobody has to decide anything."""
    service = await desk.provider.service(service_id)
    if service.is_pending_cancellation == request.selection.stops_renewal:
        await desk.move(request, Found(utcnow(), RENEWAL_CHANGED, None))
    elif _is_settled(desk, attempt):
        reason = f"The change did not take effect: service {service_id} is as it was."
        await desk.move(request, Refused(utcnow(), Failure(reason, "")))


async def _examine_top_up(desk: Desk, request: PurchaseRequest, attempt: Attempt) -> None:
    """A top-up leaves no service; only a balance that rises shows it, and only once it is paid (Byteful docs)."""
    balance = await desk.provider.credit_balance()
    await _record(desk, request, Doubt((), _is_settled(desk, attempt), balance))


async def _record(desk: Desk, request: PurchaseRequest, doubt: Doubt) -> None:
    """Told only when it changes what a person can decide."""
    is_news = bool(doubt.candidates) or doubt.is_settled
    if is_news and doubt != request.doubt:
        await desk.move(request, Examined(utcnow(), doubt))


def _is_settled(desk: Desk, attempt: Attempt) -> bool:
    return utcnow() - attempt.claimed_at >= desk.policy().settle_time


def _is_since(service: Service, attempt: Attempt) -> bool:
    return service.created_at is None or service.created_at >= attempt.claimed_at - CLOCK_MARGIN


def _could_be(service: Service, request: PurchaseRequest, attempt: Attempt) -> bool:
    asked = request.selection
    return (
        service.id not in attempt.known_services
        and not is_stamped(service)
        and service.type == request.product.type
        and service.country_id == request.product.country_id
        and service.quantity == asked.quantity
        and service.cycle == asked.cycle
        and service.filter == asked.filter
    )


def _candidates(services: Sequence[Service]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(service.id, service.name, service.quantity, service.total, service.created_at)
        for service in services[:SHOWN]
    )

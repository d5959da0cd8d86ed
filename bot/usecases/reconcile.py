"""Working out an unclear checkout by looking, never by trying again."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.domain.errors import ProviderError, StaleError
from bot.domain.request import Attempt, Found, Order, PurchaseRequest, advance
from bot.domain.usage import Service
from bot.usecases.desk import Desk, utcnow

CLOCK_MARGIN = timedelta(minutes=2)
"""Creation times have whole seconds and another clock; what existed before is excluded by id anyway."""

_log = structlog.get_logger()


async def reconcile(desk: Desk, request: PurchaseRequest) -> None:
    """Adopt the one service that can only be this checkout's. None or several are left to a person."""
    if request.attempt is None or request.selection.is_top_up:
        return  # a top-up leaves no service to find (Byteful docs)
    try:
        services = await desk.provider.services_since(request.attempt.claimed_at - CLOCK_MARGIN)
    except ProviderError as error:
        _log.warning("doubt_not_examined", request=request.id, error=str(error))
        return
    candidates = [service for service in services if _could_be(service, request, request.attempt)]
    taken = await desk.store.known_services(request.workspace, [service.id for service in candidates])
    left = [service for service in candidates if service.id not in taken]
    _log.info("doubt_examined", request=request.id, candidates=[service.id for service in left])
    if len(left) == 1:
        await _adopt(desk, request, left[0])


def _could_be(service: Service, request: PurchaseRequest, attempt: Attempt) -> bool:
    asked = request.selection
    return (
        service.id not in attempt.known_services
        and "proxydesk_request" not in service.metadata
        and service.type == request.product.type
        and service.country_id == request.product.country_id
        and service.quantity == asked.quantity
        and service.cycle == asked.cycle
        and service.filter == asked.filter
    )


async def _adopt(desk: Desk, request: PurchaseRequest, service: Service) -> None:
    try:
        await desk.store.move(request, advance(request, Found(utcnow(), order_of(service, request), None)))
    except StaleError:
        return  # a person was faster
    _log.info("doubt_settled", request=request.id, service=service.id)


def order_of(service: Service, request: PurchaseRequest) -> Order:
    """The order of a service found at the provider. Its invoice link was in the lost answer alone (Byteful docs)."""
    is_paid = service.open_invoice_id is None
    return Order(
        service_id=service.id,
        invoice_url=None,
        is_paid=is_paid,
        total=service.total,
        due=0 if is_paid else request.quote.due,
        status=service.status,
    )

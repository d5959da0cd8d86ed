"""Marking a service at the provider with who asked for it and who approved it."""

from __future__ import annotations

import structlog

from bot.domain.errors import ProviderError
from bot.domain.request import Order, PurchaseRequest
from bot.domain.usage import Service
from bot.usecases.desk import Desk

REQUEST_LABEL = "proxydesk_request"

_log = structlog.get_logger()


async def stamp(desk: Desk, request: PurchaseRequest, order: Order) -> None:
    """Write the label on the service itself. Failing here loses a label, nothing else."""
    if order.service_id is None:
        return
    try:
        await desk.provider.tag_service(order.service_id, label_of(request, desk.policy().project_of(request.channel)))
    except ProviderError as error:
        _log.warning("service_not_stamped", request=request.id, service=order.service_id, error=str(error))


def is_stamped(service: Service) -> bool:
    return REQUEST_LABEL in service.metadata


def label_of(request: PurchaseRequest, project: str) -> dict[str, str]:
    return {
        REQUEST_LABEL: f"{request.workspace}/{request.id}",
        "proxydesk_attempt": request.attempt.id if request.attempt else "",
        "requester": request.requester,
        "approvers": " ".join(approval.by for approval in request.approvals),
        "channel": request.channel,
        "project": project,
    }

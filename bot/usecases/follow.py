"""Following what was bought until it is paid, running and delivered as ordered, or until it has ended.

A look reads, and changes nothing at the provider but a stamp that is missing. What it shows is recorded once, whoever
else looks at the same time; a look that fails costs nothing but time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from bot.domain.delivery import Sight, is_followed, is_new, look, next_look
from bot.domain.errors import ChatError, NotFoundError, ProviderError, RecordError, StaleError
from bot.domain.finding import Finding, Kind
from bot.domain.ids import RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.policy import ADMIN
from bot.domain.request import Followed, PurchaseRequest
from bot.domain.usage import Delivered, Service
from bot.usecases import pausing, top_ups
from bot.usecases.desk import Desk, utcnow
from bot.usecases.stamp import is_stamped, stamp

BATCH = 10
"""Looks in one go: two reads each, spread by the pacer, leave most of the provider's pace to people."""
PUT_OFF = timedelta(minutes=5)
"""When the provider or Slack does not answer."""
FOR_ADMINS = frozenset({Kind.STUCK})

_log = structlog.get_logger()


async def follow(desk: Desk, workspace: WorkspaceId) -> int:
    """Look at what is due, most overdue first, at most BATCH; how many were looked at.

    Stops at the first sign that the provider is in trouble: the others would meet the same.
    """
    for looked in range(BATCH):
        number = await desk.store.claim_look(workspace, utcnow())
        if number is None:
            return looked
        try:
            await _look(desk, workspace, number)
        except StaleError:
            continue  # somebody else recorded a look, and with it the time of the next one
        except (ProviderError, ChatError, RecordError) as error:
            _log.warning("look_put_off", request=number, error=str(error))
            await desk.store.look_again(workspace, number, utcnow() + PUT_OFF)
            if isinstance(error, ProviderError):
                await pausing.note(desk, workspace, error)
                return looked + 1
    return BATCH


async def _look(desk: Desk, workspace: WorkspaceId, number: RequestId) -> None:
    request = await desk.store.get(workspace, number)
    if request is not None and request.selection.is_top_up and is_followed(request):
        await top_ups.look(desk, workspace, number)
        return
    if request is None or request.order is None or request.order.service_id is None or not is_followed(request):
        await desk.store.look_again(workspace, number, None)
        return
    service = await _service(desk, request.order.service_id)
    if service is not None and not is_stamped(service):
        await stamp(desk, request, request.order)  # found without an answer, or the stamp got lost
    delivered = await _delivered(desk, request, service)
    sight = look(request, service, delivered, utcnow())
    if is_new(request, sight):
        await _record(desk, request, sight)
    else:
        await desk.store.look_again(workspace, number, next_look(request, utcnow(), sight.findings))


async def _record(desk: Desk, request: PurchaseRequest, sight: Sight) -> None:
    event = Followed(utcnow(), sight.order, sight.findings, await _others(desk, request, sight.findings))
    await desk.move(request, event)
    shown = [finding.kind for finding in sight.findings]
    _log.info("order_followed", request=request.id, status=sight.order.status, findings=shown)


async def _others(desk: Desk, request: PurchaseRequest, findings: Sequence[Finding]) -> tuple[UserId, ...]:
    """The admins, when something new stands that they may have to sort out with the provider."""
    role = desk.policy().role(ADMIN)
    fresh = {finding.kind for finding in findings if finding not in request.findings}
    if role is None or not fresh & FOR_ADMINS:
        return ()
    return tuple(sorted(await desk.directory.holders(role)))


async def _service(desk: Desk, service_id: ServiceId) -> Service | None:
    try:
        return await desk.provider.service(service_id)
    except NotFoundError:
        return None


async def _delivered(desk: Desk, request: PurchaseRequest, service: Service | None) -> Sequence[Delivered] | None:
    """None when it is not to be known: then payment and status are followed all the same."""
    if service is None or not request.product.is_per_ip:
        return None
    try:
        return await desk.provider.delivered(service.id)
    except ProviderError as error:
        _log.warning("delivery_not_read", request=request.id, error=str(error))
        return None

"""Why a service is there: the request that bought it, what was booked on it, and what the provider did to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from msgspec import Struct

from bot.domain.account import Adjustment, KnownService
from bot.domain.company import NO_PROJECT, NO_TEAM
from bot.domain.errors import NotFoundError, ProviderError
from bot.domain.ids import RequestId, ServiceId, WorkspaceId
from bot.domain.ledger import Entry
from bot.domain.request import PurchaseRequest
from bot.domain.usage import Service
from bot.usecases import company, services
from bot.usecases.desk import Desk

_log = structlog.get_logger()


class Reason(Struct, frozen=True):
    """All that is known, with the team and the project it counts for now.

    `adjustments` is None when the provider did not say; `known` is the watch's own row.

    Without a request it was bought outside the bot, or it is no service at all: then `service` is None too.
    """

    service_id: ServiceId
    request: PurchaseRequest | None
    known: KnownService | None
    service: Service | None
    entries: Sequence[Entry]
    adjustments: Sequence[Adjustment] | None
    team: str = NO_TEAM
    project: str = NO_PROJECT
    own: Mapping[int, PurchaseRequest] = {}
    """Which adjustments our own requests made."""


async def why(desk: Desk, workspace: WorkspaceId, word: str) -> Reason | None:
    """By service ID, or by the number of the request that bought it. None for a request that bought no service."""
    number = word.removeprefix("#")
    if not (number.isdecimal() and len(number) <= 12):
        return await _reason(desk, workspace, ServiceId(word))
    request = await desk.store.get(workspace, RequestId(int(number)))
    if request is None or request.order is None or request.order.service_id is None:
        return None
    return await _reason(desk, workspace, request.order.service_id)


async def _reason(desk: Desk, workspace: WorkspaceId, service_id: ServiceId) -> Reason:
    """Everything is asked at once, so that it takes as long as the slowest part."""
    request, known, entries, adjustments, divided = await asyncio.gather(
        desk.store.by_service(workspace, service_id),
        desk.store.service(workspace, service_id),
        desk.ledger.entries_of_service(workspace, service_id),
        _adjustments(desk, service_id),
        company.at_hand(desk),
    )
    service = known.service if known else None
    if request is None and service is None and adjustments is not None:
        service = await _at_provider(desk, service_id)
    person = request.requester if request else known.owner if known else None
    channel = request.channel if request else known.channel if known else None
    team, project = divided.team_of(person), divided.project_of(channel)
    own = await services.own(desk, workspace, service_id, adjustments or ())
    return Reason(service_id, request, known, service, entries, adjustments, team, project, own)


async def _adjustments(desk: Desk, service: ServiceId) -> Sequence[Adjustment] | None:
    try:
        return await desk.provider.adjustments_of(service)
    except NotFoundError:
        return ()
    except ProviderError as error:
        _log.warning("adjustments_not_read", service=service, error=str(error), provider_request=error.request_id)
        return None


async def _at_provider(desk: Desk, service: ServiceId) -> Service | None:
    """A service that the watch has not met yet."""
    try:
        return await desk.provider.service(service)
    except NotFoundError:
        return None

"""Who may open an invoice: anybody who holds its link can, so the policy may keep the link out of channels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum

from bot.domain.ids import UserId
from bot.domain.request import PurchaseRequest

KEPT_BACK = ""
"""In place of a link that exists and is not for these eyes. None is one that is not known."""


class Audience(StrEnum):
    """Who is shown invoice links: everybody in the channel, or who asked and who decides."""

    CHANNEL = "channel"
    INVOLVED = "involved"


def for_channel(request: PurchaseRequest, audience: Audience) -> PurchaseRequest:
    """The request as everybody in its channel may see it."""
    return request if audience is Audience.CHANNEL else _without_link(request)


def for_person(
    request: PurchaseRequest, audience: Audience, user: UserId, deciders: Collection[UserId]
) -> PurchaseRequest:
    """The request as this person may see it. `deciders` hold the role that approves."""
    is_involved = user == request.requester or user in deciders
    return request if audience is Audience.CHANNEL or is_involved else _without_link(request)


def _without_link(request: PurchaseRequest) -> PurchaseRequest:
    if request.order is None or not request.order.invoice_url:
        return request
    return replace(request, order=replace(request.order, invoice_url=KEPT_BACK))

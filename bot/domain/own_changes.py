"""Which change at the provider one of our own requests made. Its line there names nobody, so kind and time tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.domain.account import Actor, Adjustment
from bot.domain.request import Happened, PurchaseRequest, State

LABELS, RENEWS = "service_metadata", "service_is_pending_cancellation"
"""The provider's names of what the bot writes at a service: who asked for it, and whether it renews."""
CLOCKS_DIFFER = timedelta(minutes=1)


def own_changes(
    adjustments: Iterable[Adjustment], requests: Iterable[PurchaseRequest]
) -> Mapping[int, PurchaseRequest]:
    """Adjustment → the request about its service's renewal that made it, as far as that is certain."""
    found: dict[int, PurchaseRequest] = {}
    possible = sorted(filter(may_be_ours, adjustments), key=lambda one: one.id)
    for began, ended, request in sorted(map(_span, filter(_was_carried_out, requests)), key=lambda one: one[0]):
        made = (one for one in possible if one.at and began <= one.at <= ended and one.id not in found)
        if (first := next(made, None)) is not None:
            found[first.id] = request
    return found


def may_be_ours(one: Adjustment) -> bool:
    return one.by is Actor.CUSTOMER and one.fields == {RENEWS}


def is_label(one: Adjustment) -> bool:
    """The bot labels what it bought; that is no change worth telling. Written anew, the same labels change no field."""
    return one.by is Actor.CUSTOMER and one.kind == "update" and one.fields <= {LABELS}


def _was_carried_out(request: PurchaseRequest) -> bool:
    return request.state in (State.ORDERING, State.ORDERED) and request.attempt is not None


def _span(request: PurchaseRequest) -> tuple[datetime, datetime, PurchaseRequest]:
    """From when until when it was done at the provider."""
    began = request.attempt.claimed_at if request.attempt else request.changed_at
    done = request.last(Happened.ORDERED, Happened.FOUND)
    return began - CLOCKS_DIFFER, (done.at if done else request.changed_at) + CLOCKS_DIFFER, request

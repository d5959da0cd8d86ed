"""What a request holds back of its channel's budget, from its approval until it is bought or comes to nothing.

A reservation is written in the move that approves, and ends in the move that books the charge or closes the request.
It lives only with its request: whatever holds one is bought, driven on, or shown to a person.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.budget import is_beyond
from bot.domain.ledger import budget_month
from bot.domain.money import Cents
from bot.domain.request import PurchaseRequest, State

HOLDING = frozenset({State.APPROVED, State.ORDERING, State.IN_DOUBT})
"""It may be bought, or may have been."""


class Reservation(Struct, frozen=True):
    """`month` is `2026-11`, the one of the approval where the channel is."""

    month: str
    cents: Cents


def reserved(request: PurchaseRequest) -> Reservation | None:
    """What this request holds back as it stands."""
    return Reservation(budget_month(request), needs(request)) if request.state in HOLDING and needs(request) else None


def needs(request: PurchaseRequest) -> Cents:
    """What buying it takes from a budget: nothing where credit is bought, or only a renewal is decided on."""
    asked = request.selection
    return 0 if asked.is_top_up or asked.is_about_renewal else request.quote.total


def without_budget(request: PurchaseRequest) -> PurchaseRequest:
    """The request for somebody who is not shown what its channel spent."""
    if request.over_budget is None:
        return request
    return replace(request, over_budget=replace(request.over_budget, shows_sums=False))


def may_exceed(request: PurchaseRequest) -> bool:
    """Whether somebody who may do so approved it beyond the cap."""
    return any(is_beyond(approval.rule) for approval in request.approvals)

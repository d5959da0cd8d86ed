"""The lines of the audit trail: who did or tried what, when, under which policy, and what came of it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from bot.domain.budget import Budget
from bot.domain.ids import ChannelId, RequestId, UserId
from bot.domain.request import (
    Approval,
    Happened,
    PurchaseRequest,
)

FAILURES = frozenset({Happened.DELAYED, Happened.REFUSED, Happened.UNCLEAR})
APPROVALS = frozenset({Happened.ENDORSED, Happened.APPROVED})
ORDERS = frozenset({Happened.ORDERED, Happened.FOUND, Happened.FOLLOWED})


class Origin(Struct, frozen=True):
    """Where in Slack somebody clicked: the channel, and the `ts` of the message the button was on.

    `signature` is Slack's, for a click that nobody has looked for among those that were here before: what is written
    because of it is written once, and raises ReplayError the second time.
    """

    channel: ChannelId | None = None
    message: str | None = None
    signature: str = ""


NOWHERE = Origin()
"""Not in Slack: the machine itself, or a place Slack does not name."""


class Audit(Struct, frozen=True):
    """One line of the append-only record. `before` and `after` are state and version, as in `pending v1`.

    `policy` is the digest of the policy in force; `provider_request` the provider's own id of what it answered.
    """

    at: datetime
    what: str
    request: RequestId | None = None
    by: UserId | None = None
    detail: str = ""
    before: str = ""
    after: str = ""
    policy: str = ""
    channel: ChannelId | None = None
    message: str | None = None
    provider_request: str | None = None


def of_step(
    before: PurchaseRequest | None, after: PurchaseRequest, policy: str = "", origin: Origin = NOWHERE
) -> Audit:
    """What a step of a request leaves in the trail. `before` is None for a request that is new."""
    newest = after.history[-1]
    is_failure = newest.happened in FAILURES and after.failure is not None
    return Audit(
        at=newest.at,
        what=newest.happened,
        request=after.id,
        by=newest.by,
        detail=_detail(after),
        before=standing(before) if before else "",
        after=standing(after),
        policy=policy,
        channel=origin.channel,
        message=origin.message,
        provider_request=after.failure.provider_request if is_failure and after.failure else None,
    )


def standing(request: PurchaseRequest) -> str:
    return f"{request.state} v{request.version}"


def _detail(request: PurchaseRequest) -> str:
    newest = request.history[-1]
    match newest.happened:
        case happened if happened in FAILURES and request.failure:
            return f"{request.failure.reason} ({request.failure.reference})"
        case happened if happened in APPROVALS and request.approvals:
            return _approval(request.approvals[-1])
        case happened if happened in ORDERS and request.order:
            paid = "paid" if request.order.is_paid else "not paid"
            return f"{request.order.service_id or 'no service'}, {request.order.total} cents, {paid}"
        case Happened.SUBMITTED | Happened.REOPENED | Happened.RETRIED | Happened.RESUMED | Happened.CLAIMED:
            selection = request.selection
            return f"{selection.quantity} x {selection.product_code}, {request.quote.total} cents"
        case Happened.CAPPED if request.over_budget:
            return _standing_of(request.over_budget)
        case _:
            return newest.note or ""


def _standing_of(budget: Budget) -> str:
    """`2026-11: 1750 cents needed, 1000 left of 50000 (49000 spent, 0 reserved)`."""
    parts = f"{budget.spent} spent, {budget.reserved} reserved"
    return f"{budget.month}: {budget.needed} cents needed, {budget.left} left of {budget.cap} ({parts})"


def _approval(approval: Approval) -> str:
    return f"revision {approval.revision} by {approval.rule}"

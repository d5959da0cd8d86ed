"""Writing down that an order was never paid, where the provider's API does not tell (Byteful docs): it names no invoice
of a top-up, and of a service whose invoice is gone not whether it was paid or voided. So a person looks and says it."""

from __future__ import annotations

from datetime import datetime

from bot.domain.audit import Audit
from bot.domain.errors import InputError
from bot.domain.finding import Finding, Kind
from bot.domain.ids import RequestId, WorkspaceId
from bot.domain.request import Followed, PurchaseRequest, State, advance
from bot.ports import Store

UNKNOWN = frozenset({Kind.CLOSED, Kind.GONE, Kind.DROPPED})
"""What leaves the end of an invoice open for ever."""


async def never_paid(store: Store, workspace: WorkspaceId, number: RequestId, at: datetime) -> bool:
    """Take an order out of what is to pay, once; False when that was done before.

    Raises InputError for a request whose invoice is known to be open, paid or taken back.
    """
    request = await store.get(workspace, number)
    kinds = {finding.kind for finding in request.findings} if request else set()
    if request is None or request.order is None or request.state is not State.ORDERED:
        raise InputError({"request": f"Request #{number} ordered nothing here. Nothing was booked."})
    if Kind.VOID in kinds:
        return False
    if request.order.is_paid or not kinds & UNKNOWN:
        raise InputError({"request": f"{_known(request)} Nothing was booked."})
    findings = (*(one for one in request.findings if one.kind is not Kind.CLOSED), Finding(Kind.VOID))
    await store.move(request, advance(request, Followed(at, request.order, findings)))
    await store.audit(workspace, Audit(at, "void", number, detail=f"{request.order.total} cents, never paid"))
    return True


def _known(request: PurchaseRequest) -> str:
    if request.order is not None and request.order.is_paid:
        return f"Request #{request.id} is paid."
    if any(finding.kind is Kind.ENDED for finding in request.findings):
        return f"Request #{request.id} has ended unpaid already."
    return f"The invoice of request #{request.id} may still be paid: the bot looks at it by itself, for two days."

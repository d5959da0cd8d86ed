"""What becomes of a renewal that nobody says anything about, where the policy would rather not have it."""

from __future__ import annotations

import structlog

from bot.domain.account import KnownService
from bot.domain.catalog import renewal_change
from bot.domain.draft import Draft
from bot.domain.errors import InputError
from bot.domain.ids import DraftId, RequestId, WorkspaceId
from bot.domain.policy import RenewalDefault
from bot.usecases import submit
from bot.usecases.desk import Desk

REASON = "Nobody has said that it is still needed, and the policy stops such renewals"

_log = structlog.get_logger()


async def ask_to_stop(desk: Desk, workspace: WorkspaceId, known: KnownService) -> RequestId | None:
    """The request to stop this renewal, once for each; None where the policy keeps it or it cannot be asked for.

    It is asked for in the name of whose service it is, so that they can withdraw it and somebody else decides.
    """
    service = known.service
    wanted = desk.policy().renewal_default is RenewalDefault.STOP
    if not wanted or not service.is_cancellable or known.owner is None or known.channel is None:
        return None
    asked = renewal_change(service.id, renews=False)
    draft = Draft(
        id=DraftId(f"stop-{service.id}-{service.expires_at:%Y%m%d%H%M}"),
        workspace=workspace,
        user=known.owner,
        channel=known.channel,
        product_code=asked.product_code,
        quantity=asked.quantity,
        cycle=asked.cycle,
        service=service.id,
        reason=REASON,
    )
    try:
        submission = await submit.submit(desk, await submit.price(desk, draft))
    except InputError as error:
        _log.warning("renewal_not_put_up", service=service.id, problems=" ".join(error.problems.values()))
        return None
    return submission.request.id

"""How a channel's budget stands this month, for those who ask, decide and look."""

from __future__ import annotations

from bot.domain.budget import Budget, Standing
from bot.domain.draft import Draft
from bot.domain.ids import ChannelId, RequestId, WorkspaceId
from bot.domain.ledger import day_of
from bot.domain.money import Cents
from bot.domain.request import PurchaseRequest, State
from bot.domain.reservation import needs
from bot.usecases.desk import Desk, utcnow


async def of_channel(desk: Desk, workspace: WorkspaceId, channel: ChannelId) -> Budget | None:
    """None without a cap."""
    return await _budget(desk, workspace, channel, desk.policy().time_zone_of(channel))


async def of_draft(desk: Desk, draft: Draft) -> Budget | None:
    """With what this would need: for whoever fills it in, where the policy shows a channel its own spend."""
    is_bought = draft.selection is not None and not (draft.selection.is_top_up or draft.selection.is_about_renewal)
    if (
        draft.channel is None
        or draft.quote is None
        or not draft.is_priced
        or not is_bought
        or not desk.policy().shows_channel_its_spend
    ):
        return None
    zone = desk.policy().time_zone_of(draft.channel)
    return await _budget(desk, draft.workspace, draft.channel, zone, needed=draft.quote.total)


async def of_request(desk: Desk, request: PurchaseRequest) -> Standing | None:
    """With what it needs, for its card: while it waits for a decision, where the channel may see the sums."""
    if request.state is not State.PENDING or not needs(request) or not desk.policy().shows_channel_its_spend:
        return None
    zone, at = request.time_zone, utcnow()
    channel, needed = request.channel, needs(request)
    found = await _budget(desk, request.workspace, channel, zone, needed=needed, besides=request.id)
    return Standing(found, at) if found else None


async def _budget(
    desk: Desk,
    workspace: WorkspaceId,
    channel: ChannelId,
    zone: str,
    *,
    needed: Cents = 0,
    besides: RequestId | None = None,
) -> Budget | None:
    cap = desk.policy().cap_of(channel)
    if cap is None:
        return None
    month = f"{day_of(utcnow(), zone):%Y-%m}"
    return await desk.store.budget(workspace, channel, month, cap, needed=needed, besides=besides)

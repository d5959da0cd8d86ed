"""What a person's App Home shows, read anew each time, so that it is right after a restart too."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

from bot.domain.errors import ChatError, ProviderError, StoreError
from bot.domain.home import Home, Untold
from bot.domain.ids import UserId, WorkspaceId
from bot.domain.request import Happened, PurchaseRequest
from bot.usecases import report, watch
from bot.usecases.desk import Desk, utcnow
from bot.usecases.report import LISTED

OPEN_FOR = timedelta(minutes=15)
"""How long after somebody opened it their Home is kept fresh; opened again, it is drawn anew anyway."""

BALANCE_IS_OLD_AFTER = timedelta(minutes=15)
"""The watch reads it every five minutes; before anybody asked for anything here nobody does."""


async def home(desk: Desk, workspace: WorkspaceId, user: UserId) -> Home:
    """Raises StoreUnavailableError; a Slack that does not say who may decide hides only what waits for a decision."""
    store = desk.store
    inbox, asked, services, credit, trouble, untold = await asyncio.gather(
        _inbox(desk, workspace, user),
        store.count_of_requester(workspace, user),
        store.services(workspace, owner=user, limit=LISTED),
        store.balance(workspace),
        report.trouble(desk, workspace),
        store.untold(workspace, user),
    )
    return Home(
        user=user,
        at=utcnow(),
        waiting=None if inbox.waiting is None else tuple(inbox.waiting),
        mine=tuple(inbox.mine),
        asked=asked,
        unpriced=tuple(inbox.unpriced),
        services=services,
        credit=credit,
        pause=trouble.pause,
        is_away=trouble.is_away,
        untold=untold,
        is_only_beyond=inbox.is_only_beyond,
    )


async def refresh_credit(desk: Desk, workspace: WorkspaceId) -> bool:
    """Read the balance when nobody has for a while. True when there is something newer to show, a failure included."""
    known = await desk.store.balance(workspace)
    if known.read_at is not None and utcnow() - known.read_at < BALANCE_IS_OLD_AFTER:
        return False
    with suppress(ProviderError):
        await watch.read_balance(desk, workspace)
    return True


async def opened(desk: Desk, workspace: WorkspaceId, user: UserId) -> None:
    """Remember that this person looks at it now."""
    await desk.store.note_home(workspace, user, utcnow())


async def keep_untold(desk: Desk, workspace: WorkspaceId, user: UserId, text: str) -> None:
    """An answer that Slack takes nowhere else: it stands in the Home of whom it was for, a day long."""
    with suppress(StoreError):  # then only the log has it
        await desk.store.keep_untold(workspace, user, Untold(utcnow(), text))


async def onlookers(desk: Desk, request: PurchaseRequest) -> list[UserId]:
    """Who has it open now and sees this request there: who asked, who approved, who may decide."""
    looking = await desk.store.open_homes(request.workspace, utcnow() - OPEN_FOR)
    if not looking:
        return []
    involved = {request.requester, *(approval.by for approval in request.approvals)}
    if tried := request.last(Happened.CAPPED):
        involved.update(tried.others)
    with suppress(ChatError):  # opened again, it is drawn anew
        involved |= await desk.approvers()
    return sorted(looking & involved)


async def _inbox(desk: Desk, workspace: WorkspaceId, user: UserId) -> report.Inbox:
    try:
        return await report.inbox(desk, workspace, user)
    except ChatError:
        return await report.own(desk, workspace, user)

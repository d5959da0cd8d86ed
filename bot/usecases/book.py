"""Bringing what was ordered before there was a ledger into it, once."""

from __future__ import annotations

import structlog

from bot.domain.ids import WorkspaceId
from bot.domain.ledger import entries_of
from bot.domain.request import State
from bot.usecases.desk import Desk

PAGE = 200
PAGES = 5
"""Of requests, in one call: the sweep comes back, and other work goes on meanwhile."""

_log = structlog.get_logger()


async def book_earlier(desk: Desk, workspace: WorkspaceId) -> None:
    """Nothing is booked twice, whoever else does the same or was interrupted in it."""
    for _ in range(PAGES):
        through = await desk.ledger.booked_through(workspace)
        if through is None:
            return
        page = await desk.store.page_in_state(workspace, State.ORDERED, PAGE, beyond=through)
        new = await desk.ledger.book(workspace, [entry for request in page.requests for entry in entries_of(request)])
        await desk.ledger.mark_through(workspace, page.through)
        _log.info("earlier_orders_booked", workspace=workspace, beyond=through, requests=len(page.requests), new=new)

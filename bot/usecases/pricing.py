"""The provider's price, with what only we know of it: what a service that one of our requests bought renews at."""

from __future__ import annotations

from msgspec.structs import replace

from bot.domain.catalog import Selection
from bot.domain.ids import WorkspaceId
from bot.domain.quote import Quote
from bot.ports import Provider
from bot.usecases.desk import Desk


async def quote(desk: Desk, workspace: WorkspaceId, selection: Selection, provider: Provider | None = None) -> Quote:
    """Raises what the provider raises."""
    given = await (provider or desk.provider).quote(selection)
    if selection.service is None:
        return given
    request, (line,) = await desk.store.by_service(workspace, selection.service), given.line_items
    price = request.quote.next_charge(line.per_unit) if request else None
    return given if price is None else replace(given, line_items=(replace(line, per_unit=price),))

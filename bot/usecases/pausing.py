"""Refused keys stop all purchases at once: nothing is started, admins are told once, and it goes on by itself.

The pause is one value for the account. Whoever meets a refusal begins it; each sweep, once a minute, asks the provider
what a purchase asks, and ends it when there are answers again.
"""

from __future__ import annotations

import structlog

from bot.domain.errors import AccessError, ChatError, ProviderError, SecondFactorError, SelectionRefusedError
from bot.domain.ids import UserId, WorkspaceId
from bot.domain.intents import News, NewsIntent
from bot.domain.pause import Pause
from bot.domain.policy import ADMIN
from bot.domain.request import State
from bot.log import new_reference
from bot.usecases.desk import Desk, utcnow

_log = structlog.get_logger()


async def present_pause(desk: Desk) -> Pause | None:
    """The pause that holds now, None while purchases may start."""
    pause = await desk.store.pause()
    return pause if pause is not None and pause.is_on else None


async def begin(desk: Desk, workspace: WorkspaceId, error: AccessError) -> Pause:
    """The pause this refusal calls for: a new one, unless the same one holds already."""
    before, now = await desk.store.pause(), utcnow()
    wants_second_factor = isinstance(error, SecondFactorError)
    if before is not None and before.is_on and before.wants_second_factor == wants_second_factor:
        return before
    version = before.version + 1 if before else 1
    pause = Pause(new_reference(), version, workspace, now, str(error), wants_second_factor)
    if not await desk.store.swap_pause(before, pause):
        return await present_pause(desk) or pause
    _log.error(
        "purchases_paused",
        reference=pause.id,
        error=str(error),
        status=error.status,
        provider_request=error.request_id,
    )
    await announce(desk)
    return pause


async def note(desk: Desk, workspace: WorkspaceId, error: ProviderError) -> None:
    """For reads that no purchase depends on: a key that merely lacks a right for one of them stops nothing."""
    if isinstance(error, SecondFactorError) or (isinstance(error, AccessError) and error.status == 401):
        await begin(desk, workspace, error)


async def look_again(desk: Desk) -> Pause | None:
    """Ask the provider again; gives the pause that still holds. Promises to tell of it are made good."""
    if pause := await present_pause(desk):
        await _probe(desk, pause)
    await announce(desk)
    return await present_pause(desk)


async def announce(desk: Desk) -> None:
    """Put the news of the newest pause, or of its end, into the outbox. Done once; what fails is done by the sweep."""
    pause = await desk.store.pause()
    if pause is None or pause.is_told:
        return
    try:
        admins = await _admins(desk)
    except ChatError as error:
        _log.error("admins_not_known", pause=pause.id, code=error.code)
        return
    if not admins:
        _log.error("nobody_to_tell_of_pause", pause=pause.id)
    news = News.PAUSED if pause.is_on else News.RESUMED
    for admin in sorted(admins):
        await desk.store.ask(pause.workspace, NewsIntent(news, pause.id, admin), utcnow())
    await desk.store.swap_pause(pause, pause.told())


async def _probe(desk: Desk, pause: Pause) -> None:
    try:
        await _ask_what_a_purchase_asks(desk, pause.workspace)
    except AccessError as error:
        await begin(desk, pause.workspace, error)  # a second factor may be asked for by now, or no more
    except ProviderError as error:
        _log.warning("pause_not_ended", reference=pause.id, error=str(error), provider_request=error.request_id)
    else:
        await _end(desk, pause)


async def _ask_what_a_purchase_asks(desk: Desk, workspace: WorkspaceId) -> None:
    """A key may have one right and lack another, so every question is asked that stands before a checkout."""
    await desk.provider.credit_balance()
    await desk.provider.services_since(utcnow())
    for request in await desk.store.in_state(workspace, State.APPROVED, 1):
        try:
            await desk.provider.quote(request.selection)
        except SelectionRefusedError:
            continue  # an answer all the same


async def _end(desk: Desk, pause: Pause) -> None:
    if await desk.store.swap_pause(pause, pause.ended(utcnow())):
        _log.warning("purchases_go_on", reference=pause.id)


async def _admins(desk: Desk) -> frozenset[UserId]:
    """Those who hold the role of admins; where there is none, those who approve."""
    role = desk.policy().role(ADMIN)
    holders = await desk.directory.holders(role) if role else frozenset[UserId]()
    return holders or await desk.approvers()

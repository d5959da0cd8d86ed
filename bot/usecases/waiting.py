"""Asks that were sent while the provider gave no price: kept in order, priced when it answers, and never lost silently.

A kept draft ends in exactly one of three ways: it becomes a request with its real price, it is given back to its
sender with what stands against it, or its sender discards it. Each is one move of the store.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import structlog
from msgspec.structs import replace

from bot.domain.catalog import Product
from bot.domain.draft import Draft, WaitingDraft
from bot.domain.errors import (
    AccessError,
    InputError,
    NeverSentError,
    OutcomeUnknownError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    StaleError,
)
from bot.domain.ids import DraftId, UserId, WorkspaceId
from bot.domain.intents import News, NewsIntent
from bot.ports import Audit
from bot.usecases import submit
from bot.usecases.desk import Desk, utcnow

LEASE = "waiting"
LEASE_S = 60.0
"""Longer than one price takes; it is renewed for each."""
UNANSWERED_TO_STOP = 3
"""Prices in a row without an answer: then it is not the asks, and the others need not be tried."""
ALREADY_SENT = "This was sent before: it is on the list of `/proxy requests`."

_log = structlog.get_logger()


def is_outage(error: ProviderError) -> bool:
    """Whether the provider gives nobody a price now, as opposed to an answer about this ask."""
    return isinstance(error, NeverSentError | OutcomeUnknownError | RateLimitedError | AccessError)


async def keep(desk: Desk, draft: Draft) -> WaitingDraft:
    """Keep a complete ask until it has a price. Raises InputError for what needs no price to be wrong."""
    draft = replace(draft, priced=None, quote=None, problems={})
    await submit.check_paper(desk, draft)
    before, now = await desk.store.kept_draft(draft.workspace, draft.id), utcnow()
    since = before.since if before else now
    waiting = await desk.store.keep_waiting(
        WaitingDraft(
            draft=draft,
            product=await _product(desk, draft),
            since=since,
            expires_at=since + desk.policy().approval_window,
        )
    )
    if waiting is None:
        raise InputError({"product": ALREADY_SENT})
    _log.info("kept_without_price", draft=draft.id, user=draft.user)
    return waiting


async def discard(desk: Desk, workspace: WorkspaceId, user: UserId, draft: DraftId) -> bool:
    """Its sender does not want it any more. False when it does not wait (any more)."""
    kept = await desk.store.kept_draft(workspace, draft)
    if kept is None or kept.draft.user != user:
        return False
    try:
        await desk.store.end_waiting(
            kept, Audit(utcnow(), "discarded_without_price", None, user, draft, policy=desk.policy().digest)
        )
    except StaleError:
        return False
    return True


async def lapse(desk: Desk, workspace: WorkspaceId) -> None:
    """Give back what has waited as long as a request may wait for its approval."""
    for kept in await desk.store.waiting(workspace):
        if kept.expires_at <= utcnow():
            await _give_back(desk, kept, News.LAPSED)


async def release(desk: Desk, workspace: WorkspaceId) -> None:
    """Price what waits, oldest first, and send on what has a price. Raises ProviderError while there are no prices."""
    kept = await desk.store.waiting(workspace)
    if not kept:
        return
    await desk.provider.catalog(fresh=True)  # an old one is no ground for giving anything back
    token = uuid.uuid4().hex
    try:
        await _release(desk, workspace, kept, token)
    finally:
        await desk.store.release(workspace, LEASE, token)


async def _release(desk: Desk, workspace: WorkspaceId, waiting: Sequence[WaitingDraft], token: str) -> None:
    """One process at a time keeps the order. An ask that alone gets no answer does not hold up the others."""
    unanswered = 0
    for kept in waiting:
        if not await desk.store.hold(workspace, LEASE, token, LEASE_S):
            return
        try:
            await _send_on(desk, kept)
            unanswered = 0
        except ProviderError as error:
            unanswered += 1
            _log.warning("no_price_yet", draft=kept.draft.id, error=str(error), provider_request=error.request_id)
            if isinstance(error, NeverSentError | RefusedError) or unanswered == UNANSWERED_TO_STOP:
                raise


async def _send_on(desk: Desk, kept: WaitingDraft) -> None:
    try:
        priced = await submit.price(desk, kept.draft)
        await submit.submit(desk, priced, waited=kept)
    except InputError as error:
        await _give_back(desk, kept, News.UNPRICED, error.problems)
    except StaleError:
        _log.info("kept_draft_changed", draft=kept.draft.id)  # discarded, sent or changed meanwhile


async def _give_back(desk: Desk, kept: WaitingDraft, news: News, problems: dict[str, str] | None = None) -> None:
    """It goes no further; its sender is told why and can change it."""
    draft = kept.draft.with_problems(problems) if problems else kept.draft
    await desk.store.save_draft(draft)
    why = " ".join((problems or {}).values())[:300]
    entry = Audit(utcnow(), f"given_back_{news}", None, draft.user, why, policy=desk.policy().digest)
    intent = NewsIntent(news, draft.id, draft.user)
    try:
        await desk.store.end_waiting(replace(kept, draft=draft), entry, [intent])
    except StaleError:
        _log.info("kept_draft_changed", draft=draft.id)


async def _product(desk: Desk, draft: Draft) -> Product | None:
    """For its name on lists; what is sold is asked again with the price."""
    try:
        return submit.product_of(draft, await desk.provider.catalog())
    except ProviderError:
        return None

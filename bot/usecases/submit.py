"""From a draft to a request: check what was chosen, price it, and write it down with everyone to be told."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from bot.domain.catalog import MAX_REASON, WITHOUT_CATALOG, Catalog, Field, Product, problems_with
from bot.domain.draft import Draft, WaitingDraft
from bot.domain.errors import InputError, RecordError, SelectionRefusedError
from bot.domain.ids import RequestId
from bot.domain.intents import DirectIntent
from bot.domain.quote import Quote
from bot.domain.request import Entry, Happened, PurchaseRequest, State
from bot.domain.rules import others_who_may
from bot.ports import Submission
from bot.usecases import pricing
from bot.usecases.desk import Desk, utcnow

NOT_YET_NUMBERED = RequestId(0)
"""The store gives the number."""
QUOTE_FRESHNESS = timedelta(minutes=10)
"""A price on a form older than this is asked for again before it goes on a card."""


async def price(desk: Desk, draft: Draft) -> Draft:
    """The draft with a fresh quote, or with what stands against it beside the field. Saved.

    Raises ProviderError when the provider cannot say either.
    """
    selection = draft.selection
    if selection is None:
        return draft
    problems = _local_problems(desk, draft, await _catalog(desk, draft))
    if problems:
        priced = draft.with_problems(problems)
    else:
        try:
            priced = draft.with_quote(await pricing.quote(desk, draft.workspace, selection))
        except SelectionRefusedError as refusal:
            priced = draft.with_problems({refusal.field or Field.PRODUCT: str(refusal)})
    await desk.store.save_draft(priced)
    return priced


def has_fresh_quote(draft: Draft) -> bool:
    """Whether this draft can become a request without asking the provider again."""
    return draft.is_priced and draft.quote is not None and utcnow() - draft.quote.quoted_at < QUOTE_FRESHNESS


async def submit(desk: Desk, draft: Draft, waited: WaitingDraft | None = None) -> Submission:
    """Turn a freshly priced draft into a request; a second time gives the same request.

    With `waited` the draft must still wait for its price, else StaleError; its sender is told that it has one.
    Raises InputError for what the person can mend, ChatError when nobody can say who may approve.
    """
    try:
        request = await _checked(desk, draft)
    except InputError as error:
        refused = " ".join(error.problems.values())
        await desk.note(draft.workspace, "submission_refused", by=draft.user, detail=f"{draft.id}: {refused}")
        raise
    told = [DirectIntent(NOT_YET_NUMBERED, 1, draft.user)] if waited else []
    submission = await desk.store.submit(draft.id, request, waited, told, policy=desk.policy().digest)
    await desk.nudge(submission.request)
    return submission


async def _checked(desk: Desk, draft: Draft) -> PurchaseRequest:
    """The request a draft makes. Raises InputError for what stands against it."""
    await check_paper(desk, draft)
    if draft.quote is None or not has_fresh_quote(draft):
        raise InputError({Field.PRODUCT: "The price is not known yet. Wait for it, then send again."})
    product = product_of(draft, await _catalog(desk, draft))
    if product is None:
        raise InputError({Field.PRODUCT: "This product is not sold any more. Choose another one."})
    return _request(desk, draft, product, draft.quote)


async def check_paper(desk: Desk, draft: Draft) -> None:
    """Raises InputError for everything that is wrong without asking the provider, ChatError when Slack cannot say."""
    problems = {**draft.problems, **_paper_problems(desk, draft)}
    if problems:
        raise InputError(problems)
    await _check_somebody_may_approve(desk, draft)


async def _check_somebody_may_approve(desk: Desk, draft: Draft) -> None:
    """A request that nobody could approve is not posted."""
    role, needed = desk.approver_role()[0], desk.policy().approvals.needed
    others = len(others_who_may(await desk.approvers(), draft.user))
    if others < needed:
        who = "Nobody" if others == 0 else f"Only {others} of the {needed} people needed"
        problem = f"{who} besides you holds the role {role}, so this could not be approved. Ask an admin to mend that."
        raise InputError({Field.PRODUCT: problem})


async def _catalog(desk: Desk, draft: Draft) -> Catalog:
    """Credit is sold without one, and whether a service renews is decided without one."""
    return {} if draft.product_code in WITHOUT_CATALOG else await desk.provider.catalog()


def product_of(draft: Draft, catalog: Catalog) -> Product | None:
    if draft.product_code is None:
        return None
    return WITHOUT_CATALOG.get(draft.product_code) or catalog.get(draft.product_code)


def _local_problems(desk: Desk, draft: Draft, catalog: Catalog) -> dict[str, str]:
    """What is wrong by the catalog, the lookup tables and the policy, before the provider is asked."""
    selection, product = draft.selection, product_of(draft, catalog)
    if selection is None or product is None:
        return {Field.PRODUCT: "This product is not sold any more. Choose another one."}
    problems = problems_with(selection, product)
    if selection.filter and product.takes_filter:
        problems |= desk.provider.places.problems_with(selection.filter, product.country_id)
    highest = desk.policy().max_quantity
    if highest is not None and selection.quantity > highest and Field.QUANTITY not in problems:
        problems[Field.QUANTITY] = f"The policy here allows up to {highest:,} in one request."
    return problems


def _paper_problems(desk: Desk, draft: Draft) -> dict[str, str]:
    """Reason and channel: what no provider is needed for."""
    problems: dict[str, str] = {}
    if not draft.reason.strip():
        problems[Field.REASON] = "Say in a few words what this is for."
    elif len(draft.reason) > MAX_REASON:
        problems[Field.REASON] = f"Keep the reason under {MAX_REASON:,} characters; this one has {len(draft.reason):,}."
    allowed = desk.policy().channels
    if draft.channel is None:
        problems[Field.CHANNEL] = "Choose the channel where the request is posted."
    elif allowed and draft.channel not in allowed:
        problems[Field.CHANNEL] = "The policy does not let requests be posted in this channel. Choose another one."
    return problems


def _request(desk: Desk, draft: Draft, product: Product, quote: Quote) -> PurchaseRequest:
    selection, channel, now = draft.selection, draft.channel, utcnow()
    if selection is None or channel is None:
        raise RecordError("A draft without selection or channel cannot become a request.")
    return PurchaseRequest(
        id=NOT_YET_NUMBERED,
        workspace=draft.workspace,
        version=1,
        revision=1,
        state=State.PENDING,
        requester=draft.user,
        channel=channel,
        time_zone=desk.policy().time_zone_of(channel),
        reason=draft.reason.strip(),
        product=product,
        place=desk.provider.places.describe(selection.filter),
        selection=selection,
        quote=quote,
        created_at=now,
        changed_at=now,
        expires_at=now + desk.policy().approval_window,
        approvals=(),
        opening_quote=None,
        replaced_quote=None,
        changes=(),
        attempt=None,
        doubt=None,
        order=None,
        failure=None,
        over_budget=None,
        history=(Entry(1, Happened.SUBMITTED, now, draft.user),),
    )


def draft_again(request: PurchaseRequest, draft: Draft) -> Draft:
    """A new draft with everything an earlier request asked for, and no price: prices are never used again."""
    chosen = request.selection
    return replace(
        draft,
        channel=request.channel,
        product_code=chosen.product_code,
        quantity=chosen.quantity,
        cycle=chosen.cycle,
        promo_code=chosen.promo_code,
        filter=chosen.filter,
        top_up_cents=chosen.top_up_cents,
        service=chosen.service,
        reason=request.reason,
    )

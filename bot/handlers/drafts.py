"""The drafts behind forms and previews: new ones, and the one that somebody may go on with."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from bot.blocks.ids import Callback
from bot.blocks.text import cut
from bot.domain.catalog import CREDIT, CREDIT_CODE, MAX_REASON, WITHOUT_CATALOG, Catalog, Field, Filter, Product
from bot.domain.draft import Draft
from bot.domain.errors import InputError
from bot.domain.ids import DraftId
from bot.domain.money import Cents
from bot.handlers.front import Front
from bot.handlers.parse import Actor, subject

NOT_YOURS = "This draft belongs to somebody else, or is older than a day. Start again with `/proxy buy`."


def new_draft(who: Actor) -> Draft:
    channel = who.channel if who.channel and who.channel[0] in "CG" else None
    return Draft(DraftId(uuid.uuid4().hex), who.workspace, who.user, channel)


def draft_about(who: Actor, words: str) -> Draft:
    """A draft whose reason is what somebody wrote in the channel, which is where the card goes."""
    return replace(new_draft(who), reason=cut(words, MAX_REASON))


def top_up_draft(who: Actor, amount: Cents | None) -> Draft:
    return replace(new_draft(who), product_code=CREDIT_CODE, quantity=1, cycle=CREDIT.cycles[0], top_up_cents=amount)


def with_reason(draft: Draft, reason: str) -> Draft:
    return replace(draft, reason=reason)


# Going on with one


async def owned_draft(front: Front, who: Actor, draft_id: str) -> Draft:
    """The draft, if it is this person's. Raises InputError with what to do otherwise."""
    draft = await front.store.draft(who.workspace, DraftId(draft_id)) if draft_id else None
    if draft is None and draft_id and (kept := await front.store.kept_draft(who.workspace, DraftId(draft_id))):
        draft = kept.draft
    if draft is not None and draft.user != who.user:
        await front.desk.note(who.workspace, "refused:own_draft", by=who.user, detail=draft.id, origin=who.origin)
    if draft is None or (draft.workspace, draft.user) != (who.workspace, who.user):
        raise InputError({Field.PRODUCT: NOT_YOURS})
    return draft


async def form_draft(front: Front, who: Actor, view: Mapping[str, Any]) -> Draft:
    """The draft behind a form. One that is forgotten by now starts anew: the form still shows what was chosen."""
    draft_id = DraftId(subject(view))
    if await front.store.draft(who.workspace, draft_id) is None:
        is_top_up = view.get("callback_id") == Callback.TOPUP
        return replace(top_up_draft(who, None) if is_top_up else new_draft(who), id=draft_id)
    return await owned_draft(front, who, draft_id)


# What a draft is shown with


async def catalog_for(front: Front, draft: Draft) -> Catalog:
    """What a draft is drawn with. Some things are asked for without a catalog."""
    return {} if draft.product_code in WITHOUT_CATALOG else await front.desk.provider.catalog()


async def is_first_purchase(front: Front, draft: Draft, product: Product) -> bool:
    return product.code not in WITHOUT_CATALOG and not await front.store.has_bought(draft.workspace, product.code)


def place_words(front: Front, draft: Draft) -> dict[str, str]:
    """Words for places that were chosen before this form was on screen."""
    found: dict[str, str] = {}
    places, chosen_filter = front.desk.provider.places, draft.filter
    parts = {
        Field.ASN: Filter(asn_id=chosen_filter.asn_id),
        Field.SUBDIVISION: Filter(subdivision_id=chosen_filter.subdivision_id),
        Field.CITY: Filter(city_id=chosen_filter.city_id),
    }
    for name, part in parts.items():
        if part and (words := places.describe(part)):
            found[name] = words
    return found

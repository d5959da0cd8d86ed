"""Previews of one-line orders, and what people do with a draft: send, edit, discard, order again."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from bot.blocks import notices, preview
from bot.blocks import waiting as waiting_words
from bot.blocks.kit import Message
from bot.domain.draft import Draft
from bot.domain.errors import InputError, ProviderError, SelectionRefusedError
from bot.domain.ids import DraftId, RequestId
from bot.domain.request import PurchaseRequest
from bot.handlers.drafts import catalog_for, is_first_purchase, new_draft, owned_draft
from bot.handlers.errors import explained, message_for
from bot.handlers.form import form_of, guarded, open_form, outage_words, show_priced
from bot.handlers.front import FAST_ANSWER_S, Front
from bot.handlers.parse import Actor, Press
from bot.usecases import budgets, submit, waiting


async def previewed(front: Front, draft: Draft) -> Message:
    """The full price of a draft, for one person's eyes."""
    try:
        priced, outage = await submit.price(front.desk, draft), None
    except ProviderError as error:
        priced, outage = draft, outage_words(error)
    return await _preview(front, priced, outage)


async def preview_of(front: Front, who: Actor, draft: Draft) -> Message:
    """A draft that no form is needed for, with its price and a button that sends it."""

    async def work() -> Message:
        await front.store.save_draft(draft)
        return await previewed(front, draft)

    return await front.soon(who, work, notices.sentence("Asking Byteful…"))


async def _preview(front: Front, draft: Draft, outage: str | None = None) -> Message:
    product = submit.product_of(draft, await catalog_for(front, draft))
    if product is None:
        raise SelectionRefusedError("This product is not sold any more.")
    place = front.desk.provider.places.describe(draft.filter)
    is_first, budget = await asyncio.gather(
        is_first_purchase(front, draft, product), budgets.of_draft(front.desk, draft)
    )
    return preview.preview(draft, product, place, is_first, outage=outage, budget=budget)


# Sending


async def send_draft(front: Front, press: Press) -> Message | None:
    """The preview is sent. If its price is old, the new one is shown first and nothing is sent.

    If no price is to be had at all, the ask is kept.
    """
    draft = await owned_draft(front, press.actor, press.value)
    if not submit.has_fresh_quote(draft):
        front.background.spawn(_price_or_keep(front, press.actor, draft))
        return None
    sending = asyncio.ensure_future(_sent(front, draft))
    await asyncio.wait({sending}, timeout=FAST_ANSWER_S)  # a process that has just begun may have to ask for a lot
    front.background.spawn(_say_sent(front, press.actor, sending))
    return None


async def _sent(front: Front, draft: Draft) -> tuple[Message, bool]:
    """What came of sending it, and whether that takes the place of the preview."""
    try:
        return _sent_words((await submit.submit(front.desk, draft)).request), True
    except Exception as error:
        return message_for(error), False


async def _say_sent(front: Front, who: Actor, sending: asyncio.Future[tuple[Message, bool]]) -> None:
    message, is_sent = await sending
    await front.whisper(who, message, replace=is_sent)


async def _price_or_keep(front: Front, who: Actor, draft: Draft) -> None:
    async def work() -> Message:
        try:
            return await _preview(front, await submit.price(front.desk, draft))
        except ProviderError as error:
            outage_words(error)
        try:
            return waiting_words.kept(await waiting.keep(front.desk, draft))
        except InputError as error:
            return await _preview(front, draft.with_problems(error.problems))

    await front.whisper(who, await explained(work), replace=True)


def _sent_words(request: PurchaseRequest) -> Message:
    return notices.state_now(request, lead="Sent.")


# Changing


def use_smallest(front: Front, press: Press) -> None:
    """The offer of a test purchase was taken; the preview follows after the ack."""

    async def work() -> Message:
        draft = replace(await owned_draft(front, press.actor, press.value), quantity=1)
        return await previewed(front, draft)

    async def follow() -> None:
        await front.whisper(press.actor, await explained(work), replace=True)

    front.background.spawn(follow())


async def edit_draft(front: Front, press: Press) -> Message | None:
    """Open the form with everything a draft holds; without one, an empty form. Within a form it takes its place."""
    draft = await owned_draft(front, press.actor, press.value) if press.value else new_draft(press.actor)
    if press.view is not None and press.view.get("type") == "modal":
        form = form_of(press.actor, press.view, press.ordinal, str(press.view["hash"]))
        front.background.spawn(guarded(front, form, draft, show_priced(front, form, draft)))
    else:
        await open_form(front, press.actor, draft)
    return None


async def discard_draft(front: Front, press: Press) -> Message | None:
    was_kept = await waiting.discard(front.desk, press.actor.workspace, press.actor.user, DraftId(press.value))
    told = waiting_words.discarded() if was_kept else preview.discarded()
    front.whisper_later(press.actor, told, replace=True)
    return None


async def discard_kept(front: Front, press: Press) -> Message:
    """From a list: the list stays."""
    was_kept = await waiting.discard(front.desk, press.actor.workspace, press.actor.user, DraftId(press.value))
    return waiting_words.discarded() if was_kept else waiting_words.not_waiting()


async def reorder(front: Front, press: Press, number: RequestId) -> Message | None:
    """The same ask again, in a form, at a fresh price."""
    request = await front.store.get(press.actor.workspace, number)
    if request is None:
        return notices.sentence("There is no such request here. Look at `/proxy requests`.")
    if request.selection.is_about_renewal:
        draft = submit.draft_again(request, new_draft(press.actor))
        return await preview_of(front, press.actor, draft)
    await open_form(front, press.actor, submit.draft_again(request, new_draft(press.actor)))
    return None

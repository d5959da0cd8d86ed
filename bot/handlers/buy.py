"""The form for proxies and credit, from the first moment it is on screen to the request it becomes.

Opening a form waits for nothing. What a person chooses is kept in a draft; each redraw starts from the newest choice,
and an older one never draws over it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from bot.blocks import buy_modal, notices, preview
from bot.blocks import waiting as waiting_words
from bot.blocks.choices import place_options, product_options
from bot.blocks.ids import Callback, block_id, field_of
from bot.blocks.kit import Message, View
from bot.blocks.text import cut, unmarked
from bot.domain.catalog import CREDIT, CREDIT_CODE, MAX_REASON, WITHOUT_CATALOG, Catalog, Field, Filter, Product
from bot.domain.draft import Draft
from bot.domain.errors import ChatError, InputError, ProviderError, ProxydeskError, SelectionRefusedError
from bot.domain.ids import DraftId, RequestId
from bot.domain.money import Cents
from bot.domain.request import PurchaseRequest
from bot.handlers.errors import explained, message_for
from bot.handlers.front import FAST_ANSWER_S, Front
from bot.handlers.parse import Actor, Press, actor, block_of, chosen, labels
from bot.slack import OpenView
from bot.usecases import submit, waiting

TYPING_PAUSE_S = 0.25
"""How long to wait for the next keystroke before the provider is asked for a price."""
ACK_PATIENCE_S = 1.2
"""How long an ack waits for what may follow it as well."""
VIEW_MEMORY_S = 24 * 3600
FORM_GONE = frozenset({"not_found", "view_not_found"})
"""The person closed the form; nothing is left to draw on and nothing is wrong (Slack docs)."""
NOT_YOURS = "This draft belongs to somebody else, or is older than a day. Start again with `/proxy buy`."
TYPED = frozenset({Field.QUANTITY, Field.PROMO, Field.AMOUNT})

_log = structlog.get_logger()


def new_draft(who: Actor) -> Draft:
    channel = who.channel if who.channel and who.channel[0] in "CG" else None
    return Draft(DraftId(uuid.uuid4().hex), who.workspace, who.user, channel)


def draft_about(who: Actor, words: str) -> Draft:
    """A draft whose reason is what somebody wrote in the channel, which is where the card goes."""
    return replace(new_draft(who), reason=cut(words, MAX_REASON))


def top_up_draft(who: Actor, amount: Cents | None) -> Draft:
    return replace(new_draft(who), product_code=CREDIT_CODE, quantity=1, cycle=CREDIT.cycles[0], top_up_cents=amount)


@dataclass(frozen=True, slots=True)
class Form:
    """A form on a person's screen: where it is, what its places are called, and the order of the click behind it."""

    actor: Actor
    view: OpenView
    labels: Mapping[str, str] = field(default_factory=dict)
    ordinal: float = 0
    quantity_block: str = Field.QUANTITY


def _form(who: Actor, view: Mapping[str, Any], ordinal: float = 0, known: str = "") -> Form:
    """The form an interactive payload speaks of."""
    quantity = block_of(view, Field.QUANTITY) or Field.QUANTITY
    return Form(who, OpenView(str(view["id"]), known), labels(view), ordinal, quantity)


def _other_block(block: str) -> str:
    """A redraw keeps what was typed into a block; another block id makes room for what the bot fills in."""
    return Field.QUANTITY if block != Field.QUANTITY else block_id(Field.QUANTITY, "filled")


# Opening


def open_form(front: Front, who: Actor, draft: Draft) -> None:
    """Put a form on the person's screen; all else happens after the ack."""
    front.background.spawn(_open(front, who, draft))


async def _open(front: Front, who: Actor, draft: Draft) -> None:
    is_top_up = draft.product_code == CREDIT_CODE
    view = buy_modal.topup_modal(draft) if is_top_up else buy_modal.loading(draft.id)
    try:
        if who.trigger_id is None:
            raise ChatError("no_trigger")
        opened, _ = await asyncio.gather(front.chat.open_view(who.trigger_id, view), front.store.save_draft(draft))
    except ProxydeskError as error:
        await _not_opened(front, who, draft, error)
        return
    if not is_top_up:
        form = Form(who, opened)
        front.background.take_over(_work_on(form))
        await _guarded(front, form, draft, _show_priced(front, form, draft, note=None))


async def _not_opened(front: Front, who: Actor, draft: Draft, error: ProxydeskError) -> None:
    _log.warning("form_not_opened", error=str(error), user=who.user)
    is_late = isinstance(error, ChatError) and error.code != "ratelimited"
    await front.whisper(who, notices.form_lost(draft.id) if is_late else message_for(error))


# Choosing


def changed(front: Front, press: Press) -> None:
    """A field of the open form changed; the form follows after the ack."""
    if press.view is not None:
        front.background.spawn(_follow(front, press, press.view, None))


def use_smallest(front: Front, press: Press) -> None:
    """The offer of a test purchase was taken, in the form or in a preview."""
    front.background.spawn(_follow(front, press, press.view, 1) if press.view else _preview_smallest(front, press))


async def _follow(front: Front, press: Press, view: Mapping[str, Any], quantity: int | None) -> None:
    form = _form(press.actor, view, press.ordinal, str(view["hash"]))
    draft = new_draft(press.actor)
    try:
        if not await _is_newest(front, form):
            return
        front.background.take_over(_work_on(form))
        before = await _form_draft(front, press.actor, view)
        draft = chosen(before, view) if quantity is None else replace(chosen(before, view), quantity=quantity)
        draft = await _fitted(front, before, draft)
        if quantity is not None:
            form = replace(form, quantity_block=_other_block(form.quantity_block))
        await front.store.save_draft(draft)
    except ProxydeskError as error:
        await _broken(front, form, draft, error)
        return
    await _guarded(front, form, draft, _show_priced(front, form, draft, typed=_was_typed(press)))


def _was_typed(press: Press) -> bool:
    return field_of(press.block_id) in TYPED


async def _fitted(front: Front, before: Draft, draft: Draft) -> Draft:
    """A newly chosen product brings its own cycles and places; what does not fit it is dropped."""
    if draft.product_code is None or draft.product_code == before.product_code:
        places_moved = draft.filter.subdivision_id != before.filter.subdivision_id
        return replace(draft, filter=replace(draft.filter, city_id=None)) if places_moved else draft
    catalog = await front.desk.provider.catalog()
    product, old = catalog.get(draft.product_code), catalog.get(before.product_code or draft.product_code)
    if product is None:
        return draft
    cycle = draft.cycle if draft.cycle in product.cycles else next(iter(product.cycles), None)
    keeps_places = product.takes_filter and old is not None and old.country_id == product.country_id
    quantity = draft.quantity
    if quantity is None and await _is_first(front, draft, product):
        quantity = product.smallest_quantity
    return replace(draft, cycle=cycle, quantity=quantity, filter=draft.filter if keeps_places else Filter())


async def _show_priced(front: Front, form: Form, draft: Draft, *, note: str | None = None, typed: bool = False) -> None:
    """Draw what is chosen, then its price as soon as there is one."""
    catalog = await front.desk.provider.catalog()
    form = await _draw(front, form, draft, catalog, note=note)
    if draft.selection is None or submit.has_fresh_quote(draft):
        return
    if typed:
        await asyncio.sleep(TYPING_PAUSE_S)
        if not await _is_newest(front, form):
            return
    try:
        priced, outage = await submit.price(front.desk, draft), None
    except ProviderError as error:
        priced, outage = draft, _outage(error)
    if await _is_newest(front, form):
        await _draw(front, form, priced, catalog, note=note, outage=outage)


def _outage(error: ProviderError) -> str:
    """Why nobody gets a price now, explained and logged. Raises what is about this ask alone."""
    if not waiting.is_outage(error):
        raise error
    return message_for(error).text


async def _draw(
    front: Front, form: Form, draft: Draft, catalog: Catalog, *, note: str | None = None, outage: str | None = None
) -> Form:
    view = await _form_view(front, form, draft, catalog, note=note, outage=outage)
    return replace(form, view=await _update(front, form, view))


async def _form_view(
    front: Front,
    form: Form,
    draft: Draft,
    catalog: Catalog,
    *,
    note: str | None = None,
    is_checking: bool = False,
    outage: str | None = None,
) -> View:
    if draft.product_code == CREDIT_CODE:
        return buy_modal.topup_modal(draft, is_checking=is_checking)
    product = submit.product_of(draft, catalog)
    if all(one.is_credit for one in catalog.values()):
        note = "Byteful offers no products at the moment. Try again later."
    return buy_modal.form(
        draft,
        product,
        place_labels={**_described(front, draft), **form.labels},
        is_first_purchase=product is not None and await _is_first(front, draft, product),
        note=note,
        is_checking=is_checking,
        outage=outage,
        quantity_block=form.quantity_block,
        are_places_known=front.desk.provider.places.is_loaded,
    )


async def _update(front: Front, form: Form, view: View) -> OpenView:
    """Refused when the form changed since; tried once more if nothing newer is on its way."""
    try:
        return await front.chat.update_view(form.view.id, view, form.view.hash or None)
    except ChatError as error:
        if error.code != "hash_conflict":
            raise
        if not await _is_newest(front, form):
            return form.view
        return await front.chat.update_view(form.view.id, view)


def _work_on(form: Form) -> str:
    """One piece of work at a time goes on behind a form: nobody waits for the price of an older choice."""
    return f"form:{form.view.id}"


async def _is_newest(front: Front, form: Form) -> bool:
    return await front.store.is_newest(form.actor.workspace, f"view:{form.view.id}", form.ordinal, VIEW_MEMORY_S)


async def _guarded(front: Front, form: Form, draft: Draft, work: Any) -> None:
    try:
        await work
    except Exception as error:
        await _broken(front, form, draft, error)


async def _broken(front: Front, form: Form, draft: Draft, error: Exception) -> None:
    """The form itself says what went wrong; a form that is gone is nobody's problem."""
    if isinstance(error, ChatError) and error.code in FORM_GONE:
        return
    message = message_for(error)
    try:
        await front.chat.update_view(form.view.id, buy_modal.broken(message.text, draft.id))
    except ChatError as refusal:
        if refusal.code not in FORM_GONE:
            await front.whisper(form.actor, message)


# Searching


async def options(front: Front, body: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of a menu for what was typed so far. From memory; an empty list when nothing is known yet."""
    name, query = str(body.get("action_id", "")), str(body.get("value") or "")
    catalog = await front.desk.provider.catalog()
    if name == Field.PRODUCT:
        return product_options(catalog.values(), query)
    view = body.get("view") or {}
    draft = chosen(new_draft(actor(body)), view)
    product = submit.product_of(draft, catalog)
    country, places = product.country_id if product else None, front.desk.provider.places
    match name:
        case Field.ASN:
            return place_options(places.search_asns(query, country))
        case Field.SUBDIVISION:
            return place_options(places.search_subdivisions(query, country))
        case Field.CITY:
            return place_options(places.search_cities(query, country, draft.filter.subdivision_id))
        case _:
            return {"options": []}


# Sending


async def submitted(front: Front, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The form was sent. With the price on screen it becomes a request before the ack; else the price comes first."""
    view, who = body["view"], actor(body)
    form = _form(who, view)
    try:
        before = await _form_draft(front, who, view)
        draft = chosen(before, view)
        if missing := _missing(draft):
            return _errors(missing, view)
        if draft.is_priced and (draft.problems or submit.has_fresh_quote(draft)):
            async with asyncio.timeout(ACK_PATIENCE_S):
                sent = await submit.submit(front.desk, draft)
            front.background.give_up(_work_on(form))
            return {"response_action": "update", "view": buy_modal.sent(sent.request)}
        await front.store.save_draft(draft)
    except InputError as error:
        return _errors(error.problems, view)
    except (ProviderError, TimeoutError):
        _log.info("sent_behind_the_ack", draft=draft.id)  # sending the same draft again does no harm
    except Exception as error:
        return {"response_action": "errors", "errors": {_some_block(view): unmarked(message_for(error).text)}}
    front.background.spawn(_guarded(front, form, draft, _price_and_send(front, form, draft)))
    return {"response_action": "update", "view": await _checking_view(front, form, draft)}


async def _checking_view(front: Front, form: Form, draft: Draft) -> View:
    try:
        async with asyncio.timeout(ACK_PATIENCE_S):
            catalog = await _catalog(front, draft)
            return await _form_view(front, form, draft, catalog, is_checking=True)
    except (ProxydeskError, TimeoutError):
        return buy_modal.loading(draft.id)


async def _price_and_send(front: Front, form: Form, draft: Draft) -> None:
    front.background.take_over(_work_on(form))
    priced = draft
    try:
        priced = await submit.price(front.desk, draft)
        sent = await submit.submit(front.desk, priced)
    except ProviderError as error:
        _outage(error)
        await _keep(front, form, draft)
        return
    except InputError as error:
        catalog = await _catalog(front, draft)
        await _draw(front, form, priced.with_problems(error.problems), catalog)
        return
    await front.chat.update_view(form.view.id, buy_modal.sent(sent.request))


async def _keep(front: Front, form: Form, draft: Draft) -> None:
    """No price is to be had: the ask is kept for when there is one."""
    try:
        kept = await waiting.keep(front.desk, draft)
    except InputError as error:
        catalog = await _catalog(front, draft)
        await _draw(front, form, draft.with_problems(error.problems), catalog)
        return
    await front.chat.update_view(form.view.id, waiting_words.kept_view(kept))


def _missing(draft: Draft) -> dict[str, str]:
    """What the form itself does not insist on, because it may not have been drawn yet."""
    problems: dict[str, str] = {}
    if draft.product_code is None:
        problems[Field.PRODUCT] = "Choose a product."
    elif draft.quantity is None:
        problems[Field.QUANTITY] = "Write a whole number."
    elif draft.cycle is None:
        problems[Field.CYCLE] = "Choose a cycle."
    elif draft.product_code == CREDIT_CODE and draft.top_up_cents is None:
        problems[Field.AMOUNT] = "Write an amount such as 50 or 49.90."
    return problems


def _errors(problems: Mapping[str, str], view: Mapping[str, Any]) -> dict[str, Any]:
    """Each sentence beside its field; one that has no field on this form goes beside the first."""
    errors: dict[str, str] = {}
    for name, sentence in problems.items():
        block = block_of(view, name) or _some_block(view)
        words = unmarked(sentence)
        errors[block] = f"{errors[block]} {words}" if block in errors else words
    return {"response_action": "errors", "errors": errors}


def _some_block(view: Mapping[str, Any]) -> str:
    inputs = [str(block["block_id"]) for block in view.get("blocks") or () if block.get("type") == "input"]
    return inputs[0] if inputs else Field.PRODUCT


# Previews of one-line orders


async def previewed(front: Front, draft: Draft) -> Message:
    """The full price of a draft, for one person's eyes."""
    try:
        priced, outage = await submit.price(front.desk, draft), None
    except ProviderError as error:
        priced, outage = draft, _outage(error)
    return await _preview(front, priced, outage)


async def preview_of(front: Front, who: Actor, draft: Draft) -> Message:
    """A draft that no form is needed for, with its price and a button that sends it."""

    async def work() -> Message:
        await front.store.save_draft(draft)
        return await previewed(front, draft)

    return await front.soon(who, work, notices.sentence("Asking Byteful…"))


async def _preview(front: Front, draft: Draft, outage: str | None = None) -> Message:
    product = submit.product_of(draft, await _catalog(front, draft))
    if product is None:
        raise SelectionRefusedError("This product is not sold any more.")
    place = front.desk.provider.places.describe(draft.filter)
    return preview.preview(draft, product, place, await _is_first(front, draft, product), outage)


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


async def _preview_smallest(front: Front, press: Press) -> None:
    async def work() -> Message:
        draft = replace(await owned_draft(front, press.actor, press.value), quantity=1)
        return await previewed(front, draft)

    await front.whisper(press.actor, await explained(work), replace=True)


async def _price_or_keep(front: Front, who: Actor, draft: Draft) -> None:
    async def work() -> Message:
        try:
            return await _preview(front, await submit.price(front.desk, draft))
        except ProviderError as error:
            _outage(error)
        try:
            return waiting_words.kept(await waiting.keep(front.desk, draft))
        except InputError as error:
            return await _preview(front, draft.with_problems(error.problems))

    await front.whisper(who, await explained(work), replace=True)


async def edit_draft(front: Front, press: Press) -> Message | None:
    """Open the form with everything a draft holds; without one, an empty form. Within a form it takes its place."""
    draft = await owned_draft(front, press.actor, press.value) if press.value else new_draft(press.actor)
    if press.view is not None and press.view.get("type") == "modal":
        form = _form(press.actor, press.view, press.ordinal)
        front.background.spawn(_guarded(front, form, draft, _show_priced(front, form, draft)))
    else:
        open_form(front, press.actor, draft)
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
    open_form(front, press.actor, submit.draft_again(request, new_draft(press.actor)))
    return None


async def _form_draft(front: Front, who: Actor, view: Mapping[str, Any]) -> Draft:
    """The draft behind a form. One that is forgotten by now starts anew: the form still shows what was chosen."""
    draft_id = DraftId(str(view.get("private_metadata", "")))
    if await front.store.draft(who.workspace, draft_id) is None:
        is_top_up = view.get("callback_id") == Callback.TOPUP
        return replace(top_up_draft(who, None) if is_top_up else new_draft(who), id=draft_id)
    return await owned_draft(front, who, draft_id)


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


async def _catalog(front: Front, draft: Draft) -> Catalog:
    """What a draft is drawn with. Some things are asked for without a catalog."""
    return {} if draft.product_code in WITHOUT_CATALOG else await front.desk.provider.catalog()


async def _is_first(front: Front, draft: Draft, product: Product) -> bool:
    return product.code not in WITHOUT_CATALOG and not await front.store.has_bought(draft.workspace, product.code)


def _described(front: Front, draft: Draft) -> dict[str, str]:
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


def _sent_words(request: PurchaseRequest) -> Message:
    return notices.state_now(request, lead="Sent.")


def with_reason(draft: Draft, reason: str) -> Draft:
    return replace(draft, reason=reason)

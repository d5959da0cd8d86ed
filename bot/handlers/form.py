"""The form for proxies and credit while it is on screen: opened, followed, drawn.

Opening a form waits for nothing. What a person chooses is kept in a draft; each redraw starts from the newest choice,
and an older one never draws over it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog
from msgspec import Struct, field
from msgspec.structs import replace

from bot.blocks import buy_modal, notices
from bot.blocks.ids import block_id, field_of
from bot.blocks.kit import View
from bot.domain.catalog import CREDIT_CODE, Catalog, Field, Filter
from bot.domain.draft import Draft
from bot.domain.errors import ChatError, ProviderError, ProxydeskError, ReplayError, StoreError
from bot.handlers.drafts import form_draft, is_first_purchase, new_draft, place_words
from bot.handlers.errors import message_for
from bot.handlers.front import Front
from bot.handlers.parse import Actor, Press, block_of, chosen, labels
from bot.slack import OpenView
from bot.usecases import budgets, submit, waiting

TYPING_PAUSE_S = 0.25
"""How long to wait for the next keystroke before the provider is asked for a price."""
TURNS_TO_SEND = 2
"""Turns of the event loop until a call has left: aiohttp writes its body in a task of its own."""
VIEW_MEMORY_S = 24 * 3600
BEYOND_EVERY_CLICK = 1e12
"""An ordinal that no click reaches: those are times, in seconds."""
FORM_GONE = frozenset({"not_found", "view_not_found"})
"""The person closed the form; nothing is left to draw on and nothing is wrong (Slack docs)."""
TYPED = frozenset({Field.QUANTITY, Field.PROMO, Field.AMOUNT})

_log = structlog.get_logger()


class Form(Struct, frozen=True):
    """A form on a person's screen: where it is, what its places are called, and the order of the click behind it."""

    actor: Actor
    view: OpenView
    labels: Mapping[str, str] = field(default_factory=dict)
    ordinal: float = 0
    quantity_block: str = Field.QUANTITY


def form_of(who: Actor, view: Mapping[str, Any], ordinal: float = 0, known: str = "") -> Form:
    """The form an interactive payload speaks of."""
    quantity = block_of(view, Field.QUANTITY) or Field.QUANTITY
    return Form(who, OpenView(str(view["id"]), known), labels(view), ordinal, quantity)


def _other_block(block: str) -> str:
    """A redraw keeps what was typed into a block; another block id makes room for what the bot fills in."""
    return Field.QUANTITY if block != Field.QUANTITY else block_id(Field.QUANTITY, "filled")


# Opening


Fill = Callable[[Draft], Awaitable[tuple[Draft, str | None]]]
"""What a form is filled in with, and a note for whoever looks at it."""


async def open_form(front: Front, who: Actor, draft: Draft, fill: Fill | None = None) -> None:
    """Put a form on the person's screen. The call for it has left before the ack, for it is what they wait for.

    `fill` is for what has to be asked for; the form says meanwhile that it is fetched.
    """
    is_top_up = draft.product_code == CREDIT_CODE
    view = buy_modal.topup_modal(draft) if is_top_up else buy_modal.loading(draft)
    opening = asyncio.create_task(_opened(front, who, view))
    for _ in range(TURNS_TO_SEND):
        await asyncio.sleep(0)
    front.background.spawn(_keep(front, who, draft, opening, fill))


async def _keep(front: Front, who: Actor, draft: Draft, opening: asyncio.Task[OpenView], fill: Fill | None) -> None:
    try:
        await front.store.save_draft(draft, who.signature)
        opened = await opening
    except ProxydeskError as error:
        await asyncio.gather(opening, return_exceptions=True)
        if isinstance(error, ReplayError):
            _log.warning("replay_ignored", payload="form")  # it opened nothing either: a trigger works once
        else:
            await _not_opened(front, who, draft, error)
        return
    if draft.product_code != CREDIT_CODE:
        form = Form(who, opened)
        front.background.take_over(work_on(form))
        await guarded(front, form, draft, _show_filled(front, form, draft, fill))


async def _show_filled(front: Front, form: Form, draft: Draft, fill: Fill | None) -> None:
    note = None
    if fill is not None:
        draft, note = await fill(draft)
        await front.store.save_draft(draft)
    await show_priced(front, form, draft, note=note)


async def _opened(front: Front, who: Actor, view: View) -> OpenView:
    if who.trigger_id is None:
        raise ChatError("no_trigger")
    return await front.chat.open_view(who.trigger_id, view)


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
    """The offer of a test purchase was taken; the form follows after the ack."""
    if press.view is not None:
        front.background.spawn(_follow(front, press, press.view, 1))


async def _follow(front: Front, press: Press, view: Mapping[str, Any], quantity: int | None) -> None:
    form = form_of(press.actor, view, press.ordinal, str(view["hash"]))
    draft = new_draft(press.actor)
    try:
        if not await is_newest(front, form):
            return
        front.background.take_over(work_on(form))
        before = await form_draft(front, press.actor, view)
        draft = chosen(before, view) if quantity is None else replace(chosen(before, view), quantity=quantity)
        draft = await _fitted(front, before, draft)
        if quantity is not None:
            form = replace(form, quantity_block=_other_block(form.quantity_block))
        await front.store.save_draft(draft)
    except ProxydeskError as error:
        await _broken(front, form, draft, error)
        return
    await guarded(front, form, draft, show_priced(front, form, draft, typed=_was_typed(press)))


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
    if quantity is None and not draft.problems and await is_first_purchase(front, draft, product):
        quantity = product.smallest_quantity
    return replace(draft, cycle=cycle, quantity=quantity, filter=draft.filter if keeps_places else Filter())


# Drawing


async def show_priced(front: Front, form: Form, draft: Draft, *, note: str | None = None, typed: bool = False) -> None:
    """Draw what is chosen, then its price as soon as there is one."""
    catalog = await front.desk.provider.catalog()
    form = await draw(front, form, draft, catalog, note=note)
    if draft.selection is None or submit.has_fresh_quote(draft):
        return
    if typed:
        await asyncio.sleep(TYPING_PAUSE_S)
        if not await is_newest(front, form):
            return
    try:
        priced, outage = await submit.price(front.desk, draft), None
    except ProviderError as error:
        priced, outage = draft, outage_words(error)
    if await is_newest(front, form):
        await draw(front, form, priced, catalog, note=note, outage=outage)


def outage_words(error: ProviderError) -> str:
    """Why nobody gets a price now, explained and logged. Raises what is about this ask alone."""
    if not waiting.is_outage(error):
        raise error
    return message_for(error).text


async def draw(
    front: Front, form: Form, draft: Draft, catalog: Catalog, *, note: str | None = None, outage: str | None = None
) -> Form:
    view = await form_view(front, form, draft, catalog, note=note, outage=outage)
    return replace(form, view=await _update(front, form, view))


async def form_view(
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
        place_labels={**place_words(front, draft), **form.labels},
        is_first_purchase=product is not None and await is_first_purchase(front, draft, product),
        note=note,
        is_checking=is_checking,
        outage=outage,
        quantity_block=form.quantity_block,
        are_places_known=front.desk.provider.places.is_loaded,
        budget=None if is_checking else await budgets.of_draft(front.desk, draft),
    )


async def _update(front: Front, form: Form, view: View) -> OpenView:
    """Refused when the form changed since; tried once more if nothing newer is on its way."""
    try:
        return await front.chat.update_view(form.view.id, view, form.view.hash or None)
    except ChatError as error:
        if error.code != "hash_conflict":
            raise
        if not await is_newest(front, form):
            return form.view
        return await front.chat.update_view(form.view.id, view)


def work_on(form: Form) -> str:
    """One piece of work at a time goes on behind a form: nobody waits for the price of an older choice."""
    return f"form:{form.view.id}"


async def is_newest(front: Front, form: Form) -> bool:
    return await front.store.is_newest(form.actor.workspace, f"view:{form.view.id}", form.ordinal, VIEW_MEMORY_S)


async def close_form(front: Front, form: Form) -> None:
    """It has become a request, or is kept: nothing that is still on its way draws over what says so, in no process."""
    front.background.give_up(work_on(form))
    with suppress(StoreError):  # what was sent is said all the same
        await is_newest(front, replace(form, ordinal=BEYOND_EVERY_CLICK))


async def guarded(front: Front, form: Form, draft: Draft, work: Any) -> None:
    try:
        await work
    except Exception as error:
        await _broken(front, form, draft, error)


async def _broken(front: Front, form: Form, draft: Draft, error: Exception) -> None:
    """The form itself says what went wrong; a form that is gone is nobody's problem."""
    if _is_gone(error):
        return
    message = message_for(error)
    try:
        await _update(front, form, buy_modal.broken(message.text, draft))
    except ProxydeskError as refusal:
        if not _is_gone(refusal):
            await front.whisper(form.actor, message)


def _is_gone(error: Exception) -> bool:
    return isinstance(error, ChatError) and error.code in FORM_GONE

"""The form is sent: with its price on screen it becomes a request before the ack, else the price comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from bot.blocks import buy_modal
from bot.blocks import waiting as waiting_words
from bot.blocks.kit import View
from bot.blocks.text import unmarked
from bot.domain.catalog import CREDIT_CODE, Field
from bot.domain.draft import Draft
from bot.domain.errors import InputError, ProviderError, ProxydeskError
from bot.handlers.drafts import catalog_for, form_draft
from bot.handlers.errors import message_for
from bot.handlers.form import Form, close_form, draw, form_of, form_view, guarded, outage_words, work_on
from bot.handlers.front import Front
from bot.handlers.parse import NOT_WHOLE, actor, block_of, chosen
from bot.usecases import submit, waiting

ACK_PATIENCE_S = 1.2
"""How long an ack waits for what may follow it as well."""

_log = structlog.get_logger()


async def submitted(front: Front, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The form was sent. With the price on screen it becomes a request before the ack; else the price comes first."""
    view, who = body["view"], actor(body)
    form = form_of(who, view)
    try:
        before = await form_draft(front, who, view)
        draft = chosen(before, view)
        if missing := _missing(draft):
            return _errors(missing, view)
        if draft.is_priced and (draft.problems or submit.has_fresh_quote(draft)):
            async with asyncio.timeout(ACK_PATIENCE_S):
                sent = await submit.submit(front.desk, draft)
                await close_form(front, form)
            return {"response_action": "update", "view": buy_modal.sent(sent.request)}
        await front.store.save_draft(draft)
    except InputError as error:
        return _errors(error.problems, view)
    except (ProviderError, TimeoutError):
        _log.info("sent_behind_the_ack", draft=draft.id)  # sending the same draft again does no harm
    except Exception as error:
        return {"response_action": "errors", "errors": {_some_block(view): unmarked(message_for(error).text)}}
    checking = await _checking_view(front, form, draft)
    front.background.spawn(guarded(front, form, draft, _price_and_send(front, form, draft)))
    return {"response_action": "update", "view": checking}


async def _checking_view(front: Front, form: Form, draft: Draft) -> View:
    try:
        async with asyncio.timeout(ACK_PATIENCE_S):
            catalog = await catalog_for(front, draft)
            return await form_view(front, form, draft, catalog, is_checking=True)
    except (ProxydeskError, TimeoutError):
        return buy_modal.loading(draft)


async def _price_and_send(front: Front, form: Form, draft: Draft) -> None:
    front.background.take_over(work_on(form))
    priced = draft
    try:
        priced = await submit.price(front.desk, draft)
        front.background.give_up(work_on(form))  # a newer choice ends the wait for a price, not what follows
        sent = await submit.submit(front.desk, priced)
    except ProviderError as error:
        outage_words(error)
        await _keep(front, form, draft)
        return
    except InputError as error:
        catalog = await catalog_for(front, draft)
        await draw(front, form, priced.with_problems(error.problems), catalog)
        return
    await close_form(front, form)
    await front.chat.update_view(form.view.id, buy_modal.sent(sent.request))


async def _keep(front: Front, form: Form, draft: Draft) -> None:
    """No price is to be had: the ask is kept for when there is one. No newer choice ends that either."""
    front.background.give_up(work_on(form))
    try:
        kept = await waiting.keep(front.desk, draft)
    except InputError as error:
        catalog = await catalog_for(front, draft)
        await draw(front, form, draft.with_problems(error.problems), catalog)
        return
    await close_form(front, form)
    await front.chat.update_view(form.view.id, waiting_words.kept_view(kept))


def _missing(draft: Draft) -> dict[str, str]:
    """What the form itself does not insist on, because it may not have been drawn yet."""
    problems: dict[str, str] = {}
    if draft.product_code is None:
        problems[Field.PRODUCT] = "Choose a product."
    elif draft.quantity is None:
        problems[Field.QUANTITY] = NOT_WHOLE
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

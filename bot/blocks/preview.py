"""What a one-line command or a top-up would ask for, at its full price, before anything is sent."""

from __future__ import annotations

from bot.blocks import kit, price, text
from bot.blocks.buy_modal import test_purchase
from bot.blocks.ids import Action
from bot.blocks.kit import Block, Element, Message
from bot.domain.catalog import Product
from bot.domain.draft import Draft


def preview(draft: Draft, product: Product, place: str | None, is_first_purchase: bool) -> Message:
    """For one person's eyes. Offers to send only what has a price."""
    lines = [f"*{_subject(draft, product)}*", *_facts(draft, place), *_price(draft, product)]
    said = "\n".join([*lines, "Nothing is sent yet."])
    blocks: list[Block] = [kit.section(said), *kit.passage(draft.reason), kit.actions(*_buttons(draft))]
    smallest = product.smallest_quantity
    if is_first_purchase and not product.is_credit and draft.quantity not in (None, smallest):
        blocks.insert(1, test_purchase(draft, product))
    return kit.message(f"{said}\nReason: {text.quoted(draft.reason)}" if draft.reason else said, *blocks)


def discarded() -> Message:
    said = "Discarded. Nothing was sent and nothing was bought."
    return kit.message(said, kit.section(said))


def _subject(draft: Draft, product: Product) -> str:
    if draft.selection:
        return text.words(text.subject(draft.selection, product))
    return text.words(text.product_label(product))


def _facts(draft: Draft, place: str | None) -> list[str]:
    facts = []
    if draft.cycle and draft.top_up_cents is None:
        facts.append(f"For {text.cycle_words(draft.cycle)}")
    if place:
        facts.append(f"Network and place: {text.words(place, 300)}")
    if draft.channel:
        facts.append(f"The card goes to {text.channel(draft.channel)}")
    return facts


def _price(draft: Draft, product: Product) -> list[str]:
    selection = draft.selection
    if draft.problems:
        return [f":warning: {text.prose(sentence)}" for sentence in draft.problems.values()]
    if selection is None:
        return ["Choose quantity and cycle to see the price."]
    if draft.quote is None or not draft.is_priced:
        return ["The price is not known yet."]
    renewal = price.renewal(draft.quote, selection.cycle)
    return [
        price.breakdown(draft.quote, product),
        *([renewal] if renewal else []),
        price.credit(draft.quote, selection),
    ]


def _buttons(draft: Draft) -> list[Element]:
    can_be_sent = draft.is_priced and draft.quote is not None and not draft.problems
    send = [kit.button("Send request", Action.SEND_DRAFT, draft.id, style="primary")] if can_be_sent else []
    return [
        *send,
        kit.button("Edit", Action.EDIT_DRAFT, draft.id),
        kit.button("Discard", Action.DISCARD_DRAFT, draft.id),
    ]

"""What a one-line command or a top-up would ask for, at its full price, before anything is sent."""

from __future__ import annotations

from bot.blocks import budget as budgets
from bot.blocks import kit, price, text, waiting
from bot.blocks.buy_modal import test_purchase
from bot.blocks.ids import Action
from bot.blocks.kit import Block, Element, Message
from bot.domain.budget import Budget
from bot.domain.catalog import Product
from bot.domain.draft import Draft


def preview(
    draft: Draft,
    product: Product,
    place: str | None,
    is_first_purchase: bool,
    *,
    outage: str | None = None,
    budget: Budget | None = None,
) -> Message:
    """For one person's eyes. Offers to send only what has a price, or what can wait for one while nobody gets any.

    `outage` says why nobody does, in finished mrkdwn. `budget` is the channel's, with what this would need.
    """
    priced = _price(draft, product) if outage is None else [waiting.no_price(outage)]
    lines = [f"*{_subject(draft, product)}*", *_facts(draft, place), *priced]
    lines += budgets.lines(budget, draft.channel)
    said = "\n".join([*lines, *_missing(draft), "Nothing is sent yet."])
    blocks: list[Block] = [
        kit.section(said),
        *kit.passage(draft.reason),
        kit.actions(*_buttons(draft, outage is not None)),
    ]
    smallest = product.smallest_quantity
    if is_first_purchase and not product.is_credit and draft.quantity not in (None, smallest):
        blocks[1:1] = test_purchase(draft, product)
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
    if draft.cycle and draft.top_up_cents is None and draft.service is None:
        facts.append(f"For {text.cycle_words(draft.cycle)}")
    if place:
        facts.append(f"Network and place: {text.words(place, 300)}")
    if draft.channel:
        facts.append(f"The card goes to {text.channel(draft.channel)}")
    return facts


def _missing(draft: Draft) -> list[str]:
    """What an approver needs besides the price."""
    if not draft.reason.strip():
        return [":pencil2: Say what it is for: press *Edit*, or end the line with `for …`."]
    return [] if draft.channel else [":pencil2: Choose the channel for the card: press *Edit*."]


def _price(draft: Draft, product: Product) -> list[str]:
    selection = draft.selection
    if draft.problems:
        return [f":warning: {text.prose(sentence)}" for sentence in draft.problems.values()]
    if selection is None:
        return [price.needs(draft, product)]
    if draft.quote is None or not draft.is_priced:
        return ["The price is not known yet."]
    if selection.is_about_renewal:
        return [price.breakdown(draft.quote, product)]
    renewal = price.renewal(draft.quote, selection.cycle)
    return [
        price.breakdown(draft.quote, product),
        *([renewal] if renewal else []),
        price.credit(draft.quote, selection),
    ]


def _buttons(draft: Draft, can_wait: bool) -> list[Element]:
    has_price = draft.is_priced and draft.quote is not None and not draft.problems
    can_be_sent = (has_price or can_wait) and not _missing(draft)
    send = [kit.button("Send request", Action.SEND_DRAFT, draft.id, style="primary")] if can_be_sent else []
    if draft.service is not None:
        return [*send, kit.button("Discard", Action.DISCARD_DRAFT, draft.id)]
    return [
        *send,
        kit.button("Edit", Action.EDIT_DRAFT, draft.id, style=None if can_be_sent else "primary"),
        kit.button("Discard", Action.DISCARD_DRAFT, draft.id),
    ]

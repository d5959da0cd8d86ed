"""The form in which people ask for proxies, from its first empty moment to the confirmation.

Fields keep their block ids while their meaning stays the same, so that a redraw never takes away what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.blocks import budget as budgets
from bot.blocks import choices, kit, limits, price, story, text, waiting
from bot.blocks.choices import place_options, product_options
from bot.blocks.ids import Action, Callback, block_id, view_metadata
from bot.blocks.kit import Block, Element, View
from bot.domain.budget import Budget
from bot.domain.catalog import (
    MAX_PROMO,
    MAX_QUANTITY,
    MAX_REASON,
    MAX_TOP_UP,
    MIN_TOP_UP,
    Field,
    Product,
    quantity_problem,
)
from bot.domain.draft import Draft
from bot.domain.request import PurchaseRequest, State

__all__ = ["broken", "form", "loading", "place_options", "product_options", "sent", "test_purchase", "topup_modal"]

TITLE = "Ask for proxies"


def loading(draft: Draft) -> View:
    """What stands on the screen at once, before anything is known."""
    blocks = [kit.section("Fetching products and stock…")]
    return kit.modal(TITLE, blocks, callback=Callback.BUY, metadata=_about(draft), close="Cancel")


def form(
    draft: Draft,
    product: Product | None,
    *,
    place_labels: Mapping[str, str],
    is_first_purchase: bool,
    note: str | None = None,
    is_checking: bool = False,
    outage: str | None = None,
    quantity_block: str = Field.QUANTITY,
    are_places_known: bool = True,
    budget: Budget | None = None,
) -> View:
    """The form with everything chosen so far. `place_labels` has the words for chosen places, by field.

    `outage` says in finished mrkdwn why nobody gets a price now; sending it keeps it.
    `budget` is that of the chosen channel, with what this would need.
    `quantity_block` is the block id of the quantity: Slack keeps what was typed for as long as it stays the same.
    """
    problems = _present_problems(draft)
    about = _about_product(draft, product, place_labels, quantity_block) if product else []
    fields = [_product(product), *about]
    if product and product.takes_filter and not are_places_known:
        fields.append(
            kit.context("Networks and places are still being fetched; searching them works in a minute or so.")
        )
    if product and is_first_purchase:
        fields[2:2] = test_purchase(draft, product)
    paper = [_reason(draft), _channel(draft)]
    blocks = [
        *_notes(note, is_checking),
        *_with_problems(fields, problems),
        kit.divider(),
        kit.section(_price(draft, product, problems) if outage is None else waiting.no_price(outage)),
        *(kit.context(line) for line in budgets.lines(budget, draft.channel)),
        *_without_field(problems, [*fields, *paper]),
        *_with_problems(paper, problems),
    ]
    return kit.modal(
        TITLE, blocks, callback=Callback.BUY, metadata=_about(draft), submit="Send request", close="Cancel"
    )


def topup_modal(draft: Draft, *, is_checking: bool = False) -> View:
    """The form for more account credit."""
    explains = "Credit pays for purchases before any invoice does. It arrives when the top-up's invoice is paid."
    fields, problems = [_amount(draft), _reason(draft), _channel(draft)], _present_problems(draft)
    return kit.modal(
        "Top up credit",
        [
            *_notes(None, is_checking),
            kit.section(explains),
            *_with_problems(fields, problems),
            *_without_field(problems, fields),
        ],
        callback=Callback.TOPUP,
        metadata=_about(draft),
        submit="Send request",
        close="Cancel",
    )


def sent(request: PurchaseRequest) -> View:
    """What became of the form, and what happens next."""
    if request.state is State.PENDING:
        follows = f"An approver decides on the card in {text.channel(request.channel)}. Nothing is bought before that."
    else:
        follows = story.present(request)
    blocks = [
        kit.section(f"*Sent as {text.number(request.id)}*\n{story.wanted(request)}, {price.in_short(request.quote)}."),
        kit.section(f"{follows} You get a message when there is an answer."),
    ]
    return kit.modal("Request sent", blocks)


def broken(markup: str, draft: Draft) -> View:
    """What went wrong, and a way to try again with what was chosen so far.

    `markup` is finished mrkdwn, as the `text` of a message in `notices`: it is not escaped again.
    """
    blocks = [
        kit.section(f":warning: {markup}"),
        kit.section("Nothing was sent. What you chose so far is kept for a day."),
        kit.actions(kit.button("Try again", Action.OPEN_FORM, draft.id, style="primary")),
    ]
    return kit.modal("Something went wrong", blocks, callback=Callback.BUY, metadata=_about(draft))


def _about(draft: Draft) -> str:
    return view_metadata(draft.workspace, draft.id)


# Notes and problems


def _present_problems(draft: Draft) -> dict[str, str]:
    """Problems of an older choice are not shown beside a newer one."""
    return draft.problems if draft.is_priced or draft.selection is None else {}


def _notes(note: str | None, is_checking: bool) -> list[Block]:
    notes = [kit.context(":hourglass_flowing_sand: *Checking the price. Not sent yet.*")] if is_checking else []
    return [*notes, kit.section(text.prose(note))] if note else notes


def _with_problems(fields: Sequence[Block], problems: Mapping[str, str]) -> list[Block]:
    """Each field, with what is wrong with it right below."""
    blocks: list[Block] = []
    for block in fields:
        blocks.append(block)
        if problem := problems.get(_field(block)):
            blocks.append(_problem(problem))
    return blocks


def _without_field(problems: Mapping[str, str], fields: Sequence[Block]) -> list[Block]:
    """Problems that belong to no field on the form."""
    shown = {_field(block) for block in fields}
    return [_problem(sentence) for field, sentence in problems.items() if field not in shown]


def _problem(sentence: str) -> Block:
    return kit.context(f":warning: {text.prose(sentence)}")


def _field(block: Block) -> str:
    """The field of an input block, "" for any other block."""
    return str(block.get("element", {}).get("action_id", ""))


# Fields


def _product(product: Product | None) -> Block:
    element = _external(Field.PRODUCT, "Type a country, a network kind or a name")
    if product:
        element["initial_option"] = choices.product_option(product)
    return kit.input_block("Product", element, Field.PRODUCT.value, does_dispatch=True)


def _about_product(draft: Draft, product: Product, place_labels: Mapping[str, str], quantity_block: str) -> list[Block]:
    """The fields that make sense only once the product is known."""
    cycle = [_cycle(draft, product)] if product.cycles else []
    places = _places(draft, product, place_labels) if product.takes_filter else []
    return [_quantity(draft, product, quantity_block), *cycle, _promo(draft), *places]


def _quantity(draft: Draft, product: Product, block: str) -> Block:
    element: Element = {
        "type": "number_input",
        "action_id": Field.QUANTITY.value,
        "is_decimal_allowed": False,
        "min_value": str(product.smallest_quantity),
        "max_value": str(MAX_QUANTITY),
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
    }
    if draft.quantity is not None and product.smallest_quantity <= draft.quantity <= MAX_QUANTITY:
        element["initial_value"] = str(draft.quantity)
    label = "Quantity (proxies)" if product.is_per_ip else "Data (GB)"
    hint = choices.stock(product).capitalize()
    return kit.input_block(label, element, block, hint=hint, does_dispatch=True)


def test_purchase(draft: Draft, product: Product) -> list[Block]:
    """The offer to begin with the smallest quantity, or why it is already filled in. None of what cannot be had."""
    if not product.is_available or quantity_problem(product.smallest_quantity, product):
        return []
    smallest = text.quantity(product, product.smallest_quantity)
    said = f"This product was never bought here. A test purchase of {smallest} shows how it works at a small price."
    if draft.quantity == product.smallest_quantity:
        return [kit.context(f":test_tube: {said}")]
    return [kit.section(said, kit.button(f"Use {smallest}", Action.USE_SMALLEST, draft.id))]


def _cycle(draft: Draft, product: Product) -> Block:
    options = {cycle: kit.option(text.cycle_words(cycle), str(cycle)) for cycle in product.cycles[: limits.OPTIONS]}
    element: Element = {
        "type": "static_select",
        "action_id": Field.CYCLE.value,
        "placeholder": kit.plain("Choose how long one payment lasts", limits.PLACEHOLDER),
        "options": list(options.values()),
    }
    if draft.cycle in options:
        element["initial_option"] = options[draft.cycle]
    return kit.input_block("Cycle", element, block_id(Field.CYCLE, product.code), does_dispatch=True)


def _promo(draft: Draft) -> Block:
    element: Element = {
        "type": "plain_text_input",
        "action_id": Field.PROMO.value,
        "max_length": MAX_PROMO,
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    if draft.promo_code:
        element["initial_value"] = text.plain(draft.promo_code, MAX_PROMO)
    hint = "Press Enter to see the price with it."
    return kit.input_block("Promo code", element, Field.PROMO.value, hint=hint, is_optional=True, does_dispatch=True)


def _places(draft: Draft, product: Product, labels: Mapping[str, str]) -> list[Block]:
    country = product.country_id or "-"
    chosen = draft.filter
    return [
        _place("Network (ASN)", Field.ASN, block_id(Field.ASN, country), chosen.asn_id, labels),
        _place("Region", Field.SUBDIVISION, block_id(Field.SUBDIVISION, country), chosen.subdivision_id, labels),
        _place("City", Field.CITY, block_id(Field.CITY, country, chosen.subdivision_id or "-"), chosen.city_id, labels),
    ]


def _place(label: str, field: Field, block: str, chosen: int | str | None, labels: Mapping[str, str]) -> Block:
    element = _external(field, "Anywhere")
    value = "" if chosen is None else str(chosen)
    if 0 < len(value) <= limits.OPTION_VALUE:
        element["initial_option"] = choices.place_option(value, labels.get(field) or value)
    return kit.input_block(label, element, block, is_optional=True, does_dispatch=True)


def _external(field: Field, placeholder: str) -> Element:
    return {
        "type": "external_select",
        "action_id": field.value,
        "min_query_length": 0,
        "placeholder": kit.plain(placeholder, limits.PLACEHOLDER),
    }


def _amount(draft: Draft) -> Block:
    element: Element = {
        "type": "number_input",
        "action_id": Field.AMOUNT.value,
        "is_decimal_allowed": True,
        "min_value": text.dollars(MIN_TOP_UP),
        "max_value": text.dollars(MAX_TOP_UP),
    }
    if draft.top_up_cents is not None and MIN_TOP_UP <= draft.top_up_cents <= MAX_TOP_UP:
        element["initial_value"] = text.dollars(draft.top_up_cents)
    hint = f"Between {text.money(MIN_TOP_UP)} and {text.money(MAX_TOP_UP)}"
    return kit.input_block("Amount in dollars", element, Field.AMOUNT.value, hint=hint)


def _reason(draft: Draft) -> Block:
    element: Element = {
        "type": "plain_text_input",
        "action_id": Field.REASON.value,
        "multiline": True,
        "max_length": MAX_REASON,
        "placeholder": kit.plain("What is it for?", limits.PLACEHOLDER),
    }
    if draft.reason:
        element["initial_value"] = text.cut(draft.reason, MAX_REASON)
    return kit.input_block("Why", element, Field.REASON.value, hint="Approvers read it on the card.")


def _channel(draft: Draft) -> Block:
    element: Element = {
        "type": "conversations_select",
        "action_id": Field.CHANNEL.value,
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    if draft.channel:
        element["initial_conversation"] = draft.channel
    else:
        element["default_to_current_conversation"] = True
    hint = "The card is posted there. Proxydesk has to be a member of a private channel."
    return kit.input_block("Channel", element, Field.CHANNEL.value, hint=hint)


# Price


def _price(draft: Draft, product: Product | None, problems: Mapping[str, str]) -> str:
    """The price as far as it is known."""
    selection = draft.selection
    if problems:
        return "*There is no price for this yet.* See the warnings beside the fields."
    if product is None or selection is None:
        return price.needs(draft, product)
    if draft.quote is None or not draft.is_priced:
        return "Fetching the price…"
    lines = [f"*Price*\n{price.breakdown(draft.quote, product)}", price.renewal(draft.quote, selection.cycle)]
    return "\n".join([*(line for line in lines if line), price.credit(draft.quote, selection)])

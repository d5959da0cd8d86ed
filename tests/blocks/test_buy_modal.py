"""The form keeps what was chosen, shows what is wrong beside it, and never shows a price that is not today's."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bot.blocks import buy_modal, notices
from bot.blocks.ids import ANYWHERE
from bot.blocks.kit import View
from bot.blocks.preview import discarded, preview
from bot.domain.catalog import CREDIT, Cycle, Field, Filter, Product, top_up
from bot.domain.draft import Draft
from bot.domain.ids import ChannelId, DraftId, ProductCode
from bot.domain.request import State
from bot.ports import PlaceOption
from tests import examples
from tests.blocks.reading import assert_sound, assert_valid, assert_valid_view, buttons, inputs, markups, visible

EMPTY = Draft(id=DraftId("d-0001"), workspace=examples.WORKSPACE, user=examples.REQUESTER)
UGLY_PRODUCT = examples.product(name=examples.UGLY * 9, cycles=tuple(Cycle(n, "month") for n in range(1, 120)))
UGLY_DRAFT = examples.draft(
    promo_code="`&<>" * 16,
    reason=examples.AMPERSANDS,
    quantity=100_000,
    filter=Filter(7018, "us_texas", 12),
    problems=dict.fromkeys(Field, examples.UGLY * 20),
)


def form(draft: Draft, product: Product | None = None, **given: Any) -> View:
    return buy_modal.form(draft, product, **{"place_labels": {}, "is_first_purchase": False, **given})


def below(view: View, field: str) -> str:
    """The words right below a field."""
    position = next(n for n, block in enumerate(view["blocks"]) if block.get("block_id", "").split(":")[0] == field)
    return str(view["blocks"][position + 1])


@pytest.mark.parametrize(
    ("draft", "product"),
    [
        (EMPTY, None),
        (examples.draft(), examples.product()),
        (examples.priced_draft(), examples.product()),
        (examples.draft(), None),
        (examples.draft(), examples.product(cycles=())),
        (examples.draft(quantity=0), examples.product(stock=0)),
        (examples.draft(quantity=10**12), examples.data_product()),
        (UGLY_DRAFT, UGLY_PRODUCT),
        (UGLY_DRAFT.with_problems(UGLY_DRAFT.problems), UGLY_PRODUCT),
    ],
)
def test_every_form_is_valid(draft: Draft, product: Product | None) -> None:
    for is_first in (True, False):
        for note in (None, examples.UGLY):
            view = form(draft, product, is_first_purchase=is_first, note=note, is_checking=is_first)
            assert_valid_view(view)
            assert view["private_metadata"] == "d-0001@T0001"
            assert view["callback_id"] == "buy"


def test_the_first_moment_has_nothing_to_fill_in() -> None:
    """I1"""
    view = buy_modal.loading(EMPTY)
    assert_valid_view(view)
    assert "Fetching products and stock…" in visible(view)
    assert inputs(view) == {}


def test_only_what_the_product_takes_is_asked() -> None:
    """V2"""
    assert set(inputs(form(EMPTY))) == {"product", "reason", "channel"}
    full = {"product", "quantity", "cycle", "promo", "asn", "subdivision", "city", "reason", "channel"}
    assert set(inputs(form(examples.draft(), examples.product()))) == full
    pooled = set(inputs(form(examples.draft(), examples.data_product())))
    assert full - pooled == {"asn", "subdivision", "city"}


def test_what_was_chosen_stays_chosen() -> None:
    """V2"""
    draft = examples.draft(promo_code="WELCOME10", filter=Filter(7018, "us_texas", 12))
    labels = {"asn": "AT&T (AS7018)", "subdivision": "Texas"}
    found = inputs(form(draft, examples.product(), place_labels=labels))
    assert found["product"]["element"]["initial_option"]["value"] == "isp_us"
    assert found["quantity"]["element"]["initial_value"] == "5"
    assert found["cycle"]["element"]["initial_option"]["value"] == "1:month"
    assert found["promo"]["element"]["initial_value"] == "WELCOME10"
    assert (
        found["asn"]["element"]["initial_option"]
        == buy_modal.place_options([PlaceOption("7018", "AT&T (AS7018)")], offers_anywhere=False)["options"][0]
    )
    assert found["city"]["element"]["initial_option"]["text"]["text"] == "12"
    assert found["reason"]["element"]["initial_value"] == "Price monitoring in the EU"
    assert found["channel"]["element"]["initial_conversation"] == "C0SCRAPING"


def test_a_field_is_emptied_only_when_what_it_depends_on_changes() -> None:
    """V2: Slack keeps the input of a block whose id stays."""
    before = inputs(form(examples.draft(filter=Filter(subdivision_id="us_texas")), examples.product()))
    other = examples.product(code=ProductCode("isp_ca"), country_id="ca")
    after = inputs(form(examples.draft(), other))
    changed = {field for field in before if before[field]["block_id"] != after[field]["block_id"]}
    assert changed == {"cycle", "asn", "subdivision", "city"}
    assert before["city"]["block_id"] == "city:us:us_texas"
    assert after["city"]["block_id"] == "city:ca:-"


def test_only_the_cycles_of_the_product_are_offered() -> None:
    """V4"""
    element = inputs(form(examples.draft(cycle=Cycle(1, "year")), examples.product()))["cycle"]["element"]
    assert [option["text"]["text"] for option in element["options"]] == ["1 month", "3 months"]
    assert "initial_option" not in element


@pytest.mark.parametrize(
    ("product", "label", "hint"),
    [
        (examples.product(), "Quantity (proxies)", "181 in stock"),
        (examples.product(stock=0), "Quantity (proxies)", "Out of stock"),
        (examples.data_product(), "Data (GB)", "Sold as data, no stock limit"),
    ],
)
def test_no_count_is_not_out_of_stock(product: Product, label: str, hint: str) -> None:
    """T44, V4"""
    block = inputs(form(examples.draft(), product))["quantity"]
    assert block["label"]["text"] == label
    assert block["hint"]["text"] == hint


def test_fields_report_while_typing_where_the_price_depends_on_them() -> None:
    found = inputs(form(examples.draft(), examples.product()))
    speaking = {field for field, block in found.items() if block["dispatch_action"]}
    assert speaking == {"product", "quantity", "cycle", "promo", "asn", "subdivision", "city"}
    triggers = {
        name: found[name]["element"]["dispatch_action_config"]["trigger_actions_on"] for name in ("quantity", "promo")
    }
    assert triggers == {"quantity": ["on_character_entered"], "promo": ["on_enter_pressed"]}


def test_the_price_of_the_choice_and_of_no_other() -> None:
    draft = examples.priced_draft(examples.quote(discount=175, balance=500, promo_code="TEN"), promo_code="TEN")
    words = visible(form(draft, examples.product()))
    for line in ("*Total: $15.75*", "Discount with `TEN`: −$1.75", "*To pay by invoice: $10.75*", "Renews every month"):
        assert line in words
    newer = visible(form(replace(draft, quantity=6), examples.product()))
    assert "Fetching the price…" in newer
    assert "$" not in newer
    assert "Choose the product, quantity and cycle to see the price." in visible(form(EMPTY))
    assert "Choose the quantity to see the price." in visible(form(examples.draft(quantity=None), examples.product()))


def test_a_problem_stands_below_its_field() -> None:
    """V3, V7"""
    draft = examples.draft(promo_code="OLD").with_problems(
        {"promo": "This code <OLD> ended.", "weird": "Something else."}
    )
    view = form(draft, examples.product())
    assert ":warning: This code &lt;OLD&gt; ended." in below(view, "promo")
    words = visible(view)
    assert words.count("This code") == 1
    assert "Something else." in words
    assert "There is no price for this yet." in words
    assert "This code" not in visible(form(replace(draft, promo_code=None), examples.product()))


def test_what_is_no_number_is_said_beside_the_quantity() -> None:
    draft = examples.draft(quantity=None).with_problems({"quantity": "Write a whole number."})
    view = form(draft, examples.product())
    assert "Write a whole number." in below(view, "quantity")
    assert "There is no price for this yet." in visible(view)


@pytest.mark.parametrize("gone", [{"stock": 0}, {"is_available": False}])
def test_no_test_purchase_of_what_cannot_be_bought(gone: dict[str, Any]) -> None:
    draft, product = examples.draft(quantity=5), examples.product(**gone)
    assert "use_smallest" not in buttons(form(draft, product, is_first_purchase=True))
    assert "use_smallest" not in buttons(preview(draft, product, None, True))


def test_checking_is_not_sending() -> None:
    words = visible(form(examples.draft(), examples.product(), is_checking=True))
    assert "Checking the price. Not sent yet." in words


def test_a_first_purchase_may_be_small() -> None:
    view = form(examples.draft(), examples.product(), is_first_purchase=True)
    assert buttons(view)["use_smallest"]["value"] == "d-0001"
    assert buttons(view)["use_smallest"]["text"]["text"] == "Use 1 proxy"
    assert "use_smallest" not in buttons(form(examples.draft(quantity=1), examples.product(), is_first_purchase=True))
    assert "use_smallest" not in buttons(form(examples.draft(), examples.product()))


def test_the_confirmation_tells_what_happens_next() -> None:
    view = buy_modal.sent(examples.submitted())
    assert_valid_view(view)
    assert "Sent as #1042" in visible(view)
    assert "<#C0SCRAPING>" in visible(view)
    assert "submit" not in view
    assert_valid_view(buy_modal.sent(examples.ugly()))
    for state in State:
        assert_valid_view(buy_modal.sent(examples.request(state)))


def test_a_broken_form_offers_to_go_on() -> None:
    said = notices.error("Byteful & co. cannot be reached.", "Nothing was bought.", "Try again.", "ref-1").text
    view = buy_modal.broken(said, EMPTY)
    assert_valid_view(view)
    assert buttons(view)["open_form"]["value"] == "d-0001"
    assert "Nothing was sent" in visible(view)
    assert_valid_view(buy_modal.broken("x" * 9_000, EMPTY))


def test_the_top_up_form() -> None:
    view = buy_modal.topup_modal(examples.draft(top_up_cents=1_250))
    assert_valid_view(view)
    assert set(inputs(view)) == {"amount", "reason", "channel"}
    assert inputs(view)["amount"]["element"]["initial_value"] == "12.50"
    assert view["callback_id"] == "topup"
    for strange in (None, 0, 10**12):
        assert_valid_view(buy_modal.topup_modal(replace(UGLY_DRAFT, top_up_cents=strange, channel=None)))


def test_a_problem_that_has_no_field_is_still_shown() -> None:
    """V5: "nobody could approve this" belongs to the product, which a top-up does not ask for."""
    draft = examples.draft(product_code=CREDIT.code, quantity=1, top_up_cents=5_000, cycle=CREDIT.cycles[0])
    stuck = draft.with_problems({"product": "Nobody could approve this.", "amount": "A top-up is at least $5."})
    view = buy_modal.topup_modal(stuck)
    assert "Nobody could approve this." in visible(view)
    assert "A top-up is at least $5." in below(view, "amount")


# Menus


def labels(answer: dict[str, Any]) -> list[str]:
    groups = answer.get("option_groups", [{"options": answer.get("options", [])}])
    return [option["text"]["text"] for group in groups for option in group["options"]]


def product_options(catalog: list[Product], query: str, bought: frozenset[ProductCode] = frozenset()) -> dict[str, Any]:
    names = {"us": "United States", "uk": "United Kingdom", "au": "Australia", "ci": "Côte d'Ivoire"}
    return buy_modal.product_options(catalog, query, bought, country_name=names.get)


def assert_valid_menu(answer: dict[str, Any]) -> None:
    if labels(answer):
        element = {"type": "static_select", "action_id": "x", **answer}
        assert_valid_view({"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": [_around(element)]})
    else:
        assert answer == {"options": []}


def _around(element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": [element]}


def test_products_are_found_by_any_of_their_words_and_grouped() -> None:
    """V1"""
    catalog = [
        examples.data_product(),
        examples.product(),
        examples.product(code=ProductCode("isp_uk"), name="ISP Proxies [UK]", country_id="uk", stock=0),
        examples.product(code=ProductCode("old"), name="Old", is_available=False),
        CREDIT,
    ]
    answer = product_options(catalog, "")
    assert [group["label"]["text"] for group in answer["option_groups"]] == ["ISP", "Residential"]
    assert labels(answer) == ["AT&T ISP Proxies [US]", "ISP Proxies [UK]", "Residential Proxies"]
    assert labels(product_options(catalog, " at&t PROXIES ")) == ["AT&T ISP Proxies [US]"]
    assert product_options(catalog, "nonesuch") == {"options": []}
    descriptions = [option["description"]["text"] for option in answer["option_groups"][0]["options"]]
    assert descriptions == ["181 in stock · 1 month, 3 months", "out of stock · 1 month, 3 months"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("united kingdom", ["uk"]),
        ("isp Kingdom", ["uk"]),
        ("uk", ["uk"]),
        ("us", ["us"]),
        ("united", ["uk", "us"]),
        ("cote", ["ci"]),
        ("kingdom us", []),
    ],
)
def test_v1_products_are_found_by_the_name_of_their_country(query: str, found: list[str]) -> None:
    catalog = [
        examples.product(code=ProductCode(f"isp_{n}"), name=f"ISP {n}", country_id=country)
        for n, country in enumerate(["us", "au", "uk", "ci"])
    ]
    shown = [
        option["value"]
        for group in product_options(catalog, query).get("option_groups", [])
        for option in group["options"]
    ]
    assert sorted(str(product.country_id) for product in catalog if product.code in shown) == found


def test_v1_products_bought_before_come_first_whatever_their_type() -> None:
    catalog = [examples.product(), examples.data_product()]
    answer = product_options(catalog, "", frozenset({examples.data_product().code}))
    assert [group["label"]["text"] for group in answer["option_groups"]] == ["Bought here before", "ISP"]
    assert labels(answer) == ["Residential Proxies", "AT&T ISP Proxies [US]"]


def test_menus_are_capped_cut_and_distinct() -> None:
    """T98"""
    many = [
        examples.product(code=ProductCode(f"code_{n}"), name=examples.UGLY * 3, type=f"type {n % 7} " * 20)
        for n in range(300)
    ]
    answer = product_options(many, "")
    assert_valid_menu(answer)
    assert len(labels(answer)) == len(set(labels(answer))) == 100
    assert "first 100 of 300, type more" in answer["option_groups"][0]["label"]["text"]
    assert_valid_menu(product_options([examples.product(code=ProductCode("x" * 200))], ""))


def test_places_are_capped_cut_and_distinct() -> None:
    """T98"""
    rows = [PlaceOption(str(n // 2), f"{examples.UGLY} {n}") for n in range(400)] + [
        PlaceOption("", "x"),
        PlaceOption("7", ""),
    ]
    answer = buy_modal.place_options(rows)
    assert_valid_menu(answer)
    (group,) = answer["option_groups"]
    values = [option["value"] for option in group["options"]]
    assert len(values) == len(set(values)) == 100
    assert group["label"]["text"] == "First 100, type more to find others"
    assert values[0] == ANYWHERE
    assert buy_modal.place_options([], offers_anywhere=False) == {"options": []}


# The preview of a one-line command


def test_the_preview_has_the_same_price_and_the_way_to_send_it() -> None:
    """I2"""
    draft = examples.priced_draft(examples.quote(discount=175, promo_code="TEN"), promo_code="TEN")
    message = preview(draft, examples.product(), "AT&T, Dallas", False)
    assert_valid(message)
    for reading in (message.text, visible(message)):
        for line in ("5 × AT&amp;T ISP Proxies [US]", "*Total: $15.75*", "AT&amp;T, Dallas", "Nothing is sent yet."):
            assert line in reading
    assert set(buttons(message)) == {"send_draft", "edit_draft", "discard_draft"}
    assert {button["value"] for button in buttons(message).values()} == {"d-0001"}


@pytest.mark.parametrize(
    "draft",
    [
        examples.draft(),
        examples.draft(quantity=None),
        examples.draft().with_problems({"promo": "This code ended."}),
        replace(examples.priced_draft(), quantity=6),
    ],
    ids=["unpriced", "incomplete", "problem", "changed since"],
)
def test_nothing_without_a_price_can_be_sent(draft: Draft) -> None:
    message = preview(draft, examples.product(), None, True)
    assert_valid(message)
    assert "send_draft" not in buttons(message)
    assert "edit_draft" in buttons(message)
    assert "$" not in message.text


def test_an_ugly_preview_is_valid_and_harmless() -> None:
    message = preview(UGLY_DRAFT, UGLY_PRODUCT, examples.UGLY * 20, True)
    assert_valid(message)
    for markup in markups(message.blocks):
        assert_sound(markup)


def test_a_top_up_preview_offers_no_test_purchase() -> None:
    draft = examples.draft(product_code=CREDIT.code, quantity=1, top_up_cents=5_000, cycle=CREDIT.cycles[0])
    assert draft.selection == top_up(5_000)
    price = examples.quote(per_unit=5_000, quantity=1, name="Credit", is_recurring=False, balance=0)
    message = preview(draft.with_quote(price), CREDIT, None, True)
    assert_valid(message)
    assert "$50.00 of account credit" in message.text
    assert "use_smallest" not in buttons(message)
    assert "For 1 month" not in message.text


def test_discarding_is_answered() -> None:
    assert_valid(discarded())
    assert "nothing was bought" in discarded().text


def test_without_a_channel_the_form_starts_where_the_person_is() -> None:
    element = inputs(form(examples.draft(channel=None), examples.product()))["channel"]["element"]
    assert element["default_to_current_conversation"] is True
    named = inputs(form(examples.draft(channel=ChannelId("C1")), examples.product()))["channel"]["element"]
    assert "default_to_current_conversation" not in named

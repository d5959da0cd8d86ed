"""The form: on screen at once, filled afterwards, true while something is chosen, and never losing what was typed."""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import urlencode

import pytest

from bot.domain.errors import OutcomeUnknownError
from playground.workspace_payloads import block_actions
from tests.stories.journey import CHANNEL, Journey, answered, reached


async def test_i1_the_form_is_on_screen_before_any_provider_call(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.catalog_unknown()
    asking = journey.byteful.faults.set("slow", endpoint="checkout/catalog", seconds=60)
    answered(await rita.types("/proxy buy", channel=CHANNEL))
    form = await journey.form(rita, "Fetching products and stock")
    assert form.submit is None, "nothing can be sent yet"
    await reached(asking)
    methods = [line["method"] for line in await journey.slack.log() if line["what"] == "call"]
    assert methods == ["views.open"]
    journey.byteful.faults.clear("slow")
    await journey.form(rita, "Product", "to see the price")


async def test_i1_t82_closing_the_form_early_is_no_error(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.catalog_unknown()
    asking = journey.byteful.faults.set("slow", endpoint="checkout/catalog", seconds=60)
    await rita.types("/proxy buy", channel=CHANNEL)
    form = await journey.form(rita, "Fetching products")
    await reached(asking)
    await rita.closes(form)
    journey.byteful.faults.clear("slow")
    await journey.until(lambda: journey.slack.calls("views.update"), "the form being looked for")
    await journey.answer(rita, "/proxy help", "What you can type")
    assert await rita.ephemerals(CHANNEL) == [await journey.private(rita, "What you can type")]
    assert not [line for line in journey.log if line["log_level"] in ("warning", "error") and "form" in line["event"]]


async def test_i1_the_shortcut_and_the_home_open_the_same_form(journey: Journey) -> None:
    rita = journey.person("rita")
    answered(await rita.uses_shortcut("buy_proxies"))
    await rita.closes(await journey.form(rita, "to see the price"))
    await rita.opens_home()
    answered(await rita.clicks(await journey.home(rita, "You have not asked for anything yet"), "Ask for proxies"))
    await journey.form(rita, "to see the price")


async def test_i3_a_message_becomes_the_reason_and_the_card_goes_to_its_channel(journey: Journey) -> None:
    """V6, T96: its text arrives plain and cut, and what looks like markup in it does nothing."""
    rita, max_ = journey.people("rita", "max")
    long = "We need <!channel> &amp; *five* proxies for <https://example.test|the shop>. " + "x" * 1_200
    await max_.types(long, channel=CHANNEL)
    (asked,) = [one for one in await rita.messages(CHANNEL) if "five" in one.text]
    answered(await rita.uses_message_shortcut(asked, "ask_about_message"))
    form = await journey.form(rita, "to see the price")
    await rita.chooses(form, "product", "Static Residential ISP Proxies [US]")
    form = await journey.form(rita, "Total")
    answered(await rita.submits(form))
    await journey.form(rita, "Sent as #1001")
    request = await journey.request(1001)
    assert request.reason.startswith("We need")
    assert len(request.reason) == 1_000
    assert request.channel == journey.workspace.channel_named(CHANNEL).id


@pytest.mark.parametrize("way", ["command", "home", "shortcut", "message"])
async def test_i3_all_ways_lead_into_one_intake(journey: Journey, way: str) -> None:
    """What the policy refuses is refused whichever way it came."""
    rita, max_ = journey.people("rita", "max")
    match way:
        case "command":
            await rita.types("/proxy buy", channel=CHANNEL)
        case "home":
            await rita.opens_home()
            await rita.clicks(await journey.home(rita, "Ask for proxies"), "open_form")
        case "shortcut":
            await rita.uses_shortcut("buy_proxies")
        case _:
            await max_.types("Proxies, please", channel=CHANNEL)
            (asked,) = [one for one in await rita.messages(CHANNEL) if "Proxies, please" in one.text]
            await rita.uses_message_shortcut(asked, "ask_about_message")
    form = await journey.form(rita, "to see the price")
    await rita.chooses(form, "product", "Static Residential ISP Proxies [US]")
    form = await journey.form(rita, "Total")
    await rita.enters(form, "reason", "   ")
    refused = await rita.submits(form)
    assert refused.errors
    assert await journey.submissions() == []


async def test_t32_g5_a_form_sent_from_another_companys_screen_belongs_where_it_was_opened(journey: Journey) -> None:
    """Slack names their company as the team of what they send; a number of its own would stand on a second card here,
    and an approval of that card would buy the other request.
    """
    sid, mona = journey.people("sid", "mona")
    await journey.buys()
    await sid.clicks(await journey.card("Ordered"), "reorder")
    form = await journey.form(sid, "Total")
    await sid.enters(form, "quantity", "7")
    answered(await sid.submits(await journey.form(sid, "Total")))
    await journey.form(sid, "Sent as #1002")
    card = await journey.card("Waiting for approval", number=1002)
    assert "7 ×" in card.text
    answered(await mona.clicks(card, "approve"))
    await journey.card("Ordered", number=1002)
    assert (await journey.request(1002)).selection.quantity == 7


async def test_v1_products_are_searched_and_grouped(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita)
    everything = await rita.searches(form, "product", "")
    answered(everything)
    assert len(everything.option_texts) == 21, "all that can be bought"
    found = await rita.searches(form, "product", "us isp dual")
    assert found.option_texts == ["Static Residential ISP Proxies [US] Dual-Stack"]
    assert (await rita.searches(form, "product", "nothing like it")).option_texts == []


@pytest.mark.parametrize("count", [250])
async def test_v1_t98_a_long_catalog_is_cut_with_a_word_about_it(journey: Journey, count: int) -> None:
    await journey.catalog_unknown()
    products = journey.byteful.products
    for number in range(count):
        products[f"isp_us_{number}"] = journey.product("isp_us", code=f"isp_us_{number}", name="Same name " * 12)
    rita = journey.person("rita")
    form = await journey.opens(rita)
    found = await rita.searches(form, "product", "same name")
    answered(found)
    assert len(found.option_texts) == 100
    assert len(set(found.option_texts)) == 100, "equal names are told apart"
    assert max(len(text) for text in found.option_texts) <= 75
    assert "type more" in str(found.option_groups), "and that there are more of them"


async def test_v1_what_was_bought_here_before_comes_first(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.buys("isp_us_dual 2 for scraping")
    form = await journey.opens(rita)
    found = await rita.searches(form, "product", "isp")
    assert "Bought here before" in str(found.option_groups[0])
    assert found.option_texts[0] == "Static Residential ISP Proxies [US] Dual-Stack"
    assert len(found.option_texts) == len(set(found.option_texts)) > 1, "and stands once"


async def test_v1_v4_networks_and_places_are_searched_in_memory(journey: Journey) -> None:
    """The tables load at the provider's pace, which takes a while; the form works meanwhile."""
    rita, places = journey.person("rita"), journey.bot.desk.provider.places
    form = await journey.opens(rita, "isp_us")
    assert (await rita.searches(form, "asn", "")).option_texts == ["Anywhere"]
    assert (await rita.searches(form, "asn", "at&t")).option_texts == [], "it is no hit"
    journey.byteful.faults.clear("not_found")
    assert await places.refresh()  # type: ignore[attr-defined]
    asked = journey.byteful.requests_received
    assert (await rita.searches(form, "asn", "at&t")).option_texts[1] == "AT&T (AS7018)"
    assert (await rita.searches(form, "asn", "7018")).option_texts[1] == "AT&T (AS7018)"
    assert "Texas" in (await rita.searches(form, "subdivision", "tex")).option_texts
    assert (await rita.searches(form, "city", "nowhere at all")).option_texts == []
    germany = (await rita.searches(form, "product", "germany")).option_texts
    assert germany
    assert all("[DE]" in name for name in germany)
    everything = await rita.searches(form, "asn", "")
    assert (len(everything.option_texts), everything.option_texts[0]) == (100, "Anywhere")
    assert "First 100, type more to find others" in str(everything.option_groups)
    assert "Dallas, Texas" in (await rita.searches(form, "city", "dal")).option_texts
    assert journey.byteful.requests_received == asked, "all of it from memory"
    await rita.chooses(form, "asn", "7018")
    form = await journey.form(rita, "AT&T (AS7018)")
    await rita.chooses(form, "subdivision", "us-tx")
    form = await journey.form(rita, "<Texas>")
    cities = (await rita.searches(form, "city", "")).option_texts
    assert all(text == "Anywhere" or text.endswith("Texas") for text in cities), "only those of the region"
    await rita.enters(form, "reason", "scraping")
    await journey.form(rita, "Total", "AT&T (AS7018)", "<Texas>")
    answered(await rita.submits(form))
    await journey.card("AT&T (AS7018), Texas", number=1001)
    preview = await journey.answer(rita, "/proxy buy isp_us 2 asn:99999999", "There is no network AS99999999")
    assert not preview.has_button("send_draft")


# Choosing


async def test_v4_stock_cycles_and_price_stand_while_choosing(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us", "250 in stock", "never bought here", "*Total: $3.50*")
    assert form.input("quantity").value == "1", "the smallest quantity, as a test"
    assert form.input("Cycle").options == ["1 month", "3 months", "1 year"]
    await rita.chooses(form, "cycle", "1:year")
    form = await journey.form(rita, "1 proxy × $33.60 = $33.60")
    await rita.chooses(form, "product", "isp_ca")
    form = await journey.form(rita, "52 in stock", "Proxies [CA]", "Total")
    assert form.input("Cycle").options == ["1 month", "1 year"]
    await rita.chooses(form, "product", "residential_global")
    form = await journey.form(rita, "Data (GB)", "no stock limit", "*Total: $4.00*")
    assert not [one for one in form.inputs if one.action_id == "asn"], "data takes no network"


async def test_v4_the_price_follows_the_quantity(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "quantity", "30")
    await journey.form(rita, "30 proxies × $3.25 = $97.50")


async def test_v4_stock_is_looked_at_again_when_it_is_sent(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    await rita.enters(form, "quantity", "20")
    journey.byteful.set_stock("isp_us", 10)
    await rita.submits(await rita.view() or form)
    await journey.form(rita, "Only 10 in stock. Ask for 10 or fewer.")
    assert journey.byteful.creates_received == 0


async def test_v2_the_last_choice_of_two_quick_ones_wins(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await asyncio.gather(*(rita.enters(form, "quantity", str(count)) for count in (2, 3, 4)))
    await rita.chooses(form, "cycle", "3:month")
    form = await journey.form(rita, "<3 months>", "proxies × $9.98", "Total")
    typed = form.input("quantity").value
    assert f"{typed} proxies × $9.98" in form.text, "the price is that of what stands in the form"
    redraws = await journey.slack.calls("views.update")
    unsure = [line for line in redraws if not line["args"].get("hash")]
    conflicts = [line for line in redraws if line["error"] == "hash_conflict"]
    assert len(unsure) <= len(conflicts), "each redraw says which form it means, but for one more try"


async def test_t83_v2_a_form_that_changed_meanwhile_is_drawn_again_once(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    before = len(await journey.slack.calls("views.update"))
    await journey.slack.fault("error", method="views.update", error="hash_conflict")
    await rita.enters(form, "quantity", "7")
    form = await journey.form(rita, "7 proxies × $3.50 = $24.50")
    assert form.input("reason").value == "scraping", "what was typed stays"
    errors = [line["error"] for line in (await journey.slack.calls("views.update"))[before:]]
    assert errors[:2] == ["hash_conflict", None]


async def test_t83_a_form_that_keeps_changing_is_not_fought_over(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await journey.slack.fault("error", method="views.update", times=2, error="hash_conflict")
    await rita.enters(form, "quantity", "7")
    form = await journey.form(rita, "Something went wrong", "Slack did not answer as it should (hash_conflict)")
    await rita.clicks(form, "Try again")
    await journey.form(rita, "7 proxies × $3.50 = $24.50")


# Mistakes


async def test_v3_every_mistake_stands_beside_its_field_and_nothing_typed_is_lost(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "   ")
    assert (await rita.submits(form)).errors == {"reason": "Say in a few words what this is for."}
    await rita.enters(form, "reason", "scraping")
    await rita.enters(form, "quantity", "251")
    form = await journey.form(rita, "Only 250 in stock")
    errors = (await rita.submits(form)).errors
    assert errors == {"quantity": "Only 250 in stock. Ask for 250 or fewer."}
    form = await journey.form(rita, "Quantity")
    assert (form.input("reason").value, form.input("quantity").value) == ("scraping", "251")
    assert journey.byteful.creates_received == 0
    await rita.enters(form, "quantity", "2")
    form = await journey.form(rita, "*Total: $7.00*")
    answered(await rita.submits(form))
    await journey.form(rita, "Sent as #1001", "Nothing is bought before that")


@pytest.mark.parametrize("policy", ["max_quantity: 5\nchannels: [C0SCRAPING]"], indirect=True)
async def test_v3_what_the_policy_forbids_stands_beside_its_field(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    assert "channel" in (await rita.submits(form)).errors
    await rita.enters(form, "quantity", "6")
    form = await journey.form(rita, "The policy here allows up to 5")
    assert "quantity" in (await rita.submits(form)).errors
    await rita.enters(form, "quantity", "5")
    form = await journey.form(rita, "*Total: $17.50*")
    await rita.chooses(form, "channel", "scraping")
    answered(await rita.submits(form))
    await journey.form(rita, "Sent as #1001")


@pytest.mark.parametrize(
    ("quantity", "words"), [("0", "1 or more"), ("100001", "100000 or less"), ("2.5", "whole"), ("many", "number")]
)
async def test_v3_a_quantity_that_is_none_never_leaves_the_form(journey: Journey, quantity: str, words: str) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "quantity", quantity)
    view = await rita.view()
    assert view is not None
    outcome = await rita.submits(view)
    assert words in str(outcome.errors)
    assert journey.byteful.creates_received == 0


@pytest.mark.parametrize("typed", ["5.5", "abc"])
async def test_a_quantity_that_is_no_number_says_so_and_an_older_warning_goes(journey: Journey, typed: str) -> None:
    rita = journey.person("rita")
    await rita.enters(await journey.opens(rita, "isp_us"), "quantity", "0")
    await rita.enters(await journey.form(rita, "The smallest quantity is 1"), "quantity", typed)
    form = await journey.form(rita, "Write a whole number, such as 1000.", "There is no price for this yet.")
    assert "smallest quantity" not in form.text
    await rita.enters(form, "quantity", "1,0")
    await rita.enters(form, "quantity", "")
    form = await journey.form(rita, "Choose the quantity to see the price.")
    assert "whole number" not in form.text
    await rita.enters(form, "quantity", "5")
    await journey.form(rita, "*Total: $17.50*")


async def test_another_product_puts_no_number_where_something_else_is_typed(journey: Journey) -> None:
    rita = journey.person("rita")
    await rita.enters(await journey.opens(rita, "isp_us"), "quantity", "abc")
    await rita.chooses(await journey.form(rita, "Write a whole number"), "product", "isp_gb")
    form = await journey.form(rita, "181 in stock", "Write a whole number", "There is no price for this yet.")
    assert form.input("quantity").value == "abc"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("WELCOM10", "is not accepted"),
        ("SUMMER24", "has expired"),
        ("FIRST100", "has been used up"),
    ],
)
async def test_v7_a_bad_promo_code_is_a_field_error_and_no_full_price(journey: Journey, code: str, words: str) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    await rita.enters(form, "promo", code, press_enter=True)
    form = await journey.form(rita, f"The promo code {code} is not accepted", words)
    assert "Total" not in form.text
    errors = (await rita.submits(form)).errors
    assert list(errors) == ["promo"]
    assert words in errors["promo"]


async def test_v7_a_promo_code_typed_last_is_tried_before_it_is_sent(journey: Journey) -> None:
    """Without Enter the form hears of the code only when it is sent."""
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    await rita.enters(form, "promo", "SUMMER24")
    await rita.submits(form)
    form = await journey.form(rita, "SUMMER24 is not accepted", "has expired")
    assert form.input("reason").value == "scraping"
    await rita.enters(form, "promo", "WELCOME10")
    await rita.submits(form)
    await journey.form(rita, "Sent as #1001", "$3.15 in total")


# Opened late, sent twice


@pytest.mark.parametrize("error", ["expired_trigger_id", "exchanged_trigger_id"])
async def test_t81_a_form_that_came_too_late_is_offered_again_with_what_was_chosen(
    journey: Journey, error: str
) -> None:
    rita = journey.person("rita")
    preview = await journey.preview(rita, "isp_us 3 for scraping")
    await journey.slack.fault("error", method="views.open", error=error)
    answered(await rita.clicks(preview, "Edit"))
    told = await journey.private(rita, "The form could not be opened in time", "Nothing was sent")
    await rita.clicks(told, "Open the form")
    form = await journey.form(rita, "3 proxies × $3.50 = $10.50")
    assert form.input("reason").value == "scraping"


async def test_t84_enter_pressed_twice_is_one_request(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    form = await journey.form(rita, "Total")
    answered(*await asyncio.gather(rita.submits(form), rita.submits(form)))
    await journey.form(rita, "Sent as #1001")
    await journey.card("Waiting for approval", number=1001)
    assert [line for line in await rita.messages(CHANNEL) if line.text.startswith("#1002")] == []
    assert len(await journey.submissions()) == 1


async def test_t84_a_submission_delivered_twice_is_one_request(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    form = await journey.form(rita, "Total")
    await journey.slack.fault("duplicate_delivery", method="view_submission")
    await rita.submits(form)
    await journey.card("Waiting for approval", number=1001)
    assert len(await journey.submissions()) == 1


async def test_t84_an_answer_that_got_lost_does_not_make_a_second_request(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    form = await journey.form(rita, "Total")
    await journey.slack.fault("dropped_ack", method="view_submission")
    await rita.submits(form)
    view = await rita.view()
    assert view is not None
    assert view.trouble
    await rita.submits(view)
    await journey.form(rita, "Sent as #1001")
    assert len(await journey.submissions()) == 1


@pytest.mark.parametrize("trouble", [None, "missing_fields"])
async def test_n3_what_was_sent_is_not_drawn_over_by_whoever_still_asks_for_its_price(
    journey: Journey, trouble: str | None
) -> None:
    """The price comes, or cannot be used, in one replica after another one has sent the form."""
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    asking = journey.byteful.faults.set("slow", endpoint="checkout/quote", times=1, seconds=60)
    if trouble:
        journey.byteful.faults.set(trouble, endpoint="checkout/quote", times=1)
    here = journey.workspace.bot_url
    async with journey.web_replica() as there:
        journey.workspace.bot_url = there
        answered(await rita.enters(form, "quantity", "3"))
        await reached(asking)
        journey.workspace.bot_url = here
        answered(await rita.submits(await journey.form(rita, "Fetching the price")))
        sent = await journey.form(rita, "Sent as #1001")
        journey.byteful.faults.clear("slow")
    assert await rita.view() == sent
    assert len(await journey.submissions()) == 1


@pytest.mark.parametrize(("fault", "words"), [(None, "Sent as #1001"), ("server_error", "Kept, waiting for its price")])
async def test_n3_a_choice_that_arrives_after_the_form_was_sent_does_not_bring_it_back(
    journey: Journey, fault: str | None, words: str
) -> None:
    rita, workspace = journey.person("rita"), journey.workspace
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    if fault:
        journey.byteful.faults.set(fault, endpoint="checkout/quote")
    await rita.enters(form, "quantity", "3")
    form = await journey.form(rita, "You can send it all the same" if fault else "$10.50")
    choice = {"type": "number_input", "action_id": "quantity", "block_id": "quantity", "value": "3"}
    choice["action_ts"] = f"{time.time():.6f}"
    late = block_actions(workspace, workspace.person("rita"), [choice], view=workspace.views[form.id])
    answered(await rita.submits(form))
    ended = await journey.form(rita, words)
    async with journey.web_replica() as workspace.bot_url:
        answered(await journey.slack.deliver_raw(urlencode({"payload": json.dumps(late)})))
    assert await rita.view() == ended


async def test_t66_a_slow_provider_makes_no_answer_late(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    asking = journey.byteful.faults.set("slow", endpoint="checkout/quote", seconds=60)
    answered(await rita.enters(form, "quantity", "2"))
    await reached(asking)
    answered(await rita.searches(form, "product", "isp"))
    await rita.enters(form, "reason", "scraping")
    view = await rita.view()
    assert view is not None
    answered(await rita.submits(view))
    await journey.form(rita, "Checking the price. Not sent yet.")
    journey.byteful.faults.clear("slow")
    await journey.form(rita, "Sent as #1001")


async def test_an_empty_catalog_is_said_in_the_form(journey: Journey) -> None:
    await journey.catalog_unknown()
    journey.byteful.faults.set("empty_catalog")
    rita = journey.person("rita")
    form = await journey.opens(rita)
    await journey.form(rita, "Byteful offers no products at the moment. Try again later.")
    assert (await rita.searches(form, "product", "isp")).option_texts == []


async def test_the_form_says_what_went_wrong_and_can_be_tried_again(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    journey.byteful.faults.set("server_error", endpoint="checkout/quote")
    await rita.enters(form, "quantity", "4")
    form = await journey.form(rita, "gives no price at the moment", "You can send it all the same")
    assert journey.logged(form)["kind"] == OutcomeUnknownError.__name__
    journey.byteful.faults.clear("server_error")
    await rita.enters(form, "quantity", "5")
    form = await journey.form(rita, "5 proxies × $3.50 = $17.50")
    assert form.input("reason").value == "scraping"

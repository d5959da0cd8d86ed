"""`/proxy buy …` in one line: the same priced preview as the form, and what becomes of words that make no sense."""

from __future__ import annotations

import re

import pytest

from playground.stage import ROOT
from tests.stories.journey import CHANNEL, Journey, answered


@pytest.mark.parametrize(
    "line",
    [
        "isp us 25 1m promo WELCOME10 for scraping-eu",
        "isp_us 25 1:month WELCOME10 for scraping-eu",
        "ISP-US x25 monthly code:WELCOME10 for scraping-eu",
    ],
)
async def test_i2_one_line_gives_the_same_priced_preview_as_the_form(journey: Journey, line: str) -> None:
    rita = journey.person("rita")
    preview = await journey.preview(rita, line)
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "quantity", "25")
    form = await journey.form(rita, "$81.25")
    await rita.enters(form, "promo", "WELCOME10", press_enter=True)
    form = await journey.form(rita, "$73.12", "Total")
    price = form.text.partition("*Price*\n")[2].partition("Why")[0].splitlines()
    assert len(price) > 5
    assert [line for line in price if line not in preview.text] == []
    assert "scraping-eu" in preview.text


async def test_i2_a_preview_can_be_sent_edited_and_discarded(journey: Journey) -> None:
    rita = journey.person("rita")
    preview = await journey.preview(rita, "isp_us 2 asn:7018 for scraping")
    answered(await rita.clicks(preview, "Edit"))
    form = await journey.form(rita, "*Total: $7.00*")
    assert (form.input("quantity").value, form.input("reason").value) == ("2", "scraping")
    await rita.closes(form)
    answered(await rita.clicks(preview, "Discard"))
    await journey.private(rita, "Discarded. Nothing was sent and nothing was bought.")
    assert len(await journey.submissions()) == 0


async def test_i2_a_first_purchase_offers_the_smallest_quantity(journey: Journey) -> None:
    rita = journey.person("rita")
    preview = await journey.preview(rita, "isp_us 5 for scraping", "never bought here")
    await rita.clicks(preview, "Use 1 proxy")
    card = await journey.sends(rita, await journey.private(rita, "*1 × Static", "*Total: $3.50*"))
    await journey.person("mona").clicks(card, "approve")
    await journey.card("Ordered")
    preview = await journey.preview(rita, "isp_us 5 for more")
    assert "never bought here" not in preview.text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/proxy byu isp_us 2", "Did you mean `buy`"),
        ("/proxy buy ips_us 5", "Did you mean `isp_us`"),
        ("/proxy buy satellite_mars 5", "“satellite_mars” is not something I know"),
        ("/proxy buy isp_us 5 1:moth", "Did you mean `1:month`"),
        ("/proxy buy isp_us 5 ans:7018", "Did you mean `asn:7018`"),
        ("/proxy buy isp_us 5 asn:everything", "`asn:7018`"),
        ("/proxy buy isp_us 5 5 5", "“5” is not something I know"),
        ("/proxy buy isp_us five", "“five” is not something I know"),
        ("/proxy buy isp_us 5 promo", "“promo” is not something I know"),
        ("/proxy buy isp_us -5", "“-5” is not something I know"),
        ("/proxy buy isp_us 1.5", "“1.5” is not something I know"),
        ("/proxy topup lots", "lots is no amount"),
        ("/proxy topup -50", "-50 is no amount"),
        ("/proxy show", "Say which one"),
        ("/proxy 💸", "is not something I know"),
        ("/proxy \u202ebuy", "is not something I know"),
    ],
)
async def test_i2_words_that_are_not_understood_are_named_and_nothing_is_guessed(
    journey: Journey, line: str, words: str
) -> None:
    rita = journey.person("rita")
    await journey.answer(rita, line, words)
    assert journey.calls("checkout/quote") == 0, "nothing was priced on a guess"
    assert len(await journey.submissions()) == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("isp_us 0", "The smallest quantity is 1"),
        ("isp_us 251", "Only 250 in stock"),
        ("isp_us 999999999999", "Only 250 in stock"),
        ("residential_global 999999999999", "The largest quantity of one request is 100,000 GB"),
        ("datacenter_ca 1", "out of stock"),
        ("isp_pl 1", "cannot be bought at the moment"),
        ("isp_us 1 1:week", "is not sold by 1:week"),
        ("residential_global 1 asn:7018", "takes no network or place"),
        ("isp_us 1 asn:4294967295", "AS4294967295"),
        ("isp_us 1 SUMMER24", "has expired"),
        ("isp_us 1 FIRST100", "has been used up"),
        ("isp_us 1 NOSUCHCODE", "is not accepted"),
    ],
)
async def test_i2_v3_v7_what_cannot_be_bought_is_said_and_cannot_be_sent(
    journey: Journey, line: str, words: str
) -> None:
    rita = journey.person("rita")
    preview = await journey.preview(rita, f"{line} for scraping", words)
    assert not preview.has_button("send_draft")
    assert preview.has_button("Edit")
    assert "Total" not in preview.text


PAGE = (ROOT / "docs" / "commands.md").read_text()


@pytest.mark.parametrize("spelling", re.findall(r"`([^`]+)`", PAGE.partition("| promo code |")[2].partition("\n")[0]))
async def test_every_spelling_of_a_promo_code_on_the_page_works(journey: Journey, spelling: str) -> None:
    await journey.preview(journey.person("rita"), f"isp_us 2 {spelling} for scraping", "Discount with `WELCOME10`")


async def test_a_refused_promo_code_says_that_capitals_may_be_why(journey: Journey) -> None:
    await journey.preview(journey.person("rita"), "isp_us 2 promo:welcome10 for scraping", "Capitals may count")


async def test_of_what_is_sold_out_no_test_purchase_is_offered(journey: Journey) -> None:
    preview = await journey.preview(journey.person("rita"), "datacenter_ca 5 for scraping", "out of stock")
    assert not preview.has_button("use_smallest")


@pytest.mark.parametrize("amount", ["4.99", "10001"])
async def test_a_top_up_has_its_bounds(journey: Journey, amount: str) -> None:
    preview = await journey.answer(
        journey.person("rita"), f"/proxy topup {amount}", "A top-up is between $5 and $10,000"
    )
    assert not preview.has_button("send_draft")


async def test_ten_thousand_characters_are_refused_in_words(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.answer(rita, f"/proxy buy isp_us 2 for {'x' * 10_000}", "characters", "Use the form instead")
    assert journey.calls("checkout/quote") == 0


async def test_a_reason_that_is_too_long_is_refused_when_it_is_sent(journey: Journey) -> None:
    rita = journey.person("rita")
    preview = await journey.preview(rita, f"isp_us 2 for {'x' * 2_000}")
    answered(await rita.clicks(preview, "send_draft"))
    await journey.private(rita, "Keep the reason under 1,000 characters; this one has 2,000.")
    assert len(await journey.submissions()) == 0


async def test_a_preview_of_somebody_else_cannot_be_sent(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    preview = await journey.preview(rita)
    draft = next(button.value for button in preview.buttons if button.action_id == "send_draft")
    body = journey.click_of("mona", "send_draft", draft or "")
    answered(await journey.slack.deliver_raw(body))
    await journey.private(mona, "This draft belongs to somebody else")
    assert len(await journey.submissions()) == 0


async def test_the_bare_command_and_help_show_the_ways_to_go_on(journey: Journey) -> None:
    rita = journey.person("rita")
    for line in ("/proxy", "/proxy help", "/proxy HELP"):
        seen = await journey.answer(rita, line, "/proxy buy", "/proxy topup", "/proxy data")
        assert seen.has_button("Ask for proxies")
    await rita.clicks(seen, "Ask for proxies")
    await journey.form(rita, "to see the price")
    await rita.types("/proxy requests", channel=CHANNEL)
    await journey.private(rita, "No requests yet")

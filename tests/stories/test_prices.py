"""What it costs, to the cent, before anybody agrees; and what happens when it costs something else by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.request import Happened
from playground.provider import ProviderWorld
from playground.provider_faults import Fault
from tests.stories.journey import Journey, answered, reached

TOLERANCE = "price_tolerance: {cents: 100}"
Change = Callable[[ProviderWorld], object]


async def test_q1_the_whole_price_stands_before_the_approval(journey: Journey) -> None:
    rita = journey.person("rita")
    preview = await journey.preview(rita, "isp_us 5 1:month WELCOME10 for scraping")
    card = await journey.sends(rita, preview)
    for seen in (preview, card):
        for line in (
            "5 proxies × $3.50 = $17.50 · Static Residential ISP Proxies [US]",
            "Before discount: $17.50",
            "Discount with `WELCOME10`: −$1.75",
            "*Total: $15.75*",
            "From account credit: −$5.00",
            "*To pay by invoice: $10.75*",
            "Renews every month at $17.50",
            "Account credit: $5.00 before, $0.00 after",
        ):
            assert line in seen.text
    assert "Who may approve: @max and @mona (role `approver`)" in card.text
    assert "$15.75 in total: $5.00 from account credit and $10.75 by invoice" in card.fallback


async def test_t48_q1_cents_are_whole_and_rounded_by_the_provider_alone(journey: Journey) -> None:
    """3 × $3.33 less ten per cent: $9.99 − $1.00 = $8.99, of which $3.99 is left after $5.00 of credit."""
    journey.byteful.set_price("isp_us", 333)
    await journey.preview(
        journey.person("rita"),
        "isp_us 3 WELCOME10",
        "3 proxies × $3.33 = $9.99",
        "Discount with `WELCOME10`: −$1.00",
        "*Total: $8.99*",
        "*To pay by invoice: $3.99*",
    )


async def test_t48_prices_in_steps_show_every_line(journey: Journey) -> None:
    await journey.preview(
        journey.person("rita"),
        "datacenter_de 12",
        "10 proxies × $1.70 = $17.00",
        "2 proxies × $1.50 = $3.00",
        "*Total: $20.00*",
    )


async def test_t48_sums_that_differ_stop_the_preview(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    _miscount(journey.byteful, monkeypatch)
    told = await journey.answer(journey.person("rita"), "/proxy buy isp_us 2", "sums", "Nothing was bought")
    assert not told.has_button("send_draft")
    assert journey.logged(told)["kind"] == "ProviderError"


async def test_t48_sums_that_differ_stop_the_purchase(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    card = await journey.asks(journey.person("rita"))
    _miscount(journey.byteful, monkeypatch)
    await journey.person("mona").clicks(card, "approve")
    card = await journey.card("Nothing was sent to the provider yet", "sums")
    journey.logged(card)
    await journey.sweep()
    assert journey.byteful.creates_received == 0


def _miscount(world: ProviderWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's parts no longer add up to its total."""
    quote = world.quote
    monkeypatch.setattr(world, "quote", lambda body: (data := quote(body)) | {"total": data["total"] + 1})


# Between card and click


async def test_t40_q3_a_higher_price_is_not_paid_but_shown_side_by_side(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    journey.byteful.set_price("isp_us", 400)
    answered(await mona.clicks(card, "approve"))
    card = await journey.card(
        "Waiting for approval",
        "nothing was bought. It needs a fresh decision",
        "The price went up from $7.00 to $8.00",
        "*Approved before*",
        "*Total: $7.00*",
        "*Now*",
        "*Total: $8.00*",
    )
    assert journey.byteful.creates_received == 0
    await journey.threaded("@mona", "nothing was bought", "went up from $7.00 to $8.00")
    await journey.direct(rita, "nothing was bought", "went up from $7.00 to $8.00")
    await mona.clicks(card, "approve")
    await journey.card("Ordered", "*Total: $8.00*")
    assert journey.byteful.creates_received == 1


@pytest.mark.parametrize("credit", [0, 300])
async def test_t45_credit_that_goes_while_it_is_bought_leaves_what_is_due_to_the_invoice(
    journey: Journey, credit: int
) -> None:
    journey.byteful.set_credit(100_000)
    rita = journey.person("rita")
    sending = await _being_bought(journey)
    journey.byteful.set_credit(credit)
    journey.byteful.faults.clear(sending.name)
    card = await journey.card("Ordered", "Invoice open: up to $7.00 to pay; the invoice says how much of it credit")
    for told in (card, await journey.threaded("up to $7.00 to pay"), await journey.direct(rita, "up to $7.00 to pay")):
        assert "$0.00" not in told.text
        assert "Nothing left to pay" not in told.text


async def test_q3_a_price_that_rises_while_it_is_bought_is_told_to_all(journey: Journey) -> None:
    """Approved at $7.00 of which credit pays $5.00; billed at $18.00."""
    rita = journey.person("rita")
    sending = await _being_bought(journey)
    journey.byteful.set_price("isp_us", 900)
    journey.byteful.faults.clear(sending.name)
    both = "The provider billed $18.00; $7.00 was approved"
    card = await journey.card("Ordered", both, "up to $18.00 to pay")
    thread = await journey.threaded("@mona", both, "up to $18.00 to pay")
    for told in (card, thread, await journey.direct(rita, both, "up to $18.00 to pay")):
        assert "$2.00" not in told.text
        assert "Total: $7.00" not in told.text
        assert "Renews every month at" not in told.text


async def _being_bought(journey: Journey) -> Fault:
    """Approved at the price of a moment ago; Byteful takes its time."""
    card = await journey.asks(journey.person("rita"))
    sending = journey.byteful.faults.set("slow", endpoint="checkout/create", seconds=60)
    await journey.person("mona").clicks(card, "approve")
    await reached(sending)
    return sending


@pytest.mark.parametrize("policy", [TOLERANCE], indirect=True)
async def test_t40_q3_a_rise_within_the_tolerance_is_bought_and_noted(journey: Journey) -> None:
    journey.byteful.set_credit(0)
    card = await journey.asks(journey.person("rita"))
    journey.byteful.set_price("isp_us", 400)
    await journey.person("mona").clicks(card, "approve")
    await journey.card(
        "Ordered", "within what the policy allows", "The price went up from $7.00 to $8.00", "*Total: $8.00*"
    )
    assert journey.byteful.creates_received == 1


@pytest.mark.parametrize("policy", [TOLERANCE], indirect=True)
async def test_t40_q3_a_rise_above_the_tolerance_is_not_bought(journey: Journey) -> None:
    journey.byteful.set_credit(0)
    card = await journey.asks(journey.person("rita"))
    journey.byteful.set_price("isp_us", 401)
    await journey.person("mona").clicks(card, "approve")
    await journey.card("fresh decision", "The price went up from $7.00 to $8.02")
    assert journey.byteful.creates_received == 0


async def test_t41_a_lower_price_is_bought_and_noted(journey: Journey) -> None:
    card = await journey.asks(journey.person("rita"))
    journey.byteful.set_price("isp_us", 300)
    await journey.person("mona").clicks(card, "approve")
    await journey.card("Ordered", "The price went down from $7.00 to $6.00", "*Total: $6.00*")
    assert journey.byteful.creates_received == 1


@pytest.mark.parametrize(
    "ended",
    [
        lambda world: world.expire_promo("WELCOME10"),
        lambda world: world.exhaust_promo("WELCOME10"),
        lambda world: world.remove_promo("WELCOME10"),
    ],
    ids=["expired", "used up", "removed"],
)
@pytest.mark.parametrize("answer", ["is_valid_false", "422"])
async def test_t42_v7_a_promo_code_that_ended_is_a_rise_and_never_a_silent_full_price(
    journey: Journey, ended: Change, answer: str
) -> None:
    mona = journey.person("mona")
    journey.byteful.change_settings(invalid_quote=answer)
    card = await journey.asks(journey.person("rita"), "isp_us 2 WELCOME10 for scraping")
    ended(journey.byteful)
    await mona.clicks(card, "approve")
    card = await journey.card(
        "fresh decision", "The price went up from $6.30 to $7.00", "Promo code: WELCOME10 → none", "*Total: $7.00*"
    )
    assert journey.byteful.creates_received == 0
    await mona.clicks(card, "approve")
    await journey.card("Ordered", "*Total: $7.00*")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda world: world.set_available("isp_us", False), "cannot be bought at the moment"),
        (lambda world: world.remove_product("isp_us"), "no longer sold"),
        (lambda world: world.remove_cycle("isp_us", "1:month"), "is not sold by 1:month"),
        (lambda world: world.set_stock("isp_us", 1), "Only 1 in stock"),
        (lambda world: world.set_stock("isp_us", 0), "out of stock"),
        (lambda world: world.products.update(isp_us=replace(world.products["isp_us"], country_id="gb")), "network"),
    ],
    ids=["unavailable", "removed", "cycle gone", "too little stock", "no stock", "filter not possible"],
)
async def test_t43_v4_what_cannot_be_sold_any_more_is_not_bought_and_said_in_words(
    journey: Journey, change: Change, words: str
) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita, "isp_us 2 1:month asn:7018 for scraping")
    change(journey.byteful)
    await mona.clicks(card, "approve")
    card = await journey.card("fresh decision", "The provider would not sell it", words)
    assert journey.byteful.creates_received == 0
    await journey.direct(rita, "nothing was bought", words)
    await rita.clicks(card, "withdraw")
    card = await journey.card("Withdrawn")
    await rita.clicks(card, "Edit and resend")
    assert (await journey.form(rita, "Product", "Why")).input("reason").value == "scraping"


async def test_t44_data_is_not_counted_and_nothing_is_nothing(journey: Journey) -> None:
    rita = journey.person("rita")
    preview = await journey.preview(rita, "residential_global 10", "10 GB", "*Total: $35.00*")
    assert "stock" not in preview.text
    await rita.types("/proxy buy datacenter_ca 1", channel="proxies")
    preview = await journey.private(rita, "out of stock")
    assert not preview.has_button("send_draft")


async def test_t44_data_is_bought_by_the_gigabyte(journey: Journey) -> None:
    await journey.buys("residential_global 10 for a crawler")
    service = next(row for row in journey.byteful.services.values() if row["service_id"].startswith("API-"))
    assert service["service_quantity"] == 10


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (700, 0, "How it is paid: credit → invoice"),
        (0, 700, "How it is paid: invoice → credit"),
        (0, 100, "How it is paid: invoice → credit and invoice"),
    ],
)
async def test_t45_another_way_of_paying_is_another_decision(
    journey: Journey, before: int, after: int, words: str
) -> None:
    mona = journey.person("mona")
    journey.byteful.set_credit(before)
    card = await journey.asks(journey.person("rita"))
    journey.byteful.set_credit(after)
    await mona.clicks(card, "approve")
    card = await journey.card("fresh decision", words)
    assert journey.byteful.creates_received == 0
    await mona.clicks(card, "approve")
    paid = "Paid from account credit: $7.00." if after == 700 else "Invoice open"
    await journey.card("Ordered", paid)


async def test_t45_less_credit_for_the_same_price_is_noted(journey: Journey) -> None:
    card = await journey.asks(journey.person("rita"))
    journey.byteful.set_credit(300)
    await journey.person("mona").clicks(card, "approve")
    await journey.card("Ordered", "to pay by invoice is $4.00 instead of $2.00", "Invoice open: $4.00 to pay of $7.00")
    assert Happened.REOPENED not in await journey.history()

"""From the last approval to the invoice link: once, recorded before it is sent, and announced only when it is so."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis.asyncio as redis_asyncio

from bot.domain.request import Happened, State
from tests.stories.journey import CHANNEL, TEAM, Journey, answered, reached


async def test_x1_the_claim_is_on_disk_before_the_checkout_is_sent(journey: Journey, redis_url: str) -> None:
    card = await journey.asks(journey.person("rita"))
    sending = journey.byteful.faults.set("slow", endpoint="checkout/create", seconds=60)
    await journey.person("mona").clicks(card, "approve")
    await reached(sending)
    request = await journey.request()
    assert request.state is State.ORDERING
    assert request.attempt is not None
    assert request.attempt.fingerprint == request.selection.fingerprint()
    assert request.attempt.id.encode() in await _on_disk(redis_url)
    journey.byteful.faults.clear("slow")
    await journey.card("Ordered")
    assert journey.byteful.creates_received == 1


async def _on_disk(redis_url: str) -> bytes:
    """Everything in the server's append-only files."""
    client = redis_asyncio.Redis.from_url(redis_url, protocol=2)
    folder = (await client.config_get("dir"))["dir"]
    await client.aclose()
    assert folder is not None
    return b"".join(file.read_bytes() for file in Path(folder).rglob("*.aof"))


async def test_x3_nothing_is_announced_before_it_has_happened(journey: Journey) -> None:
    rita = journey.person("rita")
    card = await journey.asks(rita)
    sending = journey.byteful.faults.set("slow", endpoint="checkout/create", seconds=60)
    pricing = journey.byteful.faults.set("slow", endpoint="checkout/quote", seconds=60)
    await journey.person("mona").clicks(card, "approve")
    await reached(pricing)
    card = await journey.card("Approved by @mona", "The purchase starts by itself.")
    assert "Buying" not in card.text
    assert journey.byteful.creates_received == 0
    journey.byteful.faults.clear("slow", "checkout/quote")
    await reached(sending)
    card = await journey.card("Buying", "The result will appear here.")
    said = [one.text for one in (*await rita.messages(CHANNEL), *await rita.dm())]
    assert not any("Ordered" in text or "Service ID" in text or "Invoice open" in text for text in said)
    journey.byteful.faults.clear("slow")
    await journey.card("Ordered", "Service ID")
    request = await journey.request()
    steps = [Happened.SUBMITTED, Happened.APPROVED, Happened.CLAIMED, Happened.ORDERED]
    assert [entry.happened for entry in request.history] == steps
    shown = await journey.answer(rita, "/proxy show 1001", "History")
    lines = shown.text.partition("History")[2]
    assert all(f"{entry.at:%Y-%m-%d %H:%M} UTC" in lines for entry in request.history), "each with its time"


async def test_x3_the_bought_thing_is_on_the_card_in_the_thread_and_in_a_direct_message(journey: Journey) -> None:
    rita = journey.person("rita")
    card = await journey.buys("isp_us 5 WELCOME10 asn:7018 for scraping")
    service = next(iter(row for row in journey.byteful.services.values() if row["service_id"].startswith("API-")))
    sold = (service["service_quantity"], service["service_cycle"], service["service_fulfillment_filter"])
    assert sold == (5, "1:month", {"asn_id": 7018}), "exactly what was approved"
    for seen in (card, await journey.threaded("Ordered"), await journey.direct(rita, "Ordered")):
        assert service["service_id"] in seen.text
        assert "Invoice open: $10.75 to pay of $15.75" in seen.text
        assert any(button.url and "/invoice/" in button.url for button in seen.buttons), "a way to pay"
    assert "awaiting_fulfillment" in card.text, "the status in the provider's own word"


async def test_c1_one_card_is_updated_in_place_through_all_of_a_life(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    first = await journey.asks(rita)
    journey.byteful.set_price("isp_us", 400)
    await mona.clicks(first, "approve")
    second = await journey.card("fresh decision")
    await mona.clicks(second, "approve")
    last = await journey.card("Ordered")
    assert first.ts == second.ts == last.ts
    cards = [one for one in await rita.messages(CHANNEL) if one.text.startswith("#1001 ")]
    assert len(cards) == 1
    assert last.metadata is not None
    shown = (await journey.request()).version
    payload = {"name": "card:1001", "request": f"{TEAM}/1001", "version": shown, "key": ""}
    assert last.metadata == {"event_type": "proxydesk_message", "event_payload": payload}


async def test_c2_final_cards_have_no_deciding_buttons(journey: Journey) -> None:
    card = await journey.buys()
    assert {button.action_id for button in card.buttons} == {"open_invoice", "reorder"}


@pytest.mark.parametrize("action", ["approve", "decline", "withdraw"])
async def test_c2_x7_a_click_on_a_stale_card_is_answered_and_repairs_the_card(journey: Journey, action: str) -> None:
    rita, mona, max_ = journey.people("rita", "mona", "max")
    card = await journey.asks(rita)
    await journey.slack.fault("error", method="chat.update", times=None, error="internal_error")
    await mona.clicks(card, "approve")
    await journey.direct(rita, "Ordered")
    stale = await rita.again(card)
    assert stale.has_button("approve"), "Slack did not let the card be updated"
    await journey.slack.clear_faults()
    who = rita if action == "withdraw" else max_
    answered(await who.clicks(stale, action, stale=True))  # the card may have been drawn again by now
    if action == "decline":
        await journey.form(max_, "It is too late for that", "Ordered")
    else:
        await journey.private(who, "Your click changed nothing", "Ordered", "Approved by @mona")
        await journey.card("Ordered")
    assert journey.byteful.creates_received == 1


async def test_x7_a_delivery_that_comes_twice_has_one_effect(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    await journey.slack.fault("duplicate_delivery", method="command")
    preview = await journey.preview(rita)
    await journey.slack.fault("duplicate_delivery", method="block_actions")
    card = await journey.sends(rita, preview)
    await journey.slack.fault("duplicate_delivery", method="block_actions")
    answered(await mona.clicks(card, "approve"))
    await journey.private(mona, "Recorded: you approved it")
    await journey.card("Ordered")
    assert await journey.bot.store.get((await journey.request()).workspace, 1002) is None  # type: ignore[arg-type]
    assert journey.byteful.creates_received == 1


async def test_i8_an_order_is_asked_for_again_at_a_fresh_price(journey: Journey) -> None:
    rita = journey.person("rita")
    card = await journey.buys("isp_us 2 1:month asn:7018 for scraping")
    assert "$7.00" in card.text
    journey.byteful.set_price("isp_us", 999)
    await rita.clicks(card, "Order again")
    form = await journey.form(rita, "*Total: $19.98*")
    assert form.input("quantity").value == "2"
    assert "7018" in form.input("asn").value
    assert form.input("reason").value == "scraping"
    assert "$7.00" not in form.text.partition("Budget of")[0], "what was spent before is not this price"
    answered(await rita.submits(form))
    again = await journey.card("Waiting for approval", number=1002)
    assert "*Total: $19.98*" in again.text
    assert journey.byteful.creates_received == 1, "asking again buys nothing"


async def test_i8_only_whoever_may_see_the_card_can_ask_again_and_everybody_for_themselves(journey: Journey) -> None:
    ravi = journey.person("ravi")
    card = await journey.buys()
    await ravi.clicks(card, "Order again")
    form = await journey.form(ravi, "Total")
    answered(await ravi.submits(form))
    again = await journey.card("Waiting for approval", number=1002)
    assert "@ravi" in again.text.partition("Quantity")[0]


async def test_t46_a_top_up_claims_no_money_that_is_not_there(journey: Journey) -> None:
    rita, max_ = journey.people("rita", "max")
    before = await journey.answer(rita, "/proxy credit", "Account credit: $5.00")
    preview = await journey.answer(rita, "/proxy topup 50", "Nothing is sent yet", "$50.00")
    card = await journey.sends(rita, preview)
    assert "$5.00 now, $55.00 once the invoice is paid" in card.text
    await max_.clicks(card, "approve")
    card = await journey.card("Ordered", "Invoice open: $50.00 to pay. The credit arrives when it is paid.")
    assert any(button.url for button in card.buttons)
    after = await journey.answer(rita, "/proxy credit", "Account credit: $5.00")
    assert after.text == before.text
    invoice = next(one for one in journey.byteful.invoices.values() if one.purpose == "top_up")
    journey.byteful.pay(invoice.invoice_id)
    await journey.answer(rita, "/proxy credit", "Account credit: $55.00")
    assert journey.byteful.creates_received == 1


async def test_data_is_shown_used_and_left(journey: Journey) -> None:
    shown = await journey.answer(journey.person("rita"), "/proxy data", "Residential data: 7 GB left")
    assert "3 GB of 10 GB used" in shown.text


async def test_a_request_is_found_by_its_number_and_by_its_service(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.buys()
    order = (await journey.request()).order
    assert order is not None
    for word in ("1001", "#1001", str(order.service_id)):
        await journey.answer(rita, f"/proxy show {word}", "#1001 · 2 ×", "History")
    await journey.answer(rita, "/proxy show 4711", "There is no request or service called 4711 here")

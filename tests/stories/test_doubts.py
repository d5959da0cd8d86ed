"""A checkout whose end is unclear: said at once, looked into, never sent again; and refusals that are clear."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.ids import AttemptId
from bot.domain.request import Attempt, Claimed, Happened, State
from bot.usecases.desk import utcnow
from bot.usecases.follow import follow
from tests.stories.journey import TEAM, Journey, LaterClock, answered, reached

CREATE = "checkout/create"
AFTER = [
    ("server_error_after_charge", {}),
    ("html_error_after_charge", {"status": 502}),
    ("html_error_after_charge", {"status": 504}),
    ("timeout_after_charge", {"seconds": 0.2}),
    ("reset_after_charge", {}),
    ("half_answer", {}),
]
BEFORE = [
    ("server_error", {}),
    ("html_error", {"status": 502}),
    ("timeout_before_charge", {"seconds": 0.2}),
    ("reset_before_charge", {}),
    ("rate_limited", {}),
    ("rate_limited", {"with_header": True}),
    ("late_charge", {"delay_s": 3600, "status": 504}),
]


@pytest.mark.parametrize(("fault", "more"), AFTER)
async def test_t60_t63_an_answer_lost_after_the_sale_is_unclear_then_found_and_never_repeated(
    journey: Journey, clock: LaterClock, fault: str, more: dict[str, object]
) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    journey.byteful.faults.set(fault, endpoint=CREATE, times=1, **more)
    sending = journey.byteful.faults.set("slow", endpoint=CREATE, seconds=60)
    await mona.clicks(card, "approve")
    await reached(sending)
    journey.byteful.faults.set("slow", endpoint="service/search", seconds=60)  # so that it is not found at once
    journey.byteful.faults.clear("slow", CREATE)
    await journey.card("Unclear whether it was bought", "Do not buy it again.")
    said = await journey.threaded("Unclear whether it was bought. Do not buy it again.", "@mona")
    line = journey.logged(said)
    assert line["event"] == "checkout_unclear"
    journey.byteful.faults.clear("slow")
    card = await journey.card("Ordered", "Service ID")
    await journey.sweep()
    (ours,) = [one for one in journey.byteful.services if one.startswith("API-")]
    assert ours in card.text
    await journey.direct(rita, "The order was found at the provider", ours)
    assert (await journey.history())[-2:] == [Happened.UNCLEAR, Happened.FOUND]
    await follow_later(journey, clock)
    assert label_at_the_vendor(journey, ours) == f"{TEAM}/1001", "it carries the request's number there"
    assert (journey.byteful.creates_received, journey.byteful.creates_effective) == (1, 1)


@pytest.mark.parametrize(("fault", "more"), BEFORE)
async def test_t61_t63_t64_without_a_clear_answer_it_stays_in_doubt_and_is_never_repeated(
    journey: Journey, fault: str, more: dict[str, object]
) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    journey.byteful.faults.set(fault, endpoint=CREATE, times=1, **more)
    await mona.clicks(card, "approve")
    card = await journey.card("Unclear whether it was bought", "Do not buy it again.")
    line = journey.logged(card)
    assert line["event"] == "checkout_unclear"
    for told in (await journey.threaded("Unclear", "@mona"), await journey.direct(rita, "Unclear")):
        assert "Do not buy it again." in told.text
    for _ in range(3):
        await journey.sweep()
    assert not card.has_button("approve")
    assert not card.has_button("retry")
    request = await journey.request()
    assert request.state is State.IN_DOUBT
    assert request.order is None
    assert (journey.byteful.creates_received, journey.byteful.creates_effective) == (1, 0)


async def follow_later(journey: Journey, clock: LaterClock) -> None:
    """A while after, when what was bought is looked at for the first time."""
    clock.later += timedelta(seconds=10)
    await follow(journey.bot.desk, TEAM)


def label_at_the_vendor(journey: Journey, service: str) -> object:
    return journey.byteful.services[service]["service_metadata"].get("proxydesk_request")


async def test_t61_x2_nothing_through_the_settle_time_is_said_by_a_person_and_tried_again_on_a_fresh_approval(
    journey: Journey, clock: LaterClock
) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    journey.byteful.faults.set("reset_before_charge", endpoint=CREATE, times=1)
    await mona.clicks(card, "approve")
    card = await journey.card("Unclear whether it was bought", "a slow purchase can still appear")
    assert not card.has_button("mark_absent")
    answered(await journey.slack.deliver_raw(journey.click_of("mona", "mark_absent", "1001:1")))
    await journey.private(mona, "too early to say that nothing was bought", "Do not buy it again")
    assert (await journey.request()).state is State.IN_DOUBT
    clock.later += timedelta(minutes=11)
    await journey.sweep()
    card = await journey.card("Nothing like it has appeared at the provider since")
    await mona.clicks(card, "mark_absent")
    card = await journey.card("Not bought", "Nothing was bought: @mona looked at the provider")
    await journey.direct(rita, "@mona says nothing was bought", "An approver can try again")
    assert card.has_button("Edit and resend")
    await mona.clicks(card, "Try again")
    card = await journey.card("Waiting for approval", "Fresh decision asked for by @mona")
    assert journey.byteful.creates_received == 1, "a person's word is no proof: the approval does not stand"
    await mona.clicks(card, "approve")
    await journey.card("Ordered")
    assert (journey.byteful.creates_received, journey.byteful.creates_effective) == (2, 1)


async def test_t62_both_that_could_be_it_are_shown_and_a_person_takes_one(journey: Journey, clock: LaterClock) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    sending = journey.byteful.faults.set("timeout_after_charge", endpoint=CREATE, times=1, seconds=60)
    await mona.clicks(card, "approve")
    await reached(sending)
    by_hand = str(journey.byteful.buy_by_hand({"product_code": "isp_us", "quantity": 2})["service_id"])
    sending.released.set()
    (ours,) = [one for one in journey.byteful.services if one.startswith("API-")]
    card = await journey.card("2 services at the provider could be it", ours, by_hand)
    assert [button.text for button in card.buttons].count("This one") == 2
    await mona.clicks(card, "adopt", value=f"1001:1:{ours}")
    await journey.private(mona, f"Recorded: it is {ours}.")
    card = await journey.card("Ordered", ours)
    assert by_hand not in card.text
    await follow_later(journey, clock)
    assert [label_at_the_vendor(journey, one) for one in (ours, by_hand)] == [f"{TEAM}/1001", None]
    assert journey.byteful.creates_received == 1


async def test_t62_of_two_that_could_be_it_none_is_taken_and_a_person_says_which(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    sending = journey.byteful.faults.set("timeout_after_charge", endpoint=CREATE, times=1, seconds=60)
    await mona.clicks(card, "approve")
    await reached(sending)
    by_hand = journey.byteful.buy_by_hand({"product_code": "isp_us", "quantity": 2})
    sending.released.set()
    card = await journey.card("Unclear whether it was bought")
    await journey.sweep()
    assert (await journey.request()).state is State.IN_DOUBT, "nobody guesses"
    ours = next(one for one in journey.byteful.services if one.startswith("API-"))
    assert ours != by_hand["service_id"]
    await mona.clicks(await journey.card("It was bought"), "mark_found")
    form = await journey.form(mona, "#1001 was bought")
    await mona.enters(form, "service", "API-0000-0000")
    await mona.submits(form)
    await journey.direct(mona, "Byteful does not know it")
    await mona.clicks(await journey.card("It was bought"), "mark_found")
    form = await journey.form(mona, "#1001 was bought")
    await mona.enters(form, "service", ours)
    await mona.submits(form)
    await journey.card("Ordered", ours)
    assert journey.byteful.creates_received == 1


async def test_t110_a_claim_whose_sender_is_gone_is_in_doubt_and_not_sent_again(journey: Journey) -> None:
    """A process that died right after its claim left nothing but that: nobody knows, so nobody sends it."""
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    down = journey.byteful.faults.set("down", endpoint="checkout/quote")
    await mona.clicks(card, "approve")
    await journey.card("Nothing was sent to the provider yet")
    approved = await journey.request()
    attempt = Attempt(AttemptId("gone"), approved.selection.fingerprint(), utcnow(), (), 0)
    await journey.bot.desk.move(approved, Claimed(utcnow(), attempt, approved.quote, ()), is_durable=True)
    journey.byteful.faults.clear(down.name)
    await journey.sweep()
    card = await journey.card("Unclear whether it was bought", "Do not buy it again.", "was interrupted")
    assert journey.logged(card)["event"] == "checkout_interrupted"
    await journey.direct(rita, "Unclear whether it was bought. Do not buy it again.")
    await journey.sweep()
    assert (await journey.request()).state is State.IN_DOUBT
    assert journey.byteful.creates_received == 0


# Clear refusals


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("bad_request", "The request is malformed."),
        ("not_found", "Not found."),
        ("conflict", "The request conflicts with the current state."),
        ("unprocessable", "The request cannot be processed."),
        ("unauthorized", "API keys"),
        ("forbidden", "API keys"),
        ("second_factor", "second factor"),
    ],
)
async def test_t65_f1_a_clear_refusal_says_what_happened_that_nothing_was_bought_and_what_to_do(
    journey: Journey, fault: str, words: str
) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    journey.byteful.faults.set(fault, endpoint=CREATE, times=1)
    await mona.clicks(card, "approve")
    card = await journey.card("Not bought", "Nothing was bought.", words)
    line = journey.logged(card)
    assert line["event"] == "checkout_refused"
    assert line["provider_request"], "the provider's own id for it is kept"
    told = await journey.direct(rita, "Nothing was bought.", words)
    assert journey.logged(told) == line
    assert f"Byteful's own: `{line['provider_request']}`" in card.text
    assert f"Byteful's own: `{line['provider_request']}`" in told.text
    await journey.sweep()
    assert (journey.byteful.creates_received, journey.byteful.creates_effective) == (1, 0)
    assert card.has_button("retry")
    assert card.has_button("Edit and resend")
    assert told.has_button("Edit and resend")


@pytest.mark.parametrize("fault", ["conflict", "unprocessable"])
async def test_t65_a_refusal_of_one_request_stops_no_other(journey: Journey, fault: str) -> None:
    rita, ravi, mona, ada = journey.people("rita", "ravi", "mona", "ada")
    cards = [await journey.asks(rita), await journey.asks(ravi, "isp_us 3 for pricing")]
    journey.byteful.faults.set(fault, endpoint=CREATE, times=1)
    await mona.clicks(cards[0], "approve")
    await journey.card("Not bought", number=1001)
    await mona.clicks(cards[1], "approve")
    await journey.card("Ordered", number=1002)
    assert await ada.dm() == []
    assert (journey.byteful.creates_received, journey.byteful.creates_effective) == (2, 1)


async def test_t64_a_quote_that_has_to_wait_is_waited_for(journey: Journey) -> None:
    card = await journey.asks(journey.person("rita"))
    journey.byteful.faults.set("rate_limited", endpoint="checkout/quote", times=1, seconds=1, with_header=True)
    await journey.person("mona").clicks(card, "approve")
    await journey.card("Ordered")
    assert journey.byteful.creates_received == 1

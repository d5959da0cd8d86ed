"""A checkout whose end is unclear: said at once, looked into, never sent again; and refusals that are clear."""

from __future__ import annotations

import pytest

from bot.domain.errors import OutcomeUnknownError
from bot.domain.request import Happened, State
from tests.stories.journey import Journey, reached

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
    journey: Journey, fault: str, more: dict[str, object]
) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    journey.byteful.faults.set(fault, endpoint=CREATE, times=1, **more)
    await mona.clicks(card, "approve")
    said = await journey.threaded("Unclear whether it was bought. Do not buy it again.", "@mona")
    line = journey.logged(said)
    assert line["event"] == "checkout_unclear"
    await journey.card("Ordered", "Service ID")
    await journey.sweep()
    order = (await journey.request()).order
    assert order is not None
    assert order.service_id in journey.byteful.services
    assert (await journey.history())[-2:] == [Happened.UNCLEAR, Happened.FOUND]
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


async def test_t110_a_claim_whose_sender_is_gone_is_in_doubt_and_not_sent_again(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the claim and the answer: nobody knows, so nobody sends it."""
    card = await journey.asks(journey.person("rita"))

    async def dies(_selection: object) -> object:
        raise OutcomeUnknownError("The bot went away here.")

    monkeypatch.setattr(journey.bot.desk.provider, "create_checkout", dies)
    await journey.person("mona").clicks(card, "approve")
    await journey.card("Unclear whether it was bought")
    monkeypatch.undo()
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
    await journey.sweep()
    assert (journey.byteful.creates_received, journey.byteful.creates_effective) == (1, 0)
    assert card.has_button("retry")


async def test_t64_a_quote_that_has_to_wait_is_waited_for(journey: Journey) -> None:
    card = await journey.asks(journey.person("rita"))
    journey.byteful.faults.set("rate_limited", endpoint="checkout/quote", times=1, seconds=1, with_header=True)
    await journey.person("mona").clicks(card, "approve")
    await journey.card("Ordered")
    assert journey.byteful.creates_received == 1

"""Byteful refuses, fails, dawdles or is away: each person reads what happened, what did not, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.request import Happened, State
from playground.provider import ProviderWorld
from tests.stories.journey import CHANNEL, Journey, answered, reference_in

SILENT = [
    ("unauthorized", {}, "Byteful refuses our keys"),
    ("forbidden", {}, "Byteful refuses our keys"),
    ("second_factor", {}, "second factor"),
    ("rate_limited", {"seconds": 20}, "Byteful asks us to slow down"),
    ("server_error", {}, "did not give a clear answer"),
    ("html_error", {"status": 502}, "did not give a clear answer"),
    ("timeout_before_charge", {"seconds": 0.1}, "did not give a clear answer"),
    ("timeout_after_charge", {"seconds": 0.1}, "did not give a clear answer"),
    ("half_answer", {}, "did not give a clear answer"),
    ("down", {}, "did not give a clear answer"),
    ("missing_fields", {"fields": ["total"]}, "cannot be used"),
]
REFUSING = [
    ("bad_request", "The request is malformed."),
    ("not_found", "Not found."),
    ("conflict", "The request conflicts"),
    ("unprocessable", "The request cannot be processed."),
]


@pytest.mark.parametrize(("fault", "more", "words"), SILENT)
async def test_f1_a_quote_that_fails_is_explained_with_a_reference_that_is_in_the_log(
    journey: Journey, fault: str, more: dict[str, Any], words: str
) -> None:
    journey.byteful.faults.set(fault, endpoint="checkout/quote", **more)
    told = await journey.answer(journey.person("rita"), "/proxy buy isp_us 2 for scraping", words, "Reference")
    assert "Nothing was bought" in told.text
    assert "ry again" in told.text or "admin" in told.text, "what to do"
    assert journey.logged(told)["log_level"] == "warning"
    assert told.has_button("send_draft") is (fault != "missing_fields"), "while nobody gets a price, asks are kept"


@pytest.mark.parametrize(("fault", "words"), REFUSING)
async def test_f1_a_quote_that_is_refused_is_explained_in_the_preview(journey: Journey, fault: str, words: str) -> None:
    journey.byteful.faults.set(fault, endpoint="checkout/quote")
    preview = await journey.preview(journey.person("rita"), "isp_us 2 for scraping", "Byteful", words)
    assert not preview.has_button("send_draft")
    assert "Total" not in preview.text


class TestWithoutACatalog:
    """Byteful is in trouble from the first moment, so that no earlier catalog can stand in."""

    @pytest.fixture(params=["down", "unauthorized", "html_error", "not_found", "server_error"])
    def fault(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def byteful(self, byteful: ProviderWorld, fault: str) -> ProviderWorld:
        byteful.faults.set(fault, endpoint="checkout/catalog")
        return byteful

    async def test_f1_a_form_without_a_catalog_says_so_and_can_be_tried_again(
        self, journey: Journey, fault: str
    ) -> None:
        rita = journey.person("rita")
        answered(await rita.types("/proxy buy", channel=CHANNEL))
        form = await journey.form(rita, "Something went wrong", "Nothing was", "Reference")
        assert journey.logged(form)
        journey.byteful.faults.clear(fault)
        await rita.clicks(form, "Try again")
        await journey.form(rita, "to see the price")


@pytest.mark.parametrize("line", ["/proxy credit", "/proxy data"])
@pytest.mark.parametrize("fault", ["down", "unauthorized", "html_error"])
async def test_f1_looking_things_up_fails_in_words(journey: Journey, fault: str, line: str) -> None:
    journey.byteful.faults.set(fault)
    told = await journey.answer(journey.person("rita"), line, "Byteful", "Reference")
    assert journey.logged(told)


@pytest.mark.parametrize(
    ("endpoint", "fault", "more", "words"),
    [
        *(
            (endpoint, fault, {}, words)
            for endpoint in ("checkout/quote", "service/search")
            for fault, words in (
                ("down", "does not give a price at the moment"),
                ("server_error", "does not give a price at the moment"),
                ("unauthorized", "refuses our keys"),
                ("second_factor", "second factor"),
            )
        ),
        ("checkout/quote", "missing_fields", {"fields": ["total"]}, "total is missing or malformed"),
        ("checkout/quote", "missing_fields", {"fields": ["credit_balance"]}, "credit_balance is missing or malformed"),
        ("service/search", "missing_fields", {"fields": ["service_total"]}, "service_total is missing or malformed"),
    ],
)
async def test_f1_q3_t67_without_a_fresh_look_nothing_is_bought_and_the_card_says_so(
    journey: Journey, endpoint: str, fault: str, more: dict[str, Any], words: str
) -> None:
    """T69: the approval stands, and it is bought once Byteful is back."""
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    if endpoint == "service/search":
        journey.byteful.buy_by_hand({"product_code": "isp_us", "quantity": 1})
    journey.byteful.faults.set(fault, endpoint=endpoint, **more)
    answered(await mona.clicks(card, "approve"))
    card = await journey.card("Approved by @mona", "Nothing was sent to the provider yet", words)
    assert journey.logged(card)["event"] == "checkout_delayed"
    await journey.sweep()
    assert reference_in((await journey.card(words)).text) == reference_in(card.text), "said once, not every minute"
    assert journey.byteful.creates_received == 0
    await journey.byteful_is_back(fault)
    await journey.sweep()
    await journey.card("Ordered")
    assert journey.byteful.creates_received == 1


async def test_f1_a_retry_without_a_price_is_explained(journey: Journey) -> None:
    mona = journey.person("mona")
    card = await journey.asks(journey.person("rita"))
    journey.byteful.faults.set("conflict", endpoint="checkout/create", times=1)
    await mona.clicks(card, "approve")
    card = await journey.card("Not bought")
    journey.byteful.faults.set("server_error", endpoint="checkout/quote")
    answered(await mona.clicks(card, "retry"))
    told = await journey.private(mona, "did not give a clear answer", "Nothing was bought")
    assert journey.logged(told)
    assert (await journey.request()).state is State.FAILED


async def test_f1_unknown_fields_and_new_values_do_no_harm(journey: Journey) -> None:
    """T67: what is new is ignored, or shown in the provider's own word."""
    journey.byteful.faults.set("unknown_fields", endpoint="checkout/create")
    journey.byteful.faults.set("unknown_fields", endpoint="checkout/quote")
    card = await journey.buys()
    assert "awaiting_quantum_alignment" in card.text


async def test_t67_a_checkout_without_its_money_is_not_trusted(journey: Journey) -> None:
    card = await journey.asks(journey.person("rita"))
    journey.byteful.faults.set(
        "missing_fields", endpoint="checkout/create", fields=["service_id", "service", "created"]
    )
    await journey.person("mona").clicks(card, "approve")
    await journey.until_logged("checkout_unclear")
    await journey.card("Ordered", "Service ID")
    assert (await journey.history())[-2:] == [Happened.UNCLEAR, Happened.FOUND]
    assert journey.byteful.creates_received == 1

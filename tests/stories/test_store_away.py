"""The store stops: nothing is recorded, nothing is approved, nothing is bought, and everybody who asks is told so."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis.asyncio as redis_asyncio

from bot.domain.request import Happened, State
from bot.store.embedded import private_valkey
from tests.stories.journey import CHANNEL, Journey, answered, reached

AWAY = ("The bot's memory does not answer", "Nothing was bought", "Try again in a minute")


@dataclass
class Mortal:
    """A server of this test alone, which can be stopped, started again and made to hang."""

    folder: Path
    url: str = ""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        self.url = (await self.stack.enter_async_context(private_valkey(self.folder))).get_secret_value()

    async def stop(self) -> None:
        await self.stack.aclose()

    @asynccontextmanager
    async def hanging(self) -> AsyncIterator[None]:
        """It takes what is sent and answers nothing."""
        client = redis_asyncio.Redis.from_url(self.url, protocol=2)
        process = int((await client.info("server"))["process_id"])
        await client.aclose()
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)


@pytest.fixture
async def mortal(tmp_path: Path) -> AsyncIterator[Mortal]:
    server = Mortal(tmp_path / "mortal")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def redis_url(mortal: Mortal) -> str:
    return mortal.url


async def test_f5_t113_a_command_without_the_store_is_answered_in_words(journey: Journey, mortal: Mortal) -> None:
    rita = journey.person("rita")
    await mortal.stop()
    for line in ("/proxy requests", "/proxy show 1001", "/proxy buy isp_us 2 for scraping", "/proxy topup 50"):
        told = await journey.answer(rita, line, *AWAY)
        assert journey.logged(told)["kind"] == "StoreUnavailableError"
    assert journey.byteful.creates_received == 0
    await mortal.start()
    await journey.asks(rita)


async def test_f5_t113_a_form_without_the_store_says_so(journey: Journey, mortal: Mortal) -> None:
    rita = journey.person("rita")
    await mortal.stop()
    answered(await rita.types("/proxy buy", channel=CHANNEL))
    told = await journey.private(rita, *AWAY)
    assert journey.logged(told)


@pytest.mark.parametrize("action", ["approve", "withdraw", "decline"])
async def test_f5_t113_a_click_without_the_store_decides_nothing(journey: Journey, mortal: Mortal, action: str) -> None:
    rita, mona = journey.people("rita", "mona")
    who = rita if action == "withdraw" else mona
    card = await journey.asks(rita)
    await journey.all_said()
    await mortal.stop()
    answered(await who.clicks(card, action))
    told = await journey.private(who, *AWAY)
    assert journey.logged(told)["kind"] == "StoreUnavailableError"
    assert journey.byteful.creates_received == 0
    await mortal.start()
    assert (await journey.request()).state is State.PENDING
    answered(await mona.clicks(card, "approve"))
    await journey.card("Ordered")
    assert journey.byteful.creates_received == 1


async def test_t113_a_submission_without_the_store_keeps_the_form(journey: Journey, mortal: Mortal) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    form = await journey.form(rita, "Total")
    await mortal.stop()
    outcome = await rita.submits(form)
    answered(outcome)
    (words,) = outcome.errors.values()
    assert "The bot's memory does not answer" in words
    reference = words.rpartition("Reference ")[2].strip(" .")
    assert [line for line in journey.log if line.get("reference") == reference]
    await mortal.start()
    view = await rita.view()
    assert view is not None
    answered(await rita.submits(view))
    await journey.form(rita, "Sent as #1001")
    assert len(await journey.submissions()) == 1


async def test_t113_a_reason_for_declining_is_not_lost_in_silence(journey: Journey, mortal: Mortal) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await mona.clicks(card, "decline")
    form = await journey.form(mona, "Decline #1001")
    await mona.enters(form, "reason", "Too dear")
    await mortal.stop()
    answered(await mona.submits(form))
    await journey.form(mona, *AWAY)
    await mortal.start()
    assert (await journey.request()).state is State.PENDING


async def test_f5_t113_between_approval_and_checkout_nothing_is_bought_without_the_store(
    journey: Journey, mortal: Mortal
) -> None:
    """It stops while the price is taken: the claim cannot be written, so nothing is sent."""
    card = await journey.asks(journey.person("rita"))
    pricing = journey.byteful.faults.set("slow", endpoint="checkout/quote", seconds=60)
    await journey.person("mona").clicks(card, "approve")
    await reached(pricing)
    await journey.all_said()
    await mortal.stop()
    journey.byteful.faults.clear("slow")
    await journey.until_logged("checkout_quoted")
    assert journey.byteful.creates_received == 0
    await mortal.start()
    await journey.until_bought()
    await journey.card("Ordered")
    assert journey.byteful.creates_received == 1


async def test_t113_an_answer_that_finds_no_store_is_kept_and_written_once_it_is_back(
    journey: Journey, mortal: Mortal
) -> None:
    """It stops while the provider has the checkout: what was bought is known to this machine alone until then."""
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    sending = journey.byteful.faults.set("slow", endpoint="checkout/create", seconds=60)
    await mona.clicks(card, "approve")
    await reached(sending)
    await journey.all_said()
    await mortal.stop()
    journey.byteful.faults.clear("slow")
    await journey.until_logged("checkout_ordered")
    assert (await journey.card()).text.count("Ordered") == 0, "nobody could write it down yet"
    await mortal.start()
    await journey.until_bought()
    card = await journey.card("Ordered", "Service ID")
    assert card.has_button("Open invoice"), "its link was in that answer alone"
    assert Happened.ORDERED in await journey.history()
    await journey.sweep()
    assert (journey.byteful.creates_received, journey.byteful.creates_effective) == (1, 1)


async def test_t113_a_store_that_hangs_makes_no_click_silent(journey: Journey, mortal: Mortal) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await journey.all_said()
    async with mortal.hanging():
        answered(await mona.clicks(card, "approve"))
        await journey.private(mona, *AWAY)
        assert journey.byteful.creates_received == 0
    assert (await journey.request()).state is State.PENDING

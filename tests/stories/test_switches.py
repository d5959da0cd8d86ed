"""The chaos switches of the page, each from the first click to how it ends: nothing lost, nothing bought twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bot.domain.request import State
from tests.stories.journey import Journey

Story = Callable[[Journey], Awaitable[None]]


@asynccontextmanager
async def on(journey: Journey, switch: str) -> AsyncIterator[None]:
    await journey.slack.chaos(switch)
    try:
        yield
    finally:
        await journey.slack.chaos(switch, on=False)


async def _asked(journey: Journey) -> None:
    await journey.asks(journey.person("rita"))


async def _approved(journey: Journey) -> None:
    await journey.person("mona").clicks(await journey.card("Waiting for approval"), "approve")


async def slow(journey: Journey) -> None:
    """The command is answered in time all the same, and in full a moment later."""
    async with on(journey, "slow"):
        outcome = await journey.person("rita").types("/proxy credit", channel="proxies")
        assert outcome.acked
    await journey.private(journey.person("rita"), "Account credit:")


async def rate_limited(journey: Journey) -> None:
    await _asked(journey)
    async with on(journey, "rate-limited"):
        await _approved(journey)
        await journey.card("Approved")
    await journey.until_bought()


async def charged_and_500(journey: Journey) -> None:
    await _asked(journey)
    async with on(journey, "500-after-charge"):
        await _approved(journey)
        await journey.in_state(State.IN_DOUBT)
    await journey.until_bought()


async def stock_gone(journey: Journey) -> None:
    async with on(journey, "stock-gone"):
        preview = await journey.preview(journey.person("rita"))
        assert "send_draft" not in {button.action_id for button in preview.buttons}
        assert "stock" in preview.text


async def price_moved(journey: Journey) -> None:
    await _asked(journey)
    async with on(journey, "price-moved"):
        await _approved(journey)
        await journey.card("Waiting for approval", "$7.00", "$8.76")
        assert journey.byteful.creates_received == 0
        await _approved(journey)
        await journey.card("Ordered", "$8.76")


async def promo_expired(journey: Journey) -> None:
    await journey.asks(journey.person("rita"), "isp_us 2 WELCOME10 for scraping")
    async with on(journey, "promo-expired"):
        await _approved(journey)
        await journey.card("Waiting for approval", "WELCOME10 → none")
        assert journey.byteful.creates_received == 0
        await _approved(journey)
        await journey.card("Ordered")


async def credit_short(journey: Journey) -> None:
    async with on(journey, "credit-short"):
        await _asked(journey)
        await _approved(journey)
        await journey.card("Ordered", "Invoice open: $7.00")


async def bot_removed(journey: Journey) -> None:
    await _asked(journey)
    async with on(journey, "bot-removed-from-channel"):
        await _approved(journey)
        await journey.until_bought()
        await journey.direct(journey.person("rita"), "Ordered")


async def token_revoked(journey: Journey) -> None:
    """Nobody can be judged while Slack does not say who they are."""
    await _asked(journey)
    async with on(journey, "token-revoked"):
        await _approved(journey)
        await journey.private(journey.person("mona"), "Nothing was approved")
    await _approved(journey)
    await journey.card("Ordered")


async def everything_twice(journey: Journey) -> None:
    async with on(journey, "duplicate-deliveries"):
        await _asked(journey)
        await _approved(journey)
        await journey.card("Ordered")
    assert len(await journey.submissions()) == 1


async def dropped_ack(journey: Journey) -> None:
    await _asked(journey)
    async with on(journey, "dropped-ack"):
        outcome = await journey.person("mona").clicks(await journey.card("Waiting for approval"), "approve")
        assert outcome.error
    await journey.card("Ordered")


async def provider_down(journey: Journey) -> None:
    await _asked(journey)
    async with on(journey, "provider-down"):
        await _approved(journey)
        await journey.card("Approved")
    await journey.until_bought()


STORIES: dict[str, tuple[Story, int]] = {
    "slow": (slow, 0),
    "rate-limited": (rate_limited, 1),
    "500-after-charge": (charged_and_500, 1),
    "stock-gone": (stock_gone, 0),
    "price-moved": (price_moved, 1),
    "promo-expired": (promo_expired, 1),
    "credit-short": (credit_short, 1),
    "bot-removed-from-channel": (bot_removed, 1),
    "token-revoked": (token_revoked, 1),
    "duplicate-deliveries": (everything_twice, 1),
    "dropped-ack": (dropped_ack, 1),
    "provider-down": (provider_down, 1),
}
"""Switch → its story, and how many purchases there are at the end. The other two are tried in the browser."""


@pytest.mark.parametrize("switch", STORIES)
async def test_n18_a_switch_ends_well(journey: Journey, switch: str) -> None:
    story, purchases = STORIES[switch]
    await story(journey)
    await journey.all_said()
    assert journey.byteful.creates_effective == purchases

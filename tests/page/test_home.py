"""The bot's Home as people see it: full of what waits, one click decides, and the same after a restart of the page."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from playground.stage import Stage
from tests.page.window import Opens, Window

PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
ISP = "Static Residential ISP Proxies [US]"


def home_of(who: Window) -> Locator:
    return who.page.get_by_role("region", name="Home")


async def test_a8_what_waits_is_decided_on_the_home_and_stands_there_after_a_reload(
    window: Opens, stage: Stage
) -> None:
    rita, mona = await window("rita"), await window("mona", "home")
    await expect(home_of(mona)).to_contain_text("Nothing waits for you")
    await mona.picture("home-empty")
    await rita.asks()
    waiting = home_of(mona)
    await expect(waiting).to_contain_text("Waiting for you (1)")
    await expect(waiting).to_contain_text(ISP)
    await mona.picture("home-waiting")
    await mona.axe()
    await waiting.get_by_role("button", name="Approve", exact=True).click()
    await mona.confirms("Approve")
    await expect(waiting).to_contain_text("Nothing waits for you")
    await rita.sees("#1001", "Ordered")
    await rita.page.get_by_role("link", name="Proxydesk Home").click()
    mine = home_of(rita)
    await expect(mine).to_contain_text("Your requests (1)")
    await expect(mine).to_contain_text("#1001")
    await expect(mine).to_contain_text("Ordered")
    before = await mine.inner_text()
    await rita.page.reload()
    await expect(mine).to_contain_text("Your requests (1)")
    assert _without_ages(await mine.inner_text()) == _without_ages(before)
    await rita.picture("home-mine")
    assert stage.provider.creates_effective == 1


def _without_ages(text: str) -> list[str]:
    """A Home says when it was drawn."""
    return [line for line in text.splitlines() if "ago" not in line and not line.startswith("As of")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a8_a_home_on_a_phone(window: Opens, scheme: str) -> None:
    rita = await window("rita", **PHONE, color_scheme=scheme)
    await rita.asks()
    await rita.button("Channels and messages").click()
    await rita.page.get_by_role("link", name="Proxydesk Home").click()
    await expect(home_of(rita)).to_contain_text("Your requests (1)")
    await rita.picture(f"home-phone-{scheme}")
    assert await rita.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await rita.axe()

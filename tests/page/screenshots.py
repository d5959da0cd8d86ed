"""The two pictures of the README, taken from the real page: `python -m tests.page.screenshots docs/pictures`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright, expect

from playground.provider import ProviderWorld
from playground.stage import stage
from tests.page.browser import CHROMIUM, FLAGS
from tests.page.window import Window

SIZE = {"width": 1366, "height": 1090}
"""High enough for a whole card."""


async def take(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        world = ProviderWorld()
        world.faults.set("not_found", endpoint="country/search")  # no tables of places: they would fill the curtain
        async with stage(Path(data), provider=world) as on_stage, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            url = on_stage.worlds.page_url
            rita = await Window.open(browser, url, "rita", "proxies", guide=False, viewport=SIZE)
            mona = await Window.open(browser, url, "mona", "proxies", guide=False, viewport=SIZE)
            await rita.says("/proxy buy")
            await rita.chooses("Product", "Residential Proxies (Global)")
            await rita.form.get_by_role("textbox", name="Data").fill("5")
            code = rita.form.get_by_role("textbox", name="Promo code")
            await code.fill("WELCOME10")
            await code.press("Enter")
            await rita.form.get_by_role("textbox", name="Why").fill("Price checks for the spring catalog")
            await expect(rita.form).to_contain_text("Discount with WELCOME10")
            await rita.form.get_by_role("heading").first.hover()
            await rita.page.screenshot(path=folder / "form.png")
            await rita.form.get_by_role("button", name="Send request").click()
            await mona.approves("#1001")
            await mona.sees("#1001", "Ordered")
            await mona.opens("Behind the curtain")
            await mona.page.screenshot(path=folder / "purchase.png")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))

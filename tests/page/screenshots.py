"""The two pictures of the README, taken from the real page: `python -m tests.page.screenshots docs/pictures`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright, expect

from playground.stage import stage
from tests.page.browser import CHROMIUM, DESKTOP, FLAGS
from tests.page.window import Window


async def take(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        async with stage(Path(data)) as on_stage, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            url = on_stage.worlds.page_url
            rita = await Window.open(browser, url, "rita", "proxies", guide=False, viewport=DESKTOP)
            mona = await Window.open(browser, url, "mona", "proxies", guide=False, viewport=DESKTOP)
            await rita.says("/proxy buy")
            await rita.chooses("Product", "Static Residential ISP Proxies [US]")
            await rita.form.get_by_role("textbox", name="Why").fill("Price checks for the spring catalog")
            await expect(rita.form).to_contain_text("Total: $")
            await rita.page.screenshot(path=folder / "form.png")
            await rita.form.get_by_role("button", name="Send request").click()
            await mona.approves("#1001")
            await mona.sees("#1001", "Ordered")
            await mona.opens("Behind the curtain")
            await mona.page.screenshot(path=folder / "purchase.png")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))

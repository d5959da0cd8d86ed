"""A real browser in front of the stage. Without a Chromium on this machine these tests skip, saying so in one line."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playground.stage import Stage
from tests.page.browser import CHROMIUM, DESKTOP, FLAGS, MISSING

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.page.window import Opens

HERE = Path(__file__).parent
collect_ignore = sorted({path.name for path in HERE.glob("test_*.py")} - {"test_browser.py"}) if MISSING else []


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    from playwright.async_api import async_playwright, expect

    from tests.page.window import WITHIN_MS

    expect.set_options(timeout=WITHIN_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=4 * WITHIN_MS)
        yield browser
        await browser.close()


@pytest.fixture
async def window(browser: Browser, stage: Stage, request: pytest.FixtureRequest) -> AsyncIterator[Opens]:
    """Opens a window as somebody. At the end no window may have complained, loaded from elsewhere or failed to draw."""
    from tests.page.window import Window

    opened: list[Window] = []

    async def open_window(who: str, place: str = "proxies", *, guide: bool = False, **context: object) -> Window:
        url = stage.worlds.page_url
        one = await Window.open(browser, url, who, place, guide=guide, **{"viewport": DESKTOP, **context})
        opened.append(one)
        return one

    yield open_window
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    for n, one in enumerate(opened):
        await one.picture(f"{name}-end-{n}-{one.who}")
    for one in opened:
        await one.check()
        await one.close()

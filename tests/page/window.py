"""One window of one person, driven as a person drives it: by names and labels, never by what the page is made of."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

WITHIN_MS = 45_000
"""For anything that should happen at once, on a machine that may be busy."""
ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "page"
GUIDE_OFF = "localStorage.setItem('proxydesk-guide', JSON.stringify({step: 0, isOn: false, card: null}))"
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
AXE_RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map(({id, help, nodes}) => ({id, help, nodes: nodes.slice(0, 5).map((one) => one.html + one.failureSummary)}))"""


class Window:
    def __init__(self, who: str, context: BrowserContext, page: Page, origin: str) -> None:
        self.who = who
        self.page = page
        self.complaints: list[str] = []
        self._context = context
        self._origin = origin
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._requested)

    @classmethod
    async def open(cls, browser: Browser, url: str, who: str, place: str, *, guide: bool, **context: Any) -> Self:
        opened = await browser.new_context(**context)
        opened.set_default_timeout(WITHIN_MS)
        if not guide:
            await opened.add_init_script(GUIDE_OFF)
        page = await opened.new_page()
        window = cls(who, opened, page, url)
        await page.goto(f"{url}/#as={who}&in={place}")
        await expect(page.get_by_role("main")).to_be_visible()
        return window

    def _heard(self, message: Any) -> None:
        is_expected = "status of 409" in message.text or "ERR_INCOMPLETE_CHUNKED_ENCODING" in message.text
        if message.type in ("error", "warning") and not is_expected:
            self.complaints.append(f"{message.type}: {message.text}")

    def _requested(self, request: Any) -> None:
        if not request.url.startswith((self._origin, "data:")):
            self.complaints.append(f"asked elsewhere: {request.url}")

    async def check(self) -> None:
        assert self.complaints == []
        assert await self.page.locator(".undrawable").all_inner_texts() == []

    async def close(self) -> None:
        await self._context.close()

    async def picture(self, name: str) -> None:
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=ARTIFACTS / f"{name}.png")

    async def axe(self) -> None:
        """No serious finding of axe on what is shown now. The debugger takes it past the page's policy."""
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate(AXE_RUN)
        assert found == [], json.dumps(found, indent=1)

    # --- things on the screen

    @property
    def form(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def writing(self) -> Locator:
        return self.page.get_by_role("main").get_by_role("combobox", name="Message")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def message(self, *words: str) -> Locator:
        """The latest message in the conversation that says all of this."""
        found = self.page.get_by_role("main").get_by_role("listitem")
        for word in words:
            found = found.filter(has_text=word)
        return found.last

    async def sees(self, *words: str, within_s: float = WITHIN_MS / 1000) -> Locator:
        found = self.message(*words)
        await expect(found).to_be_visible(timeout=within_s * 1000)
        return found

    # --- things to do

    async def says(self, text: str) -> None:
        await self.writing.fill(text)
        await self.writing.press("Escape")
        await self.writing.press("Enter")

    async def chooses(self, label: str, option: str, *, typing: str = "") -> None:
        field = self.form.get_by_role("combobox", name=label)
        await field.click()
        if typing:
            await field.fill(typing)
        await self.page.get_by_role("option", name=option).first.click()
        await expect(field).to_have_value(option)

    async def confirms(self, name: str) -> None:
        await self.page.get_by_role("alertdialog").get_by_role("button", name=name).click()

    async def asks(self, product: str = "Static Residential ISP Proxies [US]", reason: str = "Price checks") -> None:
        """A request from the empty form to the card in the channel."""
        await self.says("/proxy buy")
        await self.chooses("Product", product)
        await self.form.get_by_role("textbox", name="Why").fill(reason)
        await expect(self.form).to_contain_text("Total: $")
        await self.form.get_by_role("button", name="Send request").click()
        await expect(self.form).to_contain_text("Sent as #")
        await self.form.get_by_role("button", name="Close", exact=True).click()
        await self.sees(product, "Waiting for approval")

    async def approves(self, *words: str) -> None:
        card = await self.sees(*words, "Waiting for approval")
        await card.get_by_role("button", name="Approve", exact=True).click()
        await self.confirms("Approve")

    async def opens(self, door: str, panel: str = "") -> Locator:
        await self.button(door).click()
        return self.page.get_by_role("complementary", name=panel or door)


Opens = Callable[..., Awaitable[Window]]

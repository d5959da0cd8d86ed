"""A summary and the answer about digests on the page, on a phone in the dark."""

from __future__ import annotations

from playwright.async_api import expect

from tests.page.window import Opens

PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True, "color_scheme": "dark"}


async def test_s1_a_summary_on_a_phone_in_the_dark(window: Opens) -> None:
    rita, mona = await window("rita", **PHONE), await window("mona", **PHONE)
    await rita.asks()
    await mona.approves("#1001")
    await rita.sees("#1001", "Ordered")
    await rita.says("/proxy spend")
    shown = await rita.sees("Spent in", "1 order", "Each")
    await expect(shown.get_by_role("img", name="Bar chart of US dollars")).to_be_visible()
    await rita.picture("phone-summary-chart")
    await rita.axe()
    await shown.get_by_role("button", name="Picture").click()
    await rita.page.get_by_role("img", name="Spent from").or_(rita.page.get_by_role("img", name="Spent on")).wait_for()
    await rita.picture("phone-summary")
    assert await rita.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await mona.says("/proxy digest weekly monday 9:00")
    await mona.sees("Weekly on Monday at 09:00", "set here")
    await rita.axe()

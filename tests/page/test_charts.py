"""Slack's charts on the page: every value can be pointed at and reached with keys, and is said to who sees none."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from playground.stage import Stage
from tests.page import gallery
from tests.page.test_blocks import post
from tests.page.test_reports import PHONE
from tests.page.window import Opens


@pytest.mark.parametrize("kind", ["bar", "line", "area"])
async def test_s3_the_values_of_a_chart_are_shown_and_said(kind: str, window: Opens, stage: Stage) -> None:
    await post(stage, text="chart", blocks=[gallery.chart(kind, ISP=(1_234.5, -3), Mobile=(2, 0))])
    rita = await window("rita")
    shown = await rita.sees(f"A chart of {kind}s", "US dollars", "Mobile")
    name = f"{kind.capitalize()} chart of US dollars: ISP, Mobile"
    await expect(shown.get_by_role("img", name=name)).to_be_visible()
    monday = shown.get_by_role("img", name="Mon: ISP 1,234.5, Mobile 2")
    tuesday = shown.get_by_role("img", name="Tue: ISP -3, Mobile 0")
    value = monday.get_by_text("1,234.5")
    await expect(value).to_be_hidden()
    await monday.hover()
    await expect(value).to_be_visible()
    await rita.page.mouse.move(0, 0)
    await monday.focus()
    await rita.page.keyboard.press("ArrowRight")
    await expect(tuesday).to_be_focused()
    await expect(tuesday.get_by_text("-3")).to_be_visible()
    await expect(value).to_be_hidden()
    await rita.axe()


async def test_s3_a_pie_names_its_shares(window: Opens, stage: Stage) -> None:
    await post(stage, text="pie", blocks=[gallery.PIE])
    rita = await window("rita")
    shown = await rita.sees("A pie")
    await expect(shown.get_by_role("img", name="Pie chart: ISP 75%, Mobile 25%")).to_be_visible()
    await expect(shown).to_contain_text("ISP · 3 · 75%")
    await rita.axe()


async def test_s3_the_largest_chart_fits_a_phone_in_the_dark(window: Opens, stage: Stage) -> None:
    labels = [f"Category number {n:02}" for n in range(20)]
    series = [
        {"name": f"Series of twenty {n:02}", "data": [{"label": at, "value": n * 1_000} for at in labels]}
        for n in range(6)
    ]
    drawn = {"type": "line", "series": series, "axis_config": {"categories": labels, "y_label": "GB"}}
    await post(stage, text="full", blocks=[{"type": "data_visualization", "title": "x" * 50, "chart": drawn}])
    rita = await window("rita", **PHONE)
    shown = await rita.sees("x" * 50, "Series of twenty 05")
    await rita.picture("phone-chart")
    assert await rita.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    inside = await shown.locator(".chart").evaluate("(one) => one.scrollWidth <= one.clientWidth")
    assert inside
    await rita.axe()

"""Buying from the first click to what was bought, by people at their windows."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from playground.stage import Stage
from tests.page.window import Opens

ISP = "Static Residential ISP Proxies [US]"


async def test_two_people_buy_once(window: Opens, stage: Stage) -> None:
    rita, mona = await window("rita"), await window("mona")
    await rita.asks()
    await rita.picture("purchase-1-asked")
    await mona.approves("#1001", ISP)
    await rita.sees("#1001", "Ordered", "Service ID")
    await mona.sees("Only visible to you", "you approved it")
    await rita.picture("purchase-2-ordered")
    await (await rita.sees("#1001", "Ordered")).get_by_role("button", name="1 reply").click()
    await expect(rita.page.get_by_role("complementary", name="Thread")).to_contain_text("Paid from account credit")
    await rita.picture("purchase-3-thread")
    unread = rita.page.get_by_role("link", name="Proxydesk 1 unread")
    await unread.click()
    await rita.sees("Your request #1001")
    await expect(unread).to_have_count(0)
    assert stage.provider.creates_effective == 1


async def test_d4_n18_the_guide_leads_to_an_approved_purchase_by_clicking_alone(window: Opens, stage: Stage) -> None:
    newcomer = await window("rita", guide=True)
    guide = newcomer.page.get_by_role("region", name="Guide")
    await newcomer.picture("guide-1")
    await guide.get_by_role("button", name="Open the form").click()
    await guide.get_by_role("button", name="Fill it in for me").click()
    await expect(newcomer.form).to_contain_text("Total: $")
    await newcomer.picture("guide-2")
    await newcomer.form.get_by_role("button", name="Send request").click()
    await guide.get_by_role("button", name="Act as Mona").click()
    await newcomer.approves("#1001")
    await guide.get_by_role("button", name="Open the thread").click()
    await guide.get_by_role("button", name="Show the switches").click()
    await expect(newcomer.page.get_by_role("complementary", name="Chaos switches")).to_be_visible()
    await newcomer.picture("guide-6")
    await guide.get_by_role("button", name="Finish").click()
    await expect(guide).to_have_count(0)
    await newcomer.page.reload()
    await expect(newcomer.page.get_by_role("main")).to_be_visible()
    await expect(guide).to_have_count(0)
    assert stage.provider.creates_effective == 1


async def test_who_may_not_approve_is_told_so_alone(window: Opens, stage: Stage) -> None:
    rita, gus = await window("rita"), await window("gus")
    await rita.asks()
    await gus.approves("#1001")
    await gus.sees("Only visible to you", "Guests")
    await gus.picture("refusal")
    await expect(rita.message("Guests")).to_have_count(0)
    await rita.sees("#1001", "Waiting for approval")
    assert stage.provider.creates_received == 0


async def test_a_decline_carries_its_reason(window: Opens) -> None:
    rita, max_ = await window("rita"), await window("max")
    await rita.asks()
    await (await max_.sees("#1001")).get_by_role("button", name="Decline", exact=True).click()
    await max_.form.get_by_role("textbox").first.fill("We have two of these already")
    await max_.picture("decline-form")
    await max_.form.get_by_role("button", name="Decline").click()
    await rita.sees("#1001", "Declined", "We have two of these already")
    await rita.picture("decline")


async def test_an_error_stands_under_its_field_and_goes_when_mended(window: Opens) -> None:
    rita = await window("rita")
    await rita.says("/proxy buy")
    await rita.chooses("Product", ISP)
    quantity = rita.form.get_by_role("textbox", name="Quantity")
    await quantity.fill("100000")
    await expect(rita.form).to_contain_text("Only 250 in stock")
    await rita.form.get_by_role("button", name="Send request").click()
    why = rita.form.get_by_role("textbox", name="Why")
    await expect(rita.form.get_by_role("alert").first).to_be_visible()
    await expect(why).to_have_attribute("aria-invalid", "true")
    await rita.picture("field-error")
    await why.fill("A crawler")
    await expect(why).not_to_have_attribute("aria-invalid", "true")
    await expect(quantity).to_have_value("100000")


async def test_a_reload_in_the_middle_of_a_form_keeps_it(window: Opens) -> None:
    rita = await window("rita")
    await rita.says("/proxy buy")
    await rita.chooses("Product", ISP)
    why = rita.form.get_by_role("textbox", name="Why")
    await why.fill("Half a thou")
    await rita.page.reload()
    await expect(rita.form.get_by_role("combobox", name="Product")).to_have_value(ISP)
    await expect(why).to_have_value("Half a thou")
    await rita.picture("reload")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_by_keyboard_alone(window: Opens, stage: Stage, scheme: str) -> None:
    rita = await window("rita", color_scheme=scheme)
    keys = rita.page.keyboard
    await rita.writing.focus()
    await keys.type("/pro")
    await keys.press("Tab")
    await keys.type("bu")
    await keys.press("Tab")
    await expect(rita.writing).to_have_value("/proxy buy ")
    await keys.press("Enter")
    product = rita.form.get_by_role("combobox", name="Product")
    await expect(product).to_be_focused()
    await keys.type("isp us")
    await expect(rita.page.get_by_role("option").first).to_contain_text(ISP)
    await rita.picture(f"keyboard-{scheme}-options")
    await keys.press("Enter")
    await expect(product).to_have_value(ISP)
    await expect(rita.form).to_contain_text("Total: $")
    await rita.form.get_by_role("textbox", name="Why").focus()
    await keys.type("By keyboard")
    await keys.press("Control+Enter")
    await expect(rita.form).to_contain_text("Sent as #1001")
    await keys.press("Escape")
    await expect(rita.form).to_have_count(0)
    await expect(rita.writing).to_be_focused()
    await rita.button("Act as Rita Requester Requester").focus()
    await keys.press("Enter")
    await keys.press("ArrowDown")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    approve = (await rita.sees("#1001", "Waiting")).get_by_role("button", name="Approve", exact=True)
    await expect(rita.button("Act as Mona Manager Manager")).to_be_visible()
    await approve.focus()
    await keys.press("Enter")
    await expect(rita.page.get_by_role("alertdialog")).to_be_visible()
    await rita.picture(f"keyboard-{scheme}-confirm")
    await keys.press("Enter")
    await rita.sees("#1001", "Ordered")
    assert stage.provider.creates_effective == 1

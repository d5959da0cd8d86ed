"""The Byteful account and trouble by name, from the page: an invoice paid, a purchase that was never answered."""

from __future__ import annotations

import re

from playwright.async_api import expect

from playground.stage import Stage
from tests.page.window import Opens


async def test_a_top_up_is_paid_in_the_panel(window: Opens, stage: Stage) -> None:
    rita, max_ = await window("rita"), await window("max")
    before = stage.provider.credit_balance
    await rita.says("/proxy topup 50")
    preview = await rita.sees("Only visible to you", "$50.00")
    await preview.get_by_role("button", name="Send request").click()
    await max_.approves("#1001", "50")
    await rita.sees("#1001", "Ordered")
    account = await rita.opens("Byteful account")
    invoice = account.get_by_role("region", name="Invoices").get_by_role("listitem").filter(has_text="$50.00")
    await expect(invoice).to_contain_text("open")
    await rita.picture("topup-1-open")
    await invoice.get_by_role("button", name="Pay").click()
    await expect(invoice).to_contain_text("paid")
    await expect(account.get_by_role("region", name="Credit and time")).to_contain_text(f"${(before + 5000) / 100:.2f}")
    await rita.picture("topup-2-paid")
    await rita.says("/proxy credit")
    await rita.sees("Only visible to you", f"${(before + 5000) / 100:.2f}")


async def test_an_invoice_is_voided_and_time_moves_on(window: Opens, stage: Stage) -> None:
    rita, mona = await window("rita"), await window("mona")
    await rita.opens("Byteful account")
    account = rita.page.get_by_role("complementary", name="Byteful account")
    await account.get_by_role("button", name="Set to $0").click()
    await rita.asks()
    await mona.approves("#1001")
    invoice = account.get_by_role("region", name="Invoices").get_by_role("listitem").filter(has_text="open")
    await invoice.get_by_role("button", name="Void").click()
    await expect(account.get_by_role("region", name="Invoices")).to_contain_text("void")
    day = stage.provider.now().date()
    await account.get_by_role("button", name="Next day").click()
    time = account.get_by_role("region", name="Credit and time")
    await expect(time).not_to_contain_text(day.isoformat())
    assert (stage.provider.now().date() - day).days == 1
    await account.get_by_role("button", name="Next month").click()
    await expect(account.get_by_role("region", name="Statement")).to_contain_text("Charged (renewal)")
    await rita.picture("account-after-a-month")
    await rita.axe()


async def test_byteful_goes_on_without_the_bot(window: Opens, stage: Stage) -> None:
    rita = await window("rita")
    account = await rita.opens("Byteful account")
    row = account.get_by_role("region", name="Catalog").get_by_role("row").filter(has_text="isp_us").first
    await expect(row.get_by_role("cell").nth(1)).to_have_text("250")
    await row.get_by_role("button", name="Buy past the bot").click()
    await expect(row.get_by_role("cell").nth(1)).to_have_text("249")
    bought = account.get_by_role("region", name="Services").get_by_role("listitem").first
    await expect(bought).to_contain_text("1 × 1 month · $3.50")
    await bought.get_by_role("button", name="One more").click()
    await expect(bought).to_contain_text("2 × 1 month")
    await bought.get_by_role("button", name="Price + 10 %").click()
    await expect(bought).to_contain_text("$3.85")
    await account.get_by_role("button", name="+ $50").click()
    await expect(account.get_by_role("region", name="Statement")).to_contain_text("Paid (top-up)")
    await account.get_by_role("button", name="Next month").click()
    await expect(account.get_by_role("region", name="Invoices")).to_contain_text("$3.85")
    await rita.picture("account-without-the-bot")
    await rita.axe()


async def test_n18_silence_after_the_purchase_is_resolved_without_a_second_one(window: Opens, stage: Stage) -> None:
    rita, mona = await window("rita"), await window("mona")
    chaos = await rita.opens("Chaos", "Chaos switches")
    switch = chaos.get_by_role("switch", name="Silence after the purchase")
    await switch.click()
    await expect(switch).to_be_checked()
    await rita.picture("chaos-1-switch")
    await rita.asks()
    await mona.approves("#1001")
    await rita.sees("#1001", "Buying")
    await rita.picture("chaos-2-buying")
    await switch.click()  # lets go of the connection: the bot is left without an answer
    await expect(switch).not_to_be_checked()
    card = await rita.sees("#1001", "Ordered")
    await card.get_by_role("button", name="2 replies").click()
    thread = rita.page.get_by_role("complementary", name="Thread")
    told_at_once_or_late = re.compile("Unclear whether it was bought|No clear answer from the provider")
    await expect(thread).to_contain_text(told_at_once_or_late)
    await expect(thread).to_contain_text("The order was found at the provider")
    await rita.picture("chaos-3-resolved")
    assert stage.provider.creates_received == 1


async def test_behind_the_curtain_everything_that_passed_is_shown_without_secrets(window: Opens, stage: Stage) -> None:
    rita = await window("rita")
    curtain = await rita.opens("Behind the curtain")
    await rita.says("/proxy credit")
    await rita.sees("Only visible to you", "credit")
    entry = curtain.get_by_role("listitem").filter(has_text="/proxy credit").first
    await expect(entry).to_contain_text("Slack → bot")
    await expect(entry.get_by_role("meter")).to_be_visible()
    await entry.locator("summary").click()
    await expect(entry).to_contain_text("[redacted]")
    await expect(entry).to_contain_text("trigger_id")
    await rita.picture("curtain")
    shown = await curtain.inner_text()
    app = stage.worlds.workspace.app
    assert app.bot_token not in shown
    assert app.verification_token not in shown
    await curtain.get_by_role("button", name="bot → Byteful").click()
    await expect(curtain.get_by_role("listitem").filter(has_text="Slack → bot")).to_have_count(0)

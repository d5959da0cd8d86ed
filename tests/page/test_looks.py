"""On a phone, in the dark, for people who cannot see it, with a long channel; people talking; and how it is served."""

from __future__ import annotations

import base64

import aiohttp
import pytest
from playwright.async_api import Page, expect

from playground.stage import Stage
from tests.page.crowd import fill, say
from tests.page.window import Opens

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
FIRST_LOAD_BYTES = 300 * 1024
TOP = "(element) => element.getBoundingClientRect().top"
FRAMES = """async () => {
  for (let n = 0; n < 10; n++) await new Promise(requestAnimationFrame);
}"""


async def test_a_purchase_on_a_phone(window: Opens, stage: Stage) -> None:
    rita = await window("rita", **PHONE)
    await rita.asks()
    await rita.picture("phone-card")
    assert await rita.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await rita.page.get_by_role("button", name="Act as").click()
    await rita.picture("phone-act-as")
    await rita.page.get_by_role("menuitemradio", name="Mona Manager").click()
    await rita.approves("#1001")
    card = await rita.sees("#1001", "Ordered")
    await card.get_by_role("button", name="1 reply").click()
    await expect(rita.page.get_by_role("complementary", name="Thread")).to_contain_text("Paid from account credit")
    await rita.picture("phone-thread")
    await rita.button("Close thread").click()
    await rita.button("Channels and messages").click()
    await rita.picture("phone-channels")
    await rita.page.get_by_role("link", name="Proxydesk Home").click()
    await expect(rita.page.get_by_role("region", name="Home")).to_contain_text("Ask for proxies")
    await rita.picture("phone-home")
    await rita.button("Chaos").click()
    await expect(rita.page.get_by_role("switch", name="Byteful is slow")).to_be_visible()
    await rita.picture("phone-chaos")
    await rita.axe()
    assert stage.provider.creates_effective == 1


async def test_the_form_on_a_phone(window: Opens) -> None:
    rita = await window("rita", **PHONE)
    await rita.says("/proxy buy")
    await rita.chooses("Product", "Datacenter Proxies [US]", typing="datacenter us")
    await expect(rita.form).to_contain_text("Total: $")
    await rita.picture("phone-form")
    await expect(rita.form.get_by_role("button", name="Send request")).to_be_in_viewport()
    await rita.axe()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_serious_for_accessibility(window: Opens, stage: Stage, scheme: str) -> None:
    rita = await window("rita", guide=True, color_scheme=scheme)
    await rita.says("/proxy help")
    await rita.sees("Only visible to you", "/proxy topup")
    await rita.axe()
    await rita.asks()
    await rita.axe()
    await rita.picture(f"axe-{scheme}-card")
    await rita.writing.fill("/")
    await expect(rita.page.get_by_role("option").first).to_be_visible()
    await rita.axe()
    await rita.writing.fill("")
    await rita.page.get_by_role("button", name="Act as Rita").click()
    await rita.axe()
    await rita.page.keyboard.press("Escape")
    for door in ("Behind the curtain", "Byteful account", "Chaos"):
        await rita.button(door).click()
        await expect(rita.page.get_by_role("region", name="contents")).to_be_visible()
        await rita.picture(f"axe-{scheme}-{door.split()[0].lower()}")
        await rita.axe()
    await rita.says("/proxy buy")
    await rita.form.get_by_role("combobox", name="Product").click()
    await expect(rita.page.get_by_role("option").first).to_be_visible()
    await rita.axe()
    await rita.page.keyboard.press("Escape")
    await rita.form.get_by_role("button", name="Send request").click()
    await expect(rita.form.get_by_role("alert").first).to_be_visible()
    await rita.axe()
    await rita.picture(f"axe-{scheme}-form")


async def test_messages_people_write_reach_the_others(window: Opens) -> None:
    rita, mona = await window("rita"), await window("mona", "random")
    await rita.writing.type("Hi @mon")
    await rita.page.get_by_role("option", name="Mona Manager").click()
    await rita.writing.type("have you *seen* this?")
    await rita.writing.press("Enter")
    unread = mona.page.get_by_role("link", name="proxies 1 unread")
    await unread.click()
    message = await mona.sees("have you seen this?")
    await message.get_by_role("button", name="Reply in thread").click()
    reply = mona.page.get_by_role("complementary", name="Thread").get_by_role("combobox", name="Reply")
    await reply.fill("Yes :tada:")
    await reply.press("Enter")
    await (await rita.sees("have you seen this?")).get_by_role("button", name="1 reply").click()
    await expect(rita.page.get_by_role("complementary", name="Thread")).to_contain_text("Yes 🎉")
    await mona.picture("thread-of-people")


async def test_a_picture_is_shared_and_gets_a_reaction(window: Opens) -> None:
    rita, mona = await window("rita"), await window("mona")
    await rita.page.get_by_label("Attach").set_input_files(
        {"name": "map.png", "mimeType": "image/png", "buffer": base64.b64decode(PIXEL)}
    )
    await rita.says("The map :eyes:")
    message = await mona.sees("The map 👀")
    await expect(message.get_by_role("img", name="map.png")).to_have_js_property("naturalWidth", 1)
    await message.get_by_role("button", name="Add reaction").click()
    await mona.page.get_by_role("menuitem", name="white check mark").click()
    seen = (await rita.sees("The map")).get_by_role("button", name="✅ 1")
    await seen.click()
    await expect(message.get_by_role("button", name="✅ 2")).to_be_visible()
    await mona.picture("picture-and-reaction")


async def test_a_guest_sees_only_what_a_guest_sees(window: Opens) -> None:
    gus = await window("gus", "ops-secret")
    await expect(gus.page.get_by_role("heading", name="proxies")).to_be_visible()
    await expect(gus.page.get_by_role("link", name="ops-secret")).to_have_count(0)


async def test_a_long_channel_is_shown_in_parts_and_stays_alive(window: Opens, stage: Stage) -> None:
    ws = stage.worlds.workspace
    fill(ws, messages=220, cards=20)
    rita = await window("rita")
    await expect(rita.page.get_by_role("main").get_by_role("listitem")).to_have_count(201)  # and a day
    await rita.button("Earlier messages").click()
    await expect(rita.page.get_by_role("main").get_by_role("listitem")).to_have_count(221)
    list(ws.channels["C00PROXIES"].messages.values())[1].text = "an old one, changed"
    ws.changed()
    await expect(rita.message("an old one, changed")).to_have_count(1)
    await rita.picture("long-channel")


async def settled(page: Page) -> None:
    """Some frames later: what the browser lays out late is in its place by then."""
    await page.evaluate(FRAMES)


async def test_a_busy_channel_opens_at_its_newest_message_whoever_looks(window: Opens, stage: Stage) -> None:
    ws = stage.worlds.workspace
    fill(ws, messages=6, cards=3)
    say(ws, "the newest")
    rita = await window("rita")
    await expect(rita.message("the newest")).to_be_in_viewport(ratio=1)
    await rita.page.get_by_role("button", name="Act as").click()
    await rita.page.get_by_role("menuitemradio", name="Mona Manager").click()
    await settled(rita.page)
    await expect(rita.message("the newest")).to_be_in_viewport(ratio=1)
    await rita.page.get_by_role("link", name="scraping").click()
    await expect(rita.page.get_by_role("heading", name="scraping")).to_be_visible()
    await rita.page.get_by_role("link", name="proxies", exact=True).click()
    await settled(rita.page)
    await expect(rita.message("the newest")).to_be_in_viewport(ratio=1)
    await expect(rita.button("Latest")).to_have_count(0)


async def test_who_reads_further_up_is_left_there_and_led_back_on_request(window: Opens, stage: Stage) -> None:
    ws = stage.worlds.workspace
    fill(ws, messages=60, cards=6)
    rita = await window("rita")
    old = rita.message("message 33")
    await old.scroll_into_view_if_needed()
    await expect(rita.button("Latest")).to_be_visible()
    await settled(rita.page)
    before = await old.evaluate(TOP)
    say(ws, "the newest")
    await expect(rita.message("the newest")).to_have_count(1)
    await settled(rita.page)
    assert await old.evaluate(TOP) == pytest.approx(before, abs=1)
    await rita.button("Latest").click()
    await expect(rita.message("the newest")).to_be_in_viewport(ratio=1)
    await expect(rita.button("Latest")).to_have_count(0)


FIRST_LOAD = """() => {
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  const files = all.filter((one) => !one.name.includes('/control/'));
  return files.reduce((sum, one) => sum + one.decodedBodySize, 0);
}"""


async def test_how_it_is_served(window: Opens, stage: Stage) -> None:
    rita = await window("rita")
    size = await rita.page.evaluate(FIRST_LOAD)
    assert 0 < size < FIRST_LOAD_BYTES
    async with aiohttp.ClientSession() as session, session.get(f"{stage.worlds.page_url}/") as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy

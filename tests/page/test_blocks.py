"""Block Kit on the page: all that Slack takes is drawn and can be used, and what is unknown is not hidden."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from playground.stage import Stage
from playground.workspace_views import open_view, push_view
from tests.page import gallery
from tests.page.window import Opens, Window

RITA = "U0000RITA"


async def post(stage: Stage, **message: Any) -> str:
    app = AsyncWebClient(
        stage.worlds.environment["SLACK_BOT_TOKEN"], base_url=stage.worlds.environment["SLACK_API_URL"]
    )
    answer = await app.chat_postMessage(channel="C00PROXIES", **message)
    return str(answer["ts"])


def show(stage: Stage, view: gallery.Json) -> str:
    ws = stage.worlds.workspace
    add = push_view if ws.stacks.get(RITA) else open_view
    return add(ws, ws.new_trigger(RITA, "C00PROXIES"), view).id


def held(stage: Stage, view: str, name: str) -> Any:
    state = stage.worlds.workspace.views[view].values[name][name]
    return next(value for key, value in state.items() if key != "type")


async def test_every_block_is_drawn(window: Opens, stage: Stage) -> None:
    await post(stage, text="everything", blocks=gallery.MESSAGE)
    rita = await window("rita", viewport={"width": 1366, "height": 2900})
    message = await rita.sees("A header")
    await expect(message.locator(".block")).to_have_count(len(gallery.MESSAGE) + 1)  # the container has one of its own
    await rita.picture("blocks")
    await expect(message.get_by_role("link", name="a link")).to_have_attribute("rel", "noopener noreferrer")
    for words in (
        "code <b>",
        "🎉",
        ":no_such_emoji:",
        "@mona",
        "#proxies",
        "@proxy-approvers",
        "2 < 3 & 4",
        "snake_case_stays",
    ):
        await expect(message).to_contain_text(words)
    await expect(message).to_contain_text("Thursday, October 9, 2025 at 10:53 AM")  # in Amsterdam
    await expect(message.get_by_text("Not loaded")).to_have_count(0)
    await rita.axe()


async def test_c4_a_moment_is_told_in_the_zone_and_the_language_of_who_looks(window: Opens, stage: Stage) -> None:
    now = int(stage.worlds.workspace.now())
    await post(stage, text=f"<!date^1760000000^{{date}} {{time}}|then>, asked <!date^{now}^{{date_short_pretty}}|now>")
    mona, max_, fay = await window("mona"), await window("max"), await window("fay")
    told = [
        await mona.sees("October 9, 2025 4:53 AM"),
        await max_.sees("October 9, 2025 9:53 PM"),
        await fay.sees("9. Oktober 2025 10:53"),
    ]
    for shown, day in zip(told, ("Today|Yesterday", "Today|Yesterday", "Heute|Gestern"), strict=True):
        await expect(shown).to_contain_text(re.compile(f"asked ({day})"))  # midnight may come between


async def test_what_it_cannot_draw_is_a_visible_box(window: Opens, stage: Stage) -> None:
    ts = await post(stage, text="odd", blocks=[{"type": "divider"}])
    channel = stage.worlds.workspace.channels["C00PROXIES"]
    channel.messages[ts].blocks.append({"type": "hologram", "block_id": "h"})
    rita = await window("rita")
    await expect(rita.page.locator(".undrawable")).to_contain_text("hologram")
    del channel.messages[ts]
    stage.worlds.workspace.changed()
    await expect(rita.page.locator(".undrawable")).to_have_count(0)


async def test_text_is_never_markup(window: Opens, stage: Stage) -> None:
    nasty = "<script>alert(1)</script> <img src=x onerror=alert(2)> <javascript:alert(3)|press me>"
    await post(
        stage,
        text=nasty,
        blocks=[{"type": "section", "text": gallery.mrkdwn(nasty)}, {"type": "markdown", "text": nasty}],
    )
    rita = await window("rita")
    message = await rita.sees("press me")
    await expect(message.locator("script, img, a")).to_have_count(0)


async def test_every_field_can_be_filled_and_survives_a_reload(window: Opens, stage: Stage) -> None:
    rita = await window("rita", viewport={"width": 1366, "height": 2000})
    view = show(stage, gallery.FORM)
    form = rita.form
    await expect(form).to_be_visible()
    for label, text in {
        "Line": "hello",
        "Lines": "two\nlines",
        "Mail": "a@b.example",
        "Address": "https://byteful.com",
        "Rich": "rich",
    }.items():
        await form.get_by_role("textbox", name=label, exact=False).first.fill(
            text
        ) if label != "Lines" else await form.get_by_label("Lines").fill(text)
    await form.get_by_label("Number").fill("nine")
    for label, option in {
        "Fruit (optional)": "Banana",
        "Person": "Mona Manager",
        "Channel": "#scraping",
        "Conversation": "#random",
    }.items():
        await choose(rita, label, option)
    await choose(rita, "Fruits", "Apple")
    await choose(rita, "Fruits", "Cherry")
    await choose(rita, "People", "Max Manager")
    await rita.page.keyboard.press("Escape")
    await form.get_by_role("checkbox", name="Apple").check()
    await form.get_by_role("checkbox", name="Cherry").check()
    await form.get_by_role("radio", name="Banana").check()
    await form.get_by_label("Day").fill("2026-05-06")
    await form.get_by_label("Time").fill("07:08")
    await form.get_by_label("Moment").fill("2026-05-06T07:08")
    await form.get_by_label("Paper").set_input_files(
        {"name": "quote.txt", "mimeType": "text/plain", "buffer": b"$3.50"}
    )
    await expect(form.get_by_role("button", name="Remove quote.txt")).to_be_visible()
    await expect(form.get_by_role("button", name="Remove Cherry")).to_be_visible()
    await rita.picture("form-everything")
    await rita.axe()
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_role("alert")).to_contain_text("Please enter a number.")
    await rita.page.reload()
    await expect(form.get_by_label("Lines")).to_have_value("two\nlines")
    await expect(form.get_by_label("Moment")).to_have_value("2026-05-06T07:08")
    assert [one["value"] for one in held(stage, view, "some")] == ["apple", "cherry"]
    assert [one["value"] for one in held(stage, view, "fruits")] == ["apple", "cherry"]
    assert held(stage, view, "person") == "U0000MONA"
    assert held(stage, view, "conversation") == "C000RANDOM"
    assert held(stage, view, "moment") == 1778044080  # 07:08 in Amsterdam, in summer
    await form.get_by_role("button", name="Close form").click()
    await expect(form).to_have_count(0)


async def choose(rita: Window, label: str, option: str) -> None:
    await rita.form.get_by_role("combobox", name=label).click()
    await rita.page.get_by_role("option", name=option).first.click()


async def test_forms_stack_three_deep(window: Opens, stage: Stage) -> None:
    rita = await window("rita")
    for n in ("One", "Two", "Three"):
        show(stage, gallery.modal(n, gallery.field("Line", {"type": "plain_text_input"})))
        await expect(rita.form).to_have_accessible_name(n)
        await rita.form.get_by_label("Line").fill(f"in {n}")
    await rita.picture("stack")
    await rita.page.keyboard.press("Escape")
    await expect(rita.form).to_have_accessible_name("Two")
    await expect(rita.form.get_by_label("Line")).to_have_value("in Two")
    await rita.form.get_by_role("button", name="Back").click()
    await expect(rita.form).to_have_accessible_name("One")
    await rita.form.get_by_role("button", name="Close form").click()
    await expect(rita.form).to_have_count(0)

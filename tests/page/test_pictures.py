"""Pictures a bot uploads, as they stand in its messages, and the menus on a message."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from playground.stage import Stage
from playground.workspace_model import Shortcut
from tests.page.window import Opens

PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}


def png(width: int, height: int) -> bytes:
    """Stripes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes([60, 120, 200] if y // 20 % 2 else [240, 180, 60]) * width for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desktop", "phone"])
async def test_a_picture_uploaded_to_no_channel_stands_in_a_message(
    window: Opens, stage: Stage, screen: dict[str, object], request: pytest.FixtureRequest
) -> None:
    app = stage.worlds.workspace.app
    app.scopes = app.scopes | {"files:write"}
    client = AsyncWebClient(app.bot_token, base_url=stage.worlds.environment["SLACK_API_URL"])
    uploaded = await client.files_upload_v2(filename="usage.png", content=png(1_200, 600), alt_txt="Data used")
    image = {
        "type": "image",
        "title": {"type": "plain_text", "text": "Data used in November"},
        "alt_text": "Data used: 3.2 GB of 10 GB",
        "slack_file": {"id": uploaded["files"][0]["id"]},
    }
    small = {"type": "section", "text": {"type": "mrkdwn", "text": "Beside it"}, "accessory": {**image}}
    del small["accessory"]["title"]  # type: ignore[attr-defined]
    await client.chat_postMessage(channel="C00PROXIES", text="Data used: 3.2 GB", blocks=[image, small])
    rita = await window("rita", **screen)
    message = await rita.sees("Data used in November")
    drawn = message.get_by_role("img", name="Data used: 3.2 GB of 10 GB")
    await expect(drawn).to_have_count(2)
    await expect(drawn.first).to_have_js_property("naturalWidth", 1_200)
    box, around = await drawn.first.bounding_box(), await message.bounding_box()
    assert box is not None
    assert around is not None
    assert 200 < box["width"] <= around["width"]
    assert abs(box["width"] / box["height"] - 2) < 0.05
    await rita.picture(request.node.callspec.id + "-picture")
    await rita.axe()


async def test_the_menu_of_a_message_has_the_shortcuts_of_the_manifest(window: Opens, stage: Stage) -> None:
    app = stage.worlds.workspace.app
    app.shortcut_menu = (*app.shortcut_menu, Shortcut("look_closer", "message", "Look closer", "At this message"))
    app.shortcuts = {**(app.shortcuts or {}), "look_closer": "message"}
    rita = await window("rita")
    await rita.says("What about #1001?")
    message = await rita.sees("What about #1001?")
    await message.hover()
    await message.get_by_role("button", name="More actions").click()
    offered = [one.name for one in app.shortcut_menu if one.kind == "message"]
    for name in offered:
        await expect(rita.page.get_by_role("menuitem", name=name)).to_be_visible()
    await rita.picture("message-shortcuts")
    await rita.page.get_by_role("menuitem", name="Look closer").click()
    await expect(rita.page.get_by_role("menuitem", name="Look closer")).to_have_count(0)

    async def delivered() -> list[dict[str, Any]]:
        return [one for one in await stage.slack.curtain() if one["what"] == "message_action look_closer"]

    found: list[dict[str, Any]] = await stage.slack.until(delivered, what="the shortcut reaching the bot")
    (sent,) = found
    assert sent["request"]["message"]["text"] == "What about #1001?"


async def test_i3_a_message_becomes_the_reason_of_a_request(window: Opens, stage: Stage) -> None:
    rita = await window("rita")
    await rita.says("The price crawler is blocked again")
    message = await rita.sees("The price crawler is blocked again")
    await message.hover()
    await message.get_by_role("button", name="More actions").click()
    await rita.page.get_by_role("menuitem", name="Ask for proxies").click()
    await expect(rita.form.get_by_role("textbox", name="Why")).to_have_value("The price crawler is blocked again")
    await rita.picture("message-shortcut-form")

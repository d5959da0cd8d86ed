"""Files from upload to picture, people's own files, reactions, messages that wait, and windows that reload."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from playground.slack_driver import SlackDriver
from playground.slack_seen import CannotError, SeenMessage
from playground.slack_server import running_workspace
from playground.workspace import Workspace
from playground.workspace_cast import OPS_SECRET, PROXIES
from playground.workspace_model import DEFAULT_SCOPES

PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(60)
HTML = b"<script>alert(1)</script>"


@dataclass
class World:
    ws: Workspace
    slack: SlackDriver
    client: AsyncWebClient
    http: aiohttp.ClientSession
    base: str

    async def upload(self, name: str, content: bytes, **more: Any) -> dict[str, Any]:
        answer = await self.client.files_upload_v2(filename=name, content=content, **more)
        return dict(answer["files"][0])

    async def error(self, method: str, **args: Any) -> str:
        with pytest.raises(SlackApiError) as caught:
            await self.client.api_call(method, json=args)
        return str(caught.value.response["error"])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    ws = Workspace(rate_limits=False)
    ws.app.scopes = DEFAULT_SCOPES | {"files:read"}
    async with running_workspace(ws) as base, SlackDriver(base) as slack, aiohttp.ClientSession() as http:
        yield World(
            ws, slack, AsyncWebClient(token=ws.app.bot_token, base_url=f"{base}/api/", session=http), http, base
        )


async def test_a_picture_is_uploaded_posted_and_shown(world: World) -> None:
    file = await world.upload("usage.png", PIXEL, channel=PROXIES, title="Usage")
    assert (file["mimetype"], file["size"], file["mode"]) == ("image/png", len(PIXEL), "hosted")
    for named in ({"id": file["id"]}, {"url": file["url_private"]}, {"url": file["permalink"]}):
        image = {"type": "image", "alt_text": "Usage", "slack_file": named}
        await world.client.chat_postMessage(channel=PROXIES, text="x", blocks=[image])
    async with world.http.get(f"{world.base}/control/files/{file['id']}") as response:
        assert (response.content_type, await response.read()) == ("image/png", PIXEL)
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_only_pictures_are_shown_and_everything_else_is_a_download(world: World) -> None:
    file = await world.upload("page.png", HTML)
    assert file["mimetype"] == "application/octet-stream"
    image = {"type": "image", "alt_text": "Not one", "slack_file": {"id": file["id"]}}
    nested = {"type": "context", "elements": [image]}
    section = {"type": "section", "text": {"type": "plain_text", "text": "x"}, "accessory": image}
    for block in (image, nested, section):
        assert await world.error("chat.postMessage", channel=PROXIES, text="x", blocks=[block]) == "invalid_blocks"
    async with world.http.get(f"{world.base}/control/files/{file['id']}") as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_a_view_may_not_show_a_file_that_is_not_there(world: World) -> None:
    image = {"type": "image", "alt_text": "Gone", "slack_file": {"id": "F404"}}
    view = {"type": "home", "blocks": [image]}
    assert await world.error("views.publish", user_id=world.ws.person("rita").id, view=view) == "invalid_arguments"


async def test_the_private_address_wants_the_token_and_the_scope(world: World) -> None:
    file = await world.upload("a.png", PIXEL)

    async def get(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        async with world.http.get(file["url_private"], headers=headers) as response:
            return response.status

    assert await get(world.ws.app.bot_token) == 200
    assert await get("xoxb-playground-none") == 404
    world.ws.app.scopes = DEFAULT_SCOPES
    assert await get(world.ws.app.bot_token) == 404


async def test_files_are_looked_up_and_removed(world: World) -> None:
    file = await world.upload("a.png", PIXEL, channel=PROXIES)
    assert (await world.client.files_info(file=file["id"]))["file"]["channels"] == [PROXIES]
    await world.client.files_delete(file=file["id"])
    assert await world.error("files.info", file=file["id"]) == "file_not_found"


async def test_a_person_posts_a_file_and_nobody_elses(world: World) -> None:
    rita, mona = world.slack.person("rita"), world.slack.person("mona")
    file = await rita.uploads("offer.pdf", b"%PDF-1.7")
    await rita.types("The offer", channel="proxies", files=[file["id"]])
    (message,) = await mona.messages("proxies")
    assert [one["name"] for one in message.files] == ["offer.pdf"]
    with pytest.raises(CannotError, match="has no file"):
        await mona.types("Mine", channel="proxies", files=[file["id"]])


async def test_reactions_of_people(world: World) -> None:
    await world.client.chat_postMessage(channel=PROXIES, text="Approved")
    rita = world.slack.person("rita")
    (message,) = await rita.messages("proxies")
    await rita.reacts(message, "tada")
    assert (await rita.again(message)).reactions == {"tada": [world.ws.person("rita").id]}
    with pytest.raises(CannotError):
        await rita.reacts(message, "tada")
    await rita.reacts(message, "tada", remove=True)
    assert (await rita.again(message)).reactions == {}


async def test_a_reload_loses_what_only_that_person_saw(world: World) -> None:
    ids = {name: world.ws.person(name).id for name in ("rita", "mona")}
    for user in ids.values():
        await world.client.chat_postEphemeral(channel=PROXIES, user=user, text="Only you")
    await world.slack.person("rita").reloads()
    assert await world.slack.person("rita").messages("proxies") == []
    assert len(await world.slack.person("mona").messages("proxies")) == 1


async def test_a_scheduled_message_is_posted_when_its_time_comes(world: World) -> None:
    world.ws.set_clock(1_800_000_000.0)
    when = 1_800_000_000 + 3_600
    made = await world.client.chat_scheduleMessage(channel=PROXIES, text="Renewal today", post_at=when)
    listed = (await world.client.chat_scheduledMessages_list())["scheduled_messages"]
    assert [(one["id"], one["post_at"]) for one in listed] == [(made["scheduled_message_id"], when)]
    world.ws.advance(3_599)
    mona = world.slack.person("mona")
    assert await mona.messages("proxies") == []
    world.ws.advance(1)

    message: SeenMessage = await world.slack.until(
        lambda: mona.message("proxies", "Renewal today"), what="the message that was scheduled"
    )
    assert float(message.ts) == when
    assert (await world.client.chat_scheduledMessages_list())["scheduled_messages"] == []


async def test_a_scheduled_message_can_be_taken_back_in_time(world: World) -> None:
    world.ws.set_clock(1_800_000_000.0)
    ids = []
    for late in (3_600, 59):
        made = await world.client.chat_scheduleMessage(channel=PROXIES, text="x", post_at=1_800_000_000 + late)
        ids.append(made["scheduled_message_id"])
    await world.client.chat_deleteScheduledMessage(channel=PROXIES, scheduled_message_id=ids[0])
    for gone in ids:
        refusal = await world.error("chat.deleteScheduledMessage", channel=PROXIES, scheduled_message_id=gone)
        assert refusal == "invalid_scheduled_message_id"


async def test_scheduling_has_its_limits(world: World) -> None:
    world.ws.set_clock(1_800_000_000.0)
    at = {"channel": PROXIES, "text": "x"}
    assert await world.error("chat.scheduleMessage", post_at=1_800_000_000, **at) == "time_in_past"
    assert await world.error("chat.scheduleMessage", post_at=1_800_000_000 + 121 * 86_400, **at) == "time_too_far"
    for n in range(30):
        await world.client.chat_scheduleMessage(channel=PROXIES, text="x", post_at=1_800_001_000 + n)
    assert await world.error("chat.scheduleMessage", post_at=1_800_001_100, **at) == "restricted_too_many"
    await world.client.chat_scheduleMessage(channel=OPS_SECRET, text="x", post_at=1_800_001_100)


async def test_reset_forgets_what_was_scheduled(world: World) -> None:
    world.ws.set_clock(1_800_000_000.0)
    await world.client.chat_scheduleMessage(channel=PROXIES, text="x", post_at=1_800_000_010)
    await world.slack.reset()
    assert world.ws.scheduled == {}

"""What a person can pick, tick and fill in, and what their client sends of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from playground.serving import listening, serving
from playground.slack_driver import SlackDriver
from playground.slack_person import SlackPerson
from playground.slack_seen import CannotError, SeenView
from playground.slack_server import running_workspace
from playground.workspace import Workspace
from playground.workspace_cast import MONA, OPS_SECRET, PROXIES, RAVI, SCRAPING

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def options(*names: str) -> list[Json]:
    return [{"text": plain(name), "value": name.lower()} for name in names]


@dataclass
class World:
    ws: Workspace
    slack: SlackDriver
    client: AsyncWebClient
    sent: list[Json] = field(default_factory=list)

    async def form(self, element: Json, **more: Any) -> tuple[SlackPerson, SeenView]:
        """A form with this one field, open on Rita's screen."""
        rita = self.slack.person("rita")
        await rita.types("/form", channel="proxies")
        block = {"type": "input", "block_id": "b", "label": plain("Field"), "element": {"action_id": "a", **element}}
        view = {"type": "modal", "title": plain("Form"), "submit": plain("Send"), "blocks": [{**block, **more}]}
        await self.client.views_open(trigger_id=self.sent[-1]["trigger_id"], view=view)
        opened = await rita.view()
        assert opened is not None
        return rita, opened

    async def picks(self, element: Json, value: Any) -> Json:
        """The state the bot gets once Rita has picked this and sent the form."""
        rita, form = await self.form(element)
        await rita.chooses(form, "a", value)
        outcome = await rita.submits(form)
        assert outcome.delivered, outcome.errors
        state: Json = self.sent[-1]["view"]["state"]["values"]["b"]["a"]
        return state


@pytest.fixture
async def world() -> AsyncIterator[World]:
    ws = Workspace(rate_limits=False)
    sent: list[Json] = []

    async def bot(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        sent.append(json.loads(form["payload"]) if "payload" in form else form)
        return Response()

    with listening(0) as listener:
        ws.bot_url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        app = Starlette(routes=[Route("/", bot, methods=["POST"])])
        async with running_workspace(ws) as base, serving(app, listener), SlackDriver(base) as slack:
            client = AsyncWebClient(token=ws.app.bot_token, base_url=f"{base}/api/")
            yield World(ws, slack, client, sent)


STATIC = {"type": "static_select", "options": options("Red", "Blue")}
GROUPED = {
    "type": "static_select",
    "option_groups": [
        {"label": plain("Warm"), "options": options("Red")},
        {"label": plain("Cold"), "options": options("Blue")},
    ],
}
MANY = {"type": "multi_static_select", "options": options("Red", "Blue", "Green"), "max_selected_items": 2}


@pytest.mark.parametrize(
    ("element", "value", "held"),
    [
        (STATIC, "Blue", {"selected_option": "blue"}),
        (GROUPED, "blue", {"selected_option": "blue"}),
        (MANY, ["Red", "Green"], {"selected_options": ["red", "green"]}),
        (
            {"type": "checkboxes", "options": options("One", "Two")},
            ["One", "Two"],
            {"selected_options": ["one", "two"]},
        ),
        ({"type": "radio_buttons", "options": options("One", "Two")}, "Two", {"selected_option": "two"}),
        ({"type": "users_select"}, "mona", {"selected_user": MONA}),
        ({"type": "multi_users_select"}, ["mona", "ravi"], {"selected_users": [MONA, RAVI]}),
        ({"type": "channels_select"}, "scraping", {"selected_channel": SCRAPING}),
        ({"type": "multi_channels_select"}, ["scraping", "proxies"], {"selected_channels": [SCRAPING, PROXIES]}),
        ({"type": "conversations_select"}, "proxies", {"selected_conversation": PROXIES}),
        ({"type": "multi_conversations_select"}, ["proxies"], {"selected_conversations": [PROXIES]}),
        ({"type": "datepicker"}, "2028-02-29", {"selected_date": "2028-02-29"}),
        ({"type": "timepicker"}, "09:05", {"selected_time": "09:05"}),
        ({"type": "datetimepicker"}, 1_800_000_000, {"selected_date_time": 1_800_000_000}),
    ],
)
async def test_what_is_picked_is_what_the_bot_gets(world: World, element: Json, value: Any, held: Json) -> None:
    state = await world.picks(element, value)
    assert state.pop("type") == element["type"]
    assert {key: _values(one) for key, one in state.items()} == held


def _values(held: Any) -> Any:
    if isinstance(held, list):
        return [_values(one) for one in held]
    return held["value"] if isinstance(held, dict) else held


@pytest.mark.parametrize(
    ("element", "value"),
    [
        (STATIC, "Green"),
        (MANY, ["Red", "Blue", "Green"]),
        ({"type": "users_select"}, "dee"),
        ({"type": "users_select"}, "nobody"),
        ({"type": "channels_select"}, "ops-secret"),
        ({"type": "channels_select"}, "old-proxies"),
        ({"type": "conversations_select"}, OPS_SECRET),
        ({"type": "conversations_select", "filter": {"include": ["private"]}}, "proxies"),
        ({"type": "datepicker"}, "2027-02-29"),
        ({"type": "datepicker"}, "tomorrow"),
        ({"type": "timepicker"}, "25:00"),
        ({"type": "datetimepicker"}, 12),
        ({"type": "file_input"}, ["F404"]),
    ],
)
async def test_what_is_not_on_offer_cannot_be_picked(world: World, element: Json, value: Any) -> None:
    rita, form = await world.form(element)
    with pytest.raises(CannotError):
        await rita.chooses(form, "a", value)


async def test_a_file_field_takes_ones_own_files_of_its_kinds(world: World) -> None:
    rita, form = await world.form({"type": "file_input", "filetypes": ["pdf"], "max_files": 1})
    picture, paper = await rita.uploads("a.png", b"\x89PNG\r\n\x1a\n1"), await rita.uploads("a.pdf", b"%PDF-1.7")
    for refused in ([picture["id"]], [paper["id"], paper["id"]]):
        with pytest.raises(CannotError):
            await rita.chooses(form, "a", refused)
    await rita.chooses(form, "a", [paper["id"]])
    assert (await rita.submits(form)).delivered
    (file,) = world.sent[-1]["view"]["state"]["values"]["b"]["a"]["files"]
    assert (file["id"], file["mimetype"]) == (paper["id"], "application/pdf")


@pytest.mark.parametrize(
    ("element", "bad", "good"),
    [
        ({"type": "email_text_input"}, "rita@", "rita@example.com"),
        ({"type": "url_text_input"}, "example.com", "https://example.com/a?b"),
        ({"type": "number_input", "is_decimal_allowed": False, "max_value": "10"}, "2.5", "10"),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "0.5"}, "0.4", "0.5"),
        ({"type": "plain_text_input", "min_length": 3}, "ab", "abc"),
    ],
)
async def test_the_client_checks_what_is_typed(world: World, element: Json, bad: str, good: str) -> None:
    rita, form = await world.form(element)
    await rita.enters(form, "a", bad)
    refused = await rita.submits(form)
    assert (refused.delivered, list(refused.errors)) == (False, ["b"])
    await rita.enters(form, "a", good)
    assert (await rita.submits(form)).delivered


async def test_a_required_field_and_an_optional_one(world: World) -> None:
    rita, form = await world.form({"type": "checkboxes", "options": options("One")})
    assert not (await rita.submits(form)).delivered
    await rita.closes(form)
    rita, form = await world.form({"type": "checkboxes", "options": options("One")}, optional=True)
    assert (await rita.submits(form)).delivered


async def test_ticks_come_off_again(world: World) -> None:
    rita, form = await world.form({"type": "checkboxes", "options": options("One", "Two")}, optional=True)
    await rita.chooses(form, "a", ["One"])
    await rita.chooses(form, "a", [])
    await rita.submits(form)
    assert world.sent[-1]["view"]["state"]["values"]["b"]["a"]["selected_options"] == []

"""The workspace end to end: a small Bolt bot behind real HTTP, people driven over the control interface."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from playground.serving import listening, serving
from playground.slack_driver import NeverHappenedError, SlackDriver
from playground.slack_seen import CannotError, SeenMessage, SeenView
from playground.slack_server import running_workspace
from playground.workspace import Workspace
from playground.workspace_cast import FAY, MAX, MONA, PROXIES, RITA

Json = dict[str, Any]
Handler = Callable[..., Awaitable[Any]]
ANY = re.compile(".*", re.DOTALL)


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(text: str) -> Json:
    return {"text": plain(text), "value": text.lower()}


def modal(*blocks: Json, **more: Any) -> Json:
    shown = list(blocks) or [{"type": "section", "text": plain("Hello")}]
    return {"type": "modal", "title": plain("Form"), "submit": plain("Send"), "blocks": shown, **more}


def asks(block_id: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(block_id.title()), "element": element, **more}


def buttons(*names: str, **more: Any) -> Json:
    elements = [{"type": "button", "action_id": name.lower(), "text": plain(name), **more} for name in names]
    return {"type": "actions", "block_id": "row", "elements": elements}


QUANTITY = asks(
    "quantity",
    {"type": "number_input", "action_id": "n", "is_decimal_allowed": False, "min_value": "1", "max_value": "10"},
)
REASON = asks(
    "reason", {"type": "plain_text_input", "action_id": "why", "min_length": 3, "max_length": 5}, optional=True
)


@dataclass
class Bot:
    """A bot whose behaviour each test hands in; it remembers every payload and acks what nobody handles."""

    client: AsyncWebClient
    on: dict[str, Handler] = field(default_factory=dict)
    seen: list[Json] = field(default_factory=list)
    headers: list[Json] = field(default_factory=list)

    def bolt(self, secret: str) -> AsyncApp:
        app = AsyncApp(client=self.client, signing_secret=secret, process_before_response=True)
        kinds = {"command": app.command(ANY), "action": app.action(ANY), "options": app.options(ANY)}
        kinds |= {"shortcut": app.shortcut(ANY), "event": app.event(ANY)}
        kinds |= {"view": app.view(ANY), "closed": app.view_closed(ANY)}
        for kind, register in kinds.items():
            register(self._listener(kind))
        return app

    def _listener(self, kind: str) -> Handler:
        async def listen(ack: Any, body: Json, respond: Any, request: Any) -> None:
            self.seen.append(body)
            self.headers.append(request.headers)
            if kind in self.on:
                await self.on[kind](ack=ack, body=body, respond=respond)
            else:
                await ack()

        return listen


@dataclass
class World:
    ws: Workspace
    slack: SlackDriver
    bot: Bot
    base: str
    http: aiohttp.ClientSession

    async def shows(self, *blocks: Json, who: str = "rita", **more: Any) -> SeenView:
        """Have the bot open this form for somebody."""

        async def open_it(ack: Any, body: Json, **_: Any) -> None:
            await ack()
            await self.bot.client.views_open(trigger_id=body["trigger_id"], view=modal(*blocks, **more))

        self.bot.on["command"] = open_it
        outcome = await self.slack.person(who).types("/proxy", channel="proxies")
        assert outcome.view is not None
        return outcome.view

    async def posts(self, *blocks: Json, text: str = "card", channel: str = PROXIES, **more: Any) -> SeenMessage:
        answer = await self.bot.client.chat_postMessage(channel=channel, text=text, blocks=blocks or None, **more)
        viewer = self.slack.person("mona")
        found = [one for one in await viewer.messages(channel) if one.ts == answer["ts"]]
        return found[0]


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[World]:
    ws = Workspace()
    with listening(0) as listener:
        ws.bot_url = f"http://127.0.0.1:{listener.getsockname()[1]}/slack/events"
        async with running_workspace(ws) as base, aiohttp.ClientSession() as http, SlackDriver(base) as slack:
            client = AsyncWebClient(token=ws.app.bot_token, base_url=f"{base}/api/", session=http)
            bot = Bot(client)
            handler = AsyncSlackRequestHandler(bot.bolt(ws.app.signing_secret))
            app = Starlette(routes=[Route("/slack/events", handler.handle, methods=["POST"])])
            async with serving(app, listener):
                yield World(ws, slack, bot, base, http)


@pytest.fixture
async def world(running: World) -> World:
    running.ws.reset()
    running.ws.ack_within_s = 3.0
    running.bot.on.clear()
    running.bot.seen.clear()
    running.bot.headers.clear()
    return running


# --- commands


async def test_a_command_arrives_as_slack_sends_it_and_is_answered_privately(world: World) -> None:
    async def answer(ack: Any, body: Json, **_: Any) -> None:
        await ack(f"Hello <@{body['user_id']}> &amp; all")

    world.bot.on["command"] = answer
    outcome = await world.slack.person("rita").types("/proxy buy isp_us 5", channel="proxies")
    assert outcome.acked
    assert outcome.answer is not None
    assert (outcome.answer.text, outcome.answer.is_ephemeral) == ("Hello @rita & all", True)
    (body,) = world.bot.seen
    expected = {"command": "/proxy", "text": "buy isp_us 5", "user_id": RITA, "channel_id": PROXIES}
    assert expected.items() <= body.items()
    assert await world.slack.person("mona").messages("proxies") == []
    assert await world.slack.problems() == []


async def test_an_in_channel_answer_shows_the_command_too(world: World) -> None:
    async def answer(ack: Any, **_: Any) -> None:
        await ack(text="For all", response_type="in_channel")

    world.bot.on["command"] = answer
    await world.slack.person("rita").types("/proxy help", channel="proxies")
    texts = [one.text for one in await world.slack.person("mona").messages("proxies")]
    assert texts == ["/proxy help", "For all"]


async def test_mentions_are_escaped_only_where_the_manifest_says_so() -> None:
    manifest = {"features": {"slash_commands": [{"command": "/esc", "should_escape": True}, {"command": "/raw"}]}}
    ws = Workspace(manifest=manifest)
    with listening(0) as listener:
        got: list[str] = []

        async def receive(request: Any) -> Any:
            got.append(dict(parse_qsl((await request.body()).decode()))["text"])
            return Response()

        ws.bot_url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        app = Starlette(routes=[Route("/", receive, methods=["POST"])])
        async with serving(app, listener), running_workspace(ws) as base, SlackDriver(base) as slack:
            mona = slack.person("mona")
            text = "@rita #proxies #ops-secret @proxy-approvers a<b https://x.io @nobody"
            await mona.types(f"/esc {text}", channel="proxies")
            await mona.types(f"/raw {text}", channel="proxies")
            assert got == [
                "<@U0000RITA|rita> <#C00PROXIES|proxies> <#C0OPSSECRET|> <!subteam^S0APPROVERS|@proxy-approvers> "
                "a&lt;b <https://x.io> @nobody",
                text,
            ]
            unknown = await mona.types("/nope", channel="proxies")
            assert not unknown.delivered
            assert "not a valid command" in str(unknown.error)


async def test_a_command_not_acked_in_time_shows_operation_timeout(world: World) -> None:
    release = asyncio.Event()

    async def dawdle(ack: Any, **_: Any) -> None:
        await release.wait()
        await ack()

    world.bot.on["command"] = dawdle
    world.ws.ack_within_s = 0.05
    outcome = await world.slack.person("rita").types("/proxy", channel="proxies")
    release.set()
    assert not outcome.acked
    assert "operation_timeout" in str(outcome.error)
    assert [one["problem"] for one in await world.slack.problems()] == ["not acked: timeout"]


async def test_people_type_only_where_they_are(world: World) -> None:
    rita = world.slack.person("rita")
    for channel, why in (("ops-secret", "not in"), ("old-proxies", "archived"), ("nowhere", "no channel")):
        with pytest.raises(CannotError, match=why):
            await rita.types("/proxy", channel=channel)
    with pytest.raises(CannotError, match="threads"):
        await rita.types("/proxy", channel="proxies", thread_ts="1.0")
    with pytest.raises(CannotError, match="deactivated"):
        await world.slack.person("dee").types("/proxy", channel="proxies")


async def test_a_bad_command_answer_is_a_problem(world: World) -> None:
    async def answer(ack: Any, **_: Any) -> None:
        await ack(blocks=[{"type": "section", "text": plain("")}], text="x")

    world.bot.on["command"] = answer
    outcome = await world.slack.person("rita").types("/proxy", channel="proxies")
    assert "invalid_command_response" in str(outcome.error)
    assert outcome.answer is None
    assert await world.slack.problems()


# --- forms


async def test_the_client_refuses_a_form_that_is_not_filled_in(world: World) -> None:
    rita = world.slack.person("rita")
    form = await world.shows(QUANTITY, REASON)
    for number, reason, refused in (
        ("", "", {"quantity"}),
        ("0", "", {"quantity"}),
        ("11", "", {"quantity"}),
        ("1.5", "", {"quantity"}),
        ("x", "", {"quantity"}),
        ("5", "ab", {"reason"}),
        ("5", "abcdef", {"reason"}),
    ):
        await rita.enters(form, "quantity", number)
        await rita.enters(form, "Reason", reason)
        outcome = await rita.submits(form)
        assert set(outcome.errors) == refused, (number, reason)
        assert not outcome.delivered
    assert not [body for body in world.bot.seen if body.get("type") == "view_submission"]


async def test_a_submission_carries_the_state_and_an_empty_ack_closes_the_form(world: World) -> None:
    rita = world.slack.person("rita")
    form = await world.shows(QUANTITY, REASON, private_metadata="m", callback_id="buy")
    await rita.enters(form, "n", "5")
    outcome = await rita.submits(form)
    assert outcome.acked
    assert outcome.view is None
    view = world.bot.seen[-1]["view"]
    assert view["private_metadata"] == "m"
    assert view["state"]["values"] == {
        "quantity": {"n": {"type": "number_input", "value": "5"}},
        "reason": {"why": {"type": "plain_text_input", "value": None}},
    }
    with pytest.raises(CannotError, match="no such view"):
        await rita.submits(form)


async def test_errors_in_the_ack_are_shown_under_their_fields(world: World) -> None:
    async def refuse(ack: Any, **_: Any) -> None:
        await ack(response_action="errors", errors={"quantity": "Too many"})

    rita = world.slack.person("rita")
    form = await world.shows(QUANTITY)
    await rita.enters(form, "quantity", "5")
    world.bot.on["view"] = refuse
    outcome = await rita.submits(form)
    assert outcome.errors == {"quantity": "Too many"}
    assert outcome.view is not None
    assert "! Too many" in outcome.view.text
    assert outcome.view.input("Quantity").value == "5"
    assert await world.slack.problems() == []


BAD_ACKS: list[tuple[str, dict[str, Any]]] = [
    ("text", {"text": "Saved!"}),
    ("unknown action", {"response_action": "celebrate"}),
    ("errors for a block that is not there", {"response_action": "errors", "errors": {"nope": "x"}}),
    ("errors for a section", {"response_action": "errors", "errors": {"intro": "x"}}),
    ("no errors", {"response_action": "errors", "errors": {}}),
    ("a bad view", {"response_action": "update", "view": {"type": "modal", "title": plain("x" * 25), "blocks": []}}),
]


@pytest.mark.parametrize("given", [row[1] for row in BAD_ACKS], ids=[row[0] for row in BAD_ACKS])
async def test_an_ack_slack_cannot_use_shows_trouble_connecting(world: World, given: dict[str, Any]) -> None:
    async def answer(ack: Any, **_: Any) -> None:
        await ack(**given)

    rita = world.slack.person("rita")
    form = await world.shows({"type": "section", "block_id": "intro", "text": plain("x")}, QUANTITY)
    await rita.enters(form, "quantity", "5")
    world.bot.on["view"] = answer
    outcome = await rita.submits(form)
    assert "trouble connecting" in str(outcome.error)
    assert outcome.view is not None
    assert await world.slack.problems()


async def test_update_push_and_clear_in_the_ack(world: World) -> None:
    rita = world.slack.person("rita")
    first = await world.shows()
    answers: list[Json] = [
        {"response_action": "update", "view": modal(callback_id="two")},
        {"response_action": "push", "view": modal(callback_id="three", external_id="x3")},
        {"response_action": "clear"},
    ]

    async def answer(ack: Any, **_: Any) -> None:
        await ack(**answers.pop(0))

    world.bot.on["view"] = answer
    updated = (await rita.submits(first)).view
    assert updated is not None
    assert (updated.id, updated.callback_id) == (first.id, "two")
    assert updated.hash != first.hash
    pushed = (await rita.submits(updated)).view
    assert pushed is not None
    assert (pushed.root_view_id, pushed.previous_view_id, pushed.depth) == (first.id, first.id, 2)
    assert (await rita.submits(pushed)).view is None
    assert await world.slack.problems() == []


async def test_a_pushed_view_may_not_take_an_external_id_in_use(world: World) -> None:
    async def push(ack: Any, **_: Any) -> None:
        await ack(response_action="push", view=modal(external_id="mine"))

    form = await world.shows(external_id="mine")
    world.bot.on["view"] = push
    outcome = await world.slack.person("rita").submits(form)
    assert "trouble connecting" in str(outcome.error)
    assert [one["problem"] for one in await world.slack.problems()] == ["duplicate_external_id"]


async def test_the_stack_holds_three_views(world: World) -> None:
    async def push(ack: Any, body: Json, **_: Any) -> None:
        await ack()
        await world.bot.client.views_push(trigger_id=body["trigger_id"], view=modal(buttons("Deeper")))

    rita = world.slack.person("rita")
    view = await world.shows(buttons("Deeper"))
    world.bot.on["action"] = push
    for depth in (2, 3):
        outcome = await rita.clicks(view, "Deeper")
        assert outcome.view is not None
        view = outcome.view
        assert view.depth == depth
    assert not (await rita.clicks(view, "Deeper")).acked
    assert (await world.slack.calls("views.push"))[-1]["error"] == "push_limit_reached"
    assert [one.id for one in await rita.stack()][-1] == view.id


async def test_closing_tells_only_who_asked_to_be_told(world: World) -> None:
    rita = world.slack.person("rita")
    form = await world.shows(notify_on_close=True)
    await rita.closes(form)
    assert (world.bot.seen[-1]["type"], world.bot.seen[-1]["is_cleared"]) == ("view_closed", False)
    form = await world.shows(notify_on_close=True)
    await rita.closes(form, everything=True)
    assert world.bot.seen[-1]["is_cleared"] is True
    form = await world.shows()
    outcome = await rita.closes(form)
    assert not outcome.delivered
    assert outcome.view is None


async def test_typed_text_survives_an_update_only_under_the_same_ids(world: World) -> None:
    rita = world.slack.person("rita")
    form = await world.shows(QUANTITY, REASON)
    await rita.enters(form, "quantity", "5")
    await rita.enters(form, "reason", "abc")
    renamed = {**REASON, "block_id": "reason2"}
    await world.bot.client.views_update(view_id=form.id, hash=form.hash, view=modal(QUANTITY, renamed))
    now = await rita.view()
    assert now is not None
    assert (now.input("quantity").value, now.input("reason2").value) == ("5", "")
    with pytest.raises(SlackApiError) as stale:
        await world.bot.client.views_update(view_id=form.id, hash=form.hash, view=modal(QUANTITY))
    assert stale.value.response["error"] == "hash_conflict"
    await rita.closes(now)
    with pytest.raises(SlackApiError) as gone:
        await world.bot.client.views_update(view_id=form.id, view=modal(QUANTITY))
    assert gone.value.response["error"] == "not_found"


async def test_a_select_in_an_input_dispatches_only_when_told_to(world: World) -> None:
    pick: Json = {"type": "static_select", "action_id": "pick", "options": [option("Red"), option("Blue")]}
    rita = world.slack.person("rita")
    form = await world.shows(asks("quiet", pick), asks("loud", pick, dispatch_action=True))
    assert not (await rita.chooses(form, "quiet", "Red")).delivered
    assert (await rita.chooses(form, "loud", "blue")).delivered
    body = world.bot.seen[-1]
    assert body["actions"][0]["selected_option"]["value"] == "blue"
    assert body["container"] == {"type": "view", "view_id": form.id}
    assert not {"channel", "message", "response_url"} & set(body)
    assert body["view"]["state"]["values"]["quiet"]["pick"]["selected_option"]["value"] == "red"
    with pytest.raises(CannotError, match="not on offer; there is: Red, Blue"):
        await rita.chooses(form, "quiet", "Green")


async def test_text_dispatches_on_enter_or_on_every_character(world: World) -> None:
    each = {"trigger_actions_on": ["on_character_entered"]}
    field_: Json = {"type": "plain_text_input", "action_id": "t"}
    eager: Json = {**field_, "dispatch_action_config": each}
    form = await world.shows(
        asks("a", field_, dispatch_action=True), asks("b", eager, dispatch_action=True), asks("c", eager)
    )
    rita = world.slack.person("rita")
    assert not (await rita.enters(form, "a", "x")).delivered
    assert (await rita.enters(form, "a", "x", press_enter=True)).delivered
    assert (await rita.enters(form, "b", "x")).delivered
    assert not (await rita.enters(form, "c", "x")).delivered


async def test_an_external_select_asks_the_bot_and_checks_its_answer(world: World) -> None:
    async def suggest(ack: Any, body: Json, **_: Any) -> None:
        await ack(options=[option(f"{body['value']} {n}") for n in range(3)])

    world.bot.on["options"] = suggest
    rita = world.slack.person("rita")
    form = await world.shows(asks("city", {"type": "external_select", "action_id": "city"}), private_metadata="de")
    assert (await rita.searches(form, "city", "be")).options == []
    assert not [body for body in world.bot.seen if body.get("type") == "block_suggestion"]
    assert (await rita.searches(form, "city", "Berlin")).option_texts == ["Berlin 0", "Berlin 1", "Berlin 2"]
    asked = world.bot.seen[-1]
    assert (asked["value"], asked["action_id"], asked["block_id"]) == ("Berlin", "city", "city")
    assert asked["view"]["private_metadata"] == "de"
    await rita.chooses(form, "city", "Berlin 1", query="Berlin")
    shown = await rita.view()
    assert shown is not None
    assert shown.input("City").value == "Berlin 1"
    assert await world.slack.problems() == []

    async def too_many(ack: Any, **_: Any) -> None:
        await ack(options=[option(f"{n}") for n in range(101)])

    world.bot.on["options"] = too_many
    assert (await rita.searches(form, "city", "Berlin")).options == []
    assert "no more than 100" in (await world.slack.problems())[0]["problem"]


async def test_a_row_that_is_on_screen_is_picked_without_asking_the_bot_again(world: World) -> None:
    async def suggest(ack: Any, body: Json, **_: Any) -> None:
        await ack(options=[option(f"{body['value']} {n}") for n in range(3)])

    world.bot.on["options"] = suggest
    rita = world.slack.person("rita")
    many: Json = {"type": "multi_external_select", "action_id": "city"}
    form = await world.shows(asks("city", many), asks("town", {**many, "action_id": "town"}))

    def asked() -> list[str]:
        return [body["value"] for body in world.bot.seen if body.get("type") == "block_suggestion"]

    await rita.searches(form, "city", "Berlin")
    await rita.chooses(form, "city", ["Berlin 1"])
    await rita.searches(form, "city", "Paris")
    await rita.chooses(form, "city", ["Berlin 1", "Paris 2"])
    assert asked() == ["Berlin", "Paris"]
    await rita.chooses(form, "town", ["Paris 2"], query="Paris")
    assert asked() == ["Berlin", "Paris", "Paris"]
    with pytest.raises(CannotError, match="not on offer"):
        await rita.chooses(form, "city", ["Rome 1"])


async def test_groups_of_an_external_select_reach_the_person_as_groups(world: World) -> None:
    async def suggest(ack: Any, **_: Any) -> None:
        await ack(option_groups=[{"label": plain("North"), "options": [option("Oslo")]}])

    world.bot.on["options"] = suggest
    rita = world.slack.person("rita")
    form = await world.shows(asks("city", {"type": "external_select", "action_id": "city"}))
    offered = await rita.searches(form, "city", "Osl")
    assert [group["label"]["text"] for group in offered.option_groups] == ["North"]
    assert offered.option_texts == ["Oslo"]
    await rita.chooses(form, "city", "Oslo")
    assert await world.slack.problems() == []


async def test_choosing_people_channels_dates_and_several_at_once(world: World) -> None:
    elements: list[tuple[Json, Any, Any]] = [
        ({"type": "users_select"}, "mona", MONA),
        ({"type": "multi_users_select"}, ["mona", "max"], [MONA, MAX]),
        ({"type": "channels_select"}, "#proxies", PROXIES),
        ({"type": "conversations_select", "default_to_current_conversation": True}, None, None),
        ({"type": "datepicker"}, "2026-11-23", "2026-11-23"),
        ({"type": "checkboxes", "options": [option("A"), option("B")]}, ["A", "B"], ["a", "b"]),
        ({"type": "radio_buttons", "options": [option("A"), option("B")]}, "B", "b"),
    ]
    blocks = [asks(f"b{n}", {**row[0], "action_id": "x"}, optional=True) for n, row in enumerate(elements)]
    form = await world.shows(*blocks)
    assert form.values["b3"]["x"]["selected_conversation"] == PROXIES
    rita = world.slack.person("rita")
    for n, (_, given, _) in enumerate(elements):
        await rita.chooses(form, f"b{n}", given)
    await rita.submits(form)
    values = world.bot.seen[-1]["view"]["state"]["values"]
    for n, (_, _, expected) in enumerate(elements):
        (held,) = (value for key, value in values[f"b{n}"]["x"].items() if key != "type")
        if isinstance(held, list):
            held = [one["value"] if isinstance(one, dict) else one for one in held]
        assert (held["value"] if isinstance(held, dict) else held) == expected


# --- triggers


async def test_a_trigger_lives_three_seconds_and_works_once(world: World) -> None:
    await world.slack.person("rita").types("/proxy", channel="proxies")
    trigger = world.bot.seen[-1]["trigger_id"]
    await world.slack.advance(3.1)
    with pytest.raises(SlackApiError) as late:
        await world.bot.client.views_open(trigger_id=trigger, view=modal())
    await world.slack.person("rita").types("/proxy", channel="proxies")
    trigger = world.bot.seen[-1]["trigger_id"]
    await world.bot.client.views_open(trigger_id=trigger, view=modal())
    with pytest.raises(SlackApiError) as twice:
        await world.bot.client.views_open(trigger_id=trigger, view=modal())
    with pytest.raises(SlackApiError) as odd:
        await world.bot.client.views_open(trigger_id="1.2.x", view=modal())
    codes = [error.value.response["error"] for error in (late, twice, odd)]
    assert codes == ["expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"]


# --- messages and response URLs


async def test_a_click_on_a_message_carries_message_channel_and_state(world: World) -> None:
    pick = {"type": "static_select", "action_id": "pick", "options": [option("Red")]}
    row = {"type": "actions", "block_id": "row", "elements": [pick, *buttons("Approve", value="r1")["elements"]]}
    card = await world.posts(row)
    mona = world.slack.person("mona")
    await mona.chooses(card, "pick", "Red")
    assert (await mona.clicks(card, "Approve")).acked
    body = world.bot.seen[-1]
    assert body["message"]["ts"] == card.ts
    assert body["channel"] == {"id": PROXIES, "name": "proxies"}
    assert body["actions"][0]["value"] == "r1"
    assert body["state"]["values"]["row"]["pick"]["selected_option"]["value"] == "red"
    assert body["user"]["id"] == MONA


async def test_people_press_only_what_they_see(world: World) -> None:
    card = await world.posts(buttons("Approve"), channel="C0OPSSECRET")
    with pytest.raises(CannotError, match="not in that conversation"):
        await world.slack.person("rita").clicks(card, "Approve")
    with pytest.raises(CannotError, match="there is: Approve"):
        await world.slack.person("mona").clicks(card, "Decline")
    await world.bot.client.chat_postEphemeral(channel=PROXIES, user=RITA, text="psst", blocks=[buttons("Ok")])
    (private,) = await world.slack.person("rita").ephemerals("proxies")
    with pytest.raises(CannotError, match="sees no message"):
        await world.slack.person("mona").clicks(private, "Ok")
    await world.slack.person("rita").clicks(private, "Ok")
    body = world.bot.seen[-1]
    assert body["container"]["is_ephemeral"] is True
    assert "message" not in body


async def test_a_stale_button_can_still_be_pressed(world: World) -> None:
    card = await world.posts(buttons("Approve"))
    await world.bot.client.chat_update(channel=PROXIES, ts=card.ts, text="done", blocks=[])
    mona = world.slack.person("mona")
    with pytest.raises(CannotError):
        await mona.clicks(card, "Approve")
    assert (await mona.clicks(card, "Approve", stale=True)).acked
    assert world.bot.seen[-1]["actions"][0]["action_id"] == "approve"


async def test_a_confirmation_is_recorded_and_can_be_turned_down(world: World) -> None:
    dialog = {"title": plain("Sure?"), "text": plain("It costs"), "confirm": plain("Yes"), "deny": plain("No")}
    card = await world.posts(buttons("Approve", confirm=dialog))
    mona = world.slack.person("mona")
    assert not (await mona.clicks(card, "Approve", confirm=False)).delivered
    assert (await mona.clicks(card, "Approve")).delivered
    assert [one["answered"] for one in await world.slack.confirms()] == ["deny", "confirm"]


async def test_a_response_url_replaces_deletes_and_wears_out(world: World) -> None:
    async def remember(ack: Any, respond: Any, **_: Any) -> None:
        await ack()
        responses.append(respond)

    responses: list[Any] = []
    world.bot.on["action"] = remember
    card = await world.posts(buttons("Approve"))
    mona = world.slack.person("mona")
    await mona.clicks(card, "Approve")
    (respond,) = responses
    assert (await respond("Only you")).status_code == 200
    assert [one.text for one in await mona.ephemerals("proxies")] == ["Only you"]
    assert (await respond("Everyone", response_type="in_channel")).status_code == 200
    assert (await respond("Approved", replace_original=True)).status_code == 200
    assert (await mona.again(card)).text == "Approved"
    assert (await respond(text="x", blocks=[{"type": "nope"}])).status_code == 400
    assert (await respond(delete_original=True)).status_code == 200
    assert await world.slack.person("rita").message("proxies", "Approved") is None
    used = await respond("again")
    assert (used.status_code, used.body) == (404, "used_url")


async def test_a_response_url_ends_after_thirty_minutes(world: World) -> None:
    async def remember(ack: Any, respond: Any, **_: Any) -> None:
        await ack()
        responses.append(respond)

    responses: list[Any] = []
    world.bot.on["command"] = remember
    await world.slack.person("rita").types("/proxy", channel="random")
    assert (await responses[0]("Even where the bot is not a member")).status_code == 200
    await world.slack.advance(30 * 60 + 1)
    late = await responses[0]("late")
    assert (late.status_code, late.body) == (404, "expired_url")


# --- App Home, shortcuts, events


async def test_app_home_is_published_per_person_and_clicked(world: World) -> None:
    async def publish(ack: Any, body: Json, **_: Any) -> None:
        await ack()
        view = {"type": "home", "blocks": [buttons("Refresh")]}
        await world.bot.client.views_publish(user_id=body["event"]["user"], view=view)

    world.bot.on["event"] = publish
    rita = world.slack.person("rita")
    await rita.opens_home()
    home: SeenView = await world.slack.until(rita.home)
    assert await world.slack.person("mona").home() is None
    assert (await rita.clicks(home, "Refresh")).acked
    body = world.bot.seen[-1]
    assert body["container"]["type"] == "view"
    assert not {"message", "channel", "response_url"} & set(body)
    with pytest.raises(SlackApiError) as stale:
        await world.bot.client.views_publish(user_id=RITA, view={"type": "home", "blocks": []}, hash="1.old")
    assert stale.value.response["error"] == "hash_conflict"


async def test_shortcuts(world: World) -> None:
    rita = world.slack.person("rita")
    assert (await rita.uses_shortcut("buy")).acked
    assert (world.bot.seen[-1]["type"], "channel" in world.bot.seen[-1]) == ("shortcut", False)
    said = (await rita.types("need proxies", channel="proxies")).answer
    assert said is not None
    assert (await rita.uses_message_shortcut(said, "from_message")).acked
    body = world.bot.seen[-1]
    assert (body["type"], body["message"]["text"], body["channel"]["id"]) == ("message_action", "need proxies", PROXIES)


async def test_mentions_and_direct_messages_arrive_as_events(world: World) -> None:
    rita = world.slack.person("rita")
    await rita.types("@proxydesk hello", channel="proxies")
    await rita.types("hello", channel="dm")
    mention, direct = [body["event"] for body in world.bot.seen]
    assert (mention["type"], mention["text"]) == ("app_mention", "<@U00000BOT> hello")
    assert (direct["type"], direct["channel_type"]) == ("message", "im")
    await rita.types("just talking", channel="random")
    assert len(world.bot.seen) == 2


async def test_an_event_is_retried_three_times_in_world_time(world: World) -> None:
    async def fail(**_: Any) -> None:
        raise RuntimeError("no")

    await world.slack.set_clock(1_800_000_000)
    await world.slack.fault("dropped_ack", "event", times=None)
    rita = world.slack.person("rita")

    async def until_tried(count: int) -> bool:
        async def tried() -> bool:
            return len(await world.slack.deliveries("event")) == count

        return await world.slack.until(tried)

    await rita.opens_home()
    assert await until_tried(2)
    await world.slack.advance(60)
    assert await until_tried(3)
    await world.slack.advance(240)
    assert await until_tried(4)
    lines = await world.slack.deliveries("event")
    assert [line["retry_num"] for line in lines] == [None, "1", "2", "3"]
    assert {line["retry_reason"] for line in lines[1:]} == {"http_timeout"}
    assert len({body["event_id"] for body in world.bot.seen}) == 1


async def test_a_bot_can_ask_for_no_retry() -> None:
    ws = Workspace()
    calls: list[str] = []

    async def refuse(request: Any) -> Response:
        calls.append(request.headers.get("X-Slack-Retry-Num", ""))
        return Response(status_code=500, headers={"X-Slack-No-Retry": "1"} if len(calls) > 1 else {})

    with listening(0) as listener:
        ws.bot_url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        app = Starlette(routes=[Route("/", refuse, methods=["POST"])])
        async with serving(app, listener), running_workspace(ws) as base, SlackDriver(base) as slack:
            await slack.set_clock(1_800_000_000)
            await slack.person("rita").opens_home()

            async def tries() -> int | None:
                made = len(await slack.deliveries("event"))
                return made if made == 2 else None

            made: int = await slack.until(tries)
            assert made == 2
            await slack.advance(400)
            await slack.person("rita").types("/proxy", channel="proxies")
            assert calls == ["", "1", ""]
            assert (await slack.log())[-1]["failure"] == "http_500"


async def test_a_world_without_a_bot_says_so() -> None:
    ws = Workspace(bot_url="http://127.0.0.1:1/")
    async with running_workspace(ws) as base, SlackDriver(base) as slack:
        outcome = await slack.person("rita").types("/proxy", channel="proxies")
        assert "dispatch_failed" in str(outcome.error)
        assert "connection_failed" in str(outcome.failure)


async def test_threads_and_the_last_few_messages(world: World) -> None:
    root = await world.posts(text="root")
    await world.posts(text="reply", thread_ts=root.ts)
    await world.posts(text="other")
    rita = world.slack.person("rita")
    assert [one.text for one in await rita.thread("proxies", root.ts)] == ["root", "reply"]
    assert [one.text for one in await rita.messages("proxies", last=1)] == ["other"]
    await world.slack.delete_message(root)
    assert [one.text for one in await rita.messages("proxies")] == ["reply", "other"]


async def test_two_elements_of_one_name_must_be_told_apart(world: World) -> None:
    rows = [{**buttons("Open", value=f"r{n}"), "block_id": f"row{n}"} for n in range(2)]
    card = await world.posts(*rows)
    mona = world.slack.person("mona")
    with pytest.raises(CannotError, match="2 elements answer"):
        await mona.clicks(card, "Open")
    await mona.clicks(card, "Open", value="r1")
    assert world.bot.seen[-1]["actions"][0]["block_id"] == "row1"
    await mona.clicks(card, "Open", block_id="row0")
    assert world.bot.seen[-1]["actions"][0]["value"] == "r0"


async def test_an_overflow_menu(world: World) -> None:
    menu = {"type": "overflow", "action_id": "more", "options": [option("Cancel"), option("Retry")]}
    card = await world.posts({"type": "section", "text": plain("x"), "accessory": menu})
    await world.slack.person("mona").chooses(card, "more", "Retry")
    assert world.bot.seen[-1]["actions"][0]["selected_option"]["value"] == "retry"


async def test_two_people_press_at_once(world: World) -> None:
    card = await world.posts(buttons("Approve"))
    people = [world.slack.person(name) for name in ("mona", "max")]
    outcomes = await asyncio.gather(*(person.clicks(card, "Approve") for person in people))
    assert all(outcome.acked for outcome in outcomes)
    assert {body["user"]["id"] for body in world.bot.seen} == {MONA, MAX}


async def test_an_unacked_click_shows_a_warning(world: World) -> None:
    async def fail(**_: Any) -> None:
        raise RuntimeError("no")

    world.bot.on["action"] = fail
    card = await world.posts(buttons("Approve"))
    outcome = await world.slack.person("mona").clicks(card, "Approve")
    assert (outcome.acked, outcome.status) == (False, 500)
    assert str(outcome.error).startswith("⚠")
    assert [one["problem"] for one in await world.slack.problems()] == ["not acked: http_500"]


# --- faults


async def test_faults_of_the_web_api(world: World) -> None:
    slack, client = world.slack, world.bot.client
    await slack.fault("error", "chat.postMessage", error="is_archived")
    await slack.fault("ratelimited", "users.info", retry_after=7)
    with pytest.raises(SlackApiError) as archived:
        await client.chat_postMessage(channel=PROXIES, text="x")
    with pytest.raises(SlackApiError) as limited:
        await client.users_info(user=RITA)
    assert archived.value.response["error"] == "is_archived"
    assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "7")
    await client.users_info(user=RITA)
    await slack.fault("http_500", "users.info")
    async with world.http.get(f"{world.base}/api/users.info") as response:
        assert response.status == 500
    assert await slack.problems() == []
    with pytest.raises(CannotError, match="unknown fault"):
        await slack.fault("earthquake")


async def test_a_connection_is_reset_before_or_after_the_effect(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.ws.app.bot_token}"}
    for fault, posted in (("reset", 0), ("timeout_after_effect", 1)):
        await world.slack.fault(fault, "chat.postMessage", seconds=0.01)
        with pytest.raises(aiohttp.ClientError):
            async with world.http.post(
                f"{world.base}/api/chat.postMessage", json={"channel": PROXIES, "text": "x"}, headers=headers
            ):
                pass
        assert len(await world.slack.person("rita").messages("proxies")) == posted


async def test_duplicate_delivery_and_dropped_ack(world: World) -> None:
    rita = world.slack.person("rita")
    await world.slack.fault("duplicate_delivery", "command")
    await rita.types("/proxy", channel="proxies")
    first, second = world.bot.seen
    assert first == second
    form = await world.shows()
    await world.slack.fault("dropped_ack", "view_submission")
    outcome = await rita.submits(form)
    assert "trouble connecting" in str(outcome.error)
    assert outcome.view is not None
    assert world.bot.seen[-1]["type"] == "view_submission"
    assert (await rita.submits(form)).view is None


async def test_changes_behind_the_bots_back(world: World) -> None:
    slack, client = world.slack, world.bot.client

    async def refusal(**more: Any) -> str:
        with pytest.raises(SlackApiError) as error:
            await client.chat_postMessage(**{"channel": PROXIES, "text": "x", **more})
        return str(error.value.response["error"])

    await slack.remove_bot("proxies")
    assert await refusal() == "not_in_channel"
    await slack.add_bot("proxies")
    await slack.archive("proxies")
    assert await refusal() == "is_archived"
    await slack.archive("proxies", is_archived=False)
    await slack.deactivate("mona")
    assert world.bot.seen[-1]["event"]["type"] == "user_change"
    assert (await client.users_info(user=MONA))["user"]["deleted"] is True
    assert await refusal(channel=MONA) == "user_disabled"
    await slack.set_group("finance", ["fay", "max"])
    assert (await client.usergroups_users_list(usergroup="S00FINANCE"))["users"] == [FAY, MAX]
    await slack.revoke_token()
    assert await refusal() == "token_revoked"
    await slack.reset()
    await client.chat_postMessage(channel=PROXIES, text="x")


# --- signatures and raw deliveries


async def test_the_bot_lets_in_only_what_is_signed(world: World) -> None:
    body = urlencode({"command": "/proxy", "text": "", "user_id": RITA, "team_id": "T1", "channel_id": PROXIES})
    stale = str(int(time.time()) - 301)
    assert (await world.slack.deliver_raw(body)).status == 200
    assert (await world.slack.deliver_raw(body, signature="v0=00")).status == 401
    assert (await world.slack.deliver_raw(body, signature="")).status == 401
    assert (await world.slack.deliver_raw(body, timestamp=stale)).status == 401
    await world.slack.person("rita").types("/proxy", channel="proxies")
    assert (await world.slack.replay_last()).status == 200
    assert world.bot.seen[-1] == world.bot.seen[-2]


# --- the driver and the page


async def test_waiting_ends_with_the_change_or_with_a_readable_dump(world: World) -> None:
    rita = world.slack.person("rita")

    async def until_said(words: str, within: float = 30.0) -> SeenMessage:
        return await world.slack.until(lambda: rita.message("proxies", words), within=within, what="a greeting")

    waiting = asyncio.create_task(until_said("there"))
    await world.bot.client.chat_postMessage(channel=PROXIES, text="Hello there")
    assert (await waiting).text == "Hello there"
    with pytest.raises(NeverHappenedError, match="Hello there"):
        await until_said("nowhere", within=0.01)


async def test_the_log_keeps_no_token(world: World) -> None:
    await world.http.post(f"{world.base}/api/auth.test", data={"token": world.ws.app.bot_token})
    await world.slack.person("rita").types("/proxy", channel="proxies")
    log = await world.slack.log()
    assert {"call", "delivery"} == {line["what"] for line in log}
    assert world.ws.app.bot_token not in json.dumps(log)


async def test_the_control_interface_answers_only_the_loopback(world: World) -> None:
    async with world.http.get(f"{world.base}/control/state", headers={"Host": "evil.example"}) as response:
        assert response.status == 403
    async with world.http.post(f"{world.base}/control/reset", data="x") as response:
        assert response.status == 415
    async with world.http.get(f"{world.base}/", headers={"Host": "evil.example"}) as response:
        assert response.status == 404


async def test_the_page_is_served_with_a_strict_policy(world: World) -> None:
    for name, kind in (("", "text/html"), ("page/style.css", "text/css"), ("page/app.js", "javascript")):
        async with world.http.get(f"{world.base}/{name}") as response:
            assert response.status == 200
            assert kind in response.headers["Content-Type"]
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    async with world.http.get(f"{world.base}/control/state") as response:
        state = await response.json()
    assert {"proxies", "ops-secret"} <= {channel["name"] for channel in state["channels"]}

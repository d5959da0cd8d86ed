"""What the page lives on: one person's window, the stream of changes, the curtain, the account, the chaos switches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from playground.chaos import SWITCHES, Backstage
from playground.curtain import SHOWN_CHARACTERS, Between, Curtain, Passed, redacted
from playground.provider import ProviderWorld
from playground.provider_server import running_provider
from playground.serving import listening, serving
from playground.slack_api import SlackApi
from playground.slack_driver import SlackDriver
from playground.slack_seen import CannotError
from playground.slack_server import running_workspace
from playground.stage import MANIFEST
from playground.workspace import Workspace
from playground.workspace_cast import OPS_SECRET, PROXIES, RANDOM, RITA
from playground.workspace_delivery import Courier

Json = dict[str, Any]
QUOTE = {"product_code": "isp_us", "quantity": 5, "cycle_interval": "month", "cycle_interval_count": 1}


@dataclass
class World:
    ws: Workspace
    byteful: ProviderWorld
    slack: SlackDriver
    client: AsyncWebClient
    http: aiohttp.ClientSession
    base: str
    byteful_url: str
    received: list[Json] = field(default_factory=list)
    restarts: list[str] = field(default_factory=list)

    async def asks_byteful(self, verb: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        keys = {"X-API-Public-Key": self.byteful.public_key, "X-API-Private-Key": self.byteful.private_key}
        url = f"{self.byteful_url}/public/user/{path}"
        async with self.http.request(verb, url, json=body, headers=keys) as response:
            return response.status, await response.json()

    async def switches(self) -> dict[str, Json]:
        return {one["name"]: one for one in (await self.slack.call("GET", "chaos"))["switches"]}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    ws, byteful = Workspace(manifest=MANIFEST, rate_limits=False), ProviderWorld(seed=1)
    received: list[Json] = []
    restarts: list[str] = []

    async def bot(request: Request) -> Response:
        received.append(dict(parse_qsl((await request.body()).decode())))
        return JSONResponse({"text": "Recorded"})

    async def restart() -> None:
        restarts.append("once")

    with listening(0) as listener:
        ws.bot_url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        async with (
            running_workspace(ws, behind=Backstage(byteful, restart)) as base,
            running_provider(byteful) as byteful_url,
            serving(Starlette(routes=[Route("/", bot, methods=["POST"])]), listener),
            SlackDriver(base) as slack,
            aiohttp.ClientSession() as http,
        ):
            client = AsyncWebClient(token=ws.app.bot_token, base_url=f"{base}/api/", session=http)
            yield World(ws, byteful, slack, client, http, base, byteful_url, received, restarts)


# --- one person's window


async def test_a_window_shows_who_where_and_what_can_be_done(world: World) -> None:
    screen = await world.slack.person("rita").screen("proxies")
    assert (screen["me"]["name"], screen["me"]["is_admin"]) == ("rita", False)
    assert {one["name"] for one in screen["channels"]} == {"proxies", "scraping", "random", "old-proxies"}
    assert [one["name"] for one in screen["dms"]] == ["Proxydesk"]
    (command,) = screen["commands"]
    assert command["name"] == "/proxy"
    assert command["usage_hint"].startswith("[buy")
    assert screen["shortcuts"][0]["callback_id"] == "buy_proxies"
    assert {group["handle"] for group in screen["groups"]} == {"proxy-approvers", "finance"}
    assert {"mona", "max", "fay", "ada", "gus"} <= {one["name"] for one in screen["people"]}


async def test_a_guest_sees_only_their_channels_and_nobody_looks_into_a_private_one(world: World) -> None:
    guest = await world.slack.person("gus").screen()
    assert {one["name"] for one in guest["channels"]} == {"proxies"}
    for name, channel in (("gus", "random"), ("rita", "ops-secret")):
        with pytest.raises(CannotError, match="sees no channel"):
            await world.slack.person(name).screen(channel)
    assert OPS_SECRET in {one["id"] for one in (await world.slack.person("mona").screen())["channels"]}


async def test_messages_come_raw_with_private_ones_merged_in(world: World) -> None:
    blocks = [{"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": "*Card*"}}]
    card = await world.client.chat_postMessage(channel=PROXIES, text="Card", blocks=blocks)
    await world.client.chat_postEphemeral(channel=PROXIES, user=RITA, text="Only you")
    for text in ("First", "Second"):
        await world.client.chat_postMessage(channel=PROXIES, text=text, thread_ts=card["ts"])
    mine = await world.slack.person("rita").screen("proxies", card["ts"])
    assert [(one["text"], one["is_ephemeral"]) for one in mine["messages"]] == [("Card", False), ("Only you", True)]
    shown = mine["messages"][0]
    assert shown["blocks"][0]["text"]["text"] == "*Card*"
    assert (shown["reply_count"], shown["unread_replies"], shown["is_bot"]) == (2, 2, True)
    assert [one["text"] for one in mine["thread"]] == ["Card", "First", "Second"]
    others = await world.slack.person("mona").screen("proxies")
    assert [one["text"] for one in others["messages"]] == ["Card"]


async def test_reading_is_what_marks_a_channel_read(world: World) -> None:
    rita = world.slack.person("rita")

    async def unread(name: str = "proxies") -> int:
        counts: dict[str, int] = {one["name"]: one["unread"] for one in (await rita.screen("proxies"))["channels"]}
        return counts[name]

    card = await world.client.chat_postMessage(channel=PROXIES, text="One")
    await world.client.chat_postMessage(channel=PROXIES, text="In a thread", thread_ts=card["ts"])
    await rita.types("My own", channel="proxies")
    assert (await unread(), await unread("random")) == (1, 0)
    await rita.reads("proxies")
    assert await unread() == 0
    assert (await rita.screen("proxies"))["messages"][0]["unread_replies"] == 1
    await rita.reads("proxies", thread_ts=card["ts"])
    assert (await rita.screen("proxies"))["messages"][0]["unread_replies"] == 0
    await world.client.chat_postMessage(channel=PROXIES, text="Another")
    assert await unread() == 1
    assert {one["name"]: one["unread"] for one in (await world.slack.person("mona").screen())["channels"]}[
        "proxies"
    ] == 3


async def test_the_direct_message_is_there_before_it_begins(world: World) -> None:
    rita = world.slack.person("rita")
    before = await rita.screen("dm")
    assert (before["dms"][0]["id"], before["channel"], before["messages"]) == ("dm", None, [])
    await world.client.chat_postMessage(channel=RITA, text="Hello")
    after = await rita.screen("dm")
    assert after["dms"][0]["id"] == after["channel"]["id"] == after["me"]["dm"]
    assert after["dms"][0]["unread"] == 1


async def test_open_forms_and_home_come_as_slack_has_them(world: World) -> None:
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Send"},
        "private_metadata": "kept",
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "label": {"type": "plain_text", "text": "Reason"},
                "element": {"type": "plain_text_input", "action_id": "why"},
            }
        ],
    }
    rita = world.slack.person("rita")
    await rita.types("/proxy", channel="proxies")
    await world.client.views_open(trigger_id=world.received[0]["trigger_id"], view=view)
    await world.client.views_publish(user_id=RITA, view={"type": "home", "blocks": []})
    screen = await rita.screen("proxies")
    (opened,) = screen["views"]
    assert (opened["private_metadata"], opened["errors"], opened["trouble"]) == ("kept", {}, None)
    assert opened["state"]["values"] == {"reason": {"why": {"type": "plain_text_input", "value": None}}}
    assert screen["home"]["type"] == "home"
    assert (await world.slack.person("mona").screen("proxies"))["views"] == []


async def test_behind_an_open_form_nothing_can_be_pressed(world: World) -> None:
    press = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    await world.client.chat_postMessage(channel=PROXIES, text="x", blocks=[{"type": "actions", "elements": [press]}])
    rita = world.slack.person("rita")
    (card,) = await rita.messages("proxies")
    await rita.types("/proxy", channel="proxies")
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "Form"}, "blocks": []}
    await world.client.views_open(trigger_id=world.received[0]["trigger_id"], view=modal)
    with pytest.raises(CannotError, match="a modal is open"):
        await rita.clicks(card, "go")
    opened = await rita.view()
    assert opened is not None
    await rita.closes(opened)
    assert (await rita.clicks(card, "go")).delivered


# --- the stream


async def test_the_stream_tells_of_every_change_and_ends_with_the_world(world: World) -> None:
    async with world.http.get(f"{world.base}/control/stream", params={"since": world.ws.revision}) as response:
        assert response.content_type == "text/event-stream"
        assert await response.content.readuntil(b"\n\n") == b": here\n\n"
        for text in ("One", "Two"):
            await world.client.chat_postMessage(channel=PROXIES, text=text)
            event = (await response.content.readuntil(b"\n\n")).decode()
            assert json.loads(event.removeprefix("data: "))["revision"] <= world.ws.revision
        await world.asks_byteful("GET", "checkout/catalog")
        assert (await response.content.readuntil(b"\n\n")).startswith(b"data: ")
        world.ws.close()
        await response.content.read()


async def test_what_passes_behind_the_curtain_changes_no_screen(world: World) -> None:
    await world.client.chat_postMessage(channel=PROXIES, text="Seen")
    seen, before = world.ws.screen_revision, world.ws.revision
    await world.asks_byteful("GET", "checkout/catalog")
    assert (world.ws.screen_revision, world.ws.revision > before) == (seen, True)
    await world.client.chat_postMessage(channel=PROXIES, text="Seen too")
    assert world.ws.screen_revision > seen


async def test_a_quiet_stream_keeps_itself_alive() -> None:
    ws = Workspace()
    control = SlackApi(ws, Courier(ws)).control
    control.heartbeat_s = 0.0
    lines = control._revisions(ws.revision)
    assert [await anext(lines) for _ in range(3)] == [": here\n\n", ": still here\n\n", ": still here\n\n"]


# --- the curtain


async def test_the_curtain_shows_both_sides_in_order(world: World) -> None:
    await world.slack.person("rita").types("/proxy buy isp_us 5", channel="proxies")
    await world.client.chat_postMessage(channel=PROXIES, text="Card")
    await world.asks_byteful("POST", "checkout/quote", QUOTE)
    delivered, posted, quoted = await world.slack.curtain()
    assert [one["between"] for one in (delivered, posted, quoted)] == ["slack→bot", "bot→slack", "bot→byteful"]
    assert (delivered["what"], delivered["within_ms"], delivered["status"]) == ("/proxy buy isp_us 5", 3_000, 200)
    assert delivered["answer"] == {"text": "Recorded"}
    assert (posted["what"], posted["answer"]["message"]["text"]) == ("chat.postMessage", "Card")
    assert (quoted["what"], quoted["request"]["body"]["quantity"]) == ("POST /1.0/public/user/checkout/quote", 5)
    assert quoted["answer"]["data"]["is_valid"] is True
    assert await world.slack.curtain(since=posted["n"]) == [quoted]
    assert all(one["ms"] >= 0 and one["ok"] for one in (delivered, posted, quoted))


async def test_nothing_secret_comes_through_the_curtain(world: World) -> None:
    await world.slack.person("rita").types("/proxy", channel="proxies")
    await world.client.chat_postMessage(channel=PROXIES, text=f"Look: {world.ws.app.bot_token}")
    await world.asks_byteful("POST", "proxy_user/create", {"proxy_user_id": "x", "proxy_user_password": "hunter2"})
    async with world.http.get(f"{world.base}/control/curtain") as response:
        text = await response.text()
    app = world.ws.app
    token_of_response_url = world.received[0]["response_url"].rpartition("/")[2]
    secrets = (app.bot_token, app.signing_secret, app.verification_token, world.byteful.private_key, "hunter2")
    for secret in (*secrets, token_of_response_url):
        assert secret not in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"refresh_token": "a", "next_cursor": "b"}, {"refresh_token": "[redacted]", "next_cursor": "b"}),
        ({"password": ["a"], "user": "b"}, {"password": "[redacted]", "user": "b"}),
        ("see xoxb-playground-12ab and sk_live_9", "see [redacted] and [redacted]"),
        ("http://127.0.0.1:1/response/abc-d", "http://127.0.0.1:1/response/[redacted]"),
        ([{"client_secret": "x"}], [{"client_secret": "[redacted]"}]),
        ({"tokens": {"bot": ["U1"]}}, {"tokens": {"bot": ["U1"]}}),
    ],
)
def test_what_counts_as_secret(value: Any, shown: Any) -> None:
    assert redacted(value) == shown


def test_the_curtain_keeps_a_bounded_past_and_numbers_go_on() -> None:
    changes: list[int] = []
    curtain = Curtain(lambda: changes.append(1), keep=3)
    for n in range(5):
        curtain.note(Passed(Between.TO_SLACK, "auth.test", 200, 1.0, {"n": n}, b"x" * (SHOWN_CHARACTERS + 9), at=0.0))
    assert [one["n"] for one in curtain.since(0)] == [3, 4, 5]
    assert len(curtain.since(4)[0]["answer"]) == SHOWN_CHARACTERS + 1
    curtain.clear()
    curtain.note(Passed(Between.TO_SLACK, "auth.test", 200, 1.0, {}, b"", at=0.0))
    assert [one["n"] for one in curtain.since(5)] == [6]
    assert len(changes) == 6


# --- the account


async def test_the_account_is_steered_from_the_pages_own_origin(world: World) -> None:
    _, bought = await world.asks_byteful("POST", "checkout/create", QUOTE)
    before = world.ws.revision
    (invoice,) = [
        one
        for one in (await world.slack.call("GET", "byteful/state"))["invoices"]
        if one["service_id"] == bought["data"]["service_id"]
    ]
    assert invoice["status"] == "open"
    await world.slack.call("POST", "byteful/invoice/pay", {"invoice_id": invoice["invoice_id"]})
    assert world.byteful.invoices[invoice["invoice_id"]].status == "paid"
    assert world.ws.revision > before
    now = world.byteful.now()
    await world.slack.call("POST", "byteful/clock/advance", {"days": 30})
    assert (world.byteful.now() - now).days == 30
    with pytest.raises(CannotError, match="no such control"):
        await world.slack.call("POST", "byteful/nonsense", {})


async def test_a_foreign_page_steers_nothing(world: World) -> None:
    url = f"{world.base}/control/byteful/credit"
    async with world.http.post(url, json={"cents": 1}, headers={"Origin": "https://evil.example"}) as response:
        assert response.status == 403


# --- the switches


async def test_n18_every_switch_has_a_name_a_label_and_a_sentence(world: World) -> None:
    switches = await world.switches()
    assert set(switches) == {
        "slow",
        "rate-limited",
        "500-after-charge",
        "timeout-after-charge",
        "stock-gone",
        "price-moved",
        "promo-expired",
        "credit-short",
        "bot-removed-from-channel",
        "token-revoked",
        "duplicate-deliveries",
        "dropped-ack",
        "provider-down",
        "redis-restarted",
    }
    assert all(one["label"] and one["explanation"].endswith(".") for one in switches.values())
    assert not any(one["on"] for one in switches.values())
    assert all(one["is_available"] for one in switches.values())


Look = Callable[[World], Awaitable[Any]]


async def _quoted(world: World) -> Any:
    status, answer = await world.asks_byteful("POST", "checkout/quote", QUOTE)
    data = answer.get("data", {})
    return status, data.get("is_valid"), data.get("total")


async def _bought(world: World) -> Any:
    before = world.byteful.creates_effective
    status, _ = await world.asks_byteful("POST", "checkout/create", QUOTE)
    return status, world.byteful.creates_effective - before


async def _silence(world: World) -> Any:
    """A purchase that is charged and, when the switch is on, held; letting go of it is what switching off does."""
    before = world.byteful.creates_effective
    buying = asyncio.create_task(_bought(world))

    held = world.byteful.faults.peek("checkout/create")
    if not held:
        return await buying
    await held[0].reached.wait()
    assert world.byteful.creates_effective == before + 1
    buying.cancel()
    await asyncio.gather(buying, return_exceptions=True)
    return "silence"


async def _promo(world: World) -> Any:
    _, answer = await world.asks_byteful("POST", "checkout/quote", {**QUOTE, "promotional_code": "WELCOME10"})
    return answer.get("data", {}).get("is_valid")


async def _credit(world: World) -> Any:
    return world.byteful.credit_balance


async def _posted(world: World) -> Any:
    try:
        await world.client.chat_postMessage(channel=PROXIES, text="x")
    except SlackApiError as error:
        return error.response["error"]
    return "posted"


async def _typed(world: World) -> Any:
    world.received.clear()
    outcome = await world.slack.person("rita").types("/proxy", channel="proxies")
    return outcome.acked, len(world.received)


async def _reached(world: World) -> Any:
    try:
        return (await world.asks_byteful("GET", "checkout/catalog"))[0]
    except aiohttp.ClientError:
        return "reset"


@pytest.mark.parametrize(
    ("name", "look", "off", "on"),
    [
        ("rate-limited", _quoted, (200, True, 1750), (429, None, None)),
        ("500-after-charge", _bought, (201, 1), (500, 1)),
        ("timeout-after-charge", _silence, (201, 1), "silence"),
        ("stock-gone", _quoted, (200, True, 1750), (200, False, 1750)),
        ("price-moved", _quoted, (200, True, 1750), (200, True, 2190)),
        ("promo-expired", _promo, True, False),
        ("credit-short", _credit, 500, 0),
        ("bot-removed-from-channel", _posted, "posted", "not_in_channel"),
        ("token-revoked", _posted, "posted", "token_revoked"),
        ("duplicate-deliveries", _typed, (True, 1), (True, 2)),
        ("dropped-ack", _typed, (True, 1), (False, 1)),
        ("provider-down", _reached, 200, "reset"),
    ],
)
async def test_n18_a_switch_makes_its_trouble_and_takes_it_back(
    world: World, name: str, look: Look, off: Any, on: Any
) -> None:
    world.byteful.change_settings(rate_limit=1_000)
    assert await look(world) == off
    await world.slack.chaos(name)
    assert (await world.switches())[name]["on"] is True
    assert await look(world) == on
    await world.slack.chaos(name, on=False)
    assert (await world.switches())[name]["on"] is False
    assert await look(world) == off


async def test_slow_holds_every_answer_until_it_is_switched_off(world: World) -> None:
    await world.slack.chaos("slow")
    (fault,) = world.byteful.faults.peek("checkout/catalog")
    asking = asyncio.create_task(world.asks_byteful("GET", "checkout/catalog"))
    await fault.reached.wait()
    assert not asking.done()
    await world.slack.chaos("slow", on=False)
    assert (await asking)[0] == 200


async def test_what_happened_in_between_stays(world: World) -> None:
    await world.slack.chaos("credit-short")
    await world.slack.chaos("price-moved")
    await world.slack.chaos("stock-gone")
    stock = world.byteful.products["isp_us"].stock
    world.byteful.set_credit(50)
    world.byteful.set_price("isp_de", 999)
    for name in ("credit-short", "price-moved", "stock-gone"):
        await world.slack.chaos(name, on=False)
    assert stock == 0
    assert world.byteful.credit_balance == 550
    assert world.byteful.products["isp_de"].prices[0].tiers[0].amount == 999
    assert (await _quoted(world))[2] == 1750


async def test_switched_on_twice_is_on_once_and_reset_switches_everything_off(world: World) -> None:
    for name in ("provider-down", "provider-down", "price-moved", "token-revoked"):
        await world.slack.chaos(name)
    await world.slack.reset()
    assert not any(one["on"] for one in (await world.switches()).values())
    world.byteful.change_settings(rate_limit=1_000)
    assert await _quoted(world) == (200, True, 1750)
    assert await _posted(world) == "posted"


async def test_redis_restarts_once_per_press(world: World) -> None:
    await world.slack.chaos("redis-restarted")
    assert (await world.switches())["redis-restarted"]["on"] is False
    await world.slack.chaos("redis-restarted")
    assert world.restarts == ["once", "once"]


async def test_what_is_not_there_cannot_be_switched() -> None:
    async with running_workspace(Workspace()) as base, SlackDriver(base) as slack:
        listed = (await slack.call("GET", "chaos"))["switches"]
        missing = {one["name"] for one in listed if not one["is_available"]}
        assert missing == {switch.name for switch in SWITCHES if switch.needs}
        for name in ("slow", "redis-restarted", "no-such-switch"):
            with pytest.raises(CannotError):
                await slack.chaos(name)


async def test_a_channel_the_bot_was_never_in_stays_without_it(world: World) -> None:
    await world.slack.chaos("bot-removed-from-channel")
    await world.slack.chaos("bot-removed-from-channel", on=False)
    bot = world.ws.app.bot_user
    assert bot not in world.ws.channels[RANDOM].members
    assert bot in world.ws.channels[OPS_SECRET].members

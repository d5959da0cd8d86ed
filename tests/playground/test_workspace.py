"""The brain without HTTP: time, readable text, manifests, faults, what elements hold."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from playground.workspace import Workspace
from playground.workspace_cast import MONA, PROXIES, RITA
from playground.workspace_delivery import sign
from playground.workspace_faults import API_FAULTS, Fault, Faults
from playground.workspace_model import Clock, ImpossibleError, SlackError
from playground.workspace_text import blocks_as_text, escape, readable, unescape
from playground.workspace_values import client_refusal, first_values
from playground.workspace_views import open_view, push_view, update_view

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain("T"), "blocks": [{"type": "divider"}], **more}


# --- time


async def test_the_clock_stands_still_once_set_and_moves_when_told() -> None:
    clock = Clock()
    clock.set(datetime(2026, 11, 23, tzinfo=UTC))
    start = clock.now()
    waiting = asyncio.create_task(clock.wait_until(start + 300))
    for seconds in (100, 199):
        clock.advance(seconds)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
    clock.advance(1)
    await waiting
    assert clock.now() == start + 300


def test_timestamps_are_unique_and_rise_even_when_time_stands_still() -> None:
    ws = Workspace()
    ws.set_clock(1_800_000_000)
    channel = ws.channels[PROXIES]
    stamps = [ws.next_ts(channel) for _ in range(100)]
    assert sorted(set(stamps)) == stamps
    assert stamps[0] == "1800000000.000000"


async def test_waiting_for_changes_ends_when_the_world_closes() -> None:
    ws = Workspace()
    waiting = asyncio.create_task(ws.changed_since(ws.revision, 60))
    await asyncio.sleep(0)
    ws.close()
    assert await waiting == ws.revision


# --- manifest


def test_a_manifest_decides_scopes_commands_and_tabs(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yml"
    path.write_text(
        """
display_information: {name: Desk}
features:
  app_home: {home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: true}
  slash_commands: [{command: /proxy, description: d, should_escape: true}]
  shortcuts: [{name: Buy, type: global, callback_id: buy, description: d}]
oauth_config: {scopes: {bot: [commands, chat:write]}}
settings: {event_subscriptions: {bot_events: [app_home_opened]}}
""",
        encoding="utf-8",
    )
    app = Workspace(manifest=path).app
    assert app.name == "Desk"
    assert app.scopes == {"commands", "chat:write"}
    assert app.commands is not None
    assert app.commands["/proxy"].should_escape
    assert app.shortcuts == {"buy": "global"}
    assert (app.home_tab, app.messages_tab, app.messages_tab_read_only) == (True, True, True)
    assert app.events == {"app_home_opened"}


def test_scopes_and_people_come_back_with_a_reset() -> None:
    ws = Workspace()
    before = ws.app.scopes
    ws.app.scopes = frozenset()
    ws.person("rita").deleted = True
    ws.reset()
    assert ws.app.scopes == before
    assert not ws.person(RITA).deleted


def test_tokens_are_recognisable_and_never_the_same_twice() -> None:
    first, second = Workspace().app, Workspace().app
    assert first.bot_token.startswith("xoxb-playground-")
    assert first.bot_token != second.bot_token
    assert first.signing_secret != second.signing_secret


# --- views


def test_external_ids_are_unique_while_a_view_is_open() -> None:
    ws = Workspace()
    open_view(ws, ws.new_trigger(RITA), modal(external_id="x"))
    with pytest.raises(SlackError, match="duplicate_external_id"):
        open_view(ws, ws.new_trigger(MONA), modal(external_id="x"))
    view = update_view(ws, {"external_id": "x", "view": modal(callback_id="c")})
    assert (view.callback_id, view.external_id) == ("c", "x")


def test_pushing_needs_an_open_view() -> None:
    ws = Workspace()
    with pytest.raises(SlackError, match="not_found"):
        push_view(ws, ws.new_trigger(RITA), modal())


def test_opening_over_an_open_view_is_a_problem() -> None:
    ws = Workspace()
    for _ in range(2):
        open_view(ws, ws.new_trigger(RITA), modal())
    assert [problem["where"] for problem in ws.problems] == ["views.open"]


def test_a_refused_view_keeps_its_trigger() -> None:
    ws = Workspace()
    trigger = ws.new_trigger(RITA)
    with pytest.raises(SlackError, match="invalid_arguments"):
        open_view(ws, trigger, modal(title=plain("x" * 25)))
    open_view(ws, trigger, modal())


def test_update_names_exactly_one_view() -> None:
    ws = Workspace()
    view = open_view(ws, ws.new_trigger(RITA), modal(external_id="x"))
    for args in ({}, {"view_id": view.id, "external_id": "x"}):
        with pytest.raises(SlackError, match="invalid_arguments"):
            update_view(ws, {**args, "view": modal()})


def test_values_survive_only_where_they_still_fit() -> None:
    def pick(*names: str, kind: str = "static_select") -> Json:
        options = [{"text": plain(name), "value": name} for name in names]
        element = {"type": kind, "action_id": "a", "options": options}
        return {"type": "section", "block_id": "b", "text": plain("x"), "accessory": element}

    held = {"b": {"a": {"type": "static_select", "selected_option": {"text": plain("red"), "value": "red"}}}}
    assert first_values([pick("red", "blue")], old=held) == held
    assert first_values([pick("blue")], old=held)["b"]["a"]["selected_option"] is None
    assert first_values([pick("red", kind="radio_buttons")], old=held)["b"]["a"]["selected_option"] is None


FIELDS: list[tuple[Json, str | None, bool]] = [
    ({"type": "email_text_input"}, "rita@example.com", True),
    ({"type": "email_text_input"}, "rita", False),
    ({"type": "url_text_input"}, "https://example.com", True),
    ({"type": "url_text_input"}, "example", False),
    ({"type": "number_input", "is_decimal_allowed": True}, "1.5", True),
    ({"type": "number_input", "is_decimal_allowed": True}, "NaN", False),
    ({"type": "number_input", "is_decimal_allowed": False}, "5.0", True),
    ({"type": "plain_text_input"}, "x" * 3_000, True),
    ({"type": "plain_text_input"}, "x" * 3_001, False),
    ({"type": "plain_text_input"}, None, False),
]


@pytest.mark.parametrize(("element", "value", "fine"), FIELDS)
def test_what_the_client_lets_through(element: Json, value: str | None, fine: bool) -> None:
    block = {"type": "input", "element": element}
    assert (client_refusal(block, {"type": element["type"], "value": value}) is None) == fine


# --- text


def test_markup_is_read_as_a_person_sees_it() -> None:
    ws = Workspace()
    said = (
        f"<@{RITA}> in <#{PROXIES}|proxies> asks <!subteam^S0APPROVERS> <https://x.io|here> <!here> &lt;b&gt; &amp;amp;"
    )
    shown = readable(said, ws.name_of)
    assert shown == "@rita in #proxies asks @proxy-approvers here (https://x.io) @here <b> &amp;"
    assert readable("<!date^1800000000^{date}|soon> <!date^0^{date}>", ws.name_of) == "soon 1970-01-01 00:00 UTC"
    assert unescape(escape("a & <b>")) == "a & <b>"


def test_blocks_read_as_lines() -> None:
    blocks: list[Json] = [
        {"type": "header", "text": plain("Request")},
        {"type": "section", "text": mrkdwn("*5* for <@U0000RITA>"), "fields": [plain("Price"), plain("$1")]},
        {"type": "context", "elements": [mrkdwn("a"), plain("b")]},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": plain("Approve")}, {"type": "button", "text": plain("Decline")}],
        },
        {"type": "image", "alt_text": "chart"},
    ]
    assert blocks_as_text(blocks, Workspace().name_of).splitlines() == [
        "Request",
        "*5* for @rita",
        "Price",
        "$1",
        "a · b",
        "[Approve] [Decline]",
        "[image: chart]",
    ]


# --- faults, names, signatures


def test_faults_strike_their_method_so_often_and_no_more() -> None:
    faults = Faults()
    faults.add(Fault("error", "chat.update", times=2, skip=1))
    struck = [faults.strike("chat.update", API_FAULTS) is not None for _ in range(4)]
    assert struck == [False, True, True, False]
    faults.add(Fault("slow", times=None))
    assert faults.strike("users.info", API_FAULTS)
    faults.clear()
    assert faults.strike("users.info", API_FAULTS) is None


def test_asking_for_nobody_is_a_mistake() -> None:
    ws = Workspace()
    for look in (ws.person, ws.channel_named, ws.group_named):
        with pytest.raises(ImpossibleError):
            look("zoe")


def test_the_signature_is_the_one_slack_sdk_expects() -> None:
    body = b"command=%2Fproxy&text=buy"
    verifier = SignatureVerifier("a secret")
    assert sign("a secret", "1800000000", body) == verifier.generate_signature(timestamp="1800000000", body=body)

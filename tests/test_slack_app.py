"""What Slack sends: checked first, then given to the listener for its kind, and to nobody when there is none."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock, SignatureVerifier

from bot.handlers import listeners
from bot.slack_app import SlackApp
from bot.slack_http import SlackRequest

SECRET = "signing-secret"
HELP = {"command": "/proxy", "text": "help", "user_id": "U1", "channel_id": "C1", "team_id": "T1"}


class Front:
    """Stands where a front does; nothing here needs one."""


@pytest.fixture
def app() -> SlackApp:
    front: Any = Front()
    return SlackApp(SECRET, front)


def signed(body: str, *, secret: str = SECRET) -> SlackRequest:
    timestamp = str(int(Clock().now()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    headers = {"x-slack-request-timestamp": timestamp, "x-slack-signature": signature or ""}
    return SlackRequest(body, headers)


def through_socket(body: Mapping[str, Any]) -> AsyncBoltRequest:
    return AsyncBoltRequest(mode="socket_mode", body=dict(body))


def by_http(body: Mapping[str, str]) -> SlackRequest:
    return signed(urlencode(body))


@pytest.mark.parametrize("sent", [by_http, through_socket])
async def test_a_command_is_answered_in_the_ack(
    app: SlackApp, sent: Callable[[Mapping[str, str]], AsyncBoltRequest]
) -> None:
    answer = await app.async_dispatch(sent(HELP))
    assert answer.status == 200
    assert msgspec.json.decode(answer.body)["response_type"] == "ephemeral"
    assert answer.first_headers()["content-type"].startswith("application/json")


@pytest.mark.parametrize("body", [urlencode(HELP), '{"type": "url_verification", "challenge": "me"}'])
async def test_nothing_is_answered_that_slack_has_not_signed(app: SlackApp, body: str) -> None:
    answer = await app.async_dispatch(signed(body, secret="another"))
    assert answer.status == 401
    assert "me" not in answer.body


async def test_the_address_is_verified_when_an_admin_enters_it(app: SlackApp) -> None:
    answer = await app.async_dispatch(signed('{"type": "url_verification", "challenge": "me"}'))
    assert (answer.status, msgspec.json.decode(answer.body)) == (200, {"challenge": "me"})


async def test_a_look_at_the_certificate_is_answered(app: SlackApp) -> None:
    """Slack makes one from time to time, without a signature (Slack docs, slash commands)."""
    assert (await app.async_dispatch(SlackRequest("ssl_check=1&token=t", {}))).status == 200


async def test_an_event_we_do_nothing_about_is_taken_all_the_same(app: SlackApp) -> None:
    """Slack sends one that is refused again and again."""
    answer = await app.async_dispatch(through_socket({"type": "event_callback", "event": {"type": "team_rename"}}))
    assert (answer.status, answer.body) == (200, "")


@pytest.mark.parametrize("kind", ["dialog_submission", "view_closed", ""])
async def test_what_is_of_no_kind_we_know_is_refused(app: SlackApp, kind: str) -> None:
    assert (await app.async_dispatch(through_socket({"type": kind}))).status == 404


async def test_an_error_of_ours_is_no_answer(app: SlackApp, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> BoltResponse:
        raise KeyError("user")

    monkeypatch.setitem(listeners.LISTENERS, "shortcut", broken)
    answer = await app.async_dispatch(through_socket({"type": "shortcut"}))
    assert (answer.status, answer.body) == (500, "")

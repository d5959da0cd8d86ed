"""What Slack sends, signed: the requests of one round, made before its clock starts."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from bot.domain.draft import Draft
from bot.domain.ids import ChannelId, DraftId, UserId, WorkspaceId

SECRET = "bench-signing-secret-0123456789"
TEAM, CHANNEL, BOT_USER = "T0BENCH", "C0BENCH", "U0BOT"
REQUESTER, APPROVER = "U0ASKER", "U0BOSS"
PATH = "/slack/events"
DRAFT = Draft(DraftId("0" * 32), WorkspaceId(TEAM), UserId(REQUESTER), ChannelId(CHANNEL))

Json = dict[str, Any]


def command(
    number: int, text: str, answer_url: str, *, word: str = "/proxy", team: str = TEAM, user: str = REQUESTER
) -> bytes:
    """A slash command. `number` makes it different from all others."""
    return urlencode(
        {
            "token": "verification",
            "team_id": team,
            "team_domain": "bench",
            "channel_id": CHANNEL,
            "channel_name": "proxies",
            "user_id": user,
            "user_name": "rita",
            "command": word,
            "text": text,
            "api_app_id": "A0BENCH",
            "is_enterprise_install": "false",
            "response_url": f"{answer_url}/commands/{TEAM}/{number}/x",
            "trigger_id": f"{number}.1.trigger",
        }
    ).encode()


def home_opened(number: int, *, team: str = TEAM, user: str = REQUESTER) -> bytes:
    """Somebody looks at App Home."""
    event = {"type": "app_home_opened", "user": user, "channel": "D0BENCH", "tab": "home", "event_ts": f"{number}.1"}
    about = {"token": "verification", "team_id": team, "api_app_id": "A0BENCH", "event_id": f"Ev{number}"}
    return msgspec.json.encode({**about, "type": "event_callback", "event_time": number, "event": event})


def press(
    number: int, action: str, value: str, answer_url: str, blocks: Sequence[Json], *, user: str = APPROVER
) -> bytes:
    """A button on a card was pressed; Slack sends the whole message along."""
    place = {"message_ts": f"{number}.000100", "channel_id": CHANNEL, "is_ephemeral": False, "type": "message"}
    return _interactive(
        type="block_actions",
        user=_person(user),
        container=place,
        trigger_id=f"{number}.1.trigger",
        channel={"id": CHANNEL, "name": "proxies"},
        message={"type": "message", "user": BOT_USER, "ts": f"{number}.000100", "text": "card", "blocks": list(blocks)},
        state={"values": {}},
        response_url=f"{answer_url}/actions/{TEAM}/{number}/x",
        actions=[
            {
                "action_id": action,
                "block_id": "decide",
                "value": value,
                "type": "button",
                "text": {"type": "plain_text", "text": "Approve"},
                "action_ts": f"{number}.5",
            }
        ],
    )


def suggestion(number: int, field: str, text: str, view: Mapping[str, Any]) -> bytes:
    """Somebody types into a menu of an open form."""
    return _interactive(
        type="block_suggestion",
        user=_person(REQUESTER),
        container={"type": "view", "view_id": f"V{number}"},
        action_id=field,
        block_id=field,
        value=text,
        view=dict(view),
    )


def _person(user: str) -> Json:
    return {"id": user, "username": user.lower(), "name": user.lower(), "team_id": TEAM}


def _interactive(**fields: Any) -> bytes:
    payload = {
        "api_app_id": "A0BENCH",
        "token": "verification",
        "team": {"id": TEAM, "domain": "bench"},
        "enterprise": None,
        "is_enterprise_install": False,
        **fields,
    }
    return urlencode({"payload": msgspec.json.encode(payload).decode()}).encode()


def signed(body: bytes, *, secret: str = SECRET, path: str = PATH, at: float | None = None) -> bytes:
    """The whole HTTP request, as Slack would send it now."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Slackbot 1.0\r\nAccept: */*\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: v0={digest}\r\n\r\n"
    )
    return head.encode() + body

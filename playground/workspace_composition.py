"""What blocks and elements are made of, as Slack checks it: text, links, pictures, confirmations, filters.

Slack calls these composition objects. Options, which are some too, are in `workspace_options.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from playground.workspace_schema import (
    Check,
    Problem,
    anything,
    array,
    at_least_one_of,
    boolean,
    exactly_one_of,
    record,
    shape,
    string,
    typed,
)

block_id = action_id = string(255)
url = string(3_000, like=r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s]+")
button_style = string(7, one_of=("primary", "danger"))


def texts(most: int) -> dict[str, Check]:
    """Both kinds of text by `type`, of at most so many characters."""
    return {
        "plain_text": shape({"text": string(most)}, {"emoji": boolean}),
        "mrkdwn": shape({"text": string(most)}, {"verbatim": boolean}),
    }


def plain(most: int) -> Check:
    return typed({"plain_text": texts(most)["plain_text"]})


def rich(most: int) -> Check:
    return typed(texts(most))


def public_url(value: Any, at: str) -> Iterator[Problem]:
    """Slack fetches pictures itself, so they must be on the open web."""
    found = list(string(3_000, like=r"https?://[^\s]+")(value, at))
    yield from found
    if not found and re.match(r"https?://(localhost|127\.|10\.|192\.168\.|\[::1\])", value):
        yield Problem(at, "download_failed", "downloading image failed")


confirm = record(
    {"title": plain(100), "text": rich(300), "confirm": plain(30), "deny": plain(30)}, {"style": button_style}
)
dispatch_config = record(
    {"trigger_actions_on": array(string(30, one_of=("on_enter_pressed", "on_character_entered")), 2)}, {}
)
slack_file = record({}, {"id": string(255), "url": url}, exactly_one_of("id", "url"))
conversation_filter = record(
    {},
    {
        "include": array(string(10, one_of=("im", "mpim", "private", "public")), 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    at_least_one_of("include", "exclude_external_shared_channels", "exclude_bot_users"),
)
workflow = record({"trigger": record({"url": url}, {"customizable_input_parameters": array(anything, 100)})}, {})
picture: dict[str, Check] = {"image_url": public_url, "slack_file": slack_file}

"""The app taken out of a workspace, or its token revoked: nothing is said any more until Slack takes us back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from bot.handlers.front import Front
from bot.handlers.parse import workspace_of
from bot.usecases.desk import utcnow

ENDINGS = {"app_uninstalled": "account_inactive", "tokens_revoked": "token_revoked"}
"""Slack's event, and the word it refuses a call with from then on."""
_log = structlog.get_logger()


async def ended(front: Front, body: Mapping[str, Any]) -> None:
    """Readiness turns red at once, and what is to be said waits. A person's own token does not concern the bot."""
    event = body["event"]
    if event["type"] == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
        return
    code = ENDINGS[event["type"]]
    if await front.store.fall_silent(workspace_of(body), code, utcnow()):
        _log.error("slack_refuses_us", code=code, kept="messages wait and leave by themselves")

"""Whether what Slack sends was here before: it sends again what it thinks was not answered, and so may anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.errors import StoreUnavailableError
from bot.handlers import approval, commands
from bot.handlers.front import Front
from bot.handlers.parse import raw_text, workspace_of
from bot.ports import REPLAY_MEMORY_S

Body = Mapping[str, Any]


def are_found_later(body: Body) -> bool:
    """Whether the payload's handler finds out by itself, in what it writes."""
    return commands.opens_form(raw_text(body)) if "command" in body else approval.finds_replays(body)


async def is_replay(front: Front, body: Body, signature: str) -> bool:
    """Whether this very body with this very signature was here before. Without the store nothing can change anyway."""
    if not signature or _may_repeat(body):
        return False
    try:
        return not await front.store.is_first(workspace_of(body), signature, REPLAY_MEMORY_S)
    except StoreUnavailableError:
        return False


def _may_repeat(body: Body) -> bool:
    """What changes nothing needs no mark, which would be a wait for the disk.

    A menu asks for its rows with the same body again when the same is typed twice within a second.
    """
    return body.get("type") == "block_suggestion" or ("command" in body and commands.may_repeat(raw_text(body)))

"""What a method of the Web API is, and how its arguments are read: switches, lists, pages, people and conversations.

Each family of methods has a table of its own in `workspace_methods_*.py`; `workspace_methods` puts them together.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from playground.workspace import Workspace
from playground.workspace_model import Channel, Person, SlackError
from playground.workspace_schema import Json

Function = Callable[[Workspace, Json], Json]
PAGE_MOST = 1_000


@dataclass(frozen=True)
class Method:
    function: Function
    tier: str
    scopes: tuple[str, ...] = ()  # any one of them is enough
    required: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    caller: str = "bot"  # whose token: bot | app | none


class Methods(dict[str, Method]):
    """A family of methods by name."""

    def add(
        self, name: str, tier: str, *scopes: str, required: str = "", optional: str = "", caller: str = "bot"
    ) -> Callable[[Function], Function]:
        """Enter the function below under this name."""

        def register(function: Function) -> Function:
            self[name] = Method(function, tier, scopes, tuple(required.split()), frozenset(optional.split()), caller)
            return function

        return register


def need_scope(ws: Workspace, *scopes: str) -> None:
    if scopes and not ws.app.scopes.intersection(scopes):
        raise SlackError("missing_scope", needed=scopes[0], provided=",".join(sorted(ws.app.scopes)))


# --- arguments


def truth(value: Any) -> bool:
    return value in (True, 1, "1", "true", "True")


def words(value: Any) -> list[str]:
    """A list that may arrive comma-separated."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return [one.strip() for one in str(value or "").split(",") if one.strip()]


def page(items: Iterable[Any], args: Json, default: int = 100) -> tuple[list[Any], Json]:
    """One page and the metadata that leads to the next."""
    everything = list(items)
    start = _cursor_offset(args.get("cursor"))
    limit = _limit(args.get("limit"), default)
    chosen = everything[start : start + limit]
    more = start + limit < len(everything)
    cursor = base64.b64encode(f"next:{start + limit}".encode()).decode() if more else ""
    return chosen, {"response_metadata": {"next_cursor": cursor}}


def _cursor_offset(cursor: Any) -> int:
    if not cursor:
        return 0
    try:
        word, _, number = base64.b64decode(str(cursor), validate=True).decode().partition(":")
        if word == "next":
            return int(number)
    except ValueError:
        pass
    raise SlackError("invalid_cursor")


def _limit(value: Any, default: int) -> int:
    if value in (None, "", 0, "0"):
        return default
    try:
        limit = int(value)
    except ValueError:
        limit = 0
    if not 1 <= limit <= PAGE_MOST:
        raise SlackError("invalid_limit")
    return limit


def visible_person(ws: Workspace, person_id: Any) -> Person:
    person = ws.people.get(str(person_id))
    if person is None:
        raise SlackError("user_not_found")
    return person


def member_channel(ws: Workspace, channel_id: Any) -> Channel:
    channel = ws.channel(str(channel_id))
    if ws.app.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel

"""What is known of a message on its way: taken, begun, told, given up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from bot.domain.ids import ChannelId, WorkspaceId
from bot.domain.intents import Intent


class MessageRef(Struct, frozen=True):
    """Where a message stands, and the request version it shows."""

    channel: ChannelId
    ts: str
    version: int


class Claim(Struct, frozen=True):
    """An intent taken for delivery. `token` proves that it is still ours; `tries` have failed so far.

    `is_probe`: Slack refused us as a whole before, and this one shows whether it still does. `is_alone`: a message that
    held it beside others was refused, so it gets one of its own.
    """

    workspace: WorkspaceId
    intent: Intent
    token: str
    at: datetime | None = None
    tries: int = 0
    is_probe: bool = False
    is_alone: bool = False


class Turn(StrEnum):
    """Whether Slack may be spoken to for a claim now."""

    GO = "go"
    LATER = "later"
    """Others are before it; it comes back by itself when it is its turn."""
    LOST = "lost"
    """The lease ended and somebody else may be telling it."""


class Lane(Struct, frozen=True):
    """A pace that all processes keep together: one call each `every`, and after a quiet time up to `burst` more."""

    name: str
    every: timedelta
    burst: int = 0


class Posting(Struct, frozen=True):
    """The mark of a post that was begun and whose end is not recorded: it may stand. `key` is in its metadata."""

    key: str
    since: datetime
    posts: int


class Told(Struct, frozen=True):
    """What was said so far about one request, each message by its name (the text of its intent).

    `dropped` are those that cannot be delivered, with the reason.
    """

    places: Mapping[str, MessageRef]
    begun: Mapping[str, Posting]
    dropped: Mapping[str, str]


class Silence(Struct, frozen=True):
    """Slack refuses us as a whole, by this word."""

    code: str
    since: datetime


class Backlog(Struct, frozen=True):
    """How much waits to be said, for how long the oldest has, and how many were given up."""

    waiting: int
    oldest: timedelta
    parked: int

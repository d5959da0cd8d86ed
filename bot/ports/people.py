"""Who people are, and how they are told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from bot.domain.budget import Standing
from bot.domain.draft import WaitingDraft
from bot.domain.home import Home
from bot.domain.ids import ChannelId, UserId, WorkspaceId
from bot.domain.intents import Intent
from bot.domain.notice import Notice
from bot.domain.pause import Pause
from bot.domain.policy import Person, Role
from bot.domain.request import PurchaseRequest
from bot.ports.outbox import MessageRef


class Form(StrEnum):
    """How a message is laid out. The words are the same; the last one is cut."""

    FULL = "full"
    PLAIN = "plain"
    """Without tables and pictures, the numbers of a table as lines."""
    WORDS = "words"
    """Without a layout."""
    SHORT = "short"


class Spot(Struct, frozen=True):
    """Where a new message goes: a channel or a person's id, and the message it answers."""

    channel: str
    thread: str | None = None


class Saying(Struct, frozen=True):
    """One message, to be drawn from the state as it is now. `is_stray`: the channel of its card is closed to us.
    `payers` pay invoices, where only they are given the links. `shows_sums`: its readers may see
    what a service costs. `standing` is the budget of the card's channel.
    """

    intent: Intent
    subject: PurchaseRequest | WaitingDraft | Pause | Notice
    approvers: tuple[UserId, ...] = ()
    payers: tuple[UserId, ...] = ()
    shows_sums: bool = True
    is_stray: bool = False
    standing: Standing | None = None
    form: Form = Form.FULL


class Directory(Protocol):
    """Who people are, from Slack, at most 60 s old. Raises ChatError when it cannot be read: then nobody may."""

    async def person(self, user: UserId) -> Person: ...

    async def holders(self, role: Role) -> frozenset[UserId]:
        """Every user id that holds the role now, by name or through a group."""
        ...

    async def public_channels(self) -> Mapping[ChannelId, str]:
        """Names of the public ones we are in, and none without the right to ask.

        The name of a private one is nobody else's business.
        """
        ...


class Notifier(Protocol):
    """Speaks for the bot. Every call may raise ChatError, whose `trouble` says what may be done about it."""

    async def post(self, said: Sequence[Saying], spot: Spot, keys: Sequence[str]) -> MessageRef:
        """One message that says all of this, one after the other, and can be found by each of its keys."""
        ...

    def fit(self, said: Sequence[Saying]) -> int:
        """How many of these, from the first on, one message can hold; at least 1."""
        ...

    async def update(self, said: Sequence[Saying], at: MessageRef) -> MessageRef: ...

    async def find(self, spot: Spot, keys: Collection[str], since: datetime) -> Mapping[str, MessageRef]:
        """By its key, our own message that carries it and was posted there since then; without those that stand not."""
        ...

    async def show_home(self, home: Home) -> None:
        """Draw this person's App Home."""
        ...

    async def is_welcome(self) -> bool:
        """Whether Slack takes our token."""
        ...

    async def take_back(self, at: MessageRef) -> None:
        """Remove a message of ours."""
        ...


class Nudge(Protocol):
    """Asks the worker to look at a request soon. Never raises: a lost nudge costs time, not correctness.

    The step that made it so may still be on its way to the store, or be refused there.
    """

    async def __call__(self, request: PurchaseRequest) -> None: ...


class ErrandKind(StrEnum):
    """What somebody asked for that takes longer than a click may."""

    FILE = "file"
    """The lines of a summary as CSV, by direct message."""
    JSON = "json"
    """The same lines for a program."""
    PICTURE = "picture"
    """A summary again, with its pictures."""


class Errand(Struct, frozen=True):
    """For one person. `asked` is what a summary's button carries; `response_url` is where the answer is wanted."""

    kind: ErrandKind
    workspace: WorkspaceId
    user: UserId
    channel: ChannelId | None
    response_url: str | None
    asked: str


class Errands(Protocol):
    """Hands an errand to a worker. False when it could not be handed over: then nothing will happen."""

    async def __call__(self, errand: Errand) -> bool: ...

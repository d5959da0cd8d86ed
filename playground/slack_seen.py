"""What a person has on screen, as values: messages, forms, and what a move of theirs led to or why it cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


class CannotError(AssertionError):
    """The person has no such thing on screen, or Slack would not let them."""


@dataclass(frozen=True)
class Button:
    text: str
    action_id: str
    block_id: str
    value: str | None = None
    style: str | None = None
    url: str | None = None
    confirm: Json | None = None


@dataclass(frozen=True)
class SeenMessage:
    """A message on somebody's screen: `text` is all of it as readable lines, `fallback` what a notification shows."""

    channel: str
    channel_name: str
    ts: str
    user: str
    user_name: str
    text: str
    fallback: str
    raw_text: str
    blocks: list[Json]
    attachments: list[Json]
    thread_ts: str | None
    is_ephemeral: bool
    is_edited: bool
    metadata: Json | None
    buttons: list[Button]
    reactions: dict[str, list[str]]
    files: list[Json]

    @property
    def target(self) -> Json:
        return {"channel": self.channel, "ts": self.ts}

    def has_button(self, text: str) -> bool:
        return any(text in (button.text, button.action_id) for button in self.buttons)

    def __str__(self) -> str:
        mark = " (only you)" if self.is_ephemeral else ""
        return f"@{self.user_name}{mark}: {self.text}"


@dataclass(frozen=True)
class Field:
    block_id: str
    action_id: str
    type: str
    label: str
    value: str
    optional: bool
    error: str | None
    options: list[str]


@dataclass(frozen=True)
class SeenView:
    """A modal or the App Home on somebody's screen, as it was when looked at."""

    id: str
    type: str
    title: str
    text: str
    blocks: list[Json]
    values: Json
    errors: dict[str, str]
    trouble: str | None
    callback_id: str
    external_id: str
    private_metadata: str
    hash: str
    root_view_id: str
    previous_view_id: str | None
    submit: str | None
    close: str | None
    depth: int
    inputs: list[Field]
    buttons: list[Button]

    @property
    def target(self) -> Json:
        return {"view": self.id}

    def input(self, name: str) -> Field:
        """A field by block_id, action_id or label."""
        for one in self.inputs:
            if name in (one.block_id, one.action_id, one.label):
                return one
        raise CannotError(f"no field {name!r} in:\n{self.text}")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Outcome:
    """What a move led to: whether the bot was asked, answered in time, and what the person was shown."""

    delivered: bool
    acked: bool
    status: int | None
    ms: float
    failure: str | None = None
    answer: SeenMessage | None = None
    error: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    view: SeenView | None = None
    options: list[Json] = field(default_factory=list)
    option_groups: list[Json] = field(default_factory=list)
    body: str = ""

    @property
    def option_texts(self) -> list[str]:
        return [option["text"]["text"] for option in self.options]


Target = SeenMessage | SeenView


def _buttons(raw: Json) -> list[Button]:
    return [Button(**button) for button in raw["buttons"]]


def seen_message(raw: Json) -> SeenMessage:
    return SeenMessage(**{**raw, "buttons": _buttons(raw)})


def seen_view(raw: Json | None) -> SeenView | None:
    if raw is None:
        return None
    return SeenView(**{**raw, "inputs": [Field(**one) for one in raw["inputs"]], "buttons": _buttons(raw)})


def outcome(raw: Json) -> Outcome:
    answer = raw["answer"] and seen_message(raw["answer"])
    return Outcome(**{**raw, "answer": answer, "view": seen_view(raw["view"])})

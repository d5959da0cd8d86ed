"""Behind the curtain: every request and answer between Slack and the bot, and between the bot and Byteful.

A bounded ring of what passed, newest last. Both worlds write down the bytes as they went; they are taken apart and
blotted out only when somebody looks. Nothing that could be a token, a key, a password or a signature leaves here.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

from playground.workspace_schema import Json

KEPT_ENTRIES = 500
SHOWN_CHARACTERS = 20_000
REDACTED = "[redacted]"
_SECRET_NAMES = re.compile(r"token|secret|password|private_key|api_key|authorization|signature|ip_address_auth")
_SECRET_VALUES = re.compile(
    r"\b(xox[a-z](\.xox[a-z])?|xapp|xoxe)-[\w-]+|\b[sp]k_[\w-]+"  # Slack's tokens, Byteful's keys
    r"|(?<=/response/)[\w-]+"  # a response_url is a secret for half an hour
    r"|(?<=ticket=)[\w-]+|\boauth-[\w-]+"  # so are tickets and codes while they last
)
_BARE_JSON = re.compile(r"\s*[\[{]")


class Between(StrEnum):
    TO_BOT = "slack→bot"
    TO_SLACK = "bot→slack"
    TO_BYTEFUL = "bot→byteful"


@dataclass(frozen=True)
class Passed:
    """One request and what became of it, as the worlds hand it over: bodies as they went, or already parsed."""

    between: Between
    what: str
    status: int | str | None
    ms: float
    request: Any
    answer: Any
    at: float
    within_ms: float | None = None  # what a delivery to the bot has to keep to
    ok: bool = True


class Curtain:
    """Keeps the last few hundred exchanges. `on_change` is called after each."""

    def __init__(self, on_change: Callable[[], None] = lambda: None, *, keep: int = KEPT_ENTRIES) -> None:
        self._entries: deque[tuple[int, Passed]] = deque(maxlen=keep)
        self._on_change = on_change
        self._count = 0

    def note(self, passed: Passed) -> None:
        self._count += 1
        self._entries.append((self._count, passed))
        self._on_change()

    def clear(self) -> None:
        """Forget what passed; numbers go on, so that nobody who follows misses the next."""
        self._entries.clear()

    def since(self, number: int) -> list[Json]:
        return [_shown(n, passed) for n, passed in self._entries if n > number]


def _shown(number: int, passed: Passed) -> Json:
    request = redacted(_readable(passed.request))
    return {
        "n": number,
        "at": passed.at,
        "between": passed.between.value,
        "what": _titled(passed.what, request),
        "status": passed.status,
        "ok": passed.ok,
        "ms": round(passed.ms, 1),
        "within_ms": passed.within_ms,
        "request": _short(request),
        "answer": _short(redacted(_readable(passed.answer))),
    }


def _titled(what: str, request: Any) -> str:
    """The kind of a delivery with the one word that tells it from its like: which command, event, button or form."""
    if not isinstance(request, dict):
        return what
    match what:
        case "command":
            return f"{request.get('command', '')} {request.get('text', '')}".strip() or what
        case "event":
            return f"event {request.get('event', {}).get('type', '')}".strip()
        case "block_actions":
            names = [str(action.get("action_id", "")) for action in request.get("actions", [])]
            return " ".join([what, *names])
        case "block_suggestion":
            return f"{what} {request.get('action_id', '')}".strip()
        case "view_submission" | "view_closed":
            return f"{what} {request.get('view', {}).get('callback_id', '')}".strip()
        case "shortcut" | "message_action":
            return f"{what} {request.get('callback_id', '')}".strip()
    return what


def _readable(body: Any) -> Any:
    """JSON, a form, or a form with JSON in its `payload`, taken apart; anything else as text."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if not isinstance(body, str):
        return body
    if not body.strip():
        return None
    if _BARE_JSON.match(body):
        return _parsed(body)
    fields = dict(parse_qsl(body, keep_blank_values=True)) if re.match(r"[\w.-]+=", body) else {}
    if "payload" in fields:
        return _parsed(fields["payload"])
    return fields or body


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def redacted(value: Any) -> Any:
    """The same structure with every secret blotted out, by its name or by its looks."""
    if isinstance(value, dict):
        return {name: _blotted(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner) for inner in value]
    return _SECRET_VALUES.sub(REDACTED, value) if isinstance(value, str) else value


def _blotted(name: str, value: Any) -> Any:
    if isinstance(value, str | list) and value and _SECRET_NAMES.search(name.lower()):
        return REDACTED
    return redacted(value)


def _short(value: Any) -> Any:
    """Whole as long as it is readable; a body of that length is shown as the beginning of its text."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return value if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"

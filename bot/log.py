"""Structured logs: one JSON object a line on standard output, whoever wrote it, with every secret masked.

All lines, ours and those of libraries, pass one formatter, and it masks last: what it has not seen is not printed.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import cast
from urllib.parse import quote

import structlog
from msgspec import Struct
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor

MASK = "***"
REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0 O 1 I L U: people read references aloud and type them."""
REFERENCE_LENGTH = 8
MIN_SECRET_LENGTH = 6
"""Shorter text would be masked inside ordinary words."""
MAX_DEPTH = 8

QUIET = ("aiohttp", "asyncio", "httpcore2", "httpx2", "saq", "slack_bolt", "slack_sdk", "uvicorn.access")
"""Libraries that would write a line, or even a payload, for each call. Only their warnings are wanted."""

_NAMES = (
    "token|secret|password|passwd|authorization|cookie|signature|ticket|credentials|redis_url|response_url|invoice_url|"
    "(?:private|public|api|signing|access)_?key"
)
_SECRET_KEY = re.compile(rf"(?:^|_)(?:{_NAMES})s?$")
_LABEL = rf"\b(?:[a-z0-9_-]{{0,40}}[_-])?(?:{_NAMES.replace('_', '[_-]')})"
_LABEL_HINTS = (
    *("token", "secret", "passw", "authorization", "cookie", "signature", "ticket", "credentials", "key"),
    *("redis", "response", "invoice"),
)
_VALUE = r"""((?:b?"[^"]*"|b?'[^']*')|[^\s,;&"'}\])]+)"""
_IN_URL = r"""[^\s"'<>\\]{1,400}"""


class _Shape(Struct, frozen=True):
    """Text that looks like a secret. Searched for only where a hint occurs: most lines hold none of them."""

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str


_SHAPES = tuple(
    _Shape(hints, re.compile(pattern, re.IGNORECASE), replacement)
    for hints, pattern, replacement in (
        (("xox", "xapp-"), r"(?:xox[a-z](?:\.xox[a-z])?|xapp)-[\w.-]+", MASK),  # Slack's tokens
        (("://hooks.",), rf"(?:https?|wss?)://hooks\.{_IN_URL}", MASK),
        (
            ("://",),
            rf"https?://{_IN_URL}/(?:commands|actions|services|workflows|triggers)/[TE][A-Z0-9]+/[\w/-]+",
            MASK,
        ),
        (("invoice",), rf"https?://(?:[\w-]{{1,60}}\.)?invoices?\.{_IN_URL}", MASK),
        (("/i/", "/invoice"), rf"https?://{_IN_URL}/(?:invoices?|i)/{_IN_URL}", MASK),
        (("@",), r"""(://[^\s/:@"']*):[^\s/@"']+@""", rf"\1:{MASK}@"),  # a password inside an address
        (("bearer",), r"\b(bearer)\s+[\w.~+/=-]{6,}", rf"\1 {MASK}"),
        (_LABEL_HINTS, rf"({_LABEL}[\"']?\s*[:=]\s*){_VALUE}", rf"\1{MASK}"),  # name: value, name=value
        (_LABEL_HINTS, rf"({_LABEL}[\"']\s*,\s*){_VALUE}", rf"\1{MASK}"),  # ("name", "value"), as headers are shown
    )
)

_ANY_HINT = re.compile("|".join(re.escape(hint) for hint in sorted({hint for one in _SHAPES for hint in one.hints})))
"""Most texts are names and numbers and hold none at all, which one search finds out."""

_hidden: set[str] = set()
"""Known secrets of this process. Here and not in an object, because the logging it guards is the process's own."""
_hidden_pattern: re.Pattern[str] | None = None


def configure(level: str = "info") -> None:
    """Send every log line of the process through here. Called once, by whoever starts the process."""
    handler = _Handler()
    handler.setFormatter(_formatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
        library.setLevel(logging.NOTSET)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    # What no line of ours shows, and what would be asked of the operating system for each of them.
    logging.logProcesses = logging.logThreads = logging.logMultiprocessing = False
    sys.excepthook = _log_crash
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_context(), ProcessorFormatter.wrap_for_formatter],
        wrapper_class=BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> BoundLogger:
    """A logger for a module: `log = logger(__name__)`, then `log.info("card posted", channel=…)`."""
    return structlog.stdlib.get_logger(name)


def bound(**values: object) -> AbstractContextManager[None]:
    """Put request, user, workspace or reference on every line written inside the block, by any library too."""
    return structlog.contextvars.bound_contextvars(**values)


def new_reference() -> str:
    """What a person is shown when something fails, and what the log is searched for."""
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(REFERENCE_LENGTH))


def hide(secret: str) -> None:
    """Never print this value, also not quoted for a URL, for JSON or by repr."""
    global _hidden_pattern  # noqa: PLW0603 - compiled once per secret, used on every line
    spellings = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    _hidden.update(text for text in spellings if len(text) >= MIN_SECRET_LENGTH)
    if _hidden:
        longest_first = sorted(_hidden, key=len, reverse=True)
        _hidden_pattern = re.compile("|".join(re.escape(text) for text in longest_first))


def mask(text: str) -> str:
    """The text without known secrets and without anything that looks like one."""
    if _hidden_pattern is not None:
        text = _hidden_pattern.sub(MASK, text)
    lower = text.lower()
    if _ANY_HINT.search(lower) is None:
        return text
    for shape in _SHAPES:
        if any(hint in lower for hint in shape.hints):
            text = shape.pattern.sub(shape.replacement, text)
    return text


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The last processor before rendering: masks keys, values and whatever is nested in them."""
    return cast(EventDict, _clean(event, 0))


def _clean(value: object, depth: int) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return mask(value)
        case bytes():
            return mask(value.decode(errors="replace"))
        case _ if depth >= MAX_DEPTH:
            return "…"
        case Mapping():
            return {mask(str(key)): _clean_item(key, item, depth) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(item, depth + 1) for item in value]
        case _:
            return mask(_text_of(value))


def _clean_item(key: object, item: object, depth: int) -> object:
    name = key.decode(errors="replace") if isinstance(key, bytes) else str(key)
    is_secret = _SECRET_KEY.search(name.lower().replace("-", "_")) is not None
    return MASK if is_secret and item is not None else _clean(item, depth + 1)


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def _context() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter() -> ProcessorFormatter:
    return ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_context()],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            _without_colour,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(),
        ],
    )


def _without_colour(_logger: object, _method: str, event: EventDict) -> EventDict:
    """uvicorn sends each line a second time, made for terminals."""
    event.pop("color_message", None)
    return event


class _Handler(logging.Handler):
    """Writes to standard output, whatever that is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:
            # Without its arguments, which the library would print: they may hold anything.
            line = json.dumps({"event": "a log line could not be written", "level": "error", "logger": record.name})
        try:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        except (OSError, ValueError):  # the output itself is gone: there is nowhere left to say so
            return


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("bot").critical("crashed", exc_info=(kind, error, trace))

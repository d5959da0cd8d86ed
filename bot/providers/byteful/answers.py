"""How an answer of Byteful is read, and what it means for the bot.

`read` turns an answer into a JSON object or raises from the tree in `bot.domain.errors`; nothing else decides which
error a status means. `parse` and its like read the shapes out of that object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, TypeVar

import msgspec
import structlog
from msgspec import Struct
from pydantic import BaseModel, ValidationError

from bot.domain.errors import (
    AccessError,
    NotFoundError,
    OutcomeUnknownError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    SecondFactorError,
    SelectionRefusedError,
)
from bot.providers.byteful.shapes import CatalogEntry
from bot.providers.byteful.values import Json, clean

DEFAULT_RATE_WAIT_S = 1.0
"""The limit is documented per second; no header is (Byteful docs, "Rate limits")."""
REFUSAL = "Byteful does not sell this as it stands"

_log = structlog.get_logger()


class Call(Enum):
    """What a request may do: that decides what its failure means."""

    READ = "read"
    QUOTE = "quote"
    CREATE = "create"
    CHANGE = "change"

    @property
    def changes_something(self) -> bool:
        return self in {Call.CREATE, Call.CHANGE}

    @property
    def is_about_a_selection(self) -> bool:
        return self in {Call.QUOTE, Call.CREATE}


class Answer(Struct, frozen=True):
    """An HTTP answer read to its end. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


# Answers and errors


def read(answer: Answer, call: Call) -> Json:
    """The JSON object of a good answer. Raises a ProviderError for every other."""
    found = _object(answer.body)
    if 200 <= answer.status < 300 and found is not None:
        return found
    raise _failure(answer, found, call)


def _object(body: bytes) -> Json | None:
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _failure(answer: Answer, found: Json | None, call: Call) -> ProviderError:
    """The error an answer means. A request that changes something is refused only by the documented shape."""
    error = _Error.of(found)
    match answer.status:
        case 429 if not call.changes_something:
            wait_s = _wait_s(answer.headers, error.message)
            text = "Byteful takes no more requests from this account for the moment."
            return RateLimitedError(text, wait_s=wait_s, request_id=error.request_id)
        case 401 | 403 if error.is_documented or not call.changes_something:
            return error.access(answer.status)
        case 404 if error.is_documented:
            return NotFoundError(error.words("Byteful finds no such thing"), status=404, request_id=error.request_id)
        case 400 | 409 | 422 if error.is_documented and call.is_about_a_selection:
            text = error.words(REFUSAL)
            return SelectionRefusedError(text, status=answer.status, request_id=error.request_id)
        case 400 | 405 | 409 | 422 if error.is_documented:
            text = error.words("Byteful refuses this")
            return RefusedError(text, status=answer.status, request_id=error.request_id)
    text = f"Byteful gave no usable answer (HTTP {answer.status})."
    return OutcomeUnknownError(text, status=answer.status, request_id=error.request_id)


class _Error(Struct, frozen=True):
    """The documented error body: `error`, `message`, `api_request_id`, and the second-factor fields of a 403."""

    is_documented: bool
    wants_second_factor: bool
    message: str
    request_id: str | None

    @classmethod
    def of(cls, found: Json | None) -> _Error:
        body = found or {}
        factor = any(name.startswith("two_factor_authentication_") for name in body)
        shape = isinstance(body.get("error"), str) and isinstance(body.get("message"), str)
        request_id = clean(body.get("api_request_id"), 64) or None
        return cls(shape or factor, factor, clean(body.get("message")), request_id)

    def words(self, what: str) -> str:
        return f"{what}: {self.message}" if self.message else f"{what}."

    def access(self, status: int) -> AccessError:
        if status == 403 and self.wants_second_factor:
            text = "Byteful asks for a second factor. An admin has to confirm in the Byteful dashboard, then try again."
            return SecondFactorError(text, status=status, request_id=self.request_id)
        text = self.words("Byteful does not accept our API keys for this. An admin has to check them")
        return AccessError(text, status=status, request_id=self.request_id)


_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:s|secs?|seconds?)\b", re.IGNORECASE)


def _wait_s(headers: Mapping[str, str], message: str) -> float:
    """Seconds to stay away: the Retry-After header, else a number of seconds in the text, else one second."""
    asked = _retry_after_s(headers.get("retry-after", ""))
    if asked is None and (match := _SECONDS.search(message)):
        asked = float(match.group(1))
    return DEFAULT_RATE_WAIT_S if asked is None else asked


def _retry_after_s(text: str) -> float | None:
    if re.fullmatch(r"\d+(\.\d+)?", text.strip()):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


# Reading models out of answers

Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], data: object, what: str) -> Model:
    """A model, or a ProviderError that names the fields that cannot be read. Values are not repeated."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fields = sorted({".".join(str(part) for part in problem["loc"]) or "data" for problem in error.errors()})
    raise ProviderError(f"Byteful's {what} cannot be read: {clean(', '.join(fields[:5]))} is missing or malformed.")


def whole(model: type[Model], what: str, prefix: str = "") -> Callable[[list[Any]], list[Model]]:
    """Reads every row of a page, or stops: for records, where a missing one would be taken for absent."""
    return lambda rows: [parse(model, without_prefix(row, prefix), what) for row in rows]


def readable(model: type[Model], what: str) -> Callable[[list[Any]], list[Model]]:
    """Reads the rows that can be read and counts the others in the log: for lookups, where one does not matter."""

    def read_rows(rows: list[Any]) -> list[Model]:
        kept: list[Model] = []
        for row in rows:
            with suppress(ValidationError):
                kept.append(model.model_validate(row))
        if len(kept) < len(rows):
            _log.warning("byteful_rows_unreadable", what=what, skipped=len(rows) - len(kept), kept=len(kept))
        return kept

    return read_rows


def parse_catalog(data: object) -> dict[str, CatalogEntry]:
    """Every readable entry by product code; an unreadable one must not hide the rest."""
    if not isinstance(data, dict):
        raise ProviderError("Byteful's catalog cannot be read: it is not an object.")
    entries: dict[str, CatalogEntry] = {}
    for code, row in data.items():
        try:
            entries[code] = CatalogEntry.model_validate(row)
        except ValidationError as error:
            fields = [str(problem["loc"][-1]) for problem in error.errors() if problem["loc"]]
            _log.warning("byteful_product_unreadable", product=clean(code, 64), fields=fields)
    return entries


def without_prefix(row: object, prefix: str) -> object:
    """A row with the vendor's `residential_` or `mobile_ledger_` taken off its field names."""
    if not prefix or not isinstance(row, dict):
        return row
    return {str(name).removeprefix(prefix): value for name, value in row.items()}

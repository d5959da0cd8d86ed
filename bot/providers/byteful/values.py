"""How Byteful writes a text, an amount, a time or an id, and how each of them is read.

Money is strict: anything but a whole number stops. Times carry no zone and are read as UTC here and nowhere else.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictStr

MAX_TEXT = 300
"""Characters of the provider's own words that are shown or logged."""
MAX_CENTS = 10**12

Json = dict[str, Any]


# Texts

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_MARKUP = re.compile(r"<\s*(?:!doctype|html|head|body)\b", re.IGNORECASE)


def clean(text: object, limit: int = MAX_TEXT) -> str:
    """Text of the provider, fit to show: one line, no control or direction characters, no markup pages, cut."""
    if not isinstance(text, str):
        return ""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return "" if _MARKUP.search(line) else cut(line, limit)


def cut(line: str, limit: int) -> str:
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


# Times


def parse_utc(text: str) -> datetime | None:
    """A time as `2025-03-25 14:25:36` or ISO 8601. Without a zone it is UTC: Byteful names none."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def format_utc(at: datetime) -> str:
    """A time the way Byteful's filters take it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


# Fields of a shape


def _datetime(value: object) -> datetime | None:
    return parse_utc(value) if isinstance(value, str) else None


def _object_or_empty(value: object) -> object:
    return value if isinstance(value, dict) else {}


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else None


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _int_or_none(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


Cents = Annotated[int, Field(strict=True, ge=-MAX_CENTS, le=MAX_CENTS)]
Count = Annotated[int, Field(strict=True, ge=0)]
Flag = Annotated[bool, BeforeValidator(lambda value: value is True)]
"""True only for JSON true: absent, null and anything else are False."""
Text = Annotated[str | None, BeforeValidator(_text_or_none)]
Whole = Annotated[int | None, BeforeValidator(_int_or_none)]
Lower = Annotated[str | None, BeforeValidator(_lower)]
PlaceId = Annotated[StrictStr, BeforeValidator(_lower)]
"""Of a country or a subdivision. Unlike a Lower it has to be there."""
When = Annotated[datetime | None, BeforeValidator(_datetime)]
Object = Annotated[dict[str, Any], BeforeValidator(_object_or_empty)]
Texts = Annotated[
    list[str],
    BeforeValidator(lambda value: [each for each in value if isinstance(each, str)] if isinstance(value, list) else []),
]

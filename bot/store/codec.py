"""Requests and drafts as JSON, with a format number so that old records stay readable.

`FORMAT` is raised when a stored shape changes; `_UPGRADES` then gains one function from each older format to the
next. A record of a format this version does not know is left alone: RecordError, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bot.domain.draft import Draft, WaitingDraft
from bot.domain.errors import RecordError
from bot.domain.ids import RequestId, WorkspaceId
from bot.domain.notice import KINDS, Notice
from bot.domain.pause import Pause
from bot.domain.request import PurchaseRequest
from bot.ports import MessageRef
from bot.store import packing

FORMAT = 8
Json = dict[str, Any]
T = TypeVar("T")


class _Format(Struct):
    format: int


class _StoredRequest(Struct):
    request: PurchaseRequest
    format: int = FORMAT


class _StoredDraft(Struct):
    draft: Draft
    format: int = FORMAT


class _StoredWaiting(Struct):
    waiting: WaitingDraft
    format: int = FORMAT


class _StoredPause(Struct):
    pause: Pause
    format: int = FORMAT


class _StoredNotice(Struct):
    kind: str
    notice: Any
    format: int = FORMAT


def _with_doubt(stored: Json) -> Json:
    """1 → 2: what examining an unclear checkout has shown."""
    if "request" in stored:
        stored["request"]["doubt"] = None
    return {**stored, "format": 2}


def _with_findings(stored: Json) -> Json:
    """2 → 3: each line of history says what a look at the service had shown by then, and who else was told."""
    for entry in stored.get("request", {}).get("history", ()):
        entry.update(findings=[], others=[])
    return {**stored, "format": 3}


def _with_time_zone(stored: Json) -> Json:
    """3 → 4: where the days of a request's spending begin."""
    if "request" in stored:
        stored["request"]["time_zone"] = "UTC"
    return {**stored, "format": 4}


def _with_policy(stored: Json) -> Json:
    """4 → 5: under which policy each approval was given, and which of the provider's answers failed."""
    for approval in stored.get("request", {}).get("approvals", ()):
        approval["policy"] = ""
    return {**stored, "format": 5}


def _with_service(stored: Json) -> Json:
    """5 → 6: an ask may be about a service that runs; none before was."""
    return {**stored, "format": 6}


def _with_budget(stored: Json) -> Json:
    """6 → 7: an approval may find no room in the channel's budget; there were none before."""
    if "request" in stored:
        stored["request"]["over_budget"] = None
    return {**stored, "format": 7}


def _with_opening_quote(stored: Json) -> Json:
    """7 → 8: what was approved is kept beside a later quote, and what an invoice asks for may be unknown."""
    if "request" in stored:
        stored["request"]["opening_quote"] = None
    return {**stored, "format": 8}


_UPGRADES: dict[int, Callable[[Json], Json]] = {
    1: _with_doubt,
    2: _with_findings,
    3: _with_time_zone,
    4: _with_policy,
    5: _with_service,
    6: _with_budget,
    7: _with_opening_quote,
}


def dump_request(request: PurchaseRequest) -> bytes:
    """JSON; packed once nobody decides any more, because such records are kept for ever."""
    raw = msgspec.json.encode(_StoredRequest(request))
    return packing.pack(raw) if request.is_final else raw


def load_request(workspace: WorkspaceId, number: RequestId, raw: bytes) -> PurchaseRequest:
    """The request stored under this number. Raises RecordError when it cannot be understood."""
    try:
        request = _read(packing.unpacked(raw), _StoredRequest).request
    except ValueError as error:
        raise RecordError(f"The record of request #{number} cannot be read.") from error
    return replace(request, workspace=workspace, id=number)  # a new one is given its number while it is written


def dump_draft(draft: Draft) -> bytes:
    return msgspec.json.encode(_StoredDraft(draft))


def load_draft(raw: bytes) -> Draft:
    try:
        return _read(raw, _StoredDraft).draft
    except ValueError as error:
        raise RecordError("A stored draft cannot be read.") from error


def dump_waiting(waiting: WaitingDraft) -> bytes:
    return msgspec.json.encode(_StoredWaiting(waiting))


def load_waiting(raw: bytes, version: int) -> WaitingDraft:
    try:
        return replace(_read(raw, _StoredWaiting).waiting, version=version)
    except ValueError as error:
        raise RecordError("A draft that waits for its price cannot be read.") from error


def dump_pause(pause: Pause) -> bytes:
    return msgspec.json.encode(_StoredPause(pause))


def load_pause(raw: bytes) -> Pause:
    try:
        return _read(raw, _StoredPause).pause
    except ValueError as error:
        raise RecordError("The record of a pause cannot be read.") from error


def dump_notice(notice: Notice) -> bytes:
    return msgspec.json.encode(_StoredNotice(type(notice).__name__, notice))


def load_notice(raw: bytes) -> Notice:
    try:
        stored = _read(raw, _StoredNotice)
        return msgspec.convert(stored.notice, KINDS[stored.kind])
    except (KeyError, ValueError) as error:
        raise RecordError("The record of a notice cannot be read.") from error


def dump_message(ref: MessageRef) -> bytes:
    return msgspec.json.encode(ref)


def load_message(raw: bytes) -> MessageRef:
    try:
        return msgspec.json.decode(raw, type=MessageRef)
    except ValueError as error:
        raise RecordError("The place of a message cannot be read.") from error


def _read(raw: bytes, stored: type[T]) -> T:
    """Of this format at once; an older one is brought up to it step by step. Raises ValueError for what is neither."""
    if msgspec.json.decode(raw, type=_Format).format == FORMAT:
        return msgspec.json.decode(raw, type=stored)
    return msgspec.convert(_upgraded(msgspec.json.decode(raw)), stored)


def _upgraded(stored: Json) -> Json:
    """Raises RecordError for a format that is not known, ValueError for what has not the shape of its own."""
    while (found := stored["format"]) != FORMAT:
        upgrade = _UPGRADES.get(found)
        if upgrade is None:
            raise RecordError(f"A record has format {found}; this version reads up to {FORMAT}.")
        try:
            stored = upgrade(stored)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no record of format {found}") from error
    return stored

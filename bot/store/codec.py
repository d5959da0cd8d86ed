"""Requests and drafts as JSON, with a format number so that old records stay readable.

`FORMAT` is raised when a stored shape changes; `_UPGRADES` then gains one function from each older format to the
next. A record of a format this version does not know is left alone: RecordError, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from pydantic import TypeAdapter

from bot.domain.budget import Budget
from bot.domain.catalog import Cycle, Filter, Product, Selection
from bot.domain.draft import Draft, WaitingDraft
from bot.domain.errors import RecordError
from bot.domain.finding import Finding, Kind
from bot.domain.ids import RequestId, WorkspaceId
from bot.domain.notice import KINDS, Notice
from bot.domain.pause import Pause
from bot.domain.quote import Change, ChangeKind, LineItem, Quote
from bot.domain.request import (
    Approval,
    Attempt,
    Candidate,
    Doubt,
    Entry,
    Failure,
    Happened,
    Order,
    PurchaseRequest,
    State,
)
from bot.ports import MessageRef
from bot.store import packing

FORMAT = 7
Json = dict[str, Any]


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


_UPGRADES: dict[int, Callable[[Json], Json]] = {
    1: _with_doubt,
    2: _with_findings,
    3: _with_time_zone,
    4: _with_policy,
    5: _with_service,
    6: _with_budget,
}


def dump_request(request: PurchaseRequest) -> bytes:
    """JSON; packed once nobody decides any more, because such records are kept for ever."""
    raw = orjson.dumps({"format": FORMAT, "request": request}, default=_default)
    return packing.pack(raw) if request.is_final else raw


def load_request(workspace: WorkspaceId, number: RequestId, raw: bytes) -> PurchaseRequest:
    """The request stored under this number. Raises RecordError when it cannot be understood."""
    try:
        return _request(workspace, number, _upgraded(orjson.loads(packing.unpacked(raw)))["request"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"The record of request #{number} cannot be read.") from error


def dump_draft(draft: Draft) -> bytes:
    return orjson.dumps({"format": FORMAT, "draft": draft}, default=_default, option=orjson.OPT_NON_STR_KEYS)


def load_draft(raw: bytes) -> Draft:
    try:
        return _draft(_upgraded(orjson.loads(raw))["draft"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError("A stored draft cannot be read.") from error


def dump_waiting(waiting: WaitingDraft) -> bytes:
    return orjson.dumps({"format": FORMAT, "waiting": waiting}, default=_default, option=orjson.OPT_NON_STR_KEYS)


def load_waiting(raw: bytes, version: int) -> WaitingDraft:
    try:
        return _waiting(_upgraded(orjson.loads(raw))["waiting"], version)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError("A draft that waits for its price cannot be read.") from error


def dump_pause(pause: Pause) -> bytes:
    return orjson.dumps({"format": FORMAT, "pause": pause})


def load_pause(raw: bytes) -> Pause:
    try:
        return _pause(_upgraded(orjson.loads(raw))["pause"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError("The record of a pause cannot be read.") from error


def dump_notice(notice: Notice) -> bytes:
    return orjson.dumps({"format": FORMAT, "kind": type(notice).__name__, "notice": notice}, default=_default)


def load_notice(raw: bytes) -> Notice:
    try:
        stored = _upgraded(orjson.loads(raw))
        kind: TypeAdapter[Notice] = TypeAdapter(KINDS[stored["kind"]])
        return kind.validate_python(stored["notice"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError("The record of a notice cannot be read.") from error


def dump_message(ref: MessageRef) -> bytes:
    return orjson.dumps(ref)


def load_message(raw: bytes) -> MessageRef:
    try:
        return MessageRef(**orjson.loads(raw))
    except (TypeError, ValueError) as error:
        raise RecordError("The place of a message cannot be read.") from error


def _default(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no stored form")


def _upgraded(stored: Json) -> Json:
    found = stored["format"]
    while found != FORMAT:
        upgrade = _UPGRADES.get(found)
        if upgrade is None:
            raise RecordError(f"A record has format {found}; this version reads up to {FORMAT}.")
        stored = upgrade(stored)
        found = stored["format"]
    return stored


def _request(workspace: WorkspaceId, number: RequestId, raw: Json) -> PurchaseRequest:
    return PurchaseRequest(
        id=number,
        workspace=workspace,
        version=raw["version"],
        revision=raw["revision"],
        state=State(raw["state"]),
        requester=raw["requester"],
        channel=raw["channel"],
        time_zone=raw["time_zone"],
        reason=raw["reason"],
        product=_product(raw["product"]),
        place=raw["place"],
        selection=_selection(raw["selection"]),
        quote=_quote(raw["quote"]),
        created_at=_time(raw["created_at"]),
        changed_at=_time(raw["changed_at"]),
        expires_at=_time(raw["expires_at"]),
        approvals=tuple(Approval(**{**one, "at": _time(one["at"])}) for one in raw["approvals"]),
        replaced_quote=_quote(raw["replaced_quote"]) if raw["replaced_quote"] else None,
        changes=tuple(Change(**{**one, "kind": ChangeKind(one["kind"])}) for one in raw["changes"]),
        attempt=_attempt(raw["attempt"]) if raw["attempt"] else None,
        doubt=_doubt(raw["doubt"]) if raw["doubt"] else None,
        order=Order(**raw["order"]) if raw["order"] else None,
        failure=Failure(**raw["failure"]) if raw["failure"] else None,
        history=tuple(_entry(one) for one in raw["history"]),
        over_budget=Budget(**raw["over_budget"]) if raw["over_budget"] else None,
    )


def _product(raw: Json) -> Product:
    return Product(**{**raw, "cycles": tuple(Cycle(**cycle) for cycle in raw["cycles"])})


def _selection(raw: Json) -> Selection:
    return Selection(**{**raw, "cycle": Cycle(**raw["cycle"]), "filter": Filter(**raw["filter"])})


def _quote(raw: Json) -> Quote:
    items = tuple(LineItem(**{**item, "filter": Filter(**item["filter"])}) for item in raw["line_items"])
    return Quote(**{**raw, "line_items": items, "quoted_at": _time(raw["quoted_at"])})


def _attempt(raw: Json) -> Attempt:
    return Attempt(**{**raw, "claimed_at": _time(raw["claimed_at"]), "known_services": tuple(raw["known_services"])})


def _doubt(raw: Json) -> Doubt:
    return Doubt(**{**raw, "candidates": tuple(_candidate(one) for one in raw["candidates"])})


def _candidate(raw: Json) -> Candidate:
    return Candidate(**{**raw, "created_at": _time(raw["created_at"]) if raw["created_at"] else None})


def _entry(raw: Json) -> Entry:
    findings = tuple(Finding(**{**one, "kind": Kind(one["kind"])}) for one in raw["findings"])
    happened, others = Happened(raw["happened"]), tuple(raw["others"])
    return Entry(**{**raw, "happened": happened, "at": _time(raw["at"]), "findings": findings, "others": others})


def _draft(raw: Json) -> Draft:
    return Draft(
        **{
            **raw,
            "cycle": Cycle(**raw["cycle"]) if raw["cycle"] else None,
            "filter": Filter(**raw["filter"]),
            "quote": _quote(raw["quote"]) if raw["quote"] else None,
        }
    )


def _waiting(raw: Json, version: int) -> WaitingDraft:
    return WaitingDraft(
        draft=_draft(raw["draft"]),
        product=_product(raw["product"]) if raw["product"] else None,
        since=_time(raw["since"]),
        expires_at=_time(raw["expires_at"]),
        version=version,
    )


def _pause(raw: Json) -> Pause:
    return Pause(
        **{
            **raw,
            "since": _time(raw["since"]),
            "ended_at": _time(raw["ended_at"]) if raw["ended_at"] else None,
        }
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)

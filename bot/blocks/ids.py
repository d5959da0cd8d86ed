"""The names by which Slack reports clicks and submissions back to us.

Messages live for years, so a value here is never renamed and never given another meaning.
"""

from __future__ import annotations

import re
from enum import StrEnum

from bot.blocks import limits
from bot.domain.ids import RequestId
from bot.domain.request import PurchaseRequest


class Action(StrEnum):
    """Buttons. On a request they carry `<id>:<revision>`, on a draft its id."""

    APPROVE = "approve"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    RETRY = "retry"
    REORDER = "reorder"
    MARK_ABSENT = "mark_absent"
    MARK_FOUND = "mark_found"
    SEND_DRAFT = "send_draft"
    EDIT_DRAFT = "edit_draft"
    DISCARD_DRAFT = "discard_draft"
    OPEN_FORM = "open_form"
    OPEN_TOPUP = "open_topup"
    OPEN_INVOICE = "open_invoice"
    USE_SMALLEST = "use_smallest"
    SHOW_REQUEST = "show_request"
    SHOW_REQUESTS = "show_requests"
    SHOW_CREDIT = "show_credit"
    SHOW_DATA = "show_data"
    SHOW_HELP = "show_help"


class Callback(StrEnum):
    """Modals. `private_metadata` is a draft id for BUY and TOPUP, `<id>:<revision>` for the others."""

    BUY = "buy"
    TOPUP = "topup"
    DECLINE = "decline"
    FOUND = "found"


class Shortcut(StrEnum):
    BUY = "buy_proxies"


SERVICE_FIELD = "service"
"""The one input that is not a `catalog.Field`: the service ID of an order found by a person."""
ANYWHERE = "anywhere"
"""The value of the row that clears a network or place: Slack's menus cannot be emptied once something is chosen."""

_REQUEST_VALUE = re.compile(r"([0-9]{1,15}):([0-9]{1,9})")


def block_id(field: str, *reset_by: str) -> str:
    """Slack keeps what was typed while the block id stays the same; a part in `reset_by` that changes empties it."""
    return ":".join((field, *reset_by))[: limits.BLOCK_ID]


def field_of(block: str) -> str:
    """The field an input block belongs to."""
    return block.partition(":")[0]


def request_value(request: PurchaseRequest) -> str:
    """What a click is about, and which revision the person was looking at."""
    return f"{request.id}:{request.revision}"


def parse_request_value(text: str) -> tuple[RequestId, int] | None:
    """The request and revision behind a button's value, None for anything else."""
    match = _REQUEST_VALUE.fullmatch(text)
    if match is None:
        return None
    return RequestId(int(match[1])), int(match[2])

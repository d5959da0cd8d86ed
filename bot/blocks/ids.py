"""The names by which Slack reports clicks and submissions back to us.

Messages live for years, so a value here is never renamed and never given another meaning.
"""

from __future__ import annotations

import re
from enum import StrEnum

from bot.blocks import limits
from bot.domain.ids import RequestId, ServiceId, WorkspaceId
from bot.domain.request import PurchaseRequest


class Action(StrEnum):
    """Buttons. On a request they carry `<id>:<revision>`, on a draft its id, on a summary what was asked for,
    on a service its id, on a page of services `whose:offset`, on an offer of credit the cents.
    """

    APPROVE = "approve"
    APPROVE_OVER_BUDGET = "approve_over_budget"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    RETRY = "retry"
    REORDER = "reorder"
    MARK_ABSENT = "mark_absent"
    MARK_FOUND = "mark_found"
    ADOPT = "adopt"
    SEND_DRAFT = "send_draft"
    EDIT_DRAFT = "edit_draft"
    DISCARD_DRAFT = "discard_draft"
    DISCARD_KEPT = "discard_kept"
    OPEN_FORM = "open_form"
    OPEN_TOPUP = "open_topup"
    OPEN_INVOICE = "open_invoice"
    USE_SMALLEST = "use_smallest"
    SHOW_REQUEST = "show_request"
    SHOW_REQUESTS = "show_requests"
    SHOW_CREDIT = "show_credit"
    SHOW_DATA = "show_data"
    SHOW_HELP = "show_help"
    SHOW_SERVICE = "show_service"
    SHOW_WHY = "show_why"
    SHOW_SERVICES = "show_services"
    TURN_BACK = "turn_back"
    TURN_ON = "turn_on"
    SHOW_CHANNELS_SERVICES = "show_channels_services"
    SHOW_MY_SERVICES = "show_my_services"
    SHOW_ALL_SERVICES = "show_all_services"
    SHOW_OUTSIDE_SERVICES = "show_outside_services"
    STOP_RENEWAL = "stop_renewal"
    KEEP_RENEWING = "keep_renewing"
    LEAVE_RENEWAL = "leave_renewal"
    ADOPT_SERVICE = "adopt_service"
    MORE_DATA = "more_data"
    REPORT = "report"
    REPORT_THIS_MONTH = "report_this_month"
    REPORT_LAST_MONTH = "report_last_month"
    REPORT_30_DAYS = "report_30_days"
    REPORT_SHARE = "report_share"
    REPORT_CSV = "report_csv"
    REPORT_JSON = "report_json"
    REPORT_PICTURE = "report_picture"
    SET_DIGEST = "set_digest"
    SET_DIGEST_MONTHLY = "set_digest_monthly"
    STOP_DIGEST = "stop_digest"


class Callback(StrEnum):
    """Modals. They are about a draft for BUY and TOPUP, `<id>:<revision>` for the others (`view_metadata`)."""

    BUY = "buy"
    TOPUP = "topup"
    DECLINE = "decline"
    FOUND = "found"


class Shortcut(StrEnum):
    BUY = "buy_proxies"
    ASK_ABOUT = "ask_about_message"
    """On a message: its text becomes the reason."""


SERVICE_FIELD = "service"
"""The one input that is not a `catalog.Field`: the service ID of an order found by a person."""
ANYWHERE = "anywhere"
"""The value of the row that clears a network or place: Slack's menus cannot be emptied once something is chosen."""

_SERVICE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_REQUEST_VALUE = re.compile(r"([0-9]{1,15}):([0-9]{1,9})")


def view_metadata(workspace: WorkspaceId, about: str) -> str:
    """`private_metadata` of a modal: what it is about, and in which workspace it was opened. When somebody sends it
    from their own company's screen, Slack says that company is where it comes from.
    """
    return f"{about}@{workspace}"


def parse_view_metadata(text: str) -> tuple[str, WorkspaceId | None]:
    about, _, workspace = text.partition("@")
    return about, WorkspaceId(workspace) if workspace else None


def block_id(field: str, *reset_by: str) -> str:
    """Slack keeps what was typed while the block id stays the same; a part in `reset_by` that changes empties it."""
    return ":".join((field, *reset_by))[: limits.BLOCK_ID]


def field_of(block: str) -> str:
    """The field an input block belongs to."""
    return block.partition(":")[0]


def request_value(request: PurchaseRequest) -> str:
    """What a click is about, and which revision the person was looking at."""
    return f"{request.id}:{request.revision}"


def first_revision_value(request: RequestId) -> str:
    """The same for a request that was just made and of which only the number is at hand."""
    return f"{request}:1"


def parse_request_value(text: str) -> tuple[RequestId, int] | None:
    """The request and revision behind a button's value, None for anything else."""
    match = _REQUEST_VALUE.fullmatch(text)
    if match is None:
        return None
    return RequestId(int(match[1])), int(match[2])


def candidate_value(request: PurchaseRequest, service: ServiceId) -> str:
    """One of several services that could be a request's: `1042:2:API-2041-7730`."""
    return f"{request_value(request)}:{service}"


def parse_candidate_value(text: str) -> tuple[str, ServiceId] | None:
    """The request's value and the service, None for anything else."""
    number, _, rest = text.partition(":")
    revision, _, service = rest.partition(":")
    if parse_request_value(f"{number}:{revision}") is None or not _SERVICE_ID.fullmatch(service):
        return None
    return f"{number}:{revision}", ServiceId(service)

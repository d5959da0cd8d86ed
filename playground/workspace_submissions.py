"""What the ack of a form does to the form: close it, mark its fields, change it, put another on top, or go wrong.

An empty body closes the view. JSON must be a `response_action` Slack knows, complete and nothing more. Everything else
leaves the person before "trouble connecting", and goes on the list of problems.
"""

from __future__ import annotations

import json
from typing import Any

from playground import workspace_views as views
from playground.workspace import Workspace
from playground.workspace_delivery import Receipt
from playground.workspace_model import SlackError, View

TROUBLE = "We had some trouble connecting. Try again?"


class _TroubleError(Exception):
    """An ack of a submission that leaves the person with "trouble connecting"."""


def take_answer(ws: Workspace, view: View, receipt: Receipt) -> None:
    """The ack of a submission: empty closes the view, JSON says otherwise, anything else is trouble."""
    try:
        if not receipt.acked:
            raise _TroubleError(receipt.failure or "")
        if receipt.body == b"":
            _drop(ws, view)
        else:
            _respond(ws, view, receipt.body)
    except SlackError as error:
        _show_trouble(ws, view, error.code)
    except _TroubleError as error:
        _show_trouble(ws, view, str(error) if receipt.acked else None)


def _show_trouble(ws: Workspace, view: View, why: str | None) -> None:
    view.trouble = TROUBLE
    if why:
        ws.note_problem("view_submission", why)
    ws.changed()


def _drop(ws: Workspace, view: View) -> None:
    stack = ws.stacks[view.owner]
    if view.id in stack:
        stack.remove(view.id)
    view.is_open = False
    ws.changed()


def _respond(ws: Workspace, view: View, body: bytes) -> None:
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise _TroubleError("the ack of a submission carries text; Slack takes an empty body or JSON") from error
    keys = {"errors": {"errors"}, "update": {"view"}, "push": {"view"}, "clear": set[str]()}
    action = answer.get("response_action") if isinstance(answer, dict) else None
    if action not in keys:
        raise _TroubleError(f"unknown response_action {action!r}")
    if set(answer) != keys[action] | {"response_action"}:
        raise _TroubleError(f"response_action {action} takes exactly: {', '.join(keys[action]) or 'nothing'}")
    match action:
        case "errors":
            view.errors = _field_errors(view, answer["errors"])
            ws.changed()
        case "update":
            content = views.checked(ws, answer["view"], "view_submission update", "modal")
            views.claim_external_id(ws, content, view)
            views.replace_content(ws, view, content)
        case "push":
            content = views.checked(ws, answer["view"], "view_submission push", "modal")
            views.claim_external_id(ws, content)
            views.push_on(ws, view.owner, content, view.channel)
        case _:
            views.close_all(ws, view.owner)


def _field_errors(view: View, given: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(given, dict) or not given:
        raise _TroubleError("errors must be a non-empty object of block_id to text")
    for block_id, text in given.items():
        if block_id not in inputs:
            raise _TroubleError(f"errors name {block_id!r}, which is not an input block of this view")
        if not isinstance(text, str) or not text:
            raise _TroubleError(f"the error for {block_id!r} is not a text")
    return given

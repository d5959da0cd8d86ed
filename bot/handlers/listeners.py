"""Where Slack's payloads arrive once Bolt has checked them: one listener per kind, then a look into a dict."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.blocks.explanation import explanation_view
from bot.blocks.ids import Action, Callback, Shortcut
from bot.blocks.kit import Message
from bot.domain.catalog import Field
from bot.domain.errors import ReplayError
from bot.handlers import (
    approval,
    commands,
    digests,
    drafts,
    form,
    home,
    install,
    menus,
    orders,
    previews,
    replays,
    report,
    reports,
    sending,
    services,
)
from bot.handlers.errors import explained, message_for
from bot.handlers.front import Front
from bot.handlers.parse import (
    Press,
    actor,
    click,
    command_actor,
    event_actor,
    message_text,
    press,
    raw_text,
)

OPTIONS_TIMEOUT_S = 2.0
"""Slack waits three seconds for a menu's rows."""

Body = dict[str, Any]
_log = structlog.get_logger()


async def _reorder(front: Front, pressed: Press) -> Message | None:
    target = click(pressed.actor, pressed.value)
    if target is None:
        return front.unknown(pressed.actor, pressed.action_id)
    return await previews.reorder(front, pressed, target.request)


async def _open_topup(front: Front, pressed: Press) -> Message | None:
    """An offer of credit carries its cents."""
    amount = int(pressed.value) if pressed.value.isdecimal() and len(pressed.value) < 10 else None
    await form.open_form(front, pressed.actor, drafts.top_up_draft(pressed.actor, amount))
    return None


async def _use_smallest(front: Front, pressed: Press) -> Message | None:
    (form if pressed.view else previews).use_smallest(front, pressed)
    return None


async def _field_changed(front: Front, pressed: Press) -> Message | None:
    form.changed(front, pressed)
    return None


async def _show_help(_front: Front, _pressed: Press) -> Message:
    return commands.help_message()


async def _link_opened(_front: Front, _pressed: Press) -> Message | None:
    return None  # the browser opened it; Slack tells us all the same


def _unknown_form(front: Front, body: Body, name: str) -> Body:
    """In the form itself: closing it without a word would look as if it had been taken."""
    return {"response_action": "update", "view": explanation_view(front.unknown(actor(body), name).text)}


PressHandler = Callable[[Front, Press], Awaitable[Message | None]]
PRESSES: dict[str, PressHandler] = {
    Action.APPROVE: approval.approve,
    Action.APPROVE_OVER_BUDGET: approval.approve_over_budget,
    Action.DECLINE: approval.decline,
    Action.WITHDRAW: approval.withdraw,
    Action.RETRY: approval.retry,
    Action.MARK_ABSENT: approval.mark_absent,
    Action.MARK_FOUND: approval.mark_found,
    Action.ADOPT: approval.adopt,
    Action.REORDER: _reorder,
    Action.SEND_DRAFT: previews.send_draft,
    Action.EDIT_DRAFT: previews.edit_draft,
    Action.OPEN_FORM: previews.edit_draft,
    Action.DISCARD_DRAFT: previews.discard_draft,
    Action.DISCARD_KEPT: previews.discard_kept,
    Action.OPEN_TOPUP: _open_topup,
    Action.OPEN_INVOICE: _link_opened,
    Action.USE_SMALLEST: _use_smallest,
    Action.SHOW_REQUEST: orders.show_pressed,
    Action.SHOW_REQUESTS: orders.requests_pressed,
    Action.SHOW_CREDIT: report.credit_pressed,
    Action.SHOW_DATA: report.data_pressed,
    Action.SHOW_HELP: _show_help,
    Action.SHOW_SERVICE: services.show_pressed,
    Action.SHOW_WHY: services.why_pressed,
    Action.SHOW_SERVICES: services.list_pressed,
    **dict.fromkeys(
        (
            Action.TURN_BACK,
            Action.TURN_ON,
            Action.SHOW_CHANNELS_SERVICES,
            Action.SHOW_MY_SERVICES,
            Action.SHOW_ALL_SERVICES,
            Action.SHOW_OUTSIDE_SERVICES,
        ),
        services.turned,
    ),
    Action.STOP_RENEWAL: services.stop_renewal,
    Action.KEEP_RENEWING: services.keep_renewing,
    Action.LEAVE_RENEWAL: services.leave_renewal,
    Action.ADOPT_SERVICE: services.adopt_pressed,
    Action.MORE_DATA: services.more_data,
    Action.REPORT: reports.pressed,
    Action.REPORT_THIS_MONTH: reports.pressed,
    Action.REPORT_LAST_MONTH: reports.pressed,
    Action.REPORT_30_DAYS: reports.pressed,
    Action.REPORT_SHARE: reports.share_pressed,
    Action.REPORT_CSV: reports.csv_pressed,
    Action.REPORT_JSON: reports.json_pressed,
    Action.REPORT_PICTURE: reports.picture_pressed,
    Action.SET_DIGEST: digests.set_pressed,
    Action.SET_DIGEST_MONTHLY: digests.set_pressed,
    Action.STOP_DIGEST: digests.stop_pressed,
    **dict.fromkeys(Field, _field_changed),
}
SUBMISSIONS: dict[str, Callable[[Front, Body], Awaitable[Body | None]]] = {
    Callback.BUY: sending.submitted,
    Callback.TOPUP: sending.submitted,
    Callback.DECLINE: approval.decline_submitted,
    Callback.FOUND: approval.found_submitted,
}


async def _action(front: Front, body: Body, unmarked: str) -> None:
    pressed = press(body, unmarked)
    handler = PRESSES.get(pressed.action_id) if pressed else None
    if pressed is None or handler is None:
        who = actor(body)
        front.whisper_later(who, front.unknown(who, pressed.action_id if pressed else "none or several at once"))
    else:
        await _pressed(front, pressed, handler)


async def _command(front: Front, body: Body, unmarked: str) -> Body | None:
    who = command_actor(body, unmarked)
    answer = await explained(lambda: commands.dispatch(front, who, raw_text(body)))
    return {"response_type": "ephemeral", "text": answer.text, "blocks": answer.blocks} if answer else None


async def _submission(front: Front, body: Body, _unmarked: str) -> Body | None:
    name = str(body["view"].get("callback_id", ""))
    handler = SUBMISSIONS.get(name)
    return await handler(front, body) if handler else _unknown_form(front, body, name)


async def _options(front: Front, body: Body, _unmarked: str) -> Body:
    try:
        async with asyncio.timeout(OPTIONS_TIMEOUT_S):
            return await menus.options(front, body)
    except Exception as error:
        message_for(error)
        return {"options": []}


async def _shortcut(front: Front, body: Body, _unmarked: str) -> None:
    who = actor(body)
    match body.get("callback_id"):
        case Shortcut.BUY:
            await form.open_form(front, who, drafts.new_draft(who))
        case Shortcut.ASK_ABOUT:
            await form.open_form(front, who, drafts.draft_about(who, message_text(body)))
        case name:
            front.whisper_later(who, front.unknown(who, str(name)))


async def _event(front: Front, body: Body, _unmarked: str) -> None:
    if body["event"].get("type") in install.ENDINGS:
        front.background.spawn(install.ended(front, body))
    if body["event"].get("type") == "app_home_opened" and body["event"].get("tab", "home") == "home":
        front.background.spawn(home.opened(front, event_actor(body)))


Listener = Callable[[Front, Body, str], Awaitable[Body | None]]
"""What its answer says to Slack. The text is the signature of what is still to be looked for among what was here
before, if any: for `Actor`.
"""
COMMAND = "command"
"""A command alone comes without a `type`."""
LISTENERS: dict[str, Listener] = {
    COMMAND: _command,
    "block_actions": _action,
    "view_submission": _submission,
    "block_suggestion": _options,
    "shortcut": _shortcut,
    "message_action": _shortcut,
    "event_callback": _event,
}


async def answered(front: Front, request: AsyncBoltRequest) -> BoltResponse:
    """What Slack is told about a payload that comes from it. What was here before is not done again."""
    body = request.body
    kind = COMMAND if "command" in body else str(body.get("type"))
    listener = LISTENERS.get(kind)
    if listener is None:
        _log.warning("unknown_payload", payload=kind[:80])
        return BoltResponse(status=404)
    signature, unmarked = _signature(request), ""
    if replays.are_found_later(body):
        unmarked = signature
    elif await replays.is_replay(front, body, signature):
        _log.warning("replay_ignored", payload=kind)
        return BoltResponse(status=200)
    answer = await listener(front, body, unmarked)
    return BoltResponse(status=200, body=msgspec.json.encode(answer).decode() if answer else "")


def _signature(request: AsyncBoltRequest) -> str:
    """Socket Mode has none: its envelopes come over our own connection."""
    return next(iter(request.headers.get("x-slack-signature") or ()), "")


async def _pressed(front: Front, pressed: Press, handler: PressHandler) -> None:
    try:
        answer = await explained(lambda: handler(front, pressed))
    except ReplayError:
        _log.warning("replay_ignored", payload="block_actions")
        return
    if answer is not None:
        front.whisper_later(pressed.actor, answer)
    home.pressed(front, pressed, is_answered=answer is not None)

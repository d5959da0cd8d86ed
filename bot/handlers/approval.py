"""Buttons that decide: approve, decline, withdraw, retry, and settling a doubt.

Decisions are written before the ack, so the private answer is already true when it arrives.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec.structs import replace

from bot.blocks import decline_modal, found_modal, notices
from bot.blocks.explanation import explanation_view
from bot.blocks.ids import SERVICE_FIELD, Action, parse_candidate_value, parse_request_value
from bot.blocks.kit import Message, View
from bot.domain.catalog import Field
from bot.domain.errors import ChatError, ProxydeskError
from bot.domain.ids import ServiceId
from bot.domain.intents import CardIntent
from bot.domain.policy import Answer
from bot.domain.request import PurchaseRequest, State
from bot.domain.rules import others_who_may
from bot.handlers.errors import explained, message_for
from bot.handlers.front import UNKNOWN_BUTTON, Front
from bot.handlers.parse import Actor, Press, actor, block_of, click, subject, typed
from bot.usecases import decide
from bot.usecases.decide import Click, Decision, Result
from bot.usecases.desk import utcnow

WRITTEN_ONCE = frozenset({Action.APPROVE, Action.WITHDRAW})
_SERVICE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def finds_replays(body: Mapping[str, Any]) -> bool:
    """Whether this click ends in a step or a note, which are written once for its signature and tell when it was here
    before. So no look at that has to come first, with a wait for the disk of its own.
    """
    actions = body.get("actions") or []
    pressed = actions[0] if len(actions) == 1 else {}
    return pressed.get("action_id") in WRITTEN_ONCE and parse_request_value(str(pressed.get("value") or "")) is not None


async def approve(front: Front, press: Press) -> Message:
    return await _decided(front, press, lambda click: decide.approve(front.desk, click), _approved)


async def approve_over_budget(front: Front, press: Press) -> Message:
    return await _decided(front, press, lambda click: decide.approve_beyond(front.desk, click), _approved)


async def withdraw(front: Front, press: Press) -> Message:
    lead = "You withdrew this request."
    return await _decided(front, press, lambda click: decide.withdraw(front.desk, click), lambda _: lead)


async def mark_absent(front: Front, press: Press) -> Message:
    return await _decided(front, press, lambda click: decide.mark_absent(front.desk, click), _absent)


async def adopt(front: Front, press: Press) -> Message:
    """One of several candidates is the one. It is looked up at the provider before anything is recorded."""
    parsed = parse_candidate_value(press.value)
    target = click(press.actor, parsed[0]) if parsed else None
    if parsed is None or target is None:
        return front.unknown(press.actor, press.action_id)

    async def work() -> Message:
        decision = await decide.mark_found(front.desk, target, parsed[1])
        return await _answer(front, press.actor, decision, lambda _: f"Recorded: it is {parsed[1]}.")

    return await front.soon(press.actor, work, notices.sentence("Looking it up at the provider…"))


async def retry(front: Front, press: Press) -> Message:
    """Needs a fresh price, so the answer may come a moment after the ack."""

    async def work() -> Message:
        return await _decided(front, press, lambda click: decide.retry(front.desk, click), _retried)

    return await front.soon(press.actor, work, notices.sentence("Asking for a fresh price. Nothing is bought yet."))


async def decline(front: Front, press: Press) -> Message | None:
    is_optional = _reason_is_optional(front)
    return _ask(front, press, lambda request: decline_modal.decline(request, is_optional=is_optional))


async def mark_found(front: Front, press: Press) -> Message | None:
    return _ask(front, press, found_modal.found)


async def decline_submitted(front: Front, body: dict[str, Any]) -> dict[str, Any] | None:
    """The reason is in. Refusals come back into the form, so nothing typed is lost unexplained."""
    view, who = body["view"], actor(body)
    reason = typed(view, Field.REASON)
    if not reason and not _reason_is_optional(front):
        return {"response_action": "errors", "errors": {block_of(view, Field.REASON): "Say why, in a few words."}}
    return await _submitted(front, who, view, lambda click: decide.decline(front.desk, click, reason))


async def found_submitted(front: Front, body: dict[str, Any]) -> dict[str, Any] | None:
    """The named service is looked up at the provider, so the outcome follows privately."""
    view, who = body["view"], actor(body)
    target = click(who, subject(view))
    block, service = block_of(view, SERVICE_FIELD), typed(view, SERVICE_FIELD)
    if target is None:
        return _shown(explanation_view(UNKNOWN_BUTTON))
    if block is not None and not _SERVICE_ID.fullmatch(service):
        return {"response_action": "errors", "errors": {block: "Write the service ID as the dashboard shows it."}}

    async def work() -> Message:
        decision = await decide.mark_found(front.desk, target, ServiceId(service) if service else None)
        return await _answer(front, who, decision, _found)

    async def later() -> None:
        await front.whisper(who, await explained(work))

    front.background.spawn(later())
    return None


def _reason_is_optional(front: Front) -> bool:
    return front.desk.policy().decline_reason is Answer.OPTIONAL


def _ask(front: Front, press: Press, form: Callable[[PurchaseRequest], View]) -> Message | None:
    """Open the form at once and judge meanwhile: whoever may not is told in the form itself."""
    target = click(press.actor, press.value)
    if target is None or press.actor.trigger_id is None:
        return front.unknown(press.actor, press.action_id)
    front.background.spawn(_open_and_judge(front, press.actor, target, form))
    return None


async def _open_and_judge(front: Front, who: Actor, target: Click, form: Callable[[PurchaseRequest], View]) -> None:
    try:
        request = await front.store.get(target.workspace, target.request)
        if request is None:
            await front.whisper(who, notices.sentence(UNKNOWN_BUTTON))
            return
        opened = await front.chat.open_view(who.trigger_id or "", form(request))
        decision = await decide.may_decide(front.desk, target)
        if decision.result is not Result.DONE or decision.request is None or _is_over(decision.request):
            message = await _answer(front, who, decision, lambda _: "It is too late for that.")
            await front.chat.update_view(opened.id, explanation_view(message.text))
    except ChatError as error:
        if error.code != "not_found":  # closed already: nothing is left to explain
            await front.whisper(who, message_for(error))
    except ProxydeskError as error:
        await front.whisper(who, message_for(error))


def _is_over(request: PurchaseRequest) -> bool:
    return request.state not in (State.PENDING, State.IN_DOUBT)


async def _submitted(
    front: Front, who: Actor, view: dict[str, Any], run: Callable[[Click], Awaitable[Decision]]
) -> dict[str, Any] | None:
    target = click(who, subject(view))
    if target is None:
        return _shown(explanation_view(UNKNOWN_BUTTON))
    try:
        decision = await run(target)
        message = await _answer(front, who, decision, lambda _: "Recorded: you declined this request.")
    except Exception as error:
        return _shown(explanation_view(message_for(error).text))
    if decision.result is Result.DONE and decision.request is not None:
        front.whisper_later(replace(who, channel=decision.request.channel), message)
        return None
    return _shown(explanation_view(message.text))


def _shown(view: View) -> dict[str, Any]:
    return {"response_action": "update", "view": view}


async def _decided(
    front: Front,
    press: Press,
    run: Callable[[Click], Awaitable[Decision]],
    lead: Callable[[PurchaseRequest], str],
) -> Message:
    target = click(press.actor, press.value)
    if target is None:
        return front.unknown(press.actor, press.action_id)
    return await _answer(front, press.actor, await run(target), lead)


async def _answer(front: Front, who: Actor, decision: Decision, lead: Callable[[PurchaseRequest], str]) -> Message:
    """What the click came to, true at this moment. A card that misled somebody is drawn again."""
    request = decision.request
    if request is None:
        return notices.sentence("There is no such request here. Look at `/proxy requests`.")
    match decision.result:
        case Result.DONE:
            return notices.state_now(request, lead=lead(request))
        case Result.REFUSED if decision.verdict is not None:
            name, holders = decision.role or front.desk.approver_role()
            may = others_who_may(await front.desk.directory.holders(holders), request.requester)
            return notices.refused(decision.verdict, name, sorted(may))
        case Result.OVER_BUDGET:
            await _redraw(front, request)
            return notices.state_now(request, lead="Nothing was bought: the budget has no room for this.")
        case Result.TOO_EARLY:
            lead_early = "It is too early to say that nothing was bought: a slow purchase may still appear."
            return notices.state_now(request, lead=lead_early)
        case Result.CHANGED:
            await _redraw(front, request)
            return notices.state_now(
                request, lead="This changed since that card was drawn; nothing was done. Look again:"
            )
        case _:
            await _redraw(front, request)
            return notices.state_now(request, lead=f"Your click changed nothing. {_why_late(request, who)}".strip())


def _why_late(request: PurchaseRequest, who: Actor) -> str:
    if any(approval.by == who.user for approval in request.approvals):
        return "You approved it already."
    return ""


async def _redraw(front: Front, request: PurchaseRequest) -> None:
    await front.store.ask(request.workspace, CardIntent(request.id), utcnow())
    await front.desk.nudge(request)


def _absent(request: PurchaseRequest) -> str:
    return f"Recorded: nothing was {_done(request)}."


def _found(request: PurchaseRequest) -> str:
    return f"Recorded: it was {_done(request)}."


def _done(request: PurchaseRequest) -> str:
    return "changed" if request.selection.is_about_renewal else "bought"


def _retried(request: PurchaseRequest) -> str:
    is_about_renewal = request.selection.is_about_renewal
    if request.state is State.APPROVED and is_about_renewal:
        return f"Recorded: the approval it has still counts. {_is_asked(request)}"
    if request.state is State.APPROVED:
        return "Recorded: it is bought on the approval it has. The price is taken again first."
    return (
        "It needs a fresh approval." if is_about_renewal else "A fresh price is on the card. It needs a fresh approval."
    )


def _approved(request: PurchaseRequest) -> str:
    if request.state is not State.APPROVED:
        return "Recorded: your approval counts."
    if request.selection.is_about_renewal:
        return f"Recorded: you approved it. {_is_asked(request)}"
    return "Recorded: you approved it. The price is taken again, then it is bought."


def _is_asked(request: PurchaseRequest) -> str:
    what = "stop the renewal" if request.selection.stops_renewal else "renew it again"
    return f"Byteful is asked to {what}; the card says when that is done."

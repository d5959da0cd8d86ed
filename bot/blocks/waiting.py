"""What people see while the provider gives no price: an ask that is kept, what became of it, and why nothing moves."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks import kit, limits, text
from bot.blocks.ids import Action
from bot.blocks.kit import Block, Element, Message, View
from bot.domain.draft import Draft, WaitingDraft
from bot.domain.pause import Pause

NO_PRICE = "Byteful gives no price at the moment."
SEND_ANYWAY = (
    "You can send it all the same: it is kept and goes to the approvers with its real price as soon as there is one."
)


def no_price(outage: str) -> str:
    """In place of a price, beside the button that sends all the same. `outage` is finished mrkdwn."""
    return f":warning: *{NO_PRICE}* {outage}\n{SEND_ANYWAY}"


def kept(waiting: WaitingDraft) -> Message:
    """In place of a preview that was sent."""
    said = _kept(waiting)
    return kit.message(said, kit.section(said), kit.actions(_discard(waiting)))


def kept_view(waiting: WaitingDraft) -> View:
    """In place of a form that was sent."""
    wayout = f"Until then {text.code('/proxy requests')} lists it, with a way to discard it."
    return kit.modal("Waiting for its price", [kit.section(_kept(waiting)), kit.section(wayout)])


def _kept(waiting: WaitingDraft) -> str:
    draft = waiting.draft
    there = f" in {text.channel(draft.channel)}" if draft.channel else ""
    return (
        f":hourglass_flowing_sand: *Kept, waiting for its price*\n{_what(waiting)}. {NO_PRICE} "
        "Nothing was sent to the approvers yet and nothing was bought. "
        f"It is posted{there} with its real price as soon as Byteful answers; you get a direct message then, "
        f"or {text.when(waiting.expires_at)} if it still has none."
    )


def discarded() -> Message:
    said = "Discarded. It was still waiting for its price: no approver has seen it and nothing was bought."
    return kit.message(said, kit.section(said))


def not_waiting() -> Message:
    said = f"This does not wait for a price any more, so nothing was discarded. Look at {text.code('/proxy requests')}."
    return kit.message(said, kit.section(said))


# Lists


def lines(waiting: Sequence[WaitingDraft]) -> list[str]:
    """For the text of a list; empty when nothing waits."""
    if not waiting:
        return []
    return ["*Waiting for a price*", *(_line(one) for one in waiting[: limits.LISTED])]


def blocks(waiting: Sequence[WaitingDraft]) -> list[Block]:
    if not waiting:
        return []
    shown = [kit.section(_line(one), _discard(one)) for one in waiting[: limits.LISTED]]
    more = len(waiting) - len(shown)
    return [kit.header("Waiting for a price"), *shown, *([kit.context(f"and {more:,} more")] if more > 0 else [])]


def banner(pause: Pause | None, is_away: bool) -> list[Block]:
    """Why nothing moves now; empty when nothing stands in the way."""
    if pause is not None:
        why = "asks for a second factor" if pause.wants_second_factor else "refuses our keys"
        said = (
            f":warning: *Purchases are paused.* Byteful {why} since {text.when(pause.since)}. "
            "What is asked and approved is kept and goes on by itself afterwards."
        )
        return [kit.section(said)]
    if is_away:
        said = ":warning: *Byteful does not answer at the moment.* You can still ask: what has no price yet is kept"
        return [kit.section(f"{said} and goes to the approvers as soon as it has one. Nothing is bought meanwhile.")]
    return []


def _line(waiting: WaitingDraft) -> str:
    return f"{_what(waiting)}\nWaiting for a price since {text.when(waiting.since)} · not with the approvers yet"


def _what(waiting: WaitingDraft) -> str:
    """Prepared for mrkdwn. Without a catalog there is only the product's code to go by."""
    draft, product = waiting.draft, waiting.product
    if draft.selection is None:
        return "Something without a product"
    if product is not None:
        subject = text.words(text.subject(draft.selection, product))
    else:
        subject = f"{draft.selection.quantity:,} × {text.code(draft.selection.product_code)}"
    if draft.selection.is_top_up or draft.selection.is_about_renewal:
        return subject
    return f"{subject} for {text.cycle_words(draft.selection.cycle)}"


def _discard(waiting: WaitingDraft) -> Element:
    return kit.button("Discard", Action.DISCARD_KEPT, waiting.draft.id)


# News by direct message


def unpriced(ended: WaitingDraft) -> Message:
    """Byteful answers again, and the ask cannot be priced as it stands."""
    found = "\n".join(f"• {text.prose(sentence)}" for sentence in ended.draft.problems.values())
    said = (
        f"Byteful answers again, but there is no price for what you asked for: {_what(ended)}. "
        "It was not sent to the approvers and nothing was bought."
    )
    return _returned(f"{said}\n{found}" if found else said, ended.draft)


def lapsed(ended: WaitingDraft) -> Message:
    said = (
        f"Byteful gave no price for what you asked for {text.when(ended.since)}: {_what(ended)}. "
        "It has waited long enough and is dropped: no approver has seen it and nothing was bought."
    )
    return _returned(said, ended.draft)


def _returned(said: str, draft: Draft) -> Message:
    edit = kit.button("Edit and send again", Action.EDIT_DRAFT, draft.id, style="primary")
    return kit.message(said, kit.section(f":warning: {said}"), kit.actions(edit))


def paused(pause: Pause) -> Message:
    """For admins: what happened, what did not, and what to do."""
    if pause.wants_second_factor:
        why = "asks for a second factor"
        to_do = (
            "Byteful wants a person to confirm that it is really you. Sign in to Byteful's dashboard with the account "
            "that owns the API keys and confirm the second factor there: the code it sends by e-mail or shows in your "
            "authenticator app. The bot has no place to enter such a code. If you did not expect this, check in the "
            "dashboard who uses the keys."
        )
    else:
        why = "refuses our keys"
        to_do = (
            "Check in Byteful's dashboard whether the API keys were revoked, replaced or lost a right, and whether the "
            "account is in good standing. New keys go into the bot's settings; restart it afterwards."
        )
    said = (
        f"*Purchases are paused: Byteful {why}.*\nIts words: {text.quoted(pause.reason, limits.DETAIL)} "
        "Nothing is bought while this lasts; requests and approvals are kept.\n"
        f"*What to do:* {to_do}\n"
        "The bot looks again every minute and goes on by itself; you get one message then. "
        f"Reference {text.code(pause.id)}."
    )
    return kit.message(said, kit.section(f":warning: {said}"))


def resumed(pause: Pause) -> Message:
    until = f" until {text.when(pause.ended_at)}" if pause.ended_at else ""
    said = (
        f"*Purchases go on.* Byteful takes our keys again. They were paused from {text.when(pause.since)}{until}; "
        "what was approved meanwhile goes on now, oldest first, if its price still holds. "
        f"Reference {text.code(pause.id)}."
    )
    return kit.message(said, kit.section(f":white_check_mark: {said}"))

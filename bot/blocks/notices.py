"""Short messages: what happened to a request, what a click came to, what went wrong and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks import buttons, kit, limits, price, story, text
from bot.blocks.ids import Action
from bot.blocks.kit import Block, Message
from bot.domain.ids import DraftId, UserId
from bot.domain.policy import Verdict
from bot.domain.request import TRANSITIONS, Entry, Happened, PurchaseRequest, State

LED_TO = {Happened(event.__name__.lower()): target for (_, event), target in TRANSITIONS.items()}
LED_TO[Happened.SUBMITTED] = State.PENDING
"""The state each event leads to, from the table of a request's life."""

_DECIDED_BEFORE = frozenset({Happened.REOPENED, Happened.REFUSED, Happened.UNCLEAR})
"""What an approver has to hear about although nobody clicked."""


# What happened to a request


def thread_notice(request: PurchaseRequest, entry: Entry) -> Message:
    """One event, for those who follow the card. Names the last approver when it needs one again."""
    addressed = ""
    approval = request.last(Happened.APPROVED)
    if entry.happened in _DECIDED_BEFORE and approval and approval.by:
        addressed = f"{text.mention(approval.by)} "
    return _notice(request, entry, addressed, _invoice(request, entry))


def direct_notice(request: PurchaseRequest, entry: Entry) -> Message:
    """The same event for the person who asked, with what they can do next."""
    return _notice(request, entry, f"Your request {text.number(request.id)}, {story.wanted(request)}: ", _next(request))


def _invoice(request: PurchaseRequest, entry: Entry) -> list[kit.Element]:
    """The way to pay, beside the news that there is something to pay."""
    link = buttons.open_invoice(request) if entry.happened in (Happened.ORDERED, Happened.FOUND) else None
    return [link] if link else []


def _next(request: PurchaseRequest) -> list[kit.Element]:
    offered = [buttons.open_invoice(request)]
    if request.state in (State.DECLINED, State.WITHDRAWN, State.EXPIRED, State.FAILED):
        offered.append(buttons.reorder(request))
    return [*(button for button in offered if button), buttons.show(request)]


def _notice(request: PurchaseRequest, entry: Entry, lead: str, offered: list[kit.Element]) -> Message:
    said = f"{lead}{_happened(request, entry)}{_now(request, entry)}"
    note = entry.note or ""
    blocks: list[Block] = [kit.section(said), *kit.passage(note)]
    if offered:
        blocks.append(kit.actions(*offered))
    return kit.message(f"{said} {text.quoted(note)}" if note else said, *blocks)


def _now(request: PurchaseRequest, entry: Entry) -> str:
    """A notice may be late: then it says so instead of leaving an old truth standing."""
    if _is_newest(request, entry) or request.state is LED_TO[entry.happened]:
        return ""
    return f"\nBy now: *{text.state_words(request.state)}*"


def _is_newest(request: PurchaseRequest, entry: Entry) -> bool:
    return entry.version == request.version


def _happened(request: PurchaseRequest, entry: Entry) -> str:
    match entry.happened:
        case Happened.ORDERED | Happened.FOUND:
            return _ordered(request, entry)
        case Happened.REFUSED | Happened.ABSENT:
            return _not_bought(request, entry)
        case Happened.UNCLEAR:
            return _unclear(request, entry)
        case Happened.REOPENED:
            return _reopened(request, entry)
        case Happened.DECLINED | Happened.WITHDRAWN | Happened.EXPIRED:
            return f"{story.line(request, entry)}. Nothing was bought."
        case Happened.RETRIED:
            return f"{story.line(request, entry)}. {text.money(request.quote.total)} is waiting for approval."
        case _:
            return f"{story.line(request, entry)}."


def _ordered(request: PurchaseRequest, entry: Entry) -> str:
    order = request.order
    lead = ":package: *Ordered.*" if entry.happened is Happened.ORDERED else f":package: {story.line(request, entry)}."
    service = f" Service ID {text.code(order.service_id)}." if order and order.service_id else ""
    status = story.delivery(order) if order else None
    delivery = f" Status at the provider: {status}." if status else ""
    differs = story.tolerated(request)
    return f"{lead} {story.ordered(request)}{service}{delivery}" + (f"\n{differs}" if differs else "")


def _not_bought(request: PurchaseRequest, entry: Entry) -> str:
    if not _is_newest(request, entry):
        return f"{story.line(request, entry)}. Nothing was bought by that attempt."
    if entry.happened is Happened.ABSENT:
        return f":x: {story.line(request, entry)}. An approver can try again."
    return f":x: *Nothing was bought.*{story.failure(request)} An approver can try again."


def _unclear(request: PurchaseRequest, entry: Entry) -> str:
    if not _is_newest(request, entry):
        return f"{story.line(request, entry)}."
    looked_for = "" if request.selection.is_top_up else " It is being looked for at the provider."
    said = ":warning: *Unclear whether it was bought. Do not buy it again.*"
    return f"{said}{story.failure(request)}{looked_for} {story.SETTLE}"


def _reopened(request: PurchaseRequest, entry: Entry) -> str:
    newest = request.last(Happened.REOPENED, Happened.RETRIED, Happened.CLAIMED)
    if newest is None or newest.version != entry.version:
        return f"{story.line(request, entry)}. Nothing was bought by that approval."
    lines = "".join(f"\n{price.change(found)}" for found in request.changes[:10])
    total = price.in_short(request.quote)
    return f"Something changed after the approval, so nothing was bought. It needs a fresh decision: {total}.{lines}"


def not_in_channel(request: PurchaseRequest, card: Message) -> Message:
    """The card for the requester alone, because its channel cannot be written to."""
    there = text.channel(request.channel)
    said = (
        f"This card belongs in {there}, but Proxydesk cannot write there, so approvers do not see it. "
        f"Invite Proxydesk to {there}, or ask an approver to look at `/proxy requests`."
    )
    return kit.message(f"{said}\n{card.text}", kit.section(f":warning: {said}"), *card.blocks)


# What a click came to


def refused(verdict: Verdict, role: str, holders: Sequence[UserId]) -> Message:
    """Why somebody may not, and who may."""
    said = [text.prose(verdict.sentence) or "You may not do this.", "Nothing changed."]
    if verdict.rule != "own_request":
        named = text.mentions(holders)
        said.append(f"The role {text.code(role)} is held by {named}." if named else _nobody(role))
    return _said(" ".join(said), ":no_entry:")


def _nobody(role: str) -> str:
    return f"Nobody who could be named holds the role {text.code(role)}. Ask an admin of Proxydesk."


def state_now(request: PurchaseRequest, *, lead: str = "") -> Message:
    """The true present state, for one person whose click came late or changed nothing. `lead` is plain words."""
    said = [
        text.prose(lead),
        f"{text.number(request.id)}, {buttons.total_line(request)}.",
        f"*{text.state_words(request.state)}.* {story.present(request)}",
    ]
    return _said("\n".join(line for line in said if line), "", buttons.show(request))


def sentence(words: str) -> Message:
    """One sentence of ours for one person. Escaped here; `*` and backticks work, line breaks do not."""
    return _said(text.prose(words, limits.FALLBACK))


def error(what_happened: str, what_not: str, what_to_do: str, reference: str) -> Message:
    """What happened, what did not, what to do, and the reference to find it in the log."""
    said = " ".join(text.prose(part) for part in (what_happened, what_not, what_to_do) if part)
    return _said(f"{said} Reference {text.code(reference)}." if reference else said, ":warning:")


def form_lost(draft: DraftId) -> Message:
    said = "The form could not be opened in time. Nothing was sent, and what you chose so far is kept."
    return _said(said, ":warning:", kit.button("Open the form", Action.OPEN_FORM, draft, style="primary"))


def unknown_word(word: str, nearest: Sequence[str], usage: str) -> Message:
    """A word in a command that fits nothing, what was perhaps meant, and how it is written."""
    said = f"{text.quoted(word, 100)} is not something I know here."
    if nearest:
        said += f" Did you mean {' or '.join(text.code(near) for near in nearest[:3])}?"
    return _said(f"{said} Usage: {text.code(usage, 300)}. Nothing was sent.")


def _said(said: str, sign: str = "", *offered: kit.Element) -> Message:
    """`said` is finished mrkdwn; the sign is for those who see it, the words are complete without it."""
    blocks: list[Block] = [kit.section(f"{sign} {said}".strip())]
    if offered:
        blocks.append(kit.actions(*offered))
    return kit.message(said, *blocks)

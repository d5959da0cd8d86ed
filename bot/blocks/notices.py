"""Short messages: what happened to a request, what a click came to, what went wrong and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.blocks import buttons, delivery, kit, limits, price, story, text
from bot.blocks.ids import Action
from bot.blocks.kit import Block, Message
from bot.domain import invoice
from bot.domain.delivery import news
from bot.domain.ids import DraftId, UserId
from bot.domain.policy import Verdict
from bot.domain.request import TRANSITIONS, Entry, Happened, PurchaseRequest, State

LED_TO = {Happened(event.__name__.lower()): target for (_, event), target in TRANSITIONS.items()}
LED_TO[Happened.SUBMITTED] = State.PENDING
"""The state each event leads to, from the table of a request's life."""

_DECIDED_BEFORE = frozenset({Happened.REOPENED, Happened.REFUSED, Happened.UNCLEAR, Happened.EXAMINED})
"""What an approver has to hear about although nobody clicked."""
_BOUGHT = frozenset({Happened.ORDERED, Happened.FOUND})


# What happened to a request


def thread_notice(request: PurchaseRequest, entry: Entry) -> Message:
    """One event, for those who follow the card, naming those who have to hear of it."""
    named = text.mentions(_addressed(request, entry))
    return _notice(request, entry, f"{named} " if named else "", _invoice(request, entry))


def _addressed(request: PurchaseRequest, entry: Entry) -> Sequence[UserId]:
    """The last approver when it needs one again, all of them when it was billed otherwise than they approved."""
    approval = request.last(Happened.APPROVED)
    concerns_approver = entry.happened in _DECIDED_BEFORE or request.is_bought_after_all(entry)
    if concerns_approver and approval and approval.by:
        return [approval.by]
    if entry.happened in _BOUGHT and story.is_billed_otherwise(request):
        return [one.by for one in request.approvals]
    return _payers(request) if invoice.is_reminder(request, entry) else ()


def direct_notice(request: PurchaseRequest, entry: Entry, user: UserId | None = None) -> Message:
    """The same event for the person who asked, or for `user` who has to know, with what they can do next."""
    which = f"{text.number(request.id)}, {story.wanted(request)}"
    if user is None or user == request.requester:
        return _notice(request, entry, f"Your request {which}: ", _next(request))
    return _notice(request, entry, f"Request {which}, asked by {text.mention(request.requester)}: ", _next(request))


def _invoice(request: PurchaseRequest, entry: Entry) -> list[kit.Element]:
    """The way to pay, beside the news that there is something to pay."""
    link = buttons.open_invoice(request) if invoice.asks_to_pay(request, entry) else None
    return [link] if link else []


def _payers(request: PurchaseRequest) -> tuple[UserId, ...]:
    """Whom to ask to pay: those who alone have the link, else who asked for it."""
    return (invoice.held_by(request.order) if request.order else None) or (request.requester,)


def _next(request: PurchaseRequest) -> list[kit.Element]:
    offered = [buttons.open_invoice(request)]
    if request.state in (State.DECLINED, State.WITHDRAWN, State.EXPIRED, State.FAILED):
        offered.append(buttons.reorder(request))
    return [*(button for button in offered if button), buttons.show(request)]


def _notice(request: PurchaseRequest, entry: Entry, lead: str, offered: list[kit.Element]) -> Message:
    said = f"{lead}{_happened(request, entry)}{_now(request, entry)}"
    note = entry.note or _for_support(request, entry)
    blocks: list[Block] = [kit.section(said), *kit.passage(note)]
    if offered:
        blocks.append(kit.actions(*offered))
    return kit.message(f"{said} {text.quoted(note)}" if note else said, *blocks)


def _now(request: PurchaseRequest, entry: Entry) -> str:
    """A notice may be late: then it says so instead of leaving an old truth standing."""
    if _is_newest(request, entry) or request.state is LED_TO[entry.happened]:
        return ""
    return f"\nBy now: *{story.state_words(request)}*"


def _is_newest(request: PurchaseRequest, entry: Entry) -> bool:
    return entry.version == request.version


def _happened(request: PurchaseRequest, entry: Entry) -> str:
    return _TELLS.get(entry.happened, _plainly)(request, entry)


def _plainly(request: PurchaseRequest, entry: Entry) -> str:
    return f"{story.line(request, entry)}."


def _ended(request: PurchaseRequest, entry: Entry) -> str:
    return f"{story.line(request, entry)}. {story.nothing(request)}"


def _retried(request: PurchaseRequest, entry: Entry) -> str:
    return f"{story.line(request, entry)}. {text.money(request.quote.total)} is waiting for approval."


def _submitted(request: PurchaseRequest, entry: Entry) -> str:
    """Told only of what had to wait for its price."""
    priced = f": {story.price_in_short(request)}" if _is_newest(request, entry) else ""
    there = text.channel(request.channel)
    return f"Byteful answers again and it has its price{priced}. It goes to the approvers in {there}."


def _ordered(request: PurchaseRequest, entry: Entry) -> str:
    order = request.order
    if request.selection.is_about_renewal:
        return f":white_check_mark: *Done.* {story.ordered(request)}"
    lead = f":package: {_ordered_lead(request, entry)}"
    money = f" {said}" if (said := story.ordered(request)) else ""
    service = f" Service ID {text.code(order.service_id)}." if order and order.service_id else ""
    status = story.delivery(order) if order else None
    shown = f" Status at the provider: {status}." if status else ""
    since = f"\n{stands}" if (stands := delivery.standing(request)) else ""
    differs = story.tolerated(request)
    return f"{lead}{money}{service}{shown}{since}" + (f"\n{differs}" if differs else "")


def _ordered_lead(request: PurchaseRequest, entry: Entry) -> str:
    if request.is_bought_after_all(entry):
        return "*It was bought after all. Do not buy it again.* The provider's answer to the first attempt came late."
    return "*Ordered.*" if entry.happened is Happened.ORDERED else f"{story.line(request, entry)}."


def _not_bought(request: PurchaseRequest, entry: Entry) -> str:
    if not _is_newest(request, entry):
        return f"{story.line(request, entry)}. Nothing was bought by that attempt."
    if entry.happened is Happened.ABSENT:
        return f":x: {story.line(request, entry)}. An approver can try again."
    return f":x: *{story.nothing(request)}*{story.failure(request)} An approver can try again."


def _unclear(request: PurchaseRequest, entry: Entry) -> str:
    if not _is_newest(request, entry):
        return f"{story.line(request, entry)}."
    if request.selection.is_about_renewal:
        return f":warning: *Unclear whether it was changed.*{story.failure(request)} {story.doubt(request)}"
    looked_for = "" if request.selection.is_top_up else " It is being looked for at the provider."
    said = ":warning: *Unclear whether it was bought. Do not buy it again.*"
    return f"{said}{story.failure(request)}{looked_for} {story.SETTLE}"


def _followed(request: PurchaseRequest, entry: Entry) -> str:
    """What a look at the service brought. Told late, it gives its time and then what holds by now."""
    said = delivery.sentences(request, news(request, entry)) or _LATE_ANSWER
    service = f" Service ID {text.code(request.order.service_id or '')}." if request.order else ""
    money = story.ordered(request)
    support = " For the provider's support:" if _for_support(request, entry) else ""
    if _is_newest(request, entry):
        asks = f"{money} " if invoice.is_reminder(request, entry) or said is _LATE_ANSWER else ""
        return f":satellite_antenna: {asks}{said}{service}{support}"
    by_now = " ".join(part for part in (money, delivery.standing(request)) if part)
    return f"As of {text.when(entry.at)}: {said}{service}\nBy now: {by_now}{support}"


_LATE_ANSWER = "The provider's answer came late, with the invoice."
"""What a look is told for that has shown nothing new."""


def _for_support(request: PurchaseRequest, entry: Entry) -> str:
    """Only of what is still so: nobody should complain about what has been mended."""
    return delivery.for_support(request, [one for one in news(request, entry) if one in request.findings])


def _examined(request: PurchaseRequest, entry: Entry) -> str:
    if not _is_newest(request, entry):
        return f"{story.line(request, entry)}."
    return f":mag: {story.doubt(request)}"


def _over_budget(request: PurchaseRequest, entry: Entry) -> str:
    if not _is_newest(request, entry):
        return f"{story.line(request, entry)}, so that approval did not count."
    return f":no_entry_sign: *Over budget.* {story.over_budget(request)}".strip()


def _reopened(request: PurchaseRequest, entry: Entry) -> str:
    newest = request.last(Happened.REOPENED, Happened.RETRIED, Happened.CLAIMED)
    if newest is None or newest.version != entry.version:
        return f"{story.line(request, entry)}. Nothing was bought by that approval."
    lines = "".join(f"\n{price.change(found)}" for found in request.changes[:10])
    total = story.price_in_short(request)
    return f"Something changed after the approval, so nothing was bought. It needs a fresh decision: {total}.{lines}"


_TELLS: dict[Happened, Callable[[PurchaseRequest, Entry], str]] = {
    Happened.SUBMITTED: _submitted,
    Happened.CAPPED: _over_budget,
    Happened.ORDERED: _ordered,
    Happened.FOUND: _ordered,
    Happened.REFUSED: _not_bought,
    Happened.ABSENT: _not_bought,
    Happened.UNCLEAR: _unclear,
    Happened.FOLLOWED: _followed,
    Happened.EXAMINED: _examined,
    Happened.REOPENED: _reopened,
    Happened.RETRIED: _retried,
    Happened.DECLINED: _ended,
    Happened.WITHDRAWN: _ended,
    Happened.EXPIRED: _ended,
}
"""What has more to tell than its line of history."""


def not_in_channel(request: PurchaseRequest, card: Message) -> Message:
    """The card for one person, because its channel cannot be written to."""
    there = text.channel(request.channel)
    said = (
        f"This card belongs in {there}, but Proxydesk cannot write there. It is sent by direct message instead, to who "
        f"asked and to those who may decide, and counts the same. Invite Proxydesk to {there} to have it there."
    )
    return kit.message(f"{said}\n{card.text}", kit.section(f":warning: {said}"), *card.blocks)


def copy_of(request: PurchaseRequest, card: Message) -> Message:
    """One person's own copy of a card that stands in its channel again."""
    said = f"A copy of the card in {text.channel(request.channel)}. It counts the same."
    return kit.message(f"{said}\n{card.text}", *card.blocks, kit.context(said))


def stray(request: PurchaseRequest) -> Message:
    """For an admin, once for each time a channel closes to us."""
    there = text.channel(request.channel)
    said = (
        f"*Proxydesk cannot write in {there}.* It was removed from it, or the channel is archived, restricted or gone. "
        f"The card of {text.number(request.id)}, and of other requests from there, goes by direct message to who asked "
        f"and to those who may decide. Nothing is lost and purchases go on. Invite Proxydesk to {there}, or let people "
        "ask in another channel."
    )
    return _said(said, ":warning:", buttons.show(request))


def as_words(message: Message, most: int, request: PurchaseRequest | None = None) -> Message:
    """The same words without a layout, for when Slack does not take it."""
    hint = f"\nFor the buttons type {text.code(f'/proxy show {request.id}')}." if request else ""
    return Message(text.fit(message.text, most - len(hint)) + hint, [])


# What a click came to


_NO_ROLE_HELPS = frozenset({"own_request", "adopted"})


def refused(verdict: Verdict, role: str, holders: Sequence[UserId]) -> Message:
    """Why somebody may not, and who may: `holders`, of the role it takes."""
    said = [text.prose(verdict.sentence) or "You may not do this.", "Nothing changed."]
    if verdict.rule not in _NO_ROLE_HELPS:
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
        f"*{story.state_words(request)}.* {story.present(request, at_hand=False)}",
    ]
    return _said("\n".join(line for line in said if line), "", buttons.show(request))


def sentence(words: str) -> Message:
    """One sentence of ours for one person. Escaped here; `*` and backticks work, line breaks do not."""
    return _said(text.prose(words, limits.FALLBACK))


def error(
    what_happened: str, what_not: str, what_to_do: str, reference: str, provider_request: str | None = None
) -> Message:
    """What happened, what did not, what to do, and the references to find it in our log and in the provider's."""
    said = " ".join(text.prose(part) for part in (what_happened, what_not, what_to_do) if part)
    if reference:
        said += f" Reference {text.code(reference)}."
    if provider_request:
        said += f" Byteful's own: {text.code(provider_request)}."
    return _said(said, ":warning:")


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

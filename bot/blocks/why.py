"""Why a service is there, in one private message: who asked and approved, what it cost, and every change since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.blocks import buttons, delivery, kit, limits, story, text
from bot.blocks.ids import Action
from bot.blocks.kit import Message
from bot.domain.account import Actor, Adjustment, KnownService
from bot.domain.company import NO_PROJECT, NO_TEAM, is_channel_id
from bot.domain.delivery import news
from bot.domain.ids import ServiceId
from bot.domain.ledger import Entry, Kind, own_ids
from bot.domain.request import Approval, Happened, PurchaseRequest
from bot.domain.usage import Service

SILENT = "Byteful does not answer now, so what was changed there is missing here. Ask again later."
OUR_STAMP = frozenset({"service_metadata"})
"""The bot writes into a service's labels who asked for it; that is no change worth telling."""
_ACTORS = {
    Actor.CUSTOMER: "somebody with the account, in the dashboard or by the API",
    Actor.PROVIDER: "Byteful's own people",
    Actor.AUTOMATIC: "Byteful by itself",
    Actor.UNKNOWN: "nobody knows whom",
}
_BOOKED = {
    Kind.RENEWAL: "Renewed",
    Kind.PAID: "Paid",
    Kind.VOID: "Taken back unpaid",
    Kind.REFUND: "Refunded",
    Kind.CREDIT_NOTE: "Given back as credit",
}

Dated = tuple[datetime, str]


def bought(
    request: PurchaseRequest,
    entries: Sequence[Entry],
    adjustments: Sequence[Adjustment] | None,
    hidden: str = "",
    *,
    team: str = NO_TEAM,
    project: str = NO_PROJECT,
) -> Message:
    """A service that one of our requests bought. `hidden` stands in place of all sums, where they are not shown."""
    order = request.order
    service = order.service_id if order and order.service_id else ServiceId("")
    lines = [
        f"*{text.code(service)}* · {story.wanted(request)}",
        f"Asked for by {text.mention(request.requester)} in {text.channel(request.channel)} "
        f"{text.when(request.created_at)}, as *{text.number(request.id)}*.",
        *_counts_for(team, project),
        *([text.quoted(request.reason)] if request.reason else []),
        *(_approved(approval) for approval in request.approvals[:10]),
        *([] if request.approvals else [story.approved(request)]),
        text.prose(hidden) or story.ordered(request) or "Nothing is to pay.",
    ]
    since = [
        *_followed(request, has_sums=not hidden),
        *_booked(request, entries, has_sums=not hidden),
        *_adjusted(adjustments),
    ]
    invoice = None if hidden else buttons.open_invoice(request)
    offered = [*([invoice] if invoice else []), buttons.show(request)]
    return _message("\n".join(lines), since, adjustments, kit.actions(*offered))


def outside(
    known: KnownService | None,
    service: Service,
    entries: Sequence[Entry],
    adjustments: Sequence[Adjustment] | None,
    hidden: str = "",
    *,
    team: str = NO_TEAM,
    project: str = NO_PROJECT,
) -> Message:
    """A service that no request of ours bought."""
    price = "" if hidden else f" · {text.money(service.total)}"
    lines = [
        f"*{text.code(service.id)}* · {text.words(service.name)} · {service.quantity:,}{price}",
        "It was *bought outside the bot*: nobody asked for it or approved it here, and who bought it is not known.",
    ]
    if service.created_at:
        lines.append(f"Created {text.when(service.created_at)}.")
    if known and known.channel:
        by = f" by {text.mention(known.owner)}" if known.owner else ""
        lines += [f"Adopted into {text.channel(known.channel)}{by}.", *_counts_for(team, project)]
    lines += [text.prose(hidden)] if hidden else []
    since = [*_booked(None, entries, has_sums=not hidden), *_adjusted(adjustments)]
    return _message("\n".join(lines), since, adjustments)


def _counts_for(team: str, project: str) -> list[str]:
    """Nothing is said of no team, and of a channel that is its own project."""
    named = [f"the team *{text.words(team)}*"] if team else []
    if project and not is_channel_id(project):
        named.append(f"the project *{text.words(project)}*")
    return [f"Its money counts for {' and '.join(named)}."] if named else []


def unknown(word: str, *, is_certain: bool) -> Message:
    """No request of ours bought it, and it is not among the services the bot has seen."""
    said = f"No request here bought {text.code(word)}"
    rest = "and Byteful knows no such service." if is_certain else f"and whether it exists is not known. {SILENT}"
    markup = f"{said}, {rest}"
    return kit.message(markup, kit.section(markup), kit.actions(kit.button("Requests", Action.SHOW_REQUESTS)))


def no_service(word: str) -> Message:
    markup = f"Request {text.code(word)} bought no service. `/proxy show` tells how it stands."
    return kit.message(markup, kit.section(markup))


def _message(lead: str, since: Sequence[Dated], adjustments: Sequence[Adjustment] | None, *below: kit.Block) -> Message:
    ordered = [f"{text.when(at)} · {words}" for at, words in sorted(since, key=lambda dated: dated[0])]
    shown = ordered[-limits.HISTORY :]
    if earlier := len(ordered) - len(shown):
        shown.insert(0, f"{text.plural(earlier, 'earlier change', 'earlier changes')} left out")
    history = "*Since then*\n" + ("\n".join(shown) or "Nothing has changed.")
    silent = [kit.context(SILENT)] if adjustments is None else []
    fallback = "\n".join([lead, history, *([SILENT] if adjustments is None else [])])
    return kit.message(fallback, kit.section(lead), kit.section(history), *silent, *below)


def _approved(approval: Approval) -> str:
    policy = f", policy {text.code(approval.policy)}" if approval.policy else ""
    return (
        f"Approved by {text.mention(approval.by)} {text.when(approval.at)} "
        f"under the rule {text.code(approval.rule)}{policy}."
    )


def _followed(request: PurchaseRequest, *, has_sums: bool) -> Iterator[Dated]:
    for line in request.history:
        if line.happened in (Happened.ORDERED, Happened.FOUND):
            yield line.at, story.deed(request, line)
        elif line.happened is Happened.FOLLOWED:
            found = news(request, line)
            if said := delivery.sentences(request, found if has_sums else delivery.without_sums(found)):
                yield line.at, said


def _booked(request: PurchaseRequest | None, entries: Sequence[Entry], *, has_sums: bool) -> Iterator[Dated]:
    """What the request's own history does not tell: renewals, and money that came back."""
    known = own_ids(request.id) if request else ()
    for entry in entries:
        if entry.id not in known and entry.kind in _BOOKED:
            yield entry.at, f"{_BOOKED[entry.kind]}{_amount(entry) if has_sums else ''}"


def _amount(entry: Entry) -> str:
    is_open = entry.kind is Kind.RENEWAL and not entry.is_paid
    note = f" ({text.words(entry.note)})" if entry.note else ""
    return f": {text.money(abs(entry.amount))}{', to pay' if is_open else ''}{note}"


def _adjusted(adjustments: Sequence[Adjustment] | None) -> Iterator[Dated]:
    for one in adjustments or ():
        if one.at is not None and one.fields != OUR_STAMP:
            what = f": {', '.join(text.code(name) for name in sorted(one.fields)[:6])}" if one.fields else ""
            yield one.at, f"At Byteful {text.code(one.kind)} by {_ACTORS[one.by]}{what}"

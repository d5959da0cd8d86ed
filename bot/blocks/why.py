"""Why a service is there, in one private message: who asked and approved, what it cost, and every change since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from bot.blocks import alerts, buttons, delivery, kit, limits, story, text
from bot.blocks.ids import Action
from bot.blocks.kit import Message
from bot.domain.account import Actor, Adjustment, KnownService
from bot.domain.company import NO_PROJECT, NO_TEAM, is_channel_id
from bot.domain.delivery import news
from bot.domain.ids import ServiceId
from bot.domain.ledger import Entry, Kind, own_ids
from bot.domain.own_changes import LABELS, RENEWS, is_label
from bot.domain.request import Approval, Happened, PurchaseRequest
from bot.domain.usage import Service

SILENT = "Byteful does not answer now, so what was changed there is missing here. Ask again later."
BOUGHT = "ingestion"
_KINDS = {
    BOUGHT: "Bought",
    "fulfillment": "Delivered",
    "additional_fulfillment": "More was delivered",
    "proxy_replacement": "Proxies were exchanged",
    "remove_proxy": "Proxies were taken away",
    "extension": "Its period was extended",
    "top_up": "Data was added",
    "top_up_and_extension": "Data was added and its period extended",
    "cancel": "Canceled",
}
"""What Byteful calls them (its docs, service adjustments); all others are changes."""
_ACTORS = {
    Actor.CUSTOMER: "with our account, in the dashboard or by the API",
    Actor.PROVIDER: "by Byteful's own people",
    Actor.AUTOMATIC: "by Byteful itself",
    Actor.UNKNOWN: "at Byteful, which does not say by whom",
}
_FIELDS = {
    RENEWS: "whether it renews",
    "service_expiry_datetime": "its end",
    "service_status": "its status",
    "service_total": "its price",
    "service_quantity": "its quantity",
    "service_dispatch_datetime": "when it was delivered",
    "service_promotional_code": "its promo code",
    "service_cycle": "its cycle",
    "service_is_automatic_collection": "whether it is paid by itself",
    "payment_method_id": "how it is paid",
    "open_invoice_id": "its open invoice",
    LABELS: "its labels",
}
_BOOKED = {
    Kind.RENEWAL: "Renewed",
    Kind.PAID: "Paid",
    Kind.VOID: "Taken back unpaid",
    Kind.REFUND: "Refunded",
    Kind.CREDIT_NOTE: "Given back as credit",
}

Dated = tuple[datetime, str]
NONE: Mapping[int, PurchaseRequest] = MappingProxyType({})


def bought(
    request: PurchaseRequest,
    entries: Sequence[Entry],
    adjustments: Sequence[Adjustment] | None,
    hidden: str = "",
    *,
    team: str = NO_TEAM,
    project: str = NO_PROJECT,
    own: Mapping[int, PurchaseRequest] = NONE,
) -> Message:
    """A service that one of our requests bought. `hidden` stands in place of all sums, where they are not shown.

    `own` are the adjustments that requests of ours made.
    """
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
        *_adjusted([one for one in adjustments or () if not _is_purchase(one)], own),
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
    own: Mapping[int, PurchaseRequest] = NONE,
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
    since = [*_booked(None, entries, has_sums=not hidden), *_adjusted(adjustments or (), own)]
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


def _is_purchase(one: Adjustment) -> bool:
    """Of what a request bought that is told already."""
    return one.kind == BOUGHT and one.by is Actor.CUSTOMER


def _adjusted(adjustments: Sequence[Adjustment], own: Mapping[int, PurchaseRequest]) -> Iterator[Dated]:
    for one in adjustments:
        if one.at is None or is_label(one):
            continue
        yield one.at, _decided(own[one.id]) if one.id in own else _changed(one)


def _decided(request: PurchaseRequest) -> str:
    """`Renewal stopped: #1007, approved by @mona`."""
    what = "Renewal stopped" if request.selection.stops_renewal else "Renewal taken up again"
    return f"{what}: {alerts.decision_words(request.id, [approval.by for approval in request.approvals])}"


def _changed(one: Adjustment) -> str:
    what = sorted({_FIELDS.get(name) or text.words(_unknown_field(name)) for name in one.fields})
    return f"{_KINDS.get(one.kind, 'Changed')} {_ACTORS[one.by]}{': ' if what else ''}{', '.join(what[:6])}"


def _unknown_field(name: str) -> str:
    """`service_protocol` → `its protocol`: in words, whatever Byteful comes to call it."""
    return f"its {name.removeprefix('service_').replace('_', ' ')}"

"""Services in lists and one by one: what they are, when they renew, what was used, and what can be done."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.blocks import alerts, buttons, kit, text
from bot.blocks.ids import Action
from bot.blocks.kit import Block, Element, Message
from bot.domain.account import KnownService, ServicePage
from bot.domain.catalog import Cycle
from bot.domain.ids import ChannelId, ServiceId
from bot.domain.request import PurchaseRequest
from bot.domain.usage import Network

_TITLES = {"mine": "Your services", "all": "All services", "outside": "Services bought outside Proxydesk"}
_EMPTY = {
    "mine": "You have no services that run.",
    "all": "No services run in this account.",
    "outside": "Every service that runs belongs to a channel.",
}


NOT_READ_YET = "The services at Byteful have not been read yet: the first time takes a minute or so. Ask again then."


def listing(
    whose: str,
    channel: ChannelId | None,
    page: ServicePage,
    size: int,
    read_at: datetime | None,
    *,
    may_adopt: bool,
    unpriced: Collection[ServiceId] = (),
) -> Message:
    """A page of services. `whose` is `channel`, `mine`, `all` or `outside`; of those `unpriced` no price is shown."""
    title = _title(whose, channel)
    age = f"As of {text.when(read_at)}." if read_at else ""
    ways = kit.actions(*_ways(whose, channel))
    if not page.services:
        said = _empty(whose, channel) if read_at else NOT_READ_YET
        return kit.message(f"{said} {age}".strip(), kit.section(said), ways, *([kit.context(age)] if age else []))
    first, last = page.offset + 1, page.offset + len(page.services)
    head = f"*{title}*: {page.total:,} running"
    if page.total > len(page.services):
        head += f", {first:,} to {last:,} shown"
    lines = [_line(known, whose, has_sums=known.id not in unpriced) for known in page.services]
    blocks: list[Block] = [kit.section(head)]
    blocks += [kit.section(line, _details(known)) for line, known in zip(lines, page.services, strict=True)]
    blocks.append(kit.actions(*_turns(whose, channel, page, size), *_ways(whose, channel)))
    left_out = "Where no price stands, the policy does not show it to you." if unpriced else ""
    note = " ".join(part for part in (_adopt_hint(whose, channel) if may_adopt else "", left_out, age) if part)
    if note:
        blocks.append(kit.context(note))
    return kit.message("\n".join([head, *lines, note]).strip(), *blocks)


def _title(whose: str, channel: ChannelId | None) -> str:
    return f"Services of {text.channel(channel)}" if whose == "channel" and channel else _TITLES.get(whose, "Services")


def _empty(whose: str, channel: ChannelId | None) -> str:
    if whose == "channel" and channel:
        return f"No services of {text.channel(channel)} run."
    return _EMPTY.get(whose, "No services run.")


def _adopt_hint(whose: str, channel: ChannelId | None) -> str:
    if whose != "outside":
        return ""
    there = text.channel(channel) if channel else "its channel"
    return f"Type `/proxy adopt SERVICE-ID` in {there} to take one into it."


def _line(known: KnownService, whose: str, *, has_sums: bool) -> str:
    service = known.service
    head = f"{text.code(service.id)} {alerts.service_words(service)} · {text.code(service.status)}"
    parts = [renewal_words(known, has_sums=has_sums)]
    if whose in ("all", "mine"):
        parts.append(text.channel(known.channel) if known.channel else "bought outside Proxydesk")
    if whose != "mine" and known.owner:
        parts.append(text.mention(known.owner))
    if known.request:
        parts.append(text.number(known.request))
    return f"{head}\n{' · '.join(parts)}"


def renewal_words(known: KnownService, *, has_sums: bool = True) -> str:
    """`renews … for $17.50`, `ends …`, `has ended`."""
    service = known.service
    about = "" if known.is_next_charge_known else "about "
    price = f"{about}{text.money(known.next_charge)}" if has_sums else ""
    if known.is_gone:
        return "not known to the provider any more"
    if known.has_ended:
        return "has ended"
    if service.expires_at is None:
        return f"{price}, without an end" if price else "without an end"
    when = text.on_day(service.expires_at)
    if service.is_pending_cancellation:
        return f"ends {when}, will not renew"
    if service.status == "overdue":
        return f"renewal not paid since {when}"
    how = "" if service.is_automatic_collection else ", by an invoice to pay"
    return f"renews {when}{f' for {price}' if price else ''}{how}"


def _details(known: KnownService) -> Element:
    return kit.button("Details", Action.SHOW_SERVICE, known.id)


def _turns(whose: str, channel: ChannelId | None, page: ServicePage, size: int) -> list[Element]:
    found = []
    if page.offset > 0:
        found.append(kit.button("Back", Action.TURN_BACK, _value(whose, channel, max(0, page.offset - size))))
    if page.offset + len(page.services) < page.total:
        found.append(kit.button("More", Action.TURN_ON, _value(whose, channel, page.offset + size)))
    return found


def _ways(whose: str, channel: ChannelId | None) -> list[Element]:
    """The other lists."""
    ways = {
        "channel": ("This channel", Action.SHOW_CHANNELS_SERVICES),
        "mine": ("Mine", Action.SHOW_MY_SERVICES),
        "all": ("All", Action.SHOW_ALL_SERVICES),
        "outside": ("Bought outside", Action.SHOW_OUTSIDE_SERVICES),
    }
    return [
        kit.button(label, action, _value(name, channel, 0))
        for name, (label, action) in ways.items()
        if name != whose and (name != "channel" or channel)
    ]


def _value(whose: str, channel: ChannelId | None, offset: int) -> str:
    """`mine:10`; the channel goes along, so that the way back to it stays: `mine:10:C012`."""
    return f"{whose}:{offset}:{channel or ''}"


# One service


def detail(
    known: KnownService,
    request: PurchaseRequest | None,
    used: tuple[int, int, datetime] | None,
    place: str | None,
    read_at: datetime,
    *,
    is_fresh: bool,
    hidden: str = "",
) -> Message:
    """Everything that is known of a service. `used` are bytes and requests since a moment, None where not counted.

    `hidden` stands in place of what it costs, where that is not shown, and says who sees it.
    """
    service = known.service
    head = f"*{alerts.service_words(service)}* · {text.code(service.id)}"
    facts = [
        ("Status", text.code(service.status) + (", an invoice is open" if service.open_invoice_id else "")),
        ("Renewal", _capital(renewal_words(known, has_sums=not hidden))),
        ("Price", text.prose(hidden) or f"{text.money(known.next_charge)}{_per(service.cycle)}"),
        ("Place", text.words(place or _country(service.country_id))),
        ("Since the last charge", _used(used, service.type)),
        ("Belongs to", _belongs(known)),
    ]
    if service.created_at:
        facts.append(("Bought", text.when(service.created_at)))
    note = f"As of {text.when(read_at)}."
    if not is_fresh:
        note = f":warning: Byteful does not give this service now. {note}"
    said = "\n".join([head, *(f"{name}: {value}" for name, value in facts), note])
    blocks = [kit.section(head), kit.fields(*(f"*{name}*\n{value}" for name, value in facts))]
    if offered := _offered(known, request):
        blocks.append(kit.actions(*offered))
    return kit.message(said, *blocks, kit.context(note))


def _offered(known: KnownService, request: PurchaseRequest | None) -> list[Element]:
    service, offered = known.service, list[Element]()
    if not known.has_ended and known.is_ours:
        if service.is_pending_cancellation:
            offered.append(kit.button("Keep renewing", Action.KEEP_RENEWING, service.id))
        elif service.is_cancellable and service.expires_at is not None:
            offered.append(kit.button("Stop renewal", Action.STOP_RENEWAL, service.id))
    if not known.has_ended and service.type in {*Network}:
        offered.append(kit.button("Ask for more data", Action.MORE_DATA, service.type))
    if not known.is_ours and not known.has_ended:
        offered.append(kit.button("Adopt into this channel", Action.ADOPT_SERVICE, service.id))
    if request is not None:
        offered += [buttons.reorder(request), buttons.show(request)]
    return [*offered, kit.button("Why", Action.SHOW_WHY, service.id)]


def _per(cycle: Cycle | None) -> str:
    return f" {text.every(cycle)}" if cycle else ""


def _country(country_id: str | None) -> str:
    return country_id.upper() if country_id else "Anywhere"


def _used(used: tuple[int, int, datetime] | None, kind: str) -> str:
    if used is None:
        return f"Not counted by service for {text.words(kind)} proxies"
    size, requests, since = used
    if not size and not requests:
        return f"Nothing used since {text.on_day(since)}"
    return f"{text.data_words(size)}, {text.plural(requests, 'request', 'requests')} since {text.on_day(since)}"


def _belongs(known: KnownService) -> str:
    if known.channel is None:
        return "Nobody: bought outside Proxydesk"
    by = f", {text.mention(known.owner)}" if known.owner else ""
    return f"{text.channel(known.channel)}{by}" + (f", {text.number(known.request)}" if known.request else "")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]

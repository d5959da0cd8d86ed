"""What the bot says by itself about the account: credit, data, and services that renew, change or are nobody's."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.blocks import kit, text
from bot.blocks.ids import Action, first_revision_value
from bot.blocks.kit import Element, Message
from bot.domain.account import Actor
from bot.domain.ids import ChannelId, RequestId, ServiceId, UserId
from bot.domain.notice import (
    BalanceUnread,
    BoughtBesides,
    BoughtOutside,
    CreditBack,
    CreditLow,
    DataLow,
    RenewalDue,
    RenewalUnpaid,
    ServiceChanged,
)
from bot.domain.renewal import ChangeKind, Charge, ServiceChange
from bot.domain.runway import Runway
from bot.domain.usage import Network, Service

NETWORKS = {Network.RESIDENTIAL: "Residential", Network.MOBILE: "Mobile"}


# Credit


def credit_low(notice: CreditLow) -> Message:
    lead = "Credit is still low" if notice.reminder else "Credit is low"
    level = f" That is below {text.money(notice.level)}." if notice.level is not None else ""
    lines = [f"*{lead}: {text.money(notice.runway.balance)}.*{level}", *runway_lines(notice.runway)]
    if notice.ordered:
        numbers = ", ".join(text.number(one) for one in notice.ordered[:5])
        lines.append(f"A top-up is ordered and not paid yet ({numbers}): its credit is not there before it is.")
    weeks = text.plural(notice.weeks, "week", "weeks")
    offers = [top_up_button(notice.top_up), kit.button("Credit", Action.SHOW_CREDIT)]
    note = f"The button opens the form with what the next {weeks} need." if notice.runway.charges else ""
    return _said(lines, ":warning:", offers, note)


def top_up_button(cents: int) -> Element:
    """Opens the form with this amount in it; nothing is sent by it."""
    return kit.button(f"Top up {text.money(cents)}", Action.OPEN_TOPUP, str(cents), style="primary")


def credit_back(notice: CreditBack) -> Message:
    lines = [f"*Credit is back at {text.money(notice.runway.balance)}.*", *runway_lines(notice.runway)]
    return _said(lines, ":white_check_mark:", [])


def runway_lines(
    runway: Runway, unpriced: Collection[ServiceId] = (), *, listed: Collection[Charge] | None = None
) -> list[str]:
    """How long credit lasts and what it pays next; of services that are `unpriced` without the sum.

    `listed` are charges that stand in a list beside this: by default the next one alone is told.
    """
    if not runway.charges:
        return ["No charge is known to come: nothing renews by itself."]
    lasts = (
        "No credit is left: what is charged comes as an invoice."
        if runway.balance <= 0
        else f"Credit lasts until *{text.on_day(runway.ends_at)}*."
        if runway.ends_at is not None
        else "Credit covers every charge that is known to come within a year."
    )
    lines = [lasts, f"Next charge: {charge_words(runway.charges[0], unpriced)}."]
    if runway.largest is not None and runway.largest not in (runway.charges[:1] if listed is None else listed):
        lines.append(f"Next large charge: {charge_words(runway.largest, unpriced)}.")
    return lines


def charge_words(charge: Charge, unpriced: Collection[ServiceId] = ()) -> str:
    """`$17.50 on Tuesday, … for API-1 ISP Proxies [US]`."""
    what = "more data, " if charge.is_data else ""
    service = f"{text.code(charge.service)} {text.words(charge.name)}"
    price = "" if charge.service in unpriced else f"{text.money(charge.amount)} "
    return f"{price}on {text.on_day(charge.at)} for {what}{service}"


def balance_unread(notice: BalanceUnread) -> Message:
    known = (
        f"The last one known is {text.money(notice.balance)}, of {text.when(notice.last_read)}."
        if notice.balance is not None and notice.last_read
        else "None has been read so far."
    )
    said = [
        f"*The credit balance cannot be read* since {text.when(notice.failing_since)}. {known}",
        "Until it can be read again, nobody can be warned of low credit. The log says why (`balance_not_read`).",
    ]
    return _said(said, ":warning:", [])


# Data


def data_low(notice: DataLow) -> Message:
    pool = notice.pool
    share = max(pool.left_bytes, 0) * 100 // max(pool.total_bytes, 1)
    left, total = text.data_words(pool.left_bytes), text.data_words(pool.total_bytes)
    lines = [f"*{NETWORKS[pool.network]} data runs low: {left} of {total} left, {share} %.*"]
    if notice.lasts_until is not None:
        pace = text.pace(notice.bytes_a_day, notice.days)
        lines.append(f"At {pace} it lasts until *{text.utc_day(notice.lasts_until)}*.")
    if pool.service_id:
        lines.append(f"Service ID {text.code(pool.service_id)}.")
    return _said(
        lines, ":warning:", [more_data_button(pool.network, style="primary"), kit.button("Data left", Action.SHOW_DATA)]
    )


def more_data_button(network: Network, style: str | None = None) -> Element:
    return kit.button("Ask for more data", Action.MORE_DATA, network, style=style)


# Services


def renewal_due(notice: RenewalDue, *, has_sums: bool = True) -> Message:
    service = notice.service
    when = text.on_day(service.expires_at) if service.expires_at else "soon"
    cents = service.total if notice.price is None else notice.price
    price = f"*{text.money(cents)}*" if has_sums else ""
    how = (
        f"It renews by itself{f' for {price}' if price else ''}."
        if service.is_automatic_collection
        else f"The provider will ask for {price or 'the payment'}."
    )
    lines = [
        f"{_to(notice.owner)}*{service_words(service)}* renews on {when}. {how}",
        f"{_use_words(notice)} Service ID {text.code(service.id)}.",
    ]
    details = kit.button("Details", Action.SHOW_SERVICE, service.id)
    if notice.stop_request is not None:
        return _said(lines, ":calendar:", [_still_needed(notice.stop_request), details], _unless(notice.stop_request))
    offers = [kit.button("Stop renewal", Action.STOP_RENEWAL, service.id)] if service.is_cancellable else []
    offers += [kit.button("Keep it", Action.LEAVE_RENEWAL, service.id), details]
    note = "To keep it there is nothing to do."
    if service.is_cancellable:
        note += " Stopping it needs an approval; it then runs to the end of what is paid."
    return _said(lines, ":calendar:", offers, note)


def _still_needed(stop_request: RequestId) -> kit.Element:
    return kit.button("It is still needed", Action.WITHDRAW, first_revision_value(stop_request))


def _unless(stop_request: RequestId) -> str:
    return (
        f"{text.number(stop_request)} asks to stop it, as the policy wants when nobody says that it is still needed. "
        "Once that is approved it runs to the end of what is paid; without an approval it renews."
    )


def renewal_unpaid(notice: RenewalUnpaid) -> Message:
    """Without a sum: credit may have paid a part, and what is left stands on the invoice alone."""
    service = notice.service
    days = text.plural(notice.reminder, "day", "days")
    said = (
        f"{_to(notice.owner)}The renewal of *{service_words(service)}* is still not paid, {days} after it was due. "
        f"Its invoice is in the provider's dashboard. "
        f"Service ID {text.code(service.id)}."
    )
    return _said([said], ":warning:", [kit.button("Details", Action.SHOW_SERVICE, service.id)])


def service_changed(notice: ServiceChanged, *, has_sums: bool = True) -> Message:
    service = notice.service
    told = "; ".join(_change_words(service, change, has_sums) for change in notice.changes)
    is_renewal = all(change.kind is ChangeKind.RENEWED for change in notice.changes)
    decided = f" It was done by {decision_words(notice.decided, notice.approvers)}." if notice.decided else ""
    by = decided + ("" if is_renewal else _BY.get(notice.by, ""))
    offers = [kit.button("Details", Action.SHOW_SERVICE, service.id)]
    sign = ":repeat:" if is_renewal else ":information_source:"
    return _said([f"*{service_words(service)}* {told}.{by}", f"Service ID {text.code(service.id)}."], sign, offers)


_BY = {
    Actor.PROVIDER: " The provider's own people did it.",
    Actor.CUSTOMER: " It was done with our account, in the dashboard or by the API.",
}


def decision_words(request: RequestId, approvers: Sequence[UserId]) -> str:
    """`#1007, approved by @mona`."""
    return (
        f"{text.number(request)}, {f'approved by {text.mentions(approvers)}' if approvers else 'without an approval'}"
    )


def bought_outside(notice: BoughtOutside, *, has_sums: bool = True) -> Message:
    count = notice.count
    lead, belong = ("One service was", "belongs") if count == 1 else (f"{count:,} services were", "belong")
    lines = [f"*{lead} bought outside Proxydesk* and {belong} to no channel:"]
    lines += [f"• {text.code(one.id)} {service_words(one)}{_ends(one, has_sums)}" for one in notice.services]
    if more := count - len(notice.services):
        lines.append(f"and {more:,} more")
    offers = [kit.button("Show them", Action.SHOW_SERVICES, "outside:0")]
    note = "Whoever may approve takes one into a channel by typing `/proxy adopt SERVICE-ID` there."
    return _said(lines, ":mag:", offers, note)


def bought_besides(notice: BoughtBesides) -> Message:
    number = text.number(notice.request)
    what = f"service {text.code(notice.service)}" if notice.service else "it once more"
    lines = [
        f"*{number} was bought, and its card does not know.* The provider's answer came late, when the request had "
        f"gone on without it: it bought {what}.",
        "*Do not buy it again* before somebody has looked. Its invoice is in the provider's dashboard; what is one too "
        "many can be left unpaid or cancelled there.",
    ]
    offers = [kit.button("Show", Action.SHOW_REQUEST, first_revision_value(notice.request))]
    note = f"`/proxy adopt {text.plain(notice.service, 60)}` takes it into a channel." if notice.service else ""
    return _said(lines, ":warning:", offers, note)


def service_words(service: Service) -> str:
    """`5 × ISP Proxies [US]`, or with GB for data."""
    name = text.words(service.name)
    if service.type in {*Network}:
        return f"{service.quantity:,} GB of {name}"
    return f"{service.quantity:,} × {name}"


def _ends(service: Service, has_sums: bool) -> str:
    """With a comma before."""
    price = f", {text.money(service.total)}" if has_sums else ""
    if service.expires_at is None:
        return price
    word = "ends" if service.is_pending_cancellation else "renews"
    return f"{price}, {word} {text.on_day(service.expires_at)}"


def _use_words(notice: RenewalDue) -> str:
    if notice.used is None:
        return "The provider does not count the use of this service by itself."
    since = f" since {text.on_day(notice.used_since)}" if notice.used_since else ""
    if not notice.used and not notice.requests_made:
        return f"*Nothing was used*{since}."
    made = text.plural(notice.requests_made, "request", "requests")
    return f"Used{since}: {text.data_words(notice.used)}, {made}."


def _change_words(service: Service, change: ServiceChange, has_sums: bool) -> str:
    match change.kind:
        case ChangeKind.PRICE if not has_sums:
            return "costs more now" if int(change.after) > int(change.before) else "costs less now"
        case ChangeKind.QUANTITY | ChangeKind.PRICE | ChangeKind.CYCLE | ChangeKind.STATUS:
            return _terms_words(change)
        case ChangeKind.REPLACED:
            return "had proxies exchanged or taken away; fetch the list of proxies anew"
        case _:
            return _life_words(service, change, has_sums)


def _life_words(service: Service, change: ServiceChange, has_sums: bool) -> str:
    before, after = change.before, change.after
    match change.kind:
        case ChangeKind.RENEWED:
            until = f" until {text.on_day(service.expires_at)}" if service.expires_at else ""
            dearer = f" (before: {text.money(int(before))})" if before != after else ""
            return f"was renewed{until}" + (f" for {text.money(int(after))}{dearer}" if has_sums else "")
        case ChangeKind.ENDED:
            return "has ended: it is canceled at the provider"
        case ChangeKind.GONE:
            return "is not known to the provider any more; look in its dashboard before buying again"
        case ChangeKind.MOVED:
            return f"is paid until {text.on_day(service.expires_at)} now" if service.expires_at else "has no end now"
        case ChangeKind.OVERDUE:
            return "was not renewed: it is to be paid, by the invoice in the provider's dashboard"
        case ChangeKind.STOPPING:
            until = f" on {text.on_day(service.expires_at)}" if service.expires_at else ""
            return f"will not renew and ends{until}"
        case _:
            return "will renew after all"


def _terms_words(change: ServiceChange) -> str:
    before, after = change.before, change.after
    match change.kind:
        case ChangeKind.QUANTITY:
            return f"is for {int(after):,} now; it was for {int(before):,}"
        case ChangeKind.PRICE:
            return f"costs {text.money(int(after))} now; it was {text.money(int(before))}"
        case ChangeKind.CYCLE:
            return f"has the cycle {text.code(str(after))} now; it was {text.code(str(before))}"
        case _:
            return f"has the status {text.code(str(after))} now; it was {text.code(str(before))}"


# Parts


def instead_of(channel: ChannelId, notice: Message) -> Message:
    """For an admin, because the channel that it belongs in cannot be written to."""
    there = text.channel(channel)
    said = f"This belongs in {there}, but Proxydesk cannot write there. Invite Proxydesk to {there} to have it there."
    return kit.message(f"{said}\n{notice.text}", *notice.blocks, kit.context(said))


def _to(owner: UserId | None) -> str:
    return f"{text.mention(owner)} " if owner else ""


def _said(lines: list[str], sign: str, offers: list[Element], note: str = "") -> Message:
    said = "\n".join(lines)
    blocks = [kit.section(f"{sign} {said}")]
    if offers:
        blocks.append(kit.actions(*offers))
    if note:
        blocks.append(kit.context(note))
    return kit.message(f"{said}\n{note}" if note else said, *blocks)

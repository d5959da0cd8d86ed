"""What became of a bought service, in sentences, and what to write to the provider when it is not what was ordered."""

from __future__ import annotations

from collections.abc import Iterable

from bot.blocks import text
from bot.domain.delivery import VOID_AFTER, checkout_at, ordered_at
from bot.domain.finding import FAULTS, Finding, Kind
from bot.domain.request import PurchaseRequest

_ON_CARD = FAULTS | {
    *(Kind.GONE, Kind.ENDED, Kind.CLOSED, Kind.VOID, Kind.CANCELLING, Kind.UNPAID, Kind.STUCK),
    *(Kind.QUANTITY, Kind.PRICE, Kind.CYCLE, Kind.COMPLETE, Kind.DROPPED),
}
"""What the card says besides payment and status, which it shows anyway."""
_PLACES = {Kind.COUNTRY: "country ", Kind.SUBDIVISION: "region ", Kind.CITY: "city "}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def standing(request: PurchaseRequest) -> str:
    """How delivery stands now; empty when there is nothing to add to payment and status."""
    return sentences(request, (finding for finding in request.findings if finding.kind in _ON_CARD))


def without_sums(findings: Iterable[Finding]) -> Iterable[Finding]:
    return (finding for finding in findings if finding.kind is not Kind.PRICE)


def sentences(request: PurchaseRequest, findings: Iterable[Finding]) -> str:
    return " ".join(said for finding in findings if (said := sentence(request, finding)))


def sentence(request: PurchaseRequest, finding: Finding) -> str:
    """One finding in mrkdwn; empty for what goes without saying."""
    match finding.kind:
        case Kind.PAID:
            return "The invoice is paid."
        case Kind.ACTIVE:
            return f"*Active* after {duration(finding.count)}." if finding.count else "*Active*."
        case Kind.COMPLETE:
            return _complete(finding.count)
        case Kind.STATUS:
            return f"Status at the provider: {text.code(finding.found)}."
        case Kind.COUNT:
            return _count(finding)
        case Kind.NETWORK | Kind.COUNTRY | Kind.SUBDIVISION | Kind.CITY:
            return _misplaced(finding)
        case Kind.QUANTITY | Kind.PRICE | Kind.CYCLE:
            return _altered(request, finding)
        case _:
            return _end_or_wait(request, finding)


def _end_or_wait(request: PurchaseRequest, finding: Finding) -> str:
    is_paid = request.order is not None and request.order.is_paid
    match finding.kind:
        case Kind.ENDED:
            what = "*Canceled* at the provider." if finding.found == "canceled" else "*Overdue* and never delivered."
            return what if is_paid else f"{what} No payment was seen, and its invoice is not open any more."
        case Kind.GONE:
            return "The provider finds no such service any more. Look in its dashboard before buying again."
        case Kind.CLOSED:
            return "Its invoice is not open any more: paid or voided, the provider does not say. Look in its dashboard."
        case Kind.VOID:
            return "It was *never paid*: somebody has looked at the provider and written it down."
        case Kind.CANCELLING:
            return "It is set to end with its paid period and will not renew."
        case Kind.UNPAID:
            until = text.when(checkout_at(request) + VOID_AFTER)
            return f"The provider takes an unpaid invoice back after 48 hours: about {until}."
        case Kind.STUCK:
            return "Paid more than 2 hours ago and *not delivered yet*."
        case _:
            return "Proxydesk looks no further here: see the provider's dashboard for what comes next."


def _complete(count: int) -> str:
    if count == 0:
        return ""
    return "The proxy is delivered as ordered." if count == 1 else f"All {count:,} proxies are delivered as ordered."


def _count(finding: Finding) -> str:
    if finding.count < finding.of:
        return f"*{finding.count:,} of {finding.of:,}* proxies are delivered."
    return f"*{finding.count:,}* proxies are delivered, {finding.of:,} were ordered."


def _misplaced(finding: Finding) -> str:
    where = _PLACES.get(finding.kind, "")
    wanted, found = text.words(finding.expected), text.words(finding.found)
    return f"*{finding.count:,} of {finding.of:,}* are not in {where}{wanted} as ordered: {found}."


def _altered(request: PurchaseRequest, finding: Finding) -> str:
    match finding.kind:
        case Kind.QUANTITY:
            now = text.quantity(request.product, finding.count)
            return f"At the provider it is now for {now}; {finding.of:,} were ordered."
        case Kind.PRICE:
            return f"At the provider it now costs {text.money(finding.count)}; it was {text.money(finding.of)}."
        case _:
            now, before = text.code(finding.found), text.code(finding.expected)
            return f"At the provider its cycle is now {now}; it was {before}."


def for_support(request: PurchaseRequest, findings: Iterable[Finding]) -> str:
    """What a person can send to the provider's support, raw; empty when there is nothing to complain about."""
    wrong = [finding for finding in findings if finding.kind in FAULTS or finding.kind is Kind.STUCK]
    if not wrong or request.order is None:
        return ""
    subject = text.subject(request.selection, request.product)
    lines = [f"Service {request.order.service_id}: {subject}, ordered {text.utc(ordered_at(request))}."]
    lines += [_complaint(request, finding) for finding in wrong]
    return "\n".join([*lines, "Please deliver what was ordered."])


def _complaint(request: PurchaseRequest, finding: Finding) -> str:
    match finding.kind:
        case Kind.STUCK:
            status = request.order.status if request.order else None
            return f"It is paid, and its status is {status}."
        case Kind.COUNT:
            return f"Delivered: {finding.count:,} of {finding.of:,} proxies."
        case _:
            where = _PLACES.get(finding.kind, "")
            return f"Not in {where}{finding.expected}: {finding.count:,} of {finding.of:,} proxies ({finding.found})."


def duration(seconds: int) -> str:
    """`under a minute`, `5 minutes`, `2 hours 10 minutes`, `3 days 4 hours`."""
    if seconds < _MINUTE:
        return "under a minute"
    days, hours, minutes = seconds // _DAY, seconds % _DAY // _HOUR, seconds % _HOUR // _MINUTE
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    named = [text.plural(count, name, f"{name}s") for count, name in parts if count]
    return " ".join(named[:2])

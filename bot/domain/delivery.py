"""Following an order to its end: what the provider shows now, compared with what was ordered.

`look` says what stands, `is_new` whether that is worth a line in the history, `news` what a line brought that the one
before it had not, `next_look` when to look again. A fact is told once; what is not known is not told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.errors import MoveError
from bot.domain.finding import FAULTS, RUNNING, Finding, Kind
from bot.domain.request import Entry, Happened, Order, PurchaseRequest, State
from bot.domain.usage import Delivered, Service

UNPAID_AFTER = timedelta(hours=24)
VOID_AFTER = timedelta(hours=48)
"""When the provider takes an unpaid invoice back (Byteful docs, "Billing")."""
VOID_MARGIN = timedelta(hours=1)
STUCK_AFTER = timedelta(hours=2)
"""From payment. The provider delivers by itself within minutes, by hand within working hours."""
SETTLES_WITHIN = timedelta(minutes=10)
"""A service younger than this may not be visible everywhere at the provider."""
FOLLOWED_FOR = timedelta(days=14)
MOST_NEWS = 40
"""A status that goes back and forth must not fill a thread."""
CADENCE = (
    (timedelta(seconds=1), timedelta(seconds=5)),
    (timedelta(minutes=10), timedelta(seconds=30)),
    (timedelta(hours=2), timedelta(minutes=5)),
    (timedelta.max, timedelta(hours=1)),
)
"""Until so long after the last change → how long to the next look."""
FOUND_SHOWN = 5

_ORDER = {kind: place for place, kind in enumerate(Kind)}
_LOOKS = frozenset({Happened.ORDERED, Happened.FOUND, Happened.FOLLOWED})


class Sight(Struct, frozen=True):
    """What one look showed: the order as it stands now, and all that is known of its service."""

    order: Order
    findings: tuple[Finding, ...]

    @property
    def has_ended(self) -> bool:
        return any(finding.kind is Kind.ENDED for finding in self.findings)


def is_followed(request: PurchaseRequest) -> bool:
    """A service, or a top-up: that leaves no service (Byteful docs), but a balance that rises when it is paid."""
    if request.state is not State.ORDERED or request.order is None:
        return False
    return request.order.service_id is not None or request.selection.is_top_up


def look(
    request: PurchaseRequest, service: Service | None, delivered: Sequence[Delivered] | None, now: datetime
) -> Sight:
    """What stands now. `service` None: the provider knows no such one. `delivered` None: it could not be read."""
    order = request.order
    if order is None:
        raise MoveError(f"Request #{request.id} is {request.state} and has no order to follow.")
    if service is None:
        return _without_service(request, order, now)
    findings = [*_status(request, order, service, now)]
    kinds = {finding.kind for finding in findings}
    is_paid = Kind.PAID in kinds
    if Kind.ENDED not in kinds:
        findings += _waiting(request, service, now, is_paid=is_paid)
        findings += _delivery(request, service, delivered)
        findings += _altered(request, order, service)
    findings += _dropped(request, findings, now)
    return Sight(replace(order, is_paid=is_paid, status=service.status), _sorted(findings))


def look_at_found(request: PurchaseRequest, service: Service, now: datetime) -> Sight:
    """What stands of a service that an unclear checkout is taken to have bought.

    Its invoice link was in the lost answer alone (Byteful docs).
    """
    order = Order(service.id, None, False, service.total, None, service.status)
    findings = _sorted(_status(request, order, service, now))
    is_paid = any(finding.kind is Kind.PAID for finding in findings)
    due = request.quote.due_of(service.total, is_paid=is_paid)
    return Sight(replace(order, is_paid=is_paid, due=due), findings)


def look_at_top_up(request: PurchaseRequest, now: datetime, *, is_paid: bool) -> Sight:
    """What stands of a top-up; `is_paid` when the balance has risen by it."""
    order = request.order
    if order is None:
        raise MoveError(f"Request #{request.id} is {request.state} and has no order to follow.")
    waited = now - ordered_at(request)
    if is_paid or order.is_paid:
        found = [Finding(Kind.PAID)]
    elif waited >= VOID_AFTER + VOID_MARGIN:
        found = [Finding(Kind.CLOSED)]
    else:
        found = [Finding(Kind.UNPAID)] if waited >= UNPAID_AFTER else []
    return Sight(replace(order, is_paid=is_paid or order.is_paid), tuple(found))


def is_new(request: PurchaseRequest, sight: Sight) -> bool:
    """Whether a look showed anything that belongs into the record. Delivered as expected is no news by itself."""
    differing = {finding.kind for finding in set(sight.findings) ^ set(request.findings)}
    known = {finding.kind for finding in request.findings}
    if Kind.ACTIVE in known and not known & FAULTS:
        differing -= {Kind.COMPLETE}
    return bool(differing) or sight.order != request.order


def is_finished(findings: Iterable[Finding]) -> bool:
    kinds = {finding.kind for finding in findings}
    return bool(kinds & {Kind.ENDED, Kind.VOID, Kind.DROPPED}) or kinds >= {Kind.PAID, Kind.ACTIVE, Kind.COMPLETE}


def is_settled(findings: Iterable[Finding]) -> bool:
    """Paid and running, with nothing wrong. That all has come may not be recorded: see `is_new`."""
    kinds = {finding.kind for finding in findings}
    return kinds >= {Kind.PAID, Kind.ACTIVE} and not kinds & FAULTS


def next_look(request: PurchaseRequest, at: datetime, findings: Iterable[Finding]) -> datetime | None:
    """When to look after a look at `at` that showed these findings; None when there is nothing left to wait for."""
    if not is_followed(request) or is_finished(findings) or _is_settled_top_up(request, findings):
        return None
    quiet_for = at - request.changed_at
    return at + next(wait for until, wait in CADENCE if quiet_for < until)


def _is_settled_top_up(request: PurchaseRequest, findings: Iterable[Finding]) -> bool:
    return request.selection.is_top_up and bool({one.kind for one in findings} & {Kind.PAID, Kind.CLOSED})


def news(request: PurchaseRequest, entry: Entry) -> tuple[Finding, ...]:
    """What this line of history tells that was not known at the line before."""
    known = _known_before(request, entry)
    return tuple(finding for finding in entry.findings if finding not in known)


def is_worth_a_message(request: PurchaseRequest, entry: Entry) -> bool:
    """The card shows everything. A count that grows while the provider is still delivering needs no message each."""
    told = {finding.kind for finding in news(request, entry)}
    if any(finding.kind is Kind.STATUS for finding in entry.findings):
        told -= {finding.kind for finding in _known_before(request, entry)} & {Kind.COUNT}
    return bool(told)


def _known_before(request: PurchaseRequest, entry: Entry) -> tuple[Finding, ...]:
    earlier = [one for one in request.history if one.version < entry.version and one.happened in _LOOKS]
    return earlier[-1].findings if earlier else ()


# Status and money


def _without_service(request: PurchaseRequest, order: Order, now: datetime) -> Sight:
    if now - ordered_at(request) < SETTLES_WITHIN:
        return Sight(order, request.findings)
    findings = [Finding(Kind.GONE), *([Finding(Kind.PAID)] if order.is_paid else [])]
    findings += _dropped(request, findings, now)
    return Sight(replace(order, status=None), _sorted(findings))


def _status(request: PurchaseRequest, order: Order, service: Service, now: datetime) -> Iterator[Finding]:
    has_ended = _has_ended(order, service)
    paid = _is_paid(request, order, service, now, has_ended=has_ended)
    if paid:
        yield Finding(Kind.PAID)
    elif paid is None:
        yield Finding(Kind.CLOSED)
    if has_ended:
        yield Finding(Kind.ENDED, found=service.status)
    elif service.status in RUNNING:
        yield _known(request, Kind.ACTIVE) or Finding(Kind.ACTIVE, count=_took_s(request, service, now))
    else:
        yield Finding(Kind.STATUS, found=service.status)
    if service.is_pending_cancellation and not has_ended:
        yield Finding(Kind.CANCELLING)


def _has_ended(order: Order, service: Service) -> bool:
    """Canceled; or overdue without ever having been paid, once the invoice is gone as well."""
    never_paid = not order.is_paid and service.open_invoice_id is None and service.dispatched_at is None
    return service.status == "canceled" or (service.status == "overdue" and never_paid)


def _is_paid(
    request: PurchaseRequest, order: Order, service: Service, now: datetime, *, has_ended: bool
) -> bool | None:
    """None when the invoice is gone and that may as well mean that it was voided. Paid once is paid for ever: a later
    open invoice is one of a renewal.
    """
    if order.is_paid:
        return True
    if service.open_invoice_id is not None or has_ended:
        return False
    if service.status in RUNNING or service.dispatched_at is not None:
        return True
    return True if now - checkout_at(request) < VOID_AFTER - VOID_MARGIN else None


def _took_s(request: PurchaseRequest, service: Service, now: datetime) -> int:
    """From order to delivery by the provider's own clock, where it tells."""
    if service.created_at and service.dispatched_at:
        took = service.dispatched_at - service.created_at
    else:
        took = now - checkout_at(request)
    return max(0, int(took.total_seconds()))


def _waiting(request: PurchaseRequest, service: Service, now: datetime, *, is_paid: bool) -> Iterator[Finding]:
    is_open = service.open_invoice_id is not None and not is_paid and service.status != "overdue"
    if is_open and now - checkout_at(request) >= UNPAID_AFTER:
        yield Finding(Kind.UNPAID)
    if is_paid and service.status.startswith("awaiting") and now - _paid_at(request, now) >= STUCK_AFTER:
        yield Finding(Kind.STUCK)


def _paid_at(request: PurchaseRequest, now: datetime) -> datetime:
    """When it was first seen to be paid."""
    seen = (entry.at for entry in request.history if any(one.kind is Kind.PAID for one in entry.findings))
    return next(seen, now)


def ordered_at(request: PurchaseRequest) -> datetime:
    entry = request.last(Happened.ORDERED, Happened.FOUND)
    return entry.at if entry else request.changed_at


def checkout_at(request: PurchaseRequest) -> datetime:
    """When its invoice was made, however much later the order was found."""
    return request.attempt.claimed_at if request.attempt else ordered_at(request)


# What was delivered


def _delivery(request: PurchaseRequest, service: Service, delivered: Sequence[Delivered] | None) -> Sequence[Finding]:
    is_running = service.status in RUNNING
    if not request.product.is_per_ip:
        return [Finding(Kind.COMPLETE)] if is_running else []
    if not is_running and service.dispatched_at is None:
        return []
    if delivered is None:
        return [finding for finding in request.findings if finding.kind in FAULTS | {Kind.COMPLETE}]
    faults = faults_of(request, delivered)
    if is_running and not faults:
        return [Finding(Kind.COMPLETE, count=len(delivered))]
    return faults


def faults_of(request: PurchaseRequest, delivered: Sequence[Delivered]) -> list[Finding]:
    """Where count, network and place differ from the order. What the provider does not say of a proxy is no fault."""
    asked, ordered = request.selection.filter, request.selection.quantity
    network = f"AS{asked.asn_id}" if asked.asn_id is not None else None
    city = str(asked.city_id) if asked.city_id is not None else None
    misplaced = (
        _misplaced(Kind.NETWORK, network, [f"AS{one.asn_id}" if one.asn_id is not None else None for one in delivered]),
        _misplaced(Kind.COUNTRY, request.product.country_id, [one.country_id for one in delivered]),
        _misplaced(Kind.SUBDIVISION, asked.subdivision_id, [one.subdivision_id for one in delivered]),
        _misplaced(Kind.CITY, city, [str(one.city_id) if one.city_id is not None else None for one in delivered]),
    )
    count = [Finding(Kind.COUNT, len(delivered), ordered)] if len(delivered) != ordered else []
    return [*count, *(found for found in misplaced if found is not None)]


def _misplaced(kind: Kind, expected: str | None, given: Sequence[str | None]) -> Finding | None:
    if expected is None:
        return None
    wrong = Counter(one for one in given if one is not None and one.lower() != expected.lower())
    if not wrong:
        return None
    most_first = sorted(wrong.items(), key=lambda pair: (-pair[1], pair[0]))
    found = ", ".join(f"{name} × {count}" for name, count in most_first[:FOUND_SHOWN])
    return Finding(kind, wrong.total(), len(given), expected, found)


def _altered(request: PurchaseRequest, order: Order, service: Service) -> Iterator[Finding]:
    """What the provider's own people changed about the service since."""
    asked = request.selection
    if service.quantity != asked.quantity:
        yield Finding(Kind.QUANTITY, service.quantity, asked.quantity)
    if service.total != order.total:
        yield Finding(Kind.PRICE, service.total, order.total)
    if service.cycle is not None and service.cycle != asked.cycle:
        yield Finding(Kind.CYCLE, expected=str(asked.cycle), found=str(service.cycle))


def _dropped(request: PurchaseRequest, findings: Sequence[Finding], now: datetime) -> Sequence[Finding]:
    told = sum(entry.happened is Happened.FOLLOWED for entry in request.history)
    is_over = now - ordered_at(request) >= FOLLOWED_FOR or told + 1 >= MOST_NEWS
    return [Finding(Kind.DROPPED)] if is_over and not is_finished(findings) else []


def _known(request: PurchaseRequest, kind: Kind) -> Finding | None:
    return next((finding for finding in request.findings if finding.kind is kind), None)


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.kind]))

"""Services as the account shows them: whose they are, what became of them, and what has to be said about it.

What differs from what people know is told once, in the thread of the request that bought it or in the channel that
adopted it. Renewals go into the ledger under the period they begin, so the same one is booked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import takewhile

import structlog
from msgspec import Struct
from msgspec.structs import replace

from bot.domain import delivery
from bot.domain.account import Actor, Adjustment, KnownService
from bot.domain.errors import NotFoundError
from bot.domain.ids import ChannelId, ProductCode, ServiceId, WorkspaceId
from bot.domain.intents import Destination
from bot.domain.ledger import Entry, EntryId, Kind, day_of
from bot.domain.notice import BoughtOutside, Notice, RenewalDue, RenewalUnpaid, ServiceChanged
from bot.domain.own_changes import is_label, may_be_ours, own_changes
from bot.domain.renewal import ChangeKind, ServiceChange, changes, end_before, last_charge, renewed_at
from bot.domain.request import PurchaseRequest, State
from bot.domain.usage import Network, Service
from bot.usecases import renewals
from bot.usecases.desk import Desk, utcnow

SEEN_EVERY = timedelta(minutes=30)
"""How often a row that did not change is written, for when it was last seen."""
GONE_AFTER = timedelta(hours=1)
"""How long a service may be missing from the list before it is asked for by its id."""
ASK_AFTER = timedelta(minutes=15)
"""A purchase of our own may show at the provider before it is recorded here."""
ADJUSTED_MARGIN = timedelta(minutes=10)
"""How far before the pass before adjustments are asked for: the provider's clock may be behind ours."""
NAMED = 5
MOST_REMINDERS = 7
EXCHANGES = frozenset({"proxy_replacement", "remove_proxy"})
"""What the provider calls proxies exchanged or taken away (Byteful docs)."""

EXTENDS = frozenset({"extension", "top_up_and_extension"})
"""What it calls a renewal."""

END = "service_expiry_datetime"
"""What it calls the end of a service, in an adjustment."""

_log = structlog.get_logger()


class Sighting(Struct, frozen=True):
    """One service of a pass, with its request where one bought it, and what was done to it since the pass before."""

    known: KnownService
    request: PurchaseRequest | None
    adjusted: Sequence[Adjustment]


async def look(desk: Desk, workspace: WorkspaceId) -> None:
    """Read every service, tell what is new, and keep how they stand."""
    now, read_at = utcnow(), await desk.store.services_read_at(workspace)
    found = await desk.provider.all_services()
    missing = await _missing(desk, workspace, frozenset(service.id for service in found), now)
    # Read last, so that whatever moved the end of a service is among them. One may be too new to show in its row.
    adjustments = await desk.provider.adjustments(read_at - ADJUSTED_MARGIN) if read_at else ()
    before = await desk.store.known_rows(workspace, [service.id for service in found])
    rows = [*await _rows(desk, workspace, found, before, adjustments), *missing]
    await desk.store.keep_services(workspace, [row for row in rows if _is_worth_keeping(before.get(row.id), row)])
    for known in rows:
        await _tell_of(desk, workspace, known, _shown(known, adjustments), now)
    await _offer_outside(desk, workspace, rows, now)
    await desk.store.note_services_read(workspace, now)


def _is_worth_keeping(before: KnownService | None, row: KnownService) -> bool:
    """Most of hundreds of services do not change for weeks."""
    if before is None or row.last_seen - before.last_seen >= SEEN_EVERY:
        return True
    return replace(row, last_seen=before.last_seen) != before


async def _rows(
    desk: Desk,
    workspace: WorkspaceId,
    found: Sequence[Service],
    before: Mapping[ServiceId, KnownService],
    adjustments: Sequence[Adjustment],
) -> list[KnownService]:
    """Each service as it is now, beside what was known of it."""
    now, ids = utcnow(), [service.id for service in found]
    bought = await desk.store.known_services(workspace, ids)
    rows = [_row(before.get(service.id), service, now) for service in found]
    new = {row.id for row in rows if row.id in bought and row.request is None}
    return [await _owned(desk, workspace, row, adjustments) if row.id in new else row for row in rows]


def _row(before: KnownService | None, service: Service, now: datetime) -> KnownService:
    if before is None:
        return KnownService(service, now, now, told=service)
    return before.seen(service, now)


async def _owned(
    desk: Desk, workspace: WorkspaceId, row: KnownService, adjustments: Sequence[Adjustment]
) -> KnownService:
    """People know of what they bought from its beginning, even when it has renewed before it is first seen."""
    request = await desk.store.by_service(workspace, row.id)
    if request is None:
        return row
    extended = sum(one.kind in EXTENDS and one.by is Actor.AUTOMATIC for one in adjustments if one.service == row.id)
    told = replace(row.told, expires_at=end_before(row.service, extended))
    return replace(row, told=told).bought_by(request)


async def _missing(
    desk: Desk, workspace: WorkspaceId, listed: frozenset[ServiceId], now: datetime
) -> list[KnownService]:
    """Services that ran and are not on the list any more. A list may be short by mistake, so each is asked for."""
    found = []
    for known in await desk.store.live_services(workspace):
        if known.id in listed or now - known.last_seen < GONE_AFTER:
            continue
        try:
            found.append(_row(known, await desk.provider.service(known.id), now))
        except NotFoundError:
            found.append(replace(known, is_gone=True))
    return found


# Telling


def _shown(known: KnownService, adjustments: Iterable[Adjustment]) -> Sequence[Adjustment]:
    """What was done to a service and not looked at yet. One that moved its end counts once the row shows that: until
    then it is left to a later pass, with what came after it.
    """
    new = [one for one in adjustments if one.service == known.id and one.id > known.adjusted]
    has_moved = known.service.expires_at != known.told.expires_at
    return new if has_moved else [*takewhile(lambda one: END not in one.fields, new)]


async def _tell_of(
    desk: Desk, workspace: WorkspaceId, known: KnownService, adjusted: Sequence[Adjustment], now: datetime
) -> None:
    is_same = known.told == known.service and not known.is_gone and not adjusted
    if not known.is_ours:
        if not is_same:
            await desk.store.keep_services(workspace, [_told(known, adjusted)])
        return
    if not is_same:
        known = await _tell_changes(desk, workspace, known, adjusted, now)
    if not known.has_ended:
        await _remind(desk, workspace, known, now)


async def _tell_changes(
    desk: Desk, workspace: WorkspaceId, known: KnownService, adjusted: Sequence[Adjustment], now: datetime
) -> KnownService:
    request = await desk.store.get(workspace, known.request) if known.request else None
    is_charged = not _was_moved_by_hand(adjusted)
    if is_charged:
        await _book_renewals(desk, workspace, known, request)
    # While an order is followed, its thread hears from there what becomes of its service.
    found = (*changes(known, request.findings if request else (), is_charged=is_charged), *_exchanges(adjusted))
    if found and not _is_followed(request, now):
        number = known.times_told + 1
        ours = await own(desk, workspace, known.id, adjusted)
        by = _by(one for one in adjusted if one.id not in ours and not is_label(one))
        notice = ServiceChanged(number, now, known.service, known.owner, known.request, by, found)
        if ours:
            decided = ours[max(ours)]
            approvers = tuple(approval.by for approval in decided.approvals)
            notice = replace(notice, decided=decided.id, approvers=approvers)
        await _announce(desk, workspace, notice, known)
        known = replace(known, times_told=number)
    known = _told(known, adjusted)
    await desk.store.keep_services(workspace, [known])
    return known


async def own(
    desk: Desk, workspace: WorkspaceId, service: ServiceId, adjusted: Sequence[Adjustment]
) -> Mapping[int, PurchaseRequest]:
    """Which of these changes our own requests made."""
    if not any(map(may_be_ours, adjusted)):
        return {}
    return own_changes(adjusted, await desk.store.about_service(workspace, service))


def _is_followed(request: PurchaseRequest | None, now: datetime) -> bool:
    """Whether following the order still tells of its service."""
    if request is None or delivery.is_settled(request.findings):
        return False
    return delivery.next_look(request, now, request.findings) is not None


def _told(known: KnownService, adjusted: Sequence[Adjustment]) -> KnownService:
    newest = max((one.id for one in adjusted), default=known.adjusted)
    return replace(known, told=known.service, adjusted=max(newest, known.adjusted))


def _was_moved_by_hand(adjusted: Iterable[Adjustment]) -> bool:
    """The provider's people moved its end, and it did not renew by itself as well: that is no charge."""
    moved = [one.by for one in adjusted if END in one.fields]
    return Actor.PROVIDER in moved and Actor.AUTOMATIC not in moved


def _exchanges(adjusted: Iterable[Adjustment]) -> Sequence[ServiceChange]:
    exchanged = any(one.kind in EXCHANGES and one.by is not Actor.AUTOMATIC for one in adjusted)
    return (ServiceChange(ChangeKind.REPLACED),) if exchanged else ()


def _by(adjusted: Iterable[Adjustment]) -> Actor:
    actors, telling = {one.by for one in adjusted}, (Actor.PROVIDER, Actor.CUSTOMER, Actor.AUTOMATIC)
    return next((actor for actor in telling if actor in actors), Actor.UNKNOWN)


async def _remind(desk: Desk, workspace: WorkspaceId, known: KnownService, now: datetime) -> None:
    """That it renews soon, or that its renewal is still to pay."""
    service = known.service
    if service.expires_at is None:
        return
    notice_from = service.expires_at - timedelta(days=desk.policy().renewal_notice_days)
    if service.status == "active" and notice_from <= now < service.expires_at and not service.is_pending_cancellation:
        await _tell_renewal(desk, workspace, known, now)
    days = (now - service.expires_at).days
    if service.status == "overdue" and service.open_invoice_id and 1 <= days <= MOST_REMINDERS:
        await _announce(desk, workspace, RenewalUnpaid(now, service, known.owner, days), known)


async def _tell_renewal(desk: Desk, workspace: WorkspaceId, known: KnownService, now: datetime) -> None:
    """Once for each renewal. The request is made before it is told of: told of without, it would never be made."""
    due = await _due(desk, workspace, known, now)
    if await desk.store.notice(workspace, due.key) is None:
        stop = await renewals.ask_to_stop(desk, workspace, known)
        await _announce(desk, workspace, replace(due, stop_request=stop), known)


async def _due(desk: Desk, workspace: WorkspaceId, known: KnownService, now: datetime) -> RenewalDue:
    used = await use_since_charge(desk, workspace, known, now)
    return RenewalDue(
        at=now,
        service=known.service,
        price=known.next_charge,
        owner=known.owner,
        request=known.request,
        used=used.bytes if used else None,
        requests_made=used.requests if used else 0,
        used_since=used.since if used else None,
    )


class Use(Struct, frozen=True):
    since: datetime
    bytes: int
    requests: int


async def use_since_charge(desk: Desk, workspace: WorkspaceId, known: KnownService, now: datetime) -> Use | None:
    """Traffic of a service since it was last charged; None where the provider does not count it by service."""
    since = last_charge(known.service)
    if since is None:
        return None
    rows = await desk.store.usage(workspace, since.date(), now.date(), service=known.id)
    if not rows and known.service.type not in {*Network}:
        return None
    return Use(since, sum(row.bytes for row in rows), sum(row.requests for row in rows))


async def _announce(desk: Desk, workspace: WorkspaceId, notice: Notice, known: KnownService) -> None:
    there: Destination | None = known.request or known.channel
    if there is not None and await desk.store.announce(workspace, notice, [there]):
        _log.info("notice_announced", key=notice.key, service=known.id)


# Renewals in the ledger


async def _book_renewals(
    desk: Desk, workspace: WorkspaceId, known: KnownService, request: PurchaseRequest | None
) -> None:
    entries = [_renewal(desk, known, request, at) for at in renewed_at(known.told, known.service)]
    if entries and await desk.ledger.book(workspace, entries):
        _log.info("renewals_booked", service=known.id, count=len(entries))


def _renewal(desk: Desk, known: KnownService, request: PurchaseRequest | None, at: datetime) -> Entry:
    """A period is renewed once it is paid: until then its service is overdue and its end stays where it was."""
    service = known.service
    zone = request.time_zone if request else desk.policy().time_zone_of(known.channel or ChannelId(""))
    return Entry(
        id=EntryId(f"renewal:{service.id}:{at:%Y-%m-%dT%H:%M}"),
        at=at,
        day=day_of(at, zone),
        kind=Kind.RENEWAL,
        amount=service.total,
        is_paid=True,
        request=known.request,
        service=service.id,
        requester=known.owner,
        approvers=tuple(approval.by for approval in request.approvals) if request else (),
        channel=known.channel,
        product=request.product.code if request else product_of(service),
        product_type=service.type,
        quantity=service.quantity,
    )


def product_of(service: Service) -> ProductCode:
    """What a service bought outside the bot is counted as."""
    return ProductCode("_".join(part for part in (service.type, service.country_id or "global") if part))


# Bought outside the bot


async def _offer_outside(desk: Desk, workspace: WorkspaceId, rows: Sequence[KnownService], now: datetime) -> None:
    """Ask once about each service that nobody here bought; not while an unclear purchase may be one of them."""
    strangers = [known for known in rows if not (known.is_ours or known.has_ended or known.is_offered)]
    found = [known for known in strangers if now - known.first_seen >= ASK_AFTER]
    if not found or await desk.store.in_state(workspace, State.IN_DOUBT, 1):
        return
    digest = sha256(" ".join(sorted(known.id for known in found)).encode()).hexdigest()[:12]
    notice = BoughtOutside(now, digest, tuple(known.service for known in found[:NAMED]), len(found))
    await desk.store.announce(workspace, notice, await desk.keepers())
    await desk.store.keep_services(workspace, [replace(known, is_offered=True) for known in found])

"""When services renew and what that costs, what renewed since the last look, and what else changed."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from bot.domain import finding
from bot.domain.account import ENDED, KnownService
from bot.domain.catalog import Cycle
from bot.domain.finding import Finding
from bot.domain.ids import ServiceId
from bot.domain.money import Cents
from bot.domain.usage import Service

CLOCKS_DIFFER = timedelta(hours=1)
"""An end that moved by less than this was corrected, not renewed."""
MOST_PERIODS = 400
"""Daily renewals of a year; nobody is charged more often."""


class Charge(Struct, frozen=True):
    """Money the provider will take, as far as is known now."""

    at: datetime
    amount: Cents
    service: ServiceId
    name: str
    is_data: bool = False
    """More data of a pool that runs out before it renews, bought as often as it is used up."""


def following(cycle: Cycle, at: datetime, anchor: int | None = None) -> datetime:
    """The end of the period that begins at `at`. A month that is too short ends on its last day, and the one after it
    on the day `anchor` again, the day of the month on which it all began.
    """
    match cycle.interval:
        case "day":
            return at + timedelta(days=cycle.count)
        case "week":
            return at + timedelta(weeks=cycle.count)
        case "month":
            return _months_on(at, cycle.count, anchor)
        case _:
            return _months_on(at, 12 * cycle.count, anchor)


def preceding(cycle: Cycle, at: datetime, anchor: int | None = None) -> datetime:
    """The begin of the period that ends at `at`."""
    return following(Cycle(-cycle.count, cycle.interval), at, anchor)


def anchor_of(service: Service) -> int | None:
    return service.created_at.day if service.created_at else None


def end_before(service: Service, renewals: int) -> datetime | None:
    """Where the present period ended when the last `renewals` had not happened yet."""
    end = service.expires_at
    for _ in range(renewals):
        if end is None or service.cycle is None:
            break
        end = preceding(service.cycle, end, anchor_of(service))
    return end


def charges_until(known: KnownService, until: datetime) -> Iterator[Charge]:
    """Every renewal of a service up to then, at what the next one costs."""
    service = known.service
    if not known.renews or service.expires_at is None or service.cycle is None:
        return
    at, count = service.expires_at, 0
    while at <= until and count < MOST_PERIODS:
        yield Charge(at, known.next_charge, service.id, service.name)
        at, count = following(service.cycle, at, anchor_of(service)), count + 1


def last_charge(service: Service) -> datetime | None:
    """When the present period began, or the service did."""
    if service.expires_at is None or service.cycle is None:
        return service.created_at
    began = preceding(service.cycle, service.expires_at, anchor_of(service))
    return max(began, service.created_at) if service.created_at else began


def renewed_at(before: Service, after: Service) -> list[datetime]:
    """When it renewed between two looks: the ends of the periods that are over, oldest first."""
    if before.expires_at is None or after.expires_at is None or after.status in ENDED:
        return []
    at, found = before.expires_at, list[datetime]()
    while at < after.expires_at - CLOCKS_DIFFER and len(found) < MOST_PERIODS:
        found.append(at)
        if after.cycle is None:
            break
        at = following(after.cycle, at, anchor_of(after))
    return found


class ChangeKind(StrEnum):
    """What became different about a service that runs. `before` and `after` are cents, counts, or text to show."""

    RENEWED = "renewed"
    """`before` and `after` are its price; the service says until when."""
    ENDED = "ended"
    GONE = "gone"
    OVERDUE = "overdue"
    """Its renewal is not paid, and an invoice is open."""
    STOPPING = "stopping"
    KEPT = "kept"
    """It will renew after all."""
    QUANTITY = "quantity"
    PRICE = "price"
    CYCLE = "cycle"
    STATUS = "status"
    MOVED = "moved"
    """Its end was moved by hand, without a charge."""
    REPLACED = "replaced"
    """Proxies of it were exchanged or taken away."""


class ServiceChange(Struct, frozen=True):
    kind: ChangeKind
    before: int | str = ""
    after: int | str = ""


def changes(
    known: KnownService, findings: Sequence[Finding] = (), *, is_charged: bool = True
) -> tuple[ServiceChange, ...]:
    """How the service differs from what people know of it; `findings` is what following its order has told already.

    Not `is_charged`: if its end moved, the provider's people moved it.
    """
    before, after = known.told, known.service
    told = _told(findings)
    if known.is_gone:
        return () if ChangeKind.GONE in told else (ServiceChange(ChangeKind.GONE),)
    if after.status in ENDED:
        is_known = before.status in ENDED or ChangeKind.ENDED in told
        return () if is_known else (ServiceChange(ChangeKind.ENDED),)
    has_renewed = is_charged and bool(renewed_at(before, after))
    found = [
        *_end(before, after, has_renewed=has_renewed),
        *_stop(before, after),
        *_terms(before, after, has_renewed=has_renewed),
        *_status(before, after, has_renewed=has_renewed),
    ]
    return tuple(change for change in found if change.kind not in told or change.after != told[change.kind])


def _told(findings: Sequence[Finding]) -> dict[ChangeKind, int | str]:
    kinds = {
        finding.Kind.ENDED: (ChangeKind.ENDED, ""),
        finding.Kind.GONE: (ChangeKind.GONE, ""),
        finding.Kind.CANCELLING: (ChangeKind.STOPPING, ""),
    }
    told: dict[ChangeKind, int | str] = {}
    for one in findings:
        match one.kind:
            case finding.Kind.QUANTITY:
                told[ChangeKind.QUANTITY] = one.count
            case finding.Kind.PRICE:
                told[ChangeKind.PRICE] = one.count
            case finding.Kind.CYCLE:
                told[ChangeKind.CYCLE] = one.found
            case kind if kind in kinds:
                told[kinds[kind][0]] = kinds[kind][1]
    return told


def _end(before: Service, after: Service, *, has_renewed: bool) -> Iterator[ServiceChange]:
    if has_renewed:
        yield ServiceChange(ChangeKind.RENEWED, before.total, after.total)
    elif before.expires_at and after.expires_at and abs(after.expires_at - before.expires_at) > CLOCKS_DIFFER:
        yield ServiceChange(ChangeKind.MOVED)
    elif after.status == "overdue" and before.status != "overdue":
        yield ServiceChange(ChangeKind.OVERDUE)


def _stop(before: Service, after: Service) -> Iterator[ServiceChange]:
    if after.is_pending_cancellation != before.is_pending_cancellation:
        yield ServiceChange(ChangeKind.STOPPING if after.is_pending_cancellation else ChangeKind.KEPT)


def _terms(before: Service, after: Service, *, has_renewed: bool) -> Iterator[ServiceChange]:
    """A price that changed with a renewal is told with it."""
    if after.quantity != before.quantity:
        yield ServiceChange(ChangeKind.QUANTITY, before.quantity, after.quantity)
    if after.total != before.total and not has_renewed:
        yield ServiceChange(ChangeKind.PRICE, before.total, after.total)
    if after.cycle != before.cycle and after.cycle is not None:
        yield ServiceChange(ChangeKind.CYCLE, str(before.cycle or ""), str(after.cycle))


def _status(before: Service, after: Service, *, has_renewed: bool) -> Iterator[ServiceChange]:
    """Coming back from an unpaid renewal is told as the renewal."""
    is_said = after.status == "overdue" or has_renewed or before.status.startswith("awaiting")
    if after.status != before.status and not is_said:
        yield ServiceChange(ChangeKind.STATUS, before.status, after.status)


def _months_on(at: datetime, months: int, anchor: int | None) -> datetime:
    year, month0 = divmod(at.year * 12 + at.month - 1 + months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    was_cut = at.day == calendar.monthrange(at.year, at.month)[1]
    day = max(anchor, at.day) if anchor is not None and was_cut else at.day
    return at.replace(year=year, month=month0 + 1, day=min(day, last))

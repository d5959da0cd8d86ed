"""How long credit and data last: from the renewals that are known and the data that is used up day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct

from bot.domain.account import KnownService, UsageDay
from bot.domain.ids import ServiceId
from bot.domain.money import Cents
from bot.domain.renewal import Charge, charges_until, following
from bot.domain.usage import BYTES_PER_GB, DataPool

HORIZON = timedelta(days=366)
"""What lies further ahead is not foretold."""
BURN_DAYS = 7
"""A whole week, so that weekends count as they come."""
LISTED_CHARGES = 5
MOST_REFILLS = 60

CENTS_STEP = 1_000
"""A top-up is suggested in steps of ten dollars."""


class Runway(Struct, frozen=True):
    """`ends_at` is when a charge comes that credit will not cover, None when none is in sight; `short_of` is that one.

    `charges` are the next ones; `largest` is the largest of the next 35 days.
    """

    balance: Cents
    ends_at: datetime | None
    short_of: Charge | None
    charges: tuple[Charge, ...]
    largest: Charge | None

    @property
    def named(self) -> tuple[ServiceId, ...]:
        """The services whose charges are told of."""
        return tuple(dict.fromkeys(one.service for one in (*self.charges, self.largest) if one))

    def days(self, now: datetime) -> int | None:
        """Whole days of credit left; None for no end in sight."""
        return None if self.ends_at is None else max(0, (self.ends_at - now).days)


class Burn(Struct, frozen=True):
    """Bytes a day, of the last whole days, at most BURN_DAYS."""

    bytes_a_day: int
    days: int


def burn(rows: Iterable[UsageDay], network: str, today: date) -> Burn:
    """Today is not over, so it does not count. A pool younger than a week is judged by the days it has."""
    days = [row for row in rows if row.network == network and row.day < today]
    if not days:
        return Burn(0, 0)
    first = max(min(row.day for row in days), today - timedelta(days=BURN_DAYS))
    count = (today - first).days
    return Burn(sum(row.bytes for row in days if row.day >= first) // count, count)


def data_lasts_until(pool: DataPool, burning: Burn, now: datetime) -> datetime | None:
    """When the pool is empty at the present burn; None when that is beyond the horizon or nothing is used."""
    if burning.bytes_a_day <= 0:
        return None
    lasts = timedelta(days=min(pool.left_bytes / burning.bytes_a_day, HORIZON.days + 1))
    return now + lasts if lasts <= HORIZON else None


def data_charges(pool: DataPool, known: KnownService, burning: Burn, now: datetime) -> Iterator[Charge]:
    """What more data costs while the pool is emptied faster than its service refills it by renewing."""
    service = known.service
    refill = service.quantity * BYTES_PER_GB
    if burning.bytes_a_day <= 0 or refill <= 0 or known.next_charge <= 0:
        return
    at, left = now, float(max(pool.left_bytes, 0))
    renews_at = service.expires_at if known.renews else None
    for _ in range(MOST_REFILLS):
        empty_at = at + timedelta(days=min(left / burning.bytes_a_day, 2 * HORIZON.days))
        if renews_at is not None and service.cycle is not None and renews_at <= empty_at:
            left += refill - burning.bytes_a_day * ((renews_at - at) / timedelta(days=1))
            at, renews_at = renews_at, following(service.cycle, renews_at)
        else:
            at, left = empty_at, float(refill)
            if at <= now + HORIZON:
                yield Charge(at, known.next_charge, service.id, service.name, is_data=True)
        if at > now + HORIZON:
            return


def runway(
    balance: Cents,
    services: Sequence[KnownService],
    pools: Sequence[tuple[DataPool, Burn]],
    now: datetime,
) -> Runway:
    """How long `balance` pays for everything that will be charged by itself or used up."""
    found = [charge for known in services for charge in charges_until(known, now + HORIZON)]
    by_id = {known.id: known for known in services}
    for pool, burning in pools:
        known = by_id.get(pool.service_id) if pool.service_id else None
        if known is not None:
            found += data_charges(pool, known, burning, now)
    charges = sorted(found, key=lambda charge: (charge.at, charge.service))
    short = _first_uncovered(balance, charges)
    soon = [charge for charge in charges if charge.at <= now + timedelta(days=35)]
    largest = max(soon, key=lambda charge: charge.amount, default=None)
    ends_at = max(short.at, now) if short else None
    return Runway(balance, ends_at, short, tuple(charges[:LISTED_CHARGES]), largest)


def top_up_for(balance: Cents, charges: Iterable[Charge], least: Cents, most: Cents) -> Cents:
    """What to buy so that credit covers these charges, in whole steps, within what can be bought at once."""
    missing = sum(charge.amount for charge in charges) - max(balance, 0)
    return min(max(-(-missing // CENTS_STEP) * CENTS_STEP, least), most)


def _first_uncovered(balance: Cents, charges: Sequence[Charge]) -> Charge | None:
    left = balance
    for charge in charges:
        left -= charge.amount
        if left < 0:
            return charge
    return None

"""What a period used: data by network, service and person, over time, with what a gigabyte of it cost.

Days are the provider's, which counts in UTC. A service belongs to the channel of its request or adoption; data of
proxy users who may use several services belongs to no service and is shown apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.account import KnownService, UsageDay
from bot.domain.company import EVERYBODY, Company
from bot.domain.ids import ChannelId, ServiceId
from bot.domain.ledger import Sums, Totals
from bot.domain.money import Cents
from bot.domain.period import Period
from bot.domain.runway import Burn, data_lasts_until
from bot.domain.summary import MOST_PARTS, OTHERS, OUTSIDE, stretches_of
from bot.domain.usage import BYTES_PER_GB, DataPool, Network

LEAST_AHEAD, FAR_AHEAD, MOST_AHEAD = 7, 14, 365
"""Days that are looked ahead: always, for a later end beside a very near one, and ever."""
MOST_OF_FIRST_END = 4

Services = Mapping[ServiceId, KnownService]
_METERED = frozenset(Network)
"""Networks that are sold by the gigabyte."""


class UsedPart(Struct, frozen=True):
    """One network, service, person, team, channel or project. `name` is the service's own, from the provider."""

    id: str
    bytes: int
    requests: int
    before: int
    """Bytes in the period before."""
    name: str = ""
    cost: Cents | None = None
    """Of a team or project: what it spent on data for each gigabyte that it used of it."""


class UsedColumn(Struct, frozen=True):
    """Some days of a picture: bytes by network, in the order of `Used.networks`."""

    first: date
    last: date
    amounts: tuple[int, ...]


class Left(Struct, frozen=True):
    """Data of one network that is left, and the day it ends at the pace that every forecast goes by (`runway.burn`);
    None while that is far away or nothing is used.
    """

    network: str
    total: int
    left: int
    daily: int
    """Bytes a day, over the last `days` whole days."""
    ends_on: date | None
    as_of: date | None = None
    """The day it was counted; None in notices announced before this was kept."""
    days: int = 0
    """0 in notices announced before this was kept."""


class Ahead(Struct, frozen=True):
    """Bytes left on days from today on, at the present pace: for each day, in the order of `networks`."""

    networks: tuple[str, ...]
    days: tuple[date, ...]
    amounts: tuple[tuple[int, ...], ...]


class Used(Struct, frozen=True):
    """The summary. Parts are sorted by bytes, the greatest first."""

    period: Period
    bytes: int
    requests: int
    before: int
    networks: tuple[UsedPart, ...]
    services: tuple[UsedPart, ...]
    people: tuple[UsedPart, ...]
    channels: tuple[UsedPart, ...]
    columns: tuple[UsedColumn, ...]
    left: tuple[Left, ...] = ()
    spent_on_data: Cents | None = None
    """What was spent in the same days on products sold by the gigabyte; None where it is not to be seen."""
    teams: tuple[UsedPart, ...] = ()
    projects: tuple[UsedPart, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.bytes or self.requests)

    @property
    def cost_of_gigabyte(self) -> Cents | None:
        """Whole cents for each gigabyte used of what is sold by the gigabyte; None where nothing was used or spent."""
        return _each(self.spent_on_data or 0, sum(part.bytes for part in self.networks if part.id in _METERED))


def used_of(
    period: Period,
    now: Sequence[UsageDay],
    before: Sequence[UsageDay],
    services: Services,
    *,
    company: Company = EVERYBODY,
    left: tuple[Left, ...] = (),
    bought: Totals | None = None,
) -> Used:
    """`bought` is what was spent in the same days on products sold by the gigabyte, where that is to be seen."""
    networks = _parts(now, before, lambda row: row.network, services)
    return Used(
        period=period,
        bytes=sum(row.bytes for row in now),
        requests=sum(row.requests for row in now),
        before=sum(row.bytes for row in before),
        networks=networks,
        services=_parts(now, before, lambda row: row.service or OUTSIDE, services),
        people=_parts(now, before, lambda row: _owner(row, services), services),
        channels=_parts(now, before, lambda row: _channel(row, services), services),
        columns=_columns(period, now, [part.id for part in networks]),
        left=left,
        spent_on_data=bought.sums.spent if bought else None,
        teams=_teams(now, before, services, company, bought) if company.teams else (),
        projects=_projects(now, before, services, company, bought) if company.projects else (),
    )


def _teams(
    now: Sequence[UsageDay], before: Sequence[UsageDay], services: Services, company: Company, bought: Totals | None
) -> tuple[UsedPart, ...]:
    def team(row: UsageDay) -> str:
        return company.team_of(_owner(row, services))

    spent = bought.by(lambda row: company.team_of(row.requester)) if bought else {}
    return _costed(_parts(now, before, team, services), now, team, spent)


def _projects(
    now: Sequence[UsageDay], before: Sequence[UsageDay], services: Services, company: Company, bought: Totals | None
) -> tuple[UsedPart, ...]:
    def project(row: UsageDay) -> str:
        return company.project_of(ChannelId(_channel(row, services)))

    spent = bought.by(lambda row: company.project_of(row.channel)) if bought else {}
    return _costed(_parts(now, before, project, services), now, project, spent)


def _costed(
    parts: Iterable[UsedPart], now: Sequence[UsageDay], key: Callable[[UsageDay], str], spent: Mapping[str, Sums]
) -> tuple[UsedPart, ...]:
    metered: dict[str, int] = {}
    for row in now:
        if row.network in _METERED:
            metered[key(row)] = metered.get(key(row), 0) + row.bytes
    return tuple(replace(part, cost=_each(spent.get(part.id, Sums()).spent, metered.get(part.id, 0))) for part in parts)


def _each(spent: Cents, size: int) -> Cents | None:
    """Cents for each gigabyte, rounded half up; None where nothing was used or spent."""
    return int(Fraction(spent * BYTES_PER_GB, size) + Fraction(1, 2)) if spent > 0 and size > 0 else None


def left_of(pools: Iterable[tuple[DataPool, Burn]], now: datetime) -> tuple[Left, ...]:
    """What is left of each network's data, and until when."""
    return tuple(_left(pool, burning, now) for pool, burning in pools)


def _left(pool: DataPool, burning: Burn, now: datetime) -> Left:
    until = data_lasts_until(pool, burning, now)
    return Left(
        network=pool.network,
        total=pool.total_bytes,
        left=pool.left_bytes,
        daily=burning.bytes_a_day,
        ends_on=until.date() if until else None,
        as_of=now.date(),
        days=burning.days,
    )


def ahead_of(left: Sequence[Left], most: int) -> Ahead | None:
    """What comes of it on at most so many days, evenly apart; None where no end is in sight or nothing is left.

    It reaches beyond the last end, but never so far that the first one cannot be seen any more.
    """
    known = [(one, one.as_of) for one in left if one.total > 0 and one.as_of is not None]
    ends = [(one.ends_on - today).days + 1 for one, today in known if one.ends_on is not None]
    if not ends or not any(one.left for one, _ in known):
        return None
    today = known[0][1]
    reach = max(min(max(ends), max(MOST_OF_FIRST_END * min(ends), FAR_AHEAD), MOST_AHEAD), LEAST_AHEAD)
    step = max(-(-reach // (most - 1)), 1)
    days = range(0, reach + step, step)
    return Ahead(
        networks=tuple(one.network for one, _ in known),
        days=tuple(date.fromordinal(today.toordinal() + day) for day in days),
        amounts=tuple(tuple(max(one.left - one.daily * day, 0) for one, _ in known) for day in days),
    )


def _parts(
    now: Iterable[UsageDay], before: Iterable[UsageDay], key: Callable[[UsageDay], str], services: Services
) -> tuple[UsedPart, ...]:
    current: dict[str, tuple[int, int]] = {}
    for row in now:
        size, requests = current.get(key(row), (0, 0))
        current[key(row)] = size + row.bytes, requests + row.requests
    past: dict[str, int] = {}
    for row in before:
        past[key(row)] = past.get(key(row), 0) + row.bytes
    order = sorted(current, key=lambda one: (-current[one][0], -current[one][1], one))
    shown, rest = (order, []) if len(order) <= MOST_PARTS else (order[: MOST_PARTS - 1], order[MOST_PARTS - 1 :])
    found = [UsedPart(one, *current[one], past.get(one, 0), _named(one, services)) for one in shown]
    if rest:
        together = [sum(current[one][at] for one in rest) for at in (0, 1)]
        found.append(UsedPart(OTHERS, together[0], together[1], sum(past.get(one, 0) for one in rest)))
    return tuple(found)


def _named(one: str, services: Services) -> str:
    known = services.get(ServiceId(one))
    return known.service.name if known else ""


def _owner(row: UsageDay, services: Services) -> str:
    known = services.get(row.service) if row.service else None
    return (known.owner or OUTSIDE) if known else OUTSIDE


def _channel(row: UsageDay, services: Services) -> str:
    known = services.get(row.service) if row.service else None
    return (known.channel or OUTSIDE) if known else OUTSIDE


def _columns(period: Period, rows: Sequence[UsageDay], networks: Sequence[str]) -> tuple[UsedColumn, ...]:
    stretches = list(stretches_of(period))
    amounts = [[0] * len(networks) for _ in stretches]
    for row in rows:
        at = next((place for place, one in enumerate(stretches) if one.first <= row.day <= one.last), None)
        if at is not None and row.network in networks:
            amounts[at][networks.index(row.network)] += row.bytes
    return tuple(UsedColumn(one.first, one.last, tuple(sums)) for one, sums in zip(stretches, amounts, strict=True))

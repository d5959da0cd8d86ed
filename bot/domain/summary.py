"""What a period cost, as one value: sums, who and what they are made of, and what a proxy or a gigabyte cost.

Everything is made from the ledger's rows, so it equals the ledger to the cent. The period before stands beside it;
where there was nothing before, there is nothing to compare with, and nothing is divided by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.catalog import CREDIT_CODE
from bot.domain.company import EVERYBODY, Company
from bot.domain.ids import ProductCode
from bot.domain.ledger import Row, Sums, Totals
from bot.domain.money import Cents
from bot.domain.period import Period, month_end
from bot.domain.reason import Reason, reason

MOST_PARTS = 12
"""Products, people or channels shown one by one; what is left is shown together."""
MOST_COLORS = 5
"""Products with a colour of their own in a picture."""
DAILY_UP_TO = 14
WEEKLY_UP_TO = 16 * 7
"""Days up to which a picture has a column for each day, and for each week."""
OTHERS = "*"
"""The id of what is shown together."""
OUTSIDE = ""
"""The id of what belongs to no channel and no person: bought outside the bot."""


class Unit(StrEnum):
    """What one of a product is. Nothing is divided by the quantity of a product whose unit nobody knows."""

    PROXY = "proxy"
    GIGABYTE = "GB"
    UNKNOWN = ""


class Known(Struct, frozen=True):
    """A product by name and unit."""

    name: str
    unit: Unit


class Part(Struct, frozen=True):
    """One product, person, team, channel or project: what it came to, and in the period before.

    A product has a unit, all others what one proxy and one gigabyte cost there, and why they differ from before.
    """

    id: str
    sums: Sums
    before: Sums
    name: str = ""
    unit: Unit = Unit.UNKNOWN
    costs: tuple[UnitCost, ...] = ()
    reason: Reason | None = None


class Column(Struct, frozen=True):
    """Some days of a picture: cents by product, in the order of `Spend.colors`, then all others together."""

    first: date
    last: date
    amounts: tuple[Cents, ...]


class Cause(StrEnum):
    """Why one unit costs more or less than before."""

    FIRST = "first"
    """There is nothing before to compare with."""
    SAME = "same"
    PRICE = "price"
    """The same products cost more or less."""
    MIX = "mix"
    """Other products were bought."""


class UnitCost(Struct, frozen=True):
    """What one proxy or gigabyte cost when it was ordered, in whole cents. `by` is the product that moved it most:
    whose price changed, or whose part of what was ordered grew.
    """

    unit: Unit
    now: Cents
    before: Cents | None
    cause: Cause
    by: str = ""


class Spend(Struct, frozen=True):
    """The summary. Parts are sorted by what they came to, the greatest first; a company without teams or projects has
    none of these.
    """

    period: Period
    sums: Sums
    before: Sums
    products: tuple[Part, ...]
    people: tuple[Part, ...]
    channels: tuple[Part, ...]
    colors: tuple[str, ...]
    columns: tuple[Column, ...]
    units: tuple[UnitCost, ...]
    teams: tuple[Part, ...] = ()
    projects: tuple[Part, ...] = ()
    reason: Reason | None = None

    @property
    def is_empty(self) -> bool:
        return self.sums == Sums()


def spend_of(now: Totals, before: Totals, catalog: Mapping[ProductCode, Known], company: Company = EVERYBODY) -> Spend:
    """The summary of a period from the rows of it and of the one before."""
    bought = tuple(row for row in now.rows if row.product != CREDIT_CODE)
    earlier = tuple(row for row in before.rows if row.product != CREDIT_CODE)
    products = parts(bought, earlier, lambda row: row.product, catalog)
    colors = tuple(part.id for part in products if part.sums.spent > 0 and part.id != OTHERS)[:MOST_COLORS]
    period = Period(now.first, now.last)

    def by(key: Callable[[Row], str]) -> tuple[Part, ...]:
        return _costed(bought, earlier, key, catalog)

    return Spend(
        period=period,
        sums=now.sums,
        before=before.sums,
        products=products,
        people=by(lambda row: row.requester or OUTSIDE),
        channels=by(lambda row: row.channel or OUTSIDE),
        colors=tuple(_name(code, catalog) for code in colors),
        columns=columns(period, bought, colors),
        units=tuple(unit_costs(bought, earlier, catalog)),
        teams=by(lambda row: company.team_of(row.requester)) if company.teams else (),
        projects=by(lambda row: company.project_of(row.channel)) if company.projects else (),
        reason=_reason(bought, earlier, catalog),
    )


def parts(
    now: Iterable[Row],
    before: Iterable[Row],
    key: Callable[[Row], str],
    catalog: Mapping[ProductCode, Known] | None = None,
) -> tuple[Part, ...]:
    """Who or what the sums are made of; from the twelfth on together."""
    current, past = _grouped(now, key), _grouped(before, key)
    order = sorted(current, key=lambda one: (-current[one].spent, -past.get(one, Sums()).spent, one))
    shown, rest = (order, []) if len(order) <= MOST_PARTS else (order[: MOST_PARTS - 1], order[MOST_PARTS - 1 :])
    found = [_part(one, current[one], past.get(one, Sums()), catalog or {}) for one in shown]
    if rest:
        others = sum((current[one] for one in rest), Sums()), sum((past.get(one, Sums()) for one in rest), Sums())
        found.append(Part(OTHERS, *others))
    return tuple(found)


def _costed(
    now: Sequence[Row], before: Sequence[Row], key: Callable[[Row], str], catalog: Mapping[ProductCode, Known]
) -> tuple[Part, ...]:
    """The parts with what one of a kind cost in each; of those shown together it would say nothing."""
    current, past = _rows_by(now, key), _rows_by(before, key)
    return tuple(
        replace(
            part,
            costs=tuple(unit_costs(current.get(part.id, ()), past.get(part.id, ()), catalog)),
            reason=_reason(current.get(part.id, ()), past.get(part.id, ()), catalog),
        )
        for part in parts(now, before, key)
    )


def _reason(now: Iterable[Row], before: Iterable[Row], catalog: Mapping[ProductCode, Known]) -> Reason | None:
    """With the name of the product."""
    found = reason(_grouped(now, lambda row: row.product), _grouped(before, lambda row: row.product))
    return replace(found, by=_name(found.by, catalog)) if found else None


def _rows_by(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _part(one: str, now: Sums, before: Sums, catalog: Mapping[ProductCode, Known]) -> Part:
    known = catalog.get(ProductCode(one))
    return Part(one, now, before, known.name if known else "", known.unit if known else Unit.UNKNOWN)


def _name(code: str, catalog: Mapping[ProductCode, Known]) -> str:
    known = catalog.get(ProductCode(code))
    return known.name if known else code


def _grouped(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, Sums]:
    groups: dict[str, Sums] = {}
    for row in rows:
        groups[key(row)] = groups.get(key(row), Sums()) + row.sums
    return groups


# Over time


def columns(period: Period, rows: Sequence[Row], colors: Sequence[str]) -> tuple[Column, ...]:
    """Days, weeks or months of the period, each with what was spent in it."""
    stretches = list(stretches_of(period))
    amounts = [[0] * (len(colors) + 1) for _ in stretches]
    for row in rows:
        at = next((place for place, one in enumerate(stretches) if one.first <= row.day <= one.last), None)
        if at is not None:
            amounts[at][colors.index(row.product) if row.product in colors else len(colors)] += row.sums.spent
    return tuple(Column(one.first, one.last, tuple(sums)) for one, sums in zip(stretches, amounts, strict=True))


def stretches_of(period: Period) -> Iterable[Period]:
    """Its days; in a longer period its weeks from Monday, or its months. The first and last may be cut."""
    first = period.first
    while first <= period.last:
        if period.days <= DAILY_UP_TO:
            last = first
        elif period.days <= WEEKLY_UP_TO:
            last = first + timedelta(days=6 - first.weekday())
        else:
            last = month_end(first)
        yield Period(first, min(last, period.last))
        first = last + timedelta(days=1)


# What one unit cost


def cost_of_one(sums: Sums) -> Cents | None:
    """Whole cents, rounded half up; None where nothing was ordered."""
    return _rounded(Fraction(sums.ordered, sums.quantity)) if sums.quantity > 0 else None


def unit_costs(now: Iterable[Row], before: Iterable[Row], catalog: Mapping[ProductCode, Known]) -> Iterable[UnitCost]:
    """For proxies and for gigabytes, where any were ordered: what one cost, before, and why it changed."""
    current, past = _grouped(now, lambda row: row.product), _grouped(before, lambda row: row.product)
    for unit in (Unit.PROXY, Unit.GIGABYTE):
        mine = {code for code in {*current, *past} if _unit(code, catalog) is unit}
        this = {code: sums for code, sums in current.items() if code in mine and sums.quantity > 0}
        that = {code: sums for code, sums in past.items() if code in mine and sums.quantity > 0}
        if this:
            yield _compared(unit, this, that, catalog)


def _compared(
    unit: Unit, now: Mapping[str, Sums], before: Mapping[str, Sums], catalog: Mapping[ProductCode, Known]
) -> UnitCost:
    cost = _mean(now.values())
    if not before:
        return UnitCost(unit, _rounded(cost), None, Cause.FIRST)
    earlier = _mean(before.values())
    if _rounded(cost) == _rounded(earlier):
        return UnitCost(unit, _rounded(cost), _rounded(earlier), Cause.SAME)
    quantity = sum(sums.quantity for sums in now.values())
    dearer = {code: now[code].quantity * (_mean([now[code]]) - _mean([before[code]])) for code in now if code in before}
    by_price = sum(dearer.values(), Fraction()) / quantity
    by_mix = cost - earlier - by_price
    if abs(by_price) >= abs(by_mix):
        by = max(dearer, key=lambda code: abs(dearer[code]))
        return UnitCost(unit, _rounded(cost), _rounded(earlier), Cause.PRICE, _name(by, catalog))
    by = max(now, key=lambda code: (_share(code, now) - _share(code, before), code))
    return UnitCost(unit, _rounded(cost), _rounded(earlier), Cause.MIX, _name(by, catalog))


def _mean(sums: Iterable[Sums]) -> Fraction:
    together = sum(sums, Sums())
    return Fraction(together.ordered, together.quantity)


def _share(code: str, groups: Mapping[str, Sums]) -> Fraction:
    mine = groups[code].quantity if code in groups else 0
    return Fraction(mine, sum(sums.quantity for sums in groups.values()))


def _unit(code: str, catalog: Mapping[ProductCode, Known]) -> Unit:
    known = catalog.get(ProductCode(code))
    return known.unit if known else Unit.UNKNOWN


def _rounded(amount: Fraction) -> Cents:
    return int(amount + Fraction(1, 2)) if amount >= 0 else -int(-amount + Fraction(1, 2))


def change(now: int, before: int) -> int | None:
    """Per cent more (or, negative, less) than before, rounded; None where there was nothing before."""
    return round(Fraction((now - before) * 100, before)) if before > 0 else None

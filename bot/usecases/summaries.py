"""Summing up: what was spent, from the ledger, and what was used, from the daily snapshots. Nothing here asks the
provider anything but its catalog, which is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.domain import seeing
from bot.domain.account import KnownService, UsageDay
from bot.domain.catalog import Catalog
from bot.domain.company import Company
from bot.domain.errors import ChatError, ProviderError
from bot.domain.ids import ChannelId, ProductCode, ServiceId, UserId, WorkspaceId
from bot.domain.ledger import Entry, Row, Sums, Totals, adds
from bot.domain.period import Period, today_in
from bot.domain.policy import Person, Verdict
from bot.domain.scope import Asked, Kind, Scope, division, parse_asked, unknown
from bot.domain.seeing import Viewer, may_see_anything, may_see_spend
from bot.domain.summary import Known, Spend, Unit, spend_of
from bot.domain.typeahead import fold
from bot.domain.used import Used, left_of, used_of
from bot.usecases import company, watch
from bot.usecases.desk import Desk, utcnow

CATALOG_WAIT_S = 1.0
"""Names may be missing, the summary not: somebody waits for it."""
MOST_LINES = 50_000
"""Lines of one file: what a worker can hold beside its other work."""
NAMED = 8
"""People whose names are looked up for a chart."""


# Who may


async def viewer(desk: Desk, user: UserId, channel: ChannelId | None, roles: Iterable[str]) -> Viewer:
    """Who looks, with the roles of these that they hold now. Raises ChatError when Slack cannot say."""
    policy = desk.policy()
    named = {name: role for name in roles if (role := policy.role(name)) is not None}
    person, holders = await asyncio.gather(
        desk.directory.person(user), asyncio.gather(*(desk.directory.holders(role) for role in named.values()))
    )
    held = frozenset(name for name, who in zip(named, holders, strict=True) if user in who)
    return Viewer(person, channel, held)


async def may_see(desk: Desk, user: UserId, channel: ChannelId | None, scope: Scope) -> tuple[Verdict, Verdict]:
    """Whether this person may see anything of it, and whether they may see what it cost."""
    visible_to = desk.policy().prices_visible_to
    who = await viewer(desk, user, channel, visible_to)
    return may_see_anything(who), may_see_spend(who, scope, visible_to)


async def may_see_prices(
    desk: Desk, user: UserId, here: ChannelId | None, requester: UserId | None, channel: ChannelId | None
) -> Verdict:
    """Whether this person may see the sums of one request or service. Slack is asked only where a role decides;
    when it cannot say, the sums are left out.
    """
    policy = desk.policy()
    decide = (policy.approvals.role, policy.budgets.over_budget_role)
    visible_to = (*policy.prices_visible_to, *(role for role in decide if role))
    plain = seeing.may_see_prices(Viewer(Person(user, ""), here, frozenset()), requester, channel, visible_to)
    if plain.is_allowed:
        return plain
    try:
        who = await viewer(desk, user, here, visible_to)
    except ChatError:
        return plain
    return seeing.may_see_prices(who, requester, channel, visible_to)


# What is meant


def today_of(desk: Desk, channel: ChannelId | None, now: datetime | None = None) -> date:
    return today_in(ZoneInfo(zone_of(desk, channel)), now or utcnow())


def zone_of(desk: Desk, channel: ChannelId | None) -> str:
    policy = desk.policy()
    return policy.time_zone_of(channel) if channel else policy.time_zone


def asked_in(desk: Desk, carried: str) -> Asked | None:
    """What a button carries, with its days as they are where it is about; None for anything else."""
    _, kind, of = (*carried.split(":"), "", "", "")[:3]
    return parse_asked(carried, today_of(desk, ChannelId(of) if kind == Kind.CHANNEL else None))


def zone_of_scope(desk: Desk, scope: Scope) -> str:
    return zone_of(desk, ChannelId(scope.id) if scope.kind is Kind.CHANNEL else None)


async def scope_called(desk: Desk, workspace: WorkspaceId, word: str) -> Scope:
    """A team or project, a product by its code or name, or a service by its ID.

    Raises ScopeError with what may have been meant.
    """
    names = company.names(desk)
    if (named := division(word, names)) is not None:
        return named
    catalog = await catalog_at_hand(desk)
    by_word = {fold(code): code for code in catalog} | {fold(one.name): code for code, one in catalog.items()}
    if code := by_word.get(fold(word)):
        return Scope(Kind.PRODUCT, code)
    service = ServiceId(word)
    if await desk.store.service(workspace, service) or await desk.store.by_service(workspace, service):
        return Scope(Kind.SERVICE, service)
    raise unknown(word, catalog, names)


async def catalog_at_hand(desk: Desk) -> Catalog:
    """Everything on sale; empty when it is not known and cannot be read soon."""
    try:
        async with asyncio.timeout(CATALOG_WAIT_S):
            return await desk.provider.catalog()
    except (ProviderError, TimeoutError):
        return {}


# How the company is divided


async def _company_for(desk: Desk, scope: Scope) -> Company:
    """Raises ChatError where a team is asked about and Slack does not say who is in it."""
    return await (company.now(desk) if scope.kind is Kind.TEAM else company.at_hand(desk))


# Spend


async def spend(desk: Desk, workspace: WorkspaceId, scope: Scope, period: Period) -> Spend:
    """What was spent, equal to the ledger to the cent."""
    now, before, catalog, divided = await asyncio.gather(
        _totals(desk, workspace, scope, period),
        _totals(desk, workspace, scope, period.before()),
        catalog_at_hand(desk),
        _company_for(desk, scope),
    )
    now, before = (_within(totals, scope, divided) for totals in (now, before))
    return spend_of(now, before, known_products(catalog), divided)


def known_products(catalog: Catalog) -> dict[ProductCode, Known]:
    return {
        code: Known(product.name or code, Unit.PROXY if product.is_per_ip else Unit.GIGABYTE)
        for code, product in catalog.items()
    }


async def _totals(desk: Desk, workspace: WorkspaceId, scope: Scope, period: Period) -> Totals:
    match scope.kind:
        case Kind.SERVICE:
            entries = await desk.ledger.entries_of_service(workspace, ServiceId(scope.id))
            return totals_of(entries, period)
        case Kind.CHANNEL:
            return await desk.ledger.spend(workspace, period.first, period.last, channel=ChannelId(scope.id))
        case Kind.PERSON:
            return await desk.ledger.spend(workspace, period.first, period.last, requester=UserId(scope.id))
        case Kind.PRODUCT:
            return await desk.ledger.spend(workspace, period.first, period.last, product=ProductCode(scope.id))
        case Kind.WORKSPACE | Kind.TEAM | Kind.PROJECT:
            return await desk.ledger.spend(workspace, period.first, period.last)


def _within(totals: Totals, scope: Scope, divided: Company) -> Totals:
    """What of a workspace's rows is a team's or a project's; of all other scopes everything was read by the store."""
    rows = tuple(row for row in totals.rows if _is_of(scope, divided, row.requester, row.channel))
    return Totals(totals.first, totals.last, rows)


def _is_of(scope: Scope, divided: Company, person: UserId | None, channel: ChannelId | None) -> bool:
    match scope.kind:
        case Kind.TEAM:
            return divided.team_of(person) == scope.id
        case Kind.PROJECT:
            return divided.project_of(channel) == scope.id
        case _:
            return True


def totals_of(entries: Iterable[Entry], period: Period) -> Totals:
    """The same sums from single entries."""
    rows = tuple(
        Row(entry.day, entry.channel, entry.requester, entry.product, Sums(**adds(entry)))
        for entry in entries
        if period.first <= entry.day <= period.last
    )
    return Totals(period.first, period.last, rows)


async def entries(desk: Desk, workspace: WorkspaceId, asked: Asked, most: int = MOST_LINES) -> list[Entry]:
    """The single lines that make the sums, the first `most` of them."""
    first, last, of = asked.period.first, asked.period.last, asked.scope.id
    if asked.scope.kind is Kind.SERVICE:
        found = await desk.ledger.entries_of_service(workspace, ServiceId(of))
        return [entry for entry in found if first <= entry.day <= last]
    cut: dict[str, str] = {
        Kind.CHANNEL: {"channel": of},
        Kind.PERSON: {"requester": of},
        Kind.PRODUCT: {"product": of},
    }.get(asked.scope.kind, {})
    divided = await _company_for(desk, asked.scope)
    read: list[Entry] = []
    async for entry in desk.ledger.entries(workspace, first, last, **cut):  # type: ignore[arg-type]
        if len(read) == most:
            break
        if _is_of(asked.scope, divided, entry.requester, entry.channel):
            read.append(entry)
    return read


# Usage


async def used(desk: Desk, workspace: WorkspaceId, scope: Scope, period: Period, *, shows_cost: bool) -> Used:
    """What was used; with `shows_cost` what a gigabyte of it cost."""
    before = period.before()
    now_rows, before_rows, pools = await asyncio.gather(
        desk.store.usage(workspace, period.first, period.last),
        desk.store.usage(workspace, before.first, before.last),
        watch.burning_pools(desk, workspace),
    )
    services, divided = await asyncio.gather(
        services_in(desk, workspace, [*now_rows, *before_rows]), _company_for(desk, scope)
    )
    mine = await _belongs(desk, workspace, scope, services, divided)
    left = left_of(pools, utcnow()) if period.last >= utcnow().date() else ()
    return used_of(
        period,
        [row for row in now_rows if _is_mine(row, scope, mine)],
        [row for row in before_rows if _is_mine(row, scope, mine)],
        services,
        company=divided,
        left=left,
        bought=await _data_bought(desk, workspace, scope, period, divided) if shows_cost else None,
    )


async def services_in(desk: Desk, workspace: WorkspaceId, rows: Iterable[UsageDay]) -> Mapping[ServiceId, KnownService]:
    return await desk.store.known_rows(workspace, sorted({row.service for row in rows if row.service}))


async def usage_rows(
    desk: Desk, workspace: WorkspaceId, asked: Asked
) -> tuple[list[UsageDay], Mapping[ServiceId, KnownService]]:
    """The single days that make the sums, and the services they name."""
    rows = await desk.store.usage(workspace, asked.period.first, asked.period.last)
    services = await services_in(desk, workspace, rows)
    mine = await _belongs(desk, workspace, asked.scope, services, await _company_for(desk, asked.scope))
    return [row for row in rows if _is_mine(row, asked.scope, mine)], services


async def _belongs(
    desk: Desk, workspace: WorkspaceId, scope: Scope, services: Mapping[ServiceId, KnownService], divided: Company
) -> frozenset[ServiceId]:
    """The services that are of this scope."""
    match scope.kind:
        case Kind.CHANNEL:
            return frozenset(one.id for one in services.values() if one.channel == scope.id)
        case Kind.PERSON:
            return frozenset(one.id for one in services.values() if one.owner == scope.id)
        case Kind.TEAM | Kind.PROJECT:
            return frozenset(one.id for one in services.values() if _is_of(scope, divided, one.owner, one.channel))
        case Kind.SERVICE:
            return frozenset([ServiceId(scope.id)])
        case Kind.PRODUCT:
            asked = [one for one in services.values() if one.request is not None]
            found = await asyncio.gather(*(desk.store.get(workspace, one.request) for one in asked if one.request))
            pairs = zip(asked, found, strict=True)
            return frozenset(one.id for one, request in pairs if request and request.product.code == scope.id)
        case Kind.WORKSPACE:
            return frozenset(services)


def _is_mine(row: UsageDay, scope: Scope, mine: frozenset[ServiceId]) -> bool:
    return scope.kind is Kind.WORKSPACE or row.service in mine


async def _data_bought(desk: Desk, workspace: WorkspaceId, scope: Scope, period: Period, divided: Company) -> Totals:
    """What was spent on products sold by the gigabyte."""
    found, catalog = await asyncio.gather(_totals(desk, workspace, scope, period), catalog_at_hand(desk))
    known, mine = known_products(catalog), _within(found, scope, divided)
    rows = (row for row in mine.rows if (one := known.get(row.product)) and one.unit is Unit.GIGABYTE)
    return Totals(period.first, period.last, tuple(rows))


# For charts and pictures


async def names_of(desk: Desk, shown: Spend) -> dict[str, str]:
    """Names of people and channels, for a chart, where neither can be mentioned; without those Slack does not tell."""
    places = shown.projects or shown.channels
    people = [part.id for part in shown.people if part.id.startswith(("U", "W"))] if len(shown.people) > 1 else []
    named, channels = await asyncio.gather(_people(desk, people[:NAMED]), _channels(desk, is_asked=len(places) > 1))
    names = {**named, **channels}
    return {part.id: names[part.id] for part in (*shown.people, *places) if names.get(part.id)}


async def _people(desk: Desk, users: Iterable[str]) -> dict[str, str]:
    return dict(await asyncio.gather(*(_name(desk, user) for user in users)))


async def _name(desk: Desk, user: str) -> tuple[str, str]:
    try:
        return user, (await desk.directory.person(UserId(user))).name
    except ChatError:
        return user, ""


async def _channels(desk: Desk, *, is_asked: bool) -> dict[str, str]:
    if not is_asked:
        return {}
    try:
        return {str(channel): name for channel, name in (await desk.directory.public_channels()).items()}
    except ChatError:
        return {}

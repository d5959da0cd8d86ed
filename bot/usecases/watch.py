"""Credit and data watched: each crossing of a level said once, and never an all-clear for what cannot be read.

What a watch remembers is kept in the store. A notice is announced under the number of its crossing before that is
written down, so a crash between the two says nothing twice and forgets nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from bot.domain.account import BalanceReading, KnownService
from bot.domain.catalog import MAX_TOP_UP, MIN_TOP_UP
from bot.domain.errors import ProviderError
from bot.domain.ids import ChannelId, WorkspaceId
from bot.domain.intents import Destination
from bot.domain.money import CENTS_PER_DOLLAR, Cents
from bot.domain.notice import BalanceUnread, CreditBack, CreditLow, DataLow, Notice
from bot.domain.policy import CreditAlerts
from bot.domain.renewal import Charge, charges_until
from bot.domain.runway import BURN_DAYS, HORIZON, Burn, Runway, burn, data_charges, data_lasts_until, runway, top_up_for
from bot.domain.threshold import Gauge, Said, Watched, watch
from bot.domain.usage import DataPool
from bot.usecases.desk import Desk, utcnow
from bot.usecases.top_ups import open_top_ups

FAILURES_BEFORE_ALARM = 3
DAYS = "days"
"""The name of the gauge that is about days, among those that are about dollars."""
DAYS_MARGIN = 2
DATA_MARGIN_PERCENT = 5

_log = structlog.get_logger()


class Outlook(Struct, frozen=True):
    """Credit as last read, and how long it lasts; `pools` with what is used of them a day."""

    reading: BalanceReading
    runway: Runway
    are_services_known: bool
    """Before the account was read, nothing is known to be charged, which is not the same as nothing."""
    pools: tuple[tuple[DataPool, Burn], ...]
    coming: tuple[Charge, ...]
    """Charges of the weeks that a top-up is to cover."""

    def top_up(self) -> Cents:
        return top_up_for(self.runway.balance, self.coming, MIN_TOP_UP, MAX_TOP_UP)


async def outlook(desk: Desk, workspace: WorkspaceId, reading: BalanceReading | None = None) -> Outlook:
    """From the store alone, unless a fresher reading is given."""
    store, now = desk.store, utcnow()
    reading = reading or await store.balance(workspace)
    services = await store.live_services(workspace)
    pools = await burning_pools(desk, workspace)
    until = now + timedelta(weeks=desk.policy().credit_alerts.top_up_weeks)
    coming = [charge for known in services for charge in charges_until(known, until)]
    coming += _more_data(services, pools, until)
    are_known = await store.services_read_at(workspace) is not None
    return Outlook(reading, runway(reading.balance or 0, services, pools, now), are_known, pools, tuple(coming))


async def burning_pools(desk: Desk, workspace: WorkspaceId) -> tuple[tuple[DataPool, Burn], ...]:
    """Each data pool as last read, with what is used of it a day."""
    today = utcnow().date()
    known = await desk.store.pools(workspace)
    if known is None:
        return ()
    rows = await desk.store.usage(workspace, today - timedelta(days=BURN_DAYS), today)
    return tuple((pool, burn(rows, pool.network, today)) for pool in known.pools)


# Credit


async def read_balance(desk: Desk, workspace: WorkspaceId) -> BalanceReading:
    """Read it and write down how that went; a failure keeps the last one with its age."""
    before, now = await desk.store.balance(workspace), utcnow()
    try:
        reading = BalanceReading(await desk.provider.credit_balance(), now)
    except ProviderError as error:
        _log.warning("balance_not_read", error=str(error), failures=before.failures + 1)
        reading = replace(before, failures=before.failures + 1, failing_since=before.failing_since or now)
        await desk.store.keep_balance(workspace, reading)
        await _alarm_if_unread(desk, workspace, reading)
        raise
    await desk.store.keep_balance(workspace, reading)
    return reading


async def credit(desk: Desk, workspace: WorkspaceId, reading: BalanceReading) -> None:
    """Say what has to be said about a balance that was really read."""
    if reading.balance is None:
        return
    raw = await desk.store.watch(workspace, "credit")
    before = _remembered(raw)
    seen = await outlook(desk, workspace, reading)
    if reading.balance <= 0 and raw is None:
        return  # nobody ever had credit here: there is none to run out of
    state, said = watch(before, _gauges(desk.policy().credit_alerts, seen), utcnow())
    if said is not None:
        await _tell(desk, workspace, await _about_credit(desk, workspace, said, state, seen))
    await desk.store.keep_watch(workspace, "credit", raw, _text(state))


def _gauges(alerts: CreditAlerts, seen: Outlook) -> list[Gauge]:
    """One for each level in dollars, and one for the days that remain."""
    balance = seen.runway.balance
    cents = [level * CENTS_PER_DOLLAR for level in sorted(alerts.levels_dollars)]
    found = [Gauge(str(level), balance, level, _above(level, alerts.margin_percent)) for level in cents]
    if alerts.invoice_lead_days and seen.are_services_known:
        days, lead = seen.runway.days(utcnow()), alerts.invoice_lead_days + 1
        rearm = max(lead + DAYS_MARGIN, _above(lead, alerts.margin_percent))
        found.append(Gauge(DAYS, HORIZON.days if days is None else days, lead, rearm))
    return found


def _above(level: int, percent: int) -> int:
    return ceil(level * (100 + percent) / 100)


async def _about_credit(desk: Desk, workspace: WorkspaceId, said: Said, state: Watched, seen: Outlook) -> Notice:
    if said is Said.OVER:
        return CreditBack(state.crossings, utcnow(), seen.runway)
    levels = [int(name) for name in state.crossed if name != DAYS]
    return CreditLow(
        crossing=state.crossings,
        reminder=state.reminders,
        at=utcnow(),
        level=min(levels, default=None),
        runway=seen.runway,
        top_up=seen.top_up(),
        weeks=desk.policy().credit_alerts.top_up_weeks,
        ordered=await open_top_ups(desk, workspace),
    )


async def _alarm_if_unread(desk: Desk, workspace: WorkspaceId, reading: BalanceReading) -> None:
    """Neither an alarm about the balance nor an all-clear: what is told is that nobody knows."""
    if reading.failures < FAILURES_BEFORE_ALARM or reading.failing_since is None:
        return
    notice = BalanceUnread(reading.failing_since, utcnow(), reading.read_at, reading.balance)
    await _tell(desk, workspace, notice)


def _more_data(
    services: Sequence[KnownService], pools: Sequence[tuple[DataPool, Burn]], until: datetime
) -> list[Charge]:
    by_id = {known.id: known for known in services}
    found = [
        charge
        for pool, burning in pools
        if pool.service_id and pool.service_id in by_id
        for charge in data_charges(pool, by_id[pool.service_id], burning, utcnow())
    ]
    return [charge for charge in found if charge.at <= until]


# Data


async def data(desk: Desk, workspace: WorkspaceId) -> None:
    """Say once for each crossing that a data pool runs low."""
    for pool, burning in await burning_pools(desk, workspace):
        if pool.total_bytes > 0:
            await _pool(desk, workspace, pool, burning)


async def _pool(desk: Desk, workspace: WorkspaceId, pool: DataPool, burning: Burn) -> None:
    name = f"data:{pool.network}"
    raw = await desk.store.watch(workspace, name)
    levels = desk.policy().data_alerts_percent
    state, said = watch(_remembered(raw), [_level(pool, percent) for percent in levels], utcnow())
    if said is Said.CROSSED:
        lasts_until = data_lasts_until(pool, burning, utcnow())
        level = min(int(one) for one in state.crossed)
        notice = DataLow(state.crossings, utcnow(), level, pool, burning.bytes_a_day, lasts_until, burning.days)
        known = await desk.store.service(workspace, pool.service_id) if pool.service_id else None
        await _tell(desk, workspace, notice, known.channel if known else None)
    await desk.store.keep_watch(workspace, name, raw, _text(state))


def _level(pool: DataPool, percent: int) -> Gauge:
    """In hundredths of a per cent of the pool; exactly at the level is low enough."""
    left = max(pool.left_bytes, 0) * 10_000 // pool.total_bytes
    return Gauge(str(percent), left, percent * 100 + 1, min((percent + DATA_MARGIN_PERCENT) * 100, 10_000))


# Telling and remembering


async def _tell(desk: Desk, workspace: WorkspaceId, notice: Notice, channel: ChannelId | None = None) -> None:
    """In a channel when there is one for it, else to those who look after the bot."""
    there = channel or desk.policy().credit_alerts.channel
    to: Sequence[Destination] = [there] if there else await desk.keepers()
    if await desk.store.announce(workspace, notice, to):
        _log.info("notice_announced", key=notice.key, to=list(to))


def _remembered(raw: str | None) -> Watched:
    return msgspec.json.decode(raw, type=Watched) if raw else Watched()


def _text(state: Watched) -> str:
    return msgspec.json.encode(state).decode()

"""How long credit and data last, tried on made-up histories: early enough, told once, and never for nothing."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from bot.domain.account import KnownService, UsageDay
from bot.domain.catalog import Cycle
from bot.domain.ids import ServiceId
from bot.domain.renewal import charges_until
from bot.domain.runway import HORIZON, Burn, burn, data_charges, data_lasts_until, runway, top_up_for
from bot.domain.threshold import Gauge, Said, Watched, watch
from bot.domain.usage import BYTES_PER_GB, DataPool, Network
from tests.examples import NOW
from tests.store.test_account import known

DAY = timedelta(days=1)
MONTH = Cycle(1, "month")


def renewing(name: str, in_days: float, total: int, cycle: Cycle = MONTH) -> KnownService:
    return known(name, total=total, cycle=cycle, created_at=NOW - 40 * DAY, expires_at=NOW + in_days * DAY)


def pool(left_gb: float, service: str = "DATA") -> DataPool:
    left = int(left_gb * BYTES_PER_GB)
    total = 10 * BYTES_PER_GB
    return DataPool(Network.RESIDENTIAL, total, total - left, left, 1, ServiceId(service), None)


def burning(gb: float) -> Burn:
    return Burn(int(gb * BYTES_PER_GB), 7)


def test_l2_credit_lasts_until_the_charge_it_does_not_cover() -> None:
    services = [renewing("A", 3, 1_000), renewing("B", 10, 5_000), renewing("C", 20, 500)]
    found = runway(6_500, services, [], NOW)
    assert found.short_of is not None
    assert (found.short_of.service, found.short_of.amount) == ("A", 1_000), "its second renewal"
    assert [charge.service for charge in found.charges[:3]] == ["A", "B", "C"]
    assert found.largest is not None
    assert (found.largest.service, found.largest.amount) == ("B", 5_000)
    assert runway(999, services, [], NOW).days(NOW) == 3
    assert runway(1_000, services, [], NOW).days(NOW) == 10


@pytest.mark.parametrize("balance", [0, -500, 1, 10**9])
def test_l2_t135_without_anything_to_pay_there_is_no_end(balance: int) -> None:
    found = runway(balance, [], [], NOW)
    assert (found.ends_at, found.days(NOW), found.charges, found.largest) == (None, None, (), None)


def test_l2_a_charge_of_the_past_is_due_now() -> None:
    late = renewing("A", -2, 1_000)
    assert runway(500, [late], [], NOW).ends_at == NOW


def test_l8_burn_is_the_mean_of_the_last_whole_days() -> None:
    today = NOW.date()

    def day(ago: int, size: int, network: str = "residential") -> UsageDay:
        return UsageDay(today - timedelta(days=ago), network, None, None, size, 1)

    assert burn([], "residential", today) == Burn(0, 0)
    assert burn([day(0, 999)], "residential", today) == Burn(0, 0), "today is not over"
    assert burn([day(1, 70), day(3, 20), day(2, 5, "mobile")], "residential", today) == Burn(30, 3)
    assert burn([day(ago, 70) for ago in range(0, 30)], "residential", today) == Burn(70, 7)
    assert burn([day(30, 10_000), day(1, 70)], "residential", today) == Burn(10, 7)


def test_l8_data_lasts_as_long_as_it_is_used_up_slowly() -> None:
    assert data_lasts_until(pool(6), burning(2), NOW) == NOW + 3 * DAY
    assert data_lasts_until(pool(0), burning(2), NOW) == NOW
    assert data_lasts_until(pool(6), Burn(0, 7), NOW) is None
    assert data_lasts_until(pool(6), Burn(1, 7), NOW) is None, "beyond what is foretold"


def test_l2_data_used_up_before_it_renews_has_to_be_bought() -> None:
    ten_gb = known("DATA", type="residential", quantity=10, total=4_000, expires_at=NOW + 20 * DAY)
    assert list(data_charges(pool(10), ten_gb, burning(0.2), NOW)) == [], "the renewal comes first"
    first = next(iter(data_charges(pool(5), ten_gb, burning(1), NOW)))
    assert (first.at, first.amount, first.is_data) == (NOW + 5 * DAY, 4_000, True)
    ends = replace(ten_gb, service=replace(ten_gb.service, is_pending_cancellation=True))
    at = [charge.at for charge in data_charges(pool(5), ends, burning(1), NOW)]
    assert at[:3] == [NOW + 5 * DAY, NOW + 15 * DAY, NOW + 25 * DAY]
    assert at[-1] <= NOW + HORIZON


def test_l3_a_top_up_covers_the_weeks_asked_for_in_whole_steps() -> None:
    charges = list(charges_until(renewing("A", 3, 2_345), NOW + 40 * DAY))
    assert len(charges) == 2
    assert top_up_for(1_000, charges, 500, 1_000_000) == 4_000
    assert top_up_for(100_000, charges, 500, 1_000_000) == 500
    assert top_up_for(0, [replace(charges[0], amount=10**8)], 500, 1_000_000) == 1_000_000


# Back-tests: a year of made-up life, read four times a day

LEAD = 5


def gauge(days: int | None) -> Gauge:
    return Gauge("days", HORIZON.days if days is None else days, LEAD + 1, LEAD + 3)


@pytest.mark.parametrize("seed", range(12))
def test_n8_the_alert_comes_days_before_credit_is_gone_and_once(seed: int) -> None:
    """Services of different size and rhythm eat up the credit; nobody tops up. Data is used unevenly besides."""
    chance = random.Random(seed)
    services = [
        renewing(
            f"S{n}",
            chance.uniform(0.5, 28),
            chance.randrange(500, 9_000),
            chance.choice([MONTH, Cycle(2, "week")]),
        )
        for n in range(chance.randrange(1, 9))
    ]
    data = known("DATA", type="residential", quantity=10, total=3_000, expires_at=NOW + 30 * DAY)
    usage = [
        UsageDay((NOW - n * DAY).date(), "residential", None, None, int(chance.uniform(0.2, 0.5) * BYTES_PER_GB), 1)
        for n in range(1, 9)
    ]
    balance = 3 * sum(one.service.total for one in services) + 3_000
    told, ran_out = _live(balance, services, data, usage, chance)
    assert ran_out is not None, "the test is about credit that ends"
    crossed = [at for at, said in told if said is Said.CROSSED]
    assert crossed, "nobody was warned"
    assert len(crossed) == 1, "it flapped"
    assert crossed[0] <= ran_out - LEAD * DAY


def _live(
    balance: int, services: list[KnownService], data: KnownService, usage: list[UsageDay], chance: random.Random
) -> tuple[list[tuple[datetime, Said]], datetime | None]:
    state, told, left = Watched(), list[tuple[datetime, Said]](), 9.0
    rate = sum(row.bytes for row in usage[:7]) / 7 / BYTES_PER_GB
    for step in range(4 * 300):
        now = NOW + step * DAY / 4
        left -= rate / 4
        if step % 4 == 0:
            usage.append(UsageDay((now - DAY).date(), "residential", None, None, int(rate * BYTES_PER_GB), 1))
        if left <= 0:
            left, balance = 10.0, balance - data.service.total
        if data.service.expires_at and data.service.expires_at <= now:
            left, balance, data = left + 10, balance - data.service.total, _on(data)
        for place, one in enumerate(services):
            if one.service.expires_at and one.service.expires_at <= now:
                balance, services[place] = balance - one.service.total, _on(one)
        if balance < 0:
            return told, now
        seen = runway(balance, [*services, data], [(pool(left), burn(usage, "residential", now.date()))], now)
        state, said = watch(state, [gauge(seen.days(now))], now)
        if said is not None:
            told.append((now, said))
    return told, None


def _on(one: KnownService) -> KnownService:
    charges = list(charges_until(one, NOW + 2 * HORIZON))
    return replace(one, service=replace(one.service, expires_at=charges[1].at))


@pytest.mark.parametrize("seed", range(6))
def test_n8_credit_that_is_topped_up_in_time_brings_no_alert(seed: int) -> None:
    chance = random.Random(seed)
    services = [renewing(f"S{n}", chance.uniform(8, 28), chance.randrange(500, 4_000)) for n in range(4)]
    state = Watched()
    for step in range(4 * 200):
        now = NOW + step * DAY / 4
        for place, one in enumerate(services):
            if one.service.expires_at and one.service.expires_at <= now:
                services[place] = _on(one)
        month = sum(charge.amount for one in services for charge in charges_until(one, now + 40 * DAY))
        state, said = watch(state, [gauge(runway(month + chance.randrange(500), services, [], now).days(now))], now)
        assert said is None

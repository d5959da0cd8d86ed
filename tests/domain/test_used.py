"""What a period used, whose it was, and what is left."""

from __future__ import annotations

from datetime import UTC, date, datetime

from bot.domain.account import KnownService, UsageDay
from bot.domain.catalog import Filter
from bot.domain.company import Company
from bot.domain.ids import ChannelId, ProductCode, ServiceId, UserId
from bot.domain.ledger import Row, Sums, Totals
from bot.domain.period import Period
from bot.domain.runway import Burn, data_lasts_until
from bot.domain.usage import BYTES_PER_GB as GB
from bot.domain.usage import DataPool, Network, Service
from bot.domain.used import Left, left_of, used_of

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 26))
SEEN = datetime(2026, 11, 1, tzinfo=UTC)


def known(service: str, channel: str | None, owner: str | None) -> KnownService:
    shown = Service(
        id=ServiceId(service),
        name=f"Name of {service}",
        type="isp",
        status="active",
        quantity=5,
        total=1575,
        cycle=None,
        country_id="us",
        filter=Filter(),
        created_at=SEEN,
        dispatched_at=None,
        expires_at=None,
        open_invoice_id=None,
        is_pending_cancellation=False,
        is_cancellable=True,
    )
    where, who = ChannelId(channel) if channel else None, UserId(owner) if owner else None
    return KnownService(shown, SEEN, SEEN, shown, channel=where, owner=who)


SERVICES = {one.id: one for one in (known("A", "C1", "U1"), known("B", "C2", "U2"), known("X", None, None))}


def day(number: int, service: str | None, size: int, network: str = "residential") -> UsageDay:
    return UsageDay(date(2026, 11, number), network, ServiceId(service) if service else None, None, size, 10)


def data_bought(cents: int, by: str = "U1", where: str = "C1") -> Totals:
    row = Row(NOVEMBER.first, ChannelId(where), UserId(by), ProductCode("residential_gb"), Sums(paid=cents, quantity=1))
    return Totals(NOVEMBER.first, NOVEMBER.last, (row,))


def test_n22_a_gigabyte_used_has_its_cost_by_team_and_project() -> None:
    """Only of what is sold by the gigabyte: traffic of other proxies is not in it."""
    company = Company({"scraping": frozenset({UserId("U1")})}, {ChannelId("C1"): "crawler"})
    rows = [day(1, "A", 4 * GB), day(1, "A", 50 * GB, "isp"), day(2, "B", 2 * GB)]
    used = used_of(NOVEMBER, rows, [], SERVICES, company=company, bought=data_bought(1_200))
    assert used.cost_of_gigabyte == 200
    assert {part.id: part.cost for part in used.teams} == {"scraping": 300, "": None}
    assert {part.id: part.cost for part in used.projects} == {"crawler": 300, "C2": None}


def test_s1_usage_is_cut_by_network_service_person_and_channel() -> None:
    rows = [day(1, "A", 3 * GB), day(2, "B", 2 * GB, "isp"), day(2, "X", GB), day(9, None, GB, "isp")]
    used = used_of(NOVEMBER, rows, [day(1, "A", GB)], SERVICES)
    assert (used.bytes, used.requests, used.before) == (7 * GB, 40, GB)
    assert [(part.id, part.bytes) for part in used.networks] == [("residential", 4 * GB), ("isp", 3 * GB)]
    assert [(part.id, part.name, part.bytes, part.before) for part in used.services] == [
        ("A", "Name of A", 3 * GB, GB),
        ("B", "Name of B", 2 * GB, 0),
        ("", "", GB, 0),
        ("X", "Name of X", GB, 0),
    ]
    assert [(part.id, part.bytes) for part in used.channels] == [("C1", 3 * GB), ("", 2 * GB), ("C2", 2 * GB)]
    assert sum(sum(column.amounts) for column in used.columns) == used.bytes


def test_s1_usage_counts_for_the_team_and_project_of_whose_service_it_is() -> None:
    company = Company({"scraping": frozenset({UserId("U1")})}, {ChannelId("C1"): "crawler"})
    rows = [day(1, "A", 3 * GB), day(2, "B", 2 * GB), day(2, "X", GB)]
    used = used_of(NOVEMBER, rows, [], SERVICES, company=company)
    assert [(part.id, part.bytes) for part in used.teams] == [("", 3 * GB), ("scraping", 3 * GB)]
    assert [(part.id, part.bytes) for part in used.projects] == [("crawler", 3 * GB), ("C2", 2 * GB), ("", GB)]
    assert {part.cost for part in (*used.teams, *used.projects)} == {None}
    alone = used_of(NOVEMBER, rows, [], SERVICES)
    assert (alone.teams, alone.projects) == ((), ())


def test_n22_what_a_gigabyte_used_cost() -> None:
    assert used_of(NOVEMBER, [day(1, "A", 4 * GB)], [], SERVICES, bought=data_bought(1000)).cost_of_gigabyte == 250


def test_t135_nothing_used_divides_nothing() -> None:
    empty = used_of(NOVEMBER, [], [], {}, bought=data_bought(500))
    assert empty.is_empty
    assert empty.cost_of_gigabyte is None


def test_s1_data_left_lasts_until_the_day_that_every_forecast_names() -> None:
    pools = [
        DataPool(Network.RESIDENTIAL, 100 * GB, 74 * GB, 26 * GB, 1, None, None),
        DataPool(Network.MOBILE, 50 * GB, 0, 50 * GB, 0, None, None),
    ]
    now = datetime(2026, 11, 26, 18, tzinfo=UTC)
    burning = Burn(2 * GB, 7)
    left = left_of(zip(pools, (burning, Burn(0, 0)), strict=True), now)
    assert left == (
        Left("residential", 100 * GB, 26 * GB, 2 * GB, date(2026, 12, 9), NOVEMBER.last, 7),
        Left("mobile", 50 * GB, 50 * GB, 0, None, NOVEMBER.last),
    )
    until = data_lasts_until(pools[0], burning, now)
    assert until is not None
    assert until.date() == left[0].ends_on

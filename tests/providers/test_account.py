"""What Byteful's account shows: every service, what happened to them, and traffic by day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from bot.domain.account import Actor, UsageDay
from bot.domain.errors import NotFoundError, OutcomeUnknownError
from bot.domain.ids import ServiceId
from bot.domain.usage import BYTES_PER_GB, Network
from bot.ports import Answered, Urgency
from bot.providers.byteful import shapes, usage
from bot.providers.byteful.adapter import BytefulProvider
from bot.providers.byteful.client import open_client
from bot.providers.byteful.exchange import Timing
from bot.providers.byteful.places import BytefulPlaces
from playground.provider import ProviderWorld
from playground.provider_server import running_provider

START = datetime(2026, 3, 30, 12, tzinfo=UTC)


class Pace:
    """Counts what nobody waits for."""

    def __init__(self) -> None:
        self.turns = 0

    async def __call__(self, urgency: Urgency) -> Answered:
        self.turns += urgency is Urgency.BACKGROUND
        return lambda: None


@pytest.fixture
def world() -> ProviderWorld:
    made = ProviderWorld(at=START, seed=7)
    made.settings.rate_limit = 1_000_000
    return made


@pytest.fixture
def slow() -> Pace:
    return Pace()


@pytest.fixture
async def provider(world: ProviderWorld, slow: Pace) -> AsyncIterator[BytefulProvider]:
    public_key, private_key = SecretStr(world.public_key), SecretStr(world.private_key)
    async with (
        running_provider(world) as url,
        open_client(
            base_url=url, pace=slow, timing=Timing(attempts=2), public_key=public_key, private_key=private_key
        ) as client,
    ):
        made = BytefulProvider(client, BytefulPlaces(client, page_pause_s=0))
        yield made
        await made.aclose()


def buy(world: ProviderWorld, code: str = "isp_us", quantity: int = 2) -> ServiceId:
    body = {"product_code": code, "quantity": quantity, "cycle_interval": "month", "cycle_interval_count": 1}
    return ServiceId(world.buy_by_hand(body)["service_id"])


async def test_l5_every_service_is_read_whatever_its_kind(provider: BytefulProvider, world: ProviderWorld) -> None:
    found = {one.id: one for one in await provider.all_services()}
    assert set(found) == set(world.services)
    off_catalog = next(one for one in found.values() if one.type == "off_catalog")
    assert not off_catalog.is_automatic_collection
    assert any(one.is_automatic_collection for one in found.values())


async def test_t138_500_services_are_read_page_by_page_in_the_slow_lane(
    provider: BytefulProvider, world: ProviderWorld, slow: Pace
) -> None:
    model = dict(world.services[buy(world)])
    world.settings.counts_totals = False  # total_count is -1 then
    for number in range(500 - len(world.services)):
        world.services[f"API-{number:04}"] = model | {"service_id": f"API-{number:04}"}
    assert len(await provider.all_services()) == 500
    assert slow.turns == 6, "five full pages and the empty one that ends them"


async def test_n13_what_happened_to_a_service_is_read_with_who_did_it(
    provider: BytefulProvider, world: ProviderWorld
) -> None:
    service = buy(world)
    world.advance(days=1)
    world.change_service(service, {"service_quantity": 3})
    (change,) = [one for one in await provider.adjustments(START + timedelta(hours=23)) if one.service == service]
    assert change.by is Actor.PROVIDER
    assert "service_quantity" in change.fields
    everything = await provider.adjustments(START - timedelta(days=365))
    assert [one.id for one in everything] == sorted(one.id for one in everything)


async def test_n14_a_renewal_is_stopped_and_kept_after_all(provider: BytefulProvider, world: ProviderWorld) -> None:
    service = buy(world)
    for renews in (False, False, True):
        await provider.set_renewal(service, renews=renews)
        assert (await provider.service(service)).is_pending_cancellation is not renews
    with pytest.raises(NotFoundError):
        await provider.set_renewal(ServiceId("API-0000-0000"), renews=False)


async def test_n14_an_edit_without_an_answer_is_unknown_and_not_repeated(
    provider: BytefulProvider, world: ProviderWorld
) -> None:
    service = buy(world)
    world.set_fault("html_error", endpoint="service/edit")
    before = len(world.log)
    with pytest.raises(OutcomeUnknownError):
        await provider.set_renewal(service, renews=False)
    assert len(world.log) - before == 1


async def test_l8_traffic_is_counted_once_by_day_and_service(provider: BytefulProvider, world: ProviderWorld) -> None:
    first = START.date()
    service = buy(world, "residential_global", 10)
    for host in ("a.example.com", "b.example.com"):
        world.use_data(BYTES_PER_GB, service_id=service, hostname=host, requests=5)
    world.advance(days=1)
    world.use_data(2 * BYTES_PER_GB, service_id=service, requests=7)
    rows = [row for row in await provider.usage_since(first) if row.service == service]
    assert rows == [
        UsageDay(first, "residential", service, None, 2 * BYTES_PER_GB, 10),
        UsageDay(first + timedelta(days=1), "residential", service, None, 2 * BYTES_PER_GB, 7),
    ]
    assert {row.day for row in await provider.usage_since(first + timedelta(days=1))} == {first + timedelta(days=1)}


def test_traffic_of_a_user_of_one_service_is_that_services() -> None:
    users = [
        shapes.ProxyUserRow(
            proxy_user_id="one", proxy_user_access_type="service_restricted", restricted_service_ids=["API-1"]
        ),
        shapes.ProxyUserRow(
            proxy_user_id="old", proxy_user_is_service_restricted=True, restricted_service_ids=["API-2"]
        ),
        shapes.ProxyUserRow(
            proxy_user_id="two", proxy_user_access_type="service_restricted", restricted_service_ids=["API-1", "API-2"]
        ),
        shapes.ProxyUserRow(proxy_user_id="all", proxy_user_access_type="all", restricted_service_ids=["API-1"]),
    ]
    assert usage.only_services(users) == {"one": "API-1", "old": "API-2"}
    row = {"log_summary_network": "isp", "log_summary_bytes": 5, "log_summary_requests": 1}
    rows = [
        shapes.LogSummaryRow(log_summary_id=name, proxy_user_id=name, log_summary_period="2026-03-30 00:00:00", **row)
        for name in ("one", "all")
    ]
    elsewhere = shapes.LogSummaryRow(log_summary_id="x", log_summary_network="residential", log_summary_bytes=9)
    found = usage.of_logs([*rows, rows[0], elsewhere], usage.only_services(users))
    assert [(row.service, row.proxy_user, row.bytes) for row in usage.summed(found)] == [
        ("API-1", "one", 10),
        (None, "all", 5),
    ]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_sign_of_used_data_does_not_matter(sign: int) -> None:
    row = shapes.LedgerRow(id="x", bytes=sign * 7, reason="usage", period_date="2026-03-30", service_id="API-1")
    bought = shapes.LedgerRow(id="y", bytes=10, reason="top_up", period_date="2026-03-30")
    (found,) = usage.of_ledger(Network.MOBILE, [row, bought])
    assert (found.bytes, found.network, found.requests) == (7, "mobile", 0)

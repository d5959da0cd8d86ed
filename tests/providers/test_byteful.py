"""Byteful against its world: the contract, and what only Byteful does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from bot.domain.catalog import Cycle, Field, Filter, Selection, top_up
from bot.domain.errors import (
    AccessError,
    InputError,
    OutcomeUnknownError,
    ProviderError,
    SecondFactorError,
    SelectionRefusedError,
)
from bot.domain.ids import ProductCode
from bot.domain.usage import Network
from bot.ports import Answered, Provider, Urgency
from bot.providers import PROVIDERS, Account
from bot.providers.byteful.adapter import BytefulProvider
from bot.providers.byteful.client import open_client
from bot.providers.byteful.exchange import Timing
from bot.providers.byteful.places import BytefulPlaces
from bot.providers.byteful.shared_catalog import CATALOG_RECENT_S
from playground.provider import ProviderWorld
from playground.provider_server import running_provider
from tests.providers.contract import ProviderContract
from tests.providers.sockets import closed_port

MONTH = Cycle(1, "month")
ISP = Selection(ProductCode("isp_us"), 5, MONTH, None, Filter(), None)
QUICK = Timing(attempts=3)


async def no_pace(urgency: Urgency) -> Answered:
    """As fast as it goes: the world's rate limit is off."""
    return lambda: None


class Ticking:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def world() -> ProviderWorld:
    made = ProviderWorld(seed=7)
    made.settings.rate_limit = 1_000_000
    return made


@pytest.fixture
async def url(world: ProviderWorld) -> AsyncIterator[str]:
    async with running_provider(world) as found:
        yield found


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


class Keys(TypedDict):
    public_key: SecretStr
    private_key: SecretStr


def keys_of(world: ProviderWorld) -> Keys:
    return {"public_key": SecretStr(world.public_key), "private_key": SecretStr(world.private_key)}


@pytest.fixture
async def provider(world: ProviderWorld, url: str, clock: Ticking) -> AsyncIterator[BytefulProvider]:
    async with open_client(base_url=url, pace=no_pace, timing=QUICK, **keys_of(world)) as client:
        made = BytefulProvider(client, BytefulPlaces(client, page_pause_s=0), clock=clock)
        yield made
        await made.aclose()


CHECKOUTS = {
    "lost answer": "reset_after_charge",
    "lost request": "reset_before_charge",
    "refused": "unprocessable",
    "no access": "unauthorized",
}


class BytefulVendor:
    per_ip = ProductCode("isp_us")
    data = ProductCode("residential_global")
    promo_code = "WELCOME10"
    filter = Filter(7018, "us-tx", 75202)
    impossible = Filter(asn_id=3320)

    def __init__(self, world: ProviderWorld) -> None:
        self._world = world

    def set_credit(self, cents: int) -> None:
        self._world.set_credit(cents)

    def raise_price(self) -> None:
        self._world.set_price("isp_us", 99_999)

    def sell_out(self) -> None:
        self._world.set_stock("isp_us", 0)

    def buys(self) -> int:
        return self._world.creates_effective

    def checkouts_received(self) -> int:
        return self._world.creates_received

    def break_checkout(self, how: str) -> None:
        self._world.faults.set(CHECKOUTS[how], endpoint="checkout/create", times=1)

    def break_reads(self, times: int) -> None:
        self._world.faults.set("html_error", times=times)


@pytest.fixture
def vendor(world: ProviderWorld) -> BytefulVendor:
    return BytefulVendor(world)


class TestContract(ProviderContract):
    @pytest.fixture
    async def unreachable(self, world: ProviderWorld) -> AsyncIterator[Provider]:
        nowhere = f"http://127.0.0.1:{closed_port()}/1.0"
        async with open_client(base_url=nowhere, pace=no_pace, timing=QUICK, **keys_of(world)) as client:
            yield BytefulProvider(client, BytefulPlaces(client))


async def test_the_factory_by_name_opens_a_provider(world: ProviderWorld, url: str) -> None:
    account = Account(url, SecretStr(world.public_key), SecretStr(world.private_key))
    assert world.private_key not in repr(account)
    async with PROVIDERS["byteful"](account, no_pace, lambda: datetime.now(UTC)) as provider:
        assert ISP.product_code in await provider.catalog()


# Catalog


def catalogs_read(world: ProviderWorld) -> int:
    return sum(entry.endpoint == "checkout/catalog" for entry in world.log)


async def test_a_catalog_is_kept_for_a_minute_and_no_longer(
    provider: BytefulProvider, world: ProviderWorld, clock: Ticking
) -> None:
    await provider.catalog()
    clock.now += 59
    await provider.catalog()
    assert catalogs_read(world) == 1
    clock.now += 1
    await provider.catalog()
    await until_read(world, 2)


async def until_read(world: ProviderWorld, times: int) -> None:
    """Until the catalog was asked for so often, by somebody who waits for it or beside."""
    async with asyncio.timeout(60):
        while catalogs_read(world) < times:  # noqa: ASYNC110 - the world has no event for this
            await asyncio.sleep(0)


async def test_d6_nobody_waits_for_a_newer_catalog_while_a_recent_one_is_known(
    provider: BytefulProvider, world: ProviderWorld, clock: Ticking
) -> None:
    known = await provider.catalog()
    hold = world.faults.set("slow", endpoint="checkout/catalog", times=1, seconds=30)
    clock.now += CATALOG_RECENT_S - 1
    assert await provider.catalog() is known
    await until_read(world, 2)
    hold.released.set()


async def test_a_catalog_that_is_not_recent_is_asked_for_before_it_is_shown(
    provider: BytefulProvider, world: ProviderWorld, clock: Ticking
) -> None:
    await provider.catalog()
    clock.now += CATALOG_RECENT_S
    await provider.catalog()
    assert catalogs_read(world) == 2


async def test_one_refresh_is_shared_and_outlives_a_waiter_who_leaves(
    provider: BytefulProvider, world: ProviderWorld
) -> None:
    hold = world.faults.set("slow", endpoint="checkout/catalog", times=1, seconds=30)
    waiters = [asyncio.create_task(provider.catalog()) for _ in range(20)]
    while not hold.taken:  # noqa: ASYNC110 - the world has no event for this
        await asyncio.sleep(0)
    waiters[0].cancel()
    await asyncio.wait(waiters[:1])
    hold.released.set()
    await asyncio.gather(*waiters[1:])
    assert catalogs_read(world) == 1


async def test_a_failed_refresh_is_told_and_tried_again(provider: BytefulProvider, world: ProviderWorld) -> None:
    world.faults.set("forbidden", endpoint="checkout/catalog", times=1)
    with pytest.raises(AccessError):
        await provider.catalog()
    assert await provider.catalog()


async def test_t44_stock_that_nobody_counts_is_not_none_left(provider: BytefulProvider, world: ProviderWorld) -> None:
    world.set_stock("isp_us", None)
    world.set_stock("isp_gb", 0)
    catalog = await provider.catalog()
    assert catalog[ProductCode("isp_us")].stock is None
    assert catalog[ProductCode("residential_global")].stock is None
    assert catalog[ProductCode("isp_gb")].stock == 0


async def test_t67_unknown_fields_and_values_pass(provider: BytefulProvider, world: ProviderWorld) -> None:
    world.faults.set("unknown_fields")
    assert (await provider.catalog())[ISP.product_code].type == "satellite"
    assert (await provider.quote(ISP)).total == 1750
    order = await provider.create_checkout(ISP)
    assert order.status == "awaiting_quantum_alignment"
    assert (await provider.data_pools())[0].network is Network.RESIDENTIAL


# Quotes


@pytest.mark.parametrize("style", ["is_valid_false", "422"])
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"promo_code": "NOPE"}, Field.PROMO),
        ({"promo_code": "SUMMER24"}, Field.PROMO),
        ({"promo_code": "FIRST100", "filter": Filter(asn_id=7018)}, Field.PROMO),
        ({"promo_code": "WELCOME10", "filter": Filter(asn_id=3320)}, Field.ASN),
        ({"promo_code": "NOPE", "filter": Filter(asn_id=3320)}, Field.ASN),
        ({"filter": Filter(subdivision_id="gb-eng")}, Field.SUBDIVISION),
        ({"filter": Filter(city_id=379657)}, Field.CITY),
        ({"filter": Filter(3320, "us-tx", 75202)}, Field.ASN),
        ({"filter": Filter(7018, "us-tx", 379657)}, Field.CITY),
        ({"filter": Filter(7018, "gb-eng")}, Field.SUBDIVISION),
        ({"filter": Filter(None, "us-tx", 379657)}, Field.CITY),
        ({"filter": Filter(None, "gb-eng", 75202)}, Field.SUBDIVISION),
        ({"product_code": "isp_pl"}, Field.PRODUCT),
        ({"product_code": "gone"}, Field.PRODUCT),
        ({"product_code": "residential_global", "filter": Filter(asn_id=7018)}, Field.ASN),
        ({"quantity": 251}, Field.QUANTITY),
        ({"cycle": Cycle(1, "day")}, Field.CYCLE),
    ],
)
async def test_t43_the_culprit_is_found_however_the_vendor_says_no(
    provider: BytefulProvider,
    world: ProviderWorld,
    style: Literal["is_valid_false", "422"],
    changes: dict[str, object],
    field: Field,
) -> None:
    world.settings.invalid_quote = style
    with pytest.raises(SelectionRefusedError) as raised:
        await provider.quote(replace(ISP, **changes))
    assert raised.value.field is field


async def test_t42_a_promo_code_says_why_it_does_not_work(provider: BytefulProvider) -> None:
    with pytest.raises(SelectionRefusedError, match=r"SUMMER24 is not accepted.*has expired"):
        await provider.quote(replace(ISP, promo_code="SUMMER24"))


async def test_the_search_for_the_culprit_asks_only_a_few_times(
    provider: BytefulProvider, world: ProviderWorld
) -> None:
    with pytest.raises(SelectionRefusedError):
        await provider.quote(replace(ISP, promo_code="NOPE", filter=Filter(3320, "us-tx", 75202)))
    assert [entry.endpoint for entry in world.log] == [
        "checkout/quote",
        "checkout/catalog",
        *["checkout/quote"] * 3,
    ]


async def test_a_culprit_that_cannot_be_looked_for_is_not_invented(
    provider: BytefulProvider, world: ProviderWorld
) -> None:
    world.faults.set("unauthorized", endpoint="checkout/catalog")
    with pytest.raises(SelectionRefusedError, match="NOPE is not valid") as raised:
        await provider.quote(replace(ISP, promo_code="NOPE"))
    assert raised.value.field is None


async def test_t67_a_quote_without_a_sum_is_not_a_quote(provider: BytefulProvider, world: ProviderWorld) -> None:
    world.faults.set("missing_fields", endpoint="checkout/quote", fields=["total"])
    with pytest.raises(ProviderError, match="total is missing") as raised:
        await provider.quote(ISP)
    assert not isinstance(raised.value, SelectionRefusedError | OutcomeUnknownError)


async def test_a_rate_limited_quote_is_asked_again(provider: BytefulProvider, world: ProviderWorld) -> None:
    world.faults.set("rate_limited", endpoint="checkout/quote", times=2, with_header=True)
    assert (await provider.quote(ISP)).total == 1750


@pytest.mark.parametrize("fault", ["bad_request", "not_found", "unprocessable"])
async def test_credit_is_priced_by_us_where_the_vendor_quotes_none(
    provider: BytefulProvider, world: ProviderWorld, fault: str
) -> None:
    quoted = await provider.quote(top_up(2_500))
    world.faults.set(fault, endpoint="checkout/quote")
    computed = await provider.quote(top_up(2_500))
    assert replace(computed, quoted_at=quoted.quoted_at, line_items=()) == replace(quoted, line_items=())
    assert computed.sums_agree()


async def test_a_promo_code_on_credit_is_named(provider: BytefulProvider) -> None:
    with pytest.raises(SelectionRefusedError) as raised:
        await provider.quote(replace(top_up(2_500), promo_code="WELCOME10"))
    assert raised.value.field == "promo"


# Checkout

UNCLEAR = {
    # fault: whether it takes effect
    "server_error": False,
    "server_error_after_charge": True,
    "html_error": False,
    "html_error_after_charge": True,
    "timeout_before_charge": False,
    "timeout_after_charge": True,
    "reset_before_charge": False,
    "reset_after_charge": True,
    "half_answer": True,
    "late_charge": False,
    "rate_limited": False,
}


HOLDING = {"timeout_before_charge", "timeout_after_charge", "late_charge"}
"""They close the connection after a while; a client that gives up first is tested on bare sockets."""


@pytest.mark.parametrize("fault", UNCLEAR)
async def test_t60_t63_t64_an_unclear_checkout_is_sent_once(
    provider: BytefulProvider, world: ProviderWorld, fault: str
) -> None:
    held = {"seconds": 0.05} if fault in HOLDING else {}
    world.faults.set(fault, endpoint="checkout/create", times=1, **held)
    with pytest.raises(OutcomeUnknownError):
        await provider.create_checkout(ISP)
    assert (world.creates_received, world.creates_effective) == (1, int(UNCLEAR[fault]))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("bad_request", SelectionRefusedError),
        ("conflict", SelectionRefusedError),
        ("unprocessable", SelectionRefusedError),
        ("unauthorized", AccessError),
        ("forbidden", AccessError),
        ("second_factor", SecondFactorError),
    ],
)
async def test_t65_a_clear_no_to_a_checkout(
    provider: BytefulProvider, world: ProviderWorld, fault: str, kind: type[ProviderError]
) -> None:
    world.faults.set(fault, endpoint="checkout/create", times=1)
    with pytest.raises(kind) as raised:
        await provider.create_checkout(ISP)
    assert type(raised.value) is kind
    assert world.creates_effective == 0


@pytest.mark.parametrize("field", ["service_total", "invoice_is_paid"])
async def test_t67_a_checkout_that_cannot_be_read_is_unknown(
    provider: BytefulProvider, world: ProviderWorld, field: str
) -> None:
    world.faults.set("missing_fields", endpoint="checkout/create", fields=[field])
    with pytest.raises(OutcomeUnknownError, match=field):
        await provider.create_checkout(ISP)


async def test_a_checkout_that_names_no_service_is_unknown(provider: BytefulProvider, world: ProviderWorld) -> None:
    world.faults.set("missing_fields", endpoint="checkout/create", fields=["service_id", "created"])
    with pytest.raises(OutcomeUnknownError, match="names no service"):
        await provider.create_checkout(ISP)


async def test_t47_one_of_the_places_that_name_the_service_is_enough(
    provider: BytefulProvider, world: ProviderWorld
) -> None:
    world.faults.set("missing_fields", endpoint="checkout/create", fields=["service_id", "invoice_url"], times=1)
    order = await provider.create_checkout(ISP)
    assert order.service_id in world.services
    assert order.invoice_url is None


async def test_the_same_is_asked_of_quote_and_checkout_and_never_metadata(
    provider: BytefulProvider, world: ProviderWorld
) -> None:
    asked = replace(ISP, promo_code="WELCOME10", filter=Filter(asn_id=7018))
    await provider.quote(asked)
    await provider.create_checkout(asked)
    quoted, created = (entry.body for entry in world.log)
    assert (
        quoted
        == created
        == {
            "product_code": "isp_us",
            "quantity": 5,
            "cycle_interval": "month",
            "cycle_interval_count": 1,
            "promotional_code": "WELCOME10",
            "service_fulfillment_filter": {"asn_id": 7018},
        }
    )


# Services and account


async def test_all_pages_of_services_are_read(provider: BytefulProvider, world: ProviderWorld) -> None:
    body = {"product_code": "isp_us", "quantity": 1, "cycle_interval": "month", "cycle_interval_count": 1}
    for _ in range(120):
        world.buy_by_hand(body)
    services = await provider.services_since(datetime.now(UTC) - timedelta(minutes=5))
    assert len({service.id for service in services}) == 120


async def test_too_many_labels_are_a_mistake_of_ours(provider: BytefulProvider) -> None:
    service = (await provider.services_since(datetime(2000, 1, 1, tzinfo=UTC)))[0]
    with pytest.raises(InputError):
        await provider.tag_service(service.id, {str(number): "" for number in range(31)})


@pytest.mark.parametrize("fault", ["not_found", "unprocessable"])
async def test_a_network_never_bought_is_left_out_whichever_way_it_is_said(
    provider: BytefulProvider, world: ProviderWorld, fault: str
) -> None:
    world.faults.set(fault, endpoint="residential/summary")
    assert await provider.data_pools() == ()


@pytest.mark.parametrize("fault", ["unauthorized", "bad_request"])
async def test_t134_a_pool_that_cannot_be_read_is_an_error(
    provider: BytefulProvider, world: ProviderWorld, fault: str
) -> None:
    world.faults.set(fault, endpoint="residential/summary")
    with pytest.raises(ProviderError):
        await provider.data_pools()


async def test_t134_a_balance_that_is_missing_is_an_error(provider: BytefulProvider, world: ProviderWorld) -> None:
    world.faults.set("missing_fields", endpoint="customer/retrieve", fields=["credit_balance"])
    with pytest.raises(ProviderError, match="credit_balance"):
        await provider.credit_balance()


async def test_the_other_endpoints_answer(provider: BytefulProvider) -> None:
    client = provider.client
    assert {row.product_type for row in await client.products(country_id="us")} == {"isp", "datacenter"}
    assert any(row.service_adjustment_type == "fulfillment" for row in await client.adjustments())
    used = await client.ledger(Network.RESIDENTIAL, residential_ledger_reason="usage")
    bought = await client.ledger(Network.RESIDENTIAL, residential_ledger_reason="top_up")
    (pool,) = await provider.data_pools()
    assert sum(abs(row.bytes) for row in used) == pool.used_bytes
    assert sum(row.bytes for row in bought) == pool.total_bytes
    assert sum(row.log_summary_bytes for row in await client.log_summaries()) > 0
    assert (await client.availability(Network.RESIDENTIAL, country_id="us") or 0) > 0
    service = (await provider.services_since(datetime(2000, 1, 1, tzinfo=UTC)))[0]
    assert await client.cancel_service(service.id, feedback="unused") == [service.id]

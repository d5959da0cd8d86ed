"""What every provider promises, as tests that do not know which provider they were given.

A provider's own test module derives from `ProviderContract` and supplies two fixtures: `provider`, and `vendor`, which
says what may be bought there and steers it from outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest
from msgspec.structs import fields, replace

from bot.domain.catalog import CREDIT, CREDIT_CODE, Cycle, Filter, Product, Selection, problems_with, top_up
from bot.domain.errors import (
    AccessError,
    NeverSentError,
    NotFoundError,
    OutcomeUnknownError,
    ProviderError,
    SelectionRefusedError,
)
from bot.domain.ids import ProductCode, ServiceId
from bot.domain.quote import Payment
from bot.domain.usage import Delivered, Network
from bot.ports import Provider

SOON = timedelta(minutes=2)


class Vendor(Protocol):
    """The other side: what it sells, and what can be done to it while the provider is in use."""

    per_ip: ProductCode
    """A product sold by the address, of a known country, with a promo code and a filter that it takes."""
    data: ProductCode
    """A product sold by the gigabyte."""
    promo_code: str
    filter: Filter
    impossible: Filter

    def set_credit(self, cents: int) -> None: ...

    def raise_price(self) -> None:
        """The per-IP product becomes dearer."""
        ...

    def sell_out(self) -> None:
        """Nothing is left of the per-IP product."""
        ...

    def buys(self) -> int:
        """Checkouts that took effect."""
        ...

    def checkouts_received(self) -> int: ...

    def break_checkout(self, how: str) -> None:
        """`lost answer`: takes effect, the answer does not come. `lost request`: no effect, and no answer either.

        `refused`: a clear no. `no access`: the keys do not work any more.
        """
        ...

    def break_reads(self, times: int) -> None:
        """The next reads fail in a way that may pass."""
        ...


class ProviderContract:
    """Tests that any `bot.ports.Provider` passes."""

    @pytest.fixture
    def selection(self, vendor: Vendor) -> Selection:
        return Selection(vendor.per_ip, 3, Cycle(1, "month"), None, Filter(), None)

    # Catalog

    async def test_the_catalog_holds_what_is_sold_and_credit(self, provider: Provider, vendor: Vendor) -> None:
        catalog = await provider.catalog()
        assert catalog[CREDIT_CODE] == CREDIT
        assert all(code == product.code and product.cycles for code, product in catalog.items())
        assert catalog[vendor.per_ip].is_per_ip
        assert catalog[vendor.per_ip].takes_filter
        data = catalog[vendor.data]
        assert (data.is_per_ip, data.takes_filter, data.stock) == (False, False, None)

    async def test_what_the_catalog_allows_can_be_quoted(self, provider: Provider, vendor: Vendor) -> None:
        for code in (vendor.per_ip, vendor.data):
            product: Product = (await provider.catalog())[code]
            for cycle in product.cycles:
                asked = Selection(code, 1, cycle, None, Filter(), None)
                assert not problems_with(asked, product)
                assert (await provider.quote(asked)).sums_agree()

    # Quote

    async def test_a_quote_adds_up_and_buys_nothing(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        vendor.set_credit(0)
        quote = await provider.quote(selection)
        assert quote.sums_agree()
        assert quote.total > 0
        assert (quote.payment, quote.due, quote.promo_code) == (Payment.INVOICE, quote.total, None)
        assert sum(item.quantity for item in quote.line_items) == selection.quantity
        assert all(item.is_recurring for item in quote.line_items)
        assert abs(quote.quoted_at - datetime.now(UTC)) < SOON
        assert vendor.checkouts_received() == 0

    async def test_credit_goes_first(self, provider: Provider, vendor: Vendor, selection: Selection) -> None:
        vendor.set_credit(0)
        total = (await provider.quote(selection)).total
        vendor.set_credit(1)
        some = await provider.quote(selection)
        assert (some.payment, some.credit_applied, some.due) == (Payment.CREDIT_AND_INVOICE, 1, total - 1)
        vendor.set_credit(total + 5)
        enough = await provider.quote(selection)
        assert (enough.payment, enough.due, enough.credit_after) == (Payment.CREDIT, 0, 5)

    async def test_a_promo_code_lowers_the_price(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        quote = await provider.quote(replace(selection, promo_code=vendor.promo_code))
        assert (quote.promo_code, quote.discount > 0) == (vendor.promo_code, True)
        assert quote.total == quote.before_discount - quote.discount

    async def test_a_filter_comes_back_with_the_price(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        quote = await provider.quote(replace(selection, filter=vendor.filter))
        assert {item.filter for item in quote.line_items} == {vendor.filter}

    async def test_t40_a_fresh_quote_shows_a_fresh_price(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        before = await provider.quote(selection)
        vendor.raise_price()
        assert (await provider.quote(selection)).total > before.total

    async def test_t43_a_refused_quote_names_the_field_at_fault(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        wrong = {
            "promo": replace(selection, promo_code="NO-SUCH-CODE"),
            "product": replace(selection, product_code=ProductCode("no_such_product")),
            "cycle": replace(selection, cycle=Cycle(7, "week")),
            "quantity": replace(selection, quantity=99_999),
        }
        for field, asked in wrong.items():
            with pytest.raises(SelectionRefusedError) as raised:
                await provider.quote(asked)
            assert raised.value.field == field
            assert len(str(raised.value)) > 20

    async def test_t43_a_filter_that_cannot_be_met_is_named(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        with pytest.raises(SelectionRefusedError) as raised:
            await provider.quote(replace(selection, filter=vendor.impossible))
        given = {"asn": "asn_id", "subdivision": "subdivision_id", "city": "city_id"}
        assert getattr(vendor.impossible, given[str(raised.value.field)]) is not None

    async def test_t09_what_is_sold_out_is_said_to_be(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        await provider.catalog()
        vendor.sell_out()
        with pytest.raises(SelectionRefusedError) as raised:
            await provider.quote(selection)
        assert raised.value.field == "quantity"

    async def test_credit_is_quoted_at_its_amount_and_not_paid_from_credit(
        self, provider: Provider, vendor: Vendor
    ) -> None:
        vendor.set_credit(700)
        quote = await provider.quote(top_up(5_000))
        assert (quote.total, quote.due, quote.credit_applied, quote.credit_balance) == (5_000, 5_000, 0, 700)
        assert quote.sums_agree()
        assert quote.renewal == 0

    async def test_credit_beyond_its_limits_is_refused(self, provider: Provider, vendor: Vendor) -> None:
        for amount in (1, 100_000_000):
            with pytest.raises(SelectionRefusedError) as raised:
                await provider.quote(top_up(amount))
            assert raised.value.field == "amount"

    # Checkout

    async def test_a_checkout_is_one_service_as_asked(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        vendor.set_credit(0)
        asked = replace(selection, filter=vendor.filter)
        quote = await provider.quote(asked)
        order = await provider.create_checkout(asked)
        assert (order.is_paid, order.total) == (False, quote.total)
        assert order.invoice_url is not None
        assert order.invoice_url.startswith("http")
        assert order.service_id is not None
        service = await provider.service(order.service_id)
        assert (service.quantity, service.cycle, service.filter) == (3, asked.cycle, vendor.filter)
        assert (service.total, service.status) == (quote.total, order.status)
        assert service.open_invoice_id is not None
        assert service.created_at is not None
        assert abs(service.created_at - datetime.now(UTC)) < SOON
        assert vendor.buys() == 1

    async def test_credit_pays_at_once_when_there_is_enough(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        vendor.set_credit(1_000_000)
        order = await provider.create_checkout(selection)
        assert (order.is_paid, order.due) == (True, 0)
        assert await provider.credit_balance() == 1_000_000 - order.total

    async def test_t46_a_top_up_is_not_credit_before_it_is_paid(self, provider: Provider, vendor: Vendor) -> None:
        vendor.set_credit(0)
        order = await provider.create_checkout(top_up(5_000))
        assert (order.service_id, order.is_paid, order.total, order.due) == (None, False, 5_000, 5_000)
        assert order.invoice_url is not None
        assert await provider.credit_balance() == 0

    async def test_t43_a_refused_checkout_bought_nothing(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        vendor.sell_out()
        with pytest.raises(SelectionRefusedError):
            await provider.create_checkout(selection)
        vendor.break_checkout("refused")
        with pytest.raises(SelectionRefusedError):
            await provider.create_checkout(replace(selection, product_code=vendor.data))
        assert vendor.buys() == 0

    async def test_t65_keys_that_do_not_work_are_told_apart(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        vendor.break_checkout("no access")
        with pytest.raises(AccessError):
            await provider.create_checkout(selection)
        assert vendor.buys() == 0

    @pytest.mark.parametrize(("how", "bought"), [("lost answer", 1), ("lost request", 0)])
    async def test_t60_a_lost_checkout_is_unknown_sent_once_and_can_be_found(
        self, provider: Provider, vendor: Vendor, selection: Selection, how: str, bought: int
    ) -> None:
        since = datetime.now(UTC)
        known = {service.id for service in await provider.services_since(since - SOON)}
        vendor.break_checkout(how)
        with pytest.raises(OutcomeUnknownError):
            await provider.create_checkout(selection)
        assert (vendor.checkouts_received(), vendor.buys()) == (1, bought)
        found = [service for service in await provider.services_since(since - SOON) if service.id not in known]
        assert len(found) == bought
        assert all((service.quantity, service.cycle) == (3, selection.cycle) for service in found)

    # Services

    async def test_an_unknown_service_is_not_found(self, provider: Provider) -> None:
        with pytest.raises(NotFoundError):
            await provider.service(ServiceId("no-such-service"))

    async def test_n21_where_each_delivered_proxy_is_and_nothing_to_use_it_with(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        vendor.set_credit(1_000_000)
        order = await provider.create_checkout(replace(selection, filter=vendor.filter))
        assert order.service_id is not None
        delivered = await provider.delivered(order.service_id)
        country = (await provider.catalog())[vendor.per_ip].country_id
        given = vendor.filter
        assert list(delivered) == [Delivered(given.asn_id, country, given.subdivision_id, given.city_id)] * 3
        assert {field.name for field in fields(Delivered)} == {"asn_id", "country_id", "subdivision_id", "city_id"}

    async def test_t47_nothing_is_delivered_before_it_is_paid(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        vendor.set_credit(0)
        order = await provider.create_checkout(selection)
        assert order.service_id is not None
        assert not await provider.delivered(order.service_id)
        with pytest.raises(NotFoundError):
            await provider.delivered(ServiceId("no-such-service"))

    async def test_services_come_newest_first_and_not_older_than_asked(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        order = await provider.create_checkout(selection)
        every = await provider.services_since(datetime(2000, 1, 1, tzinfo=UTC))
        times = [service.created_at for service in every if service.created_at]
        assert times == sorted(times, reverse=True)
        assert order.service_id in {service.id for service in every}
        assert not await provider.services_since(datetime.now(UTC) + SOON)

    async def test_labels_replace_what_was_there(
        self, provider: Provider, vendor: Vendor, selection: Selection
    ) -> None:
        order = await provider.create_checkout(selection)
        assert order.service_id is not None
        await provider.tag_service(order.service_id, {"request": "T1/7", "old": "1"})
        await provider.tag_service(order.service_id, {"request": "T1/7", "long": "x" * 1_000})
        metadata = (await provider.service(order.service_id)).metadata
        assert set(metadata) == {"request", "long"}
        assert metadata["request"] == "T1/7"

    # Account

    async def test_data_pools_add_up(self, provider: Provider) -> None:
        pools = await provider.data_pools()
        assert pools
        assert all(pool.total_bytes - pool.used_bytes == pool.left_bytes for pool in pools)
        assert {pool.network for pool in pools} <= set(Network)

    # Failures of reads

    @pytest.mark.parametrize(
        "ask",
        [
            lambda provider: provider.catalog(),
            lambda provider: provider.credit_balance(),
            lambda provider: provider.data_pools(),
            lambda provider: provider.services_since(datetime(2000, 1, 1, tzinfo=UTC)),
        ],
    )
    async def test_a_read_outlives_a_short_failure(
        self, provider: Provider, vendor: Vendor, ask: Callable[[Provider], Awaitable[object]]
    ) -> None:
        vendor.break_reads(1)
        assert await ask(provider) is not None

    async def test_a_read_that_keeps_failing_raises_a_provider_error(self, provider: Provider, vendor: Vendor) -> None:
        vendor.break_reads(1_000)
        with pytest.raises(ProviderError):
            await provider.catalog()

    async def test_catalogs_asked_for_together_are_one(self, provider: Provider) -> None:
        found = await asyncio.gather(*(provider.catalog() for _ in range(50)))
        assert all(catalog == found[0] for catalog in found)

    async def test_an_unreachable_provider_was_never_sent_anything(
        self, unreachable: Provider, selection: Selection
    ) -> None:
        with pytest.raises(NeverSentError):
            await unreachable.create_checkout(selection)
        with pytest.raises(NeverSentError):
            await unreachable.quote(selection)

    # Places

    async def test_places_that_are_not_loaded_find_nothing_and_object_to_nothing(
        self, provider: Provider, vendor: Vendor
    ) -> None:
        places = provider.places
        assert not places.is_loaded
        assert places.search_asns("a", "us") == places.search_subdivisions("", "us") == []
        assert places.search_cities("", "us", None) == places.search_cities("", "us", "us-tx") == []
        assert not places.problems_with(vendor.impossible, "us")
        assert places.describe(Filter()) is None
        assert places.describe(vendor.filter)

"""The Byteful world without HTTP: what is priced, refused, taken, delivered, and given back as time passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from playground.provider import ProviderWorld
from playground.provider_catalog import MONTH, seed_products
from playground.provider_data import asns, cities, countries, subdivisions
from playground.provider_service import CUSTOMER_ID
from playground.provider_values import GB, Cycle, RefusalError

AT = datetime(2025, 3, 25, 14, 25, 36, tzinfo=UTC)
ORDER = {"product_code": "isp_us", "quantity": 5, "cycle_interval": "month", "cycle_interval_count": 1}


@pytest.fixture
def world() -> ProviderWorld:
    return ProviderWorld(at=AT, seed=1)


def order(**changes: Any) -> dict[str, Any]:
    return ORDER | changes


# The vendor's own guide

SEED_SERVICE = {
    "country_id": "us",
    "customer_id": 1976,
    "payment_method_id": None,
    "product_id": "prod_AT7018",
    "service_creation_datetime": "2025-03-25 14:25:36",
    "service_cycle": "1:month",
    "service_dispatch_datetime": None,
    "service_earliest_cancellation_datetime": "2025-03-25 14:25:36",
    "service_expiry_datetime": "2025-04-25 14:25:36",
    "service_fulfillment_filter": {"asn_id": 7018},
    "service_is_automatic_collection": True,
    "service_is_cancellable": True,
    "service_is_off_catalog": False,
    "service_is_pending_cancellation": False,
    "service_is_reconfigurable": True,
    "service_last_update_datetime": "2025-03-25 14:25:36",
    "service_metadata": {},
    "service_name": "AT&T ISP Proxies [US]",
    "service_price_id": "price_1QJx2DB2BUlqim5lxmO3aT2v",
    "service_promotional_code": "WELCOME10",
    "service_protocol": "ipv4",
    "service_quantity": 5,
    "service_status": "awaiting_fulfillment",
    "service_subscription_is_paused": False,
    "service_total": 1575,
    "service_type": "isp",
    "subscription_schedule_id": None,
}


def test_the_guides_quote(world: ProviderWorld) -> None:
    assert world.quote(order(promotional_code="WELCOME10")) == {
        "before_discount_total": 1750,
        "credit_balance": 500,
        "credit_only_checkout": False,
        "customer_credit_balance_applied": True,
        "customer_credit_balance_applied_amount": 500,
        "discount": 175,
        "discounted": True,
        "invalid_reason": None,
        "is_top_up": False,
        "is_valid": True,
        "line_items": [
            {
                "item_country_id": "us",
                "item_name": "Static Residential ISP Proxies [US]",
                "item_per_unit_amount": 350,
                "item_price_id": "price_1QJx2DB2BUlqim5lxmO3aT2v",
                "item_price_type": "recurring",
                "item_quantity": 5,
                "item_total": 1750,
                "item_type": "isp",
                "service_fulfillment_filter": {},
            }
        ],
        "promotional_code": "WELCOME10",
        "promotional_code_id": "promo_1RbySPB2BUlqim5lZkfUaYdE",
        "top_up_amount": None,
        "total": 1575,
        "total_after_applied_credit": 1075,
    }


def test_the_guides_checkout(world: ProviderWorld) -> None:
    created = world.create(order(promotional_code="WELCOME10", service_fulfillment_filter={"asn_id": 7018}))
    service_id = created["service_id"]
    service = created["service"]
    assert {name: service[name] for name in SEED_SERVICE} == SEED_SERVICE
    assert set(service) - set(SEED_SERVICE) == {
        "open_invoice_id",
        "service_id",
        "service_image",
        "service_subscription_id",
    }
    rest = {name: value for name, value in created.items() if name not in {"service", "invoice_url"}}
    assert rest == {
        "created": [service_id],
        "invoice_is_paid": False,
        "proxies": [],
        "proxy_edited": [],
        "residential_ledger_created": [],
        "mobile_ledger_created": [],
        "service_id": service_id,
    }
    assert created["invoice_url"].endswith(f"/invoice/{service['open_invoice_id']}")


def test_the_guides_top_up(world: ProviderWorld) -> None:
    created = world.create(order(product_code="credit", quantity=1, top_up_amount=5000))
    assert set(created) == {"invoice_is_paid", "invoice_url", "credit_added"}
    assert (created["invoice_is_paid"], created["credit_added"], world.credit_balance) == (False, True, 500)
    world.pay(created["invoice_url"].rsplit("/", 1)[1])
    assert world.credit_balance == 5500


def test_a_top_up_is_quoted_without_credit(world: ProviderWorld) -> None:
    quote = world.quote(order(product_code="credit", quantity=1, top_up_amount=5000))
    shown = {
        "is_valid": True,
        "is_top_up": True,
        "top_up_amount": 5000,
        "total": 5000,
        "customer_credit_balance_applied_amount": 0,
        "total_after_applied_credit": 5000,
        "credit_only_checkout": False,
    }
    assert {name: quote[name] for name in shown} == shown
    assert quote["line_items"][0]["item_type"] == "credit"


# What a quote answers

INVALID = [
    pytest.param(order(quantity=251), "stock", id="over stock"),
    pytest.param(order(product_code="datacenter_ca", quantity=1), "stock", id="sold out"),
    pytest.param(order(product_code="isp_pl"), "not available", id="unavailable"),
    pytest.param(order(cycle_interval_count=2), "billing cycle 2:month", id="cycle"),
    pytest.param(order(promotional_code="NOPE"), "promotional code NOPE is not valid", id="unknown code"),
    pytest.param(order(promotional_code="SUMMER24"), "promotional code SUMMER24 has expired", id="expired code"),
    pytest.param(order(promotional_code="FIRST100"), "promotional code FIRST100 has been used up", id="used code"),
    pytest.param(
        order(product_code="datacenter_us", promotional_code="ISPONLY15"), "does not apply", id="code of another type"
    ),
    pytest.param(order(service_fulfillment_filter={"asn_id": 3320}), "asn_id 3320", id="network of another country"),
    pytest.param(order(service_fulfillment_filter={"asn_id": 16509}), "asn_id 16509", id="network of another type"),
    pytest.param(order(service_fulfillment_filter={"subdivision_id": "gb-eng"}), "subdivision_id", id="place abroad"),
    pytest.param(order(service_fulfillment_filter={"city_id": 379657}), "city_id 379657", id="city abroad"),
    pytest.param(
        order(service_fulfillment_filter={"city_id": 75202, "subdivision_id": "us-ny"}), "city_id", id="city elsewhere"
    ),
    pytest.param(
        order(product_code="residential_global", service_fulfillment_filter={"asn_id": 7018}), "filter", id="data"
    ),
    pytest.param(
        order(product_code="credit", quantity=1, top_up_amount=500, promotional_code="WELCOME10"),
        "promotional code",
        id="code on a top-up",
    ),
]


@pytest.mark.parametrize(("body", "words"), INVALID)
def test_what_cannot_be_bought_is_said_by_the_quote_and_refused_by_create(
    world: ProviderWorld, body: dict[str, Any], words: str
) -> None:
    quote = world.quote(body)
    assert not quote["is_valid"]
    assert words in quote["invalid_reason"]
    with pytest.raises(RefusalError) as refusal:
        world.create(body)
    assert (refusal.value.status, refusal.value.message) == (422, quote["invalid_reason"])
    assert world.creates_effective == 0


def test_a_quote_may_refuse_instead(world: ProviderWorld) -> None:
    world.settings.invalid_quote = "422"
    with pytest.raises(RefusalError) as refusal:
        world.quote(order(quantity=251))
    assert refusal.value.status == 422


MALFORMED = [
    ({"quantity": 0}, 400),
    ({"quantity": -1}, 400),
    ({"quantity": "5"}, 400),
    ({"quantity": 5.0}, 400),
    ({"quantity": True}, 400),
    ({"quantity": None}, 400),
    ({"quantity": 100_001}, 400),
    ({"product_code": None}, 400),
    ({"product_code": 7}, 400),
    ({"product_code": "isp_atlantis"}, 422),
    ({"product_type": "datacenter"}, 400),
    ({"country_id": "gb"}, 400),
    ({"cycle_interval": "fortnight"}, 400),
    ({"cycle_interval_count": 0}, 400),
    ({"cycle_interval_count": True}, 400),
    ({"promotional_code": 10}, 400),
    ({"service_fulfillment_filter": [7018]}, 400),
    ({"service_fulfillment_filter": {"asn_id": "7018"}}, 400),
    ({"service_fulfillment_filter": {"asn_id": True}}, 400),
    ({"service_fulfillment_filter": {"isp": "AT&T"}}, 400),
    ({"top_up_amount": 500}, 400),
    ({"product_code": "credit"}, 400),
    ({"product_code": "credit", "quantity": 1}, 400),
    ({"product_code": "credit", "quantity": 2, "top_up_amount": 500}, 400),
    ({"product_code": "credit", "quantity": 1, "top_up_amount": 499}, 400),
    ({"product_code": "credit", "quantity": 1, "top_up_amount": 1_000_001}, 400),
    ({"product_code": "credit", "quantity": 1, "top_up_amount": "500"}, 400),
]


@pytest.mark.parametrize(("changes", "status"), MALFORMED)
def test_a_malformed_order_is_refused_by_both(world: ProviderWorld, changes: dict[str, Any], status: int) -> None:
    for call in (world.quote, world.create):
        with pytest.raises(RefusalError) as refusal:
            call(order(**changes))
        assert refusal.value.status == status


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ({"product_type": "isp", "country_id": "us"}, "isp_us"),
        ({"product_type": "isp", "country_id": "US", "product_protocol": "dual"}, "isp_us_dual"),
        ({"product_type": "datacenter", "country_id": "us", "product_protocol": "ipv6"}, "datacenter_us_ipv6"),
        ({"product_type": "residential"}, "residential_global"),
    ],
)
def test_a_product_may_be_named_by_type_country_and_protocol(
    world: ProviderWorld, named: dict[str, str], code: str
) -> None:
    body = {"quantity": 2, "cycle_interval": "month", "cycle_interval_count": 1}
    assert world.quote(body | named)["line_items"] == world.quote(body | {"product_code": code})["line_items"]
    agreeing = world.quote(body | named | {"product_code": code})
    assert agreeing["is_valid"]


@pytest.mark.parametrize(
    ("body", "before", "discount", "lines"),
    [
        (order(quantity=24), 8400, 0, [(24, 350)]),
        (order(quantity=25), 8125, 0, [(25, 325)]),
        (
            order(product_code="datacenter_de", quantity=60),
            10 * 170 + 40 * 150 + 10 * 125,
            0,
            [(10, 170), (40, 150), (10, 125)],
        ),
        (order(product_code="datacenter_fr", quantity=3, promotional_code="WELCOME10"), 999, 100, [(3, 333)]),
        (order(product_code="datacenter_fr", quantity=1, promotional_code="WELCOME10"), 333, 33, [(1, 333)]),
        (order(quantity=1, promotional_code="FIVEOFF"), 350, 350, [(1, 350)]),
        (order(cycle_interval_count=3), 5 * 998, 0, [(5, 998)]),
        (order(cycle_interval="year"), 5 * 3360, 0, [(5, 3360)]),
    ],
)
def test_prices(world: ProviderWorld, body: dict[str, Any], before: int, discount: int, lines: list[Any]) -> None:
    """Volume and graduated tiers, longer cycles, and a percentage rounded half up."""
    quote = world.quote(body)
    got = [(item["item_quantity"], item["item_per_unit_amount"]) for item in quote["line_items"]]
    assert (quote["before_discount_total"], quote["discount"], got) == (before, discount, lines)
    assert quote["total"] == before - discount
    assert quote["total_after_applied_credit"] == quote["total"] - min(500, quote["total"])


def test_a_quote_reserves_nothing(world: ProviderWorld) -> None:
    before = world.state()
    world.quote(order(promotional_code="WELCOME10"))
    assert world.state() == before


# What a checkout takes and gives


def test_an_unpaid_checkout_takes_stock_code_and_credit_and_the_void_returns_stock_and_credit(
    world: ProviderWorld,
) -> None:
    created = world.create(order(promotional_code="WELCOME10"))
    assert (world.products["isp_us"].stock, world.credit_balance, world.promos["WELCOME10"].used) == (245, 0, 1)
    world.advance(days=2, seconds=-1)
    assert world.services[created["service_id"]]["service_status"] == "awaiting_fulfillment"
    world.advance(1)
    service = world.services[created["service_id"]]
    assert (service["service_status"], service["open_invoice_id"]) == ("canceled", None)
    assert (world.products["isp_us"].stock, world.credit_balance, world.promos["WELCOME10"].used) == (250, 500, 1)


def test_credit_that_covers_everything_pays_and_delivers_at_once(world: ProviderWorld) -> None:
    world.set_credit(1575)
    assert world.quote(order(promotional_code="WELCOME10"))["credit_only_checkout"]
    created = world.create(order(promotional_code="WELCOME10", service_fulfillment_filter={"city_id": 75202}))
    service = created["service"]
    assert created["invoice_is_paid"]
    assert (service["service_status"], service["service_dispatch_datetime"]) == ("active", "2025-03-25 14:25:36")
    assert service["open_invoice_id"] is None
    assert world.credit_balance == 0
    assert [row["proxy_id"] for row in created["proxies"]] == created["proxy_edited"]
    assert {row["city_name"] for row in created["proxies"]} == {"Dallas"}
    assert len({row["proxy_ip_address"] for row in created["proxies"]}) == 5
    for row in created["proxies"]:
        user = world.proxy_users["default_user"]
        assert row["http_formatted"] == (
            f"{row['proxy_ip_address']}:{row['proxy_http_port']}:default_user:{user['proxy_user_password']}"
        )


def test_an_exhausted_code_is_refused_at_create_though_the_quote_was_good(world: ProviderWorld) -> None:
    world.set_promo("ONCE", percent=50, max_uses=1)
    assert world.quote(order(promotional_code="ONCE"))["is_valid"]
    world.create(order(promotional_code="ONCE"))
    with pytest.raises(RefusalError, match="used up"):
        world.create(order(promotional_code="ONCE"))


def test_credit_only_mode_refuses_what_credit_does_not_cover(world: ProviderWorld) -> None:
    world.settings.credit_only = True
    with pytest.raises(RefusalError, match="credit") as refusal:
        world.create(order())
    assert refusal.value.status == 422
    world.set_credit(1750)
    assert world.create(order())["invoice_is_paid"]


def test_bought_data_enters_the_pool_only_when_paid(world: ProviderWorld) -> None:
    created = world.create(order(product_code="residential_global", quantity=4))
    assert world.data_totals("residential")[0] == 10 * GB
    world.pay(created["service"]["open_invoice_id"])
    assert world.data_totals("residential") == (14 * GB, 3 * GB, 145_022)


def test_paid_data_names_its_ledger_rows(world: ProviderWorld) -> None:
    world.set_credit(10_000)
    created = world.create(order(product_code="mobile_global", quantity=2))
    [ledger_id] = created["mobile_ledger_created"]
    [row] = world.pools["mobile"].ledger
    assert (row["mobile_ledger_id"], row["mobile_ledger_bytes"], created["residential_ledger_created"]) == (
        ledger_id,
        2 * GB,
        [],
    )


def test_delivery_waits_for_its_delay(world: ProviderWorld) -> None:
    world.settings.fulfilment_delay_s = 600
    world.set_credit(10_000)
    service_id = world.create(order())["service_id"]
    assert world.services[service_id]["service_status"] == "awaiting_fulfillment"
    world.advance(600)
    service = world.services[service_id]
    assert (service["service_status"], service["service_dispatch_datetime"]) == ("active", "2025-03-25 14:35:36")


def test_a_short_delivery_is_completed_later(world: ProviderWorld) -> None:
    world.settings.fulfilment_delay_s = None
    world.set_credit(10_000)
    service_id = world.create(order(service_fulfillment_filter={"asn_id": 7018}))["service_id"]
    short = world.fulfil_service(service_id, count=2, asn_id=701)
    assert short["service_status"] == "awaiting_additional_fulfillment"
    assert [row["asn_id"] for row in world.proxies_of(service_id)] == [701, 701]
    assert world.fulfil_service(service_id)["service_status"] == "active"
    assert [row["asn_id"] for row in world.proxies_of(service_id)] == [701, 701, 7018, 7018, 7018]
    with pytest.raises(RefusalError, match="not waiting"):
        world.fulfil_service(service_id)


def test_an_unpaid_service_is_not_delivered(world: ProviderWorld) -> None:
    service_id = world.create(order())["service_id"]
    with pytest.raises(RefusalError, match="not waiting"):
        world.fulfil_service(service_id)


def test_an_invoice_is_paid_once(world: ProviderWorld) -> None:
    invoice_id = world.create(order())["service"]["open_invoice_id"]
    world.pay(invoice_id)
    with pytest.raises(RefusalError, match="paid"):
        world.pay(invoice_id)
    with pytest.raises(RefusalError, match="paid"):
        world.void(invoice_id)


# Renewal


def bought(world: ProviderWorld, credit_after: int, **changes: Any) -> str:
    world.set_credit(100_000)
    service_id: str = world.create(order(promotional_code="WELCOME10", **changes))["service_id"]
    world.set_credit(credit_after)
    return service_id


@pytest.fixture
def empty_world() -> ProviderWorld:
    return ProviderWorld(at=AT, seed=1, history=False)


def test_a_service_renews_from_credit_at_its_full_price(empty_world: ProviderWorld) -> None:
    service_id = bought(empty_world, credit_after=2000)
    empty_world.set_clock(datetime(2025, 4, 25, 14, 25, 36, tzinfo=UTC))
    service = empty_world.services[service_id]
    assert (service["service_status"], service["service_expiry_datetime"]) == ("active", "2025-05-25 14:25:36")
    assert (service["service_total"], empty_world.credit_balance) == (1750, 250)
    assert service["service_promotional_code"] is None


def test_a_renewal_that_nobody_pays_ends_the_service_and_returns_credit(empty_world: ProviderWorld) -> None:
    service_id = bought(empty_world, credit_after=100)
    empty_world.set_clock(datetime(2025, 4, 25, 14, 25, 36, tzinfo=UTC))
    service = empty_world.services[service_id]
    assert (service["service_status"], empty_world.credit_balance) == ("overdue", 0)
    assert empty_world.invoices[service["open_invoice_id"]].due == 1650
    empty_world.advance(days=2)
    assert (service["service_status"], empty_world.credit_balance) == ("canceled", 100)
    assert (empty_world.products["isp_us"].stock, empty_world.proxies_of(service_id)) == (250, [])


def test_an_overdue_renewal_can_still_be_paid(empty_world: ProviderWorld) -> None:
    service_id = bought(empty_world, credit_after=0)
    empty_world.set_clock(datetime(2025, 4, 26, tzinfo=UTC))
    service = empty_world.services[service_id]
    empty_world.pay(service["open_invoice_id"])
    assert (service["service_status"], service["service_expiry_datetime"]) == ("active", "2025-05-25 14:25:36")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"service_is_pending_cancellation": True}, "canceled"),
        ({"service_is_automatic_collection": False}, "overdue"),
        ({"payment_method_id": "pm_1Card"}, "active"),
    ],
)
def test_what_happens_at_expiry(empty_world: ProviderWorld, changes: dict[str, Any], status: str) -> None:
    service_id = bought(empty_world, credit_after=0)
    empty_world.change_service(service_id, changes)
    empty_world.set_clock(datetime(2025, 4, 25, 14, 25, 36, tzinfo=UTC))
    assert empty_world.services[service_id]["service_status"] == status


def test_data_renews_with_fresh_data(empty_world: ProviderWorld) -> None:
    bought(empty_world, credit_after=10_000, product_code="residential_global", quantity=3)
    empty_world.advance(days=31)
    assert empty_world.data_totals("residential")[0] == 6 * GB


def test_a_jump_leaves_the_same_records_as_waiting(empty_world: ProviderWorld) -> None:
    """Five months at once: each renewal is dated when it was due."""
    service_id = bought(empty_world, credit_after=100_000)
    empty_world.advance(days=180)
    extensions = [row for row in empty_world.adjustments if row["service_adjustment_type"] == "extension"]
    assert [row["service_adjustment_creation_datetime"] for row in extensions] == [
        f"2025-{month:02d}-25 14:25:36" for month in range(4, 9)
    ]
    assert empty_world.services[service_id]["service_expiry_datetime"] == "2025-09-25 14:25:36"


@pytest.mark.parametrize(
    ("cycle", "start", "end"),
    [
        (MONTH, (2025, 1, 31), (2025, 2, 28)),
        (MONTH, (2024, 1, 31), (2024, 2, 29)),
        (Cycle(3, "month"), (2025, 11, 30), (2026, 2, 28)),
        (Cycle(1, "year"), (2024, 2, 29), (2025, 2, 28)),
        (Cycle(2, "week"), (2025, 2, 20), (2025, 3, 6)),
        (Cycle(1, "day"), (2025, 12, 31), (2026, 1, 1)),
    ],
)
def test_cycles_end_on_days_that_exist(cycle: Cycle, start: tuple[int, ...], end: tuple[int, ...]) -> None:
    assert cycle.after(datetime(*start, tzinfo=UTC)) == datetime(*end, tzinfo=UTC)  # type: ignore[misc,arg-type]


# Other hands


def test_somebody_buys_the_same_by_hand(world: ProviderWorld) -> None:
    mine = world.create(order())["service"]
    theirs = world.buy_by_hand(order(), metadata={"team": "growth"})
    alike = ("service_type", "country_id", "service_quantity", "service_cycle", "service_creation_datetime")
    assert [mine[name] for name in alike] == [theirs[name] for name in alike]
    assert not theirs["service_id"].startswith("API-")
    assert (theirs["service_status"], theirs["service_metadata"]) == ("active", {"team": "growth"})
    assert (world.products["isp_us"].stock, world.creates_effective) == (240, 1)


def test_a_late_checkout_lands_when_its_time_comes(world: ProviderWorld) -> None:
    known = set(world.services)
    world.create_later(order(), timedelta(seconds=90))
    world.advance(89)
    assert set(world.services) == known
    world.advance(60)
    [new] = set(world.services) - known
    assert world.services[new]["service_creation_datetime"] == "2025-03-25 14:27:06"


def test_a_changed_price_gets_a_new_id(world: ProviderWorld) -> None:
    world.set_price("isp_us", 399)
    [item] = world.quote(order())["line_items"]
    assert item["item_per_unit_amount"] == 399
    assert item["item_price_id"] != "price_1QJx2DB2BUlqim5lxmO3aT2v"


def test_used_data_shows_in_pool_ledger_and_log_summaries(world: ProviderWorld) -> None:
    before = sum(row["log_summary_bytes"] for row in world.logs["residential"].summaries)
    assert before == 3 * GB
    world.use_data(GB, requests=7, day=AT.date())
    assert world.data_totals("residential") == (10 * GB, 4 * GB, 145_029)
    ledger = world.pools["residential"].ledger
    assert sum(row["residential_ledger_bytes"] for row in ledger) == 6 * GB
    assert sum(row["log_summary_bytes"] for row in world.logs["residential"].summaries) == 4 * GB


def test_reset_forgets_everything_but_the_clock(world: ProviderWorld) -> None:
    world.create(order())
    world.faults.set("slow")
    world.settings.rate_limit = 3
    world.advance(days=1)
    world.reset()
    assert (world.credit_balance, world.products["isp_us"].stock, world.faults.rows()) == (500, 250, [])
    assert (world.settings.rate_limit, world.creates_effective) == (10, 0)
    assert world.now() == AT + timedelta(days=1)


# Reference data


def test_the_catalog_has_something_of_everything() -> None:
    products = seed_products().values()
    assert len(products) >= 16
    assert {product.type for product in products} == {"datacenter", "isp", "residential", "mobile"}
    assert {product.protocol for product in products} == {"ipv4", "ipv6", "dual", None}
    assert len({product.country_id for product in products} - {None}) >= 8
    assert any(product.stock == 0 for product in products)
    assert any(not product.available for product in products)


def test_reference_data_is_wide_and_without_doubles() -> None:
    for rows, key, at_least in (
        (asns(), "asn_id", 5_000),
        (cities(), "city_id", 5_000),
        (subdivisions(), "subdivision_id", 240),
        (countries(), "country_id", 70),
    ):
        assert len(rows) >= at_least
        assert len({row[key] for row in rows}) == len(rows)
    names = {row["asn_id"]: row["asn_name"] for row in asns()}
    assert [names[number] for number in (7018, 701, 3320, 2856, 5089, 16509)] == [
        "AT&T",
        "Verizon Business",
        "Deutsche Telekom",
        "British Telecommunications",
        "Virgin Media",
        "Amazon.com",
    ]
    areas = {row["subdivision_id"] for row in subdivisions()}
    assert {row["subdivision_id"] for row in cities()} == areas
    assert CUSTOMER_ID == 1976

"""The account lives on: traffic every day, renewals, staff who change things, and a statement that holds every cent."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from playground.provider import ProviderWorld
from playground.provider_statement import Line
from playground.provider_values import GB, RefusalError
from playground.provider_views import log_summaries

AT = datetime(2025, 3, 3, 9, tzinfo=UTC)  # a Monday
ISP = {"product_code": "isp_us", "quantity": 5, "cycle_interval": "month", "cycle_interval_count": 1}


@pytest.fixture
def world() -> ProviderWorld:
    return ProviderWorld(at=AT, seed=1, history=False)


def bought(world: ProviderWorld, credit_after: int = 100_000, **changes: Any) -> str:
    world.set_credit(100_000)
    service_id: str = world.create(ISP | changes)["service_id"]
    world.set_credit(credit_after)
    return service_id


def lines(world: ProviderWorld, *kinds: str) -> list[Line]:
    return [line for line in world.statement.lines if line.kind in kinds]


# The statement


def test_the_balance_is_the_sum_of_the_statement_whatever_happens(world: ProviderWorld) -> None:
    first = bought(world, credit_after=3_000)
    world.create(ISP)
    world.create({"product_code": "credit", "quantity": 1, "top_up_amount": 5_000})
    world.advance(months=1)
    world.advance(days=3)
    world.refund(first, 200)
    world.top_up_by_hand(2_500)
    total = 0
    for line in world.statement.lines:
        total += line.credit
        assert line.balance == total
    assert total == world.credit_balance
    assert {line.kind for line in world.statement.lines} == {
        "opening",
        "credit_set",
        "charge",
        "payment",
        "void",
        "refund",
    }


def test_a_bill_that_credit_covers_in_part_says_what_came_from_where(world: ProviderWorld) -> None:
    service_id = world.create(ISP)["service_id"]
    world.pay(world.services[service_id]["open_invoice_id"])
    charge, payment = lines(world, "charge", "payment")
    assert (charge.cents, charge.credit, charge.purpose, charge.service_id) == (1_750, -500, "purchase", service_id)
    assert (payment.cents, payment.credit, payment.invoice_id) == (1_250, 0, charge.invoice_id)


def test_a_bill_nobody_pays_is_void_after_two_days_and_gives_its_credit_back(world: ProviderWorld) -> None:
    service_id = world.create(ISP)["service_id"]
    world.advance(days=2)
    [void] = lines(world, "void")
    assert (void.cents, void.credit, void.at) == (1_750, 500, "2025-03-05 09:00:00")
    assert world.services[service_id]["service_status"] == "canceled"


def test_a_top_up_counts_as_credit_only_once_it_is_paid(world: ProviderWorld) -> None:
    world.create({"product_code": "credit", "quantity": 1, "top_up_amount": 5_000})
    [invoice] = world.invoices.values()
    assert world.credit_balance == 500
    world.pay(invoice.invoice_id)
    assert world.credit_balance == 5_500
    assert [(line.kind, line.purpose, line.cents, line.credit) for line in world.statement.lines[1:]] == [
        ("charge", "top_up", 5_000, 0),
        ("payment", "top_up", 5_000, 5_000),
    ]


def test_canceling_at_once_takes_an_open_bill_back(world: ProviderWorld) -> None:
    service_id = world.create(ISP)["service_id"]
    world.cancel_service(service_id, "customer")
    assert [line.credit for line in lines(world, "void")] == [500]
    assert world.adjustments[-1]["service_adjustment_is_customer"]


# Renewals


def test_every_renewal_is_a_charge_and_an_adjustment_of_its_own_day(world: ProviderWorld) -> None:
    service_id = bought(world)
    for _ in range(3):
        world.advance(months=1)
    charges = [line for line in lines(world, "charge") if line.purpose == "renewal"]
    assert [(line.at[:10], line.cents, line.credit) for line in charges] == [
        ("2025-04-03", 1_750, -1_750),
        ("2025-05-03", 1_750, -1_750),
        ("2025-06-03", 1_750, -1_750),
    ]
    invoices = [row["invoice_id"] for row in world.adjustments if row["service_adjustment_type"] == "extension"]
    assert invoices == [line.invoice_id for line in charges]
    assert world.services[service_id]["service_expiry_datetime"] == "2025-07-03 09:00:00"


def test_a_service_of_the_last_day_renews_on_the_last_day_of_each_month(world: ProviderWorld) -> None:
    world.set_clock(datetime(2025, 1, 31, 9, tzinfo=UTC))
    service_id = bought(world)
    ends = []
    for _ in range(4):
        ends.append(world.services[service_id]["service_expiry_datetime"][:10])
        world.advance(days=31)
    assert ends == ["2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"]


@pytest.mark.parametrize(
    ("changes", "billed"),
    [
        ({"service_quantity": 7}, 2_450),
        ({"service_total": 1_200}, 1_200),
        ({"service_quantity": 7, "service_total": 2_000}, 2_000),
    ],
)
def test_what_staff_agree_is_what_the_next_renewal_bills(
    world: ProviderWorld, changes: dict[str, int], billed: int
) -> None:
    service_id = bought(world)
    world.change_service(service_id, changes)
    assert [line.cents for line in lines(world, "charge")] == [1_750]
    world.advance(months=1)
    assert [line.cents for line in lines(world, "charge")] == [1_750, billed]
    assert world.services[service_id]["service_total"] == billed


def test_a_refund_shows_in_the_credit_and_in_the_services_audit_trail(world: ProviderWorld) -> None:
    service_id = bought(world, credit_after=0)
    world.refund(service_id, 250)
    assert world.credit_balance == 250
    assert world.adjustments[-1]["service_adjustment_eval"] == {"service_total": [1_750, 1_500]}
    world.set_credit(10_000)
    world.advance(months=1)
    assert [line.cents for line in lines(world, "charge")] == [1_750, 1_750]
    with pytest.raises(RefusalError, match="no more can be refunded"):
        world.refund(service_id, 10_000)


# Traffic


def days(world: ProviderWorld) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in log_summaries(world):
        found[row["log_summary_period"][:10]] += row["log_summary_bytes"]
    return found


def test_traffic_comes_every_day_for_as_long_as_something_runs(world: ProviderWorld) -> None:
    world.set_traffic("isp", 100 * 1024)
    world.advance(days=1)
    assert not log_summaries(world)
    service_id = bought(world)
    world.advance(days=6)
    grown = days(world)
    assert grown["2025-03-05"] == 120 * 1024
    assert grown["2025-03-08"] == 40 * 1024
    world.cancel_service(service_id)
    world.advance(days=5)
    assert max(days(world)) == "2025-03-10"


def test_a_day_of_data_is_one_ledger_row_that_grows(world: ProviderWorld) -> None:
    bought(world, product_code="residential_global", quantity=2)
    world.set_traffic("residential", GB // 10)
    seen = []
    for hours in (3, 6, 6):
        world.advance(hours * 3_600)
        [row] = [row for row in world.pools["residential"].ledger if row["residential_ledger_reason"] == "usage"]
        seen.append(-row["residential_ledger_bytes"])
    assert seen == sorted(set(seen))
    assert row["residential_ledger_period_date"] == "2025-03-03"


def test_traffic_ends_with_the_data_and_goes_on_with_the_next_service(world: ProviderWorld) -> None:
    bought(world, product_code="residential_global", quantity=1)
    world.set_traffic("residential", GB)
    world.advance(days=4)
    assert world.data_totals("residential")[1] == GB
    bought(world, product_code="residential_global", quantity=1)
    world.advance(days=4)
    assert world.data_totals("residential")[:2] == (2 * GB, 2 * GB)


def test_a_restricted_proxy_user_reaches_only_its_own_network(world: ProviderWorld) -> None:
    service_id = bought(world)
    bought(world, product_code="datacenter_us", quantity=1)
    world.proxy_users["stevejobs"]["proxy_user_access_type"] = "service_restricted"
    world.acls["a"] = {
        "proxy_user_acl_id": "a",
        "proxy_user_id": "stevejobs",
        "proxy_id": None,
        "service_id": service_id,
    }
    for network in ("isp", "datacenter"):
        world.set_traffic(network, GB)
    world.advance(days=3)
    assert {(row["log_summary_network"], row["proxy_user_id"]) for row in log_summaries(world)} == {
        ("isp", "default_user"),
        ("isp", "stevejobs"),
        ("datacenter", "default_user"),
    }


def test_hostnames_are_forgotten_after_ninety_days(world: ProviderWorld) -> None:
    bought(world)
    world.use_data(GB, network="isp", hostname="shop.example.com")
    world.advance(days=89)
    assert [row["log_summary_hostname"] for row in log_summaries(world)] == ["shop.example.com"]
    world.advance(days=2)
    assert [row["log_summary_hostname"] for row in log_summaries(world)] == [None]


def test_traffic_can_be_given_to_one_service(world: ProviderWorld) -> None:
    first = bought(world, product_code="residential_global", quantity=1)
    bought(world, product_code="residential_global", quantity=1)
    world.use_data(GB // 2, service_id=first)
    assert world.pools["residential"].left(first) == GB // 2
    with pytest.raises(RefusalError, match="no running residential service API-0"):
        world.use_data(1, service_id="API-0")


def test_a_lively_account_uses_what_it_has() -> None:
    world = ProviderWorld(at=AT, seed=1, traffic=True)
    world.advance(months=1)
    networks = {row["log_summary_network"] for row in log_summaries(world) if row["log_summary_period"] > "2025-03-03"}
    assert networks == {"residential", "isp", "datacenter"}
    world.reset()
    assert world.flow.rows()["isp"] == GB

"""What the account has lived through before the bot arrives: users, a data pool in use, services bought by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from playground.provider_catalog import seed_products
from playground.provider_checkout import Order
from playground.provider_logs import Traffic
from playground.provider_proxies import make_proxy_user
from playground.provider_service import CUSTOMER_ID
from playground.provider_values import GB, Cycle, Row, stamp

if TYPE_CHECKING:
    from playground.provider_account import Account

DATA_SERVICE_ID = "121-0220-821"
USED_BYTES = 3 * GB
USED_REQUESTS = 145_022
USED_DAYS = 11
HOSTNAMES = ("shop.example.com", "api.example.org", "www.example.net")
USERS = ("default_user", "stevejobs")

# id, product, quantity, cycle, bought days ago
BOUGHT_BY_HAND = (
    ("1955-8012-871", "isp_gb", 3, Cycle(1, "month"), 17),
    ("1955-8013-402", "datacenter_de", 10, Cycle(3, "month"), 40),
    ("1955-8014-118", "datacenter_us_ipv6", 25, Cycle(1, "year"), 90),
)
CANCELED = ("1955-7731-265", "datacenter_gb", 5, Cycle(1, "month"), 12)
CARD_ID = "pm_1CardB2BUlqim5l"
OFF_CATALOG_ID = "1955-7002-990"


def seed_history(account: Account) -> None:
    now = account.now()
    _data_pool(account, now)
    for service_id, code, quantity, cycle, days in (*BOUGHT_BY_HAND, CANCELED):
        at = now - timedelta(days=days)
        account.at_time(at, partial(own_service, account, service_id, code, quantity, cycle))
    canceled = account.services[CANCELED[0]]
    account.at_time(now - timedelta(days=2), lambda: account.end_service(canceled, "customer"))
    account.products = seed_products()
    _off_catalog(account, now - timedelta(days=150))


def seed_users(account: Account) -> None:
    """The proxy users every account has: a default one, and one somebody named."""
    for number, name in enumerate(USERS):
        at = account.now() - timedelta(days=200 - number)
        account.proxy_users[name] = make_proxy_user(name, CUSTOMER_ID, account.mint, at, default=number == 0)


def own_service(account: Account, service_id: str, code: str, quantity: int, cycle: Cycle) -> Row:
    """A service that was bought, paid and delivered without the bot, leaving stock as the catalog shows it."""
    evaluation = account.evaluate(Order(account.products[code], quantity, cycle, None, {}))
    service = account.add_service(evaluation, service_id, None)
    service["payment_method_id"] = CARD_ID
    account.fulfil(service_id)
    return service


def _data_pool(account: Account, now: datetime) -> None:
    """10 GB bought twelve days ago and renewed today, 3 GB used since."""
    month = Cycle(1, "month")
    account.at_time(
        now - timedelta(days=USED_DAYS + 1),
        lambda: own_service(account, DATA_SERVICE_ID, "residential_global", 10, month),
    )
    service = account.services[DATA_SERVICE_ID]
    account.adjust(service, "extension", "automatic", {"service_expiry_datetime": stamp(month.after(now))})
    account.schedule_expiry(service)
    for turn in range(USED_DAYS * len(HOSTNAMES)):
        at = now - timedelta(days=USED_DAYS - turn // len(HOSTNAMES))
        traffic = Traffic(
            _share(USED_BYTES, turn),
            _share(USED_REQUESTS, turn),
            at.date(),
            USERS[turn % len(USERS)],
            HOSTNAMES[turn % len(HOSTNAMES)],
        )
        account.at_time(at, partial(account.use, "residential", traffic, DATA_SERVICE_ID))


def _share(total: int, turn: int) -> int:
    """The part of `total` that falls on a turn: uneven, and summing to the total."""
    weights = [3 + (number * 7) % 5 for number in range(USED_DAYS * len(HOSTNAMES))]
    before, after = sum(weights[:turn]), sum(weights[: turn + 1])
    return total * after // sum(weights) - total * before // sum(weights)


def _off_catalog(account: Account, at: datetime) -> None:
    """A service by special agreement, of a type the catalog does not have."""
    model = dict(account.services["1955-8012-871"])
    account.services[OFF_CATALOG_ID] = model | {
        "service_id": OFF_CATALOG_ID,
        "service_name": "Dedicated Gateway <custom>",
        "service_type": "off_catalog",
        "service_is_off_catalog": True,
        "service_is_automatic_collection": False,
        "service_is_reconfigurable": False,
        "service_quantity": 1,
        "service_total": 25_000,
        "service_cycle": "1:year",
        "service_protocol": None,
        "country_id": None,
        "product_id": None,
        "service_price_id": None,
        "service_creation_datetime": stamp(at),
        "service_dispatch_datetime": stamp(at),
        "service_last_update_datetime": stamp(at),
        "service_earliest_cancellation_datetime": stamp(at),
        "service_expiry_datetime": stamp(at + timedelta(days=365)),
    }

"""What the simulated account may buy: products, prices by cycle and tier, promotional codes, and how they are shown.

Longer cycles cost less per month (three months 5 % off, a year 20 % off, rounded half up to the cent per unit).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from playground.provider_data import country_by_id
from playground.provider_values import Cycle, Price, Product, Promo, Row, Tier, stamp

CREDIT = "credit"

MONTH, QUARTER, YEAR = Cycle(1, "month"), Cycle(3, "month"), Cycle(1, "year")
LONG = (MONTH, QUARTER, YEAR)
_PERCENT_OF_MONTHLY = {MONTH: 100, QUARTER: 285, YEAR: 960, Cycle(1, "week"): 30, Cycle(1, "day"): 6}

_NAMES = {
    "isp": "Static Residential ISP Proxies [{}]",
    "datacenter": "Datacenter Proxies [{}]",
    "residential": "Residential Proxies (Global)",
    "mobile": "Mobile Proxies (Global)",
}
_PROTOCOL_SUFFIX = {"ipv6": " IPv6", "dual": " Dual-Stack"}

# code: stock, monthly tiers (up to, cents), cycles, graduated
_PER_IP: dict[str, tuple[int, tuple[tuple[int | None, int], ...], tuple[Cycle, ...], bool]] = {
    "datacenter_us": (10, ((None, 180),), LONG, False),
    "datacenter_gb": (420, ((24, 175), (99, 160), (None, 140)), LONG, False),
    "datacenter_de": (640, ((10, 170), (50, 150), (None, 125)), LONG, True),
    "datacenter_nl": (333, ((None, 165),), (Cycle(1, "day"), Cycle(1, "week"), MONTH), False),
    "datacenter_fr": (75, ((None, 333),), LONG, False),
    "datacenter_ca": (0, ((None, 175),), LONG, False),
    "datacenter_us_ipv6": (5_000, ((None, 45),), LONG, False),
    "datacenter_de_dual": (240, ((None, 210),), LONG, False),
    "isp_us": (250, ((24, 350), (99, 325), (None, 300)), LONG, False),
    "isp_gb": (181, ((None, 360),), LONG, False),
    "isp_de": (96, ((None, 375),), LONG, False),
    "isp_fr": (64, ((None, 375),), LONG, False),
    "isp_ca": (52, ((None, 365),), (MONTH, YEAR), False),
    "isp_au": (18, ((None, 420),), (MONTH,), False),
    "isp_nl": (40, ((None, 355),), LONG, False),
    "isp_es": (33, ((None, 370),), LONG, False),
    "isp_it": (27, ((None, 370),), LONG, False),
    "isp_jp": (12, ((None, 495),), LONG, False),
    "isp_pl": (44, ((None, 340),), LONG, False),
    "isp_us_dual": (60, ((None, 410),), LONG, False),
}
UNAVAILABLE = frozenset({"isp_pl"})
_DATA = {
    "residential": ((9, 400), (49, 350), (None, 300)),
    "mobile": ((9, 700), (None, 600)),
}
SEED_PRICE_IDS = {("isp_us", MONTH): "price_1QJx2DB2BUlqim5lxmO3aT2v"}


def _prices(
    code: str, tiers: tuple[tuple[int | None, int], ...], cycles: tuple[Cycle, ...], *, graduated: bool
) -> tuple[Price, ...]:
    return tuple(
        Price(
            SEED_PRICE_IDS.get((code, cycle), f"price_1{code.replace('_', '').upper()}x{cycle.count}{cycle.interval}"),
            cycle,
            tuple(Tier(up_to, (amount * _PERCENT_OF_MONTHLY[cycle] + 50) // 100) for up_to, amount in tiers),
            graduated,
        )
        for cycle in cycles
    )


def _product(code: str, stock: int | None, prices: tuple[Price, ...]) -> Product:
    kind, place, *rest = code.split("_")
    protocol = None if kind in _DATA else (rest[0] if rest else "ipv4")
    return Product(
        code=code,
        product_id=f"prod_{code.replace('_', '').upper()}",
        name=_NAMES[kind].format(place.upper()) + _PROTOCOL_SUFFIX.get(protocol or "", ""),
        type=kind,
        protocol=protocol,
        country_id=None if kind in _DATA else place,
        stock=stock,
        prices=prices,
        available=code not in UNAVAILABLE,
    )


def seed_products() -> dict[str, Product]:
    """The catalog a new world starts with."""
    per_ip = [
        _product(code, stock, _prices(code, tiers, cycles, graduated=graduated))
        for code, (stock, tiers, cycles, graduated) in _PER_IP.items()
    ]
    data = [
        _product(f"{kind}_global", None, _prices(f"{kind}_global", tiers, (MONTH,), graduated=False))
        for kind, tiers in _DATA.items()
    ]
    return {product.code: product for product in [*per_ip, *data]}


def seed_promos(now: datetime) -> dict[str, Promo]:
    """A code of each sort: percentage, fixed, expired, exhausted, for one type only."""
    promos = (
        Promo("WELCOME10", "promo_1RbySPB2BUlqim5lZkfUaYdE", percent=10),
        Promo("FIVEOFF", "promo_1FiveOffB2BUlqim5l", amount=500),
        Promo("SUMMER24", "promo_1Summer24B2BUlqim5", percent=20, expires_at=now - timedelta(days=30)),
        Promo("FIRST100", "promo_1First100B2BUlqim5", percent=25, max_uses=100, used=100),
        Promo("ISPONLY15", "promo_1IspOnly15B2BUlqim", percent=15, product_types=frozenset({"isp"})),
    )
    return {promo.code: promo for promo in promos}


def catalog_row(product: Product) -> Row:
    return {
        "country_id": product.country_id,
        "product_cycle_options": [str(price.cycle) for price in product.prices],
        "product_is_available": product.available,
        "product_is_per_ip": product.is_per_ip,
        "product_name": product.name,
        "product_protocol": product.protocol,
        "product_stock": product.stock,
        "product_type": product.type,
    }


def product_row(product: Product, created_at: datetime) -> Row:
    """A row of product/search; unlimited stock is -1 here, unlike the catalog's null."""
    place = country_by_id()[product.country_id]["country_name"] if product.country_id else "worldwide"
    return {
        "product_id": product.product_id,
        "product_name": product.name,
        "product_type": product.type,
        "product_protocol": product.protocol,
        "country_id": product.country_id,
        "product_description": f"{product.name}, {place}.",
        "product_image": None,
        "product_stock": -1 if product.stock is None else product.stock,
        "product_instock": product.stock != 0,
        "product_is_active": True,
        "product_is_available": product.available,
        "product_is_visible": True,
        "product_is_per_ip": product.is_per_ip,
        "product_is_one_per_customer": False,
        "product_is_one_active_per_customer": False,
        "product_creation_datetime": stamp(created_at),
        "product_last_update_datetime": stamp(created_at),
        "product_prices": [_price_row(price) for price in product.prices],
    }


def _price_row(price: Price) -> Row:
    return {
        "price_id": price.price_id,
        "price_type": "recurring",
        "price_amount": price.tiers[0].amount,
        "price_per_unit_amount": price.tiers[0].amount,
        "price_package_quantity": 1,
        "price_is_subscription": True,
        "price_cycle_interval": price.cycle.interval,
        "price_cycle_interval_count": price.cycle.count,
        "price_tier_type": "graduated" if price.graduated else "volume",
        "price_tiers": [{"price_tier_up_to": tier.up_to, "price_tier_amount": tier.amount} for tier in price.tiers],
    }

"""What can be bought and what a person asks for: Product, Cycle, Filter and the Selection made of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bot.domain.ids import ProductCode, ServiceId
from bot.domain.money import Cents


class Field(StrEnum):
    """The parts of an ask a person can get wrong; problems and refusals name one of these."""

    PRODUCT = "product"
    QUANTITY = "quantity"
    CYCLE = "cycle"
    PROMO = "promo"
    ASN = "asn"
    SUBDIVISION = "subdivision"
    CITY = "city"
    REASON = "reason"
    CHANNEL = "channel"
    AMOUNT = "amount"


MAX_QUANTITY = 100_000
"""Nobody means more than this; it also keeps every total far inside 64 bits."""
MAX_REASON = 1_000
"""Characters of a reason."""
MAX_PROMO = 64

GLOBAL = "global"
_INTERVALS = {
    "d": "day",
    "day": "day",
    "daily": "day",
    "w": "week",
    "week": "week",
    "weekly": "week",
    "m": "month",
    "mo": "month",
    "month": "month",
    "monthly": "month",
    "y": "year",
    "yr": "year",
    "year": "year",
    "yearly": "year",
    "annual": "year",
}
_CYCLE = re.compile(r"^(?:(\d{1,3})\s*[:x ]?\s*)?([a-z]+?)s?$", re.IGNORECASE)


class Cycle(Struct, frozen=True, order=True):
    """A billing interval. Written `1:month` as the provider does (Byteful docs)."""

    count: int
    interval: str

    def __str__(self) -> str:
        return f"{self.count}:{self.interval}"

    @classmethod
    def parse(cls, text: str) -> Cycle | None:
        """A cycle from `1:month`, `3m`, `monthly`, `1 year`; None when it is none."""
        match = _CYCLE.match(text.strip())
        if match is None:
            return None
        count, word = match.groups()
        interval = _INTERVALS.get(word.lower())
        if interval is None or int(count or 1) == 0:
            return None
        return cls(int(count or 1), interval)


class Product(Struct, frozen=True):
    """One entry of the catalog. `stock` None means not counted (data products), 0 means none (Byteful docs)."""

    code: ProductCode
    name: str
    type: str
    country_id: str | None
    protocol: str | None
    cycles: tuple[Cycle, ...]
    is_available: bool
    is_per_ip: bool
    stock: int | None

    @property
    def is_credit(self) -> bool:
        return self.code == CREDIT_CODE

    @property
    def takes_filter(self) -> bool:
        """Static addresses of a known country can be picked by network and place; pooled data cannot."""
        return self.is_per_ip and self.country_id is not None

    @property
    def smallest_quantity(self) -> int:
        return 1


CREDIT_CODE = ProductCode("credit")
CREDIT = Product(
    code=CREDIT_CODE,
    name="Account credit",
    type="credit",
    country_id=None,
    protocol=None,
    cycles=(Cycle(1, "month"),),
    is_available=True,
    is_per_ip=False,
    stock=None,
)
"""Not in the provider's catalog, bought through the same checkout (Byteful docs, "Adding Credit")."""
MIN_TOP_UP: Cents = 500
MAX_TOP_UP: Cents = 1_000_000
"""$5 to $10,000, the provider's dashboard limits; its API documents none."""

STOP_CODE = ProductCode("stop_renewal")
KEEP_CODE = ProductCode("keep_renewing")
STOP, KEEP = (
    replace(CREDIT, code=code, name=name, type="renewal")
    for code, name in ((STOP_CODE, "Stop renewal"), (KEEP_CODE, "Keep renewing"))
)
"""Not bought, and decided like a purchase: whether a service renews (Byteful docs, service/edit)."""
WITHOUT_CATALOG = {one.code: one for one in (CREDIT, STOP, KEEP)}
"""Asked for through the same life, and in no provider's catalog."""

Catalog = Mapping[ProductCode, Product]


class Filter(Struct, frozen=True):
    """Fulfilment filter: which network and place the addresses come from. All None means anywhere."""

    asn_id: int | None = None
    subdivision_id: str | None = None
    city_id: int | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in (self.asn_id, self.subdivision_id, self.city_id))


class Selection(Struct, frozen=True):
    """What is asked for, exactly as it goes to the provider.

    `quantity` counts proxies, or gigabytes (1024³ bytes) for data products; `top_up_cents` is set for credit only, and
    `service` only where it is about whether that service renews.
    """

    product_code: ProductCode
    quantity: int
    cycle: Cycle
    promo_code: str | None
    filter: Filter
    top_up_cents: Cents | None
    service: ServiceId | None = None

    @property
    def is_top_up(self) -> bool:
        return self.top_up_cents is not None

    @property
    def is_about_renewal(self) -> bool:
        """Nothing is bought: a service that runs is to end with its period, or to go on."""
        return self.service is not None

    @property
    def stops_renewal(self) -> bool:
        return self.product_code == STOP_CODE

    def fingerprint(self) -> str:
        """A stable digest: equal selections, and only those, have the same one."""
        parts = msgspec.to_builtins(self)
        if self.service is None:
            del parts["service"]  # so that those made before there was such a thing keep theirs
        canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def top_up(amount: Cents) -> Selection:
    """The selection that buys `amount` cents of credit."""
    return Selection(CREDIT_CODE, 1, CREDIT.cycles[0], None, Filter(), amount)


def renewal_change(service: ServiceId, *, renews: bool) -> Selection:
    """The selection that lets a service end with its paid period, or renew after all."""
    return Selection(KEEP_CODE if renews else STOP_CODE, 1, CREDIT.cycles[0], None, Filter(), None, service)


def problems_with(selection: Selection, product: Product) -> dict[str, str]:
    """What the catalog alone can tell is wrong, as field → sentence. Empty when nothing is."""
    if selection.is_about_renewal:
        return {}
    if selection.is_top_up or product.is_credit:
        return _top_up_problems(selection.top_up_cents or 0)
    found: dict[str, str] = {}
    if not product.is_available:
        found[Field.PRODUCT] = f"{product.name} cannot be bought at the moment. Choose another product."
    if quantity := quantity_problem(selection.quantity, product):
        found[Field.QUANTITY] = quantity
    if selection.cycle not in product.cycles:
        offered = ", ".join(str(cycle) for cycle in product.cycles)
        found[Field.CYCLE] = f"{product.name} is not sold by {selection.cycle}. Choose one of: {offered}."
    if selection.filter and not product.takes_filter:
        found[_first_filter_field(selection.filter)] = f"{product.name} takes no network or place. Leave it empty."
    return found


def quantity_problem(quantity: int, product: Product) -> str | None:
    """The sentence for a quantity that cannot be, or None."""
    unit = "proxies" if product.is_per_ip else "GB"
    if quantity < product.smallest_quantity:
        return f"The smallest quantity is {product.smallest_quantity}. Ask for at least that many {unit}."
    if product.stock == 0:
        return f"{product.name} is out of stock. Choose another product."
    if product.stock is not None and quantity > product.stock:
        return f"Only {product.stock:,} in stock. Ask for {product.stock:,} or fewer."
    if quantity > MAX_QUANTITY:
        return f"The largest quantity of one request is {MAX_QUANTITY:,} {unit}."
    return None


def _first_filter_field(chosen: Filter) -> str:
    if chosen.asn_id is not None:
        return Field.ASN
    return Field.SUBDIVISION if chosen.subdivision_id is not None else Field.CITY


def _top_up_problems(amount: Cents) -> dict[str, str]:
    if MIN_TOP_UP <= amount <= MAX_TOP_UP:
        return {}
    low, high = MIN_TOP_UP // 100, MAX_TOP_UP // 100
    return {Field.AMOUNT: f"A top-up is between ${low:,} and ${high:,}."}

"""The small values the Byteful world is made of: errors, times, cycles, prices, promotional codes, invoices.

Money is integer US cents throughout. The one place that rounds is `Promo.discount_on`: a percentage is rounded
half up to the cent, and no discount is larger than the amount it is taken from.
"""

from __future__ import annotations

import calendar
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

Row = dict[str, Any]
"""A record in the vendor's own field names, as it is sent."""

GB = 1024**3
INVOICE_VOID_AFTER = timedelta(hours=48)
MAX_QUANTITY = 100_000
TOP_UP_MIN_CENTS = 500
TOP_UP_MAX_CENTS = 1_000_000

ERROR_NAMES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}


class RefusalError(Exception):
    """The account refuses a call: the status and the sentence the caller is told."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


def stamp(at: datetime) -> str:
    """A moment as the API writes it: UTC, whole seconds, no zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def parse_datetime(text: str) -> datetime:
    """Both spellings seen in the vendor's pages, with or without a zone; none means UTC."""
    try:
        parsed = datetime.fromisoformat(text.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RefusalError(400, f"'{text}' is not a valid datetime.") from None


def parse_date(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()[:10]).isoformat()
    except ValueError:
        raise RefusalError(400, f"'{text}' is not a valid date.") from None


Interval = Literal["day", "week", "month", "year"]
INTERVALS: tuple[Interval, ...] = ("day", "week", "month", "year")


@dataclass(frozen=True, order=True)
class Cycle:
    """A billing interval; written `count:interval`."""

    count: int
    interval: Interval

    def __str__(self) -> str:
        return f"{self.count}:{self.interval}"

    @classmethod
    def parse(cls, text: str) -> Cycle:
        count, _, interval = text.partition(":")
        for known in INTERVALS:
            if known == interval and count.isdigit() and int(count) > 0:
                return cls(int(count), known)
        raise RefusalError(400, f"'{text}' is not a cycle such as 1:month.")

    def after(self, start: datetime, anchor: int | None = None) -> datetime:
        """The end of a cycle begun at `start`. A month that is too short ends on its last day, and the next one on the
        day `anchor` again: the day of the month on which it all began.
        """
        match self.interval:
            case "day":
                return start + timedelta(days=self.count)
            case "week":
                return start + timedelta(weeks=self.count)
            case "month":
                return add_months(start, self.count, anchor)
            case "year":
                return add_months(start, 12 * self.count, anchor)


def add_months(start: datetime, months: int, anchor: int | None = None) -> datetime:
    year, month0 = divmod(start.year * 12 + start.month - 1 + months, 12)
    last_day = calendar.monthrange(year, month0 + 1)[1]
    return start.replace(year=year, month=month0 + 1, day=min(anchor or start.day, last_day))


@dataclass(frozen=True)
class Tier:
    """From the previous tier up to and including `up_to` units (None: without end), a unit costs `amount`."""

    up_to: int | None
    amount: int


@dataclass(frozen=True)
class Price:
    """What one unit costs for one cycle. Volume: all units at the reached tier; graduated: slice by slice."""

    price_id: str
    cycle: Cycle
    tiers: tuple[Tier, ...]
    graduated: bool = False

    def lines(self, quantity: int) -> tuple[tuple[int, int], ...]:
        """The priced lines of a purchase as (units, cents per unit)."""
        if not self.graduated:
            reached = next(t for t in self.tiers if t.up_to is None or quantity <= t.up_to)
            return ((quantity, reached.amount),)
        lines, done = [], 0
        for tier in self.tiers:
            upto = quantity if tier.up_to is None else min(quantity, tier.up_to)
            if upto > done:
                lines.append((upto - done, tier.amount))
                done = upto
        return tuple(lines)


@dataclass(frozen=True)
class Product:
    """One entry of the catalog. `stock` None means that nobody counts it."""

    code: str
    product_id: str
    name: str
    type: str
    protocol: str | None
    country_id: str | None
    stock: int | None
    prices: tuple[Price, ...]
    available: bool = True

    @property
    def is_per_ip(self) -> bool:
        return self.type in {"isp", "datacenter"}

    def price_for(self, cycle: Cycle) -> Price | None:
        return next((price for price in self.prices if price.cycle == cycle), None)


@dataclass(frozen=True)
class Promo:
    """A promotional code: `percent` or `amount` cents off, with the limits it carries."""

    code: str
    promo_id: str
    percent: int = 0
    amount: int = 0
    expires_at: datetime | None = None
    max_uses: int | None = None
    used: int = 0
    product_types: frozenset[str] = frozenset()

    def problem(self, product_type: str, now: datetime) -> str | None:
        """Why the code cannot be used, or None."""
        if self.expires_at is not None and now >= self.expires_at:
            return f"The promotional code {self.code} has expired."
        if self.max_uses is not None and self.used >= self.max_uses:
            return f"The promotional code {self.code} has been used up."
        if self.product_types and product_type not in self.product_types:
            return f"The promotional code {self.code} does not apply to this product."
        return None

    def discount_on(self, amount: int) -> int:
        discount = (amount * self.percent + 50) // 100 + self.amount
        return min(discount, amount)


@dataclass
class Invoice:
    """A bill. `due` is what is left after account credit; `purpose` says what paying it brings about."""

    invoice_id: str
    purpose: Literal["purchase", "renewal", "top_up"]
    total: int
    credit_applied: int
    created_at: datetime
    description: str
    service_id: str | None = None
    status: Literal["open", "paid", "void"] = "open"

    @property
    def due(self) -> int:
        return self.total - self.credit_applied


@dataclass
class ProviderSettings:
    """How strict and how quick the world is; every field may be changed while it runs."""

    rate_limit: int = 10
    rate_window_s: float = 1.0
    retry_after_header: bool = False
    strict_parameters: bool = False
    """Unknown filters and checkout fields: False ignores them, True answers 400."""
    counts_totals: bool = True
    """False answers searches with the total_count of -1 that means "too costly to count"."""
    invalid_quote: Literal["is_valid_false", "422"] = "is_valid_false"
    """How a quote answers a selection that cannot be bought."""
    credit_only: bool = False
    """True refuses (422) a purchase that account credit does not cover, instead of opening an invoice."""
    fulfilment_delay_s: float | None = 0
    """From payment to delivery in world time; None waits for the control interface."""


@dataclass
class Mint:
    """Makes identifiers. Unseeded by default, so that two runs of the playground never reuse a service id."""

    seed: int | None = None
    _rng: random.Random = field(init=False)
    _taken: set[str] = field(init=False, default_factory=set)
    _address: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)

    def uuid(self) -> str:
        h = f"{self._rng.getrandbits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def stripe(self, prefix: str) -> str:
        alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789"
        return f"{prefix}_1{''.join(self._rng.choices(alphabet, k=23))}"

    def api_service_id(self) -> str:
        return self._fresh(lambda: f"API-{self._digits(4)}-{self._digits(4)}")

    def dashboard_service_id(self) -> str:
        return self._fresh(lambda: f"{self._digits(4)}-{self._digits(4)}-{self._digits(3)}")

    def password(self) -> str:
        return "".join(self._rng.choices("abcdefghjkmnpqrstuvwxyz23456789", k=16))

    def address(self) -> tuple[str, str]:
        """The next (IPv4, IPv6) pair, out of ranges that belong to nobody."""
        self._address += 1
        n = self._address
        return f"198.{18 + n // 65536 % 2}.{n // 256 % 256}.{n % 256}", f"2001:db8::{n:x}"

    def choice(self, rows: list[Row]) -> Row:
        return self._rng.choice(rows)

    def _digits(self, count: int) -> str:
        return str(self._rng.randrange(10 ** (count - 1), 10**count))

    def _fresh(self, make: Any) -> str:
        while True:
            made: str = make()
            if made not in self._taken:
                self._taken.add(made)
                return made

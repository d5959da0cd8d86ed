"""Data bought and used, and what a service is doing at the provider."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from bot.domain.catalog import Cycle, Filter
from bot.domain.ids import ServiceId
from bot.domain.money import Cents

BYTES_PER_GB = 1024**3
"""Data is sold and shown in units of 1024³ bytes (Byteful docs: 10737418240 is "10 GB")."""


class Network(StrEnum):
    RESIDENTIAL = "residential"
    MOBILE = "mobile"


class DataPool(Struct, frozen=True):
    """Data of one network, in bytes. `expires_at` is UTC, None when the provider names no end."""

    network: Network
    total_bytes: int
    used_bytes: int
    left_bytes: int
    requests: int
    service_id: ServiceId | None
    expires_at: datetime | None


class Service(Struct, frozen=True):
    """The thing bought and running at the provider. `status` is the provider's own word."""

    id: ServiceId
    name: str
    type: str
    status: str
    quantity: int
    total: Cents
    cycle: Cycle | None
    country_id: str | None
    filter: Filter
    created_at: datetime | None
    dispatched_at: datetime | None
    expires_at: datetime | None
    open_invoice_id: str | None
    is_pending_cancellation: bool
    is_cancellable: bool
    metadata: dict[str, str | int | float | bool] = field(default_factory=dict)
    is_automatic_collection: bool = False
    """Whether the provider takes the next charge by itself: credit first, then a stored payment method."""
    promo_code: str | None = None


class Delivered(Struct, frozen=True):
    """Where one delivered proxy is. How to use it is nobody's business here, so it is not part of this."""

    asn_id: int | None
    country_id: str | None
    subdivision_id: str | None
    city_id: int | None

"""What the provider's account showed when it was last read: services, traffic by day, credit, data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.ids import ChannelId, RequestId, ServiceId, UserId
from bot.domain.money import Cents
from bot.domain.request import PurchaseRequest
from bot.domain.usage import DataPool, Service

ENDED = frozenset({"canceled"})
"""Statuses that no service comes back from (Byteful docs, "Services")."""


class KnownService(Struct, frozen=True):
    """A service as the account last showed it, and whose it is.

    `channel` and `owner` are those of its request, or who adopted it into which channel; both None: bought outside the
    bot, and nobody's yet. `told` is the service as people know it: what differs from it is news.
    """

    service: Service
    first_seen: datetime
    last_seen: datetime
    told: Service
    request: RequestId | None = None
    channel: ChannelId | None = None
    owner: UserId | None = None
    is_gone: bool = False
    """The account does not list it any more."""
    times_told: int = 0
    """How often a change was told."""
    adjusted: int = 0
    """The newest adjustment that was looked at."""
    is_offered: bool = False
    """Somebody was asked to adopt it."""
    renewal: Cents | None = None
    """What its request was told that it renews at; None once its own price is the newer word, or without a request."""

    def seen(self, service: Service, at: datetime) -> KnownService:
        """As the account shows it now. A price that is another than before is the newer word on what it renews at."""
        renewal = self.renewal if service.total == self.service.total else None
        return replace(self, service=service, last_seen=at, is_gone=False, renewal=renewal)

    def bought_by(self, request: PurchaseRequest) -> KnownService:
        return replace(
            self,
            request=request.id,
            channel=request.channel,
            owner=request.requester,
            renewal=request.quote.next_charge(self.service.total),
        )

    @property
    def next_charge(self) -> Cents:
        """What it renews at, as far as is known. A promo code lowers the first period only, whose price stays shown."""
        return self.service.total if self.renewal is None else self.renewal

    @property
    def is_next_charge_known(self) -> bool:
        """Not of what was bought elsewhere with a promo code, which may hold for its first period only."""
        return self.request is not None or self.service.promo_code is None

    @property
    def id(self) -> ServiceId:
        return self.service.id

    @property
    def is_ours(self) -> bool:
        return self.channel is not None

    @property
    def has_ended(self) -> bool:
        return self.is_gone or self.service.status in ENDED

    @property
    def renews(self) -> bool:
        """Whether the provider will charge for it again by itself."""
        service = self.service
        return (
            not self.has_ended
            and service.is_automatic_collection
            and not service.is_pending_cancellation
            and service.expires_at is not None
            and service.cycle is not None
        )


class ServicePage(Struct, frozen=True):
    """One page of a list, what ends or renews next first, and how many there are in all."""

    services: tuple[KnownService, ...]
    offset: int
    total: int


class UsageDay(Struct, frozen=True):
    """Traffic of one day (UTC, as the provider counts): per service for residential and mobile data, per proxy user for
    datacenter and ISP proxies. A proxy user who may use exactly one service is counted for that service.
    """

    day: date
    network: str
    service: ServiceId | None
    proxy_user: str | None
    bytes: int
    requests: int


class BalanceReading(Struct, frozen=True):
    """The credit balance as last read, None when it never was; and since when, and how often, reading it has failed."""

    balance: Cents | None
    read_at: datetime | None
    failures: int = 0
    failing_since: datetime | None = None


class PoolReading(Struct, frozen=True):
    pools: tuple[DataPool, ...]
    read_at: datetime


class PoolDay(Struct, frozen=True):
    """Data of one network as last seen on a day (UTC), in bytes."""

    day: date
    network: str
    total: int
    used: int
    left: int


class Actor(StrEnum):
    """Who changed a service at the provider."""

    CUSTOMER = "customer"
    """Somebody with our account: a person in the dashboard, or a program with our keys, this one included."""
    PROVIDER = "provider"
    AUTOMATIC = "automatic"
    UNKNOWN = "unknown"


class Adjustment(Struct, frozen=True):
    """One line of what happened to a service at the provider. `kind` is the provider's own word."""

    id: int
    service: ServiceId
    kind: str
    by: Actor
    at: datetime | None
    fields: frozenset[str]
    """The provider's names of what was changed; empty when it does not say."""


def bytes_in(rows: Sequence[UsageDay]) -> int:
    return sum(row.bytes for row in rows)

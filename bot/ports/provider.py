"""What the use-cases need from a vendor. Every call may fail as `bot.domain.errors` draws it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Protocol

from msgspec import Struct

from bot.domain.account import Adjustment, UsageDay
from bot.domain.catalog import Catalog, Filter, Selection
from bot.domain.ids import ServiceId
from bot.domain.money import Cents
from bot.domain.quote import Quote
from bot.domain.request import Order
from bot.domain.usage import DataPool, Delivered, Service


class PlaceOption(Struct, frozen=True):
    """One row of a lookup: `value` goes into a filter as it is, `label` is for reading."""

    value: str
    label: str


class Urgency(Enum):
    """Who waits for a request to the provider: that decides which part of the account's pace it may use."""

    BACKGROUND = "nobody"
    PERSON = "somebody who looks at a form or a list"
    PURCHASE = "a purchase that cannot go on without it"
    CHECKOUT = "the one request that buys"


Answered = Callable[[], None]
LastLook = Callable[[], Awaitable[None]]
"""What has to be seen to before money moves, while the request that moves it waits for its turn. What it raises is the
end of it: nothing is sent."""


class Pacer(Protocol):
    """Awaited before each request leaves, so that all processes together stay under the vendor's limit.

    What it gives back is called once the answer is there.
    """

    async def __call__(self, urgency: Urgency) -> Answered: ...


class Places(Protocol):
    """Networks and places, searched in memory. Answers come at once and never touch the network.

    Before the tables are loaded every search is empty and `is_loaded` is False.
    """

    @property
    def is_loaded(self) -> bool: ...

    async def keep_fresh(self) -> None:
        """Load the tables and renew them for as long as the process runs; ends when it is cancelled."""
        ...

    def search_asns(self, query: str, country_id: str | None) -> list[PlaceOption]: ...

    def search_subdivisions(self, query: str, country_id: str | None) -> list[PlaceOption]: ...

    def search_cities(self, query: str, country_id: str | None, subdivision_id: str | None) -> list[PlaceOption]:
        """At most 100 options, like the other searches."""
        ...

    def country(self, country_id: str) -> str | None:
        """Its name in English, None while it is not known."""
        ...

    def describe(self, chosen: Filter) -> str | None:
        """`AT&T (AS7018), Dallas, Texas`: the filter in words, None for no filter."""
        ...

    def problems_with(self, chosen: Filter, country_id: str | None) -> Mapping[str, str]:
        """Field → sentence for ids that do not exist or lie elsewhere; empty when nothing is known to be wrong."""
        ...


class Provider(Protocol):
    """A vendor. Every call may raise a ProviderError; only `create_checkout` spends, and it is never retried."""

    @property
    def places(self) -> Places: ...

    @property
    def urgent(self) -> Provider:
        """The same, for the questions of a purchase: they go ahead of everybody else's."""
        ...

    @property
    def is_away(self) -> bool:
        """Whether it did not answer this process's last questions, so that the next ones fail at once."""
        ...

    async def catalog(self, *, fresh: bool = False) -> Catalog:
        """Everything on sale by product code, at most a minute old; the last known one while there is no newer.

        With `fresh` it is read now, or raises.
        """
        ...

    async def quote(self, selection: Selection) -> Quote:
        """A priced answer. Raises SelectionRefusedError, with the field at fault when known, for one that cannot be."""
        ...

    async def create_checkout(self, selection: Selection, last_look: LastLook | None = None) -> Order:
        """Buy. NeverSentError and RefusedError prove that nothing was bought; OutcomeUnknownError proves nothing."""
        ...

    async def service(self, service_id: ServiceId) -> Service:
        """Raises NotFoundError when there is no such service."""
        ...

    async def delivered(self, service_id: ServiceId) -> Sequence[Delivered]:
        """Where each proxy of a service is, without anything that would let one use it."""
        ...

    async def services_since(self, since: datetime) -> Sequence[Service]:
        """Services created at or after `since` (UTC), newest first."""
        ...

    async def all_services(self) -> Sequence[Service]:
        """Every service of the account. Like the next two, read slowly, behind everything people wait for."""
        ...

    async def adjustments(self, since: datetime) -> Sequence[Adjustment]:
        """What happened to services since then, oldest first."""
        ...

    async def adjustments_of(self, service_id: ServiceId) -> Sequence[Adjustment]:
        """Everything that happened to one service, oldest first; read at once, because somebody asks."""
        ...

    async def usage_since(self, first: date) -> Sequence[UsageDay]:
        """Traffic of every day (UTC) from `first` on."""
        ...

    async def set_renewal(self, service_id: ServiceId, *, renews: bool) -> None:
        """Let a service end with its paid period, or renew after all. Asked twice it does no more than once.

        NeverSentError and RefusedError prove that nothing changed; after OutcomeUnknownError the service itself tells.
        """
        ...

    async def tag_service(self, service_id: ServiceId, metadata: Mapping[str, str]) -> None:
        """Replace a service's metadata, in the background: at most 30 keys of 300 characters each (Byteful docs)."""
        ...

    async def credit_balance(self) -> Cents: ...

    async def data_pools(self) -> Sequence[DataPool]:
        """Residential and mobile data; a network never bought is left out."""
        ...

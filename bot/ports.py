"""What the use-cases need from the outside: Provider, Store, Directory and Notifier, and how each may fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.catalog import Catalog, Filter, Selection
from bot.domain.draft import Draft
from bot.domain.ids import ChannelId, DraftId, ProductCode, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.intents import Intent
from bot.domain.money import Cents
from bot.domain.policy import Person, Role
from bot.domain.quote import Quote
from bot.domain.request import Order, PurchaseRequest, State
from bot.domain.usage import DataPool, Service


@dataclass(frozen=True, slots=True)
class PlaceOption:
    """One row of a lookup: `value` goes into a filter as it is, `label` is for reading."""

    value: str
    label: str


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

    async def catalog(self) -> Catalog:
        """Everything on sale by product code, at most a minute old."""
        ...

    async def quote(self, selection: Selection) -> Quote:
        """A priced answer. Raises SelectionRefusedError, with the field at fault when known, for one that cannot be."""
        ...

    async def create_checkout(self, selection: Selection) -> Order:
        """Buy. NeverSentError and RefusedError prove that nothing was bought; OutcomeUnknownError proves nothing."""
        ...

    async def service(self, service_id: ServiceId) -> Service:
        """Raises NotFoundError when there is no such service."""
        ...

    async def services_since(self, since: datetime) -> Sequence[Service]:
        """Services created at or after `since` (UTC), newest first."""
        ...

    async def tag_service(self, service_id: ServiceId, metadata: Mapping[str, str]) -> None:
        """Replace a service's metadata: at most 30 keys, values of at most 300 characters (Byteful docs)."""
        ...

    async def credit_balance(self) -> Cents: ...

    async def data_pools(self) -> Sequence[DataPool]:
        """Residential and mobile data; a network never bought is left out."""
        ...


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a message stands, and the request version it shows."""

    channel: ChannelId
    ts: str
    version: int


@dataclass(frozen=True, slots=True)
class Claim:
    """An intent taken for delivery. `token` proves that it is still ours when it is settled."""

    workspace: WorkspaceId
    intent: Intent
    token: str


@dataclass(frozen=True, slots=True)
class Audit:
    """One line of the append-only record: who did or tried what to which request, and how it ended."""

    at: datetime
    what: str
    request: RequestId | None = None
    by: UserId | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """What `Store.submit` did: `is_new` is False when this draft had already become that request."""

    request: PurchaseRequest
    is_new: bool


class Store(Protocol):
    """Where requests live. Any call may raise StoreUnavailableError; then nothing was recorded."""

    async def submit(self, draft: DraftId, request: PurchaseRequest) -> Submission:
        """Give the request its number and write it with its indexes, audit line and intents. Once per draft."""
        ...

    async def move(self, before: PurchaseRequest, after: PurchaseRequest, *, is_durable: bool = False) -> None:
        """Write one step of a life, all or nothing. StaleError when `before` is no longer the newest version.

        With `is_durable` the write is on disk before this returns, where the server can tell.
        """
        ...

    async def get(self, workspace: WorkspaceId, request: RequestId) -> PurchaseRequest | None: ...

    async def by_service(self, workspace: WorkspaceId, service: ServiceId) -> PurchaseRequest | None: ...

    async def in_state(self, workspace: WorkspaceId, state: State, limit: int = 50) -> list[PurchaseRequest]:
        """Oldest first."""
        ...

    async def of_requester(self, workspace: WorkspaceId, user: UserId, limit: int = 20) -> list[PurchaseRequest]:
        """Newest first."""
        ...

    async def overdue(self, workspace: WorkspaceId, now: datetime, limit: int = 100) -> list[PurchaseRequest]:
        """Requests still pending after their deadline."""
        ...

    async def has_bought(self, workspace: WorkspaceId, product: ProductCode) -> bool:
        """Whether this product was ever ordered here."""
        ...

    async def known_services(self, workspace: WorkspaceId, services: Sequence[ServiceId]) -> frozenset[ServiceId]:
        """Which of these belong to a request here."""
        ...

    async def audit(self, workspace: WorkspaceId, entry: Audit) -> None: ...

    async def save_draft(self, draft: Draft) -> None: ...

    async def draft(self, draft: DraftId) -> Draft | None:
        """None for one that never was or is older than a day."""
        ...

    async def ask(self, workspace: WorkspaceId, intent: Intent, now: datetime) -> None:
        """Ask for something to be said (again) although nothing changed."""
        ...

    async def claim_intents(self, workspace: WorkspaceId, now: datetime, limit: int = 20) -> list[Claim]:
        """Take due intents; each comes back by itself when it is not settled within the lease."""
        ...

    async def settle_intent(self, claim: Claim) -> None:
        """Done, unless the same intent was asked for again meanwhile."""
        ...

    async def delay_intent(self, claim: Claim, until: datetime) -> None: ...

    async def message(self, workspace: WorkspaceId, request: RequestId, name: str) -> MessageRef | None:
        """Where the message called `name` (an intent's text) of this request stands."""
        ...

    async def record_message(self, workspace: WorkspaceId, request: RequestId, name: str, ref: MessageRef) -> None:
        """An older version never overwrites a newer one."""
        ...

    async def workspaces(self) -> list[WorkspaceId]:
        """Every workspace that ever submitted a request."""
        ...

    async def hold(self, workspace: WorkspaceId, name: str, token: str, seconds: float) -> bool:
        """Take or keep the named lease; False while somebody else holds it."""
        ...

    async def release(self, workspace: WorkspaceId, name: str, token: str) -> None: ...


class FormStore(Store, Protocol):
    """The store with what open forms and repeated deliveries need besides."""

    async def is_newest(self, name: str, ordinal: float, seconds: int) -> bool:
        """Whether no greater ordinal was seen under this name within the given time; remembers this one."""
        ...

    async def is_first(self, name: str, seconds: int) -> bool:
        """Whether this name was not seen within the given time; remembers it."""
        ...


class Directory(Protocol):
    """Who people are, from Slack, at most 60 s old. Raises ChatError when it cannot be read: then nobody may."""

    async def person(self, user: UserId) -> Person: ...

    async def holders(self, role: Role) -> frozenset[UserId]:
        """Every user id that holds the role now, by name or through a group."""
        ...


class Notifier(Protocol):
    """Speaks for the bot. Every call may raise ChatError."""

    async def show_card(
        self, request: PurchaseRequest, at: MessageRef | None, approvers: Sequence[UserId]
    ) -> MessageRef:
        """Post the card, or update it in place when it stands at `at`."""
        ...

    async def say_in_thread(self, request: PurchaseRequest, version: int, card: MessageRef) -> MessageRef: ...

    async def tell_person(self, request: PurchaseRequest, version: int, user: UserId) -> MessageRef: ...


class Nudge(Protocol):
    """Asks the worker to look at a request soon. Never raises: a lost nudge costs time, not correctness."""

    async def __call__(self, request: PurchaseRequest) -> None: ...

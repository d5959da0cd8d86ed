"""What the use-cases need from the outside: Provider, Store, Directory and Notifier, and how each may fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.domain.catalog import Catalog, Filter, Selection
from bot.domain.draft import Draft, WaitingDraft
from bot.domain.ids import AttemptId, ChannelId, DraftId, ProductCode, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.intents import Intent
from bot.domain.money import Cents
from bot.domain.pause import Pause
from bot.domain.policy import Person, Role
from bot.domain.quote import Quote
from bot.domain.request import Order, PurchaseRequest, State
from bot.domain.usage import DataPool, Delivered, Service


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

    async def create_checkout(self, selection: Selection) -> Order:
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
    """An intent taken for delivery. `token` proves that it is still ours; `tries` have failed so far.

    `is_probe`: Slack refused us as a whole before, and this one shows whether it still does.
    """

    workspace: WorkspaceId
    intent: Intent
    token: str
    at: datetime | None = None
    tries: int = 0
    is_probe: bool = False


class Turn(StrEnum):
    """Whether Slack may be spoken to for a claim now."""

    GO = "go"
    LATER = "later"
    """Others are before it; it comes back by itself when it is its turn."""
    LOST = "lost"
    """The lease ended and somebody else may be telling it."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A pace that all processes keep together: one call each `every`, and after a quiet time up to `burst` more."""

    name: str
    every: timedelta
    burst: int = 0


@dataclass(frozen=True, slots=True)
class Posting:
    """The mark of a post that was begun and whose end is not recorded: it may stand. `key` is in its metadata."""

    key: str
    since: datetime
    posts: int


@dataclass(frozen=True, slots=True)
class Told:
    """What was said so far about one request, each message by its name (the text of its intent).

    `dropped` are those that cannot be delivered, with the reason; `is_stray`: the channel cannot be written to.
    """

    places: Mapping[str, MessageRef]
    begun: Mapping[str, Posting]
    dropped: Mapping[str, str]
    is_stray: bool


@dataclass(frozen=True, slots=True)
class Silence:
    """Slack refuses us as a whole, by this word."""

    code: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits to be said, for how long the oldest has, and how many were given up."""

    waiting: int
    oldest: timedelta
    parked: int


class Form(StrEnum):
    """How a message is laid out. The words are the same; the last one is cut."""

    FULL = "full"
    PLAIN = "plain"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a new message goes: a channel or a person's id, and the message it answers."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Saying:
    """One message, to be drawn from the state as it is now. `is_stray`: the channel of its card is closed to us."""

    intent: Intent
    subject: PurchaseRequest | WaitingDraft | Pause
    approvers: tuple[UserId, ...] = ()
    is_stray: bool = False
    form: Form = Form.FULL


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

    async def submit(
        self, draft: DraftId, request: PurchaseRequest, waited: WaitingDraft | None = None, extra: Sequence[Intent] = ()
    ) -> Submission:
        """Give the request its number and write it with its indexes, audit line and intents. Once per draft.

        The draft no longer waits for a price then. With `waited` it must still wait as it was read, else StaleError.
        `extra` are more intents; those about the request carry 0 in place of its number.
        """
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

    async def claim_look(self, workspace: WorkspaceId, now: datetime) -> RequestId | None:
        """Take the followed request whose look is most overdue; it comes back by itself when nobody says how it went.

        A request is followed from the move that makes it ORDERED; each later move sets its next look anew.
        """
        ...

    async def look_again(self, workspace: WorkspaceId, request: RequestId, at: datetime | None) -> None:
        """After a look that changed nothing: when the next one is, None for never. Nothing for one not followed."""
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

    async def keep_waiting(self, waiting: WaitingDraft) -> WaitingDraft | None:
        """Keep a draft without a price, behind those kept before; kept again, it takes the newer contents.

        None when it is a request already.
        """
        ...

    async def end_waiting(self, waiting: WaitingDraft, entry: Audit, intents: Sequence[Intent] = ()) -> None:
        """It waits no more and is no request, with whom to tell. StaleError when it does not wait as it was read."""
        ...

    async def kept_draft(self, workspace: WorkspaceId, draft: DraftId) -> WaitingDraft | None:
        """One that waits, or stopped waiting within the last days."""
        ...

    async def waiting(self, workspace: WorkspaceId, user: UserId | None = None, limit: int = 500) -> list[WaitingDraft]:
        """Drafts that wait for a price, of one person or of everybody, oldest first."""
        ...

    async def count_waiting(self, workspace: WorkspaceId) -> int: ...

    async def pause(self) -> Pause | None:
        """The newest pause of purchases, over or not."""
        ...

    async def swap_pause(self, before: Pause | None, after: Pause) -> bool:
        """Write a pause over the one that was read; False when somebody was faster."""
        ...

    async def ask(self, workspace: WorkspaceId, intent: Intent, now: datetime) -> None:
        """Ask for something to be said (again) although nothing changed."""
        ...

    async def claim_intents(self, workspace: WorkspaceId, now: datetime, limit: int = 20) -> list[Claim]:
        """Take due intents. Each is nobody else's until it is settled, or its lease ends and it comes back."""
        ...

    async def settle_intent(self, claim: Claim) -> None:
        """Done, unless the same intent was asked for again meanwhile."""
        ...

    async def delay_intent(self, claim: Claim, until: datetime, *, is_failure: bool = False) -> None: ...

    async def park_intent(self, claim: Claim, reason: str, now: datetime) -> None:
        """Give it up, visibly, until it is asked for again."""
        ...

    async def unpark(self, workspace: WorkspaceId, now: datetime) -> int:
        """Ask again for everything that was given up; how many that were."""
        ...

    async def take_turn(self, claim: Claim, lane: Lane | None, now: datetime) -> Turn:
        """The last check before Slack is spoken to. GO renews the lease."""
        ...

    async def begin_post(self, claim: Claim, lane: Lane | None, now: datetime) -> tuple[Turn, Posting | None]:
        """The same, and in the same move the mark that a message is about to be posted."""
        ...

    async def not_posted(self, claim: Claim) -> None:
        """Take the mark away: the post was refused."""
        ...

    async def hold_lane(self, workspace: WorkspaceId, lane: Lane, until: datetime) -> None: ...

    async def told(self, claim: Claim, channel: ChannelId | None = None) -> Told:
        """All that was said about what this intent is about; `channel` is where its card belongs."""
        ...

    async def message(self, workspace: WorkspaceId, request: RequestId, name: str) -> MessageRef | None:
        """Where the message called `name` (an intent's text) of this request stands."""
        ...

    async def record_message(
        self, workspace: WorkspaceId, request: RequestId, name: str, ref: MessageRef, key: str = ""
    ) -> bool:
        """Remember where a message stands. False when that is refused: an older version never overwrites a newer one,
        and a post (its mark's `key` is given) counts only while its mark stands.
        """
        ...

    async def drop_message(self, claim: Claim, reason: str) -> None:
        """It cannot be delivered: remembered with the reason, so that it is not tried again."""
        ...

    async def note_stray(self, workspace: WorkspaceId, channel: ChannelId, now: datetime) -> bool:
        """This channel cannot be written to. True when that is new; a message recorded there ends it."""
        ...

    async def fall_silent(self, workspace: WorkspaceId, code: str, now: datetime) -> bool:
        """Slack refuses us as a whole: give out nothing for a while, then one to try. True when that is new."""
        ...

    async def speak_again(self, workspace: WorkspaceId) -> None: ...

    async def silence(self, workspace: WorkspaceId) -> Silence | None: ...

    async def backlog(self, workspace: WorkspaceId, now: datetime) -> Backlog: ...

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


@dataclass(frozen=True, slots=True)
class Sent:
    """A checkout that is about to be sent or was; `order` is what came back, None while nothing clear has."""

    workspace: WorkspaceId
    request: RequestId
    attempt: AttemptId
    sent_at: datetime
    order: Order | None


class Journal(Protocol):
    """This machine's own record of checkouts, for when the store is away or forgets what it was told."""

    async def keep(self, sent: Sent) -> None:
        """On disk when this returns. Replaces what was kept of the same attempt."""
        ...

    async def forget(self, attempt: AttemptId) -> None: ...

    async def kept(self) -> list[Sent]: ...


class Directory(Protocol):
    """Who people are, from Slack, at most 60 s old. Raises ChatError when it cannot be read: then nobody may."""

    async def person(self, user: UserId) -> Person: ...

    async def holders(self, role: Role) -> frozenset[UserId]:
        """Every user id that holds the role now, by name or through a group."""
        ...


class Notifier(Protocol):
    """Speaks for the bot. Every call may raise ChatError, whose `trouble` says what may be done about it."""

    async def post(self, saying: Saying, spot: Spot, key: str) -> MessageRef: ...

    async def update(self, saying: Saying, at: MessageRef) -> MessageRef: ...

    async def find(self, spot: Spot, key: str, since: datetime) -> MessageRef | None:
        """Our own message with this key, posted there since then."""
        ...

    async def take_back(self, at: MessageRef) -> None:
        """Remove a message of ours."""
        ...


class Nudge(Protocol):
    """Asks the worker to look at a request soon. Never raises: a lost nudge costs time, not correctness."""

    async def __call__(self, request: PurchaseRequest) -> None: ...

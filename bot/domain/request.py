"""The life of a purchase request, written as one table.

It keeps these promises: a move that is not in TRANSITIONS raises and changes nothing; entering ORDERING is the one
claim that allows one checkout; nothing leaves IN_DOUBT towards another purchase unless a person says it is absent;
every move raises `version` by one and adds one line of history.

Payment and fulfilment are the service's status at the provider, not states of the request.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.budget import Budget
from bot.domain.catalog import Product, Selection
from bot.domain.errors import MoveError
from bot.domain.finding import Finding, at_checkout
from bot.domain.ids import AttemptId, ChannelId, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.money import Cents
from bot.domain.quote import Change, ChangeKind, Quote, Tolerance, changes, digest


class State(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    ORDERING = "ordering"
    IN_DOUBT = "in_doubt"
    FAILED = "failed"
    ORDERED = "ordered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


FINAL = frozenset({State.ORDERED, State.DECLINED, State.WITHDRAWN, State.EXPIRED})
"""Nobody decides and nothing is bought any more. What became of an order is still followed."""
WORKING = frozenset({State.APPROVED, State.ORDERING})
"""The machine has the next step; a sweep drives these on."""


class Happened(StrEnum):
    """The word history and messages use for each event."""

    SUBMITTED = "submitted"
    ENDORSED = "endorsed"
    APPROVED = "approved"
    CAPPED = "capped"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REOPENED = "reopened"
    DELAYED = "delayed"
    CLAIMED = "claimed"
    ORDERED = "ordered"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    EXAMINED = "examined"
    FOUND = "found"
    ABSENT = "absent"
    RETRIED = "retried"
    RESUMED = "resumed"
    FOLLOWED = "followed"


class Approval(Struct, frozen=True):
    """A sign-off: who, when, the revision they saw, and the rule of which policy (its digest) that let them."""

    by: UserId
    at: datetime
    revision: int
    rule: str
    policy: str


class Attempt(Struct, frozen=True):
    """The claim: the right to send one checkout, with what was known just before it was sent."""

    id: AttemptId
    fingerprint: str
    claimed_at: datetime
    known_services: tuple[ServiceId, ...]
    credit_before: Cents


class Order(Struct, frozen=True):
    """What a checkout gave. `invoice_url` is None when credit paid, or when it was found without its link.

    `due` is what the invoice asks for, or asked; None when that is to be read on it alone.
    """

    service_id: ServiceId | None
    invoice_url: str | None
    is_paid: bool
    total: Cents
    due: Cents | None
    status: str | None


RENEWAL_CHANGED = Order(service_id=None, invoice_url=None, is_paid=True, total=0, due=0, status=None)
"""What changing whether a service renews leaves: nothing to pay and nothing new to follow."""


class Failure(Struct, frozen=True):
    """Why there is no order (yet): a sentence, and the reference that is also in the log.

    `provider_request` is the provider's own id of the answer it gave, where it gave one.
    """

    reason: str
    reference: str
    provider_request: str | None = None


class Candidate(Struct, frozen=True):
    """A service at the provider that could be the result of an unclear checkout."""

    service_id: ServiceId
    name: str
    quantity: int
    total: Cents
    created_at: datetime | None


class Doubt(Struct, frozen=True):
    """What looking at the provider has shown so far about an unclear checkout.

    `is_settled`: a checkout that had been carried out would be visible by now. `credit_now` tells about a top-up.
    """

    candidates: tuple[Candidate, ...]
    is_settled: bool
    credit_now: Cents | None


class Entry(Struct, frozen=True):
    """One line of history. `version` is the request's version after it; `note` is a reason a person gave.

    `findings` is all that is known of the service by then; `others` are people who are told besides the usual ones.
    """

    version: int
    happened: Happened
    at: datetime
    by: UserId | None
    note: str | None = None
    findings: tuple[Finding, ...] = ()
    others: tuple[UserId, ...] = ()


class PurchaseRequest(Struct, frozen=True):
    """What the bot owns. `revision` counts what there is to approve; `version` counts every change."""

    id: RequestId
    workspace: WorkspaceId
    version: int
    revision: int
    state: State
    requester: UserId
    channel: ChannelId
    time_zone: str
    """Where this request's spending is counted by calendar days; an IANA name."""
    reason: str
    product: Product
    place: str | None
    selection: Selection
    quote: Quote
    opening_quote: Quote | None
    """What this revision put up for decision; None where `quote` comes to the same."""
    created_at: datetime
    changed_at: datetime
    expires_at: datetime
    approvals: tuple[Approval, ...]
    replaced_quote: Quote | None
    changes: tuple[Change, ...]
    attempt: Attempt | None
    doubt: Doubt | None
    order: Order | None
    failure: Failure | None
    history: tuple[Entry, ...]
    over_budget: Budget | None
    """How its channel's budget stood when there was no room for it; while this revision waits for more room."""

    @property
    def approved_quote(self) -> Quote:
        """What the approvals of this revision are for. Later prices are compared with it, however many there were."""
        return self.opening_quote or self.quote

    @property
    def digest(self) -> str:
        return digest(self.selection, self.approved_quote)

    @property
    def is_as_quoted(self) -> bool:
        """Whether its order, if there is one, cost what the quote said and was to be paid in that way."""
        return self.order is None or (self.order.total, self.order.due) == (self.quote.total, self.quote.due)

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def is_proven_unbought(self) -> bool:
        """Failed by a clear answer, not by somebody's word that nothing is there."""
        said = self.last(Happened.REFUSED, Happened.ABSENT)
        return self.state is State.FAILED and said is not None and said.happened is Happened.REFUSED

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is known of the service: empty before there is one."""
        newest = self.last(Happened.ORDERED, Happened.FOUND, Happened.FOLLOWED)
        return newest.findings if newest else ()

    def last(self, *kinds: Happened) -> Entry | None:
        """The newest line of history of one of these kinds."""
        return next((entry for entry in reversed(self.history) if entry.happened in kinds), None)

    def is_bought_after_all(self, entry: Entry) -> bool:
        """Whether this line tells of an answer that came when the request had been given up as not bought."""
        before = self.at_version(entry.version - 1)
        return entry.happened is Happened.ORDERED and before is not None and before.happened is not Happened.CLAIMED

    def at_version(self, version: int) -> Entry | None:
        return next((entry for entry in self.history if entry.version == version), None)


# Events. Each carries its time, and its person when one stands behind it.


class Event(Struct, frozen=True):
    at: datetime


class ByPerson(Event, frozen=True):
    by: UserId


class Endorsed(ByPerson, frozen=True):
    """An approval that is not yet the last one needed. `policy` is the digest of the one in force."""

    rule: str
    policy: str


class Approved(ByPerson, frozen=True):
    """The last approval needed."""

    rule: str
    policy: str


class Capped(ByPerson, frozen=True):
    """The last approval needed, and the channel's budget has no room: it does not count, and nothing is bought.

    `others` may approve beyond the cap and are told.
    """

    budget: Budget
    others: tuple[UserId, ...] = ()


class Declined(ByPerson, frozen=True):
    reason: str


class Withdrawn(ByPerson, frozen=True):
    pass


class Expired(Event, frozen=True):
    pass


class Reopened(Event, frozen=True):
    """What was approved no longer holds; `expires_at` gives the fresh decision its own time.

    `selection` differs from what was approved only where the provider leaves no choice (a promo code that ended).
    """

    selection: Selection
    quote: Quote
    changes: tuple[Change, ...]
    expires_at: datetime


class Delayed(Event, frozen=True):
    """Nothing was sent yet because something outside is not ready; the machine tries again by itself."""

    failure: Failure


class Claimed(Event, frozen=True):
    """`quote` is the fresh one, no worse than approved; `changes` are what was tolerated."""

    attempt: Attempt
    quote: Quote
    changes: tuple[Change, ...]


class Ordered(Event, frozen=True):
    """The provider said yes. `attempt`: the claim that this answers, when the request had gone on from it before."""

    order: Order
    attempt: Attempt | None = None


class Followed(Event, frozen=True):
    """A look at what was bought showed something that people care about; `findings` is all that stands now.

    `others` are told besides the requester and the thread.
    """

    order: Order
    findings: tuple[Finding, ...]
    others: tuple[UserId, ...] = ()


class Refused(Event, frozen=True):
    """The provider said no, or provably nothing was sent. Nothing was bought."""

    failure: Failure


class Unclear(Event, frozen=True):
    """No clear answer: it may have been bought."""

    failure: Failure


class Examined(Event, frozen=True):
    """The provider was looked at again and something about the doubt is new."""

    doubt: Doubt


class Found(Event, frozen=True):
    """The order of an unclear checkout was found at the provider, by the machine or by a person.

    `findings` is what its service showed; empty where the order is known in another way.
    """

    order: Order
    by: UserId | None
    findings: tuple[Finding, ...] = ()


class Absent(ByPerson, frozen=True):
    """A person looked and says nothing was bought."""


class Retried(ByPerson, frozen=True):
    """A failed request asks for a fresh decision on a fresh quote."""

    quote: Quote
    expires_at: datetime


class Resumed(ByPerson, frozen=True):
    """Nothing was bought for certain and the approved price still fits: buy it after all, on the same approvals."""

    quote: Quote
    changes: tuple[Change, ...]


TRANSITIONS: dict[tuple[State, type[Event]], State] = {
    (State.PENDING, Endorsed): State.PENDING,
    (State.PENDING, Approved): State.APPROVED,
    (State.PENDING, Capped): State.PENDING,
    (State.PENDING, Declined): State.DECLINED,
    (State.PENDING, Withdrawn): State.WITHDRAWN,
    (State.PENDING, Expired): State.EXPIRED,
    (State.PENDING, Ordered): State.ORDERED,
    (State.APPROVED, Delayed): State.APPROVED,
    (State.APPROVED, Claimed): State.ORDERING,
    (State.APPROVED, Reopened): State.PENDING,
    (State.APPROVED, Withdrawn): State.WITHDRAWN,
    (State.ORDERING, Ordered): State.ORDERED,
    (State.ORDERING, Refused): State.FAILED,
    (State.ORDERING, Unclear): State.IN_DOUBT,
    (State.IN_DOUBT, Examined): State.IN_DOUBT,
    (State.IN_DOUBT, Found): State.ORDERED,
    (State.IN_DOUBT, Refused): State.FAILED,
    (State.IN_DOUBT, Absent): State.FAILED,
    (State.FAILED, Resumed): State.APPROVED,
    (State.FAILED, Retried): State.PENDING,
    (State.FAILED, Ordered): State.ORDERED,
    (State.ORDERED, Followed): State.ORDERED,
}

EVENTS: tuple[type[Event], ...] = tuple(dict.fromkeys(event for _, event in TRANSITIONS))


def may(request: PurchaseRequest, event: type[Event]) -> bool:
    """Whether the table allows this kind of event now."""
    return (request.state, event) in TRANSITIONS


def advance(request: PurchaseRequest, event: Event) -> PurchaseRequest:
    """The request after the event. Raises MoveError, changing nothing, when the table does not hold the move."""
    target = TRANSITIONS.get((request.state, type(event)))
    if target is None:
        raise MoveError(f"Request #{request.id} is {request.state} and cannot be {happened(event)}.")
    moved = replace(request, state=target, version=request.version + 1, changed_at=event.at)
    return _carry(_record(moved, event), event)


def happened(event: Event) -> Happened:
    return Happened(type(event).__name__.lower())


def _record(request: PurchaseRequest, event: Event) -> PurchaseRequest:
    by = getattr(event, "by", None)
    note = event.reason if isinstance(event, Declined) else None
    entry = Entry(request.version, happened(event), event.at, by, note)
    match event:
        case Found(findings=seen) if seen:
            entry = replace(entry, findings=seen)
        case Ordered() | Found():
            entry = replace(entry, findings=at_checkout(is_paid=event.order.is_paid, status=event.order.status))
        case Followed():
            entry = replace(entry, findings=event.findings, others=event.others)
        case Capped():
            entry = replace(entry, others=event.others)
    return replace(request, history=(*request.history, entry))


def _carry(request: PurchaseRequest, event: Event) -> PurchaseRequest:
    """What the event brings along besides the new state."""
    match event:
        case Endorsed() | Approved():
            approval = Approval(event.by, event.at, request.revision, event.rule, event.policy)
            return replace(request, approvals=(*request.approvals, approval), over_budget=None)
        case Capped():
            return replace(request, over_budget=event.budget)
        case Reopened() | Retried():
            return _for_fresh_decision(request, event)
        case Claimed():
            return replace(_at(request, event.quote), attempt=event.attempt, changes=event.changes, failure=None)
        case Ordered() | Found() | Followed():
            return replace(_answered(request, event), order=event.order, failure=None, doubt=None)
        case Examined():
            return replace(request, doubt=event.doubt)
        case Resumed():
            fresh = _at(request, event.quote)
            return replace(fresh, changes=event.changes, attempt=None, failure=None, doubt=None)
        case Delayed() | Refused() | Unclear():
            return replace(request, failure=event.failure)
        case _:
            return request


def _answered(request: PurchaseRequest, event: Ordered | Found | Followed) -> PurchaseRequest:
    """The claim that was answered is the request's again; what was compared for another one concerns it no more."""
    attempt = event.attempt if isinstance(event, Ordered) else None
    if attempt is None or attempt == request.attempt:
        return replace(request, changes=_with_bill(request, event.order.total))
    return replace(request, attempt=attempt, changes=(), replaced_quote=None)


def _with_bill(request: PurchaseRequest, total: Cents) -> tuple[Change, ...]:
    """What differs from the approval once it is bought. Another sum than the quoted one takes the quote's place."""
    known, approved = request.order.total if request.order else request.quote.total, request.approved_quote.total
    if total == known:
        return request.changes
    return (Change(ChangeKind.BILLED, approved, total, False),) if total != approved else ()


def _at(request: PurchaseRequest, fresh: Quote) -> PurchaseRequest:
    """On the same approvals, at a price asked for again."""
    approved = request.approved_quote
    return replace(request, quote=fresh, opening_quote=approved if changes(approved, fresh, Tolerance()) else None)


def _for_fresh_decision(request: PurchaseRequest, event: Reopened | Retried) -> PurchaseRequest:
    fresh = replace(
        request,
        revision=request.revision + 1,
        quote=event.quote,
        opening_quote=None,
        expires_at=event.expires_at,
        approvals=(),
        attempt=None,
        doubt=None,
        failure=None,
        replaced_quote=None,
        changes=(),
        over_budget=None,
    )
    if isinstance(event, Retried):
        return fresh
    return replace(fresh, selection=event.selection, changes=event.changes, replaced_quote=request.approved_quote)

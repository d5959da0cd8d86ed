"""Example values for tests: ordinary ones, the ugliest legal ones, and a request in every state it can reach.

Every builder gives a complete, consistent value; name only what the test is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from bot.domain.budget import Budget
from bot.domain.catalog import CREDIT, Cycle, Filter, Product, Selection, top_up
from bot.domain.draft import Draft, WaitingDraft
from bot.domain.finding import Finding, Kind
from bot.domain.ids import AttemptId, ChannelId, DraftId, ProductCode, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.money import Cents
from bot.domain.pause import Pause
from bot.domain.quote import Change, ChangeKind, LineItem, Quote
from bot.domain.request import (
    TRANSITIONS,
    Absent,
    Approved,
    Attempt,
    Candidate,
    Capped,
    Claimed,
    Declined,
    Delayed,
    Doubt,
    Endorsed,
    Entry,
    Event,
    Examined,
    Expired,
    Failure,
    Followed,
    Found,
    Happened,
    Order,
    Ordered,
    PurchaseRequest,
    Refused,
    Reopened,
    Resumed,
    Retried,
    State,
    Unclear,
    Withdrawn,
    advance,
)

NOW = datetime(2026, 7, 24, 10, 30, tzinfo=UTC)
WORKSPACE = WorkspaceId("T0001")
CHANNEL = ChannelId("C0SCRAPING")
REQUESTER = UserId("U0ASKER")
APPROVER = UserId("U0BOSS")
SECOND_APPROVER = UserId("U0CHIEF")
FINANCE = UserId("U0FINANCE")
"""May approve beyond a channel's budget, and nothing else."""
MONTH = Cycle(1, "month")
POLICY = "0123456789ab"
"""The digest of the policy somebody approved under."""
INVOICE_URL = "https://invoice.example.test/i/abc"

UGLY = (
    "*Approved by:* <@U0BOSS> <!channel> <https://evil.test|Approve> `x` & \u202egnp."
    "\n\n> # Approved\r\n:white_check_mark: \U0001f9d1\u200d\U0001f680"
)
"""What somebody types who wants a card to say something else."""
AMPERSANDS = "&" * 1_000
"""As long as a reason may be, and five times that once escaped."""


def product(**given: Any) -> Product:
    usual = Product(
        code=ProductCode("isp_us"),
        name="AT&T ISP Proxies [US]",
        type="isp",
        country_id="us",
        protocol="ipv4",
        cycles=(MONTH, Cycle(3, "month")),
        is_available=True,
        is_per_ip=True,
        stock=181,
    )
    return replace(usual, **given)


def data_product(**given: Any) -> Product:
    """Sold by the gigabyte, not counted in stock, and takes no network or place."""
    usual = product(
        code=ProductCode("residential"),
        name="Residential Proxies",
        type="residential",
        country_id=None,
        is_per_ip=False,
        stock=None,
    )
    return replace(usual, **given)


def selection(**given: Any) -> Selection:
    return replace(Selection(ProductCode("isp_us"), 5, MONTH, None, Filter(), None), **given)


def quote(
    *,
    per_unit: Cents = 350,
    quantity: int = 5,
    discount: Cents = 0,
    balance: Cents = 0,
    promo_code: str | None = None,
    name: str = "AT&T ISP Proxies [US]",
    chosen: Filter = Filter(),
    is_recurring: bool = True,
) -> Quote:
    """Sums that agree, with the account's credit consumed first."""
    before = per_unit * quantity
    total = before - discount
    applied = min(balance, total)
    return Quote(
        line_items=(LineItem(name, "isp", quantity, per_unit, before, is_recurring, chosen),),
        before_discount=before,
        discount=discount,
        total=total,
        credit_balance=balance,
        credit_applied=applied,
        due=total - applied,
        promo_code=promo_code,
        quoted_at=NOW,
    )


def draft(**given: Any) -> Draft:
    """Complete and unpriced; `priced_draft` has its quote."""
    usual = Draft(
        id=DraftId("d-0001"),
        workspace=WORKSPACE,
        user=REQUESTER,
        channel=CHANNEL,
        product_code=ProductCode("isp_us"),
        quantity=5,
        cycle=MONTH,
        reason="Price monitoring in the EU",
    )
    return replace(usual, **given)


def priced_draft(priced_at: Quote | None = None, **given: Any) -> Draft:
    return draft(**given).with_quote(priced_at or quote())


def waiting_draft(**given: Any) -> WaitingDraft:
    """Kept because nobody got a price."""
    usual = WaitingDraft(draft(), product(), since=NOW, expires_at=NOW + timedelta(days=3), version=1)
    return replace(usual, **given)


def pause(**given: Any) -> Pause:
    """Just begun, because of refused keys."""
    usual = Pause(
        id="PAUSE234",
        version=1,
        workspace=WORKSPACE,
        since=NOW,
        reason="Byteful does not accept our API keys for this. An admin has to check them: Invalid API keys.",
        wants_second_factor=False,
    )
    return replace(usual, **given)


def order(**given: Any) -> Order:
    """Ordered, with an open invoice."""
    usual = Order(
        service_id=ServiceId("API-2041-7730"),
        invoice_url=INVOICE_URL,
        is_paid=False,
        total=1_750,
        due=1_750,
        status="awaiting_fulfillment",
    )
    return replace(usual, **given)


def submitted(**given: Any) -> PurchaseRequest:
    """A request just written: PENDING at version 1."""
    usual = PurchaseRequest(
        id=RequestId(1042),
        workspace=WORKSPACE,
        version=1,
        revision=1,
        state=State.PENDING,
        requester=REQUESTER,
        channel=CHANNEL,
        time_zone="UTC",
        reason="Price monitoring in the EU",
        product=product(),
        place=None,
        selection=selection(),
        quote=quote(),
        created_at=NOW,
        changed_at=NOW,
        expires_at=NOW + timedelta(hours=72),
        approvals=(),
        opening_quote=None,
        replaced_quote=None,
        changes=(),
        attempt=None,
        doubt=None,
        order=None,
        failure=None,
        over_budget=None,
        history=(Entry(1, Happened.SUBMITTED, NOW, REQUESTER),),
    )
    return replace(usual, **given)


def top_up_request(amount: Cents = 5_000, **given: Any) -> PurchaseRequest:
    price = quote(per_unit=amount, quantity=1, name="Account credit", is_recurring=False)
    return submitted(product=CREDIT, selection=top_up(amount), quote=price, **given)


def ugly(**given: Any) -> PurchaseRequest:
    """Every text as long and as hostile as it may get, and large sums."""
    name = f"{UGLY} {'&' * 500}"
    there = Filter(asn_id=7018, subdivision_id="us_texas", city_id=9)
    asked = selection(quantity=100_000, promo_code="`&<>*_" * 10, filter=there)
    price = quote(
        per_unit=9_999_999, quantity=100_000, discount=7, balance=123_456_789, promo_code="`&<>*_" * 10, name=name
    )
    line = replace(price.line_items[0], per_unit=0, total=0)
    return submitted(
        id=RequestId(999_999_999_999_999),
        requester=UserId("W" + "X" * 12),
        reason=(UGLY * 20)[:1_000],
        product=product(name=name),
        place=UGLY * 10,
        selection=asked,
        quote=replace(price, line_items=(*price.line_items, *[line] * 11)),
        **given,
    )


# Walking the table


def event(kind: type[Event], before: PurchaseRequest) -> Event:
    """An event of this kind that fits the request, a minute after its last change."""
    at = before.changed_at + timedelta(minutes=1)
    dearer = _dearer(before.quote, 100)
    failure = Failure("The provider answered: <no stock> & nothing else", "ref-7f3a")
    changes = (Change(ChangeKind.PRICE_UP, before.quote.total, dearer.total, True),)
    attempt = Attempt(AttemptId("a1"), before.selection.fingerprint(), at, (), before.quote.credit_balance)
    fresh_deadline = at + timedelta(hours=72)
    by = REQUESTER if kind is Withdrawn else SECOND_APPROVER if kind is Endorsed else APPROVER
    made: dict[type[Event], Event] = {
        Endorsed: Endorsed(at, by, "role:approver", POLICY),
        Approved: Approved(at, by, "role:approver", POLICY),
        Capped: Capped(at, by, full_budget(before), (FINANCE,)),
        Declined: Declined(at, by, "Use the ones we have."),
        Withdrawn: Withdrawn(at, by),
        Expired: Expired(at),
        Delayed: Delayed(at, Failure("The provider does not give a price at the moment.", "ref-0d1e")),
        Reopened: Reopened(at, before.selection, dearer, changes, fresh_deadline),
        Claimed: Claimed(at, attempt, before.quote, ()),
        Ordered: Ordered(at, _order_of(before)),
        Followed: followed(at, before),
        Refused: Refused(at, failure),
        Unclear: Unclear(at, Failure("No answer within 30 seconds.", "ref-9c2b")),
        Examined: Examined(at, doubt(before)),
        Resumed: Resumed(at, by, before.quote, ()),
        Found: Found(at, replace(_order_of(before), invoice_url=None), None),
        Absent: Absent(at, by),
        Retried: Retried(at, by, before.quote, fresh_deadline),
    }
    return made[kind]


def full_budget(request: PurchaseRequest, **given: Any) -> Budget:
    """Ten dollars are left of five hundred."""
    usual = Budget(month="2026-07", cap=50_000, spent=46_000, reserved=3_000, needed=request.quote.total)
    return replace(usual, **given)


def doubt(before: PurchaseRequest) -> Doubt:
    """Two services that could be it, or for a top-up the balance."""
    if before.selection.is_top_up:
        return Doubt((), True, before.quote.credit_balance)
    found = Candidate(ServiceId("API-2041-7731"), "Static <ISP> & more", 5, 1575, before.changed_at)
    return Doubt((found, replace(found, service_id=ServiceId("API-2041-7732"))), True, None)


def followed(at: datetime, before: PurchaseRequest) -> Followed:
    """The first look shows it running and delivered short; the next one that it has ended."""
    ordered = before.order or _order_of(before)
    paid, ended = Finding(Kind.PAID), Finding(Kind.ENDED, found="canceled")
    if any(finding.kind is Kind.PAID for finding in before.findings):
        return Followed(at, replace(ordered, is_paid=True, status="canceled"), (ended, paid))
    short = Finding(Kind.COUNT, 4, 5)
    return Followed(at, replace(ordered, is_paid=True, status="active"), (paid, Finding(Kind.ACTIVE, 180), short))


def _dearer(price: Quote, cents: Cents) -> Quote:
    """The same quote with one more cent-exact line, so that its sums still agree."""
    extra = LineItem("Setup", "isp", 1, cents, cents, False, Filter())
    return replace(
        price,
        line_items=(*price.line_items, extra),
        before_discount=price.before_discount + cents,
        total=price.total + cents,
        due=price.due + cents,
    )


def _order_of(request: PurchaseRequest) -> Order:
    sums = {"total": request.quote.total, "due": request.quote.due, "is_paid": request.quote.due == 0}
    return order(service_id=None, status=None, **sums) if request.selection.is_top_up else order(**sums)


def after(start: PurchaseRequest, *kinds: type[Event]) -> PurchaseRequest:
    """The request after these events, one after the other."""
    moved = start
    for kind in kinds:
        moved = advance(moved, event(kind, moved))
    return moved


_SHORTEST: dict[State, tuple[type[Event], ...]] = {
    State.PENDING: (),
    State.APPROVED: (Approved,),
    State.ORDERING: (Approved, Claimed),
    State.IN_DOUBT: (Approved, Claimed, Unclear),
    State.FAILED: (Approved, Claimed, Refused),
    State.ORDERED: (Approved, Claimed, Ordered),
    State.DECLINED: (Declined,),
    State.WITHDRAWN: (Withdrawn,),
    State.EXPIRED: (Expired,),
}


def request(state: State = State.PENDING, **given: Any) -> PurchaseRequest:
    """A request that came to this state on the shortest way; `given` is set on it before the first event."""
    return after(submitted(**given), *_SHORTEST[state])


def every_state(start: PurchaseRequest | None = None, *, again: int = 2) -> Iterator[PurchaseRequest]:
    """The request after every walk through the table that takes no move more than `again` times.

    Walks that end in the same state, revision, last event and number of approvals look the same, so one is enough.
    """
    waiting: list[tuple[PurchaseRequest, tuple[Any, ...]]] = [(start or submitted(), ())]
    seen: set[tuple[object, ...]] = set()
    while waiting:
        here, taken = waiting.pop(0)
        looks = (here.state, here.revision, here.history[-1].happened, len(here.approvals), bool(here.changes))
        if looks in seen:
            continue
        seen.add(looks)
        yield here
        open_moves = [move for move in TRANSITIONS if move[0] is here.state and taken.count(move) < again]
        waiting += [(after(here, move[1]), (*taken, move)) for move in open_moves]

"""Spending: once per approval, whatever happens at whatever moment, and nothing is said to be bought that is not."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from bot.domain import request as life
from bot.domain.catalog import Cycle, Filter
from bot.domain.errors import (
    AccessError,
    NeverSentError,
    OutcomeUnknownError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    SecondFactorError,
    SelectionRefusedError,
    StoreUnavailableError,
)
from bot.domain.ids import RequestId, ServiceId
from bot.domain.policy import ChannelSettings, PriceTolerance
from bot.domain.quote import ChangeKind
from bot.domain.request import Happened, PurchaseRequest, State
from bot.store import redis as store_module
from bot.store.redis import connect
from bot.usecases import checkout, decide
from tests.examples import APPROVER, CHANNEL, INVOICE_URL, REQUESTER, SECOND_APPROVER, WORKSPACE, quote, selection
from tests.store.servers import running
from tests.usecases.conftest import Clock, Office, click_on, policy
from tests.usecases.fakes import FakeDirectory, FakeProvider, KilledError, Moments, SteppedStore

LEASE = f"{{{WORKSPACE}}}:lease:checkout"
LINE = f"{{{WORKSPACE}}}:line:checkout"
LONG_AFTER = timedelta(minutes=3)
"""Longer than anybody waits for an answer, shorter than a checkout may take to land."""


async def drive(office: Office, request: PurchaseRequest) -> None:
    await checkout.drive(office.desk, request.workspace, request.id)


async def much_later(office: Office) -> None:
    """The process that bought is long gone, and so is its lease."""
    office.moments.forget()
    office.clock.on(LONG_AFTER)
    await office.raw.delete(LEASE)


async def sweep(office: Office, request: PurchaseRequest) -> PurchaseRequest:
    """What other processes make of it once this one is gone."""
    await much_later(office)
    for _ in range(4):
        await drive(office, request)
    return await office.now(request)


def moments(office: Office, *names: str) -> list[str]:
    return [moment for moment in office.moments.passed if moment in names]


# The ordinary way


async def test_x1_an_approved_request_is_bought_once_and_recorded(office: Office) -> None:
    request = await office.place(life.Approved)
    await drive(office, request)
    now = await office.now(request)
    assert now.state is State.ORDERED
    assert now.order is not None
    assert (now.order.service_id, now.order.total, now.order.due, now.order.is_paid) == ("API-1", 1_750, 1_750, False)
    assert office.provider.asked_to_sell == [request.selection]
    for _ in range(3):
        await drive(office, request)
    assert office.provider.creates == 1


async def test_x1_the_claim_is_in_the_store_before_anything_is_sent(office: Office) -> None:
    request = await office.place(life.Approved)
    office.provider.sell(selection(quantity=9))
    seen: list[PurchaseRequest] = []

    async def look() -> None:
        seen.append(await office.now(request))

    office.moments.at("create", look)
    await drive(office, request)
    (claimed,) = seen
    assert claimed.state is State.ORDERING
    assert claimed.attempt is not None
    assert claimed.attempt.fingerprint == request.selection.fingerprint()
    assert claimed.attempt.known_services == (ServiceId("API-1"),)
    assert claimed.attempt.claimed_at == office.clock.time


@pytest.mark.parametrize(
    "options", [{"appendonly": "no"}, {"appendonly": "yes", "appendfsync": "no"}], ids=["no disk", "a slow disk"]
)
async def test_x1_nothing_is_sent_while_the_claim_is_not_on_disk(
    options: dict[str, str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server took the claim, and cannot say that a power cut would leave it standing."""
    monkeypatch.setattr(store_module, "DISK_WAIT_MS", 20)
    async with running(**options) as url, connect(url) as raw:
        moments = Moments()
        office = Office(SteppedStore(raw, moments), FakeProvider(moments), FakeDirectory(), moments, raw, clock)
        request = await office.place(life.Approved)
        with pytest.raises(StoreUnavailableError):
            await drive(office, request)
        assert office.provider.creates == 0
        assert (await sweep(office, request)).order is None
        assert office.provider.creates == 0


async def test_effects_come_in_this_order(office: Office) -> None:
    request = await office.place(life.Approved)
    await drive(office, request)
    order = ["quote", "services", "move:claimed", "moved:claimed", "create", "sold", "moved:ordered", "tag"]
    assert moments(office, *order) == order
    assert office.moments.passed.index("hold") < office.moments.passed.index("quote")
    assert "release" in office.moments.passed


async def test_paid_from_credit_is_recorded_as_paid(office: Office) -> None:
    office.provider.balance = 5_000
    request = await office.place(life.Approved, quote=quote(balance=5_000))
    await drive(office, request)
    now = await office.now(request)
    assert now.order is not None
    assert (now.order.is_paid, now.order.due, now.order.invoice_url) == (True, 0, None)
    assert now.attempt is not None
    assert now.attempt.credit_before == 5_000


async def test_what_is_partly_paid_from_credit_says_what_is_left(office: Office) -> None:
    office.provider.balance = 750
    request = await office.place(life.Approved, quote=quote(balance=750))
    await drive(office, request)
    now = await office.now(request)
    assert now.order is not None
    assert (now.order.total, now.order.due, now.order.is_paid) == (1_750, 1_000, False)


async def test_t45_credit_that_goes_between_the_price_and_the_purchase_leaves_open_what_is_due(office: Office) -> None:
    office.provider.balance = 5_000
    request = await office.place(life.Approved, quote=quote(balance=5_000))

    def spent_elsewhere() -> None:
        office.provider.balance = 1_000

    office.moments.at("create", spent_elsewhere)
    await drive(office, request)
    now = await office.now(request)
    assert now.order is not None
    assert (now.order.total, now.order.due, now.order.is_paid) == (1_750, None, False)
    assert (now.changes, now.is_as_quoted) == ((), False)


async def test_q3_a_price_that_rises_between_the_price_and_the_purchase_is_told_beside_the_approved_one(
    office: Office,
) -> None:
    office.provider.balance = 1_000
    request = await office.place(life.Approved, quote=quote(balance=1_000))

    def dearer() -> None:
        office.provider.per_unit = 700

    office.moments.at("create", dearer)
    await drive(office, request)
    now = await office.now(request)
    assert now.order is not None
    assert (now.state, now.order.total, now.order.due) == (State.ORDERED, 3_500, None)
    assert [(change.kind, change.before, change.after) for change in now.changes] == [(ChangeKind.BILLED, 1_750, 3_500)]


async def test_n13_the_service_carries_who_asked_who_approved_and_the_project(office: Office) -> None:
    office.policy = policy(channel_settings={CHANNEL: ChannelSettings(project="crawler")})
    request = await office.place(life.Approved)
    await drive(office, request)
    tags = office.provider.tags[ServiceId("API-1")]
    assert tags["proxydesk_request"] == f"{WORKSPACE}/{request.id}"
    assert (tags["requester"], tags["approvers"]) == (REQUESTER, APPROVER)
    assert (tags["channel"], tags["project"]) == (CHANNEL, "crawler")


async def test_n13_a_channel_without_a_project_is_the_project_of_its_services(office: Office) -> None:
    await drive(office, await office.place(life.Approved))
    assert office.provider.tags[ServiceId("API-1")]["project"] == CHANNEL


@pytest.mark.parametrize("error", [OutcomeUnknownError("x"), RefusedError("x"), NeverSentError("x")])
async def test_a_stamp_that_fails_harms_nothing(error: ProviderError, office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.at("tag", error)
    await drive(office, request)
    assert await office.state(request) is State.ORDERED
    assert office.provider.creates == 1


IDLE = [
    (),
    (life.Declined,),
    (life.Withdrawn,),
    (life.Expired,),
    (life.Approved, life.Claimed, life.Refused),
    (life.Approved, life.Claimed, life.Ordered),
]


@pytest.mark.parametrize("way", IDLE)
async def test_where_the_machine_has_no_next_step_nothing_happens(
    way: tuple[type[life.Event], ...], office: Office
) -> None:
    request = await office.place(*way)
    await drive(office, request)
    assert moments(office, "quote", "services", "create", "hold") == []
    assert await office.now(request) == request


async def test_a_request_that_does_not_exist_is_done_with(office: Office) -> None:
    await checkout.drive(office.desk, WORKSPACE, RequestId(4711))
    assert office.provider.creates == 0


# How a checkout may end

FAILURES: list[tuple[ProviderError, State]] = [
    (NeverSentError("Byteful cannot be reached."), State.FAILED),
    (RefusedError("No.", status=422, request_id="r1"), State.FAILED),
    (SelectionRefusedError("Out of stock.", field="quantity"), State.FAILED),
    (AccessError("Invalid keys.", status=401), State.FAILED),
    (SecondFactorError("Confirm it.", status=403), State.FAILED),
    (RateLimitedError("Slow down.", wait_s=1), State.FAILED),
    (OutcomeUnknownError("No answer in time."), State.IN_DOUBT),
]


@pytest.mark.parametrize(("error", "state"), FAILURES, ids=lambda one: type(one).__name__)
async def test_a_checkout_that_fails_ends_as_what_is_known_and_is_never_sent_again(
    error: ProviderError, state: State, office: Office
) -> None:
    request = await office.place(life.Approved)
    office.moments.at("create", error)
    await drive(office, request)
    now = await office.now(request)
    assert (now.state, now.order) == (state, None)
    assert now.failure is not None
    assert now.failure.reason
    assert len(now.failure.reference) > 4
    assert moments(office, "create") == ["create"]
    await sweep(office, request)
    assert moments(office, "create") == ["create"]
    assert office.provider.sold == 0


async def test_a_checkout_whose_answer_was_lost_is_found_and_not_repeated(office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.at("sold", OutcomeUnknownError("The connection was lost."))
    await drive(office, request)
    assert await office.state(request) is State.IN_DOUBT
    now = await sweep(office, request)
    assert (now.state, office.provider.creates) == (State.ORDERED, 1)
    assert now.order is not None
    assert now.order.service_id == "API-1"
    assert now.history[-1].happened is Happened.FOUND


# A process that dies, at every moment there is

KILLED_AT = {
    "hold": (State.ORDERED, 1),
    "quote": (State.ORDERED, 1),
    "services": (State.ORDERED, 1),
    "move:claimed": (State.ORDERED, 1),
    "moved:claimed": (State.IN_DOUBT, 0),
    "create": (State.IN_DOUBT, 0),
    "sold": (State.ORDERED, 1),
    "move:ordered": (State.ORDERED, 1),
    "moved:ordered": (State.ORDERED, 1),
    "tag": (State.ORDERED, 1),
    "release": (State.ORDERED, 1),
}
"""Moment → the state it ends in once others have looked at it, and how often it was bought."""


@pytest.mark.parametrize("death", [KilledError, asyncio.CancelledError], ids=["killed", "cancelled"])
@pytest.mark.parametrize("moment", KILLED_AT)
async def test_t110_t111_a_process_that_dies_never_makes_another_buy_twice(
    moment: str, death: type[BaseException], office: Office
) -> None:
    request = await office.place(life.Approved)
    office.moments.at(moment, death())
    with pytest.raises(death):
        await drive(office, request)
    now = await sweep(office, request)
    assert (now.state, office.provider.creates) == KILLED_AT[moment]
    assert office.provider.sold == office.provider.creates
    now = await sweep(office, request)
    assert (now.state, office.provider.creates) == KILLED_AT[moment]


async def test_a_claim_whose_process_died_is_visible_as_unclear(office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.at("create", KilledError())
    with pytest.raises(KilledError):
        await drive(office, request)
    await much_later(office)
    await drive(office, request)
    now = await office.now(request)
    assert now.state is State.IN_DOUBT
    assert now.failure is not None
    assert "interrupted" in now.failure.reason


async def test_a_checkout_under_way_is_left_alone(office: Office) -> None:
    request = await office.place(life.Approved)
    seen: list[State] = []

    async def another_worker_looks() -> None:
        office.clock.on(timedelta(seconds=30))
        await drive(office, request)
        seen.append(await office.state(request))

    office.moments.at("create", another_worker_looks)
    await drive(office, request)
    assert seen == [State.ORDERING]
    assert (await office.state(request), office.provider.creates) == (State.ORDERED, 1)


async def gives_it_up(office: Office, request: PurchaseRequest) -> None:
    """Another worker finds the claim after its process seemed gone, and calls it unclear."""
    office.clock.on(LONG_AFTER)
    await office.raw.delete(LEASE)
    await drive(office, request)
    assert await office.state(request) is State.IN_DOUBT


async def test_an_answer_that_comes_after_it_was_given_up_settles_the_doubt(office: Office) -> None:
    """T116: a paused process wakes up with its answer."""
    request = await office.place(life.Approved)
    office.moments.at("sold", lambda: gives_it_up(office, request))
    await drive(office, request)
    now = await office.now(request)
    assert now.order is not None
    assert (now.state, now.order.service_id, now.order.invoice_url is not None) == (State.ORDERED, "API-1", True)
    assert [entry.happened for entry in now.history[-2:]] == [Happened.UNCLEAR, Happened.FOUND]
    assert office.provider.creates == 1


async def test_t116_a_late_answer_to_what_was_found_already_brings_its_invoice_link(office: Office) -> None:
    """It is in the answer alone: without it the card would say for good that the link is not known."""
    request = await office.place(life.Approved)

    async def another_finds_it() -> None:
        await gives_it_up(office, request)
        await drive(office, request)

    office.moments.at("sold", another_finds_it)
    await drive(office, request)
    now = await office.now(request)
    assert now.order is not None
    assert (now.state, now.order.service_id, now.order.invoice_url) == (State.ORDERED, "API-1", INVOICE_URL)
    assert [entry.happened for entry in now.history[-2:]] == [Happened.FOUND, Happened.FOLLOWED]
    assert now.history[-1].others == (REQUESTER,), "who asked was told that the link is not known"
    assert office.provider.creates == 1


async def test_t116_a_late_answer_to_what_was_paid_meanwhile_changes_nothing(office: Office) -> None:
    request = await office.place(life.Approved)

    async def another_finds_it_paid() -> None:
        office.provider.services = [replace(one, open_invoice_id=None) for one in office.provider.services]
        await gives_it_up(office, request)
        await drive(office, request)

    office.moments.at("sold", another_finds_it_paid)
    await drive(office, request)
    now = await office.now(request)
    assert (now.state, now.history[-1].happened) == (State.ORDERED, Happened.FOUND)


async def test_a_late_refusal_is_not_taken_for_an_order(office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.at("create", lambda: gives_it_up(office, request))
    office.moments.always("sold", RefusedError("No."))
    await drive(office, request)
    assert (await office.now(request)).order is None
    assert await office.state(request) in (State.IN_DOUBT, State.FAILED)


# The store goes away


AWAY = StoreUnavailableError("The store does not answer.")


@pytest.mark.parametrize("moment", ["get", "hold", "move:claimed"])
async def test_t113_without_the_store_nothing_is_bought(moment: str, office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.always(moment, AWAY)
    with pytest.raises(StoreUnavailableError):
        await drive(office, request)
    assert office.provider.creates == 0
    now = await sweep(office, request)
    assert (now.state, office.provider.creates) == (State.ORDERED, 1)


async def test_t113_a_claim_that_may_not_be_on_disk_is_not_acted_on(office: Office) -> None:
    """The move was written, but whether it is safe could not be said."""
    request = await office.place(life.Approved)
    office.moments.at("moved:claimed", AWAY)
    with pytest.raises(StoreUnavailableError):
        await drive(office, request)
    await sweep(office, request)
    assert office.provider.creates == 0
    assert await office.state(request) in (State.IN_DOUBT, State.FAILED)


@pytest.mark.parametrize("moment", ["move:ordered", "moved:ordered"])
async def test_t113_a_store_that_is_away_for_a_moment_is_told_again_how_it_ended(moment: str, office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.at(moment, *[AWAY] * 4)
    await drive(office, request)
    assert (await office.state(request), office.provider.creates) == (State.ORDERED, 1)


async def test_t113_a_store_that_stays_away_loses_no_purchase(office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.always("move:ordered", AWAY)
    with pytest.raises(StoreUnavailableError):
        await drive(office, request)
    now = await sweep(office, request)
    assert (now.state, office.provider.creates) == (State.ORDERED, 1)


# One at a time


async def test_while_another_buys_this_one_waits(office: Office) -> None:
    request = await office.place(life.Approved)
    assert await office.store.hold(WORKSPACE, "checkout", "somebody", 60)
    await drive(office, request)
    assert moments(office, "quote", "create") == []
    assert await office.now(request) == request
    await office.store.release(WORKSPACE, "checkout", "somebody")
    await drive(office, request)
    assert await office.state(request) is State.ORDERED


async def test_x8_who_waits_is_bought_for_in_the_order_of_coming_and_asks_no_more(office: Office) -> None:
    """One purchase is under way when three more come up; whoever buys goes on with them, first come first served."""
    first, second, third, fourth = [await office.place(life.Approved, draft=f"d{number}") for number in range(4)]

    async def more_come_up() -> None:
        for one in (third, fourth, second, third):
            await drive(office, one)

    office.moments.at("create", more_come_up)
    await drive(office, first)
    ordered = [(await office.now(one)).order for one in (first, third, fourth, second)]
    assert [one and one.service_id for one in ordered] == ["API-1", "API-2", "API-3", "API-4"]
    assert office.provider.creates == 4
    assert await office.raw.exists(LEASE, LINE) == 0


async def test_x8_one_in_line_that_cannot_go_on_keeps_back_nobody(office: Office) -> None:
    first, gone, unread, last = [await office.place(life.Approved, draft=f"d{number}") for number in range(4)]

    async def more_come_up() -> None:
        for one in (gone, unread, last):
            await drive(office, one)
        await decide.withdraw(office.desk, click_on(gone, REQUESTER))
        await office.raw.hset(f"{{{WORKSPACE}}}:request:{unread.id}", "body", "{")

    office.moments.at("create", more_come_up)
    await drive(office, first)
    assert (await office.state(last), office.provider.creates) == (State.ORDERED, 2)


async def test_x8_the_line_outlives_the_worker_that_served_it(office: Office) -> None:
    first, second = [await office.place(life.Approved, draft=f"d{number}") for number in range(2)]

    async def another_comes_up_and_the_worker_dies() -> None:
        await drive(office, second)
        raise KilledError

    office.moments.at("create", another_comes_up_and_the_worker_dies)
    office.moments.at("release", KilledError())  # a dead process gives nothing back
    with pytest.raises(KilledError):
        await drive(office, first)
    assert await checkout.left_in_line(office.desk, WORKSPACE) is None, "the lease still lasts"
    await much_later(office)
    assert await checkout.left_in_line(office.desk, WORKSPACE) == second.id
    await drive(office, second)
    assert (await office.state(second), office.provider.creates) == (State.ORDERED, 1)


async def test_x8_a_long_line_goes_on_in_another_job(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "SHIFT_S", 0.0)
    first, second = [await office.place(life.Approved, draft=f"d{number}") for number in range(2)]

    async def another_comes_up() -> None:
        await drive(office, second)

    office.moments.at("create", another_comes_up)
    await drive(office, first)
    assert (await office.state(second), office.nudged[-1]) == (State.APPROVED, second.id)
    await drive(office, second)
    assert await office.state(second) is State.ORDERED


async def test_the_lease_of_another_is_not_given_back(office: Office) -> None:
    request = await office.place(life.Approved)
    await office.store.hold(WORKSPACE, "checkout", "somebody", 60)
    await drive(office, request)
    assert await office.raw.get(LEASE) == b"somebody"


async def test_x7_many_workers_at_once_buy_once(office: Office) -> None:
    request = await office.place(life.Approved)
    await asyncio.gather(*(drive(office, request) for _ in range(8)))
    await drive(office, request)
    assert (await office.state(request), office.provider.creates) == (State.ORDERED, 1)


async def test_x7_the_claim_has_one_winner_even_when_the_lease_keeps_nobody_out(office: Office) -> None:
    """The lease keeps unclear checkouts apart; what keeps money safe is the claim."""
    request = await office.place(life.Approved)
    office.store.is_lease_for_everybody = True
    together = asyncio.Barrier(3)

    async def all_are_here() -> None:
        await together.wait()

    office.moments.at("services", *[all_are_here] * 3)
    async with asyncio.timeout(60):
        await asyncio.gather(*(drive(office, request) for _ in range(3)))
    assert moments(office, "move:claimed") == ["move:claimed"] * 3
    assert (await office.state(request), office.provider.creates) == (State.ORDERED, 1)


# What was approved must still hold


async def test_z3_an_approver_who_lost_the_role_since_the_click_does_not_count(office: Office) -> None:
    request = await office.place(life.Approved)
    office.directory.approvers -= {APPROVER}
    await drive(office, request)
    now = await office.now(request)
    assert (now.state, now.approvals, office.provider.creates) == (State.PENDING, (), 0)
    assert [change.kind for change in now.changes] == [ChangeKind.APPROVER]


async def test_z3_each_of_several_approvers_is_judged_again(office: Office) -> None:
    office.policy = policy(needed=2)
    request = await office.place(life.Endorsed, life.Approved)
    office.directory.approvers -= {SECOND_APPROVER}
    await drive(office, request)
    assert (await office.state(request), office.provider.creates) == (State.PENDING, 0)


async def test_t120_a_policy_that_wants_more_approvals_applies_to_what_waits_to_be_bought(office: Office) -> None:
    request = await office.place(life.Approved)
    office.policy = policy(needed=2)
    await drive(office, request)
    now = await office.now(request)
    assert (now.state, now.approvals, office.provider.creates) == (State.PENDING, (), 0)
    assert [(change.kind, change.after) for change in now.changes] == [(ChangeKind.APPROVALS, "2")]


async def test_t120_a_policy_that_wants_fewer_approvals_holds_up_nothing(office: Office) -> None:
    office.policy = policy(needed=2)
    request = await office.place(life.Endorsed, life.Approved)
    office.policy = policy(needed=1)
    await drive(office, request)
    assert (await office.state(request), office.provider.creates) == (State.ORDERED, 1)


async def test_z3_when_roles_cannot_be_read_nothing_is_bought(office: Office) -> None:
    request = await office.place(life.Approved)
    office.directory.is_away = True
    await drive(office, request)
    assert (await office.now(request), office.provider.creates) == (request, 0)
    office.directory.is_away = False
    await drive(office, request)
    assert office.provider.creates == 1


ONE_PERCENT = PriceTolerance(percent=Decimal(1))
PRICES: list[tuple[int, PriceTolerance, bool, ChangeKind | None]] = [
    (10_000, PriceTolerance(), True, None),
    (9_500, PriceTolerance(), True, ChangeKind.PRICE_DOWN),
    (9_500, ONE_PERCENT, True, ChangeKind.PRICE_DOWN),
    (10_001, PriceTolerance(), False, ChangeKind.PRICE_UP),
    (10_050, PriceTolerance(), False, ChangeKind.PRICE_UP),
    (10_050, ONE_PERCENT, True, ChangeKind.PRICE_UP),
    (10_100, ONE_PERCENT, True, ChangeKind.PRICE_UP),
    (10_101, ONE_PERCENT, False, ChangeKind.PRICE_UP),
    (10_500, ONE_PERCENT, False, ChangeKind.PRICE_UP),
    (10_500, PriceTolerance(cents=500), True, ChangeKind.PRICE_UP),
    (10_501, PriceTolerance(cents=500), False, ChangeKind.PRICE_UP),
]


@pytest.mark.parametrize(("price", "tolerance", "is_bought", "kind"), PRICES)
async def test_q3_the_price_at_the_moment_of_buying_decides(
    price: int, tolerance: PriceTolerance, is_bought: bool, kind: ChangeKind | None, office: Office
) -> None:
    """Approved at $100.00; with 1 % tolerance −5 % and +0.5 % go on, +5 % goes back."""
    office.policy = policy(tolerance=tolerance)
    one = selection(quantity=1)
    request = await office.place(life.Approved, selection=one, quote=quote(per_unit=10_000, quantity=1))
    office.provider.per_unit = price
    await drive(office, request)
    now = await office.now(request)
    assert (now.state, office.provider.creates) == ((State.ORDERED, 1) if is_bought else (State.PENDING, 0))
    assert now.quote.total == price
    assert [change.kind for change in now.changes] == ([kind] if kind else [])
    if not is_bought:
        assert now.replaced_quote == request.quote
        assert (now.revision, now.approvals) == (2, ())
        assert now.expires_at == office.clock.time + office.policy.approval_window


async def test_q3_credit_that_is_gone_changes_the_way_of_paying_and_goes_back(office: Office) -> None:
    request = await office.place(life.Approved, quote=quote(balance=5_000))
    office.provider.balance = 0
    await drive(office, request)
    now = await office.now(request)
    assert (now.state, office.provider.creates) == (State.PENDING, 0)
    assert ChangeKind.PAYMENT in [change.kind for change in now.changes]


async def test_a_reopened_request_is_bought_at_its_new_price_once_it_is_approved(office: Office) -> None:
    request = await office.place(life.Approved)
    office.provider.per_unit = 400
    await drive(office, request)
    reopened = await office.now(request)
    late = await decide.approve(office.desk, click_on(request))
    assert late.result is decide.Result.CHANGED
    await decide.approve(office.desk, click_on(reopened))
    await drive(office, request)
    now = await office.now(request)
    assert now.order is not None
    assert (now.state, now.order.total, office.provider.creates) == (State.ORDERED, 2_000, 1)


async def test_a_promo_code_that_ended_is_taken_off_and_the_full_price_decided_afresh(office: Office) -> None:
    with_code = selection(promo_code="WELCOME10")
    approved = quote(discount=100, promo_code="WELCOME10")
    request = await office.place(life.Approved, selection=with_code, quote=approved)
    office.provider.is_promo_over = True
    await drive(office, request)
    now = await office.now(request)
    assert (now.state, now.selection.promo_code, now.quote.total) == (State.PENDING, None, 1_750)
    assert {change.kind for change in now.changes} == {ChangeKind.PRICE_UP, ChangeKind.PROMO}
    assert now.replaced_quote == approved
    await decide.approve(office.desk, click_on(now))
    await drive(office, request)
    assert (await office.state(request), office.provider.creates) == (State.ORDERED, 1)


async def test_a_promo_code_that_ended_while_the_price_is_unknown_goes_back_as_refused(office: Office) -> None:
    with_code = selection(promo_code="WELCOME10")
    request = await office.place(life.Approved, selection=with_code, quote=quote(discount=100, promo_code="WELCOME10"))
    ended = SelectionRefusedError("The code ended.", field="promo")
    office.moments.at("quote", ended, NeverSentError("away"))
    await drive(office, request)
    now = await office.now(request)
    assert (now.state, now.selection) == (State.PENDING, with_code)
    assert [change.kind for change in now.changes] == [ChangeKind.REFUSED]


async def test_v4_what_cannot_be_bought_any_more_goes_back_with_the_providers_words(office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.at("quote", SelectionRefusedError("Only 3 left.", field="quantity"))
    await drive(office, request)
    now = await office.now(request)
    assert (now.state, now.selection, office.provider.creates) == (State.PENDING, request.selection, 0)
    assert [(change.kind, change.after) for change in now.changes] == [(ChangeKind.REFUSED, "Only 3 left.")]


async def test_m1_a_withdrawal_between_price_and_claim_wins(office: Office) -> None:
    request = await office.place(life.Approved)

    async def the_requester_withdraws() -> None:
        await decide.withdraw(office.desk, click_on(request, REQUESTER))

    office.moments.at("services", the_requester_withdraws)
    await drive(office, request)
    assert (await office.state(request), office.provider.creates) == (State.WITHDRAWN, 0)


# When nothing can be said yet


async def test_a_price_that_cannot_be_had_delays_and_is_said_once(office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.at("quote", *[NeverSentError("down")] * 3)
    for _ in range(3):
        await drive(office, request)
    now = await office.now(request)
    assert [entry.happened for entry in now.history].count(Happened.DELAYED) == 1
    assert (now.state, office.provider.creates) == (State.APPROVED, 0)
    assert now.approvals == request.approvals
    await drive(office, request)
    assert (await office.state(request), office.provider.creates) == (State.ORDERED, 1)


async def test_another_reason_for_the_delay_is_said_too(office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.at("quote", NeverSentError("down"), AccessError("keys"), AccessError("keys again"))
    reasons = []
    for _ in range(3):
        await drive(office, request)
        failure = (await office.now(request)).failure
        reasons.append(failure.reason if failure else None)
    assert (len(set(reasons)), reasons[1]) == (2, reasons[2])
    assert "keys" in str(reasons[1])


@pytest.mark.parametrize("moment", ["quote", "services"])
@pytest.mark.parametrize("error", [NeverSentError("x"), OutcomeUnknownError("x"), RateLimitedError("x", wait_s=1)])
async def test_whatever_keeps_the_facts_away_keeps_the_money_too(
    moment: str, error: ProviderError, office: Office
) -> None:
    request = await office.place(life.Approved)
    office.moments.at(moment, error)
    await drive(office, request)
    assert (await office.state(request), office.provider.creates) == (State.APPROVED, 0)


# Looking for what an unclear checkout did


DOUBT = (life.Approved, life.Claimed, life.Unclear)
AT_TEXAS = Filter(subdivision_id="us-tx")


async def in_doubt(office: Office) -> PurchaseRequest:
    """Claimed with one service known from before, and no answer."""
    request = await office.place(life.Approved)
    office.provider.sell(request.selection)
    office.moments.at("create", OutcomeUnknownError("No answer."))
    await drive(office, request)
    assert await office.state(request) is State.IN_DOUBT
    return request


async def test_the_one_service_that_can_only_be_this_checkouts_is_adopted(office: Office) -> None:
    request = await in_doubt(office)
    service = office.provider.sell(request.selection, open_invoice_id=None)
    await drive(office, request)
    now = await office.now(request)
    assert now.order is not None
    assert (now.state, now.order.service_id, now.order.is_paid) == (State.ORDERED, service.id, True)
    assert await office.store.by_service(WORKSPACE, service.id) == now


NOT_ITS_OWN: dict[str, Callable[[Office], object]] = {
    "known from before": lambda _: None,
    "another type": lambda office: office.provider.sell(selection(), type="datacenter"),
    "another country": lambda office: office.provider.sell(selection(), country_id="gb"),
    "another quantity": lambda office: office.provider.sell(selection(quantity=6)),
    "another cycle": lambda office: office.provider.sell(selection(cycle=Cycle(3, "month"))),
    "another place": lambda office: office.provider.sell(selection(filter=AT_TEXAS)),
    "stamped for another": lambda office: office.provider.sell(selection(), metadata={"proxydesk_request": "T/1"}),
    "older than the claim": lambda office: office.provider.sell(
        selection(), created_at=office.clock.time - timedelta(minutes=20)
    ),
    "two that fit": lambda office: [office.provider.sell(selection()) for _ in range(2)],
}


@pytest.mark.parametrize("why", NOT_ITS_OWN)
async def test_t62_anything_less_certain_is_left_to_a_person(why: str, office: Office) -> None:
    request = await in_doubt(office)
    NOT_ITS_OWN[why](office)
    await drive(office, request)
    assert await office.state(request) is State.IN_DOUBT
    assert office.provider.creates == 0


async def test_a_service_of_another_request_is_not_taken_twice(office: Office) -> None:
    first = await in_doubt(office)
    service = office.provider.sell(first.selection)
    other = await office.place(*DOUBT, draft="d2")
    await decide.mark_found(office.desk, click_on(other), service.id)
    assert await office.state(other) is State.ORDERED
    await drive(office, first)
    assert await office.state(first) is State.IN_DOUBT


async def test_a_provider_that_cannot_be_asked_leaves_the_doubt(office: Office) -> None:
    request = await in_doubt(office)
    office.provider.sell(request.selection)
    office.moments.at("services", NeverSentError("down"))
    await drive(office, request)
    assert await office.state(request) is State.IN_DOUBT
    await drive(office, request)
    assert await office.state(request) is State.ORDERED


async def test_a_doubt_that_a_person_settled_meanwhile_stays_settled(office: Office) -> None:
    request = await in_doubt(office)
    mine, other = office.provider.sell(request.selection), office.provider.sell(selection(quantity=6))

    async def a_person_says_so() -> None:
        await decide.mark_found(office.desk, click_on(await office.now(request)), other.id)

    office.moments.at("services", a_person_says_so)
    await drive(office, request)
    now = await office.now(request)
    assert now.order is not None
    assert (now.order.service_id, mine.id != other.id) == (other.id, True)


async def test_a_top_up_is_never_found_by_itself(office: Office) -> None:
    """It leaves no service, and a balance may rise for other reasons."""
    request = await office.place_top_up(life.Approved)
    office.moments.at("sold", OutcomeUnknownError("No answer."))
    await drive(office, request)
    office.provider.sell(selection(quantity=1), type="credit", country_id=None)
    office.provider.balance = 5_000
    now = await sweep(office, request)
    assert (now.state, now.order, office.provider.creates) == (State.IN_DOUBT, None, 1)


async def test_a_top_up_that_worked_has_an_invoice_and_no_service(office: Office) -> None:
    request = await office.place_top_up(life.Approved)
    await drive(office, request)
    now = await office.now(request)
    assert now.order is not None
    assert (now.state, now.order.service_id, now.order.due, now.order.is_paid) == (State.ORDERED, None, 5_000, False)
    assert office.provider.tags == {}


async def test_the_same_ask_twice_is_two_purchases(office: Office) -> None:
    first = await office.place(life.Approved)
    second = await office.place(life.Approved, draft="d2")
    await asyncio.gather(drive(office, first), drive(office, second))
    for request in (first, second):
        await drive(office, request)
    services = {one.service_id for one in [(await office.now(each)).order for each in (first, second)] if one}
    assert (services, office.provider.creates) == ({"API-1", "API-2"}, 2)


async def test_a_nudge_that_overtakes_its_step_finds_it_after_all(office: Office) -> None:
    request = await office.place()

    async def bought() -> list[State]:
        found = checkout.purchases(office.desk, WORKSPACE, request.id, request.version + 1)
        return [moved.state async for moved in found]

    buying = asyncio.create_task(bought())
    await decide.approve(office.desk, click_on(request))
    assert await buying == [State.ORDERED]


async def test_a_nudge_whose_step_was_refused_comes_to_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "OVERTAKEN_S", (0.0, 0.0))
    request = await office.place()
    assert [moved async for moved in checkout.purchases(office.desk, WORKSPACE, request.id, 9)] == []
    assert await office.state(request) is State.PENDING
    assert office.provider.asked_to_sell == []

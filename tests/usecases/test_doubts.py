"""A checkout without a clear answer: what looking shows, who may say what when, and trying again after a proof."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain import request as life
from bot.domain.errors import InputError, OutcomeUnknownError, RefusedError
from bot.domain.finding import Kind
from bot.domain.ledger import Sums, sums_of
from bot.domain.policy import PriceTolerance
from bot.domain.quote import ChangeKind
from bot.domain.request import State
from bot.usecases import checkout, decide
from bot.usecases.decide import Result
from tests.examples import WORKSPACE, selection
from tests.usecases.conftest import Office, click_on, policy

DOUBT = (life.Approved, life.Claimed, life.Unclear)
SETTLED = timedelta(minutes=11)


async def look(office: Office, request: life.PurchaseRequest) -> life.PurchaseRequest:
    await checkout.drive(office.desk, WORKSPACE, request.id)
    return await office.now(request)


async def test_x2_nobody_can_say_nothing_was_bought_before_it_would_show(office: Office) -> None:
    request = await office.place(*DOUBT)
    decision = await decide.mark_absent(office.desk, click_on(request))
    assert decision.result is Result.TOO_EARLY
    assert await office.state(request) is State.IN_DOUBT


async def test_t61_nothing_there_after_the_settle_time_is_left_to_a_person(office: Office) -> None:
    request = await office.place(*DOUBT)
    office.clock.time = request.changed_at + timedelta(minutes=2)
    assert (await look(office, request)).doubt is None
    office.clock.time = request.changed_at + SETTLED
    examined = await look(office, request)
    assert examined.doubt is not None
    assert (examined.doubt.is_settled, examined.doubt.candidates) == (True, ())
    assert examined.state is State.IN_DOUBT
    decision = await decide.mark_absent(office.desk, click_on(examined))
    assert decision.result is Result.DONE
    assert await office.state(request) is State.FAILED


async def test_what_is_known_already_is_not_told_again(office: Office) -> None:
    request = await office.place(*DOUBT)
    office.clock.time = request.changed_at + SETTLED
    first = await look(office, request)
    office.clock.on(timedelta(minutes=1))
    assert (await look(office, request)).version == first.version


async def test_a_charge_that_lands_minutes_later_is_found(office: Office) -> None:
    request = await office.place(*DOUBT)
    office.clock.time = request.changed_at + timedelta(minutes=4)
    office.provider.sell(request.selection, total=request.quote.total)
    assert (await look(office, request)).state is State.ORDERED


@pytest.mark.parametrize("minutes", [3, 13])
async def test_t117_a_charge_is_found_although_our_clock_is_ahead_of_the_providers(
    office: Office, minutes: int
) -> None:
    request = await office.place(*DOUBT)
    assert request.attempt is not None
    before = request.attempt.claimed_at - timedelta(minutes=minutes)
    office.clock.time = request.changed_at
    office.provider.sell(request.selection, total=request.quote.total, created_at=before)
    assert (await look(office, request)).state is State.ORDERED


async def test_t117_what_existed_just_before_is_known_and_not_taken_for_it(office: Office) -> None:
    """Also where the clocks agree: it was noted with the claim."""
    request = await office.place(life.Approved)
    office.provider.sell(selection(), created_at=office.clock.time - timedelta(minutes=5))
    office.moments.at("create", OutcomeUnknownError("No answer."))
    await look(office, request)
    office.clock.on(SETTLED)
    examined = await look(office, request)
    assert (examined.state, examined.doubt and examined.doubt.candidates) == (State.IN_DOUBT, ())


async def test_t62_of_two_that_could_be_it_a_person_names_the_one(office: Office) -> None:
    request = await office.place(*DOUBT)
    office.clock.time = request.changed_at
    one, other = (office.provider.sell(selection()) for _ in range(2))
    examined = await look(office, request)
    assert examined.doubt is not None
    assert {candidate.service_id for candidate in examined.doubt.candidates} == {one.id, other.id}
    assert examined.state is State.IN_DOUBT
    decision = await decide.mark_found(office.desk, click_on(examined), other.id)
    assert decision.result is Result.DONE
    found = await office.now(request)
    assert found.order is not None
    assert found.order.service_id == other.id


async def test_one_that_costs_something_else_is_shown_and_not_taken(office: Office) -> None:
    request = await office.place(*DOUBT)
    office.clock.time = request.changed_at
    office.provider.sell(selection(), total=request.quote.total + 1)
    examined = await look(office, request)
    assert examined.state is State.IN_DOUBT
    assert examined.doubt is not None
    assert len(examined.doubt.candidates) == 1


@pytest.mark.parametrize("status", ["canceled", "overdue"])
async def test_t63_one_that_ended_unpaid_is_shown_and_not_taken(office: Office, status: str) -> None:
    """Byteful voids an unpaid invoice after 48 hours; then no invoice is open, and nothing was paid."""
    request = await office.place(*DOUBT)
    office.clock.time = request.changed_at
    ended = office.provider.sell(selection(), status=status, open_invoice_id=None)
    office.clock.on(timedelta(days=3))
    examined = await look(office, request)
    assert (examined.state, examined.order) == (State.IN_DOUBT, None)
    assert examined.doubt is not None
    assert [candidate.service_id for candidate in examined.doubt.candidates] == [ended.id]
    await decide.mark_found(office.desk, click_on(examined), ended.id)
    found = await office.now(request)
    assert found.order is not None
    assert (found.order.is_paid, [one.kind for one in found.findings]) == (False, [Kind.ENDED])
    entries = await office.desk.ledger.entries_of_service(WORKSPACE, ended.id)
    assert sums_of(entries) == Sums(void=1_750, count=1, quantity=5)


@pytest.mark.parametrize(("hours", "is_paid"), [(46, True), (48, False)])
async def test_t63_one_without_an_open_invoice_is_called_paid_only_while_none_is_voided(
    office: Office, hours: int, is_paid: bool
) -> None:
    request = await office.place(*DOUBT)
    assert request.attempt is not None
    office.clock.time = request.attempt.claimed_at
    office.provider.sell(selection(), status="awaiting_fulfillment", open_invoice_id=None)
    office.clock.on(timedelta(hours=hours))
    found = await look(office, request)
    assert found.order is not None
    assert (found.state, found.order.is_paid) == (State.ORDERED, is_paid)


async def test_an_unclear_top_up_shows_the_balance_and_is_decided_by_a_person(office: Office) -> None:
    request = await office.place_top_up(*DOUBT)
    office.provider.balance = 5_000
    office.clock.time = request.changed_at + SETTLED
    examined = await look(office, request)
    assert examined.doubt is not None
    assert (examined.doubt.credit_now, examined.doubt.is_settled) == (5_000, True)
    assert examined.state is State.IN_DOUBT


async def test_x4_after_a_proof_the_approval_stands_while_the_price_fits(office: Office) -> None:
    request = await office.place(life.Approved, life.Claimed, life.Refused)
    office.provider.per_unit = request.quote.line_items[0].per_unit
    decision = await decide.retry(office.desk, click_on(request))
    now = await office.now(request)
    assert decision.result is Result.DONE
    assert (now.state, now.approvals) == (State.APPROVED, request.approvals)
    await checkout.drive(office.desk, WORKSPACE, request.id)
    assert await office.state(request) is State.ORDERED
    assert office.provider.creates == 1


async def test_x4_a_persons_word_is_no_proof_and_needs_a_fresh_approval(office: Office) -> None:
    request = await office.place(*DOUBT, life.Absent)
    office.provider.per_unit = request.quote.line_items[0].per_unit
    await decide.retry(office.desk, click_on(request))
    now = await office.now(request)
    assert (now.state, now.approvals) == (State.PENDING, ())


async def test_x4_a_price_that_rose_needs_a_fresh_approval(office: Office) -> None:
    request = await office.place(life.Approved, life.Claimed, life.Refused)
    office.provider.per_unit = request.quote.line_items[0].per_unit + 1
    await decide.retry(office.desk, click_on(request))
    assert await office.state(request) is State.PENDING


async def test_x4_q3_the_tolerance_counts_from_what_was_approved_however_often_it_is_tried_again(
    office: Office,
) -> None:
    """Approved at $17.50 with 10 % tolerance: $19.25 at most, and never 10 % above that again."""
    office.policy = policy(tolerance=PriceTolerance(percent=Decimal(10)))
    request = await office.place(life.Approved)
    for per_unit in (364, 385):
        office.provider.per_unit = per_unit
        office.moments.at("create", RefusedError("no stock", status=422))
        await checkout.drive(office.desk, WORKSPACE, request.id)
        assert await office.state(request) is State.FAILED
        await decide.retry(office.desk, click_on(await office.now(request)))
        assert await office.state(request) is State.APPROVED
    office.provider.per_unit = 386
    await checkout.drive(office.desk, WORKSPACE, request.id)
    now = await office.now(request)
    assert (now.state, now.approvals, now.order) == (State.PENDING, (), None)
    assert now.replaced_quote is not None
    assert now.replaced_quote.total == 1_750
    assert [(change.kind, change.before, change.after) for change in now.changes] == [
        (ChangeKind.PRICE_UP, 1_750, 1_930)
    ]


async def test_x4_q3_trying_again_beyond_the_tolerance_of_what_was_approved_needs_a_fresh_approval(
    office: Office,
) -> None:
    office.policy = policy(tolerance=PriceTolerance(percent=Decimal(10)))
    request = await office.place(life.Approved)
    office.provider.per_unit = 385
    office.moments.at("create", RefusedError("no stock", status=422))
    await checkout.drive(office.desk, WORKSPACE, request.id)
    office.provider.per_unit = 386
    await decide.retry(office.desk, click_on(await office.now(request)))
    assert await office.state(request) is State.PENDING


async def test_x4_q3_a_price_tolerated_when_it_was_tried_again_is_still_told_at_the_order(office: Office) -> None:
    office.policy = policy(tolerance=PriceTolerance(percent=Decimal(10)))
    request = await office.place(life.Approved, life.Claimed, life.Refused)
    office.provider.per_unit = 385
    await decide.retry(office.desk, click_on(request))
    await checkout.drive(office.desk, WORKSPACE, request.id)
    now = await office.now(request)
    assert now.state is State.ORDERED
    assert [(change.before, change.after) for change in now.changes] == [(1_750, 1_925)]


# Two checkouts of the same


async def test_t62_one_service_and_two_doubts_of_the_same_is_left_to_a_person(office: Office) -> None:
    """Whichever looks first must not take what may be the other's; a person says whose it is, and the rest follows."""
    first, second = [await office.place(*DOUBT, draft=draft) for draft in ("d1", "d2")]
    office.clock.time = first.changed_at
    service = office.provider.sell(selection(), total=first.quote.total)
    examined = [await look(office, one) for one in (first, second)]
    for one in examined:
        assert one.state is State.IN_DOUBT
        assert one.doubt is not None
        assert [candidate.service_id for candidate in one.doubt.candidates] == [service.id]
    assert (await decide.mark_found(office.desk, click_on(examined[1]), service.id)).result is Result.DONE
    office.clock.time = first.changed_at + SETTLED
    left = await look(office, first)
    assert (left.state, left.doubt and left.doubt.candidates) == (State.IN_DOUBT, ())
    assert (await decide.mark_absent(office.desk, click_on(left))).result is Result.DONE


async def test_t62_the_other_is_seen_however_many_doubts_there_are(office: Office) -> None:
    first = await office.place(*DOUBT)
    for number in range(50):
        await office.place(*DOUBT, draft=f"other{number}", selection=selection(quantity=6))
    await office.place(*DOUBT, draft="last")
    office.clock.time = first.changed_at
    office.provider.sell(selection(), total=first.quote.total)
    assert (await look(office, first)).state is State.IN_DOUBT


async def test_t62_what_the_other_was_told_it_did_not_buy_is_then_this_ones(office: Office) -> None:
    first, second = [await office.place(*DOUBT, draft=draft) for draft in ("d1", "d2")]
    office.clock.time = first.changed_at + SETTLED
    await look(office, first)
    await look(office, second)
    office.provider.sell(selection(), total=first.quote.total)
    assert (await decide.mark_absent(office.desk, click_on(await office.now(first)))).result is Result.DONE
    assert (await look(office, second)).state is State.ORDERED


async def test_t62_what_may_be_bought_right_now_for_somebody_else_is_waited_for(office: Office) -> None:
    """A doubt finds the service of a checkout whose answer is still on its way: it is not taken, nor offered."""
    doubtful = await office.place(*DOUBT)
    under_way = await office.place(life.Approved, life.Claimed, draft="d2")
    office.clock.time = under_way.changed_at + timedelta(seconds=1)
    service = office.provider.sell(selection(), total=doubtful.quote.total)
    seen = await look(office, doubtful)
    assert (seen.state, seen.doubt) == (State.IN_DOUBT, None)
    with pytest.raises(InputError, match="being bought right now"):
        await decide.mark_found(office.desk, click_on(doubtful), service.id)
    await office.walk(under_way, life.Unclear)
    assert (await look(office, doubtful)).doubt is not None


async def test_n2_two_that_take_the_same_service_at_once_have_one_winner(office: Office) -> None:
    """Two people in the same moment, each for another request: the store gives it to one."""
    first, second = [await office.place(*DOUBT, draft=draft) for draft in ("d1", "d2")]
    office.clock.time = first.changed_at
    service = office.provider.sell(selection(), total=first.quote.total)
    clicks = [click_on(await office.now(one)) for one in (first, second)]
    decided = await asyncio.gather(*(decide.mark_found(office.desk, one, service.id) for one in clicks))
    assert sorted(one.result for one in decided) == [Result.DONE, Result.TOO_LATE]
    states = {await office.state(one) for one in (first, second)}
    assert states == {State.ORDERED, State.IN_DOUBT}
    owner = await office.store.by_service(WORKSPACE, service.id)
    assert owner is not None
    assert owner.state is State.ORDERED

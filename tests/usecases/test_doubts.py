"""A checkout without a clear answer: what looking shows, who may say what when, and trying again after a proof."""

from __future__ import annotations

from datetime import timedelta

from bot.domain import request as life
from bot.domain.request import State
from bot.usecases import checkout, decide
from bot.usecases.decide import Result
from tests.examples import WORKSPACE, selection
from tests.usecases.conftest import Office, click_on

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

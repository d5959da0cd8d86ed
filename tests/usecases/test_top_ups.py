"""T46, L3: an ordered top-up is open until the balance has really risen by it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain import delivery
from bot.domain import request as life
from bot.domain.errors import ProviderError
from bot.domain.finding import Kind
from bot.domain.request import PurchaseRequest
from bot.usecases.follow import follow
from bot.usecases.top_ups import open_top_ups
from tests.examples import APPROVER, WORKSPACE
from tests.usecases.conftest import Office

HOUR = timedelta(hours=1)
AMOUNT = 5_000
"""What the example top-up buys; the balance before it is 500."""


async def ordered(office: Office, draft: str = "d1") -> PurchaseRequest:
    request = await office.place_top_up(life.Approved, life.Claimed, life.Ordered, draft=draft)
    assert request.quote.total == AMOUNT
    assert request.attempt is not None
    office.provider.balance = request.attempt.credit_before
    office.clock.time = max(office.clock.time, request.changed_at)
    return request


async def looks(office: Office, balance: int, by: timedelta = HOUR, times: int = 1) -> None:
    office.provider.balance = balance
    for _ in range(times):
        office.clock.on(by)
        await follow(office.desk, WORKSPACE)


async def kinds(office: Office, request: PurchaseRequest) -> list[Kind]:
    return [one.kind for one in (await office.now(request)).findings]


async def test_t46_it_is_open_until_the_balance_rises_and_told_once(office: Office) -> None:
    request = await ordered(office)
    before = office.provider.balance
    await looks(office, before, timedelta(seconds=6))
    await looks(office, before + AMOUNT - 1)
    assert not (await office.now(request)).order.is_paid  # type: ignore[union-attr]
    assert await open_top_ups(office.desk, WORKSPACE) == (request.id,)
    await looks(office, before + AMOUNT, times=3)
    now = await office.now(request)
    assert await kinds(office, request) == [Kind.PAID]
    assert now.order is not None
    assert now.order.is_paid
    assert [entry.happened for entry in now.history].count(life.Happened.FOLLOWED) == 1
    assert await open_top_ups(office.desk, WORKSPACE) == ()


async def test_t46_credit_that_is_spent_meanwhile_does_not_hide_the_payment(office: Office) -> None:
    request = await ordered(office)
    await looks(office, 0)
    await looks(office, AMOUNT)
    assert await kinds(office, request) == [Kind.PAID]


async def test_t46_of_two_alike_one_payment_pays_one(office: Office) -> None:
    first, second = await ordered(office), await ordered(office, "d2")
    before = office.provider.balance
    await looks(office, before)
    await looks(office, before + AMOUNT, times=3)
    assert await kinds(office, first) == [Kind.PAID]
    assert await kinds(office, second) == []
    await looks(office, before + 2 * AMOUNT, times=2)
    assert await kinds(office, second) == [Kind.PAID]


async def test_l3_it_is_reminded_of_after_a_day_and_given_up_when_its_invoice_is_void(office: Office) -> None:
    request = await ordered(office)
    before = office.provider.balance
    await looks(office, before, times=23)
    assert await kinds(office, request) == []
    await looks(office, before, times=2)
    assert await kinds(office, request) == [Kind.UNPAID]
    await looks(office, before, times=26)
    now = await office.now(request)
    assert await kinds(office, request) == [Kind.CLOSED]
    assert now.order is not None
    assert not now.order.is_paid
    assert delivery.next_look(now, office.clock.time, now.findings) is None


async def test_l3_paid_at_checkout_there_is_nothing_to_follow(office: Office) -> None:
    claimed = await office.place_top_up(life.Approved, life.Claimed)
    paid = life.Order(None, None, True, AMOUNT, 0, None)
    request = life.advance(claimed, life.Ordered(claimed.changed_at, paid))
    await office.store.move(claimed, request)
    assert await office.store.claim_look(WORKSPACE, claimed.changed_at + HOUR) is None


async def paid_at_checkout(office: Office, claimed: PurchaseRequest) -> None:
    """The provider charges it at once, so there is nothing to follow."""
    bought = life.Ordered(office.clock.time, life.Order(None, None, True, AMOUNT, 0, None))
    await office.store.move(claimed, life.advance(claimed, bought))


async def test_t46_one_that_is_paid_at_checkout_pays_no_older_one(office: Office) -> None:
    older = await ordered(office)
    before = office.provider.balance
    await looks(office, before)
    younger = await office.place_top_up(life.Approved, life.Claimed, draft="d2")
    await paid_at_checkout(office, younger)
    await looks(office, before + AMOUNT, times=3)
    assert await kinds(office, older) == []
    await looks(office, before + 2 * AMOUNT)
    assert await kinds(office, older) == [Kind.PAID]


@pytest.mark.parametrize("unclear", [(), (life.Unclear,)], ids=["being bought", "in doubt"])
async def test_t46_while_one_may_have_been_paid_at_checkout_no_other_is_said_to_be_paid(
    unclear: tuple[type[life.Event], ...], office: Office
) -> None:
    older = await ordered(office)
    before = office.provider.balance
    younger = await office.place_top_up(life.Approved, life.Claimed, *unclear, draft="d2")
    await looks(office, before + AMOUNT, times=3)
    assert await kinds(office, older) == []
    if unclear:
        await office.store.move(younger, life.advance(younger, life.Absent(office.clock.time, APPROVER)))
    else:
        await paid_at_checkout(office, younger)
    await looks(office, before + AMOUNT, times=2)
    assert await kinds(office, older) == ([Kind.PAID] if unclear else [])


async def test_t134_a_balance_that_cannot_be_read_proves_nothing(office: Office) -> None:
    request = await ordered(office)
    office.moments.at("credit", ProviderError("no"))
    await looks(office, office.provider.balance + AMOUNT)
    assert await kinds(office, request) == []
    await looks(office, office.provider.balance)
    assert await kinds(office, request) == [Kind.PAID]


@pytest.mark.parametrize("rises", [AMOUNT, 3 * AMOUNT])
async def test_t46_a_first_look_after_the_payment_sees_it(rises: int, office: Office) -> None:
    request = await ordered(office)
    await looks(office, office.provider.balance + rises)
    assert await kinds(office, request) == [Kind.PAID]

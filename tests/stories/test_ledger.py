"""The ledger beside the vendor's own books: open, paid and taken back, to the cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.ledger import Sums
from bot.usecases.follow import follow
from tests.stories.journey import TEAM, Journey, LaterClock, answered


async def spent(journey: Journey) -> Sums:
    today = datetime.now(UTC).date()
    around = timedelta(days=40)
    return (await journey.bot.desk.ledger.spend(TEAM, today - around, today + around)).sums


async def later(journey: Journey, clock: LaterClock, by: timedelta) -> None:
    clock.later += by
    journey.byteful.advance(by.total_seconds())
    await follow(journey.bot.desk, TEAM)


async def test_t137_an_open_invoice_is_open_in_the_ledger_until_it_is_paid(journey: Journey, clock: LaterClock) -> None:
    journey.byteful.set_credit(0)
    await journey.buys("isp_us 5 for scraping")
    order = (await journey.request()).order
    assert order is not None
    assert order.service_id is not None
    assert await spent(journey) == Sums(open=order.total, count=1, quantity=5)
    row = journey.byteful.services[order.service_id]
    assert order.total == row["service_total"]
    journey.byteful.pay(str(row["open_invoice_id"]))
    await later(journey, clock, timedelta(minutes=1))
    assert await spent(journey) == Sums(paid=order.total, count=1, quantity=5)


async def test_t70_an_invoice_that_is_never_paid_is_void_and_no_longer_spent(
    journey: Journey, clock: LaterClock
) -> None:
    journey.byteful.set_credit(0)
    await journey.buys("isp_us 5 for scraping")
    order = (await journey.request()).order
    assert order is not None
    await later(journey, clock, timedelta(hours=49))
    sums = await spent(journey)
    assert sums == Sums(void=order.total, count=1, quantity=5)
    assert (sums.spent, sums.net) == (0, 0)


async def test_t46_a_top_up_is_no_spend_and_open_until_it_is_paid(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    journey.byteful.set_credit(0)
    await journey.answer(rita, "/proxy topup 50", "Nothing is sent yet")
    preview = await journey.private(rita, "Nothing is sent yet")
    card = await journey.sends(rita, preview)
    answered(await mona.clicks(card, "approve"))
    await journey.card("Ordered")
    sums = await spent(journey)
    assert sums == Sums(top_up_open=5_000)
    assert sums.spent == 0

"""After the purchase: payment and delivery are followed in the thread until there is nothing left to wait for.

Time is moved in both places at once: the bot's, read in one function, and the vendor's own clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot import jobs
from bot.domain.request import Happened
from bot.serve_worker import make_jobs
from playground.slack_seen import SeenMessage
from tests.stories.journey import CHANNEL, TEAM, Journey, LaterClock

FIVE = "isp_us 5 asn:7018 for scraping"
SECONDS, MINUTES, HOURS, DAYS = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
SOON = 10 * SECONDS
OTHER_NETWORK = 701


@dataclass(frozen=True)
class Order:
    """What Rita bought, at the vendor and in Slack."""

    journey: Journey
    clock: LaterClock
    service_id: str

    @property
    def row(self) -> dict[str, Any]:
        return self.journey.byteful.services[self.service_id]

    @property
    def invoice(self) -> str:
        return str(self.row["open_invoice_id"])

    async def later(self, by: timedelta) -> None:
        """Time passes, and the worker does what it does every ten seconds."""
        self.clock.later += by
        self.journey.byteful.advance(by.total_seconds())
        await self.look()

    async def look(self) -> None:
        await make_jobs(self.journey.bot).follow({})

    async def settled(self) -> None:
        """Until nothing is left to be said."""

        async def silent() -> bool:
            if await self.journey.bot.store._redis.zcard(f"{{{TEAM}}}:outbox") == 0:
                return True
            self.journey.workspace.changed()  # an outbox that empties makes no noise there: look again
            return False

        await self.journey.until(silent, "everything being said")

    async def replies(self) -> list[SeenMessage]:
        """Everything in the thread, once all is said."""
        await self.settled()
        card = await self.journey.card()
        thread = await self.journey.person("rita").thread(CHANNEL, card.ts)
        return [one for one in thread if one.ts != card.ts]

    async def directs(self, who: str = "rita") -> list[SeenMessage]:
        await self.settled()
        return await self.journey.person(who).dm()


Buys = Callable[..., Awaitable[Order]]


@pytest.fixture
def buys(journey: Journey, clock: LaterClock) -> Buys:
    """Buys five proxies that are delivered by hand; by invoice, or with credit."""

    async def made(line: str = FIVE, *, credit: int = 0, delay_s: float | None = None) -> Order:
        journey.byteful.settings.fulfilment_delay_s = delay_s
        journey.byteful.set_credit(credit)
        await journey.buys(line)
        request = await journey.request()
        assert request.order is not None
        return Order(journey, clock, str(request.order.service_id))

    return made


RICH = 1_000_000


async def test_l6_an_open_invoice_is_followed_until_it_is_paid_and_its_link_is_gone(
    journey: Journey, buys: Buys
) -> None:
    order = await buys()
    assert (await journey.card("Invoice open")).has_button("Open invoice")
    await order.later(24 * HOURS)
    reminder = await journey.threaded("Invoice open", "takes an unpaid invoice back after 48 hours", "@rita")
    assert reminder.has_button("Open invoice")
    await order.later(HOURS)
    assert len(await order.replies()) == 2, "one reminder"
    journey.byteful.pay(order.invoice)
    await order.later(HOURS)
    paid = await journey.threaded("The invoice is paid.", order.service_id)
    assert not paid.has_button("Open invoice")
    card = await journey.card("Paid: $", "awaiting_fulfillment")
    assert not card.has_button("Open invoice")
    assert "Invoice open" not in card.text


async def test_l7_from_waiting_to_active_with_the_time_it_took(journey: Journey, buys: Buys) -> None:
    order = await buys(credit=RICH)
    await order.later(SOON)
    await order.later(20 * MINUTES)
    journey.byteful.fulfil_service(order.service_id)
    await order.later(5 * MINUTES)
    told = await journey.threaded("*Active* after 20 minutes.", "All 5 proxies are delivered as ordered.")
    assert order.service_id in told.text
    await journey.direct(journey.person("rita"), "*Active* after 20 minutes.", order.service_id)
    card = await journey.card("active", "All 5 proxies are delivered as ordered.")
    assert "waiting for delivery" not in card.text
    said, asked = len(await order.replies()), journey.calls("service/retrieve")
    await order.later(DAYS)
    assert (len(await order.replies()), journey.calls("service/retrieve")) == (said, asked), "nobody looks any more"


async def test_l7_what_is_delivered_at_once_is_checked_and_nothing_is_said_twice(journey: Journey, buys: Buys) -> None:
    order = await buys(credit=RICH, delay_s=0)
    before = (len(await order.replies()), len(await order.directs()))
    await order.later(SOON)
    assert journey.calls("service/retrieve") == 2, "the service and its proxies"
    assert (len(await order.replies()), len(await order.directs())) == before
    await order.later(DAYS)
    assert journey.calls("service/retrieve") == 2


async def test_l7_paid_and_stuck_goes_to_the_admins_in_person(journey: Journey, buys: Buys) -> None:
    order = await buys(credit=RICH)
    await order.later(2 * HOURS + MINUTES)
    told = await journey.threaded(
        "Paid more than 2 hours ago and *not delivered yet*.", "Please deliver what was ordered."
    )
    assert order.service_id in told.text
    await journey.direct(journey.person("ada"), "asked by @rita", "not delivered yet", order.service_id)
    await journey.card("not delivered yet")
    await order.later(HOURS)
    assert len([one for one in await order.directs("ada") if "not delivered yet" in one.text]) == 1
    journey.byteful.fulfil_service(order.service_id)
    await order.later(HOURS)
    card = await journey.card("All 5 proxies are delivered as ordered.")
    assert "not delivered yet" not in card.text


async def test_n21_four_of_five_is_reported_with_the_text_for_the_providers_support(
    journey: Journey, buys: Buys
) -> None:
    order = await buys(credit=RICH)
    journey.byteful.fulfil_service(order.service_id, count=4)
    await order.later(SOON)
    told = await journey.threaded("*4 of 5* proxies are delivered.", "For the provider's support:")
    assert f"Service {order.service_id}: 5 ×" in told.text
    assert "Delivered: 4 of 5 proxies." in told.text
    await journey.card("*4 of 5* proxies are delivered.", "awaiting_additional_fulfillment")
    journey.byteful.fulfil_service(order.service_id)
    await order.later(HOURS)
    card = await journey.card("All 5 proxies are delivered as ordered.")
    assert "4 of 5" not in card.text


async def test_n21_the_wrong_network_is_reported_with_what_came_instead(journey: Journey, buys: Buys) -> None:
    order = await buys(credit=RICH)
    journey.byteful.fulfil_service(order.service_id, asn_id=OTHER_NETWORK)
    await order.later(SOON)
    told = await journey.threaded("*5 of 5* are not in AS7018 as ordered: AS701 × 5.")
    assert "Not in AS7018: 5 of 5 proxies (AS701 × 5)." in told.text
    await journey.card("active", "*5 of 5* are not in AS7018 as ordered")
    said = len(await order.replies())
    await order.later(HOURS)
    assert len(await order.replies()) == said


async def test_n21_no_credentials_reach_slack_the_record_or_the_log(journey: Journey, buys: Buys) -> None:
    order = await buys(credit=RICH)
    journey.byteful.fulfil_service(order.service_id, count=4, asn_id=OTHER_NETWORK)
    await order.later(SOON)
    await journey.threaded("*4 of 5* proxies are delivered.")
    record = str(await journey.request())
    everything = f"{await journey.slack.dump()} {record} {list(journey.log)}"
    proxies = journey.byteful.proxies_of(order.service_id)
    assert len(proxies) == 4
    for proxy in proxies:
        for secret in ("proxy_ip_address", "default_proxy_user_password", "http_formatted"):
            assert str(proxy[secret]) not in everything


async def test_t47_bought_and_waiting_for_delivery_says_so_until_it_is_there(journey: Journey, buys: Buys) -> None:
    order = await buys(credit=RICH)
    await journey.card("Paid from account credit", "`awaiting_fulfillment`, waiting for delivery")
    await order.later(HOURS)
    assert len(await order.replies()) == 1, "nothing new"
    journey.byteful.fulfil_service(order.service_id)
    await order.later(HOURS)
    await journey.threaded("*Active* after 1 hour")


async def test_t68_what_the_providers_people_change_is_posted_once_in_the_thread(journey: Journey, buys: Buys) -> None:
    order = await buys(credit=RICH)
    before = await journey.request()
    assert before.order is not None
    await order.later(SOON)
    journey.byteful.change_service(order.service_id, {"service_total": before.order.total + 500})
    await order.later(MINUTES)
    await journey.threaded("At the provider it now costs $")
    said = len(await order.replies())
    await order.later(MINUTES)
    assert len(await order.replies()) == said
    journey.byteful.cancel_service(order.service_id)
    await order.later(MINUTES)
    told = await journey.threaded("*Canceled* at the provider.")
    assert "No payment was seen" not in told.text, "credit had paid it"
    await journey.direct(journey.person("rita"), "*Canceled* at the provider.")
    await journey.card("*Canceled* at the provider.", "canceled")


async def test_t70_an_invoice_nobody_pays_ends_reminders_and_the_thread(journey: Journey, buys: Buys) -> None:
    order = await buys()
    await order.later(24 * HOURS)
    await journey.threaded("takes an unpaid invoice back after 48 hours")
    await order.later(25 * HOURS)
    told = await journey.threaded("*Canceled* at the provider. No payment was seen")
    assert not told.has_button("Open invoice")
    await journey.direct(journey.person("rita"), "*Canceled* at the provider. No payment was seen")
    card = await journey.card("No payment was seen")
    assert not card.has_button("Open invoice")
    assert "Invoice open" not in card.text
    assert "Paid" not in card.text
    said = len(await order.replies())
    await order.later(3 * DAYS)
    assert len(await order.replies()) == said == 3


async def test_t70_an_overdue_service_whose_invoice_is_gone_has_ended(journey: Journey, buys: Buys) -> None:
    order = await buys()
    await order.later(SOON)
    journey.byteful.change_service(order.service_id, {"service_status": "overdue", "open_invoice_id": None})
    await order.later(HOURS)
    await journey.threaded("*Overdue* and never delivered. No payment was seen")
    said = len(await order.replies())
    await order.later(DAYS)
    assert len(await order.replies()) == said


async def test_a_provider_in_trouble_postpones_and_says_nothing_untrue(journey: Journey, buys: Buys) -> None:
    order = await buys(credit=RICH)
    journey.byteful.fulfil_service(order.service_id)
    journey.byteful.faults.set("unauthorized", endpoint="service/retrieve", times=1)
    await order.later(SOON)
    assert len(await order.replies()) == 1
    await order.later(10 * MINUTES)
    await journey.threaded("All 5 proxies are delivered as ordered.")


@pytest.fixture
def a_worker_that_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as it looks into purchases of unclear end, which no test keeps it from."""
    monkeypatch.setattr(jobs, "FOLLOW_CRON", jobs.LOOK_CRON)


async def test_the_worker_looks_by_itself(a_worker_that_looks: None, journey: Journey, buys: Buys) -> None:
    """Nobody calls it here: what tells is the job that runs every few seconds."""
    order = await buys(credit=RICH)
    journey.byteful.fulfil_service(order.service_id)
    order.clock.later += SOON
    await journey.threaded("All 5 proxies are delivered as ordered.")


async def test_two_workers_that_look_at_once_say_it_once(journey: Journey, buys: Buys) -> None:
    order = await buys(credit=RICH)
    journey.byteful.fulfil_service(order.service_id)
    order.clock.later += SOON
    await asyncio.gather(*(order.look() for _ in range(4)))
    await journey.threaded("All 5 proxies are delivered as ordered.")
    assert len(await order.replies()) == 2
    assert (await journey.history()).count(Happened.FOLLOWED) == 1


async def test_t46_l3_a_top_up_is_paid_when_the_balance_has_really_risen(journey: Journey, clock: LaterClock) -> None:
    journey.byteful.set_credit(0)
    rita = journey.person("rita")
    card = await journey.sends(rita, await journey.answer(rita, "/proxy topup 50", "Nothing is sent yet"))
    await journey.person("mona").clicks(card, "approve")
    await journey.card("Ordered")
    asked = journey.calls("service/retrieve")
    clock.later += MINUTES
    await make_jobs(journey.bot).follow({})
    await journey.card("The credit arrives when it is paid.")
    invoice = next(one for one in journey.byteful.invoices.values() if one.purpose == "top_up")
    journey.byteful.pay(invoice.invoice_id)
    clock.later += MINUTES
    await make_jobs(journey.bot).follow({})
    await journey.card("Paid: $50.00. The credit belongs to the account.")
    await journey.threaded("The invoice is paid.")
    assert journey.calls("service/retrieve") == asked

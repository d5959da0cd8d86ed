"""Following what was bought: each fact is recorded once, whoever looks and whatever breaks, and looking ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from bot.domain import delivery
from bot.domain import request as life
from bot.domain.errors import OutcomeUnknownError, ProviderError, StoreUnavailableError
from bot.domain.finding import Finding, Kind
from bot.domain.ids import RequestId, UserId
from bot.domain.policy import Approvals, Policy, Role
from bot.domain.request import Happened, Ordered, PurchaseRequest, advance
from bot.domain.usage import Delivered, Service
from bot.usecases.desk import utcnow
from bot.usecases.follow import BATCH, PUT_OFF, follow
from tests.examples import APPROVER, REQUESTER, WORKSPACE, order
from tests.store.looking import in_order
from tests.usecases.conftest import Office
from tests.usecases.fakes import KilledError

ADMIN = UserId("U0ADMIN")
GOOD = Delivered(7018, "us", "us-tx", 75202)
FIRST, MINUTE, HOUR = timedelta(seconds=5), timedelta(minutes=1), timedelta(hours=1)


class Followed:
    """An order at the vendor, and the clock that brings its next look."""

    def __init__(self, office: Office, request: PurchaseRequest, service: Service) -> None:
        self.office = office
        self.request = request
        self._at = office.provider.services.index(service)

    def becomes(self, proxies: int | None = None, **changes: Any) -> None:
        """Something happened at the vendor."""
        services = self.office.provider.services
        services[self._at] = replace(services[self._at], **changes)
        if proxies is not None:
            self.office.provider.proxies[services[self._at].id] = [GOOD] * proxies

    def runs(self, proxies: int = 5) -> None:
        self.becomes(proxies, status="active", dispatched_at=utcnow(), open_invoice_id=None)

    async def look(self, after: timedelta = HOUR) -> int:
        self.office.clock.on(after)
        return await follow(self.office.desk, WORKSPACE)

    async def news(self) -> list[list[Kind]]:
        """What each recorded look brought."""
        now = await self.office.now(self.request)
        looks = [entry for entry in now.history if entry.happened is Happened.FOLLOWED]
        return [[finding.kind for finding in delivery.news(now, entry)] for entry in looks]

    async def due(self) -> float | None:
        """Seconds until the next look; None when there is none any more."""
        score = await self.office.raw.zscore(f"{{{WORKSPACE}}}:followed", str(self.request.id))
        return None if score is None else score / 1000 - self.office.clock.time.timestamp()

    async def outbox(self) -> set[str]:
        return set(await in_order(self.office.raw, f"{{{WORKSPACE}}}:outbox"))


async def bought(office: Office, draft: str = "d1", **given: Any) -> Followed:
    """Five proxies with an open invoice, waiting for delivery."""
    claimed = await office.place(life.Approved, life.Claimed, draft=draft)
    office.clock.time = claimed.changed_at
    usual = {"status": "awaiting_fulfillment", "quantity": 5}
    service = office.provider.sell(claimed.selection, **usual)
    ordered = advance(claimed, Ordered(utcnow(), order(service_id=service.id, total=service.total, **given)))
    await office.store.move(claimed, ordered)
    return Followed(office, ordered, service)


@pytest.fixture
async def one(office: Office) -> Followed:
    return await bought(office)


# The set of the followed


async def test_l7_an_order_is_followed_from_the_move_that_makes_it_one(one: Followed) -> None:
    assert await one.due() == 5
    assert await one.look(FIRST - timedelta(seconds=1)) == 0
    assert await one.look(timedelta(seconds=1)) == 1


async def test_an_adopted_order_is_followed_too(office: Office) -> None:
    found = await office.place(life.Approved, life.Claimed, life.Unclear, life.Found)
    assert await office.store.claim_look(WORKSPACE, found.changed_at + FIRST) == found.id


@pytest.mark.parametrize("ways", [(), (life.Approved,), (life.Approved, life.Claimed), (life.Declined,)])
async def test_nothing_else_is_followed(office: Office, ways: tuple[type[life.Event], ...]) -> None:
    await office.place(*ways)
    assert await office.raw.exists(f"{{{WORKSPACE}}}:followed") == 0


async def test_t46_a_top_up_is_followed_by_the_balance_alone(office: Office) -> None:
    top_up = await office.place_top_up(life.Approved, life.Claimed, life.Ordered)
    office.clock.time = top_up.changed_at + FIRST
    assert await follow(office.desk, WORKSPACE) == 1
    assert not {"service", "delivered"} & set(office.moments.passed)


async def test_a_look_that_was_taken_comes_back_when_its_worker_dies(office: Office, one: Followed) -> None:
    office.moments.at("service", KilledError())
    with pytest.raises(KilledError):
        await one.look(FIRST)
    assert await one.look(timedelta(0)) == 0
    one.runs()
    assert await one.look(MINUTE) == 1
    assert await one.news() == [[Kind.PAID, Kind.ACTIVE, Kind.COMPLETE]]


# News


async def test_nothing_new_is_not_recorded_and_looked_at_again(one: Followed) -> None:
    assert await one.look(FIRST) == 1
    assert await one.news() == []
    assert await one.due() == 30
    await one.look(HOUR)
    assert await one.due() == 5 * 60
    await one.look(HOUR)
    assert await one.due() == 60 * 60


async def test_l6_l7_from_the_open_invoice_to_the_end(one: Followed) -> None:
    await one.look(24 * HOUR)
    one.becomes(open_invoice_id=None)
    await one.look()
    one.runs()
    await one.look()
    assert await one.news() == [[Kind.UNPAID], [Kind.PAID], [Kind.ACTIVE, Kind.COMPLETE]]
    now = await one.office.now(one.request)
    assert now.order is not None
    assert (now.order.is_paid, now.order.status, now.order.due) == (True, "active", 1_750)
    assert await one.due() is None
    assert await one.look(30 * 24 * HOUR) == 0


async def test_l7_bought_with_credit_and_delivered_at_once_says_nothing_more(office: Office) -> None:
    one = await bought(office, is_paid=True, due=0, status="active")
    one.runs()
    before = await one.outbox()
    await one.look(FIRST)
    assert (await one.news(), await one.due(), await one.outbox()) == ([], None, before)


async def test_n21_short_is_told_once_and_then_its_end(one: Followed) -> None:
    one.runs(proxies=4)
    for _ in range(3):
        await one.look()
    assert await one.news() == [[Kind.PAID, Kind.ACTIVE, Kind.COUNT]]
    one.becomes(proxies=5)
    await one.look()
    assert (await one.news())[1:] == [[Kind.COMPLETE]]
    assert await one.due() is None


async def test_t47_bought_and_waiting_for_delivery_is_followed_until_it_is_there(office: Office) -> None:
    one = await bought(office, is_paid=True, due=0)
    one.becomes(open_invoice_id=None)
    await one.look()
    assert (await one.news(), await one.due()) == ([], 300)
    one.runs()
    await one.look()
    assert await one.news() == [[Kind.ACTIVE, Kind.COMPLETE]]


async def test_t70_reminders_stop_and_following_ends_when_the_invoice_is_void(one: Followed) -> None:
    await one.look(24 * HOUR)
    one.becomes(status="canceled", open_invoice_id=None)
    await one.look(24 * HOUR)
    assert await one.news() == [[Kind.UNPAID], [Kind.ENDED]]
    now = await one.office.now(one.request)
    assert now.order is not None
    assert not now.order.is_paid
    assert await one.due() is None
    assert f"direct:{now.id}:{now.version}:{REQUESTER}" in await one.outbox()


async def test_t68_what_the_vendor_changes_is_told_once_while_it_is_followed(one: Followed) -> None:
    one.becomes(total=2_000, quantity=4)
    await one.look()
    await one.look()
    assert await one.news() == [[Kind.QUANTITY, Kind.PRICE]]
    one.becomes(total=1_750, quantity=5)
    await one.look()
    assert (await one.news())[1:] == [[]]


async def test_l7_admins_hear_in_person_of_what_is_stuck(office: Office) -> None:
    roles = {"approver": Role(users=(APPROVER,)), "admin": Role(users=(ADMIN,))}
    office.policy = Policy(roles=roles, approvals=Approvals(needed=1))
    one = await bought(office, is_paid=True, due=0)
    one.becomes(open_invoice_id=None)
    await one.look(2 * HOUR)
    now = await office.now(one.request)
    assert await one.news() == [[Kind.STUCK]]
    assert {f"thread:{now.id}:{now.version}", f"direct:{now.id}:{now.version}:{ADMIN}"} <= await one.outbox()
    assert f"direct:{now.id}:{now.version}:{REQUESTER}" not in await one.outbox()
    one.runs()
    await one.look()
    later = await office.now(one.request)
    assert f"direct:{later.id}:{later.version}:{ADMIN}" not in await one.outbox()


async def test_without_an_admin_role_the_thread_hears_of_it_alone(office: Office) -> None:
    one = await bought(office, is_paid=True, due=0)
    one.becomes(open_invoice_id=None)
    await one.look(2 * HOUR)
    assert await one.news() == [[Kind.STUCK]]
    assert not [intent for intent in await one.outbox() if intent.endswith(ADMIN)]


async def test_what_admins_must_hear_waits_until_slack_says_who_they_are(office: Office) -> None:
    office.policy = Policy(roles={"approver": Role(users=(APPROVER,)), "admin": Role(users=(ADMIN,))})
    one = await bought(office, is_paid=True, due=0)
    one.becomes(open_invoice_id=None)
    office.directory.is_away = True
    await one.look(2 * HOUR)
    assert (await one.news(), await one.due()) == ([], PUT_OFF.total_seconds())
    office.directory.is_away = False
    await one.look(PUT_OFF)
    assert await one.news() == [[Kind.STUCK]]


async def test_following_ends_after_two_weeks_with_a_note(one: Followed) -> None:
    await one.look(14 * 24 * HOUR)
    assert await one.news() == [[Kind.UNPAID, Kind.DROPPED]]
    assert await one.due() is None


# Trouble


async def test_a_provider_in_trouble_costs_time_and_nothing_else(office: Office, one: Followed) -> None:
    others = [await bought(office, f"d{number}") for number in range(2, 5)]
    one.runs()
    office.moments.at("service", ProviderError("Byteful gave no usable answer."))
    assert await one.look() == 1, "the others would meet the same"
    assert await one.news() == []
    assert {await other.due() for other in (one, *others)} == {PUT_OFF.total_seconds(), 5 - HOUR.total_seconds()}
    await one.look(PUT_OFF)
    assert await one.news() == [[Kind.PAID, Kind.ACTIVE, Kind.COMPLETE]]


async def test_proxies_that_cannot_be_read_do_not_hide_payment(office: Office, one: Followed) -> None:
    one.runs(proxies=4)
    office.moments.at("delivered", OutcomeUnknownError("Byteful took too long to answer."))
    await one.look()
    assert await one.news() == [[Kind.PAID, Kind.ACTIVE]]
    await one.look()
    assert (await one.news())[1:] == [[Kind.COUNT]]


async def test_a_service_that_is_gone_is_told_and_followed_on(office: Office, one: Followed) -> None:
    kept = office.provider.services.pop()
    await one.look(MINUTE)
    assert await one.news() == []
    await one.look(HOUR)
    assert await one.news() == [[Kind.GONE]]
    office.provider.services.append(kept)
    one.runs()
    await one.look(HOUR)
    assert (await one.news())[1:] == [[Kind.PAID, Kind.ACTIVE, Kind.COMPLETE]]


@pytest.mark.parametrize("workers", [2, 5])
async def test_two_workers_that_look_at_once_have_one_effect(office: Office, workers: int) -> None:
    one = await bought(office)
    one.runs()
    office.clock.on(HOUR)
    looks = await asyncio.gather(*(follow(office.desk, WORKSPACE) for _ in range(workers)))
    assert sum(looks) == 1
    assert await one.news() == [[Kind.PAID, Kind.ACTIVE, Kind.COMPLETE]]


async def test_a_worker_that_wakes_up_late_records_nothing(office: Office, one: Followed) -> None:
    """Its lease is over and another one has looked meanwhile."""
    one.runs()

    async def overtaken() -> None:
        office.clock.on(HOUR)
        await follow(office.desk, WORKSPACE)

    office.moments.at("move:followed", overtaken)
    await one.look()
    assert await one.news() == [[Kind.PAID, Kind.ACTIVE, Kind.COMPLETE]]
    assert await one.due() is None


async def test_a_store_that_is_away_is_said_to_be_and_the_look_is_made_later(office: Office, one: Followed) -> None:
    one.runs()
    office.moments.at("move:followed", StoreUnavailableError("The store does not answer."))
    with pytest.raises(StoreUnavailableError):
        await one.look()
    await one.look(MINUTE)
    assert await one.news() == [[Kind.PAID, Kind.ACTIVE, Kind.COMPLETE]]


async def test_one_go_is_bounded_and_the_most_overdue_come_first(office: Office) -> None:
    many = [await bought(office, f"d{number}") for number in range(BATCH + 2)]
    await office.store.look_again(WORKSPACE, many[-1].request.id, utcnow() - HOUR)
    office.moments.passed.clear()
    assert await many[0].look() == BATCH
    assert await many[-1].due() == 300
    assert office.moments.passed.count("service") == BATCH
    assert await many[0].look(timedelta(0)) == 2


async def test_an_unknown_number_is_forgotten(office: Office) -> None:
    await office.raw.zadd(f"{{{WORKSPACE}}}:followed", {"4711": 0})
    await follow(office.desk, WORKSPACE)
    assert await office.raw.exists(f"{{{WORKSPACE}}}:followed") == 0


async def test_a_record_that_cannot_be_read_holds_up_nobody(office: Office, one: Followed) -> None:
    await office.raw.hset(f"{{{WORKSPACE}}}:request:4711", mapping={"version": 1, "body": b"{}"})
    await office.raw.zadd(f"{{{WORKSPACE}}}:followed", {"4711": 0})
    one.runs()
    await one.look()
    assert await one.news() == [[Kind.PAID, Kind.ACTIVE, Kind.COMPLETE]]


async def test_looking_again_does_not_bring_back_what_is_not_followed(office: Office) -> None:
    await office.store.look_again(WORKSPACE, RequestId(4711), utcnow())
    assert await office.raw.exists(f"{{{WORKSPACE}}}:followed") == 0


async def test_findings_and_who_else_was_told_are_read_back_whole(office: Office, one: Followed) -> None:
    findings = tuple(Finding(kind, 1, 2, "AS7018", "AS701 × 1") for kind in Kind)
    after = advance(one.request, life.Followed(utcnow(), order(), findings, (ADMIN,)))
    await office.store.move(one.request, after)
    assert await office.now(one.request) == after

"""Things that happen in the same moment: exactly one of them wins, and nothing else is touched."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis.asyncio as redis_asyncio
from freezegun import freeze_time
from msgspec.structs import replace
from pydantic import SecretStr
from saq import CronJob, Job

from bot.domain.errors import StaleError
from bot.domain.ids import DraftId, RequestId, UserId, WorkspaceId
from bot.domain.request import Happened, PurchaseRequest, State
from bot.jobs import LOOK_CRON, JobWorker, make_worker
from bot.queue import JobQueue, connect_queue
from bot.serve_worker import make_jobs
from bot.store import codec
from bot.usecases import decide
from bot.usecases.decide import Click, Result
from playground.workspace_cast import MONA
from tests.stories.journey import CHANNEL, TEAM, Journey, answered

ELSEWHERE = WorkspaceId("T0ELSEWHERE")


async def until_due(journey: Journey) -> PurchaseRequest:
    """The last request, as if it had been asked for so long ago that its time is up now."""
    request = await journey.request()
    earlier = replace(request, expires_at=request.created_at + timedelta(milliseconds=1))
    redis = journey.bot.store._redis
    await redis.hset(f"{{{TEAM}}}:request:{request.id}", "body", codec.dump_request(earlier))
    await redis.zadd(f"{{{TEAM}}}:deadline", {str(request.id): int(earlier.expires_at.timestamp() * 1000)})
    return earlier


async def test_t06_expiry_and_a_click_in_the_same_second_have_one_winner(journey: Journey) -> None:
    """Both find it due: whoever writes first closes it, and the click is told so."""
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await until_due(journey)
    _, clicked = await asyncio.gather(journey.sweep(), mona.clicks(card, "approve"))
    answered(clicked)
    await journey.private(mona, "Your click changed nothing.")
    await journey.card("Expired")
    history = await journey.history()
    assert (history.count(Happened.EXPIRED), history.count(Happened.APPROVED)) == (1, 0)
    assert journey.byteful.creates_received == 0


@pytest.mark.parametrize("first", ["expiry", "click"])
async def test_t06_whoever_was_faster_by_a_write_has_won(journey: Journey, first: str) -> None:
    """The click was made in time and the sweep believes it is late: the version in the store decides."""
    await journey.asks(journey.person("rita"))
    request = await journey.request()
    click = Click(TEAM, UserId(MONA), request.id, request.revision)
    if first == "click":
        assert (await decide.approve(journey.bot.desk, click)).result is Result.DONE
        with pytest.raises(StaleError):
            await decide.expire(journey.bot.desk, request)
        await journey.card("Ordered")
    else:
        await decide.expire(journey.bot.desk, request)
        assert (await decide.approve(journey.bot.desk, click)).result is Result.TOO_LATE
        await journey.card("Expired")
    assert journey.byteful.creates_received == int(first == "click")


async def test_t09_of_two_approved_requests_for_the_last_stock_one_is_bought(journey: Journey) -> None:
    rita, mona, max_ = journey.people("rita", "mona", "max")
    cards = [await journey.asks(rita, f"isp_us 2 for run {number}") for number in (1, 2)]
    journey.byteful.set_stock("isp_us", 2)
    answered(*await asyncio.gather(mona.clicks(cards[0], "approve"), max_.clicks(cards[1], "approve")))

    async def ended() -> list[PurchaseRequest] | None:
        found = [await journey.request(number) for number in journey.numbers]
        return found if {one.state for one in found} == {State.ORDERED, State.PENDING} else None

    found = await journey.until(ended, "one bought and one not")
    (left,) = [one for one in found if one.state is State.PENDING]
    await journey.card("nothing was bought", "fresh decision", "out of stock", number=left.id)
    await journey.direct(rita, f"#{left.id}", "nothing was bought", "out of stock")
    assert journey.byteful.creates_effective == 1
    journey.byteful.set_stock("isp_us", 1)
    await journey.bot.desk.provider.catalog(fresh=True)
    await rita.clicks(await journey.card("out of stock", number=left.id), "reorder")
    await journey.form(rita, "Only 1 in stock")


async def test_t10_d2_two_workers_that_sweep_at_once_have_one_effect(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.asks(rita)
    await until_due(journey)
    async with journey.replica() as other:
        await asyncio.gather(journey.sweep(), make_jobs(other).sweep({}), make_jobs(other).sweep({}))
    await journey.card("Expired")
    await journey.all_said()
    assert (await journey.history()).count(Happened.EXPIRED) == 1
    told = [one for one in await rita.dm() if "#1001" in one.text]
    assert len(told) == 1
    assert [line["what"] for line in await journey.audit()].count(Happened.EXPIRED) == 1


async def test_t10_each_cron_is_queued_once_a_period_for_all_workers(journey: Journey, redis_url: str) -> None:
    connections = [redis_asyncio.Redis.from_url(redis_url, protocol=2) for _ in range(2)]
    queues = [JobQueue(one, name="{apart}") for one in connections]
    workers = [make_worker(queue, make_jobs(journey.bot)) for queue in queues]
    for _ in range(3):
        for worker in workers:
            await worker.schedule(lock=1)
    assert await queues[0].count("incomplete") == len(workers[0].cron_jobs) > 0
    for one in connections:
        await one.aclose()


async def test_x8_two_replicas_that_ask_at_once_stay_below_what_the_account_allows(journey: Journey) -> None:
    selection = replace((await _asked(journey)).selection, quantity=1)
    async with journey.replica() as other:
        providers = (journey.bot.desk.provider, other.desk.provider)
        quotes = await asyncio.gather(*(providers[number % 2].quote(selection) for number in range(24)))
    assert {quote.total for quote in quotes} == {350}
    assert [line.endpoint for line in journey.byteful.log if line.status == 429] == []


async def test_x8_t64_a_purchase_waits_out_a_429_and_is_made(journey: Journey) -> None:
    card = await journey.asks(journey.person("rita"))
    for endpoint in ("checkout/quote", "service/search"):
        journey.byteful.faults.set("rate_limited", endpoint=endpoint, times=1, seconds=1, with_header=True)
    await journey.person("mona").clicks(card, "approve")
    await journey.card("Ordered")
    assert await journey.history() == [Happened.SUBMITTED, Happened.APPROVED, Happened.CLAIMED, Happened.ORDERED]
    refused = {line.endpoint for line in journey.byteful.log if line.status == 429}
    assert refused == {"checkout/quote", "service/search"}


async def test_x8_a_purchase_goes_through_while_the_whole_account_is_read(journey: Journey) -> None:
    card = await journey.asks(journey.person("rita"))
    body = {"product_code": "isp_us", "quantity": 2, "cycle_interval": "month", "cycle_interval_count": 1}
    model = journey.byteful.services[journey.byteful.buy_by_hand(body)["service_id"]]
    for number in range(2_000):
        name = f"API-{number:04}-0000"
        journey.byteful.services[name] = {**model, "service_id": name}
    asked = journey.byteful.requests_received
    reading = asyncio.create_task(make_jobs(journey.bot).snapshot({}))
    await journey.until_asked(asked + 2)
    await journey.person("mona").clicks(card, "approve")
    await journey.in_state(State.ORDERED)
    assert not reading.done(), "the account is still being read"
    reading.cancel()
    await asyncio.wait([reading])
    assert [line.endpoint for line in journey.byteful.log if line.status == 429] == []


async def _asked(journey: Journey) -> PurchaseRequest:
    await journey.asks(journey.person("rita"))
    return await journey.request()


async def test_a_cron_has_each_of_its_turns(redis_url: str) -> None:
    redis, ran = connect_queue(SecretStr(redis_url)), list[datetime]()

    async def look(_context: dict[str, Any]) -> None:
        ran.append(datetime.now(UTC))

    queue = JobQueue(redis, name="{turns}")
    worker = JobWorker(queue, functions=[], cron_jobs=[CronJob(look, cron=LOOK_CRON)], concurrency=1)
    with freeze_time("2026-07-24 10:00:00.5", real_asyncio=True) as clock:
        for _ in range(60):
            await redis.delete(queue._schedule)  # which keeps other workers away for a second of the server's clock
            await worker.schedule()
            if await queue.count("queued"):
                await worker.process()
            clock.tick(1)
    await redis.aclose()
    assert [moment.second for moment in ran] == list(range(5, 60, 5))


async def test_a_worker_waits_for_work_without_giving_up_its_connection(journey: Journey, redis_url: str) -> None:
    redis = connect_queue(SecretStr(redis_url))
    worker = make_worker(JobQueue(redis, name="{apart}"), make_jobs(journey.bot))
    patience_s = redis.connection_pool.make_connection().socket_timeout  # type: ignore[no-untyped-call]
    await redis.aclose()
    assert 0 < worker.dequeue_timeout < patience_s


async def test_a_worker_stops_at_once_although_its_wait_for_work_swallows_the_first_cancellation(
    redis_url: str,
) -> None:
    redis, waits, swallowed = connect_queue(SecretStr(redis_url)), asyncio.Event(), asyncio.Event()

    class Deaf(JobQueue):
        async def dequeue(self, *patience: float, **named: float) -> Job | None:
            waits.set()
            try:
                return await super().dequeue(*patience, **named)
            except asyncio.CancelledError:
                if swallowed.is_set():
                    raise
                swallowed.set()
                return await super().dequeue(*patience, **named)

    worker = JobWorker(Deaf(redis, name="{deaf}"), functions=[("note", print)], concurrency=1)
    working = asyncio.create_task(worker.start())
    async with asyncio.timeout(worker.dequeue_timeout - 5):
        await waits.wait()
        await worker.stop()
        await working
    await redis.aclose()
    assert swallowed.is_set()


async def test_t13_approving_one_card_leaves_another_that_is_drawn_meanwhile_alone(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    first, second = [await journey.asks(rita, f"isp_us 2 for run {number}") for number in (1, 2)]
    answered(*await asyncio.gather(mona.clicks(first, "approve"), rita.clicks(second, "withdraw")))
    await journey.card("Ordered", "run 1", number=1001)
    await journey.card("Withdrawn by @rita", "run 2", number=1002)
    await journey.all_said()
    seen = await rita.messages(CHANNEL)
    assert [one.text.split(" ", 1)[0] for one in seen if one.text.startswith("#")] == ["#1001", "#1002"]
    assert await journey.history() == [Happened.SUBMITTED, Happened.WITHDRAWN]
    assert journey.byteful.creates_received == 1


async def test_t32_the_same_number_in_two_workspaces_is_two_requests(journey: Journey) -> None:
    """A person with the same id and the right role there has no say here."""
    await journey.asks(journey.person("rita"))
    ours = await journey.request()
    click = Click(ELSEWHERE, UserId(MONA), ours.id, ours.revision)
    assert (await decide.approve(journey.bot.desk, click)).result is Result.MISSING
    theirs = replace(ours, workspace=ELSEWHERE, id=RequestId(0))
    there = (await journey.bot.store.submit(DraftId("elsewhere"), theirs)).request
    assert there.id == ours.id
    assert (await decide.withdraw(journey.bot.desk, replace(click, user=ours.requester))).result is Result.DONE
    assert (await journey.request()).state is State.PENDING


async def test_t32_t31_a_button_of_another_workspaces_request_finds_nothing_here(journey: Journey) -> None:
    body = journey.click_of("mona", "approve", "1001:1").replace(TEAM, ELSEWHERE)
    await journey.asks(journey.person("rita"))
    answered(await journey.slack.deliver_raw(body))
    await journey.private(journey.person("mona"), "There is no such request here")
    assert (await journey.request()).state is State.PENDING


@pytest.mark.parametrize("policy", ["price_tolerance: {percent: 1}"], indirect=True)
@pytest.mark.parametrize(
    ("cents", "words", "creates"),
    [
        (950, ("Ordered", "The price went down"), 1),
        (1_005, ("Ordered", "within what the policy allows", "The price went up"), 1),
        (1_050, ("fresh decision", "The price went up"), 0),
    ],
)
async def test_n1_what_is_bought_is_what_was_approved(
    journey: Journey, cents: int, words: tuple[str, ...], creates: int
) -> None:
    """Five percent less, half a percent more, five percent more: three outcomes."""
    journey.byteful.set_credit(0)
    journey.byteful.set_price("isp_us", 1_000)
    card = await journey.asks(journey.person("rita"))
    journey.byteful.set_price("isp_us", cents)
    answered(await journey.person("mona").clicks(card, "approve"))
    await journey.card(*words)
    assert journey.byteful.creates_received == creates

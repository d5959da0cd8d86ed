"""One pace for every process: under ten requests in any second, purchases first, and kept without the store too."""

import asyncio
import heapq
import random
from collections.abc import AsyncIterator
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis.asyncio as redis_asyncio
from pydantic import SecretStr

from bot.ports import Urgency
from bot.store import pacer as pacer_module
from bot.store.pacer import ARRIVAL_MS, SHARES, WINDOW_MS, WINDOW_REQUESTS, SharedPacer
from bot.store.redis import connect

START = 1_800_000_000.0
READ_REQUESTS = SHARES[Urgency.PERSON]
LIMIT = 10
"""The account's requests a second (Byteful docs)."""
_slept: ContextVar[float] = ContextVar("_slept", default=0.0)


class Clock:
    """Time as each caller feels it: nobody waits, everybody's waiting is counted."""

    def __init__(self) -> None:
        self.sleeping = 0
        self.most_sleeping = 0

    async def sleep(self, seconds: float) -> None:
        self.sleeping += 1
        self.most_sleeping = max(self.most_sleeping, self.sleeping)
        await asyncio.sleep(0)
        _slept.set(_slept.get() + seconds)
        self.sleeping -= 1


def felt_ms() -> int:
    return int((START + _slept.get()) * 1000)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    kept = {"Lock": asyncio.Lock, "create_task": asyncio.create_task, "Task": asyncio.Task}
    monkeypatch.setattr(pacer_module, "asyncio", SimpleNamespace(sleep=clock.sleep, **kept))
    return clock


@pytest.fixture
async def two(raw: redis_asyncio.Redis, server: SecretStr) -> AsyncIterator[list[SharedPacer]]:
    """The pacers of two processes."""
    other = connect(server)
    yield [SharedPacer(raw, "byteful", felt_ms), SharedPacer(other, "byteful", felt_ms)]
    await other.aclose()


async def leaves_at(pacer: SharedPacer, urgency: Urgency = Urgency.PERSON) -> float:
    """How many seconds after START a request that comes now may leave. It is answered at once."""

    async def one() -> float:
        _slept.set(0.0)
        answered = await pacer(urgency)
        answered()
        await asyncio.gather(*pacer._noting)
        return _slept.get()

    return await asyncio.create_task(one())


def most_in_a_second(left: list[float]) -> int:
    return max(sum(start <= one < start + 1 for one in left) for start in left)


@pytest.mark.parametrize(("seed", "within_s"), [*((seed, 8) for seed in range(5)), (5, 0)])
async def test_x8_however_late_requests_of_two_processes_arrive_the_account_counts_fewer_than_ten_in_any_second(
    seed: int, within_s: int, raw: redis_asyncio.Redis, server: SecretStr
) -> None:
    """Time is made up. A request may be held up on its way for long, and its answer as well; some get none."""
    chance, now = random.Random(seed), START
    other = connect(server)
    two = [SharedPacer(client, "byteful", lambda: int(now * 1000)) for client in (raw, other)]
    kinds = [*[Urgency.PERSON] * 10, Urgency.BACKGROUND, Urgency.PURCHASE, Urgency.PURCHASE, Urgency.CHECKOUT]
    urgencies = [chance.choice(kinds) for _ in range(90)]
    events = [(START + chance.random() * within_s, number, "asks") for number in range(90)]
    heapq.heapify(events)
    arrived: list[float] = []
    while events:
        now, number, what = heapq.heappop(events)
        pacer = two[number % 2]
        if what == "answered":
            await pacer._note_answer(f"token {number}")
        elif wait_s := await pacer._ask(urgencies[number], f"token {number}"):
            heapq.heappush(events, (now + wait_s, number, "asks"))
        else:
            arrived.append(now + chance.random() * chance.choice([0.01, 0.1, 1.5]))
            if chance.random() < 0.95:
                heapq.heappush(events, (arrived[-1] + chance.random(), number, "answered"))
    await other.aclose()
    assert len(arrived) == 90
    assert most_in_a_second(arrived) < LIMIT


async def test_an_idle_account_answers_at_once(two: list[SharedPacer], clock: Clock) -> None:
    assert [await leaves_at(two[number % 2]) for number in range(READ_REQUESTS)] == [0] * READ_REQUESTS


async def test_t138_what_nobody_waits_for_leaves_its_place_to_everything_else(
    two: list[SharedPacer], clock: Clock, raw: redis_asyncio.Redis
) -> None:
    background = SHARES[Urgency.BACKGROUND]
    left = [await leaves_at(two[1], Urgency.BACKGROUND) for _ in range(background)]
    assert left == [0] * background
    reads = [await leaves_at(two[0]) for _ in range(READ_REQUESTS - background)]
    purchases = [await leaves_at(two[1], Urgency.CHECKOUT) for _ in range(WINDOW_REQUESTS - READ_REQUESTS)]
    assert {*reads, *purchases} == {0}, "in the same window"
    assert await leaves_at(two[1], Urgency.BACKGROUND) > 0


async def test_x8_what_a_purchase_needs_goes_before_the_reads_that_wait(two: list[SharedPacer], clock: Clock) -> None:
    for _ in range(READ_REQUESTS):
        await leaves_at(two[0])
    left = [await leaves_at(two[1], urgency) for urgency in (Urgency.PURCHASE, Urgency.PURCHASE, Urgency.CHECKOUT)]
    assert left == [0] * 3
    assert await leaves_at(two[0]) > 0


async def test_x8_no_question_takes_the_last_place_of_a_checkout(two: list[SharedPacer], clock: Clock) -> None:
    for _ in range(SHARES[Urgency.PURCHASE]):
        assert await leaves_at(two[0], Urgency.PURCHASE) == 0
    assert await leaves_at(two[1], Urgency.CHECKOUT) == 0
    assert await leaves_at(two[1], Urgency.CHECKOUT) > 0


async def test_x8_a_request_counts_until_its_answer_and_one_without_an_answer_not_for_ever(
    two: list[SharedPacer], clock: Clock
) -> None:
    for _ in range(SHARES[Urgency.BACKGROUND]):
        await two[0](Urgency.BACKGROUND)
    waited = await leaves_at(two[1], Urgency.BACKGROUND)
    assert (ARRIVAL_MS + WINDOW_MS) / 1000 <= waited < (ARRIVAL_MS + WINDOW_MS) / 1000 + 0.2


async def test_accounts_have_their_own_pace(raw: redis_asyncio.Redis, clock: Clock) -> None:
    for _ in range(WINDOW_REQUESTS):
        await leaves_at(SharedPacer(raw, "one", felt_ms), Urgency.CHECKOUT)
    assert await leaves_at(SharedPacer(raw, "one", felt_ms)) > 0
    assert await leaves_at(SharedPacer(raw, "other", felt_ms)) == 0


async def test_t117_a_clock_that_jumped_back_locks_nobody_out(
    two: list[SharedPacer], clock: Clock, raw: redis_asyncio.Redis
) -> None:
    later = {f"token {number}": int((START + 3_600) * 1000) for number in range(WINDOW_REQUESTS)}
    for key in ("{byteful}:pace:asked", "{byteful}:pace:answered"):
        await raw.zadd(key, later)
    assert await leaves_at(two[0]) == 0
    assert 0 < await raw.pttl("{byteful}:pace:answered") <= 120_000


async def test_x8_machines_whose_clocks_differ_keep_one_pace(
    raw: redis_asyncio.Redis, server: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's clock counts: one machine is an hour ahead, the other a year behind."""
    other = connect(server)
    ahead, behind = SharedPacer(raw, "byteful"), SharedPacer(other, "byteful")
    waits: list[float] = []
    for number in range(2 * WINDOW_REQUESTS):
        monkeypatch.setattr("time.time", lambda: START + 3_600 if number % 2 else START - 31_536_000)  # noqa: B023
        waits.append(await (ahead if number % 2 else behind)._ask(Urgency.CHECKOUT, f"token {number}"))
    await other.aclose()
    assert waits[:WINDOW_REQUESTS] == [0] * WINDOW_REQUESTS
    assert all(0 < wait <= WINDOW_MS / 1000 for wait in waits[WINDOW_REQUESTS:])


async def test_without_the_store_a_process_keeps_the_pace_alone(tmp_path: Path, clock: Clock) -> None:
    client = connect(SecretStr(f"unix://{tmp_path}/nobody"))
    alone = SharedPacer(client, "byteful")
    left = await asyncio.gather(
        *(leaves_at(alone, Urgency.PERSON if number else Urgency.CHECKOUT) for number in range(5))
    )
    assert left == [WINDOW_MS / WINDOW_REQUESTS / 1000] * 5
    assert clock.most_sleeping == 1, "they waited at the same time, so they would leave together"
    await client.aclose()

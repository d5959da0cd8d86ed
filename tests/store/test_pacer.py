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
from bot.store.pacer import SHARES, WINDOW_MS, WINDOW_REQUESTS, SharedPacer
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
    monkeypatch.setattr(pacer_module, "asyncio", SimpleNamespace(sleep=clock.sleep, Lock=asyncio.Lock))
    return clock


@pytest.fixture
async def two(raw: redis_asyncio.Redis, server: SecretStr) -> AsyncIterator[list[SharedPacer]]:
    """The pacers of two processes."""
    other = connect(server)
    yield [SharedPacer(raw, "byteful", felt_ms), SharedPacer(other, "byteful", felt_ms)]
    await other.aclose()


async def leaves_at(pacer: SharedPacer, urgency: Urgency = Urgency.PERSON) -> float:
    """How many seconds after START a request that comes now may leave."""

    async def one() -> float:
        _slept.set(0.0)
        await pacer(urgency)
        return _slept.get()

    return await asyncio.create_task(one())


def most_in_a_second(left: list[float]) -> int:
    return max(sum(start <= one < start + 1 for one in left) for start in left)


async def test_x8_two_processes_together_stay_under_ten_in_any_second(two: list[SharedPacer], clock: Clock) -> None:
    asked = [leaves_at(two[number % 2], Urgency.PERSON if number % 7 else Urgency.CHECKOUT) for number in range(40)]
    assert most_in_a_second(await asyncio.gather(*asked)) < LIMIT


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_comes_and_when_fewer_than_ten_leave_in_any_second(
    seed: int, raw: redis_asyncio.Redis, server: SecretStr
) -> None:
    """Time is made up: each caller asks at its moment, and again when it was told to."""
    chance, now = random.Random(seed), START
    other = connect(server)
    two = [SharedPacer(client, "byteful", lambda: int(now * 1000)) for client in (raw, other)]
    kinds = [*[Urgency.PERSON] * 10, Urgency.BACKGROUND, Urgency.PURCHASE, Urgency.PURCHASE, Urgency.CHECKOUT]
    waiting = [(START + chance.random() * 8, number, chance.choice(kinds)) for number in range(90)]
    heapq.heapify(waiting)
    left: list[float] = []
    while waiting:
        now, number, urgency = heapq.heappop(waiting)
        is_reserved, wait_s = await two[number % 2]._ask(urgency)
        if is_reserved:
            left.append(now + wait_s)
        else:
            heapq.heappush(waiting, (now + wait_s, number, urgency))
    await other.aclose()
    assert len(left) == 90
    assert most_in_a_second(left) < LIMIT


async def test_an_idle_account_answers_at_once(two: list[SharedPacer], clock: Clock) -> None:
    assert [await leaves_at(two[number % 2]) for number in range(READ_REQUESTS)] == [0] * READ_REQUESTS


async def test_x8_a_purchase_goes_before_the_reads_that_wait(two: list[SharedPacer], clock: Clock) -> None:
    for _ in range(READ_REQUESTS):
        await leaves_at(two[0])
    assert await leaves_at(two[0]) > 0
    assert await leaves_at(two[1], Urgency.CHECKOUT) == 0


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


async def test_purchases_get_their_place_at_once_however_many_there_are(two: list[SharedPacer], clock: Clock) -> None:
    left = [await leaves_at(two[number % 2], Urgency.CHECKOUT) for number in range(2 * WINDOW_REQUESTS)]
    assert left == [0] * WINDOW_REQUESTS + [WINDOW_MS / 1000] * WINDOW_REQUESTS


async def test_x8_what_a_purchase_needs_goes_before_the_reads_that_wait(two: list[SharedPacer], clock: Clock) -> None:
    for _ in range(READ_REQUESTS):
        await leaves_at(two[0])
    left = [await leaves_at(two[1], urgency) for urgency in (Urgency.PURCHASE, Urgency.PURCHASE, Urgency.CHECKOUT)]
    assert left == [0] * 3


async def test_accounts_have_their_own_pace(raw: redis_asyncio.Redis, clock: Clock) -> None:
    for _ in range(WINDOW_REQUESTS):
        await leaves_at(SharedPacer(raw, "one", felt_ms), Urgency.CHECKOUT)
    assert await leaves_at(SharedPacer(raw, "one", felt_ms)) > 0
    assert await leaves_at(SharedPacer(raw, "other", felt_ms)) == 0


async def test_t117_a_clock_that_jumped_back_locks_nobody_out(
    two: list[SharedPacer], clock: Clock, raw: redis_asyncio.Redis
) -> None:
    await raw.rpush("{byteful}:pace", *[int((START + 3_600) * 1000)] * WINDOW_REQUESTS)
    assert await leaves_at(two[0]) == 0
    assert 0 < await raw.pttl("{byteful}:pace") <= 120_000


async def test_x8_machines_whose_clocks_differ_keep_one_pace(
    raw: redis_asyncio.Redis, server: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's clock counts: one machine is an hour ahead, the other a year behind."""
    other = connect(server)
    ahead, behind = SharedPacer(raw, "byteful"), SharedPacer(other, "byteful")
    waits: list[float] = []
    for number in range(2 * WINDOW_REQUESTS):
        monkeypatch.setattr("time.time", lambda: START + 3_600 if number % 2 else START - 31_536_000)  # noqa: B023
        is_reserved, wait_s = await (ahead if number % 2 else behind)._ask(Urgency.CHECKOUT)
        assert is_reserved
        waits.append(wait_s)
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

"""Two web and two worker processes on one store: together they do everything once, whoever of them is killed."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
import redis.asyncio as redis_asyncio
from pydantic import SecretStr
from saq.types import Context

from bot.jobs import JobWorker
from bot.queue import QUEUE, JobQueue, connect_queue
from bot.store.embedded import private_valkey
from bot.store.line import SharedClient
from bot.store.redis import connect
from playground import invariants
from playground.provider import ProviderWorld
from playground.replicas import Replicas
from playground.serving import HOST
from playground.slack_seen import SeenMessage
from playground.soak import SERVICE
from playground.stage import Worlds, program, until_ready, worlds
from tests.processes.test_bot import CHANNEL, WORKSPACE

PATIENCE_S = 120.0
T = TypeVar("T")


@dataclass
class Crew:
    """Both worlds, four processes of the bot, and the store they share."""

    around: Worlds
    replicas: Replicas
    redis: SharedClient

    async def card(self, *words: str, number: int = 1001) -> SeenMessage:
        async def newest() -> SeenMessage | None:
            cards = [one for one in await self.cards() if one.text.startswith(f"#{number} ")]
            return cards[-1] if cards and all(word in cards[-1].text for word in words) else None

        return await self.until(newest, f"a card with {words}")

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        """A message whose sender was killed is somebody else's after half a minute only."""
        return await self.around.slack.until(look, within=PATIENCE_S, what=what)

    async def cards(self) -> list[SeenMessage]:
        seen = await self.around.slack.person("rita").messages(CHANNEL)
        return [one for one in seen if one.text.startswith("#") and not one.is_ephemeral]

    async def asks(self, number: int = 1001) -> SeenMessage:
        await self.around.slack.person("rita").clicks(await self.preview(f"run {number}"), "send_draft")
        return await self.card("Waiting for approval", number=number)

    async def preview(self, words: str) -> SeenMessage:
        rita = self.around.slack.person("rita")
        await rita.types(f"/proxy buy isp_us 2 for {words}", channel=CHANNEL)

        async def shown() -> SeenMessage | None:
            found = [one for one in await rita.ephemerals(CHANNEL) if one.has_button("send_draft")]
            return next((one for one in reversed(found) if words in one.text), None)

        return await self.until(shown, f"a preview of {words}")

    async def all_in_order(self) -> None:
        """Bought once, one card that says so, and books that agree."""
        await self.card("Ordered")

        async with asyncio.timeout(PATIENCE_S):
            while await self.redis.zcard(f"{{{WORKSPACE}}}:outbox"):  # noqa: ASYNC110 - a store sets no event of ours
                await asyncio.sleep(0.1)
        assert self.around.provider.creates_received == 1
        assert [card.text.split(" ", 1)[0] for card in await self.cards()] == ["#1001"]
        lines = self.around.provider.state()["statement"]
        charged = sum(line["cents"] for line in lines if (line["kind"], line["purpose"]) == SERVICE)
        assert await invariants.broken(self.redis, WORKSPACE, charged) == []


@pytest.fixture
async def crew(tmp_path: Path) -> AsyncIterator[Crew]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(private_valkey(tmp_path / "store"))
        client = connect(url)
        stack.push_async_callback(client.aclose)
        around = await stack.enter_async_context(worlds(tmp_path / "data", redis_url=url.get_secret_value()))
        around.provider.faults.set("not_found", endpoint="country/search")  # the tables of places are not needed here
        replicas = await stack.enter_async_context(Replicas(around.environment, around.workspace, count=2))
        yield Crew(around, replicas, client)


async def test_t01_t02_d2_clicks_dealt_to_two_web_processes_count_once(crew: Crew) -> None:
    card = await crew.asks()
    mona, max_ = crew.around.slack.person("mona"), crew.around.slack.person("max")
    outcomes = await asyncio.gather(*(who.clicks(card, "approve") for who in (mona, max_, mona, max_)))
    assert all(outcome.acked for outcome in outcomes)
    await crew.all_in_order()

    async def told() -> list[int] | None:
        found = [len(await who.ephemerals(CHANNEL)) for who in (mona, max_)]
        return found if sum(found) >= len(outcomes) else None

    assert await crew.until(told, "an answer to each click") == [2, 2]


async def test_t110_x6_both_workers_killed_while_one_buys_buy_nothing_twice(crew: Crew) -> None:
    fault = crew.around.provider.faults.set("timeout_after_charge", endpoint="checkout/create", times=1, seconds=60)
    card = await crew.asks()
    assert (await crew.around.slack.person("mona").clicks(card, "approve")).acked
    await asyncio.wait_for(fault.reached.wait(), PATIENCE_S)
    for worker in crew.replicas.workers:
        worker.kill()
    fault.released.set()
    await crew.all_in_order()
    assert crew.replicas.deaths >= 2


async def test_t87_x6_a_click_that_was_answered_survives_the_death_of_every_process(crew: Crew) -> None:
    card = await crew.asks()
    assert (await crew.around.slack.person("mona").clicks(card, "approve")).acked
    for replica in (*crew.replicas.webs, *crew.replicas.workers):
        replica.kill()
    await crew.all_in_order()


async def test_t122_a_worker_told_to_stop_in_the_middle_of_a_checkout_records_it_first(tmp_path: Path) -> None:
    """The provider takes its time; the worker waits for it within the grace time and only then ends."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(private_valkey(tmp_path / "store"))
        around = await stack.enter_async_context(worlds(tmp_path / "data", redis_url=url.get_secret_value()))
        around.provider.faults.set("not_found", endpoint="country/search")
        client = connect(url)
        stack.push_async_callback(client.aclose)
        web = await stack.enter_async_context(program(around.environment, "web"))
        await until_ready(f"http://{HOST}:{around.environment['PORT']}", web)
        worker = await stack.enter_async_context(program(around.environment, "worker"))
        crew = Crew(around, Replicas(around.environment, around.workspace, 0), client)
        slow = around.provider.faults.set("slow", endpoint="checkout/create", times=1, seconds=60)
        card = await crew.asks()
        await around.slack.person("mona").clicks(card, "approve")
        await asyncio.wait_for(slow.reached.wait(), PATIENCE_S)
        worker.send_signal(signal.SIGTERM)
        slow.released.set()
        assert await asyncio.wait_for(worker.wait(), PATIENCE_S) == 0
        assert await client.zscore(f"{{{WORKSPACE}}}:state:ordered", 1001) is not None
        async with program(around.environment, "worker"):
            await crew.all_in_order()


async def test_x8_purchases_questions_and_snapshots_at_once_draw_no_refusal(crew: Crew) -> None:
    """The account counts for itself, and refuses what is more than ten requests in any second, whoever sends them."""
    provider, numbers, lines = crew.around.provider, (1001, 1002, 1003), [f"question {number}" for number in range(8)]
    _fill(provider, 600)
    provider.set_credit(0)  # so that how the later ones are paid does not change with the first
    cards = [await crew.asks(number) for number in numbers]
    async with connect_queue(SecretStr(crew.around.environment["REDIS_URL"])) as redis:
        queue = JobQueue(redis, name=QUEUE)
        for key in ("one", "two"):
            await queue.enqueue("Jobs.snapshot", key=key, timeout=60)
        mona = crew.around.slack.person("mona")
        clicks = asyncio.gather(*(mona.clicks(card, "approve") for card in cards))
        await asyncio.gather(clicks, *(crew.preview(line) for line in lines))
    for number in numbers:
        await crew.card("Ordered", number=number)
    asked = Counter(line.endpoint for line in provider.log)
    assert (asked["checkout/create"], asked["service/search"] > 6) == (3, True), "the account is being read meanwhile"
    assert [line.endpoint for line in provider.log if line.status == 429] == []


def _fill(provider: ProviderWorld, count: int) -> None:
    """So many services, so that reading the account is many requests."""
    body = {"product_code": "isp_us", "quantity": 2, "cycle_interval": "month", "cycle_interval_count": 1}
    model = dict(provider.services[provider.buy_by_hand(body)["service_id"]])
    for number in range(count):
        name = f"API-9{number:03}-0000"
        provider.services[name] = {**model, "service_id": name, "service_metadata": {}}


@pytest.mark.parametrize("is_running", [True, False])
async def test_jobs_survive_a_restart_of_the_store(tmp_path: Path, is_running: bool) -> None:
    """Queued before the server dies, and done after it is back, by a worker from before or by a new one."""
    done = asyncio.Event()

    async def note(_context: Context, *, word: str) -> None:
        assert word == "kept"
        done.set()

    async with private_valkey(tmp_path) as url, redis_asyncio.from_url(url.get_secret_value(), protocol=2) as redis:
        queue = JobQueue(redis, name="{jobs}")
        worker = JobWorker(queue, functions=[("note", note)], concurrency=1)
        working = asyncio.create_task(worker.start()) if is_running else None
        due = int(time.time()) + 2 if is_running else 0
        await queue.enqueue("note", key="one", word="kept", scheduled=due)
        pid = (await redis.info("server"))["process_id"]
        os.kill(pid, signal.SIGKILL)
        working = working or asyncio.create_task(worker.start())
        await asyncio.wait_for(done.wait(), PATIENCE_S)
        await worker.stop()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

"""The queue under the jobs: what is only just taken is not lost, and what is lost is handed out anew."""

import redis.asyncio as redis_asyncio
from saq import Status
from saq.utils import now

from bot.queue import JobQueue


async def test_t10_a_job_that_was_only_just_taken_is_left_to_its_worker(redis_url: str) -> None:
    """Between taking a job and saying whose it is there is a moment, in which the round for lost jobs may come by."""
    async with redis_asyncio.Redis.from_url(redis_url, protocol=2) as redis:
        queue = JobQueue(redis, name="{taken}")
        await queue.enqueue("step", key="one", retries=3)
        job = await queue.dequeue(timeout=1)
        assert job is not None
        assert await _round(queue) == []
        await job.update(status=Status.ACTIVE, started=now())
        assert await _round(queue) == []
        assert (await queue.count("active"), await queue.count("queued")) == (1, 0)


async def test_t10_a_job_whose_worker_died_before_it_said_so_is_handed_out_anew(redis_url: str) -> None:
    async with redis_asyncio.Redis.from_url(redis_url, protocol=2) as redis:
        queue = JobQueue(redis, name="{died}")
        await queue.enqueue("step", key="one", retries=3)
        taken = await queue.dequeue(timeout=1)
        assert taken is not None
        assert await _round(queue) == []
        assert await _round(queue) == [taken.id]
        assert (await queue.count("active"), await queue.count("queued")) == (0, 1)


async def _round(queue: JobQueue) -> list[str]:
    """One round for lost jobs, without the pause between two."""
    await queue.redis.delete(queue._sweep)
    return await queue.sweep(lock=1, abort=0.01)

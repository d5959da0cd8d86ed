"""The queue under the jobs: what is only just taken is not lost, and what is lost is handed out anew."""

import asyncio

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
        await job.update()  # the first sign of life, which comes behind the name
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


async def test_t10_a_step_that_ends_at_once_is_not_marked_after_its_end(redis_url: str) -> None:
    """Its worker's name is written on it while it runs, and a late one would stand there for ever."""
    async with redis_asyncio.Redis.from_url(redis_url, protocol=2) as redis:
        queue = JobQueue(redis, name="{quick}")
        await queue.enqueue("step", key="one", retries=3, ttl=60)
        job = await queue.dequeue(timeout=1)
        assert job is not None
        before = asyncio.all_tasks()
        await job.update(status=Status.ACTIVE, started=now())
        marking = asyncio.all_tasks() - before
        await job.finish(Status.COMPLETE)
        await asyncio.gather(*marking)
        ended = await queue.job(job.key)
        assert ended is not None
        assert ended.status is Status.COMPLETE
        assert (await queue.count("active"), await queue.count("queued")) == (0, 0)


async def test_t10_a_job_that_may_run_once_only_is_marked_before_it_begins(redis_url: str) -> None:
    async with redis_asyncio.Redis.from_url(redis_url, protocol=2) as redis:
        queue = JobQueue(redis, name="{errand}")
        await queue.enqueue("errand", key="one", retries=3)
        job = await queue.dequeue(timeout=1)
        assert job is not None
        await job.update(status=Status.ACTIVE, started=now())
        begun = await queue.job(job.key)
        assert begun is not None
        assert begun.status is Status.ACTIVE


async def _round(queue: JobQueue) -> list[str]:
    """One round for lost jobs, without the pause between two."""
    await queue.redis.delete(queue._sweep)
    return await queue.sweep(lock=1, abort=0.01)

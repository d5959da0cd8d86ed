"""The queue between the parts: clicks put work into it, workers take it out.

A job only nudges. What happens is decided by the state in the store, so a job lost or run twice changes nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import msgspec
import structlog
from msgspec.structs import asdict
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError
from saq import Job, Queue, Status
from saq.queue.redis import PubSubMultiplexer, RedisQueue

from bot.domain.request import PurchaseRequest
from bot.ports import Errand
from bot.store.line import SharedClient

QUEUE = "{proxydesk}"
"""In braces, so that all its keys are in one slot of a cluster."""
STEP = "step"
STEP_TIMEOUT_S = 240
"""Longer than a shift at the line and the slowest checkout with all the patience its recording has."""
STEP_TRIES = 3
HEARTBEAT_S = 3
"""A job without a sign of life for this long has lost its worker."""
BEAT_EVERY_S = 1.0
FAREWELL_S = 1.0
"""How long such a job's worker may say that it lives after all and gives the job up."""
ERRAND_TIMEOUT_S = 60
LISTEN_S = 20
"""How long a worker waits for a job before it asks again."""
READ_TIMEOUT_S = 25
"""Longer than that. redis-py's own five seconds would end each wait by giving up its connection, and perhaps the job
that is just being handed out on it.
"""
NEWS_AGAIN_S = 1.0
WAITS = frozenset({"BLMOVE", "BRPOPLPUSH"})
"""What saq waits for a job by, on newer and on older servers. On a shared connection all others would wait behind."""

TAKEN_JOBS = """
if not redis.call('SET', KEYS[1], 1, 'NX', 'EX', ARGV[1]) then
  return {}
end
local taken = {}
for place, id in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  taken[place] = {id, redis.call('GET', id)}
end
return taken
"""
"""One process at a time: KEYS[1] its mark, for ARGV[1] seconds. Then all of the list KEYS[2], each with what it is."""

_log = structlog.get_logger()


class WaitingClient(SharedClient):
    """A client that may wait for jobs, on a connection of its own."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] in WAITS:
            return await Redis.execute_command(self, *args, **options)  # type: ignore[no-untyped-call]
        return await super().execute_command(*args, **options)


def connect_queue(url: SecretStr) -> Redis:
    """For a worker. Its connections have a patience of their own."""
    return WaitingClient.from_url(
        url.get_secret_value(), protocol=2, health_check_interval=30, socket_timeout=READ_TIMEOUT_S
    )


class JobNews(PubSubMultiplexer):
    """What saq hears of its jobs. Its own listener asks a store that is away again at once and without end, so that
    nothing else in the process gets its turn any more.
    """

    async def _start(self) -> None:
        while True:
            try:
                await self.pubsub.psubscribe(f"{self.prefix}*")
                while True:
                    self._pass_on(await self.pubsub.get_message(timeout=None))
            except (RedisError, OSError) as error:
                _log.warning("job_news_lost", error=type(error).__name__)
                await asyncio.sleep(NEWS_AGAIN_S)

    def _pass_on(self, message: Any) -> None:
        if message and message["type"] == "pmessage":
            channel = message["channel"].decode()
            self.publish(channel, {**message, "channel": channel})


class JobQueue(RedisQueue):
    """saq's queue with a listener that can wait, and all its keys in one slot of a cluster.

    A job that was just taken from the queue looks like a lost one until its worker has written its name on it. saq
    would hold it back for five seconds and hand it out anew; here it is lost when nobody has by the next round.
    """

    def __init__(self, redis: Redis, name: str) -> None:
        super().__init__(redis, name=name, dump=msgspec.json.encode, load=msgspec.json.decode)
        self._pubsub = JobNews(redis.pubsub(), prefix=self._pubsub.prefix)
        self._taken_jobs = redis.register_script(TAKEN_JOBS)
        self._cleanup_script = cast(Any, self._perhaps_lost)
        self._nobodys: set[bytes] = set()
        self._marking: dict[str, asyncio.Task[None]] = {}

    async def _perhaps_lost(self, **given: Any) -> list[tuple[bytes, bytes | None]]:
        """In place of saq's own list of what was taken, from which it sorts out what is lost."""
        taken: list[tuple[bytes, bytes | None]] = await self._taken_jobs(**given)
        before, self._nobodys = self._nobodys, {job_id for job_id, raw in taken if self._is_nobodys(raw)}
        return [one for one in taken if one[0] not in self._nobodys - before]

    def _is_nobodys(self, raw: bytes | None) -> bool:
        job = self.deserialize(raw)
        return job is not None and job.status in (Status.NEW, Status.QUEUED)

    async def sweep(self, lock: int = 1, abort: float = FAREWELL_S) -> list[str]:
        """saq itself waits five seconds for the word of a worker that is gone."""
        return await super().sweep(lock, abort)

    async def _update(self, job: Job, status: Status | None = None, **kwargs: Any) -> None:
        """A step is begun while its worker's name is being written on it: somebody waits for it, and running it twice
        changes nothing.
        """
        if status is Status.ACTIVE and job.function == STEP:
            self._marking[job.id] = asyncio.create_task(self._mark(job))
        else:
            await self._marked(job)
            await super()._update(job, status, **kwargs)

    async def _retry(self, job: Job, error: str | None) -> None:
        await self._marked(job)
        await super()._retry(job, error)

    async def _finish(self, job: Job, status: Status, *, result: Any = None, error: str | None = None) -> None:
        await self._marked(job)
        await super()._finish(job, status, result=result, error=error)

    async def _mark(self, job: Job) -> None:
        try:
            await super()._update(job, Status.ACTIVE)
        except (RedisError, OSError) as error:
            _log.warning("job_not_marked", job=job.key, error=type(error).__name__)

    async def _marked(self, job: Job) -> None:
        """A late mark would stand on what is over for ever."""
        if marking := self._marking.pop(job.id, None):
            await marking

    async def _enqueue(self, job: Job) -> Job | None:
        if not job.key.startswith(self.name):  # saq makes one of a job's keys from this alone
            job.key = f"{self.name}:{job.key}"
        return await super()._enqueue(job)


class QueueNudge:
    """Implements `bot.ports.Nudge` by a job, queued while the caller goes on: nobody's answer waits for the queue.

    Given in the breath in which the step is written, it leaves right behind that. One key a change, so the same one is
    not queued twice.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._under_way: set[asyncio.Task[None]] = set()

    async def __call__(self, request: PurchaseRequest) -> None:
        task = asyncio.create_task(self._enqueue(request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def drain(self) -> None:
        """Until everything is queued; before the queue is closed."""
        await asyncio.gather(*self._under_way)

    async def _enqueue(self, request: PurchaseRequest) -> None:
        change = f"{request.version}:{request.changed_at.timestamp():.3f}"
        try:
            await self._queue.enqueue(
                STEP,
                key=f"step:{request.workspace}:{request.id}:{change}",
                workspace=request.workspace,
                number=request.id,
                version=request.version,
                timeout=STEP_TIMEOUT_S,
                heartbeat=HEARTBEAT_S,
                retries=STEP_TRIES,
                ttl=60,
            )
        except Exception as error:
            _log.warning("nudge_lost", request=request.id, error=type(error).__name__)


class QueueErrands:
    """Implements `bot.ports.Errands` by a job. A worker that dies meanwhile is followed by another one."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    async def __call__(self, errand: Errand) -> bool:
        try:
            await self._queue.enqueue(
                "errand",
                errand=asdict(errand),
                timeout=ERRAND_TIMEOUT_S,
                heartbeat=HEARTBEAT_S,
                retries=STEP_TRIES,
                ttl=60,
            )
        except Exception as error:
            _log.warning("errand_lost", errand=errand.kind, error=type(error).__name__)
            return False
        return True

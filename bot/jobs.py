"""Work outside of clicks: taking requests on, sending what is to be said, and the sweep that loses nothing.

Jobs only nudge. What happens is decided by the state in the store, so a job lost or run twice changes nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from saq import CronJob, Job, Queue, Worker
from saq.queue.redis import RedisQueue

from bot.domain.errors import ChatError, ProviderError, RecordError, StaleError, StoreError
from bot.domain.ids import RequestId, WorkspaceId
from bot.domain.request import PurchaseRequest, State
from bot.usecases import checkout, decide
from bot.usecases.desk import Desk, utcnow
from bot.usecases.tell import BATCH, Teller

QUEUE = "proxydesk"
STEP_TIMEOUT_S = 180
"""Longer than the slowest checkout with all the patience its recording has."""
STEP_TRIES = 3
STEPS = 2
"""Buying, and looking into a doubt that came of it."""
SWEEP_TIMEOUT_S = 300
BUSY_WAIT_S = 0.5
BUSY_TRIES = 60
"""How often a purchase asks for its turn while another one is under way, before the sweep takes over."""
SWEPT = (State.APPROVED, State.ORDERING, State.IN_DOUBT)
TELL_EVERY_S = 1.0

Context = dict[str, Any]
_log = structlog.get_logger()


class QueueNudge:
    """Implements `bot.ports.Nudge` by a job. One key a version, so the same change is not queued twice."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    async def __call__(self, request: PurchaseRequest) -> None:
        try:
            await self._queue.enqueue(
                "step",
                key=f"step:{request.workspace}:{request.id}:{request.version}",
                workspace=request.workspace,
                number=request.id,
                timeout=STEP_TIMEOUT_S,
                retries=STEP_TRIES,
                retry_delay=1.0,
                ttl=60,
            )
        except Exception as error:
            _log.warning("nudge_lost", request=request.id, error=type(error).__name__)


class Jobs:
    """The functions the queue runs, bound to a desk and a teller."""

    def __init__(self, desk: Desk, teller: Teller) -> None:
        self._desk = desk
        self._teller = teller

    async def step(self, _context: Context, *, workspace: str, number: int) -> None:
        """Say what is to be said, take the request on, and say how it ended."""
        where, which = WorkspaceId(workspace), RequestId(number)
        await self._tell(where)
        for _ in range(STEPS):
            if not await self._drive(where, which):
                return
            await self._tell(where)

    async def sweep(self, _context: Context) -> None:
        """Drive on or close every request that waits for the machine or the clock, in every workspace."""
        for workspace in await self._desk.store.workspaces():
            await self._expire(workspace)
            for state in SWEPT:
                for request in await self._desk.store.in_state(workspace, state):
                    await self._drive(workspace, request.id, tries=1)
            await self._tell(workspace)

    async def tell_all(self) -> None:
        for workspace in await self._desk.store.workspaces():
            await self._tell(workspace)

    async def _drive(self, workspace: WorkspaceId, number: RequestId, tries: int = BUSY_TRIES) -> bool:
        for _ in range(tries):
            try:
                if await checkout.drive(self._desk, workspace, number):
                    return True
            except StaleError:
                return True  # somebody else took the step
            except (ChatError, ProviderError, RecordError) as error:
                _log.warning("step_put_off", request=number, error=str(error))
                return False  # the sweep comes back to it
            if tries > 1:
                await asyncio.sleep(BUSY_WAIT_S)
        return False

    async def _expire(self, workspace: WorkspaceId) -> None:
        for request in await self._desk.store.overdue(workspace, utcnow()):
            try:
                await decide.expire(self._desk, request)
            except StaleError:
                continue  # a click was faster

    async def _tell(self, workspace: WorkspaceId) -> None:
        while await self._teller.tell(workspace) == BATCH:
            pass


async def keep_telling(jobs: Jobs) -> None:
    """Deliver what had to wait: a rate limit, a channel that was closed, a process that died."""
    while True:
        await asyncio.sleep(TELL_EVERY_S)
        try:
            await jobs.tell_all()
        except StoreError as error:
            _log.warning("outbox_not_read", error=str(error))


class JobWorker(Worker[Any]):
    """Stops as soon as the jobs under way have ended: saq itself also waits for those that wait for a job."""

    def __init__(self, queue: RedisQueue, **settings: Any) -> None:
        super().__init__(queue, before_process=self._begin, after_process=self._end, **settings)
        self._busy: set[asyncio.Task[Any] | None] = set()

    async def stop(self) -> None:
        self.event.set()
        for task in self.tasks - self._busy:
            task.cancel()
        await super().stop()

    async def _begin(self, _context: Context) -> None:
        self._busy.add(asyncio.current_task())

    async def _end(self, _context: Context) -> None:
        self._busy.discard(asyncio.current_task())


def make_worker(queue: RedisQueue, jobs: Jobs) -> Worker[Any]:
    """Every setting named: saq's own defaults give a job one try and ten seconds."""

    async def on_startup(_context: Context) -> None:
        await queue.enqueue(Job("sweep", key="sweep:start", timeout=SWEEP_TIMEOUT_S, retries=1, ttl=1))

    return JobWorker(
        queue,
        functions=[("step", jobs.step), ("sweep", jobs.sweep)],
        concurrency=10,
        cron_jobs=[CronJob(jobs.sweep, cron="* * * * *", timeout=SWEEP_TIMEOUT_S, retries=1)],
        startup=on_startup,
        timers={"sweep": 5, "schedule": 1, "worker_info": 30, "abort": 1},
        shutdown_grace_period_s=30,
    )

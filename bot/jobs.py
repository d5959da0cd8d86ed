"""Work outside of clicks: taking requests on, sending what is to be said, and the sweep that loses nothing.

A job only nudges: what happens is decided by the state in the store.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError
from saq import CronJob, Job, Worker
from saq.queue.redis import RedisQueue

from bot.domain.errors import AccessError, ChatError, MoveError, ProviderError, RecordError, StaleError, StoreError
from bot.domain.ids import RequestId, WorkspaceId
from bot.domain.pause import Pause
from bot.domain.request import PurchaseRequest, State
from bot.ports import Errand
from bot.queue import BEAT_EVERY_S, HEARTBEAT_S, LISTEN_S, STEP
from bot.tasks import CANCEL_AGAIN_S, ended
from bot.usecases import book, checkout, decide, digests, follow, journal, pausing, snapshot, waiting
from bot.usecases.desk import Desk, utcnow
from bot.usecases.tell import Teller

QUICK_S = 0.05
"""A purchase that takes no longer is told of once: no card is drawn as *Approved* a moment before it is *Ordered*."""
SWEEP_TIMEOUT_S = 300
SWEPT = (State.APPROVED, State.ORDERING, State.IN_DOUBT)
CATCH_UP_EVERY_S = 0.5
UNCLEAR = (State.ORDERING, State.IN_DOUBT)
YOUNG = timedelta(seconds=5)
"""After a step, for so long whoever took it is still at it."""
LOOK_CRON = "* * * * * */5"
"""With the lease of a worker that died, this bounds how long a purchase stands still: somebody is waiting."""
SNAPSHOT_CRON = "*/5 * * * *"
FOLLOW_CRON = "* * * * * */10"
"""Every ten seconds: the first look after a purchase is due after five, and finding nothing due costs one read."""
SCHEDULE_EVERY_S = 2.5
"""Twice in the five seconds between the turns of the most frequent cron."""

Context = dict[str, Any]
_log = structlog.get_logger()


class Beside:
    """What goes on beside something else, and is waited for when that is done."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def end(self) -> None:
        await asyncio.gather(*self._tasks)


class Jobs:
    """The functions the queue runs, bound to a desk, a teller and whoever does errands."""

    def __init__(self, desk: Desk, teller: Teller, run: Callable[[Errand], Awaitable[None]]) -> None:
        self._desk = desk
        self._teller = teller
        self._run = run

    async def errand(self, _context: Context, *, errand: dict[str, Any]) -> None:
        """Something one person asked for that takes longer than a click may."""
        await self._run(msgspec.convert(errand, Errand))

    async def digest(self, _context: Context) -> None:
        """Announce the digests that are due."""
        for workspace in await self._desk.store.workspaces():
            try:
                if await digests.post_due(self._desk, workspace):
                    await self._tell(workspace)
            except RecordError as error:
                _log.error("digests_not_understood", error=str(error))

    async def step(self, _context: Context, *, workspace: str, number: int, version: int = 0) -> None:
        """Take the request on, and say beside it what is to be said: a purchase waits for no message."""
        where, beside, is_told = WorkspaceId(workspace), Beside(), False
        soon = asyncio.get_running_loop().call_later(QUICK_S, lambda: beside.begin(self._tell(where)))
        try:
            async for moved in checkout.purchases(self._desk, where, RequestId(number), version):
                beside.begin(self._finish(moved))
                is_told = True
        except RecordError as error:
            _log.warning("step_put_off", request=number, error=str(error))
        finally:
            soon.cancel()
            if not is_told:
                beside.begin(self._tell(where))
            await beside.end()

    async def _finish(self, moved: PurchaseRequest) -> None:
        """What follows a purchase: telling of it, looking into a doubt that came of it, then what nobody waits for."""
        telling = asyncio.create_task(self._tell(moved.workspace))
        if moved.state is State.IN_DOUBT:
            await self._drive(moved.workspace, moved.id)
            await self._tell(moved.workspace)
        try:
            await telling
        finally:
            await checkout.finish(self._desk, moved)

    async def sweep(self, _context: Context) -> None:
        """Nudge or close every request that waits for the machine or the clock, in every workspace.

        What is bought is bought in a job of its own: there is time for one checkout in it, and here not for all.
        """
        pause = await self._look_at_pause()
        for workspace in await self._desk.store.workspaces():
            await self._expire(workspace)
            await book.book_earlier(self._desk, workspace)
            if pause is None:
                await self._release(workspace)
            for request in await self._desk.all_in(workspace, *SWEPT):
                await self._desk.nudge(request)
            await self._teller.listen_again(workspace)
            await self._tell(workspace)

    async def look(self, _context: Context) -> None:
        """Nudge purchases without a known end more often than the sweep does: somebody is waiting.

        Where candidates are shown, one of them may have become another request's by now. A line is left without its
        worker when that one died.
        """
        for workspace in await self._desk.store.workspaces():
            if left := await checkout.left_in_line(self._desk, workspace):
                await self._nudge(workspace, left)
            for request in await self._desk.all_in(workspace, *UNCLEAR):
                if utcnow() - request.changed_at < YOUNG:
                    continue
                if request.doubt is None or not request.doubt.is_settled or request.doubt.candidates:
                    await self._desk.nudge(request)

    async def follow(self, _context: Context) -> None:
        """Look at what was bought wherever a look is due, and say what came out."""
        for workspace in await self._desk.store.workspaces():
            if await follow.follow(self._desk, workspace):
                await self._tell(workspace)

    async def snapshot(self, _context: Context) -> None:
        """Read the account, keep what it shows, and say what that calls for."""
        for workspace in await self._desk.store.workspaces():
            await snapshot.snapshot(self._desk, workspace)
            await self._tell(workspace)

    async def catch_up(self) -> datetime | None:
        """Deliver what is due, and write to the store what only this machine's journal knows.

        When the next message falls due, as far as that is known.
        """
        await journal.replay(self._desk)
        workspaces, later = await self._desk.store.workspaces(), list[datetime]()
        for workspace, due in zip(workspaces, await self._desk.store.first_due(workspaces), strict=True):
            if due is not None and due > utcnow():
                later.append(due)
            elif due is not None:
                await self._tell(workspace)
        return min(later, default=None)

    async def unpark(self) -> None:
        """A new process may bring what given up messages needed."""
        for workspace in await self._desk.store.workspaces():
            await self._desk.store.unpark(workspace, utcnow())

    async def _drive(self, workspace: WorkspaceId, number: RequestId) -> None:
        try:
            await checkout.drive(self._desk, workspace, number)
        except RecordError as error:
            _log.warning("step_put_off", request=number, error=str(error))

    async def _nudge(self, workspace: WorkspaceId, number: RequestId) -> None:
        try:
            if request := await self._desk.store.get(workspace, number):
                await self._desk.nudge(request)
        except RecordError as error:
            _log.warning("step_put_off", request=number, error=str(error))

    async def _look_at_pause(self) -> Pause | None:
        try:
            return await pausing.look_again(self._desk)
        except RecordError as error:
            _log.error("pause_not_understood", error=str(error))
            return None

    async def _release(self, workspace: WorkspaceId) -> None:
        """Give what waits for a price its price, if there is one by now."""
        try:
            await waiting.release(self._desk, workspace)
        except AccessError as error:
            await pausing.begin(self._desk, workspace, error)
        except (ChatError, ProviderError) as error:
            _log.warning("drafts_still_waiting", error=str(error))

    async def _expire(self, workspace: WorkspaceId) -> None:
        for request in await self._desk.store.overdue(workspace, utcnow()):
            try:
                await decide.expire(self._desk, request)
            except (StaleError, MoveError):
                continue  # a click or another worker was faster
        await waiting.lapse(self._desk, workspace)

    async def _tell(self, workspace: WorkspaceId) -> None:
        while await self._teller.tell(workspace):
            pass


async def keep_catching_up(jobs: Jobs) -> None:
    """What had to wait: a rate limit, a channel that was closed, a process that died, a store that was away.

    A message that is known to fall due is sent at that moment, not at the next look.
    """
    is_started, wait_s = False, CATCH_UP_EVERY_S
    while True:
        await asyncio.sleep(wait_s)
        wait_s = CATCH_UP_EVERY_S
        try:
            if not is_started:
                await jobs.unpark()
                is_started = True
            if due := await jobs.catch_up():
                wait_s = min(wait_s, max(0.0, (due - utcnow()).total_seconds()))
        except (StoreError, OSError) as error:
            _log.warning("not_caught_up", error=str(error))


class JobWorker(Worker[Any]):
    """Keeps each running job alive by a heartbeat, so that the jobs of a worker that died are seen within seconds.

    Stops as soon as the jobs under way have ended: saq itself also waits for those that wait for a job.
    """

    def __init__(self, queue: RedisQueue, **settings: Any) -> None:
        super().__init__(
            queue, before_process=self._begin, after_process=self._end, dequeue_timeout=LISTEN_S, **settings
        )
        self._busy: dict[asyncio.Task[Any] | None, asyncio.Task[None]] = {}
        self._next_look = 0.0

    async def schedule(self, lock: int = 1) -> None:
        """saq works out, queues and starts the turns of every cron each second. Two looks a turn are enough: one starts
        it, and one queues the next turn, which cannot be done before this one has ended. Nothing but crons is put off.
        """
        now = time.time()
        if now >= self._next_look:
            await super().schedule(lock)
            self._next_look = now // SCHEDULE_EVERY_S * SCHEDULE_EVERY_S + SCHEDULE_EVERY_S

    async def stop(self) -> None:
        self.event.set()
        while idle := {task for task in self.tasks - self._busy.keys() if not task.done()}:
            for task in idle:
                task.cancel()
            await asyncio.wait(idle, timeout=CANCEL_AGAIN_S)
        await super().stop()

    async def _begin(self, context: Context) -> None:
        self._busy[asyncio.current_task()] = asyncio.create_task(_beat(context["job"]))

    async def _end(self, _context: Context) -> None:
        beating = self._busy.pop(asyncio.current_task(), None)
        if beating is not None:
            await ended(beating)


async def _beat(job: Job) -> None:
    """A store that is away for a moment stops no heart."""
    while True:
        await asyncio.sleep(BEAT_EVERY_S)
        with suppress(RedisError, OSError):
            await job.update()


def _cron(function: Callable[[Context], Awaitable[None]], times: str) -> CronJob[Any]:
    return CronJob(function, cron=times, timeout=SWEEP_TIMEOUT_S, heartbeat=HEARTBEAT_S, retries=1)


def make_worker(queue: RedisQueue, jobs: Jobs) -> Worker[Any]:
    """Every setting named: saq's own defaults give a job one try and ten seconds."""

    async def on_startup(_context: Context) -> None:
        await queue.enqueue(
            Job("sweep", key="sweep:start", timeout=SWEEP_TIMEOUT_S, heartbeat=HEARTBEAT_S, retries=1, ttl=1)
        )

    return JobWorker(
        queue,
        functions=[(STEP, jobs.step), ("errand", jobs.errand), ("sweep", jobs.sweep)],
        concurrency=10,
        cron_jobs=[
            _cron(jobs.sweep, "* * * * *"),
            _cron(jobs.digest, "* * * * *"),
            _cron(jobs.look, LOOK_CRON),
            _cron(jobs.follow, FOLLOW_CRON),
            _cron(jobs.snapshot, SNAPSHOT_CRON),
        ],
        startup=on_startup,
        timers={"sweep": 1, "schedule": 1, "worker_info": 30, "abort": 1},
        shutdown_grace_period_s=30,
    )

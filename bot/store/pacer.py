"""One pace for all processes: an account takes at most ten requests a second, purchases first (Byteful docs)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress

import redis.asyncio as redis_asyncio

from bot.domain.errors import StoreUnavailableError
from bot.ports import Answered, Urgency
from bot.store.redis import store_errors
from bot.store.scripting import load_scripts

WINDOW_MS = 1_020
"""A request counts from its beginning to this long after its answer (see pace.lua)."""
WINDOW_REQUESTS = 9
"""One less than the account takes: somebody may be looking at the dashboard."""
SHARES = {
    Urgency.BACKGROUND: 3,
    Urgency.PERSON: 6,
    Urgency.PURCHASE: WINDOW_REQUESTS - 1,
    Urgency.CHECKOUT: WINDOW_REQUESTS,
}
"""How many requests may count for one more to join them: each leaves the rest to the more urgent."""
ARRIVAL_MS = 3_000
"""A request without an answer, whose process may have died, has arrived by then."""


class SharedPacer:
    """Awaited before each request to the provider. Without the store each process keeps the pace for itself.

    The server's clock counts, so that machines whose clocks differ keep one pace; `now_ms` takes its place in tests.
    """

    def __init__(self, client: redis_asyncio.Redis, account: str, now_ms: Callable[[], int] | None = None) -> None:
        self._keys = [f"{{{account}}}:pace:asked", f"{{{account}}}:pace:answered"]
        self._now_ms = now_ms
        scripts = load_scripts(client)
        self._script, self._answered = scripts["pace"], scripts["pace_answered"]
        self._alone = asyncio.Lock()
        self._noting: set[asyncio.Task[None]] = set()

    async def __call__(self, urgency: Urgency) -> Answered:
        token = uuid.uuid4().hex
        wait_s = await self._ask(urgency, token)
        while wait_s > 0:
            await asyncio.sleep(wait_s)
            wait_s = await self._ask(urgency, token)
        return lambda: self._note(token)

    async def _ask(self, urgency: Urgency, token: str) -> float:
        """0 when this request may leave, else how many seconds to wait before asking again."""
        arguments = [self._now(), token, WINDOW_MS, SHARES[urgency], ARRIVAL_MS]
        try:
            async with store_errors():
                return int(await self._script(keys=self._keys, args=arguments)) / 1000
        except StoreUnavailableError:
            async with self._alone:
                await asyncio.sleep(WINDOW_MS / WINDOW_REQUESTS / 1000)
            return 0

    def _note(self, token: str) -> None:
        """Nobody waits for it. Without it the request counts for a few seconds more."""
        task = asyncio.create_task(self._note_answer(token))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _note_answer(self, token: str) -> None:
        with suppress(StoreUnavailableError):
            async with store_errors():
                await self._answered(keys=self._keys, args=[self._now(), token, WINDOW_MS])

    def _now(self) -> int | str:
        return self._now_ms() if self._now_ms else ""

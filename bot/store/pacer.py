"""One pace for all processes: an account's requests leave at most ten a second, purchases first (Byteful docs)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import redis.asyncio as redis_asyncio

from bot.domain.errors import StoreUnavailableError
from bot.ports import Urgency
from bot.store.redis import store_errors
from bot.store.scripting import load_scripts

WINDOW_MS = 1_050
WINDOW_REQUESTS = 9
"""Nine in a little over a second: exactly ten a second draws refusals from network jitter alone."""
SHARES = {
    Urgency.BACKGROUND: 3,
    Urgency.PERSON: 6,
    Urgency.PURCHASE: WINDOW_REQUESTS,
    Urgency.CHECKOUT: WINDOW_REQUESTS,
}
"""How many requests of a window may be under way for one more to join them: each leaves the rest to the more urgent."""
CHECKOUT_PATIENCE_MS = 60_000


class SharedPacer:
    """Awaited before each request to the provider. Without the store each process keeps the pace for itself.

    The server's clock counts, so that machines whose clocks differ keep one pace; `now_ms` takes its place in tests.
    """

    def __init__(self, client: redis_asyncio.Redis, account: str, now_ms: Callable[[], int] | None = None) -> None:
        self._key = f"{{{account}}}:pace"
        self._now_ms = now_ms
        self._script = load_scripts(client)["pace"]
        self._alone = asyncio.Lock()

    async def __call__(self, urgency: Urgency) -> None:
        is_reserved = False
        while not is_reserved:
            is_reserved, wait_s = await self._ask(urgency)
            if wait_s > 0:
                await asyncio.sleep(wait_s)

    async def _ask(self, urgency: Urgency) -> tuple[bool, float]:
        """Whether a place is reserved, and how long to wait for it, or before asking again."""
        patience_ms = CHECKOUT_PATIENCE_MS if urgency is Urgency.CHECKOUT else 0
        now_ms = self._now_ms() if self._now_ms else ""
        try:
            async with store_errors():
                reserved, wait_ms = await self._script(
                    keys=[self._key], args=[now_ms, WINDOW_MS, SHARES[urgency], patience_ms, WINDOW_REQUESTS]
                )
        except StoreUnavailableError:
            async with self._alone:
                await asyncio.sleep(WINDOW_MS / WINDOW_REQUESTS / 1000)
            return True, 0
        return bool(reserved), int(wait_ms) / 1000

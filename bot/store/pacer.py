"""One pace for all processes: an account's requests leave at most ten a second, purchases first (Byteful docs)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import redis.asyncio as redis_asyncio

from bot.domain.errors import StoreUnavailableError
from bot.store.redis import SCRIPTS, store_errors

INTERVAL_MS = 110
"""Just over nine a second: exactly ten draws refusals from network jitter alone."""
READ_PATIENCE_MS = 300
"""Reads may queue this far ahead, so a purchase never waits longer than this."""
SPENDING_PATIENCE_MS = 60_000


class SharedPacer:
    """Awaited before each request to the provider. Without the store each process keeps the pace for itself."""

    def __init__(self, client: redis_asyncio.Redis, account: str) -> None:
        self._key = f"pace:{account}"
        self._script = client.register_script(Path(SCRIPTS / "pace.lua").read_text())
        self._alone = asyncio.Lock()

    async def __call__(self, *, is_spending: bool) -> None:
        patience = SPENDING_PATIENCE_MS if is_spending else READ_PATIENCE_MS
        is_reserved = False
        while not is_reserved:
            is_reserved, wait_s = await self._ask(patience)
            if wait_s > 0:
                await asyncio.sleep(wait_s)

    async def _ask(self, patience_ms: int) -> tuple[bool, float]:
        try:
            async with store_errors():
                reserved, wait_ms = await self._script(
                    keys=[self._key], args=[int(time.time() * 1000), INTERVAL_MS, patience_ms]
                )
        except StoreUnavailableError:
            async with self._alone:
                await asyncio.sleep(INTERVAL_MS / 1000)
            return True, 0
        return bool(reserved), int(wait_ms) / 1000

"""Whether a server keeps what it is given. One that forgets or evicts would lose claims, and with them the promise."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic

import redis.asyncio as redis_asyncio
from redis.exceptions import RedisError, ResponseError

CONSEQUENCE = "Purchases are not safe on this server."
REPLICAS_KNOWN_S = 1.0
"""How old an answer about replicas may be when a claim is to be known to one of them."""


class Replicas:
    """How many follow the server. Asked beside something else, ahead of a claim, so that the claim need not wait."""

    def __init__(self, client: redis_asyncio.Redis) -> None:
        self._client = client
        self._asked_at = -REPLICAS_KNOWN_S
        self._count = 0

    async def ask_ahead(self) -> None:
        """Whoever needs the answer and does not find it asks again."""
        with suppress(RedisError, OSError):
            await self._ask()

    async def count(self) -> int:
        """0 when the server does not tell."""
        if monotonic() - self._asked_at > REPLICAS_KNOWN_S:
            await self._ask()
        return self._count

    async def _ask(self) -> None:
        asked_at = monotonic()
        try:
            self._count = int((await self._client.info("replication")).get("connected_slaves", 0))
        except ResponseError:
            self._count = 0
        self._asked_at = asked_at


async def danger(client: redis_asyncio.Redis) -> str | None:
    """What is set wrong on the server and how to set it right; None when nothing is, or it does not tell."""
    try:
        persistence, memory = await client.info("persistence"), await client.info("memory")
    except ResponseError:  # hosted servers may keep this to themselves
        return None
    wrong: list[str] = []
    if not persistence.get("aof_enabled", 1):
        wrong.append("It keeps no append-only file; set appendonly yes.")
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        wrong.append(f"It may throw records away when it is full ({policy}); set maxmemory-policy noeviction.")
    return " ".join([CONSEQUENCE, *wrong]) if wrong else None

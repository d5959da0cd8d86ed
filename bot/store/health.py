"""Whether a server keeps what it is given. One that forgets or evicts would lose claims, and with them the promise."""

from __future__ import annotations

import redis.asyncio as redis_asyncio
from redis.exceptions import ResponseError

CONSEQUENCE = "Purchases are not safe on this server."


async def replicas(client: redis_asyncio.Redis) -> int:
    """How many replicas follow this server now; 0 when it does not tell."""
    try:
        return int((await client.info("replication")).get("connected_slaves", 0))
    except ResponseError:
        return 0


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

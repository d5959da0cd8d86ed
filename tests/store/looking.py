"""Shortcuts for store tests: placing requests, moving them on, and looking at everything the server holds."""

from datetime import datetime
from typing import Any

import redis.asyncio as redis_asyncio

from bot.domain.ids import DraftId, RequestId, WorkspaceId
from bot.domain.request import Event, PurchaseRequest
from bot.store.redis import RedisStore
from bot.store.trail import StoredTrail
from bot.usecases.export import as_json
from tests.examples import after, submitted


async def placed(store: RedisStore, draft: str = "d1", **given: Any) -> PurchaseRequest:
    """A request as `submit` leaves it."""
    return (await store.submit(DraftId(draft), submitted(id=RequestId(0), **given))).request


async def moved(store: RedisStore, before: PurchaseRequest, *kinds: type[Event]) -> PurchaseRequest:
    """The request after these events, each written as one move."""
    for kind in kinds:
        following = after(before, kind)
        await store.move(before, following)
        before = following
    return before


def text(answer: object) -> str:
    """A name as the server gives it."""
    assert isinstance(answer, bytes)
    return answer.decode()


async def keys(client: redis_asyncio.Redis) -> list[str]:
    """The name of every key."""
    return sorted(text(key) for key in await client.keys("*"))


async def in_order(client: redis_asyncio.Redis, key: str) -> list[str]:
    """What stands in a sorted set, in its order."""
    return [text(member) for member in await client.zrange(key, 0, -1)]


async def everything(client: redis_asyncio.Redis) -> dict[str, bytes | None]:
    """Every key with its whole value: equal answers mean that nothing at all was written."""
    return {key: await client.dump(key) for key in await keys(client)}


async def audit(client: redis_asyncio.Redis, workspace: str) -> list[dict[str, Any]]:
    """Every line as it is exported."""
    return [as_json(WorkspaceId(workspace), line) async for line in StoredTrail(client).lines(WorkspaceId(workspace))]


async def outbox(client: redis_asyncio.Redis, workspace: str) -> dict[str, int]:
    """Every intent with the time (ms) at which it is due."""
    name = f"{{{workspace}}}:outbox"
    found: dict[str, int] = {}
    for pair in await client.zrange(name, 0, -1, withscores=True):
        assert isinstance(pair, tuple | list)
        intent, due = pair
        found[text(intent)] = int(due)
    return found


async def members(client: redis_asyncio.Redis, workspace: str, name: str) -> list[int]:
    """The numbers in one index, in its order."""
    return [int(number) for number in await in_order(client, f"{{{workspace}}}:{name}")]


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

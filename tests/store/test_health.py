"""T115: a server that forgets or throws away records is shouted about, in the log and in readiness."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from bot.store.redis import RedisStore, connect
from tests.store.servers import running

SAFE = {"appendonly": "yes", "maxmemory-policy": "noeviction"}


@asynccontextmanager
async def store_at(url: SecretStr) -> AsyncIterator[RedisStore]:
    client = connect(url)
    try:
        yield RedisStore(client)
    finally:
        await client.aclose()


async def danger(**options: str) -> str | None:
    async with running(**{**SAFE, **options}) as url, store_at(url) as store:
        return await store.danger()


async def test_the_private_server_and_one_set_up_like_it_are_safe(store: RedisStore) -> None:
    assert await store.danger() is None
    assert await danger() is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"appendonly": "no"}, ["appendonly yes"]),
        ({"maxmemory-policy": "allkeys-lru"}, ["maxmemory-policy noeviction", "allkeys-lru"]),
        ({"maxmemory-policy": "volatile-ttl", "maxmemory": "100mb"}, ["maxmemory-policy noeviction", "volatile-ttl"]),
        ({"appendonly": "no", "maxmemory-policy": "allkeys-random"}, ["appendonly yes", "allkeys-random"]),
    ],
)
async def test_what_is_wrong_is_named_with_what_to_set(options: dict[str, str], words: list[str]) -> None:
    said = await danger(**options)
    assert said is not None
    assert [word for word in words if word not in said] == []


async def test_a_server_that_does_not_tell_is_not_accused() -> None:
    """Hosted servers may keep such commands to themselves."""
    async with running(**{**SAFE, "appendonly": "no", "rename-command": "INFO gone"}) as url, store_at(url) as store:
        assert await store.danger() is None

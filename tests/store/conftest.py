"""One private server for all store tests of a process; every test begins with it empty."""

from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr

from bot.store.embedded import private_valkey
from bot.store.line import SharedClient
from bot.store.redis import RedisStore, connect


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SecretStr]:
    async with private_valkey(tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.fixture
async def raw(server: SecretStr) -> AsyncIterator[SharedClient]:
    """A plain client to look behind the store's back."""
    client = connect(server)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def store(raw: SharedClient) -> RedisStore:
    return RedisStore(raw)


@pytest.fixture
async def another(server: SecretStr, raw: SharedClient) -> AsyncIterator[Callable[[], RedisStore]]:
    """Makes stores as other processes have them: each with its own connection."""
    clients: list[SharedClient] = []

    def make() -> RedisStore:
        clients.append(connect(server))
        return RedisStore(clients[-1])

    yield make
    for client in clients:
        await client.aclose()

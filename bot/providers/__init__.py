"""Every provider by name, written out. Adding one is a folder beside `byteful/` and a line here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from pydantic import SecretStr

from bot.ports import Pacer, Provider
from bot.providers.byteful.adapter import BytefulProvider
from bot.providers.byteful.client import open_client
from bot.providers.byteful.places import BytefulPlaces

PLACES_FILE = "places.bin"

Now = Callable[[], datetime]


class Account(Struct, frozen=True):
    """Where a provider is and who we are there. The keys show in no repr. `data` is a folder for copies of tables."""

    base_url: str
    public_key: SecretStr
    private_key: SecretStr
    data: Path | None = None


@asynccontextmanager
async def open_byteful(
    account: Account, pace: Pacer, now: Now = lambda: datetime.now(UTC)
) -> AsyncIterator[BytefulProvider]:
    """Byteful with a connection pool of its own, closed with the block. Places are loaded by `places.keep_fresh()`."""
    async with open_client(
        base_url=account.base_url, public_key=account.public_key, private_key=account.private_key, pace=pace
    ) as client:
        places = BytefulPlaces(client, cache=account.data and account.data / PLACES_FILE)
        provider = BytefulProvider(client, places, now=now)
        try:
            yield provider
        finally:
            await provider.aclose()


PROVIDERS: dict[str, Callable[[Account, Pacer, Now], AbstractAsyncContextManager[Provider]]] = {"byteful": open_byteful}

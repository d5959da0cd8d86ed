"""A large account, with the real adapter, the sandbox over HTTP and the real store: what is asked is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from math import ceil

import pytest
from pydantic import SecretStr

from bot.domain.ids import ChannelId, UserId
from bot.domain.ledger import Entry
from bot.domain.period import Period
from bot.domain.scope import Asked, Kind, Measure, Scope
from bot.ports.provider import Answered, Urgency
from bot.providers import PROVIDERS, Account
from bot.providers.byteful.client import PER_PAGE
from bot.usecases import browse, summaries
from bot.usecases.browse import Whose
from bot.usecases.desk import Desk
from bot.usecases.snapshot import snapshot
from playground.provider import ProviderWorld
from playground.provider_server import running_provider
from tests.examples import CHANNEL, NOW, REQUESTER, WORKSPACE
from tests.usecases.conftest import Office
from tests.usecases.test_round_trips import Trips, trips
from tests.usecases.test_summaries import entry

__all__ = ["trips"]
SERVICES = 500
REQUESTS = 10_000
JULY = Period(date(2026, 7, 1), date(2026, 7, 31))


class Paces(Counter[Urgency]):
    """A pace that lets everything go, and counts for whom each request to the provider was made."""

    async def __call__(self, urgency: Urgency) -> Answered:
        self[urgency] += 1
        return lambda: None


@pytest.fixture
def paces() -> Paces:
    return Paces()


@pytest.fixture
async def big(office: Office, paces: Paces) -> AsyncIterator[Desk]:
    """An account with five hundred services more than the sandbox begins with."""
    world = ProviderWorld()
    world.change_settings(rate_limit=100_000)
    row = next(iter(world.services.values()))
    for number in range(SERVICES):
        name = f"API-{number:04}-5000"
        world.services[name] = {**row, "service_id": name, "service_metadata": {}}
    async with running_provider(world) as url:
        account = Account(url, SecretStr(world.public_key), SecretStr(world.private_key))
        async with PROVIDERS["byteful"](account, paces, lambda: NOW) as provider:
            yield replace(office.desk, provider=provider)


async def test_t138_a_pass_over_500_services_reads_each_page_once_behind_everybody_else(
    big: Desk, paces: Paces
) -> None:
    await snapshot(big, WORKSPACE)  # the first one reads the usage of months as well
    paces.clear()
    await snapshot(big, WORKSPACE)
    total = (await big.store.services(WORKSPACE, limit=1)).total
    assert total >= SERVICES
    pages = ceil((total + PER_PAGE) / PER_PAGE)  # a last one may be full
    assert paces[Urgency.BACKGROUND] <= pages + 1, "the services, and what was changed about them"
    assert paces[Urgency.PERSON] <= 3, "credit and the two data pools"
    assert set(paces) <= {Urgency.BACKGROUND, Urgency.PERSON}


async def test_t138_lists_and_summaries_of_a_large_account_ask_the_provider_nothing(
    big: Desk, paces: Paces, trips: Trips
) -> None:
    await snapshot(big, WORKSPACE)
    await big.provider.catalog()
    for first in range(0, REQUESTS, 1_000):
        await big.ledger.book(WORKSPACE, [_bought(number) for number in range(first, first + 1_000)])
    everything = Scope(Kind.WORKSPACE)
    await _look(big, everything)  # connections and scripts are there now
    paces.clear()
    trips.count = 0
    shown = await summaries.spend(big, WORKSPACE, everything, JULY)
    assert shown.sums.count == REQUESTS
    assert trips.count <= 2 * 2, "two for the period, two for the one before"
    trips.count = 0
    page = (await browse.listing(big, WORKSPACE, REQUESTER, Whose.ALL, CHANNEL, offset=SERVICES - 8)).page
    assert len(page.services) == browse.PAGE
    assert trips.count <= 5
    await _look(big, everything)
    assert not paces


async def _look(desk: Desk, scope: Scope) -> None:
    await summaries.spend(desk, WORKSPACE, scope, JULY)
    await summaries.used(desk, WORKSPACE, scope, JULY, shows_cost=True)
    await summaries.entries(desk, WORKSPACE, Asked(Measure.SPEND, Scope(Kind.CHANNEL, CHANNEL), JULY), most=100)


def _bought(number: int) -> Entry:
    return entry(
        20_000 + number,
        day=JULY.first + timedelta(days=number % 31),
        at=NOW,
        requester=UserId(f"U{number % 40}"),
        channel=ChannelId(f"C{number % 20}"),
    )

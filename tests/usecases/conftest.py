"""The use-cases on the real store, with a vendor, a directory and a clock that tests move by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import stamina
from pydantic import SecretStr

from bot.domain.ids import DraftId, RequestId, UserId
from bot.domain.policy import Approvals, Policy, PriceTolerance, Role
from bot.domain.request import Event, PurchaseRequest, State
from bot.store.embedded import private_valkey
from bot.store.ledger import StoredLedger
from bot.store.line import SharedClient
from bot.store.redis import connect
from bot.usecases import desk as desk_module
from bot.usecases.decide import Click
from bot.usecases.desk import Desk
from bot.usecases.tell import Teller
from tests.examples import APPROVER, NOW, WORKSPACE, after, submitted, top_up_request
from tests.usecases.fakes import FakeDirectory, FakeProvider, Moments, SteppedStore
from tests.usecases.postroom import PostRoom, open_room


def policy(*, needed: int = 1, tolerance: PriceTolerance | None = None, **given: Any) -> Policy:
    role = Role(users=(APPROVER,))
    return Policy(
        roles={"approver": role},
        approvals=Approvals(needed=needed),
        price_tolerance=tolerance or PriceTolerance(),
        **given,
    )


class Clock:
    """Stands still until it is moved, or runs: then no two moments are the same."""

    def __init__(self) -> None:
        self.time = NOW
        self._tick = timedelta(0)

    def runs(self) -> None:
        self._tick = timedelta(microseconds=1)

    def on(self, by: timedelta) -> None:
        self.time += by

    def now(self, _zone: object = None) -> datetime:
        self.time += self._tick
        return self.time


@dataclass
class Office:
    """A desk with everything on it within reach."""

    store: SteppedStore
    provider: FakeProvider
    directory: FakeDirectory
    moments: Moments
    raw: SharedClient
    clock: Clock
    policy: Policy = field(default_factory=policy)
    nudged: list[RequestId] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        async def nudge(request: PurchaseRequest) -> None:
            self.nudged.append(request.id)

        return Desk(self.store, StoredLedger(self.raw), self.provider, self.directory, lambda: self.policy, nudge)

    async def place(self, *kinds: type[Event], draft: str = "d1", **given: Any) -> PurchaseRequest:
        """A request in the store after these events; it carries the number the store gave."""
        start = submitted(id=RequestId(0), **given)
        return await self.walk((await self.store.submit(DraftId(draft), start)).request, *kinds)

    async def place_top_up(self, *kinds: type[Event], draft: str = "d1") -> PurchaseRequest:
        start = top_up_request(id=RequestId(0))
        return await self.walk((await self.store.submit(DraftId(draft), start)).request, *kinds)

    async def walk(self, request: PurchaseRequest, *kinds: type[Event]) -> PurchaseRequest:
        for kind in kinds:
            following = after(request, kind)
            await self.store.move(request, following)
            request = following
        self.moments.passed.clear()
        return request

    async def now(self, request: PurchaseRequest) -> PurchaseRequest:
        found = await self.store.get(WORKSPACE, request.id)
        assert found is not None
        return found

    async def state(self, request: PurchaseRequest) -> State:
        return (await self.now(request)).state


def click_on(request: PurchaseRequest, user: UserId = APPROVER, *, revision: int | None = -1) -> Click:
    """A click on the request as it was looked at, unless another revision is named."""
    return Click(request.workspace, user, request.id, request.revision if revision == -1 else revision)


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SecretStr]:
    async with private_valkey(tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.fixture
async def raw(server: SecretStr) -> AsyncIterator[SharedClient]:
    client = connect(server)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the use-cases, read in one place. A frozen datetime of another kind could not be stored."""
    clock = Clock()
    monkeypatch.setattr(desk_module, "datetime", clock)
    return clock


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    """Attempts are as many as the code asks for, without the pauses between them."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
async def office(raw: SharedClient, clock: Clock) -> Office:
    moments = Moments()
    return Office(SteppedStore(raw, moments), FakeProvider(moments), FakeDirectory(), moments, raw, clock)


@pytest.fixture
async def room(raw: SharedClient, server: SecretStr) -> AsyncIterator[PostRoom]:
    async with open_room(raw, server) as opened:
        yield opened


@pytest.fixture
async def teller(room: PostRoom) -> Teller:
    return room.teller()

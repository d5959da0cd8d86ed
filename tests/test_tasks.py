"""Tasks that are told to stop do so, even where what they wait with loses a cancellation now and then."""

import asyncio

import pytest

from bot.domain.ids import RequestId, WorkspaceId
from bot.tasks import ended
from bot.usecases import lease
from bot.usecases.lease import Lease


async def deaf(cancellations: int) -> None:
    """Goes on for ever, through so many of them."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancellations -= 1
            if cancellations < 0:
                raise


async def test_a_cancellation_that_is_lost_is_given_again() -> None:
    tasks = [asyncio.create_task(deaf(lost)) for lost in (0, 1, 2)]
    await asyncio.sleep(0)
    await ended(*tasks)
    assert all(task.cancelled() for task in tasks)


class DeafStore:
    """Its first renewal of a lease loses the cancellation that comes meanwhile."""

    def __init__(self) -> None:
        self.renewals = 0
        self.asked = asyncio.Event()

    async def hold(self, *_: object) -> bool:
        self.renewals += 1
        self.asked.set()
        await deaf(1) if self.renewals == 1 else None
        return True

    async def pass_on(self, *_: object) -> None:
        return None


async def test_x6_a_lease_that_was_passed_on_is_renewed_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE_RENEWAL_S", 0)
    store = DeafStore()
    held = Lease(store, WorkspaceId("T1"))  # type: ignore[arg-type]
    async with held.kept():
        await store.asked.wait()
        await held.pass_on(RequestId(1))
    assert [task for task in asyncio.all_tasks() if "Lease._keep" in repr(task)] == []
    assert store.renewals == 1

"""How often the store is asked: counted, because it is the largest part of what a click costs."""

import dataclasses
from datetime import timedelta

import pytest
from msgspec.structs import replace
from redis.asyncio.connection import AbstractConnection

from bot.domain.audit import Origin
from bot.domain.ids import RequestId, WorkspaceId
from bot.domain.intents import CardIntent
from bot.domain.policy import Budgets
from bot.domain.request import Approved, State
from bot.queue import QUEUE, JobQueue, QueueNudge
from bot.store.line import Line
from bot.usecases import checkout, decide
from bot.usecases.decide import Result
from tests.examples import APPROVER, NOW, WORKSPACE
from tests.usecases.conftest import Office, click_on, policy


class Trips:
    """How often something was sent, and how many plain questions there were: several may leave in one piece."""

    def __init__(self) -> None:
        self.count = self.questions = 0


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Trips:
    """Counts what is sent: a command, or a pipeline as a whole, is one trip."""
    counted, send, ask = Trips(), AbstractConnection.send_packed_command, Line.ask

    async def sending(self: AbstractConnection, *args: object, **kwargs: object) -> None:
        counted.count += 1
        await send(self, *args, **kwargs)  # type: ignore[arg-type]

    async def asking(self: Line, command: tuple[object, ...]) -> object:
        counted.questions += 1
        return await ask(self, command)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", sending)
    monkeypatch.setattr(Line, "ask", asking)
    return counted


async def test_an_approval_reads_once_and_writes_once(office: Office, trips: Trips) -> None:
    request = await office.place()
    await decide.approve(
        office.desk, click_on(await office.place(draft="d2"), APPROVER)
    )  # connections and scripts are there now
    trips.count = 0
    signed = replace(click_on(request, APPROVER), origin=Origin(signature="v0=once"))
    decision = await decide.approve(office.desk, signed)
    assert decision.result is Result.DONE
    assert trips.count == 2, "the mark against repeats is part of the step"


async def test_the_job_leaves_with_the_step_it_follows(office: Office, trips: Trips) -> None:
    queue = JobQueue(office.raw, QUEUE)
    nudge = QueueNudge(queue)
    desk = dataclasses.replace(office.desk, nudge=nudge)
    request = await office.place()
    await decide.approve(desk, click_on(await office.place(draft="d2"), APPROVER))
    await nudge.drain()
    trips.count = 0
    assert (await decide.approve(desk, click_on(request, APPROVER))).result is Result.DONE
    await nudge.drain()
    assert trips.count == 2
    assert await queue.count("queued") == 2


async def test_a_budget_is_compared_and_reserved_in_the_step_itself(office: Office, trips: Trips) -> None:
    office.policy = policy(budgets=Budgets(monthly_dollars=500))
    request = await office.place()
    await decide.approve(office.desk, click_on(await office.place(draft="d2"), APPROVER))
    trips.count = 0
    assert (await decide.approve(office.desk, click_on(request, APPROVER))).result is Result.DONE
    assert trips.count == 2


async def test_a_purchase_asks_the_store_for_nothing_twice(office: Office, trips: Trips) -> None:
    """The request, the lease beside the replicas, the pause, the claim (a pipeline), whether it is still our turn, the
    outcome, and whose turn is next, again beside the replicas."""
    await checkout.drive(office.desk, WORKSPACE, (await office.place(Approved)).id)
    request = await office.place(Approved, draft="d2")
    trips.count = trips.questions = 0
    async for bought in checkout.purchases(office.desk, WORKSPACE, request.id):
        assert bought.state is State.ORDERED
    assert (trips.count, trips.questions) == (7, 8)


async def test_the_mark_against_repeats_is_one_trip(office: Office, trips: Trips) -> None:
    await office.store.is_first(WORKSPACE, "v0=one", 60)
    trips.count = 0
    assert await office.store.is_first(WORKSPACE, "v0=two", 60)
    assert trips.count == 1
    assert not await office.store.is_first(WORKSPACE, "v0=two", 60)


async def test_what_is_due_in_many_workspaces_is_found_in_one_trip(office: Office, trips: Trips) -> None:
    workspaces = [WorkspaceId(f"T{number}") for number in range(200)]
    for workspace, wait_s in ((workspaces[7], 0), (workspaces[9], 60)):
        await office.store.ask(workspace, CardIntent(RequestId(1001)), NOW + timedelta(seconds=wait_s))
    await office.store.first_due(workspaces[:1])  # pipelines have a connection of their own; it is there now
    trips.count = 0
    found = dict(zip(workspaces, await office.store.first_due(workspaces), strict=True))
    assert trips.count == 1
    assert {name: due for name, due in found.items() if due} == {
        workspaces[7]: NOW,
        workspaces[9]: NOW + timedelta(seconds=60),
    }

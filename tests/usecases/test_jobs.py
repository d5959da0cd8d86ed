"""What the worker does by the clock: it finds what waits, and leaves each purchase to a job of its own."""

from __future__ import annotations

from datetime import timedelta

from bot.domain import request as life
from bot.domain.ids import RequestId
from bot.jobs import Jobs
from bot.usecases import checkout
from tests.examples import WORKSPACE
from tests.usecases.conftest import Office
from tests.usecases.fakes import Silent


def jobs(office: Office) -> Jobs:
    return Jobs(office.desk, Silent(), Silent())  # type: ignore[arg-type]


async def nudged(office: Office) -> set[RequestId]:
    """Who is nudged by a sweep and a look, some time later."""
    office.clock.on(timedelta(hours=1))
    await jobs(office).sweep({})
    await jobs(office).look({})
    return set(office.nudged)


async def test_t122_a_sweep_buys_nothing_itself_so_its_timeout_cuts_no_checkout(office: Office) -> None:
    """After an outage many wait: what they take together is more than one job has time for."""
    waiting = [await office.place(life.Approved, draft=f"d{number}") for number in range(3)]
    interrupted = await office.place(life.Approved, life.Claimed, draft="interrupted")
    assert await nudged(office) == {request.id for request in (*waiting, interrupted)}
    assert office.provider.creates == 0
    assert [await office.now(one) for one in waiting] == waiting


async def test_x8_a_line_without_its_worker_is_served_in_a_job_of_its_own(office: Office) -> None:
    left = await office.place(life.Approved)
    await office.store.hold(WORKSPACE, "checkout", "a worker that dies", 60)
    await checkout.drive(office.desk, WORKSPACE, left.id)
    await office.store.release(WORKSPACE, "checkout", "a worker that dies")
    await jobs(office).look({})
    assert (office.nudged, office.provider.creates) == ([left.id], 0)


async def test_x8_a_line_headed_by_a_record_that_cannot_be_read_stops_no_look(office: Office) -> None:
    left = await office.place(life.Approved)
    doubt = await office.place(life.Approved, life.Claimed, life.Unclear, draft="d2")
    await office.store.hold(WORKSPACE, "checkout", "a worker that dies", 60)
    await checkout.drive(office.desk, WORKSPACE, left.id)
    await office.store.release(WORKSPACE, "checkout", "a worker that dies")
    await office.raw.hset(f"{{{WORKSPACE}}}:request:{left.id}", "body", "{")
    office.clock.on(timedelta(hours=1))
    await jobs(office).look({})
    assert office.nudged == [doubt.id]


async def test_t69_of_many_that_wait_none_is_left_out(office: Office) -> None:
    """More than are read at once, as after an hour in which no checkout had a clear answer."""
    for number in range(50):
        await office.place(life.Approved, life.Claimed, life.Unclear, draft=f"d{number}")
    last = await office.place(life.Approved, life.Claimed, life.Unclear, draft="last")
    assert last.id in await nudged(office)
    office.nudged.clear()
    await jobs(office).look({})
    assert last.id in office.nudged

"""Waiting for tasks that go on until the process is told to stop."""

from __future__ import annotations

import asyncio


async def first_of(stop: asyncio.Event, *tasks: asyncio.Task[None]) -> None:
    """Until one of them ends or everything is to stop. A task that failed says so here."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for task in done:
        await task


async def ended(task: asyncio.Task[None]) -> None:
    """Cancelled until it is over: `asyncio.wait_for` of Python 3.11 can swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)

"""Waiting for tasks that go on until the process is told to stop."""

from __future__ import annotations

import asyncio

CANCEL_AGAIN_S = 0.1
"""A cancellation can be lost: `asyncio.wait_for` of Python 3.11, and what is built on it, swallows one that comes at
the moment its work is done.
"""


async def first_of(stop: asyncio.Event, *tasks: asyncio.Task[None]) -> None:
    """Until one of them ends or everything is to stop. A task that failed says so here."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for task in done:
        await task


async def ended(task: asyncio.Task[None]) -> None:
    """Cancelled until it is over."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)

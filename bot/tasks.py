"""Waiting for tasks that go on until they are told to stop."""

from __future__ import annotations

import asyncio
from typing import Any

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


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancelled until they are over."""
    while left := {task for task in tasks if not task.done()}:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=CANCEL_AGAIN_S)

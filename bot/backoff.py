"""How long to wait before what failed is tried again."""

from __future__ import annotations

import asyncio
import random

FIRST_WAIT_S = 0.1
SPREAD_S = 0.2
"""Those who failed together do not come back together."""


def wait_after(failures: int, longest_s: float) -> float:
    """Seconds to wait after so many failures in a row: twice as long each time."""
    return min(longest_s, FIRST_WAIT_S * 2.0 ** (failures - 1) + random.uniform(0, SPREAD_S))


async def pause(seconds: float) -> None:
    """Every wait before another try is here, so that tests can leave them all out."""
    await asyncio.sleep(seconds)

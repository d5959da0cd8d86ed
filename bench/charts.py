"""What drawing costs a worker: its memory at the most, and the time of one picture once the library is warm.

Run in a process of its own that has imported all a worker imports.
"""

from __future__ import annotations

import asyncio
import time
from datetime import date, timedelta
from pathlib import Path

from bench.figures import Figure, Goal, percentile
from bench.groups import group
from bench.processes import output_of, python
from bot.blocks.charts import spend_by_product
from bot.domain.ids import ChannelId, ProductCode, UserId
from bot.domain.ledger import Row, Sums, Totals
from bot.domain.summary import Known, Unit, spend_of
from bot.pictures import Painter

PICTURES = 40
"""More than a worker draws in an hour; the library's own memory has stopped growing by then."""
FIRST = date(2026, 1, 1)
PEAK = Figure(f"worker after {PICTURES} pictures: memory at the most", "MiB", goal=Goal(250, 200, "MiB"))
PICTURE = Figure("one picture, warm", "ms")


@group(PEAK, PICTURE)
async def rows(_rounds: int) -> list[Figure]:
    said = await output_of(*python("-m", "bench.charts"))
    peak, *times = (float(word) for word in said.decode().split())
    return [PEAK.measured(peak), PICTURE.measured(percentile(times, 50), samples=times)]


async def draw() -> list[float]:
    """Milliseconds of each picture but the first."""
    catalog = {ProductCode(f"p{n}"): Known(f"Static ISP Proxies [{n}]", Unit.PROXY) for n in range(9)}
    taken: list[float] = []
    painter = Painter()
    for number in range(PICTURES):
        last = FIRST + timedelta(days=6 + number * 8)
        sold = tuple(
            Row(
                FIRST + timedelta(days=n % (last - FIRST).days), ChannelId("C1"), UserId("U1"), code, Sums(paid=900 + n)
            )
            for n in range(300)
            for code in catalog
        )
        picture = spend_by_product(spend_of(Totals(FIRST, last, sold), Totals(FIRST, FIRST, ()), catalog))
        if picture is not None:
            start = time.perf_counter()
            await painter.png(picture.spec)
            taken.append((time.perf_counter() - start) * 1000)
    return taken[1:]


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def main() -> None:
    import bot.serve_worker  # noqa: F401, PLC0415 - everything a worker carries besides

    times = asyncio.run(draw())
    print(_peak_mib(), *times)


if __name__ == "__main__":
    main()

"""How long the form takes: from the signed command to `views.open` at the Slack world, no provider call before it."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from playground.actions import SlackDriver, SlackPerson
from playground.stage import stage
from playground.workspace import Workspace

ROUNDS = 60
WARM_UP = 5


async def one_round(slack: SlackDriver, rita: SlackPerson) -> float:
    """Milliseconds until the form is on screen, the driver's own hops included."""
    start = time.perf_counter()
    await rita.types("/proxy buy", channel="proxies")
    view = await slack.until(rita.view)
    elapsed = (time.perf_counter() - start) * 1000
    await rita.closes(view)
    return elapsed


async def rounds() -> list[float]:
    workspace = Workspace(bot_url="", rate_limits=False)
    with tempfile.TemporaryDirectory(prefix="proxydesk-bench-") as data:
        async with stage(Path(data), workspace=workspace) as show:
            rita = show.slack.person("rita")
            for _ in range(WARM_UP):
                await one_round(show.slack, rita)
            return [await one_round(show.slack, rita) for _ in range(ROUNDS)]


def main() -> None:
    waits = asyncio.run(rounds())
    p99 = statistics.quantiles(waits, n=100)[98]
    print(f"form on screen after the command, {ROUNDS} rounds: p50 {statistics.median(waits):.1f} ms, p99 {p99:.1f} ms")


if __name__ == "__main__":
    main()

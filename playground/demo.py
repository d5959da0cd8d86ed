"""`make demo`: the bot as its users run it, in a simulated company that has a workspace and an account."""

from __future__ import annotations

import asyncio
import os
import tempfile
from functools import partial
from pathlib import Path

from playground.provider import ProviderWorld
from playground.serving import HOST, told_to_stop
from playground.stage import program, restart_valkey, until_ready, worlds
from playground.timed import CLOCK, set_offset
from playground.workspace_model import refuse_real_tokens

GREETING = """
Proxydesk is running in a playground: a simulated Slack workspace and a Byteful sandbox.

  Open     {page}
  Byteful  {byteful} (stock, prices, credit, faults; see docs/playground.md)
  Data     {data} ({fate})

Press Ctrl-C to stop.
"""


THROWN_AWAY = "thrown away when you stop: the next start begins anew"
KEPT = "the bot's data is kept; the simulated workspace and account begin anew"


async def run(port: int, data: Path | None) -> None:
    """Serve until interrupted, or until the bot ends. Without a folder for its data the bot gets one for this time."""
    refuse_real_tokens(os.environ)
    if data is not None:
        await _run(port, data, KEPT)
    else:
        with tempfile.TemporaryDirectory(prefix="proxydesk-") as folder:
            await _run(port, Path(folder), THROWN_AWAY)


async def _run(port: int, data: Path, fate: str) -> None:
    stop = told_to_stop()
    data.mkdir(parents=True, exist_ok=True)
    provider, clock = ProviderWorld(traffic=True), data / "clock"
    provider.clock.on_move = partial(set_offset, clock)
    set_offset(clock, provider.clock.offset)
    async with (
        worlds(
            data,
            provider=provider,
            page_port=port,
            restart_redis=partial(restart_valkey, data),
        ) as around,
        program({**around.environment, CLOCK: str(clock)}, "run", module="playground.timed") as bot,
    ):
        await until_ready(f"http://{HOST}:{around.environment['PORT']}", bot)
        print(
            GREETING.format(
                page=f"{around.page_url}/", byteful=f"{around.provider.origin}/control/state", data=data, fate=fate
            ),
            flush=True,
        )
        waits = {asyncio.create_task(stop.wait()), asyncio.create_task(bot.wait())}
        _, left = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
    if bot.returncode not in (0, None):
        print(f"The bot ended with exit code {bot.returncode}. What it said is above.", flush=True)

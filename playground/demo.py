"""`make demo`: the bot as its users run it, in a simulated company that has a workspace and an account."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

from playground.provider import ProviderWorld
from playground.stage import HOST, program, restart_valkey, until_ready, worlds
from playground.workspace_model import refuse_real_tokens

GREETING = """
Proxydesk is running in a playground: a simulated Slack workspace and a Byteful sandbox.

  Open     {page}
  Byteful  {byteful} (stock, prices, credit, faults; see docs/playground.md)
  Data     {data} (kept when you stop; delete the folder to start afresh)

Press Ctrl-C to stop.
"""


async def run(port: int, data: Path) -> None:
    """Serve until interrupted, or until the bot ends."""
    refuse_real_tokens(os.environ)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with (
        worlds(
            data,
            provider=ProviderWorld(traffic=True),
            page_port=port,
            restart_redis=partial(restart_valkey, data),
        ) as around,
        program(around.environment, "run") as bot,
    ):
        await until_ready(f"http://{HOST}:{around.environment['PORT']}", bot)
        print(
            GREETING.format(page=f"{around.page_url}/", byteful=f"{around.provider.origin}/control/state", data=data),
            flush=True,
        )
        waits = {asyncio.create_task(stop.wait()), asyncio.create_task(bot.wait())}
        _, left = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
    if bot.returncode not in (0, None):
        print(f"The bot ended with exit code {bot.returncode}. What it said is above.", flush=True)

"""Runs the simulated workspace on 127.0.0.1: inside somebody's event loop, or as a program of its own.

`running_workspace` serves inside the current event loop; `serve` is the whole program.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from playground.chaos import Backstage
from playground.serving import HOST, listening, serving, told_to_stop
from playground.slack_api import SlackApi
from playground.workspace import Workspace
from playground.workspace_delivery import Courier
from playground.workspace_model import refuse_real_tokens
from playground.workspace_schema import Json


@contextlib.asynccontextmanager
async def running_workspace(ws: Workspace, port: int = 0, *, behind: Backstage | None = None) -> AsyncIterator[str]:
    """Serve the workspace on 127.0.0.1 until the block ends; yields its base URL, `http://127.0.0.1:PORT`.

    `behind` is what its page may steer beside it: the Byteful account of the same process, a store to restart.
    """
    refuse_real_tokens(os.environ)
    with listening(port) as listener, listening(0) as socket_listener:
        for one in ws.teams.all:
            one.base_url = f"http://{HOST}:{listener.getsockname()[1]}"
            one.is_closing = False
        courier = Courier(ws)
        api = SlackApi(ws, courier, behind)
        async with ws.teams.sockets.serving(socket_listener), serving(api.asgi(), listener):
            try:
                yield ws.base_url
            finally:
                for one in ws.teams.all:
                    one.close()
                await courier.close()


def introduction(ws: Workspace) -> Json:
    """What the bot must be told to live in this workspace."""
    return {
        "base_url": f"{ws.base_url}/api/",
        "page_url": f"{ws.base_url}/",
        "control_url": f"{ws.base_url}/control/",
        "bot_token": ws.app.bot_token,
        "app_token": ws.app.app_token,
        "signing_secret": ws.app.signing_secret,
        "team_id": ws.team_id,
        "bot_url": ws.bot_url,
    }


async def serve(
    port: int,
    bot_url: str,
    *,
    manifest: Mapping[str, Any] | Path | None = None,
    rate_limits: bool = True,
    environ: Mapping[str, str] | None = None,
) -> None:
    """The workspace as a program: prints one JSON line saying where it is, then serves until interrupted."""
    refuse_real_tokens(os.environ if environ is None else environ)
    ws = Workspace(manifest=manifest, bot_url=bot_url, rate_limits=rate_limits)
    stop = told_to_stop()
    async with running_workspace(ws, port):
        print(json.dumps(introduction(ws)), flush=True)
        await stop.wait()

"""J: Bolt for JavaScript, where there is node and its package is installed below `var/`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.company import Company, Served
from bench.processes import ROOT, running, until_open
from playground.stage import free_port

FOLDER = ROOT / "var" / "bench-node"
PACKAGE = FOLDER / "node_modules" / "@slack" / "bolt"
INSTALL_WITHIN_S = 180
LEFT_OUT = "not measured: no node, or no package @slack/bolt; `python -m bench --node` installs it below `var/`"


def is_there() -> bool:
    return shutil.which("node") is not None and PACKAGE.exists()


def install() -> None:
    """@slack/bolt from the package registry. Where that does not work, J is left out."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "@slack/bolt@5"]
    try:
        subprocess.run(command, cwd=FOLDER, check=True, env={**os.environ}, timeout=INSTALL_WITHIN_S)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"@slack/bolt could not be installed: {error}", file=sys.stderr)


@asynccontextmanager
async def javascript(around: Company) -> AsyncIterator[Served | None]:
    if not is_there():
        yield None
        return
    port, log = free_port(), around.log("hello-js")
    environment = around.environment(port) | {"NODE_PATH": str(FOLDER / "node_modules")}
    command = ("node", str(Path(__file__).parent / "anchors" / "hello.js"))
    async with running(*command, environment=environment, log=log) as program:
        yield Served(program, port, await until_open(port, log=log))

"""The Lua moves under `scripts/`, ready to run. A line `--include name` stands for `scripts/parts/name.lua`."""

from __future__ import annotations

import re
from pathlib import Path

import redis.asyncio as redis_asyncio
from redis.commands.core import AsyncScript

SCRIPTS = Path(__file__).parent / "scripts"
_INCLUDE = re.compile(r"^--include (\w+)\n", re.MULTILINE)


def load_scripts(client: redis_asyncio.Redis) -> dict[str, AsyncScript]:
    """By name. Nothing is sent to the server yet."""
    return {path.stem: client.register_script(source(path)) for path in sorted(SCRIPTS.glob("*.lua"))}


def source(path: Path) -> str:
    """The whole text of a move, with its parts in place."""
    return _INCLUDE.sub(lambda named: (SCRIPTS / "parts" / f"{named[1]}.lua").read_text(), path.read_text())

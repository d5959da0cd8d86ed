"""Real servers for store tests: started with any options, and a wire that loses answers."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import redis.asyncio as redis_asyncio
from pydantic import SecretStr

from bot.store.embedded import server_binary

BUFFER = 65_536


@asynccontextmanager
async def running(**options: str) -> AsyncIterator[SecretStr]:
    """A server of its own with these options (`appendonly="no"`), ended with the block; yields its URL."""
    with tempfile.TemporaryDirectory(prefix="pd-") as folder:
        socket = Path(folder) / "s"
        usual = {"port": "0", "unixsocket": str(socket), "dir": folder, "save": "", "appendonly": "yes"}
        arguments = [part for name, value in {**usual, **options}.items() for part in (f"--{name}", *value.split(" "))]
        silent = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            str(server_binary()), *arguments, stdin=silent, stdout=silent, stderr=silent
        )
        try:
            await _until_it_answers(socket, process)
            yield SecretStr(f"unix://{socket}")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _until_it_answers(socket: Path, process: asyncio.subprocess.Process) -> None:
    deadline = asyncio.get_running_loop().time() + 10
    async with redis_asyncio.Redis(unix_socket_path=str(socket)) as client:
        while True:
            with contextlib.suppress(redis_asyncio.RedisError, OSError):
                await client.ping()
                return
            assert process.returncode is None, "the server ended at once"
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.01)


class Wire:
    """Stands between a client and a server. `lose_next_answer_to` cuts the line instead of handing an answer on."""

    def __init__(self) -> None:
        self.cut = 0
        self._word: bytes | None = None

    def lose_next_answer_to(self, word: str) -> None:
        """`word` is what the command's bytes hold, such as a draft id."""
        self._word = word.encode()

    @asynccontextmanager
    async def to(self, server: SecretStr) -> AsyncIterator[SecretStr]:
        """Yields the URL of the near end."""
        path = server.get_secret_value().removeprefix("unix://")
        with tempfile.TemporaryDirectory(prefix="pd-") as folder:
            near = f"{folder}/wire"
            async with await asyncio.start_unix_server(lambda r, w: self._carry(path, r, w), near):
                yield SecretStr(f"unix://{near}")

    async def _carry(self, path: str, asked: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        far_answers, far = await asyncio.open_unix_connection(path)
        try:
            while sent := await asked.read(BUFFER):
                far.write(sent)
                got = await far_answers.read(BUFFER)
                if self._word is not None and self._word in sent:
                    self._word = None
                    self.cut += 1
                    return
                answers.write(got)
                await answers.drain()
        finally:
            far.close()
            answers.close()

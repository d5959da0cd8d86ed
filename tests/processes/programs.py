"""Programs as their users start them: separate processes whose output is read, and waits that end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import aiohttp

ROOT = Path(__file__).parents[2]
PATIENCE_S = 90.0
"""For anything that should happen at once, on a machine that may be busy."""
STOPS_WITHIN_S = 60.0
"""The grace time of a deployment: longer than the worker's and the web's own."""

T = TypeVar("T")


def plain_environment() -> dict[str, str]:
    """What a process needs to start, and none of our own settings."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


async def until(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """The first thing that is seen. Looks again and again, but not for ever."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        seen = await look()
        if seen:
            return seen
        assert asyncio.get_running_loop().time() < deadline, f"never seen: {what}"
        await asyncio.sleep(0.02)


@dataclass
class Program:
    """A running process with everything it has said so far."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    readers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    async def line_with(self, words: str) -> str:
        """A line of its output that holds these words."""

        async def look() -> str | None:
            found = next((line for line in self.lines if words in line), None)
            assert found or self.process.returncode is None, f"it ended ({self.process.returncode}):\n{self.output}"
            return found

        return await until(look, f"a line with {words!r} in:\n{self.output}")

    async def stop(self, signal: int) -> int:
        """Its exit code after this signal."""
        self.process.send_signal(signal)
        return await self.ended()

    async def ended(self) -> int:
        try:
            code = await asyncio.wait_for(self.process.wait(), STOPS_WITHIN_S)
        except TimeoutError:
            raise AssertionError(f"it did not stop:\n{self.output}") from None
        await asyncio.gather(*self.readers)
        return code


@asynccontextmanager
async def program(*arguments: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Program]:
    """`python -m …` in a process of its own; killed with the block if it is still there."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore::DeprecationWarning", "-m", *arguments),
        cwd=ROOT,
        env={**plain_environment(), **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=pipe,
        stderr=pipe,
        limit=2**20,
    )
    running = Program(process)

    async def read(stream: asyncio.StreamReader | None) -> None:
        while stream is not None and (line := await stream.readline()):
            running.lines.append(line.decode(errors="replace").rstrip("\n"))

    running.readers = [asyncio.create_task(read(process.stdout)), asyncio.create_task(read(process.stderr))]
    try:
        yield running
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await asyncio.gather(*running.readers)


async def get(url: str) -> tuple[int, str]:
    """Status and body; 0 while nobody answers."""
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()
    except aiohttp.ClientError:
        return 0, ""


async def until_ready(url: str, running: Program) -> None:
    async def is_ready() -> bool:
        assert running.process.returncode is None, f"it ended before it was ready:\n{running.output}"
        return (await get(f"{url}/readyz"))[0] == 200

    await until(is_ready, f"a bot that is ready at {url}")

"""Programs under measurement: started by the bench, watched from outside, ended with the block."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
START_WITHIN_S = 30.0
STOP_WITHIN_S = 20.0
QUIET_S = 0.1
"""A process that used less than a tenth of this in this time has come to rest."""


def plain_environment() -> dict[str, str]:
    """What a process needs to start, and none of our own settings."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ}


@dataclass(frozen=True, slots=True)
class Program:
    """A running process, and what it costs so far."""

    pid: int
    started_at: float
    """`time.monotonic()` just before it was started."""

    @property
    def cpu_s(self) -> float:
        """CPU time of all its threads, to the nanosecond: Linux keeps a clock for each process."""
        return time.clock_gettime((~self.pid << 3) | 2)

    @property
    def memory_mib(self) -> float:
        """Its own memory and its share of what it shares with others (Pss)."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"process {self.pid} does not say what memory it uses")

    @property
    def resident_mib(self) -> float:
        """Everything of it that is in memory, shared or not (Rss)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_of(programs: Iterable[Program]) -> float:
    return sum(program.cpu_s for program in programs)


def share_a_core(programs: Iterable[Program]) -> None:
    """All their threads on one core: what else goes on there slows them alike, and what they cost can be compared."""
    core = {min(os.sched_getaffinity(0))}
    for program in programs:
        for thread in os.listdir(f"/proc/{program.pid}/task"):
            os.sched_setaffinity(int(thread), core)


async def at_rest(programs: Iterable[Program], patience_s: float = 10.0) -> None:
    """Until what was asked of them is done, work behind the acks included."""
    watched = list(programs)
    deadline = time.monotonic() + patience_s
    before = cpu_of(watched)
    while time.monotonic() < deadline:
        await asyncio.sleep(QUIET_S)
        now = cpu_of(watched)
        if now - before < QUIET_S / 10:
            return
        before = now


@asynccontextmanager
async def running(*command: str, environment: Mapping[str, str] | None = None, log: Path) -> AsyncIterator[Program]:
    """A program by its command line. What it prints goes to `log`."""
    with log.open("ab") as output:
        started_at = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**plain_environment(), **(environment or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield Program(process.pid, started_at)
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    """Asked to stop, and killed when it does not."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def output_of(*command: str) -> bytes:
    """What a program prints until it ends. Raises RuntimeError when it fails; it ends when nobody waits any more."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=plain_environment(), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await process.communicate()
    finally:
        await end(process)
    if process.returncode:
        raise RuntimeError(f"`{' '.join(command[1:])}` ended with exit code {process.returncode}")
    return output


def python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


async def until_open(port: int, path: str = "", log: Path | None = None) -> float:
    """When somebody listens there, and with `path` answers it with 200: `time.monotonic()`."""
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                if not path:
                    return time.monotonic()
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                if b" 200 " in await reader.readline():
                    return time.monotonic()
            finally:
                writer.close()
        await asyncio.sleep(0.005)
    said = log.read_text(errors="replace")[-2_000:] if log and log.exists() else ""
    raise RuntimeError(f"nothing answers on port {port} within {START_WITHIN_S:.0f} s\n{said}")

"""A local journal: what is sent, and what was bought, is on this disk before anything else is done with it.

An answer that the store does not take, or whose process dies before it could, is written to the store later, with the
invoice link that exists nowhere else. A claim that a store forgot (a fail-over that lost its last second) is noticed.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec
import structlog

from bot.domain.ids import AttemptId
from bot.ports import Sent

_log = structlog.get_logger()


class FileJournal:
    """Implements `bot.ports.Journal` with one small file per attempt in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, sent: Sent) -> None:
        await asyncio.to_thread(self._write, sent)

    async def forget(self, attempt: AttemptId) -> None:
        await asyncio.to_thread(self._path(attempt).unlink, missing_ok=True)

    async def kept(self) -> list[Sent]:
        return await asyncio.to_thread(self._read)

    def _write(self, sent: Sent) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(sent.attempt)
        draft = path.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(sent))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(self._folder)

    def _read(self) -> list[Sent]:
        found: list[Sent] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Sent))
            except FileNotFoundError:
                continue  # another worker has just settled it
            except ValueError as error:
                _log.error("journal_not_readable", file=path.name, error=type(error).__name__)
        return found

    def _path(self, attempt: AttemptId) -> Path:
        return self._folder / f"{attempt}.json"


def _sync_folder(folder: Path) -> None:
    """The new name itself has to reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

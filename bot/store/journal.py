"""A local journal: what is sent, and what was bought, is on this disk before anything else is done with it.

An answer that the store does not take, or whose process dies before it could, is written to the store later, with the
invoice link that exists nowhere else. A claim that a store forgot (a fail-over that lost its last second) is noticed.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path

import orjson
import structlog

from bot.domain.ids import AttemptId, RequestId, WorkspaceId
from bot.domain.request import Order
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
            file.write(orjson.dumps(sent))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(self._folder)

    def _read(self) -> list[Sent]:
        found: list[Sent] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append(_sent(path.read_bytes()))
            except FileNotFoundError:
                continue  # another worker has just settled it
            except (ValueError, TypeError, KeyError) as error:
                _log.error("journal_not_readable", file=path.name, error=type(error).__name__)
        return found

    def _path(self, attempt: AttemptId) -> Path:
        return self._folder / f"{attempt}.json"


def _sent(raw: bytes) -> Sent:
    stored = orjson.loads(raw)
    return Sent(
        workspace=WorkspaceId(stored["workspace"]),
        request=RequestId(stored["request"]),
        attempt=AttemptId(stored["attempt"]),
        sent_at=datetime.fromisoformat(stored["sent_at"]),
        order=Order(**stored["order"]) if stored["order"] else None,
        is_unsent=stored.get("is_unsent", False),
    )


def _sync_folder(folder: Path) -> None:
    """The new name itself has to reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

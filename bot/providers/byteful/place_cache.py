"""The place tables on disk, so that a restart does not spend minutes of the account's request rate on them again.

It is a copy and nothing more: a file that is missing, of another format or damaged only means that the tables are read
anew. The arrays are copied as they are, behind a checksum, which takes some milliseconds where reading a hundred
thousand rows one by one would hold the interpreter.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import structlog

from bot.domain.packed import Numbers
from bot.providers.byteful.place_rows import Rows

FORMAT = 2
"""Part of the checksum, so that a copy of another format is none. Raised with every change of `Rows`."""
CHECKSUM_BYTES = 4

_log = structlog.get_logger()


def recall(path: Path) -> tuple[Rows, float] | None:
    """The rows and their age in seconds; None when there are none to be used."""
    try:
        return _read(path.read_bytes()), max(0.0, time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _log.warning("place_cache_not_read", error=type(error).__name__)
        return None


def remember(path: Path, rows: Rows) -> None:
    """Replace the copy as a whole; failing costs the next start some minutes and nothing else."""
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = msgspec.msgpack.encode(rows, enc_hook=_flat)
        with draft.open("wb") as file:
            file.writelines((_checksum(content), content))
        draft.replace(path)
    except OSError as error:
        _log.warning("place_cache_not_written", error=type(error).__name__)


def _read(copy: bytes) -> Rows:
    content = memoryview(copy)[CHECKSUM_BYTES:]
    if copy[:CHECKSUM_BYTES] != _checksum(content):
        raise ValueError("it is damaged or of another format")
    return msgspec.msgpack.decode(content, type=Rows, dec_hook=_array)


def _checksum(content: bytes | memoryview) -> bytes:
    return crc32(content, FORMAT).to_bytes(CHECKSUM_BYTES, "big")


def _flat(numbers: Numbers) -> bytes:
    return numbers.typecode.encode() + numbers.tobytes()


def _array(_kind: Any, flat: bytes) -> Numbers:
    return Numbers(chr(flat[0]), flat[1:])

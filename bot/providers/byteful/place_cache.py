"""The place tables on disk, so that a restart does not spend minutes of the account's request rate on them again.

It is a copy and nothing more: a file that is missing, old or unreadable only means that the tables are read anew.
"""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from bot.providers.byteful.lookups import Rows

_log = structlog.get_logger()


def recall(path: Path) -> tuple[Rows, float] | None:
    """The rows and their age in seconds; None when there are none to be used."""
    try:
        kept = path.read_bytes()
        return _rows().validate_json(kept), max(0.0, time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        _log.warning("place_cache_not_read", error=type(error).__name__)
        return None


def remember(path: Path, rows: Rows) -> None:
    """Replace the copy as a whole; failing costs the next start some minutes and nothing else."""
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.write_bytes(_rows().dump_json(rows))
        draft.replace(path)
    except OSError as error:
        _log.warning("place_cache_not_written", error=type(error).__name__)


@cache
def _rows() -> TypeAdapter[Rows]:
    """Made at the first copy, in the thread that reads or writes it: a start does not wait for it."""
    return TypeAdapter(Rows)

"""Records made small: compressed against words that nearly every record has (`record_words.json`).

The words are part of the stored form. They are never changed; other words would be another file under another mark.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

MARK = b"z1:"
"""Which no JSON begins with."""
LEVEL = 6
MOST_BYTES = 4_000_000
"""No record is this long; one that claims to be is broken."""


def pack(raw: bytes) -> bytes:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_words())
    return MARK + packer.compress(raw) + packer.flush()


def unpacked(stored: bytes) -> bytes:
    """What was packed; anything else as it is. Raises ValueError for what is broken."""
    if not stored.startswith(MARK):
        return stored
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_words())
    try:
        raw = unpacker.decompress(stored[len(MARK) :], MOST_BYTES)
    except zlib.error as error:
        raise ValueError("a packed record is broken") from error
    if not unpacker.eof:
        raise ValueError("a packed record is cut short")
    return raw


@cache
def _words() -> bytes:
    return (Path(__file__).parent / "record_words.json").read_bytes()

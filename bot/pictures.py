"""Charts as PNG files, drawn by vl-convert. Only a worker draws, one picture at a time, and beside the event loop.

The library is imported with the first picture: a process that draws none does not carry it.
"""

from __future__ import annotations

import asyncio
from typing import Any

SCALE = 2.0
"""Pixels for each unit, for sharp letters on dense screens."""
DRAW_TIMEOUT_S = 20.0


class PictureError(Exception):
    """It could not be drawn. The numbers stand in the message all the same."""


class Painter:
    """Implements `bot.ports.Painter`."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    async def png(self, spec: dict[str, Any]) -> bytes:
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(DRAW_TIMEOUT_S):
                    return await asyncio.to_thread(_drawn, spec)
            except Exception as error:  # whatever a library in another language raises
                raise PictureError(type(error).__name__) from error


def _drawn(spec: dict[str, Any]) -> bytes:
    import vl_convert  # noqa: PLC0415

    png = vl_convert.vegalite_to_png(spec, scale=SCALE)
    return bytes(png)

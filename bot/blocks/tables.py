"""Slack's own table block, and tables and charts as plain sections for workspaces that refuse them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.blocks import kit, native_charts, text
from bot.blocks.kit import Block, Message

ROWS = 100
CELL = 60
"""Characters of a cell: wider ones push the numbers off a phone."""
_RICH = frozenset({"table", "image", native_charts.KIND})


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Block:
    """Raw texts in, the first column to the left and all others to the right. One a message (Slack docs)."""
    return {
        "type": "table",
        "column_settings": [{"align": "left", "is_wrapped": True}, *({"align": "right"} for _ in head[1:])],
        "rows": [[_bold(name) for name in head], *([_cell(raw) for raw in row] for row in rows[: ROWS - 1])],
    }


def without_rich_blocks(message: Message) -> Message | None:
    """Tables and charts as sections and pictures left out; None when the message has none of them."""
    if not any(block["type"] in _RICH for block in message.blocks):
        return None
    blocks: list[Block] = []
    for block in message.blocks:
        if block["type"] == "table":
            blocks += _as_sections(block)
        elif block["type"] == native_charts.KIND:
            words = native_charts.in_words(block)
            blocks += [kit.section(words)] if words else []
        elif block["type"] != "image":
            blocks.append(block)
    return kit.message(message.text, *blocks)


def _cell(raw: str) -> dict[str, Any]:
    return {"type": "raw_text", "text": text.plain(raw, CELL) or "–"}


def _bold(raw: str) -> dict[str, Any]:
    words = {"type": "text", "text": text.plain(raw, CELL) or "–", "style": {"bold": True}}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [words]}]}


def _as_sections(block: Block) -> list[Block]:
    """`*Name*: Spent $31.50 · Before $20.00`, one line a row, in as many sections as they need."""
    head, *rows = ([_raw(cell) for cell in row] for row in block["rows"])
    lines = [_line(head, row) for row in rows]
    return [kit.section("\n".join(lines[at : at + 10])) for at in range(0, len(lines), 10)]


def _line(head: Sequence[str], row: Sequence[str]) -> str:
    values = " · ".join(
        f"{text.words(name)} {text.words(value)}" for name, value in zip(head[1:], row[1:], strict=True) if value != "–"
    )
    return f"*{text.words(row[0])}*: {values}" if values else f"*{text.words(row[0])}*"


def _raw(cell: dict[str, Any]) -> str:
    if cell["type"] == "raw_text":
        return str(cell["text"])
    return "".join(str(part["text"]) for section in cell["elements"] for part in section["elements"])

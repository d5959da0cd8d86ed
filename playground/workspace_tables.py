"""The two table blocks as Slack checks them, down to the cell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from playground.workspace_composition import block_id
from playground.workspace_rich_text import characters, rich_text
from playground.workspace_schema import Json, Problem, array, boolean, integer, number, record, shape, string, typed

DATA_TABLE_CHARACTERS = 20_000


def _cells(block: Json) -> Iterator[Any]:
    return chain.from_iterable(block["rows"])


def _even_rows(block: Json, at: str) -> Iterator[Problem]:
    if len({len(row) for row in block["rows"]}) > 1:
        yield Problem(f"{at}/rows", "uneven_rows", "every row must have the same number of cells")


def _table_size(block: Json, at: str) -> Iterator[Problem]:
    if characters(list(_cells(block))) > DATA_TABLE_CHARACTERS:
        yield Problem(f"{at}/rows", "too_long", f"cells hold more than {DATA_TABLE_CHARACTERS} characters")


def _plain_head(block: Json, at: str) -> Iterator[Problem]:
    """The first row names the columns of a data table, and rich text names nothing."""
    for position, cell in enumerate(block["rows"][0]):
        if cell["type"] == "rich_text":
            yield Problem(
                f"{at}/rows/0/{position}/type", "unsupported_type", "unsupported type: rich_text", "rich_text"
            )


def _settings_fit(block: Json, at: str) -> Iterator[Problem]:
    widest = max(len(row) for row in block["rows"])
    if len(block.get("column_settings", [])) > widest:
        message = f"the table has {widest} columns and settings for more"
        yield Problem(f"{at}/column_settings", "too_many", message, str(widest), severity="warning")


def _column(value: Any, at: str) -> Iterator[Problem]:
    """Settings of one column; null leaves it as it is."""
    if value is not None:
        yield from _column_settings(value, at)


_column_settings = record({}, {"align": string(6, one_of=("left", "center", "right")), "is_wrapped": boolean})
_words_cell = {"raw_text": shape({"text": string(20_000)}, {}), "rich_text": rich_text}
_cell = typed(_words_cell)
_data_cell = typed({**_words_cell, "raw_number": shape({"value": number}, {"text": string(20_000)})})

table = shape(
    {"rows": array(array(_cell, 20), 100)}, {"block_id": block_id, "column_settings": array(_column, 20)}, _settings_fit
)
data_table = shape(
    {"caption": string(2_000), "rows": array(array(_data_cell, 20), 201, least=2)},
    {"block_id": block_id, "page_size": integer(1, 100), "row_header_column_index": integer(0, 19)},
    _even_rows,
    _table_size,
    _plain_head,
)

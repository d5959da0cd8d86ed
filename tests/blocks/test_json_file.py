"""JSON files: the rows of the CSV file, typed, with totals that a program can check them against."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import csv_file, json_file
from bot.domain.account import UsageDay
from bot.domain.ledger import Kind
from tests.blocks.test_csv_file import entry


def read(table: csv_file.Table) -> Any:
    return json.loads(table.content)


def test_s6_a_json_file_has_the_rows_of_the_csv_file_and_totals_to_the_cent() -> None:
    entries = [entry(), entry(amount=-5, kind=Kind.REFUND, note="-1+2")]
    table = json_file.spend("spend.json", entries)
    holds = read(table)
    assert table.rows == holds["row_count"] == len(holds["rows"]) == csv_file.spend("x.csv", entries).rows
    assert [row["amount_cents"] for row in holds["rows"]] == [1575, -5]
    assert (holds["totals"]["spent"], holds["totals"]["refunded"], holds["totals"]["net"]) == (1575, 5, 1570)
    charge, refund = holds["rows"]
    assert (charge["day"], charge["time_utc"]) == ("2026-11-26", "2026-11-26T09:30:00Z")
    assert (charge["request"], charge["approvers"], charge["is_paid"]) == (1042, ["U2", "U3"], True)
    assert refund["note"] == "-1+2", "no spreadsheet reads it, so a text stays as it is"


def test_s6_usage_as_json_has_a_row_for_each_day() -> None:
    days = [UsageDay(date(2026, 11, day), "isp", None, "=cmd", 1024, 3) for day in (1, 2)]
    holds = read(json_file.usage("u.json", days, {}))
    assert holds["totals"] == {"bytes": 2048, "requests": 6}
    assert [(row["day_utc"], row["proxy_user"]) for row in holds["rows"]] == [
        ("2026-11-01", "=cmd"),
        ("2026-11-02", "=cmd"),
    ]


def test_t135_an_empty_json_file_can_be_read() -> None:
    holds = read(json_file.spend("x.json", []))
    assert (holds["row_count"], holds["rows"], holds["totals"]["spent"]) == (0, [], 0)


@given(st.text(st.characters(codec="utf-8")))
def test_s6_whatever_a_note_holds_the_file_can_be_read(raw: str) -> None:
    assert read(json_file.spend("x.json", [entry(note=raw)]))["rows"][0]["note"] == raw

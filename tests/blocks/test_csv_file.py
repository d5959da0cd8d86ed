"""CSV files: every row there, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import csv_file
from bot.domain.account import UsageDay
from bot.domain.ids import ChannelId, ProductCode, RequestId, ServiceId, UserId
from bot.domain.ledger import Entry, EntryId, Kind


def entry(note: str = "", amount: int = 1575, kind: Kind = Kind.CHARGE) -> Entry:
    return Entry(
        id=EntryId("1042:charge"),
        at=datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
        day=date(2026, 11, 26),
        kind=kind,
        amount=amount,
        is_paid=True,
        request=RequestId(1042),
        service=ServiceId("API-1"),
        requester=UserId("U1"),
        approvers=(UserId("U2"), UserId("U3")),
        channel=ChannelId("C1"),
        product=ProductCode("isp_us"),
        product_type="isp",
        quantity=5,
        note=note,
    )


def read(table: csv_file.Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    "raw",
    ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", '=HYPERLINK("http://x","y")', "−=1"[1:]],
)
def test_t140_a_cell_that_looks_like_a_formula_is_made_text(raw: str) -> None:
    assert csv_file.cell(raw).startswith("'")
    assert read(csv_file.spend("x.csv", [entry(note=raw)]))[1][13].startswith("'")


@given(st.text())
def test_t140_no_text_whatever_begins_a_formula(raw: str) -> None:
    table = csv_file.spend("x.csv", [entry(note=raw)])
    assert table.rows == 1
    for cells in read(table)[1:]:
        assert len(cells) == len(csv_file.SPEND_HEAD)
        assert not cells[13].lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))


def test_s6_amounts_stay_numbers_also_below_zero() -> None:
    table = csv_file.spend("spend.csv", [entry(), entry(amount=-5, kind=Kind.REFUND)])
    assert [cells[3] for cells in read(table)] == ["amount_usd", "15.75", "-0.05"]
    assert table.rows == 2
    assert read(table)[1][0:2] == ["2026-11-26", "2026-11-26 09:30:00"]


def test_s6_usage_has_a_line_for_each_day() -> None:
    table = csv_file.usage("u.csv", [UsageDay(date(2026, 11, 1), "isp", None, "=cmd", 1024, 3)], {})
    assert read(table)[1] == ["2026-11-01", "isp", "", "", "'=cmd", "1024", "3", "", "", "", ""]


def test_t135_an_empty_file_has_its_head() -> None:
    table = csv_file.spend("x.csv", [])
    assert (table.rows, read(table)) == (0, [list(csv_file.SPEND_HEAD)])

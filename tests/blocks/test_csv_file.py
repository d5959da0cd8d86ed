"""CSV files: every row there, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.blocks import csv_file, json_file
from bot.domain import ledger
from bot.domain.account import UsageDay
from bot.domain.catalog import CREDIT_CODE
from bot.domain.ids import ChannelId, ProductCode, RequestId, ServiceId, UserId
from bot.domain.ledger import Entry, EntryId, Kind


def entry(note: str = "", amount: int = 1575, kind: Kind = Kind.CHARGE, *, is_paid: bool = True) -> Entry:
    return Entry(
        id=EntryId("1042:charge"),
        at=datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
        day=date(2026, 11, 26),
        kind=kind,
        amount=amount,
        is_paid=is_paid,
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


def every_kind() -> list[Entry]:
    """What becomes of orders and top-ups, with every kind of entry among them."""
    order, void = entry(amount=1575, is_paid=False), entry(amount=700, is_paid=False)
    top_up, open_top_up = (
        replace(entry(kind=Kind.TOP_UP, amount=cents, is_paid=False), product=CREDIT_CODE) for cents in (5_000, 900)
    )
    return [
        *(order, ledger.paid(order, order.at)),
        *(void, ledger.void(void, void.at)),
        *(top_up, ledger.paid(top_up, top_up.at), open_top_up),
        entry(amount=1750, kind=Kind.RENEWAL),
        entry(amount=-300, kind=Kind.REFUND),
        entry(amount=-45, kind=Kind.CREDIT_NOTE),
        entry(amount=8430),
    ]


def test_n22_added_up_the_lines_are_the_sums_of_the_summary() -> None:
    entries = every_kind()
    assert {one.kind for one in entries} == set(Kind)
    head, *lines = read(csv_file.spend("x.csv", entries))

    def added(column: str) -> int:
        return round(100 * sum(float(line[head.index(column)]) for line in lines))

    sums = ledger.sums_of(entries)
    assert (added("amount_usd"), added("paid_usd")) == (sums.net, sums.paid)
    assert (added("top_up_usd"), added("top_up_open_usd")) == (sums.top_up, sums.top_up_open) == (5_000, 900)
    rows = msgspec.json.decode(json_file.spend("x.json", entries).content)["rows"]
    assert sum(row["amount_cents"] for row in rows) == sums.net == 1575 + 1750 + 8430 - 300 - 45
    assert sum(row["paid_cents"] for row in rows) == sums.paid
    assert sum(row["top_up_cents"] + row["top_up_open_cents"] for row in rows) == 5_900


def test_s6_usage_has_a_line_for_each_day() -> None:
    table = csv_file.usage("u.csv", [UsageDay(date(2026, 11, 1), "isp", None, "=cmd", 1024, 3)], {})
    assert read(table)[1] == ["2026-11-01", "isp", "", "", "'=cmd", "1024", "3", "", "", "", ""]


def test_t135_an_empty_file_has_its_head() -> None:
    table = csv_file.spend("x.csv", [])
    assert (table.rows, read(table)) == (0, [list(csv_file.SPEND_HEAD)])

"""A digest's charts, table and buttons: what Slack takes, and what there is to press."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bot.blocks import digest, shared_summary, tables
from bot.blocks.kit import Message
from bot.domain.account import UsageDay
from bot.domain.digest import Rhythm
from bot.domain.ids import ChannelId, NoticeKey, UserId
from bot.domain.notice import ChannelDigest, SharedSummary
from bot.domain.scope import Asked, Kind, Measure, Scope
from bot.domain.usage import BYTES_PER_GB as GB
from bot.domain.used import Left, Used, used_of
from bot.store import codec
from playground.workspace_surfaces import validate_blocks
from tests.blocks.test_charts import LEFT, MONTH, spend

AT = datetime(2026, 11, 26, 9, tzinfo=UTC)
CHANNEL = ChannelId("C0PROXIES")


def used(days: int = 1, left: tuple[Left, ...] = LEFT) -> Used:
    rows = [UsageDay(MONTH.first, "residential", None, None, 5 * GB, 9)] * days
    return used_of(MONTH, rows, [], {}, left=left)


FULL = ChannelDigest(
    digest=NoticeKey("digest"),
    at=AT,
    due=AT,
    is_late=False,
    missed=0,
    channel=CHANNEL,
    rhythm=Rhythm.MONTHLY,
    time_zone="UTC",
    period=MONTH,
    spend=spend(products=12, days=20),
    used=used(),
    renewing=(),
    undecided=(),
    waiting=0,
)
NOTHING = replace(FULL, spend=spend(products=0), used=used(0))


def count(message: Message, kind: str) -> int:
    return sum(block["type"] == kind for block in message.blocks)


def presses(message: Message) -> dict[str, str]:
    return {
        element["action_id"]: element.get("value", "")
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    }


def test_s2_s3_a_digest_has_two_charts_a_table_and_no_picture() -> None:
    message = digest.posted(FULL)
    assert validate_blocks(message.blocks) == []
    assert (count(message, "data_visualization"), count(message, "table"), count(message, "image")) == (2, 1, 0)
    assert "Spent from 1 to 26 Nov 2026: 1 Nov $" in message.text
    assert "Data used from 1 to 26 Nov 2026: 1 Nov 5 GB." in message.text


def test_t136_a_digest_without_charts_and_tables_has_their_numbers() -> None:
    plain = tables.without_rich_blocks(digest.posted(FULL))
    assert plain is not None
    assert validate_blocks(plain.blocks) == []
    assert {block["type"] for block in plain.blocks} == {"section", "context", "actions"}
    assert any("1 Nov: 5 GB (Residential 5 GB)" in block["text"]["text"] for block in plain.blocks if "text" in block)


@pytest.mark.parametrize(
    ("told", "about"),
    [
        (FULL, "spend"),
        (replace(FULL, spend=None), "usage"),
        (replace(FULL, spend=spend(products=0)), "usage"),
        (replace(FULL, used=used(0)), "spend"),
    ],
    ids=["both", "prices hidden", "nothing spent", "nothing used"],
)
def test_s3_s6_the_picture_and_the_files_of_a_digest_are_to_be_asked_for(told: ChannelDigest, about: str) -> None:
    offered = presses(digest.posted(told))
    asked = f"{about}:channel:{CHANNEL}:{MONTH}"
    assert [offered[one] for one in ("report_picture", "report_csv", "report_json")] == [asked] * 3


def test_t135_a_digest_of_nothing_offers_no_picture_and_no_file() -> None:
    message = digest.posted(NOTHING)
    assert set(presses(message)) == {"show_requests", "open_form"}
    assert count(message, "data_visualization") == 0


def test_s1_a_share_announced_before_charts_had_names_is_still_told() -> None:
    asked = Asked(Measure.USAGE, Scope(Kind.WORKSPACE, ""), MONTH)
    notice = SharedSummary(AT, UserId("U1"), CHANNEL, asked, "UTC", None, used(), names=(("U1", "Rita"),))
    raw = codec.dump_notice(notice)
    older = raw.replace(b'"as_of":"2026-11-26"', b'"was_not":0').replace(b'"names":[["U1","Rita"]]', b'"was_not":0')
    assert older != raw
    loaded = codec.load_notice(older)
    assert isinstance(loaded, SharedSummary)
    assert loaded.names == ()
    message = shared_summary.shared(loaded)
    assert [one.as_of for one in loaded.used.left if loaded.used] == [None, None]  # type: ignore[union-attr]
    assert count(message, "data_visualization") == 1
    assert validate_blocks(message.blocks) == []

"""Slack's table block and what stands in its place where a workspace refuses it."""

from __future__ import annotations

from bot.blocks import kit, tables

TABLE = tables.table(["Product", "Spent", "Before"], [["AT&T *ISP*", "$31.50", "–"], ["<!here>", "", "$2.00"]])


def test_s3_a_table_has_a_bold_head_and_raw_cells() -> None:
    assert TABLE["rows"][0][0]["elements"][0]["elements"][0]["style"] == {"bold": True}
    assert [cell["text"] for cell in TABLE["rows"][1]] == ["AT&T *ISP*", "$31.50", "–"]
    assert TABLE["rows"][2][1]["text"] == "–"


def test_s3_a_table_never_has_more_rows_than_slack_takes() -> None:
    assert len(tables.table(["A"], [["x"]] * 500)["rows"]) == 100


def test_t136_without_the_table_the_same_numbers_stand_in_sections() -> None:
    message = kit.message("said", kit.section("lead"), TABLE, kit.picture("F1", "alt", "title"), kit.actions())
    plain = tables.without_rich_blocks(message)
    assert plain is not None
    assert [block["type"] for block in plain.blocks] == ["section", "section", "actions"]
    assert plain.blocks[1]["text"]["text"] == "*AT&amp;T ∗ISP∗*: Spent $31.50\n*&lt;!here&gt;*: Before $2.00"
    assert plain.text == "said"


def test_t136_a_message_without_table_or_picture_has_no_plainer_one() -> None:
    assert tables.without_rich_blocks(kit.message("said", kit.section("lead"))) is None

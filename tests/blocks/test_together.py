"""Several notices in one message: whole, or not in it."""

from __future__ import annotations

import pytest

from bot.blocks import kit, limits, notices, tables
from bot.blocks.kit import Message
from bot.blocks.together import fit, together
from bot.domain.intents import MOST_TOGETHER
from bot.domain.request import Declined
from tests import examples
from tests.blocks.reading import assert_valid


def said(words: str, blocks: int = 1) -> Message:
    return kit.message(words, *(kit.section(words[:100]) for _ in range(blocks)))


def test_t95_what_is_said_together_is_what_each_would_say_alone() -> None:
    request = examples.after(examples.submitted(), Declined)
    alone = notices.direct_notice(request, request.history[-1])
    both = together([alone, alone])
    assert both.blocks == [*alone.blocks, kit.divider(), *alone.blocks]
    assert both.text == f"{alone.text}\n\n{alone.text}"
    assert_valid(both)


@pytest.mark.parametrize(
    ("messages", "count"),
    [
        ([said("short")], 1),
        ([said("short")] * 30, MOST_TOGETHER),
        ([said("x" * 900)] * 4, 3),
        ([said("x" * 1_494)] * 2, 2),
        ([said("x" * 1_495)] * 2, 1),
        ([said("short", 24)] * 3, 2),
        ([said("short", 25)] * 3, 1),
        ([said("short", 50), said("short")], 1),
        ([said("short"), kit.message("rows", tables.table(["a"], [["b"]])), said("short")], 1),
        ([kit.message("rows", tables.table(["a"], [["b"]])), said("short")], 1),
    ],
)
def test_t95_nothing_is_cut_so_that_more_fits(messages: list[Message], count: int) -> None:
    assert fit(messages) == count
    shown = together(messages[:count]) if count > 1 else messages[0]
    assert len(shown.blocks) <= limits.MESSAGE_BLOCKS
    assert all(message.text in shown.text for message in messages[:count])

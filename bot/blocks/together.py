"""Several notices in one message: each as it looks alone, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from bot.blocks import kit, limits, tables
from bot.blocks.kit import Block, Message
from bot.domain.intents import MOST_TOGETHER

BETWEEN = "\n\n"


def together(messages: Sequence[Message]) -> Message:
    blocks: list[Block] = []
    for message in messages:
        blocks += [kit.divider(), *message.blocks] if blocks else message.blocks
    return kit.message(BETWEEN.join(message.text for message in messages), *blocks)


def fit(messages: Sequence[Message]) -> int:
    """How many of them, from the first on, one message can hold whole; at least 1. Tables and pictures stay alone."""
    texts = accumulate(len(message.text) + len(BETWEEN) for message in messages)
    blocks = accumulate(len(message.blocks) + 1 for message in messages)
    count = 0
    for message, characters, lines in zip(messages[:MOST_TOGETHER], texts, blocks, strict=False):
        is_too_much = characters - len(BETWEEN) > limits.FALLBACK or lines - 1 > limits.MESSAGE_BLOCKS
        if is_too_much or tables.without_rich_blocks(message) is not None:
            break
        count += 1
    return max(1, count)

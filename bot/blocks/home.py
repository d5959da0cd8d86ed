"""App Home: the same lists as the command gives, always at hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.blocks import kit, limits, lists, text
from bot.blocks.kit import Block, View
from bot.domain.draft import WaitingDraft
from bot.domain.request import PurchaseRequest


def home(
    mine: Sequence[PurchaseRequest],
    waiting: Sequence[PurchaseRequest],
    now: datetime,
    unpriced: Sequence[WaitingDraft] = (),
    banner: Sequence[Block] = (),
) -> View:
    blocks = [*banner, kit.actions(*lists.ways_on()), *lists.blocks_of(mine, waiting, now, unpriced)]
    if not mine:
        blocks.append(kit.section("You have not asked for anything yet."))
    blocks.append(kit.context(f"As of {text.when(now)}"))
    return {"type": "home", "blocks": blocks[: limits.VIEW_BLOCKS]}

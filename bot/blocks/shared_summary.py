"""A summary that somebody showed to a channel."""

from __future__ import annotations

from bot.blocks import kit, text
from bot.blocks.kit import Message
from bot.blocks.spend_summary import spend
from bot.blocks.usage_summary import usage
from bot.domain.notice import SharedSummary
from bot.domain.used import Used


def shared(notice: SharedSummary) -> Message:
    """The same numbers, with who shows them."""
    if notice.spend is not None:
        names = dict(notice.names)
        message = spend(notice.asked, notice.spend, time_zone=notice.time_zone, names=names, is_private=False)
    else:
        message = usage(notice.asked, _there(notice.used), is_private=False)
    said = f"{text.mention(notice.by)} shares this, as of {text.when(notice.at)}."
    return kit.message(f"{said}\n{message.text}", *message.blocks, kit.context(said))


def _there(used: Used | None) -> Used:
    if used is None:
        raise TypeError("a shared summary holds spend or usage")
    return used

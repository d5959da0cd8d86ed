"""App Home: drawn when somebody opens it, and again after what they click there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.blocks import home as view
from bot.blocks.ids import Action
from bot.handlers.front import Front
from bot.handlers.parse import Actor, Press
from bot.usecases import home

OPEN_A_FORM = frozenset({Action.OPEN_FORM, Action.OPEN_TOPUP, Action.EDIT_DRAFT, Action.DECLINE, Action.MARK_FOUND})
"""What is seen at once, where it was pressed."""


async def opened(front: Front, who: Actor) -> None:
    """At once with what is known; again when the credit had to be asked for."""
    await publish(front, who)
    await home.opened(front.desk, who.workspace, who.user)
    if await home.refresh_credit(front.desk, who.workspace):
        await publish(front, who)


async def publish(front: Front, who: Actor, *, answered_below: int | None = None) -> None:
    shown = await home.home(front.desk, who.workspace, who.user)
    await front.chat.publish_home(who.user, view.home(shown, answered_below=answered_below))


def pressed(front: Front, press: Press, *, is_answered: bool) -> None:
    """Draw it anew if it was pressed there, and say where the answer is: a click on the Home is answered elsewhere."""
    if press.view is None or press.view.get("type") != "home":
        return
    is_elsewhere = is_answered or press.action_id not in OPEN_A_FORM
    below = _place(press.view, press.block_id) if is_elsewhere else None
    front.background.spawn(publish(front, press.actor, answered_below=below))


def _place(shown: Mapping[str, Any], block_id: str) -> int:
    """How many blocks end with the one that was pressed: the person looks right below it."""
    blocks = [block.get("block_id") for block in shown.get("blocks") or ()]
    before = [block for block in blocks if block != view.ANSWER_BLOCK]
    return before.index(block_id) + 1 if block_id in before else 0

"""App Home: drawn when somebody opens it, and again after what they click there."""

from __future__ import annotations

from bot.blocks import home as view
from bot.handlers.front import Front
from bot.handlers.parse import Actor, Press
from bot.usecases import home


async def opened(front: Front, who: Actor) -> None:
    """At once with what is known; again when the credit had to be asked for."""
    await publish(front, who)
    await home.opened(front.desk, who.workspace, who.user)
    if await home.refresh_credit(front.desk, who.workspace):
        await publish(front, who)


async def publish(front: Front, who: Actor) -> None:
    shown = await home.home(front.desk, who.workspace, who.user)
    await front.chat.publish_home(who.user, view.home(shown))


def is_pressed_there(press: Press) -> bool:
    return press.view is not None and press.view.get("type") == "home"

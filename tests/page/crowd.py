"""A channel with much in it, some of it changing all the time."""

from __future__ import annotations

import asyncio
import itertools

from playground.workspace import Workspace
from playground.workspace_cast import PROXIES, RITA
from playground.workspace_model import Message
from tests.page import gallery

EVERY_S = 0.1


def fill(ws: Workspace, *, messages: int, cards: int) -> None:
    """So many messages, and among them, evenly, so many cards of a purchase's size."""
    channel = ws.channels[PROXIES]
    for n in range(messages):
        is_card = n % (messages // cards) == 0
        blocks = [{**block, "block_id": f"b{i}"} for i, block in enumerate(gallery.MESSAGE[:8])] if is_card else []
        one = Message(PROXIES, ws.next_ts(channel), RITA, f"message *{n}*", blocks=blocks)
        channel.messages[one.ts] = one
    ws.changed()


def say(ws: Workspace, text: str) -> None:
    channel = ws.channels[PROXIES]
    one = Message(PROXIES, ws.next_ts(channel), RITA, text)
    channel.messages[one.ts] = one
    ws.changed()


async def stir(ws: Workspace) -> None:
    """One card after the other changes, ten times a second, until this is cancelled."""
    cards = [one for one in ws.channels[PROXIES].messages.values() if one.blocks]
    for n, card in enumerate(itertools.cycle(cards)):
        card.blocks[0]["text"]["text"] = f"A header, changed {n} times"
        ws.changed()
        await asyncio.sleep(EVERY_S)

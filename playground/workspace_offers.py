"""External selects: what the bot offers for what a person typed, asked for once and remembered while it is on screen.

A client asks when the person opens the menu or types into it. Whoever then picks a row sends the row they saw; the bot
is not asked again.
"""

from __future__ import annotations

import json
from typing import Any

from playground import workspace_payloads as payloads
from playground.workspace import Workspace
from playground.workspace_delivery import Courier, Receipt
from playground.workspace_model import ImpossibleError
from playground.workspace_options import menu_option, option_group, options_of
from playground.workspace_schema import Json, array, errors, exactly_one_of, record
from playground.workspace_screen import Spot, pick

_ANSWER = record(
    {},
    {"options": array(menu_option, 100, least=0), "option_groups": array(option_group, 100, least=0)},
    exactly_one_of("options", "option_groups"),
)
_NOTHING: Json = {"options": []}
DEFAULT_LEAST = 3


def least(spot: Spot) -> int:
    """How many letters it takes before the bot is asked."""
    length: int = spot.element.get("min_query_length", DEFAULT_LEAST)
    return length


class Offers:
    """The menu each person has open: one at a time."""

    def __init__(self, ws: Workspace, courier: Courier) -> None:
        self._ws = ws
        self._courier = courier
        self._shown: dict[str, tuple[tuple[str, ...], list[Json]]] = {}

    async def ask(self, spot: Spot, query: str) -> tuple[Receipt, Json]:
        """What the bot offers: `options` or `option_groups`, as it answered; no options when the answer is no good."""
        asked = {"action_id": spot.element["action_id"], "block_id": spot.block["block_id"], "value": query}
        payload = payloads.block_suggestion(
            self._ws, spot.person, asked, message=spot.place.message, view=spot.place.view
        )
        receipt = await self._courier.interaction(spot.person.id, payload)
        offered = self._checked(receipt) if receipt.acked else _NOTHING
        self._shown[spot.person.id] = (_key(spot), options_of(offered))
        return receipt, offered

    async def one(self, spot: Spot, value: Any, query: str | None) -> Json:
        """The option picked: a row on screen or held already, else one of those offered for `query`, or the value."""
        known = [*_held(spot), *self._on_screen(spot)]
        if query is None and any(value in (one.get("value"), one["text"]["text"]) for one in known):
            return pick(known, value)
        typed = query if query is not None else str(value)
        if len(typed) < least(spot):
            raise ImpossibleError(f"the list opens after {least(spot)} characters; {typed!r} is shorter")
        return pick(options_of((await self.ask(spot, typed))[1]), value)

    def _on_screen(self, spot: Spot) -> list[Json]:
        key, options = self._shown.get(spot.person.id, ((), []))
        return options if key == _key(spot) else []

    def _checked(self, receipt: Receipt) -> Json:
        try:
            body: Json = json.loads(receipt.body)
        except ValueError:
            self._ws.note_problem("block_suggestion", "the answer is not JSON")
            return _NOTHING
        found = list(_ANSWER(body, ""))
        self._ws.note_problems("block_suggestion", found)
        return _NOTHING if errors(found) else body


def _key(spot: Spot) -> tuple[str, ...]:
    view, message = spot.place.view, spot.place.message
    place = (view.id,) if view is not None else (message.channel, message.ts) if message is not None else ()
    return (*place, spot.block["block_id"], spot.element["action_id"])


def _held(spot: Spot) -> list[Json]:
    state = spot.place.values(spot.person.id).get(spot.block["block_id"], {}).get(spot.element["action_id"], {})
    return [one for one in [*state.get("selected_options", []), state.get("selected_option")] if one]

"""One person at their Slack client: everything they can do there, and everything they see."""

from __future__ import annotations

import base64
from typing import Any, Protocol

from playground.slack_seen import (
    CannotError,
    Json,
    Outcome,
    SeenMessage,
    SeenView,
    Target,
    outcome,
    seen_message,
    seen_view,
)


class Call(Protocol):
    """One request to the control interface of a workspace."""

    async def __call__(self, verb: str, path: str, body: Json | None = None, **query: Any) -> Json: ...


class SlackPerson:
    """One person at their Slack client."""

    def __init__(self, call: Call, name: str) -> None:
        self._call = call
        self.name = name

    async def _do(self, verb: str, **asked: Any) -> Outcome:
        sent = {key: value for key, value in asked.items() if value is not None or key == "value"}
        return outcome(await self._call("POST", f"people/{self.name}/{verb}", sent))

    async def _look(self, what: str, **query: Any) -> Json:
        return await self._call("GET", f"people/{self.name}/{what}", **query)

    async def _messages(self, **query: Any) -> list[SeenMessage]:
        return [seen_message(one) for one in (await self._look("messages", **query))["messages"]]

    # --- doing

    async def types(
        self, text: str, channel: str, thread_ts: str | None = None, files: list[str] | None = None
    ) -> Outcome:
        """A slash command or a message; `channel="dm"` is the direct message with the bot."""
        return await self._do("types", text=text, channel=channel, thread_ts=thread_ts, files=files)

    async def clicks(
        self,
        target: Target,
        name: str,
        *,
        block_id: str | None = None,
        value: str | None = None,
        confirm: bool = True,
        stale: bool = False,
    ) -> Outcome:
        """A button by action_id, block_id or text; `confirm=False` turns its confirmation dialog down.

        `stale` presses what `target` showed when it was looked at, though the message may have changed since.
        """
        extra = {"value": value} if value is not None else {}
        shown = {**target.target, "blocks": target.blocks} if stale else target.target
        asked = {"target": shown, "name": name, "confirm": confirm, **extra}
        return await self._do("clicks", block_id=block_id, **asked)

    async def chooses(
        self,
        target: Target,
        name: str,
        value: Any,
        *,
        block_id: str | None = None,
        query: str | None = None,
        confirm: bool = True,
    ) -> Outcome:
        """An option by value or text in a select, checkboxes, radio buttons, picker or overflow; a list where several.

        In an external select `query` (by default the value itself) is typed first and the bot asked for options.
        """
        asked = {"target": target.target, "name": name, "value": value, "confirm": confirm}
        return await self._do("chooses", block_id=block_id, query=query, **asked)

    async def enters(
        self, target: Target, name: str, text: str, *, block_id: str | None = None, press_enter: bool = False
    ) -> Outcome:
        """Text into a field by block_id, action_id or label; empty text clears it."""
        asked = {"target": target.target, "name": name, "text": text, "press_enter": press_enter}
        return await self._do("enters", block_id=block_id, **asked)

    async def uploads(self, name: str, content: bytes) -> Json:
        """A file from their computer: its `id` goes into a file field by `chooses`, or with a message by `types`."""
        sent = {"name": name, "content": base64.b64encode(content).decode()}
        answer = await self._call("POST", f"people/{self.name}/uploads", sent)
        return dict(answer["file"])

    async def reacts(self, message: SeenMessage, name: str, *, remove: bool = False) -> Outcome:
        """An emoji under a message, by its name without colons."""
        return await self._do("reacts", target=message.target, name=name, remove=remove)

    async def reads(self, channel: str, thread_ts: str | None = None) -> None:
        """They have seen a conversation, or a thread, to its end."""
        await self._do("reads", channel=channel, thread_ts=thread_ts)

    async def reloads(self) -> None:
        """Their window starts anew: private messages and open forms are gone."""
        await self._do("reloads")

    async def screen(self, channel: str | None = None, thread_ts: str | None = None) -> Json:
        """Their whole window as the page sees it."""
        return await self._look("screen", channel=channel, thread_ts=thread_ts)

    async def searches(self, target: Target, name: str, query: str, *, block_id: str | None = None) -> Outcome:
        """What an external select offers for this query: see `Outcome.options`."""
        return await self._do("searches", target=target.target, name=name, query=query, block_id=block_id)

    async def submits(self, view: SeenView) -> Outcome:
        """`errors` names the fields that stop it, by the client (not delivered) or by the bot."""
        return await self._do("submits", target=view.target)

    async def closes(self, view: SeenView, *, everything: bool = False) -> Outcome:
        return await self._do("closes", target=view.target, everything=everything)

    async def opens_home(self, tab: str = "home") -> Outcome:
        return await self._do("opens_home", tab=tab)

    async def uses_shortcut(self, callback_id: str) -> Outcome:
        return await self._do("uses_shortcut", callback_id=callback_id)

    async def uses_message_shortcut(self, message: SeenMessage, callback_id: str) -> Outcome:
        return await self._do("uses_shortcut", callback_id=callback_id, target=message.target)

    # --- seeing

    async def view(self) -> SeenView | None:
        """The topmost open modal."""
        return seen_view((await self._look("view"))["view"])

    async def stack(self) -> list[SeenView]:
        """All open modals, the topmost last."""
        views = [seen_view(raw) for raw in (await self._look("stack"))["views"]]
        return [view for view in views if view is not None]

    async def home(self) -> SeenView | None:
        return seen_view((await self._look("home"))["view"])

    async def messages(self, channel: str, last: int | None = None) -> list[SeenMessage]:
        """What they see in a conversation, oldest first, their own ephemerals among it; all, or only the `last` few."""
        return await self._messages(channel=channel, last=last)

    async def message(self, channel: str, containing: str) -> SeenMessage | None:
        """The latest message with these words in it."""
        found = [one for one in await self.messages(channel) if containing in one.text or containing in one.fallback]
        return found[-1] if found else None

    async def dm(self) -> list[SeenMessage]:
        """The direct message with the bot."""
        return await self.messages("dm")

    async def ephemerals(self, channel: str) -> list[SeenMessage]:
        return [one for one in await self.messages(channel) if one.is_ephemeral]

    async def thread(self, channel: str, ts: str) -> list[SeenMessage]:
        return await self._messages(channel=channel, thread=ts)

    async def again(self, message: SeenMessage) -> SeenMessage:
        """The same message as it is now."""
        for one in await self.messages(message.channel):
            if one.ts == message.ts:
                return one
        raise CannotError(f"{self.name} no longer sees the message {message.ts}")

"""Acting in the simulated workspace as a person would, and waiting for what they would see.

    async with SlackDriver(base_url) as slack:
        rita = slack.person("rita")
        await rita.types("/proxy buy", channel="proxies")
        form = await slack.until(rita.view)
        await rita.enters(form, "quantity", "5")
        await rita.submits(form)

Everything goes over the control interface, so it works from any process. Nothing here sleeps: `until` waits for
changes. A thing Slack would not let the person do raises `CannotError`.
"""

from __future__ import annotations

import base64
import inspect
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import aiohttp

Json = dict[str, Any]
T = TypeVar("T")


class CannotError(AssertionError):
    """The person has no such thing on screen, or Slack would not let them."""


class NeverHappenedError(AssertionError):
    """What was waited for did not come in time; carries what was there instead."""


@dataclass(frozen=True)
class Button:
    text: str
    action_id: str
    block_id: str
    value: str | None = None
    style: str | None = None
    url: str | None = None
    confirm: Json | None = None


@dataclass(frozen=True)
class SeenMessage:
    """A message on somebody's screen: `text` is all of it as readable lines, `fallback` what a notification shows."""

    channel: str
    channel_name: str
    ts: str
    user: str
    user_name: str
    text: str
    fallback: str
    raw_text: str
    blocks: list[Json]
    attachments: list[Json]
    thread_ts: str | None
    is_ephemeral: bool
    is_edited: bool
    metadata: Json | None
    buttons: list[Button]
    reactions: dict[str, list[str]]
    files: list[Json]

    @property
    def target(self) -> Json:
        return {"channel": self.channel, "ts": self.ts}

    def has_button(self, text: str) -> bool:
        return any(text in (button.text, button.action_id) for button in self.buttons)

    def __str__(self) -> str:
        mark = " (only you)" if self.is_ephemeral else ""
        return f"@{self.user_name}{mark}: {self.text}"


@dataclass(frozen=True)
class Field:
    block_id: str
    action_id: str
    type: str
    label: str
    value: str
    optional: bool
    error: str | None
    options: list[str]


@dataclass(frozen=True)
class SeenView:
    """A modal or the App Home on somebody's screen, as it was when looked at."""

    id: str
    type: str
    title: str
    text: str
    blocks: list[Json]
    values: Json
    errors: dict[str, str]
    trouble: str | None
    callback_id: str
    external_id: str
    private_metadata: str
    hash: str
    root_view_id: str
    previous_view_id: str | None
    submit: str | None
    close: str | None
    depth: int
    inputs: list[Field]
    buttons: list[Button]

    @property
    def target(self) -> Json:
        return {"view": self.id}

    def input(self, name: str) -> Field:
        """A field by block_id, action_id or label."""
        for one in self.inputs:
            if name in (one.block_id, one.action_id, one.label):
                return one
        raise CannotError(f"no field {name!r} in:\n{self.text}")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Outcome:
    """What a move led to: whether the bot was asked, answered in time, and what the person was shown."""

    delivered: bool
    acked: bool
    status: int | None
    ms: float
    failure: str | None = None
    answer: SeenMessage | None = None
    error: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    view: SeenView | None = None
    options: list[Json] = field(default_factory=list)
    option_groups: list[Json] = field(default_factory=list)
    body: str = ""

    @property
    def option_texts(self) -> list[str]:
        return [option["text"]["text"] for option in self.options]


def _message(raw: Json) -> SeenMessage:
    return SeenMessage(**{**raw, "buttons": [Button(**button) for button in raw["buttons"]]})


def _view(raw: Json | None) -> SeenView | None:
    if raw is None:
        return None
    inputs = [Field(**one) for one in raw["inputs"]]
    return SeenView(**{**raw, "inputs": inputs, "buttons": [Button(**button) for button in raw["buttons"]]})


def _outcome(raw: Json) -> Outcome:
    answer = raw["answer"] and _message(raw["answer"])
    return Outcome(**{**raw, "answer": answer, "view": _view(raw["view"])})


Target = SeenMessage | SeenView


class SlackDriver:
    """A hand on the control interface of a running workspace."""

    def __init__(self, base_url: str, team: str = "") -> None:
        """`team` is the id of a neighbouring workspace; without it, the first one."""
        self._base = base_url.rstrip("/").removesuffix("/api")
        self._team = f"teams/{team}/" if team else ""
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, verb: str, path: str, body: Json | None = None, **query: Any) -> Json:
        """One request to the control interface."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120))
        params = {key: str(value) for key, value in query.items() if value is not None}
        url = f"{self._base}/control/{self._team}{path}"
        sent = None if verb == "GET" else (body or {})
        async with self._session.request(verb, url, json=sent, params=params) as response:
            answer: Json = await response.json()
        if response.status != 200:
            raise CannotError(answer.get("impossible", answer))
        return answer

    def person(self, name: str) -> SlackPerson:
        """Somebody of the workspace, by name or id."""
        return SlackPerson(self, name)

    # --- waiting

    async def revision(self) -> int:
        return int((await self.call("GET", "changes", since=-1))["revision"])

    async def until(
        self, predicate: Callable[[], T | Awaitable[T | None] | None], within: float = 30.0, what: str = ""
    ) -> T:
        """The first truthy value of `predicate` (plain or async), looked at again whenever something changed."""
        deadline = time.monotonic() + within
        while True:
            revision = await self.revision()
            value = predicate()
            if inspect.isawaitable(value):
                value = await value
            if value:
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                raise NeverHappenedError(
                    f"{what or 'what was waited for'} did not happen in {within} s\n{await self.dump()}"
                )
            await self.call("GET", "changes", since=revision, within=left)

    async def dump(self) -> str:
        """The whole workspace as text: for failures and transcripts."""
        state = await self.call("GET", "state")
        names = {person["id"]: person["name"] for person in state["people"]}
        lines: list[str] = []
        for channel in state["channels"]:
            for raw in channel["messages"]:
                only = names.get(raw.pop("ephemeral_to") or "")
                private = f" (only {only})" if only else ""
                lines.append(f"#{channel['name']} @{raw['user_name']}{private}: {raw['text']}")
        lines += [f"on {names[view['owner']]}'s screen: {view['text']}" for view in state["views"]]
        lines += [f"home of {names[person]}: {view['text']}" for person, view in state["homes"].items()]
        lines += [f"problem: {problem['where']}: {problem['problem']}" for problem in state["problems"]]
        lines += [f"log: {json.dumps(line, ensure_ascii=False)[:300]}" for line in (await self.log())[-15:]]
        return "\n".join(lines)

    # --- the record

    async def log(self) -> list[Json]:
        """Every Web API call (`what: call`) and every delivery to the bot (`what: delivery`), oldest first."""
        return list((await self.call("GET", "log"))["log"])

    async def calls(self, method: str) -> list[Json]:
        return [line for line in await self.log() if line.get("method") == method]

    async def deliveries(self, kind: str) -> list[Json]:
        return [line for line in await self.log() if line.get("kind") == kind]

    async def problems(self) -> list[Json]:
        """What the bot did that real Slack refuses, ignores or warns of. Tests want this empty."""
        return list((await self.call("GET", "problems"))["problems"])

    async def confirms(self) -> list[Json]:
        return list((await self.call("GET", "confirms"))["confirms"])

    # --- trouble

    async def fault(self, name: str, method: str | None = None, times: int | None = 1, **more: Any) -> None:
        """`ratelimited` `error` `slow` `timeout_after_effect` `http_500` `reset` `duplicate_delivery` `dropped_ack`.

        `more`: `error`, `retry_after`, `seconds`, `skip`. `method` is a Web API method, `response_url`, or for the last
        two a kind of delivery. `times=None` lasts until `clear_faults`.
        """
        await self.call("POST", "faults", {"name": name, "method": method, "times": times, **more})

    async def clear_faults(self) -> None:
        await self.call("DELETE", "faults")

    async def set_clock(self, seconds: float | None) -> None:
        """World time stands still at this moment; None lets it run again."""
        await self.call("POST", "clock", {"set": seconds})

    async def advance(self, seconds: float) -> None:
        await self.call("POST", "clock", {"advance": seconds})

    async def change(self, what: str, **arguments: Any) -> None:
        """Any method of `workspace_changes.Changes` by name."""
        await self.call("POST", f"change/{what}", arguments)

    async def remove_bot(self, channel: str) -> None:
        await self.change("remove_from_channel", name=channel, who="proxydesk")

    async def add_bot(self, channel: str) -> None:
        await self.change("add_to_channel", name=channel, who="proxydesk")

    async def archive(self, channel: str, *, is_archived: bool = True) -> None:
        await self.change("archive", name=channel, is_archived=is_archived)

    async def revoke_token(self, *, is_revoked: bool = True) -> None:
        await self.change("revoke_token", is_revoked=is_revoked)

    async def deactivate(self, who: str) -> None:
        await self.change("change_person", who=who, changes={"deleted": True})

    async def change_person(self, who: str, **changes: Any) -> None:
        await self.change("change_person", who=who, changes=changes)

    async def set_group(self, name: str, members: list[str]) -> None:
        await self.change("set_group", name=name, members=members)

    async def delete_message(self, message: SeenMessage) -> None:
        await self.change("delete_message", channel_id=message.channel, ts=message.ts)

    async def settings(self, **settings: Any) -> None:
        """`bot_url`, `ack_within_s`, `rate_limits`, `post_burst`."""
        await self.call("POST", "settings", settings)

    async def chaos(self, name: str, *, on: bool = True) -> None:
        """A switch of `playground.chaos` by name."""
        await self.call("POST", "chaos", {"name": name, "on": on})

    async def curtain(self, since: int = 0) -> list[Json]:
        """What passed between Slack, the bot and Byteful, newest last."""
        return list((await self.call("GET", "curtain", since=since))["entries"])

    async def reset(self) -> None:
        await self.call("POST", "reset")

    async def deliver_raw(
        self,
        body: str,
        *,
        timestamp: str | None = None,
        signature: str | None = None,
        content_type: str = "application/x-www-form-urlencoded",
    ) -> Outcome:
        """Any body to the bot; signed properly unless told otherwise. `""` leaves a header out."""
        sent = {"body": body, "timestamp": timestamp, "signature": signature, "content_type": content_type}
        return _outcome(await self.call("POST", "deliver", sent))

    async def replay_last(self) -> Outcome:
        """The last delivery once more, byte for byte."""
        return _outcome(await self.call("POST", "deliver", {"replay": True}))


class SlackPerson:
    """One person at their Slack client."""

    def __init__(self, driver: SlackDriver, name: str) -> None:
        self._driver = driver
        self.name = name

    async def _do(self, verb: str, **asked: Any) -> Outcome:
        sent = {key: value for key, value in asked.items() if value is not None or key == "value"}
        return _outcome(await self._driver.call("POST", f"people/{self.name}/{verb}", sent))

    async def _look(self, what: str, **query: Any) -> Json:
        return await self._driver.call("GET", f"people/{self.name}/{what}", **query)

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
        answer = await self._driver.call("POST", f"people/{self.name}/uploads", sent)
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
        return _view((await self._look("view"))["view"])

    async def stack(self) -> list[SeenView]:
        """All open modals, the topmost last."""
        views = [_view(raw) for raw in (await self._look("stack"))["views"]]
        return [view for view in views if view is not None]

    async def home(self) -> SeenView | None:
        return _view((await self._look("home"))["view"])

    async def messages(self, channel: str, last: int | None = None) -> list[SeenMessage]:
        """What they see in a conversation, oldest first, their own ephemerals among it; all, or only the `last` few."""
        raw = await self._look("messages", channel=channel, last=last)
        return [_message(one) for one in raw["messages"]]

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
        raw = await self._look("messages", channel=channel, thread=ts)
        return [_message(one) for one in raw["messages"]]

    async def again(self, message: SeenMessage) -> SeenMessage:
        """The same message as it is now."""
        for one in await self.messages(message.channel):
            if one.ts == message.ts:
                return one
        raise CannotError(f"{self.name} no longer sees the message {message.ts}")

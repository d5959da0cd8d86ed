"""A whole Slack workspace in memory: who is in it, what was said, what is on whose screen, and what the bot did wrong.

It keeps state, strictly, and knows no HTTP. Rules stand beside it: `workspace_messages`, `workspace_views`,
`workspace_methods` (the Web API), `workspace_client` (what a person does), `workspace_delivery` (payloads to the bot).
Everything runs in one event loop; every change raises `revision` and wakes whoever waits for changes.
"""

from __future__ import annotations

import asyncio
import copy
import secrets
import string
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from playground import workspace_cast as cast
from playground.curtain import Curtain
from playground.workspace_blocks import elements_of
from playground.workspace_faults import Faults
from playground.workspace_limits import Limiter
from playground.workspace_model import (
    App,
    Channel,
    Clock,
    File,
    ImpossibleError,
    Message,
    Person,
    ResponseUrl,
    SlackError,
    Trigger,
    UserGroup,
    View,
)
from playground.workspace_schema import Json, Problem
from playground.workspace_teams import Teams

ACK_WITHIN_S = 3.0
TRIGGER_LIVES_S = 3.0
RESPONSE_URL_LIVES_S = 30 * 60.0
KEPT_LOG_LINES = 20_000
_LETTERS = string.ascii_letters + string.digits


class Workspace:
    def __init__(
        self,
        *,
        manifest: Mapping[str, Any] | Path | str | None = None,
        bot_url: str = "",
        rate_limits: bool = True,
        post_burst: int = 10,
        ack_within_s: float = ACK_WITHIN_S,
    ) -> None:
        self.clock = Clock()
        self._set_team(cast.HOME)
        self._bot_url = bot_url
        self.base_url = ""  # where this world is served, once it is
        self.ack_within_s = ack_within_s
        self.app = App()
        if manifest is not None:
            self.app.install(_read(manifest))
        self._installed_scopes = self.app.scopes
        self.limiter = Limiter(self.clock, enabled=rate_limits, post_burst=post_burst)
        self.faults = Faults()
        self.revision = 0
        self.screen_revision = 0
        """The last at which something changed that a window shows; the others are behind the curtain."""
        self.is_closing = False
        self._changed = asyncio.Event()
        self.curtain = Curtain(self.passed)
        self.teams = Teams(self)
        self._timers: set[asyncio.Task[None]] = set()
        self._populate()

    def _set_team(self, team: cast.Team) -> None:
        self.team = team
        self.team_id, self.team_domain, self.team_name = team.id, team.domain, team.name

    def neighbour(self, team: cast.Team = cast.NEIGHBOUR) -> Workspace:
        """Another workspace that knows the same app and has not installed it yet. It shares this one's clock."""
        other = Workspace(rate_limits=self.limiter.enabled, ack_within_s=self.ack_within_s)
        other.clock = self.clock
        other.limiter = Limiter(self.clock, enabled=self.limiter.enabled, post_burst=self.limiter.post_burst)
        other.app = self.app.elsewhere(team.own(self.app.bot_user), team.own(self.app.bot_id))
        other.teams = self.teams
        other.curtain = self.curtain
        other.base_url = self.base_url
        other._set_team(team)
        other._populate()
        self.teams.all.append(other)
        return other

    @property
    def bot_url(self) -> str:
        """Where the app takes what it is sent; one address for all workspaces."""
        return self._bot_url or ("" if self.teams.home is self else self.teams.home.bot_url)

    @bot_url.setter
    def bot_url(self, address: str) -> None:
        self._bot_url = address

    def _populate(self) -> None:
        with_bot = not self.app.is_inactive
        people, channels = cast.people(self.team, with_bot=with_bot), cast.channels(self.team, with_bot=with_bot)
        self.people: dict[str, Person] = {person.id: person for person in people}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in channels}
        self.groups: dict[str, UserGroup] = {group.id: group for group in cast.groups(self.team)}
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.files: dict[str, File] = {}
        self.scheduled: dict[str, Any] = {}  # `workspace_schedule.Scheduled` by id
        self.log: list[Json] = []
        self.problems: list[Json] = []
        self.confirms: list[Json] = []
        self._counter = self.team.number * 1_000_000

    def reset(self) -> None:
        """Everybody back where they were and nothing said; tokens, manifest and addresses stay."""
        self._stop_timers()
        self.clock.set(None)
        self.faults.clear()
        self.limiter.clear()
        self.curtain.clear()
        self.app.is_revoked = False
        self.app.is_inactive = self.teams.home is not self
        self.app.scopes = self._installed_scopes
        self._populate()
        self.changed()

    # --- time and change

    def now(self) -> float:
        return self.clock.now()

    def set_clock(self, when: datetime | float | None) -> None:
        self.clock.set(when)
        self.changed()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.changed()

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Do this once world time has come so far, unless everything is reset or closed before."""
        task = asyncio.create_task(self._do_at(when, action))
        self._timers.add(task)
        task.add_done_callback(self._timers.discard)

    async def _do_at(self, when: float, action: Callable[[], None]) -> None:
        await self.clock.wait_until(when)
        action()

    def _stop_timers(self) -> None:
        for task in self._timers:
            task.cancel()

    def changed(self) -> None:
        self.screen_revision = self.revision + 1
        self.passed()

    def passed(self) -> None:
        """Something went on behind the curtain; what people see stays as it is."""
        self.revision += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed_since(self, revision: int, within_s: float) -> int:
        """The revision, as soon as it is beyond the given one, or when the time is up."""
        try:
            async with asyncio.timeout(within_s):
                while self.revision <= revision and not self.is_closing:
                    await self._changed.wait()
        except TimeoutError:
            pass
        return self.revision

    async def held_up(self, within_s: float) -> None:
        """Hold for a while, but let go when the faults are cleared or the world shuts down."""
        before = self.faults.times_cleared
        try:
            async with asyncio.timeout(within_s):
                while not self.is_closing and self.faults.times_cleared == before:
                    await self._changed.wait()
        except TimeoutError:
            pass

    def close(self) -> None:
        self.is_closing = True
        self._stop_timers()
        self.changed()

    # --- the record

    def note_problem(self, where: str, what: str, **more: Any) -> None:
        """Something the bot did that real Slack would refuse, ignore or never promised."""
        self.problems.append({"where": where, "problem": what, "at": self.now(), **more})
        self.changed()

    def note_problems(self, where: str, found: Iterable[Problem]) -> None:
        for problem in found:
            self.note_problem(where, str(problem), severity=problem.severity, pointer=problem.pointer)

    def write_log(self, line: Json) -> None:
        self.log.append({"at": self.now(), **line})
        if len(self.log) > KEPT_LOG_LINES:
            del self.log[: KEPT_LOG_LINES // 2]
        self.changed()

    # --- names

    def next_id(self, prefix: str) -> str:
        self._counter += 1
        return f"{prefix}{self._counter:09d}"

    def person(self, name: str) -> Person:
        """By id or name; asking for nobody is a mistake of the test, not of the bot."""
        for person in self.people.values():
            if name in (person.id, person.name):
                return person
        raise ImpossibleError(f"nobody here is called {name}")

    def is_external(self, person: Person) -> bool:
        """From another company, here through a shared channel."""
        return person.team_id != self.team_id

    def is_stranger(self, person: Person) -> bool:
        """As `users.info` has it: from another company, and in no channel the app sees (Slack docs, user object)."""
        seen = (one for one in self.channels.values() if self.app.bot_user in one.members)
        return self.is_external(person) and not any(person.id in one.members for one in seen)

    def channel_named(self, name: str) -> Channel:
        for channel in self.channels.values():
            if name.removeprefix("#") in (channel.id, channel.name):
                return channel
        raise ImpossibleError(f"there is no channel {name}")

    def group_named(self, name: str) -> UserGroup:
        for group in self.groups.values():
            if name.removeprefix("@") in (group.id, group.handle):
                return group
        raise ImpossibleError(f"there is no group {name}")

    def name_of(self, slack_id: str) -> str:
        if person := self.people.get(slack_id):
            return f"@{person.name}"
        if group := self.groups.get(slack_id):
            return f"@{group.handle}"
        if channel := self.channels.get(slack_id):
            return f"#{channel.name}" if not channel.is_dm else "a direct message"
        return slack_id

    # --- conversations

    def channel(self, channel_id: str) -> Channel:
        """A conversation the bot may know about; others' direct messages and private channels do not exist for it."""
        channel = self.channels.get(channel_id)
        hidden = channel is not None and (channel.is_private or channel.is_dm)
        if channel is None or (hidden and self.app.bot_user not in channel.members):
            raise SlackError("channel_not_found")
        return channel

    def open_dm(self, *others: str) -> Channel:
        members = {*others, self.app.bot_user}
        for channel in self.channels.values():
            if channel.is_dm and set(channel.members) == members:
                return channel
        kind = "im" if len(others) == 1 else "mpim"
        dm = Channel(self.next_id("D" if kind == "im" else "G"), f"{kind}-{'-'.join(others)}", [*others], kind=kind)
        dm.members.append(self.app.bot_user)
        self.channels[dm.id] = dm
        self.changed()
        return dm

    def find_dm(self, person_id: str) -> Channel | None:
        members = {person_id, self.app.bot_user}
        return next((c for c in self.channels.values() if c.kind == "im" and set(c.members) == members), None)

    def next_ts(self, channel: Channel) -> str:
        """A timestamp nothing else in this channel has, always later than the one before."""
        channel.last_us = max(round(self.now() * 1_000_000), channel.last_us + 1)
        return f"{channel.last_us // 1_000_000}.{channel.last_us % 1_000_000:06d}"

    def message_payload(self, message: Message) -> Json:
        """A message as Slack shows it to apps."""
        shown: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
        if message.by_bot:
            shown |= {"bot_id": self.app.bot_id, "app_id": self.app.id, "team": self.team_id}
        optional = {
            "blocks": message.blocks,
            "attachments": message.attachments,
            "thread_ts": message.thread_ts,
            "subtype": message.subtype,
            "metadata": message.metadata,
            "files": message.files,
            "edited": message.edited and {"user": message.user, "ts": message.edited},
            "reactions": [
                {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
            ],
        }
        return copy.deepcopy(shown | {key: value for key, value in optional.items() if value})

    # --- secrets that come and go

    def new_trigger(self, person: str, channel: str | None = None) -> str:
        self._counter += 1
        trigger_id = f"{int(self.now() * 1000)}.{self._counter}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(person, self.now() + TRIGGER_LIVES_S, channel)
        return trigger_id

    def take_trigger(self, trigger_id: str) -> Trigger:
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.now() > trigger.expires:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response_url(
        self, person: str, channel: str, original: Message | None = None, thread_ts: str | None = None
    ) -> str:
        token = secrets.token_urlsafe(18)
        expires = self.now() + RESPONSE_URL_LIVES_S
        self.response_urls[token] = ResponseUrl(person, channel, expires, original=original, thread_ts=thread_ts)
        return f"{self.base_url}/response/{token}"


def _read(manifest: Mapping[str, Any] | Path | str) -> Mapping[str, Any]:
    if isinstance(manifest, Mapping):
        return manifest
    loaded = yaml.safe_load(Path(manifest).read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise TypeError(f"{manifest} does not hold a manifest")
    return loaded


def fill_in(blocks: list[Json]) -> list[Json]:
    """Blocks as Slack keeps them: ids made up where none were given, text flags spelled out."""
    kept = copy.deepcopy(blocks)
    for block in kept:
        block.setdefault("block_id", _random_id())
        for _, element in elements_of(block):
            if element["type"] != "image":
                element.setdefault("action_id", _random_id())
        _spell_out(block)
    return kept


def _spell_out(value: Any) -> None:
    if isinstance(value, dict):
        match value.get("type"):
            case "plain_text":
                value.setdefault("emoji", True)
            case "mrkdwn":
                value.setdefault("verbatim", False)
        for inner in value.values():
            _spell_out(inner)
    elif isinstance(value, list):
        for inner in value:
            _spell_out(inner)


def _random_id() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))

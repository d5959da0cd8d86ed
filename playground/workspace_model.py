"""The nouns of a simulated Slack workspace: people, channels, messages, views, the app, the clock.

They know how they look in Slack's JSON and nothing about rules; rules live beside them in `workspace_*.py`.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from playground.workspace_schema import Json


class SlackError(Exception):
    """An answer `{"ok": false, "error": code}`; `extra` is merged into it."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra


class ImpossibleError(Exception):
    """A person tried what Slack's client does not offer them: a button they cannot see, a channel they are not in."""


class Clock:
    """World time in seconds since the epoch. Real time by default; settable, then it stands still until moved."""

    def __init__(self) -> None:
        self._frozen: float | None = None
        self._offset = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        return time.time() + self._offset if self._frozen is None else self._frozen

    def set(self, when: datetime | float | None) -> None:
        """Stop the clock at this moment; None lets it run in real time again."""
        self._frozen = when.timestamp() if isinstance(when, datetime) else when
        self._offset = 0.0
        self._wake()

    def advance(self, seconds: float) -> None:
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds
        self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait_until(self, when: float) -> None:
        """Return once world time has reached `when`, however it got there."""
        while (left := when - self.now()) > 0:
            try:
                async with asyncio.timeout(None if self._frozen is not None else left):
                    await self._moved.wait()
            except TimeoutError:
                continue


@dataclass
class Person:
    id: str
    name: str
    real_name: str
    email: str = ""
    tz: str = "Europe/Amsterdam"
    locale: str = "en-US"
    team_id: str = ""
    is_admin: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    deleted: bool = False
    updated: int = 1_700_000_000

    def tz_offset(self, now: float) -> int:
        offset = datetime.fromtimestamp(now, ZoneInfo(self.tz)).utcoffset()
        return int(offset.total_seconds()) if offset else 0

    def as_user(self, now: float, *, with_email: bool, with_locale: bool = False, is_stranger: bool = False) -> Json:
        user: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": self.deleted,
            "profile": self._profile(with_email),
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": self.updated,
        }
        if not self.deleted:
            user |= self._active(now)
        if is_stranger:
            user["is_stranger"] = True
        if with_locale:
            user["locale"] = self.locale
        return user

    def _active(self, now: float) -> Json:
        return {
            "color": "9f69e7",
            "real_name": self.real_name,
            "tz": self.tz,
            "tz_label": self.tz,
            "tz_offset": self.tz_offset(now),
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
        }

    def _profile(self, with_email: bool) -> Json:
        profile = {
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.name,
            "display_name_normalized": self.name,
            "team": self.team_id,
        }
        return {**profile, "email": self.email} if with_email and self.email and not self.is_bot else profile


@dataclass
class UserGroup:
    id: str
    handle: str
    name: str
    members: list[str]
    date_delete: int = 0

    def as_usergroup(self, team_id: str, *, with_users: bool, with_count: bool) -> Json:
        group: Json = {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "is_subteam": True,
            "name": self.name,
            "description": "",
            "handle": self.handle,
            "is_external": False,
            "date_create": 1_700_000_000,
            "date_update": 1_700_000_000,
            "date_delete": self.date_delete,
            "auto_type": None,
            "user_count": len(self.members),
        }
        if with_users:
            group["users"] = list(self.members)
        if not with_count:
            del group["user_count"]
        return group


@dataclass
class Message:
    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: Json | None = None
    edited: str | None = None
    ephemeral_to: str | None = None
    by_bot: bool = False
    subtype: str | None = None
    broadcast: bool = False
    files: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, Json] = field(default_factory=dict)  # what each person filled into its elements


@dataclass
class Channel:
    id: str
    name: str
    members: list[str]
    is_private: bool = False
    is_archived: bool = False
    kind: str = "channel"  # channel | im | mpim
    messages: dict[str, Message] = field(default_factory=dict)
    ephemerals: list[Message] = field(default_factory=list)
    topic: str = ""
    reads: dict[tuple[str, str | None], str] = field(default_factory=dict)  # person and thread -> ts read up to
    last_us: int = 0  # microseconds of the latest timestamp given out here

    @property
    def is_dm(self) -> bool:
        return self.kind != "channel"

    @property
    def scope_kind(self) -> str:
        """The word scopes use for this kind of conversation: `channels:read`, `im:history`, …"""
        if self.is_dm:
            return self.kind
        return "groups" if self.is_private else "channels"

    def as_channel(self, bot_user: str) -> Json:
        if self.kind == "im":
            other = next((member for member in self.members if member != bot_user), bot_user)
            return {"id": self.id, "created": 1_700_000_000, "is_im": True, "user": other, "is_archived": False}
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == "channel" and not self.is_private,
            "is_group": self.is_private and self.kind == "channel",
            "is_im": False,
            "is_mpim": self.kind == "mpim",
            "is_private": self.is_private or self.is_dm,
            "is_archived": self.is_archived,
            "is_general": False,
            "is_shared": False,
            "is_member": bot_user in self.members,
            "num_members": len(self.members),
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "created": 1_700_000_000,
            "creator": self.members[0] if self.members else bot_user,
        }


@dataclass
class View:
    id: str
    owner: str
    content: Json
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    values: Json = field(default_factory=dict)
    files: Json = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)  # under which field the client shows what
    trouble: str | None = None  # the banner shown when a submission went wrong
    is_open: bool = True
    channel: str | None = None  # where the person was when it opened

    @property
    def blocks(self) -> list[Json]:
        blocks: list[Json] = self.content["blocks"]
        return blocks

    @property
    def callback_id(self) -> str:
        return str(self.content.get("callback_id", ""))

    @property
    def external_id(self) -> str:
        return str(self.content.get("external_id", ""))

    def as_view(self, team_id: str, app: App, *, with_state: bool) -> Json:
        shown = {
            "id": self.id,
            "team_id": team_id,
            "type": self.content["type"],
            "blocks": self.blocks,
            "private_metadata": self.content.get("private_metadata", ""),
            "callback_id": self.callback_id,
            "state": {"values": self.values if with_state else {}},
            "hash": self.hash,
            "title": self.content.get("title"),
            "clear_on_close": self.content.get("clear_on_close", False),
            "notify_on_close": self.content.get("notify_on_close", False),
            "close": self.content.get("close"),
            "submit": self.content.get("submit"),
            "previous_view_id": self.previous_view_id,
            "root_view_id": self.root_view_id,
            "app_id": app.id,
            "external_id": self.external_id,
            "app_installed_team_id": team_id,
            "bot_id": app.bot_id,
        }
        if "submit_disabled" in self.content:
            shown["submit_disabled"] = self.content["submit_disabled"]
        return shown


@dataclass(frozen=True)
class Command:
    name: str
    should_escape: bool = False
    description: str = ""
    usage_hint: str = ""


@dataclass(frozen=True)
class Shortcut:
    callback_id: str
    kind: str  # global | message
    name: str = ""
    description: str = ""


@dataclass
class Trigger:
    person: str
    expires: float
    channel: str | None = None
    used: bool = False


@dataclass
class ResponseUrl:
    person: str
    channel: str
    expires: float
    uses_left: int = 5
    original: Message | None = None
    thread_ts: str | None = None


@dataclass
class File:
    id: str
    name: str
    length: int
    uploaded: bytes | None = None
    title: str = ""
    is_complete: bool = False
    user: str = ""
    created: int = 0
    alt_text: str = ""
    channels: list[str] = field(default_factory=list)


DEFAULT_SCOPES = frozenset(
    [
        "commands",
        "chat:write",
        "im:write",
        "users:read",
        "users:read.email",
        "usergroups:read",
        "files:write",
        "reactions:write",
        "channels:read",
        "groups:read",
        "im:read",
        "mpim:read",
        "channels:history",
        "groups:history",
        "im:history",
        "app_mentions:read",
        "reactions:read",
        "team:read",
        "channels:join",
    ]
)
DEFAULT_EVENTS = frozenset(
    ["app_home_opened", "app_mention", "message.im", "app_uninstalled", "tokens_revoked", "user_change"]
)


@dataclass
class App:
    """The bot as installed: what its manifest grants, and its secrets, which say plainly that they are invented."""

    id: str = "A0PROXYDESK"
    bot_id: str = "B0PROXYDESK"
    name: str = "Proxydesk"
    bot_user: str = "U00000BOT"
    bot_token: str = field(default_factory=lambda: f"xoxb-playground-{secrets.token_hex(12)}")
    app_token: str = field(default_factory=lambda: f"xapp-playground-{secrets.token_hex(12)}")
    verification_token: str = field(default_factory=lambda: secrets.token_hex(12))
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    scopes: frozenset[str] = DEFAULT_SCOPES
    events: frozenset[str] = DEFAULT_EVENTS
    commands: dict[str, Command] | None = None  # None: any command, as without a manifest
    shortcuts: dict[str, str] | None = None  # callback_id -> global | message
    shortcut_menu: tuple[Shortcut, ...] = ()
    home_tab: bool = True
    messages_tab: bool = True
    messages_tab_read_only: bool = False
    is_revoked: bool = False
    is_inactive: bool = False  # not installed, or no longer
    socket_mode: bool | None = None  # None, as without a manifest: whichever way the app chooses
    client_id: str = "0.playground"
    client_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    redirect_urls: tuple[str, ...] = ()
    grantable: frozenset[str] = DEFAULT_SCOPES  # what an installation may ask for
    token_rotation: bool = False
    token_expires: float | None = None
    refresh_token: str = ""
    old_tokens: dict[str, float | None] = field(default_factory=dict)

    def elsewhere(self, bot_user: str, bot_id: str) -> App:
        """The same app as another workspace knows it, before that workspace installs it."""
        there = replace(self, bot_user=bot_user, bot_id=bot_id, is_inactive=True, is_revoked=False, bot_token="")
        there.token_expires, there.refresh_token, there.old_tokens = None, "", {}
        return there

    def install(self, manifest: Mapping[str, Any]) -> None:
        """Take scopes, commands, shortcuts, events and App Home switches from a manifest."""
        features, settings = manifest.get("features", {}), manifest.get("settings", {})
        home = features.get("app_home", {})
        self.name = manifest.get("display_information", {}).get("name", self.name)
        oauth = manifest.get("oauth_config", {})
        self.scopes = self.grantable = frozenset(oauth.get("scopes", {}).get("bot", []))
        self.redirect_urls = tuple(oauth.get("redirect_urls", []))
        self.socket_mode = bool(settings.get("socket_mode_enabled", False))
        self.token_rotation = bool(settings.get("token_rotation_enabled", False))
        self.events = frozenset(settings.get("event_subscriptions", {}).get("bot_events", []))
        self.commands = {
            entry["command"]: Command(
                entry["command"],
                bool(entry.get("should_escape", False)),
                entry.get("description", ""),
                entry.get("usage_hint", ""),
            )
            for entry in features.get("slash_commands", [])
        }
        self.shortcut_menu = tuple(
            Shortcut(entry["callback_id"], entry["type"], entry.get("name", ""), entry.get("description", ""))
            for entry in features.get("shortcuts", [])
        )
        self.shortcuts = {shortcut.callback_id: shortcut.kind for shortcut in self.shortcut_menu}
        self.home_tab = bool(home.get("home_tab_enabled", False))
        self.messages_tab = bool(home.get("messages_tab_enabled", False))
        self.messages_tab_read_only = bool(home.get("messages_tab_read_only_enabled", False))


_REAL_TOKEN = re.compile(r"(xox[abeprs](\.xox[bp])?|xapp)-(?!playground-)[0-9A-Za-z-]*\d{5,}[0-9A-Za-z-]*")


class RealTokenError(Exception):
    """The environment holds something that looks like a real Slack token."""


def refuse_real_tokens(environ: Mapping[str, str]) -> None:
    """Raise when a variable holds a token the playground has not minted: a demo must not sit beside a real install."""
    found = sorted(name for name, value in environ.items() if _REAL_TOKEN.search(value))
    if found:
        raise RealTokenError(f"{', '.join(found)} look like real Slack tokens; unset them to use the playground")

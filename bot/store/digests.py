"""The part of the store that keeps which digests channels want and which were posted.

Under `digests:`: what was set by command (`set`), since when each is wanted (`since`) and the last day of the newest
one posted (`told`), each a hash with the field `channel:rhythm`.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Any

import msgspec
from redis.commands.core import AsyncScript

from bot.domain.audit import Audit
from bot.domain.digest import Rhythm
from bot.domain.errors import RecordError, ReplayError
from bot.domain.ids import ChannelId, WorkspaceId
from bot.domain.notice import ChannelDigest, Notice
from bot.ports import REPLAY_MEMORY_S
from bot.ports.digests import DigestMark, SetDigest
from bot.store.audit_lines import dump_audit
from bot.store.keys import as_bytes, marks, moment, ms, prefix
from bot.store.line import SharedClient


class Digests:
    """The digest part of `bot.store.redis.RedisStore`, which brings the client, the scripts and the error guard."""

    _redis: SharedClient
    _scripts: dict[str, AsyncScript]
    _guarded: Callable[[], AbstractAsyncContextManager[None]]
    _remember: Callable[[WorkspaceId], Awaitable[None]]
    """A workspace that asks for digests has to be among those that are looked after."""

    async def set_digests(self, workspace: WorkspaceId) -> list[SetDigest]:
        async with self._guarded():
            found = await self._redis.hvals(_key(workspace, "set"))
        return [_read(raw) for raw in found]

    async def set_digest(
        self, workspace: WorkspaceId, chosen: Sequence[tuple[SetDigest, Audit]], at: datetime, signature: str = ""
    ) -> None:
        arguments: list[Any] = [uuid.uuid4().hex, REPLAY_MEMORY_S, ms(at)]
        for one, line in chosen:
            arguments += [_field(one.channel, one.rhythm), msgspec.json.encode(one), dump_audit(line)]
        begin = prefix(workspace)
        keys = [
            *(_key(workspace, name) for name in ("set", "since", "told")),
            f"{begin}audit",
            *marks(begin, signature),
        ]
        async with self._guarded():
            await self._remember(workspace)
            written = await self._scripts["set_digest"](keys=keys, args=arguments)
        if not written:
            raise ReplayError("The click this is about was here before.")

    async def digest_marks(self, workspace: WorkspaceId) -> Mapping[tuple[ChannelId, Rhythm], DigestMark]:
        async with self._guarded(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hgetall(_key(workspace, "since"))
            pipeline.hgetall(_key(workspace, "told"))
            since, told = await pipeline.execute()
        return {_named(field): _mark(raw, told.get(field)) for field, raw in since.items()}

    async def begin_digest(self, workspace: WorkspaceId, channel: ChannelId, rhythm: Rhythm, since: datetime) -> None:
        async with self._guarded():
            await self._redis.hsetnx(_key(workspace, "since"), _field(channel, rhythm), str(ms(since)))


def told_key(workspace: WorkspaceId) -> str:
    return _key(workspace, "told")


def told_by(notice: Notice) -> tuple[str, str]:
    """Of a digest, the field under `told` and the last day it is about; nothing twice of any other notice."""
    if not isinstance(notice, ChannelDigest):
        return "", ""
    return _field(notice.channel, notice.rhythm), notice.period.last.isoformat()


def _read(raw: bytes | str) -> SetDigest:
    try:
        return msgspec.json.decode(raw, type=SetDigest)
    except ValueError as error:
        raise RecordError("What was set for a digest cannot be read.") from error


def _mark(since: bytes | str, told: bytes | str | None) -> DigestMark:
    last = date.fromisoformat(as_bytes(told).decode()) if told else None
    return DigestMark(moment(int(since)), last)


def _field(channel: ChannelId, rhythm: Rhythm) -> str:
    return f"{channel}:{rhythm}"


def _named(field: bytes | str) -> tuple[ChannelId, Rhythm]:
    channel, _, rhythm = as_bytes(field).decode().partition(":")
    return ChannelId(channel), Rhythm(rhythm)


def _key(workspace: WorkspaceId, name: str) -> str:
    return f"{prefix(workspace)}digests:{name}"

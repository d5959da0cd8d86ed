"""The part of the store that messages leave from: what is to be said, who is saying it, and where it stands.

What is to be said waits in `outbox`, a sorted set by the moment it is due; a change of a request puts it there in the
same move (see `move.lua`). Beside it, under `outbox:`: who tells what until when (`leases`), failed tries, what gets a
message of its own (`alone`), since when something waits, the pace of each channel (`lane:…`), channels that cannot be
written to (`strays`), and whether Slack refuses us (`silence`). `parked` holds what was given up, `messages:…` where
each message stands, and `notice:…` what a notice tells.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog
from redis.commands.core import AsyncScript

from bot.domain.audit import Audit
from bot.domain.errors import RecordError
from bot.domain.ids import ChannelId, NoticeKey, RequestId, WorkspaceId
from bot.domain.intents import (
    MOST_TOGETHER,
    Destination,
    Intent,
    before,
    company,
    notice_intent,
    parse_intent,
    subject,
)
from bot.domain.notice import Notice
from bot.ports import Backlog, Claim, Lane, MessageRef, Posting, Silence, Told, Turn
from bot.store import codec
from bot.store.audit_lines import dump_audit
from bot.store.digests import told_by, told_key
from bot.store.keys import as_bytes, moment, ms, prefix
from bot.store.line import SharedClient

INTENT_LEASE_S = 30
"""Longer than Slack may take to answer one call."""
NOTICE_MEMORY_S = 400 * 24 * 3600
"""How long the same notice is not said again: longer than a year, the longest period a notice is about."""
SILENCE_FIRST_S = 10
SILENCE_MOST_S = 120
"""How often it is tried whether Slack takes our token again."""

_log = structlog.get_logger()


class Outbox:
    """The outbox half of `bot.store.redis.RedisStore`, which brings the client, the scripts and the error guard."""

    _redis: SharedClient
    _scripts: dict[str, AsyncScript]
    _guarded: Callable[[], AbstractAsyncContextManager[None]]

    async def ask(self, workspace: WorkspaceId, intent: Intent, now: datetime) -> None:
        async with self._guarded():
            await self._redis.zadd(_outbox(workspace), {str(intent): ms(now)})

    async def announce(
        self, workspace: WorkspaceId, notice: Notice, to: Sequence[Destination], line: Audit | None = None
    ) -> bool:
        arguments: list[Any] = [
            prefix(workspace),
            codec.dump_notice(notice),
            NOTICE_MEMORY_S,
            ms(notice.at),
            dump_audit(line) if line else "",
            *told_by(notice),
            *(str(notice_intent(notice.key, place)) for place in to),
        ]
        keys = [_notice(workspace, notice.key), told_key(workspace)]
        async with self._guarded():
            return bool(await self._scripts["announce"](keys=keys, args=arguments))

    async def notice(self, workspace: WorkspaceId, key: NoticeKey) -> Notice | None:
        async with self._guarded():
            raw = await self._redis.get(_notice(workspace, key))
        return codec.load_notice(as_bytes(raw)) if raw else None

    # Taking and giving back

    async def first_due(self, workspaces: Sequence[WorkspaceId]) -> list[datetime | None]:
        async with self._guarded(), self._redis.pipeline(transaction=False) as pipeline:
            for workspace in workspaces:
                pipeline.zrange(_outbox(workspace), 0, 0, withscores=True)
            firsts = await pipeline.execute()
        return [datetime.fromtimestamp(first[0][1] / 1000, UTC) if first else None for first in firsts]

    async def claim_intents(self, workspace: WorkspaceId, now: datetime, limit: int = 20) -> list[Claim]:
        token = uuid.uuid4().hex
        async with self._guarded():
            is_probe, *taken = await self._scripts["take_intents"](
                keys=[_outbox(workspace)], args=[prefix(workspace), ms(now), token, _lease_end(now), limit]
            )
        return [
            Claim(workspace, intent, token, at=now, tries=tries, is_probe=bool(is_probe), is_alone=bool(is_alone))
            for text, tries, is_alone in zip(taken[::3], taken[1::3], taken[2::3], strict=True)
            if (intent := _intent(text)) is not None
        ]

    async def settle_intent(self, claim: Claim) -> None:
        await self._settle(claim, "", is_failure=False)

    async def delay_intent(
        self, claim: Claim, until: datetime, *, is_failure: bool = False, is_alone: bool = False
    ) -> None:
        await self._settle(claim, ms(until), is_failure=is_failure, is_alone=is_alone)

    async def park_intent(self, claim: Claim, reason: str, now: datetime) -> None:
        about = msgspec.json.encode({"reason": reason, "at": now, "tries": claim.tries})
        await self.settle_intent(claim)
        async with self._guarded():
            await self._redis.hset(f"{prefix(claim.workspace)}parked", str(claim.intent), about)

    async def unpark(self, workspace: WorkspaceId, now: datetime) -> int:
        async with self._guarded():
            parked = await self._redis.hkeys(f"{prefix(workspace)}parked")
            if parked:
                due = {as_bytes(intent).decode(): ms(now) for intent in parked}
                await self._redis.zadd(_outbox(workspace), due, nx=True)
        return len(parked)

    # Speaking

    async def take_turn(self, claim: Claim, lane: Lane | None, now: datetime, beside: Sequence[Claim] = ()) -> Turn:
        return (await self._turn([claim, *beside], lane, now, ["", *("" for _ in beside)]))[0]

    async def begin_posts(
        self, claims: Sequence[Claim], lane: Lane | None, now: datetime
    ) -> list[tuple[Claim, Posting]]:
        _, marks = await self._turn(claims, lane, now, [uuid.uuid4().hex for _ in claims])
        return [(claim, _posting(marks[str(claim.intent)])) for claim in claims if str(claim.intent) in marks]

    async def not_posted(self, claim: Claim) -> None:
        async with self._guarded():
            await self._redis.hdel(_messages(claim.workspace, subject(claim.intent)), f"?{claim.intent}")

    async def hold_lane(self, workspace: WorkspaceId, lane: Lane, until: datetime) -> None:
        async with self._guarded():
            await self._scripts["hold_lane"](
                keys=[f"{prefix(workspace)}outbox:lane:{lane.name}"], args=[ms(until), _every(lane), lane.burst]
            )

    # Where messages stand

    async def told(self, claim: Claim) -> Told:
        async with self._guarded():
            found: Any = await self._redis.hgetall(_messages(claim.workspace, subject(claim.intent)))
        return _told(found)

    async def is_stray(self, workspace: WorkspaceId, channel: ChannelId) -> bool:
        async with self._guarded():
            return bool(await self._redis.hexists(f"{prefix(workspace)}outbox:strays", channel))

    async def message(self, workspace: WorkspaceId, about: RequestId | NoticeKey, name: str) -> MessageRef | None:
        async with self._guarded():
            raw = await self._redis.hget(_messages(workspace, about), name)
        return codec.load_message(as_bytes(raw)) if raw else None

    async def record_message(
        self, workspace: WorkspaceId, about: RequestId | NoticeKey, name: str, ref: MessageRef, key: str = ""
    ) -> bool:
        async with self._guarded():
            written = await self._scripts["record_message"](
                keys=[_messages(workspace, about)],
                args=[prefix(workspace), name, ref.version, codec.dump_message(ref), ref.channel, key],
            )
        return bool(written)

    async def drop_message(self, claim: Claim, reason: str) -> None:
        messages, name = _messages(claim.workspace, subject(claim.intent)), str(claim.intent)
        async with self._guarded():
            await self._redis.hset(messages, f"-{name}", reason)
            await self._redis.hdel(messages, f"?{name}")

    async def note_stray(self, workspace: WorkspaceId, channel: ChannelId, now: datetime) -> bool:
        async with self._guarded():
            return bool(await self._redis.hsetnx(f"{prefix(workspace)}outbox:strays", channel, str(ms(now))))

    # The whole of it

    async def fall_silent(self, workspace: WorkspaceId, code: str, now: datetime) -> bool:
        async with self._guarded():
            is_new = await self._scripts["fall_silent"](
                keys=[_silence(workspace)], args=[code, ms(now), SILENCE_FIRST_S * 1000, SILENCE_MOST_S * 1000]
            )
        return bool(is_new)

    async def speak_again(self, workspace: WorkspaceId) -> None:
        async with self._guarded():
            await self._redis.delete(_silence(workspace))

    async def silence(self, workspace: WorkspaceId) -> Silence | None:
        async with self._guarded():
            code, since = await self._redis.hmget(_silence(workspace), ["code", "since"])
        return Silence(as_bytes(code).decode(), moment(float(since))) if code and since else None

    async def backlog(self, workspace: WorkspaceId, now: datetime) -> Backlog:
        async with self._guarded(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zcard(_outbox(workspace))
            pipeline.zrange(_outbox(workspace), 0, 0, withscores=True)
            pipeline.zrange(f"{prefix(workspace)}outbox:since", 0, 0, withscores=True)
            pipeline.hlen(f"{prefix(workspace)}parked")
            waiting, *oldest, parked = await pipeline.execute()
        starts = [score for found in oldest for _, score in found]
        late = max(0.0, ms(now) - min(starts)) if starts else 0.0
        return Backlog(waiting, timedelta(milliseconds=late), parked)

    async def _turn(
        self, claims: Sequence[Claim], lane: Lane | None, now: datetime, keys: Sequence[str]
    ) -> tuple[Turn, dict[str, bytes]]:
        """Whether it is their turn, and of each that goes its mark by its name."""
        first = claims[0]
        name, every, burst = (lane.name, _every(lane), lane.burst) if lane else ("", 0, 0)
        place = "" if first.is_alone else company(first.intent)
        arguments: list[Any] = [prefix(first.workspace), first.token, ms(now), _lease_end(now), name, every, burst]
        arguments += [place, MOST_TOGETHER]
        for claim, key in zip(claims, keys, strict=True):
            earlier = msgspec.json.encode([str(intent) for intent in before(claim.intent)]) if key else b"[]"
            arguments += [str(claim.intent), key, earlier]
        messages = [_messages(first.workspace, subject(claim.intent)) for claim in claims]
        async with self._guarded():
            turn, *going = await self._scripts["take_turn"](keys=[_outbox(first.workspace), *messages], args=arguments)
        marks = {
            as_bytes(intent).decode(): as_bytes(mark) for intent, mark in zip(going[::2], going[1::2], strict=True)
        }
        return Turn(as_bytes(turn).decode()), marks

    async def _settle(self, claim: Claim, due: int | str, *, is_failure: bool, is_alone: bool = False) -> None:
        since = ms(claim.at) if claim.at else due
        async with self._guarded():
            await self._scripts["settle_intent"](
                keys=[_outbox(claim.workspace)],
                args=[
                    *(prefix(claim.workspace), str(claim.intent), claim.token, since, due),
                    *(int(is_failure), int(is_alone)),
                ],
            )


def _intent(text: bytes) -> Intent | None:
    """None for one that a newer version wrote: it is left in the outbox and must not hold up the others."""
    try:
        return parse_intent(text.decode())
    except ValueError:
        _log.error("intent_not_understood", intent=text.decode(errors="replace"))
        return None


def _told(found: dict[bytes, bytes]) -> Told:
    by_sign: dict[str, dict[str, bytes]] = {"?": {}, "-": {}, "": {}}
    for field, value in found.items():
        name = field.decode()
        sign = name[0] if name[0] in "?-" else ""
        by_sign[sign][name.removeprefix(sign)] = value
    return Told(
        places={name: codec.load_message(raw) for name, raw in by_sign[""].items()},
        begun={name: _posting(raw) for name, raw in by_sign["?"].items()},
        dropped={name: raw.decode() for name, raw in by_sign["-"].items()},
    )


def _posting(raw: bytes) -> Posting:
    try:
        mark = msgspec.json.decode(raw)
        return Posting(mark["key"], moment(mark["since"]), int(mark["posts"]))
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError("The mark of a message cannot be read.") from error


def _outbox(workspace: WorkspaceId) -> str:
    return f"{prefix(workspace)}outbox"


def _silence(workspace: WorkspaceId) -> str:
    return f"{prefix(workspace)}outbox:silence"


def _messages(workspace: WorkspaceId, about: RequestId | NoticeKey) -> str:
    return f"{prefix(workspace)}messages:{about}"


def _notice(workspace: WorkspaceId, key: NoticeKey) -> str:
    return f"{prefix(workspace)}notice:{key}"


def _lease_end(now: datetime) -> int:
    return ms(now) + INTENT_LEASE_S * 1000


def _every(lane: Lane) -> int:
    return int(lane.every.total_seconds() * 1000)

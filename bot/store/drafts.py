"""The part of the store for forms: drafts, those that wait for a price, and what was here before."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog
from msgspec.structs import replace
from redis.commands.core import AsyncScript

from bot.domain.audit import Audit
from bot.domain.draft import Draft, WaitingDraft
from bot.domain.errors import RecordError, ReplayError, StaleError
from bot.domain.ids import DraftId, UserId, WorkspaceId
from bot.domain.intents import Intent
from bot.ports import REPLAY_MEMORY_S
from bot.store import codec
from bot.store.audit_lines import dump_audit
from bot.store.keys import as_bytes, marks, ms, prefix
from bot.store.line import SharedClient

DRAFT_LIFE_S = 24 * 3600
ENDED_MEMORY_S = 7 * 24 * 3600
"""How long a draft that stopped waiting for its price can still be told of."""

_log = structlog.get_logger()


class Drafts:
    """The part of `bot.store.redis.RedisStore` for forms, which brings the client, the scripts and the error guard."""

    _redis: SharedClient
    _scripts: dict[str, AsyncScript]
    _guarded: Callable[[], AbstractAsyncContextManager[None]]
    _remember: Callable[[WorkspaceId], Awaitable[None]]
    """A workspace where something waits for its price has to be among those that are looked after."""

    async def save_draft(self, draft: Draft, signature: str = "") -> None:
        keys = [_draft_key(draft.workspace, draft.id), *marks(prefix(draft.workspace), signature)]
        arguments: list[Any] = [codec.dump_draft(draft), DRAFT_LIFE_S, draft.id, REPLAY_MEMORY_S]
        async with self._guarded():
            kept = await self._scripts["keep_draft"](keys=keys, args=arguments)
        if not kept:
            raise ReplayError("What this draft is for was here before.")

    async def draft(self, workspace: WorkspaceId, draft: DraftId) -> Draft | None:
        async with self._guarded():
            raw = await self._redis.get(_draft_key(workspace, draft))
        return codec.load_draft(as_bytes(raw)) if raw else None

    async def keep_waiting(self, waiting: WaitingDraft) -> WaitingDraft | None:
        draft, begin = waiting.draft, prefix(waiting.draft.workspace)
        audit = dump_audit(Audit(waiting.since, "kept_without_price", None, draft.user, draft.id))
        arguments: list[Any] = [begin, draft.id, draft.user, codec.dump_waiting(waiting), audit]
        async with self._guarded():
            await self._remember(draft.workspace)
            version = await self._scripts["keep_waiting"](keys=[f"{begin}kept:{draft.id}"], args=arguments)
        return replace(waiting, version=version) if version else None

    async def end_waiting(self, waiting: WaitingDraft, entry: Audit, intents: Sequence[Intent] = ()) -> None:
        draft, begin = waiting.draft, prefix(waiting.draft.workspace)
        arguments: list[Any] = [
            begin,
            draft.id,
            draft.user,
            waiting.version,
            codec.dump_waiting(waiting),
            ENDED_MEMORY_S,
            ms(entry.at),
            dump_audit(entry),
            *(str(intent) for intent in intents),
        ]
        async with self._guarded():
            ended = await self._scripts["end_waiting"](keys=[f"{begin}kept:{draft.id}"], args=arguments)
        if not ended:
            raise StaleError("This draft does not wait for its price any more.")

    async def kept_draft(self, workspace: WorkspaceId, draft: DraftId) -> WaitingDraft | None:
        return next(iter(await self._read_kept(workspace, [draft])), None)

    async def waiting(self, workspace: WorkspaceId, user: UserId | None = None, limit: int = 500) -> list[WaitingDraft]:
        name = f"waiting:{user}" if user else "waiting"
        async with self._guarded():
            drafts: list[Any] = await self._redis.zrange(f"{prefix(workspace)}{name}", 0, limit - 1)
        return await self._read_kept(workspace, [DraftId(as_bytes(one).decode()) for one in drafts])

    async def count_waiting(self, workspace: WorkspaceId) -> int:
        async with self._guarded():
            return int(await self._redis.zcard(f"{prefix(workspace)}waiting"))

    async def _read_kept(self, workspace: WorkspaceId, drafts: Sequence[DraftId]) -> list[WaitingDraft]:
        if not drafts:
            return []
        keys = (f"{prefix(workspace)}kept:{draft}" for draft in drafts)
        async with self._guarded():
            found = await self._redis.ask_together(*(("HMGET", key, "version", "body") for key in keys))
        return list(_waiting_drafts(found))

    async def is_newest(self, workspace: WorkspaceId, name: str, ordinal: float, seconds: int) -> bool:
        """Whether no greater ordinal was seen under this name; remembers this one."""
        key = f"{prefix(workspace)}newest:{name}"
        async with self._guarded():
            return bool(await self._scripts["newest"](keys=[key], args=[repr(ordinal), seconds]))

    async def is_first(self, workspace: WorkspaceId, name: str, seconds: int) -> bool:
        """Whether this name was not seen before within the given time; remembers it."""
        key, token = f"{prefix(workspace)}seen:{name}", uuid.uuid4().hex
        async with self._guarded():
            if await self._redis.set(key, token, nx=True, ex=seconds):
                return True
            # The client repeats a command whose answer was lost: then it is our own token that stands there.
            return as_bytes(await self._redis.get(key) or b"").decode() == token


def _waiting_drafts(found: Sequence[Sequence[bytes | None]]) -> Iterator[WaitingDraft]:
    """One that cannot be read is left where it is: it must not hold up those behind it."""
    for version, body in found:
        try:
            if version and body:
                yield codec.load_waiting(body, int(version))
        except RecordError as error:
            _log.error("waiting_draft_not_understood", error=str(error))


def _draft_key(workspace: WorkspaceId, draft: DraftId) -> str:
    return f"{prefix(workspace)}draft:{draft}"

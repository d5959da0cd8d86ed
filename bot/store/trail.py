"""The audit trail in the store: a stream that is only ever added to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import redis.asyncio as redis_asyncio

from bot.domain.ids import RequestId, WorkspaceId
from bot.domain.intents import CardIntent
from bot.ports import MessageRef, Recorded
from bot.store import codec
from bot.store.audit_lines import load_audit
from bot.store.keys import as_bytes, moment, ms, prefix
from bot.store.redis import store_errors

PAGE = 500
"""Lines read in one go."""


class StoredTrail:
    """Implements `bot.ports.AuditTrail`."""

    def __init__(self, client: redis_asyncio.Redis) -> None:
        self._redis = client

    async def lines(
        self, workspace: WorkspaceId, since: datetime | None = None, until: datetime | None = None
    ) -> AsyncIterator[Recorded]:
        begin = prefix(workspace)
        start, end = str(ms(since)) if since else "-", str(ms(until) - 1) if until else "+"
        while True:
            async with store_errors():
                page: Any = await self._redis.xrange(f"{begin}audit", start, end, count=PAGE)
            read = [(as_bytes(line_id).decode(), load_audit(fields)) for line_id, fields in page]
            cards = await self._cards(begin, {audit.request for _, audit in read if audit.request})
            for line_id, audit in read:
                recorded_at = moment(int(line_id.split("-", 1)[0]))
                yield Recorded(line_id, recorded_at, audit, cards.get(audit.request))
            if len(page) < PAGE:
                return
            start = f"({read[-1][0]}"

    async def _cards(self, begin: str, numbers: set[RequestId]) -> dict[RequestId | None, MessageRef]:
        if not numbers:
            return {}
        ordered = sorted(numbers)
        async with store_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for number in ordered:
                pipeline.hget(f"{begin}messages:{number}", str(CardIntent(number)))
            found = await pipeline.execute()
        return {number: codec.load_message(raw) for number, raw in zip(ordered, found, strict=True) if raw}

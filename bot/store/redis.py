"""The one store: Redis or Valkey. Every change of a request is a single Lua move under `scripts/`.

Every key of a workspace carries one hash tag, `{T…}`, so a move touches one cluster slot. Records of requests never
expire; drafts, leases and what a form last showed do.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

import msgspec
import structlog
from pydantic import SecretStr
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.commands.core import AsyncScript

from bot.domain.audit import NOWHERE, Audit, Origin, of_step
from bot.domain.budget import Budget
from bot.domain.delivery import next_look
from bot.domain.draft import WaitingDraft
from bot.domain.errors import OverBudgetError, RecordError, ReplayError, StaleError, StoreUnavailableError
from bot.domain.ids import ChannelId, DraftId, ProductCode, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.intents import Intent, intents_after
from bot.domain.ledger import entries_of
from bot.domain.money import Cents
from bot.domain.pause import Pause
from bot.domain.request import Happened, PurchaseRequest, State
from bot.domain.reservation import reserved
from bot.ports import REPLAY_MEMORY_S, Page, Submission
from bot.store import codec, health
from bot.store.account import Accounts
from bot.store.audit_lines import dump_audit
from bot.store.digests import Digests
from bot.store.drafts import Drafts
from bot.store.entries import lines_of
from bot.store.homes import Homes
from bot.store.keys import as_bytes as _bytes
from bot.store.keys import marks
from bot.store.keys import ms as _ms
from bot.store.keys import prefix as _prefix
from bot.store.leases import Leases
from bot.store.line import SharedClient
from bot.store.outbox import Outbox
from bot.store.scripting import load_scripts

CONNECT_TIMEOUT_S = 1.0
CALL_TIMEOUT_S = 1.4
"""All of a call, with connecting and asking once more. A click meets a store that hangs twice, in the replay guard and
in the step itself, and must be answered within three seconds."""
SENT_MEMORY_S = 7 * 24 * 3600
"""How long a second submission of the same draft is recognised."""
LOOK_LEASE_S = 60
"""Longer than the two reads of a look may take."""
DISK_WAIT_MS = 1_000
WORKSPACES_KEY = "proxydesk:workspaces"
PAUSE_KEY = "proxydesk:pause"
"""One for all workspaces: they share the provider's account."""

WAS_HERE = -1
"""What a move answers to a click that was here before."""
_DONE = frozenset({Happened.ORDERED, Happened.FOUND})
_log = structlog.get_logger()


def connect(url: SecretStr) -> SharedClient:
    """A client for the store. It opens no connection until it is used; close it with `aclose()`."""
    client = SharedClient.from_url(
        url.get_secret_value(),
        protocol=2,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=None,  # the line and `store_errors` limit each call; this would cost as much as the call
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1, supported_errors=(exceptions.ConnectionError,)),
    )
    return cast("SharedClient", client)  # redis-py says of each client made so that it is one of its own


@asynccontextmanager
async def store_errors() -> AsyncIterator[None]:
    """Every way the server can fail us, as the one error that says nothing was recorded."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            yield
    except (exceptions.RedisError, OSError) as error:
        raise StoreUnavailableError(f"The store does not answer ({type(error).__name__}).") from error


class RedisStore(Outbox, Accounts, Digests, Drafts, Homes, Leases):
    """Implements `bot.ports.Store`."""

    _guarded = staticmethod(store_errors)

    def __init__(self, client: SharedClient) -> None:
        self._redis = client
        self._scripts: dict[str, AsyncScript] = load_scripts(client)
        self._replicas = health.Replicas(client)
        self._known_workspaces: set[WorkspaceId] = set()

    # Requests

    async def submit(
        self,
        draft: DraftId,
        request: PurchaseRequest,
        waited: WaitingDraft | None = None,
        extra: Sequence[Intent] = (),
        *,
        policy: str = "",
    ) -> Submission:
        prefix = _prefix(request.workspace)
        arguments: list[Any] = [
            prefix,
            draft,
            codec.dump_request(request),
            request.state,
            request.requester,
            request.channel,
            _ms(request.expires_at),
            _ms(request.created_at),
            SENT_MEMORY_S,
            dump_audit(of_step(None, request, policy)),
            waited.version if waited else "",
            *(str(intent) for intent in (*intents_after(request), *extra)),
        ]
        async with store_errors():
            await self._remember(request.workspace)
            number, is_new = await self._scripts["submit"](keys=[f"{prefix}number"], args=arguments)
            if request.selection.service and number:
                await self._redis.zadd(f"{prefix}about:{request.selection.service}", {number: number})
        if number == 0:
            raise StaleError("This draft does not wait for its price any more, or it was changed.")
        stored = await self.get(request.workspace, RequestId(number))
        if stored is None:
            raise StoreUnavailableError("The store lost a request it had just taken.")
        return Submission(stored, bool(is_new))

    async def move(
        self,
        before: PurchaseRequest,
        after: PurchaseRequest,
        *,
        policy: str = "",
        origin: Origin = NOWHERE,
        is_durable: bool = False,
        is_adoption: bool = False,
        cap: Cents | None = None,
    ) -> None:
        prefix = _prefix(after.workspace)
        newest = after.history[-1].happened
        look = next_look(after, after.changed_at, after.findings)
        service = after.order.service_id if after.order and after.order.service_id else ""
        arguments: list[Any] = [
            prefix,
            after.id,
            before.version,
            after.version,
            codec.dump_request(after),
            before.state,
            after.state,
            _ms(after.expires_at) if after.state is State.PENDING else "",
            _ms(after.changed_at),
            service,
            after.product.code if newest in _DONE else "",
            dump_audit(of_step(before, after, policy, origin)),
            _ms(look) if look else "",
            lines_of(entries) if (entries := entries_of(after)) else "",
            int(is_adoption),
            REPLAY_MEMORY_S,
            _budget_change(before, after, cap),
            *(str(intent) for intent in intents_after(after)),
        ]
        async with store_errors():
            keys = [f"{prefix}request:{after.id}", *marks(prefix, origin.signature)]
            written = await self._run("move", keys, arguments, is_durable=is_durable)
        if isinstance(written, list):
            raise _over_budget(after, cap or 0, *written)
        if written == WAS_HERE:
            raise ReplayError(f"The click on request #{after.id} was here before.")
        if not written:
            raise StaleError(f"Request #{after.id} was changed by somebody else meanwhile.")

    async def budget(
        self,
        workspace: WorkspaceId,
        channel: ChannelId,
        month: str,
        cap: Cents,
        *,
        needed: Cents = 0,
        besides: RequestId | None = None,
    ) -> Budget:
        prefix = _prefix(workspace)
        key, arguments = f"{prefix}budget:{channel}:{month}", [prefix, channel, month, besides or ""]
        async with store_errors():
            spent, held = await self._scripts["read_budget"](keys=[key], args=arguments)
        return Budget(month, cap, spent, held, needed)

    async def get(self, workspace: WorkspaceId, request: RequestId) -> PurchaseRequest | None:
        async with store_errors():
            body = await self._redis.hget(f"{_prefix(workspace)}request:{request}", "body")
        return codec.load_request(workspace, request, _bytes(body)) if body else None

    async def unreadable(self, workspace: WorkspaceId) -> list[RequestId]:
        known = f"{_prefix(workspace)}unreadable"
        async with store_errors():
            numbers = await self._redis.smembers(known)
        still = [
            number
            for number in sorted(RequestId(int(one)) for one in numbers)
            if not await self._reads(workspace, number)
        ]
        if mended := {int(one) for one in numbers} - set(still):
            async with store_errors():
                await self._redis.srem(known, *mended)
        return still

    async def _reads(self, workspace: WorkspaceId, number: RequestId) -> bool:
        try:
            await self.get(workspace, number)
        except RecordError:
            return False
        return True

    async def by_service(self, workspace: WorkspaceId, service: ServiceId) -> PurchaseRequest | None:
        async with store_errors():
            number = await self._redis.hget(f"{_prefix(workspace)}service", service)
        return await self.get(workspace, RequestId(int(number))) if number else None

    async def about_service(self, workspace: WorkspaceId, service: ServiceId, limit: int = 50) -> list[PurchaseRequest]:
        async with store_errors():
            numbers = await self._redis.zrevrange(f"{_prefix(workspace)}about:{service}", 0, limit - 1)
        return await self._read(workspace, numbers)

    async def in_state(
        self, workspace: WorkspaceId, state: State, limit: int = 50, beyond: int = 0
    ) -> list[PurchaseRequest]:
        return (await self.page_in_state(workspace, state, limit, beyond)).requests

    async def page_in_state(self, workspace: WorkspaceId, state: State, size: int, beyond: int = 0) -> Page:
        name = f"{_prefix(workspace)}state:{state}"
        async with store_errors():
            numbers: list[Any] = await self._redis.zrangebyscore(name, f"({beyond}", "+inf", start=0, num=size)
        through = RequestId(int(numbers[-1])) if len(numbers) == size else None
        return Page(await self._read(workspace, numbers), through)

    async def of_requester(self, workspace: WorkspaceId, user: UserId, limit: int = 20) -> list[PurchaseRequest]:
        async with store_errors():
            numbers = await self._redis.zrevrange(f"{_prefix(workspace)}requester:{user}", 0, limit - 1)
        return await self._read(workspace, numbers)

    async def count_of_requester(self, workspace: WorkspaceId, user: UserId) -> int:
        async with store_errors():
            return int(await self._redis.zcard(f"{_prefix(workspace)}requester:{user}"))

    async def overdue(self, workspace: WorkspaceId, now: datetime, limit: int = 100) -> list[PurchaseRequest]:
        async with store_errors():
            numbers = await self._redis.zrangebyscore(
                f"{_prefix(workspace)}deadline", "-inf", _ms(now), start=0, num=limit
            )
        return await self._read(workspace, numbers)

    async def claim_look(self, workspace: WorkspaceId, now: datetime) -> RequestId | None:
        lease_ends = _ms(now) + LOOK_LEASE_S * 1000
        async with store_errors():
            due = await self._scripts["claim_look"](keys=[f"{_prefix(workspace)}followed"], args=[_ms(now), lease_ends])
        return RequestId(int(due)) if due else None

    async def look_again(self, workspace: WorkspaceId, request: RequestId, at: datetime | None) -> None:
        followed = f"{_prefix(workspace)}followed"
        async with store_errors():
            if at is None:
                await self._redis.zrem(followed, request)
            else:
                await self._redis.zadd(followed, {str(request): _ms(at)}, xx=True)

    async def bought(self, workspace: WorkspaceId) -> frozenset[ProductCode]:
        async with store_errors():
            codes: Any = await self._redis.smembers(f"{_prefix(workspace)}bought")
        return frozenset(ProductCode(_bytes(code).decode()) for code in codes)

    async def has_bought(self, workspace: WorkspaceId, product: ProductCode) -> bool:
        async with store_errors():
            return bool(await self._redis.sismember(f"{_prefix(workspace)}bought", product))

    async def known_services(self, workspace: WorkspaceId, services: Sequence[ServiceId]) -> frozenset[ServiceId]:
        if not services:
            return frozenset()
        async with store_errors():
            numbers = await self._redis.hmget(f"{_prefix(workspace)}service", list(services))
        return frozenset(service for service, number in zip(services, numbers, strict=True) if number)

    async def audit(self, workspace: WorkspaceId, entry: Audit, signature: str = "") -> None:
        prefix = _prefix(workspace)
        keys = [f"{prefix}audit", *marks(prefix, signature)]
        arguments: list[Any] = [entry.request or 0, dump_audit(entry), uuid.uuid4().hex, REPLAY_MEMORY_S]
        async with store_errors():
            written = await self._scripts["note"](keys=keys, args=arguments)
        if not written:
            raise ReplayError("The click this is about was here before.")

    # Pause of purchases

    async def pause(self) -> Pause | None:
        async with store_errors():
            body = await self._redis.hget(PAUSE_KEY, "body")
        return codec.load_pause(_bytes(body)) if body else None

    async def swap_pause(self, before: Pause | None, after: Pause) -> bool:
        arguments: list[Any] = [before.version if before else 0, after.version, codec.dump_pause(after)]
        async with store_errors():
            return bool(await self._scripts["swap"](keys=[PAUSE_KEY], args=arguments))

    # Workspaces, health

    async def remember(self, workspace: WorkspaceId) -> None:
        async with store_errors():
            await self._remember(workspace)

    async def workspaces(self) -> list[WorkspaceId]:
        async with store_errors():
            members = await self._redis.smembers(WORKSPACES_KEY)
        return sorted(WorkspaceId(_bytes(member).decode()) for member in members)

    async def ping(self) -> None:
        """Raises StoreUnavailableError when the store does not answer."""
        async with store_errors():
            await self._redis.ping()

    async def danger(self) -> str | None:
        """What the server's own settings put at risk, in words."""
        async with store_errors():
            return await health.danger(self._redis)

    async def _run(self, script: str, keys: list[str], arguments: list[Any], *, is_durable: bool) -> Any:
        if not is_durable:
            return await self._scripts[script](keys=keys, args=arguments)
        # Whoever is to take over may know of it too: a fail-over must not forget what is about to be sent.
        is_followed = await self._replicas.count() > 0
        # Both waits speak of the writes of their own connection, so all travel in one pipeline.
        async with self._redis.pipeline(transaction=False) as pipeline:
            # The whole text goes along: redis-py would first ask whether the server knows it.
            pipeline.eval(str(self._scripts[script].script), len(keys), *keys, *arguments)
            pipeline.execute_command("WAITAOF", 1, 0, DISK_WAIT_MS)
            if is_followed:
                pipeline.execute_command("WAIT", 1, DISK_WAIT_MS)
            written, synced, *followed = await pipeline.execute(raise_on_error=False)
        if isinstance(written, Exception):
            raise written
        _check_synced(synced)
        if followed == [0]:
            raise exceptions.TimeoutError("no replica took the write in time")
        return written

    async def _read(self, workspace: WorkspaceId, numbers: Sequence[Any]) -> list[PurchaseRequest]:
        """The records behind these numbers, in one round trip; numbers without a record are left out.

        One that cannot be read is left out too, loudly: it must not hold up the others of its list.
        """
        if not numbers:
            return []
        prefix = _prefix(workspace)
        ids = [RequestId(int(number)) for number in numbers]
        async with store_errors():
            bodies = await self._redis.ask_together(*(("HGET", f"{prefix}request:{number}", "body") for number in ids))
        found: list[PurchaseRequest] = []
        for number, body in zip(ids, bodies, strict=True):
            try:
                found += [codec.load_request(workspace, number, body)] if body else []
            except RecordError as error:
                _log.error("record_not_understood", request=number, error=str(error))
                async with store_errors():
                    await self._redis.sadd(f"{prefix}unreadable", number)
        return found

    async def _remember(self, workspace: WorkspaceId) -> None:
        if workspace not in self._known_workspaces:
            await self._redis.sadd(WORKSPACES_KEY, workspace)
            self._known_workspaces.add(workspace)


def _budget_change(before: PurchaseRequest, after: PurchaseRequest, cap: Cents | None) -> bytes | str:
    """What a step changes in its channel's budget, as `scripts/move.lua` takes it; empty for nothing."""
    was, now = reserved(before), reserved(after)
    if now is not None and (now != was or after.history[-1].happened is Happened.CLAIMED):
        limit = {} if cap is None else {"cap": cap}
        return msgspec.json.encode({"channel": after.channel, "month": now.month, "cents": now.cents, **limit})
    if was is not None and now is None:
        return msgspec.json.encode({"channel": after.channel, "month": was.month})
    return ""


def _over_budget(after: PurchaseRequest, cap: Cents, spent: Cents, held: Cents) -> OverBudgetError:
    wanted = reserved(after)
    month, needed = (wanted.month, wanted.cents) if wanted else ("", 0)
    budget = Budget(month, cap, spent, held, needed)
    return OverBudgetError(f"The channel's budget has no room for request #{after.id}.", budget)


def _check_synced(answer: object) -> None:
    """Raises unless the write is on disk, or the server is too old to say (Redis before 7.2)."""
    if isinstance(answer, exceptions.ResponseError) and "unknown command" in str(answer).lower():
        return
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, list) and not answer[0]:
        raise exceptions.TimeoutError("the write did not reach the disk in time")

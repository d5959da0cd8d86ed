"""The one store: Redis or Valkey. Every change of a request is a single Lua move under `scripts/`.

Every key of a workspace carries one hash tag, `{T…}`, so a move touches one cluster slot. Records of requests never
expire; drafts, leases and what a form last showed do.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import redis.asyncio as redis_asyncio
import structlog
from pydantic import SecretStr
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.commands.core import AsyncScript

from bot.domain.draft import Draft
from bot.domain.errors import StaleError, StoreUnavailableError
from bot.domain.ids import DraftId, ProductCode, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.intents import Intent, intents_after, parse_intent
from bot.domain.request import Happened, PurchaseRequest, State
from bot.ports import Audit, Claim, MessageRef, Submission
from bot.store import codec

SCRIPTS = Path(__file__).parent / "scripts"
CONNECT_TIMEOUT_S = 1.0
COMMAND_TIMEOUT_S = 1.5
"""A click must be answered within three seconds, a dead store included."""
DRAFT_LIFE_S = 24 * 3600
SENT_MEMORY_S = 7 * 24 * 3600
"""How long a second submission of the same draft is recognised."""
INTENT_LEASE_S = 30
DISK_WAIT_MS = 1_000
WORKSPACES_KEY = "proxydesk:workspaces"

_DONE = frozenset({Happened.ORDERED, Happened.FOUND})
_log = structlog.get_logger()


def connect(url: SecretStr) -> redis_asyncio.Redis:
    """A client for the store. It opens no connection until it is used; close it with `aclose()`."""
    return redis_asyncio.Redis.from_url(
        url.get_secret_value(),
        protocol=2,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=COMMAND_TIMEOUT_S,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
        health_check_interval=30,
    )


@asynccontextmanager
async def store_errors() -> AsyncIterator[None]:
    """Every way the server can fail us, as the one error that says nothing was recorded."""
    try:
        yield
    except (exceptions.RedisError, OSError) as error:
        raise StoreUnavailableError(f"The store does not answer ({type(error).__name__}).") from error


class RedisStore:
    """Implements `bot.ports.Store`."""

    def __init__(self, client: redis_asyncio.Redis) -> None:
        self._redis = client
        self._scripts: dict[str, AsyncScript] = {
            path.stem: client.register_script(path.read_text()) for path in sorted(SCRIPTS.glob("*.lua"))
        }
        self._known_workspaces: set[WorkspaceId] = set()

    # Requests

    async def submit(self, draft: DraftId, request: PurchaseRequest) -> Submission:
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
            _audit_line(_audit_of(request)),
            *(str(intent) for intent in intents_after(request)),
        ]
        async with store_errors():
            await self._remember(request.workspace)
            number, is_new = await self._scripts["submit"](keys=[f"{prefix}number"], args=arguments)
        stored = await self.get(request.workspace, RequestId(number))
        if stored is None:
            raise StoreUnavailableError("The store lost a request it had just taken.")
        return Submission(stored, bool(is_new))

    async def move(self, before: PurchaseRequest, after: PurchaseRequest, *, is_durable: bool = False) -> None:
        prefix = _prefix(after.workspace)
        newest = after.history[-1].happened
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
            _audit_line(_audit_of(after)),
            *(str(intent) for intent in intents_after(after)),
        ]
        async with store_errors():
            written = await self._run("move", f"{prefix}request:{after.id}", arguments, is_durable=is_durable)
        if not written:
            raise StaleError(f"Request #{after.id} was changed by somebody else meanwhile.")

    async def get(self, workspace: WorkspaceId, request: RequestId) -> PurchaseRequest | None:
        return next(iter(await self._read(workspace, [request])), None)

    async def by_service(self, workspace: WorkspaceId, service: ServiceId) -> PurchaseRequest | None:
        async with store_errors():
            number = await self._redis.hget(f"{_prefix(workspace)}service", service)
        return await self.get(workspace, RequestId(int(number))) if number else None

    async def in_state(self, workspace: WorkspaceId, state: State, limit: int = 50) -> list[PurchaseRequest]:
        async with store_errors():
            numbers = await self._redis.zrange(f"{_prefix(workspace)}state:{state}", 0, limit - 1)
        return await self._read(workspace, numbers)

    async def of_requester(self, workspace: WorkspaceId, user: UserId, limit: int = 20) -> list[PurchaseRequest]:
        async with store_errors():
            numbers = await self._redis.zrevrange(f"{_prefix(workspace)}requester:{user}", 0, limit - 1)
        return await self._read(workspace, numbers)

    async def overdue(self, workspace: WorkspaceId, now: datetime, limit: int = 100) -> list[PurchaseRequest]:
        async with store_errors():
            numbers = await self._redis.zrangebyscore(
                f"{_prefix(workspace)}deadline", "-inf", _ms(now), start=0, num=limit
            )
        return await self._read(workspace, numbers)

    async def has_bought(self, workspace: WorkspaceId, product: ProductCode) -> bool:
        async with store_errors():
            return bool(await self._redis.sismember(f"{_prefix(workspace)}bought", product))

    async def known_services(self, workspace: WorkspaceId, services: Sequence[ServiceId]) -> frozenset[ServiceId]:
        if not services:
            return frozenset()
        async with store_errors():
            numbers = await self._redis.hmget(f"{_prefix(workspace)}service", list(services))
        return frozenset(service for service, number in zip(services, numbers, strict=True) if number)

    async def audit(self, workspace: WorkspaceId, entry: Audit) -> None:
        async with store_errors():
            await self._redis.xadd(f"{_prefix(workspace)}audit", {"entry": _audit_line(entry)})

    # Drafts and forms

    async def save_draft(self, draft: Draft) -> None:
        async with store_errors():
            await self._redis.set(_draft_key(draft.id), codec.dump_draft(draft), ex=DRAFT_LIFE_S)

    async def draft(self, draft: DraftId) -> Draft | None:
        async with store_errors():
            raw = await self._redis.get(_draft_key(draft))
        return codec.load_draft(_bytes(raw)) if raw else None

    async def is_newest(self, name: str, ordinal: float, seconds: int) -> bool:
        """Whether no greater ordinal was seen under this name; remembers this one."""
        async with store_errors():
            return bool(await self._scripts["newest"](keys=[f"newest:{name}"], args=[repr(ordinal), seconds]))

    async def is_first(self, name: str, seconds: int) -> bool:
        """Whether this name was not seen before within the given time; remembers it."""
        async with store_errors():
            # A token of its own, so that the client's repeat after a lost answer is not taken for a second one.
            first = await self._scripts["hold"](keys=[f"seen:{name}"], args=[uuid.uuid4().hex, seconds * 1000])
        return bool(first)

    # Outbox

    async def ask(self, workspace: WorkspaceId, intent: Intent, now: datetime) -> None:
        async with store_errors():
            await self._redis.zadd(f"{_prefix(workspace)}outbox", {str(intent): _ms(now)})

    async def claim_intents(self, workspace: WorkspaceId, now: datetime, limit: int = 20) -> list[Claim]:
        token = _ms(now) + INTENT_LEASE_S * 1000
        async with store_errors():
            due = await self._scripts["claim_intents"](
                keys=[f"{_prefix(workspace)}outbox"], args=[_ms(now), token, limit]
            )
        return [Claim(workspace, intent, str(token)) for intent in _intents(due)]

    async def settle_intent(self, claim: Claim) -> None:
        await self._settle(claim, "")

    async def delay_intent(self, claim: Claim, until: datetime) -> None:
        await self._settle(claim, str(_ms(until)))

    async def message(self, workspace: WorkspaceId, request: RequestId, name: str) -> MessageRef | None:
        async with store_errors():
            raw = await self._redis.hget(f"{_prefix(workspace)}messages:{request}", name)
        return codec.load_message(_bytes(raw)) if raw else None

    async def record_message(self, workspace: WorkspaceId, request: RequestId, name: str, ref: MessageRef) -> None:
        async with store_errors():
            await self._scripts["record_message"](
                keys=[f"{_prefix(workspace)}messages:{request}"], args=[name, ref.version, codec.dump_message(ref)]
            )

    # Leases, workspaces, health

    async def workspaces(self) -> list[WorkspaceId]:
        async with store_errors():
            members = await self._redis.smembers(WORKSPACES_KEY)
        return sorted(WorkspaceId(_bytes(member).decode()) for member in members)

    async def hold(self, workspace: WorkspaceId, name: str, token: str, seconds: float) -> bool:
        async with store_errors():
            held = await self._scripts["hold"](keys=[_lease_key(workspace, name)], args=[token, int(seconds * 1000)])
        return bool(held)

    async def release(self, workspace: WorkspaceId, name: str, token: str) -> None:
        async with store_errors():
            await self._scripts["release"](keys=[_lease_key(workspace, name)], args=[token])

    async def ping(self) -> None:
        """Raises StoreUnavailableError when the store does not answer."""
        async with store_errors():
            await self._redis.ping()

    async def _run(self, script: str, key: str, arguments: list[Any], *, is_durable: bool) -> bool:
        if not is_durable:
            return bool(await self._scripts[script](keys=[key], args=arguments))
        # WAITAOF speaks of the writes of its own connection, so both travel in one pipeline.
        async with self._redis.pipeline(transaction=False) as pipeline:
            await self._scripts[script](keys=[key], args=arguments, client=pipeline)
            pipeline.execute_command("WAITAOF", 1, 0, DISK_WAIT_MS)
            written, synced = await pipeline.execute(raise_on_error=False)
        if isinstance(written, Exception):
            raise written
        _check_synced(synced)
        return bool(written)

    async def _read(self, workspace: WorkspaceId, numbers: Sequence[Any]) -> list[PurchaseRequest]:
        """The records behind these numbers, in one round trip; numbers without a record are left out."""
        if not numbers:
            return []
        prefix = _prefix(workspace)
        ids = [RequestId(int(number)) for number in numbers]
        async with store_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for number in ids:
                pipeline.hget(f"{prefix}request:{number}", "body")
            bodies = await pipeline.execute()
        return [codec.load_request(workspace, number, body) for number, body in zip(ids, bodies, strict=True) if body]

    async def _settle(self, claim: Claim, due: str) -> None:
        async with store_errors():
            await self._scripts["settle_intent"](
                keys=[f"{_prefix(claim.workspace)}outbox"], args=[str(claim.intent), claim.token, due]
            )

    async def _remember(self, workspace: WorkspaceId) -> None:
        if workspace not in self._known_workspaces:
            await self._redis.sadd(WORKSPACES_KEY, workspace)
            self._known_workspaces.add(workspace)


def _intents(texts: Sequence[bytes]) -> Iterator[Intent]:
    """One that a newer version wrote is left in the outbox: it must not hold up the others."""
    for text in texts:
        try:
            yield parse_intent(text.decode())
        except ValueError:
            _log.error("intent_not_understood", intent=text.decode(errors="replace"))


def _check_synced(answer: object) -> None:
    """Raises unless the write is on disk, or the server is too old to say (Redis before 7.2)."""
    if isinstance(answer, exceptions.ResponseError) and "unknown command" in str(answer).lower():
        return
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, list) and not answer[0]:
        raise exceptions.TimeoutError("the write did not reach the disk in time")


def _prefix(workspace: WorkspaceId) -> str:
    return f"{{{workspace}}}:"


def _lease_key(workspace: WorkspaceId, name: str) -> str:
    return f"{_prefix(workspace)}lease:{name}"


def _draft_key(draft: DraftId) -> str:
    return f"draft:{draft}"


def _bytes(raw: bytes | str) -> bytes:
    return raw if isinstance(raw, bytes) else raw.encode()


def _ms(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _audit_of(request: PurchaseRequest) -> Audit:
    newest = request.history[-1]
    return Audit(newest.at, newest.happened, request.id, newest.by, f"{request.state} v{request.version}")


def _audit_line(entry: Audit) -> bytes:
    return orjson.dumps(entry)

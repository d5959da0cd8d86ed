"""What a list, App Home, a summary and `/proxy why` cost with a million requests behind them, against a thousand.

One request is really lived through the store; the bulk copies what that left behind, under other numbers, by a script
in the server. Every thousand requests are a month, so the period a summary covers is equally full in both.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import redis.asyncio as redis_asyncio
from msgspec.structs import replace

from bench.company import pending
from bench.figures import Figure, Goal
from bench.traffic import APPROVER, CHANNEL
from bot.domain.account import Adjustment
from bot.domain.finding import Finding, Kind
from bot.domain.ids import AttemptId, ChannelId, DraftId, ServiceId, UserId, WorkspaceId
from bot.domain.intents import CardIntent, DirectIntent, ThreadIntent
from bot.domain.policy import Person, Policy, Role
from bot.domain.request import Approved, Attempt, Claimed, Followed, Order, Ordered, PurchaseRequest, advance
from bot.ports import MessageRef
from bot.store.embedded import server_binary
from bot.store.ledger import StoredLedger
from bot.store.line import SharedClient
from bot.store.redis import RedisStore
from bot.usecases import home, report
from bot.usecases.desk import Desk
from bot.usecases.why import why

FEW, MANY = 1_000, 1_000_000
PEOPLE = 50
"""Who asked: so that each has a full page of requests even among few."""
A_MONTH = 1_000
BATCH = 5_000
"""Requests written in one call of the script: each call blocks the server for a moment."""
CALLS = 300
LATE_S = 0.05
"""How late each answer comes while round trips are counted: far more than the work itself takes."""
RATIO = Goal(1.3, 1.1, "x")
TRIPS = Goal(3, 2, "trips")
BYTES = Goal(3 * 1024, 1_536, "bytes")
FORBIDDEN = {"scan", "keys", "hscan", "sscan", "zscan"}
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
ASKED_BY = UserId("U0000007")

COPY = """
-- KEYS[1] any key of the workspace; ARGV: prefix, first number, last number, now ms, people, channel, version, body,
-- month, row, then: how many messages, name and value of each; how many entries, suffix and body of each; audit lines
local prefix, at = ARGV[1], 11
local function part()
  local found = {}
  local count = tonumber(ARGV[at]) * 2
  for i = 1, count do found[i] = ARGV[at + i] end
  at = at + count + 1
  return found
end
local messages, entries = part(), part()
for id = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  local text, user = tostring(id), string.format('U%07d', id % tonumber(ARGV[5]))
  redis.call('HSET', prefix .. 'request:' .. text, 'version', ARGV[7], 'body', ARGV[8])
  redis.call('ZADD', prefix .. 'state:ordered', id, id)
  redis.call('ZADD', prefix .. 'requester:' .. user, id, id)
  redis.call('ZADD', prefix .. 'channel:' .. ARGV[6], id, id)
  redis.call('HSET', prefix .. 'service', 'API-' .. text, id)
  for i = 1, #messages, 2 do
    redis.call('HSET', prefix .. 'messages:' .. text, (string.gsub(messages[i], 'NUMBER', text)), messages[i + 1])
  end
  for i = 1, #entries, 2 do
    local name = text .. entries[i]
    redis.call('HSET', prefix .. 'entry', name, entries[i + 1])
    redis.call('ZADD', prefix .. 'entries:' .. ARGV[9], ARGV[4] + id % 1000, name)
  end
  local row = string.format('%02d|%s|isp_us|', id % 28 + 1, user)
  redis.call('HINCRBY', prefix .. 'spend:' .. ARGV[6] .. ':' .. ARGV[9], row .. 'paid', 700)
  redis.call('HINCRBY', prefix .. 'spend:' .. ARGV[6] .. ':' .. ARGV[9], row .. 'count', 1)
  redis.call('HINCRBY', prefix .. 'spend:' .. ARGV[6] .. ':' .. ARGV[9], row .. 'quantity', 2)
  for i = at, #ARGV do
    redis.call('XADD', prefix .. 'audit', '*', 'request', id, 'entry', ARGV[i])
  end
end
redis.call('SADD', prefix .. 'spent:' .. ARGV[9], ARGV[6])
redis.call('SET', prefix .. 'number', ARGV[3])
return redis.call('DBSIZE')
"""


class _Late:
    """A connection whose questions leave late while `seconds` says so: then time counts the trips one after another."""

    seconds = 0.0


class _LateConnection(redis_asyncio.UnixDomainSocketConnection):
    async def send_packed_command(self, *given: Any, **named: Any) -> None:
        if _Late.seconds:
            await asyncio.sleep(_Late.seconds)
        await super().send_packed_command(*given, **named)


class _Directory:
    """Knows one approver at once: what Slack costs is no matter here."""

    async def person(self, user: UserId) -> Person:
        return Person(user, user)

    async def holders(self, _role: Role) -> frozenset[UserId]:
        return frozenset({UserId(APPROVER)})

    async def public_channels(self) -> Mapping[ChannelId, str]:
        return {}


class _Provider:
    """Has nothing to say about a service, at once."""

    is_away = False

    async def adjustments_of(self, _service: ServiceId) -> Sequence[Adjustment]:
        return ()


@dataclass(frozen=True)
class Archive:
    """A store with a history, and what is asked of it."""

    workspace: WorkspaceId
    client: SharedClient
    desk: Desk
    size: int

    @property
    def asks(self) -> dict[str, Callable[[], Awaitable[object]]]:
        service = ServiceId(f"API-{1_000 + self.size // 2}")
        desk, there = self.desk, self.workspace
        return {
            "a list": lambda: report.inbox(desk, there, ASKED_BY),
            "App Home": lambda: home.home(desk, there, ASKED_BY),
            "a spend summary": lambda: desk.ledger.spend(there, FIRST, LAST),
            "/proxy why": lambda: why(desk, there, service),
        }


async def rows(rounds: int) -> list[Figure]:
    """Few and many in the same server, in workspaces of their own, asked in turn."""
    async with _server() as client:
        few = await _archive(client, WorkspaceId("T0FEW"), FEW)
        before = await _memory(client)
        many = await _archive(client, WorkspaceId("T0MANY"), MANY)
        each = (await _memory(client) - before) / MANY
        figures = [Figure("memory of a finished request with indexes and audit", "bytes", (each,), BYTES)]
        await client.config_resetstat()
        for name in few.asks:
            figures += await _compared(name, few, many, rounds)
        used = {name.removeprefix("cmdstat_").lower() for name in await client.info("commandstats")}
        seen = sorted(used & FORBIDDEN)
        return [*figures, Figure("commands that search all keys", "kinds", (float(len(seen)),), Goal(0, 0, "kinds"))]


async def _compared(name: str, few: Archive, many: Archive, rounds: int) -> list[Figure]:
    ratios = []
    for _ in range(rounds + 1):
        small, large = await _cost(few.asks[name]), await _cost(many.asks[name])
        ratios.append(large / small)
    trips = await _trips(many.asks[name])
    return [
        Figure(f"{name}, {MANY:,} requests against {FEW:,}", "x", tuple(ratios[1:]), RATIO),
        Figure(f"{name}: trips to the store, one after the other", "trips", (trips,), TRIPS),
    ]


async def _cost(ask: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    for _ in range(CALLS):
        await ask()
    return time.perf_counter() - started


async def _trips(ask: Callable[[], Awaitable[object]]) -> float:
    await ask()
    _Late.seconds = LATE_S
    try:
        started = time.perf_counter()
        await ask()
        return float(int((time.perf_counter() - started) / LATE_S))
    finally:
        _Late.seconds = 0.0


# The history


async def _archive(client: SharedClient, workspace: WorkspaceId, size: int) -> Archive:
    store = RedisStore(client)
    await _copy(client, workspace, await _lived(store, workspace), size)
    policy = Policy(roles={"approver": Role(users=(UserId("U0BOSS"),))})

    async def nudge(request: PurchaseRequest) -> None:  # noqa: ARG001 - named as the port names it
        return

    provider: Any = _Provider()
    desk = Desk(store, StoredLedger(client), provider, _Directory(), lambda: policy, nudge)
    return Archive(workspace, client, desk, size)


async def _lived(store: RedisStore, workspace: WorkspaceId) -> PurchaseRequest:
    """One request from the question to the delivery, with its messages."""
    start = pending(workspace=workspace, created_at=NOW, changed_at=NOW)
    before = (await store.submit(DraftId("d1"), start, policy="0123456789ab")).request
    service = ServiceId(f"API-{before.id}")
    order = Order(service, "https://invoice.example.test/i/5f2c7a", True, 700, 0, "awaiting_fulfillment")
    attempt = Attempt(AttemptId("8f14e45fceea167a5a36dedd4bea2543"), start.selection.fingerprint(), NOW, (), 0)
    seen = (Finding(Kind.PAID), Finding(Kind.ACTIVE, 95), Finding(Kind.COMPLETE, 2))
    for event in (
        Approved(NOW, UserId(APPROVER), "role:approver", "0123456789ab"),
        Claimed(NOW, attempt, start.quote, ()),
        Ordered(NOW, order),
        Followed(NOW, replace(order, status="active"), seen),
    ):
        after = advance(before, event)
        await store.move(before, after, policy="0123456789ab")
        before = after
    told = (CardIntent(before.id), ThreadIntent(before.id, 4), ThreadIntent(before.id, 5))
    directs = (DirectIntent(before.id, 4, before.requester), DirectIntent(before.id, 5, before.requester))
    for intent in (*told, *directs):
        place = MessageRef(ChannelId(CHANNEL), "1785000000.000100", before.version)
        await store.record_message(workspace, before.id, str(intent), place)
    return before


async def _copy(client: SharedClient, workspace: WorkspaceId, lived: PurchaseRequest, size: int) -> None:
    """Everything the one request left in the store, for so many more."""
    prefix, number = f"{{{workspace}}}:", str(lived.id)
    record: Any = await client.hgetall(f"{prefix}request:{number}")
    messages: Any = await client.hgetall(f"{prefix}messages:{number}")
    entries: Any = await client.hgetall(f"{prefix}entry")
    audit: Any = await client.xrange(f"{prefix}audit")
    lines = [fields[b"entry"] for _, fields in audit]
    named = [(name.replace(number.encode(), b"NUMBER"), value) for name, value in messages.items()]
    booked = [(name.removeprefix(number.encode()), body) for name, body in entries.items()]
    script = client.register_script(COPY)
    step = min(BATCH, A_MONTH)
    for first in range(lived.id + 1, lived.id + size, step):
        last = min(first + step - 1, lived.id + size)
        ago = (lived.id + size - last) // A_MONTH
        arguments: list[Any] = [prefix, first, last, int(NOW.timestamp() * 1000), PEOPLE, CHANNEL]
        arguments += [record[b"version"], record[b"body"], _month_before(ago), ""]
        for pairs in (named, booked):
            arguments += [len(pairs), *(part for pair in pairs for part in pair)]
        await script(keys=[f"{prefix}number"], args=[*arguments, *lines])


def _month_before(months: int) -> str:
    year, month = divmod(LAST.year * 12 + LAST.month - 1 - months, 12)
    return f"{year:04}-{month + 1:02}"


async def _memory(client: SharedClient) -> int:
    return int((await client.info("memory"))["used_memory"])


@asynccontextmanager
async def _server() -> AsyncIterator[SharedClient]:
    """A server without a file: what the disk costs is measured elsewhere."""
    with TemporaryDirectory() as folder:
        socket = Path(folder) / "valkey.sock"
        options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
        process = await asyncio.create_subprocess_exec(
            str(server_binary()), *options, "--dir", folder, stdout=asyncio.subprocess.DEVNULL
        )
        pool = redis_asyncio.ConnectionPool(connection_class=_LateConnection, path=str(socket), protocol=2)
        client = SharedClient(connection_pool=pool)
        try:
            await _until_open(client)
            yield client
        finally:
            await client.aclose()
            await pool.disconnect()
            process.terminate()
            await process.wait()


async def _until_open(client: SharedClient) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await client.ping()
                return
            except (redis_asyncio.ConnectionError, OSError):
                await asyncio.sleep(0.05)

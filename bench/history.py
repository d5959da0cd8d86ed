"""What a list, App Home, a summary and `/proxy why` cost with a million requests behind them, against a thousand.

Each is asked as Slack asks it and measured until its answer is there, the mark against repeats included; Slack and
Byteful have their part to say at once. One request is really lived through the store; the bulk copies what that left
behind, under other numbers, by a script in the server. Every five hundred requests are a month, so the period a
summary covers, and the one before, are equally full in both.
"""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import redis.asyncio as redis_asyncio
from msgspec.structs import replace
from pydantic import SecretStr

from bench import traffic
from bench.company import pending
from bench.figures import Figure, Goal
from bench.groups import group
from bench.late import late_door
from bench.processes import running
from bench.traffic import APPROVER, CHANNEL
from bot.blocks.kit import Message, View
from bot.domain.account import Adjustment
from bot.domain.catalog import Catalog
from bot.domain.finding import Finding, Kind
from bot.domain.ids import AttemptId, ChannelId, DraftId, ServiceId, UserId, WorkspaceId
from bot.domain.intents import CardIntent, DirectIntent, ThreadIntent
from bot.domain.money import Cents
from bot.domain.policy import Person, Policy, Role
from bot.domain.request import Approved, Attempt, Claimed, Followed, Order, Ordered, PurchaseRequest, advance
from bot.handlers.front import Front
from bot.handlers.listeners import answered
from bot.ports import Errand, MessageRef
from bot.slack_http import SlackRequest
from bot.store.embedded import server_binary
from bot.store.ledger import StoredLedger
from bot.store.line import SharedClient
from bot.store.redis import RedisStore, connect
from bot.usecases.desk import Desk

FEW, MANY = 1_000, 1_000_000
PEOPLE = 50
"""Who asked: so that each has a full page of requests even among few."""
A_MONTH = 500
"""So few also fill the month before, with which a summary compares."""
BATCH = 5_000
"""Requests written in one call of the script: each call blocks the server for a moment."""
CALLS = 150
LATE_S = 0.05
"""How late each answer comes while round trips are counted: far more than the work itself takes."""
COUNTED = 4
RATIO = Goal(1.3, 1.1, "x")
TRIPS = Goal(3, 2, "trips")
BYTES = Goal(3 * 1024, 1_536, "bytes")
FORBIDDEN = {"scan", "keys", "hscan", "sscan", "zscan"}
NOW = datetime.now(UTC)
"""The history ends in this month: that is what a summary is of unless somebody says otherwise."""
ASKED_BY = UserId("U0000007")

LIST, HOME, SPEND, WHY = QUESTIONS = ("`/proxy requests`", "App Home", "`/proxy spend`", "`/proxy why`")
MEMORY = Figure("memory of a finished request with indexes and audit", "bytes", goal=BYTES)
COMPARED = {name: Figure(f"{name}, {MANY:,} requests against {FEW:,}", "x", goal=RATIO) for name in QUESTIONS}
WAITS = {name: Figure(f"{name}: trips to the store, one after the other", "trips", goal=TRIPS) for name in QUESTIONS}
SEARCHES = Figure("commands that search all keys", "kinds", goal=Goal(0, 0, "kinds"))

COPY = """
-- KEYS[1] any key of the workspace; ARGV: prefix, first number, last number, now ms, people, channel, version, body,
-- month, days of it, then: how many messages, name and value of each; how many entries, suffix and body of each; lines
-- of the audit
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
  local row = string.format('%02d|%s|isp_us|', id % tonumber(ARGV[10]) + 1, user)
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


class _Directory:
    """Knows one approver at once: what Slack costs is no matter here."""

    async def person(self, user: UserId) -> Person:
        return Person(user, user)

    async def holders(self, _role: Role) -> frozenset[UserId]:
        return frozenset({UserId(APPROVER)})

    async def public_channels(self) -> Mapping[ChannelId, str]:
        return {}


class _Provider:
    """Has little to say, at once."""

    is_away = False

    async def adjustments_of(self, _service: ServiceId) -> Sequence[Adjustment]:
        return ()

    async def catalog(self) -> Catalog:
        return {}

    async def credit_balance(self) -> Cents:
        return 0


class _Screen:
    """What a person was shown last."""

    def __init__(self) -> None:
        self.said: object = None
        self.is_answered = asyncio.Event()

    def show(self, said: object) -> None:
        self.said = said
        self.is_answered.set()

    async def whisper(self, message: Message, **_to: object) -> None:
        self.show(message)

    async def publish_home(self, _user: UserId, view: View) -> None:
        self.show(view)


@dataclass(frozen=True)
class Archive:
    """A workspace with a history, and the bot before it."""

    workspace: WorkspaceId
    size: int
    front: Front
    screen: _Screen
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def service(self) -> ServiceId:
        """One in the middle of it."""
        return ServiceId(f"API-{1_000 + self.size // 2}")

    def question(self, name: str) -> bytes:
        """What Slack sends for it; no two are alike."""
        number, team = next(self.numbers), self.workspace
        if name == HOME:
            return traffic.home_opened(number, team=team, user=ASKED_BY)
        text = {LIST: "requests", SPEND: "spend", WHY: f"why {self.service}"}[name]
        return traffic.command(number, text, "https://slack.example.test", team=team, user=ASKED_BY)

    async def seconds(self, question: bytes) -> float:
        """From the question to its answer. What goes on behind it is waited for as well."""
        request = SlackRequest(question.decode(), {"x-slack-signature": f"v0={uuid.uuid4().hex}"})
        self.screen.is_answered.clear()
        started = time.perf_counter()
        acked = await answered(self.front, request)
        if acked.body:
            self.screen.show(acked.body)
        await self.screen.is_answered.wait()
        took = time.perf_counter() - started
        await self.front.background.drain(seconds=10)
        return took


@group(MEMORY, *(row for name in QUESTIONS for row in (COMPARED[name], WAITS[name])), SEARCHES)
async def rows(rounds: int) -> list[Figure]:
    """Few and many in the same server, in workspaces of their own, asked in turn."""
    async with _server() as server:
        few = await _archive(server.client, WorkspaceId("T0FEW"), FEW)
        before = await _memory(server.client)
        many = await _archive(server.client, WorkspaceId("T0MANY"), MANY)
        figures = [MEMORY.measured((await _memory(server.client) - before) / MANY)]
        async with server.from_afar() as client:
            far = _bot(client, many.workspace, MANY)
            await server.client.config_resetstat()
            for name in QUESTIONS:
                figures.append(COMPARED[name].measured(*[await _ratio(name, few, many) for _ in range(rounds + 1)][1:]))
                figures.append(WAITS[name].measured(await _trips(name, far)))
        used = {name.removeprefix("cmdstat_").lower() for name in await server.client.info("commandstats")}
    return [*figures, SEARCHES.measured(float(len(used & FORBIDDEN)))]


async def _ratio(name: str, few: Archive, many: Archive) -> float:
    small, large = [sum([await one.seconds(one.question(name)) for _ in range(CALLS)]) for one in (few, many)]
    return large / small


async def _trips(name: str, far: Archive) -> float:
    """The fewest of some: a connection that has to be opened first adds trips of its own."""
    return min([await far.seconds(far.question(name)) // LATE_S for _ in range(COUNTED)])


# The history


async def _archive(client: SharedClient, workspace: WorkspaceId, size: int) -> Archive:
    store = RedisStore(client)
    await _copy(client, workspace, await _lived(store, workspace), size)
    return _bot(client, workspace, size)


def _bot(client: SharedClient, workspace: WorkspaceId, size: int) -> Archive:
    policy = Policy(roles={"approver": Role(users=(UserId("U0BOSS"),))})
    store, screen = RedisStore(client), _Screen()

    async def nudge(request: PurchaseRequest) -> None:  # noqa: ARG001 - named as the port names it
        return

    async def errands(errand: Errand) -> bool:  # noqa: ARG001 - likewise
        return True

    provider: Any = _Provider()
    chat: Any = screen
    desk = Desk(store, StoredLedger(client), provider, _Directory(), lambda: policy, nudge)
    return Archive(workspace, size, Front(desk, chat, store, errands), screen)


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
        arguments += [record[b"version"], record[b"body"], _month_before(ago), min(NOW.day, 28)]
        for pairs in (named, booked):
            arguments += [len(pairs), *(part for pair in pairs for part in pair)]
        await script(keys=[f"{prefix}number"], args=[*arguments, *lines])


def _month_before(months: int) -> str:
    year, month = divmod(NOW.year * 12 + NOW.month - 1 - months, 12)
    return f"{year:04}-{month + 1:02}"


async def _memory(client: SharedClient) -> int:
    return int((await client.info("memory"))["used_memory"])


@dataclass(frozen=True)
class Server:
    socket: Path
    client: SharedClient

    @asynccontextmanager
    async def from_afar(self) -> AsyncIterator[SharedClient]:
        """A client to which each answer comes late."""
        door = self.socket.with_name("late.sock")
        async with late_door(door, self.socket, LATE_S), _client(door) as client:
            yield client


@asynccontextmanager
async def _client(socket: Path) -> AsyncIterator[SharedClient]:
    """The bot's own kind."""
    client = connect(SecretStr(f"unix://{socket}"))
    try:
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def _server() -> AsyncIterator[Server]:
    """A server without a file: what the disk costs is measured elsewhere."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="proxydesk-bench-")))
        socket = folder / "valkey.sock"
        options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", str(folder)]
        await stack.enter_async_context(running(str(server_binary()), *options, log=folder / "valkey.log"))
        client = await stack.enter_async_context(_client(socket))
        await _until_open(client)
        yield Server(socket, client)


async def _until_open(client: SharedClient) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await client.ping()
                return
            except (redis_asyncio.ConnectionError, OSError):
                await asyncio.sleep(0.05)

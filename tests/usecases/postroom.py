"""A workspace's outbox between the real store and the strict workspace, with clocks that move only by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

import aiohttp
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.ids import ChannelId, DraftId, RequestId, UserId, WorkspaceId
from bot.domain.request import Event, PurchaseRequest
from bot.policy_file import load
from bot.ports import MessageRef, Saying, Spot
from bot.slack import CALL_TIMEOUT_S, SlackDirectory
from bot.slack_notifier import SlackNotifier
from bot.store.ledger import StoredLedger
from bot.store.line import SharedClient
from bot.store.outbox import INTENT_LEASE_S
from bot.store.redis import RedisStore, connect
from bot.usecases.desk import Desk
from bot.usecases.tell import Teller
from playground.slack_driver import SlackDriver
from playground.slack_seen import SeenMessage
from playground.slack_server import running_workspace
from playground.stage import MANIFEST, POLICY
from playground.workspace import Workspace
from playground.workspace_cast import PROXIES, RITA, TEAM_ID
from playground.workspace_text import DIVIDER
from tests.examples import NOW, after, submitted
from tests.store.looking import text
from tests.usecases.fakes import FakeProvider, KilledError, Moments

TEAM = WorkspaceId(TEAM_ID)
START = NOW + timedelta(hours=1)
LEASE_S = INTENT_LEASE_S + 1
LONG_S = 400
"""Longer than any wait after a call of unknown end."""

UNCLEAR_ENDS = [
    ("timeout_after_effect", {"seconds": 0.0}, "posted, and the answer lost"),
    ("reset", {}, "the connection lost before it was posted"),
    ("http_500", {}, "an error of Slack's server"),
    ("error", {"error": "internal_error"}, "Slack does not know itself"),
    ("error", {"error": "fatal_error"}, "the same by another word"),
]
"""How a post can end without a word, with what a test switches on for it, and why."""


class GatedNotifier(SlackNotifier):
    """Slack's notifier that can be stopped right before it speaks, as a process that is not given time."""

    gates: ClassVar[dict[str, asyncio.Event]] = {}
    reached: ClassVar[asyncio.Event]

    async def post(self, said: Sequence[Saying], spot: Spot, keys: Sequence[str]) -> MessageRef:
        await self._pass("post")
        return await super().post(said, spot, keys)

    async def update(self, said: Sequence[Saying], at: MessageRef) -> MessageRef:
        await self._pass("update")
        return await super().update(said, at)

    async def _pass(self, what: str) -> None:
        gate = self.gates.pop(what, None)
        if gate is not None:
            self.reached.set()
            await gate.wait()


class DyingStore(RedisStore):
    """A store whose caller is killed at a named call, once; `spared` calls of that name go well before."""

    dies_at = ""
    spared = 0

    async def record_message(self, *given: Any, **more: Any) -> bool:
        self._die("record")
        return await super().record_message(*given, **more)

    async def begin_posts(self, *given: Any) -> Any:
        begun = await super().begin_posts(*given)
        self._die("begun")
        return begun

    async def settle_intent(self, *given: Any) -> None:
        self._die("settle")
        await super().settle_intent(*given)

    def _die(self, where: str) -> None:
        if self.dies_at == where and self.spared:
            self.spared -= 1
        elif self.dies_at == where:
            self.dies_at = ""
            raise KilledError(where)


@dataclass
class PostRoom:
    """Everything between the store and Slack, in as many copies as a test wants."""

    ws: Workspace
    slack: SlackDriver
    client: AsyncWebClient
    session: aiohttp.ClientSession
    raw: SharedClient
    server: SecretStr
    now: datetime = START
    clients: list[SharedClient] = field(default_factory=list)
    number: int = 0

    @property
    def store(self) -> RedisStore:
        return RedisStore(self.raw)

    def teller(self, notifier: SlackNotifier | None = None, store: RedisStore | None = None) -> Teller:
        """One worker, with a connection of its own."""
        policy = load(POLICY)
        store = store or self.another_store(RedisStore)
        directory = SlackDirectory(self.client, clock=self.seconds)

        async def nudge(request: PurchaseRequest) -> None:
            return

        desk = Desk(store, StoredLedger(self.raw), FakeProvider(Moments()), directory, lambda: policy, nudge)
        return Teller(desk, notifier or SlackNotifier(self.client, lambda: policy), lambda: self.now)

    def seconds(self) -> float:
        return self.now.timestamp()

    def another_store(self, kind: type[RedisStore]) -> Any:
        self.clients.append(connect(self.server))
        return kind(self.clients[-1])

    def gated(self, what: str) -> tuple[GatedNotifier, asyncio.Event]:
        policy = load(POLICY)
        notifier, gate = GatedNotifier(self.client, lambda: policy), asyncio.Event()
        GatedNotifier.gates, GatedNotifier.reached = {what: gate}, asyncio.Event()
        return notifier, gate

    async def ask(self, *kinds: type[Event], channel: str = PROXIES, **given: Any) -> PurchaseRequest:
        """A request of Rita's after these events."""
        self.number += 1
        start = submitted(id=RequestId(0), workspace=TEAM, requester=UserId(RITA), channel=ChannelId(channel), **given)
        request = (await self.store.submit(DraftId(f"d{self.number}"), start)).request
        return await self.walk(request, *kinds)

    async def walk(self, request: PurchaseRequest, *kinds: type[Event]) -> PurchaseRequest:
        for kind in kinds:
            following = after(request, kind)
            await self.store.move(request, following)
            request = following
        return request

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.ws.advance(seconds)

    async def work(self, teller: Teller) -> None:
        while await teller.tell(TEAM):
            pass

    async def later(self, teller: Teller, *waits: float) -> None:
        for seconds in waits:
            self.pass_time(seconds)
            await self.work(teller)

    async def fault(self, name: str, method: str, times: int | None = 1, **more: Any) -> None:
        await self.slack.fault(name, method=method, times=times, **more)

    # Looking

    async def cards(self, request: PurchaseRequest, channel: str = "proxies", who: str = "rita") -> list[SeenMessage]:
        seen = await self.slack.person(who).messages(channel)
        return [one for one in seen if f"#{request.id} ·" in one.text and one.thread_ts is None]

    async def card(self, request: PurchaseRequest, channel: str = "proxies", who: str = "rita") -> SeenMessage:
        (one,) = await self.cards(request, channel, who)
        return one

    async def dm(self, who: str) -> list[str]:
        return [one.text for one in await self.slack.person(who).dm()]

    def calls(self, method: str) -> list[dict[str, Any]]:
        return [line for line in self.ws.log if line.get("method") == method]

    async def waiting(self) -> int:
        return int(await self.raw.zcard(f"{{{TEAM}}}:outbox"))

    async def parked(self) -> dict[str, Any]:
        found = await self.raw.hgetall(f"{{{TEAM}}}:parked")
        return {text(name): json.loads(about) for name, about in found.items()}

    def forget_problems(self, *codes: str) -> None:
        """What the test itself brought about; anything else fails it at the end."""
        self.ws.problems[:] = [one for one in self.ws.problems if not any(code in str(one) for code in codes)]


def notices(messages: Sequence[str]) -> list[str]:
    """What is said in these, one by one: a message may hold several."""
    return [notice for message in messages for notice in message.split(f"\n{DIVIDER}\n")]


@asynccontextmanager
async def open_room(raw: SharedClient, server: SecretStr) -> AsyncIterator[PostRoom]:
    """Ends with an error when the workspace saw anything it would not take."""
    ws = Workspace(manifest=MANIFEST, bot_url="")
    ws.set_clock(START)
    async with running_workspace(ws) as url, SlackDriver(url) as slack, aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            token=ws.app.bot_token,
            base_url=f"{url}/api/",
            session=session,
            timeout=CALL_TIMEOUT_S,
            retry_handlers=[],
        )
        room = PostRoom(ws, slack, client, session, raw, server)
        yield room
        for one in room.clients:
            await one.aclose()
        problems = await slack.problems()
    assert problems == []

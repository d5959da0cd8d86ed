"""The company a round is played in: store, both worlds, the bot as its users run it, and the anchors beside it."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import redis.asyncio as redis_asyncio
from msgspec.structs import replace

from bench import traffic
from bench.certificate import make_certificate
from bench.processes import Program, python, running, until_open
from bench.worlds import ORDER
from bot.blocks.request_card import card
from bot.domain.catalog import Cycle, Filter, Product, Selection
from bot.domain.ids import ChannelId, DraftId, ProductCode, RequestId, UserId, WorkspaceId
from bot.domain.quote import LineItem, Quote
from bot.domain.request import Entry, Happened, PurchaseRequest, State
from bot.store.embedded import private_valkey
from bot.store.redis import RedisStore, connect
from playground.serving import HOST
from playground.stage import free_port

WORKSPACE = WorkspaceId(traffic.TEAM)
POLICY = f"roles:\n  approver:\n    groups: [S0BOSSES]\n  admin:\n    users: [{traffic.APPROVER}]\n"


@dataclass
class Company:
    """Everything that runs, and the numbers to reach it by."""

    folder: Path
    store: RedisStore
    redis: redis_asyncio.Redis
    redis_url: str
    valkey: Program
    slack_port: int
    byteful_port: int
    control_port: int
    certificate: Path | None
    session: aiohttp.ClientSession
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"

    @property
    def slack_url(self) -> str:
        return f"{self.scheme}://{HOST}:{self.slack_port}"

    def environment(self, port: int) -> dict[str, str]:
        """What bot and anchors are told alike."""
        trusted = {"SSL_CERT_FILE": str(self.certificate)} if self.certificate else {}
        return trusted | {
            "SLACK_BOT_TOKEN": "xoxb-bench",
            "SLACK_SIGNING_SECRET": traffic.SECRET,
            "SLACK_API_URL": f"{self.slack_url}/api/",
            "BYTEFUL_API_PUBLIC_KEY": "bench-public-key",
            "BYTEFUL_API_PRIVATE_KEY": "bench-private-key",
            "BYTEFUL_BASE_URL": f"http://{HOST}:{self.byteful_port}/1.0",
            "REDIS_URL": self.redis_url,
            "PORT": str(port),
            "PROXYDESK_HOST": HOST,
            "PROXYDESK_POLICY": str(self.folder / "policy.yaml"),
            "PROXYDESK_DATA": str(self.folder / "data"),
        }

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    @asynccontextmanager
    async def bot(self, part: str, *, module: Sequence[str] = ("-m", "bot"), **extra: str) -> AsyncIterator[Served]:
        """`proxydesk web` (ready), `worker` or `run`."""
        port, log = free_port(), self.log(f"bot-{part}")
        environment = self.environment(port) | extra
        async with running(*python(*module, part), environment=environment, log=log) as program:
            ready_at = await until_open(port, "/readyz", log) if part != "worker" else 0.0
            yield Served(program, port, ready_at)

    @asynccontextmanager
    async def anchor(self, name: str, **extra: str) -> AsyncIterator[Served]:
        """One of `bench/anchors/`, in Python."""
        port, log = free_port(), self.log(name)
        environment = self.environment(port) | extra
        async with running(*python("-m", f"bench.anchors.{name}"), environment=environment, log=log) as program:
            yield Served(program, port, await until_open(port, log=log))

    async def book(self) -> dict[str, Any]:
        """What the worlds noted since they were asked last."""
        return await self._control("/book")

    async def slow(self, side: str, seconds: float) -> None:
        await self._control(f"/delay/{side}/{seconds}")

    async def _control(self, path: str) -> dict[str, Any]:
        async with self.session.get(f"http://{HOST}:{self.control_port}{path}") as answer:
            found: dict[str, Any] = msgspec.json.decode(await answer.read())
            return found

    async def ask_for(self, count: int, *, has_cards: bool = False) -> list[PurchaseRequest]:
        """So many requests, waiting for their approval; what is to be said of them is left out without `has_cards`."""
        room = asyncio.Semaphore(20)

        async def one(number: int) -> PurchaseRequest:
            async with room:
                return (await self.store.submit(DraftId(f"bench-{number}"), pending())).request

        requests = list(await asyncio.gather(*(one(next(self.numbers)) for _ in range(count))))
        if not has_cards:
            await self.redis.delete(self.outbox)
        return requests

    @property
    def outbox(self) -> str:
        return f"{{{WORKSPACE}}}:outbox"

    @property
    def followed(self) -> str:
        return f"{{{WORKSPACE}}}:followed"

    async def all_said(self) -> None:
        """Until the workers have said all there is to say."""
        for _ in range(1_200):
            if not await self.redis.exists(self.outbox):
                return
            await asyncio.sleep(0.05)
        raise RuntimeError("the outbox does not become empty")

    def next_numbers(self, count: int) -> list[int]:
        return [next(self.numbers) for _ in range(count)]

    def presses(
        self, requests: Sequence[PurchaseRequest], action: str = "approve", user: str = traffic.APPROVER
    ) -> list[bytes]:
        """A press of a button on each request's card."""
        return [
            traffic.press(one.id, action, f"{one.id}:{one.revision}", self.slack_url, shown(one), user=user)
            for one in requests
        ]

    def commands(self, count: int, text: str, word: str = "/proxy") -> list[bytes]:
        return self.commands_of(self.next_numbers(count), text, word)

    def commands_of(self, numbers: Sequence[int], text: str, word: str = "/proxy") -> list[bytes]:
        return [traffic.command(number, text, self.slack_url, word=word) for number in numbers]


@dataclass(frozen=True, slots=True)
class Served:
    """A program that takes Slack's requests on a port; `ready_at` is a moment of `time.monotonic()`."""

    program: Program
    port: int
    ready_at: float

    @property
    def start_s(self) -> float:
        return self.ready_at - self.program.started_at


@asynccontextmanager
async def company(*, is_secure: bool = False) -> AsyncIterator[Company]:
    """Store and worlds, running. `is_secure`: TLS to the Slack world."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proxydesk-bench-")))
        (folder / "policy.yaml").write_text(POLICY)
        certificate = make_certificate(folder) if is_secure else None
        url = await stack.enter_async_context(private_valkey(folder / "store"))
        redis = connect(url)
        stack.push_async_callback(redis.aclose)
        pid = (await redis.info("server"))["process_id"]
        slack, byteful, control = (free_port() for _ in range(3))
        given = [str(slack), str(byteful), str(control)] + (["--certificate", str(certificate)] if certificate else [])
        log = folder / "worlds.log"
        await stack.enter_async_context(running(*python("-m", "bench.worlds", *given), log=log))
        await until_open(control, "/book", log)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Company(
            folder,
            RedisStore(redis),
            redis,
            url.get_secret_value(),
            Program(pid, 0.0),
            slack_port=slack,
            byteful_port=byteful,
            control_port=control,
            certificate=certificate,
            session=session,
        )


def pending(**given: Any) -> PurchaseRequest:
    """An ordinary request, waiting for its approval, priced as the worlds price it."""
    now = datetime.now(UTC)
    product = Product(
        code=ProductCode(str(ORDER["product_code"])),
        name="AT&T ISP Proxies [US]",
        type="isp",
        country_id="us",
        protocol="ipv4",
        cycles=(Cycle(1, "month"), Cycle(3, "month")),
        is_available=True,
        is_per_ip=True,
        stock=181,
    )
    selection = Selection(product.code, 2, Cycle(1, "month"), None, Filter(), None)
    item = LineItem(product.name, "isp", 2, 350, 700, True, Filter())
    quote = Quote((item,), 700, 0, 700, 0, 0, 700, None, now)
    usual = PurchaseRequest(
        id=RequestId(0),
        workspace=WORKSPACE,
        version=1,
        revision=1,
        state=State.PENDING,
        requester=UserId(traffic.REQUESTER),
        channel=ChannelId(traffic.CHANNEL),
        reason="Price monitoring in the EU",
        product=product,
        place=None,
        selection=selection,
        quote=quote,
        created_at=now,
        changed_at=now,
        expires_at=now + timedelta(hours=72),
        approvals=(),
        opening_quote=None,
        replaced_quote=None,
        changes=(),
        attempt=None,
        doubt=None,
        order=None,
        failure=None,
        over_budget=None,
        history=(Entry(1, Happened.SUBMITTED, now, UserId(traffic.REQUESTER)),),
        time_zone="UTC",
    )
    return replace(usual, **given)


def shown(request: PurchaseRequest) -> list[dict[str, Any]]:
    """The blocks of its card, which come along with every click on it."""
    return card(request, approvers=(UserId(traffic.APPROVER),), role="approver", needed=1).blocks

"""The composition root: everything is built once here, handed on, and closed by whoever opened it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import redis.asyncio as redis_asyncio
from pydantic import SecretStr
from saq.queue.redis import RedisQueue
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import StoreError
from bot.handlers.front import Front
from bot.handlers.listeners import listen
from bot.jobs import QUEUE, Jobs, QueueNudge
from bot.policy_file import PolicyFile
from bot.providers import PROVIDERS, Account
from bot.settings import Settings
from bot.slack import CALL_TIMEOUT_S, Chat, SlackDirectory, SlackNotifier
from bot.store.embedded import private_valkey
from bot.store.pacer import SharedPacer
from bot.store.redis import RedisStore, connect
from bot.usecases.desk import Desk
from bot.usecases.tell import Teller
from bot.web import Check, SkewWatch

DRAIN_S = 10.0
"""How long work behind an ack may go on when the process is asked to stop."""


@dataclass(frozen=True, slots=True)
class Bot:
    """The wired parts that web and worker share."""

    settings: Settings
    desk: Desk
    store: RedisStore
    client: AsyncWebClient
    chat: Chat
    policy: PolicyFile
    queue: RedisQueue
    teller: Teller

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.desk, self.teller)


@asynccontextmanager
async def open_bot(settings: Settings) -> AsyncIterator[Bot]:
    """Build everything; on leaving, close it in the opposite order."""
    async with AsyncExitStack() as stack:
        policy = PolicyFile(settings.proxydesk_policy)
        url = settings.redis_url
        if url is None:
            url = await stack.enter_async_context(private_valkey(settings.proxydesk_data / "store"))
        redis = connect(url)
        stack.push_async_callback(redis.aclose)
        queue_redis = _queue_connection(url)
        stack.push_async_callback(queue_redis.aclose)
        queue = RedisQueue(queue_redis, name=QUEUE)
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        client = AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url,
            session=session,
            timeout=CALL_TIMEOUT_S,
        )
        pacer = SharedPacer(redis, account="byteful")
        provider = await stack.enter_async_context(PROVIDERS["byteful"](_account(settings), pacer))
        store = RedisStore(redis)
        desk = Desk(
            store=store,
            provider=provider,
            directory=SlackDirectory(client),
            policy=lambda: policy.current,
            nudge=QueueNudge(queue),
        )
        notifier = SlackNotifier(client, lambda: policy.current)
        teller = Teller(desk, notifier)
        yield Bot(settings, desk, store, client, Chat(client, session), policy, queue, teller)


def make_front(bot: Bot) -> Front:
    return Front(bot.desk, bot.chat, bot.store)


def make_slack_app(bot: Bot, front: Front) -> AsyncApp:
    """Bolt with our client and our listeners. The ack leaves when a listener returns, so listeners only record."""
    token = bot.settings.slack_bot_token.get_secret_value()

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        """One workspace, one token: nothing to look up, so no call stands before the first ack."""
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    app = AsyncApp(
        client=bot.client,
        signing_secret=bot.settings.slack_signing_secret.get_secret_value(),
        authorize=authorize,
        process_before_response=True,
    )
    listen(app, front)
    return app


def make_checks(bot: Bot, skew: SkewWatch) -> dict[str, Check]:
    """What readiness depends on."""

    async def store() -> str | None:
        try:
            await bot.store.ping()
        except StoreError as error:
            return str(error)
        return None

    async def policy() -> str | None:
        _ = bot.policy.current
        return bot.policy.problem

    return {"store": store, "policy": policy, "clock": skew.problem}


def _queue_connection(url: SecretStr) -> redis_asyncio.Redis:
    """Its own pool without a read time-out: the worker waits on it for jobs."""
    return redis_asyncio.Redis.from_url(url.get_secret_value(), protocol=2, health_check_interval=30)


def _account(settings: Settings) -> Account:
    return Account(
        settings.byteful_base_url,
        settings.byteful_api_public_key,
        settings.byteful_api_private_key,
        settings.proxydesk_data,
    )

"""The composition root: what both parts share is built once here, handed on, and closed by whoever opened it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import StoreError
from bot.policy_file import PolicyFile
from bot.providers import PROVIDERS, Account
from bot.queue import QUEUE, JobQueue, QueueNudge, connect_queue
from bot.settings import Settings
from bot.slack import CALL_TIMEOUT_S, Chat, SlackDirectory
from bot.store.embedded import private_valkey
from bot.store.journal import FileJournal
from bot.store.ledger import StoredLedger
from bot.store.pacer import SharedPacer
from bot.store.redis import RedisStore, connect
from bot.usecases.desk import Desk, utcnow

STORE_FOLDER = "store"
"""Where below the data folder the private Valkey lives."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bot:
    """The wired parts that web and worker share."""

    settings: Settings
    desk: Desk
    store: RedisStore
    client: AsyncWebClient
    session: aiohttp.ClientSession
    chat: Chat
    policy: PolicyFile
    queue: JobQueue
    """Where jobs are asked for."""
    taking: JobQueue
    """The same queue for a worker, on connections that wait for jobs."""


@asynccontextmanager
async def open_bot(settings: Settings) -> AsyncIterator[Bot]:
    """Build everything; on leaving, close it in the opposite order."""
    async with AsyncExitStack() as stack:
        policy = PolicyFile(settings.proxydesk_policy)
        url = settings.redis_url
        if url is None:
            url = await stack.enter_async_context(private_valkey(settings.proxydesk_data / STORE_FOLDER))
        redis = connect(url)
        stack.push_async_callback(redis.aclose)
        queue_redis = connect_queue(url)
        stack.push_async_callback(queue_redis.aclose)
        queue, taking = JobQueue(redis, QUEUE), JobQueue(queue_redis, QUEUE)
        nudge = QueueNudge(queue)
        stack.push_async_callback(nudge.drain)
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        client = AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url,
            session=session,
            timeout=CALL_TIMEOUT_S,
        )
        pacer = SharedPacer(redis, account="byteful")
        provider = await stack.enter_async_context(PROVIDERS["byteful"](_account(settings), pacer, utcnow))
        store = RedisStore(redis)
        await _shout_about(store)
        desk = Desk(
            store=store,
            ledger=StoredLedger(redis),
            provider=provider,
            directory=SlackDirectory(client),
            policy=lambda: policy.current,
            nudge=nudge,
            journal=FileJournal(settings.proxydesk_data / "journal"),
        )
        chat = Chat(client, session)
        yield Bot(settings, desk, store, client, session, chat, policy, queue, taking)


async def _shout_about(store: RedisStore) -> None:
    """A server that may forget is said so at once; one that is away now is found out by what needs it."""
    try:
        danger = await store.danger()
    except StoreError as error:
        _log.error("store_away_at_start", error=str(error))
        return
    if danger:
        _log.error("store_not_safe", danger=danger)


def _account(settings: Settings) -> Account:
    return Account(
        settings.byteful_base_url,
        settings.byteful_api_public_key,
        settings.byteful_api_private_key,
        settings.proxydesk_data,
    )

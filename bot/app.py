"""The composition root: everything is built once here, handed on, and closed by whoever opened it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import redis.asyncio as redis_asyncio
import structlog
from pydantic import SecretStr
from saq.queue.redis import RedisQueue
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.clerk import Clerk
from bot.domain.errors import RecordError, StoreError, StoreUnavailableError
from bot.gallery import Gallery
from bot.handlers.front import Front
from bot.handlers.listeners import listen
from bot.jobs import QUEUE, JobQueue, Jobs, QueueErrands, QueueNudge
from bot.metrics import GIVEN_UP, OLDEST, PAUSED, UNPRICED, WAITING
from bot.pictures import Painter
from bot.policy_file import PolicyFile
from bot.providers import PROVIDERS, Account
from bot.settings import Settings
from bot.slack import CALL_TIMEOUT_S, Chat, SlackDirectory
from bot.slack_files import SlackFiles
from bot.slack_http import SkewWatch
from bot.slack_notifier import SlackNotifier
from bot.socket_mode import Socket
from bot.store.embedded import private_valkey
from bot.store.journal import FileJournal
from bot.store.ledger import StoredLedger
from bot.store.pacer import BACKGROUND_REQUESTS, SharedPacer
from bot.store.redis import RedisStore, connect
from bot.usecases import pausing
from bot.usecases.desk import Desk, utcnow
from bot.usecases.tell import Teller
from bot.web import Check

SLACK_REMEDY = "install the app again or set the token anew. Messages are kept and leave by themselves once it is taken"
DRAIN_S = 10.0
STORE_FOLDER = "store"
"""Where below the data folder the private Valkey lives."""
"""How long work behind an ack may go on when the process is asked to stop."""

_log = structlog.get_logger()


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
    clerk: Clerk

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.desk, self.teller, self.clerk.run)


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
        queue_redis = _queue_connection(url)
        stack.push_async_callback(queue_redis.aclose)
        queue = JobQueue(queue_redis, name=QUEUE)
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
        slow = SharedPacer(redis, account="byteful", reads=BACKGROUND_REQUESTS)
        provider = await stack.enter_async_context(PROVIDERS["byteful"](_account(settings), pacer, slow, utcnow))
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
        # A client of its own: the other one repeats a call whose connection was lost, and a message posted twice stays.
        posting = AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url,
            session=session,
            timeout=CALL_TIMEOUT_S,
            retry_handlers=[],
        )
        files = SlackFiles(client, session)
        gallery = Gallery(Painter(), files)
        teller = Teller(desk, SlackNotifier(posting, lambda: policy.current, gallery))
        chat = Chat(client, session)
        clerk = Clerk(desk, chat, files, gallery)
        yield Bot(settings, desk, store, client, chat, policy, queue, teller, clerk)


def make_front(bot: Bot) -> Front:
    return Front(bot.desk, bot.chat, bot.store, QueueErrands(bot.queue))


def make_slack_app(bot: Bot, front: Front) -> AsyncApp:
    """Bolt with our client and our listeners. The ack leaves when a listener returns, so listeners only record."""
    token = bot.settings.slack_bot_token.get_secret_value()

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        """One workspace, one token: nothing to look up, so no call stands before the first ack."""
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    app = AsyncApp(
        client=AsyncWebClient(base_url=bot.settings.slack_api_url),  # without a token: `authorize` has the say
        signing_secret=bot.settings.slack_signing_secret.get_secret_value(),
        authorize=authorize,
        process_before_response=True,
        # Nothing we listen to comes from ourselves, from an assistant or from a workflow step.
        ignoring_self_events_enabled=False,
        ignoring_self_assistant_message_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    listen(app, front)
    return app


def make_socket(bot: Bot, app: AsyncApp) -> Socket | None:
    """The way in without an address of our own; None over HTTP."""
    token = bot.settings.slack_app_token
    if token is None:
        return None
    client = AsyncWebClient(base_url=bot.settings.slack_api_url, session=bot.client.session, timeout=CALL_TIMEOUT_S)
    return Socket(app, token.get_secret_value(), client)


def make_checks(bot: Bot, skew: SkewWatch, socket: Socket | None = None) -> dict[str, Check]:
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

    async def store_settings() -> str | None:
        try:
            return await bot.store.danger()
        except StoreError:
            return None  # the other check says so

    async def slack() -> str | None:
        try:
            silences = [await bot.store.silence(workspace) for workspace in await bot.store.workspaces()]
        except StoreError:
            return None
        codes = sorted({silence.code for silence in silences if silence})
        return f"Slack refuses our token ({', '.join(codes)}); {SLACK_REMEDY}" if codes else None

    checks: dict[str, Check] = {
        "store": store,
        "store_settings": store_settings,
        "policy": policy,
        "clock": skew.problem,
        "slack": slack,
    }
    return checks if socket is None else {**checks, "socket": socket.problem}


def make_warnings(bot: Bot) -> dict[str, Check]:
    """What an operator has to know of, read from the store so that every process says the same."""

    async def purchases() -> str | None:
        try:
            pause = await pausing.present_pause(bot.desk)
        except StoreUnavailableError:
            return None  # readiness says so
        except RecordError as error:
            return str(error)
        PAUSED.set(pause is not None)
        return f"paused since {pause.since:%Y-%m-%d %H:%M} UTC: {pause.reason}" if pause else None

    async def prices() -> str | None:
        try:
            waiting = [await bot.store.count_waiting(workspace) for workspace in await bot.store.workspaces()]
        except StoreUnavailableError:
            return None
        UNPRICED.set(sum(waiting))
        return f"{sum(waiting)} requests wait for a price" if any(waiting) else None

    async def messages() -> str | None:
        try:
            found = [await bot.store.backlog(workspace, utcnow()) for workspace in await bot.store.workspaces()]
        except StoreError:
            return None
        parked = sum(one.parked for one in found)
        WAITING.set(sum(one.waiting for one in found))
        OLDEST.set(max((one.oldest.total_seconds() for one in found), default=0.0))
        GIVEN_UP.set(parked)
        return f"{parked} messages were given up; the log says why (message_parked)" if parked else None

    async def records() -> str | None:
        try:
            found = [await bot.store.unreadable(workspace) for workspace in await bot.store.workspaces()]
        except StoreError:
            return None
        numbers = ", ".join(f"#{number}" for one in found for number in one)
        return f"these requests cannot be read and are left alone: {numbers}" if numbers else None

    return {"purchases": purchases, "prices": prices, "messages": messages, "records": records}


async def _shout_about(store: RedisStore) -> None:
    """A server that may forget is said so at once; one that is away now is found out by what needs it."""
    try:
        danger = await store.danger()
    except StoreError as error:
        _log.error("store_away_at_start", error=str(error))
        return
    if danger:
        _log.error("store_not_safe", danger=danger)


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

"""The whole show in one place: both worlds, and the real bot pointed at them by nothing but addresses.

`stage()` runs the bot inside this process, for tests. `troupe()` runs it as the program its users start, for the demo
and the tour.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import aiohttp
import redis.asyncio as redis_asyncio
from redis.exceptions import RedisError

from bot.app import STORE_FOLDER, Bot, open_bot
from bot.serve_web import serve_web
from bot.serve_worker import serve_worker
from bot.settings import Settings
from bot.store.embedded import private_valkey
from playground.chaos import Backstage
from playground.provider import ProviderWorld
from playground.provider_server import running_provider
from playground.serving import HOST
from playground.slack_driver import SlackDriver
from playground.slack_server import running_workspace
from playground.workspace import Workspace

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / "manifest.yml"
POLICY = Path(__file__).parent / "policy.yaml"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 15.0


@dataclass(frozen=True)
class Worlds:
    """Both worlds, running, and what the bot has to be told to live in them."""

    workspace: Workspace
    provider: ProviderWorld
    slack: SlackDriver
    environment: dict[str, str]
    page_url: str


@dataclass(frozen=True)
class Stage:
    """The worlds with the bot in this process."""

    worlds: Worlds
    bot: Bot
    url: str

    @property
    def slack(self) -> SlackDriver:
        return self.worlds.slack

    @property
    def provider(self) -> ProviderWorld:
        return self.worlds.provider


@asynccontextmanager
async def worlds(
    data: Path,
    *,
    workspace: Workspace | None = None,
    provider: ProviderWorld | None = None,
    policy: Path = POLICY,
    redis_url: str = "",
    page_port: int = 0,
    restart_redis: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[Worlds]:
    """Start both worlds. The bot's data goes to `data`, or to `redis_url` when that is given.

    `restart_redis` is what the page's switch of that name does; without it the switch is shown as unavailable.
    """
    workspace = workspace or Workspace(manifest=MANIFEST, bot_url="")
    provider = provider or ProviderWorld()
    port = free_port()
    workspace.bot_url = f"http://{HOST}:{port}/slack/events"
    async with (
        running_workspace(workspace, page_port, behind=Backstage(provider, restart_redis)) as slack_url,
        running_provider(provider) as provider_url,
        SlackDriver(slack_url) as slack,
    ):
        environment = {
            "SLACK_BOT_TOKEN": workspace.app.bot_token,
            "SLACK_SIGNING_SECRET": workspace.app.signing_secret,
            "SLACK_APP_TOKEN": workspace.app.app_token if workspace.app.socket_mode else "",
            "SLACK_API_URL": f"{slack_url}/api/",
            "BYTEFUL_API_PUBLIC_KEY": provider.public_key,
            "BYTEFUL_API_PRIVATE_KEY": provider.private_key,
            "BYTEFUL_BASE_URL": provider_url,
            "REDIS_URL": redis_url,
            "PORT": str(port),
            "PROXYDESK_HOST": HOST,
            "PROXYDESK_POLICY": str(policy),
            "PROXYDESK_DATA": str(data),
        }
        yield Worlds(workspace, provider, slack, environment, slack_url)


@asynccontextmanager
async def stage(
    data: Path,
    *,
    workspace: Workspace | None = None,
    provider: ProviderWorld | None = None,
    policy: Path = POLICY,
    redis_url: str = "",
    restart_redis: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[Stage]:
    """Both worlds and the bot, web and worker, in this event loop."""
    around_it = worlds(
        data,
        workspace=workspace,
        provider=provider,
        policy=policy,
        redis_url=redis_url,
        restart_redis=restart_redis,
    )
    async with (
        around_it as around,
        open_bot(Settings.from_env(around.environment)) as bot,
    ):
        stop = asyncio.Event()
        parts = [asyncio.create_task(part(bot, stop)) for part in (serve_web, serve_worker)]
        url = f"http://{HOST}:{around.environment['PORT']}"
        try:
            await until_ready(url)
            yield Stage(around, bot, url)
        finally:
            stop.set()
            await asyncio.gather(*parts)


@asynccontextmanager
async def program(
    environment: dict[str, str], *arguments: str, module: str = "bot", log: IO[bytes] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`proxydesk …` (or another module) as its own process, ended with the block. Its output goes to `log`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, env={**_plain_environment(), **environment}, stdout=log
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def restart_valkey(data: Path) -> None:
    """Stop the private Valkey of the bot whose data is here and start it again, while the bot goes on."""
    folder = data / STORE_FOLDER
    async with private_valkey(folder) as url, redis_asyncio.from_url(url.get_secret_value()) as client:
        with contextlib.suppress(RedisError):
            await client.shutdown(nosave=True)
    async with private_valkey(folder):
        pass


async def until_ready(
    url: str, process: asyncio.subprocess.Process | None = None, within: float = READY_WITHIN_S
) -> None:
    """Until the bot says it is ready. Raises RuntimeError when it does not become so within these seconds."""
    deadline = asyncio.get_running_loop().time() + within
    async with aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with session.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return
            if process is not None and process.returncode is not None:
                raise RuntimeError(f"the bot ended with exit code {process.returncode} before it was ready")
            if asyncio.get_running_loop().time() > deadline:
                raise RuntimeError(f"the bot was not ready within {within:.0f} seconds")
            await asyncio.sleep(0.02)


def free_port() -> int:
    """Below the ports that outgoing connections are given, which would otherwise take it before the bot does."""
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port


def _plain_environment() -> dict[str, str]:
    """What a process needs to start, and none of our own variables."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name in kept}

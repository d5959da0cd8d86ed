"""`proxydesk web`, `proxydesk worker`, `proxydesk run`: what the Procfile starts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import click

from bot import log
from bot.app import Bot, open_bot
from bot.policy_file import PolicyFileError
from bot.serve import serve_web, serve_worker
from bot.settings import Settings, SettingsError
from bot.store.embedded import EmbeddedStoreError

SECRETS = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "BYTEFUL_API_PRIVATE_KEY", "REDIS_URL")

Part = Callable[[Bot, asyncio.Event], Awaitable[None]]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Proxydesk: buy proxies from Slack, with a quote, an approval and exactly one checkout."""


@main.command()
def web() -> None:
    """Serve Slack's events."""
    _start(serve_web)


@main.command()
def worker() -> None:
    """Buy, tell, and sweep."""
    _start(serve_worker)


@main.command()
def run() -> None:
    """Web and worker in one process, for a small team."""
    _start(serve_web, serve_worker)


def _start(*parts: Part) -> None:
    try:
        settings = Settings.from_env(os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    log.configure(settings.proxydesk_log_level)
    for secret in settings.secrets:
        log.hide(secret)
    for name in SECRETS:
        os.environ.pop(name, None)  # handed on by us; no library has to find them for itself
    try:
        asyncio.run(_serve(settings, parts))
    except (PolicyFileError, EmbeddedStoreError) as error:
        sys.exit(str(error))


async def _serve(settings: Settings, parts: tuple[Part, ...]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_bot(settings) as bot, asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(_until_stopped(part, bot, stop))


async def _until_stopped(part: Part, bot: Bot, stop: asyncio.Event) -> None:
    """When one part ends, for whatever reason, all do: a supervisor starts the process again."""
    try:
        await part(bot, stop)
    finally:
        stop.set()


if __name__ == "__main__":
    main()

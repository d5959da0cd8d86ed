"""One process of the bot: its settings, its log, and its parts, until one ends or a signal comes."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping

from bot import log
from bot.app import Bot, open_bot
from bot.policy_file import PolicyFileError
from bot.settings import Settings, SettingsError
from bot.store.embedded import EmbeddedStoreError

SECRETS = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "BYTEFUL_API_PRIVATE_KEY", "REDIS_URL")

Part = Callable[[Bot, asyncio.Event], Awaitable[None]]


def start(environment: MutableMapping[str, str], *parts: Part) -> None:
    """Run the parts until a signal comes. The environment loses its secrets."""
    settings = settings_in(environment)
    log.configure(settings.proxydesk_log_level)
    for secret in settings.secrets:
        log.hide(secret)
    for name in SECRETS:
        environment.pop(name, None)  # handed on by us; no library has to find them for itself
    try:
        asyncio.run(_serve(settings, parts))
    except (PolicyFileError, EmbeddedStoreError) as error:
        sys.exit(str(error))


def settings_in(environment: Mapping[str, str]) -> Settings:
    """Ends the process with words on what is wrong with them."""
    try:
        return Settings.from_env(environment)
    except SettingsError as error:
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

"""The worker part: buys, tells and sweeps, until it is told to stop."""

from __future__ import annotations

import asyncio

from slack_sdk.web.async_client import AsyncWebClient

from bot.app import Bot
from bot.clerk import Clerk
from bot.gallery import Gallery
from bot.jobs import Jobs, keep_catching_up, make_worker
from bot.pictures import Painter
from bot.slack import CALL_TIMEOUT_S
from bot.slack_files import SlackFiles
from bot.slack_notifier import SlackNotifier
from bot.tasks import ended, first_of
from bot.usecases.tell import Teller


async def serve_worker(bot: Bot, stop: asyncio.Event) -> None:
    jobs = make_jobs(bot)
    worker = make_worker(bot.taking, jobs)
    worker.SIGNALS = []
    working = asyncio.create_task(worker.start())
    telling = asyncio.create_task(keep_catching_up(jobs))
    try:
        await first_of(stop, working, telling)
    finally:
        worker.event.set()
        await ended(telling)
    await working


def make_jobs(bot: Bot) -> Jobs:
    """The work itself, and what draws and posts for it."""
    files = SlackFiles(bot.client, bot.session)
    gallery = Gallery(Painter(), files)
    # A client of its own: the other one repeats a call whose connection was lost, and a message posted twice stays.
    posting = AsyncWebClient(
        token=bot.settings.slack_bot_token.get_secret_value(),
        base_url=bot.settings.slack_api_url,
        session=bot.session,
        timeout=CALL_TIMEOUT_S,
        retry_handlers=[],
    )
    teller = Teller(bot.desk, SlackNotifier(posting, lambda: bot.policy.current))
    return Jobs(bot.desk, teller, Clerk(bot.desk, bot.chat, files, gallery).run)

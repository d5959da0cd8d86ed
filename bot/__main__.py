"""`proxydesk web`, `worker` and `run`, which the Procfile starts, and what an operator asks for from a shell.

A command imports its part when it runs: no process carries, or waits for, what only another one needs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import click

from bot import log
from bot.app import Bot, open_bot
from bot.domain.errors import InputError, StoreError
from bot.domain.ledger import Kind
from bot.domain.money import parse_dollars
from bot.policy_file import PolicyFileError
from bot.settings import Settings, SettingsError
from bot.store.embedded import EmbeddedStoreError

SECRETS = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "BYTEFUL_API_PRIVATE_KEY", "REDIS_URL")

Part = Callable[[Bot, asyncio.Event], Awaitable[None]]


class Moment(click.ParamType[datetime]):
    """A day or a moment on the command line; without a zone it is UTC."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day or moment. Write 2026-07-01 or 2026-07-01T09:30Z.", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Proxydesk: buy proxies from Slack, with a quote, an approval and exactly one checkout."""


@main.command()
def web() -> None:
    """Serve Slack's events."""
    from bot.serve_web import serve_web  # noqa: PLC0415 - this part alone

    _start(serve_web)


@main.command()
def worker() -> None:
    """Buy, tell, and sweep."""
    from bot.serve_worker import serve_worker  # noqa: PLC0415 - this part alone

    _start(serve_worker)


@main.command()
def run() -> None:
    """Web and worker in one process, for a small team."""
    from bot.serve_web import serve_web  # noqa: PLC0415 - this part alone
    from bot.serve_worker import serve_worker  # noqa: PLC0415 - this part alone

    _start(serve_web, serve_worker)


@main.group()
def audit() -> None:
    """The record of every step, refusal and denied click."""


@audit.command()
@click.option("--since", type=Moment(), help="From this day or moment on, such as 2026-07-01 or 2026-07-01T09:30Z.")
@click.option("--until", type=Moment(), help="Before this day or moment. Without a zone both are UTC.")
@click.option("--workspace", help="One workspace's id. Not given: all of them.")
def export(since: datetime | None, until: datetime | None, workspace: str | None) -> None:
    """Write the record to standard output, one JSON object a line (docs/audit.md)."""
    from bot.operate import export_audit  # noqa: PLC0415 - this part alone

    settings = _settings()
    try:
        written = asyncio.run(export_audit(settings, sys.stdout.buffer.write, workspace, since, until))
        sys.stdout.flush()
    except (StoreError, EmbeddedStoreError) as error:
        sys.exit(f"The audit trail cannot be read: {error}")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has seen enough
        return
    click.echo(f"{written:,} lines", err=True)


@main.group()
def ledger() -> None:
    """What was spent, where the provider's API does not tell."""


@ledger.command()
@click.argument("service")
@click.argument("dollars")
@click.option("--reference", required=True, help="Byteful's own number of it: the same one is booked once.")
@click.option("--credit", is_flag=True, help="It came back as account credit, not as money.")
@click.option("--on", type=Moment(), help="The day it counts on, such as 2026-07-01. Not given: today (UTC).")
@click.option("--workspace", help="The workspace's id, where the bot knows several.")
def refund(
    *, service: str, dollars: str, reference: str, credit: bool, on: datetime | None, workspace: str | None
) -> None:
    """Write down what Byteful gave back for a service, so that summaries show it apart."""
    from bot.operate import book_refund  # noqa: PLC0415 - this part alone

    amount, settings = parse_dollars(dollars), _settings()
    if amount is None or amount <= 0:
        sys.exit(f"{dollars!r} is no amount. Write dollars, such as 12.50.")
    kind, day = Kind.CREDIT_NOTE if credit else Kind.REFUND, (on or datetime.now(UTC)).date()
    try:
        is_new = asyncio.run(
            book_refund(settings, service, amount, kind=kind, reference=reference, on=day, workspace=workspace)
        )
    except InputError as error:
        sys.exit(" ".join(error.problems.values()))
    except (StoreError, EmbeddedStoreError) as error:
        sys.exit(f"Nothing was booked: {error}")
    click.echo("Booked." if is_new else "This reference was booked before. Nothing changed.")


def _settings() -> Settings:
    try:
        return Settings.from_env(os.environ)
    except SettingsError as error:
        sys.exit(str(error))


def _start(*parts: Part) -> None:
    settings = _settings()
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

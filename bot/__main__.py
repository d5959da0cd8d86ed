"""`proxydesk web`, `worker` and `run`, which the Procfile starts, and what an operator asks for from a shell.

A command imports its part when it runs: no process carries, or waits for, what only another one needs.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from bot.domain.errors import InputError, StoreError
from bot.domain.ids import RequestId
from bot.domain.ledger import Kind
from bot.domain.money import parse_dollars


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
    # Else pydantic looks through every installed package for extensions of itself, and shows them our settings.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


@main.command()
def web() -> None:
    """Serve Slack's events."""
    with _loading():
        from bot.process import start  # noqa: PLC0415
        from bot.serve_web import serve_web  # noqa: PLC0415

    start(os.environ, serve_web)


@main.command()
def worker() -> None:
    """Buy, tell, and sweep."""
    with _loading():
        from bot.process import start  # noqa: PLC0415
        from bot.serve_worker import serve_worker  # noqa: PLC0415

    start(os.environ, serve_worker)


@main.command()
def run() -> None:
    """Web and worker in one process, for a small team."""
    with _loading():
        from bot.process import start  # noqa: PLC0415
        from bot.serve_web import serve_web  # noqa: PLC0415
        from bot.serve_worker import serve_worker  # noqa: PLC0415

    start(os.environ, serve_web, serve_worker)


@main.group()
def audit() -> None:
    """The record of every step, refusal and denied click."""


@audit.command()
@click.option("--since", type=Moment(), help="From this day or moment on, such as 2026-07-01 or 2026-07-01T09:30Z.")
@click.option("--until", type=Moment(), help="Before this day or moment. Without a zone both are UTC.")
@click.option("--workspace", help="One workspace's id. Not given: all of them.")
def export(since: datetime | None, until: datetime | None, workspace: str | None) -> None:
    """Write the record to standard output, one JSON object a line (docs/audit.md)."""
    from bot.operate import export_audit  # noqa: PLC0415
    from bot.process import settings_in  # noqa: PLC0415
    from bot.store.embedded import EmbeddedStoreError  # noqa: PLC0415

    settings = settings_in(os.environ)
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
    from bot.operate import book_refund  # noqa: PLC0415
    from bot.process import settings_in  # noqa: PLC0415
    from bot.store.embedded import EmbeddedStoreError  # noqa: PLC0415

    amount, settings = parse_dollars(dollars), settings_in(os.environ)
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


@ledger.command()
@click.argument("request")
@click.option("--workspace", help="The workspace's id, where the bot knows several.")
def void(request: str, workspace: str | None) -> None:
    """Write down that a top-up or an order was never paid, so that it is not open for ever."""
    from bot.operate import book_void  # noqa: PLC0415
    from bot.process import settings_in  # noqa: PLC0415
    from bot.store.embedded import EmbeddedStoreError  # noqa: PLC0415

    number, settings = request.removeprefix("#"), settings_in(os.environ)
    if not (number.isdecimal() and len(number) <= 12):
        sys.exit(f"{request!r} is no request. Write its number, such as 1042.")
    try:
        is_new = asyncio.run(book_void(settings, RequestId(int(number)), workspace=workspace))
    except InputError as error:
        sys.exit(" ".join(error.problems.values()))
    except (StoreError, EmbeddedStoreError) as error:
        sys.exit(f"Nothing was booked: {error}")
    click.echo("Booked: it was never paid." if is_new else "That was written down before. Nothing changed.")


@contextmanager
def _loading() -> Iterator[None]:
    """Imports make much and leave little behind: the collector neither looks meanwhile nor, later, at what stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


if __name__ == "__main__":
    main()

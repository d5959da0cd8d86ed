"""`make bench`: every figure as a ratio against its anchor in the same run, printed as a table."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import click
import msgspec

from bench import charts, clicks, figures, forms, history, idle, jobs, menus, mixed, purchases
from bench.figures import Figure
from bench.machine import machine

COMMAND = "make bench"
ROWS: dict[str, Callable[[int], Awaitable[list[Figure]]]] = {
    "cpu": clicks.cpu,
    "listeners": clicks.listeners,
    "ack": clicks.acks,
    "form": forms.rows,
    "purchase": purchases.rows,
    "processes": clicks.two_processes,
    "menu": menus.answers,
    "index": menus.index,
    "web": idle.web,
    "demo": idle.demo,
    "idle": idle.cpu,
    "charts": charts.rows,
    "connections": clicks.connections,
    "redelivery": jobs.redelivery,
    "delayed": jobs.delayed,
    "mixed": mixed.rows,
    "history": history.rows,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("rows", nargs=-1, type=click.Choice(list(ROWS)))
@click.option("--rounds", default=3, show_default=True, help="Rounds of each row that is measured in rounds.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write every number to this file as well.")
@click.option(
    "--write", "page", type=click.Path(path_type=Path), help="Put the table between the markers of this page."
)
@click.option("--node", is_flag=True, help="First install Bolt for JavaScript below var/, for the rows against it.")
def main(rows: tuple[str, ...], rounds: int, json_file: Path | None, page: Path | None, node: bool) -> None:
    """Measure all rows, or those that are named."""
    if sys.platform != "linux":
        sys.exit("The bench reads /proc and the CPU clocks of processes, which only Linux has.")
    if node:
        clicks.install_javascript()
    where, measured = machine(), list[Figure]()
    for name in rows or ROWS:
        measured += _measured(name, rounds)
    table = figures.table(measured)
    print(f"\n{where}\n\n{table}")
    if json_file is not None:
        said = {"machine": where, "figures": [one.as_json() for one in measured]}
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(said), indent=2))
    if page is not None:
        content = f"`{COMMAND}` on: {where}\n\n{table}"
        page.write_text(figures.replaced(page.read_text(), "bench", content))


def _measured(name: str, rounds: int) -> list[Figure]:
    """A row that cannot be measured says so in the table and leaves the others alone."""
    started = time.monotonic()
    print(f"{name} …", end="", flush=True, file=sys.stderr)
    try:
        found = asyncio.run(_finished(ROWS[name](rounds)))
    except Exception as error:
        found = [Figure(name, "", note=f"not measured: {error or type(error).__name__}")]
    print(f" {time.monotonic() - started:.0f} s", file=sys.stderr)
    return found


async def _finished(row: Awaitable[list[Figure]]) -> list[Figure]:
    return await row


if __name__ == "__main__":
    main()

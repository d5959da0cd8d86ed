"""`make bench`: every figure as a ratio against its anchor in the same run, printed as a table."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import msgspec

from bench import charts, clicks, cpu, figures, forms, groups, history, idle, javascript, jobs, menus, mixed, purchases
from bench.groups import Group
from bench.machine import machine

ROWS: dict[str, Group] = {
    "cpu": cpu.events,
    "listeners": cpu.listeners,
    "ack": clicks.acks,
    "form": forms.rows,
    "purchase": purchases.rows,
    "processes": cpu.two_processes,
    "menu": Group(menus.answers),
    "index": Group(menus.index),
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
    "--write",
    "page",
    type=click.Path(path_type=Path),
    help="Put the table of all rows between the markers of this page.",
)
@click.option("--node", is_flag=True, help="First install Bolt for JavaScript below var/, for the rows against it.")
def main(rows: tuple[str, ...], rounds: int, json_file: Path | None, page: Path | None, node: bool) -> None:
    """Measure all rows, or those that are named."""
    if sys.platform != "linux":
        sys.exit("The bench reads /proc and the CPU clocks of processes, which only Linux has.")
    if page is not None and rows:
        raise click.UsageError("--write replaces the whole table, so it takes no rows by name.")
    if node:
        javascript.install()
    where, command = machine(), _command(rows, rounds, node)
    runs = asyncio.run(groups.measured({name: ROWS[name] for name in rows or ROWS}, rounds))
    measured = [figure for run in runs for figure in run.figures]
    content = f"{_heading(command)} on: {where}\n\n{figures.table(measured)}"
    print(f"\n{content}")
    if json_file is not None:
        said = {
            "command": command,
            "rounds": rounds,
            "machine": where,
            "seconds": {run.name: round(run.seconds, 1) for run in runs},
            "figures": [one.as_json() for one in measured],
        }
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(said), indent=2))
    if failed := [run.name for run in runs if run.has_failed]:
        sys.exit(f"Not measured: {', '.join(failed)}." + (" The page is left as it was." if page else ""))
    if page is not None:
        page.write_text(figures.replaced(page.read_text(), "bench", content))


def _command(rows: tuple[str, ...], rounds: int, node: bool) -> str:
    """What was measured, as it is asked for again: without where the numbers were written to."""
    return " ".join(["python -m bench", *rows, f"--rounds {rounds}", *(["--node"] if node else [])])


def _heading(command: str) -> str:
    without = "" if javascript.is_there() else ", without Bolt for JavaScript (`--node` installs it first),"
    return f"`{command}`{without}"


if __name__ == "__main__":
    main()

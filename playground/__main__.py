"""`python -m playground demo|tour|slack|byteful`: the simulated worlds, alone or with the bot in them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from playground import demo, provider_server, slack_server, tour
from playground.stage import MANIFEST


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A simulated Slack workspace and a Byteful sandbox, on this machine only."""


@main.command("demo")
@click.option("--port", default=8123, show_default=True, help="Where the workspace's page is served; 0 takes any.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Where the bot's data lives; else in a folder for this time."
)
def run_demo(port: int, data: Path | None) -> None:
    """The whole bot against both worlds. No account, no network."""
    asyncio.run(demo.run(port, data))


@main.command("tour")
def run_tour() -> None:
    """The scripted journey, as a transcript; ends with 1 when a step is not what it should be."""
    sys.exit(asyncio.run(tour.run()))


@main.command("slack")
@click.option("--port", default=0, help="0 takes any free port.")
@click.option("--bot", required=True, help="Where the bot takes events, such as http://127.0.0.1:3000/slack/events.")
def run_slack(port: int, bot: str) -> None:
    """The Slack workspace alone; prints its address and tokens as one line of JSON."""
    asyncio.run(slack_server.serve(port, bot, manifest=MANIFEST))


@main.command("byteful")
@click.option("--port", default=0, help="0 takes any free port.")
def run_byteful(port: int) -> None:
    """The Byteful account alone; prints its base URL and keys as one line of JSON."""
    asyncio.run(provider_server.serve(port))


if __name__ == "__main__":
    main()

"""`make chaos`: the bot killed at every point of a purchase, against every way a provider can misbehave.

Each cell is a world of its own with `web` and `worker` as separate processes on one store. The worker dies by kill -9,
another one starts, and when everything has come to rest it is asked: how often was it bought, does the request say so,
is there exactly one card that says the same, and was nothing said twice.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click
import redis.asyncio as redis_asyncio

from bot.store.embedded import private_valkey
from playground import pages
from playground.crash_cells import IN_FLIGHT, TRIALS, Cell, Trial, chosen, judge, table
from playground.crashing import POINTS
from playground.provider import ProviderWorld
from playground.provider_faults import Fault
from playground.serving import HOST
from playground.slack_driver import NeverHappenedError, SlackDriver
from playground.slack_seen import SeenMessage
from playground.stage import Worlds, program, until_ready, worlds
from playground.workspace import Workspace
from playground.workspace_cast import TEAM_ID
from playground.workspace_text import DIVIDER

POLICY = Path(__file__).parent / "policy.chaos.yaml"
REST_WITHIN_S = 150.0
"""Of which a message whose sender died takes half a minute, and a machine with much else to do the rest."""
AT_ONCE = 6
"""Cells that run side by side; each is three processes that mostly wait."""
MINUTES = 19.0
"""What has not begun by then is not tried, and the table says so."""
DATABASES = 16
CHANNEL = "proxies"
ANSWER_S = 0.5
"""How long the provider takes, so that there is a while in which to die."""


async def run_cells(
    trials: Sequence[Trial],
    told: Callable[[Cell], None],
    *,
    at_once: int = AT_ONCE,
    minutes: float = MINUTES,
    log: IO[bytes] | None = None,
) -> list[Cell]:
    """Each cell in a database of its own on one server. The bot's own lines go to `log`."""
    turn, ends = asyncio.Semaphore(at_once), time.monotonic() + minutes * 60

    async def one(number: int, trial: Trial, url: str, folder: Path) -> Cell:
        async with turn:
            if time.monotonic() > ends:
                found = Cell(trial, 0, 0, "?", 0, 0, f"NOT TRIED within {minutes:g} minutes")
            else:
                found = await _run_cell(trial, f"{url}?db={number % DATABASES}", folder / f"cell-{number}", log)
            told(found)
            return found

    with tempfile.TemporaryDirectory(prefix="proxydesk-chaos-") as name:
        folder, found = Path(name), list[Cell]()
        for start in range(0, len(trials), DATABASES):
            async with private_valkey(folder / f"store-{start}") as url:
                batch = enumerate(trials[start : start + DATABASES], start)
                found += await asyncio.gather(*(one(n, trial, url.get_secret_value(), folder) for n, trial in batch))
        return found


async def _run_cell(trial: Trial, redis_url: str, data: Path, log: IO[bytes] | None) -> Cell:
    provider = ProviderWorld(history=False)
    provider.settings.rate_limit = 1_000
    workspace = Workspace(bot_url="", rate_limits=False)
    async with _bot(data, workspace, provider, redis_url, log) as around:
        held = provider.faults.set("slow", endpoint="checkout/create", times=1, seconds=ANSWER_S)
        behaviour = trial.behaviour
        if behaviour.fault is not None:
            provider.faults.set(behaviour.fault, endpoint="checkout/create", times=1, **behaviour.parameters)
        workers = Workers(around.environment, held, trial.point, log)
        working = asyncio.create_task(workers.run())
        try:
            await _ask_and_approve(around.slack)
            state, problem = await _rest(around.slack, redis_url), ""
        except NeverHappenedError as error:
            state, problem = "?", str(error).splitlines()[0]
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
        cards, notices = await _cards(around.slack), await _notices(around.slack)
    bought = provider.state()["creates_effective"]  # settles what is due first
    problem = problem or judge(trial, workers.deaths, bought, cards, notices)
    return Cell(trial, workers.deaths, bought, state, len(cards), len(notices), problem)


@asynccontextmanager
async def _bot(
    data: Path, workspace: Workspace, provider: ProviderWorld, redis_url: str, log: IO[bytes] | None
) -> AsyncIterator[Worlds]:
    """Both worlds and a web process, ready; the workers are somebody else's."""
    data.mkdir()
    async with worlds(data, workspace=workspace, provider=provider, policy=POLICY, redis_url=redis_url) as around:
        around.environment["PROXYDESK_LOG_LEVEL"] = "debug"  # the points of the outbox are lines of this level
        async with program(around.environment, "web", log=log) as web:
            await until_ready(f"http://{HOST}:{around.environment['PORT']}", web, within=REST_WITHIN_S)
            yield around


@dataclass
class Workers:
    """One worker at a time: the first dies where it is told to, and another takes its place."""

    environment: dict[str, str]
    held: Fault
    point: str
    log: IO[bytes] | None
    deaths: int = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            module, arguments = ("bot", ["worker"])
            if self.deaths == 0 and self.point in POINTS:
                module, arguments = "playground.crashing", [self.point, "worker"]
            async with program(self.environment, *arguments, module=module, log=self.log) as worker:
                if self.deaths == 0 and self.point == IN_FLIGHT:
                    await self._kill_in_flight(worker)
                await worker.wait()
            self.deaths += 1

    async def _kill_in_flight(self, worker: asyncio.subprocess.Process) -> None:
        await self.held.reached.wait()
        worker.kill()


async def _ask_and_approve(slack: SlackDriver) -> None:
    rita, mona = slack.person("rita"), slack.person("mona")
    await rita.types("/proxy buy datacenter_us 2 for chaos", channel=CHANNEL)

    async def preview() -> SeenMessage | None:
        found = [one for one in await rita.ephemerals(CHANNEL) if one.has_button("send_draft")]
        return found[-1] if found else None

    async def card() -> SeenMessage | None:
        return next(iter(await _cards(slack)), None)

    await rita.clicks(await slack.until(preview, within=REST_WITHIN_S, what="the preview"), "send_draft")
    await mona.clicks(await slack.until(card, within=REST_WITHIN_S, what="the card"), "approve")


async def _rest(slack: SlackDriver, redis_url: str) -> str:
    """The state the card shows when the machine has done and said all it may."""

    async def ended() -> str | None:
        return next((state for card in await _cards(slack) if (state := _end_of(card))), None)

    state: str = await slack.until(ended, within=REST_WITHIN_S, what="coming to rest")
    deadline = time.monotonic() + REST_WITHIN_S
    async with redis_asyncio.from_url(redis_url) as store:
        while await store.zcard(f"{{{TEAM_ID}}}:outbox"):
            if time.monotonic() > deadline:
                raise NeverHappenedError("not everything was said")
            await asyncio.sleep(0.2)  # the end of a message is no change in the workspace to be woken by
    return await ended() or state


def _end_of(card: SeenMessage) -> str | None:
    """Bought, failed, or a doubt left to a person; None while the machine is still at it."""
    if "Ordered" in card.text:
        return "ordered"
    if "Nothing was bought" in card.text and not card.has_button("mark_found"):
        return "failed"
    return "left to a person" if card.has_button("mark_absent") or card.has_button("adopt") else None


async def _cards(slack: SlackDriver) -> list[SeenMessage]:
    seen = await slack.person("rita").messages(CHANNEL)
    return [one for one in seen if one.text.startswith("#1001 ") and not one.is_ephemeral]


async def _notices(slack: SlackDriver) -> list[str]:
    """What the thread of the card and the requester were told, one by one: a message may hold several."""
    rita, found = slack.person("rita"), list[SeenMessage]()
    for card in await _cards(slack):
        found += [one for one in await rita.thread(CHANNEL, card.ts) if one.ts != card.ts]
    return [notice for one in [*found, *await rita.dm()] for notice in one.text.split(f"\n{DIVIDER}\n")]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("words", nargs=-1)
@click.option("--list", "is_list", is_flag=True, help="Name the cells and run none.")
@click.option("--at-once", default=AT_ONCE, show_default=True, help="Cells that run side by side.")
@click.option("--minutes", default=MINUTES, show_default=True, help="What has not begun by then is not tried.")
@click.option("--log", type=click.File("wb"), default="/dev/null", help="Where the bots' own lines go.")
@click.option("--write", type=click.Path(exists=True, path_type=Path), help="A page that takes the table.")
def main(
    words: tuple[str, ...], *, is_list: bool, at_once: int, minutes: float, log: IO[bytes], write: Path | None
) -> None:
    """Kill the bot at every point of a purchase. WORDS choose cells: those whose names hold each of them."""
    trials = chosen(words)
    if is_list or not trials:
        print("\n".join(trial.name for trial in trials or TRIALS))
        sys.exit(0 if is_list else 2)
    started, done = time.monotonic(), list[Cell]()

    def told(cell: Cell) -> None:
        done.append(cell)
        print(f"{len(done)}/{len(trials)} {cell.trial.name}: {cell.verdict}", file=sys.stderr, flush=True)

    found = asyncio.run(run_cells(trials, told, at_once=at_once, minutes=minutes, log=log))
    wrong = [cell for cell in found if cell.problem]
    summary = (
        f"{len(found)} cells, {sum(cell.deaths for cell in found)} deaths, {len(wrong)} broken promises, "
        f"{(time.monotonic() - started) / 60:.1f} minutes"
    )
    print(f"{table(found)}\n\n{summary}")
    if write is not None:
        pages.fill(write, "chaos", f"\n{table(found)}\n\n{summary}.\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

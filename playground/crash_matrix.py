"""`make chaos`: the bot killed at every point of a purchase, against every way a provider can misbehave.

Each cell is a world of its own with `web` and `worker` as separate processes on one store. The worker dies by kill -9,
another one starts, and when everything has come to rest three things are asked: how often was it bought, does the
request say so, and is there exactly one card that says the same.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.store.embedded import private_valkey
from playground.actions import NeverHappenedError, SeenMessage, SlackDriver
from playground.crashing import POINTS
from playground.provider import ProviderWorld
from playground.provider_faults import Fault
from playground.stage import HOST, program, until_ready, worlds
from playground.workspace import Workspace

POLICY = Path(__file__).parent / "policy.chaos.yaml"
REST_WITHIN_S = 75.0
LATE_S = 4.0
"""A charge that lands four minutes later, with a minute of the settle time told as a second."""
AT_ONCE = 6
"""Cells that run side by side; each is three processes that mostly wait."""

NO_CRASH = "no crash"
CHANNEL = "proxies"
IN_FLIGHT = "in flight"
"""Killed while the provider has the request and has not answered."""


@dataclass(frozen=True)
class Behaviour:
    """How the provider treats the checkout, and whether it is bought in the end."""

    name: str
    fault: str | None
    parameters: dict[str, float]
    is_bought: bool


BEHAVIOURS = (
    Behaviour("answers", None, {}, True),
    Behaviour("refuses", "unprocessable", {}, False),
    Behaviour("times out before charging", "timeout_before_charge", {"seconds": 3}, False),
    Behaviour("times out after charging", "timeout_after_charge", {"seconds": 3}, True),
    Behaviour("500 after charging", "server_error_after_charge", {}, True),
    Behaviour("reset after charging", "reset_after_charge", {}, True),
    Behaviour("charges minutes later", "late_charge", {"delay_s": LATE_S, "seconds": 3}, True),
    Behaviour("HTML 502", "html_error", {}, False),
)


@dataclass(frozen=True)
class Cell:
    """What was tried and how it ended. `problem` is empty when every promise held."""

    point: str
    behaviour: str
    deaths: int
    bought: int
    state: str
    cards: int
    problem: str

    @property
    def verdict(self) -> str:
        return self.problem or "ok"


def all_cells() -> list[tuple[str, Behaviour]]:
    """Every crash point with every behaviour; a point that a behaviour never passes is the cell without a crash."""
    return [(point, behaviour) for point in (NO_CRASH, IN_FLIGHT, *POINTS) for behaviour in BEHAVIOURS]


SAMPLE = (
    ("checkout_claimed", BEHAVIOURS[0]),
    ("checkout_ordered", BEHAVIOURS[0]),
    (IN_FLIGHT, BEHAVIOURS[3]),
    (NO_CRASH, BEHAVIOURS[6]),
)
"""A quick look at the cells that went wrong most easily."""


async def run_cells(cells: list[tuple[str, Behaviour]], told: Callable[[Cell], None]) -> list[Cell]:
    """Each cell in a database of its own on one server."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, point: str, behaviour: Behaviour, url: str, folder: Path) -> Cell:
        async with turn:
            data = folder / f"cell-{number}"
            data.mkdir()
            found = await _run_cell(point, behaviour, f"{url}?db={number % 16}", data)
            told(found)
            return found

    with tempfile.TemporaryDirectory(prefix="proxydesk-chaos-") as folder:
        found: list[Cell] = []
        for start in range(0, len(cells), 16):  # a server has sixteen databases
            async with private_valkey(Path(folder) / f"store-{start}") as url:
                batch = cells[start : start + 16]
                jobs = (
                    one(start + number, point, behaviour, url.get_secret_value(), Path(folder))
                    for number, (point, behaviour) in enumerate(batch)
                )
                found += await asyncio.gather(*jobs)
        return found


async def _run_cell(point: str, behaviour: Behaviour, redis_url: str, data: Path) -> Cell:
    provider = ProviderWorld(history=False)
    provider.settings.rate_limit = 1_000
    workspace = Workspace(bot_url="", rate_limits=False)
    async with (
        worlds(data, workspace=workspace, provider=provider, policy=POLICY, redis_url=redis_url) as around,
        program(around.environment, "web") as web,
    ):
        await until_ready(f"http://{HOST}:{around.environment['PORT']}", web)
        held = provider.faults.set("slow", endpoint="checkout/create", times=1, seconds=0.5)
        if behaviour.fault is not None:
            provider.faults.set(behaviour.fault, endpoint="checkout/create", times=1, **behaviour.parameters)
        workers = Workers(around.environment, held, point)
        working = asyncio.create_task(workers.run())
        try:
            await _ask_and_approve(around.slack)
            state, problem = await _rest(around.slack), ""
        except NeverHappenedError as error:
            state, problem = "?", str(error).splitlines()[0]
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        cards = await _cards(around.slack)
    bought = provider.state()["creates_effective"]  # settles what is due first
    return Cell(point, behaviour.name, workers.deaths, bought, state, len(cards), problem or _judge(bought, cards))


@dataclass
class Workers:
    """One worker at a time: the first dies where it is told to, and another takes its place."""

    environment: dict[str, str]
    held: Fault
    point: str
    deaths: int = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            module, arguments = ("bot", ["worker"])
            if self.deaths == 0 and self.point in POINTS:
                module, arguments = "playground.crashing", [self.point, "worker"]
            async with program(self.environment, *arguments, module=module) as worker:
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


async def _rest(slack: SlackDriver) -> str:
    """The state the card shows when the machine has done all it may: bought, failed, or a doubt left to a person."""

    async def at_rest() -> str | None:
        for card in await _cards(slack):
            if "Ordered" in card.text:
                return "ordered"
            if "Nothing was bought" in card.text and not card.has_button("mark_found"):
                return "failed"
            if card.has_button("mark_absent") or card.has_button("adopt"):
                return "left to a person"
        return None

    return await slack.until(at_rest, within=REST_WITHIN_S, what="coming to rest")


def _judge(bought: int, cards: list[SeenMessage]) -> str:
    """What is wrong, in words; empty when every promise held."""
    if bought > 1:
        return f"BOUGHT {bought} TIMES"
    if len(cards) != 1:
        return f"{len(cards)} CARDS"
    says_ordered = "Ordered" in cards[0].text
    if bought and not says_ordered:
        return "LOST: bought, and the card does not say so"
    if says_ordered and not bought:
        return "WRONG CARD: says ordered, nothing was bought"
    return ""


async def _cards(slack: SlackDriver) -> list[SeenMessage]:
    seen = await slack.person("rita").messages(CHANNEL)
    return [one for one in seen if one.text.startswith("#1001 ") and not one.is_ephemeral]


def table(cells: list[Cell]) -> str:
    """One line per cell, as it stands in docs/reliability.md."""
    lines = [
        "| killed | provider | deaths | bought | ended | cards | verdict |",
        "| --- | --- | --: | --: | --- | --: | --- |",
    ]
    for cell in cells:
        point = POINTS.get(cell.point, cell.point)
        shown = (point, cell.behaviour, cell.deaths, cell.bought, cell.state, cell.cards, cell.verdict)
        lines.append(f"| {' | '.join(str(part) for part in shown)} |")
    return "\n".join(lines)


def run() -> int:
    """The whole matrix; 1 when a cell broke a promise."""
    cells = all_cells()
    done: list[Cell] = []

    def told(cell: Cell) -> None:
        done.append(cell)
        print(f"{len(done)}/{len(cells)} {cell.point}, {cell.behaviour}: {cell.verdict}", file=sys.stderr, flush=True)

    found = asyncio.run(run_cells(cells, told))
    print(table(found))
    wrong = [cell for cell in found if cell.problem]
    print(f"\n{len(found)} cells, {sum(cell.deaths for cell in found)} deaths, {len(wrong)} broken promises")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(run())

"""`make soak`: random people and random trouble for some minutes, against two replicas, then the invariants.

Two web and two worker processes on one store; now and then one of them is killed with -9 and started again. What people
do and what goes wrong is drawn from one seed, which is printed, so that a run like it can be had again.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import click
from pydantic import SecretStr

from bot.domain.ids import WorkspaceId
from bot.store.embedded import private_valkey
from bot.store.redis import connect
from playground import invariants, pages
from playground.provider import ProviderWorld
from playground.replicas import Replicas
from playground.slack_driver import NeverHappenedError, SlackDriver
from playground.slack_person import SlackPerson
from playground.slack_seen import CannotError, Outcome, SeenMessage
from playground.stage import worlds
from playground.workspace import Workspace
from playground.workspace_cast import TEAM_ID

MINUTES = 3.0
EVENTS_PER_S = 20
REPLICAS = 2
KILL_EVERY_S = 12.0
CHANNELS = ("proxies", "scraping")
"""Slack takes about one post a second in a channel."""
RECENT = 60
"""How far back people scroll."""
POLICY = Path(__file__).parent / "policy.chaos.yaml"
REQUESTERS = ("rita", "ravi")
APPROVERS = ("mona", "max")
STRANGERS = ("fay", "gus")
FAULTS: tuple[tuple[str, dict[str, float]], ...] = (
    ("server_error_after_charge", {}),
    ("timeout_after_charge", {"seconds": 2}),
    ("reset_after_charge", {}),
    ("timeout_before_charge", {"seconds": 2}),
    ("html_error", {}),
    ("unprocessable", {}),
)
FAULT_SHARE = 0.15
"""Of checkouts, about this many meet trouble."""
PREVIEW_WITHIN_S = 60.0
REST_WITHIN_S = 180.0
PATIENCE_S = 5.0
"""How long somebody waits before they click the same again."""
AGAIN_AFTER_S = 1.0
"""Nobody clicks again faster than they read that it did not work."""
CLICKS = 3
"""How often a person clicks who is shown that it did not work, because the process behind it has just died."""


@dataclass
class Report:
    """What happened in a run. `anomalies` is what must stay empty."""

    seed: int
    minutes: float
    events: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    purchases: int = 0
    anomalies: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"seed       {self.seed}, {self.minutes:g} minutes, {REPLICAS} web and {REPLICAS} worker processes",
            f"events     {self.events.total()} ({self.events.total() / self.minutes / 60:.1f} a second)",
            *(f"           {times:5} × {name}" for name, times in self.events.most_common()),
            f"faults     {self.faults.total()}",
            *(f"           {times:5} × {name}" for name, times in self.faults.most_common()),
            f"purchases  {self.purchases}",
            f"anomalies  {len(self.anomalies)}",
            *(f"           {anomaly}" for anomaly in self.anomalies),
        ]
        return "\n".join(lines)


class Crowd:
    """People who ask, approve, decline, withdraw and click what they should not, twice when they are nervous."""

    def __init__(self, slack: SlackDriver, provider: ProviderWorld, rng: random.Random, report: Report) -> None:
        self.slack = slack
        self.provider = provider
        self.rng = rng
        self.report = report
        self.settled: dict[str, float] = {}

    async def act(self) -> None:
        """One thing somebody does."""
        deeds = (self.ask, self.decide, self.look, self.trespass)
        deed = self.rng.choices(deeds, weights=(1, 10, 16, 3))[0]
        try:
            await deed()
        except CannotError:  # the button was gone before the finger came down
            await self.look()

    async def ask(self) -> None:
        who = self.slack.person(self.rng.choice(REQUESTERS))
        channel, run = self.rng.choice(CHANNELS), self.rng.randint(1, 10**9)
        await self._types(who, f"/proxy buy datacenter_de {self.rng.randint(1, 3)} for run {run}", channel)

        async def preview() -> SeenMessage | None:
            found = [one for one in await who.messages(channel, RECENT) if one.is_ephemeral and str(run) in one.text]
            return next((one for one in found if one.has_button("send_draft")), None)

        try:
            seen: SeenMessage = await self.slack.until(preview, within=PREVIEW_WITHIN_S, what="a preview")
        except NeverHappenedError:
            self.report.events["preview that never came"] += 1  # its process died: they will type it again
            return
        await self._clicks(who, seen, "send_draft")

    async def decide(self) -> None:
        who = self.slack.person(self.rng.choice(APPROVERS))
        waiting = [card for card in await cards(who, RECENT) if card.has_button("approve")]
        if not waiting:
            await self.look()
            return
        card = self.rng.choice(waiting)
        if self.rng.random() < 0.1:
            await self._clicks(who, card, "withdraw")
            return
        if self.rng.random() < FAULT_SHARE:
            name, parameters = self.rng.choice(FAULTS)
            self.provider.faults.set(name, endpoint="checkout/create", times=1, **parameters)
            self.report.faults[f"checkout: {name}"] += 1
        clicks = [self._clicks(who, card, "approve")]
        if self.rng.random() < 0.3:
            rival = self.slack.person(self.rng.choice(APPROVERS))
            clicks.append(self._clicks(rival, card, "approve"))
        await asyncio.gather(*clicks, return_exceptions=True)

    async def look(self) -> None:
        who = self.slack.person(self.rng.choice((*REQUESTERS, *APPROVERS)))
        await self._types(who, self.rng.choice(("/proxy requests", "/proxy show 1001", "/proxy help", "/proxy credit")))

    async def trespass(self) -> None:
        """Somebody without the role approves, or a requester withdraws while others decide."""
        who = self.slack.person(self.rng.choice((*STRANGERS, *REQUESTERS)))
        waiting = [card for card in await cards(who, RECENT) if card.has_button("approve")]
        if not waiting:
            await self.look()
            return
        name = "withdraw" if who.name in REQUESTERS and self.rng.random() < 0.5 else "approve"
        await self._clicks(who, self.rng.choice(waiting), name)

    async def settle(self) -> None:
        """Whatever was left to a person is decided by one, who takes the first of those that could be it."""
        mona = self.slack.person("mona")
        for card in await cards(mona):
            name = next((name for name in ("adopt", "mark_absent") if card.has_button(name)), None)
            if name is not None and time.monotonic() - self.settled.get(card.ts, -PATIENCE_S) > PATIENCE_S:
                self.settled[card.ts] = time.monotonic()
                with suppress(CannotError):
                    await self._clicks(mona, card, name)

    async def _types(self, who: SlackPerson, line: str, channel: str = CHANNELS[0]) -> None:
        await self._until_answered(" ".join(line.split()[:2]), lambda: who.types(line, channel=channel))

    async def _clicks(self, who: SlackPerson, message: SeenMessage, name: str) -> None:
        is_stale = self.rng.random() < 0.2
        await self._until_answered(f"click {name}", lambda: who.clicks(message, name, stale=is_stale))

    async def _until_answered(self, what: str, act: Callable[[], Awaitable[Outcome]]) -> None:
        """A person who is shown that it did not work does it again; one who is shown nothing would be an anomaly."""
        for _ in range(CLICKS):
            outcome = await act()
            self.report.events[what] += 1
            if outcome.acked:
                return
            if not (outcome.failure or "").startswith("connection_failed"):
                break
            self.report.events["again, because the process had died"] += 1
            await asyncio.sleep(AGAIN_AFTER_S)
        self.report.anomalies.append(f"{what} was not answered: {outcome.failure}")


async def soak(
    minutes: float, seed: int, *, kill_every_s: float = KILL_EVERY_S, log: IO[bytes] | None = None
) -> Report:
    """Run, let everything come to rest, and count what is wrong."""
    rng, report = random.Random(seed), Report(seed, minutes)
    provider = ProviderWorld(history=False, seed=seed)
    provider.settings.rate_limit = 1_000
    provider.set_stock("datacenter_de", 100_000)
    workspace = Workspace(bot_url="", rate_limits=False)
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proxydesk-soak-")))
        url = (await stack.enter_async_context(private_valkey(data / "store"))).get_secret_value()
        around = await stack.enter_async_context(
            worlds(data, workspace=workspace, provider=provider, policy=POLICY, redis_url=url)
        )
        replicas = await stack.enter_async_context(Replicas(around.environment, workspace, REPLICAS, log))
        crowd = Crowd(around.slack, provider, rng, report)
        killing = asyncio.create_task(_kill_now_and_then(replicas, kill_every_s, rng, report))
        await _busy(crowd, minutes * 60)
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
        report.anomalies += await _rest_and_look(crowd)
        client = await stack.enter_async_context(aclosing(connect(SecretStr(url))))
        state = provider.state()
        report.purchases = state["creates_effective"]
        charged = sum(line["cents"] for line in state["statement"] if (line["kind"], line["purpose"]) == SERVICE)
        report.anomalies += await invariants.broken(client, WorkspaceId(TEAM_ID), charged)
    return report


SERVICE = ("charge", "purchase")
"""What a line of the provider's statement says of the purchase of a service."""


async def _kill_now_and_then(replicas: Replicas, every_s: float, rng: random.Random, report: Report) -> None:
    while True:
        await asyncio.sleep(every_s)
        replica = rng.choice((*replicas.webs, *replicas.workers))
        replica.kill()
        report.faults[f"kill -9 of a {replica.part} process"] += 1


async def _busy(crowd: Crowd, seconds: float) -> None:
    """People act at a steady pace, whether or not the last ones have been answered."""
    started, under_way = time.monotonic(), set[asyncio.Task[None]]()
    for number in range(int(seconds * EVENTS_PER_S)):
        await asyncio.sleep(max(0.0, started + number / EVENTS_PER_S - time.monotonic()))
        task = asyncio.create_task(crowd.act())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)


async def _rest_and_look(crowd: Crowd) -> list[str]:
    slack = crowd.slack
    rita, found = slack.person("rita"), list[str]()

    async def at_rest() -> bool | None:
        await crowd.settle()
        return not any(_is_moving(card) for card in await cards(rita))

    try:
        _: bool = await slack.until(at_rest, within=REST_WITHIN_S, what="coming to rest")
    except NeverHappenedError:
        moving = [card.text.splitlines()[0] for card in await cards(rita) if _is_moving(card)]
        found.append(f"never came to rest: {moving[:5]}")
    seen = await cards(rita)
    numbers = Counter(card.text.split(" ", 1)[0] for card in seen)
    found += [f"{number} has {count} cards" for number, count in numbers.items() if count > 1]
    ordered = sum("*:package: Ordered" in card.text for card in seen)
    bought = crowd.provider.state()["creates_effective"]
    if ordered != bought:
        found.append(f"{bought} purchases, {ordered} cards that say so")
    problems = [str(problem) for problem in await slack.problems()]
    return found + [f"Slack: {problem}" for problem in problems[:10]]


async def cards(who: SlackPerson, last: int | None = None) -> list[SeenMessage]:
    """Every card this person sees, in all channels; the newest ones when `last` says how far they look."""
    seen = [message for channel in CHANNELS for message in await who.messages(channel, last)]
    return [message for message in seen if message.text.startswith("#") and not message.is_ephemeral]


def _is_moving(card: SeenMessage) -> bool:
    """Whether somebody, the machine or a person, still has something to do to a purchase."""
    return any(word in card.text for word in ("Unclear", "Approved*", "Buying*"))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--minutes", default=MINUTES, show_default=True, envvar="MINUTES", help="How long people are busy.")
@click.option("--seed", type=int, envvar="SEED", help="What a run is drawn from; by default another one each time.")
@click.option("--log", type=click.File("wb"), default="/dev/null", help="Where the bots' own lines go.")
@click.option("--write", type=click.Path(exists=True, path_type=Path), help="A page that takes the figures.")
def main(minutes: float, seed: int | None, log: IO[bytes], write: Path | None) -> None:
    """Let random people and random trouble at two replicas, and look at what must be true afterwards."""
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    report = asyncio.run(soak(minutes, seed, log=log))
    print(report)
    if write is not None:
        pages.fill(write, "soak", f"```text\n{report}\n```\n")
    sys.exit(1 if report.anomalies else 0)


if __name__ == "__main__":
    main()

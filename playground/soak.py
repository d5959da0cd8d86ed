"""`make soak`: random people and random trouble for some minutes, against two replicas, then the invariants.

What people do and what goes wrong is drawn from one seed, which is printed, so a run can be had again.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from bot.store.embedded import private_valkey
from playground.actions import CannotError, NeverHappenedError, SeenMessage, SlackDriver, SlackPerson
from playground.provider import ProviderWorld
from playground.replicas import Replicas
from playground.stage import worlds
from playground.workspace import Workspace

MINUTES = 3.0
EVENTS_PER_S = 20
CHANNELS = ("proxies", "scraping")
"""Slack takes about one post a second in a channel."""
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
REST_WITHIN_S = 120.0


class Crowd:
    """People who ask, approve, decline, withdraw and click what they should not, twice when they are nervous."""

    def __init__(self, slack: SlackDriver, provider: ProviderWorld, rng: random.Random) -> None:
        self.slack = slack
        self.provider = provider
        self.rng = rng
        self.done: Counter[str] = Counter()
        self.unanswered = 0

    async def act(self) -> None:
        """One thing somebody does."""
        deed = self.rng.choices((self.ask, self.decide, self.look, self.trespass), weights=(1, 9, 8, 2))[0]
        with suppress(CannotError):  # the button was gone before the finger came down
            await deed()

    async def ask(self) -> None:
        who = self.slack.person(self.rng.choice(REQUESTERS))
        channel, run = self.rng.choice(CHANNELS), self.rng.randint(1, 10**9)
        await self._types(who, f"/proxy buy datacenter_de {self.rng.randint(1, 3)} for run {run}", channel)

        async def preview() -> SeenMessage | None:
            found = [one for one in await who.ephemerals(channel) if str(run) in one.text]
            return next((one for one in found if one.has_button("send_draft")), None)

        await self._clicks(who, await self.slack.until(preview, within=REST_WITHIN_S, what="a preview"), "send_draft")

    async def decide(self) -> None:
        who = self.slack.person(self.rng.choice(APPROVERS))
        waiting = [card for card in await cards(who) if card.has_button("approve")]
        if not waiting:
            return
        card = self.rng.choice(waiting)
        if self.rng.random() < FAULT_SHARE:
            name, parameters = self.rng.choice(FAULTS)
            self.provider.faults.set(name, endpoint="checkout/create", times=1, **parameters)
            self.done[f"fault {name}"] += 1
        clicks = [self._clicks(who, card, "approve")]
        if self.rng.random() < 0.3:
            rival = self.slack.person(self.rng.choice(APPROVERS))
            clicks.append(self._clicks(rival, card, "approve"))
        await asyncio.gather(*clicks, return_exceptions=True)

    async def look(self) -> None:
        who = self.slack.person(self.rng.choice((*REQUESTERS, *APPROVERS)))
        await self._types(who, self.rng.choice(("/proxy requests", "/proxy credit", "/proxy show 1001", "/proxy help")))

    async def trespass(self) -> None:
        """Somebody without the role approves, or a requester withdraws while others decide."""
        who = self.slack.person(self.rng.choice((*STRANGERS, *REQUESTERS)))
        waiting = [card for card in await cards(who) if card.has_button("approve")]
        if waiting:
            name = "withdraw" if who.name in REQUESTERS and self.rng.random() < 0.5 else "approve"
            await self._clicks(who, self.rng.choice(waiting), name)

    async def _types(self, who: SlackPerson, line: str, channel: str = CHANNELS[0]) -> None:
        outcome = await who.types(line, channel=channel)
        self.done["command"] += 1
        self.unanswered += not outcome.acked

    async def _clicks(self, who: SlackPerson, message: SeenMessage, name: str) -> None:
        outcome = await who.clicks(message, name, stale=self.rng.random() < 0.2)
        self.done[f"click {name}"] += 1
        self.unanswered += not outcome.acked


async def soak(minutes: float, seed: int) -> int:
    """Run, let everything come to rest, and count what is wrong."""
    rng = random.Random(seed)
    provider = ProviderWorld(history=False, seed=seed)
    provider.settings.rate_limit = 1_000
    provider.set_stock("datacenter_de", 100_000)
    workspace = Workspace(bot_url="", rate_limits=False)
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proxydesk-soak-")))
        url = await stack.enter_async_context(private_valkey(data / "store"))
        around = await stack.enter_async_context(
            worlds(data, workspace=workspace, provider=provider, policy=POLICY, redis_url=url.get_secret_value())
        )
        await stack.enter_async_context(Replicas(around.environment, workspace, count=2))
        crowd = Crowd(around.slack, provider, rng)
        await _busy(crowd, minutes * 60)
        anomalies = await _rest_and_look(around.slack, provider)
        if crowd.unanswered:
            anomalies.append(f"{crowd.unanswered} clicks or commands without an answer in time")
    faults = sum(count for name, count in crowd.done.items() if name.startswith("fault "))
    print(f"seed {seed}, {minutes:g} minutes, 2 web and 2 worker processes")
    print(f"events    {sum(crowd.done.values()) - faults}")
    print(f"faults    {faults}")
    print(f"purchases {provider.state()['creates_effective']}")
    print(f"anomalies {len(anomalies)}")
    for anomaly in anomalies:
        print(f"  {anomaly}")
    return 1 if anomalies else 0


async def _busy(crowd: Crowd, seconds: float) -> None:
    """People act at a steady pace, whether or not the last ones have been answered."""
    until, under_way = time.monotonic() + seconds, set[asyncio.Task[None]]()
    while time.monotonic() < until:
        task = asyncio.create_task(crowd.act())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        await asyncio.sleep(1 / EVENTS_PER_S)
    await asyncio.gather(*under_way)


async def _rest_and_look(slack: SlackDriver, provider: ProviderWorld) -> list[str]:
    rita = slack.person("rita")

    async def at_rest() -> list[SeenMessage] | None:
        seen = await cards(rita)
        return None if any(_is_moving(card) for card in seen) else seen

    found: list[str] = []
    try:
        seen: list[SeenMessage] = await slack.until(at_rest, within=REST_WITHIN_S, what="coming to rest")
    except NeverHappenedError:
        seen = await cards(rita)
        moving = [card.text.splitlines()[0] for card in seen if _is_moving(card)]
        found.append(f"never came to rest: {moving[:5]}")
    numbers = Counter(card.text.split(" ", 1)[0] for card in seen)
    found += [f"{number} has {count} cards" for number, count in numbers.items() if count > 1]
    ordered = sum("*:package: Ordered" in card.text for card in seen)
    bought = provider.state()["creates_effective"]
    if ordered != bought:
        found.append(f"{bought} purchases, {ordered} cards that say so")
    problems = await slack.problems()
    return found + [f"Slack: {problem}" for problem in problems[:10]]


async def cards(who: SlackPerson) -> list[SeenMessage]:
    """Every card this person sees, in all channels."""
    seen = [message for channel in CHANNELS for message in await who.messages(channel)]
    return [message for message in seen if message.text.startswith("#") and not message.is_ephemeral]


def _is_moving(card: SeenMessage) -> bool:
    """Whether the machine still has something to do for this request."""
    is_unclear = "Unclear" in card.text and not (card.has_button("mark_absent") or card.has_button("adopt"))
    return is_unclear or any(word in card.text for word in ("Approved*", "Buying*"))


def run() -> int:
    minutes = float(os.environ.get("MINUTES", MINUTES))
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1_000_000)))
    return asyncio.run(soak(minutes, seed))


if __name__ == "__main__":
    sys.exit(run())

"""Words to tell a story with: what people do in Slack, what they then see, and what the worlds and the log hold.

Nothing here sleeps: every wait looks again whenever something changed in the workspace.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, TypeVar
from urllib.parse import urlencode

from bot.app import Bot, open_bot
from bot.domain.errors import ProviderError
from bot.domain.ids import RequestId, WorkspaceId
from bot.domain.request import Happened, PurchaseRequest, State
from bot.serve_web import serve_web
from bot.serve_worker import make_jobs
from bot.settings import Settings
from playground.provider import ProviderWorld
from playground.provider_faults import Fault
from playground.provider_values import Product
from playground.serving import HOST
from playground.slack_driver import NeverHappenedError, SlackDriver
from playground.slack_person import SlackPerson
from playground.slack_seen import Outcome, SeenMessage, SeenView
from playground.stage import Stage, free_port, until_ready
from playground.workspace import Workspace
from playground.workspace_cast import TEAM_ID
from tests.store import looking

TEAM = WorkspaceId(TEAM_ID)
CHANNEL = "proxies"
WITHIN_S = 60.0
"""Far more than anything takes; a story that hangs fails with a picture of the whole workspace."""
LINE = "isp_us 2 for scraping"

T = TypeVar("T")
LogLine = MutableMapping[str, Any]


class LaterClock:
    """The real time and however much later it is made."""

    def __init__(self) -> None:
        self.later = timedelta(0)

    def now(self, zone: tzinfo | None = None) -> datetime:
        return datetime.now(zone) + self.later


@dataclass(frozen=True)
class Journey:
    """One story: the stage it plays on, and every line the bot logged meanwhile."""

    stage: Stage
    log: Sequence[LogLine]
    numbers: list[RequestId] = field(default_factory=list)

    @property
    def slack(self) -> SlackDriver:
        return self.stage.slack

    @property
    def workspace(self) -> Workspace:
        return self.stage.worlds.workspace

    @property
    def byteful(self) -> ProviderWorld:
        return self.stage.provider

    @property
    def bot(self) -> Bot:
        return self.stage.bot

    def people(self, *names: str) -> list[SlackPerson]:
        return [self.slack.person(name) for name in names]

    def person(self, name: str) -> SlackPerson:
        return self.slack.person(name)

    # Waiting

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        try:
            return await self.slack.until(look, within=WITHIN_S, what=what)
        except NeverHappenedError as error:
            for line in self.log:
                if line["log_level"] in ("warning", "error"):
                    error.add_note(str(line))
            raise

    async def form(self, who: SlackPerson, *words: str) -> SeenView:
        """The form on somebody's screen, once it shows these words."""

        async def shown() -> SeenView | None:
            view = await who.view()
            return view if view is not None and _has(view.text, words) else None

        return await self.until(shown, f"{who.name} seeing a form with {words}")

    async def home(self, who: SlackPerson, *words: str) -> SeenView:
        async def shown() -> SeenView | None:
            view = await who.home()
            return view if view is not None and _has(view.text, words) else None

        return await self.until(shown, f"{who.name} seeing a home with {words}")

    async def private(self, who: SlackPerson, *words: str, channel: str = CHANNEL) -> SeenMessage:
        """The newest message only this person sees, once it holds these words."""
        return await self._newest(lambda: who.ephemerals(channel), f"{who.name} being told {words}", words)

    async def direct(self, who: SlackPerson, *words: str) -> SeenMessage:
        return await self._newest(who.dm, f"{who.name} getting {words} by direct message", words)

    async def card(self, *words: str, number: int | None = None, who: str = "rita", at: str = CHANNEL) -> SeenMessage:
        """The card of a request (the last one asked for), once it shows these words."""
        title = f"#{number or self.numbers[-1]} "

        async def cards() -> list[SeenMessage]:
            return [one for one in await self.person(who).messages(at) if one.text.startswith(title)]

        return await self._newest(cards, f"the card {title}showing {words}", words)

    async def threaded(self, *words: str, who: str = "rita") -> SeenMessage:
        """The newest message in the thread of the last card, once it holds these words."""
        card = await self.card(who=who)

        async def replies() -> list[SeenMessage]:
            return [one for one in await self.person(who).thread(CHANNEL, card.ts) if one.ts != card.ts]

        return await self._newest(replies, f"the thread saying {words}", words)

    async def _newest(
        self, look: Callable[[], Awaitable[list[SeenMessage]]], what: str, words: Sequence[str]
    ) -> SeenMessage:
        async def newest() -> SeenMessage | None:
            found = [one for one in await look() if _has(one.text, words)]
            return found[-1] if found else None

        return await self.until(newest, what)

    async def in_state(self, state: State, number: int | None = None) -> PurchaseRequest:
        """The request, once its record says so."""

        async def there() -> PurchaseRequest | None:
            request = await self.request(number)
            return request if request.state is state else None

        return await self.until(there, f"the request being {state}")

    async def all_said(self) -> None:
        """Until nothing is left to be said and nobody is drawing a card."""

        async def silent() -> bool:
            waiting = await self.bot.store._redis.zcard(f"{{{TEAM}}}:outbox")
            drawing = await self.bot.store._redis.keys(f"{{{TEAM}}}:lease:drawing:*")
            return not waiting and not drawing

        await self._looking_on(silent)

    async def until_asked(self, count: int) -> None:
        """Until Byteful has had so many requests."""
        await self._looking_on(lambda: self.byteful.requests_received >= count)

    async def until_logged(self, event: str) -> None:
        await self._looking_on(lambda: any(line["event"] == event for line in self.log))

    async def until_struck(self) -> None:
        """Until Slack's troubles that were set have all met a call."""
        await self._looking_on(lambda: not self.workspace.faults.active)

    async def until_bought(self) -> None:
        """Sweeps until there is an order: after an outage the queue needs its own time to come back."""

        async def bought() -> bool:
            await self.sweep()
            return (await self.request()).order is not None

        await self._looking_on(bought)

    async def _looking_on(self, look: Callable[[], bool | Awaitable[bool]]) -> None:
        """For what makes no change in the workspace to be woken by."""

        async def again() -> bool:
            self.workspace.changed()
            found = look()
            return found if isinstance(found, bool) else await found

        await self.until(again, "something outside of Slack")

    # Doing

    async def answer(self, who: SlackPerson, line: str, *words: str, channel: str = CHANNEL) -> SeenMessage:
        """Types a command; the answer that holds these words, at once or a moment later. None from before counts."""
        before = {one.ts for one in await who.ephemerals(channel)}
        outcome = await who.types(line, channel=channel)
        assert outcome.acked, outcome
        if outcome.answer and _has(outcome.answer.text, words):
            return outcome.answer

        async def new() -> list[SeenMessage]:
            return [one for one in await who.ephemerals(channel) if one.ts not in before]

        return await self._newest(new, f"{who.name} being told {words} to {line}", words)

    async def preview(self, who: SlackPerson, line: str = LINE, *words: str) -> SeenMessage:
        return await self.answer(who, f"/proxy buy {line}", "Nothing is sent yet", *words)

    async def asks(self, who: SlackPerson, line: str = LINE) -> SeenMessage:
        """One line, previewed and sent: the card that comes of it."""
        return await self.sends(who, await self.preview(who, line))

    async def sends(self, who: SlackPerson, preview: SeenMessage) -> SeenMessage:
        before = await self._sent(who)
        await who.clicks(preview, "send_draft")

        async def sent() -> list[RequestId]:
            return [number for number in await self._sent(who) if number not in before]

        self.numbers.extend(await self.until(sent, f"{who.name} being told that it is sent"))
        return await self.card("Waiting for approval")

    async def _sent(self, who: SlackPerson) -> list[RequestId]:
        """The numbers under which somebody was told that what they asked for is sent."""
        return [number_in(one.text) for one in await who.ephemerals(CHANNEL) if "Sent." in one.text]

    async def opens(self, who: SlackPerson, product: str | None = None, *words: str) -> SeenView:
        """The form, filled in as far as the product."""
        await who.types("/proxy buy", channel=CHANNEL)
        form = await self.form(who, "Product")
        if product is None:
            return form
        await who.chooses(form, "product", product)
        return await self.form(who, "Total", *words)

    async def buys(self, line: str = LINE, *, approver: str = "mona") -> SeenMessage:
        """Asked for by Rita, approved and bought: the card at the end."""
        card = await self.asks(self.person("rita"), line)
        await self.person(approver).clicks(card, "approve")
        return await self.card("Ordered")

    async def catalog_unknown(self) -> None:
        """As in a process that has not read the catalog yet: the web part does so right at its start."""
        provider: Any = self.bot.desk.provider
        await provider.catalog()
        provider._catalog._value = None

    async def byteful_is_back(self, fault: str) -> None:
        """The fault is over, and so is the time for which Byteful is left alone, also where a question of before fails
        only now.
        """
        self.byteful.faults.clear(fault)
        provider: Any = self.bot.desk.provider

        async def answers() -> bool:
            provider.client._sender._breaker._closed_until = 0
            with suppress(ProviderError):
                await provider.credit_balance()
                return True
            return False

        await self._looking_on(answers)

    async def sweep(self) -> None:
        """What the worker does each minute."""
        await make_jobs(self.bot).sweep({})

    @asynccontextmanager
    async def replica(self) -> AsyncIterator[Bot]:
        """A second bot on the same store, as another process would have it."""
        environment = {**self.stage.worlds.environment, "PORT": str(free_port())}
        async with open_bot(Settings.from_env(environment)) as other:
            yield other

    @asynccontextmanager
    async def web_replica(self) -> AsyncIterator[str]:
        """The web part of a second bot, and where Slack reaches it. At the end it has done all that it had begun."""
        async with self.replica() as other:
            stop = asyncio.Event()
            serving = asyncio.create_task(serve_web(other, stop))
            address = f"http://{HOST}:{other.settings.port}"
            await until_ready(address)
            yield f"{address}/slack/events"
            stop.set()
            await serving

    # The record

    async def request(self, number: int | None = None) -> PurchaseRequest:
        found = await self.bot.store.get(TEAM, RequestId(number or self.numbers[-1]))
        assert found is not None
        return found

    async def history(self) -> list[Happened]:
        return [entry.happened for entry in (await self.request()).history]

    async def audit(self) -> list[dict[str, Any]]:
        """Every line of the workspace's audit, oldest first."""
        return await looking.audit(self.bot.store._redis, TEAM)

    async def submissions(self) -> list[dict[str, Any]]:
        """One line for each request that was ever made."""
        return [line for line in await self.audit() if line["what"] == Happened.SUBMITTED]

    def product(self, like: str, **changes: Any) -> Product:
        """Another product of the catalog, differing only in these."""
        return replace(self.byteful.products[like], **changes)

    def click_of(self, who: str, action: str, value: str) -> str:
        """The body of a click that is on nobody's screen, as Slack would send it."""
        person, channel = self.workspace.person(who), self.workspace.channel_named(CHANNEL)
        url = self.workspace.new_response_url(person.id, channel.id)
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM, "domain": "playground"},
            "user": {"id": person.id, "team_id": TEAM},
            "channel": {"id": channel.id},
            "container": {"type": "message", "channel_id": channel.id, "message_ts": "1.000001"},
            "trigger_id": self.workspace.new_trigger(person.id, channel.id),
            "response_url": url,
            "actions": [
                {"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": "1.000002"}
            ],
        }
        return urlencode({"payload": json.dumps(payload)})

    def calls(self, endpoint: str) -> int:
        """How often Byteful was asked this."""
        return sum(line.endpoint == endpoint for line in self.byteful.log)

    def logged(self, message: SeenMessage | SeenView | str) -> LogLine:
        """The log line under the reference that a person was shown."""
        reference = reference_in(message if isinstance(message, str) else message.text)
        found = [line for line in self.log if line.get("reference") == reference]
        assert found, f"{reference} is not in the log"
        return found[-1]


def number_in(text: str) -> RequestId:
    found = re.search(r"#(\d+)", text)
    assert found, text
    return RequestId(int(found[1]))


def reference_in(text: str) -> str:
    found = re.search(r"Reference `([0-9A-Z]{8})`", text)
    assert found, f"no reference in: {text}"
    return found[1]


async def reached(fault: Fault) -> None:
    """Until a request to Byteful is held by this fault."""
    async with asyncio.timeout(WITHIN_S):
        await fault.reached.wait()


def answered(*outcomes: Outcome) -> None:
    """Slack was answered in time, each time."""
    assert all(outcome.acked for outcome in outcomes), outcomes


def _has(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)

"""A busy month, day by day: whatever people, Byteful and the calendar do, the ledger ends equal to the account.

The sandbox and the bot live by one clock. Each day people ask, approve and pay, things go wrong, and the night is
skipped; in the morning the worker does what it does all day long.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bot import jobs
from bot.app import Bot
from bot.blocks.text import money
from bot.domain.ledger import Entry, Kind, sums_of
from bot.serve_worker import make_jobs
from bot.store import pacer
from bot.usecases import desk, speak
from playground.provider import ProviderWorld
from playground.provider_statement import Line
from playground.provider_values import stamp
from playground.stage import Stage
from playground.timed import OtherTime
from tests.stories.journey import TEAM, Journey, LogLine

START = datetime(2026, 3, 2, 6, 5, tzinfo=UTC)
"""A Monday; the clocks of Berlin change at the end of the month."""
DAYS = 33
BERLIN = """
time_zone: Europe/Berlin
channel_settings:
  C00PROXIES:
    digests: [daily 9:00, weekly monday 9:00, monthly 9:00]
"""
WORTH_OF_CREDIT = 12_000
WEEKS = {f"weekly:2026-W{number:02}" for number in range(9, 14)}
LOOKS = (1, 1, 22)
"""Hours from one look of the worker to the next: just after nine in Berlin, in winter and in summer, and at the end."""
AWAY = {2, 3}
"""Days on which no worker looks: what is bought then is first seen after it has renewed, and a digest is missed."""

ASKED = (
    "isp_us 2 1:month for prices",
    "datacenter_nl 3 1:week for maps",
    "datacenter_nl 1 1:day for a test",
    "residential_global 2 1:month for search",
    "isp_us 4 1:month WELCOME10 for stock levels",
    "isp_gb 1 1:month for adverts",
)

pytestmark = pytest.mark.parametrize("policy", [BERLIN], indirect=True, ids=["berlin"])


@pytest.fixture
def byteful() -> ProviderWorld:
    world = ProviderWorld(seed=11, history=False, traffic=True)
    world.set_clock(START)
    world.change_settings(rate_limit=100_000)
    world.faults.set("not_found", endpoint="country/search")
    return world


@pytest.fixture(autouse=True)
def quick(byteful: ProviderWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clock for both; and no waiting for a pace that a month would spread over a month."""
    monkeypatch.setattr(desk, "datetime", OtherTime(byteful.now))
    monkeypatch.setattr(pacer, "WINDOW_MS", 10)
    monkeypatch.setattr(speak, "POSTS_AHEAD", 1_000)
    monkeypatch.setattr(jobs, "_cron", partial(_once_a_year, jobs._cron))


def _once_a_year(cron: Callable[..., Any], function: Any, _times: str) -> Any:
    """The month has its own mornings and evenings: the worker's, by the clock on the wall, stay out of it."""
    return cron(function, "0 0 1 1 *")


@dataclass
class Month:
    """The channel, its people, and what they have in mind; two replicas of the bot do the work at once."""

    journey: Journey
    other: Bot
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    leave_unpaid: set[str] = field(default_factory=set)
    adopted: dict[str, str] = field(default_factory=dict)
    """Services bought by hand and taken into the channel, and when, as the provider writes times."""

    @property
    def byteful(self) -> ProviderWorld:
        return self.journey.byteful

    async def begin(self) -> None:
        self.journey.workspace.limiter.enabled = False
        self.byteful.set_credit(WORTH_OF_CREDIT)
        await self.works()

    async def day(self, number: int) -> None:
        await self.people(number)
        for hours in LOOKS:
            self.byteful.advance(hours * 3_600)
            if number not in AWAY:
                await self.works()

    async def works(self) -> None:
        """What the worker does by its crons."""
        for job in ("follow", "snapshot", "sweep", "digest"):
            await asyncio.gather(*(getattr(make_jobs(bot), job)({}) for bot in (self.journey.bot, self.other)))
        await self.journey.all_said()

    # People

    async def people(self, number: int) -> None:
        if number % 7 < 5:
            await self.asks_and_decides(number)
        match number:
            case 4 | 17:
                await self.tops_up(40, is_paid=number == 4)
            case 8:
                self.byteful.set_credit(0)
            case 5:
                self.byteful.buy_by_hand({"product_code": "isp_de", "quantity": 1, "cycle_interval": "month"})
                row = self.byteful.buy_by_hand(
                    {"product_code": "datacenter_nl", "quantity": 7, "cycle_interval": "week"}
                )
                self.byteful.change_service(row["service_id"], {"payment_method_id": "pm_1Card"}, "customer")
            case 16:
                await self.adopts()
            case 15:
                self.changes_terms()
            case 20:
                self.byteful.set_credit(WORTH_OF_CREDIT)
            case 24:
                self.stops_renewal()
        self.pays_bills()

    async def asks_and_decides(self, number: int) -> None:
        rita, mona = self.journey.people("rita", "mona")
        preview = await self.journey.preview(rita, ASKED[number % len(ASKED)])
        card = await self.journey.sends(rita, preview)
        if number % 11 == 6:
            await rita.clicks(card, "withdraw")
            await self.journey.card("Withdrawn")
            return
        if number % 13 == 9:
            self.byteful.faults.set("server_error_after_charge", endpoint="checkout/create", times=1)
        await mona.clicks(card, "approve")
        await self.journey.until_bought()

    async def tops_up(self, dollars: int, *, is_paid: bool) -> None:
        rita, mona = self.journey.people("rita", "mona")
        preview = await self.journey.answer(rita, f"/proxy topup {dollars}", f"${dollars}")
        card = await self.journey.sends(rita, preview)
        await mona.clicks(card, "approve")
        await self.journey.card("Ordered")
        if is_paid:
            (bill,) = [bill for bill in self.byteful.invoices.values() if bill.purpose == "top_up"]
            self.byteful.pay(bill.invoice_id)

    def pays_bills(self) -> None:
        """Most bills are paid on the day, some on no day."""
        for bill in [one for one in self.byteful.invoices.values() if one.status == "open" and one.service_id]:
            if bill.invoice_id not in self.leave_unpaid and self.chance.random() < 0.3:
                self.leave_unpaid.add(bill.invoice_id)
            if bill.invoice_id not in self.leave_unpaid:
                self.byteful.pay(bill.invoice_id)

    def changes_terms(self) -> None:
        """Byteful's staff agree another price for one service and another quantity for a second."""
        weekly = [row for row in self.byteful.services.values() if row["service_cycle"] == "1:week"]
        first, second, *_ = [row["service_id"] for row in weekly if row["service_id"].startswith("API-")]
        self.byteful.change_service(first, {"service_total": 123})
        self.byteful.change_service(second, {"service_quantity": 5})

    def stops_renewal(self) -> None:
        running = [row for row in self.byteful.services.values() if row["service_status"] == "active"]
        self.byteful.change_service(running[0]["service_id"], {"service_is_pending_cancellation": True}, "customer")

    async def adopts(self) -> None:
        """What somebody bought by hand is the channel's from now on, renewals included."""
        (by_hand,) = [name for name, row in self.byteful.services.items() if row["service_quantity"] == 7]
        mona = self.journey.person("mona")
        await self.journey.answer(mona, f"/proxy adopt {by_hand}", by_hand)
        self.adopted[by_hand] = stamp(self.byteful.now())

    async def said(self) -> list[str]:
        """Everything that stands in the channel, from the first day on."""
        return [message.text for message in await self.journey.person("rita").messages("proxies")]

    # The books

    async def entries(self) -> list[Entry]:
        ledger = self.journey.bot.desk.ledger
        return [entry async for entry in ledger.entries(TEAM, date(2026, 2, 1), date(2026, 5, 1))]


@pytest.fixture
async def month(stage: Stage, log: list[LogLine]) -> AsyncIterator[Month]:
    journey = Journey(stage, log)
    async with journey.replica() as other:
        month = Month(journey, other)
        await month.begin()
        yield month


def due_digests() -> set[str]:
    """Every period that ended. The day before the worker's days off is only counted in the digest after it."""
    days = [date(2026, 3, 1) + timedelta(days=n) for n in range(DAYS)]
    daily = {f"daily:{day}" for day in days if day != date(2026, 3, 3)}
    return {f"digest:C00PROXIES:{one}" for one in {*daily, *WEEKS, "monthly:2026-03"}}


def bills(month: Month, purpose: str) -> Iterator[tuple[str | None, int, str]]:
    """Service, cents and fate of each bill that is the channel's, by the account's statement."""
    ends = {line.invoice_id: line.kind for line in month.byteful.statement.lines if line.kind in ("payment", "void")}
    for line in month.byteful.statement.lines:
        if line.kind == "charge" and line.purpose == purpose and _is_ours(month, line):
            yield line.service_id, line.cents, ends.get(line.invoice_id, "open")


def _is_ours(month: Month, line: Line) -> bool:
    """Bought by the bot, or adopted before; what is bought by hand has another kind of number."""
    name = line.service_id
    return name is None or name.startswith("API-") or line.at >= month.adopted.get(name, "9999")


def booked(entries: list[Entry], kind: Kind) -> Iterator[tuple[str | None, int, str]]:
    """The same, as the ledger has it."""
    later = {(one.request, one.service): one.kind for one in entries if one.kind in (Kind.PAID, Kind.VOID)}
    fates: dict[Kind | None, str] = {Kind.PAID: "payment", Kind.VOID: "void", None: "open"}
    for one in entries:
        if one.kind is kind:
            fate = "payment" if one.is_paid else fates[later.get((one.request, one.service))]
            yield one.service, one.amount, fate


async def test_a_busy_month_ends_with_the_ledger_equal_to_the_account(month: Month) -> None:
    for number in range(DAYS):
        await month.day(number)
    entries = await month.entries()

    bought = list(bills(month, "purchase"))
    assert len(bought) > 15
    assert {fate for *_, fate in bought} >= {"payment", "void"}
    assert Counter(booked(entries, Kind.CHARGE)) == Counter(bought)

    renewed = [bill for bill in bills(month, "renewal") if bill[2] == "payment"]
    assert {name for name, *_ in renewed} >= set(month.adopted)
    assert len(renewed) > 10
    assert {cents for _, cents, _ in renewed} >= {123}
    assert Counter(booked(entries, Kind.RENEWAL)) == Counter(renewed)

    told = Counter(line["key"] for line in month.journey.log if line["event"] == "notice_announced")
    assert set(told.values()) == {1}
    assert {key.split(":")[1] for key in told if key.startswith("changed:")} >= {str(name) for name, *_ in renewed}

    digests = [line for line in month.journey.log if line["event"] == "digest_announced"]
    assert Counter(line["key"] for line in digests) == Counter(due_digests())
    odd = [line["key"] for line in digests if line["is_late"] or line["missed"]]
    assert odd == ["digest:C00PROXIES:daily:2026-03-04"]
    posted = [text for text in await month.said() if text.startswith("*Digest of the")]
    assert len(posted) == len(digests)
    march = sums_of(one for one in entries if one.day.month == 3 and one.at < datetime(2026, 4, 1, 7, 30, tzinfo=UTC))
    (monthly,) = [words for words in posted if words.startswith("*Digest of the month")]
    assert f"*{money(march.spent)}*" in monthly

    topped_up = [bill for bill in bills(month, "top_up") if bill[2] == "payment"]
    assert [one for one in booked(entries, Kind.TOP_UP) if one[2] == "payment"] == topped_up

    sums = (await month.journey.bot.desk.ledger.spend(TEAM, date(2026, 2, 1), date(2026, 5, 1))).sums
    assert sums == sums_of(entries)
    assert sums.paid == sum(cents for _, cents, fate in [*bought, *renewed] if fate == "payment")
    assert sums.void == sum(cents for _, cents, fate in bought if fate == "void")
    assert month.byteful.credit_balance == sum(line.credit for line in month.byteful.statement.lines)
    assert month.byteful.creates_effective == len(bought) + len(list(bills(month, "top_up")))

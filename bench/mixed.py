"""D6: a minute of everything at once, fifty events a second, while Byteful takes two seconds for each answer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench import traffic
from bench.company import WORKSPACE, Company, company
from bench.figures import Figure, Goal, percentile
from bench.groups import group
from bench.load import Plan, Seen, sent
from bench.processes import cpu_of
from bench.traffic import suggestion
from bot.domain.request import PurchaseRequest

RATE, SECONDS = 50.0, 60
PROVIDER_S = 2.0
APPROVALS, WITHDRAWALS = 10, 15
"""Of a minute. Purchases are made one after the other, each as long as two of Byteful's answers; and of the changes of
messages, of which Slack takes fifty a minute, a purchase needs up to three.
"""
REFUSALS = 600
"""Clicks of somebody who may not decide: each is written down like any other, and changes no card."""
SLOWEST_MS = 500
PURCHASE = f"two of Byteful's answers, {PROVIDER_S:g} s each, one after the other, are in it"
ALL = "CPU of web, worker and store for each event, of whatever kind"
WHAT = f"provider at {PROVIDER_S:g} s, {RATE:g} mixed events a second for a minute"
SLOWEST = Figure(f"{WHAT}: slowest ack", "ms", goal=Goal(SLOWEST_MS, SLOWEST_MS, "ms"), note=ALL)
ACK_P999 = Figure(f"{WHAT}: ack p99.9", "ms", goal=Goal(SLOWEST_MS, 50, "ms"))
ACK_P99 = Figure(f"{WHAT}: ack p99", "ms")
ACK_P50 = Figure(f"{WHAT}: ack p50", "ms")
FORM_P99 = Figure(f"{WHAT}: command → form open, p99", "ms")
CARD_P99 = Figure(f"{WHAT}: click → card says so, p99", "ms")
ORDERED_P99 = Figure(f"{WHAT}: approval → card says *Ordered*, p99", "ms", note=PURCHASE)
LOST = Figure(f"{WHAT}: lost", "events", goal=Goal(0, 0, "events"))


@dataclass(frozen=True, slots=True)
class Minute:
    """What is sent, in its order, and at which places stand the commands and clicks whose effect is looked for."""

    bodies: list[bytes]
    forms: dict[str, int]
    """By the trigger that opens it."""
    cards: dict[str, int]
    """By what the card says afterwards: `#1001, Withdrawn`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`opened` and `shown`: when it was, by what `Minute` calls it."""

    seen: Seen
    opened: dict[str, float]
    shown: dict[str, float]
    lost: int
    cpu_ms: float


@group(SLOWEST, ACK_P999, ACK_P99, ACK_P50, FORM_P99, CARD_P99, ORDERED_P99, LOST)
async def rows(_rounds: int) -> list[Figure]:
    async with company() as around, around.bot("web") as web, around.bot("worker", PORT="1") as worker:
        await asyncio.sleep(2)
        watched = [web.program, worker.program, around.valkey]
        decided = await around.ask_for(APPROVALS + WITHDRAWALS, has_cards=True)
        await around.all_said()
        minute = _minute(around, decided[:APPROVALS], decided[APPROVALS:], await around.ask_for(REFUSALS))
        await around.slow("byteful", PROVIDER_S)
        await around.book()
        spent_s = cpu_of(watched)
        seen = await sent(Plan([web.port], connections=16, rate=RATE), minute.bodies)
        opened, shown = await _effects(around, minute)
        cpu_ms = (cpu_of(watched) - spent_s) / len(minute.bodies) * 1000
        await around.slow("byteful", 0.0)
        lost = seen.refused + REFUSALS - await _refusals(around)
    return _figures(minute, Outcome(seen, opened, shown, lost, cpu_ms))


def _figures(minute: Minute, came: Outcome) -> list[Figure]:
    sent_at = came.seen.sent
    acks = [took * 1000 for took in came.seen.took]
    forms = [(came.opened[trigger] - sent_at[place]) * 1000 for trigger, place in minute.forms.items()]
    cards = {said: (came.shown[said] - sent_at[place]) * 1000 for said, place in minute.cards.items()}
    told = [took for said, took in cards.items() if not said.endswith("Ordered")]
    bought = [took for said, took in cards.items() if said.endswith("Ordered")]
    return [
        SLOWEST.measured(max(acks), samples=acks, cpu_ms=came.cpu_ms),
        ACK_P999.measured(percentile(acks, 99.9), samples=acks),
        ACK_P99.measured(percentile(acks, 99), samples=acks),
        ACK_P50.measured(percentile(acks, 50), samples=acks),
        FORM_P99.measured(percentile(forms, 99), samples=forms),
        CARD_P99.measured(percentile(told, 99), samples=told),
        ORDERED_P99.measured(percentile(bought, 99), samples=bought),
        LOST.measured(float(came.lost)),
    ]


def _minute(
    around: Company,
    approved: Sequence[PurchaseRequest],
    withdrawn: Sequence[PurchaseRequest],
    refused: Sequence[PurchaseRequest],
) -> Minute:
    """Forms, lists, menus and clicks in no particular order, as many as a minute holds, among them the decisions, at
    equal distances.
    """
    count = int(RATE * SECONDS)
    each = (count - APPROVALS - WITHDRAWALS - REFUSALS) // 4
    view = {"id": "V1", "private_metadata": "none", "state": {"values": {}}}
    forms = around.next_numbers(each)
    about: list[tuple[bytes, str]] = [(body, "") for body in around.presses(refused, user=traffic.REQUESTER)]
    about += [(suggestion(number, "product", "is", view), "") for number in around.next_numbers(each)]
    about += [(body, "") for text in ("requests", "help") for body in around.commands(each, text)]
    about += [
        (body, f"{number}.1.trigger") for number, body in zip(forms, around.commands_of(forms, "buy"), strict=True)
    ]
    random.Random("mixed").shuffle(about)
    for requests, bodies, word in (
        (approved, around.presses(approved), "Ordered"),
        (withdrawn, around.presses(withdrawn, "withdraw", traffic.REQUESTER), "Withdrawn"),
    ):
        for place, (request, body) in enumerate(zip(requests, bodies, strict=True)):
            about.insert(place * count // len(requests), (body, f"#{request.id}, {word}"))
    places = {name: place for place, (_, name) in enumerate(about) if name}
    return Minute(
        [body for body, _ in about],
        {name: place for name, place in places.items() if name.endswith("trigger")},
        {name: place for name, place in places.items() if name.startswith("#")},
    )


async def _effects(around: Company, minute: Minute) -> tuple[dict[str, float], dict[str, float]]:
    """When each form was opened, and when each card first said what had become of it. Raises when some never do."""
    opened: dict[str, float] = {}
    shown: dict[str, float] = {}
    for _ in range(300):
        book: dict[str, Any] = await around.book()
        for at, _side, call, about in book["calls"]:
            if call == "views.open":
                opened.setdefault(about, at)
            elif call == "chat.update":
                shown.setdefault(about, at)
        if minute.forms.keys() <= opened.keys() and minute.cards.keys() <= shown.keys():
            return opened, shown
        await asyncio.sleep(0.1)
    missing = (minute.forms.keys() - opened.keys()) | (minute.cards.keys() - shown.keys())
    raise RuntimeError(f"{len(missing)} forms and cards never came, {min(missing)} among them")


async def _refusals(around: Company) -> int:
    """Clicks that were refused and stand in the audit trail."""
    lines: Any = await around.redis.xrange(f"{{{WORKSPACE}}}:audit")
    return sum(b'"refused:' in fields[b"entry"] for _, fields in lines)

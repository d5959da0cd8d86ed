"""What must be true of the store and the account after anything at all: asked by `make soak` and by the tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from bot.domain.catalog import CREDIT_CODE
from bot.domain.errors import RecordError
from bot.domain.ids import RequestId, WorkspaceId
from bot.domain.ledger import Totals, budget_month
from bot.domain.period import month_end
from bot.domain.request import Happened, PurchaseRequest, State
from bot.domain.reservation import reserved
from bot.store.keys import as_bytes
from bot.store.ledger import StoredLedger
from bot.store.line import SharedClient
from bot.store.redis import RedisStore
from bot.store.trail import StoredTrail

LEAVE = frozenset({Happened.APPROVED, Happened.RESUMED})
"""Each of these in a history is one person's leave for one purchase."""
FIRST = 1001


async def broken(client: SharedClient, workspace: WorkspaceId, charged: int) -> list[str]:
    """What does not hold, in words. `charged`: cents the provider has charged for services."""
    prefix = f"{{{workspace}}}:"
    last = int(await client.get(f"{prefix}number") or 0)
    store = RedisStore(client)
    requests = [one for number in range(FIRST, last + 1) if (one := await _read(store, workspace, number))]
    found = [f"#{number} cannot be read" for number in range(FIRST, last + 1) if number not in {r.id for r in requests}]
    found += [problem for request in requests for problem in _of_one(request)]
    services = Counter(one.order.service_id for one in requests if one.order and one.order.service_id)
    found += [f"{service} belongs to {times} requests" for service, times in services.items() if times > 1]
    found += await _of_indexes(client, prefix, requests)
    found += await _of_audit(client, workspace, requests)
    found += await _of_cards(client, prefix, requests)
    totals = await _totals(client, workspace, requests)
    found += await _of_budgets(client, workspace, requests, totals)
    spent = totals.sums.spent + totals.sums.void - totals.sums.renewed
    return found + ([f"the ledger says {spent} cents, the provider charged {charged}"] if spent != charged else [])


async def _totals(client: SharedClient, workspace: WorkspaceId, requests: Sequence[PurchaseRequest]) -> Totals:
    """What the ledger says of the months of these, no more: each month is a read of its own."""
    if not requests:
        return Totals(date.min, date.min, ())
    first, last = min(one.created_at for one in requests), max(one.changed_at for one in requests)
    day = timedelta(days=1)
    begins, ends = (first - day).date().replace(day=1), month_end((last + day).date())
    return await StoredLedger(client).spend(workspace, begins, ends)


async def _of_budgets(
    client: SharedClient, workspace: WorkspaceId, requests: Iterable[PurchaseRequest], totals: Totals
) -> list[str]:
    """Held back is what the requests hold, to the cent; spent, over all months, is what the ledger says."""
    bought = [row for row in totals.rows if row.channel and row.product != CREDIT_CODE]
    places = {(row.channel, f"{row.day:%Y-%m}") for row in bought}
    places |= {(request.channel, budget_month(request)) for request in requests}
    spent, kept = 0, {}
    for channel, month in places:
        for name, cents in (await client.hgetall(f"{{{workspace}}}:budget:{channel}:{month}")).items():
            if as_bytes(name) == b"spent":
                spent += int(cents)
            else:
                kept[int(name)] = (month, int(cents))
    held = {request.id: (hold.month, hold.cents) for request in requests if (hold := reserved(request))}
    net = sum(row.sums.net for row in bought)
    found = [] if kept == held else [f"the budgets hold back {kept}, the requests {held}"]
    return found + ([] if spent == net else [f"the budgets say {spent} cents are spent, the ledger {net}"])


def _texts(raw: Iterable[Any]) -> set[str]:
    return {as_bytes(one).decode() for one in raw}


async def _read(store: RedisStore, workspace: WorkspaceId, number: int) -> PurchaseRequest | None:
    try:
        return await store.get(workspace, RequestId(number))
    except RecordError:
        return None


def _of_one(request: PurchaseRequest) -> list[str]:
    happened = Counter(entry.happened for entry in request.history)
    found = []
    if happened[Happened.CLAIMED] > sum(happened[leave] for leave in LEAVE):
        found.append(f"#{request.id} was claimed more often than it was approved")
    if happened[Happened.ORDERED] + happened[Happened.FOUND] > 1:
        found.append(f"#{request.id} was ordered twice")
    if (request.state is State.ORDERED) is not (request.order is not None):
        found.append(f"#{request.id} is {request.state} and its order says otherwise")
    if [entry.version for entry in request.history] != list(range(1, request.version + 1)):
        found.append(f"#{request.id} has a history with holes")
    return found


async def _of_indexes(client: SharedClient, prefix: str, requests: Iterable[PurchaseRequest]) -> list[str]:
    places = {state: _texts(await client.zrange(f"{prefix}state:{state}", 0, -1)) for state in State}
    waiting = _texts(await client.zrange(f"{prefix}deadline", 0, -1))
    found = []
    for request in requests:
        number = str(request.id)
        if [state for state, numbers in places.items() if number in numbers] != [request.state]:
            found.append(f"#{request.id} is {request.state} and listed elsewhere")
        if (number in waiting) is not (request.state is State.PENDING):
            found.append(f"#{request.id} is {request.state} and its deadline says otherwise")
    return found


async def _of_audit(client: SharedClient, workspace: WorkspaceId, requests: Iterable[PurchaseRequest]) -> list[str]:
    """One line for each step of each request, in order: those that say what a request is after them."""
    steps: dict[int, list[str]] = {}
    async for line in StoredTrail(client).lines(workspace):
        if line.audit.request and line.audit.after != line.audit.before:
            steps.setdefault(line.audit.request, []).append(line.audit.after.rpartition(" v")[2])
    return [
        f"the audit of #{request.id} has the steps {steps.get(request.id)}, there were {request.version}"
        for request in requests
        if steps.get(request.id) != [str(version) for version in range(1, request.version + 1)]
    ]


async def _of_cards(client: SharedClient, prefix: str, requests: Iterable[PurchaseRequest]) -> list[str]:
    """Whatever has been said, or is still to be: every request has a card, a recorded reason why not, or it waits."""
    due = _texts(await client.zrange(f"{prefix}outbox", 0, -1))
    parked = _texts(await client.hkeys(f"{prefix}parked"))
    found = []
    for request in requests:
        told = {name.lstrip("?-") for name in _texts(await client.hkeys(f"{prefix}messages:{request.id}"))}
        names = {f"card:{request.id}", *(name for name in told if name.startswith(f"copy:{request.id}:"))}
        if not names & (told | due | parked):
            found.append(f"#{request.id} has no card and no reason for that")
    return found

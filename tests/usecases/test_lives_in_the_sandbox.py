"""Random lives with everything real but Slack: the store, the sandbox over HTTP, the journal, the outbox, the ledger.

Random people, clicks and repeats of them, prices that move, time that jumps forth and back, answers of every kind, and
deaths between any two effects. After each step: nothing was bought twice or behind anybody's back, the ledger is what
the account charged, the audit is whole, every click had one answer, and every request has a card or is about to.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
)
from msgspec.structs import replace
from pydantic import SecretStr

from bot.domain.catalog import Selection
from bot.domain.draft import Draft
from bot.domain.errors import ProxydeskError, StoreUnavailableError
from bot.domain.ids import DraftId, ProductCode, RequestId, ServiceId, UserId
from bot.domain.policy import Budgets
from bot.domain.request import Happened, Order, PurchaseRequest, State
from bot.ports import Answered, LastLook, Urgency
from bot.providers import PROVIDERS, Account
from bot.store.journal import FileJournal
from bot.store.ledger import StoredLedger
from bot.store.line import SharedClient
from bot.store.redis import connect
from bot.usecases import checkout, decide, journal, pausing, submit
from bot.usecases.decide import Click, Decision
from bot.usecases.desk import Desk
from bot.usecases.tell import Teller
from playground import invariants
from playground.provider import ProviderWorld
from playground.provider_server import running_provider
from tests.examples import APPROVER, CHANNEL, REQUESTER, SECOND_APPROVER, WORKSPACE
from tests.usecases.conftest import Clock, policy
from tests.usecases.fakes import FakeDirectory, FakeNotifier, KilledError, Moments, SteppedStore
from tests.usecases.life import PEOPLE, START, Life, live

PRODUCT = ProductCode("datacenter_us")
EVERY = range(1001, 1004)
NUMBERS = st.sampled_from(EVERY)
FAULTS: tuple[tuple[str, dict[str, float]], ...] = (
    *(("unprocessable", {}), ("server_error", {}), ("html_error", {}), ("reset_before_charge", {}), ("conflict", {})),
    *(("server_error_after_charge", {}), ("html_error_after_charge", {}), ("reset_after_charge", {})),
    *(("half_answer", {}), ("late_charge", {"delay_s": 240.0, "status": 504.0}), ("unauthorized", {})),
)
DEATHS = (
    *("get", "hold", "quote", "services", "move:claimed", "moved:claimed", "create", "sold", "move:ordered"),
    *("moved:ordered", "tag", "move:unclear", "moved:unclear", "move:found", "moved:found", "say", "said"),
)
"""Moments between two effects, at each of which the process may end."""


class SteppedProvider:
    """The real adapter. Moments: `quote`, `services`, `tag`; `create` before a checkout, `sold` at its end."""

    def __init__(self, real: Any, moments: Moments) -> None:
        self._real = real
        self.moments = moments
        self.creates = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def quote(self, selection: Selection) -> Any:
        await self.moments.come("quote")
        return await self._real.quote(selection)

    async def services_since(self, since: datetime) -> Any:
        await self.moments.come("services")
        return await self._real.services_since(since)

    async def tag_service(self, service_id: ServiceId, metadata: Mapping[str, str]) -> None:
        await self.moments.come("tag")
        await self._real.tag_service(service_id, metadata)

    async def create_checkout(self, selection: Selection, last_look: LastLook | None = None) -> Order:
        is_sent = False

        async def looked() -> None:
            nonlocal is_sent
            if last_look is not None:
                await last_look()
            await self.moments.come("create")
            self.creates += 1
            is_sent = True

        try:
            return await self._real.create_checkout(selection, looked)  # type: ignore[no-any-return]
        finally:
            if is_sent:
                await self.moments.come("sold")


class SandboxLives(Life):
    """One workspace, one account, a few requests, two workers."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.stack: AsyncExitStack | None = None
        self.clicks: list[Click] = []

    @initialize(fault=st.sampled_from(FAULTS), death=st.sampled_from(DEATHS), dollars=st.sampled_from([None, 7, 12]))
    def open(self, fault: tuple[str, dict[str, float]], death: str, dollars: int | None) -> None:
        """Each life begins with three requests that are approved; one meets trouble and one a death."""
        self.run(self._open(dollars))
        for number in EVERY:
            self.somebody_approves(number, APPROVER, 0)
        self.a_worker_meets_trouble(EVERY[0], fault)
        self.a_worker_dies(EVERY[1], death)

    async def _open(self, dollars: int | None) -> None:
        self.stack = stack = AsyncExitStack()
        type(self).clock.time = START
        self.client: SharedClient = connect(self.url)
        stack.push_async_callback(self.client.aclose)
        await self.client.flushall()
        self.world = ProviderWorld(history=False, at=START)
        self.world.settings.rate_limit = 100_000
        self.world.set_credit(0)
        url = await stack.enter_async_context(running_provider(self.world))
        account = Account(url, SecretStr(self.world.public_key), SecretStr(self.world.private_key))
        opened = PROVIDERS["byteful"](account, _at_once, lambda: self.clock.time)
        self.moments = Moments()
        self.provider = SteppedProvider(await stack.enter_async_context(opened), self.moments)
        store, directory = SteppedStore(self.client, self.moments), FakeDirectory()
        self.store = store
        self.policy = policy(budgets=Budgets(monthly_dollars=dollars))
        common = (store, StoredLedger(self.client), self.provider, directory, lambda: self.policy, _nobody)
        kept = [FileJournal(self.folder / f"{id(self)}-{number}") for number in range(2)]
        self.workers = [Desk(*common, journal=one) for one in kept]  # type: ignore[arg-type]
        self.tellers = [Teller(desk, FakeNotifier(self.moments), lambda: self.clock.time) for desk in self.workers]
        for number in EVERY:
            await self._ask(f"draft-{number}", number - 1000)

    async def _ask(self, draft: str, quantity: int) -> None:
        desk = self.workers[0]
        asked = replace(
            Draft(DraftId(draft), WORKSPACE, REQUESTER),
            product_code=PRODUCT,
            quantity=quantity,
            cycle=(await desk.provider.catalog())[PRODUCT].cycles[0],
            reason="To see what happens",
            channel=CHANNEL,
        )
        await submit.submit(desk, await submit.price(desk, asked))

    def request(self, number: int) -> PurchaseRequest:
        return self.run(SteppedStore(self.client, Moments()).get(WORKSPACE, RequestId(number)))  # type: ignore[no-any-return]

    # People

    def click(self, click: Click, decide_: Callable[[Desk, Click], Awaitable[Decision]]) -> None:
        """Each is answered: by a decision, or by an error of ours, which is put in words. Any other fails the life."""
        self.clicks.append(click)
        with suppress(ProxydeskError):
            assert isinstance(self.run(decide_(self.workers[0], click)), Decision)

    @rule(number=NUMBERS, user=PEOPLE, age=st.integers(0, 1))
    def somebody_approves(self, number: int, user: UserId, age: int) -> None:
        request = self.request(number)
        self.click(Click(WORKSPACE, user, request.id, max(1, request.revision - age)), decide.approve)

    @rule(number=NUMBERS, user=PEOPLE, what=st.sampled_from(["decline", "withdraw", "retry", "retry"]))
    def somebody_clicks(self, number: int, user: UserId, what: str) -> None:
        request = self.request(number)
        if what == "decline" and self.world.creates_effective % 2:  # else hardly any life would be long
            return
        steps: dict[str, Callable[[Desk, Click], Awaitable[Decision]]] = {
            "decline": lambda desk, click: decide.decline(desk, click, "No."),
            "withdraw": decide.withdraw,
            "retry": decide.retry,
        }
        self.click(Click(WORKSPACE, user, request.id, request.revision), steps[what])

    @precondition(lambda self: self.stack is not None and bool(self.clicks))
    @rule(which=st.integers(0, 50))
    def an_old_click_comes_again(self, which: int) -> None:
        self.click(self.clicks[which % len(self.clicks)], decide.approve)

    @rule(number=NUMBERS)
    def a_draft_is_sent_again(self, number: int) -> None:
        self.attempt(self._ask(f"draft-{number}", number - 1000))

    @rule(number=NUMBERS)
    def somebody_looks_and_says_what_is_there(self, number: int) -> None:
        """A person who looks at the dashboard after the settle time sees what is there."""
        request = self.request(number)
        if request.state is not State.IN_DOUBT:
            return
        known = {row.order.service_id for other in EVERY if (row := self.request(other)).order}
        mine = [one for one in self._bought(request.selection.quantity) if one not in known]
        click = Click(WORKSPACE, SECOND_APPROVER, request.id, request.revision)
        if mine:
            self.click(click, lambda desk, click: decide.mark_found(desk, click, ServiceId(mine[0])))
        elif not self._is_under_way():
            self.click(click, decide.mark_absent)

    def _bought(self, quantity: int) -> list[str]:
        """Services of this size; each request of a life asks for another, so they are one request's."""
        return [row["service_id"] for row in self.world.state()["services"] if row["service_quantity"] == quantity]

    def _is_under_way(self) -> bool:
        """Whether a charge may still land by itself."""
        return self.world.now() < self.late_until

    late_until = datetime.min.replace(tzinfo=UTC)

    # The machine

    async def drive(self, number: int, worker: int) -> None:
        await checkout.drive(self.workers[worker], WORKSPACE, RequestId(number))
        while await self.tellers[worker].tell(WORKSPACE):
            pass

    @rule(number=NUMBERS, worker=st.integers(0, 1))
    def a_worker_comes(self, number: int, worker: int) -> None:
        self.attempt(self.drive(number, worker))

    @rule(number=NUMBERS)
    def both_workers_come(self, number: int) -> None:
        async def both() -> None:
            await asyncio.gather(self.drive(number, 0), self.drive(number, 1))

        self.attempt(both())

    @rule(number=NUMBERS, fault=st.sampled_from(FAULTS))
    def a_worker_meets_trouble(self, number: int, fault: tuple[str, dict[str, float]]) -> None:
        name, parameters = fault
        if name == "late_charge":
            self.late_until = self.world.now() + timedelta(seconds=parameters["delay_s"] + 1)
        self.world.faults.set(name, endpoint="checkout/create", times=1, **parameters)
        self.attempt(self.drive(number, 0))
        self.world.faults.clear(name)

    @rule(number=NUMBERS, death=st.sampled_from(DEATHS))
    def a_worker_dies(self, number: int, death: str) -> None:
        self.moments.at(death, KilledError())
        self.attempt(self.drive(number, 0))
        self.moments.forget()

    @rule(number=NUMBERS, moment=st.sampled_from(["hold", "move:claimed", "moved:claimed", "move:ordered"]))
    def the_store_is_away_for_a_moment(self, number: int, moment: str) -> None:
        self.moments.at(moment, StoreUnavailableError("away"))
        self.attempt(self.drive(number, 0))
        self.moments.forget()

    @rule()
    def the_machines_look_into_their_journals(self) -> None:
        for desk in self.workers:
            self.attempt(journal.replay(desk))

    @rule(minutes=st.sampled_from([1, 6, 20, -30, 60 * 80]))
    def time_jumps(self, minutes: int) -> None:
        """Leases of those who died end; what waited too long is closed. Now and then a clock is set back."""
        self.clock.on(timedelta(minutes=minutes))
        if minutes > 0:
            self.world.clock.advance(timedelta(minutes=minutes))

        async def sweep() -> None:
            await self.client.delete(f"{{{WORKSPACE}}}:lease:checkout")
            await pausing.look_again(self.workers[0])
            for request in await self.store.overdue(WORKSPACE, self.clock.time):
                await decide.expire(self.workers[0], request)

        self.attempt(sweep())

    @rule(cents=st.sampled_from([180, 200, 250]))
    def the_price_moves(self, cents: int) -> None:
        self.world.set_price(PRODUCT, cents)

    # What must be true after any of it

    @precondition(lambda self: self.stack is not None)
    @invariant()
    def nothing_is_bought_twice_or_unseen(self) -> None:
        for number in EVERY:
            request = self.request(number)
            happened = Counter(entry.happened for entry in request.history)
            leaves = sum(happened[leave] for leave in invariants.LEAVE)
            bought = self._bought(request.selection.quantity)
            assert len(bought) <= happened[Happened.CLAIMED] <= leaves
            if bought:
                assert request.state in (State.ORDERING, State.IN_DOUBT, State.ORDERED), request.state

    @precondition(lambda self: self.stack is not None)
    @invariant()
    def the_books_agree_with_the_account(self) -> None:
        known = {row.order.service_id for number in EVERY if (row := self.request(number)).order}
        lines = self.world.state()["statement"]
        charged = sum(one["cents"] for one in lines if one["kind"] == "charge" and one["service_id"] in known)
        assert self.run(invariants.broken(self.client, WORKSPACE, charged)) == []

    def teardown(self) -> None:
        if self.stack is not None:
            self.run(self.stack.aclose())


async def _at_once(urgency: Urgency) -> Answered:
    """No pace: the account of a life allows any."""
    return lambda: None


async def _nobody(_request: PurchaseRequest) -> None:
    """Nobody is nudged: workers come when the life says so."""


def test_n2_n17_no_life_in_the_sandbox_breaks_a_promise(server: SecretStr, clock: Clock, tmp_path: Path) -> None:
    SandboxLives.folder = tmp_path
    live(SandboxLives, server, clock, lives=20, steps=12)

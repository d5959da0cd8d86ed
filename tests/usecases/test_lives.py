"""Random lives on the real store: two approvers, a requester, the clock, crashes and every way a checkout may end.

After each step, whatever happened: money moved at most once per approval, and the store's books agree with each other.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
)
from pydantic import SecretStr

from bot.domain.errors import (
    NeverSentError,
    OutcomeUnknownError,
    RefusedError,
    StoreUnavailableError,
)
from bot.domain.ids import RequestId, UserId
from bot.domain.ledger import budget_month, entries_of
from bot.domain.policy import Budgets, Policy, Role
from bot.domain.request import Happened, PurchaseRequest, State
from bot.domain.reservation import may_exceed, reserved
from bot.store.line import SharedClient
from bot.store.redis import connect
from bot.usecases import checkout, decide
from playground import invariants
from tests.examples import APPROVER, CHANNEL, FINANCE, SECOND_APPROVER, WORKSPACE
from tests.usecases.conftest import Clock, Office, click_on, policy
from tests.usecases.fakes import FakeDirectory, FakeProvider, KilledError, Moments, SteppedStore
from tests.usecases.life import PEOPLE, START, Life, live

EVERY = range(1001, 1005)
NUMBERS = st.sampled_from(EVERY)
Trouble = tuple[str, Callable[[], BaseException]]
TROUBLES: list[Trouble] = [
    ("create", lambda: NeverSentError("never sent")),
    ("create", lambda: RefusedError("refused")),
    ("create", lambda: OutcomeUnknownError("unclear, not sold")),
    ("sold", lambda: OutcomeUnknownError("unclear, sold")),
    ("quote", lambda: NeverSentError("no price")),
    ("tag", lambda: OutcomeUnknownError("no stamp")),
    *((moment, lambda: StoreUnavailableError("away")) for moment in ("hold", "move:claimed", "moved:claimed")),
    *((moment, lambda: StoreUnavailableError("away")) for moment in ("move:ordered", "moved:ordered")),
    *((moment, KilledError) for moment in ("quote", "services", "move:claimed", "moved:claimed")),
    *((moment, KilledError) for moment in ("create", "sold", "move:ordered", "moved:ordered", "tag")),
]
CAPS = st.sampled_from([None, 10, 20, 40, 80])
MONTHS = [f"2026-{month:02}" for month in range(7, 13)]
"""A life begins in July and takes some weeks at most."""


def with_budget(rules: Policy, dollars: int | None) -> Policy:
    """Room for none, one, two or all of the requests at the usual price."""
    roles = {**rules.roles, "finance": Role(users=(FINANCE,))}
    budgets = Budgets(monthly_dollars=dollars, over_budget_role="finance")
    return rules.model_copy(update={"roles": roles, "budgets": budgets})


class Lives(Life):
    """One workspace, a few requests, and everything that can happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.client: SharedClient | None = None
        self.creates: Counter[int] = Counter()
        self.driven = 0

    @initialize(needed=st.sampled_from([1, 2]), dollars=CAPS, troubles=st.tuples(*[st.sampled_from(TROUBLES)] * 3))
    def open(self, needed: int, dollars: int | None, troubles: tuple[Trouble, ...]) -> None:
        """What matters happens after an approval, so three of four lives begin with one, and with trouble."""
        self.client = connect(self.url)
        self.run(self.client.flushall())
        type(self).clock.time = START
        moments = Moments()
        store, provider = SteppedStore(self.client, moments), FakeProvider(moments)
        rules = with_budget(policy(needed=needed), dollars)
        self.office = Office(store, provider, FakeDirectory(), moments, self.client, self.clock, rules)
        for number in EVERY:
            self.run(self.office.place(draft=f"d{number}"))
        moments.always("sold", self._note_sale)
        self.note = self._note_sale
        for number, trouble in zip(EVERY, troubles, strict=False):
            for user in (APPROVER, SECOND_APPROVER):
                self.approves(number, user, 0)
            self.a_worker_comes_into_trouble(number, trouble)

    async def _note_sale(self) -> None:
        claimed = await self.office.store.in_state(WORKSPACE, State.ORDERING)
        assert self.driven in [request.id for request in claimed], "it was bought without a claim in the store"
        self.creates[self.driven] += 1

    async def drive(self, number: int) -> None:
        """Take one request on; whatever is sold meanwhile is sold for it."""
        self.driven = number
        await checkout.drive(self.office.desk, WORKSPACE, RequestId(number))

    def request(self, number: int) -> PurchaseRequest:
        return self.run(self.office.store.get(WORKSPACE, RequestId(number)))  # type: ignore[no-any-return]

    # People

    @rule(number=NUMBERS, user=PEOPLE, age=st.integers(0, 1))
    def approves(self, number: int, user: UserId, age: int) -> None:
        request = self.request(number)
        click = click_on(request, user, revision=max(1, request.revision - age))
        self.attempt(decide.approve(self.office.desk, click))

    @rule(number=NUMBERS, user=st.sampled_from([FINANCE, APPROVER]))
    def approves_over_budget(self, number: int, user: UserId) -> None:
        self.attempt(decide.approve_beyond(self.office.desk, click_on(self.request(number), user)))

    @rule(one=NUMBERS, other=NUMBERS)
    def two_are_approved_at_once(self, one: int, other: int) -> None:
        clicks = [click_on(self.request(number), SECOND_APPROVER) for number in (one, other)]
        desk = self.office.desk

        async def both() -> None:
            await asyncio.gather(*(decide.approve(desk, click) for click in clicks))

        self.attempt(both())

    @rule(number=NUMBERS)
    def both_click_at_once(self, number: int) -> None:
        clicks = [click_on(self.request(number), user) for user in (APPROVER, SECOND_APPROVER)]
        desk = self.office.desk

        async def both() -> None:
            await asyncio.gather(decide.approve(desk, clicks[0]), decide.approve(desk, clicks[1]))

        self.attempt(both())

    @rule(number=NUMBERS, user=PEOPLE, odds=st.integers(0, 3))
    def ends_it(self, number: int, user: UserId, odds: int) -> None:
        click = click_on(self.request(number), user)
        if odds == 0:
            self.attempt(decide.decline(self.office.desk, click, "No."))
        elif odds == 1:
            self.attempt(decide.withdraw(self.office.desk, click))

    @rule(number=NUMBERS)
    def tries_again(self, number: int) -> None:
        self.attempt(decide.retry(self.office.desk, click_on(self.request(number))))

    @rule(number=NUMBERS)
    def says_it_is_absent_when_it_is(self, number: int) -> None:
        """A person who looks sees what is there; they do not say so of something that was bought."""
        request = self.request(number)
        if request.state is State.IN_DOUBT and self.creates[number] == self.known_orders(number):
            self.attempt(decide.mark_absent(self.office.desk, click_on(request)))

    def known_orders(self, number: int) -> int:
        return int(self.request(number).order is not None)

    @rule(number=NUMBERS, which=st.integers(0, 3))
    def names_a_service(self, number: int, which: int) -> None:
        services = self.office.provider.services
        if services:
            chosen = services[which % len(services)].id
            self.attempt(decide.mark_found(self.office.desk, click_on(self.request(number)), chosen))

    # The machine

    @rule(number=NUMBERS)
    def a_worker_comes(self, number: int) -> None:
        self.attempt(self.drive(number))

    @rule(number=NUMBERS, trouble=st.sampled_from(TROUBLES))
    def a_worker_comes_into_trouble(self, number: int, trouble: Trouble) -> None:
        moment, make = trouble
        error = make()

        async def note_and_fail() -> None:
            await self._note_sale()
            raise error

        self.office.moments.at(moment, note_and_fail if moment == "sold" else error)
        self.attempt(self.drive(number))
        self.office.moments.forget()
        self.office.moments.always("sold", self.note)

    @rule(number=NUMBERS)
    def several_workers_come_at_once(self, number: int) -> None:
        async def several() -> None:
            await asyncio.gather(*(self.drive(number) for _ in range(3)))

        self.attempt(several())

    @rule(minutes=st.sampled_from([1, 5, 60 * 30, 60 * 80]))
    def time_passes(self, minutes: int) -> None:
        """Leases of those who died end; what waited too long is closed."""
        self.office.clock.on(timedelta(minutes=minutes))

        async def sweep() -> None:
            assert self.client is not None
            await self.client.delete(f"{{{WORKSPACE}}}:lease:checkout")
            for request in await self.office.store.overdue(WORKSPACE, self.office.clock.time):
                await decide.expire(self.office.desk, request)

        self.attempt(sweep())

    @rule(price=st.sampled_from([300, 350, 400]))
    def the_price_moves(self, price: int) -> None:
        self.office.provider.per_unit = price

    # What must be true after any of it

    @precondition(lambda self: self.client is not None)
    @invariant()
    def money_moved_at_most_once_for_each_leave(self) -> None:
        for number in EVERY:
            history = self.request(number).history
            leaves = sum(entry.happened in invariants.LEAVE for entry in history)
            claims = sum(entry.happened is Happened.CLAIMED for entry in history)
            assert self.creates[number] <= claims <= leaves

    @precondition(lambda self: self.client is not None)
    @invariant()
    def every_purchase_is_known_or_in_doubt(self) -> None:
        """Nothing is bought behind a card that says it is not."""
        for number in EVERY:
            if self.creates[number]:
                assert self.request(number).state in (State.ORDERING, State.IN_DOUBT, State.ORDERED)

    @precondition(lambda self: self.client is not None)
    @invariant()
    def the_books_agree_with_what_was_sold(self) -> None:
        known = {row.order.service_id for number in EVERY if (row := self.request(number)).order}
        charged = sum(one.total for one in self.office.provider.services if one.id in known)
        assert self.run(invariants.broken(self.office.raw, WORKSPACE, charged)) == []

    @precondition(lambda self: self.client is not None)
    @invariant()
    def the_budget_is_kept(self) -> None:
        self.run(self._check_budget())

    async def _check_budget(self) -> None:
        """What is reserved and spent is what the requests say, and within the cap unless somebody who may went beyond.

        A person may name a dearer service than was approved: that is spent whatever the cap is.
        """
        assert self.client is not None
        requests = [self.office.store.get(WORKSPACE, RequestId(number)) for number in EVERY]
        found = [request for request in await asyncio.gather(*requests) if request is not None]
        held = {request.id: hold for request in found if (hold := reserved(request))}
        for month in MONTHS:
            mine = [request for request in found if budget_month(request) == month]
            spent = sum(entry.counts for request in mine for entry in entries_of(request))
            fields = await self.client.hgetall(f"{{{WORKSPACE}}}:budget:{CHANNEL}:{month}")
            kept = {int(name): int(cents) for name, cents in fields.items() if name != b"spent"}
            assert kept == {number: hold.cents for number, hold in held.items() if hold.month == month}
            stands = await self.office.store.budget(WORKSPACE, CHANNEL, month, 0)
            assert (stands.spent, stands.reserved) == (spent, sum(kept.values()))
            cap = self.office.policy.cap_of(CHANNEL)
            went_beyond = any(may_exceed(request) or request.last(Happened.FOUND) for request in mine)
            assert cap is None or went_beyond or spent + stands.reserved <= cap

    def teardown(self) -> None:
        if self.client is not None:
            self.run(self.client.aclose())


def test_no_life_moves_money_twice_or_leaves_the_books_in_disorder(server: SecretStr, clock: Clock) -> None:
    live(Lives, server, clock, lives=40, steps=20)

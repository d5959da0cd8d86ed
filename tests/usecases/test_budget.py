"""Budgets: reserved with the approval, settled or released with what becomes of it, never overspent by two at once."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from bot.domain.errors import NeverSentError, OutcomeUnknownError, RefusedError
from bot.domain.finding import Finding, Kind
from bot.domain.ids import ChannelId, UserId
from bot.domain.ledger import Kind as Booked
from bot.domain.ledger import entries_of, given_back
from bot.domain.money import Cents
from bot.domain.policy import Approvals, Budgets, ChannelSettings, Policy, PriceTolerance, Role
from bot.domain.quote import ChangeKind
from bot.domain.request import Followed, Happened, PurchaseRequest, State
from bot.store.redis import connect
from bot.usecases import checkout, decide
from bot.usecases.decide import Decision, Result
from bot.usecases.desk import Desk
from bot.usecases.report import inbox
from bot.usecases.summaries import may_see_prices
from tests.examples import APPROVER, CHANNEL, FINANCE, NOW, SECOND_APPROVER, WORKSPACE
from tests.store.looking import audit
from tests.usecases.conftest import Office, click_on
from tests.usecases.fakes import FakeDirectory

PRICE = 1_750
"""Cents of the request that tests place."""
JULY, AUGUST = "2026-07", "2026-08"


def capped(dollars: int | None = 20, *, beyond: bool = True, needed: int = 1, tolerance: int = 0) -> Policy:
    """Room for one request of $17.50, not for two."""
    return Policy(
        roles={"approver": Role(users=(APPROVER,)), "finance": Role(users=(FINANCE,))},
        approvals=Approvals(needed=needed),
        budgets=Budgets(monthly_dollars=dollars, over_budget_role="finance" if beyond else None),
        price_tolerance=PriceTolerance(cents=tolerance),
    )


@pytest.fixture(autouse=True)
def _with_a_cap(office: Office) -> None:
    office.policy = capped()


async def stands(office: Office, month: str = JULY, channel: ChannelId = CHANNEL) -> tuple[Cents, Cents]:
    """Cents spent and reserved. Nothing is left behind that reading would have to tidy up."""
    written = await office.raw.hgetall(f"{{{WORKSPACE}}}:budget:{channel}:{month}")
    found = await office.store.budget(WORKSPACE, channel, month, 0)
    assert found.reserved == sum(int(cents) for name, cents in written.items() if name != b"spent")
    return found.spent, found.reserved


async def approve(office: Office, request: PurchaseRequest, user: UserId = APPROVER) -> Decision:
    return await decide.approve(office.desk, click_on(await office.now(request), user))


async def approve_beyond(office: Office, request: PurchaseRequest, user: UserId = FINANCE) -> Decision:
    return await decide.approve_beyond(office.desk, click_on(await office.now(request), user))


async def buy(office: Office, request: PurchaseRequest) -> PurchaseRequest:
    await checkout.drive(office.desk, WORKSPACE, request.id)
    return await office.now(request)


async def bought(office: Office, draft: str = "before") -> PurchaseRequest:
    request = await office.place(draft=draft)
    assert (await approve(office, request)).result is Result.DONE
    assert (await buy(office, request)).state is State.ORDERED
    return await office.now(request)


# Reserved, settled, released


async def test_x5_the_approval_reserves_and_the_purchase_settles(office: Office) -> None:
    request = await office.place()
    assert await stands(office) == (0, 0)
    await approve(office, request)
    assert await stands(office) == (0, PRICE)
    await buy(office, request)
    assert await stands(office) == (PRICE, 0)


async def test_x5_an_unclear_purchase_keeps_its_reservation_until_it_is_settled(office: Office) -> None:
    request = await office.place()
    await approve(office, request)
    office.moments.at("create", OutcomeUnknownError("no answer"))
    assert (await buy(office, request)).state is State.IN_DOUBT
    assert await stands(office) == (0, PRICE)
    office.clock.on(timedelta(hours=1))
    await buy(office, request)
    decision = await decide.mark_absent(office.desk, click_on(await office.now(request)))
    assert decision.result is Result.DONE
    assert await stands(office) == (0, 0)


@pytest.mark.parametrize("error", [RefusedError("no stock"), NeverSentError("no line")])
async def test_x5_a_purchase_that_was_refused_releases_and_trying_again_reserves_again(
    office: Office, error: Exception
) -> None:
    request = await office.place()
    await approve(office, request)
    office.moments.at("create", error)
    assert (await buy(office, request)).state is State.FAILED
    assert await stands(office) == (0, 0)
    await decide.retry(office.desk, click_on(await office.now(request)))
    assert (await office.now(request)).state is State.APPROVED
    assert await stands(office) == (0, PRICE)


async def test_x5_taking_an_approved_request_back_releases(office: Office) -> None:
    request = await office.place()
    await approve(office, request)
    await decide.withdraw(office.desk, click_on(await office.now(request), request.requester))
    assert (await office.state(request), await stands(office)) == (State.WITHDRAWN, (0, 0))


async def test_x5_a_price_that_moved_too_far_releases_until_the_fresh_decision(office: Office) -> None:
    request = await office.place()
    await approve(office, request)
    office.provider.per_unit = 360
    assert (await buy(office, request)).state is State.PENDING
    assert await stands(office) == (0, 0)
    await approve(office, request)
    assert await stands(office) == (0, 1_800)


async def test_x5_a_cheaper_price_reserves_less(office: Office) -> None:
    request = await office.place()
    await approve(office, request)
    office.provider.per_unit = 300
    office.moments.at("create", OutcomeUnknownError("no answer"))
    await buy(office, request)
    assert await stands(office) == (0, 1_500)


async def test_x5_of_two_approvals_needed_only_the_last_reserves(office: Office) -> None:
    office.policy = capped(needed=2)
    request = await office.place()
    await approve(office, request)
    assert await stands(office) == (0, 0)
    await approve(office, request, SECOND_APPROVER)
    assert await stands(office) == (0, PRICE)


async def test_x5_a_reservation_whose_request_does_not_hold_it_any_more_is_dropped(office: Office) -> None:
    """Whatever left it behind, it takes no room: the approval that meets it drops it."""
    over = await office.place(draft="over")
    key = f"{{{WORKSPACE}}}:budget:{CHANNEL}:{JULY}"
    await office.raw.hset(key, mapping={str(over.id): 900, "4711": 900})
    request = await office.place()
    assert (await approve(office, request)).result is Result.DONE
    assert set(await office.raw.hkeys(key)) == {b"spent", str(request.id).encode()}


async def test_x5_without_a_cap_it_is_reserved_as_well_so_that_a_cap_set_meanwhile_is_right(office: Office) -> None:
    office.policy = capped(None)
    request, other = await office.place(draft="a"), await office.place(draft="b")
    await approve(office, request)
    office.policy = capped()
    assert (await approve(office, other)).result is Result.OVER_BUDGET


async def test_x5_a_cap_lowered_after_the_approval_does_not_stop_the_purchase(office: Office) -> None:
    request = await office.place()
    await approve(office, request)
    office.policy = capped(1)
    assert (await buy(office, request)).state is State.ORDERED


async def test_x5_credit_and_renewals_that_are_stopped_need_no_room(office: Office) -> None:
    office.policy = capped(0)
    request = await office.place_top_up()
    assert (await approve(office, request)).result is Result.DONE
    assert (await buy(office, request)).state is State.ORDERED
    assert await stands(office) == (0, 0)


async def test_x5_each_channel_has_its_own_budget(office: Office) -> None:
    other = ChannelId("C0OTHER")
    office.policy = capped().model_copy(update={"channel_settings": {other: ChannelSettings(budget_dollars=10)}})
    here, there = await office.place(draft="a"), await office.place(draft="b", channel=other)
    assert (await approve(office, here)).result is Result.DONE
    assert (await approve(office, there)).result is Result.OVER_BUDGET
    assert await stands(office, channel=other) == (0, 0)


# Over budget


async def test_t08_what_does_not_fit_is_not_bought_and_the_approval_does_not_count(office: Office) -> None:
    await bought(office)
    request = await office.place()
    decision = await approve(office, request)
    now = await office.now(request)
    assert decision.result is Result.OVER_BUDGET
    assert (now.state, now.approvals, now.history[-1].happened) == (State.PENDING, (), Happened.CAPPED)
    budget = now.over_budget
    assert budget is not None
    assert (budget.month, budget.cap, budget.spent, budget.reserved, budget.needed) == (JULY, 2_000, PRICE, 0, PRICE)
    assert (budget.left, budget.left_after) == (250, -1_500)
    assert (await buy(office, request)).state is State.PENDING
    assert await stands(office) == (PRICE, 0)


async def test_t08_who_may_go_beyond_and_who_asked_are_told_once(office: Office) -> None:
    await bought(office)
    request = await office.place()
    await approve(office, request)
    for _ in range(3):
        assert (await approve(office, request)).result is Result.OVER_BUDGET
    now = await office.now(request)
    assert [entry.happened for entry in now.history].count(Happened.CAPPED) == 1
    assert now.history[-1].others == (FINANCE,)
    lines = [line["what"] for line in await audit(office.raw, WORKSPACE) if line["request"] == request.id]
    assert lines == ["submitted", "capped", "late_click", "late_click", "late_click"]


async def test_t08_it_is_approved_as_usual_once_there_is_room(office: Office) -> None:
    first, second = await office.place(draft="a"), await office.place(draft="b")
    await approve(office, first)
    await approve(office, second)
    await decide.withdraw(office.desk, click_on(await office.now(first), first.requester))
    assert (await approve(office, second)).result is Result.DONE
    now = await buy(office, second)
    assert (now.state, now.over_budget) == (State.ORDERED, None)


async def test_t08_the_role_for_it_may_approve_beyond_the_cap_and_the_record_says_so(office: Office) -> None:
    await bought(office)
    request = await office.place()
    await approve(office, request)
    assert (await approve_beyond(office, request)).result is Result.DONE
    assert await stands(office) == (PRICE, PRICE)
    now = await buy(office, request)
    assert now.state is State.ORDERED
    assert [(one.by, one.rule) for one in now.approvals] == [(FINANCE, "over_budget:finance")]
    steps = {line["what"]: line["detail"] for line in await audit(office.raw, WORKSPACE) if line["request"] == now.id}
    assert steps["capped"] == "2026-07: 1750 cents needed, 250 left of 2000 (1750 spent, 0 reserved)"
    assert steps["approved"] == "revision 1 by over_budget:finance"


async def test_t08_nobody_else_may_approve_beyond_and_nobody_for_themselves(office: Office) -> None:
    await bought(office)
    request = await office.place(requester=FINANCE)
    await approve(office, request)
    for user, rule in ((APPROVER, "holds_role"), (FINANCE, "not_own_request")):
        decision = await approve_beyond(office, request, user)
        assert decision.result is Result.REFUSED
        assert decision.verdict is not None
        assert decision.verdict.rule == rule
    office.policy = capped(beyond=False)
    decision = await approve_beyond(office, request)
    assert decision.verdict is not None
    assert decision.verdict.rule == "over_budget_role"
    assert await office.state(request) is State.PENDING


async def test_t08_beyond_the_cap_is_approved_only_what_was_said_to_be_over_it(office: Office) -> None:
    """The role is for budgets: it decides nothing else, and nobody goes over a cap without having read so."""
    request = await office.place()
    assert (await approve_beyond(office, request)).result is Result.TOO_LATE
    assert (await approve(office, request, FINANCE)).result is Result.REFUSED


async def test_t08_whoever_lost_the_role_for_it_before_the_purchase_is_noticed(office: Office) -> None:
    await bought(office)
    request = await office.place()
    await approve(office, request)
    await approve_beyond(office, request)
    office.policy = capped(beyond=False)
    now = await buy(office, request)
    assert (now.state, [change.kind for change in now.changes]) == (State.PENDING, [ChangeKind.APPROVER])
    assert await stands(office) == (PRICE, 0)


async def test_t08_a_dearer_price_within_tolerance_that_has_no_room_goes_back_for_a_decision(office: Office) -> None:
    office.policy = capped(18, tolerance=500)
    request = await office.place()
    await approve(office, request)
    office.provider.per_unit = 370
    now = await buy(office, request)
    assert (now.state, office.provider.creates) == (State.PENDING, 0)
    assert [(one.kind, one.before, one.after) for one in now.changes] == [
        (ChangeKind.PRICE_UP, 1_750, 1_850),
        (ChangeKind.BUDGET, 1_750, 1_850),
    ]
    assert await stands(office) == (0, 0)


async def test_t08_a_dearer_price_within_tolerance_that_fits_is_reserved(office: Office) -> None:
    office.policy = capped(19, tolerance=500)
    request = await office.place()
    await approve(office, request)
    office.provider.per_unit = 370
    office.moments.at("create", OutcomeUnknownError("no answer"))
    assert (await buy(office, request)).state is State.IN_DOUBT
    assert await stands(office) == (0, 1_850)


async def test_t08_trying_again_without_room_asks_for_a_fresh_decision(office: Office) -> None:
    request = await office.place(draft="a")
    await approve(office, request)
    office.moments.at("create", RefusedError("no stock"))
    await buy(office, request)
    await bought(office, "b")
    decision = await decide.retry(office.desk, click_on(await office.now(request)))
    assert decision.result is Result.DONE
    assert (await office.now(request)).history[-1].happened is Happened.RETRIED
    assert await stands(office) == (PRICE, 0)


async def test_t08_who_may_go_beyond_sees_the_sums_of_what_they_decide_on(office: Office) -> None:
    """Also where the policy shows prices to approvers alone: without sums there would be no buttons."""
    office.policy = capped().model_copy(update={"prices_visible_to": ("approver",)})
    request = await office.place()
    seen = await may_see_prices(office.desk, FINANCE, None, request.requester, CHANNEL)
    assert (seen.is_allowed, seen.rule) == (True, "role:finance")


async def test_t08_what_is_over_budget_waits_for_those_who_may_go_beyond_and_nothing_else_does(office: Office) -> None:
    await bought(office)
    over, _ = await office.place(draft="a"), await office.place(draft="b")
    await approve(office, over)
    waiting = (await inbox(office.desk, WORKSPACE, FINANCE)).waiting
    assert waiting is not None
    assert [one.id for one in waiting] == [over.id]


class FinanceUnheardOf(FakeDirectory):
    """Slack never says who holds the role that goes beyond."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def holders(self, role: Role) -> frozenset[UserId]:
        if FINANCE in role.users:
            self.asked += 1
            await asyncio.Event().wait()
        return await super().holders(role)


@pytest.mark.parametrize(("dollars", "asked"), [(20, 1), (None, 0)])
async def test_t08_an_approval_that_fits_waits_for_nobody_who_may_go_beyond(
    office: Office, dollars: int | None, asked: int
) -> None:
    """They are asked for beside the judging, and only where there is a cap to go beyond."""
    office.policy, office.directory = capped(dollars), (directory := FinanceUnheardOf())
    assert (await approve(office, await office.place())).result is Result.DONE
    assert directory.asked == asked


# Races


@pytest.mark.parametrize("turn", range(20))
async def test_t08_of_two_approvals_at_once_for_the_last_of_a_budget_one_is_bought(
    office: Office, server: SecretStr, turn: int
) -> None:
    """Through two desks with a connection each, as two processes have."""
    clients = [connect(server) for _ in range(2)]
    desks: list[Desk] = [
        dataclasses.replace(office.desk, store=type(office.store)(client, office.moments)) for client in clients
    ]
    requests = [await office.place(draft=f"{name}") for name in "ab"]
    pairs = zip(desks, requests[:: 1 if turn % 2 else -1], strict=True)
    decisions = await asyncio.gather(*(decide.approve(desk, click_on(one)) for desk, one in pairs))
    assert sorted(one.result for one in decisions) == [Result.DONE, Result.OVER_BUDGET]
    for desk in desks:
        for request in requests:
            await checkout.drive(desk, WORKSPACE, request.id)
    assert office.provider.creates == 1
    assert await stands(office) == (PRICE, 0)
    for client in clients:
        await client.aclose()


async def test_t08_of_many_at_once_exactly_as_many_are_bought_as_fit(office: Office) -> None:
    office.policy = capped(100)
    requests = [await office.place(draft=f"d{number}") for number in range(12)]
    decisions = await asyncio.gather(*(decide.approve(office.desk, click_on(one)) for one in requests))
    assert [one.result for one in decisions].count(Result.DONE) == 5  # five times $17.50 is $87.50
    assert await stands(office) == (0, 5 * PRICE)


# Over the turn of a month


async def test_t51_what_was_approved_in_july_belongs_to_julys_budget_when_it_is_bought_in_august(
    office: Office,
) -> None:
    office.clock.time = datetime(2026, 7, 31, 23, 59, tzinfo=UTC)
    request = await office.place(created_at=office.clock.time, expires_at=office.clock.time + timedelta(days=3))
    await approve(office, request)
    office.clock.on(timedelta(minutes=2))
    assert await stands(office, AUGUST) == (0, 0)
    now = await buy(office, request)
    assert (await stands(office, JULY), await stands(office, AUGUST)) == ((PRICE, 0), (0, 0))
    (entry,) = entries_of(now)
    assert entry.day.month == 8, "the ledger keeps the day of the charge"


async def test_t51_the_month_is_the_one_of_the_channels_time_zone(office: Office) -> None:
    office.clock.time = datetime(2026, 7, 31, 23, 0, tzinfo=UTC)
    expires_at = office.clock.time + timedelta(days=3)
    await approve(office, await office.place(time_zone="Europe/Berlin", expires_at=expires_at))
    assert (await stands(office, JULY), await stands(office, AUGUST)) == ((0, 0), (0, PRICE))


async def test_t51_a_new_month_has_its_whole_budget(office: Office) -> None:
    await bought(office)
    office.clock.time = datetime(2026, 8, 1, 0, 1, tzinfo=UTC)
    request = await office.place(expires_at=office.clock.time + timedelta(days=3))
    assert (await approve(office, request)).result is Result.DONE


# What comes back


async def test_t70_an_invoice_that_is_never_paid_gives_its_room_back(office: Office) -> None:
    now = await bought(office)
    assert now.order is not None
    ended = Followed(office.clock.time, replace(now.order, status="canceled"), (Finding(Kind.ENDED, found="canceled"),))
    await office.desk.move(now, ended)
    assert await stands(office) == (0, 0)
    assert (await approve(office, await office.place())).result is Result.DONE


async def test_t70_void_over_the_turn_of_a_month_gives_back_where_it_was_counted(office: Office) -> None:
    office.clock.time = datetime(2026, 7, 31, 23, 59, tzinfo=UTC)
    request = await office.place(expires_at=office.clock.time + timedelta(days=3))
    await approve(office, request)
    office.clock.on(timedelta(minutes=2))
    now = await buy(office, request)
    assert now.order is not None
    ended = Followed(office.clock.time, replace(now.order, status="canceled"), (Finding(Kind.ENDED, found="canceled"),))
    await office.desk.move(now, ended)
    assert (await stands(office, JULY), await stands(office, AUGUST)) == ((0, 0), (0, 0))


async def test_t70_paying_changes_nothing_and_money_that_comes_back_gives_room(office: Office) -> None:
    now = await bought(office)
    assert now.order is not None
    paid = Followed(office.clock.time, replace(now.order, is_paid=True), (Finding(Kind.PAID),))
    now = await office.desk.move(now, paid)
    assert await stands(office) == (PRICE, 0)
    (charge, _) = entries_of(now)
    back = given_back(charge, Booked.REFUND, 750, reference="R1", on=NOW.date(), at=NOW)
    credit = given_back(charge, Booked.CREDIT_NOTE, 500, reference="R2", on=NOW.date(), at=NOW)
    await office.desk.ledger.book(WORKSPACE, [back, credit])
    await office.desk.ledger.book(WORKSPACE, [back, credit])
    assert await stands(office) == (500, 0)


async def test_t70_a_renewal_counts_in_the_month_it_is_charged(office: Office) -> None:
    (charge,) = entries_of(await bought(office))
    august = datetime(2026, 8, 24, 10, tzinfo=UTC)
    renewal = replace(charge, id="watch:1", kind=Booked.RENEWAL, at=august, day=august.date(), request=None, budget="")
    await office.desk.ledger.book(WORKSPACE, [renewal])
    assert (await stands(office, JULY), await stands(office, AUGUST)) == ((PRICE, 0), (PRICE, 0))


# Stores and requests from before there were budgets


async def forget_budgets(office: Office) -> None:
    for month in (JULY, AUGUST):
        await office.raw.delete(f"{{{WORKSPACE}}}:budget:{CHANNEL}:{month}")


async def test_x5_what_was_spent_before_there_were_budgets_counts(office: Office) -> None:
    now = await bought(office)
    top_up = await office.place_top_up(draft="credit")
    await approve(office, top_up)
    await buy(office, top_up)
    (charge,) = entries_of(now)
    back = given_back(charge, Booked.REFUND, 250, reference="R1", on=NOW.date(), at=NOW)
    await office.desk.ledger.book(WORKSPACE, [back])
    await forget_budgets(office)
    assert await stands(office) == (PRICE - 250, 0)


async def test_x5_the_first_entry_after_an_upgrade_is_counted_once(office: Office) -> None:
    office.policy = capped(100)
    await bought(office, "a")
    await forget_budgets(office)
    await bought(office, "b")
    assert await stands(office) == (2 * PRICE, 0)


async def test_x5_a_request_approved_before_there_were_budgets_is_held_to_the_cap_when_it_is_bought(
    office: Office,
) -> None:
    await bought(office)
    office.policy = capped(None)
    fitting, other = await office.place(draft="a"), await office.place(draft="b")
    await approve(office, other)
    await approve(office, fitting)
    await forget_budgets(office)
    office.policy = capped(40)
    assert (await buy(office, fitting)).state is State.ORDERED
    now = await buy(office, other)
    assert (now.state, now.changes[-1].kind) == (State.PENDING, ChangeKind.BUDGET)

"""Services watched: told once what became of them, booked once when they renew, and asked about when nobody's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from bot.domain import request as life
from bot.domain.account import Actor, Adjustment, UsageDay
from bot.domain.audit import Audit
from bot.domain.catalog import Cycle, renewal_change
from bot.domain.errors import ProviderError
from bot.domain.finding import Finding, Kind
from bot.domain.ids import NoticeKey, ServiceId, UserId
from bot.domain.ledger import Kind as Booked
from bot.domain.notice import BoughtOutside, RenewalDue, RenewalUnpaid, ServiceChanged
from bot.domain.renewal import ChangeKind, ServiceChange
from bot.domain.request import Followed, PurchaseRequest, advance
from bot.domain.usage import Service
from bot.usecases import services, snapshot
from bot.usecases.services import ASK_AFTER, GONE_AFTER
from tests.examples import APPROVER, CHANNEL, WORKSPACE, order
from tests.store.looking import in_order
from tests.usecases.conftest import Office, policy

DAY = timedelta(days=1)
DONE = (Finding(Kind.PAID), Finding(Kind.ACTIVE), Finding(Kind.COMPLETE, 5))


class Bought:
    """A service of a request, delivered and not followed any more."""

    def __init__(self, office: Office, request: PurchaseRequest, service_id: ServiceId) -> None:
        self.office, self.request, self.id = office, request, service_id

    @property
    def row(self) -> Service:
        return next(one for one in self.office.provider.services if one.id == self.id)

    def becomes(self, by: Actor | None = None, kind: str = "update", **changes: Any) -> None:
        provider = self.office.provider
        provider.services = [replace(one, **changes) if one.id == self.id else one for one in provider.services]
        if by is not None:
            number = len(provider.adjusted) + 1
            fields = frozenset(changes)
            provider.adjusted.append(Adjustment(number, self.id, kind, by, self.office.clock.time, fields))

    async def passes(self, by: timedelta = timedelta(minutes=5), times: int = 1) -> None:
        for _ in range(times):
            self.office.clock.on(by)
            await snapshot.snapshot(self.office.desk, WORKSPACE)

    async def said(self, kind: str = "") -> list[str]:
        found = await in_order(self.office.raw, f"{{{WORKSPACE}}}:outbox")
        texts = sorted(one for one in found if one.startswith(("below", "notice")))
        return [one for one in texts if kind in one]

    async def notice(self, text: str) -> Any:
        return await self.office.store.notice(WORKSPACE, NoticeKey(text.split(":", 2)[2]))


@pytest.fixture
async def one(office: Office) -> Bought:
    claimed = await office.place(life.Approved, life.Claimed)
    office.clock.time = claimed.changed_at
    expires = office.clock.time + 30 * DAY
    service = office.provider.sell(
        claimed.selection, expires_at=expires, open_invoice_id=None, is_automatic_collection=True
    )
    made = order(service_id=service.id, total=service.total, is_paid=True)
    ordered = advance(claimed, life.Ordered(office.clock.time, made))
    await office.store.move(claimed, ordered)
    followed = advance(ordered, Followed(office.clock.time, replace(made, status="active"), DONE))
    await office.store.move(ordered, followed)
    bought = Bought(office, followed, service.id)
    await bought.passes()
    assert await bought.said() == []
    await office.store.look_again(WORKSPACE, followed.id, None)
    return bought


# Changes


async def test_t68_u4_what_the_providers_people_change_is_told_once_in_the_thread(one: Bought) -> None:
    one.becomes(Actor.PROVIDER, quantity=6, total=2_000)
    await one.passes(times=3)
    (told,) = await one.said()
    assert told == f"below:{one.request.id}:changed:{one.id}:1"
    notice = await one.notice(told)
    assert isinstance(notice, ServiceChanged)
    assert notice.by is Actor.PROVIDER
    assert [change.kind for change in notice.changes] == [ChangeKind.QUANTITY, ChangeKind.PRICE]
    one.becomes(Actor.CUSTOMER, is_pending_cancellation=True)
    await one.passes(times=2)
    assert [*await one.said()][-1] == f"below:{one.request.id}:changed:{one.id}:2"


async def test_t68_exchanged_proxies_are_told_once(one: Bought) -> None:
    one.becomes(Actor.PROVIDER, "proxy_replacement", metadata={"x": "y"})
    await one.passes(times=3)
    (told,) = await one.said()
    assert (await one.notice(told)).changes == (ServiceChange(ChangeKind.REPLACED),)


async def test_t68_cancelled_by_hand_is_told_once(one: Bought) -> None:
    one.becomes(Actor.CUSTOMER, "cancel", status="canceled")
    await one.passes(times=3, by=DAY)
    (told,) = await one.said()
    assert [change.kind for change in (await one.notice(told)).changes] == [ChangeKind.ENDED]


async def test_t68_while_the_order_is_followed_the_thread_hears_it_from_there(office: Office) -> None:
    claimed = await office.place(life.Approved, life.Claimed)
    office.clock.time = claimed.changed_at
    service = office.provider.sell(claimed.selection, status="awaiting_fulfillment")
    ordered = advance(claimed, life.Ordered(office.clock.time, order(service_id=service.id, total=service.total)))
    await office.store.move(claimed, ordered)
    bought = Bought(office, ordered, service.id)
    await bought.passes()
    bought.becomes(Actor.PROVIDER, quantity=9)
    await bought.passes(times=2)
    assert await bought.said() == []


async def test_u4_a_service_that_left_the_list_is_asked_for_before_it_is_called_gone(one: Bought) -> None:
    listed, one.office.provider.all_services = one.row, _nothing  # type: ignore[method-assign]
    await one.passes(GONE_AFTER / 4, times=3)
    assert await one.said() == []
    await one.passes(GONE_AFTER)
    assert await one.said() == [], "the provider knows it by its id"
    one.office.provider.services.remove(listed)
    await one.passes(GONE_AFTER * 2, times=2)
    (told,) = await one.said()
    assert [change.kind for change in (await one.notice(told)).changes] == [ChangeKind.GONE]


async def _nothing() -> list[Service]:
    return []


# Renewals


async def test_l5_a_renewal_is_booked_once_and_told_once(one: Bought) -> None:
    ends = one.row.expires_at
    assert ends is not None
    one.office.clock.time = ends
    one.becomes(Actor.AUTOMATIC, "extension", expires_at=ends + 31 * DAY, total=1_800)
    await one.passes(times=3)
    (told,) = await one.said("changed")
    assert (await one.notice(told)).changes == (ServiceChange(ChangeKind.RENEWED, 1_750, 1_800),)
    booked = await one.office.desk.ledger.entries_of_service(WORKSPACE, one.id)
    renewals = [entry for entry in booked if entry.kind is Booked.RENEWAL]
    assert [(entry.amount, entry.at, entry.day, entry.is_paid) for entry in renewals] == [
        (1_800, ends, ends.date(), True)
    ]
    assert (renewals[0].request, renewals[0].channel, renewals[0].requester) == (
        one.request.id,
        CHANNEL,
        one.request.requester,
    )


async def test_t137_an_end_that_byteful_moves_by_hand_is_told_and_no_charge(one: Bought) -> None:
    ends = one.row.expires_at
    assert ends is not None
    moved = ends + 14 * DAY
    one.becomes(Actor.PROVIDER, expires_at=moved)
    last = one.office.provider.adjusted[-1]
    one.office.provider.adjusted[-1] = replace(last, fields=frozenset({"service_expiry_datetime"}))
    await one.passes(times=3)
    (told,) = await one.said("changed")
    assert (await one.notice(told)).changes == (ServiceChange(ChangeKind.MOVED),)
    booked = await one.office.desk.ledger.entries_of_service(WORKSPACE, one.id)
    assert [entry.kind for entry in booked if entry.kind is Booked.RENEWAL] == []


async def renewals(one: Bought) -> list[datetime]:
    booked = await one.office.desk.ledger.entries_of_service(WORKSPACE, one.id)
    return [entry.at for entry in booked if entry.kind is Booked.RENEWAL]


async def changes_told(one: Bought) -> list[list[ChangeKind]]:
    notices = [await one.notice(text) for text in await one.said("changed")]
    return [[change.kind for change in notice.changes] for notice in notices]


def moved_by_hand(one: Bought, at: datetime | None = None) -> None:
    ends, provider = one.row.expires_at, one.office.provider
    assert ends is not None
    one.becomes(Actor.PROVIDER, "extension", expires_at=ends + 30 * DAY)
    fields = frozenset({"service_expiry_datetime"})
    provider.adjusted[-1] = replace(provider.adjusted[-1], fields=fields, at=at or one.office.clock.time)


async def test_t137_an_end_moved_by_hand_after_its_service_was_read_is_no_charge(one: Bought) -> None:
    """The list is read first, over many pages, and does not show the move that the adjustments tell of."""
    one.office.moments.at("adjustments", lambda: moved_by_hand(one))
    await one.passes(times=3)
    assert await renewals(one) == []
    assert await changes_told(one) == [[ChangeKind.MOVED]]


async def test_t68_what_is_done_behind_an_end_that_does_not_show_yet_is_told_once(one: Bought) -> None:
    def moved_and_exchanged() -> None:
        moved_by_hand(one)
        one.becomes(Actor.PROVIDER, "proxy_replacement")

    one.office.moments.at("adjustments", moved_and_exchanged)
    await one.passes(times=3)
    assert await changes_told(one) == [[ChangeKind.MOVED, ChangeKind.REPLACED]]


async def test_t137_an_end_moved_by_hand_is_no_charge_where_the_providers_clock_is_behind(one: Bought) -> None:
    moved_by_hand(one, one.office.clock.time - timedelta(minutes=2))
    await one.passes(times=3)
    assert await renewals(one) == []
    assert await changes_told(one) == [[ChangeKind.MOVED]]


async def test_t137_an_end_moved_by_hand_after_a_service_left_the_list_is_no_charge(one: Bought) -> None:
    one.office.provider.all_services = _nothing  # type: ignore[method-assign]
    one.office.moments.at("service", lambda: moved_by_hand(one))
    await one.passes(GONE_AFTER * 2)
    await one.passes(times=2)
    assert await renewals(one) == []


async def test_l5_a_pass_that_was_missed_books_every_period_at_its_own_day(one: Bought) -> None:
    ends = one.row.expires_at
    assert ends is not None
    one.office.clock.time = ends + 70 * DAY
    one.becomes(expires_at=_months(ends, 3))
    await one.passes(times=2)
    booked = await one.office.desk.ledger.entries_of_service(WORKSPACE, one.id)
    days = [entry.day for entry in booked if entry.kind is Booked.RENEWAL]
    assert days == [ends.date(), _months(ends, 1).date(), _months(ends, 2).date()]


def _months(at: datetime, count: int) -> datetime:
    from bot.domain.renewal import following

    return following(Cycle(count, "month"), at, at.day)


async def test_l5_n14_the_notice_comes_days_before_with_what_was_used(one: Bought) -> None:
    ends = one.row.expires_at
    assert ends is not None
    today = one.office.clock.time.date()
    one.office.provider.usage = [
        UsageDay(today - timedelta(days=40), "isp", one.id, None, 10**9, 99),
        UsageDay(today + timedelta(days=1), "isp", one.id, "only", 5_000, 7),
    ]
    one.office.clock.time = ends - 3 * DAY - timedelta(minutes=10)
    await one.passes()
    assert await one.said() == []
    await one.passes(times=3)
    (told,) = await one.said()
    assert told.startswith(f"below:{one.request.id}:renewal:{one.id}")
    notice = await one.notice(told)
    assert isinstance(notice, RenewalDue)
    assert (notice.used, notice.requests_made, notice.owner) == (5_000, 7, one.request.requester)


@pytest.mark.parametrize("ends", ["2027-01-31 08:00", "2028-02-29 08:00", "2027-03-01 00:30"])
async def test_l5_n14_one_notice_for_each_renewal_over_month_ends_and_leap_days(ends: str, one: Bought) -> None:
    at = datetime.fromisoformat(f"{ends}+00:00")
    one.becomes(expires_at=at)
    one.office.clock.time = at - 10 * DAY
    await one.passes(DAY, times=10)
    assert len(await one.said(":renewal:")) == 1
    one.becomes(expires_at=_months(at, 1))
    await one.passes(DAY, times=35)
    assert len(await one.said(":renewal:")) == 2


@pytest.mark.parametrize(
    "given", [{"is_pending_cancellation": True}, {"status": "paused"}, {"status": "canceled"}, {"expires_at": None}]
)
async def test_l5_what_does_not_renew_is_not_asked_about(given: dict[str, Any], one: Bought) -> None:
    ends = one.row.expires_at
    assert ends is not None
    one.becomes(**given)
    one.office.clock.time = ends - 2 * DAY
    await one.passes(times=2)
    assert await one.said(":renewal:") == []


async def test_l5_the_policy_may_stop_what_nobody_says_is_needed(one: Bought) -> None:
    """The request to stop is made once, in the owner's name, and told of with the notice; nothing is stopped by it."""
    office, ends = one.office, one.row.expires_at
    assert ends is not None
    office.policy = policy(renewal_default="stop")
    office.clock.time = ends - 2 * DAY
    await one.passes(times=3)
    (told,) = await one.said(":renewal:")
    number = (await one.notice(told)).stop_request
    stop = await office.store.get(WORKSPACE, number)
    assert stop is not None
    assert (stop.selection, stop.state) == (renewal_change(one.id, renews=False), life.State.PENDING)
    assert (stop.requester, stop.channel) == (one.request.requester, one.request.channel)
    assert await office.store.count_of_requester(WORKSPACE, stop.requester) == 2, "the purchase and one request to stop"
    assert office.provider.edits == []


async def test_l5_a_renewal_nobody_could_stop_is_told_of_all_the_same(one: Bought) -> None:
    office, ends = one.office, one.row.expires_at
    assert ends is not None
    office.policy = policy(renewal_default="stop", needed=9)
    office.clock.time = ends - 2 * DAY
    await one.passes(times=2)
    (told,) = await one.said(":renewal:")
    assert (await one.notice(told)).stop_request is None


async def test_l5_nothing_used_is_said_only_where_it_is_counted(one: Bought) -> None:
    ends = one.row.expires_at
    assert ends is not None
    now, store = one.office.clock.time, one.office.store
    row = await store.service(WORKSPACE, one.id)
    assert row is not None
    assert await services.use_since_charge(one.office.desk, WORKSPACE, row, now) is None
    data = replace(row, service=replace(row.service, type="mobile"))
    use = await services.use_since_charge(one.office.desk, WORKSPACE, data, now)
    assert use is not None
    assert (use.bytes, use.requests) == (0, 0)


async def test_l6_an_unpaid_renewal_is_chased_daily_until_it_is_paid_or_ends(one: Bought) -> None:
    ends = one.row.expires_at
    assert ends is not None
    one.office.clock.time = ends
    one.becomes(Actor.AUTOMATIC, status="overdue", open_invoice_id="in_2")
    await one.passes(times=3)
    (told,) = await one.said()
    assert [change.kind for change in (await one.notice(told)).changes] == [ChangeKind.OVERDUE]
    await one.passes(timedelta(hours=6), times=9)
    chased = await one.said("overdue")
    assert [isinstance(await one.notice(text), RenewalUnpaid) for text in chased] == [True, True]
    one.becomes(Actor.AUTOMATIC, status="active", open_invoice_id=None, expires_at=ends + 30 * DAY)
    await one.passes(timedelta(hours=6), times=12)
    assert await one.said("overdue") == chased
    assert len(await one.said("changed")) == 2, "not renewed, then renewed"


# Bought outside


async def test_n13_u4_services_bought_by_hand_are_asked_about_once(one: Bought) -> None:
    for _ in range(2):
        one.office.provider.sell(one.request.selection, metadata={})
    await one.passes()
    assert await one.said("outside") == []
    await one.passes(ASK_AFTER, times=3)
    told = await one.said("outside")
    assert f"notice:{APPROVER}:" in " ".join(told), "no admins are named, so those who approve"
    assert len({one.split(":", 2)[2] for one in told}) == 1
    notice = await one.notice(told[0])
    assert isinstance(notice, BoughtOutside)
    assert notice.count == 2
    one.office.provider.sell(one.request.selection)
    await one.passes(ASK_AFTER, times=3)
    assert len({one.split(":", 2)[2] for one in await one.said("outside")}) == 2


async def test_n13_while_a_purchase_is_unclear_nothing_is_offered_for_adoption(one: Bought) -> None:
    unclear = await one.office.place(life.Approved, life.Claimed, life.Unclear, draft="d2")
    one.office.provider.sell(unclear.selection)
    await one.passes(ASK_AFTER, times=3)
    assert await one.said("outside") == []


async def test_n13_an_adopted_service_is_told_of_in_its_channel(one: Bought) -> None:
    by_hand = one.office.provider.sell(one.request.selection)
    await one.passes()
    assert await one.office.store.adopt(
        WORKSPACE, by_hand.id, CHANNEL, UserId("U0X"), Audit(one.office.clock.time, "adopted")
    )
    other = Bought(one.office, one.request, by_hand.id)
    other.becomes(Actor.PROVIDER, total=99)
    await other.passes(times=2)
    assert await other.said("changed") == [f"notice:{CHANNEL}:changed:{by_hand.id}:1"]


# Failures


async def test_t134_a_part_that_cannot_be_read_leaves_the_others_and_what_was_known(one: Bought) -> None:
    one.office.moments.always("all services", ProviderError("no"))
    one.office.provider.balance = 77
    before = await one.office.store.services_read_at(WORKSPACE)
    await one.passes()
    assert await one.office.store.services_read_at(WORKSPACE) == before
    assert (await one.office.store.balance(WORKSPACE)).balance == 77
    assert (await one.office.store.services(WORKSPACE)).total == 1


async def test_t138_a_pass_over_500_services_asks_the_provider_a_handful_of_times(one: Bought) -> None:
    for _ in range(499):
        one.office.provider.sell(one.request.selection)
    await one.passes()
    one.office.moments.passed.clear()
    await one.passes()
    asked = [moment for moment in one.office.moments.passed if moment not in ("get", "hold", "release")]
    assert sorted(asked) == ["adjustments", "all services", "credit", "pools"]
    writes = int((await one.office.raw.info("commandstats"))["cmdstat_hset"]["calls"])
    await one.passes()
    written = int((await one.office.raw.info("commandstats"))["cmdstat_hset"]["calls"]) - writes
    assert written < 20, "what did not change is not written again"
    assert (await one.office.store.services(WORKSPACE)).total == 500

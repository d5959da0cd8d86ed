"""Credit and data watched over a made-up account: said once per crossing, and nothing said that is not known."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from bot.domain.account import KnownService, UsageDay
from bot.domain.audit import Audit
from bot.domain.catalog import Cycle
from bot.domain.errors import OutcomeUnknownError, ProviderError
from bot.domain.ids import ChannelId, NoticeKey, ServiceId, UserId
from bot.domain.notice import BalanceUnread, CreditBack, CreditLow, DataLow
from bot.domain.policy import CreditAlerts, Role
from bot.domain.usage import BYTES_PER_GB, DataPool, Network
from bot.usecases import snapshot, watch
from bot.usecases.watch import FAILURES_BEFORE_ALARM
from tests.examples import APPROVER, CHANNEL, REQUESTER, WORKSPACE
from tests.store.looking import in_order
from tests.store.test_account import known
from tests.usecases.conftest import Office, policy

MINUTES, DAY = timedelta(minutes=5), timedelta(days=1)
ADMIN = UserId("U0ADMIN")
LEVELS = CreditAlerts(levels_dollars=(50, 20), margin_percent=10, invoice_lead_days=0)


@pytest.fixture
def office(office: Office) -> Office:
    office.policy = policy(credit_alerts=LEVELS).model_copy(
        update={"roles": {"approver": Role(users=(APPROVER,)), "admin": Role(users=(ADMIN,))}}
    )
    return office


async def said(office: Office) -> list[str]:
    """What waits to be said, in the order of its keys."""
    return sorted(await in_order(office.raw, f"{{{WORKSPACE}}}:outbox"))


async def reads(office: Office, *balances: int, every: timedelta = MINUTES) -> list[str]:
    """The account is read with one balance after the other."""
    for balance in balances:
        office.clock.on(every)
        office.provider.balance = balance
        await snapshot.snapshot(office.desk, WORKSPACE)
    return await said(office)


async def credit_notice(office: Office, key: str) -> CreditLow:
    notice = await office.store.notice(WORKSPACE, NoticeKey(key))
    assert isinstance(notice, CreditLow)
    return notice


async def test_l1_t133_a_crossing_is_told_once_to_the_admins(office: Office) -> None:
    assert await reads(office, 6_000) == []
    assert await reads(office, 4_900, 4_950, 5_050, 4_900) == [f"notice:{ADMIN}:credit:1:0"]
    assert (await credit_notice(office, "credit:1:0")).level == 5_000


async def test_l1_the_next_level_is_another_alert_and_the_margin_arms_again(office: Office) -> None:
    to = f"notice:{ADMIN}:credit"
    assert await reads(office, 6_000, 4_900, 1_900) == [f"{to}:1:0", f"{to}:2:0"]
    assert (await credit_notice(office, "credit:2:0")).level == 2_000
    assert await reads(office, 5_600) == [f"{to}:1:0", f"{to}:2:0", f"{to}:2:back"]
    assert isinstance(await office.store.notice(WORKSPACE, NoticeKey("credit:2:back")), CreditBack)
    assert f"{to}:3:0" in await reads(office, 4_900)


async def test_t133_at_most_one_reminder_a_day(office: Office) -> None:
    await reads(office, 6_000, 4_900)
    assert await reads(office, *[4_900] * 30, every=timedelta(hours=1)) == [
        f"notice:{ADMIN}:credit:1:0",
        f"notice:{ADMIN}:credit:1:1",
    ]


async def test_t131_two_workers_that_read_at_once_say_it_once(office: Office) -> None:
    await reads(office, 6_000)
    office.provider.balance = 100
    await asyncio.gather(*(snapshot.snapshot(office.desk, WORKSPACE) for _ in range(3)))
    assert await said(office) == [f"notice:{ADMIN}:credit:1:0"]


async def test_l1_a_worker_that_dies_after_the_alert_leaves_one_alert(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reads(office, 6_000)

    async def dies(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(office.store), "keep_watch", dies)
        with pytest.raises(KeyboardInterrupt):
            await reads(office, 4_900)
    assert await reads(office, 4_900, 4_800) == [f"notice:{ADMIN}:credit:1:0"]


async def test_l1_the_policy_names_the_channel(office: Office) -> None:
    there = ChannelId("C0MONEY")
    office.policy = office.policy.model_copy(update={"credit_alerts": LEVELS.model_copy(update={"channel": there})})
    assert await reads(office, 6_000, 4_900) == [f"notice:{there}:credit:1:0"]


async def test_l1_where_nobody_ever_had_credit_nobody_is_alarmed(office: Office) -> None:
    assert await reads(office, 0, 0, every=DAY) == []
    assert await reads(office, 9_000, 0) == [f"notice:{ADMIN}:credit:1:0"]


# What cannot be read


async def test_t134_a_balance_that_cannot_be_read_is_neither_an_alarm_nor_an_all_clear(office: Office) -> None:
    await reads(office, 4_900)
    before = await said(office)
    office.moments.always("credit", OutcomeUnknownError("No answer."))
    assert await reads(office, *[0] * (FAILURES_BEFORE_ALARM - 1)) == before
    reading = await office.store.balance(WORKSPACE)
    assert (reading.balance, reading.failures) == (4_900, FAILURES_BEFORE_ALARM - 1)
    told = await reads(office, *[0] * 5)
    (alarm,) = set(told) - set(before)
    notice = await office.store.notice(WORKSPACE, NoticeKey(alarm.partition(f"{ADMIN}:")[2]))
    assert isinstance(notice, BalanceUnread)
    assert (notice.balance, notice.last_read) == (4_900, reading.read_at)


async def test_t134_it_is_alarmed_again_when_it_fails_another_time(office: Office) -> None:
    for _ in range(2):
        office.moments.always("credit", ProviderError("Byteful's customer cannot be read: credit_balance is missing."))
        await reads(office, *[9_000] * FAILURES_BEFORE_ALARM)
        office.moments.forget()
        await reads(office, 9_000)
    assert len([one for one in await said(office) if ":unread:" in one]) == 2
    assert (await office.store.balance(WORKSPACE)).failures == 0


# Days


async def sells(office: Office, in_days: float, total: int) -> KnownService:
    """A service that renews, as the account lists it."""
    row = known("API-9", total=total, cycle=Cycle(1, "month"), expires_at=office.clock.time + in_days * DAY)
    office.provider.services.append(row.service)
    return row


async def test_l2_n8_the_alert_is_about_days_and_offers_what_the_weeks_need(office: Office) -> None:
    alerts = CreditAlerts(invoice_lead_days=5, top_up_weeks=8)
    office.policy = office.policy.model_copy(update={"credit_alerts": alerts})
    await sells(office, 10, 4_000)
    assert await reads(office, 3_900) == []
    told = [one for one in await reads(office, *[3_900] * 4, every=DAY) if ":credit:" in one]
    assert told == [f"notice:{ADMIN}:credit:1:0"]
    notice = await credit_notice(office, "credit:1:0")
    assert notice.level is None
    assert notice.runway.days(notice.at) == 5, "on the last day on which five whole days are left"
    assert notice.runway.short_of is not None
    assert notice.runway.short_of.service == "API-9"
    assert notice.top_up == 5_000, "two renewals of $40 in eight weeks, less what is there, in steps of $10"


async def test_l2_without_a_single_setting_low_credit_is_told_three_days_ahead(office: Office) -> None:
    office.policy = policy()
    await sells(office, 10, 4_000)

    async def told(*balances: int) -> set[str]:
        return {one.partition(":credit:")[2] for one in await reads(office, *balances, every=DAY) if ":credit:" in one}

    assert await told(4_000) == set(), "there is enough"
    assert await told(*[3_900] * 4) == set()
    assert await told(3_900, 3_900) == {"1:0"}
    notice = await credit_notice(office, "credit:1:0")
    assert (notice.level, notice.runway.days(notice.at)) == (None, 3)
    assert notice.top_up == 1_000, "what four weeks need, in steps of $10"


async def test_l3_t46_an_ordered_top_up_is_named_and_quiets_nothing(office: Office) -> None:
    from bot.domain import request as life
    from bot.usecases.follow import follow

    await reads(office, 6_000)
    office.provider.balance = 1_000
    top_up = await office.place_top_up(life.Approved, life.Claimed, life.Ordered)
    office.clock.time = top_up.changed_at + timedelta(seconds=6)
    await follow(office.desk, WORKSPACE)
    told = await reads(office, 1_000)
    assert f"notice:{ADMIN}:credit:1:0" in told
    assert (await credit_notice(office, "credit:1:0")).ordered == (top_up.id,)
    assert not any("back" in one for one in told)


# Data


def pool(left_gb: float) -> DataPool:
    total, left = 10 * BYTES_PER_GB, int(left_gb * BYTES_PER_GB)
    return DataPool(Network.RESIDENTIAL, total, total - left, left, 5, ServiceId("API-9"), None)


async def data_reads(office: Office, *gigabytes: float) -> list[str]:
    for left in gigabytes:
        office.clock.on(MINUTES)
        office.provider.pools = [pool(left)]
        await snapshot.snapshot(office.desk, WORKSPACE)
    return [one for one in await said(office) if ":data:" in one]


async def test_l8_data_is_told_of_at_25_10_and_5_per_cent_once_per_crossing(office: Office) -> None:
    to = f"notice:{ADMIN}:data:residential"
    assert await data_reads(office, 10, 2.6) == []
    assert await data_reads(office, 2.5, 2.4, 2.6, 2.3) == [f"{to}:1"], "at the level is low enough; it flaps"
    assert await data_reads(office, 0.9, 0.5, 0.1) == [f"{to}:1", f"{to}:2", f"{to}:3"]
    assert await data_reads(office, 10, 2) == [f"{to}:{n}" for n in range(1, 5)]
    notice = await office.store.notice(WORKSPACE, NoticeKey("data:residential:2"))
    assert isinstance(notice, DataLow)
    assert notice.level_percent == 10


async def test_l8_days_left_come_from_the_last_days_and_go_where_the_service_belongs(office: Office) -> None:
    today = office.clock.time.date()
    office.provider.usage = [
        UsageDay(today - timedelta(days=ago), "residential", ServiceId("API-9"), None, BYTES_PER_GB // 2, 1)
        for ago in range(1, 9)
    ]
    row = replace(known("API-9"), request=None)
    await office.store.keep_services(WORKSPACE, [row])
    await office.store.adopt(WORKSPACE, ServiceId("API-9"), CHANNEL, REQUESTER, Audit(office.clock.time, "adopted"))
    office.provider.services.append(row.service)
    assert await data_reads(office, 2) == [f"notice:{CHANNEL}:data:residential:1"]
    notice = await office.store.notice(WORKSPACE, NoticeKey("data:residential:1"))
    assert isinstance(notice, DataLow)
    assert notice.bytes_a_day == BYTES_PER_GB // 2
    assert notice.lasts_until == notice.at + 4 * DAY


async def test_t135_an_empty_account_says_nothing(office: Office) -> None:
    office.provider.pools = [DataPool(Network.MOBILE, 0, 0, 0, 0, None, None)]
    assert await reads(office, 0, 0) == []
    seen = await watch.outlook(office.desk, WORKSPACE)
    assert (seen.runway.ends_at, seen.runway.charges) == (None, ())
    assert seen.top_up() == 500

"""What is kept of the provider's account: rows and lists of services, days of traffic, credit and data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from bot.domain.account import BalanceReading, KnownService, PoolReading, UsageDay
from bot.domain.audit import Audit
from bot.domain.catalog import Cycle, Filter
from bot.domain.errors import RecordError
from bot.domain.ids import ChannelId, RequestId, ServiceId, UserId
from bot.domain.usage import DataPool, Network, Service
from bot.store.redis import RedisStore
from tests.examples import CHANNEL, NOW, REQUESTER, WORKSPACE

OTHER = ChannelId("C0OTHER")
ADOPTED = Audit(NOW, "adopted")


def service(name: str = "API-1", **given: Any) -> Service:
    usual = Service(
        id=ServiceId(name),
        name="ISP Proxies [US]",
        type="isp",
        status="active",
        quantity=5,
        total=1_750,
        cycle=Cycle(1, "month"),
        country_id="us",
        filter=Filter(7018),
        created_at=NOW,
        dispatched_at=NOW,
        expires_at=NOW + timedelta(days=30),
        open_invoice_id=None,
        is_pending_cancellation=False,
        is_cancellable=True,
        metadata={"team": "x", "n": 3, "is_ok": True},
        is_automatic_collection=True,
    )
    return replace(usual, **given)


def known(name: str = "API-1", *, request: int | None = None, **given: Any) -> KnownService:
    row = service(name, **given)
    if request is None:
        return KnownService(row, NOW, NOW, row)
    return KnownService(row, NOW, NOW, row, RequestId(request), CHANNEL, REQUESTER)


async def ids(store: RedisStore, **which: Any) -> list[str]:
    return [one.id for one in (await store.services(WORKSPACE, **which)).services]


async def test_a_row_comes_back_as_it_was(store: RedisStore) -> None:
    rows = [known(), known("API-2", request=1001, cycle=None, expires_at=None)]
    await store.keep_services(WORKSPACE, rows)
    assert [await store.service(WORKSPACE, row.id) for row in rows] == rows
    assert await store.service(WORKSPACE, ServiceId("API-9")) is None


async def test_what_is_ours_and_what_is_not_stand_apart_by_what_ends_next(store: RedisStore) -> None:
    rows = [
        known("API-1", request=1001, expires_at=NOW + timedelta(days=9)),
        known("API-2", request=1002, expires_at=NOW + timedelta(days=3)),
        known("HAND-1", expires_at=NOW + timedelta(days=1)),
        known("HAND-2", expires_at=None),
    ]
    await store.keep_services(WORKSPACE, rows)
    assert await ids(store) == ["HAND-1", "API-2", "API-1", "HAND-2"]
    assert await ids(store, channel=CHANNEL) == ["API-2", "API-1"]
    assert await ids(store, owner=REQUESTER) == ["API-2", "API-1"]
    assert await ids(store, is_outside=True) == ["HAND-1", "HAND-2"]
    assert await ids(store, channel=OTHER) == []


async def test_what_has_ended_leaves_the_lists_and_is_still_found(store: RedisStore) -> None:
    await store.keep_services(WORKSPACE, [known("API-1", request=1001), known("HAND-1")])
    ended = [known("API-1", request=1001, status="canceled"), replace(known("HAND-1"), is_gone=True)]
    await store.keep_services(WORKSPACE, ended)
    assert await ids(store) == await ids(store, channel=CHANNEL) == await ids(store, is_outside=True) == []
    assert await store.service(WORKSPACE, ServiceId("API-1")) == ended[0]


async def test_n13_a_service_is_adopted_once_and_keeps_its_channel(store: RedisStore) -> None:
    await store.keep_services(WORKSPACE, [known("HAND-1")])
    by, other = UserId("U0MONA"), UserId("U0MAX")
    assert await store.adopt(WORKSPACE, ServiceId("HAND-1"), CHANNEL, by, ADOPTED)
    assert await store.adopt(WORKSPACE, ServiceId("HAND-1"), CHANNEL, by, ADOPTED), "the same command again"
    assert not await store.adopt(WORKSPACE, ServiceId("HAND-1"), OTHER, other, ADOPTED)
    assert not await store.adopt(WORKSPACE, ServiceId("HAND-9"), OTHER, other, ADOPTED), "never seen"
    await store.keep_services(WORKSPACE, [known("HAND-1")])  # the next pass, which read it before it was adopted
    assert await ids(store, channel=CHANNEL) == await ids(store, owner=by) == ["HAND-1"]
    assert await ids(store, is_outside=True) == await ids(store, channel=OTHER) == []
    found = await store.service(WORKSPACE, ServiceId("HAND-1"))
    assert found is not None
    assert (found.channel, found.owner, found.request) == (CHANNEL, by, None)


async def test_n13_a_service_found_to_be_a_requests_moves_to_its_channel(store: RedisStore) -> None:
    await store.keep_services(WORKSPACE, [known("API-1")])
    await store.adopt(WORKSPACE, ServiceId("API-1"), OTHER, UserId("U0MONA"), ADOPTED)
    await store.keep_services(WORKSPACE, [known("API-1", request=1001)])
    assert await ids(store, channel=OTHER) == await ids(store, owner=UserId("U0MONA")) == []
    assert await ids(store, channel=CHANNEL) == ["API-1"]


async def test_t138_500_services_are_listed_in_pages(store: RedisStore) -> None:
    rows = [known(f"API-{n:03}", request=n, expires_at=NOW + timedelta(hours=n)) for n in range(1, 501)]
    await store.keep_services(WORKSPACE, rows)
    page = await store.services(WORKSPACE, channel=CHANNEL, offset=490, limit=8)
    assert [one.id for one in page.services] == [f"API-{n:03}" for n in range(491, 499)]
    assert (page.offset, page.total) == (490, 500)
    assert len(await store.live_services(WORKSPACE)) == 500


async def test_usage_is_kept_by_day_and_a_day_read_again_takes_the_newer_numbers(store: RedisStore) -> None:
    days = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1)]
    rows = [UsageDay(day, "residential", ServiceId("API-1"), None, 100, 2) for day in days]
    other = UsageDay(days[1], "datacenter", None, 'user "|" x', 5, 1)
    await store.keep_usage(WORKSPACE, [*rows, other])
    await store.keep_usage(WORKSPACE, [replace(rows[1], bytes=150)])
    assert await store.usage(WORKSPACE, days[1], days[2]) == [other, replace(rows[1], bytes=150), rows[2]]
    assert await store.usage(WORKSPACE, days[0], days[3], service=ServiceId("API-1")) == [
        rows[0],
        replace(rows[1], bytes=150),
        *rows[2:],
    ]
    assert await store.usage(WORKSPACE, days[0], days[3], network="datacenter") == [other]
    assert await store.usage(WORKSPACE, date(2025, 12, 1), date(2026, 1, 30)) == []


@pytest.mark.parametrize(("was", "now"), [("API-1", None), (None, "API-1"), ("API-1", "API-2")])
async def test_traffic_is_counted_once_when_what_its_proxy_user_may_use_changes(
    was: ServiceId | None, now: ServiceId | None, store: RedisStore
) -> None:
    earlier, first, second = (date(2026, 1, day) for day in (1, 30, 31))
    before = [UsageDay(day, "isp", was, "ann", 100, 2) for day in (earlier, first, second)]
    others = [UsageDay(second, "isp", was, "bob", 7, 1), UsageDay(second, "residential", was, None, 8, 1)]
    await store.keep_usage(WORKSPACE, [*before, *others])
    again = [replace(row, service=now, bytes=150) for row in before[1:]]
    await store.keep_usage(WORKSPACE, again)
    kept = await store.usage(WORKSPACE, earlier, second)
    assert sorted(kept, key=repr) == sorted([before[0], *again, *others], key=repr)


async def test_balance_and_pools_are_kept_now_and_by_day(store: RedisStore) -> None:
    assert await store.balance(WORKSPACE) == BalanceReading(None, None)
    assert await store.pools(WORKSPACE) is None
    late = datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
    for at, cents in ((late, 500), (late + timedelta(minutes=2), 400), (late + timedelta(hours=2), 300)):
        await store.keep_balance(WORKSPACE, BalanceReading(cents, at))
    failing = BalanceReading(300, late + timedelta(hours=2), failures=3, failing_since=late + timedelta(days=2))
    await store.keep_balance(WORKSPACE, failing)
    assert await store.balance(WORKSPACE) == failing
    days = await store.balance_days(WORKSPACE, date(2025, 12, 1), date(2026, 1, 31))
    assert days == {date(2025, 12, 31): 500, date(2026, 1, 1): 300}, "a failed reading is no reading"
    pool = DataPool(Network.MOBILE, 10, 4, 6, 1, ServiceId("API-1"), None)
    await store.keep_pools(WORKSPACE, PoolReading((pool,), NOW))
    await store.keep_pools(WORKSPACE, PoolReading((replace(pool, used_bytes=5, left_bytes=5),), NOW))
    assert await store.pools(WORKSPACE) == PoolReading((replace(pool, used_bytes=5, left_bytes=5),), NOW)
    (day,) = await store.pool_days(WORKSPACE, NOW.date(), NOW.date())
    assert (day.network, day.total, day.used, day.left) == ("mobile", 10, 5, 5)


async def test_a_watch_is_moved_on_by_one_at_a_time(store: RedisStore) -> None:
    assert await store.watch(WORKSPACE, "credit") is None
    assert await store.keep_watch(WORKSPACE, "credit", None, "1")
    assert await store.keep_watch(WORKSPACE, "credit", None, "1"), "the same command again"
    assert not await store.keep_watch(WORKSPACE, "credit", None, "2")
    assert await store.keep_watch(WORKSPACE, "credit", "1", "2")
    assert await store.watch(WORKSPACE, "credit") == "2"


async def test_times_of_reading_are_kept(store: RedisStore) -> None:
    assert await store.services_read_at(WORKSPACE) is await store.usage_read_at(WORKSPACE) is None
    await store.note_services_read(WORKSPACE, NOW)
    await store.note_usage_read(WORKSPACE, NOW + timedelta(hours=1))
    assert await store.services_read_at(WORKSPACE) == NOW
    assert await store.usage_read_at(WORKSPACE) == NOW + timedelta(hours=1)


async def test_a_row_that_cannot_be_read_is_an_error_and_no_absence(store: RedisStore) -> None:
    await store.keep_services(WORKSPACE, [known(), known("API-2")])
    await store._redis.hset(f"{{{WORKSPACE}}}:account:services", "API-1", b'{"service": {}}')
    with pytest.raises(RecordError):
        await store.service(WORKSPACE, ServiceId("API-1"))
    assert await ids(store) == ["API-2"], "it hides no other"
    await store.keep_services(WORKSPACE, [known()])
    assert await ids(store) == ["API-1", "API-2"]

"""Digests on the real store with a clock moved by hand: each once, at its moment, about the right days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bot.domain.audit import Origin
from bot.domain.digest import Rhythm, Schedule
from bot.domain.errors import ReplayError, StoreError
from bot.domain.ids import ChannelId, NoticeKey, UserId
from bot.domain.notice import ChannelDigest
from bot.domain.period import Period
from bot.domain.policy import ChannelSettings
from bot.store.trail import StoredTrail
from bot.usecases import desk, digests
from tests.examples import APPROVER, CHANNEL, WORKSPACE
from tests.store.looking import in_order
from tests.usecases.conftest import Office, policy

pytestmark = pytest.mark.usefixtures("office")


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc,arg-type]


async def announced(office: Office) -> list[str]:
    """The keys of every digest in the outbox, in their order."""
    found = await in_order(office.raw, f"{{{WORKSPACE}}}:outbox")
    return sorted(name.partition(":digest:")[2] for name in found if ":digest:" in name)


async def digest(office: Office, key: str) -> ChannelDigest:
    found = await office.store.notice(WORKSPACE, NoticeKey(key))
    assert isinstance(found, ChannelDigest)
    return found


async def live(office: Office, first: datetime, last: datetime, step: timedelta) -> None:
    """The cron looks every so often."""
    office.clock.time = first
    while office.clock.time <= last:
        await digests.post_due(office.desk, WORKSPACE)
        office.clock.on(step)


def told_by_policy(*words: str, zone: str = "Europe/Berlin", **given: Any) -> Any:
    return policy(channel_settings={CHANNEL: ChannelSettings(time_zone=zone, digests=words)}, **given)


@pytest.mark.parametrize(
    ("first", "last", "keys"),
    [
        (at(2026, 3, 27, 12), at(2026, 3, 31, 12), ["2026-03-27", "2026-03-28", "2026-03-29", "2026-03-30"]),
        (at(2026, 10, 23, 12), at(2026, 10, 27, 12), ["2026-10-23", "2026-10-24", "2026-10-25", "2026-10-26"]),
        (at(2028, 2, 27, 12), at(2028, 3, 2, 12), ["2028-02-27", "2028-02-28", "2028-02-29", "2028-03-01"]),
    ],
    ids=["an hour is missing", "an hour comes twice", "29 February"],
)
async def test_t130_a_daily_digest_at_half_past_two_comes_once_each_day(
    first: datetime, last: datetime, keys: list[str], office: Office
) -> None:
    office.policy = told_by_policy("daily 2:30")
    await live(office, first, last, timedelta(minutes=20))
    assert await announced(office) == [f"{CHANNEL}:daily:{key}" for key in keys]


async def test_t130_a_monthly_digest_on_the_31st_comes_every_month(office: Office) -> None:
    office.policy = told_by_policy("monthly 31 9:00")
    await live(office, at(2026, 1, 15), at(2026, 6, 1), timedelta(hours=5))
    keys = [f"2026-0{month}" for month in range(1, 5)]
    assert await announced(office) == [f"{CHANNEL}:monthly:{key}" for key in ["2025-12", *keys]]
    february = await digest(office, f"digest:{CHANNEL}:monthly:2026-02")
    assert february.period == Period(date(2026, 2, 1), date(2026, 2, 28))


async def test_t131_a_digest_announced_before_a_crash_is_not_announced_again(office: Office) -> None:
    """The process died after the announcement, before it noted that it had made it."""
    office.policy = told_by_policy("weekly monday 9:00")
    await live(office, at(2026, 11, 20), at(2026, 11, 23, 9), timedelta(hours=1))
    assert await announced(office) == [f"{CHANNEL}:weekly:2026-W47"]
    await office.raw.delete(f"{{{WORKSPACE}}}:digests:told")
    await office.raw.delete(f"{{{WORKSPACE}}}:outbox")
    await live(office, at(2026, 11, 23, 10), at(2026, 11, 24), timedelta(hours=1))
    assert await announced(office) == []


async def test_t132_after_a_long_pause_one_late_digest_comes_and_counts_the_missed(office: Office) -> None:
    office.policy = told_by_policy("daily 9:00")
    await live(office, at(2026, 11, 1), at(2026, 11, 3, 12), timedelta(hours=1))
    before = await announced(office)
    await live(office, at(2026, 11, 20, 11), at(2026, 11, 20, 13), timedelta(minutes=1))
    assert sorted(set(await announced(office)) - set(before)) == [f"{CHANNEL}:daily:2026-11-19"]
    late = await digest(office, f"digest:{CHANNEL}:daily:2026-11-19")
    assert (late.is_late, late.missed, late.due) == (True, 16, at(2026, 11, 20, 8))
    on_time = await digest(office, f"digest:{CHANNEL}:daily:2026-11-01")
    assert (on_time.is_late, on_time.missed) == (False, 0)


async def test_everything_that_waits_in_the_channel_is_counted_however_much_waits_elsewhere(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "PAGE", 4)
    elsewhere = ChannelId("C0OTHER")
    for number in range(6):
        await office.place(draft=f"other {number}", channel=elsewhere)
    mine = [await office.place(draft=f"mine {number}") for number in range(digests.LISTED + 1)]
    office.policy = told_by_policy("daily 9:00", zone="UTC")
    await live(office, at(2026, 11, 1, 8), at(2026, 11, 1, 9), timedelta(hours=1))
    told = await digest(office, f"digest:{CHANNEL}:daily:2026-10-31")
    assert told.waiting == len(mine)
    assert [one.request for one in told.undecided] == [one.id for one in mine[: digests.LISTED]]


async def test_s2_a_digest_just_set_does_not_begin_with_the_past(office: Office) -> None:
    office.clock.time = at(2026, 11, 25, 12)
    await digests.set_one(office.desk, WORKSPACE, CHANNEL, Schedule(Rhythm.WEEKLY), APPROVER)
    await live(office, at(2026, 11, 25, 12), at(2026, 11, 29), timedelta(hours=6))
    assert await announced(office) == []
    await live(office, at(2026, 11, 30, 9), at(2026, 11, 30, 10), timedelta(hours=1))
    assert await announced(office) == [f"{CHANNEL}:weekly:2026-W48"]


async def test_s2_what_is_set_in_the_channel_counts_before_the_policy(office: Office) -> None:
    office.policy = told_by_policy("daily 9:00", "weekly monday 9:00", zone="UTC")
    await digests.set_one(office.desk, WORKSPACE, CHANNEL, Schedule(Rhythm.DAILY, time(17)), APPROVER)
    await digests.stop(office.desk, WORKSPACE, CHANNEL, Rhythm.WEEKLY, APPROVER)
    (found,) = await digests.wanted(office.desk, WORKSPACE)
    assert (found.schedule, found.is_from_policy) == (Schedule(Rhythm.DAILY, time(17)), False)


async def test_t139_a_digest_shows_no_prices_where_the_channel_may_not_see_them(office: Office) -> None:
    office.policy = told_by_policy("daily 9:00", prices_visible_to=("admin",))
    await live(office, at(2026, 11, 1), at(2026, 11, 2, 12), timedelta(hours=1))
    assert (await digest(office, f"digest:{CHANNEL}:daily:2026-11-01")).spend is None


async def test_s2_only_holders_of_the_role_set_digests(office: Office) -> None:
    assert (await digests.may_set(office.desk, APPROVER, CHANNEL)).is_allowed
    refused = await digests.may_set(office.desk, UserId("U0NOROLE"), ChannelId(CHANNEL))
    assert not refused.is_allowed
    assert "approver" in refused.sentence


async def lines(office: Office, what: str) -> list[str]:
    return [one.audit.what async for one in StoredTrail(office.raw).lines(WORKSPACE) if one.audit.what.startswith(what)]


async def test_u1_a_digest_and_its_line_are_written_together_or_not_at_all(office: Office) -> None:
    """The trail cannot be written: then nothing was set."""
    trail = f"{{{WORKSPACE}}}:audit"
    await office.raw.set(trail, "no trail")
    weekly = Schedule(Rhythm.WEEKLY)
    with pytest.raises(StoreError):
        await digests.set_one(office.desk, WORKSPACE, CHANNEL, weekly, APPROVER)
    assert await digests.of_channel(office.desk, WORKSPACE, CHANNEL) == []
    await office.raw.delete(trail)
    await digests.set_one(office.desk, WORKSPACE, CHANNEL, weekly, APPROVER)
    assert await lines(office, "digest") == ["digest_set"]


async def test_u1_a_digest_is_on_record_once_however_often_it_is_looked_for(office: Office) -> None:
    office.policy = told_by_policy("weekly monday 9:00")
    await live(office, at(2026, 11, 20), at(2026, 12, 1), timedelta(hours=1))
    assert len(await announced(office)) == 2
    assert await lines(office, "digest") == ["digest_announced"] * 2


async def test_x7_one_click_ends_every_digest_of_a_channel_and_a_replay_of_it_nothing(office: Office) -> None:
    for rhythm in Rhythm:
        await digests.set_one(office.desk, WORKSPACE, CHANNEL, Schedule(rhythm), APPROVER)
    click = Origin(CHANNEL, "1.1", "v0=abc")
    assert await digests.stop(office.desk, WORKSPACE, CHANNEL, None, APPROVER, origin=click) == len(Rhythm)
    await digests.set_one(office.desk, WORKSPACE, CHANNEL, Schedule(Rhythm.DAILY), APPROVER)
    with pytest.raises(ReplayError):
        await digests.stop(office.desk, WORKSPACE, CHANNEL, None, APPROVER, origin=click)
    assert len(await digests.of_channel(office.desk, WORKSPACE, CHANNEL)) == 1
    assert await lines(office, "digest_stopped") == ["digest_stopped"] * len(Rhythm)

"""Notices: announced once under their key, said once, and never lost with the place they belong in."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain import request as life
from bot.domain.ids import ChannelId, UserId
from bot.domain.notice import CreditLow
from bot.domain.runway import Runway
from bot.store.redis import RedisStore
from playground.workspace_cast import PROXIES, RITA
from tests.examples import NOW
from tests.usecases.postroom import LEASE_S, LONG_S, TEAM, DyingStore, PostRoom

HERE = ChannelId(PROXIES)


def low(crossing: int = 1) -> CreditLow:
    return CreditLow(crossing, 0, NOW, 5_000, Runway(1_200, None, None, (), None), top_up=4_000, weeks=4)


async def lines(room: PostRoom, channel: str = "proxies", who: str = "rita") -> list[str]:
    return [one.text for one in await room.slack.person(who).messages(channel) if "Credit is low" in one.text]


async def test_t131_a_notice_is_announced_once_however_many_announce_it(room: PostRoom) -> None:
    stores = [room.another_store(RedisStore) for _ in range(4)]
    won = await asyncio.gather(*(store.announce(TEAM, low(), [HERE]) for store in stores))
    assert sorted(won) == [False, False, False, True]
    assert await room.store.announce(TEAM, low(2), [HERE]) is True, "another crossing is another notice"
    assert await room.store.notice(TEAM, low().key) == low()


async def test_t131_two_tellers_say_a_notice_once(room: PostRoom) -> None:
    for _ in range(2):
        await room.store.announce(TEAM, low(), [HERE, UserId(RITA)])
    one, other = room.teller(), room.teller()
    await asyncio.gather(room.work(one), room.work(other))
    for _ in range(3):
        room.pass_time(LEASE_S)
        await asyncio.gather(room.work(one), room.work(other))
    assert len(await lines(room)) == 1
    assert [said for said in await room.dm("rita") if "Credit is low" in said] == await lines(room)
    assert await room.waiting() == 0


@pytest.mark.parametrize("where", ["begun", "record", "settle"])
async def test_t131_killed_anywhere_around_it_a_notice_stands_once(where: str, room: PostRoom) -> None:
    await room.store.announce(TEAM, low(), [HERE])
    store = room.another_store(DyingStore)
    store.dies_at = where
    with pytest.raises(BaseException, match=where):
        await room.teller(store=store).tell(TEAM)
    survivor = room.teller()
    await room.later(survivor, LEASE_S, LONG_S)
    assert len(await lines(room)) == 1
    assert await room.waiting() == 0


async def test_t90_a_notice_whose_post_has_no_clear_end_is_looked_for(room: PostRoom) -> None:
    await room.store.announce(TEAM, low(), [HERE])
    await room.fault("timeout_after_effect", "chat.postMessage", seconds=0.0)
    await room.later(room.teller(), 0, 6, LONG_S)
    assert len(await lines(room)) == 1


async def test_notices_keep_nothing_in_common_that_grows(room: PostRoom) -> None:
    teller = room.teller()
    for crossing in range(1, 6):
        await room.store.announce(TEAM, low(crossing), [HERE])
        await room.later(teller, 5)
    assert await room.raw.hlen(f"{{{TEAM}}}:messages:{low(3).key}") == 1


async def test_a_notice_for_a_closed_channel_goes_to_the_admins(room: PostRoom) -> None:
    await room.slack.remove_bot("proxies")
    await room.store.announce(TEAM, low(), [HERE])
    await room.later(room.teller(), 0, 5, LONG_S)
    assert await lines(room) == []
    (said,) = await room.dm("ada")
    assert "Credit is low" in said
    assert "This belongs in #proxies" in said


async def test_a_notice_in_a_thread_hangs_below_the_card_and_goes_to_people_when_it_cannot(room: PostRoom) -> None:
    teller = room.teller()
    request = await room.ask(life.Approved, life.Claimed, life.Ordered)
    await room.work(teller)
    await room.store.announce(TEAM, low(1), [request.id])
    await room.later(teller, 60)
    card = await room.card(request)
    thread = [one.text for one in await room.slack.person("rita").thread("proxies", card.ts)]
    assert len([said for said in thread if "Credit is low" in said]) == 1
    await room.slack.remove_bot("proxies")
    await room.store.announce(TEAM, low(2), [request.id])
    await room.later(teller, 60, 60)
    assert len([said for said in await room.dm("rita") if "Credit is low" in said]) == 1


async def test_a_notice_that_is_forgotten_by_now_is_left_unsaid(room: PostRoom) -> None:
    await room.store.announce(TEAM, low(), [HERE])
    await room.raw.delete(f"{{{TEAM}}}:notice:{low().key}")
    await room.later(room.teller(), 0, timedelta(minutes=10).total_seconds())
    assert await lines(room) == []
    assert await room.waiting() == 0

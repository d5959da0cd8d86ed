"""Intents to speak: taken once, back by themselves, never lost, and never said by an older state over a newer one."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import redis.asyncio as redis_asyncio

from bot.domain import request as life
from bot.domain.errors import RecordError
from bot.domain.ids import ChannelId, RequestId, WorkspaceId
from bot.domain.intents import MOST_TOGETHER, CardIntent, DirectIntent, Intent, ThreadIntent
from bot.ports import Backlog, Claim, Lane, MessageRef, Posting, Silence, Turn
from bot.store.outbox import INTENT_LEASE_S
from bot.store.redis import RedisStore
from tests.examples import NOW, REQUESTER, WORKSPACE
from tests.store.looking import moved, outbox, placed

CARD = CardIntent(RequestId(1001))
LEASE = timedelta(seconds=INTENT_LEASE_S)
SECOND = timedelta(seconds=1)


async def due(store: RedisStore, at: datetime, limit: int = 20) -> list[Intent]:
    return [claim.intent for claim in await store.claim_intents(WORKSPACE, at, limit)]


async def test_an_intent_is_taken_when_it_is_due_and_not_before(store: RedisStore) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    assert await due(store, NOW - timedelta(milliseconds=1)) == []
    assert await due(store, NOW) == [CARD]


async def test_a_taken_intent_is_nobody_elses_until_its_lease_ends(store: RedisStore) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    assert await due(store, NOW) == [CARD]
    assert await due(store, NOW + LEASE - timedelta(milliseconds=1)) == []
    assert await due(store, NOW + LEASE) == [CARD]


async def test_two_who_take_at_once_share_the_work(store: RedisStore, another: Callable[[], RedisStore]) -> None:
    asked = [CardIntent(RequestId(1001 + number)) for number in range(30)]
    for intent in asked:
        await store.ask(WORKSPACE, intent, NOW)
    taken = await asyncio.gather(due(store, NOW), due(another(), NOW))
    assert sorted(len(part) for part in taken) == [10, 20]
    assert set(taken[0] + taken[1]) == set(asked)


async def test_a_settled_intent_is_gone(store: RedisStore, raw: redis_asyncio.Redis) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    (claim,) = await store.claim_intents(WORKSPACE, NOW)
    await store.settle_intent(claim)
    assert await outbox(raw, WORKSPACE) == {}


async def test_an_intent_asked_for_again_meanwhile_survives_being_settled(store: RedisStore) -> None:
    request = await placed(store)
    (claim,) = await store.claim_intents(WORKSPACE, NOW)
    await moved(store, request, life.Endorsed)  # a move asks for the card again
    await store.settle_intent(claim)
    assert await due(store, NOW + timedelta(minutes=1)) == [CARD]


async def test_a_delayed_intent_comes_back_at_its_time(store: RedisStore) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    (claim,) = await store.claim_intents(WORKSPACE, NOW)
    await store.delay_intent(claim, NOW + 90 * SECOND)
    assert await due(store, NOW + 89 * SECOND) == []
    assert await due(store, NOW + 90 * SECOND) == [CARD]


async def test_an_intent_asked_for_again_meanwhile_is_not_delayed(store: RedisStore) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    (claim,) = await store.claim_intents(WORKSPACE, NOW)
    await store.ask(WORKSPACE, CARD, NOW + SECOND)
    await store.delay_intent(claim, NOW + 90 * SECOND)
    assert await due(store, NOW + SECOND) == [CARD]


async def test_who_held_it_too_long_cannot_settle_what_another_has_taken(store: RedisStore) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    (late,) = await store.claim_intents(WORKSPACE, NOW)
    (claim,) = await store.claim_intents(WORKSPACE, NOW + LEASE)
    await store.settle_intent(late)
    await store.delay_intent(late, NOW)
    assert await due(store, NOW + LEASE + SECOND) == []
    await store.settle_intent(claim)
    assert await due(store, NOW + timedelta(days=1)) == []


async def test_every_kind_of_intent_survives_the_way_through_the_store(store: RedisStore) -> None:
    kinds: set[Intent] = {CARD, ThreadIntent(RequestId(1001), 7), DirectIntent(RequestId(1001), 7, REQUESTER)}
    for intent in kinds:
        await store.ask(WORKSPACE, intent, NOW)
    assert set(await due(store, NOW)) == kinds


async def test_an_intent_of_an_unknown_kind_does_not_hold_up_the_others(
    store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    """After a step back to an older version there may be intents it has never heard of."""
    await raw.zadd(f"{{{WORKSPACE}}}:outbox", {"telegram:1001": 1})
    await store.ask(WORKSPACE, CARD, NOW)
    assert await due(store, NOW) == [CARD]
    assert "telegram:1001" in await outbox(raw, WORKSPACE)


async def test_outboxes_of_workspaces_are_apart(store: RedisStore) -> None:
    await store.ask(WorkspaceId("T0002"), CARD, NOW)
    assert await due(store, NOW) == []


# Where messages stand


def ref(version: int, ts: str = "1.1") -> MessageRef:
    return MessageRef(ChannelId("C1"), ts, version)


async def test_c1_an_older_message_is_never_recorded_over_a_newer_one(store: RedisStore) -> None:
    number = RequestId(1001)
    await store.record_message(WORKSPACE, number, "card:1001", ref(2, "1.2"))
    await store.record_message(WORKSPACE, number, "card:1001", ref(1, "1.1"))
    assert await store.message(WORKSPACE, number, "card:1001") == ref(2, "1.2")
    await store.record_message(WORKSPACE, number, "card:1001", ref(2, "1.3"))
    await store.record_message(WORKSPACE, number, "card:1001", ref(10, "1.4"))
    assert await store.message(WORKSPACE, number, "card:1001") == ref(10, "1.4")
    assert await store.message(WORKSPACE, number, "thread:1001:2") is None
    assert await store.message(WORKSPACE, RequestId(1002), "card:1001") is None


@pytest.mark.parametrize("stored", [b"{", b'{"channel": "C1"}', b"[]", b'"text"'])
async def test_an_unreadable_message_place_is_an_error_not_an_absence(
    stored: bytes, store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    await raw.hset(f"{{{WORKSPACE}}}:messages:1001", "card:1001", stored)
    with pytest.raises(RecordError):
        await store.message(WORKSPACE, RequestId(1001), "card:1001")


# Telling: one at a time, in turn, and with a mark before each post

LANE = Lane("post:C1", SECOND)


async def taken(store: RedisStore, at: datetime = NOW) -> Claim:
    (claim,) = await store.claim_intents(WORKSPACE, at)
    return claim


async def test_t91_one_that_is_being_told_is_not_given_out_again_when_it_is_asked_for_again(store: RedisStore) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    claim = await taken(store)
    await store.ask(WORKSPACE, CARD, NOW + SECOND)
    assert await due(store, NOW + 2 * SECOND) == []
    await store.settle_intent(claim)
    assert await due(store, NOW + 2 * SECOND) == [CARD]


async def test_t91_a_turn_is_given_only_to_who_holds_it_and_renews_the_lease(store: RedisStore) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    old = await taken(store)
    new = await taken(store, NOW + LEASE)
    assert await store.take_turn(old, LANE, NOW + LEASE) is Turn.LOST
    assert await store.begin_posts([old], LANE, NOW + LEASE) == []
    assert (await store.told(old)).begun == {}
    assert await store.take_turn(new, LANE, NOW + LEASE + 10 * SECOND) is Turn.GO
    assert await due(store, NOW + 2 * LEASE) == []
    assert await due(store, NOW + 2 * LEASE + 10 * SECOND) == [CARD]


async def test_f3_the_mark_of_a_post_stands_until_its_end_is_recorded(store: RedisStore) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    claim = await taken(store)
    ((_, mark),) = await store.begin_posts([claim], LANE, NOW)
    assert (await store.told(claim)).begun == {str(CARD): mark}
    again = await taken(store, NOW + LEASE)
    ((_, second),) = await store.begin_posts([again], LANE, NOW + LEASE)
    assert second == Posting(mark.key, NOW, posts=2), "the first try's key and time"
    assert await store.record_message(WORKSPACE, CARD.request, str(CARD), ref(1), mark.key)
    told = await store.told(claim)
    assert (told.places, told.begun) == ({str(CARD): ref(1)}, {})


async def test_f3_a_post_whose_mark_is_gone_is_one_too_many(store: RedisStore) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    ((_, mark),) = await store.begin_posts([await taken(store)], LANE, NOW)
    assert await store.record_message(WORKSPACE, CARD.request, str(CARD), ref(1, "1.1"), mark.key)
    assert not await store.record_message(WORKSPACE, CARD.request, str(CARD), ref(2, "1.2"), mark.key)
    assert await store.record_message(WORKSPACE, CARD.request, str(CARD), ref(1, "1.1"), mark.key), "the same one"
    assert await store.message(WORKSPACE, CARD.request, str(CARD)) == ref(1, "1.1")


async def test_t95_a_lane_lets_one_through_at_a_time_and_the_others_come_back_in_their_order(store: RedisStore) -> None:
    cards = [CardIntent(RequestId(1001 + number)) for number in range(5)]
    for number, card in enumerate(cards):
        await store.ask(WORKSPACE, card, NOW - (5 - number) * SECOND)
    let_through: list[Intent] = []
    for second in range(6):
        at = NOW + second * SECOND
        for claim in await store.claim_intents(WORKSPACE, at):
            if await store.take_turn(claim, LANE, at) is Turn.GO:
                let_through.append(claim.intent)
                await store.settle_intent(claim)
        assert len(let_through) == min(second + 1, 5)
    assert let_through == cards


async def test_t95_who_comes_after_a_queue_stands_behind_it(store: RedisStore) -> None:
    for number in range(3):
        await store.ask(WORKSPACE, CardIntent(RequestId(1001 + number)), NOW)
    for claim in await store.claim_intents(WORKSPACE, NOW):
        if await store.take_turn(claim, LANE, NOW) is Turn.GO:
            await store.settle_intent(claim)
    late = CardIntent(RequestId(1000))
    await store.ask(WORKSPACE, late, NOW)
    assert await store.take_turn(await taken(store), LANE, NOW) is Turn.LATER
    assert late not in await due(store, NOW + 2 * SECOND)
    assert await due(store, NOW + 3 * SECOND) == [late]


async def test_f2_a_held_lane_is_closed_until_then_and_no_other(store: RedisStore) -> None:
    await store.hold_lane(WORKSPACE, LANE, NOW + 30 * SECOND)
    await store.ask(WORKSPACE, CARD, NOW)
    assert await store.take_turn(await taken(store), LANE, NOW) is Turn.LATER
    assert await due(store, NOW + 29 * SECOND) == []
    claim = await taken(store, NOW + 30 * SECOND)
    assert await store.take_turn(claim, LANE, NOW + 30 * SECOND) is Turn.GO
    other = CardIntent(RequestId(1002))
    await store.ask(WORKSPACE, other, NOW)
    assert await store.take_turn(await taken(store), Lane("post:C2", SECOND), NOW) is Turn.GO


async def test_t117_a_clock_that_jumped_back_silences_no_channel(store: RedisStore) -> None:
    """A machine whose clock was two hours ahead was the last to post there."""
    ahead = NOW + timedelta(hours=2)
    await store.ask(WORKSPACE, CARD, NOW)
    claim = await taken(store, ahead)
    assert await store.take_turn(claim, LANE, ahead) is Turn.GO
    await store.settle_intent(claim)
    other = CardIntent(RequestId(1002))
    await store.ask(WORKSPACE, other, NOW)
    assert await store.take_turn(await taken(store), LANE, NOW) is Turn.GO


async def test_t94_in_silence_one_is_given_out_now_and_then_to_try(store: RedisStore) -> None:
    for number in range(3):
        await store.ask(WORKSPACE, CardIntent(RequestId(1001 + number)), NOW)
    assert await store.fall_silent(WORKSPACE, "token_revoked", NOW)
    assert not await store.fall_silent(WORKSPACE, "token_revoked", NOW), "said once"
    assert await due(store, NOW + SECOND) == []
    (probe,) = await store.claim_intents(WORKSPACE, NOW + 10 * SECOND)
    assert probe.is_probe
    assert await due(store, NOW + 11 * SECOND) == []
    assert await store.silence(WORKSPACE) == Silence("token_revoked", NOW)
    await store.speak_again(WORKSPACE)
    assert len(await due(store, NOW + 11 * SECOND)) == 2
    assert await store.silence(WORKSPACE) is None


async def test_f2_what_is_parked_is_counted_and_comes_back_when_it_is_asked_for(store: RedisStore) -> None:
    await store.ask(WORKSPACE, CARD, NOW)
    claim = await taken(store)
    await store.delay_intent(claim, NOW + SECOND, is_failure=True)
    claim = await taken(store, NOW + SECOND)
    assert claim.tries == 1
    assert await store.backlog(WORKSPACE, NOW + 10 * SECOND) == Backlog(1, 10 * SECOND, 0)
    await store.park_intent(claim, "strange_error", NOW)
    assert await store.backlog(WORKSPACE, NOW) == Backlog(0, timedelta(0), 1)
    assert await store.unpark(WORKSPACE, NOW) == 1
    claim = await taken(store)
    assert claim.tries == 0
    await store.settle_intent(claim)
    assert await store.backlog(WORKSPACE, NOW) == Backlog(0, timedelta(0), 0)


# Together, and in order


def told_in_person(request: int, version: int = 2) -> DirectIntent:
    return DirectIntent(RequestId(request), version, REQUESTER)


async def begun(store: RedisStore, at: datetime) -> list[Intent]:
    """Everything that is due, for one person, in one message."""
    claims = await store.claim_intents(WORKSPACE, at, 50)
    gone = await store.begin_posts(claims, LANE, at) if claims else []
    for claim, _ in gone:
        await store.settle_intent(claim)
    return [claim.intent for claim, _ in gone]


async def test_t95_what_has_to_wait_for_one_person_shares_a_turn_with_others(store: RedisStore) -> None:
    many = [told_in_person(1001 + number) for number in range(2 * MOST_TOGETHER + 5)]
    for number, intent in enumerate(many):
        await store.ask(WORKSPACE, intent, NOW)
        assert len(await begun(store, NOW)) == (number == 0)
    turns = [await begun(store, NOW + second * SECOND) for second in range(1, 5)]
    assert [len(turn) for turn in turns] == [MOST_TOGETHER, MOST_TOGETHER, 4, 0]
    assert {intent for turn in turns for intent in turn} == set(many[1:])


async def test_t95_cards_share_no_turn(store: RedisStore) -> None:
    for number in range(3):
        await store.ask(WORKSPACE, CardIntent(RequestId(1001 + number)), NOW)
    for second, count in enumerate((1, 1, 1, 0)):
        claims = await store.claim_intents(WORKSPACE, NOW + second * SECOND)
        gone = [await store.begin_posts([claim], LANE, NOW + second * SECOND) for claim in claims]
        assert sum(len(one) for one in gone) == count
        for ((claim, _),) in filter(None, gone):
            await store.settle_intent(claim)


async def test_t95_every_part_has_a_mark_and_a_key_of_its_own(store: RedisStore) -> None:
    for number in (1001, 1002):
        await store.ask(WORKSPACE, told_in_person(number), NOW)
    claims = await store.claim_intents(WORKSPACE, NOW)
    gone = await store.begin_posts(claims, LANE, NOW)
    assert len({mark.key for _, mark in gone}) == 2
    for claim, mark in gone:
        assert (await store.told(claim)).begun == {str(claim.intent): mark}


async def test_t95_a_part_that_is_somebody_elses_by_now_is_left_out(store: RedisStore) -> None:
    for number in (1001, 1002):
        await store.ask(WORKSPACE, told_in_person(number), NOW)
    mine = await store.claim_intents(WORKSPACE, NOW)
    (theirs,) = await store.claim_intents(WORKSPACE, NOW + LEASE, 1)
    gone = await store.begin_posts(mine, LANE, NOW + LEASE)
    assert [claim.intent for claim, _ in gone] == [one.intent for one in mine if one.intent != theirs.intent]


async def test_t95_a_later_notice_of_a_request_waits_for_the_earlier_one_that_somebody_holds(store: RedisStore) -> None:
    await store.ask(WORKSPACE, told_in_person(1001, 4), NOW)
    (held,) = await store.claim_intents(WORKSPACE, NOW)
    await store.ask(WORKSPACE, told_in_person(1001, 5), NOW + SECOND)
    assert await begun(store, NOW + SECOND) == []
    assert await begun(store, NOW + 2 * SECOND) == [], "asked again a second later"
    await store.settle_intent(held)
    assert await begun(store, NOW + 3 * SECOND) == [told_in_person(1001, 5)]


async def test_t95_a_later_notice_goes_with_the_earlier_one_that_has_to_wait(store: RedisStore) -> None:
    await store.ask(WORKSPACE, told_in_person(1001, 4), NOW)
    (failed,) = await store.claim_intents(WORKSPACE, NOW)
    await store.delay_intent(failed, NOW + 20 * SECOND, is_failure=True)
    await store.ask(WORKSPACE, told_in_person(1001, 5), NOW + SECOND)
    await store.ask(WORKSPACE, told_in_person(1002, 5), NOW + SECOND)
    assert await begun(store, NOW + SECOND) == [told_in_person(1002, 5)], "another request waits for nothing"
    assert await begun(store, NOW + 19 * SECOND) == []
    assert await begun(store, NOW + 20 * SECOND) == [told_in_person(1001, 4), told_in_person(1001, 5)]


async def test_t95_nothing_waits_for_an_earlier_notice_that_is_minutes_away(store: RedisStore) -> None:
    await store.ask(WORKSPACE, told_in_person(1001, 4), NOW)
    (failed,) = await store.claim_intents(WORKSPACE, NOW)
    await store.delay_intent(failed, NOW + 120 * SECOND, is_failure=True)
    await store.ask(WORKSPACE, told_in_person(1001, 5), NOW + SECOND)
    assert await begun(store, NOW + SECOND) == [told_in_person(1001, 5)]


async def test_t89_t95_what_is_to_go_alone_says_so_until_it_is_told(store: RedisStore) -> None:
    await store.ask(WORKSPACE, told_in_person(1001), NOW)
    claim = await taken(store)
    assert not claim.is_alone
    await store.delay_intent(claim, NOW, is_alone=True)
    claim = await taken(store)
    assert (claim.is_alone, claim.tries) == (True, 0)
    await store.settle_intent(claim)
    await store.ask(WORKSPACE, told_in_person(1001), NOW)
    assert not (await taken(store)).is_alone

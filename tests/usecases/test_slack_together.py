"""Notices that are due together share a message: fewer posts, every one of them said once, and in its order."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.domain import request as life
from bot.domain.intents import MOST_TOGETHER
from bot.domain.request import PurchaseRequest
from bot.usecases.speak import POSTS_AHEAD
from bot.usecases.tell import Teller
from playground.slack_seen import Button, SeenMessage
from playground.workspace_cast import RITA
from tests.store.looking import in_order
from tests.usecases.fakes import KilledError
from tests.usecases.postroom import LEASE_S, LONG_S, TEAM, DyingStore, PostRoom, notices

OUTBOX = f"{{{TEAM}}}:outbox"


async def declined(room: PostRoom, count: int) -> list[PurchaseRequest]:
    """So many requests of Rita's, each declined; only what she is told of it in person is still to be said."""
    requests = [await room.ask(life.Declined) for _ in range(count)]
    for name in await in_order(room.raw, OUTBOX):
        if not name.startswith("direct:"):
            await room.raw.zrem(OUTBOX, name)
    room.pass_time(120)
    return requests


async def numbers_told(room: PostRoom, who: str = "rita") -> Counter[int]:
    """How often each request is spoken of in somebody's direct messages."""
    said = notices(await room.dm(who))
    return Counter(int(found[1]) for one in said if (found := re.match(r"Your request #(\d+)", one)))


def about(button: Button) -> int:
    """The request that a button is about."""
    assert button.value is not None
    return int(button.value.partition(":")[0])


def once_each(requests: list[PurchaseRequest]) -> dict[int, int]:
    return {request.id: 1 for request in requests}


def assert_a_card_and_a_line_below_it(room: PostRoom, requests: list[PurchaseRequest]) -> None:
    """For each of these requests, and nothing else in the channel."""
    posted = room.ws.channel_named("proxies").messages.values()
    cards = {one.ts: one.text.split(" ")[0].strip(",.") for one in posted if not one.thread_ts}
    below = [cards[one.thread_ts] for one in posted if one.thread_ts]
    assert sorted(cards.values()) == sorted(below) == sorted(f"#{request.id}" for request in requests)


async def replies(room: PostRoom, card: SeenMessage) -> list[SeenMessage]:
    return [one for one in await room.slack.person("rita").thread("proxies", card.ts) if one.ts != card.ts]


# A burst


async def test_t95_two_hundred_requests_in_a_minute_with_all_their_news_at_slacks_pace_and_nothing_lost(
    room: PostRoom, teller: Teller
) -> None:
    room.ws.limiter.post_burst = POSTS_AHEAD + 1  # as strict as its own pace is
    other, requests = room.teller(), list[PurchaseRequest]()
    for _ in range(200):
        requests.append(await room.ask(life.Declined))
        room.now = max(room.now, requests[-1].changed_at)
        await asyncio.gather(room.work(teller), room.work(other))
        room.pass_time(0.25)
    for _ in range(1_000):
        if not await room.waiting():
            break
        await room.later(teller, 1)
    assert await room.waiting() == 0
    assert [line for line in room.calls("chat.postMessage") if line["error"]] == [], "never too fast for Slack"
    assert_a_card_and_a_line_below_it(room, requests)
    assert await numbers_told(room) == once_each(requests)
    assert len(await room.slack.person("rita").dm()) <= 60, "two hundred notices in fifty seconds"


async def test_t95_sixty_notices_for_one_person_are_a_handful_of_messages(room: PostRoom, teller: Teller) -> None:
    requests = await declined(room, 60)
    for _ in range(20):
        await room.later(teller, 1)
    seen = await room.slack.person("rita").dm()
    assert await numbers_told(room) == once_each(requests)
    assert len(seen) <= 60 / MOST_TOGETHER + 4
    assert all(len(notices([one.text])) <= MOST_TOGETHER for one in seen)
    assert await room.waiting() == 0


async def test_t95_what_comes_one_by_one_while_the_pace_is_kept_waits_together(room: PostRoom, teller: Teller) -> None:
    requests = list[PurchaseRequest]()
    for _ in range(30):
        requests += await declined(room, 1)
        room.now -= timedelta(seconds=120)
        room.now = max(room.now, requests[-1].changed_at)
        await room.later(teller, 0.1)
    await room.later(teller, *[1] * 8)
    assert await numbers_told(room) == once_each(requests)
    assert len(await room.slack.person("rita").dm()) <= 10, "thirty notices in three seconds"


async def test_t95_each_notice_of_a_message_has_its_own_buttons_and_a_single_one_looks_as_always(
    room: PostRoom, teller: Teller
) -> None:
    (first,) = await declined(room, 1)
    await room.work(teller)
    (alone,) = await room.slack.person("rita").dm()
    many = await declined(room, 3)
    await room.work(teller)
    _, together = await room.slack.person("rita").dm()
    assert [block["type"] for block in together.blocks].count("divider") == 2
    assert [about(button) for button in together.buttons] == [
        *(request.id for request in many for _ in alone.buttons),
    ]
    assert {about(button) for button in alone.buttons} == {first.id}
    assert "divider" not in [block["type"] for block in alone.blocks]
    assert all(f"#{request.id}" in together.fallback for request in many), "a screen reader reads all of it"


async def test_t95_n17_the_message_names_each_of_its_notices(room: PostRoom, teller: Teller) -> None:
    requests = await declined(room, 3)
    await room.work(teller)
    (seen,) = await room.slack.person("rita").dm()
    assert seen.metadata is not None
    payload = seen.metadata["event_payload"]
    assert payload["name"].split() == [f"direct:{one.id}:{one.version}:{RITA}" for one in requests]
    assert payload["request"].split() == [f"{TEAM}/{one.id}" for one in requests]
    assert len(set(payload["key"].split())) == 3
    assert all(isinstance(value, str | int) for value in payload.values())


async def test_t95_two_lines_of_one_thread_are_one_message_below_the_card(room: PostRoom, teller: Teller) -> None:
    request = await room.ask()
    await room.work(teller)
    request = await room.walk(request, life.Approved, life.Claimed, life.Unclear, life.Absent)
    await room.later(teller, 120, 5)
    (told,) = await replies(room, await room.card(request))
    unclear, settled = notices([told.text])
    assert "No clear answer" in unclear
    assert "says nothing was bought" in settled


async def test_t88_t95_below_a_deleted_card_nothing_is_lost_of_what_was_gathered(
    room: PostRoom, teller: Teller
) -> None:
    request = await room.ask()
    await room.work(teller)
    await room.slack.delete_message(await room.card(request))
    request = await room.walk(request, life.Approved, life.Claimed, life.Unclear, life.Absent)
    await room.raw.zrem(OUTBOX, f"card:{request.id}")  # said already
    await room.later(teller, 120, 5, 5, 5)
    assert len(notices([one.text for one in await replies(room, await room.card(request))])) == 2
    assert await room.waiting() == 0


async def test_t88_t95_whoever_cannot_be_written_to_has_each_notice_dropped_with_its_reason(
    room: PostRoom, teller: Teller
) -> None:
    requests = await declined(room, 3)
    await room.slack.deactivate("rita")
    await room.work(teller)
    for request in requests:
        name = f"-direct:{request.id}:{request.version}:{RITA}"
        assert await room.raw.hget(f"{{{TEAM}}}:messages:{request.id}", name) == b"user_disabled"
    assert len(room.calls("chat.postMessage")) == 1
    assert await room.waiting() == 0


# Once


@pytest.mark.parametrize("spared", [0, 1, 3])
@pytest.mark.parametrize("where", ["begun", "record", "settle"])
async def test_t95_t112_killed_anywhere_around_a_message_with_several_loses_none_and_doubles_none(
    where: str, spared: int, room: PostRoom
) -> None:
    requests = await declined(room, 5)
    store = room.another_store(DyingStore)
    store.dies_at, store.spared = where, spared if where != "begun" else 0
    with pytest.raises(KilledError):
        await room.teller(store=store).tell(TEAM)
    late = await declined(room, 2)
    await asyncio.gather(*(room.work(one) for one in (room.teller(), room.teller())))
    await room.later(room.teller(), LEASE_S, *[2] * 6)
    assert await numbers_told(room) == once_each([*requests, *late])
    assert await room.waiting() == 0
    assert len(await room.slack.person("rita").dm()) <= 3


@pytest.mark.parametrize("fault", ["timeout_after_effect", "reset", "http_500"])
async def test_t90_t95_the_unknown_end_of_a_message_with_several_is_looked_into_for_each(
    fault: str, room: PostRoom, teller: Teller
) -> None:
    requests = await declined(room, 4)
    await room.fault(fault, "chat.postMessage", seconds=0.0)
    await room.work(teller)
    assert await room.waiting() == 4
    await room.later(teller, 6, *[2] * 5)
    assert await numbers_told(room) == once_each(requests)
    assert len(room.calls("chat.postMessage")) == (1 if fault == "timeout_after_effect" else 2)
    assert len(room.calls("conversations.history")) == 1, "one look for all of them"
    assert await room.waiting() == 0


async def test_t90_t95_without_the_right_to_look_each_part_is_repeated_once_at_most(
    room: PostRoom, teller: Teller
) -> None:
    requests = await declined(room, 3)
    await room.slack.change("set_scopes", scopes=[s for s in room.ws.app.scopes if "history" not in s])
    await room.fault("timeout_after_effect", "chat.postMessage", times=None, seconds=0.0)
    await room.later(teller, 1, *[LONG_S] * 6)
    assert await numbers_told(room) == {request.id: 2 for request in requests}
    assert len(await room.parked()) == 3
    room.forget_problems("missing_scope")


async def test_t95_t112_two_who_each_find_a_part_of_it_after_a_crash_say_each_part_once(room: PostRoom) -> None:
    """What one of them posts carries the keys of its own parts only: the other does not take its own for said."""
    requests = await declined(room, 4)
    store = room.another_store(DyingStore)
    store.dies_at = "begun"
    with pytest.raises(KilledError):
        await room.teller(store=store).tell(TEAM)
    room.pass_time(LEASE_S)
    one, other = room.teller(), room.teller()
    mine = await one.desk.store.claim_intents(TEAM, room.now, 2)
    yours = await other.desk.store.claim_intents(TEAM, room.now, 2)
    await one._deliver(mine)
    await other._deliver(yours)
    await room.later(room.teller(), *[2] * 4)
    assert await numbers_told(room) == once_each(requests)
    assert len(await room.slack.person("rita").dm()) == 2


async def test_t91_t95_who_slept_in_the_middle_of_it_takes_back_what_others_have_said_and_keeps_the_rest(
    room: PostRoom,
) -> None:
    requests = await declined(room, 3)
    notifier, gate = room.gated("post")
    sleeping = asyncio.create_task(room.teller(notifier).tell(TEAM))
    await notifier.reached.wait()
    room.pass_time(LEASE_S)
    kept = f"direct:{requests[2].id}:{requests[2].version}:{RITA}"
    await room.raw.zadd(OUTBOX, {kept: (room.now + timedelta(hours=1)).timestamp() * 1000})
    await room.work(room.teller())
    gate.set()
    await sleeping
    assert await numbers_told(room) == once_each(requests)
    await room.later(room.teller(), 3_700, 2)
    assert await numbers_told(room) == once_each(requests)
    assert await room.waiting() == 0


@pytest.mark.parametrize("seed", range(4))
async def test_t91_t95_two_workers_and_random_crashes_say_each_of_many_notices_once(seed: int, room: PostRoom) -> None:
    chance = random.Random(seed)
    requests = list[PurchaseRequest]()
    for _ in range(14):
        if len(requests) < 12 and chance.random() < 0.8:
            requests += [await room.ask(life.Declined) for _ in range(chance.randrange(1, 4))]
            room.now = max(room.now, requests[-1].changed_at)
        workers = []
        for _ in range(2):
            store = room.another_store(DyingStore)
            store.dies_at, store.spared = chance.choice(["", "begun", "record", "settle"]), chance.randrange(6)
            workers.append(room.teller(store=store))
        if chance.random() < 0.4:
            name = chance.choice(["reset", "http_500", "timeout_after_effect", "error"])
            more = (
                {"error": chance.choice(["invalid_blocks", "strange_error"])} if name == "error" else {"seconds": 0.0}
            )
            await room.fault(name, "chat.postMessage", **more)
        await asyncio.gather(*(worker.tell(TEAM) for worker in workers), return_exceptions=True)
        room.pass_time(chance.choice([1, 3, 40]))
    await room.slack.clear_faults()
    await room.later(room.teller(), *[LEASE_S, *[2] * 10] * 4, *[901, *[2] * 5] * 2)
    assert await numbers_told(room) == once_each(requests)
    assert_a_card_and_a_line_below_it(room, requests)
    assert await room.waiting() == 0


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_too_long", "brand_new_error"])
async def test_t89_t95_a_refused_message_is_taken_apart_and_each_part_said_by_itself(
    code: str, room: PostRoom, teller: Teller
) -> None:
    requests = await declined(room, 4)
    await room.fault("error", "chat.postMessage", error=code)
    with capture_logs() as log:
        await room.later(teller, *[1] * 6)
    assert await numbers_told(room) == once_each(requests)
    seen = await room.slack.person("rita").dm()
    assert len(seen) == 4
    assert all(one.blocks for one in seen), "none is to blame for the others"
    assert [line["event"] for line in log].count("message_taken_apart") == 4
    assert await room.waiting() == 0
    await declined(room, 2)
    await room.work(teller)
    assert len(await room.slack.person("rita").dm()) == 5, "and what comes later is gathered again"


async def test_t95_a_record_that_cannot_be_read_does_not_hold_up_its_company(room: PostRoom, teller: Teller) -> None:
    requests = await declined(room, 4)
    await room.raw.hset(f"{{{TEAM}}}:request:{requests[1].id}", "body", b"{}")
    await room.work(teller)
    assert await numbers_told(room) == once_each([*requests[:1], *requests[2:]])
    assert len(await room.slack.person("rita").dm()) == 1


async def test_t95_one_that_cannot_be_drawn_fails_by_itself(
    room: PostRoom, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.blocks import notices as drawings

    requests, draw = await declined(room, 4), drawings.direct_notice

    def broken(request: PurchaseRequest, *given: object) -> object:
        if request.id == requests[1].id:
            raise ZeroDivisionError
        return draw(request, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(drawings, "direct_notice", broken)
    await room.later(teller, *[1] * 5)
    assert await numbers_told(room) == once_each([*requests[:1], *requests[2:]])
    assert await room.waiting() == 1


# In its order


async def test_t95_the_later_of_two_notices_waits_for_the_one_a_dead_process_held(room: PostRoom) -> None:
    """Its lease has to end first. What came meanwhile was said before it once."""
    request = await room.ask()
    await room.work(room.teller())
    request = await room.walk(request, life.Approved, life.Claimed, life.Unclear)
    room.pass_time(120)
    store = room.another_store(DyingStore)
    store.dies_at = "begun"
    await room.raw.zrem(OUTBOX, f"card:{request.id}", f"thread:{request.id}:{request.version}")
    with pytest.raises(KilledError):
        await room.teller(store=store).tell(TEAM)
    await room.walk(request, life.Absent)
    survivor = room.teller()
    await room.later(survivor, 1, 1, 1)
    assert await room.dm("rita") == [], "a second later it is not said yet"
    await room.later(survivor, LEASE_S, 2, 2)
    unclear, settled = notices(await room.dm("rita"))
    assert "No clear answer" in unclear
    assert "says nothing was bought" in settled
    assert await room.waiting() == 0


async def test_t95_an_earlier_notice_that_keeps_failing_is_not_waited_for_for_ever(room: PostRoom) -> None:
    request = await room.ask()
    teller = room.teller()
    await room.work(teller)
    request = await room.walk(request, life.Approved, life.Claimed, life.Unclear)
    await room.raw.zrem(OUTBOX, f"card:{request.id}", f"thread:{request.id}:{request.version}")
    await room.fault("error", "chat.postMessage", error="brand_new_error", times=3)
    await room.later(teller, 120, 21, 41)
    request = await room.walk(request, life.Absent)
    await room.later(teller, 2, 2)
    assert any("says nothing was bought" in said for said in await room.dm("rita"))
    await room.later(teller, LONG_S, 2)
    assert len(notices(await room.dm("rita"))) == 2

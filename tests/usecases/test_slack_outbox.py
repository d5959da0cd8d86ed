"""The outbox in the strict workspace: real posts, Slack's own refusals, and clocks that move only by hand."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.blocks.kit import Message, section
from bot.domain import request as life
from bot.domain.ids import ChannelId, UserId
from bot.slack import Chat
from bot.slack_notifier import EVENT_TYPE
from bot.usecases.messages import MOST_TRIES
from bot.usecases.speak import POSTS_AHEAD
from bot.usecases.tell import Teller
from playground.workspace_cast import MAX, MONA, PROXIES, RITA, SCRAPING, WES
from playground.workspace_model import Message as Posted
from tests.store.looking import audit, in_order, text
from tests.usecases.fakes import KilledError
from tests.usecases.postroom import LEASE_S, LONG_S, TEAM, UNCLEAR_ENDS, DyingStore, PostRoom, notices

# Once


@pytest.mark.parametrize(("fault", "more", "_why"), UNCLEAR_ENDS, ids=[end[2] for end in UNCLEAR_ENDS])
async def test_t90_f3_n17_a_post_of_unknown_end_is_looked_for_before_it_is_repeated(
    fault: str, more: dict[str, Any], _why: str, room: PostRoom, teller: Teller
) -> None:
    request = await room.ask()
    await room.fault(fault, "chat.postMessage", **more)
    await room.work(teller)
    assert await room.waiting() == 1
    assert room.calls("conversations.history") == []
    await room.later(teller, 6)
    assert len(await room.cards(request)) == 1
    assert len(room.calls("conversations.history")) == 1
    await room.later(teller, LONG_S)
    assert await room.waiting() == 0
    moved = await room.walk(request, life.Declined)
    await room.later(teller, LONG_S)
    assert "Declined" in (await room.card(moved)).text, "what was found is what is updated"


async def test_t90_an_unknown_end_of_a_thread_notice_and_a_direct_message_is_looked_for_too(
    room: PostRoom, teller: Teller
) -> None:
    request = await room.ask()
    await room.work(teller)
    await room.fault("timeout_after_effect", "chat.postMessage", times=2, seconds=0.0)
    await room.walk(request, life.Declined)
    await room.later(teller, 120, 10, 10, LONG_S)
    card = await room.card(request)
    thread = [one for one in await room.slack.person("rita").thread("proxies", card.ts) if one.ts != card.ts]
    assert len(thread) == 1
    assert len([said for said in await room.dm("rita") if "Declined" in said]) == 1
    assert room.calls("conversations.replies")
    assert await room.waiting() == 0


async def test_t90_while_slack_stays_unclear_there_is_never_a_loop_of_posts(room: PostRoom, teller: Teller) -> None:
    request = await room.ask()
    await room.fault("http_500", "chat.postMessage", times=None)
    for _ in range(600):
        await room.later(teller, 1)
    assert len(room.calls("chat.postMessage")) <= 8, "ten minutes"
    await room.slack.clear_faults()
    await room.later(teller, LONG_S)
    assert len(await room.cards(request)) == 1


@pytest.mark.parametrize("payload", [{"version": "v2.1.0", "key": "x"}, {"version": "1.0"}, {"version": 7}])
@pytest.mark.parametrize("event_type", ["build_done", EVENT_TYPE])
async def test_t90_what_other_apps_write_on_their_messages_hides_none_of_ours(
    payload: dict[str, Any], event_type: str, room: PostRoom, teller: Teller
) -> None:
    request = await room.ask()
    await room.fault("http_500", "chat.postMessage")
    await room.work(teller)
    channel = room.ws.channel_named("proxies")
    ts = room.ws.next_ts(channel)
    mark = {"event_type": event_type, "event_payload": payload}
    channel.messages[ts] = Posted(channel.id, ts, WES, text="build ok", metadata=mark)
    await room.later(teller, 6, LONG_S)
    assert len(await room.cards(request)) == 1
    assert await room.waiting() == 0


async def test_t90_without_the_right_to_look_there_is_at_most_one_duplicate(room: PostRoom, teller: Teller) -> None:
    request = await room.ask()
    await room.slack.change("set_scopes", scopes=[s for s in room.ws.app.scopes if "history" not in s])
    await room.fault("timeout_after_effect", "chat.postMessage", times=None, seconds=0.0)
    await room.later(teller, 1, *[LONG_S] * 6)
    assert len(await room.cards(request)) == 2
    assert list(await room.parked()) == [f"card:{request.id}"]
    assert await room.waiting() == 0
    await room.slack.clear_faults()
    await room.walk(request, life.Approved)
    await room.later(teller, *[LONG_S] * 3)
    assert len(await room.cards(request)) == 2, "asking again does not make it three"
    room.forget_problems("missing_scope")


async def test_t90_without_the_right_to_look_one_lost_answer_is_repeated_once(room: PostRoom, teller: Teller) -> None:
    request = await room.ask()
    await room.slack.change("set_scopes", scopes=[s for s in room.ws.app.scopes if "history" not in s])
    await room.fault("reset", "chat.postMessage")
    await room.later(teller, 1, 10)
    assert len(await room.cards(request)) == 1
    room.forget_problems("missing_scope")


@pytest.mark.parametrize("where", ["begun", "record", "settle"])
async def test_t112_f3_killed_anywhere_around_a_post_leaves_exactly_one_card(where: str, room: PostRoom) -> None:
    request = await room.ask()
    store = room.another_store(DyingStore)
    store.dies_at = where
    with pytest.raises(KilledError):
        await room.teller(store=store).tell(TEAM)
    survivor = room.teller()
    await room.work(survivor)
    assert len(room.calls("chat.postMessage")) <= 1, "nobody speaks while the lease of the dead one lasts"
    await room.later(survivor, LEASE_S)
    assert len(await room.cards(request)) == 1
    assert await room.waiting() == 0


@pytest.mark.parametrize("where", ["begun", "record", "settle"])
@pytest.mark.parametrize("kind", ["thread", "direct"])
async def test_t112_killed_around_a_notice_leaves_exactly_one_notice(where: str, kind: str, room: PostRoom) -> None:
    teller = room.teller()
    request = await room.ask()
    await room.work(teller)
    await room.walk(request, life.Declined)
    room.pass_time(120)
    waiting = await in_order(room.raw, f"{{{TEAM}}}:outbox")
    a_second_later = (room.now + timedelta(seconds=1)).timestamp() * 1000
    others = {name: a_second_later for name in waiting if not name.startswith(kind)}
    await room.raw.zadd(f"{{{TEAM}}}:outbox", others)
    store = room.another_store(DyingStore)
    store.dies_at = where
    with pytest.raises(KilledError):
        await room.teller(store=store).tell(TEAM)
    await room.later(teller, LEASE_S, 5, 5)
    card = await room.card(request)
    thread = [one for one in await room.slack.person("rita").thread("proxies", card.ts) if one.ts != card.ts]
    told = [said for said in await room.dm("rita") if "Declined" in said]
    assert (len(thread), len(told)) == (1, 1)
    assert await room.waiting() == 0


async def test_n17_the_mark_names_the_message_and_holds_no_secret(room: PostRoom, teller: Teller) -> None:
    request = await room.ask()
    await room.work(teller)
    card = await room.card(request)
    assert card.metadata is not None
    payload = card.metadata["event_payload"]
    assert {key: payload[key] for key in ("name", "request", "version")} == {
        "name": f"card:{request.id}",
        "request": f"{TEAM}/{request.id}",
        "version": 1,
    }
    assert all(isinstance(value, str | int) for value in payload.values())


# Two at once, and older over newer


async def test_t91_a_worker_that_slept_through_its_lease_says_nothing(room: PostRoom) -> None:
    request = await room.ask()
    sleeper = room.teller()
    (claim,) = await sleeper.desk.store.claim_intents(TEAM, room.now)
    room.pass_time(LEASE_S)
    await room.work(room.teller())
    await sleeper._deliver([claim])
    assert len(await room.cards(request)) == 1
    assert len(room.calls("chat.postMessage")) == 1
    assert room.calls("chat.update") == []


async def test_t91_a_post_by_one_who_slept_in_the_middle_of_it_is_taken_back(room: PostRoom) -> None:
    request = await room.ask()
    notifier, gate = room.gated("post")
    sleeping = asyncio.create_task(room.teller(notifier).tell(TEAM))
    await notifier.reached.wait()
    room.pass_time(LEASE_S)
    awake = room.teller()
    await room.work(awake)
    standing = await room.card(request)
    gate.set()
    await sleeping
    assert (await room.card(request)).ts == standing.ts, "the one that is recorded stays"
    assert len(room.calls("chat.postMessage")) == 2
    await room.walk(request, life.Declined)
    await room.later(awake, 120)
    assert "Declined" in (await room.card(request)).text


async def test_t91_c1_an_older_drawing_that_arrives_late_is_drawn_over(room: PostRoom) -> None:
    request = await room.ask()
    awake = room.teller()
    await room.work(awake)
    request = await room.walk(request, life.Approved)
    room.pass_time(120)
    notifier, gate = room.gated("update")
    sleeping = asyncio.create_task(room.teller(notifier).tell(TEAM))
    await notifier.reached.wait()
    await room.walk(request, life.Withdrawn)
    room.pass_time(LEASE_S)
    await room.later(awake, 120)
    assert "Withdrawn" in (await room.card(request)).text
    gate.set()
    await sleeping
    await room.later(awake, 1)
    assert "Withdrawn" in (await room.card(request)).text
    assert len(room.calls("chat.update")) == 3, "the late one was drawn over at once"


@pytest.mark.parametrize("seed", range(12))
async def test_t91_n17_two_workers_and_random_crashes_leave_one_card_with_the_final_text(
    seed: int, room: PostRoom
) -> None:
    chance = random.Random(seed)
    request = await room.ask()
    steps = iter((life.Approved, life.Delayed, life.Claimed, life.Unclear, life.Absent))
    for _ in range(25):
        workers = []
        for _ in range(2):
            store = room.another_store(DyingStore)
            store.dies_at = chance.choice(["", "", "begun", "record", "settle"])
            workers.append(room.teller(store=store))
        if chance.random() < 0.3:
            name, method = chance.choice(["reset", "http_500", "timeout_after_effect"]), "chat.postMessage"
            await room.fault(name, chance.choice([method, "chat.update"]), seconds=0.0)
        if chance.random() < 0.4 and (step := next(steps, None)):
            request = await room.walk(request, step)
        await asyncio.gather(*(worker.tell(TEAM) for worker in workers), return_exceptions=True)
        room.pass_time(chance.choice([1, 7, 40]))
    request = await room.walk(request, *steps)
    await room.slack.clear_faults()
    room.now = max(room.now, request.changed_at)
    await room.later(room.teller(), *[LONG_S] * 12)
    card = await room.card(request)
    assert "Nothing was bought" in card.text
    thread = [one.text for one in await room.slack.person("rita").thread("proxies", card.ts) if one.ts != card.ts]
    for told in (notices(thread), notices(await room.dm("rita"))):
        assert len(told) == 2, "what was unclear, and how it was settled"
        assert "says nothing was bought" in told[1], "in the order in which it happened"
    assert await room.waiting() == 0


# Closed channels


async def test_t88_f4_bot_removed_before_the_first_card_everybody_concerned_gets_a_copy(
    room: PostRoom, teller: Teller
) -> None:
    await room.slack.remove_bot("proxies")
    request = await room.ask()
    await room.later(teller, 1, 2, 2)
    assert await room.cards(request) == []
    for who in ("rita", "mona", "max"):
        copy = await room.card(request, "dm", who)
        assert "Proxydesk cannot write there" in copy.text
        assert copy.has_button("approve")
    (told,) = await room.dm("ada")
    assert "Proxydesk cannot write in #proxies" in told


async def test_t88_f4_admins_hear_once_of_a_closed_channel_and_again_after_it_was_open(
    room: PostRoom, teller: Teller
) -> None:
    await room.slack.remove_bot("proxies")
    for _ in range(3):
        await room.ask()
    await room.later(teller, 1, *[2] * 6)
    assert len(await room.dm("ada")) == 1
    await room.slack.add_bot("proxies")
    shown = await room.ask()
    await room.later(teller, 2)
    assert len(await room.cards(shown)) == 1
    await room.slack.remove_bot("proxies")
    await room.ask()
    await room.later(teller, *[2] * 6)
    assert len(await room.dm("ada")) == 2


async def test_t88_f4_c1_back_in_the_channel_the_card_goes_on_there_and_every_copy_with_it(
    room: PostRoom, teller: Teller
) -> None:
    await room.slack.remove_bot("proxies")
    request = await room.ask()
    await room.later(teller, 1, 2)
    await room.slack.add_bot("proxies")
    request = await room.walk(request, life.Approved, life.Claimed, life.Ordered)
    await room.later(teller, 300, 2, 2)
    assert "Ordered" in (await room.card(request)).text
    for who in ("rita", "mona", "max"):
        copy = await room.card(request, "dm", who)
        assert "Ordered" in copy.text
        assert "A copy of the card in #proxies" in copy.text
        assert not copy.has_button("approve")
    assert await room.waiting() == 0


async def test_t88_archived_after_the_card_was_posted_the_news_goes_in_person(room: PostRoom, teller: Teller) -> None:
    request = await room.ask()
    await room.work(teller)
    await room.slack.archive("proxies")
    request = await room.walk(request, life.Approved, life.Claimed, life.Refused)
    await room.later(teller, 300, 2, 2, 2)
    assert any("Nothing was bought" in said and "Your request" in said for said in await room.dm("rita"))
    for who in ("mona", "max"):
        assert (await room.card(request, "dm", who)).has_button("retry")
        assert any("asked by @rita" in said and "Nothing was bought" in said for said in await room.dm(who))
    assert len(await room.dm("ada")) == 1
    assert await room.waiting() == 0


async def test_t88_a_card_deleted_by_a_person_comes_again_and_its_thread_with_it(
    room: PostRoom, teller: Teller
) -> None:
    request = await room.ask()
    await room.work(teller)
    await room.slack.delete_message(await room.card(request))
    request = await room.walk(request, life.Declined)
    await room.later(teller, 300, 5, 5)
    card = await room.card(request)
    assert "Declined" in card.text
    thread = [one for one in await room.slack.person("rita").thread("proxies", card.ts) if one.ts != card.ts]
    assert len(thread) == 1


async def test_t88_a_card_deleted_between_its_update_and_its_thread_notice(room: PostRoom, teller: Teller) -> None:
    request = await room.ask()
    await room.work(teller)
    request = await room.walk(request, life.Declined)
    await room.raw.zrem(f"{{{TEAM}}}:outbox", f"card:{request.id}")  # said already
    await room.slack.delete_message(await room.card(request))
    await room.later(teller, 300, 5, 5)
    card = await room.card(request)
    thread = [one for one in await room.slack.person("rita").thread("proxies", card.ts) if one.ts != card.ts]
    assert len(thread) == 1
    assert await room.waiting() == 0


async def test_t88_without_the_right_to_write_everything_waits_and_leaves_when_it_is_back(
    room: PostRoom, teller: Teller
) -> None:
    request = await room.ask()
    scopes = sorted(room.ws.app.scopes)
    await room.slack.change("set_scopes", scopes=[s for s in scopes if s != "chat:write"])
    await room.later(teller, 1, 60, 60)
    silence = await room.store.silence(TEAM)
    assert silence is not None
    assert silence.code == "missing_scope"
    await room.slack.change("set_scopes", scopes=scopes)
    await room.later(teller, 200)
    assert len(await room.cards(request)) == 1
    assert await room.store.silence(TEAM) is None
    room.forget_problems("missing_scope")


async def test_f4_when_nobody_holds_the_role_the_admins_get_the_card(room: PostRoom, teller: Teller) -> None:
    await room.slack.remove_bot("proxies")
    await room.slack.deactivate("mona")
    await room.slack.deactivate("max")
    request = await room.ask()
    await room.later(teller, 1, 2, 2)
    assert "Proxydesk cannot write there" in (await room.card(request, "dm", "ada")).text
    assert len(await room.dm("ada")) == 2, "the card, and that the channel is closed"


async def test_f4_when_no_approver_can_be_written_to_the_admins_get_the_card_and_the_reasons_stay(
    room: PostRoom, teller: Teller
) -> None:
    await room.slack.remove_bot("proxies")
    await room.ask()
    await room.later(teller, 1, 2, 2)
    await room.slack.deactivate("mona")  # seconds ago: the roles are known from before
    await room.slack.deactivate("max")
    request = await room.ask()
    await room.later(teller, 2, 2, 2, 2)
    found = await room.raw.hgetall(f"{{{TEAM}}}:messages:{request.id}")
    told = {text(name): text(about) for name, about in found.items()}
    dropped = {name: why for name, why in told.items() if name.startswith("-")}
    assert dropped == {f"-copy:{request.id}:{user}": "user_disabled" for user in (MONA, MAX)}
    lines = await audit(room.raw, TEAM)
    assert [line["by"] for line in lines if line["what"] == "message_dropped"] in ([MAX, MONA], [MONA, MAX])
    assert (await room.card(request, "dm", "ada")).has_button("approve")
    assert await room.waiting() == 0


async def test_f4_a_direct_message_that_cannot_be_delivered_is_dropped_with_its_reason(
    room: PostRoom, teller: Teller
) -> None:
    request = await room.ask()
    await room.work(teller)
    await room.slack.deactivate("rita")
    request = await room.walk(request, life.Declined)
    await room.later(teller, 300, 2)
    name = f"direct:{request.id}:{request.version}:{RITA}"
    assert await room.raw.hget(f"{{{TEAM}}}:messages:{request.id}", f"-{name}") == b"user_disabled"
    assert await room.waiting() == 0
    assert "Declined" in (await room.card(request, who="mona")).text


# What Slack refuses


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
async def test_t89_f2_a_card_that_cannot_be_changed_is_posted_anew(code: str, room: PostRoom, teller: Teller) -> None:
    request = await room.ask()
    await room.work(teller)
    request = await room.walk(request, life.Declined)
    await room.fault("error", "chat.update", error=code)
    await room.later(teller, 300, 2)
    old, new = await room.cards(request)
    assert "Waiting for approval" in old.text
    assert "Declined" in new.text
    thread = await room.slack.person("rita").thread("proxies", new.ts)
    assert len(thread) == 2, "the notice hangs below the card that is kept"


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_blocks_format", "msg_too_long"])
async def test_t89_f2_a_refused_layout_leaves_the_words_and_a_way_to_the_buttons(
    code: str, method: str, room: PostRoom, teller: Teller
) -> None:
    if method == "chat.update":
        request = await room.ask()
        await room.work(teller)
        request = await room.walk(request, life.Approved)
    else:
        request = await room.ask(life.Approved)
    await room.fault("error", method, error=code)
    await room.later(teller, 300)
    seen = [one for one in await room.slack.person("rita").messages("proxies") if f"#{request.id}" in one.text]
    assert len(seen) == 1
    assert "Approved by" in seen[0].text
    assert f"/proxy show {request.id}" in seen[0].text
    assert seen[0].blocks == []
    assert len(seen[0].raw_text) <= (1_000 if code == "msg_too_long" else 4_000)
    await room.walk(request, life.Claimed)
    await room.later(teller, 300)
    assert (await room.card(request)).blocks, "the next drawing has its layout again"


async def test_t89_f2_a_message_that_is_refused_in_every_form_is_parked_and_not_repeated_for_ever(
    room: PostRoom, teller: Teller
) -> None:
    request = await room.ask()
    await room.fault("error", "chat.postMessage", error="invalid_blocks", times=None)
    await room.later(teller, *[1_000] * (MOST_TRIES + 4))
    assert list(await room.parked()) == [f"card:{request.id}"]
    assert len(room.calls("chat.postMessage")) == 2 * MOST_TRIES


async def test_t89_an_update_of_unknown_end_is_made_again_with_what_is_true_then(
    room: PostRoom, teller: Teller
) -> None:
    request = await room.ask()
    await room.work(teller)
    request = await room.walk(request, life.Approved)
    await room.fault("http_500", "chat.update")
    await room.later(teller, 300)
    request = await room.walk(request, life.Withdrawn)
    await room.later(teller, 300)
    assert "Withdrawn" in (await room.card(request)).text
    assert (await room.store.get(TEAM, request.id)) == request, "no state changed because of a message"


async def test_f2_an_unknown_word_is_tried_ever_more_rarely_and_then_given_up_where_it_shows(
    room: PostRoom, teller: Teller
) -> None:
    request = await room.ask()
    await room.fault("error", "chat.postMessage", error="brand_new_error", times=None)
    with capture_logs() as log:
        for _ in range(60):
            await room.later(teller, 60)
    assert len(room.calls("chat.postMessage")) == MOST_TRIES, "an hour"
    parked = await room.parked()
    assert parked[f"card:{request.id}"]["reason"] == "brand_new_error"
    assert [line["event"] for line in log].count("message_parked") == 1
    backlog = await room.store.backlog(TEAM, room.now)
    assert (backlog.waiting, backlog.parked) == (0, 1)
    await room.slack.clear_faults()
    assert await room.store.unpark(TEAM, room.now) == 1
    await room.work(teller)
    assert len(await room.cards(request)) == 1
    assert await room.parked() == {}


async def test_f2_a_wish_to_wait_holds_back_that_channel_alone(room: PostRoom, teller: Teller) -> None:
    await room.fault("ratelimited", "chat.postMessage", retry_after=30)
    first = await room.ask()
    await room.work(teller)
    second, elsewhere = await room.ask(), await room.ask(channel=SCRAPING)
    await room.later(teller, 1, 2, 2)
    assert len(await room.cards(elsewhere, "scraping")) == 1
    await room.later(teller, *[5] * 4)
    assert len(room.calls("chat.postMessage")) == 2, "the refused one, and the one in the other channel"
    await room.later(teller, 5, 2, 2, 2)
    assert [len(await room.cards(request)) for request in (first, second)] == [1, 1]
    assert room.calls("conversations.history") == [], "a clear no leaves nothing to look for"


async def test_t95_f2_two_hundred_requests_in_a_minute_leave_at_slacks_pace_and_none_is_lost(
    room: PostRoom, teller: Teller
) -> None:
    requests = [await room.ask() for _ in range(200)]
    elsewhere = await room.ask(channel=SCRAPING)
    other = room.teller()
    for _ in range(430):
        await asyncio.gather(room.work(teller), room.work(other))
        room.pass_time(0.5)
    seen = [one for one in await room.slack.person("rita").messages("proxies") if one.text.startswith("#")]
    assert sorted(one.text.split(" ")[0] for one in seen) == sorted(f"#{request.id}" for request in requests)
    times = sorted(float(one.ts) for one in seen)
    assert all(times[later] - times[later - POSTS_AHEAD - 1] >= 0.99 for later in range(POSTS_AHEAD + 1, len(times)))
    assert times[-1] - times[0] <= 1.2 * len(requests), "and not much slower"
    assert float((await room.card(elsewhere, "scraping")).ts) - times[0] < 1, "another channel waits for nobody"
    assert not [line for line in room.calls("chat.postMessage") if line["error"] == "ratelimited"]
    assert await room.waiting() == 0


async def test_t95_changes_while_a_card_waits_are_one_card(room: PostRoom, teller: Teller) -> None:
    many = [await room.ask() for _ in range(10)]
    await room.work(teller)
    for request in many:
        await room.walk(request, life.Approved, life.Claimed)
    await room.later(teller, *[1.0] * 15, 300, 5)
    updates, posts = len(room.calls("chat.update")), len(room.calls("chat.postMessage"))
    assert posts == len(many)
    assert updates <= 2 * len(many)
    for request in many:
        assert "Buying" in (await room.card(request)).text


@pytest.mark.parametrize("code", ["token_revoked", "invalid_auth", "account_inactive", "not_authed"])
async def test_t94_while_slack_refuses_our_token_the_queue_is_kept_and_slack_left_alone(
    code: str, room: PostRoom, teller: Teller
) -> None:
    requests = [await room.ask() for _ in range(30)]
    await room.fault("error", "chat.postMessage", error=code, times=None)
    with capture_logs() as log:
        for _ in range(360):
            await room.later(teller, 10)
    assert [line["event"] for line in log].count("slack_refuses_us") == 1, "said once in an hour"
    assert len(room.calls("chat.postMessage")) < 70
    assert await room.waiting() == len(requests)
    assert await room.parked() == {}
    silence = await room.store.silence(TEAM)
    assert silence is not None
    assert silence.code == code
    await room.slack.clear_faults()
    await room.later(teller, 130, *[2] * 40)
    assert await room.waiting() == 0
    for request in requests:
        assert len(await room.cards(request)) == 1
    assert await room.store.silence(TEAM) is None
    room.forget_problems(code)


# Private answers


async def test_t92_t93_a_private_answer_finds_another_way(room: PostRoom) -> None:
    chat = Chat(room.client, room.session)
    said = Message("Recorded.", [section("Recorded.")])
    gone = f"{room.ws.base_url}/response/gone"
    await chat.whisper(said, user=UserId(RITA), channel=ChannelId(PROXIES), response_url=gone)
    (shown,) = await room.slack.person("rita").ephemerals("proxies")
    assert shown.text == "Recorded."
    await chat.whisper(said, user=UserId(MAX), channel=ChannelId(SCRAPING), response_url=gone)
    assert await room.dm("max") == ["Recorded."]


async def test_t92_a_private_answer_whose_layout_is_refused_is_said_in_plain_words(room: PostRoom) -> None:
    chat = Chat(room.client, room.session)
    said = Message("Recorded.", [section("Recorded.")])
    await room.fault("error", "chat.postEphemeral", error="invalid_blocks")
    await chat.whisper(said, user=UserId(RITA), channel=ChannelId(PROXIES), response_url=None)
    (shown,) = await room.slack.person("rita").ephemerals("proxies")
    assert (shown.text, shown.blocks) == ("Recorded.", [])

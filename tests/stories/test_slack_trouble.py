"""Slack refuses, forgets, repeats or is forged: no decision is lost, none is taken twice, and everybody is answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

import aiohttp
import pytest

from bot.domain.request import State
from tests.stories.journey import CHANNEL, Journey, answered, number_in

# Forged and replayed


@pytest.mark.parametrize(
    ("timestamp", "signature"),
    [
        (None, "v0=" + "0" * 64),
        (None, ""),
        ("", None),
        (str(int(time.time()) - 3_600), None),
        (str(int(time.time()) + 3_600), None),
        ("yesterday", "v0=" + "0" * 64),
    ],
    ids=["forged", "unsigned", "undated", "old", "from the future", "no date"],
)
async def test_t30_z1_what_does_not_prove_where_it_comes_from_is_refused(
    journey: Journey, timestamp: str | None, signature: str | None
) -> None:
    await journey.asks(journey.person("rita"))
    body = journey.click_of("mona", "approve", "1001:1")
    outcome = await journey.slack.deliver_raw(body, timestamp=timestamp, signature=signature)
    assert outcome.status == 401
    assert "xoxb" not in outcome.body
    assert (await journey.request()).state is State.PENDING


async def test_t30_z1_a_replay_has_no_effect(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await mona.clicks(card, "approve", confirm=True)
    answered(await journey.slack.replay_last())
    await journey.until_logged("replay_ignored")
    await journey.private(mona, "Recorded: you approved it")
    await journey.card("Ordered")
    await journey.all_said()
    assert len(await mona.ephemerals(CHANNEL)) == 1, "one click, one answer"
    assert journey.byteful.creates_received == 1


async def test_t30_z1_a_refused_click_that_is_replayed_is_neither_noted_nor_answered_again(journey: Journey) -> None:
    fay = journey.person("fay")
    card = await journey.asks(journey.person("rita"))
    answered(await fay.clicks(card, "approve"))
    await journey.private(fay, "needs the role")
    answered(await journey.slack.replay_last())
    await journey.answer(fay, "/proxy help", "This list")
    assert len([one for one in await fay.ephemerals(CHANNEL) if "needs the role" in one.text]) == 1
    assert [line["what"] for line in await journey.audit()].count("refused:holds_role") == 1


async def test_t85_a_command_repeated_by_the_network_does_nothing_twice(journey: Journey) -> None:
    rita = journey.person("rita")
    form = await journey.opens(rita)
    drafts = len(await journey.bot.store._redis.keys("*draft:*"))
    answered(await journey.slack.replay_last())
    await journey.until_logged("replay_ignored")
    refused = journey.workspace.problems

    async def noted() -> bool:
        return bool(refused)

    await journey.until(noted, "a form being refused")
    assert [one["problem"] for one in refused] == ["exchanged_trigger_id"], "a trigger works once, so nothing is opened"
    refused.clear()
    assert len(await journey.bot.store._redis.keys("*draft:*")) == drafts
    await rita.closes(form)
    assert await rita.view() is None, "nothing lies on top of it or below"
    assert await rita.ephemerals(CHANNEL) == []


async def test_t30_z1_what_a_person_was_told_is_not_told_to_who_sends_their_command_again(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.asks(rita)
    await journey.answer(rita, "/proxy requests", "#1001")
    again = await journey.slack.replay_last()
    assert (again.status, again.body) == (200, "")


async def test_t85_help_is_given_as_often_as_it_is_asked_for_and_marks_nothing(journey: Journey) -> None:
    await journey.answer(journey.person("rita"), "/proxy help", "What you can type")
    assert "What you can type" in (await journey.slack.replay_last()).body
    assert not await journey.bot.store._redis.keys("*seen:*")


async def test_t85_an_event_is_sent_again_until_it_is_taken(journey: Journey) -> None:
    """Two deliveries never arrive; the second retry carries the same event and is worked on."""
    rita = journey.person("rita")
    there, journey.workspace.bot_url = journey.workspace.bot_url, "http://127.0.0.1:9/nobody-listens-here"
    await rita.opens_home()

    async def tried(retry: str) -> bool:
        return any(line["retry_num"] == retry for line in await journey.slack.deliveries("event"))

    await journey.until(lambda: tried("1"), "a first retry")
    assert await rita.home() is None
    journey.workspace.bot_url = there
    await journey.slack.advance(60)
    await journey.home(rita, "You have not asked for anything yet")
    assert [line["retry_num"] for line in await journey.slack.deliveries("event")] == [None, "1", "2"]


async def test_t85_an_event_that_comes_twice_because_its_answer_was_lost_does_no_harm(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.slack.fault("dropped_ack", method="event")
    await rita.opens_home()

    async def answered_again() -> bool:
        found = await journey.slack.deliveries("event")
        return [(line["retry_num"], line["status"]) for line in found] == [(None, None), ("1", 200)]

    await journey.until(answered_again, "the same event once more")
    await journey.home(rita, "You have not asked for anything yet")


async def test_t30_t85_a_clock_that_is_off_is_reported(journey: Journey) -> None:
    """Genuine requests two minutes old are served, and raise the alarm before all of them are refused."""
    for seconds in (121, 120):
        stamp = str(int(time.time()) - seconds)
        answered(await journey.slack.deliver_raw(journey.click_of("mona", "show_help", ""), timestamp=stamp))
    await journey.private(journey.person("mona"), "What you can type")
    assert [line for line in journey.log if line["event"] == "clock_skew"]
    async with aiohttp.ClientSession() as session, session.get(f"{journey.stage.url}/readyz") as answer:
        assert answer.status == 503
        assert "s off our clock; set the clock right" in (await answer.json())["problems"]["clock"]


async def test_t30_old_requests_that_come_again_are_no_proof_of_a_wrong_clock(journey: Journey) -> None:
    """Whoever finds one in a log could otherwise have the load balancer give up on every process."""
    for days in (3, 3, 5):
        stamp = str(int(time.time()) // 1_000 * 1_000 - days * 86_400)
        outcome = await journey.slack.deliver_raw(journey.click_of("mona", "show_help", ""), timestamp=stamp)
        assert outcome.status == 401
    async with aiohttp.ClientSession() as session, session.get(f"{journey.stage.url}/readyz") as answer:
        assert answer.status == 200


# Buttons nobody knows


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("launch_missiles", "1001:1"),
        ("approve", ""),
        ("approve", "1001"),
        ("approve", "1001:1:1"),
        ("approve", "-1:1"),
        ("approve", "9" * 40 + ":1"),
        ("approve", "<!channel>"),
        ("reorder", "none"),
    ],
)
async def test_t99_t31_a_button_of_another_time_is_answered_and_does_nothing(
    journey: Journey, action: str, value: str
) -> None:
    mona = journey.person("mona")
    await journey.asks(journey.person("rita"))
    answered(await journey.slack.deliver_raw(journey.click_of("mona", action, value)))
    told = await journey.private(mona, "I do not know this button. Nothing was done")
    assert "Traceback" not in told.text
    assert (await journey.request()).state is State.PENDING


async def test_t31_two_buttons_in_one_click_do_nothing(journey: Journey) -> None:
    mona = journey.person("mona")
    await journey.asks(journey.person("rita"))
    payload = json.loads(parse_qs(journey.click_of("mona", "approve", "1001:1"))["payload"][0])
    payload["actions"] *= 2
    answered(await journey.slack.deliver_raw(urlencode({"payload": json.dumps(payload)})))
    await journey.private(mona, "I do not know this button. Nothing was done")
    assert (await journey.request()).state is State.PENDING

    async def noted() -> bool:
        return any(line["what"] == "unknown_button" for line in await journey.audit())

    await journey.until(noted, "a line in the audit trail")


async def test_t99_n3_a_form_of_another_time_says_that_nothing_was_done(journey: Journey) -> None:
    """Closing without a word would look as if it had been taken."""
    rita = journey.person("rita")
    form = await journey.opens(rita, "isp_us")
    await rita.enters(form, "reason", "scraping")
    journey.workspace.views[form.id].content["callback_id"] = "a_form_of_last_year"
    answered(await rita.submits(form))
    await journey.form(rita, "I do not know this button. Nothing was done")
    assert await journey.submissions() == []


async def test_t99_z2_a_request_that_is_not_there_is_said_so(journey: Journey) -> None:
    answered(await journey.slack.deliver_raw(journey.click_of("mona", "approve", "4711:1")))
    await journey.private(journey.person("mona"), "There is no such request here")


# Refusals


async def test_slack_asks_to_slow_down_and_the_card_comes_a_moment_later(journey: Journey) -> None:
    rita = journey.person("rita")
    preview = await journey.preview(rita)
    await journey.slack.fault("ratelimited", method="chat.postMessage", retry_after=1)
    await rita.clicks(preview, "send_draft")
    journey.numbers.append(number_in((await journey.private(rita, "Sent.")).text))
    await journey.card("Waiting for approval")
    assert len([one for one in await rita.messages(CHANNEL) if one.text.startswith("#1001 ")]) == 1


@pytest.mark.parametrize("way", ["command", "button"])
async def test_n3_a_slow_slack_loses_nobody_the_list_of_what_waits_for_them(
    journey: Journey, pass_time: Callable[[float], None], way: str
) -> None:
    """Who may decide and who asks are both asked of Slack, which takes longer over the two than it waits itself."""
    mona = journey.person("mona")
    await journey.asks(journey.person("rita"))
    await journey.all_said()
    pass_time(61)
    for method in ("usergroups.users.list", "users.info"):
        await journey.slack.fault("slow", method=method, times=None, seconds=1.7)
    if way == "command":
        answered(await mona.types("/proxy requests", channel=CHANNEL))
    else:
        answered(await journey.slack.deliver_raw(journey.click_of("mona", "show_requests", "")))
    listed = await journey.private(mona, "Waiting for you", "#1001")
    assert listed.has_button("approve")


async def test_slack_asks_to_slow_down_at_the_form(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.slack.fault("ratelimited", method="views.open", retry_after=3)
    answered(await rita.types("/proxy buy", channel=CHANNEL))
    told = await journey.private(rita, "ratelimited", "Nothing was approved, sent or bought", "Try again")
    assert journey.logged(told)["kind"] == "ChatError"


async def test_t88_a_card_that_cannot_be_posted_goes_to_the_requester_with_what_to_do(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    preview = await journey.preview(rita)
    await journey.slack.remove_bot(CHANNEL)
    answered(await rita.clicks(preview, "send_draft"))
    told = await journey.direct(
        rita, "#1001", "Proxydesk cannot write there", "Invite Proxydesk", "Waiting for approval"
    )
    assert told.has_button("withdraw")
    seen = await journey.answer(mona, "/proxy requests", "Waiting for you", channel="dm")
    answered(await mona.clicks(seen, "approve"))
    await journey.direct(rita, "Ordered")
    assert journey.byteful.creates_received == 1


async def test_t88_t89_a_card_that_was_deleted_is_posted_anew(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await journey.all_said()
    seen = await journey.answer(mona, "/proxy requests", "Waiting for you")
    await journey.slack.delete_message(card)
    answered(await mona.clicks(seen, "approve"))
    again = await journey.card("Ordered")
    assert again.ts != card.ts
    assert journey.byteful.creates_received == 1


@pytest.mark.parametrize("error", ["http_500", "reset", "error"])
async def test_t89_trouble_with_a_message_never_undoes_a_decision(journey: Journey, error: str) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await journey.all_said()
    for method in ("chat.update", "chat.postMessage"):
        await journey.slack.fault(error, method=method, times=None)
    answered(await mona.clicks(card, "approve"))
    await journey.private(mona, "Recorded: you approved it")
    await journey.in_state(State.ORDERED)
    await journey.slack.clear_faults()
    shown = await journey.answer(rita, "/proxy show 1001", "Ordered", "Service ID")
    assert shown
    assert journey.byteful.creates_received == 1


async def test_t92_t93_an_answer_finds_its_way_when_its_address_is_used_up(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await journey.slack.fault("error", method="response_url", times=None, error="used_url")
    answered(await mona.clicks(card, "approve"))
    await journey.private(mona, "Recorded: you approved it")
    await journey.slack.fault("error", method="chat.postEphemeral", times=None, error="user_not_in_channel")
    answered(await journey.person("max").clicks(card, "approve", stale=True))
    await journey.direct(journey.person("max"), "Your click changed nothing")


async def test_t92_an_answer_that_slack_takes_nowhere_stands_in_the_home(journey: Journey) -> None:
    rita, mona, late = journey.people("rita", "mona", "max")
    card = await journey.asks(rita)
    await mona.clicks(card, "approve")
    await journey.card("Ordered")
    await journey.all_said()
    await late.opens_home()
    assert "could not be sent" not in (await journey.home(late, "Your requests")).text
    for method, error in (
        ("response_url", "used_url"),
        ("chat.postEphemeral", "user_not_in_channel"),
        ("chat.postMessage", "messages_tab_disabled"),
    ):
        await journey.slack.fault("error", method=method, times=None, error=error)
    answered(await late.clicks(card, "approve", stale=True))
    await journey.until_logged("answer_not_delivered")
    await journey.slack.clear_faults()
    await late.opens_home()
    await journey.home(late, "could not be sent to you", "Your click changed nothing")
    await mona.opens_home()
    assert "could not be sent" not in (await journey.home(mona, "Your requests")).text

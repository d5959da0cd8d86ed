"""What people see when Slack is in trouble: the same decisions, one card in every place it belongs, nothing lost."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import pytest

from bot.domain.request import State
from playground.slack_person import SlackPerson
from playground.slack_seen import SeenMessage
from tests.stories.journey import CHANNEL, LINE, TEAM, Journey, answered, number_in

OUTBOX = f"{{{TEAM}}}:outbox"


async def hurry(journey: Journey) -> None:
    """Everything that waits for a later moment is due now; who is telling something is left alone."""
    redis = journey.bot.store._redis
    leased = await redis.hkeys(f"{OUTBOX}:leases")
    waiting: list[bytes] = []
    for name in await redis.zrange(OUTBOX, 0, -1):
        assert isinstance(name, bytes)
        if name not in leased:
            waiting.append(name)
    if waiting:
        await redis.zadd(OUTBOX, dict.fromkeys(waiting, int(time.time() * 1000)), xx=True)
    await redis.hset(f"{OUTBOX}:silence", "until", 0) if await redis.exists(f"{OUTBOX}:silence") else None
    journey.workspace.changed()


async def all_said(journey: Journey) -> None:
    async def silent() -> bool:
        waiting = int(await journey.bot.store._redis.zcard(OUTBOX))
        if waiting:
            journey.workspace.changed()  # the outbox makes no noise there
        return not waiting

    await journey.until(silent, "everything being said")


async def sends_into_a_closed_channel(journey: Journey, who: SlackPerson) -> int:
    """As far as somebody gets: the request is written, its card cannot be posted."""
    await who.clicks(await journey.preview(who, LINE), "send_draft")
    journey.numbers.append(number_in((await journey.private(who, "Sent.")).text))
    return journey.numbers[-1]


async def copy_of(journey: Journey, name: str, *words: str) -> SeenMessage:
    """The copy of the last card in somebody's direct messages, once it shows these words."""

    async def shown() -> SeenMessage | None:
        title = f"#{journey.numbers[-1]} ·"
        found = [one for one in await journey.person(name).dm() if title in one.text and "*Asked by*" in one.text]
        assert len(found) <= 1, found
        return found[0] if found and all(word in found[0].text for word in words) else None

    return await journey.until(shown, f"{name}'s copy showing {words}")


async def readiness(journey: Journey) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(f"{journey.stage.url}/readyz") as answer:
        return answer.status, await answer.json()


def calls(journey: Journey, method: str) -> list[dict[str, Any]]:
    return [line for line in journey.workspace.log if line.get("method") == method]


async def test_t88_t101_f4_with_the_bot_removed_the_card_is_decided_in_person_and_every_copy_follows(
    journey: Journey,
) -> None:
    rita, mona = journey.people("rita", "mona")
    await journey.slack.remove_bot(CHANNEL)
    await sends_into_a_closed_channel(journey, rita)
    for name in ("rita", "mona", "max"):
        await copy_of(journey, name, "Waiting for approval", "Proxydesk cannot write there")
    await journey.direct(journey.person("ada"), "Proxydesk cannot write in #proxies")
    answered(await mona.clicks(await copy_of(journey, "mona"), "approve"))
    await journey.in_state(State.ORDERED)
    for name in ("rita", "mona", "max"):
        await copy_of(journey, name, "Ordered", "Approved by @mona")
    await journey.direct(rita, "Your request", "Ordered")
    assert [one for one in await rita.messages(CHANNEL) if not one.is_ephemeral] == []
    assert journey.byteful.creates_received == 1


async def test_t101_c1_a_click_on_a_copy_and_one_on_the_card_count_the_same(journey: Journey) -> None:
    rita, mona, max_ = journey.people("rita", "mona", "max")
    await journey.slack.remove_bot(CHANNEL)
    number = await sends_into_a_closed_channel(journey, rita)
    stale = await copy_of(journey, "max", "Waiting for approval")
    await copy_of(journey, "mona", "Waiting for approval")
    await journey.slack.add_bot(CHANNEL)
    answered(await mona.clicks(await copy_of(journey, "mona"), "approve"))
    card = await journey.card("Ordered", "Approved by @mona", number=number)
    await copy_of(journey, "max", "Ordered", "A copy of the card in #proxies")
    answered(await max_.clicks(stale, "approve", stale=True))
    await journey.private(max_, "Your click changed nothing", "Approved by @mona", channel="dm")
    assert (await rita.again(card)).text == card.text
    assert journey.byteful.creates_received == 1


async def test_t88_a_channel_archived_in_the_middle_neither_stops_the_purchase_nor_its_news(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    answered(await mona.clicks(card, "approve"))
    await journey.slack.archive(CHANNEL)
    await journey.in_state(State.ORDERED)
    await journey.direct(rita, "Your request", "Ordered", "Service ID")
    await all_said(journey)
    assert journey.byteful.creates_received == 1


async def test_f3_x3_a_purchase_waits_for_no_message(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await journey.slack.fault("slow", method="chat.update", times=1, seconds=9.0)
    answered(await mona.clicks(card, "approve"))
    await journey.in_state(State.ORDERED)
    assert calls(journey, "chat.update") == [], "Slack has not answered yet"
    await journey.slack.clear_faults()
    await journey.card("Ordered")


async def test_t90_f3_a_lost_answer_is_followed_up_by_looking_and_not_by_the_library(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    await journey.slack.fault("timeout_after_effect", method="chat.postMessage", seconds=0.0)
    card = await journey.asks(rita)
    answered(await mona.clicks(card, "approve"))
    await journey.in_state(State.ORDERED)
    await hurry(journey)
    done = await journey.card("Ordered")
    assert done.ts == card.ts
    assert len([one for one in await rita.messages(CHANNEL) if one.text.startswith("#1001 ")]) == 1
    assert len(calls(journey, "conversations.history")) == 1


async def test_t90_a_connection_lost_before_anything_was_posted_is_looked_into_before_it_is_posted(
    journey: Journey,
) -> None:
    rita = journey.person("rita")
    await journey.slack.fault("reset", method="chat.postMessage")
    await sends_into_a_closed_channel(journey, rita)
    assert len(await journey.until(lambda: _made(journey, "chat.postMessage"), "a post")) == 1
    await hurry(journey)
    await journey.card("Waiting for approval")
    assert len(calls(journey, "conversations.history")) == 1
    assert len(calls(journey, "chat.postMessage")) == 2


async def test_t94_with_the_token_revoked_readiness_is_red_and_everything_leaves_when_it_is_back(
    journey: Journey,
) -> None:
    rita = journey.person("rita")
    card = await journey.asks(rita)
    await journey.slack.revoke_token()
    answered(await rita.clicks(card, "withdraw"))
    await journey.in_state(State.WITHDRAWN)
    await journey.until(lambda: _made(journey, "chat.update"), "a message being refused")
    status, said = await journey.until(lambda: _red(journey), "readiness being red")
    assert status == 503
    assert "Slack refuses our token (token_revoked)" in said["problems"]["slack"]
    assert [line["event"] for line in journey.log].count("slack_refuses_us") == 1
    await journey.slack.revoke_token(is_revoked=False)
    await hurry(journey)
    await journey.card("Withdrawn by @rita")
    await all_said(journey)
    status, said = await readiness(journey)
    assert (status, said["problems"]) == (200, {})


async def test_t95_c1_the_buttons_of_several_notices_in_one_message_each_show_their_own_request(
    journey: Journey,
) -> None:
    rita, mona = journey.people("rita", "mona")
    cards = [await journey.asks(rita) for _ in range(3)]
    await journey.slack.fault("error", method="chat.postMessage", times=None, error="token_revoked")
    for card in cards:
        answered(await mona.clicks(card, "approve"))

    async def at_rest() -> bool:
        """The first is bought; for the others it took the credit, so that they need a fresh decision."""
        journey.workspace.changed()  # nothing is said meanwhile that would wake us
        states = [(await journey.request(number)).state for number in journey.numbers]
        return sorted(states) == [State.ORDERED, State.PENDING, State.PENDING]

    await journey.until(at_rest, "every approval having come to something")
    await journey.slack.clear_faults()
    await hurry(journey)
    await all_said(journey)
    told = [one for one in await rita.dm() if "Your request" in one.text]
    assert len(told) < len(cards)
    together = next(one for one in told if one.text.count("Your request") > 1)
    for number in journey.numbers:
        assert sum(f"Your request #{number}" in one.text for one in told) == 1
    shown = [button for button in together.buttons if button.action_id == "show_request"]
    assert len(shown) == together.text.count("Your request")
    for button in shown:
        answered(await rita.clicks(together, "show_request", value=button.value))
        about = str(button.value).partition(":")[0]
        await journey.private(rita, f"#{about} ·", channel="dm")


@pytest.mark.parametrize("ending", ["revoke_token", "uninstall"])
async def test_t94_a_bot_that_is_put_out_is_red_at_once_and_green_once_it_is_back(
    journey: Journey, ending: str
) -> None:
    """Slack says so by an event, before anything was to be said; the sweep asks whether it is welcome again."""
    await journey.asks(journey.person("rita"))
    await all_said(journey)
    await journey.slack.change(ending)
    _, said = await journey.until(lambda: _red(journey), "readiness being red")
    assert "Slack refuses our token" in said["problems"]["slack"]
    await journey.sweep()
    assert (await readiness(journey))[0] == 503
    journey.workspace.app.is_revoked = journey.workspace.app.is_inactive = False
    await journey.sweep()
    assert (await readiness(journey))[0] == 200
    await journey.asks(journey.person("rita"))


async def test_t88_c2_a_deleted_card_comes_back_when_somebody_clicks_a_copy_of_it(journey: Journey) -> None:
    rita = journey.person("rita")
    card = await journey.asks(rita)
    await journey.slack.delete_message(card)
    answered(await rita.types("/proxy show 1001", channel=CHANNEL))
    shown = await journey.private(rita, "#1001 ·")
    answered(await rita.clicks(shown, "withdraw"))
    again = await journey.card("Withdrawn by @rita")
    assert again.ts != card.ts
    assert not again.has_button("approve")


async def test_f2_the_outbox_is_measured(journey: Journey) -> None:
    await journey.buys()
    await all_said(journey)
    async with aiohttp.ClientSession() as session, session.get(f"{journey.stage.url}/metrics") as answer:
        text = await answer.text()
    assert "proxydesk_outbox_messages 0.0" in text
    assert "proxydesk_outbox_oldest_seconds 0.0" in text
    assert 'proxydesk_messages_total{what="post"}' in text


async def _made(journey: Journey, method: str) -> list[dict[str, Any]] | None:
    return calls(journey, method) or None


async def _red(journey: Journey) -> tuple[int, dict[str, Any]] | None:
    status, said = await readiness(journey)
    journey.workspace.changed()
    return (status, said) if status != 200 else None

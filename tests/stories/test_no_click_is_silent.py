"""Any button of any card, in any state, by anybody, of any version: one answer each time, and only to who clicked."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.blocks.ids import Action
from bot.domain.ids import ChannelId, DraftId, RequestId, UserId
from bot.domain.request import PurchaseRequest, State
from playground.workspace_cast import RITA
from tests import examples
from tests.stories.journey import CHANNEL, TEAM, Journey, answered

SAMPLES = sorted((Path(__file__).parents[1] / "store" / "samples").glob("request-format-*.json"))
PEOPLE = ("rita", "mona", "max", "fay", "gus", "ada")
BUTTONS = (
    *(
        Action.APPROVE,
        Action.APPROVE_OVER_BUDGET,
        Action.DECLINE,
        Action.WITHDRAW,
        Action.RETRY,
        Action.REORDER,
        Action.MARK_ABSENT,
    ),
    *(Action.MARK_FOUND, Action.ADOPT, Action.SHOW_REQUEST),
)
WAITING = ("Asking for", "Looking")
"""Beginnings of what is said at once when the answer itself needs a moment."""
CLICKS = 25


@pytest.mark.parametrize("seed", [1, 2])
async def test_n3_any_button_of_any_card_in_any_state_answers_whoever_clicks(journey: Journey, seed: int) -> None:
    """No worker buys meanwhile, so that every state stays to be clicked on."""
    chance = random.Random(seed)
    await journey.bot.store.hold(TEAM, "checkout", "this test", 600)
    numbers = [await _placed(journey, state) for state in State]
    await journey.all_said()  # a channel takes one message a second
    numbers += [await _of_old(journey, path) for path in SAMPLES]
    for _ in range(CLICKS):
        who, number = journey.person(chance.choice(PEOPLE)), chance.choice(numbers)
        action, revision = chance.choice(BUTTONS), chance.randint(1, 3)
        value = f"{number}:{revision}" + (":API-1" if action is Action.ADOPT else "")
        before = await _answers(journey)
        outcome = await journey.slack.deliver_raw(journey.click_of(who.name, action, value))
        answered(outcome)

        async def said(before: Counter[str] = before) -> bool:
            return (await _answers(journey)).total() > before.total()

        await journey.until(said, f"an answer to {who.name} for {action} on #{number} ({value})")
        await journey.all_said()
        assert await _answers(journey) - before == Counter([who.name]), f"{action} on #{value} by {who.name}"
        if view := await who.view():
            await who.closes(view)
    assert journey.byteful.creates_received == 0


async def _answers(journey: Journey) -> Counter[str]:
    """What each person was told in private so far, and the form on their screen."""
    told: Counter[str] = Counter()
    for who in journey.people(*PEOPLE):
        private = [one for one in await who.ephemerals(CHANNEL) if not one.text.startswith(WAITING)]
        told[who.name] = len(private) + (await who.view() is not None)
    return told


async def _placed(journey: Journey, state: State) -> RequestId:
    """A request that came to this state by the table."""
    store = journey.bot.store
    start = examples.submitted(id=RequestId(0), workspace=TEAM, requester=UserId(RITA), channel=ChannelId("C00PROXIES"))
    now = (await store.submit(DraftId(f"draft-{state}"), start)).request
    for kind in examples._SHORTEST[state]:
        then: PurchaseRequest = examples.after(now, kind)
        await store.move(now, replace(then, workspace=TEAM))
        now = then
    return now.id


async def _of_old(journey: Journey, path: Path) -> RequestId:
    """A record as an earlier version wrote it."""
    number = await _placed_once(journey, path)
    text = path.read_text().replace("U0ASKER", RITA).replace("C0SCRAPING", "C00PROXIES").replace("U0BOSS", "U0000MONA")
    await journey.bot.store._redis.hset(f"{{{TEAM}}}:request:{number}", "body", text)
    return number


async def _placed_once(journey: Journey, path: Path) -> RequestId:
    start = examples.submitted(id=RequestId(0), workspace=TEAM, requester=UserId(RITA), channel=ChannelId("C00PROXIES"))
    return (await journey.bot.store.submit(DraftId(path.name), start)).request.id

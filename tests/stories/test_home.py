"""App Home: each person sees their own, decides in one click, and an open one follows what happens."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.blocks import home
from bot.domain.account import BalanceReading
from bot.domain.ids import UserId
from bot.usecases.home import home as read
from playground.slack_person import SlackPerson
from tests.stories.journey import TEAM, Journey, answered


async def test_a8_each_person_sees_what_is_theirs_also_after_a_restart(journey: Journey) -> None:
    rita, mona, fay = journey.people("rita", "mona", "fay")
    await journey.asks(rita)
    for who in (rita, mona, fay):
        await who.opens_home()
    await journey.home(rita, "Your requests (1)", "Waiting for approval", "Nothing waits for you")
    await journey.home(mona, "Waiting for you (1)", "Asked by @rita", "You have not asked for anything yet")
    await journey.home(fay, "Nothing waits for you", "You have not asked for anything yet")
    await mona.opens_home()
    before = await journey.home(mona, "Waiting for you (1)", "Account credit: $5.00")
    async with journey.replica() as other:  # a process that knows nothing but the store
        drawn = home.home(await read(other.desk, TEAM, UserId(journey.workspace.person("mona").id)))
    assert _said(drawn["blocks"]) == _said(before.blocks)


async def test_a_click_at_home_says_below_it_where_the_answer_is_until_the_next(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.buys("isp_us 2 for scraping")
    await rita.opens_home()
    shown = await journey.home(rita, "Your requests (1)", "Ordered")
    rows = [block for block in shown.blocks if _buttons(block)]
    assert len(rows) >= 4

    async def note_stands_below(row: dict[str, Any]) -> bool:
        view = await rita.home()
        blocks = view.blocks if view else []
        notes = [n for n, block in enumerate(blocks) if block["block_id"] == home.ANSWER_BLOCK]
        return len(notes) == 1 and _buttons(blocks[notes[0] - 1]) == _buttons(row)

    for row in [*reversed(rows), *rows]:
        action, value = _buttons(row)[-1]
        answered(await rita.clicks(await journey.home(rita), action, value=value))
        await journey.until(partial(note_stands_below, row), f"the answer of {action} is announced below it")
    answered(await rita.clicks(await journey.home(rita), "open_form"))
    await journey.form(rita, "Why")
    await journey.until(lambda: _has_no_note(rita), "the note is gone")


async def _has_no_note(who: SlackPerson) -> bool:
    view = await who.home()
    return view is not None and "The answer comes in Messages" not in view.text


def _buttons(block: dict[str, Any]) -> list[tuple[str, str | None]]:
    found = [*block.get("elements", ()), block.get("accessory", {})]
    return [(one["action_id"], one.get("value")) for one in found if one.get("type") == "button"]


def _said(blocks: list[dict[str, Any]]) -> list[str]:
    """But for how long ago something was."""
    texts = [block["text"]["text"] for block in blocks if block["type"] in ("header", "section")]
    return [re.sub(r"(less than a|\d+) minutes?", "a while", text) for text in texts]


async def test_a1_a8_deciding_at_home_is_the_same_as_on_the_card_and_the_home_follows(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    await journey.asks(rita)
    await rita.opens_home()
    await mona.opens_home()
    answered(await mona.clicks(await journey.home(mona, "Waiting for you (1)"), "approve"))
    await journey.card("Ordered")
    await journey.home(mona, "Nothing waits for you")
    await journey.home(rita, "Your requests (1)", "Ordered")
    line = next(line for line in await journey.audit() if line["what"] == "approved")
    assert line["by"] == journey.workspace.person("mona").id


async def test_a2_a_decline_at_home_takes_the_request_off_the_list(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    await journey.asks(rita)
    await mona.opens_home()
    answered(await mona.clicks(await journey.home(mona, "Waiting for you (1)"), "decline"))
    form = await journey.form(mona, "Decline")
    await mona.enters(form, "reason", "We have enough")
    answered(await mona.submits(form))
    await journey.card("Declined")
    await journey.home(mona, "Nothing waits for you")


async def test_a8_only_open_homes_of_people_involved_are_drawn_again(journey: Journey) -> None:
    rita, fay = journey.people("rita", "fay")
    await fay.opens_home()
    await journey.home(fay, "Nothing waits for you", "Account credit: $5.00")
    drawn = len(await journey.slack.calls("views.publish"))
    await journey.buys()
    await journey.all_said()
    assert len(await journey.slack.calls("views.publish")) == drawn, "nobody looks who has to do with it"
    await rita.opens_home()
    await journey.home(rita, "Ordered")
    await journey.buys()
    await journey.home(rita, "Your requests (2)")
    await journey.all_said()
    people = {call["args"]["user_id"] for call in (await journey.slack.calls("views.publish"))[drawn:]}
    assert people == {journey.workspace.person("rita").id}


async def test_t134_the_credit_at_home_has_its_age(journey: Journey) -> None:
    rita = journey.person("rita")
    journey.byteful.faults.set("not_found", endpoint="customer/retrieve")
    await rita.opens_home()
    await journey.home(rita, "Account credit:* could not be read since")
    journey.byteful.faults.clear("not_found", "customer/retrieve")
    await rita.opens_home()
    await journey.home(rita, "Account credit: $5.00* · read less than a minute ago")
    await journey.bot.store.keep_balance(TEAM, BalanceReading(12_345, datetime.now(UTC)))
    await rita.opens_home()
    await journey.home(rita, "Account credit: $123.45* · read less than a minute ago")
    answered(await rita.clicks(await journey.home(rita, "read less than a minute ago"), "show_credit"))
    await journey.direct(rita, "Account credit")

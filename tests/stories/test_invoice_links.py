"""Whoever has the link of an invoice can open it: the policy says who is shown it."""

from __future__ import annotations

import pytest

from playground.slack_seen import SeenMessage
from tests.stories.journey import CHANNEL, Journey, answered

INVOLVED = pytest.mark.parametrize("policy", ["invoice_link: involved"], indirect=True)


def whole(*messages: SeenMessage) -> str:
    """Everything of these messages, links of buttons included."""
    return " ".join(f"{one.raw_text} {one.blocks}" for one in messages)


async def _link(journey: Journey) -> str:
    order = (await journey.request()).order
    assert order is not None
    assert order.invoice_url
    return order.invoice_url


@INVOLVED
async def test_z4_an_invoice_link_stands_only_where_the_policy_allows_it(journey: Journey) -> None:
    rita, mona, ravi = journey.people("rita", "mona", "ravi")
    card = await journey.buys()
    link, kept_back = await _link(journey), "Who asked and who decides see its link"
    assert kept_back in card.text
    assert kept_back in (await journey.threaded("Ordered")).text
    in_public = [*await rita.messages(CHANNEL), *await rita.thread(CHANNEL, card.ts)]
    assert link not in whole(*in_public)
    assert link in whole(await journey.direct(rita, "Ordered"))
    assert link in whole(await journey.answer(mona, "/proxy show 1001", "History"))
    outsider = await journey.answer(ravi, "/proxy show 1001", "History", kept_back)
    assert link not in whole(outsider)


async def test_z4_by_default_the_link_stands_on_the_card(journey: Journey) -> None:
    card = await journey.buys()
    assert await _link(journey) in whole(card)


@pytest.mark.parametrize("policy", ["decline_reason: optional"], indirect=True)
async def test_a2_the_policy_may_leave_the_reason_open(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    await mona.clicks(await journey.asks(rita), "decline")
    answered(await mona.submits(await journey.form(mona, "Decline #1001")))
    assert "Why declined" not in (await journey.card("Declined")).text
    told = await journey.direct(rita, "Declined by @mona", "Nothing was bought")
    answered(await rita.clicks(told, "reorder"))
    await journey.form(rita, "Ask for proxies")

"""A channel's budget as people meet it: on the card, when it is used up, and in the same second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bot.domain.request import Happened, State
from playground.workspace_cast import FINANCE, PROXIES
from tests.stories.journey import TEAM, Journey, answered

LINE = "isp_us 5 for scraping"
"""$17.50, of which $5.00 come from the credit of the account."""
ROOM_FOR_ONE = f"channel_settings: {{{PROXIES}: {{budget_dollars: 20}}}}"
FINANCE_GOES_BEYOND = f"    groups: [{FINANCE}]\nchannel_settings: {{{PROXIES}: {{budget_dollars: 10}}}}"
"""To the role of the policy's last line."""
CAPPED = pytest.mark.parametrize("policy", [ROOM_FOR_ONE], indirect=True)


@CAPPED
async def test_x5_whoever_asks_and_decides_sees_what_is_left_of_the_budget(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    preview = await journey.preview(rita, LINE, "$0.00 of $20.00 spent, nothing reserved, $2.50 left after this")
    assert "Budget of #proxies for" in preview.text
    card = await journey.sends(rita, preview)
    assert "$0.00 of $20.00 spent, nothing reserved, $2.50 left after this" in card.text
    await mona.clicks(card, "approve")
    card = await journey.card("Ordered")
    assert "Budget of" not in card.text, "what is decided needs no budget any more"
    seen = await journey.answer(mona, "/proxy spend", "$17.50 of $20.00 spent, nothing reserved, $2.50 left")
    assert "Budget of #proxies for" in seen.text
    form = await journey.opens(rita)
    await rita.chooses(form, "product", "isp_us")
    form = await journey.form(rita, "Quantity (proxies)")
    await rita.enters(form, "quantity", "5")
    await journey.form(rita, "$17.50 of $20.00 spent, nothing reserved, this goes $15.00 over it")


@CAPPED
async def test_t08_what_the_budget_has_no_room_for_is_not_bought_and_everybody_concerned_is_told(
    journey: Journey,
) -> None:
    rita, mona, ada = journey.people("rita", "mona", "ada")
    await journey.buys(LINE)
    card = await journey.asks(rita, LINE)
    assert "this goes $15.00 over it" in card.text
    answered(await mona.clicks(card, "approve"))
    sums = ("it needed $17.50", "$2.50 was left of the budget of #proxies", "$17.50 of $20.00 spent, nothing reserved")
    told = await journey.private(mona, "Nothing was bought: the budget has no room for this", "Over budget", *sums)
    assert "@ada may approve it over budget; others once there is room for it" in told.text
    card = await journey.card("Over budget · Waiting for approval", "The budget had no room when @mona approved", *sums)
    await journey.direct(rita, "Your request #1002", "Over budget", *sums)
    await journey.direct(ada, "Request #1002", "asked by @rita", "Over budget", *sums)
    await journey.threaded("Over budget", *sums)
    assert (await journey.request()).state is State.PENDING
    assert journey.byteful.creates_received == 1


@pytest.mark.parametrize("policy", [FINANCE_GOES_BEYOND], indirect=True)
async def test_t08_a_slow_slack_does_not_make_the_click_at_the_cap_late(
    journey: Journey, pass_time: Callable[[float], None]
) -> None:
    """Who approves and who may go beyond are two groups: Slack takes longer over both than it waits itself."""
    rita, mona, fay = journey.people("rita", "mona", "fay")
    card = await journey.asks(rita, LINE)
    await journey.all_said()
    pass_time(61)
    await journey.slack.fault("slow", method="usergroups.users.list", times=2, seconds=1.7)
    answered(await mona.clicks(card, "approve"))
    told = await journey.private(mona, "Nothing was bought: the budget has no room for this")
    assert "@ada and @fay may approve it over budget" in told.text
    await journey.direct(fay, "Request #1001", "Over budget")


@CAPPED
async def test_t08_the_role_for_it_approves_over_budget_from_the_message_it_got(journey: Journey) -> None:
    rita, mona, max_, ada = journey.people("rita", "mona", "max", "ada")
    await journey.buys(LINE)
    await mona.clicks(await journey.asks(rita, LINE), "approve")
    card = await journey.card("Over budget")
    answered(await max_.clicks(card, "approve_over_budget"))
    await journey.private(max_, "This needs the role *admin*", "`admin` is held by @ada", "Nothing changed")
    await ada.opens_home()
    home = await journey.home(ada, "Waiting for you", "#1002", "Over budget.", "Nothing was bought")
    assert "[Approve over budget]" in home.text
    assert "[Decline]" not in home.text  # only what is theirs to decide
    listed = await journey.answer(ada, "/proxy requests", "Waiting for you", "Approve over budget")
    assert "[Approve]" not in listed.text
    told = await journey.direct(ada, "Over budget")
    answered(await ada.clicks(told, "show_request"))
    answered(await ada.clicks(card, "approve_over_budget"))
    confirm = (await journey.slack.confirms())[-1]
    assert "$15.00 over its $20.00." in confirm["text"]
    await journey.private(ada, "Recorded: you approved it")
    card = await journey.card("Ordered", "Approved by @ada", "Rule `over_budget:admin`")
    assert "Over budget" not in card.text
    assert journey.byteful.creates_received == 2
    assert await journey.history() == [
        Happened.SUBMITTED,
        Happened.CAPPED,
        Happened.APPROVED,
        Happened.CLAIMED,
        Happened.ORDERED,
    ]


@CAPPED
async def test_t08_once_there_is_room_the_same_card_is_approved_as_usual(journey: Journey) -> None:
    """The provider is kept from selling the first, so that its requester can still take it back."""
    rita, mona = journey.people("rita", "mona")
    await journey.bot.store.hold(TEAM, "checkout", "this test", 600)
    first = await journey.asks(rita, LINE)
    await mona.clicks(first, "approve")
    await journey.in_state(State.APPROVED)
    first = await journey.card("Approved")
    second = await journey.asks(rita, LINE)
    await mona.clicks(second, "approve")
    second = await journey.card("Over budget", "$0.00 of $20.00 spent, $17.50 reserved")
    await rita.clicks(first, "withdraw")
    await mona.clicks(second, "approve")
    await journey.in_state(State.APPROVED)
    second = await journey.card("Approved by @mona")
    assert "Over budget" not in second.text


@CAPPED
async def test_t08_two_approvers_race_for_the_last_of_a_budget_through_slack(journey: Journey) -> None:
    rita, mona, max_ = journey.people("rita", "mona", "max")
    first, second = await journey.asks(rita, LINE), await journey.asks(rita, LINE)
    answered(*await asyncio.gather(mona.clicks(first, "approve"), max_.clicks(second, "approve")))
    one, other = await journey.request(1001), await journey.request(1002)
    assert sorted(entry.history[1].happened for entry in (one, other)) == [Happened.APPROVED, Happened.CAPPED]
    bought, left = (1001, 1002) if one.history[1].happened is Happened.APPROVED else (1002, 1001)
    await journey.card("Ordered", number=bought)
    await journey.card("Over budget", number=left)
    assert journey.byteful.creates_received == 1


@pytest.mark.parametrize("policy", [f"{ROOM_FOR_ONE}\nprices_visible_to: [admin]"], indirect=True)
async def test_t08_where_the_channel_is_not_shown_its_spend_the_card_names_no_sums_of_it(journey: Journey) -> None:
    rita, mona, ada = journey.people("rita", "mona", "ada")
    await journey.buys(LINE)
    card = await journey.asks(rita, LINE)
    assert "Budget of" not in card.text
    await mona.clicks(card, "approve")
    card = await journey.card("Over budget", "$17.50 was more than was left of the budget of #proxies")
    told = await journey.direct(rita, "Over budget")
    below = await journey.threaded("Over budget")
    shown = await journey.answer(rita, "/proxy show 1002", "Over budget")
    for seen in (card, told, below, shown):
        assert "$20.00" not in seen.text
        assert "$2.50" not in seen.text
    await journey.direct(ada, "Over budget", "$17.50 of $20.00 spent")
    await journey.private(mona, "$17.50 of $20.00 spent")


async def test_x5_the_playgrounds_own_budget_is_met_on_purpose_only(journey: Journey) -> None:
    rita = journey.person("rita")
    await journey.preview(rita, LINE, "$0.00 of $5,000.00 spent")

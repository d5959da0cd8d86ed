"""Who may decide, what a decision leads to, and what becomes of clicks that come together, late or without right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.ids import UserId
from bot.domain.request import Happened, State
from bot.ports import Claim
from bot.serve_worker import make_jobs
from bot.usecases import decide
from bot.usecases.decide import Click, Result
from playground.workspace_cast import MAX, MONA
from tests.stories.journey import CHANNEL, LINE, TEAM, Journey, answered, reached

TWO_APPROVALS = "approvals: {needed: 2}"


# By button, from wherever the request is seen


@pytest.mark.parametrize("place", ["card", "home", "command"])
async def test_a1_an_approver_decides_by_button_wherever_the_request_is_seen(journey: Journey, place: str) -> None:
    rita, mona = journey.people("rita", "mona")
    seen = await journey.asks(rita)
    if place == "home":
        await mona.opens_home()
        answered(await mona.clicks(await journey.home(mona, "#1001"), "approve"))
        await journey.direct(mona, "Recorded: you approved it")
    else:
        if place == "command":
            seen = await journey.answer(mona, "/proxy requests", "Waiting for you")
        answered(await mona.clicks(seen, "approve"))
        await journey.private(mona, "Recorded: you approved it")
    await journey.card("Ordered")
    assert journey.byteful.creates_received == 1


async def test_a1_the_confirmation_names_the_sum_and_can_be_turned_down(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await mona.clicks(card, "approve", confirm=False)
    assert (await journey.request()).state is State.PENDING
    confirm = (await journey.slack.confirms())[-1]
    assert confirm["text"].startswith("$7.00, $5.00 from account credit, $2.00 by invoice")


async def test_a2_a_decline_asks_why_first_and_passes_the_reason_on(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    before = len(await journey.slack.log())
    await mona.clicks(card, "decline")
    form = await journey.form(mona, "Decline #1001")
    methods = [line["method"] for line in (await journey.slack.log())[before:] if line["what"] == "call"]
    assert methods[0] == "views.open", "the form stands before anything slow is asked"
    assert (await mona.submits(form)).errors, "a reason is required"
    await mona.enters(form, "reason", "   ")
    assert "Say why" in str((await mona.submits(form)).errors)
    await mona.enters(form, "reason", "We have two of these <already>")
    answered(await mona.submits(form))
    card = await journey.card("Declined by @mona", "We have two of these <already>")
    assert not card.has_button("approve")
    told = await journey.direct(rita, "Declined by @mona", "We have two of these <already>", "Nothing was bought")
    await rita.clicks(told, "Edit and resend")
    form = await journey.form(rita, "Total")
    assert form.input("reason").value == "scraping"
    assert journey.byteful.creates_received == 0


async def test_a11_the_card_says_who_decided_when_under_which_rule_and_on_which_revision(journey: Journey) -> None:
    card = await journey.buys()
    request = await journey.request()
    (approval,) = request.approvals
    assert approval.by == MONA
    assert f"Approved by @mona {approval.at:%Y-%m-%d %H:%M} UTC" in card.text
    assert "Rule `role:approver` · Revision 1" in card.text
    shown = await journey.answer(journey.person("rita"), "/proxy show 1001", "History")
    assert f"Approved by @mona {approval.at:%Y-%m-%d %H:%M} UTC" in shown.text.partition("History")[2]


# Without the right to


@pytest.mark.parametrize(
    ("name", "words", "rule"),
    [
        ("fay", "needs the role *approver*", "holds_role"),
        ("ada", "needs the role *approver*", "holds_role"),
        ("gus", "Guests", "ordinary_member"),
        ("sid", "people from other companies", "ordinary_member"),
        ("rita", "You asked for this yourself", "not_own_request"),
    ],
)
async def test_a5_t20_t27_a_click_without_the_right_is_explained_in_private_and_noted(
    journey: Journey, name: str, words: str, rule: str
) -> None:
    who = journey.person(name)
    card = await journey.asks(journey.person("rita"))
    said_before = [one.ts for one in await journey.person("max").messages(CHANNEL)]
    answered(await who.clicks(card, "approve"))
    await journey.private(who, words, "Nothing changed", "`approver` is held by @max and @mona")
    assert [one.ts for one in await journey.person("max").messages(CHANNEL)] == said_before, "nobody is shown up"
    assert (await journey.request()).state is State.PENDING
    assert journey.byteful.creates_received == 0
    line = (await journey.audit())[-1]
    assert (line["what"], line["by"]) == (f"refused:{rule}", journey.workspace.person(name).id)
    assert (line["before"], line["after"]) == ("pending v1", "pending v1")
    assert line["policy"] == journey.bot.policy.current.digest
    assert (line["channel"], line["message"]) == (card.channel, card.ts) == (line["card_channel"], line["card_message"])


async def test_a5_whoever_asked_is_not_named_among_those_who_may_decide(journey: Journey) -> None:
    mona = journey.person("mona")
    card = await journey.asks(mona)
    answered(await mona.clicks(card, "approve"))
    await journey.private(mona, "You asked for this yourself", "`approver` is held by @max.")


async def test_a5_whoever_may_not_decline_is_told_in_the_form(journey: Journey) -> None:
    fay = journey.person("fay")
    card = await journey.asks(journey.person("rita"))
    answered(await fay.clicks(card, "decline"))
    await journey.form(fay, "needs the role *approver*", "@max and @mona")
    assert (await journey.request()).state is State.PENDING


async def test_z2_a_borrowed_name_opens_no_door(journey: Journey) -> None:
    """T29: names, addresses and texts decide nothing; ids from the signed payload do."""
    fay = journey.person("fay")
    card = await journey.asks(journey.person("rita"), "isp_us 2 for approved by <@U0000MONA>")
    await journey.slack.change_person("fay", real_name="Mona Manager", email="mona@example.com")
    answered(await fay.clicks(card, "approve"))
    await journey.private(fay, "needs the role")
    answered(await fay.clicks(card, "decline"))
    await journey.form(fay, "needs the role")
    assert (await journey.request()).state is State.PENDING


async def test_m1_only_the_requester_withdraws(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    answered(await mona.clicks(card, "withdraw"))
    told = await journey.private(mona, "Only the person who asked can withdraw")
    assert "You can decline" not in told.text, "it is said to people who may not"
    answered(await rita.clicks(card, "withdraw"))
    await journey.private(rita, "You withdrew this request.")
    card = await journey.card("Withdrawn by @rita", "Nothing was bought")
    assert not card.has_button("approve")
    assert journey.byteful.creates_received == 0


# The role is read at the click, and again before the money moves


async def test_t21_z3_a_lost_role_counts_at_the_click(journey: Journey, pass_time: Callable[[float], None]) -> None:
    rita, mona, fay = journey.people("rita", "mona", "fay")
    card = await journey.asks(rita)
    await journey.slack.set_group("proxy-approvers", ["max", "fay"])
    pass_time(61)
    answered(await mona.clicks(card, "approve"))
    await journey.private(mona, "needs the role", "held by @fay and @max")
    assert (await journey.request()).state is State.PENDING
    answered(await fay.clicks(card, "approve"))
    await journey.card("Ordered", "Approved by @fay")


async def test_t21_what_is_known_of_a_group_is_never_older_than_a_minute(
    journey: Journey, pass_time: Callable[[float], None]
) -> None:
    rita, fay = journey.people("rita", "fay")
    card = await journey.asks(rita)
    answered(await fay.clicks(card, "approve"))
    asked = len(await journey.slack.calls("usergroups.users.list"))
    pass_time(30)
    answered(await fay.clicks(card, "approve"))
    assert len(await journey.slack.calls("usergroups.users.list")) == asked
    pass_time(30)
    answered(await fay.clicks(card, "approve"))
    assert len(await journey.slack.calls("usergroups.users.list")) == asked + 1


async def test_t21_z3_a_role_lost_after_the_click_counts_before_the_money_moves(
    journey: Journey, pass_time: Callable[[float], None]
) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    journey.byteful.faults.set("unauthorized", endpoint="checkout/quote")
    await mona.clicks(card, "approve")
    await journey.card("Nothing was sent to the provider yet")
    await journey.slack.set_group("proxy-approvers", ["max"])
    pass_time(61)
    journey.byteful.faults.clear("unauthorized")
    await journey.sweep()
    await journey.card("Waiting for approval", "Who approved: allowed to approve → no longer allowed")
    assert journey.byteful.creates_received == 0


@pytest.mark.parametrize("trouble", ["error", "slow", "http_500"])
@pytest.mark.parametrize("method", ["usergroups.users.list", "users.info"])
async def test_t23_who_cannot_be_judged_may_not(
    journey: Journey, pass_time: Callable[[float], None], method: str, trouble: str
) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    pass_time(61)
    await journey.slack.fault(trouble, method=method, times=None)
    answered(await mona.clicks(card, "approve"))
    told = await journey.private(mona, "Slack did not answer", "Nothing was approved", "Try again")
    assert journey.logged(told)["kind"] == "ChatError"
    assert (await journey.request()).state is State.PENDING
    await journey.slack.clear_faults()
    answered(await mona.clicks(card, "approve"))
    await journey.card("Ordered")


async def test_t23_a_slow_slack_does_not_make_the_click_late(
    journey: Journey, pass_time: Callable[[float], None]
) -> None:
    """Person and role are both asked of Slack: together they have to fit into what Slack waits, here a little less."""
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    pass_time(61)
    await journey.slack.settings(ack_within_s=2.75)
    for method in ("users.info", "usergroups.users.list"):
        await journey.slack.fault("slow", method=method, seconds=1.4)
    answered(await mona.clicks(card, "approve"))
    await journey.card("Ordered")


# Together


async def test_t01_x7_a_double_click_approves_once_and_answers_twice(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    answered(*await asyncio.gather(mona.clicks(card, "approve"), mona.clicks(card, "approve")))
    await journey.private(mona, "Recorded: you approved it")
    second = await journey.private(mona, "Your click changed nothing. You approved it already.")
    await journey.card("Ordered")
    (approval,) = (await journey.request()).approvals
    assert f"Approved by @mona {approval.at:%Y-%m-%d %H:%M} UTC" in second.text
    assert (await journey.history()).count(Happened.APPROVED) == 1
    assert journey.byteful.creates_received == 1


async def test_t01_two_replicas_take_one_double_click_once(journey: Journey) -> None:
    await journey.asks(journey.person("rita"))
    request = await journey.request()
    click = Click(TEAM, UserId(MONA), request.id, request.revision)
    async with journey.replica() as other:
        found = await asyncio.gather(decide.approve(journey.bot.desk, click), decide.approve(other.desk, click))
        assert sorted(decision.result for decision in found) == [Result.DONE, Result.TOO_LATE]
        await journey.card("Ordered")
        await asyncio.gather(make_jobs(journey.bot).sweep({}), make_jobs(other).sweep({}))
    assert journey.byteful.creates_received == 1


async def test_t02_of_two_approvers_at_once_one_wins_and_the_other_is_told_who(journey: Journey) -> None:
    rita, mona, max_ = journey.people("rita", "mona", "max")
    card = await journey.asks(rita)
    answered(*await asyncio.gather(mona.clicks(card, "approve"), max_.clicks(card, "approve")))
    await journey.card("Ordered")
    (approval,) = (await journey.request()).approvals
    winner, loser = ("mona", "max") if approval.by == MONA else ("max", "mona")
    await journey.private(journey.person(winner), "Recorded: you approved it")
    await journey.private(journey.person(loser), "Your click changed nothing.", f"Approved by @{winner}")
    assert journey.byteful.creates_received == 1
    late = [line["by"] for line in await journey.audit() if line["what"] == "late_click"]
    assert late == [journey.workspace.person(loser).id]


@pytest.mark.parametrize("policy", [TWO_APPROVALS], indirect=True)
async def test_t03_two_approvals_are_two_people(journey: Journey) -> None:
    rita, mona, max_ = journey.people("rita", "mona", "max")
    card = await journey.asks(rita)
    answered(*await asyncio.gather(mona.clicks(card, "approve"), mona.clicks(card, "approve")))
    await journey.private(mona, "Recorded: your approval counts.")
    await journey.private(mona, "You approved it already.")
    card = await journey.card("1 of 2 approvals", "Approved by @mona")
    assert journey.byteful.creates_received == 0
    answered(*await asyncio.gather(max_.clicks(card, "approve"), mona.clicks(card, "approve")))
    await journey.card("Ordered", "Approved by @mona", "@max")
    assert [approval.by for approval in (await journey.request()).approvals] == [MONA, MAX]
    assert journey.byteful.creates_received == 1


async def test_t04_approve_and_decline_at_once_end_in_one_state(journey: Journey) -> None:
    rita, mona, max_ = journey.people("rita", "mona", "max")
    card = await journey.asks(rita)
    await max_.clicks(card, "decline")
    form = await journey.form(max_, "Decline #1001")
    await max_.enters(form, "reason", "Too dear")
    approved, declined = await asyncio.gather(mona.clicks(card, "approve"), max_.submits(form))
    answered(approved, declined)
    if MONA in [approval.by for approval in (await journey.request()).approvals]:
        await journey.form(max_, "Your click changed nothing", "Approved by @mona")
        await journey.card("Ordered")
        await journey.direct(rita, "Ordered")
        assert journey.byteful.creates_received == 1
    else:
        await journey.private(mona, "Your click changed nothing", "Declined by @max")
        await journey.card("Declined by @max")
        await journey.direct(rita, "Declined by @max")
        assert journey.byteful.creates_received == 0


async def test_t05_m1_withdraw_and_approve_at_once_have_one_winner(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    answered(*await asyncio.gather(mona.clicks(card, "approve"), rita.clicks(card, "withdraw")))
    told = await journey.private(rita, "#1001", "with")
    if "You withdrew" in told.text:
        await journey.card("Withdrawn by @rita", "Nothing was bought")
        assert journey.byteful.creates_received == 0
    else:
        assert "Your click changed nothing" in told.text
        await journey.card("Ordered")
        assert journey.byteful.creates_received == 1


async def test_t05_m1_a_withdrawal_while_it_is_bought_comes_too_late_and_says_so(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    buying = journey.byteful.faults.set("slow", endpoint="checkout/create", seconds=30)
    await mona.clicks(card, "approve")
    await reached(buying)
    answered(await rita.clicks(card, "withdraw", stale=True))
    await journey.private(rita, "Your click changed nothing", "Buying", "Approved by @mona")
    journey.byteful.faults.clear("slow")
    await journey.card("Ordered")
    assert journey.byteful.creates_received == 1


async def test_t05_m1_an_approval_after_the_withdrawal_comes_too_late_and_says_so(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    await rita.clicks(card, "withdraw")
    await journey.card("Withdrawn")
    answered(await mona.clicks(card, "approve", stale=True))
    await journey.private(mona, "Your click changed nothing", "Withdrawn by @rita")
    await journey.sweep()
    assert journey.byteful.creates_received == 0


async def test_t12_a_click_that_is_faster_than_the_store_counts_and_leaves_one_card(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    rita, mona = journey.people("rita", "mona")
    store, stored, looked = journey.bot.store, asyncio.Event(), asyncio.Event()
    record, claim = store.record_message, store.claim_intents

    async def slow_record(*arguments: Any) -> bool:
        await stored.wait()
        return await record(*arguments)

    async def noted_claim(*arguments: Any) -> list[Claim]:
        """Somebody looks for what is to be said after the approval asked for the card again."""
        is_approved = bool((await journey.request()).approvals)
        claims = await claim(*arguments)
        if is_approved:
            looked.set()
            journey.workspace.changed()
        return claims

    async def cards() -> list[str]:
        return [one.ts for one in await rita.messages(CHANNEL) if one.text.startswith("#1001 ")]

    async def tried_to_speak_again() -> bool:
        return looked.is_set() or len(await cards()) > 1

    monkeypatch.setattr(store, "record_message", slow_record)
    card = await journey.asks(rita)
    monkeypatch.setattr(store, "claim_intents", noted_claim)
    answered(await mona.clicks(card, "approve"))
    await journey.private(mona, "Recorded: you approved it")
    await journey.until(tried_to_speak_again, "somebody looking for what is to be said")
    stored.set()
    await journey.card("Ordered")
    assert await cards() == [card.ts], "no second card for the same request"
    assert journey.byteful.creates_received == 1


async def test_t91_c1_a_slow_older_drawing_never_stays_over_a_newer_one(journey: Journey) -> None:
    rita, mona = journey.people("rita", "mona")
    card = await journey.asks(rita)
    journey.byteful.faults.set("server_error", endpoint="checkout/quote")
    await journey.slack.fault("slow", method="chat.update", seconds=1.5)
    await mona.clicks(card, "approve")
    await journey.until_struck()
    answered(await rita.clicks(card, "withdraw"))
    await journey.card("Withdrawn by @rita")
    updates = await journey.until(lambda: _answers(journey, "chat.update", 2), "both drawings being done")
    assert len(updates) >= 2
    await journey.card("Withdrawn by @rita")
    await journey.all_said()
    assert "Withdrawn by @rita" in (await rita.again(card)).text


# On the revision that was seen


async def test_t07_q2_an_approval_is_bound_to_the_revision_that_was_seen(journey: Journey) -> None:
    rita, mona, max_ = journey.people("rita", "mona", "max")
    old = await journey.asks(rita, LINE)
    assert any(button.value == "1001:1" for button in old.buttons)
    journey.byteful.set_price("isp_us", 400)
    await mona.clicks(old, "approve")
    new = await journey.card("fresh decision", "Revision 2")
    assert _digest(old.text) != _digest(new.text)
    answered(await max_.clicks(old, "approve", stale=True))
    await journey.private(max_, "This changed since that card was drawn; nothing was done", "$8.00 in total")
    assert (await journey.request()).approvals == ()
    assert journey.byteful.creates_received == 0
    await max_.clicks(new, "approve")
    await journey.card("Ordered", "Approved by @max")


def _digest(card: str) -> str:
    return card.partition("digest `")[2][:6]


async def _answers(journey: Journey, method: str, count: int) -> list[object]:
    found = await journey.slack.calls(method)
    return list(found) if len(found) >= count else []

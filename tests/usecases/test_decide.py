"""Decisions: judged at the click, one winner, and whoever clicked learns what it came to."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from msgspec.structs import replace

from bot.domain import request as life
from bot.domain.audit import Origin
from bot.domain.errors import ChatError, InputError, NotFoundError, ReplayError, StaleError
from bot.domain.ids import RequestId, ServiceId, UserId
from bot.domain.request import Happened, State
from bot.usecases import checkout, decide
from bot.usecases.decide import Click, Decision, Result
from bot.usecases.desk import Desk
from tests.examples import APPROVER, NOW, REQUESTER, SECOND_APPROVER, WORKSPACE, order, selection
from tests.store.looking import audit, everything
from tests.usecases.conftest import Office, click_on, policy
from tests.usecases.fakes import GUEST, OUTSIDER, ROBOT, STRANGER

ACTIONS: dict[str, Callable[[Desk, Click], Awaitable[Decision]]] = {
    "approve": decide.approve,
    "decline": lambda desk, click: decide.decline(desk, click, "Too dear."),
    "withdraw": decide.withdraw,
    "mark_absent": decide.mark_absent,
    "mark_found": lambda desk, click: decide.mark_found(desk, click, ServiceId("API-1")),
    "retry": decide.retry,
}
BY = {"withdraw": REQUESTER}
"""Whoever is not named here is an approver."""
FITS: dict[str, tuple[type[life.Event], ...]] = {
    "approve": (),
    "decline": (),
    "withdraw": (),
    "mark_absent": (life.Approved, life.Claimed, life.Unclear, life.Examined),
    "mark_found": (life.Approved, life.Claimed, life.Unclear),
    "retry": (life.Approved, life.Claimed, life.Refused),
}
"""The way to a request on which the action may be taken."""
LEADS_TO = {
    "approve": {State.APPROVED},
    "decline": {State.DECLINED},
    "withdraw": {State.WITHDRAWN},
    "mark_absent": {State.FAILED},
    "mark_found": {State.ORDERED},
    "retry": {State.PENDING, State.APPROVED},
}


async def audited(office: Office, what: str) -> list[tuple[int | None, str]]:
    lines = await audit(office.raw, WORKSPACE)
    return [(line["request"], line["by"]) for line in lines if line["what"] == what]


@pytest.mark.parametrize("action", ACTIONS)
async def test_a1_an_action_at_its_time_is_done_written_and_nudged(action: str, office: Office) -> None:
    request = await office.place(*FITS[action])
    office.provider.sell(selection())
    decision = await ACTIONS[action](office.desk, click_on(request, BY.get(action, APPROVER)))
    assert decision.result is Result.DONE
    assert decision.request == await office.now(request)
    assert decision.request.state in LEADS_TO[action]
    assert decision.request.history[-1].by == BY.get(action, APPROVER)
    assert decision.request.version == request.version + 1
    assert office.nudged == [request.id]


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_request_that_does_not_exist_is_missing(action: str, office: Office) -> None:
    decision = await ACTIONS[action](office.desk, Click(WORKSPACE, APPROVER, RequestId(4711), 1))
    assert decision == Decision(Result.MISSING)
    assert not office.nudged


OBJECTIONS = [
    (OUTSIDER, "holds_role"),
    (GUEST, "ordinary_member"),
    (STRANGER, "ordinary_member"),
    (ROBOT, "ordinary_member"),
    (REQUESTER, "not_own_request"),
]


@pytest.mark.parametrize("action", [name for name in ACTIONS if name != "withdraw"])
@pytest.mark.parametrize(("user", "rule"), OBJECTIONS)
async def test_a5_who_may_not_is_refused_with_the_rule_and_it_is_noted(
    action: str, user: UserId, rule: str, office: Office
) -> None:
    request = await office.place(*FITS[action])
    decision = await ACTIONS[action](office.desk, click_on(request, user))
    assert decision.result is Result.REFUSED
    assert decision.verdict is not None
    assert decision.verdict.rule == rule
    assert decision.verdict.sentence.endswith(".")
    assert await office.now(request) == request
    assert await audited(office, f"refused:{rule}") == [(request.id, user)]
    assert not office.nudged


@pytest.mark.parametrize("user", [APPROVER, OUTSIDER, GUEST])
async def test_m1_only_the_requester_withdraws(user: UserId, office: Office) -> None:
    request = await office.place()
    decision = await decide.withdraw(office.desk, click_on(request, user))
    assert decision.result is Result.REFUSED
    assert await office.state(request) is State.PENDING
    assert await audited(office, "refused:own_request") == [(request.id, user)]


async def test_z3_a_role_that_was_taken_away_counts_at_once(office: Office) -> None:
    request = await office.place()
    office.directory.approvers -= {APPROVER}
    decision = await decide.approve(office.desk, click_on(request))
    assert decision.result is Result.REFUSED


@pytest.mark.parametrize("action", [name for name in ACTIONS if name != "withdraw"])
async def test_z3_when_roles_cannot_be_read_nobody_may_and_nothing_changes(action: str, office: Office) -> None:
    request = await office.place(*FITS[action])
    office.directory.is_away = True
    with pytest.raises(ChatError):
        await ACTIONS[action](office.desk, click_on(request))
    assert await office.now(request) == request


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("revision", [1, 3])
async def test_a2_a_click_on_another_revision_changes_nothing(action: str, revision: int, office: Office) -> None:
    request = await office.place(life.Approved, life.Reopened, *FITS[action])
    assert request.revision == 2
    decision = await ACTIONS[action](office.desk, click_on(request, BY.get(action, APPROVER), revision=revision))
    assert (decision.result, decision.request) == (Result.CHANGED, request)
    assert await office.now(request) == request
    assert not office.nudged


async def test_a_click_without_a_revision_is_about_whatever_is_there(office: Office) -> None:
    request = await office.place(life.Approved, life.Reopened)
    decision = await decide.approve(office.desk, click_on(request, revision=None))
    assert decision.result is Result.DONE


TOO_LATE: dict[str, list[tuple[type[life.Event], ...]]] = {
    "approve": [(life.Approved,), (life.Declined,), (life.Approved, life.Claimed, life.Ordered)],
    "decline": [(life.Approved,), (life.Withdrawn,), (life.Approved, life.Claimed, life.Unclear)],
    "withdraw": [(life.Declined,), (life.Approved, life.Claimed), (life.Withdrawn,)],
    "mark_absent": [(), (life.Approved, life.Claimed), (life.Approved, life.Claimed, life.Refused)],
    "mark_found": [(), (life.Approved, life.Claimed, life.Refused)],
    "retry": [(), (life.Declined,), (life.Approved, life.Claimed, life.Unclear)],
}


@pytest.mark.parametrize(("action", "way"), [(action, way) for action, ways in TOO_LATE.items() for way in ways])
async def test_c2_a_late_click_gets_the_present_state_and_changes_nothing(
    action: str, way: tuple[type[life.Event], ...], office: Office
) -> None:
    request = await office.place(*way)
    office.provider.sell(selection())
    by = BY.get(action, SECOND_APPROVER)
    decision = await ACTIONS[action](office.desk, click_on(request, by))
    assert (decision.result, decision.request) == (Result.TOO_LATE, request)
    assert await office.now(request) == request
    assert not office.nudged


async def test_x7_a_late_click_is_noted(office: Office) -> None:
    request = await office.place(life.Declined)
    await decide.approve(office.desk, click_on(request))
    assert await audited(office, "late_click") == [(request.id, APPROVER)]


async def test_z2_a_click_on_what_is_not_there_is_noted(office: Office) -> None:
    request = replace(await office.place(), id=RequestId(4711))
    assert (await decide.approve(office.desk, click_on(request))).result is Result.MISSING
    assert await audited(office, "missing_request") == [(None, APPROVER)]


def _too_late(office: Office, click: Click) -> Click:
    office.clock.on(timedelta(days=30))
    return click


def _unjudged(office: Office, click: Click) -> Click:
    office.directory.is_away = True
    return click


ENDINGS: dict[str, Callable[[Office, Click], Click]] = {
    "done": lambda office, click: click,
    "refused": lambda office, click: replace(click, user=OUTSIDER),
    "changed": lambda office, click: replace(click, revision=7),
    "missing": lambda office, click: replace(click, request=RequestId(4711)),
    "expired": _too_late,
    "not judged": _unjudged,
}
"""How a click on a pending request may end, and what makes it end so."""


@pytest.mark.parametrize("ending", ENDINGS)
async def test_t30_a_signed_click_has_its_effect_once_however_it_ends(ending: str, office: Office) -> None:
    request = await office.place()
    click = ENDINGS[ending](office, replace(click_on(request), origin=Origin(signature="v0=once")))
    with suppress(ChatError):
        await decide.approve(office.desk, click)
    before, nudged = await everything(office.raw), len(office.nudged)
    with pytest.raises(ReplayError):
        await decide.approve(office.desk, click)
    assert await everything(office.raw) == before
    assert len(office.nudged) == nudged


async def test_t30_of_a_click_that_comes_several_times_at_once_one_counts(office: Office) -> None:
    office.policy = policy(needed=2)
    office.clock.runs()
    request = await office.place()
    signed = replace(click_on(request), origin=Origin(signature="v0=once"))
    ended = await asyncio.gather(*(decide.approve(office.desk, signed) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in ended if not isinstance(one, Decision)] == [ReplayError] * 4
    assert await audited(office, "late_click") == []
    assert len((await office.now(request)).approvals) == 1


async def test_a_withdrawal_of_an_approved_request_wins_before_it_is_bought(office: Office) -> None:
    request = await office.place(life.Approved)
    assert (await decide.withdraw(office.desk, click_on(request, REQUESTER))).result is Result.DONE
    assert await office.state(request) is State.WITHDRAWN


async def test_a2_a_reason_for_declining_is_kept(office: Office) -> None:
    request = await office.place()
    await decide.decline(office.desk, click_on(request), "We have *two*")
    assert (await office.now(request)).history[-1].note == "We have *two*"


# Several approvals


async def test_two_different_people_are_needed_when_the_policy_says_two(office: Office) -> None:
    office.policy = policy(needed=2)
    request = await office.place()
    first = await decide.approve(office.desk, click_on(request, APPROVER))
    assert (first.result, await office.state(request)) == (Result.DONE, State.PENDING)
    again = await decide.approve(office.desk, click_on(request, APPROVER))
    assert (again.result, await office.state(request)) == (Result.TOO_LATE, State.PENDING)
    second = await decide.approve(office.desk, click_on(request, SECOND_APPROVER))
    assert (second.result, await office.state(request)) == (Result.DONE, State.APPROVED)
    approved = await office.now(request)
    assert [(one.by, one.revision, one.rule) for one in approved.approvals] == [
        (APPROVER, 1, "role:approver"),
        (SECOND_APPROVER, 1, "role:approver"),
    ]
    assert [entry.happened for entry in approved.history[1:]] == [Happened.ENDORSED, Happened.APPROVED]


async def test_two_who_approve_at_once_both_count(office: Office) -> None:
    office.policy = policy(needed=2)
    request = await office.place()
    clicks = [click_on(request, user) for user in (APPROVER, SECOND_APPROVER)]
    decisions = await asyncio.gather(*(decide.approve(office.desk, click) for click in clicks))
    assert [one.result for one in decisions] == [Result.DONE, Result.DONE]
    assert await office.state(request) is State.APPROVED


async def test_who_endorsed_may_still_decline(office: Office) -> None:
    office.policy = policy(needed=2)
    request = await office.place()
    await decide.approve(office.desk, click_on(request, APPROVER))
    assert (await decide.decline(office.desk, click_on(request, APPROVER), "No.")).result is Result.DONE


async def test_a_double_click_is_one_approval(office: Office) -> None:
    """T01: also when two approvals are needed."""
    office.policy = policy(needed=2)
    office.clock.runs()
    request = await office.place()
    clicks = [decide.approve(office.desk, click_on(request, APPROVER)) for _ in range(5)]
    results = [one.result for one in await asyncio.gather(*clicks)]
    assert sorted(results) == [Result.DONE, *[Result.TOO_LATE] * 4]
    assert len((await office.now(request)).approvals) == 1


# Races


async def test_of_an_approval_and_a_refusal_at_once_one_wins_and_the_other_is_told(office: Office) -> None:
    """T04."""
    request = await office.place()
    both = await asyncio.gather(
        decide.approve(office.desk, click_on(request, APPROVER)),
        decide.decline(office.desk, click_on(request, SECOND_APPROVER), "No."),
    )
    assert sorted(one.result for one in both) == [Result.DONE, Result.TOO_LATE]
    now = await office.now(request)
    assert all(one.request == now for one in both)
    assert now.version == 2


async def test_a_decision_that_lost_its_race_is_judged_again_on_the_newer_facts(office: Office) -> None:
    request = await office.place()

    async def somebody_else_declines() -> None:
        await office.walk(request, life.Declined)

    office.moments.at("move:approved", somebody_else_declines)
    decision = await decide.approve(office.desk, click_on(request))
    assert decision.result is Result.TOO_LATE
    assert decision.request is not None
    assert decision.request.state is State.DECLINED


async def test_a_decision_that_always_loses_gives_up_and_says_so(office: Office) -> None:
    request = await office.place()
    office.moments.always("move:approved", StaleError("somebody was faster"))
    decision = await decide.approve(office.desk, click_on(request))
    assert (decision.result, decision.request) == (Result.TOO_LATE, request)


# Time


async def test_a_click_after_the_deadline_expires_the_request_instead(office: Office) -> None:
    request = await office.place(expires_at=NOW + timedelta(hours=1))
    office.clock.on(timedelta(hours=1))
    decision = await decide.approve(office.desk, click_on(request))
    assert decision.result is Result.TOO_LATE
    assert decision.request is not None
    assert decision.request.state is await office.state(request) is State.EXPIRED


async def test_a_click_just_before_the_deadline_counts(office: Office) -> None:
    request = await office.place(expires_at=NOW + timedelta(hours=1))
    office.clock.on(timedelta(hours=1) - timedelta(microseconds=1))
    assert (await decide.approve(office.desk, click_on(request))).result is Result.DONE


async def test_an_expiry_in_the_moment_of_a_click_has_one_winner(office: Office) -> None:
    """T06: the sweep closes the request between the click's look and its write."""
    request = await office.place(expires_at=NOW + timedelta(hours=1))

    async def the_sweep_comes() -> None:
        office.clock.on(timedelta(hours=1))
        await decide.expire(office.desk, request)

    office.moments.at("move:approved", the_sweep_comes)
    decision = await decide.approve(office.desk, click_on(request))
    assert decision.result is Result.TOO_LATE
    assert await office.state(request) is State.EXPIRED


async def test_an_expiry_that_comes_after_a_click_is_refused(office: Office) -> None:
    request = await office.place()
    await decide.approve(office.desk, click_on(request))
    with pytest.raises(StaleError):
        await decide.expire(office.desk, request)
    assert await office.state(request) is State.APPROVED


# Trying again, and settling a doubt


async def test_a_retry_takes_a_fresh_price_and_buys_nothing_by_itself(office: Office) -> None:
    request = await office.place(life.Approved, life.Claimed, life.Refused)
    office.provider.per_unit = 400
    decision = await decide.retry(office.desk, click_on(request))
    assert decision.result is Result.DONE
    now = await office.now(request)
    assert (now.state, now.quote.total, now.approvals) == (State.PENDING, 2_000, ())
    assert office.provider.creates == 0


async def test_somebody_who_may_not_retry_costs_no_question_to_the_provider(office: Office) -> None:
    request = await office.place(life.Approved, life.Claimed, life.Refused)
    await decide.retry(office.desk, click_on(request, OUTSIDER))
    assert "quote" not in office.moments.passed


DOUBT = (life.Approved, life.Claimed, life.Unclear)


async def test_a_service_that_was_found_becomes_the_order(office: Office) -> None:
    request = await office.place(*DOUBT)
    service = office.provider.sell(selection(), open_invoice_id=None, total=1_700)
    decision = await decide.mark_found(office.desk, click_on(request), service.id)
    assert decision.result is Result.DONE
    found = (await office.now(request)).order
    assert found is not None
    assert (found.service_id, found.total, found.is_paid, found.due) == (service.id, 1_700, True, None)
    assert await office.store.by_service(WORKSPACE, service.id) == await office.now(request)


async def test_a_service_that_does_not_exist_settles_nothing(office: Office) -> None:
    request = await office.place(*DOUBT)
    with pytest.raises(NotFoundError):
        await decide.mark_found(office.desk, click_on(request), ServiceId("API-404"))
    assert await office.now(request) == request


async def test_a_service_of_another_request_settles_nothing(office: Office) -> None:
    await office.place(life.Approved, life.Claimed, life.Ordered, draft="d0")
    office.provider.sell(selection(), id=order().service_id)
    request = await office.place(*DOUBT)
    with pytest.raises(InputError, match="another request"):
        await decide.mark_found(office.desk, click_on(request), order().service_id)
    assert await office.state(request) is State.IN_DOUBT


async def test_c2_a_service_that_the_machine_has_just_found_for_the_same_request_is_no_others(office: Office) -> None:
    request = await office.place(*DOUBT)
    service = office.provider.sell(selection(), total=request.quote.total)
    await checkout.drive(office.desk, WORKSPACE, request.id)
    assert await office.state(request) is State.ORDERED
    decision = await decide.mark_found(office.desk, click_on(request), service.id)
    assert decision.result is Result.TOO_LATE
    assert decision.request == await office.now(request)


async def test_a_doubt_about_proxies_is_not_settled_without_naming_the_service(office: Office) -> None:
    request = await office.place(*DOUBT)
    with pytest.raises(InputError):
        await decide.mark_found(office.desk, click_on(request), None)
    assert await office.state(request) is State.IN_DOUBT


async def test_a_top_up_has_no_service_to_name_and_is_not_called_paid(office: Office) -> None:
    request = await office.place_top_up(*DOUBT)
    await decide.mark_found(office.desk, click_on(request), None)
    now = await office.now(request)
    assert now.order is not None
    assert (now.state, now.order.is_paid, now.order.service_id) == (State.ORDERED, False, None)


@pytest.mark.parametrize(
    ("user", "revision", "result"),
    [(APPROVER, 1, Result.DONE), (APPROVER, 2, Result.CHANGED), (OUTSIDER, 1, Result.REFUSED)],
)
async def test_asking_whether_somebody_may_changes_nothing(
    user: UserId, revision: int, result: Result, office: Office
) -> None:
    request = await office.place()
    decision = await decide.may_decide(office.desk, click_on(request, user, revision=revision))
    assert decision.result is result
    assert await office.now(request) == request

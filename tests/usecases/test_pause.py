"""Refused keys: one pause for all, admins told once, nothing started meanwhile, and it goes on by itself."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain import request as life
from bot.domain.errors import (
    AccessError,
    OutcomeUnknownError,
    ProviderError,
    SecondFactorError,
    SelectionRefusedError,
    StoreUnavailableError,
)
from bot.domain.ids import DraftId, UserId, WorkspaceId
from bot.domain.pause import Pause
from bot.domain.policy import Policy, Role
from bot.domain.request import Happened, PurchaseRequest, State
from bot.jobs import Jobs
from bot.usecases import checkout, pausing, waiting
from tests.examples import APPROVER, WORKSPACE, draft
from tests.store.looking import outbox
from tests.usecases.conftest import Office
from tests.usecases.fakes import FakeDirectory, KilledError, Silent

ADMINS = (UserId("U0ADMINA"), UserId("U0ADMINB"))
ELSEWHERE = WorkspaceId("T0009")
MINUTE = timedelta(minutes=1)
KEYS = AccessError("Byteful does not accept our API keys.", status=401, request_id="api-1")
RIGHTS = AccessError("Byteful does not accept our API keys for this.", status=403)
FACTOR = SecondFactorError("Byteful asks for a second factor.", status=403)


class Roles(FakeDirectory):
    """Everybody by name, as the policy says."""

    async def holders(self, role: Role) -> frozenset[UserId]:
        self._answer()
        return frozenset(role.users)


@pytest.fixture(autouse=True)
def company(office: Office) -> None:
    office.directory = Roles()
    office.policy = Policy(roles={"approver": Role(users=(APPROVER,)), "admin": Role(users=ADMINS)})


async def drive(office: Office, request: PurchaseRequest) -> PurchaseRequest:
    await checkout.drive(office.desk, request.workspace, request.id)
    return await office.now(request)


async def sweep(office: Office) -> None:
    """With the steps it asks for, in jobs of their own."""
    office.nudged.clear()
    await Jobs(office.desk, Silent(), Silent()).sweep({})  # type: ignore[arg-type]
    for number in office.nudged:
        await checkout.drive(office.desk, WORKSPACE, number)


async def news(office: Office) -> set[str]:
    """The news in the outbox, without the id of the pause."""
    found = [name.split(":") for name in await outbox(office.raw, WORKSPACE) if name.startswith("news:")]
    return {f"{kind} {user}" for _, kind, _, user in found}


async def present(office: Office) -> Pause | None:
    return await pausing.present_pause(office.desk)


def told(kind: str, *users: UserId) -> set[str]:
    return {f"{kind} {user}" for user in users or ADMINS}


# Beginning


@pytest.mark.parametrize("moment", ["quote", "services", "create"])
@pytest.mark.parametrize("error", [KEYS, RIGHTS, FACTOR], ids=["401", "403", "second factor"])
async def test_t65_a_refusal_anywhere_on_the_way_pauses_everything(
    moment: str, error: AccessError, office: Office
) -> None:
    first, other = await office.place(life.Approved), await office.place(life.Approved, draft="d2")
    office.moments.at(moment, error)
    await drive(office, first)
    pause = await present(office)
    assert pause is not None
    assert (pause.reason, pause.wants_second_factor) == (str(error), error is FACTOR)
    assert await news(office) == told("paused")
    office.moments.passed.clear()
    now = await drive(office, other)
    assert now.state is State.APPROVED
    assert not {"quote", "create"} & set(office.moments.passed)
    assert office.provider.creates == 0


async def test_t65_a_card_says_that_purchases_are_paused_and_the_log_knows_why(office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.at("quote", FACTOR)
    now = await drive(office, request)
    pause = await present(office)
    assert pause is not None
    assert now.failure == life.Failure(pause.words, pause.id)
    assert "second factor" in pause.words
    for _ in range(3):
        now = await drive(office, now)
    assert [entry.happened for entry in now.history].count(Happened.DELAYED) == 1


async def test_t65_requests_refused_at_the_till_fail_and_keep_their_approval(office: Office) -> None:
    """Nothing was bought for certain, and the machine never sends a checkout again by itself."""
    request = await office.place(life.Approved)
    office.moments.at("create", FACTOR)
    now = await drive(office, request)
    assert now.state is State.FAILED
    assert now.is_proven_unbought
    assert await present(office)
    await drive(office, now)
    assert office.moments.passed.count("create") == 1


async def test_t65_the_pause_holds_in_every_workspace(office: Office) -> None:
    request = await office.place(life.Approved)
    other = await office.place(life.Approved, draft="d2", workspace=ELSEWHERE)
    office.moments.at("quote", KEYS)
    await drive(office, request)
    await checkout.drive(office.desk, ELSEWHERE, other.id)
    found = await office.store.get(ELSEWHERE, other.id)
    assert found is not None
    assert found.state is State.APPROVED
    assert found.failure is not None
    assert "paused" in found.failure.reason


async def test_t65_however_many_meet_it_it_is_one_pause_told_once(office: Office) -> None:
    await asyncio.gather(*(pausing.begin(office.desk, WORKSPACE, KEYS) for _ in range(5)))
    first = await present(office)
    await asyncio.gather(*(pausing.begin(office.desk, WORKSPACE, KEYS) for _ in range(5)))
    for _ in range(3):
        await pausing.announce(office.desk)
    assert first is not None
    assert list(await outbox(office.raw, WORKSPACE)) == [f"news:paused:{first.id}:{admin}" for admin in ADMINS]


async def test_t65_what_is_told_is_not_told_again(office: Office) -> None:
    await pausing.begin(office.desk, WORKSPACE, KEYS)
    await office.raw.delete(f"{{{WORKSPACE}}}:outbox")
    office.moments.always("credit", KEYS)
    await sweep(office)
    await pausing.begin(office.desk, WORKSPACE, KEYS)
    assert await news(office) == set()


async def test_t65_without_admins_those_who_approve_are_told(office: Office) -> None:
    office.policy = Policy(roles={"approver": Role(users=(APPROVER,))})
    await pausing.begin(office.desk, WORKSPACE, KEYS)
    assert await news(office) == told("paused", APPROVER)


async def test_t65_when_slack_cannot_say_who_the_admins_are_they_are_told_later(office: Office) -> None:
    office.directory.is_away = True
    await pausing.begin(office.desk, WORKSPACE, KEYS)
    assert await present(office)
    assert await news(office) == set()
    office.directory.is_away = False
    office.moments.always("credit", KEYS)
    await sweep(office)
    assert await news(office) == told("paused")


async def test_x2_a_process_that_dies_before_telling_leaves_it_to_the_sweep(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_given: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(pausing, "announce", die)
        with pytest.raises(KilledError):
            await pausing.begin(office.desk, WORKSPACE, KEYS)
    office.moments.always("credit", KEYS)
    await sweep(office)
    assert await news(office) == told("paused")


@pytest.mark.parametrize(("error", "does_pause"), [(KEYS, True), (FACTOR, True), (RIGHTS, False)])
async def test_t65_a_right_missing_for_a_mere_look_stops_no_purchase(
    error: AccessError, does_pause: bool, office: Office
) -> None:
    request = await office.place(life.Approved, life.Claimed, life.Unclear)
    office.moments.at("services", error)
    await drive(office, request)
    assert bool(await present(office)) is does_pause


async def test_t65_refused_keys_pause_when_what_waits_is_priced(office: Office) -> None:
    await waiting.keep(office.desk, draft(id=DraftId("d7")))
    office.moments.at("catalog", KEYS)
    await sweep(office)
    assert await present(office)
    assert await news(office) == told("paused")
    assert [one.draft.id for one in await office.store.waiting(WORKSPACE)] == ["d7"]


async def test_t65_people_can_withdraw_while_it_lasts(office: Office) -> None:
    request = await office.place(life.Approved)
    await pausing.begin(office.desk, WORKSPACE, KEYS)
    now = await drive(office, request)
    assert life.may(now, life.Withdrawn)


# Ending


async def test_t65_it_ends_by_itself_and_purchases_go_on_in_order(office: Office) -> None:
    requests = [await office.place(life.Approved, draft=f"d{number}") for number in range(3)]
    await waiting.keep(office.desk, draft(id=DraftId("d7")))
    office.moments.always("quote", KEYS)
    await drive(office, requests[0])
    await sweep(office)
    assert await news(office) == told("paused")
    office.moments.forget()
    office.clock.on(MINUTE)
    await sweep(office)
    assert await present(office) is None
    assert [await office.state(request) for request in requests] == [State.ORDERED] * 3
    bought = [(await office.now(request)).order for request in requests]
    assert [order and order.service_id for order in bought] == ["API-1", "API-2", "API-3"]
    assert await office.store.waiting(WORKSPACE) == []
    assert await news(office) == told("paused") | told("resumed")
    told_once = await outbox(office.raw, WORKSPACE)
    office.clock.on(MINUTE)
    await sweep(office)
    assert {name for name in await outbox(office.raw, WORKSPACE) if "news" in name} == {
        name for name in told_once if "news" in name
    }


async def test_t65_each_sweep_asks_once(office: Office) -> None:
    await office.place(life.Approved)
    await pausing.begin(office.desk, WORKSPACE, KEYS)
    office.moments.always("credit", KEYS)
    for _ in range(5):
        await sweep(office)
    assert office.moments.passed.count("credit") == 5
    assert await present(office)


NOT_YET: list[tuple[str, ProviderError]] = [
    ("credit", KEYS),
    ("services", RIGHTS),
    ("quote", RIGHTS),
    ("credit", OutcomeUnknownError("Byteful took too long to answer.")),
]


@pytest.mark.parametrize(("moment", "error"), NOT_YET, ids=lambda one: str(one)[:20])
async def test_t65_it_lasts_until_everything_a_purchase_asks_is_answered(
    moment: str, error: ProviderError, office: Office
) -> None:
    """Otherwise it would end and begin again every minute, with two messages each time."""
    await office.place(life.Approved)
    await pausing.begin(office.desk, WORKSPACE, RIGHTS)
    office.moments.always(moment, error)
    for _ in range(3):
        office.clock.on(MINUTE)
        await sweep(office)
    assert await present(office)
    assert await news(office) == told("paused")
    assert office.provider.creates == 0


async def test_an_ask_that_cannot_be_sold_any_more_does_not_keep_it_up(office: Office) -> None:
    await office.place(life.Approved)
    await pausing.begin(office.desk, WORKSPACE, KEYS)
    office.moments.always("quote", SelectionRefusedError("Out of stock."))
    office.clock.on(MINUTE)
    await sweep(office)
    assert await present(office) is None


async def test_t65_when_a_second_factor_is_asked_for_after_new_keys_admins_hear_of_that_too(office: Office) -> None:
    await pausing.begin(office.desk, WORKSPACE, KEYS)
    first = await present(office)
    office.moments.always("credit", FACTOR)
    for _ in range(3):
        office.clock.on(MINUTE)
        await sweep(office)
    second = await present(office)
    assert first is not None
    assert second is not None
    assert second.id != first.id
    assert second.wants_second_factor
    assert len([name for name in await outbox(office.raw, WORKSPACE) if name.startswith("news:")]) == 4


async def test_a_new_pause_after_an_ended_one_is_told_anew(office: Office) -> None:
    await pausing.begin(office.desk, WORKSPACE, KEYS)
    office.clock.on(MINUTE)
    await sweep(office)
    assert await present(office) is None
    await pausing.begin(office.desk, WORKSPACE, KEYS)
    assert await present(office)
    assert len([name for name in await outbox(office.raw, WORKSPACE) if ":paused:" in name]) == 4


async def test_an_unreadable_pause_is_no_leave_to_buy(office: Office) -> None:
    request = await office.place(life.Approved)
    await office.raw.hset("proxydesk:pause", mapping={"version": 1, "body": b"{"})
    await sweep(office)
    assert await office.state(request) is State.APPROVED
    assert office.provider.creates == 0


async def test_t113_a_store_that_is_away_says_nothing_about_pauses(office: Office) -> None:
    request = await office.place(life.Approved)
    office.moments.at("get", StoreUnavailableError("The store does not answer."))
    with pytest.raises(StoreUnavailableError):
        await drive(office, request)
    office.clock.on(timedelta(seconds=1))
    assert (await drive(office, request)).state is State.ORDERED

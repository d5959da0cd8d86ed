"""Asks without a price: kept in order, sent on once with the real price, and never lost without a word."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from msgspec.structs import replace

from bot.domain.catalog import Field
from bot.domain.draft import Draft, WaitingDraft
from bot.domain.errors import (
    AccessError,
    ChatError,
    InputError,
    NeverSentError,
    OutcomeUnknownError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    SelectionRefusedError,
)
from bot.domain.ids import DraftId, ProductCode, RequestId, WorkspaceId
from bot.domain.request import State
from bot.usecases import report, submit, waiting
from tests.examples import APPROVER, REQUESTER, WORKSPACE, draft
from tests.store.looking import audit, outbox
from tests.usecases.conftest import Office, policy
from tests.usecases.fakes import KilledError

SILENCE = OutcomeUnknownError("Byteful took too long to answer.")
OUTAGES = [
    NeverSentError("Byteful has not answered for 40 seconds."),
    SILENCE,
    RateLimitedError("slow down", wait_s=1),
    AccessError("keys", status=401),
]
OF_THE_ASK = [SelectionRefusedError("no"), RefusedError("no"), ProviderError("The sums differ.")]


async def keep(office: Office, *ids: str) -> list[WaitingDraft]:
    return [await waiting.keep(office.desk, draft(id=DraftId(one))) for one in ids]


async def waiting_ids(office: Office) -> list[str]:
    return [one.draft.id for one in await office.store.waiting(WORKSPACE)]


async def release(office: Office) -> None:
    await waiting.release(office.desk, WORKSPACE)


async def requests(office: Office) -> list[tuple[int, State]]:
    found = await office.store.of_requester(WORKSPACE, REQUESTER, 50)
    return sorted((request.id, request.state) for request in found)


async def deeds(office: Office) -> list[str]:
    return [line["what"] for line in await audit(office.raw, WORKSPACE)]


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: type(error).__name__)
def test_f6_an_outage_gives_nobody_a_price(error: ProviderError) -> None:
    assert waiting.is_outage(error)


@pytest.mark.parametrize("error", OF_THE_ASK, ids=lambda error: type(error).__name__)
def test_t65_an_answer_about_the_ask_is_no_outage(error: ProviderError) -> None:
    assert not waiting.is_outage(error)


# Keeping


async def test_f6_an_ask_without_a_price_is_kept_and_nobody_else_hears_of_it(office: Office) -> None:
    (kept,) = await keep(office, "d1")
    assert kept.product == office.provider.products[ProductCode("isp_us")]
    assert kept.expires_at == kept.since + office.policy.approval_window
    assert await office.store.waiting(WORKSPACE) == [kept]
    assert await office.store.waiting(WORKSPACE, REQUESTER) == [kept]
    assert await office.store.waiting(WORKSPACE, APPROVER) == []
    assert await office.store.workspaces() == [WORKSPACE]
    assert await outbox(office.raw, WORKSPACE) == {}
    assert await requests(office) == []
    assert await deeds(office) == ["kept_without_price"]
    assert office.nudged == []


async def test_f6_it_is_on_the_list_of_the_one_who_sent_it(office: Office) -> None:
    (kept,) = await keep(office, "d1")
    assert (await report.inbox(office.desk, WORKSPACE, REQUESTER)).unpriced == [kept]
    assert (await report.inbox(office.desk, WORKSPACE, APPROVER)).unpriced == []
    assert (await report.trouble(office.desk, WORKSPACE)).is_away
    assert not (await report.trouble(office.desk, WorkspaceId("T0009"))).is_away


async def test_f6_even_the_catalog_may_be_away(office: Office) -> None:
    office.moments.always("catalog", SILENCE)
    (kept,) = await keep(office, "d1")
    assert kept.product is None


async def test_sent_again_it_keeps_its_place_and_its_age_and_takes_the_newer_contents(office: Office) -> None:
    first, _ = await keep(office, "d1", "d2")
    office.clock.on(timedelta(minutes=5))
    again = await waiting.keep(office.desk, draft(id=DraftId("d1"), quantity=7))
    assert (again.since, again.expires_at, again.version) == (first.since, first.expires_at, 2)
    assert [(one.draft.id, one.draft.quantity) for one in await office.store.waiting(WORKSPACE)] == [
        ("d1", 7),
        ("d2", 5),
    ]
    assert await deeds(office) == ["kept_without_price"] * 2


BAD_PAPER: dict[str, Draft] = {
    Field.REASON: draft(reason="  "),
    Field.CHANNEL: draft(channel=None),
}


@pytest.mark.parametrize("field", BAD_PAPER)
async def test_what_needs_no_price_to_be_wrong_is_said_at_once_and_not_kept(field: str, office: Office) -> None:
    with pytest.raises(InputError) as refused:
        await waiting.keep(office.desk, BAD_PAPER[field])
    assert set(refused.value.problems) == {field}
    assert await waiting_ids(office) == []


async def test_what_nobody_may_approve_is_not_kept(office: Office) -> None:
    office.policy = policy(needed=9)
    with pytest.raises(InputError, match="could not be approved"):
        await keep(office, "d1")
    assert await waiting_ids(office) == []


async def test_problems_of_an_older_price_do_not_stand_in_the_way(office: Office) -> None:
    kept = await waiting.keep(office.desk, draft().with_problems({Field.PROMO: "The code has ended."}))
    assert (kept.draft.problems, kept.draft.priced) == ({}, None)


async def test_what_is_a_request_already_is_not_kept_besides(office: Office) -> None:
    await office.place(draft="d1")
    with pytest.raises(InputError, match="sent before"):
        await keep(office, "d1")
    assert await waiting_ids(office) == []


# Sending on


async def test_t69_when_prices_are_back_everything_is_sent_on_in_order(office: Office) -> None:
    await keep(office, "d3", "d1", "d2")
    office.provider.per_unit = 400
    await release(office)
    assert await waiting_ids(office) == []
    sent = [await office.store.get(WORKSPACE, RequestId(1001 + place)) for place in range(3)]
    assert [one and (one.state, one.quote.total, one.created_at) for one in sent] == [
        (State.PENDING, 2_000, office.clock.time)
    ] * 3
    again = [
        await submit.submit(office.desk, (await submit.price(office.desk, draft(id=DraftId(one)))))
        for one in ("d3", "d1", "d2")
    ]
    assert [(one.request.id, one.is_new) for one in again] == [(1001, False), (1002, False), (1003, False)]
    told = await outbox(office.raw, WORKSPACE)
    assert set(told) == {
        *("card:1001", "card:1002", "card:1003"),
        *(f"direct:{number}:1:{REQUESTER}" for number in (1001, 1002, 1003)),
    }
    assert office.nudged[:3] == [1001, 1002, 1003]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda error: type(error).__name__)
async def test_t69_without_prices_everything_goes_on_waiting(outage: ProviderError, office: Office) -> None:
    await keep(office, "d1", "d2")
    office.moments.always("catalog", outage)
    with pytest.raises(type(outage)):
        await release(office)
    office.moments.forget()
    office.moments.always("quote", outage)
    with contextlib.suppress(type(outage)):
        await release(office)
    assert await waiting_ids(office) == ["d1", "d2"]
    assert await requests(office) == []
    office.moments.forget()
    await release(office)
    assert await requests(office) == [(1001, State.PENDING), (1002, State.PENDING)]


async def test_t69_an_ask_that_alone_gets_no_answer_does_not_hold_up_the_others(office: Office) -> None:
    await keep(office, "d1", "d2", "d3")
    office.moments.at("quote", SILENCE)
    await release(office)
    assert await waiting_ids(office) == ["d1"]
    assert len(await requests(office)) == 2


async def test_t69_a_provider_that_answers_nothing_is_not_asked_about_every_ask(office: Office) -> None:
    await keep(office, *(f"d{number}" for number in range(9)))
    office.moments.always("quote", SILENCE)
    with pytest.raises(OutcomeUnknownError):
        await release(office)
    assert office.moments.passed.count("quote") == waiting.UNANSWERED_TO_STOP
    assert len(await waiting_ids(office)) == 9


async def test_x7_two_workers_send_each_ask_on_once(office: Office) -> None:
    await keep(office, "d1", "d2", "d3")
    await asyncio.gather(*(release(office) for _ in range(4)))
    assert office.moments.passed.count("quote") == 3, "one of them at a time, so that the order is kept"
    await release(office)
    assert await office.store.count_waiting(WORKSPACE) == 0
    assert await office.store.waiting(WORKSPACE, REQUESTER) == []
    assert await requests(office) == [(number, State.PENDING) for number in (1001, 1002, 1003)]
    assert await waiting_ids(office) == []


async def test_x2_a_worker_that_dies_before_sending_on_leaves_the_ask_waiting(office: Office) -> None:
    await keep(office, "d1")
    office.moments.at("quote", KilledError())
    with pytest.raises(KilledError):
        await release(office)
    await release(office)
    assert await requests(office) == [(1001, State.PENDING)]


async def test_what_its_sender_sent_meanwhile_is_not_sent_twice(office: Office) -> None:
    await keep(office, "d1")

    async def by_hand() -> None:
        await submit.submit(office.desk, await submit.price(office.desk, draft(id=DraftId("d1"))))

    office.moments.at("quote", by_hand)
    await release(office)
    assert await requests(office) == [(1001, State.PENDING)]
    assert await waiting_ids(office) == []


async def test_what_is_discarded_while_its_price_is_asked_for_becomes_no_request(office: Office) -> None:
    await keep(office, "d1")

    async def discard() -> None:
        assert await waiting.discard(office.desk, WORKSPACE, REQUESTER, DraftId("d1"))

    office.moments.at("quote", discard)
    await release(office)
    assert await requests(office) == []
    assert await waiting_ids(office) == []
    assert await outbox(office.raw, WORKSPACE) == {}


async def test_what_is_changed_while_its_price_is_asked_for_is_sent_as_changed(office: Office) -> None:
    await keep(office, "d1")

    async def change() -> None:
        await waiting.keep(office.desk, draft(id=DraftId("d1"), quantity=9))

    office.moments.at("quote", change)
    await release(office)
    assert await requests(office) == []
    await release(office)
    request = await office.store.get(WORKSPACE, RequestId(1001))
    assert request is not None
    assert request.selection.quantity == 9


async def test_an_unreadable_directory_puts_off_and_loses_nothing(office: Office) -> None:
    await keep(office, "d1")
    office.directory.is_away = True
    with pytest.raises(ChatError):
        await release(office)
    assert await waiting_ids(office) == ["d1"]


# Giving back


async def test_t65_what_has_no_price_as_it_stands_is_given_back_with_the_reason(office: Office) -> None:
    await keep(office, "d1", "d2")
    office.moments.at("quote", SelectionRefusedError("The code has ended.", field=Field.PROMO))
    await release(office)
    assert await waiting_ids(office) == []
    assert await requests(office) == [(1001, State.PENDING)]
    assert f"news:unpriced:d1:{REQUESTER}" in await outbox(office.raw, WORKSPACE)
    ended = await office.store.kept_draft(WORKSPACE, DraftId("d1"))
    assert ended is not None
    assert ended.draft.problems == {Field.PROMO: "The code has ended."}
    assert await office.store.draft(WORKSPACE, DraftId("d1")) == ended.draft
    assert "given_back_unpriced" in await deeds(office)


async def test_what_is_out_of_stock_by_now_is_given_back(office: Office) -> None:
    await keep(office, "d1")
    office.provider.products = {code: replace(one, stock=2) for code, one in office.provider.products.items()}
    await release(office)
    ended = await office.store.kept_draft(WORKSPACE, DraftId("d1"))
    assert ended is not None
    assert set(ended.draft.problems) == {Field.QUANTITY}


async def test_what_is_given_back_can_be_kept_and_sent_again(office: Office) -> None:
    await keep(office, "d1")
    office.moments.at("quote", SelectionRefusedError("No."))
    await release(office)
    await keep(office, "d1")
    assert await waiting_ids(office) == ["d1"]
    await release(office)
    assert await requests(office) == [(1001, State.PENDING)]


async def test_t69_what_waits_longer_than_an_approval_may_is_given_back_with_a_word(office: Office) -> None:
    await keep(office, "d1")
    office.clock.on(office.policy.approval_window - timedelta(seconds=1))
    await waiting.lapse(office.desk, WORKSPACE)
    assert await waiting_ids(office) == ["d1"]
    office.clock.on(timedelta(seconds=1))
    await asyncio.gather(*(waiting.lapse(office.desk, WORKSPACE) for _ in range(3)))
    assert await waiting_ids(office) == []
    assert set(await outbox(office.raw, WORKSPACE)) == {f"news:lapsed:d1:{REQUESTER}"}
    assert await deeds(office) == ["kept_without_price", "given_back_lapsed"]


async def test_only_its_sender_discards_it_and_only_once(office: Office) -> None:
    await keep(office, "d1")
    assert not await waiting.discard(office.desk, WORKSPACE, APPROVER, DraftId("d1"))
    assert not await waiting.discard(office.desk, WORKSPACE, REQUESTER, DraftId("d9"))
    assert await waiting.discard(office.desk, WORKSPACE, REQUESTER, DraftId("d1"))
    assert not await waiting.discard(office.desk, WORKSPACE, REQUESTER, DraftId("d1"))
    await release(office)
    assert await requests(office) == []


async def test_an_unreadable_ask_does_not_hold_up_the_others(office: Office) -> None:
    await keep(office, "d1", "d2")
    await office.raw.hset(f"{{{WORKSPACE}}}:kept:d1", "body", b"{")
    await release(office)
    assert await requests(office) == [(1001, State.PENDING)]

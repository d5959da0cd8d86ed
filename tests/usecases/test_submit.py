"""From a draft to a request: checked, freshly priced, and only when somebody could approve it."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from bot.domain import request as life
from bot.domain.catalog import CREDIT_CODE, MAX_QUANTITY, MAX_REASON, Cycle, Field, Filter
from bot.domain.draft import Draft
from bot.domain.errors import ChatError, InputError, NeverSentError, SelectionRefusedError, StoreUnavailableError
from bot.domain.ids import ChannelId, DraftId, ProductCode, RequestId
from bot.domain.request import State
from bot.usecases import submit
from bot.usecases.submit import QUOTE_FRESHNESS
from tests.examples import (
    APPROVER,
    CHANNEL,
    MONTH,
    REQUESTER,
    SECOND_APPROVER,
    WORKSPACE,
    draft,
    priced_draft,
    product,
    quote,
)
from tests.usecases.conftest import Office, policy

TOP_UP = {"product_code": CREDIT_CODE, "quantity": 1, "cycle": MONTH}


async def priced(office: Office, **given: Any) -> Draft:
    return await submit.price(office.desk, draft(**given))


async def problems(office: Office, given: Draft) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        await submit.submit(office.desk, given)
    return caught.value.problems


# Pricing


async def test_a_draft_is_priced_and_saved(office: Office) -> None:
    got = await priced(office)
    assert got.quote is not None
    assert (got.quote.total, got.problems, got.is_priced) == (1_750, {}, True)
    assert await office.store.draft(WORKSPACE, got.id) == got


async def test_a_draft_without_a_selection_is_left_as_it_is(office: Office) -> None:
    empty = Draft(DraftId("d"), WORKSPACE, REQUESTER)
    assert await submit.price(office.desk, empty) == empty
    assert office.moments.passed == []


LOCAL: list[tuple[dict[str, Any], str]] = [
    ({"product_code": ProductCode("retired")}, Field.PRODUCT),
    ({"quantity": 0}, Field.QUANTITY),
    ({"quantity": -5}, Field.QUANTITY),
    ({"quantity": 182}, Field.QUANTITY),
    ({"quantity": MAX_QUANTITY + 1, "product_code": ProductCode("residential")}, Field.QUANTITY),
    ({"cycle": Cycle(1, "year")}, Field.CYCLE),
    ({"product_code": ProductCode("residential"), "filter": Filter(asn_id=7018)}, Field.ASN),
    ({**TOP_UP, "top_up_cents": 499}, Field.AMOUNT),
    ({**TOP_UP, "top_up_cents": 1_000_001}, Field.AMOUNT),
    ({**TOP_UP, "top_up_cents": None}, Field.AMOUNT),
]


@pytest.mark.parametrize(("given", "field"), LOCAL)
async def test_v3_what_can_be_seen_at_home_is_beside_its_field_and_costs_no_question(
    given: dict[str, Any], field: str, office: Office
) -> None:
    got = await priced(office, **given)
    assert list(got.problems) == [field]
    assert got.problems[field].endswith(".")
    assert (got.quote, got.is_priced) == (None, True)
    assert "quote" not in office.moments.passed
    assert await office.store.draft(WORKSPACE, got.id) == got
    assert field in await problems(office, got)


async def test_a_product_that_is_switched_off_cannot_be_asked_for(office: Office) -> None:
    office.provider.products = {ProductCode("isp_us"): product(is_available=False)}
    assert list((await priced(office)).problems) == [Field.PRODUCT]


async def test_the_policys_largest_quantity_counts(office: Office) -> None:
    office.policy = policy(max_quantity=5)
    assert (await priced(office, quantity=5)).problems == {}
    got = await priced(office, quantity=6)
    assert "policy" in got.problems[Field.QUANTITY]


async def test_a_place_that_is_elsewhere_is_beside_its_field(office: Office) -> None:
    office.provider.places.problems = {Field.CITY: "Dallas lies in another country."}
    assert (await priced(office, filter=Filter(city_id=9))).problems == office.provider.places.problems
    assert (await priced(office)).problems == {}


@pytest.mark.parametrize(("field", "shown"), [("promo", "promo"), (None, Field.PRODUCT)])
async def test_v7_what_the_provider_refuses_is_beside_its_field(field: str | None, shown: str, office: Office) -> None:
    office.moments.at("quote", SelectionRefusedError("The code is not valid.", field=field))
    got = await priced(office, promo_code="NOPE10")
    assert got.problems == {shown: "The code is not valid."}


async def test_a_provider_that_says_nothing_is_no_problem_of_the_draft(office: Office) -> None:
    office.moments.at("quote", NeverSentError("down"))
    with pytest.raises(NeverSentError):
        await priced(office)
    assert await office.store.draft(WORKSPACE, draft().id) is None


# Sending


async def test_a_priced_draft_becomes_a_pending_request_with_everything_it_said(office: Office) -> None:
    given = await priced(office, filter=Filter(asn_id=7018), reason="  Price checks  ")
    sent = await submit.submit(office.desk, given)
    request = sent.request
    assert sent.is_new
    assert (request.state, request.id, request.version, request.revision) == (State.PENDING, 1001, 1, 1)
    assert (request.requester, request.channel, request.reason) == (REQUESTER, CHANNEL, "Price checks")
    assert (request.selection, request.quote, request.place) == (given.selection, given.quote, "AS7018")
    assert request.expires_at == office.clock.time + office.policy.approval_window
    assert await office.now(request) == request
    assert office.nudged == [1001]


async def test_x7_sending_twice_is_one_request(office: Office) -> None:
    given = await priced(office)
    first, second = await submit.submit(office.desk, given), await submit.submit(office.desk, given)
    assert (first.request, second.is_new) == (second.request, False)


async def test_credit_is_asked_for_in_the_same_way(office: Office) -> None:
    given = await priced(office, **TOP_UP, top_up_cents=5_000)
    request = (await submit.submit(office.desk, given)).request
    assert (request.product.is_credit, request.quote.total) == (True, 5_000)


PAPER: list[tuple[dict[str, Any], str]] = [
    ({"reason": ""}, Field.REASON),
    ({"reason": " \n\t "}, Field.REASON),
    ({"reason": "x" * (MAX_REASON + 1)}, Field.REASON),
    ({"reason": "x" * 10_000}, Field.REASON),
    ({"channel": None}, Field.CHANNEL),
]


@pytest.mark.parametrize(("given", "field"), PAPER)
async def test_v3_paper_problems_are_beside_their_fields(given: dict[str, Any], field: str, office: Office) -> None:
    found = await problems(office, await priced(office, **given))
    assert list(found) == [field]
    assert await office.store.get(WORKSPACE, RequestId(1001)) is None


async def test_the_longest_reason_is_taken(office: Office) -> None:
    sent = await submit.submit(office.desk, await priced(office, reason="x" * MAX_REASON))
    assert (await office.now(sent.request)).reason == "x" * MAX_REASON


async def test_every_problem_is_told_at_once(office: Office) -> None:
    found = await problems(office, await priced(office, reason="", channel=None, quantity=0))
    assert set(found) == {Field.REASON, Field.CHANNEL, Field.QUANTITY}


async def test_only_the_policys_channels_take_requests(office: Office) -> None:
    office.policy = policy(channels=(ChannelId("C0OTHER"),))
    assert list(await problems(office, await priced(office))) == [Field.CHANNEL]
    office.policy = policy(channels=(ChannelId("C0OTHER"), CHANNEL))
    await submit.submit(office.desk, await priced(office))


async def test_q1_a_price_that_is_old_or_of_another_selection_is_not_sent(office: Office) -> None:
    given = await priced(office)
    changed = replace(given, quantity=6)
    for stale in (changed, draft()):
        assert not submit.has_fresh_quote(stale)
        assert Field.PRODUCT in await problems(office, stale)
    office.clock.on(QUOTE_FRESHNESS - timedelta(seconds=1))
    assert submit.has_fresh_quote(given)
    office.clock.on(timedelta(seconds=1))
    assert not submit.has_fresh_quote(given)
    assert "price" in (await problems(office, given))[Field.PRODUCT]


async def test_a_product_that_was_taken_off_the_catalog_meanwhile_is_not_sent(office: Office) -> None:
    given = await priced(office)
    office.provider.products = {}
    assert "not sold any more" in (await problems(office, given))[Field.PRODUCT]


@pytest.mark.parametrize(
    ("needed", "holders", "words"),
    [
        (1, frozenset(), "Nobody besides you"),
        (1, frozenset({REQUESTER}), "Nobody besides you"),
        (2, frozenset({REQUESTER, APPROVER}), "Only 1 of the 2"),
        (2, frozenset({APPROVER}), "Only 1 of the 2"),
    ],
)
async def test_what_nobody_could_approve_is_not_posted(needed: int, holders: Any, words: str, office: Office) -> None:
    office.policy = policy(needed=needed)
    office.directory.approvers = holders
    found = await problems(office, await priced(office))
    assert words in found[Field.PRODUCT]
    assert await office.store.in_state(WORKSPACE, State.PENDING) == []


async def test_enough_others_are_enough(office: Office) -> None:
    office.policy = policy(needed=2)
    office.directory.approvers = frozenset({APPROVER, SECOND_APPROVER, REQUESTER})
    sent = await submit.submit(office.desk, await priced(office))
    assert await office.state(sent.request) is State.PENDING


async def test_when_nobody_can_say_who_approves_nothing_is_posted(office: Office) -> None:
    given = await priced(office)
    office.directory.is_away = True
    with pytest.raises(ChatError):
        await submit.submit(office.desk, given)
    assert await office.store.in_state(WORKSPACE, State.PENDING) == []


async def test_t113_without_the_store_nothing_is_sent_or_nudged(office: Office) -> None:
    given = await priced(office)
    office.moments.always("get", StoreUnavailableError("away"))
    with pytest.raises(StoreUnavailableError):
        await submit.submit(office.desk, given)
    assert office.nudged == []
    office.moments.forget()
    assert (await submit.submit(office.desk, given)).request.id == 1001


async def test_i8_asking_again_takes_everything_but_the_price(office: Office) -> None:
    chosen = draft(promo_code="W10", filter=Filter(asn_id=7018))
    assert chosen.selection is not None
    before = await office.place(life.Declined, selection=chosen.selection, quote=quote(discount=50, promo_code="W10"))
    again = submit.draft_again(before, Draft(DraftId("new"), WORKSPACE, APPROVER))
    assert (again.id, again.user) == ("new", APPROVER)
    assert (again.selection, again.reason, again.channel) == (before.selection, before.reason, before.channel)
    assert (again.quote, again.is_priced) == (None, False)


async def test_problems_of_the_draft_stop_it_whatever_its_price(office: Office) -> None:
    given = replace(priced_draft(), problems={Field.CITY: "No such city."})
    assert list(await problems(office, given)) == [Field.CITY]

"""What a look at a bought service shows, what of it is news, and when to look again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from bot.domain import delivery
from bot.domain.catalog import Cycle, Filter
from bot.domain.errors import MoveError
from bot.domain.finding import Finding, Kind
from bot.domain.ids import ServiceId, UserId
from bot.domain.intents import DirectIntent, ThreadIntent, intents_after
from bot.domain.request import Followed, Found, Happened, Ordered, PurchaseRequest, State, advance
from bot.domain.usage import Delivered, Service
from tests.examples import MONTH, REQUESTER, data_product, order, request, selection, top_up_request

HERE = Filter(7018, "us-tx", 75202)
GOOD = Delivered(7018, "us", "us-tx", 75202)
PAID, CLOSED, COMPLETE = Finding(Kind.PAID), Finding(Kind.CLOSED), Finding(Kind.COMPLETE, 5)
WAITING = Finding(Kind.STATUS, found="awaiting_fulfillment")
HOUR = timedelta(hours=1)


def bought(*, filter_: Filter = HERE, **given: Any) -> PurchaseRequest:
    """Ordered: five proxies, with an open invoice unless said otherwise."""
    claimed = request(State.ORDERING, selection=selection(filter=filter_))
    return advance(claimed, Ordered(claimed.changed_at, order(**given)))


def service(one: PurchaseRequest, **given: Any) -> Service:
    """As the provider shows it, paid and waiting for delivery."""
    usual = Service(
        id=ServiceId("API-2041-7730"),
        name="AT&T ISP Proxies [US]",
        type="isp",
        status="awaiting_fulfillment",
        quantity=5,
        total=1_750,
        cycle=MONTH,
        country_id="us",
        filter=HERE,
        created_at=one.changed_at,
        dispatched_at=None,
        expires_at=None,
        open_invoice_id=None,
        is_pending_cancellation=False,
        is_cancellable=True,
    )
    return replace(usual, **given)


def running(one: PurchaseRequest, **given: Any) -> Service:
    return service(one, **{"status": "active", "dispatched_at": one.changed_at + timedelta(minutes=3), **given})


def seen(
    one: PurchaseRequest,
    there: Service | None,
    delivered: Sequence[Delivered] | None = (GOOD,) * 5,
    after: timedelta = HOUR,
) -> delivery.Sight:
    return delivery.look(one, there, delivered, delivery.ordered_at(one) + after)


def recorded(one: PurchaseRequest, sight: delivery.Sight, after: timedelta = HOUR) -> PurchaseRequest:
    return advance(one, Followed(delivery.ordered_at(one) + after, sight.order, sight.findings))


def kinds(sight: delivery.Sight) -> list[Kind]:
    return [finding.kind for finding in sight.findings]


# Payment and status


OPEN = {"open_invoice_id": "in_1"}
ENDING = {"status": "active", "is_pending_cancellation": True}
LATE = timedelta(hours=47, minutes=1)
DISPATCHED = datetime.fromisoformat("2026-07-24T10:40:00+00:00")


@pytest.mark.parametrize(
    ("given", "after", "is_paid", "expected"),
    [
        ({**OPEN}, HOUR, False, [Kind.STATUS]),
        ({**OPEN}, 24 * HOUR, False, [Kind.STATUS, Kind.UNPAID]),
        ({**OPEN, "status": "overdue"}, 24 * HOUR, False, [Kind.STATUS]),
        ({}, HOUR, True, [Kind.PAID, Kind.STATUS]),
        ({}, LATE, False, [Kind.CLOSED, Kind.STATUS]),
        ({"dispatched_at": DISPATCHED}, LATE, True, [Kind.PAID, Kind.STATUS]),
        ({"status": "active"}, LATE, True, [Kind.PAID, Kind.ACTIVE, Kind.COMPLETE]),
        ({"status": "complete"}, HOUR, True, [Kind.PAID, Kind.ACTIVE, Kind.COMPLETE]),
        ({**OPEN, "status": "active"}, HOUR, False, [Kind.ACTIVE, Kind.COMPLETE]),
        ({"status": "paused", "dispatched_at": DISPATCHED}, HOUR, True, [Kind.PAID, Kind.STATUS]),
        ({"status": "canceled"}, HOUR, False, [Kind.ENDED]),
        ({"status": "canceled"}, LATE, False, [Kind.ENDED]),
        ({"status": "overdue"}, LATE, False, [Kind.ENDED]),
        (ENDING, HOUR, True, [Kind.PAID, Kind.ACTIVE, Kind.CANCELLING, Kind.COMPLETE]),
        ({"status": "word_of_tomorrow"}, HOUR, True, [Kind.PAID, Kind.STATUS]),
    ],
)
def test_t70_l7_payment_and_status(
    given: dict[str, Any], after: timedelta, is_paid: bool, expected: list[Kind]
) -> None:
    one = bought()
    sight = seen(one, service(one, **given), after=after)
    assert kinds(sight) == expected
    assert (sight.order.is_paid, sight.order.status) == (is_paid, given.get("status", "awaiting_fulfillment"))
    assert (sight.order.total, sight.order.due, sight.order.service_id) == (1_750, 1_750, "API-2041-7730")


@pytest.mark.parametrize(
    ("given", "after", "is_paid", "due", "expected"),
    [
        ({**OPEN}, HOUR, False, 1_750, [Kind.STATUS]),
        ({}, HOUR, True, 1_750, [Kind.PAID, Kind.STATUS]),
        ({}, LATE, False, 1_750, [Kind.CLOSED, Kind.STATUS]),
        ({"dispatched_at": DISPATCHED}, LATE, True, 1_750, [Kind.PAID, Kind.STATUS]),
        ({"status": "active"}, LATE, True, 1_750, [Kind.PAID, Kind.ACTIVE]),
        ({"status": "active", "total": 1_800}, LATE, True, None, [Kind.PAID, Kind.ACTIVE]),
        ({"status": "canceled"}, HOUR, False, 1_750, [Kind.ENDED]),
        ({"status": "canceled"}, LATE, False, 1_750, [Kind.ENDED]),
        ({"status": "overdue"}, HOUR, False, 1_750, [Kind.ENDED]),
    ],
)
def test_t63_what_is_found_is_paid_only_when_that_shows(
    given: dict[str, Any], after: timedelta, is_paid: bool, due: int | None, expected: list[Kind]
) -> None:
    """Its age counts from the checkout, also on the looks that follow: the provider voids an invoice after 48 hours."""
    doubtful = request(State.IN_DOUBT, selection=selection(filter=HERE))
    there, now = service(doubtful, **given), delivery.checkout_at(doubtful) + after
    sight = delivery.look_at_found(doubtful, there, now)
    assert (sight.order.is_paid, sight.order.due, kinds(sight)) == (is_paid, due, expected)
    found = advance(doubtful, Found(now, sight.order, None, sight.findings))
    assert found.findings == sight.findings
    looked_again = delivery.look(found, there, (GOOD,) * 5, now + timedelta(seconds=5))
    assert (looked_again.order.is_paid, looked_again.findings[0].kind) == (is_paid, expected[0])


def test_t63_the_invoice_of_an_order_that_was_found_late_is_as_old_as_its_checkout() -> None:
    doubtful = request(State.IN_DOUBT, selection=selection(filter=HERE))
    there, now = service(doubtful, **OPEN), delivery.checkout_at(doubtful) + 24 * HOUR
    sight = delivery.look_at_found(doubtful, there, now)
    found = advance(doubtful, Found(now, sight.order, None, sight.findings))
    assert Kind.UNPAID in kinds(delivery.look(found, there, None, now))


def test_paid_once_is_paid_whatever_invoice_a_renewal_opens() -> None:
    one = bought(is_paid=True, due=0)
    sight = seen(one, running(one, status="overdue", **OPEN), after=LATE)
    assert sight.order.is_paid
    assert kinds(sight) == [Kind.PAID, Kind.STATUS]


def test_l7_the_time_taken_is_the_providers_own() -> None:
    one = bought()
    assert Finding(Kind.ACTIVE, 180) in seen(one, running(one)).findings
    without = running(one, created_at=None)
    assert Finding(Kind.ACTIVE, 3_600) in seen(one, without).findings
    wrong = running(one, dispatched_at=one.changed_at - HOUR)
    assert Finding(Kind.ACTIVE, 0) in seen(one, wrong).findings


def test_a_time_taken_that_was_told_does_not_change_with_each_look() -> None:
    one = bought()
    unclear = running(one, created_at=None)
    told = recorded(one, seen(one, unclear))
    assert not delivery.is_new(told, seen(told, unclear, after=2 * HOUR))


@pytest.mark.parametrize(("hours", "is_stuck"), [(1, False), (2, True), (30, True)])
def test_l7_paid_and_not_delivered_is_stuck_after_two_hours(hours: int, is_stuck: bool) -> None:
    one = bought(is_paid=True, due=0)
    assert (Kind.STUCK in kinds(seen(one, service(one), after=hours * HOUR))) is is_stuck


def test_l7_the_two_hours_count_from_payment() -> None:
    one = bought()
    paid = recorded(one, seen(one, service(one), after=30 * HOUR), 30 * HOUR)
    assert Kind.STUCK not in kinds(seen(paid, service(one), after=31 * HOUR))
    assert Kind.STUCK in kinds(seen(paid, service(one), after=32 * HOUR))


def test_a_service_that_is_gone_is_said_to_be_but_not_while_it_is_new() -> None:
    one = bought()
    assert not delivery.is_new(one, seen(one, None, after=timedelta(minutes=9)))
    assert kinds(seen(one, None)) == [Kind.GONE]
    paid = bought(is_paid=True, due=0)
    sight = seen(paid, None)
    assert (kinds(sight), sight.order.status) == ([Kind.GONE, Kind.PAID], None)


# What was delivered


@pytest.mark.parametrize(
    ("delivered", "expected"),
    [
        ([GOOD] * 5, [COMPLETE]),
        ([GOOD] * 4, [Finding(Kind.COUNT, 4, 5)]),
        ([], [Finding(Kind.COUNT, 0, 5)]),
        ([GOOD] * 6, [Finding(Kind.COUNT, 6, 5)]),
        (
            [replace(GOOD, asn_id=701)] * 2 + [replace(GOOD, asn_id=3320)] + [GOOD] * 2,
            [Finding(Kind.NETWORK, 3, 5, "AS7018", "AS701 × 2, AS3320 × 1")],
        ),
        ([replace(GOOD, country_id="ca")] + [GOOD] * 4, [Finding(Kind.COUNTRY, 1, 5, "us", "ca × 1")]),
        ([replace(GOOD, subdivision_id="us-ny")] * 5, [Finding(Kind.SUBDIVISION, 5, 5, "us-tx", "us-ny × 5")]),
        ([replace(GOOD, city_id=1)] * 5, [Finding(Kind.CITY, 5, 5, "75202", "1 × 5")]),
        ([replace(GOOD, country_id="US", subdivision_id="US-TX")] * 5, [COMPLETE]),
        ([Delivered(None, None, None, None)] * 5, [COMPLETE]),
        (
            [replace(GOOD, asn_id=701, city_id=1)] * 4,
            [
                Finding(Kind.COUNT, 4, 5),
                Finding(Kind.NETWORK, 4, 4, "AS7018", "AS701 × 4"),
                Finding(Kind.CITY, 4, 4, "75202", "1 × 4"),
            ],
        ),
    ],
)
def test_n21_count_network_and_place_against_the_order(delivered: list[Delivered], expected: list[Finding]) -> None:
    one = bought()
    assert [*seen(one, running(one), delivered).findings[2:]] == expected


def test_n21_without_a_filter_only_count_and_country_matter() -> None:
    one = bought(filter_=Filter())
    assert COMPLETE in seen(one, running(one), [Delivered(1, "us", "us-ny", 9)] * 5).findings
    assert Kind.COUNTRY in kinds(seen(one, running(one), [Delivered(1, "de", None, None)] * 5))


def test_n21_many_wrong_networks_are_summed_and_the_first_ones_named() -> None:
    one = bought()
    wrong = [replace(GOOD, asn_id=number) for number in range(1, 10)]
    (found,) = [finding for finding in seen(one, running(one), wrong).findings if finding.kind is Kind.NETWORK]
    assert (found.count, found.found.count("×")) == (9, delivery.FOUND_SHOWN)


def test_t47_nothing_is_counted_before_the_provider_delivers() -> None:
    one = bought(is_paid=True, due=0)
    assert kinds(seen(one, service(one), [])) == [Kind.PAID, Kind.STATUS]
    begun = service(one, status="awaiting_additional_fulfillment", dispatched_at=one.changed_at)
    assert kinds(seen(one, begun, [GOOD] * 2)) == [Kind.PAID, Kind.STATUS, Kind.COUNT]
    assert kinds(seen(one, begun, [GOOD] * 5)) == [Kind.PAID, Kind.STATUS]


def test_a_delivery_that_cannot_be_read_is_neither_short_nor_complete() -> None:
    one = bought()
    unread = seen(one, running(one), None)
    assert kinds(unread) == [Kind.PAID, Kind.ACTIVE]
    assert not delivery.is_finished(unread.findings)
    short = recorded(one, seen(one, running(one), [GOOD]))
    assert Finding(Kind.COUNT, 1, 5) in seen(short, running(one), None).findings


def test_of_data_nothing_is_counted() -> None:
    claimed = request(State.ORDERING, product=data_product())
    one = advance(claimed, Ordered(claimed.changed_at, order()))
    sight = seen(one, running(one, country_id=None), None)
    assert sight.findings[-1] == Finding(Kind.COMPLETE)
    assert delivery.is_finished(sight.findings)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"quantity": 4}, Finding(Kind.QUANTITY, 4, 5)),
        ({"total": 2_000}, Finding(Kind.PRICE, 2_000, 1_750)),
        ({"cycle": Cycle(3, "month")}, Finding(Kind.CYCLE, expected="1:month", found="3:month")),
    ],
)
def test_t68_what_the_providers_people_changed(given: dict[str, Any], expected: Finding) -> None:
    one = bought()
    assert expected in seen(one, running(one, **given)).findings
    assert not [kind for kind in kinds(seen(one, running(one, cycle=None))) if kind is Kind.CYCLE]


# News


def test_a_fact_is_news_once() -> None:
    one = bought()
    sight = seen(one, running(one), [GOOD] * 4)
    assert delivery.is_new(one, sight)
    told = recorded(one, sight)
    assert not delivery.is_new(told, seen(told, running(one), [GOOD] * 4))
    assert [finding.kind for finding in delivery.news(told, told.history[-1])] == [Kind.PAID, Kind.ACTIVE, Kind.COUNT]
    more = recorded(told, seen(told, running(one), [GOOD] * 5))
    assert delivery.news(more, more.history[-1]) == (COMPLETE,)


@pytest.mark.parametrize("event", [Ordered, Found])
def test_what_the_checkout_said_already_is_no_news(event: type[Ordered] | type[Found]) -> None:
    """Bought with credit and delivered at once: the order itself told everything."""
    there = order(is_paid=True, due=0, status="active")
    claimed = request(State.ORDERING)
    if event is Found:
        doubtful = request(State.IN_DOUBT)
        one = advance(doubtful, Found(doubtful.changed_at, there, None))
    else:
        one = advance(claimed, Ordered(claimed.changed_at, there))
    sight = seen(one, running(one))
    assert not delivery.is_new(one, sight)
    assert delivery.is_finished(sight.findings)
    assert delivery.is_new(one, seen(one, running(one), [GOOD] * 4))


def test_what_is_standing_before_an_order_is_nothing() -> None:
    assert request(State.IN_DOUBT).findings == ()


@pytest.mark.parametrize(
    ("given", "delivered", "expected"),
    [
        ({"status": "active"}, 5, {"thread", REQUESTER}),
        ({"status": "canceled"}, 0, {"thread", REQUESTER}),
        ({"status": "awaiting_manual_fulfillment"}, 0, {"thread"}),
        ({"status": "paused"}, 0, {"thread"}),
    ],
)
def test_l7_the_thread_hears_all_and_the_requester_the_beginning_and_the_end(
    given: dict[str, Any], delivered: int, expected: set[str]
) -> None:
    one = bought(is_paid=True, due=0)
    told = recorded(one, seen(one, service(one, **given), [GOOD] * delivered))
    spoken = {"thread" for intent in intents_after(told) if isinstance(intent, ThreadIntent)}
    assert spoken | {intent.user for intent in intents_after(told) if isinstance(intent, DirectIntent)} == expected


def test_l7_others_are_told_in_person_and_nobody_twice() -> None:
    one = bought(is_paid=True, due=0)
    sight = seen(one, running(one))
    event = Followed(one.changed_at + HOUR, sight.order, sight.findings, (UserId("U0ADMIN"), REQUESTER))
    direct = [intent.user for intent in intents_after(advance(one, event)) if isinstance(intent, DirectIntent)]
    assert direct == [REQUESTER, "U0ADMIN"]


def test_t47_a_count_that_grows_while_it_is_delivered_changes_the_card_alone() -> None:
    one = bought(is_paid=True, due=0)
    begun = service(one, status="awaiting_additional_fulfillment", dispatched_at=one.changed_at)
    two = recorded(one, seen(one, begun, [GOOD] * 2))
    assert any(isinstance(intent, ThreadIntent) for intent in intents_after(two))
    three = recorded(two, seen(two, begun, [GOOD] * 3))
    assert [str(intent) for intent in intents_after(three)] == [f"card:{three.id}"]


def test_a_flag_that_went_away_changes_the_card_alone() -> None:
    one = bought(is_paid=True, due=0, status="active")
    ending = recorded(one, seen(one, running(one, is_pending_cancellation=True), [GOOD] * 4))
    kept = recorded(ending, seen(ending, running(one), [GOOD] * 4))
    assert [str(intent) for intent in intents_after(kept)] == [f"card:{kept.id}"]


# When to look


@pytest.mark.parametrize(
    ("quiet_for", "wait"),
    [
        (timedelta(0), timedelta(seconds=5)),
        (timedelta(seconds=5), timedelta(seconds=30)),
        (timedelta(minutes=9), timedelta(seconds=30)),
        (timedelta(minutes=10), timedelta(minutes=5)),
        (timedelta(hours=2), timedelta(hours=1)),
        (timedelta(days=13), timedelta(hours=1)),
    ],
)
def test_looks_become_rarer_the_longer_nothing_happens(quiet_for: timedelta, wait: timedelta) -> None:
    one = bought()
    at = one.changed_at + quiet_for
    assert delivery.next_look(one, at, one.findings) == at + wait


def test_news_are_followed_closely_again() -> None:
    one = bought()
    paid = recorded(one, seen(one, service(one), after=20 * HOUR), 20 * HOUR)
    at = paid.changed_at + timedelta(seconds=5)
    assert delivery.next_look(paid, at, paid.findings) == at + timedelta(seconds=30)


@pytest.mark.parametrize(
    "findings",
    [
        (Finding(Kind.ENDED, found="canceled"),),
        (Finding(Kind.ENDED, found="canceled"), PAID),
        (PAID, Finding(Kind.ACTIVE, 180), COMPLETE),
        (PAID, WAITING, Finding(Kind.DROPPED)),
    ],
)
def test_nothing_is_looked_for_at_the_end(findings: tuple[Finding, ...]) -> None:
    one = bought()
    assert delivery.next_look(one, one.changed_at, findings) is None


@pytest.mark.parametrize(
    "findings", [(PAID, Finding(Kind.ACTIVE), Finding(Kind.COUNT, 4, 5)), (Finding(Kind.ACTIVE), COMPLETE), (CLOSED,)]
)
def test_short_unpaid_or_unclear_is_no_end(findings: tuple[Finding, ...]) -> None:
    assert not delivery.is_finished(findings)


def test_t46_a_top_up_is_followed_until_it_is_paid_or_its_invoice_is_gone() -> None:
    claimed = request(State.ORDERING, **{"selection": top_up_request().selection, "product": top_up_request().product})
    one = advance(claimed, Ordered(claimed.changed_at, order(service_id=None, status=None)))
    assert delivery.is_followed(one)
    assert delivery.next_look(one, one.changed_at, one.findings) is not None
    for settled in (PAID, CLOSED):
        assert delivery.next_look(one, one.changed_at, [settled]) is None


@pytest.mark.parametrize("state", [state for state in State if state is not State.ORDERED])
def test_only_an_order_is_followed(state: State) -> None:
    assert not delivery.is_followed(request(state))
    with pytest.raises(MoveError):
        delivery.look(request(state), None, None, request(state).changed_at)


def test_following_ends_after_two_weeks_with_a_word() -> None:
    one = bought()
    sight = seen(one, running(one), [GOOD] * 4, after=timedelta(days=14))
    assert kinds(sight)[-1] is Kind.DROPPED
    assert delivery.is_finished(sight.findings)
    assert Kind.DROPPED not in kinds(seen(one, running(one), after=timedelta(days=14)))
    assert Kind.DROPPED in kinds(seen(one, None, after=timedelta(days=14)))


def test_a_status_that_goes_back_and_forth_is_not_told_for_ever() -> None:
    one = bought(is_paid=True, due=0)
    for turn in range(200):
        sight = seen(one, service(one, status=("paused", "overdue")[turn % 2]))
        if delivery.next_look(one, one.changed_at, one.findings) is None:
            break
        one = recorded(one, sight)
    told = [entry for entry in one.history if entry.happened is Happened.FOLLOWED]
    assert len(told) == delivery.MOST_NEWS
    assert told[-1].findings[-1].kind is Kind.DROPPED

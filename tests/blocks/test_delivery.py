"""What became of an order, in words: exact, once, and never more than was seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from bot.blocks import delivery, notices, text
from bot.blocks.kit import Message
from bot.blocks.request_card import card
from bot.domain.finding import Finding, Kind
from bot.domain.ids import UserId
from bot.domain.request import Followed, Found, Ordered, PurchaseRequest, State, advance
from tests import examples
from tests.blocks.reading import assert_sound, assert_valid, buttons, markups, visible

PAID, ACTIVE = Finding(Kind.PAID), Finding(Kind.ACTIVE, 180)
WAITING = Finding(Kind.STATUS, found="awaiting_fulfillment")
UNPAID = Finding(Kind.UNPAID)
SHORT = Finding(Kind.COUNT, 4, 5)
WRONG = Finding(Kind.NETWORK, 4, 4, "AS7018", "AS701 × 4")
ENDED = Finding(Kind.ENDED, found="canceled")
HOUR = timedelta(hours=1)


def followed(*looks: tuple[Finding, ...], start: PurchaseRequest | None = None) -> PurchaseRequest:
    """An order with an open invoice, after looks an hour apart that showed these findings."""
    one = start or examples.request(State.ORDERED)
    for findings in looks:
        assert one.order is not None
        kinds = {finding.kind for finding in findings}
        status = next((one.found for one in findings if one.kind in (Kind.STATUS, Kind.ENDED)), "active")
        order = replace(one.order, is_paid=Kind.PAID in kinds, status=status)
        one = advance(one, Followed(one.changed_at + HOUR, order, findings))
    return one


def thread(one: PurchaseRequest, back: int = 1) -> Message:
    return notices.thread_notice(one, one.history[-back])


def shown(one: PurchaseRequest) -> Message:
    return card(one, approvers=[examples.APPROVER], role="approver", needed=1)


@pytest.mark.parametrize(
    ("finding", "words"),
    [(ENDED, "*Canceled* at the provider. No payment was seen"), (Finding(Kind.CLOSED), "paid or voided")],
)
def test_t63_what_is_found_without_its_invoice_is_not_called_paid_or_open(finding: Finding, words: str) -> None:
    doubtful = examples.request(State.IN_DOUBT)
    order = examples.order(invoice_url=None, status="canceled")
    one = advance(doubtful, Found(doubtful.changed_at + HOUR, order, examples.APPROVER, (finding,)))
    for said in (thread(one).text, notices.direct_notice(one, one.history[-1]).text, shown(one).text):
        assert words in said
        assert "Paid" not in said
        assert "Invoice open" not in said


def test_the_48_hours_of_an_invoice_count_from_the_checkout_however_late_it_was_found() -> None:
    doubtful = examples.request(State.IN_DOUBT)
    assert doubtful.attempt is not None
    order = examples.order(invoice_url=None)
    one = advance(doubtful, Found(doubtful.changed_at + 20 * HOUR, order, None))
    until = text.when(doubtful.attempt.claimed_at + 48 * HOUR)
    assert f"takes an unpaid invoice back after 48 hours: about {until}." in delivery.sentence(one, UNPAID)


EACH = [
    (Finding(Kind.PAID), "The invoice is paid."),
    (Finding(Kind.ACTIVE, 180), "*Active* after 3 minutes."),
    (Finding(Kind.ACTIVE), "*Active*."),
    (Finding(Kind.COMPLETE, 5), "All 5 proxies are delivered as ordered."),
    (Finding(Kind.COMPLETE, 1), "The proxy is delivered as ordered."),
    (Finding(Kind.COMPLETE), ""),
    (Finding(Kind.STATUS, found="paused"), "Status at the provider: `paused`."),
    (Finding(Kind.CANCELLING), "It is set to end with its paid period and will not renew."),
    (UNPAID, "The provider takes an unpaid invoice back after 48 hours: about <!date^"),
    (Finding(Kind.STUCK), "Paid more than 2 hours ago and *not delivered yet*."),
    (SHORT, "*4 of 5* proxies are delivered."),
    (Finding(Kind.COUNT, 6, 5), "*6* proxies are delivered, 5 were ordered."),
    (WRONG, "*4 of 4* are not in AS7018 as ordered: AS701 × 4."),
    (Finding(Kind.COUNTRY, 1, 5, "us", "ca × 1"), "*1 of 5* are not in country us as ordered: ca × 1."),
    (Finding(Kind.SUBDIVISION, 1, 5, "us-tx", "us-ny × 1"), "not in region us-tx as ordered: us-ny × 1."),
    (Finding(Kind.CITY, 2, 5, "75202", "1 × 2"), "not in city 75202 as ordered: 1 × 2."),
    (Finding(Kind.QUANTITY, 4, 5), "At the provider it is now for 4 proxies; 5 were ordered."),
    (Finding(Kind.PRICE, 2_000, 1_750), "At the provider it now costs $20.00; it was $17.50."),
    (Finding(Kind.CYCLE, expected="1:month", found="3:month"), "At the provider its cycle is now `3:month`; it was"),
    (ENDED, "*Canceled* at the provider. No payment was seen, and its invoice is not open any more."),
    (Finding(Kind.ENDED, found="overdue"), "*Overdue* and never delivered. No payment was seen"),
    (Finding(Kind.GONE), "The provider finds no such service any more."),
    (Finding(Kind.CLOSED), "paid or voided, the provider does not say."),
    (Finding(Kind.VOID), "never paid"),
    (Finding(Kind.DROPPED), "Proxydesk looks no further here"),
]


@pytest.mark.parametrize(("finding", "words"), EACH, ids=lambda value: getattr(value, "kind", None))
def test_every_finding_in_words(finding: Finding, words: str) -> None:
    one = followed((finding,)) if finding.kind is not Kind.ACTIVE else followed((PAID, WAITING), (PAID, finding))
    assert words in delivery.sentence(one, finding)
    assert words in thread(one).text
    for message in (thread(one), notices.direct_notice(one, one.history[-1]), shown(one)):
        assert_valid(message)
        for markup in markups(message.blocks):
            assert_sound(markup)


def test_every_kind_has_its_words() -> None:
    assert {finding.kind for finding, _ in EACH} == set(Kind)


def test_what_the_provider_calls_things_breaks_nothing() -> None:
    ugly = Finding(Kind.NETWORK, 1, 2, examples.UGLY, examples.UGLY * 9)
    one = followed((ugly, Finding(Kind.STATUS, found=examples.UGLY)), start=None)
    for message in (thread(one), notices.direct_notice(one, one.history[-1]), shown(one)):
        assert_valid(message)
        for markup in markups(message.blocks):
            assert_sound(markup)
        assert "<!channel>" not in message.text


def test_l7_every_word_of_a_service_names_it() -> None:
    for finding, _ in EACH:
        assert "Service ID `API-2041-7730`." in thread(followed((finding,))).text


# Payment


def test_l6_a_reminder_names_the_sum_who_and_the_way_to_pay() -> None:
    message = thread(followed((WAITING, UNPAID)))
    assert message.text.startswith(f"<@{examples.REQUESTER}> ")
    assert "Invoice open: $17.50 to pay." in message.text
    assert buttons(message)["open_invoice"]["url"] == examples.INVOICE_URL


@pytest.mark.parametrize(
    "after", [(PAID, WAITING), (PAID, ACTIVE), (ENDED,), (Finding(Kind.CLOSED),), (Finding(Kind.VOID),)]
)
def test_l6_no_invoice_is_offered_once_it_is_paid_or_gone(after: tuple[Finding, ...]) -> None:
    one = followed((WAITING, UNPAID), after)
    messages = [shown(one), *(thread(one, back) for back in (1, 2, 3)), notices.direct_notice(one, one.history[-1])]
    for message in messages:
        assert "open_invoice" not in buttons(message)
        assert "Open the invoice" not in message.text
        assert examples.INVOICE_URL not in message.text


def test_l6_a_reminder_told_late_asks_nobody_for_money() -> None:
    one = followed((WAITING, UNPAID), (PAID, WAITING))
    message = thread(one, 2)
    assert message.text.startswith("As of <!date^")
    assert "By now: Paid: $17.50." in message.text
    assert examples.REQUESTER not in message.text
    assert "to pay" not in message.text


def test_t70_a_void_invoice_is_not_called_open_nor_paid() -> None:
    text = shown(followed((ENDED,))).text
    assert "Invoice open" not in text
    assert "Paid" not in text
    assert "No payment was seen" in text


def test_a_service_canceled_after_payment_keeps_its_payment() -> None:
    text = shown(followed((PAID, ACTIVE), (ENDED, PAID))).text
    assert "Paid: $17.50." in text
    assert "*Canceled* at the provider." in text
    assert "No payment was seen" not in text


# Delivery


def test_n21_the_thread_gets_the_text_for_the_providers_support() -> None:
    message = thread(followed((PAID, ACTIVE, SHORT, WRONG)))
    words = visible(message)
    assert "For the provider's support:" in words
    assert "Service API-2041-7730: 5 × AT&T ISP Proxies [US], ordered 2026-07-24 10:33 UTC." in words
    assert "Delivered: 4 of 5 proxies." in words
    assert "Not in AS7018: 4 of 4 proxies (AS701 × 4)." in words
    assert "Please deliver what was ordered." in message.text


def test_n21_nobody_is_asked_to_complain_about_what_was_mended() -> None:
    one = followed((PAID, ACTIVE, SHORT), (PAID, ACTIVE, Finding(Kind.COMPLETE, 5)))
    assert thread(one).text.startswith(":satellite_antenna: All 5 proxies are delivered as ordered.")
    late = thread(one, 2)
    assert "*4 of 5*" in late.text
    assert "By now: Paid: $17.50. All 5 proxies are delivered as ordered." in late.text
    assert "support" not in late.text


def test_l7_the_card_shows_the_present_status_and_what_is_wrong() -> None:
    words = visible(shown(followed((PAID, ACTIVE, SHORT))))
    assert "*Status at the provider*\n`active`" in words
    assert "*4 of 5* proxies are delivered." in words
    mended = visible(shown(followed((PAID, ACTIVE, SHORT), (PAID, ACTIVE, Finding(Kind.COMPLETE, 5)))))
    assert "*4 of 5*" not in mended


def test_l7_who_is_told_besides_the_requester_is_told_whose_it_is() -> None:
    one = followed((PAID, WAITING, Finding(Kind.STUCK)))
    told = notices.direct_notice(one, one.history[-1], UserId("U0ADMIN")).text
    assert told.startswith(
        f"Request #1042, 5 × AT&amp;T ISP Proxies [US] for 1 month, asked by <@{examples.REQUESTER}>:"
    )
    assert "Your request" not in told
    assert notices.direct_notice(one, one.history[-1], examples.REQUESTER).text.startswith("Your request #1042")


def test_an_order_told_late_says_what_became_of_it() -> None:
    one = followed((ENDED,))
    message = thread(one, 2)
    assert "*Ordered.*" in message.text
    assert "*Canceled* at the provider." in message.text


def test_an_order_that_said_it_all_has_nothing_added() -> None:
    claimed = examples.request(State.ORDERING)
    paid = examples.order(is_paid=True, due=0, status="active", invoice_url=None)
    one = advance(claimed, Ordered(claimed.changed_at, paid))
    assert delivery.standing(one) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "under a minute"),
        (59, "under a minute"),
        (60, "1 minute"),
        (3_599, "59 minutes"),
        (3_600, "1 hour"),
        (7_800, "2 hours 10 minutes"),
        (86_400, "1 day"),
        (3 * 86_400 + 4 * 3_600 + 5 * 60, "3 days 4 hours"),
    ],
)
def test_how_long_it_took(seconds: int, words: str) -> None:
    assert delivery.duration(seconds) == words

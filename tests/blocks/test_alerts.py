"""What the bot says by itself, and services in lists and one by one: whole, within Slack's limits, empty and full."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from bot.blocks import alerts, report, services
from bot.blocks.kit import Message
from bot.domain.account import Actor, KnownService, ServicePage
from bot.domain.ids import AttemptId, NoticeKey, RequestId, ServiceId
from bot.domain.notice import (
    BalanceUnread,
    BoughtBesides,
    BoughtOutside,
    CreditBack,
    CreditLow,
    DataLow,
    Notice,
    RenewalDue,
    RenewalUnpaid,
    ServiceChanged,
)
from bot.domain.renewal import ChangeKind, Charge, ServiceChange
from bot.domain.runway import Runway
from bot.domain.usage import BYTES_PER_GB, DataPool, Network
from bot.store import codec
from tests.blocks.reading import assert_valid, buttons, visible
from tests.examples import CHANNEL, NOW, REQUESTER, UGLY
from tests.store.test_account import known, service

DAY = timedelta(days=1)
SERVICE = service("API-2041-7730")
UGLY_SERVICE = replace(SERVICE, name=UGLY * 5, status="&" * 200, type="<" * 50)
CHARGE = Charge(NOW + 3 * DAY, 1_750, ServiceId("API-1"), "ISP Proxies [US]")
LARGE = Charge(NOW + 9 * DAY, 12_500, ServiceId("API-2"), UGLY * 3, is_data=True)
RUNWAY = Runway(1_200, NOW + 3 * DAY, CHARGE, (CHARGE, LARGE), LARGE)
NO_END = Runway(0, None, None, (), None)
POOL = DataPool(Network.RESIDENTIAL, 10 * BYTES_PER_GB, 9 * BYTES_PER_GB, BYTES_PER_GB, 5, ServiceId("API-9"), None)
EVERY_CHANGE = tuple(
    ServiceChange(kind, *((UGLY, UGLY) if kind in (ChangeKind.CYCLE, ChangeKind.STATUS) else (5, 6)))
    for kind in ChangeKind
)

DRAWN: dict[type[Any], Any] = {
    CreditLow: alerts.credit_low,
    CreditBack: alerts.credit_back,
    BalanceUnread: alerts.balance_unread,
    DataLow: alerts.data_low,
    RenewalDue: alerts.renewal_due,
    RenewalUnpaid: alerts.renewal_unpaid,
    ServiceChanged: alerts.service_changed,
    BoughtOutside: alerts.bought_outside,
    BoughtBesides: alerts.bought_besides,
}
NOTICES: list[Notice] = [
    CreditLow(1, 0, NOW, 5_000, RUNWAY, 4_000, 4),
    CreditLow(1, 3, NOW, None, RUNWAY, 4_000, 1, tuple(RequestId(n) for n in range(1001, 1050))),
    CreditLow(2, 0, NOW, 5_000, NO_END, 500, 4),
    CreditBack(1, NOW, RUNWAY),
    BalanceUnread(NOW, NOW + DAY, NOW - DAY, 4_321),
    BalanceUnread(NOW, NOW + DAY, None, None),
    DataLow(1, NOW, 10, POOL, BYTES_PER_GB // 2, NOW + 2 * DAY),
    DataLow(1, NOW, 5, replace(POOL, total_bytes=0, left_bytes=-5, service_id=None), 0, None),
    RenewalDue(NOW, SERVICE, REQUESTER, RequestId(1001), 3 * BYTES_PER_GB, 12, NOW - DAY),
    RenewalDue(NOW, UGLY_SERVICE, REQUESTER, RequestId(1001), None, 0, None, RequestId(1050)),
    RenewalDue(NOW, replace(UGLY_SERVICE, is_cancellable=False, expires_at=None), None, None, None, 0, None),
    RenewalUnpaid(NOW, UGLY_SERVICE, REQUESTER, 1),
    ServiceChanged(1, NOW, UGLY_SERVICE, REQUESTER, RequestId(1001), Actor.PROVIDER, EVERY_CHANGE),
    BoughtOutside(NOW, "x", (UGLY_SERVICE,) * 5, 1_234),
    BoughtOutside(NOW, "y", (SERVICE,), 1),
    BoughtBesides(AttemptId("a1"), NOW, RequestId(1001), ServiceId("API-9")),
    BoughtBesides(AttemptId("a2"), NOW, RequestId(1001), None),
]


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: str(notice.key))
def test_every_notice_is_drawn_within_slacks_limits_and_comes_back_from_the_store(notice: Notice) -> None:
    read = codec.load_notice(codec.dump_notice(notice))
    assert read == notice
    assert_valid(DRAWN[type(read)](read))


@pytest.mark.parametrize(
    "notice",
    [one for one in NOTICES if isinstance(one, RenewalDue | ServiceChanged | BoughtOutside)],
    ids=lambda notice: str(notice.key),
)
def test_t139_what_is_said_of_a_service_holds_without_its_sums(notice: Notice) -> None:
    drawn = DRAWN[type(notice)]
    said = drawn(notice, has_sums=False)
    assert_valid(said)
    assert "$" in drawn(notice).text
    assert "$" not in visible(said)
    assert "$" not in said.text


def test_t139_a_list_and_a_service_leave_out_a_price_that_is_not_shown() -> None:
    shown, hidden = known("API-1"), known("API-2")
    message = services.listing("all", CHANNEL, page(shown, hidden), 8, NOW, may_adopt=False, unpriced=[hidden.id])
    first, second = (line for line in message.text.splitlines() if "renews" in line)
    assert "for $" in first
    assert "$" not in second
    assert "the policy does not show it to you" in message.text
    assert "the policy does not show it" not in listed(page(shown, hidden)).text
    alone = services.detail(hidden, None, None, None, NOW, is_fresh=True, hidden="The sums are shown to *finance*.")
    assert_valid(alone)
    assert "$" not in visible(alone)
    assert "Price: The sums are shown to *finance*." in alone.text


def test_every_kind_of_alert_is_among_them() -> None:
    assert {type(notice) for notice in NOTICES} == set(DRAWN)


def test_l2_credit_low_says_until_when_what_is_next_and_offers_the_right_sum() -> None:
    message = alerts.credit_low(CreditLow(1, 0, NOW, 5_000, RUNWAY, 4_000, 4))
    for words in ("$12.00", "below $50.00", "Credit lasts until", "Next charge: $17.50", "Next large charge: $125.00"):
        assert words in message.text
    assert "Top up $40.00" in visible(message)
    assert "open_topup" in buttons(message)


def test_l2_without_credit_no_day_is_named_until_which_it_lasts() -> None:
    message = alerts.credit_low(CreditLow(1, 0, NOW, 5_000, replace(RUNWAY, balance=0), 4_000, 4))
    assert "No credit is left" in message.text
    assert "lasts until" not in message.text
    assert "Next charge: $17.50" in message.text


def test_l2_a_large_charge_that_stands_in_the_list_is_not_told_twice() -> None:
    assert report.credit(1_200, runway=RUNWAY).text.count("$125.00") == 1
    far = replace(RUNWAY, charges=(CHARGE,))
    assert "Next large charge: $125.00" in report.credit(1_200, runway=far).text


def test_t46_a_top_up_that_is_not_paid_is_no_credit() -> None:
    message = alerts.credit_low(CreditLow(1, 1, NOW, None, RUNWAY, 4_000, 4, (RequestId(1042),)))
    assert "still low" in message.text
    assert "A top-up is ordered and not paid yet (#1042)" in message.text


def test_t134_what_cannot_be_read_is_not_called_low_nor_good() -> None:
    message = alerts.balance_unread(BalanceUnread(NOW, NOW, NOW - DAY, 4_321))
    assert "The last one known is $43.21" in message.text
    assert "low: " not in message.text


@pytest.mark.parametrize(
    ("used", "made", "words"),
    [(None, 0, "does not count the use"), (0, 0, "Nothing was used"), (3 * BYTES_PER_GB, 1, "3 GB, 1 request")],
)
def test_l5_use_before_a_renewal_is_said_as_far_as_it_is_known(used: int | None, made: int, words: str) -> None:
    message = alerts.renewal_due(RenewalDue(NOW, SERVICE, REQUESTER, None, used, made, NOW - DAY))
    assert words in message.text
    assert "API-2041-7730" in message.text
    assert {"stop_renewal", "leave_renewal"} <= set(buttons(message))


def test_l5_where_stopping_is_not_possible_it_is_not_offered() -> None:
    fixed = replace(SERVICE, is_cancellable=False)
    message = alerts.renewal_due(RenewalDue(NOW, fixed, REQUESTER, None, None, 0, None))
    assert "stop_renewal" not in buttons(message)
    assert "Stopping" not in message.text


def test_l5_a_renewal_the_policy_would_stop_says_how_to_keep_it() -> None:
    message = alerts.renewal_due(RenewalDue(NOW, SERVICE, REQUESTER, None, 0, 0, NOW, RequestId(1050)))
    assert "#1050 asks to stop it" in message.text
    assert "without an approval it renews" in message.text
    assert "withdraw" in buttons(message)
    assert "stop_renewal" not in buttons(message)


# Services


def page(*rows: KnownService, offset: int = 0, total: int | None = None) -> ServicePage:
    return ServicePage(rows, offset, len(rows) if total is None else total)


def listed(rows: ServicePage, whose: str = "all") -> Message:
    return services.listing(whose, CHANNEL, rows, 8, NOW, may_adopt=whose == "outside")


@pytest.mark.parametrize("whose", ["channel", "mine", "all", "outside"])
def test_t135_an_empty_list_says_so_and_leads_on(whose: str) -> None:
    message = listed(page(), whose)
    assert_valid(message)
    assert "run" in message.text
    assert len(buttons(message)) == 3


def test_l5_a_page_shows_each_with_its_renewal_and_the_way_on() -> None:
    rows = [replace(known(f"API-{n}"), service=replace(UGLY_SERVICE, id=ServiceId("A" * 200))) for n in range(8)]
    message = listed(page(*rows, offset=8, total=500))
    assert_valid(message)
    assert "500 running, 9 to 16 shown" in message.text
    assert {"turn_back", "turn_on"} <= set(buttons(message))
    assert "turn_on" not in buttons(listed(page(*rows[:2], offset=498, total=500)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "renews <!date"),
        ({"is_pending_cancellation": True}, "will not renew"),
        ({"status": "overdue"}, "not paid since"),
        ({"status": "canceled"}, "has ended"),
        ({"expires_at": None}, "without an end"),
        ({"is_automatic_collection": False}, "by an invoice to pay"),
        ({"promo_code": "WELCOME10"}, "for about $"),
    ],
)
def test_l5_how_a_service_goes_on_in_words(given: dict[str, object], words: str) -> None:
    row = known()
    assert words in services.renewal_words(replace(row, service=replace(row.service, **given)))


def test_l5_one_service_offers_what_it_allows() -> None:
    ours = known("API-1", request=1001)

    def offered(row: KnownService) -> set[str]:
        message = services.detail(row, None, None, None, NOW, is_fresh=True)
        assert_valid(message)
        return set(buttons(message))

    assert "stop_renewal" in offered(ours)
    ends = replace(ours, service=replace(ours.service, is_pending_cancellation=True))
    assert offered(ends) >= {"keep_renewing"}
    assert "stop_renewal" not in offered(ends)
    assert not offered(replace(ours, is_gone=True)) & {"stop_renewal", "keep_renewing", "more_data"}
    assert "adopt_service" in offered(known())
    assert "stop_renewal" not in offered(known()), "nobody's yet"


def test_t134_a_service_that_is_not_read_now_shows_its_age() -> None:
    message = services.detail(known(), None, (0, 0, NOW), UGLY, NOW - DAY, is_fresh=False)
    assert_valid(message)
    assert "Byteful does not give this service now" in message.text


def test_a_key_names_one_notice() -> None:
    keys = [NoticeKey(notice.key) for notice in NOTICES]
    assert all(":" in key for key in keys)

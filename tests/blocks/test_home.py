"""App Home: empty, full and at its limits, with the age of the credit and a decision in one click."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from bot.blocks import limits
from bot.blocks.home import home
from bot.domain.account import BalanceReading, KnownService, ServicePage
from bot.domain.catalog import Filter
from bot.domain.home import Home
from bot.domain.ids import DraftId, ServiceId
from bot.domain.request import State
from bot.domain.usage import Service
from tests import examples
from tests.blocks.reading import assert_valid_view, buttons, visible

LATER = examples.NOW + timedelta(hours=3)
UNREAD = BalanceReading(None, None)
READ = BalanceReading(123_456, LATER - timedelta(minutes=4))
NO_SERVICES = ServicePage((), 0, 0)


def shown(**given: Any) -> Home:
    usual = Home(examples.REQUESTER, LATER, (), (), 0, (), NO_SERVICES, UNREAD, None, False)
    return replace(usual, **given)


def known(name: str = "AT&T ISP Proxies [US]", **given: Any) -> KnownService:
    service = Service(
        id=ServiceId("API-2041-7730"),
        name=name,
        type="isp",
        status="active",
        quantity=5,
        total=1_750,
        cycle=examples.MONTH,
        country_id="us",
        filter=Filter(),
        created_at=examples.NOW,
        dispatched_at=examples.NOW,
        expires_at=LATER + timedelta(days=20),
        open_invoice_id=None,
        is_pending_cancellation=False,
        is_cancellable=True,
        **given,
    )
    return KnownService(service, examples.NOW, LATER, service, None, examples.CHANNEL, examples.REQUESTER)


def test_t135_an_empty_home_says_kindly_how_to_begin() -> None:
    view = home(shown())
    assert_valid_view(view)
    for words in ("Nothing waits for you", "You have not asked for anything yet", "None runs now", "not read yet"):
        assert words in visible(view)
    assert {"open_form", "open_topup", "show_requests", "show_my_services", "report_this_month", "show_data"} <= set(
        buttons(view)
    )


def test_a8_a1_what_waits_is_counted_has_its_age_and_is_decided_in_one_click() -> None:
    view = home(shown(waiting=(examples.submitted(), examples.submitted())))
    assert "Waiting for you (2)" in visible(view)
    assert "Asked by <@U0ASKER> 3 hours ago" in visible(view)
    assert buttons(view)["approve"]["value"] == buttons(view)["decline"]["value"] == "1042:1"


def test_a8_the_fullest_home_stays_within_slacks_limits() -> None:
    everything = tuple(examples.every_state(examples.ugly()))
    pending = tuple(examples.ugly() for _ in range(50))
    unpriced = tuple(
        replace(examples.waiting_draft(), draft=examples.draft(id=DraftId(f"d{n}"), reason=examples.UGLY))
        for n in range(40)
    )
    page = ServicePage(tuple(known(examples.UGLY) for _ in range(10)), 0, 500)
    full = shown(
        waiting=pending,
        mine=everything,
        asked=9_999,
        unpriced=unpriced,
        services=page,
        credit=replace(READ, failures=3, failing_since=examples.NOW),
        pause=examples.pause(),
    )
    view = home(full)
    assert_valid_view(view)
    assert len(view["blocks"]) < limits.VIEW_BLOCKS, "nothing was cut away to fit"
    for words in ("Waiting for you (50)", "and 40 more", "Your requests (9,999)", "and 490 more", "As of"):
        assert words in visible(view), words
    marked = [block["text"]["text"] for block in view["blocks"] if block["type"] == "section"]
    assert not [words for words in marked if "<!channel>" in words]


def test_t134_a_balance_has_its_age_and_one_that_cannot_be_read_is_no_good_news() -> None:
    assert "Account credit: $1,234.56* · read 4 minutes ago" in visible(home(shown(credit=READ)))
    failing = visible(home(shown(credit=replace(READ, failures=2, failing_since=LATER))))
    assert "It could not be read since" in failing
    assert "ago" not in failing
    never = visible(home(shown(credit=replace(UNREAD, failures=2, failing_since=LATER))))
    assert "could not be read since" in never
    assert "$0" not in never


def test_t23_when_nobody_knows_who_may_approve_that_is_said_and_nothing_offered() -> None:
    view = home(shown(waiting=None, mine=(examples.request(State.ORDERED),), asked=1))
    assert "Slack does not say now who may approve" in visible(view)
    assert "Nothing waits for you" not in visible(view)
    assert "approve" not in buttons(view)
    assert "Your requests (1)" in visible(view)


def test_a_service_says_whether_it_renews() -> None:
    page = ServicePage((known(is_automatic_collection=True), known(is_automatic_collection=False)), 0, 2)
    view = home(shown(services=page))
    assert "renews" in visible(view)
    assert "ends" in visible(view)
    assert buttons(view)["show_service"]["value"] == "API-2041-7730"

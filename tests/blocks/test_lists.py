"""Lists, help, App Home and reports: bounded, valid, and friendly when there is nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from msgspec.structs import replace

from bot.blocks import lists, report, text
from bot.blocks.lists import CommandHelp
from bot.domain.ids import ServiceId
from bot.domain.request import Approved, Event, PurchaseRequest, Reopened, State
from bot.domain.runway import Burn
from bot.domain.usage import BYTES_PER_GB, DataPool, Network
from tests import examples
from tests.blocks.reading import assert_valid, buttons, visible

LATER = examples.NOW + timedelta(hours=3)
COMMANDS = [CommandHelp(f"/proxy word{n} <ID>", f"does {n} & more", f"/proxy word{n} 1042") for n in range(60)]


def test_every_request_can_be_listed() -> None:
    for start in (examples.submitted(), examples.ugly()):
        everything = list(examples.every_state(start))
        waiting = [request for request in everything if request.state is State.PENDING] * 3
        message = lists.requests(everything, waiting, LATER)
        assert_valid(message)
        assert "and " in visible(message)
        for request in everything:
            assert_valid(lists.requests([request], [], LATER))


def test_what_waits_can_be_decided_in_place() -> None:
    """A1"""
    message = lists.requests([], [examples.submitted(reason=examples.UGLY)], LATER)
    offered = buttons(message)
    assert offered["approve"]["value"] == offered["decline"]["value"] == "1042:1"
    assert offered["approve"]["confirm"]["confirm"]["text"] == "Approve $17.50"
    for reading in (message.text, visible(message)):
        assert "Asked by <@U0ASKER> 3 hours ago" in reading
        assert "<!channel>" not in reading


def test_a_deadline_that_has_passed_is_not_announced_as_to_come() -> None:
    late = lists.requests([], [examples.submitted()], examples.NOW + timedelta(days=9))
    assert "its time to be decided is over" in late.text
    assert "expires" not in late.text
    assert "9 days ago" in late.text


def test_a_changed_request_asks_for_a_second_look() -> None:
    """Q2"""
    reopened = examples.after(examples.submitted(), Approved, Reopened)
    assert "look at it again" in lists.requests([], [reopened], LATER).text


def test_own_requests_show_state_and_money_in_words() -> None:
    message = lists.requests([examples.request(State.ORDERED)], [], LATER)
    assert "Ordered. Invoice open: $17.50 to pay." in message.text
    assert buttons(message)["show_request"]["value"] == "1042:1"


def test_nothing_at_all_is_said_kindly() -> None:
    message = lists.requests([], [], LATER)
    assert_valid(message)
    assert message.text == "No requests yet, and nothing waits for you."
    assert "open_form" in buttons(message)


def test_one_request_with_its_whole_history() -> None:
    """A11"""
    for start in (examples.submitted(), examples.ugly()):
        for request in examples.every_state(start):
            message = lists.one(request, [examples.APPROVER], "approver", 2)
            assert_valid(message)
    ordered = lists.one(examples.request(State.ORDERED), [examples.APPROVER], "approver", 1)
    words = visible(ordered)
    lines = ["Asked for by <@U0ASKER>", "Approved by <@U0BOSS>", "Purchase started", "Ordered <!date"]
    assert [line in words for line in lines] == [True] * 4
    assert words.index("*History*") < words.index("Asked for by") < words.index("Purchase started")


HIDDEN = "The sums are left out: they are shown to *finance*."
SUM = re.compile(r"\$\s?\d")


@pytest.mark.parametrize("start", [examples.submitted(), examples.ugly(), examples.top_up_request()])
def test_t139_without_the_right_to_see_prices_a_request_is_shown_without_a_sum(start: PurchaseRequest) -> None:
    for request in examples.every_state(start):
        message = lists.one_without_sums(request, HIDDEN)
        assert_valid(message)
        assert not SUM.search(f"{message.text} {message.blocks}")
        assert not buttons(message)
        assert HIDDEN in visible(message)
        assert HIDDEN in message.text
        assert "*History*" in visible(message)


def test_a_long_history_is_shortened_and_says_so() -> None:
    often: list[type[Event]] = [Approved, Reopened] * 12
    request = examples.after(examples.submitted(), *often)
    words = visible(lists.one(request, [], "approver", 1))
    assert "10 earlier lines left out" in words


def test_help_shows_every_command_with_an_example() -> None:
    some = COMMANDS[:12]
    for message in (lists.help_page(some), lists.start(some)):
        assert_valid(message)
        for command in some:
            assert command.usage.replace("<ID>", "&lt;ID&gt;") in message.text
    assert "Example: `/proxy word3 1042`" in lists.help_page(some).text
    for message in (lists.help_page(COMMANDS), lists.start(COMMANDS), lists.start([]), lists.help_page([])):
        assert_valid(message)
    assert set(buttons(lists.start(some))) == {"open_form", "show_requests", "show_data", "show_credit", "show_help"}


def test_credit_with_what_is_already_asked_for() -> None:
    message = report.credit(107_500, [examples.submitted(), examples.request(State.ORDERED), examples.top_up_request()])
    assert_valid(message)
    assert "Account credit: $1,075.00" in message.text
    assert "1 open request, $17.50 in total, would use it first." in message.text
    assert "open_topup" in buttons(message)
    assert "open request" not in report.credit(0).text


def pool(used: int, total: int) -> DataPool:
    gb = BYTES_PER_GB
    return DataPool(Network.RESIDENTIAL, total * gb, used * gb, (total - used) * gb, 12_000, None, None)


def test_data_used_and_left() -> None:
    detailed = replace(pool(4, 10), service_id=ServiceId("API-1"), expires_at=LATER)
    idle = Burn(0, 0)
    message = report.data(
        [(detailed, Burn(BYTES_PER_GB, 7), LATER), (replace(pool(0, 0), network=Network.MOBILE), idle, None)]
    )
    assert_valid(message)
    for words in (
        "Residential data: 6 GB left",
        "4 GB of 10 GB used · 12,000 requests",
        "Ends <!date",
        f"1 GB a day over the last 7 days: lasts until {text.utc_day(LATER)}",
        "`API-1`",
        "Mobile",
    ):
        assert words in message.text
    assert f"`{'▓' * 8}{'░' * 12}`" in visible(message)
    renewing = report.data([(detailed, idle, None)], renewing=[ServiceId("API-1")])
    assert "Renews <!date" in renewing.text
    assert "Ends" not in renewing.text
    assert_valid(report.data([]))
    assert "No data" in report.data([]).text


@pytest.mark.parametrize(
    ("used", "total", "filled"),
    [(0, 10, 0), (1, 10_000, 1), (9_999, 10_000, 19), (10, 10, 20), (12, 10, 20), (5, 0, 0)],
)
def test_a_bar_is_full_only_when_everything_is_used(used: int, total: int, filled: int) -> None:
    assert report.bar(used, total) == "▓" * filled + "░" * (20 - filled)

"""What people are told is true when it is read, also when it is read late."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from bot.blocks import notices, text
from bot.blocks.decline_modal import decline
from bot.blocks.explanation import explanation_view
from bot.blocks.found_modal import found
from bot.blocks.ids import SERVICE_FIELD
from bot.blocks.kit import Message
from bot.blocks.request_card import card
from bot.domain.ids import DraftId, RequestId
from bot.domain.intents import IN_THREAD, TO_REQUESTER
from bot.domain.policy import Verdict
from bot.domain.request import (
    Absent,
    Approved,
    Claimed,
    Declined,
    Endorsed,
    Entry,
    Event,
    Followed,
    Found,
    Happened,
    Ordered,
    PurchaseRequest,
    Refused,
    Reopened,
    Retried,
    State,
    Unclear,
    advance,
)
from tests import examples
from tests.blocks.reading import assert_sound, assert_valid, assert_valid_view, buttons, inputs, markups, visible


def newest(request: PurchaseRequest) -> Message:
    return notices.thread_notice(request, request.history[-1])


def late(request: PurchaseRequest, happened: Happened) -> Message:
    """The notice of something that is not the newest any more."""
    entry = request.last(happened)
    assert entry is not None
    assert entry.version < request.version
    return notices.thread_notice(request, entry)


@pytest.mark.parametrize(
    "start", [examples.submitted(), examples.top_up_request(), examples.ugly()], ids=["usual", "top-up", "ugly"]
)
def test_every_line_of_every_history_has_valid_notices(start: PurchaseRequest) -> None:
    told: set[Happened] = set()
    for request in examples.every_state(start, again=1):
        for entry in request.history:
            told.add(entry.happened)
            for message in (notices.thread_notice(request, entry), notices.direct_notice(request, entry)):
                assert_valid(message)
                for markup in markups(message.blocks):
                    assert_sound(markup)
    assert told == set(Happened)
    assert told >= IN_THREAD | TO_REQUESTER


def test_every_notice_for_the_requester_says_which_request_and_how_to_see_it() -> None:
    for request in examples.every_state():
        message = notices.direct_notice(request, request.history[-1])
        assert message.text.startswith("Your request #1042, 5 × AT&amp;T ISP Proxies [US] for 1 month: ")
        assert "show_request" in buttons(message)


def test_only_a_recorded_order_is_announced() -> None:
    """X3"""
    ordered = examples.request(State.ORDERED)
    message = notices.direct_notice(ordered, ordered.history[-1])
    assert "Ordered." in message.text
    assert "Invoice open: $17.50 to pay." in message.text
    assert "`API-2041-7730`" in message.text
    assert buttons(message)["open_invoice"]["url"] == examples.INVOICE_URL


def test_q3_who_approved_is_told_of_another_sum_than_they_approved() -> None:
    claimed = examples.after(examples.submitted(), Endorsed, Approved, Claimed)
    as_approved = advance(claimed, Ordered(claimed.changed_at, examples.order()))
    assert newest(as_approved).text.startswith(":package:")
    dearer = advance(claimed, Ordered(claimed.changed_at, examples.order(total=4_500, due=None)))
    for message in (newest(dearer), notices.direct_notice(dearer, dearer.history[-1])):
        assert "Invoice open: up to $45.00 to pay" in message.text
        assert "The provider billed $45.00; $17.50 was approved" in message.text
    assert newest(dearer).text.startswith("<@U0CHIEF> and <@U0BOSS> ")


def test_a_top_up_is_not_announced_as_credit() -> None:
    """T46"""
    ordered = examples.after(examples.top_up_request(), Approved, Claimed, Ordered)
    assert "The credit arrives when it is paid." in newest(ordered).text


@pytest.mark.parametrize("end", [Refused, Declined])
def test_an_end_without_a_purchase_says_so_literally(end: type[Refused] | type[Declined]) -> None:
    way = (Approved, Claimed, Refused) if end is Refused else (Declined,)
    assert "Nothing was bought" in newest(examples.after(examples.submitted(), *way)).text


def test_a_doubt_is_addressed_to_who_approved_and_says_what_to_do() -> None:
    message = newest(examples.request(State.IN_DOUBT))
    assert message.text.startswith("<@U0BOSS> ")
    assert "Do not buy it again." in message.text
    assert "dashboard" in message.text


def test_a_doubt_told_late_forbids_nothing_any_more() -> None:
    """A stale "do not buy it again" beside a settled order would be a lie."""
    settled = examples.after(examples.submitted(), Approved, Claimed, Unclear, Found)
    message = late(settled, Happened.UNCLEAR)
    assert "Do not buy" not in message.text
    assert "By now: *:package: Ordered*" in message.text


def test_a_failure_told_late_speaks_of_its_own_attempt() -> None:
    again = examples.after(examples.submitted(), Approved, Claimed, Refused, Retried, Approved, Claimed, Ordered)
    message = late(again, Happened.REFUSED)
    assert "Nothing was bought by that attempt." in message.text
    assert "By now: *:package: Ordered*" in message.text
    assert "can try again" not in message.text


@pytest.mark.parametrize("given_up", [(Absent,), (Absent, Retried)])
def test_what_was_bought_after_all_is_told_to_who_approved_and_under_whose_approval(
    given_up: tuple[type[Event], ...],
) -> None:
    """T60: nobody is to buy it again, and a card whose fresh decision was not needed says who decided."""
    request = examples.after(examples.submitted(), Approved, Claimed, Unclear, *given_up, Ordered)
    said = newest(request).text
    assert said.startswith("<@U0BOSS>")
    assert "bought after all. Do not buy it again" in said
    assert "Approved by <@U0BOSS>" in card(request, approvers=(), role="approver", needed=1).text
    assert "bought after all" not in newest(examples.request(State.ORDERED)).text


def test_a_link_that_comes_late_is_sent_to_those_who_were_told_that_it_is_not_known() -> None:
    """T116"""
    request = examples.after(examples.submitted(), Approved, Claimed, Unclear, Found)
    assert request.order is not None
    with_link = replace(request.order, invoice_url=examples.INVOICE_URL)
    told = advance(request, Followed(request.changed_at, with_link, request.findings, (request.requester,)))
    message = notices.direct_notice(told, told.history[-1])
    assert "$17.50 to pay. Open the invoice to pay it. The provider's answer came late" in message.text
    assert "open_invoice" in buttons(message)


def test_an_old_reopening_shows_no_newer_numbers() -> None:
    again = examples.after(examples.submitted(), Approved, Reopened, Approved, Reopened)
    first = next(entry for entry in again.history if entry.happened is Happened.REOPENED)
    assert "$" not in notices.thread_notice(again, first).text
    assert "The price went up from $18.50 to $19.50" in newest(again).text


def test_no_notice_contradicts_the_present() -> None:
    for request, entry in itertools.chain.from_iterable(
        ((request, entry) for entry in request.history) for request in examples.every_state()
    ):
        message = notices.thread_notice(request, entry)
        if request.state is not notices.LED_TO[entry.happened]:
            assert text.state_word(request.state) in message.text


def test_a_reason_to_decline_is_quoted_and_cannot_imitate() -> None:
    """A2, T96"""
    request = examples.submitted()
    entry = Entry(2, Happened.DECLINED, examples.NOW, examples.APPROVER, examples.UGLY)
    declined = replace(request, state=State.DECLINED, version=2, history=(*request.history, entry))
    message = notices.direct_notice(declined, entry)
    assert_valid(message)
    assert "<!channel>" not in message.text
    assert "*Approved" not in message.text
    assert "│ *Approved by:* <@U0BOSS>" in visible(message)
    assert buttons(message)["reorder"]["text"]["text"] == "Edit and resend"


def test_a_card_that_could_not_be_posted_goes_to_who_asked_with_the_reason() -> None:
    request = examples.ugly()
    drawn = card(request, approvers=[examples.APPROVER], role="approver", needed=1)
    message = notices.not_in_channel(request, drawn)
    assert_valid(message)
    assert "Invite Proxydesk to <#C0SCRAPING>" in message.text
    assert "approve" in buttons(message)


# What a click came to


def test_without_the_right_the_role_and_its_holders_are_named() -> None:
    """A5, T20"""
    verdict = Verdict(False, "holds_role", "This needs the role *approver*, which you do not have.")
    message = notices.refused(verdict, "approver", [examples.APPROVER])
    assert_valid(message)
    assert "This needs the role *approver*" in message.text
    assert "is held by <@U0BOSS>" in message.text
    assert "Nothing changed." in message.text
    assert "Ask an admin" in notices.refused(verdict, "approver", []).text
    own = Verdict(False, "own_request", "Only the person who asked can withdraw a request.")
    assert "role" not in notices.refused(own, "approver", [examples.APPROVER]).text


def test_a_late_click_hears_who_was_first_and_when() -> None:
    """X7, C2"""
    for state in (State.APPROVED, State.ORDERING, State.ORDERED, State.IN_DOUBT, State.FAILED):
        message = notices.state_now(examples.request(state), lead="Your click changed nothing.")
        assert message.text.startswith("Your click changed nothing.")
        assert "Approved by <@U0BOSS> <!date^" in message.text
        assert text.state_word(state) in message.text


def test_the_present_state_is_valid_for_every_request() -> None:
    for start in (examples.submitted(), examples.ugly()):
        for request in examples.every_state(start):
            message = notices.state_now(request)
            assert_valid(message)
            assert text.state_word(request.state) in message.text


def test_an_error_says_what_happened_what_not_what_to_do_and_its_reference() -> None:
    """F1"""
    message = notices.error("Byteful refused: <no> & no.", "Nothing was bought.", "Try again.", "ref-1")
    assert message.text == "Byteful refused: &lt;no&gt; &amp; no. Nothing was bought. Try again. Reference `ref-1`."
    assert_valid(message)
    assert_valid(notices.error(examples.UGLY * 99, examples.AMPERSANDS * 9, "x" * 9_000, "y" * 900))


def test_other_answers_are_valid_and_lead_on() -> None:
    lost = notices.form_lost(DraftId("d-1"))
    assert buttons(lost)["open_form"]["value"] == "d-1"
    assert "Nothing was sent" in lost.text
    unknown = notices.unknown_word("isq`<!here>", ["isp_us", "isp_uk"], "/proxy buy PRODUCT QUANTITY")
    assert "Did you mean `isp_us` or `isp_uk`?" in unknown.text
    for message in (lost, unknown, notices.sentence(examples.UGLY * 100), notices.unknown_word("x" * 9_000, [], "/p")):
        assert_valid(message)
    assert "Did you mean" not in notices.unknown_word("x", [], "/proxy").text


# Forms that settle something


def test_declining_needs_a_reason() -> None:
    """A2"""
    view = decline(examples.ugly())
    assert_valid_view(view)
    assert inputs(view)["reason"]["optional"] is False
    assert inputs(view)["reason"]["element"]["max_length"] == 500
    assert view["private_metadata"] == "999999999999999:1@T0001"
    assert view["callback_id"] == "decline"


def test_settling_a_doubt_asks_for_the_service() -> None:
    view = found(examples.request(State.IN_DOUBT))
    assert_valid_view(view)
    assert set(inputs(view)) == {SERVICE_FIELD}
    assert view["private_metadata"] == "1042:1@T0001"


def test_a_top_up_has_no_service_to_name() -> None:
    view = found(examples.after(examples.top_up_request(), Approved, Claimed, Unclear))
    assert_valid_view(view)
    assert inputs(view) == {}
    assert "submit" in view


def test_an_explanation_takes_finished_words() -> None:
    said = notices.state_now(examples.submitted(), lead="It is too late for that.").text
    view = explanation_view(said)
    assert_valid_view(view)
    assert "AT&amp;T" in visible(view)
    assert_valid_view(explanation_view(""))


def test_a_number_of_any_length_has_a_title_that_fits() -> None:
    long = examples.submitted(id=RequestId(999_999_999_999_999))
    for view in (decline(long), found(long)):
        assert_valid_view(view)


def test_endorsed_and_absent_are_told_as_what_people_said() -> None:
    assert "more approvals needed" in newest(examples.after(examples.submitted(), Endorsed)).text
    absent = examples.after(examples.submitted(), Approved, Claimed, Unclear, Absent)
    assert "<@U0BOSS> says nothing was bought" in newest(absent).text

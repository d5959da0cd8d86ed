"""The card is valid in every state, tells only what has happened, and offers only what may happen next."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from bot.blocks import text
from bot.blocks.kit import Message
from bot.blocks.request_card import card
from bot.domain.catalog import Filter
from bot.domain.ids import ServiceId, UserId
from bot.domain.quote import Change, ChangeKind
from bot.domain.request import (
    Absent,
    Approved,
    Claimed,
    Declined,
    Delayed,
    Endorsed,
    Event,
    Examined,
    Expired,
    Found,
    Ordered,
    PurchaseRequest,
    Refused,
    Reopened,
    Retried,
    State,
    Unclear,
    Withdrawn,
    advance,
    may,
)
from tests import examples
from tests.blocks.reading import assert_sound, assert_valid, buttons, markups, pings, texts, visible

APPROVERS = [examples.APPROVER, examples.SECOND_APPROVER]
_CLAIMS_A_PURCHASE = re.compile(r"\b(bought|ordered|paid|purchased)\b", re.IGNORECASE)
_HARMLESS = re.compile(
    r"nothing (was|is) bought|not bought|unclear whether it was bought|do not buy it again"
    r"|it is bought (at once|only if|after \d+ approvals)|if it was bought after all",
    re.IGNORECASE,
)


def shown(request: PurchaseRequest, needed: int = 1) -> Message:
    return card(request, approvers=APPROVERS, role="approver", needed=needed)


@pytest.mark.parametrize(
    "start", [examples.submitted(), examples.top_up_request(), examples.ugly()], ids=["usual", "top-up", "ugly"]
)
def test_every_reachable_card_is_valid(start: PurchaseRequest) -> None:
    for request in examples.every_state(start):
        message = shown(request, needed=2)
        assert_valid(message)
        for markup in markups(message.blocks):
            assert_sound(markup)


def test_c5_every_card_says_its_number_state_and_price_in_both_readings() -> None:
    """C5: the fallback is complete, because a screen reader reads nothing else."""
    for request in examples.every_state():
        message = shown(request)
        for reading in (message.text, visible(message)):
            assert "#1042" in reading
            assert text.state_word(request.state) in reading
            assert text.money(request.quote.total) in reading
            assert "<@U0ASKER>" in reading


def test_nothing_is_called_bought_before_it_is() -> None:
    """X3: the card never says what has not happened."""
    for request in examples.every_state():
        if request.state is State.ORDERED:
            continue
        message = shown(request)
        for reading in (message.text, visible(message)):
            claims = _CLAIMS_A_PURCHASE.findall(_HARMLESS.sub("", reading).replace("It was bought", ""))
            assert claims == [], reading


@pytest.mark.parametrize("state", [State.FAILED, State.DECLINED, State.WITHDRAWN, State.EXPIRED])
def test_the_end_without_a_purchase_says_so_literally(state: State) -> None:
    message = shown(examples.request(state))
    assert "Nothing was bought" in message.text
    assert "Nothing was bought" in visible(message)


def test_buttons_are_exactly_what_the_table_allows() -> None:
    """C2: a button that could only answer "too late" is not there."""
    belongs: dict[str, type[Event]] = {
        "approve": Approved,
        "decline": Declined,
        "withdraw": Withdrawn,
        "retry": Retried,
        "mark_found": Found,
    }
    for request in examples.every_state():
        offered = buttons(shown(request))
        for action, event in belongs.items():
            assert (action in offered) == may(request, event), (request.state, action)
        is_settled = request.doubt is not None and request.doubt.is_settled
        assert ("mark_absent" in offered) == (may(request, Absent) and is_settled)
        assert ("reorder" in offered) == (request.is_final or request.state is State.FAILED)


def test_one_button_is_coloured_and_it_names_the_sum_before_it_acts() -> None:
    """Q1: what the approver agrees to is in the question."""
    offered = buttons(shown(examples.submitted(quote=examples.quote(discount=175, balance=500, promo_code="TEN"))))
    assert [name for name, button in offered.items() if "style" in button] == ["approve"]
    asks = offered["approve"]["confirm"]
    assert asks["confirm"]["text"] == "Approve $15.75"
    for sum_of_money in ("$15.75", "$5.00 from account credit", "$10.75 by invoice"):
        assert sum_of_money in asks["text"]["text"]
    assert offered["approve"]["value"] == "1042:1"


def test_the_question_of_a_first_of_two_approvals_promises_no_purchase() -> None:
    first = buttons(shown(examples.submitted(), needed=2))["approve"]["confirm"]["text"]["text"]
    last = buttons(shown(examples.after(examples.submitted(), Endorsed), needed=2))["approve"]["confirm"]["text"][
        "text"
    ]
    assert "It is bought after 2 approvals." in first
    assert "at once" not in first
    assert "It is bought at once if the price still holds." in last


def test_no_long_name_pushes_the_sum_out_of_the_question() -> None:
    asks = buttons(shown(examples.ugly()))["approve"]["confirm"]
    assert "$9,999,998,999.93" in asks["text"]["text"]
    assert "$9,999,998,999.93" in asks["confirm"]["text"]


def test_t49_q1_q4_the_whole_price_and_what_renews_is_on_the_card() -> None:
    request = examples.submitted(quote=examples.quote(discount=175, balance=500, promo_code="WELCOME10"))
    words = visible(shown(request))
    for line in (
        "5 proxies × $3.50 = $17.50 · AT&amp;T ISP Proxies [US]",
        "Before discount: $17.50",
        "Discount with `WELCOME10`: −$1.75",
        "*Total: $15.75*",
        "From account credit: −$5.00",
        "*To pay by invoice: $10.75*",
        "Renews every month at $17.50 unless stopped; collected automatically.",
        "First year: $208.25.",
        "Account credit: $5.00 before, $0.00 after",
        f"digest `{request.digest}`",
    ):
        assert line in words


@pytest.mark.parametrize("ended", [Ordered, Declined, Withdrawn, Expired])
def test_t49_what_is_over_says_how_it_was_split_and_asks_for_no_payment(ended: type[Event]) -> None:
    price = examples.quote(discount=175, balance=500, promo_code="WELCOME10")
    steps = (Approved, Claimed, ended) if ended is Ordered else (ended,)
    request = examples.after(examples.submitted(quote=price), *steps)
    words = visible(shown(replace(request, quote=price)))
    assert "*Total: $15.75*\nFrom account credit: −$5.00\nBy invoice: $10.75" in words
    assert "To pay by invoice" not in words
    assert "Nothing left to pay" not in words


def test_sums_that_differ_are_called_so() -> None:
    """T48"""
    wrong = replace(examples.quote(), total=1_749)
    assert "sums in the provider's price differ" in visible(shown(examples.submitted(quote=wrong)))


def test_network_and_place() -> None:
    there = examples.submitted(place="AT&T (AS7018), Dallas", selection=examples.selection(filter=Filter(asn_id=7018)))
    assert "AT&amp;T (AS7018), Dallas" in visible(shown(there))
    assert "AT&amp;T (AS7018), Dallas" in shown(there).text
    assert "Anywhere in the country" in visible(shown(examples.submitted()))
    pooled = examples.submitted(product=examples.data_product())
    assert "Network and place" not in visible(shown(pooled))


def test_no_reason_imitates_a_field_a_ping_or_a_link() -> None:
    """T96, V6: blocks and fallback alike."""
    request = examples.submitted(reason=examples.UGLY)
    message = shown(request)
    plain = [one["text"] for one in texts(message.blocks) if one["type"] == "plain_text"]
    said = [one for one in plain if "Approved by" in one]
    assert len(said) == 1
    assert all(line.startswith("│ ") for line in said[0].split("\n"))
    for markup in [message.text, *markups(message.blocks)]:
        assert set(pings(markup)) <= {f"<@{user}>" for user in (*APPROVERS, examples.REQUESTER)} | set(dates(markup))
        assert "<https" not in markup
    assert not any(line.startswith(("*Approved", "&gt;", "#")) for line in message.text.split("\n")[1:])


def test_slack_is_told_to_make_no_links_or_emoji_of_its_own() -> None:
    """T96: without `verbatim` a bare address in a name becomes a link; with `emoji` a `:tick:` becomes a sign."""
    for one in texts(shown(examples.ugly()).blocks):
        assert one.get("verbatim") is True or one.get("emoji") is False


def dates(markup: str) -> list[str]:
    return [ping for ping in pings(markup) if ping.startswith("<!date^")]


def test_the_longest_reason_is_shown_whole() -> None:
    words = visible(shown(examples.submitted(reason=examples.AMPERSANDS)))
    assert words.count("&") >= 1_000


def test_who_may_approve_leaves_out_who_asked_and_is_bounded() -> None:
    """Four eyes: the requester's name among the approvers would be a false promise."""
    everybody = [examples.REQUESTER, *(UserId(f"U00{n}") for n in range(9))]
    message = card(examples.submitted(), approvers=everybody, role="approver", needed=1)
    line = next(line for line in markups(message.blocks) if line.startswith("Who may approve"))
    assert line == "Who may approve: <@U000>, <@U001>, <@U002>, <@U003>, <@U004> and 4 more (role `approver`)"


def test_progress_when_several_approvals_are_needed() -> None:
    words = visible(shown(examples.after(examples.submitted(), Endorsed), needed=2))
    assert "1 of 2 approvals" in words
    assert "Approved by <@U0CHIEF>" in words
    assert "of 1 approvals" not in visible(shown(examples.submitted()))


def test_who_decided_when_and_by_which_rule() -> None:
    """A11"""
    for state in (State.APPROVED, State.ORDERING, State.ORDERED, State.IN_DOUBT, State.FAILED):
        words = visible(shown(examples.request(state)))
        assert "Approved by <@U0BOSS> <!date^" in words
        assert "Rule `role:approver`" in words
        assert "Revision 1" in words


def test_a_price_that_moved_shows_old_and_new_side_by_side() -> None:
    """T40, Q3"""
    message = shown(examples.after(examples.submitted(), Approved, Reopened))
    sides = [block["fields"] for block in message.blocks if "Approved before" in str(block.get("fields"))]
    assert ["$17.50" in side["text"] for side in sides[0]] == [True, False]
    assert ["$18.50" in side["text"] for side in sides[0]] == [False, True]
    assert "The price went up from $17.50 to $18.50" in message.text
    assert "nothing was bought" in message.text
    assert "Approved by" not in message.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(ChangeKind.PRICE_DOWN, 1_750, 1_700, False), "The price went down from $17.50 to $17.00"),
        (Change(ChangeKind.PROMO, "WELCOME10", "none", True), "Promo code: WELCOME10 → none"),
        (Change(ChangeKind.PAYMENT, "credit", "invoice", True), "How it is paid: credit → invoice"),
        (Change(ChangeKind.FILTER, "as chosen", "not as chosen", True), "Network and place: as chosen → not as chosen"),
        (Change(ChangeKind.REFUSED, "could be bought", "no <stock>", True), "would not sell it: no &lt;stock&gt;"),
        (
            Change(ChangeKind.APPROVER, "allowed", "no longer allowed", True),
            "Who approved: allowed → no longer allowed",
        ),
        (Change(ChangeKind.APPROVALS, "1", "2", True), "The policy wants 2 approvals by now instead of 1"),
    ],
    ids=lambda value: value.kind.name if isinstance(value, Change) else "",
)
def test_every_kind_of_change_in_words(change: Change, words: str) -> None:
    """T41, T42, T43, T45"""
    reopened = examples.after(examples.submitted(), Approved, Reopened)
    message = shown(replace(reopened, changes=(change,)))
    assert words in visible(message)
    assert words in message.text


def test_bought_for_less_than_approved_is_noted() -> None:
    """T41"""
    ordered = examples.request(State.ORDERED)
    cheaper = replace(ordered, changes=(Change(ChangeKind.PRICE_DOWN, 1_750, 1_700, False),))
    assert "The price went down from $17.50 to $17.00" in visible(shown(cheaper))


def test_t45_an_order_that_credit_did_not_pay_as_quoted_leaves_what_is_due_to_its_invoice() -> None:
    by_credit = examples.request(State.ORDERING, quote=examples.quote(balance=5_000))
    message = shown(advance(by_credit, Ordered(by_credit.changed_at, examples.order(due=None))))
    for reading in (message.text, visible(message)):
        assert "Invoice open: up to $17.50 to pay; the invoice says how much of it credit has paid." in reading
        assert "$0.00" not in reading
        assert "Nothing left to pay" not in reading
        assert "from account credit" not in reading.lower()
        assert "Renews every month at $17.50 unless stopped" in reading


def test_q3_an_order_that_was_billed_otherwise_shows_both_sums_and_promises_no_renewal_price() -> None:
    claimed = examples.request(State.ORDERING, quote=examples.quote(balance=500))
    message = shown(advance(claimed, Ordered(claimed.changed_at, examples.order(total=4_500, due=None))))
    for reading in (message.text, visible(message)):
        assert "Invoice open: up to $45.00 to pay" in reading
        assert "The provider billed $45.00; $17.50 was approved" in reading
        assert "Total: $17.50" not in reading
        assert "Renews every month at" not in reading
        assert "within what the policy allows" not in reading
    assert "Quoted before: $17.50" in visible(message)
    assert "Price: $45.00 in total." in message.text


def test_a_purchase_put_off_says_that_nothing_was_sent() -> None:
    words = visible(shown(examples.after(examples.submitted(), Approved, Delayed)))
    assert "Nothing was sent to the provider yet; it is tried again by itself." in words
    assert "ref-0d1e" in words


def ordered_as(**given: object) -> PurchaseRequest:
    request = examples.request(State.ORDERED)
    return replace(request, order=examples.order(**given))


def test_an_open_invoice_is_a_link_and_not_a_payment() -> None:
    request = ordered_as()
    offered = buttons(shown(request))
    assert offered["open_invoice"]["url"] == examples.INVOICE_URL
    words = visible(shown(request))
    assert "Invoice open: $17.50 to pay." in words
    assert "`API-2041-7730`" in words
    assert "`awaiting_fulfillment`" in words
    assert "Paid" not in words
    assert f"<{examples.INVOICE_URL}|Open invoice>" in shown(request).text


def test_paid_from_credit_has_no_invoice_to_open() -> None:
    message = shown(ordered_as(invoice_url=None, is_paid=True, due=0))
    assert "Paid from account credit: $17.50." in visible(message)
    assert "open_invoice" not in buttons(message)


def test_paid_and_not_yet_delivered() -> None:
    """T47"""
    assert "waiting for delivery" in visible(shown(ordered_as(is_paid=True, due=0)))
    assert "waiting for delivery" not in visible(shown(ordered_as(is_paid=True, due=0, status="active")))


def test_an_adopted_order_says_where_its_invoice_is() -> None:
    message = shown(examples.after(examples.submitted(), Approved, Claimed, Unclear, Found))
    assert "find it in the provider's dashboard" in visible(message)
    assert "open_invoice" not in buttons(message)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", "https://" + "x" * 4_000])
def test_a_link_slack_would_refuse_is_no_button(url: str) -> None:
    message = shown(ordered_as(invoice_url=url))
    assert_valid(message)
    assert "open_invoice" not in buttons(message)


def test_a_link_cannot_leave_its_token_in_the_fallback() -> None:
    message = shown(ordered_as(invoice_url="https://x.test/?a=1&b=<|>"))
    assert "<https://x.test/?a=1&amp;b=%3C%7C%3E|Open invoice>" in message.text


def test_a_top_up_is_credit_only_once_paid() -> None:
    """T46"""
    ordered = examples.after(examples.top_up_request(), Approved, Claimed, Ordered)
    words = visible(shown(ordered))
    assert "Invoice open: $50.00 to pay. The credit arrives when it is paid." in words
    assert "Service ID" not in words
    assert ordered.order
    paid = replace(ordered, order=replace(ordered.order, is_paid=True, due=0))
    assert "arrives" not in visible(shown(paid))
    assert "Paid: $50.00." in visible(shown(paid))


def test_a_top_up_card_asks_for_an_amount_and_renews_nothing() -> None:
    words = visible(shown(examples.top_up_request()))
    assert "#1042 · $50.00 of account credit" in words
    assert "Renews" not in words
    assert "Cycle" not in words
    assert "$0.00 now, $50.00 once the invoice is paid" in words


def test_a_doubt_forbids_a_second_purchase() -> None:
    """X2"""
    message = shown(examples.request(State.IN_DOUBT))
    for reading in (message.text, visible(message)):
        assert "Unclear whether it was bought" in reading
        assert "Do not buy it again" in reading
        assert "ref-9c2b" in reading
    assert "mark_absent" not in buttons(message)
    settled = buttons(shown(examples.after(examples.request(State.IN_DOUBT), Examined)))
    assert settled["mark_absent"]["style"] == "danger"
    assert "twice" in settled["mark_absent"]["confirm"]["text"]["text"]


def test_t62_each_candidate_has_its_own_button() -> None:
    message = shown(examples.after(examples.request(State.IN_DOUBT), Examined))
    accessories = [block["accessory"] for block in message.blocks if "accessory" in block]
    assert [button["value"] for button in accessories] == ["1042:1:API-2041-7731", "1042:1:API-2041-7732"]
    assert {button["action_id"] for button in accessories} == {"adopt"}
    assert "2 services at the provider could be it" in message.text


def test_nothing_bought_on_a_persons_word_names_the_person() -> None:
    words = visible(shown(examples.after(examples.submitted(), Approved, Claimed, Unclear, Absent)))
    assert "Nothing was bought: <@U0BOSS> looked at the provider" in words


def test_a_failure_has_a_reason_and_a_reference() -> None:
    """F1"""
    words = visible(shown(examples.after(examples.submitted(), Approved, Claimed, Refused)))
    assert "Reason: The provider answered: &lt;no stock&gt; &amp; nothing else. Reference `ref-7f3a`." in words


def test_a_refusal_shows_its_reason_as_the_approvers_own_words() -> None:
    """A2"""
    message = shown(examples.request(State.DECLINED))
    assert "│ Use the ones we have." in visible(message)
    assert "“Use the ones we have.”" in message.text
    assert buttons(message)["reorder"]["text"]["text"] == "Edit and resend"
    assert buttons(shown(examples.request(State.ORDERED)))["reorder"]["text"]["text"] == "Order again"


def test_a_service_id_cannot_break_out_of_its_code() -> None:
    words = visible(shown(ordered_as(service_id=ServiceId("a`*b* <!here>"))))
    assert "`aˋ*b* &lt;!here&gt;`" in words

"""Slack's payloads as typed values: ids from the payload alone, and nothing a client can send breaks it."""

from typing import Any

import pytest

from bot.blocks.ids import ANYWHERE, block_id
from bot.domain.catalog import Cycle, Field, Filter
from bot.domain.ids import RequestId
from bot.handlers.parse import (
    NOT_WHOLE,
    actor,
    block_of,
    chosen,
    click,
    command_actor,
    event_actor,
    labels,
    press,
    subject,
    typed,
)
from tests.examples import draft, quote

USER = {"id": "U1", "username": "rita", "name": "admin", "team_id": "T9"}


def body(**given: Any) -> dict[str, Any]:
    usual = {"user": USER, "team": {"id": "T1"}, "channel": {"id": "C1", "name": "x"}, "trigger_id": "t.1"}
    return {**usual, **given}


def view(values: dict[str, Any]) -> dict[str, Any]:
    """A view whose state holds these: a text for a typed input, a pair for a chosen option."""

    def element(value: Any) -> dict[str, Any]:
        if isinstance(value, tuple):
            option = {"value": value[0], "text": {"type": "plain_text", "text": value[1]}}
            return {"type": "external_select", "selected_option": option}
        return {"type": "plain_text_input", "value": value}

    blocks = [{"type": "section", "block_id": "about"}, *({"type": "input", "block_id": block} for block in values)]
    return {"blocks": blocks, "state": {"values": {block: {"a": element(value)} for block, value in values.items()}}}


# Who


def test_z2_the_actor_of_a_command_is_taken_from_its_ids() -> None:
    sent = {"team_id": "T1", "user_id": "U1", "user_name": "boss", "channel_id": "C1", "response_url": "u"}
    who = command_actor(sent)
    assert (who.workspace, who.user, who.channel, who.response_url, who.trigger_id) == ("T1", "U1", "C1", "u", None)


@pytest.mark.parametrize(
    ("given", "workspace"),
    [
        ({}, "T1"),
        ({"enterprise": {"id": "E1"}}, "E1.T1"),
        ({"team": None}, "T9"),
        ({"team": None, "enterprise": {"id": "E1"}}, "E1.T9"),
        ({"enterprise": None}, "T1"),
    ],
)
def test_a_workspace_of_an_enterprise_is_its_own(given: dict[str, Any], workspace: str) -> None:
    assert actor(body(**given)).workspace == workspace


def test_two_workspaces_of_an_enterprise_never_share_keys() -> None:
    assert (
        command_actor({"team_id": "T1", "enterprise_id": "E1", "user_id": "U", "channel_id": "C"}).workspace == "E1.T1"
    )
    assert event_actor({"team_id": "T1", "enterprise_id": "E1", "event": {"user": "U1"}}).workspace == "E1.T1"
    assert event_actor({"team_id": "T1", "event": {"user": "U1"}}).user == "U1"


@pytest.mark.parametrize("ours", [{"team_id": "T1", "enterprise_id": "E1"}, {"team_id": None, "enterprise_id": "E1"}])
def test_an_event_belongs_to_the_workspace_that_has_the_app(ours: dict[str, Any]) -> None:
    from_where = {"team_id": "T2" if ours["team_id"] else "T1", "authorizations": [ours]}
    assert event_actor({**from_where, "event": {"user": "U1"}}).workspace == "E1.T1"


@pytest.mark.parametrize(("metadata", "workspace"), [("d-1@E1.T1", "E1.T1"), ("d-1", "T9"), ("", "T9"), (None, "T9")])
def test_a_form_belongs_to_the_workspace_in_which_it_was_opened(metadata: str | None, workspace: str) -> None:
    """One from before it was written there, and the Home, have only what Slack says."""
    sent = body(team={"id": "T9"}, view={"private_metadata": metadata})
    assert actor(sent).workspace == workspace
    assert subject(sent["view"]) == ("d-1" if metadata else "")


@pytest.mark.parametrize(
    ("given", "channel"),
    [
        ({}, "C1"),
        ({"channel": None}, None),
        ({"channel": None, "container": {"type": "message", "channel_id": "C2"}}, "C2"),
        ({"channel": None, "container": {"type": "view"}}, None),
    ],
)
def test_the_channel_is_where_the_click_was(given: dict[str, Any], channel: str | None) -> None:
    assert actor(body(**given)).channel == channel


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, None),
        ({"response_url": "u1"}, "u1"),
        ({"response_urls": [{"response_url": "u2", "channel_id": "C1"}]}, "u2"),
        ({"response_urls": []}, None),
    ],
)
def test_the_answer_address_is_found_wherever_slack_puts_it(given: dict[str, Any], url: str | None) -> None:
    assert actor(body(**given)).response_url == url


# What was pressed


def test_a_press_is_the_one_action_with_what_belongs_to_it() -> None:
    action = {"action_id": "approve", "block_id": "b", "value": "1042:2", "action_ts": "1700000000.000100"}
    pressed = press(body(actions=[action], container={"type": "message"}))
    assert pressed is not None
    assert (pressed.action_id, pressed.value, pressed.ordinal) == ("approve", "1042:2", 1700000000.0001)
    assert (pressed.is_in_message, pressed.view, pressed.actor.user) == (True, None, "U1")


@pytest.mark.parametrize("actions", [[], None, [{"action_id": "a"}, {"action_id": "b"}]])
def test_none_or_several_actions_are_no_press(actions: object) -> None:
    assert press(body(actions=actions)) is None


def test_an_action_with_nothing_in_it_is_a_press_of_nothing() -> None:
    pressed = press(body(actions=[{}]))
    assert pressed is not None
    assert (pressed.action_id, pressed.value, pressed.ordinal) == ("", "", 0)


def test_a2_a_click_is_about_a_request_and_the_revision_that_was_on_screen() -> None:
    found = click(actor(body()), "1042:3")
    assert found is not None
    assert (found.workspace, found.user, found.request, found.revision) == ("T1", "U1", RequestId(1042), 3)


@pytest.mark.parametrize("value", ["", "1042", "1042:", ":1", "x:1", "1042:1:1", "-1:1", " 1042:1", "1" * 16 + ":1"])
def test_a_value_that_is_none_of_ours_is_no_click(value: str) -> None:
    assert click(actor(body()), value) is None


# What is in a form


def test_everything_chosen_in_a_form_goes_into_the_draft() -> None:
    state: dict[str, str | tuple[str, str]] = {
        Field.PRODUCT: ("isp_gb", "BT ISP"),
        Field.QUANTITY: "12",
        Field.CYCLE: ("3:month", "every 3 months"),
        Field.PROMO: " WELCOME10 ",
        Field.ASN: ("7018", "AT&T"),
        Field.SUBDIVISION: ("us-tx", "Texas"),
        Field.CITY: ("75202", "Dallas"),
        Field.REASON: "Because & so",
    }
    got = chosen(draft(), view(dict(state)))
    assert (got.product_code, got.quantity, got.cycle) == ("isp_gb", 12, Cycle(3, "month"))
    assert (got.promo_code, got.reason) == ("WELCOME10", "Because & so")
    assert got.filter == Filter(7018, "us-tx", 75202)
    assert (got.channel, got.id, got.user) == (draft().channel, draft().id, draft().user)


def test_fields_the_form_does_not_show_stay_as_they_were() -> None:
    before = draft(promo_code="W10", filter=Filter(7018, "us-tx", 9))
    assert chosen(before, view({})) == before
    assert chosen(before, {}) == before


def test_an_emptied_field_is_empty_in_the_draft() -> None:
    before = draft(promo_code="W10", reason="x", top_up_cents=500)
    got = chosen(before, view({"promo": None, "reason": None, "quantity": None, "amount": "", "cycle": None}))
    assert (got.promo_code, got.reason, got.quantity, got.top_up_cents, got.cycle) == (None, "", None, None, None)


def test_the_row_for_anywhere_clears_a_place() -> None:
    before = draft(filter=Filter(7018, "us-tx", 9))
    row = (ANYWHERE, "Anywhere")
    assert chosen(before, view({"asn": row, "city": row})).filter == Filter(subdivision_id="us-tx")


def test_a_channel_and_an_amount_are_read() -> None:
    state = {"state": {"values": {"channel": {"a": {"type": "conversations_select", "selected_conversation": "C7"}}}}}
    assert chosen(draft(channel=None), state).channel == "C7"
    assert chosen(draft(), view({"amount": "49.90"})).top_up_cents == 4_990


def test_a_block_that_was_renamed_by_a_redraw_is_the_same_field() -> None:
    renamed = block_id(Field.QUANTITY, "filled")
    shown = view({renamed: "7"})
    assert chosen(draft(), shown).quantity == 7
    assert (block_of(shown, Field.QUANTITY), block_of(shown, Field.PROMO)) == (renamed, None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        (" 5 ", 5),
        ("-5", -5),
        ("0", 0),
        ("", None),
        ("  ", None),
        ("5.5", None),
        ("1e3", None),
        ("five", None),
        ("--5", None),
        ("-", None),
        ("5-", None),
        ("²", None),
        ("9" * 40, 999_999_999_999),
        ("٣", 3),
        ("1_000", None),
        ("1,000", 1_000),
        ("1 000", 1_000),
        ("-1,000,000", -1_000_000),
        ("1,00", None),
        ("1,000 000", None),
        ("1.000", None),
        ("+5", None),
    ],
)
def test_a_quantity_is_a_whole_number_or_nothing(text: str, number: int | None) -> None:
    assert chosen(draft(), view({"quantity": text})).quantity == number


def test_what_is_no_whole_number_is_said_beside_its_field_and_nothing_older() -> None:
    priced = draft(product_code="isp_us", cycle=Cycle(1, "month"), quantity=0).with_problems({"quantity": "Too few."})
    assert chosen(priced, view({"quantity": "5.5"})).problems == {"quantity": NOT_WHOLE}
    assert chosen(priced, view({"quantity": ""})).problems == {}


def test_a_price_is_asked_for_again_after_what_was_no_number() -> None:
    """Else the warning would come back with the number that was there before."""
    before = draft(product_code="isp_us", cycle=Cycle(1, "month"), quantity=5).with_quote(quote())
    between = chosen(before, view({"quantity": "abc"}))
    assert not chosen(between, view({"quantity": "5"})).is_priced


@pytest.mark.parametrize("name", ["asn", "city"])
@pytest.mark.parametrize("value", ["Dallas", "", "--1", "7018;"])
def test_a_place_that_is_no_id_is_no_place(name: str, value: str) -> None:
    assert chosen(draft(), view({name: value})).filter == Filter()


def test_labels_are_what_the_person_saw() -> None:
    shown = view({"product": ("isp_us", "AT&T ISP"), "quantity:filled": "5", "asn": ("7018", "AT&T (AS7018)")})
    assert labels(shown) == {"product": "AT&T ISP", "asn": "AT&T (AS7018)"}
    assert labels({}) == {}


def test_a_typed_reason_has_no_space_around_it() -> None:
    assert typed(view({"reason": "  too dear "}), Field.REASON) == "too dear"
    assert typed(view({"reason": None}), Field.REASON) == ""
    assert typed(view({}), Field.REASON) == ""

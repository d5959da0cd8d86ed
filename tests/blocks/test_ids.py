"""The names in old messages keep working, and nothing unreadable gets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import ids
from bot.domain.request import Approved, Reopened
from tests import examples


def test_no_name_was_ever_changed() -> None:
    """Messages in channels carry these for years: adding one is fine, changing one breaks old buttons."""
    known = (
        "approve decline withdraw retry reorder mark_absent mark_found send_draft edit_draft discard_draft open_form "
        "open_topup open_invoice use_smallest show_request show_requests show_credit show_data show_help "
        "report report_this_month report_last_month report_30_days report_share report_csv report_json report_picture "
        "set_digest set_digest_monthly stop_digest "
        "show_service show_why show_services stop_renewal keep_renewing leave_renewal adopt_service more_data"
    )
    assert set(known.split()) <= {action.value for action in ids.Action}
    assert {"buy", "topup", "decline", "found"} <= {callback.value for callback in ids.Callback}
    assert {"buy_proxies"} <= {shortcut.value for shortcut in ids.Shortcut}


def test_a_button_says_which_revision_was_seen() -> None:
    """Q2"""
    again = examples.after(examples.submitted(), Approved, Reopened)
    assert ids.request_value(again) == "1042:2"
    assert ids.parse_request_value("1042:2") == (1042, 2)


@pytest.mark.parametrize("text", ["", "1042", "1042:", ":1", "-1:1", "1:1:1", " 1:1", "1:1\n", "١:١", "9" * 16 + ":1"])
def test_anything_else_is_no_request(text: str) -> None:
    assert ids.parse_request_value(text) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert ids.parse_request_value(text) is None or ":" in text
    assert text.startswith(ids.field_of(text))


def test_a_block_id_leads_back_to_its_field() -> None:
    assert ids.field_of("city") == "city"
    assert ids.field_of(ids.block_id("city", "us", "us_texas")) == "city"
    assert len(ids.block_id("cycle", "x" * 900)) == 255

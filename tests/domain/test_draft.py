"""A half-made ask: when it is a selection, and whether its price is still about it."""

from typing import Any

import pytest
from msgspec.structs import replace

from bot.domain.catalog import CREDIT_CODE, Cycle, Filter, Selection
from bot.domain.draft import Draft
from bot.domain.ids import ChannelId, ProductCode
from tests.examples import draft, quote

CHOSEN = draft()
EMPTY = Draft(CHOSEN.id, CHOSEN.workspace, CHOSEN.user)


@pytest.mark.parametrize("missing", ["product_code", "quantity", "cycle"])
def test_there_is_no_selection_until_everything_needed_is_chosen(missing: str) -> None:
    assert EMPTY.selection is None
    assert CHOSEN.selection is not None
    assert replace(CHOSEN, **{missing: None}).selection is None


def test_the_selection_is_what_was_chosen() -> None:
    chosen = draft(promo_code="W10", filter=Filter(asn_id=7018))
    assert chosen.selection == Selection(ProductCode("isp_us"), 5, Cycle(1, "month"), "W10", Filter(asn_id=7018), None)
    top_up = replace(CHOSEN, product_code=CREDIT_CODE, quantity=1, top_up_cents=5000)
    assert top_up.selection is not None
    assert top_up.selection.is_top_up


def test_a_priced_draft_says_so() -> None:
    assert not CHOSEN.is_priced
    priced = CHOSEN.with_problems({"promo": "No such code."}).with_quote(quote())
    assert priced.is_priced
    assert (priced.quote, priced.problems) == (quote(), {})


CHANGES: list[dict[str, Any]] = [
    {"product_code": ProductCode("isp_gb")},
    {"quantity": 6},
    {"cycle": Cycle(3, "month")},
    {"promo_code": "W10"},
    {"filter": Filter(asn_id=7018)},
    {"top_up_cents": 500},
    {"quantity": None},
]


@pytest.mark.parametrize("change", CHANGES, ids=[next(iter(change)) for change in CHANGES])
def test_v4_any_change_of_the_selection_makes_the_price_stale(change: dict[str, Any]) -> None:
    priced = CHOSEN.with_problems({})
    assert priced.is_priced
    assert not replace(priced, **change).is_priced


def test_reason_and_channel_do_not_touch_the_price() -> None:
    priced = CHOSEN.with_problems({})
    assert replace(priced, reason="other", channel=ChannelId("C2")).is_priced


def test_v7_problems_replace_a_quote() -> None:
    refused = CHOSEN.with_quote(quote()).with_problems({"promo": "No such code."})
    assert refused.is_priced
    assert (refused.quote, refused.problems) == (None, {"promo": "No such code."})


def test_a_draft_without_selection_is_never_priced() -> None:
    assert not EMPTY.with_quote(quote()).is_priced
    assert not EMPTY.with_problems({"product": "Choose one."}).is_priced

"""What is shown while there are no prices: valid, harmless with ugly text, and true about what has not happened."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bot.blocks import lists, waiting
from bot.blocks.kit import Message
from bot.domain.catalog import CREDIT
from bot.domain.draft import WaitingDraft
from bot.domain.ids import DraftId
from bot.domain.pause import Pause
from tests import examples
from tests.blocks.reading import assert_valid, assert_valid_view, buttons, visible

UGLY = examples.waiting_draft(
    draft=examples.draft(reason=examples.UGLY, promo_code=examples.UGLY[:60]),
    product=examples.product(name=examples.UGLY),
)
TOP_UP = examples.waiting_draft(
    draft=examples.draft(product_code=CREDIT.code, quantity=1, top_up_cents=5_000), product=CREDIT
)
KEPT = [examples.waiting_draft(), examples.waiting_draft(product=None), UGLY, TOP_UP]


@pytest.mark.parametrize("kept", KEPT)
def test_f6_what_is_kept_says_what_has_not_happened(kept: WaitingDraft) -> None:
    message, view = waiting.kept(kept), waiting.kept_view(kept)
    assert_valid(message)
    assert_valid_view(view)
    for said in (message.text, visible(message), visible(view)):
        assert "Nothing was sent to the approvers yet and nothing was bought" in said
        assert "<!channel>" not in said
    assert buttons(message)["discard_kept"]["value"] == kept.draft.id


@pytest.mark.parametrize("kept", KEPT)
def test_f6_what_came_back_says_why_and_can_be_edited(kept: WaitingDraft) -> None:
    ended = replace(kept, draft=kept.draft.with_problems({"promo": examples.UGLY, "quantity": "Too many."}))
    for message in (waiting.unpriced(ended), waiting.lapsed(ended)):
        assert_valid(message)
        assert "nothing was bought" in message.text
        assert buttons(message)["edit_draft"]["value"] == kept.draft.id
        assert "<!channel>" not in visible(message)
    assert "Too many." in waiting.unpriced(ended).text


def test_f6_lists_hold_what_waits_however_much_it_is() -> None:
    many = [replace(kept, draft=replace(kept.draft, id=DraftId(f"d{n}"))) for n, kept in enumerate(KEPT * 9)]
    everything = list(examples.every_state(examples.ugly()))
    pending = [examples.submitted()] * 12
    message = lists.requests(everything, pending, examples.NOW, many)
    assert_valid(message)
    assert "and 26 more" in visible(message)
    alone = lists.requests([], [], examples.NOW, KEPT[:1])
    assert "not with the approvers yet" in alone.text
    assert "No requests yet" not in alone.text


PAUSES = [examples.pause(), examples.pause(wants_second_factor=True, reason=examples.UGLY)]


@pytest.mark.parametrize("pause", PAUSES, ids=["keys", "second factor"])
def test_t65_admins_read_what_happened_what_did_not_and_what_to_do(pause: Pause) -> None:
    told: list[Message] = [waiting.paused(pause), waiting.resumed(pause.ended(examples.NOW))]
    for message in told:
        assert_valid(message)
        assert pause.id in message.text
        assert "<!channel>" not in visible(message)
    assert "Nothing is bought while this lasts" in told[0].text
    assert "What to do" in told[0].text
    assert ("authenticator app" in told[0].text) is pause.wants_second_factor


def test_a_banner_is_there_only_when_something_stands_in_the_way() -> None:
    assert waiting.banner(None, False) == []
    assert "does not answer" in str(waiting.banner(None, True))
    assert "Purchases are paused" in str(waiting.banner(PAUSES[0], True))

"""The form that asks why a request is declined. Its answer goes to the person who asked."""

from __future__ import annotations

from bot.blocks import buttons, kit, limits, text
from bot.blocks.ids import Callback, request_value, view_metadata
from bot.blocks.kit import View
from bot.domain.catalog import Field
from bot.domain.request import PurchaseRequest


def decline(request: PurchaseRequest, *, is_optional: bool = False) -> View:
    reason = {
        "type": "plain_text_input",
        "action_id": Field.REASON.value,
        "multiline": True,
        "min_length": 0 if is_optional else 1,
        "max_length": limits.DECLINE_REASON,
        "focus_on_load": True,
    }
    asked = kit.section(f"{buttons.total_line(request)}, asked by {text.mention(request.requester)}")
    hint = "Everybody who sees the card can read it."
    return kit.modal(
        f"Decline {text.number(request.id)}",
        [asked, kit.input_block("Why", reason, Field.REASON.value, hint=hint, is_optional=is_optional)],
        callback=Callback.DECLINE,
        metadata=view_metadata(request.workspace, request_value(request)),
        submit="Decline",
        close="Cancel",
    )

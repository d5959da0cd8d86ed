"""The form by which a person settles a doubt: it was bought, and this is the service."""

from __future__ import annotations

from bot.blocks import buttons, kit, limits, text
from bot.blocks.ids import SERVICE_FIELD, Callback, request_value, view_metadata
from bot.blocks.kit import Block, View
from bot.domain.request import PurchaseRequest


def found(request: PurchaseRequest) -> View:
    """A top-up leaves no service, so it is confirmed without an ID."""
    if request.selection.is_about_renewal:
        how, done = [kit.section("Confirm only if the provider's dashboard shows the change.")], "was changed"
    else:
        how, done = _credit() if request.selection.is_top_up else _service(), "was bought"
    return kit.modal(
        f"{text.number(request.id)} {done}",
        [kit.section(buttons.total_line(request)), *how],
        callback=Callback.FOUND,
        metadata=view_metadata(request.workspace, request_value(request)),
        submit=f"It {done}",
        close="Cancel",
    )


def _service() -> list[Block]:
    element = {
        "type": "plain_text_input",
        "action_id": SERVICE_FIELD,
        "max_length": limits.SERVICE_ID,
        "focus_on_load": True,
        "placeholder": kit.plain("API-2041-7730"),
    }
    hint = "In the provider's dashboard under services. It is looked up before anything is recorded."
    return [kit.input_block("Service ID", element, SERVICE_FIELD, hint=hint)]


def _credit() -> list[Block]:
    return [
        kit.section(
            "A top-up has no service ID. Confirm only if the provider's dashboard shows its invoice, "
            "or if the account credit rose by this amount."
        )
    ]

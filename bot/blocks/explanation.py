"""A modal that explains what a click or a submission came to, when the form behind it has nothing left to ask."""

from __future__ import annotations

from bot.blocks import kit
from bot.blocks.kit import View


def explanation_view(markup: str) -> View:
    """`markup` is finished mrkdwn, as the `text` of a message in `notices`: it is not escaped again."""
    return kit.modal("Proxydesk", [kit.section(line) for line in markup.splitlines() if line] or [kit.section("–")])

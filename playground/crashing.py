"""`python -m playground.crashing POINT ARGUMENTS…`: the bot as a process that dies by kill -9 at a named point.

The points are events of the bot's own log, so the bot itself knows nothing of this. The process dies before the line is
written: whatever the line would tell of has happened, and nothing after it. A second word names the kind of message.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from bot.__main__ import main as bot_main

POINTS = {
    "checkout_quoted": "before the claim",
    "checkout_claimed": "after the claim is on disk",
    "checkout_sent": "just before it is sent",
    "checkout_ordered": "after the provider said yes",
    "checkout_refused": "after the provider said no",
    "checkout_unclear": "after no clear answer",
    "checkout_recorded": "after the order is recorded",
    "post_begun card": "the card marked, before it is posted",
    "post_made card": "the card posted, before that is recorded",
    "message_told card": "the card recorded, before the outbox lets go of it",
    "post_begun thread": "a notice marked, before it is posted",
    "post_made thread": "a notice posted, before that is recorded",
    "message_told thread": "a notice recorded, before the outbox lets go of it",
}
"""Every point of the checkout path and of the outbox, each in the order in which it is passed."""


def dying_at(point: str) -> Callable[..., logging.LogRecord]:
    """A maker of log records that kills its own process when the event it waits for is about to be logged."""
    awaited, _, kind = point.partition(" ")

    def make(
        name: str, level: int, path: str, line: int, message: object, *rest: Any, **more: Any
    ) -> logging.LogRecord:
        told = message if isinstance(message, dict) else {"event": message}
        if told.get("event") == awaited and str(told.get("intent", "")).startswith(kind):
            os.kill(os.getpid(), signal.SIGKILL)
        return logging.LogRecord(name, level, path, line, message, *rest, **more)

    return make


def main() -> None:
    """Become the bot's command line, with a death to come."""
    _, point, *arguments = sys.argv
    logging.setLogRecordFactory(dying_at(point))
    bot_main(arguments)


if __name__ == "__main__":
    main()

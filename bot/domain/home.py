"""What one person's App Home shows: values alone, so that it can be drawn wherever it is asked for."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from bot.domain.account import BalanceReading, ServicePage
from bot.domain.draft import WaitingDraft
from bot.domain.ids import UserId
from bot.domain.pause import Pause
from bot.domain.request import PurchaseRequest


class Untold(Struct, frozen=True):
    """An answer that Slack took in no other place; `text` is prepared for mrkdwn."""

    at: datetime
    text: str


class Home(Struct, frozen=True):
    """`waiting` is what this person can decide, oldest first; None when Slack does not say now who may.

    `is_only_beyond`: they may approve over budget, and decide nothing else.

    `mine` is newest first and the beginning of `asked` requests; `services` the first page of theirs.
    """

    user: UserId
    at: datetime
    waiting: tuple[PurchaseRequest, ...] | None
    mine: tuple[PurchaseRequest, ...]
    asked: int
    unpriced: tuple[WaitingDraft, ...]
    services: ServicePage
    credit: BalanceReading
    pause: Pause | None
    is_away: bool
    untold: tuple[Untold, ...] = ()
    is_only_beyond: bool = False

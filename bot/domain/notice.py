"""What the bot says that is not one step of a request: alerts, reminders, digests.

Each notice has a key that says which one of its kind it is (`credit:3:0`: the alert of the third crossing). Announced
twice under the same key, it is said once. It holds the facts as they were found; its words are made when it is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from bot.domain.ids import NoticeKey
from bot.domain.money import Cents


@dataclass(frozen=True, slots=True)
class CreditLow:
    """The balance fell below a level, `crossing` counting how often one did; `reminder` is 0 for the alert itself."""

    crossing: int
    reminder: int
    at: datetime
    balance: Cents
    level: Cents

    @property
    def key(self) -> NoticeKey:
        return NoticeKey(f"credit:{self.crossing}:{self.reminder}")


@dataclass(frozen=True, slots=True)
class BalanceUnread:
    """The balance could not be read for a while. `last_read` and `balance` are the last ones known."""

    failing_since: datetime
    at: datetime
    failures: int
    last_read: datetime | None
    balance: Cents | None

    @property
    def key(self) -> NoticeKey:
        return NoticeKey(f"unread:{self.failing_since:%Y-%m-%dT%H:%M}")


Notice = CreditLow | BalanceUnread

KINDS: dict[str, type[Notice]] = {kind.__name__: kind for kind in get_args(Notice)}
"""By the name they are stored under, which is never changed: an old notice has to stay readable."""

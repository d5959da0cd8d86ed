"""Every error the bot raises on purpose, split by what may be done next.

ProxydeskError
├── InputError                what a person gave cannot be used; says which field and why
├── MoveError                 a move that the table of a request's life does not hold
├── ProviderError             the provider did not do what was asked
│   ├── NeverSentError        provably nothing reached it: asking again is safe
│   ├── RefusedError          it answered no: nothing happened there
│   │   ├── SelectionRefusedError   this selection cannot be bought as it stands
│   │   ├── NotFoundError           there is no such thing
│   │   ├── AccessError             our keys are wrong or lack a right
│   │   │   └── SecondFactorError   a person must confirm in the provider's dashboard
│   │   └── RateLimitedError        too many requests; says how long to wait
│   └── OutcomeUnknownError   perhaps it happened: look before anything is asked again
├── StoreError                requests cannot be read or written
│   ├── StoreUnavailableError nothing was recorded
│   ├── StaleError            somebody was faster; read again and decide again
│   ├── ReplayError           this very click was here before; nothing was written
│   ├── OverBudgetError       the channel's budget has no room for it; nothing was recorded
│   └── RecordError           a record is there and cannot be understood
└── ChatError                 Slack did not take a message or a view
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.domain.budget import Budget


class ProxydeskError(Exception):
    """Root of the tree above. The text is safe to show to a person."""


class InputError(ProxydeskError):
    """`problems` maps a field name (see `catalog.Field`) to one sentence that says what to do."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


class MoveError(ProxydeskError):
    """The request is not in a state from which this event may happen. Nothing changed."""


class ProviderError(ProxydeskError):
    """`status` is the HTTP status when there was an answer; `request_id` is the provider's own id for it."""

    def __init__(self, message: str, *, status: int | None = None, request_id: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.request_id = request_id


class NeverSentError(ProviderError):
    """The connection was never made, or we chose not to send."""


class RefusedError(ProviderError):
    """A clear no in the provider's documented error shape."""


class SelectionRefusedError(RefusedError):
    """`field` names the part of the selection at fault, when that is known."""

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, status=status, request_id=request_id)
        self.field = field


class NotFoundError(RefusedError):
    """The provider knows no such product, service or row."""


class AccessError(RefusedError):
    """401 or 403: purchases cannot work until an admin mends the keys."""


class SecondFactorError(AccessError):
    """403 that asks for a second factor; only a person at the provider's dashboard can give it."""


class RateLimitedError(RefusedError):
    """`wait_s` is how many seconds the provider asked us to stay away."""

    def __init__(self, message: str, *, wait_s: float, request_id: str | None = None) -> None:
        super().__init__(message, status=429, request_id=request_id)
        self.wait_s = wait_s


class OutcomeUnknownError(ProviderError):
    """The request may have been carried out: a time-out, a lost connection, a 5xx or an unreadable answer."""


class StoreError(ProxydeskError):
    """The store did not do what was asked."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached or takes no writes. Nothing was recorded."""


class StaleError(StoreError):
    """The record moved on since it was read."""


class ReplayError(StoreError):
    """The signature that came with this was here before: whoever sent it again is owed no effect and no answer."""


class OverBudgetError(StoreError):
    """What the move would reserve goes over the cap. `budget` is how it stands without it. Nothing was recorded."""

    def __init__(self, message: str, budget: Budget) -> None:
        super().__init__(message)
        self.budget = budget


class RecordError(StoreError):
    """An unreadable record is an error, never an absence."""


class Trouble(StrEnum):
    """What may be done about a message that did not go well, whatever word the chat had for it."""

    UNCLEAR = "unclear"
    """Perhaps it was taken: look before it is said again."""
    NEVER_SENT = "never sent"
    WAIT = "wait"
    CLOSED = "closed"
    """Nothing can be written in that place: it is gone, closed, or we are not in it."""
    PERSON = "person"
    """That person cannot be written to."""
    LOST = "lost"
    """The message to change or to answer is gone or fixed."""
    BLOCKS = "blocks"
    """The words may pass where their layout does not."""
    LONG = "long"
    KEYS = "keys"
    """We are refused as a whole, until somebody mends it."""
    SCOPE = "scope"
    """A right is missing."""
    OTHER = "other"


class ChatError(ProxydeskError):
    """Slack's refusal. `code` is Slack's own error word; `retry_after_s` is set when it asks to wait."""

    def __init__(self, code: str, *, retry_after_s: float | None = None, trouble: Trouble = Trouble.OTHER) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_s = retry_after_s
        self.trouble = trouble

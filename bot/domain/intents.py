"""Who must be told what, decided together with the change it tells of.

An intent is a promise to speak, not the words: it is written in the same move as the state and rendered later from
the state as it is then.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.ids import RequestId, UserId
from bot.domain.request import Happened, PurchaseRequest


@dataclass(frozen=True, slots=True)
class CardIntent:
    """Bring the request's card in its channel to the present state; post it when there is none."""

    request: RequestId

    def __str__(self) -> str:
        return f"card:{self.request}"


@dataclass(frozen=True, slots=True)
class ThreadIntent:
    """Say once, in the card's thread, what happened at this version."""

    request: RequestId
    version: int

    def __str__(self) -> str:
        return f"thread:{self.request}:{self.version}"


@dataclass(frozen=True, slots=True)
class DirectIntent:
    """Tell one person once, by direct message, what happened at this version."""

    request: RequestId
    version: int
    user: UserId

    def __str__(self) -> str:
        return f"direct:{self.request}:{self.version}:{self.user}"


Intent = CardIntent | ThreadIntent | DirectIntent

IN_THREAD = frozenset(
    {
        Happened.REOPENED,
        Happened.ORDERED,
        Happened.REFUSED,
        Happened.UNCLEAR,
        Happened.FOUND,
        Happened.ABSENT,
        Happened.RETRIED,
        Happened.DECLINED,
    }
)
TO_REQUESTER = frozenset(
    {
        Happened.REOPENED,
        Happened.ORDERED,
        Happened.REFUSED,
        Happened.UNCLEAR,
        Happened.FOUND,
        Happened.ABSENT,
        Happened.DECLINED,
        Happened.EXPIRED,
    }
)


def intents_after(request: PurchaseRequest) -> tuple[Intent, ...]:
    """What the newest line of the request's history calls for. The card comes first: threads hang below it."""
    newest = request.history[-1]
    intents: list[Intent] = [CardIntent(request.id)]
    if newest.happened in IN_THREAD:
        intents.append(ThreadIntent(request.id, newest.version))
    if newest.happened in TO_REQUESTER:
        intents.append(DirectIntent(request.id, newest.version, request.requester))
    return tuple(intents)


def parse_intent(text: str) -> Intent:
    """The intent behind its stored text. Raises ValueError for text that is none."""
    match text.split(":"):
        case ["card", number]:
            return CardIntent(RequestId(int(number)))
        case ["thread", number, version]:
            return ThreadIntent(RequestId(int(number)), int(version))
        case ["direct", number, version, user]:
            return DirectIntent(RequestId(int(number)), int(version), UserId(user))
        case _:
            raise ValueError(f"not an intent: {text!r}")

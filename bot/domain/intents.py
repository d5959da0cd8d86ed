"""Who must be told what, decided together with the change it tells of.

An intent is a promise to speak, not the words: it is written in the same move as the state and rendered later from
the state as it is then.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from bot.domain.delivery import is_worth_a_message, news
from bot.domain.finding import Kind
from bot.domain.ids import ChannelId, NoticeKey, RequestId, UserId
from bot.domain.request import Entry, Happened, PurchaseRequest


class CardIntent(Struct, frozen=True):
    """Bring the request's card in its channel to the present state; post it when there is none."""

    request: RequestId

    def __str__(self) -> str:
        return f"card:{self.request}"


class ThreadIntent(Struct, frozen=True):
    """Say once, in the card's thread, what happened at this version."""

    request: RequestId
    version: int

    def __str__(self) -> str:
        return f"thread:{self.request}:{self.version}"


class DirectIntent(Struct, frozen=True):
    """Tell one person once, by direct message, what happened at this version."""

    request: RequestId
    version: int
    user: UserId

    def __str__(self) -> str:
        return f"direct:{self.request}:{self.version}:{self.user}"


class CopyIntent(Struct, frozen=True):
    """Bring one person's own copy of the card to the present state: the channel could not be written to."""

    request: RequestId
    user: UserId

    def __str__(self) -> str:
        return f"copy:{self.request}:{self.user}"


class StrayIntent(Struct, frozen=True):
    """Tell one admin that the card of this request could not be shown in its channel."""

    request: RequestId
    user: UserId

    def __str__(self) -> str:
        return f"stray:{self.request}:{self.user}"


class HomeIntent(Struct, frozen=True):
    """Draw one person's App Home again, because something in it changed."""

    user: UserId

    def __str__(self) -> str:
        return f"home:{self.user}"


class News(StrEnum):
    """What people are told that is not about one request. The first two are about a draft, the others about a pause."""

    UNPRICED = "unpriced"
    LAPSED = "lapsed"
    PAUSED = "paused"
    RESUMED = "resumed"

    @property
    def is_about_a_draft(self) -> bool:
        return self in {News.UNPRICED, News.LAPSED}


class NewsIntent(Struct, frozen=True):
    """Tell one person once, by direct message. `about` is the id of the draft or the pause."""

    news: News
    about: str
    user: UserId

    def __str__(self) -> str:
        return f"news:{self.news}:{self.about}:{self.user}"


class NoticeIntent(Struct, frozen=True):
    """Say a notice once, in a channel or to one person; `instead_of` is the channel that could not be written to."""

    key: NoticeKey
    to: ChannelId | UserId
    instead_of: ChannelId | None = None

    @property
    def is_to_person(self) -> bool:
        return self.to.startswith(("U", "W"))

    def __str__(self) -> str:
        to = f"{self.to}/{self.instead_of}" if self.instead_of else self.to
        return f"notice:{to}:{self.key}"


class ThreadNoticeIntent(Struct, frozen=True):
    """Say a notice once, in the thread of a request's card."""

    key: NoticeKey
    request: RequestId

    def __str__(self) -> str:
        return f"below:{self.request}:{self.key}"


Destination = ChannelId | UserId | RequestId
"""Where a notice goes: a channel, a person, or, by its number, the thread of a request's card."""


def notice_intent(key: NoticeKey, to: Destination) -> NoticeIntent | ThreadNoticeIntent:
    return ThreadNoticeIntent(key, to) if isinstance(to, int) else NoticeIntent(key, to)


Intent = (
    CardIntent
    | CopyIntent
    | ThreadIntent
    | DirectIntent
    | StrayIntent
    | NewsIntent
    | NoticeIntent
    | ThreadNoticeIntent
    | HomeIntent
)

NO_REQUEST = RequestId(0)
"""What messages are kept under that are about no request and no notice; numbers begin far above."""


def subject(intent: Intent) -> RequestId | NoticeKey:
    """The request or the notice a message is kept with."""
    match intent:
        case NewsIntent() | HomeIntent():
            return NO_REQUEST
        case NoticeIntent():
            return intent.key
        case _:
            return intent.request


MOST_TOGETHER = 10
"""How many notices one message may hold."""
MOST_BEFORE = 20
"""How many steps of a request back an earlier notice is looked for."""


def company(intent: Intent) -> str:
    """What is said to the same person or in the same thread may share a message, when it is due at the same time.

    Empty for what always has a message of its own: cards are changed in place, and a channel reads one thing at a time.
    """
    match intent:
        case DirectIntent() | StrayIntent() | NewsIntent():
            return intent.user
        case NoticeIntent(is_to_person=True):
            return intent.to
        case ThreadIntent() | ThreadNoticeIntent():
            return f"thread:{intent.request}"
        case _:
            return ""


def before(intent: Intent) -> tuple[Intent, ...]:
    """What happened to the same request earlier and goes to the same place: it is to be read first."""
    match intent:
        case DirectIntent() | ThreadIntent():
            versions = range(max(1, intent.version - MOST_BEFORE), intent.version)
            return tuple(replace(intent, version=version) for version in versions)
        case _:
            return ()


IN_THREAD = frozenset(
    {
        Happened.CAPPED,
        Happened.REOPENED,
        Happened.ORDERED,
        Happened.REFUSED,
        Happened.UNCLEAR,
        Happened.FOUND,
        Happened.ABSENT,
        Happened.RETRIED,
        Happened.RESUMED,
        Happened.EXAMINED,
        Happened.DECLINED,
    }
)
TO_REQUESTER = frozenset(
    {
        Happened.CAPPED,
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
TO_REQUESTER_OF_A_LOOK = frozenset({Kind.ACTIVE, Kind.ENDED, Kind.VOID})


def intents_after(request: PurchaseRequest) -> tuple[Intent, ...]:
    """What the newest line of the request's history calls for. The card comes first: threads hang below it."""
    newest = request.history[-1]
    if newest.happened is Happened.FOLLOWED:
        return _after_a_look(request, newest)
    if newest.happened is Happened.CAPPED and _was_capped_before(request, newest):
        return (CardIntent(request.id),)
    intents: list[Intent] = [CardIntent(request.id)]
    if newest.happened in IN_THREAD:
        intents.append(ThreadIntent(request.id, newest.version))
    if newest.happened in TO_REQUESTER:
        intents.append(DirectIntent(request.id, newest.version, request.requester))
    intents += [DirectIntent(request.id, newest.version, user) for user in newest.others if user != request.requester]
    return tuple(intents)


def _was_capped_before(request: PurchaseRequest, newest: Entry) -> bool:
    """The same decision found no room before: people know, and the card has the new sums."""
    begun = request.last(Happened.SUBMITTED, Happened.REOPENED, Happened.RETRIED)
    since = begun.version if begun else 0
    return any(
        entry.happened is Happened.CAPPED and since < entry.version < newest.version for entry in request.history
    )


def _after_a_look(request: PurchaseRequest, entry: Entry) -> tuple[Intent, ...]:
    """The thread hears everything once, the requester what they wait for, others what needs them."""
    intents: list[Intent] = [CardIntent(request.id)]
    if is_worth_a_message(request, entry):
        intents.append(ThreadIntent(request.id, entry.version))
    told = {finding.kind for finding in news(request, entry)}
    people = [request.requester] if told & TO_REQUESTER_OF_A_LOOK else []
    intents += [DirectIntent(request.id, entry.version, user) for user in dict.fromkeys([*people, *entry.others])]
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
        case ["copy", number, user]:
            return CopyIntent(RequestId(int(number)), UserId(user))
        case ["stray", number, user]:
            return StrayIntent(RequestId(int(number)), UserId(user))
        case ["home", user]:
            return HomeIntent(UserId(user))
        case ["news", news, about, user]:
            return NewsIntent(News(news), about, UserId(user))
        case ["notice", to, *key]:
            who, _, instead_of = to.partition("/")
            return NoticeIntent(NoticeKey(":".join(key)), UserId(who), ChannelId(instead_of) if instead_of else None)
        case ["below", number, *key]:
            return ThreadNoticeIntent(NoticeKey(":".join(key)), RequestId(int(number)))
        case _:
            raise ValueError(f"not an intent: {text!r}")

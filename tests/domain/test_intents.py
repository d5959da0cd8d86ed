"""Who is told what after each step, and the text an intent is stored as."""

import pytest

from bot.domain.ids import ChannelId, NoticeKey, RequestId, UserId
from bot.domain.intents import (
    CardIntent,
    DirectIntent,
    Intent,
    NoticeIntent,
    ThreadIntent,
    ThreadNoticeIntent,
    intents_after,
    parse_intent,
)
from bot.domain.request import Happened, PurchaseRequest
from tests.examples import every_state

TOLD = {
    Happened.SUBMITTED: "card",
    Happened.ENDORSED: "card",
    Happened.APPROVED: "card",
    Happened.CAPPED: "card thread direct direct",
    Happened.DELAYED: "card",
    Happened.CLAIMED: "card",
    Happened.WITHDRAWN: "card",
    Happened.RETRIED: "card thread",
    Happened.RESUMED: "card thread",
    Happened.EXAMINED: "card thread",
    Happened.EXPIRED: "card direct",
    Happened.DECLINED: "card thread direct",
    Happened.REOPENED: "card thread direct",
    Happened.ORDERED: "card thread direct",
    Happened.REFUSED: "card thread direct",
    Happened.UNCLEAR: "card thread direct",
    Happened.FOUND: "card thread direct",
    Happened.ABSENT: "card thread direct",
    Happened.FOLLOWED: "card thread direct",
}


def test_every_happening_is_decided_about() -> None:
    assert set(TOLD) == set(Happened)


@pytest.mark.parametrize("request_", list(every_state()), ids=lambda request_: request_.history[-1].happened)
def test_who_is_told_after_each_step(request_: PurchaseRequest) -> None:
    newest = request_.history[-1]
    intents = intents_after(request_)
    told = "card" if is_said_again(request_) else TOLD[newest.happened]
    assert [str(intent).split(":")[0] for intent in intents] == told.split()
    for intent in intents:
        assert isinstance(intent, CardIntent | ThreadIntent | DirectIntent)
        assert intent.request == request_.id
        if not isinstance(intent, CardIntent):
            assert intent.version == newest.version
        if isinstance(intent, DirectIntent):
            assert intent.user in (request_.requester, *newest.others)


def is_said_again(one: PurchaseRequest) -> bool:
    """Two clicks on one revision that the budget has no room for: the card has the newer sums, nobody is told twice."""
    happened = [entry.happened for entry in one.history]
    fresh = max((at for at, word in enumerate(happened) if word in (Happened.REOPENED, Happened.RETRIED)), default=0)
    return happened[-1] is Happened.CAPPED and Happened.CAPPED in happened[fresh:-1]


def test_the_card_comes_first_because_threads_hang_below_it() -> None:
    assert all(isinstance(intents_after(one)[0], CardIntent) for one in every_state())


@pytest.mark.parametrize(
    ("intent", "text"),
    [
        (CardIntent(RequestId(1042)), "card:1042"),
        (ThreadIntent(RequestId(1042), 7), "thread:1042:7"),
        (DirectIntent(RequestId(1042), 7, UserId("U012")), "direct:1042:7:U012"),
        (NoticeIntent(NoticeKey("credit:3:0"), ChannelId("C1")), "notice:C1:credit:3:0"),
        (NoticeIntent(NoticeKey("credit:3:0"), UserId("U1"), ChannelId("C1")), "notice:U1/C1:credit:3:0"),
        (ThreadNoticeIntent(NoticeKey("credit:3:0"), RequestId(1042)), "below:1042:credit:3:0"),
    ],
)
def test_an_intent_is_stored_as_text_and_read_back(intent: Intent, text: str) -> None:
    assert str(intent) == text
    assert parse_intent(text) == intent


@pytest.mark.parametrize(
    "text", ["", "card", "card:x", "card:1:2", "thread:1", "direct:1:2", "direct:1:2:U:3", "post:1"]
)
def test_text_that_is_no_intent_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an intent|invalid literal"):
        parse_intent(text)

"""The messages that stay, over Slack's Web API: drawn from values, posted once, changed in place, found again.

Nothing is repeated here, not even after a lost connection: its client must have no retries of its own. The outbox
decides when to speak again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import alerts, digest, limits, notices, request_card, shared_summary, tables, together, waiting
from bot.blocks import home as home_view
from bot.blocks.kit import Message
from bot.domain import invoice
from bot.domain.draft import WaitingDraft
from bot.domain.errors import ChatError, Trouble
from bot.domain.home import Home
from bot.domain.ids import ChannelId, UserId
from bot.domain.intents import (
    CardIntent,
    CopyIntent,
    DirectIntent,
    News,
    NewsIntent,
    NoticeIntent,
    StrayIntent,
    ThreadIntent,
    ThreadNoticeIntent,
)
from bot.domain.notice import (
    Alert,
    BalanceUnread,
    BoughtBesides,
    BoughtOutside,
    ChannelDigest,
    CreditBack,
    CreditLow,
    DataLow,
    Notice,
    RenewalDue,
    RenewalUnpaid,
    ServiceChanged,
    SharedSummary,
)
from bot.domain.pause import Pause
from bot.domain.policy import Policy
from bot.domain.request import Happened, PurchaseRequest
from bot.domain.reservation import without_budget
from bot.metrics import MESSAGES, REFUSALS
from bot.ports import Form, MessageRef, Saying, Spot
from bot.slack import calling

EVENT_TYPE = "proxydesk_message"
SHORT = 900
"""Characters of a message that Slack found too long."""
CLOCKS_DIFFER = timedelta(minutes=2)
"""How far Slack's clock may be behind ours when a message is looked for by its time."""
PAGE = 200
PAGES = 10
"""How far back a message is looked for, in a channel where much is said."""


@dataclass(frozen=True, slots=True)
class SlackNotifier:
    """Implements `bot.ports.Notifier`."""

    client: AsyncWebClient
    policy: Callable[[], Policy]

    async def post(self, said: Sequence[Saying], spot: Spot, keys: Sequence[str]) -> MessageRef:
        message = self._together(said)
        answer = await _counted(
            "post",
            self.client.chat_postMessage(
                channel=spot.channel,
                text=message.text,
                blocks=message.blocks or None,
                thread_ts=spot.thread,
                metadata=_metadata(said, keys),
                unfurl_links=False,
                unfurl_media=False,
            ),
        )
        return MessageRef(ChannelId(answer["channel"]), answer["ts"], _version(said))

    def fit(self, said: Sequence[Saying]) -> int:
        return together.fit([self._drawn(saying) for saying in said])

    async def update(self, said: Sequence[Saying], at: MessageRef) -> MessageRef:
        """An empty list of blocks is sent as such: left out, the old ones would stay (Slack docs)."""
        message = self._together(said)
        await _counted(
            "update",
            self.client.chat_update(
                channel=at.channel, ts=at.ts, text=message.text, blocks=message.blocks, metadata=_metadata(said, [""])
            ),
        )
        return MessageRef(at.channel, at.ts, _version(said))

    async def find(self, spot: Spot, keys: Collection[str], since: datetime) -> Mapping[str, MessageRef]:
        channel, found = await self._channel(spot.channel), dict[str, MessageRef]()
        asked: dict[str, Any] = {
            "oldest": f"{(since - CLOCKS_DIFFER).timestamp():.6f}",
            "include_all_metadata": True,
            "limit": PAGE,
        }
        for _ in range(PAGES):
            answer = await _counted("find", self._page(channel, spot, asked))
            for message in answer.get("messages") or []:
                about = _own_mark(message)
                at = MessageRef(channel, message["ts"], about.get("version", 0))
                found |= dict.fromkeys(about.get("key", "").split(), at)
            asked["cursor"] = (answer.get("response_metadata") or {}).get("next_cursor")
            if not asked["cursor"] or found.keys() >= set(keys):
                break
        return {key: found[key] for key in keys if key in found}

    async def show_home(self, home: Home) -> None:
        await _counted("show a home", self.client.views_publish(user_id=home.user, view=home_view.home(home)))

    async def is_welcome(self) -> bool:
        try:
            await _counted("ask for ourselves", self.client.auth_test())
        except ChatError as error:
            if error.trouble in (Trouble.KEYS, Trouble.SCOPE):
                return False
            raise
        return True

    async def take_back(self, at: MessageRef) -> None:
        await _counted("take back", self.client.chat_delete(channel=at.channel, ts=at.ts))

    def _page(self, channel: ChannelId, spot: Spot, asked: dict[str, Any]) -> Awaitable[Any]:
        if spot.thread:
            return self.client.conversations_replies(channel=channel, ts=spot.thread, **asked)
        return self.client.conversations_history(channel=channel, **asked)

    async def _channel(self, place: str) -> ChannelId:
        """A person is written to by their id, and read under the id of the conversation with them."""
        if not place.startswith(("U", "W")):
            return ChannelId(place)
        answer = await _counted("find", self.client.conversations_open(users=place))
        return ChannelId(answer["channel"]["id"])

    # Drawing

    def _together(self, said: Sequence[Saying]) -> Message:
        drawn = [self._drawn(saying) for saying in said]
        return together.together(drawn) if len(drawn) > 1 else drawn[0]

    def _drawn(self, saying: Saying) -> Message:
        message = self._full(saying)
        request = saying.subject if isinstance(saying.subject, PurchaseRequest) else None
        match saying.form:
            case Form.FULL:
                return message
            case Form.PLAIN:
                plainer = tables.without_rich_blocks(message)
                return plainer or notices.as_words(message, limits.FALLBACK, request)
            case Form.WORDS:
                return notices.as_words(message, limits.FALLBACK, request)
            case Form.SHORT:
                return notices.as_words(message, SHORT, request)

    def _full(self, saying: Saying) -> Message:
        match saying.subject, saying.intent:
            case PurchaseRequest() as request, intent if not isinstance(intent, NewsIntent):
                return self._of_request(request, saying)
            case notice, NoticeIntent(instead_of=None) | ThreadNoticeIntent() if isinstance(notice, Notice):
                return _of_notice(notice, shows_sums=saying.shows_sums)
            case notice, NoticeIntent(instead_of=channel) if isinstance(notice, Notice) and channel:
                return alerts.instead_of(channel, _of_notice(notice, shows_sums=saying.shows_sums))
            case WaitingDraft() as ended, NewsIntent(news=news):
                return waiting.lapsed(ended) if news is News.LAPSED else waiting.unpriced(ended)
            case Pause() as pause, NewsIntent(news=news):
                return waiting.paused(pause) if news is News.PAUSED else waiting.resumed(pause)
            case _:
                raise TypeError(f"{saying.intent} does not tell of a {type(saying.subject).__name__}")

    def _of_request(self, request: PurchaseRequest, saying: Saying) -> Message:
        match saying.intent:
            case CardIntent():
                return self._card(self._in_channel(request, saying), saying)
            case CopyIntent(user=user):
                drawn = self._card(self._for(user, request, saying), saying)
                return notices.not_in_channel(request, drawn) if saying.is_stray else notices.copy_of(request, drawn)
            case ThreadIntent(version=version):
                entry = request.at_version(version) or request.history[-1]
                return notices.thread_notice(self._in_channel(request, saying), entry)
            case DirectIntent(version=version, user=user):
                entry = request.at_version(version) or request.history[-1]
                return notices.direct_notice(self._for(user, request, saying), entry, user)
            case StrayIntent():
                return notices.stray(request)
            case _:
                raise TypeError(f"{saying.intent} is not about a request")

    def _in_channel(self, request: PurchaseRequest, saying: Saying) -> PurchaseRequest:
        seen = invoice.for_channel(request, self._readers(saying))
        return seen if self.policy().shows_channel_its_spend else without_budget(seen)

    def _for(self, user: UserId, request: PurchaseRequest, saying: Saying) -> PurchaseRequest:
        seen = invoice.for_person(request, self._readers(saying), user)
        tried = request.last(Happened.CAPPED)
        answers_for_budget = tried is not None and user in tried.others
        return seen if answers_for_budget or self.policy().shows_channel_its_spend else without_budget(seen)

    def _readers(self, saying: Saying) -> invoice.Readers:
        return invoice.Readers(self.policy().invoice_link, saying.approvers, saying.payers)

    def _card(self, request: PurchaseRequest, saying: Saying) -> Message:
        approvals = self.policy().approvals
        return request_card.card(
            request,
            approvers=saying.approvers,
            role=approvals.role,
            needed=approvals.needed,
            standing=saying.standing,
        )


def _of_notice(notice: Notice, *, shows_sums: bool) -> Message:
    """Each kind has a drawing of its own."""
    match notice:
        case ChannelDigest():
            return digest.posted(notice)
        case SharedSummary():
            return shared_summary.shared(notice)
        case _:
            return _of_alert(notice, shows_sums=shows_sums)


def _of_alert(notice: Alert, *, shows_sums: bool) -> Message:
    match notice:
        case CreditLow():
            return alerts.credit_low(notice)
        case CreditBack():
            return alerts.credit_back(notice)
        case BalanceUnread():
            return alerts.balance_unread(notice)
        case DataLow():
            return alerts.data_low(notice)
        case RenewalDue():
            return alerts.renewal_due(notice, has_sums=shows_sums)
        case RenewalUnpaid():
            return alerts.renewal_unpaid(notice)
        case ServiceChanged():
            return alerts.service_changed(notice, has_sums=shows_sums)
        case BoughtOutside():
            return alerts.bought_outside(notice, has_sums=shows_sums)
        case BoughtBesides():
            return alerts.bought_besides(notice)


async def _counted(what: str, call: Awaitable[Any]) -> Any:
    try:
        answer = await calling(call)
    except ChatError as error:
        REFUSALS.labels(what, error.code).inc()
        raise
    MESSAGES.labels(what).inc()
    return answer


def _version(said: Sequence[Saying]) -> int:
    """Several together are never changed in place, so theirs means nothing."""
    subject = said[0].subject
    return subject.version if isinstance(subject, PurchaseRequest) else 0


def _own_mark(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """What we said about a message of ours. Other apps mark theirs as they like."""
    mark = message.get("metadata") or {}
    payload = mark.get("event_payload") or {}
    is_ours = mark.get("event_type") == EVENT_TYPE and isinstance(payload.get("version"), int)
    return payload if is_ours and isinstance(payload.get("key"), str) else {}


def _metadata(said: Sequence[Saying], keys: Sequence[str]) -> dict[str, Any]:
    """Names everything that the message says. Every app and member can read it, so it holds what the message shows
    anyway (Slack docs); values must be flat, so several are one text with blanks between."""
    payload: dict[str, Any] = {
        "name": " ".join(str(saying.intent) for saying in said),
        "version": _version(said),
        "key": " ".join(keys),
    }
    requests = [saying.subject for saying in said if isinstance(saying.subject, PurchaseRequest)]
    if requests:
        payload["request"] = " ".join(dict.fromkeys(f"{request.workspace}/{request.id}" for request in requests))
    return {"event_type": EVENT_TYPE, "event_payload": payload}

"""The outbox: every intent to speak is taken, drawn from the state as it is now, delivered, and remembered.

A message problem never changes a request, and a purchase never waits for a message. What Slack refuses is answered by
kind: a closed channel by direct messages, a refused layout by plain words, a wish to wait by waiting in that channel
alone, a revoked token by silence until it is mended, and anything unknown by ever longer pauses and, in the end, by
giving up where it can be seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TypeVar

import structlog

from bot.domain.draft import WaitingDraft
from bot.domain.errors import ChatError, RecordError, StoreError, StoreUnavailableError, Trouble
from bot.domain.ids import ChannelId, DraftId, NoticeKey, UserId, WorkspaceId
from bot.domain.intents import (
    TO_REQUESTER,
    CardIntent,
    CopyIntent,
    DirectIntent,
    HomeIntent,
    Intent,
    News,
    NewsIntent,
    NoticeIntent,
    StrayIntent,
    ThreadIntent,
    ThreadNoticeIntent,
    company,
    subject,
)
from bot.domain.invoice import Audience, asks_to_pay
from bot.domain.notice import Notice
from bot.domain.pause import Pause
from bot.domain.policy import ADMIN, CHANNEL, Role
from bot.domain.request import PurchaseRequest, State
from bot.domain.rules import Decider, judge
from bot.metrics import PARKED
from bot.ports import Audit, Claim, Notifier, Saying, Spot, Told
from bot.usecases.desk import Desk, utcnow
from bot.usecases.home import home, onlookers
from bot.usecases.speak import HopelessError, NotNowError, Part, Speaker
from bot.usecases.summaries import may_see_prices

BATCH = 20
SOON = timedelta(seconds=5)
SOON_MOST = timedelta(minutes=5)
"""First and longest pause after a call that may have worked, or that never left."""
LATER = timedelta(seconds=20)
LATER_MOST = timedelta(minutes=15)
"""First and longest pause after a refusal nobody knows."""
CARD_FIRST = timedelta(seconds=2)
"""How long a thread notice waits for the card it hangs below, at first."""
MOST_TRIES = 8
"""A message that fails this often is parked; a thread notice whose card does not come goes by direct message."""
NEEDS_SOMEBODY = frozenset({State.PENDING, State.IN_DOUBT, State.FAILED})
"""An approver has something to decide."""

CONCERNS_ALL = frozenset(Trouble) - {Trouble.BLOCKS, Trouble.LONG, Trouble.OTHER}
"""What Slack says of a place, of us or of the moment, and not of what one part of a message holds."""
LAST = datetime.max.replace(tzinfo=UTC)

_log = structlog.get_logger()
K = TypeVar("K")


class _CardIsMissingError(Exception):
    """A thread notice came before the card it hangs below."""


@dataclass(frozen=True, slots=True)
class Teller:
    desk: Desk
    notifier: Notifier
    clock: Callable[[], datetime] = utcnow

    async def tell(self, workspace: WorkspaceId) -> int:
        """Deliver what is due, at most BATCH intents; returns how many were taken.

        Messages of one request or notice go one after the other, those of different ones side by side. Notices for one
        person or thread are gathered into as few messages as hold them, after the cards that they speak of.
        """
        claims = await self.desk.store.claim_intents(workspace, self.clock(), BATCH)
        apart = _grouped(claims, lambda claim: None if _company(claim) else subject(claim.intent))
        cards = {about: asyncio.ensure_future(self._in_order(group)) for about, group in apart.items()}
        together = _grouped(claims, _company)
        await _all([*cards.values(), *(self._following(cards, group) for group in together.values())])
        return len(claims)

    async def listen_again(self, workspace: WorkspaceId) -> None:
        """While Slack refuses us and nothing waits to be said that would show a change, ask."""
        if await self.desk.store.silence(workspace) is None:
            return
        try:
            if await self.notifier.is_welcome():
                await self.desk.store.speak_again(workspace)
                _log.info("slack_takes_our_token_again")
        except ChatError as error:
            _log.warning("slack_not_asked", code=error.code)

    async def _in_order(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            await self._deliver([claim])

    async def _following(self, cards: Mapping[Hashable, Awaitable[None]], claims: Sequence[Claim]) -> None:
        await asyncio.gather(*{cards[about] for claim in claims if (about := subject(claim.intent)) in cards})
        await self._deliver(claims)

    async def _deliver(self, claims: Sequence[Claim]) -> None:
        """What is to be posted of it goes out in as few messages as hold it, in the order in which it happened."""
        ready = [part for claim in claims if (part := await self._seen_to(claim, self._say(claim))) is not None]
        ready.sort(key=_happened)
        while ready:
            count = self._fit(ready)
            await self._post(ready[:count])
            ready = ready[count:]

    def _fit(self, parts: Sequence[Part]) -> int:
        """How many of them, from the first on, go into one message."""
        beside = list(takewhile(lambda part: part.spot == parts[0].spot, parts))
        try:
            return self.notifier.fit([part.saying for part in beside]) if len(beside) > 1 else 1
        except Exception:
            return 1  # the one that cannot be drawn is to fail by itself

    async def _post(self, parts: Sequence[Part]) -> None:
        begun: Sequence[Part] = parts
        try:
            posts = await self._speaker.begin(parts)
            begun = [part for part, _ in posts]
            await self._speaker.post(posts)
        except StoreUnavailableError:
            raise  # they come back by themselves when their lease ends
        except Exception as error:
            await self._not_posted(begun, error)
        else:
            for part in begun:
                await self._seen_to(part.claim, _nothing_left())

    async def _not_posted(self, parts: Sequence[Part], error: Exception) -> None:
        """What one of them may be to blame for is found out by saying each by itself."""
        is_for_all = isinstance(error, NotNowError) or (isinstance(error, ChatError) and error.trouble in CONCERNS_ALL)
        for part in parts:
            if len(parts) == 1 or is_for_all:
                await self._seen_to(part.claim, self._elsewhere(part, error))
            else:
                _log.warning("message_taken_apart", intent=str(part.claim.intent), error=str(error))
                await self.desk.store.delay_intent(part.claim, self.clock(), is_alone=True)

    async def _seen_to(self, claim: Claim, work: Awaitable[Part | None]) -> Part | None:
        """The part of it that is still to be posted. Without one it is done with: said, put off or given up."""
        store = self.desk.store
        try:
            part = await work
        except NotNowError:
            return None
        except _CardIsMissingError:
            await store.delay_intent(claim, self._after(claim, CARD_FIRST, SOON_MOST), is_failure=True)
        except ChatError as error:
            await self._refused(claim, error)
        except HopelessError as error:
            await self._park(claim, str(error))
        except RecordError as error:
            _log.error("message_of_unreadable_record", intent=str(claim.intent), error=str(error))
            await self._fail(claim, "the record cannot be read")
        except StoreError:
            raise  # it comes back by itself when its lease ends
        except Exception as error:
            _log.exception("message_not_drawn", intent=str(claim.intent))
            await self._fail(claim, type(error).__name__)
        else:
            if part is not None:
                return part
            _log.debug("message_told", intent=str(claim.intent))
            await store.settle_intent(claim)
            if claim.is_probe:
                await store.speak_again(claim.workspace)
                _log.info("slack_takes_our_token_again")
        return None

    async def _refused(self, claim: Claim, error: ChatError) -> None:
        store, now = self.desk.store, self.clock()
        match error.trouble:
            case Trouble.KEYS | Trouble.SCOPE:
                if await store.fall_silent(claim.workspace, error.code, now):
                    _log.error("slack_refuses_us", code=error.code, kept="messages wait and leave by themselves")
                await store.delay_intent(claim, now)
            case Trouble.WAIT:
                await store.delay_intent(claim, now + timedelta(seconds=error.retry_after_s or LATER.total_seconds()))
            case Trouble.UNCLEAR | Trouble.NEVER_SENT:
                _log.warning("message_unclear", intent=str(claim.intent), code=error.code)
                await store.delay_intent(claim, self._after(claim, SOON, SOON_MOST), is_failure=True)
            case _:
                await self._fail(claim, error.code)

    async def _fail(self, claim: Claim, reason: str) -> None:
        _log.warning("message_not_delivered", intent=str(claim.intent), code=reason, tries=claim.tries + 1)
        if claim.tries + 1 >= MOST_TRIES:
            await self._park(claim, reason)
        else:
            until = self._after(claim, LATER, LATER_MOST)
            await self.desk.store.delay_intent(claim, until, is_failure=True)

    async def _park(self, claim: Claim, reason: str) -> None:
        _log.error("message_parked", intent=str(claim.intent), code=reason)
        PARKED.inc()
        await self.desk.store.park_intent(claim, reason, self.clock())

    def _after(self, claim: Claim, first: timedelta, most: timedelta) -> datetime:
        return self.clock() + min(first * (1 << min(claim.tries, 16)), most)

    # What is said

    async def _say(self, claim: Claim) -> Part | None:
        """Says it, or returns what is to be posted."""
        intent = claim.intent
        if isinstance(intent, NewsIntent):
            return await self._news(claim, intent)
        if isinstance(intent, HomeIntent):
            await self._home(claim, intent)
            return None
        if isinstance(intent, NoticeIntent):
            return await self._notice(claim, intent)
        request = await self.desk.store.get(claim.workspace, intent.request)
        if request is None:
            _log.error("message_without_request", intent=str(intent))
            return None
        told = await self.desk.store.told(claim, request.channel)
        match intent:
            case CardIntent():
                await self._card(claim, request, told)
            case CopyIntent():
                await self._copy(claim, intent, request, told)
            case ThreadIntent():
                await self._ask(claim, await self._for_payers(request, intent))
                return await self._thread(claim, await self._saying(intent, request), request, told)
            case ThreadNoticeIntent():
                if notice := await self._notice_of(claim, intent.key):
                    return await self._thread(claim, await self._of_notice(intent, notice), request, told)
            case DirectIntent() | StrayIntent():
                return await self._new(Part(claim, await self._saying(intent, request), Spot(intent.user)), told)
        return None

    async def _new(self, part: Part, told: Told) -> Part | None:
        """None when it stands already, or cannot be delivered."""
        if str(part.claim.intent) in told.dropped:
            return None
        try:
            return None if await self._speaker.is_said(part.claim, told, part.spot) else part
        except ChatError as error:
            await self._elsewhere(part, error)
            return None

    async def _elsewhere(self, part: Part, error: Exception) -> None:
        """Where it goes when it cannot be said in its place. An error that says nothing of the place goes on."""
        if not isinstance(error, ChatError):
            raise error
        match part.claim.intent:
            case ThreadIntent() | ThreadNoticeIntent() if part.request is not None:
                await self._out_of_thread(part, part.request, error)
            case NoticeIntent(is_to_person=False) as intent:
                await self._out_of_channel(part.claim, intent, error)
            case _:
                await self._drop(part.claim, UserId(part.spot.channel), error)

    async def _out_of_channel(self, claim: Claim, intent: NoticeIntent, error: ChatError) -> None:
        if error.trouble is not Trouble.CLOSED:
            raise error
        _log.warning("channel_closed_to_us", channel=intent.to, code=error.code, notice=intent.key)
        closed = ChannelId(intent.to)
        await self._ask(claim, (NoticeIntent(intent.key, user, closed) for user in await self._keepers()))

    @property
    def _speaker(self) -> Speaker:
        return Speaker(self.desk.store, self.notifier, self.clock)

    async def _card(self, claim: Claim, request: PurchaseRequest, told: Told) -> None:
        saying = await self._saying(claim.intent, request)
        try:
            await self._speaker.keep_current(claim, told, saying, Spot(request.channel))
        except ChatError as error:
            if error.trouble is not Trouble.CLOSED:
                raise
            await self._stray(claim, request, error.code)
            people = [request.requester, *(await self._deciders(request) or await self._admins_for(request))]
            await self._ask(claim, (CopyIntent(request.id, user) for user in people))
        await self._ask(claim, (CopyIntent(request.id, user) for user in _copies(request, told)))

        await self._ask(claim, (HomeIntent(user) for user in await onlookers(self.desk, request)))

    async def _home(self, claim: Claim, intent: HomeIntent) -> None:
        """Somebody without a Home is left alone; whoever opens it has it drawn anew."""
        try:
            await self.notifier.show_home(await home(self.desk, claim.workspace, intent.user))
        except ChatError as error:
            if error.trouble not in (Trouble.PERSON, Trouble.CLOSED):
                raise

    async def _copy(self, claim: Claim, intent: CopyIntent, request: PurchaseRequest, told: Told) -> None:
        if str(intent) in told.dropped:
            return
        saying = replace(await self._saying(intent, request), is_stray=told.is_stray)
        try:
            await self._speaker.keep_current(claim, told, saying, Spot(intent.user))
        except ChatError as error:
            await self._drop(claim, intent.user, error)
            if not await self._reaches_a_decider(claim, request):
                await self._ask(claim, (CopyIntent(request.id, user) for user in await self._admins_for(request)))

    async def _thread(self, claim: Claim, saying: Saying, request: PurchaseRequest, told: Told) -> Part | None:
        card = told.places.get(str(CardIntent(request.id)))
        if card is not None:
            return await self._new(Part(claim, saying, Spot(card.channel, card.ts), request), told)
        if not told.is_stray and claim.tries < MOST_TRIES:
            raise _CardIsMissingError
        await self._instead_of_thread(Part(claim, saying, Spot(request.channel), request), request, "no_card")
        return None

    async def _out_of_thread(self, part: Part, request: PurchaseRequest, error: ChatError) -> None:
        if error.trouble is Trouble.LOST:  # the card is gone: it is posted anew, and this hangs below the new one
            await self._ask(part.claim, [CardIntent(request.id)])
            raise _CardIsMissingError from None
        if error.trouble is not Trouble.CLOSED:
            raise error
        await self._instead_of_thread(part, request, error.code)

    async def _instead_of_thread(self, part: Part, request: PurchaseRequest, code: str) -> None:
        await self._stray(part.claim, request, code)
        told = await self.desk.store.told(part.claim, request.channel)
        people = [request.requester, *_copies(request, told), *await self._deciders(request)]
        await self._ask(part.claim, _instead(part.claim.intent, request, dict.fromkeys(people)))

    async def _news(self, claim: Claim, intent: NewsIntent) -> Part | None:
        """What is not about one request. What it was about may be forgotten by now: then it is no news."""
        about = await self._news_subject(claim.workspace, intent)
        if about is None:
            _log.warning("news_without_subject", intent=str(intent))
            return None
        told = await self.desk.store.told(claim)
        return await self._new(Part(claim, Saying(intent, about), Spot(intent.user)), told)

    async def _news_subject(self, workspace: WorkspaceId, intent: NewsIntent) -> WaitingDraft | Pause | None:
        if intent.news.is_about_a_draft:
            return await self.desk.store.kept_draft(workspace, DraftId(intent.about))
        pause = await self.desk.store.pause()
        if pause is None or pause.id != intent.about or pause.is_on != (intent.news is News.PAUSED):
            return None
        return pause

    async def _notice(self, claim: Claim, intent: NoticeIntent) -> Part | None:
        notice = await self._notice_of(claim, intent.key)
        if notice is None:
            return None
        told = await self.desk.store.told(claim)
        return await self._new(Part(claim, await self._of_notice(intent, notice), Spot(intent.to)), told)

    async def _notice_of(self, claim: Claim, key: NoticeKey) -> Notice | None:
        notice = await self.desk.store.notice(claim.workspace, key)
        if notice is None:
            _log.error("notice_forgotten", intent=str(claim.intent))
        return notice

    async def _keepers(self) -> list[UserId]:
        """Those who look after the bot: its admins; where there are none, those who approve."""
        return await self._holders(self.desk.policy().role(ADMIN) or self.desk.approver_role()[1])

    # Who is told when the channel is closed

    async def _stray(self, claim: Claim, request: PurchaseRequest, code: str) -> None:
        """Admins hear of it once for each time it happens."""
        if await self.desk.store.note_stray(claim.workspace, request.channel, self.clock()):
            admins = await self._holders(self.desk.policy().role(ADMIN))
            _log.warning("channel_closed_to_us", channel=request.channel, code=code, request=request.id)
            await self._ask(claim, (StrayIntent(request.id, user) for user in admins))

    async def _drop(self, claim: Claim, user: UserId, error: ChatError) -> None:
        """A person who cannot be written to is not tried again, and the record says so. Any other error goes on."""
        if error.trouble not in (Trouble.PERSON, Trouble.CLOSED):
            raise error
        _log.warning("message_dropped", intent=str(claim.intent), user=user, code=error.code)
        detail = f"{claim.intent}: {error.code}"
        about = getattr(claim.intent, "request", None)
        await self.desk.store.audit(claim.workspace, Audit(self.clock(), "message_dropped", about, user, detail))
        await self.desk.store.drop_message(claim, error.code)

    async def _reaches_a_decider(self, claim: Claim, request: PurchaseRequest) -> bool:
        """Whether the card of a request that needs a decision may still reach somebody who can take it."""
        if request.state not in NEEDS_SOMEBODY:
            return True
        dropped = (await self.desk.store.told(claim)).dropped
        return any(str(CopyIntent(request.id, user)) not in dropped for user in await self._deciders(request))

    async def _admins_for(self, request: PurchaseRequest) -> list[UserId]:
        """The last who can see to a request that nobody who may decide can be shown."""
        is_needed = request.state in NEEDS_SOMEBODY
        return await self._holders(self.desk.policy().role(ADMIN)) if is_needed else []

    async def _deciders(self, request: PurchaseRequest) -> list[UserId]:
        """Those who could decide this request now, when there is something to decide."""
        if request.state not in NEEDS_SOMEBODY:
            return []
        name, role = self.desk.approver_role()
        holders = await self._holders(role)
        return [user for user in holders if await self._may_decide(user, name, frozenset(holders), request)]

    async def _may_decide(self, user: UserId, role: str, holders: frozenset[UserId], request: PurchaseRequest) -> bool:
        try:
            person = await self.desk.directory.person(user)
        except ChatError:
            return user != request.requester  # judged at the click anyway
        return judge(Decider(person, request.requester, role, holders)).is_allowed

    async def _holders(self, role: Role | None) -> list[UserId]:
        """Who holds a role; when Slack cannot say, those whom the policy names."""
        if role is None:
            return []
        try:
            return sorted(await self.desk.directory.holders(role))
        except ChatError:
            return sorted(role.users)

    async def _approvers(self) -> tuple[UserId, ...]:
        """Names for the card only; who may decide is judged at the click."""
        try:
            return tuple(sorted(await self.desk.approvers()))
        except ChatError:
            return ()

    async def _saying(self, intent: Intent, request: PurchaseRequest) -> Saying:
        return Saying(intent, request, await self._approvers(), await self._payers())

    async def _of_notice(self, intent: NoticeIntent | ThreadNoticeIntent, notice: Notice) -> Saying:
        """What a service costs is left out where the policy does not show it to the channel, or to this person."""
        if isinstance(intent, NoticeIntent) and intent.is_to_person:
            owner = getattr(notice, "owner", None)
            verdict = await may_see_prices(self.desk, UserId(intent.to), None, owner, intent.instead_of)
            return Saying(intent, notice, shows_sums=verdict.is_allowed)
        return Saying(intent, notice, shows_sums=CHANNEL in self.desk.policy().prices_visible_to)

    async def _payers(self) -> tuple[UserId, ...]:
        """Those who alone are given the links of invoices, where the policy has it so."""
        policy = self.desk.policy()
        if policy.invoice_link is not Audience.PAYER:
            return ()
        return tuple(await self._holders(policy.payer_role)) or await self._approvers()

    async def _for_payers(self, request: PurchaseRequest, intent: ThreadIntent) -> list[DirectIntent]:
        """Where only they have its link, those who pay hear of an invoice when the thread does."""
        entry = request.at_version(intent.version)
        if entry is None or not asks_to_pay(request, entry):
            return []
        return [DirectIntent(request.id, intent.version, user) for user in await self._payers()]

    async def _ask(self, claim: Claim, intents: Iterable[Intent]) -> None:
        for intent in dict.fromkeys(intents):
            await self.desk.store.ask(claim.workspace, intent, self.clock())


def _copies(request: PurchaseRequest, told: Told) -> list[UserId]:
    """Who has a copy of the card, or may have one."""
    start = f"copy:{request.id}:"
    return [UserId(name.removeprefix(start)) for name in {**told.places, **told.begun} if name.startswith(start)]


def _instead(intent: Intent, request: PurchaseRequest, people: Iterable[UserId]) -> Iterable[Intent]:
    """The thread cannot be written to: those who have the card by direct message, or have to decide, hear of it."""
    match intent:
        case ThreadNoticeIntent():
            return [NoticeIntent(intent.key, user) for user in people]
        case ThreadIntent(version=version):
            entry = request.at_version(version)
            is_requester_told = entry is not None and entry.happened in TO_REQUESTER
            heard = {request.requester} if is_requester_told else set()
            return [DirectIntent(request.id, version, user) for user in people if user not in heard]
        case _:
            return []


def _company(claim: Claim) -> str | None:
    return None if claim.is_alone else company(claim.intent) or None


def _grouped(claims: Iterable[Claim], by: Callable[[Claim], K | None]) -> dict[K, list[Claim]]:
    """Those for which there is something to group by."""
    groups: dict[K, list[Claim]] = {}
    for claim in claims:
        if (name := by(claim)) is not None:
            groups.setdefault(name, []).append(claim)
    return groups


def _happened(part: Part) -> tuple[datetime, int]:
    """When what it tells of was so; what carries no time of its own comes last."""
    saying = part.saying
    match saying.intent:
        case ThreadIntent(version=version) | DirectIntent(version=version):
            entry = saying.subject.at_version(version) if isinstance(saying.subject, PurchaseRequest) else None
            return (entry.at, version) if entry else (LAST, version)
        case _:
            return (saying.subject.at, 0) if isinstance(saying.subject, Notice) else (LAST, 0)


async def _nothing_left() -> None:
    return


async def _all(work: Iterable[Awaitable[object]]) -> None:
    """Everything to its end; then the first error, if there was one."""
    ended = await asyncio.gather(*work, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, BaseException):
            raise outcome

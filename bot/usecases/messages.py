"""What each intent comes to: a card brought up to date, a part ready to be posted, or others who are told instead.

Everything is drawn from the state as it is then. A closed channel or thread is answered by direct messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from msgspec.structs import replace

from bot.domain.draft import WaitingDraft
from bot.domain.errors import ChatError, Trouble
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
)
from bot.domain.invoice import asks_to_pay
from bot.domain.notice import Notice
from bot.domain.pause import Pause
from bot.domain.request import PurchaseRequest
from bot.ports import Audit, Claim, Notifier, Saying, Spot, Told
from bot.usecases import budgets
from bot.usecases.addressees import NEEDS_SOMEBODY, Addressees
from bot.usecases.desk import Desk
from bot.usecases.home import home, onlookers
from bot.usecases.speak import Part, Speaker
from bot.usecases.summaries import may_see_prices

MOST_TRIES = 8
"""A thread notice whose card does not come for this often goes by direct message; any other message is parked."""

_log = structlog.get_logger()


class CardIsMissingError(Exception):
    """A thread notice came before the card it hangs below."""


@dataclass(frozen=True, slots=True)
class Messages:
    desk: Desk
    notifier: Notifier
    clock: Callable[[], datetime]

    @property
    def speaker(self) -> Speaker:
        return Speaker(self.desk.store, self.notifier, self.clock)

    @property
    def _people(self) -> Addressees:
        return Addressees(self.desk)

    async def prepare(self, claim: Claim) -> Part | None:
        """Keeps a card current, or returns what is to be posted; None when nothing is left to do."""
        intent = claim.intent
        if isinstance(intent, NewsIntent):
            return await self._news(claim, intent)
        if isinstance(intent, HomeIntent):
            await self._home(claim, intent)
            return None
        if isinstance(intent, NoticeIntent):
            return await self._notice(claim, intent)
        request, told = await asyncio.gather(
            self.desk.store.get(claim.workspace, intent.request), self.desk.store.told(claim)
        )
        if request is None:
            _log.error("message_without_request", intent=str(intent))
            return None
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
                return self._new(Part(claim, await self._saying(intent, request), Spot(intent.user)), told)
        return None

    @staticmethod
    def _new(part: Part, told: Told) -> Part | None:
        """None when it stands already, or cannot be delivered."""
        name = str(part.claim.intent)
        if name in told.dropped or name in told.places:
            return None
        return replace(part, mark=told.begun.get(name))

    async def elsewhere(self, part: Part, error: Exception) -> None:
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
        await self._ask(claim, (NoticeIntent(intent.key, user, closed) for user in await self._people.keepers()))

    async def _card(self, claim: Claim, request: PurchaseRequest, told: Told) -> None:
        saying = await self._saying(claim.intent, request)
        try:
            await self.speaker.keep_current(claim, told, saying, Spot(request.channel))
        except ChatError as error:
            if error.trouble is not Trouble.CLOSED:
                raise
            await self._stray(claim, request, error.code)
            people = [
                request.requester,
                *(await self._people.deciders(request) or await self._people.admins_for(request)),
            ]
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
        saying = await self._saying(intent, request)
        saying = replace(saying, is_stray=await self.desk.store.is_stray(claim.workspace, request.channel))
        try:
            await self.speaker.keep_current(claim, told, saying, Spot(intent.user))
        except ChatError as error:
            await self._drop(claim, intent.user, error)
            if not await self._reaches_a_decider(claim, request):
                await self._ask(
                    claim, (CopyIntent(request.id, user) for user in await self._people.admins_for(request))
                )

    async def _thread(self, claim: Claim, saying: Saying, request: PurchaseRequest, told: Told) -> Part | None:
        card = told.places.get(str(CardIntent(request.id)))
        if card is not None:
            return self._new(Part(claim, saying, Spot(card.channel, card.ts), request), told)
        is_expected = not await self.desk.store.is_stray(claim.workspace, request.channel)
        if is_expected and claim.tries < MOST_TRIES:
            raise CardIsMissingError
        await self._instead_of_thread(Part(claim, saying, Spot(request.channel), request), request, "no_card")
        return None

    async def _out_of_thread(self, part: Part, request: PurchaseRequest, error: ChatError) -> None:
        if error.trouble is Trouble.LOST:  # the card is gone: it is posted anew, and this hangs below the new one
            await self._ask(part.claim, [CardIntent(request.id)])
            raise CardIsMissingError from None
        if error.trouble is not Trouble.CLOSED:
            raise error
        await self._instead_of_thread(part, request, error.code)

    async def _instead_of_thread(self, part: Part, request: PurchaseRequest, code: str) -> None:
        await self._stray(part.claim, request, code)
        told = await self.desk.store.told(part.claim)
        people = [request.requester, *_copies(request, told), *await self._people.deciders(request)]
        await self._ask(part.claim, _instead(part.claim.intent, request, dict.fromkeys(people)))

    async def _news(self, claim: Claim, intent: NewsIntent) -> Part | None:
        """What is not about one request. What it was about may be forgotten by now: then it is no news."""
        about = await self._news_subject(claim.workspace, intent)
        if about is None:
            _log.warning("news_without_subject", intent=str(intent))
            return None
        told = await self.desk.store.told(claim)
        return self._new(Part(claim, Saying(intent, about), Spot(intent.user)), told)

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
        return self._new(Part(claim, await self._of_notice(intent, notice), Spot(intent.to)), told)

    async def _notice_of(self, claim: Claim, key: NoticeKey) -> Notice | None:
        notice = await self.desk.store.notice(claim.workspace, key)
        if notice is None:
            _log.error("notice_forgotten", intent=str(claim.intent))
        return notice

    # Who is told when the channel is closed

    async def _stray(self, claim: Claim, request: PurchaseRequest, code: str) -> None:
        """Admins hear of it once for each time it happens."""
        if await self.desk.store.note_stray(claim.workspace, request.channel, self.clock()):
            admins = await self._people.admins()
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
        return any(str(CopyIntent(request.id, user)) not in dropped for user in await self._people.deciders(request))

    async def _saying(self, intent: Intent, request: PurchaseRequest) -> Saying:
        is_card = isinstance(intent, CardIntent | CopyIntent)
        standing = await budgets.of_request(self.desk, request) if is_card else None
        return Saying(intent, request, await self._people.approvers(), await self._people.payers(), standing=standing)

    async def _of_notice(self, intent: NoticeIntent | ThreadNoticeIntent, notice: Notice) -> Saying:
        """What a service costs is left out where the policy does not show it to the channel, or to this person."""
        if isinstance(intent, NoticeIntent) and intent.is_to_person:
            owner = getattr(notice, "owner", None)
            verdict = await may_see_prices(self.desk, UserId(intent.to), None, owner, intent.instead_of)
            return Saying(intent, notice, shows_sums=verdict.is_allowed)
        return Saying(intent, notice, shows_sums=self.desk.policy().shows_channel_its_spend)

    async def _for_payers(self, request: PurchaseRequest, intent: ThreadIntent) -> list[DirectIntent]:
        """Where only they have its link, those who pay hear of an invoice when the thread does."""
        entry = request.at_version(intent.version)
        if entry is None or not asks_to_pay(request, entry):
            return []
        return [DirectIntent(request.id, intent.version, user) for user in await self._people.payers()]

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

"""The outbox: every intent to speak is taken, drawn from the state as it is now, delivered, and remembered.

A message problem never changes a request, and a purchase never waits for a message. What Slack refuses is answered by
kind: a closed channel by direct messages, a refused layout by plain words, a wish to wait by waiting in that channel
alone, a revoked token by silence until it is mended, and anything unknown by ever longer pauses and, in the end, by
giving up where it can be seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TypeVar

import structlog

from bot.domain.errors import ChatError, RecordError, StoreError, StoreUnavailableError, Trouble
from bot.domain.ids import WorkspaceId
from bot.domain.intents import DirectIntent, ThreadIntent, company, subject
from bot.domain.notice import Notice
from bot.domain.request import PurchaseRequest
from bot.metrics import PARKED
from bot.ports import Claim, MessageRef, Notifier
from bot.usecases.desk import Desk, utcnow
from bot.usecases.messages import MOST_TRIES, CardIsMissingError, Messages
from bot.usecases.speak import BlindError, HopelessError, NotNowError, Part, check_blind

BATCH = 20
SOON = timedelta(seconds=5)
SOON_MOST = timedelta(minutes=5)
"""First and longest pause after a call that may have worked, or that never left."""
LATER = timedelta(seconds=20)
LATER_MOST = timedelta(minutes=15)
"""First and longest pause after a refusal nobody knows."""
CARD_FIRST = timedelta(seconds=2)
"""How long a thread notice waits for the card it hangs below, at first."""
CONCERNS_ALL = frozenset(Trouble) - {Trouble.BLOCKS, Trouble.LONG, Trouble.OTHER}
"""What Slack says of a place, of us or of the moment, and not of what one part of a message holds."""
LAST = datetime.max.replace(tzinfo=UTC)

_log = structlog.get_logger()
K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Teller:
    desk: Desk
    notifier: Notifier
    clock: Callable[[], datetime] = utcnow

    @property
    def _messages(self) -> Messages:
        return Messages(self.desk, self.notifier, self.clock)

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
        prepared = [await self._seen_to(claim, self._messages.prepare(claim)) for claim in claims]
        ready = await self._unless_found([part for part in prepared if part is not None])
        ready.sort(key=_happened)
        while ready:
            count = self._fit(ready)
            await self._post(ready[:count])
            ready = ready[count:]

    async def _unless_found(self, parts: Sequence[Part]) -> list[Part]:
        """Earlier posts of unknown end are looked for before they are repeated, once for all that belong in a place."""
        left = [part for part in parts if part.mark is None]
        for spot, group in _grouped(parts, lambda part: part.spot if part.mark else None).items():
            found: Mapping[Claim, MessageRef] = {}
            problem: Exception | None = None
            try:
                found = await self._messages.speaker.find({one.claim: one.mark for one in group if one.mark}, spot)
            except NotNowError:
                continue
            except StoreUnavailableError:
                raise
            except Exception as error:
                problem = error
            for part in group:
                is_still_to_be_said = await self._seen_to(part.claim, self._looked_for(part, found, problem))
                left += [part] if is_still_to_be_said else []
        return left

    async def _looked_for(
        self, part: Part, found: Mapping[Claim, MessageRef], problem: Exception | None
    ) -> Part | None:
        if isinstance(problem, BlindError) and part.mark is not None:
            check_blind(part.mark)
        elif problem is not None:
            await self._messages.elsewhere(part, problem)
            return None
        return None if part.claim in found else part

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
            posts = await self._messages.speaker.begin(parts)
            begun = [part for part, _ in posts]
            await self._messages.speaker.post(posts)
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
                await self._seen_to(part.claim, self._messages.elsewhere(part, error))
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
        except CardIsMissingError:
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


def _company(claim: Claim) -> str | None:
    return None if claim.is_alone else company(claim.intent) or None


def _grouped(several: Iterable[T], by: Callable[[T], K | None]) -> dict[K, list[T]]:
    """Those for which there is something to group by."""
    groups: dict[K, list[T]] = {}
    for one in several:
        if (name := by(one)) is not None:
            groups.setdefault(name, []).append(one)
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

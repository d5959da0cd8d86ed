"""One message to one place: posted once, changed in place, and looked for before a post of unknown end is repeated.

A message may say several things. Each of them has a mark of its own, and the message carries the keys of all: so each
is found by itself, whoever posted it beside whatever else.

Before each call to Slack the claim is checked once more, in the same move that keeps the pace and, for a post, marks
that it is about to be made. So whoever comes later knows of a post that may stand, and a worker that slept through its
lease says nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import replace

from bot.domain.errors import ChatError, Trouble
from bot.domain.intents import subject
from bot.domain.notice import Notice
from bot.domain.request import PurchaseRequest
from bot.ports import Claim, Form, Lane, MessageRef, Notifier, Posting, Saying, Spot, Store, Told, Turn

POST_EVERY = timedelta(seconds=1)
"""Slack's pace for one channel (Slack docs)."""
POSTS_AHEAD = 1
"""After a quiet second two may leave at once, so that a notice does not wait for its card. Slack tolerates more."""
UPDATES = Lane("update", timedelta(seconds=1.2), burst=20)
LOOKS = Lane("look", timedelta(seconds=1.2), burst=10)
"""Both are allowed fifty times a minute, over all channels (Slack docs, tier 3)."""
RATE_LIMIT_WAIT = timedelta(seconds=30)
"""When Slack asks to wait and does not say how long."""
MOST_BLIND_POSTS = 2
"""How often a message is posted at most while each end is unknown and the channel's history is closed to us."""

_NEXT = {
    (Trouble.BLOCKS, Form.FULL): Form.WORDS,
    (Trouble.BLOCKS, Form.PLAIN): Form.WORDS,
    (Trouble.LONG, Form.FULL): Form.SHORT,
    (Trouble.LONG, Form.PLAIN): Form.SHORT,
    (Trouble.LONG, Form.WORDS): Form.SHORT,
}
"""What Slack refused and in which form → the form that is tried next."""
_log = structlog.get_logger()
T = TypeVar("T")


class NotNowError(Exception):
    """It is somebody else's by now, or its turn comes later. The store has seen to it; nothing is left to do."""


class HopelessError(Exception):
    """Trying again could only do harm. The text says why."""


class BlindError(Exception):
    """We have no right to read what stands in that place."""


class Part(Struct, frozen=True):
    """A notice that is ready to be posted there. `request` is the one in whose thread it is said, `mark` that of an
    earlier post of unknown end, which is looked for first.
    """

    claim: Claim
    saying: Saying
    spot: Spot
    request: PurchaseRequest | None = None
    mark: Posting | None = None


@dataclass(frozen=True, slots=True)
class Speaker:
    store: Store
    notifier: Notifier
    clock: Callable[[], datetime]

    async def keep_current(self, claim: Claim, told: Told, saying: Saying, spot: Spot) -> None:
        """Bring it to the present state where it stands; post it when it stands nowhere."""
        name = str(claim.intent)
        mark = told.begun.get(name)
        at = await self._found(claim, mark, spot) if mark else told.places.get(name)
        if at is None or not await self._update(claim, saying, at):
            await self.post(await self.begin([Part(claim, saying, spot)]))

    async def begin(self, parts: Sequence[Part]) -> list[tuple[Part, Posting]]:
        """Those that may be posted now, in one message; NotNowError when it is nobody's turn."""
        marks = dict(await self.store.begin_posts([part.claim for part in parts], _lane(parts[0].spot), self.clock()))
        if not marks:
            raise NotNowError
        for claim in marks:
            _log.debug("post_begun", intent=str(claim.intent))
        return [(part, marks[part.claim]) for part in parts if part.claim in marks]

    async def post(self, begun: Sequence[tuple[Part, Posting]]) -> None:
        """Say them all in one message, and remember for each that it stands there."""
        parts, keys = [part for part, _ in begun], [mark.key for _, mark in begun]
        spot, said = parts[0].spot, [part.saying for part in parts]
        try:
            at = await self._in_some_form(
                parts[0].claim, said, _lane(spot), lambda said: self.notifier.post(said, spot, keys)
            )
        except ChatError as error:
            if error.trouble is not Trouble.UNCLEAR:
                for part in parts:
                    await self.store.not_posted(part.claim)
            raise
        for part in parts:
            _log.debug("post_made", intent=str(part.claim.intent), channel=at.channel, ts=at.ts)
        ours = [part for part, mark in begun if await self._record(part.claim, at, mark.key)]
        if len(ours) < len(parts):
            await self._take_back([part.saying for part in ours], at)

    async def find(self, marks: Mapping[Claim, Posting], spot: Spot) -> Mapping[Claim, MessageRef]:
        """Where earlier posts of unknown end stand, by one look for all; that is remembered. Without those that do not.

        BlindError when we may not look.
        """
        first, *beside = marks
        await self._turn(first, LOOKS, beside)
        keys, since = [mark.key for mark in marks.values()], min(mark.since for mark in marks.values())
        try:
            standing = await self._paced(first, LOOKS, self.notifier.find(spot, keys, since))
        except ChatError as error:
            if error.trouble is Trouble.SCOPE:
                raise BlindError from error
            raise
        found = {claim: standing[mark.key] for claim, mark in marks.items() if mark.key in standing}
        for claim, mark in marks.items():
            _log.info("message_looked_for", intent=str(claim.intent), found=claim in found, posts=mark.posts)
            if claim in found:
                await self._record(claim, found[claim], mark.key)
        return found

    async def _found(self, claim: Claim, mark: Posting, spot: Spot) -> MessageRef | None:
        try:
            return (await self.find({claim: mark}, spot)).get(claim)
        except BlindError:
            check_blind(mark)
            return None

    async def _take_back(self, ours: Sequence[Saying], at: MessageRef) -> None:
        """We slept through our lease in the middle of posting, and somebody else has said the rest of it meanwhile."""
        _log.warning("message_one_too_many", channel=at.channel, ts=at.ts, keeps=[str(one.intent) for one in ours])
        try:
            if ours:
                await self.notifier.update(ours, at)
            else:
                await self.notifier.take_back(at)
        except ChatError as error:
            _log.error("message_one_too_many_stays", channel=at.channel, ts=at.ts, code=error.code)

    async def _update(self, claim: Claim, saying: Saying, at: MessageRef) -> bool:
        """False when it cannot be changed where it stands."""
        await self._turn(claim, UPDATES)
        try:
            shown = await self._in_some_form(claim, [saying], UPDATES, lambda said: self.notifier.update(said, at))
        except ChatError as error:
            if error.trouble is Trouble.LOST:
                return False
            raise
        if not await self._record(claim, shown):
            # Something newer was shown meanwhile, and this has just been drawn over it.
            await self.store.ask(claim.workspace, claim.intent, self.clock())
        return True

    async def _in_some_form(
        self,
        claim: Claim,
        said: Sequence[Saying],
        lane: Lane,
        call: Callable[[Sequence[Saying]], Awaitable[MessageRef]],
    ) -> MessageRef:
        """As it should be; plainer and plainer when Slack does not take its layout; cut when it finds it too long."""
        form = Form.FULL
        while True:
            try:
                return await self._paced(claim, lane, call([replace(saying, form=form) for saying in said]))
            except ChatError as error:
                next_form = _plainer(said, error.trouble, form)
                if next_form is None:
                    raise
                _log.error("message_simplified", intent=str(claim.intent), code=error.code, form=next_form)
                form = next_form
            await self._turn(claim, None)

    async def _paced(self, claim: Claim, lane: Lane, call: Awaitable[T]) -> T:
        """Slack's own wish to wait holds back everything else in the same lane, and nothing besides."""
        try:
            return await call
        except ChatError as error:
            if error.trouble is Trouble.WAIT:
                wait = timedelta(seconds=error.retry_after_s) if error.retry_after_s else RATE_LIMIT_WAIT
                await self.store.hold_lane(claim.workspace, lane, self.clock() + wait)
            raise

    async def _turn(self, claim: Claim, lane: Lane | None, beside: Sequence[Claim] = ()) -> None:
        if await self.store.take_turn(claim, lane, self.clock(), beside) is not Turn.GO:
            raise NotNowError

    async def _record(self, claim: Claim, at: MessageRef, key: str = "") -> bool:
        return await self.store.record_message(claim.workspace, subject(claim.intent), str(claim.intent), at, key)


def _lane(spot: Spot) -> Lane:
    return Lane(f"post:{spot.channel}", POST_EVERY, POSTS_AHEAD)


def _plainer(said: Sequence[Saying], trouble: Trouble, form: Form) -> Form | None:
    """Only notices have tables and pictures, which some workspaces refuse. Several together are made no plainer for the
    sake of one of them: they are said apart."""
    if len(said) > 1:
        return None
    if (trouble, form) == (Trouble.BLOCKS, Form.FULL) and isinstance(said[0].subject, Notice):
        return Form.PLAIN
    return _NEXT.get((trouble, form))


def check_blind(mark: Posting) -> None:
    """Without the right to look, one repetition is risked, by rule. Then it is left to a person."""
    if mark.posts >= MOST_BLIND_POSTS:
        raise HopelessError("it was posted twice without an answer, and the right to look for it is missing")

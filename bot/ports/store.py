"""Where requests live. Any call may raise StoreUnavailableError; then nothing was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from bot.domain.audit import NOWHERE, Audit, Origin
from bot.domain.budget import Budget
from bot.domain.draft import Draft, WaitingDraft
from bot.domain.home import Untold
from bot.domain.ids import ChannelId, DraftId, NoticeKey, ProductCode, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.intents import Destination, Intent
from bot.domain.money import Cents
from bot.domain.notice import Notice
from bot.domain.pause import Pause
from bot.domain.request import PurchaseRequest, State
from bot.ports.account import AccountStore
from bot.ports.digests import DigestStore
from bot.ports.outbox import Backlog, Claim, Lane, MessageRef, Posting, Silence, Told, Turn

REPLAY_MEMORY_S = 600
"""How long a signature of Slack's is remembered: twice the age at which it is refused anyway."""


class Submission(Struct, frozen=True):
    """What `Store.submit` did: `is_new` is False when this draft had already become that request."""

    request: PurchaseRequest
    is_new: bool


class Page(Struct, frozen=True):
    """A piece of a list, without what of it cannot be read. The next piece begins beyond `through`; None at the end."""

    requests: list[PurchaseRequest]
    through: RequestId | None


class Store(AccountStore, DigestStore, Protocol):
    """Where requests live. Any call may raise StoreUnavailableError; then nothing was recorded."""

    async def submit(
        self,
        draft: DraftId,
        request: PurchaseRequest,
        waited: WaitingDraft | None = None,
        extra: Sequence[Intent] = (),
        *,
        policy: str = "",
    ) -> Submission:
        """Give the request its number and write it with its indexes, audit line and intents. Once per draft.

        The draft no longer waits for a price then. With `waited` it must still wait as it was read, else StaleError.
        `extra` are more intents; those about the request carry 0 in place of its number.
        """
        ...

    async def move(
        self,
        before: PurchaseRequest,
        after: PurchaseRequest,
        *,
        policy: str = "",
        origin: Origin = NOWHERE,
        is_durable: bool = False,
        is_adoption: bool = False,
        cap: Cents | None = None,
    ) -> None:
        """Write one step of a life, all or nothing. StaleError when `before` is no longer the newest version.

        What it reserves of its channel's budget, or releases, is written with it. With `cap`, what the channel may
        spend in the month of the step, OverBudgetError when more has to be reserved than is left of that.

        `is_adoption`: the service of its order was looked for and found; StaleError when another request has it.

        `policy`, the digest of the one in force, and `origin`, where somebody clicked, are for the audit trail.
        ReplayError when something was written for the signature in `origin` before.

        With `is_durable` the write is on disk before this returns, where the server can tell.
        """
        ...

    async def budget(
        self,
        workspace: WorkspaceId,
        channel: ChannelId,
        month: str,
        cap: Cents,
        *,
        needed: Cents = 0,
        besides: RequestId | None = None,
    ) -> Budget:
        """How the budget of a channel's month (`2026-11`) stands, without what the request `besides` holds back."""
        ...

    async def get(self, workspace: WorkspaceId, request: RequestId) -> PurchaseRequest | None: ...

    async def unreadable(self, workspace: WorkspaceId) -> list[RequestId]:
        """Requests that a list had to leave out because their records cannot be read, and still cannot."""
        ...

    async def by_service(self, workspace: WorkspaceId, service: ServiceId) -> PurchaseRequest | None: ...

    async def about_service(self, workspace: WorkspaceId, service: ServiceId, limit: int = 50) -> list[PurchaseRequest]:
        """Those about whether this service renews, newest first."""
        ...

    async def in_state(
        self, workspace: WorkspaceId, state: State, limit: int = 50, beyond: int = 0
    ) -> list[PurchaseRequest]:
        """Oldest first, those with a number above `beyond`."""
        ...

    async def page_in_state(self, workspace: WorkspaceId, state: State, size: int, beyond: int = 0) -> Page:
        """The same, for whoever goes through all of them."""
        ...

    async def of_requester(self, workspace: WorkspaceId, user: UserId, limit: int = 20) -> list[PurchaseRequest]:
        """Newest first."""
        ...

    async def count_of_requester(self, workspace: WorkspaceId, user: UserId) -> int: ...

    async def note_home(self, workspace: WorkspaceId, user: UserId, now: datetime) -> None:
        """This person opened their App Home."""
        ...

    async def open_homes(self, workspace: WorkspaceId, since: datetime) -> frozenset[UserId]:
        """Who opened it since then, at most fifty."""
        ...

    async def keep_untold(self, workspace: WorkspaceId, user: UserId, said: Untold) -> None:
        """An answer that reached this person nowhere: their Home shows it for a day, with at most four others."""
        ...

    async def untold(self, workspace: WorkspaceId, user: UserId) -> tuple[Untold, ...]:
        """Newest first."""
        ...

    async def overdue(self, workspace: WorkspaceId, now: datetime, limit: int = 100) -> list[PurchaseRequest]:
        """Requests still pending after their deadline."""
        ...

    async def claim_look(self, workspace: WorkspaceId, now: datetime) -> RequestId | None:
        """Take the followed request whose look is most overdue; it comes back by itself when nobody says how it went.

        A request is followed from the move that makes it ORDERED; each later move sets its next look anew.
        """
        ...

    async def look_again(self, workspace: WorkspaceId, request: RequestId, at: datetime | None) -> None:
        """After a look that changed nothing: when the next one is, None for never. Nothing for one not followed."""
        ...

    async def bought(self, workspace: WorkspaceId) -> frozenset[ProductCode]:
        """Every product that was ever ordered here."""
        ...

    async def has_bought(self, workspace: WorkspaceId, product: ProductCode) -> bool:
        """Whether this product was ever ordered here."""
        ...

    async def known_services(self, workspace: WorkspaceId, services: Sequence[ServiceId]) -> frozenset[ServiceId]:
        """Which of these belong to a request here."""
        ...

    async def audit(self, workspace: WorkspaceId, entry: Audit, signature: str = "") -> None:
        """ReplayError when something was written for this signature of Slack's before."""
        ...

    async def save_draft(self, draft: Draft, signature: str = "") -> None:
        """ReplayError when something was written for this signature of Slack's before."""
        ...

    async def draft(self, workspace: WorkspaceId, draft: DraftId) -> Draft | None:
        """None for one that never was or is older than a day."""
        ...

    async def keep_waiting(self, waiting: WaitingDraft) -> WaitingDraft | None:
        """Keep a draft without a price, behind those kept before; kept again, it takes the newer contents.

        None when it is a request already.
        """
        ...

    async def end_waiting(self, waiting: WaitingDraft, entry: Audit, intents: Sequence[Intent] = ()) -> None:
        """It waits no more and is no request, with whom to tell. StaleError when it does not wait as it was read."""
        ...

    async def kept_draft(self, workspace: WorkspaceId, draft: DraftId) -> WaitingDraft | None:
        """One that waits, or stopped waiting within the last days."""
        ...

    async def waiting(self, workspace: WorkspaceId, user: UserId | None = None, limit: int = 500) -> list[WaitingDraft]:
        """Drafts that wait for a price, of one person or of everybody, oldest first."""
        ...

    async def count_waiting(self, workspace: WorkspaceId) -> int: ...

    async def pause(self) -> Pause | None:
        """The newest pause of purchases, over or not."""
        ...

    async def swap_pause(self, before: Pause | None, after: Pause) -> bool:
        """Write a pause over the one that was read; False when somebody was faster."""
        ...

    async def ask(self, workspace: WorkspaceId, intent: Intent, now: datetime) -> None:
        """Ask for something to be said (again) although nothing changed."""
        ...

    async def announce(
        self, workspace: WorkspaceId, notice: Notice, to: Sequence[Destination], line: Audit | None = None
    ) -> bool:
        """Keep what a notice tells and ask for it to be said in these places, once under its key, with its `line` in
        the audit trail. Of a digest it is kept as well which was the newest one.

        False, with nothing of it written, when that key was announced before.
        """
        ...

    async def notice(self, workspace: WorkspaceId, key: NoticeKey) -> Notice | None: ...

    async def first_due(self, workspaces: Sequence[WorkspaceId]) -> list[datetime | None]:
        """For each of them, the moment from which its first message is due; None where none waits."""
        ...

    async def claim_intents(self, workspace: WorkspaceId, now: datetime, limit: int = 20) -> list[Claim]:
        """Take due intents. Each is nobody else's until it is settled, or its lease ends and it comes back."""
        ...

    async def settle_intent(self, claim: Claim) -> None:
        """Done, unless the same intent was asked for again meanwhile."""
        ...

    async def delay_intent(
        self, claim: Claim, until: datetime, *, is_failure: bool = False, is_alone: bool = False
    ) -> None:
        """It comes back then; `is_alone`: it is not to share a message again."""
        ...

    async def park_intent(self, claim: Claim, reason: str, now: datetime) -> None:
        """Give it up, visibly, until it is asked for again."""
        ...

    async def unpark(self, workspace: WorkspaceId, now: datetime) -> int:
        """Ask again for everything that was given up; how many that were."""
        ...

    async def take_turn(self, claim: Claim, lane: Lane | None, now: datetime, beside: Sequence[Claim] = ()) -> Turn:
        """The last check before Slack is spoken to, for those `beside` it too. GO renews the leases."""
        ...

    async def begin_posts(
        self, claims: Sequence[Claim], lane: Lane | None, now: datetime
    ) -> list[tuple[Claim, Posting]]:
        """The last check before one message is posted for all of these, and in the same move a mark for each.

        Those that go now. The others come back by themselves: the lease was lost, it is not their turn in the lane, or
        something earlier of the same request is still to be said in the same place. What waits for its turn with others
        for the same person or thread shares it with them. All claims are of one `claim_intents`.
        """
        ...

    async def not_posted(self, claim: Claim) -> None:
        """Take the mark away: the post was refused."""
        ...

    async def hold_lane(self, workspace: WorkspaceId, lane: Lane, until: datetime) -> None: ...

    async def told(self, claim: Claim) -> Told:
        """All that was said about what this intent is about."""
        ...

    async def is_stray(self, workspace: WorkspaceId, channel: ChannelId) -> bool:
        """Whether this channel cannot be written to, as far as is known."""
        ...

    async def message(self, workspace: WorkspaceId, about: RequestId | NoticeKey, name: str) -> MessageRef | None:
        """Where the message called `name` (an intent's text) of this request or notice stands."""
        ...

    async def record_message(
        self, workspace: WorkspaceId, about: RequestId | NoticeKey, name: str, ref: MessageRef, key: str = ""
    ) -> bool:
        """Remember where a message stands. False when that is refused: an older version never overwrites a newer one,
        and a post (its mark's `key` is given) counts only while its mark stands.
        """
        ...

    async def drop_message(self, claim: Claim, reason: str) -> None:
        """It cannot be delivered: remembered with the reason, so that it is not tried again."""
        ...

    async def note_stray(self, workspace: WorkspaceId, channel: ChannelId, now: datetime) -> bool:
        """This channel cannot be written to. True when that is new; a message recorded there ends it."""
        ...

    async def fall_silent(self, workspace: WorkspaceId, code: str, now: datetime) -> bool:
        """Slack refuses us as a whole: give out nothing for a while, then one to try. True when that is new."""
        ...

    async def speak_again(self, workspace: WorkspaceId) -> None: ...

    async def silence(self, workspace: WorkspaceId) -> Silence | None: ...

    async def backlog(self, workspace: WorkspaceId, now: datetime) -> Backlog: ...

    async def remember(self, workspace: WorkspaceId) -> None:
        """Watch this workspace's account from now on, although nobody asked for anything yet."""
        ...

    async def workspaces(self) -> list[WorkspaceId]:
        """Every workspace that ever submitted a request."""
        ...

    async def hold(self, workspace: WorkspaceId, name: str, token: str, seconds: float) -> bool:
        """Take or keep the named lease, for half of these seconds at least; False while somebody else holds it."""
        ...

    async def release(self, workspace: WorkspaceId, name: str, token: str) -> None: ...

    async def queue_up(self, workspace: WorkspaceId, name: str, token: str, seconds: float, who: RequestId) -> bool:
        """Take the named lease, or stand in line for it behind those who came before: then False."""
        ...

    async def pass_on(
        self, workspace: WorkspaceId, name: str, token: str, seconds: float, done: RequestId
    ) -> RequestId | None:
        """`done` had its turn. Who is first in line now, with the lease renewed for its turn; nobody waits: given back.

        None as well when the lease is somebody else's by now, who serves the line.
        """
        ...

    async def unserved(self, workspace: WorkspaceId, name: str) -> RequestId | None:
        """Who is first in line for a lease that nobody holds: whoever held it died."""
        ...


class FormStore(Store, Protocol):
    """The store with what open forms and repeated deliveries need besides."""

    async def is_newest(self, workspace: WorkspaceId, name: str, ordinal: float, seconds: int) -> bool:
        """Whether no greater ordinal was seen under this name within the given time; remembers this one."""
        ...

    async def is_first(self, workspace: WorkspaceId, name: str, seconds: int) -> bool:
        """Whether this name was not seen within the given time; remembers it."""
        ...

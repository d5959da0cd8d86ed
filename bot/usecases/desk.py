"""What every use-case works with, gathered once by the composition root."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec.structs import replace

from bot.domain.audit import NOWHERE, Audit, Origin, standing
from bot.domain.errors import ChatError
from bot.domain.ids import RequestId, UserId, WorkspaceId
from bot.domain.invoice import Readers
from bot.domain.policy import ADMIN, Policy, Role
from bot.domain.request import Event, PurchaseRequest, State, advance
from bot.domain.reservation import may_exceed
from bot.ports import Directory, Journal, Ledger, Nudge, Provider, Store

PAGE = 100
"""Requests of a state that are read in one go."""


@dataclass(frozen=True, slots=True)
class Desk:
    """`policy` is called for each use, so that a reloaded file counts at once; `journal` is for those who buy."""

    store: Store
    ledger: Ledger
    provider: Provider
    directory: Directory
    policy: Callable[[], Policy]
    nudge: Nudge
    journal: Journal | None = None

    async def move(
        self,
        request: PurchaseRequest,
        event: Event,
        *,
        origin: Origin = NOWHERE,
        is_durable: bool = False,
        is_adoption: bool = False,
        is_capped: bool = True,
        is_for_worker: bool = False,
    ) -> PurchaseRequest:
        """One step along the table, written with everything that belongs to it.

        `is_for_worker`: one is nudged right behind it, to take the request on from there.
        StaleError when somebody was faster; ReplayError when something was written for `origin`'s signature before.
        OverBudgetError when the channel's budget has no room for what it would reserve; never without `is_capped`, for
        what happened already.
        """
        moved = advance(request, event)
        is_free = not is_capped or may_exceed(moved)
        if is_for_worker:
            await self.nudge(moved)  # leaves right behind the step; where that is refused, it comes to nothing
        await self.store.move(
            request,
            moved,
            policy=self.policy().digest,
            origin=origin,
            is_durable=is_durable,
            is_adoption=is_adoption,
            cap=None if is_free else self.policy().cap_of(request.channel),
        )
        return moved

    async def all_in(self, workspace: WorkspaceId, *states: State) -> list[PurchaseRequest]:
        """Every request in these states, however many there are, oldest first in each."""
        found: list[PurchaseRequest] = []
        for state in states:
            through: RequestId | None = RequestId(0)
            while through is not None:
                page = await self.store.page_in_state(workspace, state, PAGE, beyond=through)
                found += page.requests
                through = page.through
        return found

    async def note(
        self,
        workspace: WorkspaceId,
        what: str,
        *,
        by: UserId | None,
        request: PurchaseRequest | None = None,
        detail: str = "",
        change: tuple[str, str] | None = None,
        origin: Origin = NOWHERE,
    ) -> None:
        """Into the audit trail: something that changed nothing, or no request. `change`: from what to what.

        ReplayError when something was written for the signature in `origin` before.
        """
        now = standing(request) if request else ""
        entry = self.line(what, by=by, detail=detail, change=change or (now, now), origin=origin)
        entry = replace(entry, request=request.id if request else None)
        await self.store.audit(workspace, entry, origin.signature)

    def line(
        self, what: str, *, by: UserId | None, detail: str, change: tuple[str, str] = ("", ""), origin: Origin = NOWHERE
    ) -> Audit:
        """A line for the audit trail, to be written with the change it tells of."""
        before, after = change
        return Audit(
            at=utcnow(),
            what=what,
            by=by,
            detail=detail,
            before=before,
            after=after,
            policy=self.policy().digest,
            channel=origin.channel,
            message=origin.message,
        )

    def approver_role(self) -> tuple[str, Role]:
        policy = self.policy()
        return policy.approvals.role, policy.roles[policy.approvals.role]

    def beyond_role(self) -> tuple[str, Role] | None:
        """Who may approve beyond a channel's budget, by name; None for nobody."""
        policy = self.policy()
        name = policy.budgets.over_budget_role
        return (name, policy.roles[name]) if name is not None else None

    async def those_beyond(self) -> tuple[UserId, ...]:
        """Who may do so now."""
        role = self.beyond_role()
        return tuple(await self.known_holders(role[1])) if role else ()

    async def known_holders(self, role: Role) -> list[UserId]:
        """Whom to tell: those who hold it now; when Slack cannot say, those whom the policy names."""
        try:
            return sorted(await self.directory.holders(role))
        except ChatError:
            return sorted(role.users)

    async def approvers(self) -> frozenset[UserId]:
        """Everyone who holds the approving role now. Raises ChatError when Slack cannot say."""
        _, role = self.approver_role()
        return await self.directory.holders(role)

    async def invoice_readers(self) -> Readers:
        """Who is shown the links of invoices now; when Slack cannot say, nobody by their role."""
        policy = self.policy()
        try:
            deciders, payers = await asyncio.gather(self.approvers(), self.directory.holders(policy.payer_role))
        except ChatError:
            return Readers(policy.invoice_link)
        return Readers(policy.invoice_link, deciders, payers or deciders)

    async def keepers(self) -> list[UserId]:
        """Those who look after the bot: its admins; where there are none, those who approve. May raise ChatError."""
        role = self.policy().role(ADMIN)
        holders = await self.directory.holders(role) if role else frozenset[UserId]()
        return sorted(holders or await self.approvers())


def utcnow() -> datetime:
    """The one place the use-cases read the clock."""
    return datetime.now(UTC)

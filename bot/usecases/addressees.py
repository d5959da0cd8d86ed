"""Who is told: those who hold the policy's roles now. While Slack cannot say, those whom the policy names."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import ChatError
from bot.domain.ids import UserId
from bot.domain.invoice import Audience
from bot.domain.policy import ADMIN
from bot.domain.request import PurchaseRequest, State
from bot.domain.rules import Decider, judge
from bot.usecases.desk import Desk

NEEDS_SOMEBODY = frozenset({State.PENDING, State.IN_DOUBT, State.FAILED})
"""An approver has something to decide."""


@dataclass(frozen=True, slots=True)
class Addressees:
    desk: Desk

    async def approvers(self) -> tuple[UserId, ...]:
        """Names for the card only; who may decide is judged at the click."""
        try:
            return tuple(sorted(await self.desk.approvers()))
        except ChatError:
            return ()

    async def payers(self) -> tuple[UserId, ...]:
        """Those who alone are given the links of invoices, where the policy has it so."""
        policy = self.desk.policy()
        if policy.invoice_link is not Audience.PAYER:
            return ()
        return tuple(await self.desk.known_holders(policy.payer_role)) or await self.approvers()

    async def keepers(self) -> list[UserId]:
        """Those who look after the bot: its admins; where there are none, those who approve."""
        return await self.desk.known_holders(self.desk.policy().role(ADMIN) or self.desk.approver_role()[1])

    async def deciders(self, request: PurchaseRequest) -> list[UserId]:
        """Those who could decide this request now, when there is something to decide."""
        if request.state not in NEEDS_SOMEBODY:
            return []
        name, role = self.desk.approver_role()
        holders = await self.desk.known_holders(role)
        return [user for user in holders if await self._may_decide(user, name, frozenset(holders), request)]

    async def admins(self) -> list[UserId]:
        role = self.desk.policy().role(ADMIN)
        return await self.desk.known_holders(role) if role else []

    async def admins_for(self, request: PurchaseRequest) -> list[UserId]:
        """The last who can see to a request that nobody who may decide can be shown."""
        return await self.admins() if request.state in NEEDS_SOMEBODY else []

    async def _may_decide(self, user: UserId, role: str, holders: frozenset[UserId], request: PurchaseRequest) -> bool:
        try:
            person = await self.desk.directory.person(user)
        except ChatError:
            return user != request.requester  # judged at the click anyway
        return judge(Decider(person, request.requester, role, holders)).is_allowed

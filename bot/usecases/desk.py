"""What every use-case works with, gathered once by the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.ids import UserId
from bot.domain.policy import Policy, Role
from bot.ports import Directory, Journal, Ledger, Nudge, Provider, Store


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

    def approver_role(self) -> tuple[str, Role]:
        policy = self.policy()
        return policy.approvals.role, policy.roles[policy.approvals.role]

    async def approvers(self) -> frozenset[UserId]:
        """Everyone who holds the approving role now. Raises ChatError when Slack cannot say."""
        _, role = self.approver_role()
        return await self.directory.holders(role)


def utcnow() -> datetime:
    """The one place the use-cases read the clock."""
    return datetime.now(UTC)

"""What is kept of the provider's account. Any call may raise StoreUnavailableError; then nothing was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from bot.domain.account import BalanceReading, KnownService, PoolDay, PoolReading, ServicePage, UsageDay
from bot.domain.audit import Audit
from bot.domain.ids import ChannelId, ServiceId, UserId, WorkspaceId
from bot.domain.money import Cents


class AccountStore(Protocol):
    """The account as it was last read. Lists are pages of what runs; what has ended is found by its id."""

    async def keep_services(self, workspace: WorkspaceId, services: Sequence[KnownService]) -> None:
        """Write these rows and their places in the lists. A channel given by adoption meanwhile stays."""
        ...

    async def known_rows(
        self, workspace: WorkspaceId, services: Sequence[ServiceId]
    ) -> Mapping[ServiceId, KnownService]:
        """The rows of these services; those never seen are left out."""
        ...

    async def live_services(self, workspace: WorkspaceId) -> list[KnownService]:
        """Every service that has not ended, whoever's it is, what ends or renews next first."""
        ...

    async def services(
        self,
        workspace: WorkspaceId,
        *,
        channel: ChannelId | None = None,
        owner: UserId | None = None,
        is_outside: bool = False,
        offset: int = 0,
        limit: int = 10,
    ) -> ServicePage:
        """A page of those that run: of a channel, of a person, of nobody (`is_outside`), or all."""
        ...

    async def service(self, workspace: WorkspaceId, service: ServiceId) -> KnownService | None: ...

    async def adopt(
        self, workspace: WorkspaceId, service: ServiceId, channel: ChannelId, by: UserId, line: Audit
    ) -> bool:
        """Make a service bought outside the bot one of this channel, with its line in the audit trail.

        False when it is somebody's already or unknown.
        """
        ...

    async def services_read_at(self, workspace: WorkspaceId) -> datetime | None:
        """When all services were last read; None before the first time."""
        ...

    async def note_services_read(self, workspace: WorkspaceId, at: datetime) -> None: ...

    async def keep_usage(self, workspace: WorkspaceId, rows: Sequence[UsageDay]) -> None:
        """Write days as they are now; a day written again takes the newer numbers. What a proxy user used on it is then
        of the service they name, and of no other any more.
        """
        ...

    async def usage(
        self,
        workspace: WorkspaceId,
        first: date,
        last: date,
        *,
        service: ServiceId | None = None,
        network: str | None = None,
    ) -> list[UsageDay]:
        """Days from `first` to `last`, both included, oldest first. Costs the months it covers."""
        ...

    async def usage_read_at(self, workspace: WorkspaceId) -> datetime | None:
        """Up to when usage is known; None before the first time."""
        ...

    async def note_usage_read(self, workspace: WorkspaceId, at: datetime) -> None: ...

    async def keep_balance(self, workspace: WorkspaceId, reading: BalanceReading) -> None: ...

    async def balance(self, workspace: WorkspaceId) -> BalanceReading: ...

    async def balance_days(self, workspace: WorkspaceId, first: date, last: date) -> dict[date, Cents]:
        """The last balance read on each day (UTC) it was read."""
        ...

    async def keep_pools(self, workspace: WorkspaceId, reading: PoolReading) -> None: ...

    async def pools(self, workspace: WorkspaceId) -> PoolReading | None: ...

    async def pool_days(self, workspace: WorkspaceId, first: date, last: date) -> list[PoolDay]: ...

    async def watch(self, workspace: WorkspaceId, name: str) -> str | None:
        """What a watch remembered under its name (which alerts are armed), as text it wrote itself."""
        ...

    async def keep_watch(self, workspace: WorkspaceId, name: str, before: str | None, after: str) -> bool:
        """Remember that instead of what was read; False when somebody was faster."""
        ...

"""What the bot says that is not one step of a request: alerts, reminders, digests.

Each notice has a key that says which one of its kind it is (`credit:3:0`: the alert of the third crossing). Announced
twice under the same key, it is said once. It holds the facts as they were found; its words are made when it is said.
"""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from msgspec import Struct

from bot.domain.account import Actor
from bot.domain.digest import Rhythm
from bot.domain.ids import AttemptId, ChannelId, NoticeKey, RequestId, ServiceId, UserId
from bot.domain.money import Cents
from bot.domain.period import Period
from bot.domain.renewal import ServiceChange
from bot.domain.runway import Runway
from bot.domain.scope import Asked
from bot.domain.summary import Spend
from bot.domain.usage import DataPool, Service
from bot.domain.used import Used


class CreditLow(Struct, frozen=True):
    """Credit fell below `level`, or (None) will be gone in days; `crossing` counts how often that happened.

    `reminder` is 0 for the alert itself. `top_up` is what covers the next `weeks`; `ordered` are top-ups that are
    ordered and not paid: credit that is not there yet.
    """

    crossing: int
    reminder: int
    at: datetime
    level: Cents | None
    runway: Runway
    top_up: Cents
    weeks: int
    ordered: tuple[RequestId, ...] = ()

    @property
    def key(self) -> NoticeKey:
        return NoticeKey(f"credit:{self.crossing}:{self.reminder}")


class CreditBack(Struct, frozen=True):
    """Credit is clearly above every level again after crossing number `crossing`."""

    crossing: int
    at: datetime
    runway: Runway

    @property
    def key(self) -> NoticeKey:
        return NoticeKey(f"credit:{self.crossing}:back")


class BalanceUnread(Struct, frozen=True):
    """The balance could not be read for a while. `last_read` and `balance` are the last ones known."""

    failing_since: datetime
    at: datetime
    last_read: datetime | None
    balance: Cents | None

    @property
    def key(self) -> NoticeKey:
        return NoticeKey(f"unread:{self.failing_since:%Y-%m-%dT%H:%M:%S}")


class DataLow(Struct, frozen=True):
    """A data pool fell below a level. `lasts_until` is None when at the present burn that is far away or unknown."""

    crossing: int
    at: datetime
    level_percent: int
    pool: DataPool
    bytes_a_day: int
    lasts_until: datetime | None
    days: int = 0
    """Over how many days `bytes_a_day` was counted; 0 in notices announced before this was kept."""

    @property
    def key(self) -> NoticeKey:
        return NoticeKey(f"data:{self.pool.network}:{self.crossing}")


class RenewalDue(Struct, frozen=True):
    """A service renews soon. `used` bytes since its last charge, None when the provider does not count by service.

    `stop_request` asks to stop it, as the policy wants when nobody says that it is still needed.
    """

    at: datetime
    service: Service
    owner: UserId | None
    request: RequestId | None
    used: int | None
    requests_made: int
    used_since: datetime | None
    stop_request: RequestId | None = None
    price: Cents | None = None
    """What it renews at; None in notices announced before this was kept."""

    @property
    def key(self) -> NoticeKey:
        ends = self.service.expires_at or self.at
        return NoticeKey(f"renewal:{self.service.id}:{ends:%Y-%m-%dT%H:%M}")


class RenewalUnpaid(Struct, frozen=True):
    """A renewal's invoice is open; `reminder` counts the days."""

    at: datetime
    service: Service
    owner: UserId | None
    reminder: int

    @property
    def key(self) -> NoticeKey:
        return NoticeKey(f"overdue:{self.service.id}:{self.service.open_invoice_id or '-'}:{self.reminder}")


class ServiceChanged(Struct, frozen=True):
    """A service of ours is not what people know of it any more. `number` counts the times."""

    number: int
    at: datetime
    service: Service
    owner: UserId | None
    request: RequestId | None
    by: Actor
    changes: tuple[ServiceChange, ...]
    decided: RequestId | None = None
    """The request of ours that changed whether it renews, approved by `approvers`."""
    approvers: tuple[UserId, ...] = ()

    @property
    def key(self) -> NoticeKey:
        return NoticeKey(f"changed:{self.service.id}:{self.number}")


class BoughtOutside(Struct, frozen=True):
    """Services that no request bought and nobody adopted; `services` are the first of `count`."""

    at: datetime
    digest: str
    services: tuple[Service, ...]
    count: int

    @property
    def key(self) -> NoticeKey:
        return NoticeKey(f"outside:{self.digest}")


class BoughtBesides(Struct, frozen=True):
    """A checkout bought something after all, and its request stands for something else by now. `service` is None for
    what leaves none.
    """

    attempt: AttemptId
    at: datetime
    request: RequestId
    service: ServiceId | None

    @property
    def key(self) -> NoticeKey:
        return NoticeKey(f"besides:{self.attempt}")


class Renewing(Struct, frozen=True):
    """A service of the channel that renews or ends soon."""

    service: ServiceId
    name: str
    at: datetime
    renews: bool


class Undecided(Struct, frozen=True):
    """A request of the channel that nobody has decided."""

    request: RequestId
    requester: UserId
    total: Cents


class ChannelDigest(Struct, frozen=True):
    """What a channel spent and used in a day, a week or a month, what renews next, and what waits for a decision.

    `spend` is None where the policy does not show prices to the channel. `missed` earlier ones were never posted.
    """

    digest: NoticeKey
    at: datetime
    due: datetime
    is_late: bool
    missed: int
    channel: ChannelId
    rhythm: Rhythm
    time_zone: str
    period: Period
    spend: Spend | None
    used: Used
    renewing: tuple[Renewing, ...]
    undecided: tuple[Undecided, ...]
    waiting: int
    """Undecided requests in all."""

    @property
    def key(self) -> NoticeKey:
        return self.digest


class SharedSummary(Struct, frozen=True):
    """A summary that somebody showed to a channel; one of `spend` and `used` is there.

    `names` are those of people in it, for its chart, by their id; `shown` names the message it was shared from.
    """

    at: datetime
    by: UserId
    channel: ChannelId
    asked: Asked
    time_zone: str
    spend: Spend | None
    used: Used | None
    shown: str = ""
    names: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> NoticeKey:
        """The same summary shared from the same message is one click too many."""
        return NoticeKey(f"shared:{self.channel}:{self.by}:{self.asked}:{self.shown}")


Alert = (
    CreditLow
    | CreditBack
    | BalanceUnread
    | DataLow
    | RenewalDue
    | RenewalUnpaid
    | ServiceChanged
    | BoughtOutside
    | BoughtBesides
)
Notice = Alert | ChannelDigest | SharedSummary

KINDS: dict[str, type[Notice]] = {kind.__name__: kind for kind in get_args(Notice)}
"""By the name they are stored under, which is never changed: an old notice has to stay readable."""

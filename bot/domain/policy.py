"""The company's rules as values, and the one question asked of them: may this person do this now?"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bot.domain.company import is_channel_id
from bot.domain.digest import Schedule, ScheduleError, parse_schedule
from bot.domain.ids import ChannelId, GroupId, UserId
from bot.domain.invoice import Audience
from bot.domain.money import CENTS_PER_DOLLAR, Cents
from bot.domain.quote import Tolerance

APPROVER = "approver"
ADMIN = "admin"
FINANCE = "finance"
CHANNEL = "channel"
"""In place of a role: everybody in a channel, about that channel."""
PRICES_VISIBLE_TO = (CHANNEL, APPROVER, FINANCE, ADMIN)
DIGESTS_SET_BY = (APPROVER, ADMIN)
_CHANNEL = r"^[CG][A-Z0-9]{2,}$"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # the whole is built once, not each part


class Role(_Model):
    """Who holds a role: Slack user ids (`U…`, `W…`) and user group ids (`S…`), never names."""

    users: tuple[Annotated[UserId, Field(pattern=r"^[UW][A-Z0-9]{2,}$")], ...] = ()
    groups: tuple[Annotated[GroupId, Field(pattern=r"^S[A-Z0-9]{2,}$")], ...] = ()

    @model_validator(mode="after")
    def _somebody(self) -> Role:
        if not (self.users or self.groups):
            raise ValueError("name at least one user id or user group id")
        return self


class Approvals(_Model):
    """How many different holders of which role must say yes."""

    role: str = APPROVER
    needed: int = Field(1, ge=1, le=10)


class PriceTolerance(_Model):
    """How much dearer a fresh quote may be and still count as approved; the larger of the two applies."""

    percent: Decimal = Field(Decimal(0), ge=0, le=100)
    cents: int = Field(0, ge=0)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone. Write one such as Europe/Berlin or America/New_York") from None
    return name


Dollars = Annotated[int, Field(ge=0, le=10_000_000)]
"""Whole US dollars, as people write a budget."""


class Budgets(_Model):
    """What a channel may spend in a month, and which role may approve beyond it. None: no cap; nobody."""

    monthly_dollars: Dollars | None = None
    over_budget_role: str | None = None


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""An IANA name, such as `Europe/Berlin`."""


def _known_schedule(words: str) -> str:
    try:
        schedule = parse_schedule(words)
    except ScheduleError as error:
        raise ValueError(str(error).rstrip(".")) from None
    if schedule is None:
        raise ValueError(f"{words!r} is no digest. Write daily, weekly or monthly, such as: weekly monday 9:00")
    return words


ScheduleWords = Annotated[str, AfterValidator(_known_schedule)]
"""As people write it: `weekly monday 9:00`."""


def _plain_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}", name):
        raise ValueError(f"{name!r} is no plain name. Write letters, digits, dots, dashes or underscores, 32 at most")
    if is_channel_id(name):
        raise ValueError(f"{name!r} reads like a channel id. Write it with a small letter")
    return name


PlainName = Annotated[str, AfterValidator(_plain_name)]
"""Of a team or a project: one word, so that it can be typed after a command and written on a service."""


class ChannelSettings(_Model):
    """What one channel has different from the others."""

    time_zone: TimeZone | None = None
    project: PlainName | None = None
    budget_dollars: Dollars | None = None
    digests: tuple[ScheduleWords, ...] = ()

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        return tuple(schedule for words in self.digests if (schedule := parse_schedule(words)))

    @model_validator(mode="after")
    def _one_of_each(self) -> ChannelSettings:
        rhythms = [schedule.rhythm for schedule in self.schedules]
        if len(set(rhythms)) < len(rhythms):
            raise ValueError("a channel has at most one daily, one weekly and one monthly digest")
        return self


class CreditAlerts(_Model):
    """When to say that credit runs low. `channel` None: the admins are told in person."""

    levels_dollars: tuple[Annotated[int, Field(ge=1, le=1_000_000)], ...] = ()
    margin_percent: int = Field(10, ge=1, le=100)
    invoice_lead_days: int = Field(3, ge=0, le=60)
    top_up_weeks: int = Field(4, ge=1, le=52)
    channel: Annotated[ChannelId, Field(pattern=_CHANNEL)] | None = None


class Answer(StrEnum):
    """Whether a question has to be answered."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class RenewalDefault(StrEnum):
    """What becomes of a renewal when nobody says anything: it happens, or approvers are asked to stop it."""

    KEEP = "keep"
    STOP = "stop"


class Policy(_Model):
    """`policy.yaml`, validated whole. Every field is documented in docs/policy.md."""

    roles: dict[str, Role]
    approvals: Approvals = Approvals()
    budgets: Budgets = Budgets()
    price_tolerance: PriceTolerance = PriceTolerance()
    approval_window_hours: int = Field(72, ge=1, le=24 * 90)
    decline_reason: Answer = Answer.REQUIRED
    invoice_link: Audience = Audience.CHANNEL
    channels: tuple[Annotated[ChannelId, Field(pattern=_CHANNEL)], ...] = ()
    max_quantity: int | None = Field(None, ge=1)
    settle_minutes: float = Field(10, gt=0, le=24 * 60)
    time_zone: TimeZone = "UTC"
    channel_settings: dict[Annotated[ChannelId, Field(pattern=_CHANNEL)], ChannelSettings] = Field(default_factory=dict)
    teams: dict[PlainName, Role] = Field(default_factory=dict)

    credit_alerts: CreditAlerts = CreditAlerts()
    data_alerts_percent: tuple[Annotated[int, Field(ge=1, le=99)], ...] = (25, 10, 5)
    renewal_notice_days: int = Field(3, ge=0, le=60)
    renewal_default: RenewalDefault = RenewalDefault.KEEP
    prices_visible_to: tuple[str, ...] = PRICES_VISIBLE_TO
    digests_set_by: tuple[str, ...] = DIGESTS_SET_BY

    @model_validator(mode="after")
    def _roles_exist(self) -> Policy:
        if self.approvals.role not in self.roles:
            raise ValueError(f"approvals.role names {self.approvals.role!r}, which is not under roles")
        if (beyond := self.budgets.over_budget_role) is not None and beyond not in self.roles:
            raise ValueError(f"budgets.over_budget_role names {beyond!r}, which is not under roles")
        return self

    @model_validator(mode="after")
    def _viewers_exist(self) -> Policy:
        known = {*self.roles, *PRICES_VISIBLE_TO, CHANNEL}
        for setting, names in (
            ("prices_visible_to", self.prices_visible_to),
            ("digests_set_by", self.digests_set_by),
        ):
            if strangers := [name for name in names if name not in known]:
                raise ValueError(f"{setting} names {strangers[0]!r}, which is not under roles")
        return self

    @property
    def tolerance(self) -> Tolerance:
        return Tolerance(self.price_tolerance.percent, self.price_tolerance.cents)

    @property
    def approval_window(self) -> timedelta:
        return timedelta(hours=self.approval_window_hours)

    @property
    def settle_time(self) -> timedelta:
        """How long a checkout without an answer may still land at the provider."""
        return timedelta(minutes=self.settle_minutes)

    def time_zone_of(self, channel: ChannelId) -> str:
        """Where this channel's days and months begin."""
        settings = self.channel_settings.get(channel)
        return settings.time_zone if settings and settings.time_zone else self.time_zone

    def project_of(self, channel: ChannelId) -> str:
        """The project this channel buys for; a channel without one is its own, by its id."""
        settings = self.channel_settings.get(channel)
        return settings.project if settings and settings.project else channel

    @property
    def projects(self) -> dict[ChannelId, str]:
        """The channels that buy for a project with a name."""
        return {channel: one.project for channel, one in self.channel_settings.items() if one.project}

    @property
    def payer_role(self) -> Role:
        """Those who pay invoices; where the policy names none, those who approve."""
        return self.roles.get(FINANCE) or self.roles[self.approvals.role]

    @property
    def shows_channel_its_spend(self) -> bool:
        return CHANNEL in self.prices_visible_to

    def cap_of(self, channel: ChannelId) -> Cents | None:
        """What this channel may spend in a month; None for no cap."""
        settings, usual = self.channel_settings.get(channel), self.budgets.monthly_dollars
        own = settings.budget_dollars if settings else None
        dollars = usual if own is None else own
        return None if dollars is None else dollars * CENTS_PER_DOLLAR

    @cached_property
    def digest(self) -> str:
        """Twelve characters that differ when any rule does; kept with what was decided under it."""
        rules = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(rules.encode()).hexdigest()[:12]

    def role(self, name: str) -> Role | None:
        return self.roles.get(name)


class Person(Struct, frozen=True):
    """Someone as Slack knows them now. Judged by id and flags alone; names are for reading."""

    id: UserId
    name: str
    is_bot: bool = False
    is_deleted: bool = False
    is_guest: bool = False
    is_external: bool = False

    @property
    def is_ordinary_member(self) -> bool:
        return not (self.is_bot or self.is_deleted or self.is_guest or self.is_external)


class Verdict(Struct, frozen=True):
    """Allow or refuse, with the rule behind it and a sentence for the person."""

    is_allowed: bool
    rule: str
    sentence: str = ""

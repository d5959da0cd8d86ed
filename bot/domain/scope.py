"""What a summary is about: a channel, a person, a team, a project, a product, a service, or the whole workspace."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from msgspec import Struct

from bot.domain.company import Company
from bot.domain.ids import ChannelId
from bot.domain.period import Period, PeriodError, parse_period, this_month
from bot.domain.typeahead import fold, nearest

WORKSPACE_WORDS = frozenset({"workspace", "everything", "all", "company"})
_HERE = frozenset({"here", "this channel", "channel"})
_CHANNEL = re.compile(r"<#([CGD][A-Z0-9]{2,31})(?:\|[^>]*)?>|#?([CGD][A-Z0-9]{6,31})")
_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,31})(?:\|[^>]*)?>|@?([UW][A-Z0-9]{6,31})")
_DIVISION = re.compile(r"(team|project)(?:\s*:\s*|\s+)(.*)", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


class Kind(StrEnum):
    CHANNEL = "channel"
    PERSON = "person"
    TEAM = "team"
    PROJECT = "project"
    PRODUCT = "product"
    SERVICE = "service"
    WORKSPACE = "workspace"


class Measure(StrEnum):
    """What is summed up: money or data."""

    SPEND = "spend"
    USAGE = "usage"


class ScopeError(ValueError):
    """The words name nothing that can be summed up. The text says what to write instead."""


class Scope(Struct, frozen=True):
    """`id` is a channel's or person's Slack id, the name of a team or project, a product code or a service ID; empty
    for the workspace.
    """

    kind: Kind
    id: str = ""


class Asked(Struct, frozen=True):
    """One summary somebody asked for. Its text is what a button carries."""

    measure: Measure
    scope: Scope
    period: Period

    def __str__(self) -> str:
        return f"{self.measure}:{self.scope.kind}:{self.scope.id}:{self.period}"


class Words(Struct, frozen=True):
    """What a person typed, split: a scope already known or still a word to look up, and the period."""

    scope: Scope | None
    word: str
    period: Period


def parse_words(text: str, here: ChannelId | None, me: str, today: date) -> Words:
    """`#channel last month`, `30d @person`, `isp_us`, or nothing: this channel, this month.

    Outside of a channel, nothing means one's own.

    Raises ScopeError for names that are no mention and PeriodError for a period that cannot be.
    """
    scope_words, period = _split(text.split(), today)
    scope, word = _scope(scope_words, here, me)
    return Words(scope, word, period)


def _split(words: list[str], today: date) -> tuple[str, Period]:
    """The period is the longest end, or else the longest beginning, that reads as one."""
    for cut in range(len(words) + 1):
        scope, named = words[:cut], words[cut:]
        for rest, tried in ((scope, named), (named, scope)):
            if tried and (period := parse_period(" ".join(tried), today)):
                return " ".join(rest), period
    return " ".join(words), this_month(today)


def _scope(text: str, here: ChannelId | None, me: str) -> tuple[Scope | None, str]:
    lowered = text.lower()
    if not text and here is None:
        return Scope(Kind.PERSON, me), ""
    if not text or lowered in _HERE:
        if here is None:
            raise ScopeError("Say what to add up: a #channel, a @person, a product, a service ID, or `workspace`.")
        return Scope(Kind.CHANNEL, here), ""
    if lowered in WORKSPACE_WORDS:
        return Scope(Kind.WORKSPACE), ""
    if lowered in ("me", "mine", "@me"):
        return Scope(Kind.PERSON, me), ""
    for pattern, kind in ((_CHANNEL, Kind.CHANNEL), (_PERSON, Kind.PERSON)):
        if found := pattern.fullmatch(text):
            return Scope(kind, found[1] or found[2]), ""
    if text.startswith(("@", "#")):
        raise ScopeError(f"Slack did not say who or what {text} is. Pick it from the list that opens while you type.")
    return None, text


def division(word: str, company: Company) -> Scope | None:
    """`team:scraping` or `project:crawler`, None for a word that speaks of neither.

    A channel may stand for its project. Raises ScopeError for a name that the company does not have.
    """
    said = _DIVISION.fullmatch(word)
    if said is None:
        return None
    kind, name = Kind(said[1].lower()), said[2].strip()
    known = divisions(company)[kind]
    if same := next((one for one in known if fold(one) == fold(name)), None):
        return Scope(kind, same)
    if kind is Kind.PROJECT and (there := _CHANNEL.fullmatch(name)):
        return _project_of(ChannelId(there[1] or there[2]), company)
    if not known:
        raise ScopeError(f"There are no {kind}s here. An admin names them in the policy (docs/policy.md).")
    near = nearest(name, known)
    perhaps = _perhaps(f"{kind}:{one}" for one in near) if near else f"There are: {', '.join(known[:20])}."
    raise ScopeError(f"There is no {kind} called {name[:60] or '(nothing)'} here. {perhaps}")


def _project_of(channel: ChannelId, company: Company) -> Scope:
    project = company.project_of(channel)
    return Scope(Kind.CHANNEL, channel) if project == channel else Scope(Kind.PROJECT, project)


def divisions(company: Company) -> dict[Kind, list[str]]:
    """The names of all teams and projects."""
    return {Kind.TEAM: list(company.teams), Kind.PROJECT: sorted(set(company.projects.values()))}


def unknown(word: str, products: Iterable[str], company: Company) -> ScopeError:
    """For a word that names nothing, with what may have been meant."""
    teams = {name: f"{kind}:{name}" for kind, names in divisions(company).items() for name in names}
    near = nearest(word, [*products, *teams])
    perhaps = f" {_perhaps(teams.get(one, one) for one in near)}" if near else ""
    return ScopeError(f"There is no product, service or period called {word[:60]} here.{perhaps}")


def _perhaps(choices: Iterable[str]) -> str:
    return f"Did you mean {' or '.join(f'`{one}`' for one in choices)}?"


def parse_asked(text: str, today: date) -> Asked | None:
    """What a button carries; None for anything else."""
    measure, _, rest = text.partition(":")
    kind, _, rest = rest.partition(":")
    of, _, words = rest.rpartition(":")
    if measure not in list(Measure) or kind not in list(Kind) or not (_ID.fullmatch(of) or kind == Kind.WORKSPACE):
        return None
    try:
        period = parse_period(words, today) if words else None
    except PeriodError:
        return None
    return Asked(Measure(measure), Scope(Kind(kind), of), period) if period else None

"""One small function per rule about who may decide. The first one that objects gives the verdict."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from bot.domain.ids import UserId
from bot.domain.policy import Person, Verdict


class Decider(Struct, frozen=True):
    """Everything a rule may look at: who clicked, whose request it is, and who holds the role now."""

    person: Person
    requester: UserId
    role: str
    holders: frozenset[UserId]


Rule = Callable[[Decider], Verdict | None]


def ordinary_member(decider: Decider) -> Verdict | None:
    """Guests, people of other companies, deactivated accounts and bots decide nothing."""
    if decider.person.is_ordinary_member:
        return None
    return Verdict(False, "ordinary_member", "Guests, people from other companies and bots cannot decide requests.")


def not_own_request(decider: Decider) -> Verdict | None:
    if decider.person.id != decider.requester:
        return None
    return Verdict(False, "not_own_request", "You asked for this yourself, so somebody else has to decide.")


def holds_role(decider: Decider) -> Verdict | None:
    if decider.person.id in decider.holders:
        return None
    return Verdict(False, "holds_role", f"This needs the role *{decider.role}*, which you do not have.")


RULES: tuple[Rule, ...] = (ordinary_member, not_own_request, holds_role)


def judge(decider: Decider) -> Verdict:
    """May this person decide this request? Allowed verdicts name the role that allowed it."""
    for rule in RULES:
        verdict = rule(decider)
        if verdict is not None:
            return verdict
    return Verdict(True, f"role:{decider.role}")


def others_who_may(holders: frozenset[UserId], requester: UserId) -> frozenset[UserId]:
    """Holders of the role who could decide a request of this person."""
    return holders - {requester}

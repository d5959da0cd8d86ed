"""Who may see what was spent, and who may set a channel's digests. Judged at each click, like a decision."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from bot.domain.ids import ChannelId, UserId
from bot.domain.policy import CHANNEL, Person, Verdict
from bot.domain.scope import Kind, Scope

OWN_REQUEST = "own_request"
"""The rule that shows people what they asked for themselves, and nothing else of their channel."""


class Viewer(Struct, frozen=True):
    """Who looks, from which channel, and which of the named roles they hold now."""

    person: Person
    channel: ChannelId | None
    roles: frozenset[str]


def may_see_anything(viewer: Viewer) -> Verdict:
    if viewer.person.is_ordinary_member:
        return Verdict(True, "ordinary_member")
    return Verdict(False, "ordinary_member", "Guests, people from other companies and bots are shown no summaries.")


def may_see_spend(viewer: Viewer, scope: Scope, visible_to: Sequence[str]) -> Verdict:
    """By role; else one's own spend, and that of the channel one asks in where the policy shows it to the channel."""
    member = may_see_anything(viewer)
    if not member.is_allowed:
        return member
    if held := [role for role in visible_to if role in viewer.roles]:
        return Verdict(True, f"role:{held[0]}")
    if scope == Scope(Kind.PERSON, viewer.person.id):
        return Verdict(True, "own_spend")
    if CHANNEL in visible_to and viewer.channel is not None and scope == Scope(Kind.CHANNEL, viewer.channel):
        return Verdict(True, "in_channel")
    return Verdict(False, "prices_visible_to", _refusal(visible_to))


def may_see_prices(
    viewer: Viewer, requester: UserId | None, channel: ChannelId | None, visible_to: Sequence[str]
) -> Verdict:
    """Of one request or service. Who sees the spend of their channel has its cards before them, guests included."""
    if requester is not None and requester == viewer.person.id:
        return Verdict(True, OWN_REQUEST)
    if CHANNEL in visible_to and channel is not None and channel == viewer.channel:
        return Verdict(True, "in_channel")
    held = [role for role in visible_to if role in viewer.roles]
    if held and viewer.person.is_ordinary_member:
        return Verdict(True, f"role:{held[0]}")
    shown_to = [
        *(["whoever asked for it"] if requester else []),
        *(["everybody who looks from its channel"] if channel and CHANNEL in visible_to else []),
        *(f"*{role}*" for role in dict.fromkeys(visible_to) if role != CHANNEL),
    ]
    who = f"{', '.join(shown_to[:-1])} and {shown_to[-1]}" if len(shown_to) > 1 else "".join(shown_to) or "nobody"
    return Verdict(False, "prices_visible_to", f"The sums are left out: they are shown to {who}.")


def may_set_digest(viewer: Viewer, set_by: Sequence[str]) -> Verdict:
    member = may_see_anything(viewer)
    if not member.is_allowed:
        return member
    if held := [role for role in set_by if role in viewer.roles]:
        return Verdict(True, f"role:{held[0]}")
    if CHANNEL in set_by and viewer.channel is not None:
        return Verdict(True, "in_channel")
    return Verdict(False, "digests_set_by", f"A digest is set by {_listed(set_by)}, and you hold none of these roles.")


def _refusal(visible_to: Sequence[str]) -> str:
    roles = [role for role in visible_to if role != CHANNEL]
    seen = "the spend of the channel you are in, and your own" if CHANNEL in visible_to else "your own spend"
    who = f"shown to {_listed(roles)}" if roles else "shown to nobody"
    return f"You see {seen}. What else was spent is {who}."


def _listed(roles: Sequence[str]) -> str:
    names = ["everybody in the channel" if role == CHANNEL else f"*{role}*" for role in roles]
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names) or "nobody"

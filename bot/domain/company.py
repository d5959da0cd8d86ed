"""How the company is divided: people into teams, channels into projects. Both are read off when somebody looks, so
nothing kept has to be rewritten when a person changes teams or a channel gets a project."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field

from bot.domain.ids import ChannelId, UserId

NO_TEAM = ""
"""The team of people who are in none, and of what nobody here bought."""
NO_PROJECT = ""
"""The project of what belongs to no channel: bought outside the bot, not adopted."""


class Company(Struct, frozen=True):
    """The teams as the policy lists them with their members of now, and the channels whose project has a name."""

    teams: Mapping[str, frozenset[UserId]] = field(default_factory=dict)
    projects: Mapping[ChannelId, str] = field(default_factory=dict)

    def team_of(self, user: str | None) -> str:
        """Somebody in two teams counts for the one listed first."""
        return next((team for team, members in self.teams.items() if user in members), NO_TEAM)

    def project_of(self, channel: ChannelId | None) -> str:
        """By name; a channel without one is its own project, by its id."""
        return self.projects.get(channel, channel) if channel else NO_PROJECT


EVERYBODY = Company()
"""Without teams and projects."""


def is_channel_id(word: str) -> bool:
    return re.fullmatch(r"[CG][A-Z0-9]{2,}", word) is not None

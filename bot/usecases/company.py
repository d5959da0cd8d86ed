"""Looking up how the company is divided: the policy's teams with their members of now, and the projects of channels."""

from __future__ import annotations

import asyncio

from bot.domain.company import Company
from bot.domain.errors import ChatError
from bot.usecases.desk import Desk

WAIT_S = 1.0
"""Teams may be missing, the sums not: somebody waits for them."""


async def now(desk: Desk) -> Company:
    """Raises ChatError when Slack cannot say who is in a team."""
    policy = desk.policy()
    members = await asyncio.gather(*(desk.directory.holders(team) for team in policy.teams.values()))
    return Company(dict(zip(policy.teams, members, strict=True)), policy.projects)


async def at_hand(desk: Desk) -> Company:
    """Without its teams when Slack does not say soon who is in them: the sums hold without."""
    try:
        async with asyncio.timeout(WAIT_S):
            return await now(desk)
    except (ChatError, TimeoutError):
        return Company(projects=desk.policy().projects)


def names(desk: Desk) -> Company:
    """The teams and projects there are, whoever is in them."""
    policy = desk.policy()
    return Company({team: frozenset() for team in policy.teams}, policy.projects)

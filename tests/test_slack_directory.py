"""Who people are: asked of Slack when somebody is judged by it, known for a minute, and asked once for many at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import ChatError
from bot.domain.ids import GroupId, UserId
from bot.domain.policy import Role
from bot.slack import DIRECTORY_AGE_S, SlackDirectory
from playground.slack_server import running_workspace
from playground.stage import MANIFEST
from playground.workspace import Workspace
from playground.workspace_cast import RITA
from playground.workspace_faults import Fault

APPROVERS = GroupId("S0APPROVERS")
ROLE = Role(groups=(APPROVERS,))
MORE_THAN_SLACK_TAKES = 40
"""Of `usergroups.users.list` in a minute (Slack docs: tier 2)."""


@dataclass
class Known:
    """A directory, the workspace it asks, and its clock."""

    ws: Workspace
    directory: SlackDirectory
    now: list[float]


@pytest.fixture
async def known() -> AsyncIterator[Known]:
    ws, now = Workspace(manifest=MANIFEST, bot_url=""), [0.0]
    async with running_workspace(ws) as url:
        client = AsyncWebClient(token=ws.app.bot_token, base_url=f"{url}/api/")
        yield Known(ws, SlackDirectory(client, clock=lambda: now[0]), now)


async def test_many_who_click_at_once_are_judged_by_one_answer(known: Known) -> None:
    asked = [known.directory.holders(ROLE) for _ in range(MORE_THAN_SLACK_TAKES)]
    members = frozenset(UserId(user) for user in known.ws.groups[APPROVERS].members)
    assert set(await asyncio.gather(*asked)) == {members}


async def test_whoever_goes_away_leaves_the_answer_to_the_others(known: Known) -> None:
    known.ws.faults.add(Fault("slow", "users.info", seconds=0.2))
    first = asyncio.create_task(known.directory.person(UserId(RITA)))
    second = asyncio.create_task(known.directory.person(UserId(RITA)))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).id == RITA
    assert first.cancelled()


async def test_who_has_left_a_group_is_no_member_a_minute_later(known: Known) -> None:
    before = await known.directory.holders(ROLE)
    known.ws.groups[APPROVERS].members = [RITA]
    known.now[0] = DIRECTORY_AGE_S - 1
    assert await known.directory.holders(ROLE) == before
    known.now[0] = DIRECTORY_AGE_S
    assert await known.directory.holders(ROLE) == {RITA}


async def test_a_failure_is_told_to_all_who_wait_and_kept_for_nobody(known: Known) -> None:
    known.ws.faults.add(Fault("error", "usergroups.users.list", error="internal_error"))
    waiting = (known.directory.holders(ROLE) for _ in range(3))
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in found] == [ChatError] * 3
    assert await known.directory.holders(ROLE)


async def test_a_failure_that_nobody_waited_for_is_told_to_nobody_later(known: Known) -> None:
    known.ws.faults.add(Fault("error", "users.info", error="internal_error"))
    before = asyncio.all_tasks()
    gone = asyncio.create_task(known.directory.person(UserId(RITA)))
    await asyncio.sleep(0)
    (call,) = asyncio.all_tasks() - before - {gone}
    gone.cancel()
    await asyncio.wait({call})
    assert (await known.directory.person(UserId(RITA))).id == RITA

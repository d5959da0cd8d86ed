"""Posting a digest in a Slack that fails: whatever became of the first post, exactly one stands in the end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.digest import Rhythm, Schedule
from bot.domain.ids import ChannelId, UserId
from bot.usecases import digests
from playground.workspace_cast import MONA, PROXIES
from tests.usecases.conftest import Clock
from tests.usecases.postroom import LEASE_S, LONG_S, START, TEAM, UNCLEAR_ENDS, DyingStore, PostRoom

HERE = ChannelId(PROXIES)
REFUSED = [
    ("error", {"error": "team_added_to_org"}, "refused for a reason nobody knows"),
    ("error", {"error": "invalid_blocks"}, "refused for its layout"),
    ("error", {"error": "token_revoked"}, "refused with everything else"),
    ("ratelimited", {"retry_after": 30}, "asked to wait"),
]


@pytest.fixture
async def due(room: PostRoom, clock: Clock) -> PostRoom:
    """The digest of yesterday is due in the channel."""
    clock.time = START - timedelta(days=3)
    await digests.set_one(room.teller().desk, TEAM, HERE, Schedule(Rhythm.DAILY), UserId(MONA))
    clock.time = START
    return room


async def look(room: PostRoom) -> int:
    """What the worker does each minute."""
    return await digests.post_due(room.teller().desk, TEAM)


async def standing(room: PostRoom) -> list[str]:
    seen = await room.slack.person("rita").messages("proxies")
    return [one.ts for one in seen if "Digest of the day" in one.text]


@pytest.mark.parametrize(
    ("fault", "more", "_why"), [*REFUSED, *UNCLEAR_ENDS], ids=[end[2] for end in (*REFUSED, *UNCLEAR_ENDS)]
)
async def test_t131_a_digest_whose_first_post_failed_or_had_no_clear_end_stands_once(
    fault: str, more: dict[str, Any], _why: str, due: PostRoom
) -> None:
    one, other = due.teller(), due.teller()
    assert await look(due) == 1
    await due.fault(fault, "chat.postMessage", **more)
    await due.work(one)
    for seconds in (6, 30, LEASE_S, LONG_S):
        assert await look(due) == 0, "what is announced is not announced again because it is not posted yet"
        due.pass_time(seconds)
        await one.listen_again(TEAM)
        await asyncio.gather(due.work(one), due.work(other))
    assert len(await standing(due)) == 1
    assert await due.waiting() == 0
    assert len(due.calls("chat.postMessage")) >= 1 + (fault != "timeout_after_effect")


@pytest.mark.parametrize("where", ["begun", "record", "settle"])
async def test_t131_a_worker_killed_around_the_first_post_of_a_digest_is_followed_by_one(
    where: str, due: PostRoom
) -> None:
    await look(due)
    store = due.another_store(DyingStore)
    store.dies_at = where
    with pytest.raises(BaseException, match=where):
        await due.teller(store=store).tell(TEAM)
    assert await look(due) == 0
    await due.later(due.teller(), LEASE_S, LONG_S)
    assert len(await standing(due)) == 1
    assert await due.waiting() == 0

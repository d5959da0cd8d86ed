"""Digests: which a channel has, who sets them, and posting each exactly once.

A digest is announced under a key of its channel, rhythm and days, so over replicas, restarts and clock changes the same
one is never announced twice. Only the newest due one is ever posted: what was missed is counted in it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from msgspec import Struct

from bot.domain.audit import NOWHERE, Audit, Origin
from bot.domain.digest import Due, Rhythm, Schedule, missed, newest_due, next_due
from bot.domain.errors import RecordError
from bot.domain.ids import ChannelId, NoticeKey, UserId, WorkspaceId
from bot.domain.notice import ChannelDigest, Renewing, Undecided
from bot.domain.policy import Verdict
from bot.domain.request import PurchaseRequest, State
from bot.domain.scope import Kind, Scope
from bot.domain.seeing import may_set_digest
from bot.ports.digests import DigestMark, SetDigest
from bot.usecases import summaries
from bot.usecases.desk import Desk, utcnow

LISTED = 5
"""Services and requests named one by one in a digest."""
COMING = timedelta(days=35)
"""How far ahead a renewal is worth naming."""

_log = structlog.get_logger()


class Wanted(Struct, frozen=True):
    """A digest that a channel has: set by command, or else by the policy."""

    channel: ChannelId
    schedule: Schedule
    is_from_policy: bool


async def wanted(desk: Desk, workspace: WorkspaceId) -> list[Wanted]:
    """Every digest of the workspace. What was set by command counts before the policy, for its rhythm."""
    chosen = {(one.channel, one.rhythm): one for one in await desk.store.set_digests(workspace)}
    from_policy = [
        Wanted(channel, schedule, is_from_policy=True)
        for channel, settings in desk.policy().channel_settings.items()
        for schedule in settings.schedules
        if (channel, schedule.rhythm) not in chosen
    ]
    set_here = [
        Wanted(one.channel, one.schedule, is_from_policy=False) for one in chosen.values() if one.schedule is not None
    ]
    return sorted([*from_policy, *set_here], key=lambda one: (one.channel, one.schedule.rhythm))


async def of_channel(desk: Desk, workspace: WorkspaceId, channel: ChannelId) -> list[tuple[Wanted, datetime]]:
    """The digests of one channel, each with when it comes next."""
    now, zone = utcnow(), ZoneInfo(summaries.zone_of(desk, channel))
    mine = [one for one in await wanted(desk, workspace) if one.channel == channel]
    return [(one, next_due(channel, one.schedule, zone, now).at) for one in mine]


# Setting


async def may_set(desk: Desk, user: UserId, channel: ChannelId) -> Verdict:
    """Raises ChatError when Slack cannot say who holds which role."""
    set_by = desk.policy().digests_set_by
    return may_set_digest(await summaries.viewer(desk, user, channel, set_by), set_by)


async def set_one(
    desk: Desk,
    workspace: WorkspaceId,
    channel: ChannelId,
    schedule: Schedule,
    by: UserId,
    *,
    origin: Origin = NOWHERE,
) -> None:
    now = utcnow()
    chosen = SetDigest(channel, schedule.rhythm, schedule, by, now)
    standing = await _schedules(desk, workspace, channel)
    line = _line(desk, chosen, standing.get(schedule.rhythm), origin)
    await desk.store.set_digest(workspace, [(chosen, line)], now, origin.signature)


async def stop(
    desk: Desk,
    workspace: WorkspaceId,
    channel: ChannelId,
    rhythm: Rhythm | None,
    by: UserId,
    *,
    origin: Origin = NOWHERE,
) -> int:
    """Switch off one rhythm, or all the channel has; how many those were."""
    now, standing = utcnow(), await _schedules(desk, workspace, channel)
    stopped = [SetDigest(channel, one, None, by, now) for one in standing if rhythm in (None, one)]
    lines = [(one, _line(desk, one, standing[one.rhythm], origin)) for one in stopped]
    if lines:
        await desk.store.set_digest(workspace, lines, now, origin.signature)
    return len(stopped)


async def _schedules(desk: Desk, workspace: WorkspaceId, channel: ChannelId) -> dict[Rhythm, Schedule]:
    return {one.schedule.rhythm: one.schedule for one, _ in await of_channel(desk, workspace, channel)}


def _line(desk: Desk, chosen: SetDigest, before: Schedule | None, origin: Origin) -> Audit:
    what = "digest_set" if chosen.schedule else "digest_stopped"
    change = str(before or "off"), str(chosen.schedule or "off")
    _log.info(what, channel=chosen.channel, rhythm=chosen.rhythm, before=change[0], after=change[1], user=chosen.by)
    return desk.line(what, by=chosen.by, detail=f"{chosen.rhythm} in {chosen.channel}", change=change, origin=origin)


# Posting


async def post_due(desk: Desk, workspace: WorkspaceId) -> int:
    """Announce every digest that is due and was not announced; how many those were."""
    now, posted = utcnow(), 0
    marks = await desk.store.digest_marks(workspace)
    for one in await wanted(desk, workspace):
        mark = marks.get((one.channel, one.schedule.rhythm))
        if mark is None:  # a digest of the policy, seen for the first time: what was due before is not wanted
            await desk.store.begin_digest(workspace, one.channel, one.schedule.rhythm, now)
            continue
        try:
            posted += await _post_if_due(desk, workspace, one, mark, now)
        except RecordError as error:
            _log.error("digest_not_made", channel=one.channel, error=str(error))
    return posted


async def _post_if_due(desk: Desk, workspace: WorkspaceId, one: Wanted, mark: DigestMark, now: datetime) -> bool:
    zone = ZoneInfo(summaries.zone_of(desk, one.channel))
    due = newest_due(one.channel, one.schedule, zone, now)
    if due.at <= mark.since or (mark.told is not None and due.period.last <= mark.told):
        return False
    digest = await made(desk, workspace, due, mark, now)
    line = desk.line("digest_announced", by=None, detail=f"{one.schedule.rhythm} in {one.channel}, {due.period}")
    is_new = await desk.store.announce(workspace, digest, [one.channel], line)
    if is_new:
        _log.info("digest_announced", key=digest.key, is_late=digest.is_late, missed=digest.missed)
    return is_new


async def made(desk: Desk, workspace: WorkspaceId, due: Due, mark: DigestMark, now: datetime) -> ChannelDigest:
    """The digest with its facts as they are now."""
    scope, shows_prices = Scope(Kind.CHANNEL, due.channel), desk.policy().shows_channel_its_spend
    spend = await summaries.spend(desk, workspace, scope, due.period) if shows_prices else None
    waiting = await _waiting(desk, workspace, due.channel)
    return ChannelDigest(
        digest=NoticeKey(due.key),
        at=now,
        due=due.at,
        is_late=due.is_late(now),
        missed=missed(due, mark.told),
        channel=due.channel,
        rhythm=due.schedule.rhythm,
        time_zone=summaries.zone_of(desk, due.channel),
        period=due.period,
        spend=spend,
        used=await summaries.used(desk, workspace, scope, due.period, shows_cost=shows_prices),
        renewing=await _renewing(desk, workspace, due.channel, now),
        undecided=tuple(Undecided(one.id, one.requester, one.quote.total) for one in waiting[:LISTED]),
        waiting=len(waiting),
    )


async def _waiting(desk: Desk, workspace: WorkspaceId, channel: ChannelId) -> list[PurchaseRequest]:
    """All that waits for a decision in this channel, oldest first."""
    return [request for request in await desk.all_in(workspace, State.PENDING) if request.channel == channel]


async def _renewing(desk: Desk, workspace: WorkspaceId, channel: ChannelId, now: datetime) -> tuple[Renewing, ...]:
    """What renews or ends next in this channel."""
    page = await desk.store.services(workspace, channel=channel, limit=LISTED)
    return tuple(
        Renewing(one.id, one.service.name, one.service.expires_at, one.renews)
        for one in page.services
        if one.service.expires_at is not None and now <= one.service.expires_at <= now + COMING
    )

"""`/proxy digest`: which digests a channel gets, and setting them by words or buttons."""

from __future__ import annotations

from bot.blocks import digest, notices
from bot.blocks.kit import Message
from bot.domain.digest import Rhythm, Schedule, ScheduleError, parse_schedule
from bot.domain.ids import ChannelId
from bot.handlers.front import UNKNOWN_BUTTON, Front
from bot.handlers.parse import Actor, Press
from bot.handlers.reports import in_channel
from bot.usecases import digests, summaries

NO_CHANNEL = "A digest belongs to a channel. Type /proxy digest in the one that should get it."
UNKNOWN = "`{words}` sets no digest. Write daily, weekly or monthly with a day and a time, or off."


async def command(front: Front, who: Actor, words: str) -> Message | None:
    async def work() -> Message:
        return await _commanded(front, who, words)

    return await front.soon(who, work, notices.sentence("Looking at the digests…"))


async def _commanded(front: Front, who: Actor, words: str) -> Message:
    channel = in_channel(who)
    if channel is None:
        return notices.sentence(NO_CHANNEL)
    if not words or words.lower() == "show":
        return await _shown(front, who, channel)
    first, _, rest = words.lower().partition(" ")
    if first in ("off", "stop", "none"):
        if rest and rest not in list(Rhythm):
            return notices.sentence(UNKNOWN.format(words=words[:60]))
        return await _stop(front, who, channel, Rhythm(rest) if rest else None)
    try:
        schedule = parse_schedule(words)
    except ScheduleError as error:
        return notices.sentence(str(error))
    if schedule is None:
        return notices.sentence(UNKNOWN.format(words=words[:60]))
    return await _set(front, who, channel, schedule)


async def set_pressed(front: Front, press: Press) -> Message | None:
    """A button carries `C…:weekly monday 9:00`."""
    channel, _, words = press.value.partition(":")
    schedule = parse_schedule(words)
    if schedule is None or channel != in_channel(press.actor):
        return notices.sentence(UNKNOWN_BUTTON)
    front.answer_later(
        press.actor, lambda: _set(front, press.actor, ChannelId(channel), schedule), replace=press.is_ephemeral
    )
    return None


async def stop_pressed(front: Front, press: Press) -> Message | None:
    channel = in_channel(press.actor)
    if channel is None or press.value != channel:
        return notices.sentence(UNKNOWN_BUTTON)
    front.answer_later(press.actor, lambda: _stop(front, press.actor, channel, None), replace=press.is_ephemeral)
    return None


async def _set(front: Front, who: Actor, channel: ChannelId, schedule: Schedule) -> Message:
    verdict = await digests.may_set(front.desk, who.user, channel)
    if not verdict.is_allowed:
        await front.denied(who, verdict, f"digests of {channel}")
        return notices.sentence(f"{verdict.sentence} Nothing changed.")
    await digests.set_one(front.desk, who.workspace, channel, schedule, who.user, origin=who.origin)
    return await _shown(front, who, channel, "Set.")


async def _stop(front: Front, who: Actor, channel: ChannelId, rhythm: Rhythm | None) -> Message:
    verdict = await digests.may_set(front.desk, who.user, channel)
    if not verdict.is_allowed:
        await front.denied(who, verdict, f"digests of {channel}")
        return notices.sentence(f"{verdict.sentence} Nothing changed.")
    count = await digests.stop(front.desk, who.workspace, channel, rhythm, who.user, origin=who.origin)
    return await _shown(front, who, channel, "Switched off." if count else "There was none to switch off.")


async def _shown(front: Front, who: Actor, channel: ChannelId, note: str = "") -> Message:
    verdict = await digests.may_set(front.desk, who.user, channel)
    zone = summaries.zone_of(front.desk, channel)
    standing = [
        digest.Standing(one.schedule, one.is_from_policy, next_at, zone)
        for one, next_at in await digests.of_channel(front.desk, who.workspace, channel)
    ]
    return digest.settings(channel, standing, may_set=verdict.is_allowed, note=note)

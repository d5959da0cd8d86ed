"""A channel's digest, and the answers about setting one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.blocks import kit, native_charts, spend_summary, summaries, text, usage_summary
from bot.blocks.ids import Action
from bot.blocks.kit import Block, Message
from bot.domain.digest import WEEKDAYS, Rhythm, Schedule
from bot.domain.ids import ChannelId
from bot.domain.notice import ChannelDigest, Renewing, Undecided
from bot.domain.scope import Asked, Kind, Measure, Scope

_SPANS = {Rhythm.DAILY: "day", Rhythm.WEEKLY: "week", Rhythm.MONTHLY: "month"}


class Standing(NamedTuple):
    """One digest of a channel as it is set now: by the policy or by command, and when it comes next (UTC).

    The times of its schedule are those of `time_zone`.
    """

    schedule: Schedule
    is_from_policy: bool
    next: datetime
    time_zone: str


def posted(digest: ChannelDigest) -> Message:
    """What was spent and used, what renews next, and what waits, with a note when it comes late."""
    scope = Scope(Kind.CHANNEL, digest.channel)
    about_spend, about_use = (Asked(measure, scope, digest.period) for measure in (Measure.SPEND, Measure.USAGE))
    lead = f"*Digest of the {_SPANS[digest.rhythm]} in {text.channel(digest.channel)}*"
    late = late_note(digest)
    lines = [lead, *([late] if late else [])]
    blocks: list[Block] = [kit.section("\n".join(lines))]
    if digest.spend is not None:
        spend = spend_summary.spend(about_spend, digest.spend, time_zone=digest.time_zone, is_private=False)
        lines.append(spend.text)
        blocks += _told(spend)
    used = usage_summary.usage(about_use, digest.used, is_private=False)
    lines.append(used.text)
    blocks += _told(used, without=("table",) if any(block["type"] == "table" for block in blocks) else ())
    coming = [*_renewing(digest.renewing), *_undecided(digest.undecided, digest.waiting)]
    blocks += [kit.section(part) for part in coming]
    lines += coming
    blocks.append(kit.context(f"Days of {text.words(digest.time_zone)}; data in days of UTC, as Byteful counts."))
    is_spend = digest.spend is not None and not (digest.spend.is_empty and not digest.used.is_empty)
    if not (digest.spend is None or digest.spend.is_empty) or not digest.used.is_empty:
        blocks.append(kit.actions(*summaries.to_take_along(about_spend if is_spend else about_use)))
    blocks.append(
        kit.actions(kit.button("Requests", Action.SHOW_REQUESTS), kit.button("Ask for proxies", Action.OPEN_FORM))
    )
    return kit.message("\n".join(lines), *blocks)


def _told(summary: Message, without: Sequence[str] = ()) -> list[Block]:
    """The body of a summary with its first chart: Slack takes two charts a message, and one table."""
    charts = [block for block in summary.blocks if block["type"] == native_charts.KIND][1:]
    left_out = {"context", "actions", *without}
    return [block for block in summary.blocks if block["type"] not in left_out and block not in charts]


def late_note(digest: ChannelDigest) -> str:
    if not digest.is_late:
        return ""
    missed = ""
    if digest.missed:
        were = "digest before it was" if digest.missed == 1 else "digests before it were"
        missed = f" {digest.missed:,} {were} left out: `/proxy spend` shows any days."
    return f":clock3: This was due {text.when(digest.due)} and comes late.{missed}"


def _renewing(services: Sequence[Renewing]) -> list[str]:
    if not services:
        return []
    lines = [
        f"{text.code(one.service)} {text.words(one.name)} {'renews' if one.renews else 'ends'} {text.when(one.at)}"
        for one in services
    ]
    return ["*Next*\n" + "\n".join(lines)]


def _undecided(requests: Sequence[Undecided], waiting: int) -> list[str]:
    if not waiting:
        return []
    lines = [
        f"{text.number(one.request)} by {text.mention(one.requester)}, {text.money(one.total)}" for one in requests
    ]
    more = waiting - len(requests)
    if more > 0:
        lines.append(f"and {more:,} more")
    return ["*Waiting for a decision*\n" + "\n".join(lines)]


# Setting it


def settings(channel: ChannelId, standing: Sequence[Standing], *, may_set: bool, note: str = "") -> Message:
    """Which digests a channel has, and how to change that. `note` says what has just changed."""
    where = text.channel(channel)
    lines = [text.prose(note)] if note else []
    lines += [_standing(one) for one in standing] or [f"{where} has no digest."]
    how = (
        "Set one with `/proxy digest weekly monday 9:00`, `/proxy digest daily 8:30` or "
        "`/proxy digest monthly 1 9:00`, end them with `/proxy digest off`."
        if may_set
        else "Who may change it stands in the policy under `digests_set_by`."
    )
    said = "\n".join([f"*Digests of {where}*", *lines])
    blocks = [kit.section(said), kit.context(how)]
    if may_set:
        buttons = [
            kit.button("Every Monday", Action.SET_DIGEST, f"{channel}:weekly monday 9:00"),
            kit.button("On the first", Action.SET_DIGEST_MONTHLY, f"{channel}:monthly 1 9:00"),
        ]
        if standing:
            buttons.append(kit.button("No digests", Action.STOP_DIGEST, channel))
        blocks.append(kit.actions(*buttons))
    return kit.message(f"{said}\n{how}", *blocks)


def _standing(one: Standing) -> str:
    origin = "from the policy" if one.is_from_policy else "set here"
    return f"{schedule_words(one.schedule, one.time_zone)} ({origin}). Next {text.when(one.next)}."


def schedule_words(schedule: Schedule, time_zone: str) -> str:
    at = f"{schedule.at:%H:%M} {text.words(time_zone)}"
    match schedule.rhythm:
        case Rhythm.DAILY:
            return f"Daily at {at}, about the day before"
        case Rhythm.WEEKLY:
            weekday = WEEKDAYS[schedule.day - 1].capitalize()
            return f"Weekly on {weekday} at {at}, about the last week from Monday to Sunday"
        case Rhythm.MONTHLY:
            last = ", the last day of shorter months," if schedule.day > 28 else ""
            return f"Monthly on day {schedule.day}{last} at {at}, about the last whole month"

"""Messages that wait for their time: kept, listed, taken back, and posted when world time gets there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playground import workspace_messages as messages
from playground.workspace import Workspace
from playground.workspace_model import SlackError
from playground.workspace_schema import Json

SCHEDULE_WITHIN_S = 120 * 24 * 3600
WINDOW_S = 5 * 60
MOST_IN_WINDOW = 30
TOO_LATE_TO_DELETE_S = 60


@dataclass(frozen=True)
class Scheduled:
    id: str
    channel: str
    post_at: int
    content: Json
    thread_ts: str | None
    made_at: int

    def as_json(self) -> Json:
        shown = {"id": self.id, "channel_id": self.channel, "post_at": self.post_at, "date_created": self.made_at}
        return {**shown, "text": self.content["text"]}


def schedule(ws: Workspace, args: Json) -> Json:
    channel = messages.place_for_post(ws, str(args["channel"]))
    content = messages.content_of(ws, args, "chat.scheduleMessage")
    thread_ts = messages.check_thread(channel, args.get("thread_ts"))
    post_at = _checked_time(ws, channel.id, args["post_at"])
    one = Scheduled(ws.next_id("Q"), channel.id, post_at, content, thread_ts, int(ws.now()))
    if content["metadata"] is not None:
        ws.note_problem("chat.scheduleMessage", "Slack never posts a scheduled message that carries metadata")
    ws.scheduled[one.id] = one
    ws.at(post_at, lambda: _post(ws, one))
    said = {"type": "delayed_message", "text": content["text"], "bot_id": ws.app.bot_id}
    return {"channel": channel.id, "scheduled_message_id": one.id, "post_at": post_at, "message": said}


def _checked_time(ws: Workspace, channel: str, given: Any) -> int:
    try:
        post_at = int(given)
    except (TypeError, ValueError) as error:
        raise SlackError("invalid_time") from error
    if post_at <= ws.now():
        raise SlackError("time_in_past")
    if post_at > ws.now() + SCHEDULE_WITHIN_S:
        raise SlackError("time_too_far")
    near = [one for one in ws.scheduled.values() if one.channel == channel and abs(one.post_at - post_at) < WINDOW_S]
    if len(near) >= MOST_IN_WINDOW:
        raise SlackError("restricted_too_many")
    return post_at


def _post(ws: Workspace, one: Scheduled) -> None:
    """Its time has come; a message that cannot be posted any more is lost without a word, as at Slack."""
    if ws.scheduled.pop(one.id, None) is None or ws.app.is_inactive or ws.app.is_revoked:
        return
    channel = ws.channels[one.channel]
    if channel.is_archived or ws.app.bot_user not in channel.members or one.content["metadata"] is not None:
        return
    thread_ts = one.thread_ts if one.thread_ts in channel.messages else None
    messages.post(ws, channel, one.content, thread_ts=thread_ts)


def listed(ws: Workspace, args: Json) -> list[Json]:
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
    return [
        one.as_json()
        for one in sorted(ws.scheduled.values(), key=lambda one: one.post_at)
        if args.get("channel") in (None, one.channel) and oldest <= one.post_at <= latest
    ]


def take_back(ws: Workspace, channel: str, scheduled_id: str) -> None:
    one = ws.scheduled.get(scheduled_id)
    if one is None or one.channel != channel or one.post_at - ws.now() < TOO_LATE_TO_DELETE_S:
        raise SlackError("invalid_scheduled_message_id")
    del ws.scheduled[scheduled_id]
    ws.changed()

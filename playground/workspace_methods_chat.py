"""The Web API's `chat.*`: posting, changing and removing messages, now or at a given time."""

from __future__ import annotations

from playground import workspace_messages as messages
from playground import workspace_schedule as schedule
from playground.workspace import Workspace
from playground.workspace_call import Methods, page, truth
from playground.workspace_model import SlackError
from playground.workspace_schema import Json

METHODS = Methods()
_SAY = "text blocks attachments metadata markdown_text thread_ts reply_broadcast unfurl_links unfurl_media mrkdwn parse"
_SAY += " link_names username icon_emoji icon_url as_user"


@METHODS.add("chat.postMessage", "special", "chat:write", required="channel", optional=_SAY)
def chat_post_message(ws: Workspace, args: Json) -> Json:
    channel = messages.place_for_post(ws, str(args["channel"]))
    content = messages.content_of(ws, args, "chat.postMessage")
    thread_ts = messages.check_thread(channel, args.get("thread_ts"))
    ws.limiter.post(channel.id)
    _warn_about_unfurling(ws, args)
    broadcast = truth(args.get("reply_broadcast"))
    message = messages.post(ws, channel, content, thread_ts=thread_ts, broadcast=broadcast)
    return {"channel": channel.id, "ts": message.ts, "message": ws.message_payload(message)}


def _warn_about_unfurling(ws: Workspace, args: Json) -> None:
    for key in ("username", "icon_emoji", "icon_url"):
        if key in args and "chat:write.customize" not in ws.app.scopes:
            ws.note_problem("chat.postMessage", f"{key} is ignored without chat:write.customize")


@METHODS.add(
    "chat.update",
    "3",
    "chat:write",
    required="channel ts",
    optional="text blocks attachments metadata markdown_text parse link_names as_user reply_broadcast file_ids",
)
def chat_update(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    if channel.is_archived:
        raise SlackError("is_archived")
    message = messages.own_message(channel, str(args["ts"]), "cant_update_message")
    messages.edit(ws, message, args, "chat.update")
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": ws.message_payload(message),
    }


@METHODS.add("chat.delete", "3", "chat:write", required="channel ts", optional="as_user")
def chat_delete(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    message = messages.own_message(channel, str(args["ts"]), "cant_delete_message")
    messages.delete(ws, channel, message)
    return {"channel": channel.id, "ts": message.ts}


@METHODS.add("chat.postEphemeral", "4", "chat:write", required="channel user", optional=_SAY)
def chat_post_ephemeral(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    if channel.is_archived:
        raise SlackError("is_archived")
    if ws.app.bot_user not in channel.members:
        raise SlackError("not_in_channel" if not channel.is_private else "channel_not_found")
    person = ws.people.get(str(args["user"]))
    if person is None or person.deleted or person.id not in channel.members:
        raise SlackError("user_not_in_channel")
    content = messages.content_of(ws, args, "chat.postEphemeral")
    thread_ts = messages.check_thread(channel, args.get("thread_ts"))
    message = messages.post(ws, channel, content, thread_ts=thread_ts, ephemeral_to=person.id)
    return {"message_ts": message.ts}


@METHODS.add("chat.getPermalink", "special", required="channel message_ts")
def chat_get_permalink(ws: Workspace, args: Json) -> Json:
    channel = ws.channel(str(args["channel"]))
    message = messages.known_message(channel, str(args["message_ts"]))
    link = f"https://{ws.team_domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    thread = message.thread_ts
    return {"channel": channel.id, "permalink": f"{link}?thread_ts={thread}&cid={channel.id}" if thread else link}


@METHODS.add("chat.scheduleMessage", "3", "chat:write", required="channel post_at", optional=_SAY)
def chat_schedule_message(ws: Workspace, args: Json) -> Json:
    return schedule.schedule(ws, args)


@METHODS.add("chat.scheduledMessages.list", "3", optional="channel cursor latest limit oldest team_id")
def chat_scheduled_messages_list(ws: Workspace, args: Json) -> Json:
    chosen, more = page(schedule.listed(ws, args), args)
    return {"scheduled_messages": chosen, **more}


@METHODS.add(
    "chat.deleteScheduledMessage", "3", "chat:write", required="channel scheduled_message_id", optional="as_user"
)
def chat_delete_scheduled_message(ws: Workspace, args: Json) -> Json:
    schedule.take_back(ws, str(args["channel"]), str(args["scheduled_message_id"]))
    return {}

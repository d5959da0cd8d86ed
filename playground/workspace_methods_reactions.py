"""The Web API's `reactions.*`: the bot's emoji under a message."""

from __future__ import annotations

from playground import workspace_messages as messages
from playground.workspace import Workspace
from playground.workspace_call import Methods
from playground.workspace_model import Message, SlackError
from playground.workspace_schema import Json

METHODS = Methods()


def _target_message(ws: Workspace, args: Json) -> Message:
    if not args.get("channel") or not args.get("timestamp"):
        raise SlackError("no_item_specified")
    return messages.known_message(ws.channel(str(args["channel"])), str(args["timestamp"]))


@METHODS.add("reactions.add", "3", "reactions:write", required="name", optional="channel timestamp")
def reactions_add(ws: Workspace, args: Json) -> Json:
    message = _target_message(ws, args)
    name = str(args["name"])
    if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise SlackError("invalid_name")
    if ws.channels[message.channel].is_archived:
        raise SlackError("is_archived")
    people = message.reactions.setdefault(name, [])
    if ws.app.bot_user in people:
        raise SlackError("already_reacted")
    people.append(ws.app.bot_user)
    ws.changed()
    return {}


@METHODS.add(
    "reactions.remove", "2", "reactions:write", required="name", optional="channel timestamp file file_comment"
)
def reactions_remove(ws: Workspace, args: Json) -> Json:
    message = _target_message(ws, args)
    people = message.reactions.get(str(args["name"]), [])
    if ws.app.bot_user not in people:
        raise SlackError("no_reaction")
    people.remove(ws.app.bot_user)
    if not people:
        del message.reactions[str(args["name"])]
    ws.changed()
    return {}


@METHODS.add("reactions.get", "3", "reactions:read", optional="channel timestamp full file file_comment")
def reactions_get(ws: Workspace, args: Json) -> Json:
    message = _target_message(ws, args)
    return {"type": "message", "channel": message.channel, "message": ws.message_payload(message)}

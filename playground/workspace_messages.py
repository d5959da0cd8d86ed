"""Posting, changing and removing messages, by the bot's Web API calls and by `response_url`."""

from __future__ import annotations

import json
from typing import Any

from playground import workspace_files as files
from playground.workspace import Workspace, fill_in
from playground.workspace_model import Channel, Message, SlackError
from playground.workspace_schema import Json, Problem, errors
from playground.workspace_surfaces import Surface, validate_blocks
from playground.workspace_values import first_values

TEXT_CUT_AT = 40_000
UPDATE_TEXT_MOST = 4_000
MARKDOWN_MOST = 12_000
ATTACHMENTS_MOST = 100
METADATA_BYTES = 16_000  # not published; a request that comes near it carries too much anyway
_ATTACHMENT_KEYS = frozenset(
    ["blocks", "color", "fallback", "text", "pretext", "author_name", "title", "title_link", "fields", "footer", "ts"]
)


def content_of(ws: Workspace, args: Json, where: str, *, old: Message | None = None) -> Json:
    """Text, blocks, attachments and metadata from a call's arguments, checked as Slack checks them."""
    text = _text(args)
    markdown = args.get("markdown_text")
    blocks = _blocks(ws, args.get("blocks"), where)
    attachments = _attachments(ws, args.get("attachments"), where)
    if markdown is not None:
        _check_markdown(args, markdown)
        blocks = fill_in([{"type": "markdown", "text": markdown}])
    if not (text or blocks or attachments or markdown) and not (old and (old.blocks or old.attachments)):
        raise SlackError("no_text")
    if (blocks or attachments) and not text and markdown is None:
        ws.note_problem(where, "no `text` beside blocks: screen readers and notifications show nothing")
    return {
        "text": text[:TEXT_CUT_AT],
        "blocks": blocks,
        "attachments": attachments,
        "metadata": _metadata(args.get("metadata")),
    }


def _text(args: Json) -> str:
    text = args.get("text") or ""
    if not isinstance(text, str):
        raise invalid_arguments(Problem("/text", "wrong_type", "must provide a string"))
    return text if text.strip() else ""


def _check_markdown(args: Json, markdown: Any) -> None:
    if "text" in args or "blocks" in args:
        raise SlackError("markdown_text_conflict")
    if not isinstance(markdown, str) or not markdown:
        raise SlackError("no_text")
    if len(markdown) > MARKDOWN_MOST:
        raise SlackError("msg_too_long")


def _blocks(ws: Workspace, blocks: Any, where: str) -> list[Json] | None:
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        ws.note_problem(where, "blocks are not a JSON array")
        raise SlackError("invalid_blocks_format")
    found = validate_blocks(blocks, Surface.MESSAGE)
    ws.note_problems(where, found)
    refuse("invalid_blocks", found)
    refuse("invalid_blocks", files.missing(ws, blocks, "/blocks"))
    return fill_in(blocks)


def _attachments(ws: Workspace, attachments: Any, where: str) -> list[Json] | None:
    if attachments is None:
        return None
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > ATTACHMENTS_MOST:
        raise SlackError("too_many_attachments")
    for position, one in enumerate(attachments):
        if unknown := set(one) - _ATTACHMENT_KEYS:
            ws.note_problem(where, f"attachment has unknown keys: {', '.join(sorted(unknown))}")
        found = validate_blocks(one.get("blocks", []), Surface.MESSAGE, f"/attachments/{position}/blocks")
        ws.note_problems(where, found)
        refuse("invalid_attachments", found)
    return [{**one, "blocks": fill_in(one["blocks"])} if "blocks" in one else one for one in attachments]


def _metadata(metadata: Any) -> Json | None:
    if metadata is None or metadata == {}:
        return None
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if "entities" not in metadata:
        if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
            raise SlackError("invalid_metadata_schema")
        if any(isinstance(value, dict) for value in metadata["event_payload"].values()):
            raise SlackError("invalid_metadata_schema")
    if len(json.dumps(metadata).encode()) > METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return metadata


def invalid_arguments(*problems: Problem) -> SlackError:
    messages = [str(problem) for problem in problems]
    return SlackError("invalid_arguments", response_metadata={"messages": messages})


def refuse(code: str, found: list[Problem]) -> None:
    if bad := errors(found):
        messages = [str(problem) for problem in bad]
        raise SlackError(code, errors=messages, response_metadata={"messages": messages})


# --- where


def place_for_post(ws: Workspace, target: str) -> Channel:
    """The conversation a post goes to; a person's id means the direct message with them."""
    if target.startswith(("U", "W")):
        return _dm_for_post(ws, target)
    if target.startswith("#") or not target[:1].isupper():
        ws.note_problem("channel", f"{target!r} is a name; names change, use the id")
        target = next((c.id for c in ws.channels.values() if c.name == target.removeprefix("#")), target)
    channel = ws.channel(target)
    if channel.is_archived:
        raise SlackError("is_archived")
    if ws.app.bot_user not in channel.members and "chat:write.public" not in ws.app.scopes:
        raise SlackError("not_in_channel")
    if channel.kind == "im":
        _check_dm(ws, next(member for member in channel.members if member != ws.app.bot_user))
    return channel


def _dm_for_post(ws: Workspace, person_id: str) -> Channel:
    if person_id not in ws.people:
        raise SlackError("channel_not_found")
    _check_dm(ws, person_id)
    return ws.open_dm(person_id)


def _check_dm(ws: Workspace, person_id: str) -> None:
    person = ws.people[person_id]
    if person.is_bot:
        raise SlackError("cannot_dm_bot")
    if person.deleted:
        raise SlackError("user_disabled")
    if not ws.app.messages_tab:
        raise SlackError("messages_tab_disabled")


def check_thread(channel: Channel, thread_ts: str | None) -> str | None:
    if not thread_ts:
        return None
    parent = channel.messages.get(thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    return parent.thread_ts or parent.ts


# --- what


def post(ws: Workspace, channel: Channel, content: Json, **more: Any) -> Message:
    """Put a message of the bot into a conversation."""
    message = Message(channel.id, ws.next_ts(channel), ws.app.bot_user, by_bot=True, **more)
    _fill(message, content)
    if message.ephemeral_to is None:
        channel.messages[message.ts] = message
    else:
        channel.ephemerals.append(message)
    ws.changed()
    return message


def _fill(message: Message, content: Json) -> None:
    message.text = content["text"] or (message.text if content.get("keep_text") else "")
    message.blocks = content["blocks"] or []
    message.attachments = content["attachments"] or []
    if content["metadata"] is not None:
        message.metadata = content["metadata"]


def known_message(channel: Channel, ts: str) -> Message:
    message = channel.messages.get(ts)
    if message is None:
        raise SlackError("message_not_found")
    return message


def own_message(channel: Channel, ts: str, refusal: str) -> Message:
    message = known_message(channel, ts)
    if not message.by_bot:
        raise SlackError(refusal)
    return message


def edit(ws: Workspace, message: Message, args: Json, where: str) -> None:
    """`chat.update`: what is not mentioned stays, which for blocks is a trap worth a warning."""
    if len(args.get("text") or "") > UPDATE_TEXT_MOST:
        raise SlackError("msg_too_long")
    content = content_of(ws, args, where, old=message)
    if content["blocks"] is None:
        if message.blocks:
            ws.note_problem(where, "text alone leaves the old blocks standing: pass blocks, or [] to remove them")
        content["blocks"] = message.blocks
    if content["attachments"] is None:
        content["attachments"] = message.attachments
    _fill(message, content)
    _keep_values(message)
    message.edited = f"{ws.now():.6f}"
    ws.changed()


def _keep_values(message: Message) -> None:
    for person, values in message.values.items():
        message.values[person] = first_values(message.blocks, old=values)


def delete(ws: Workspace, channel: Channel, message: Message) -> None:
    if message.ephemeral_to is None:
        channel.messages.pop(message.ts, None)
    elif message in channel.ephemerals:
        channel.ephemerals.remove(message)
    ws.changed()


# --- response_url


class ResponseUrlError(Exception):
    """A POST to a `response_url` that Slack answers with an HTTP error and a word."""

    def __init__(self, status: int, word: str) -> None:
        super().__init__(word)
        self.status = status
        self.word = word


_RESPONSE_KEYS = frozenset(
    [
        "text",
        "blocks",
        "attachments",
        "response_type",
        "replace_original",
        "delete_original",
        "thread_ts",
        "metadata",
        "mrkdwn",
        "unfurl_links",
        "unfurl_media",
    ]
)


def respond(ws: Workspace, token: str, body: Json) -> None:
    """Five uses in thirty minutes; ephemeral to the person who acted unless said otherwise."""
    url = ws.response_urls.get(token)
    if url is None:
        raise ResponseUrlError(404, "no_such_url")
    if ws.now() > url.expires:
        raise ResponseUrlError(404, "expired_url")
    if url.uses_left <= 0:
        raise ResponseUrlError(404, "used_url")
    url.uses_left -= 1
    if unknown := set(body) - _RESPONSE_KEYS:
        ws.note_problem("response_url", f"unknown keys: {', '.join(sorted(unknown))}")
    channel = ws.channels[url.channel]
    if body.get("delete_original"):
        if url.original is not None:
            delete(ws, channel, url.original)
        return
    content = _response_content(ws, body)
    if body.get("replace_original") and url.original is not None:
        _replace(ws, channel, url.original, content)
    else:
        say(ws, channel, content, body, person=url.person, thread_ts=body.get("thread_ts") or url.thread_ts)


def _response_content(ws: Workspace, body: Json) -> Json:
    try:
        return content_of(ws, body, "response_url")
    except SlackError as error:
        ws.note_problem("response_url", error.code)
        raise ResponseUrlError(400, error.code) from error


def _replace(ws: Workspace, channel: Channel, original: Message, content: Json) -> None:
    gone = original.ts not in channel.messages and original not in channel.ephemerals
    if gone:
        raise ResponseUrlError(404, "message_not_found")
    _fill(original, content)
    _keep_values(original)
    if original.ephemeral_to is None:
        original.edited = f"{ws.now():.6f}"
    ws.changed()


def say(
    ws: Workspace, channel: Channel, content: Json, body: Json, *, person: str, thread_ts: str | None = None
) -> Message:
    """An answer to a person: only they see it, unless it asks to be `in_channel`."""
    kind = body.get("response_type", "ephemeral")
    if kind not in ("ephemeral", "in_channel"):
        ws.note_problem("response_type", f"unknown response_type {kind!r}")
    ephemeral_to = None if kind == "in_channel" else person
    return post(ws, channel, content, thread_ts=thread_ts, ephemeral_to=ephemeral_to)

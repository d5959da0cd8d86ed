"""The Web API's `files.*`: an upload announced, completed and shared; a file shown or deleted."""

from __future__ import annotations

from typing import Any

from playground import workspace_files as files
from playground import workspace_messages as messages
from playground.workspace import Workspace
from playground.workspace_call import Methods, member_channel, words
from playground.workspace_model import Channel, File, SlackError
from playground.workspace_schema import Json, Problem

METHODS = Methods()


@METHODS.add(
    "files.getUploadURLExternal",
    "4",
    "files:write",
    required="filename length",
    optional="alt_txt snippet_type highlight_type",
)
def files_get_upload_url(ws: Workspace, args: Json) -> Json:
    try:
        length = int(args["length"])
    except ValueError:
        length = 0
    if length <= 0:
        raise messages.invalid_arguments(Problem("/length", "out_of_range", "must be greater than 0"))
    if length > files.FILE_MOST_BYTES:
        raise SlackError("file_upload_size_restricted")
    file = File(ws.next_id("F"), str(args["filename"]), length, user=ws.app.bot_user, created=int(ws.now()))
    file.alt_text = str(args.get("alt_txt") or "")
    ws.files[file.id] = file
    return {"upload_url": f"{ws.base_url}/upload/{file.id}", "file_id": file.id}


@METHODS.add(
    "files.completeUploadExternal",
    "4",
    "files:write",
    required="files",
    optional="channel_id channels initial_comment thread_ts blocks",
)
def files_complete_upload(ws: Workspace, args: Json) -> Json:
    chosen = [_uploaded(ws, entry) for entry in _file_entries(args["files"])]
    places = [args["channel_id"]] if args.get("channel_id") else words(args.get("channels"))
    channels = [member_channel(ws, place) for place in places]
    for file in chosen:
        file.is_complete = True
    for channel in channels:
        _share(ws, channel, chosen, args)
    return {"files": [files.shown(ws, file) for file in chosen]}


@METHODS.add("files.info", "4", "files:read", required="file", optional="cursor limit page count")
def files_info(ws: Workspace, args: Json) -> Json:
    return {"file": files.shown(ws, _complete_file(ws, args["file"])), "comments": [], "response_metadata": {}}


@METHODS.add("files.delete", "3", "files:write", required="file")
def files_delete(ws: Workspace, args: Json) -> Json:
    file = _complete_file(ws, args["file"])
    if file.user != ws.app.bot_user:
        raise SlackError("cant_delete_file")
    del ws.files[file.id]
    ws.changed()
    return {}


def _complete_file(ws: Workspace, file_id: Any) -> File:
    file = ws.files.get(str(file_id))
    if file is None or not file.is_complete:
        raise SlackError("file_not_found")
    return file


def _file_entries(named: Any) -> list[Json]:
    if not isinstance(named, list) or not named or not all(isinstance(entry, dict) for entry in named):
        raise messages.invalid_arguments(Problem("/files", "wrong_type", "must provide an array of files"))
    return named


def _uploaded(ws: Workspace, entry: Json) -> File:
    file = ws.files.get(str(entry.get("id")))
    if file is None or file.uploaded is None or file.is_complete:
        raise SlackError("file_not_found")
    file.title = str(entry.get("title") or file.name)
    return file


def _share(ws: Workspace, channel: Channel, shared: list[File], args: Json) -> None:
    content: Json = {"text": str(args.get("initial_comment") or ""), "blocks": [], "attachments": [], "metadata": None}
    thread_ts = messages.check_thread(channel, args.get("thread_ts"))
    for file in shared:
        file.channels.append(channel.id)
    shown = [files.shown(ws, file) for file in shared]
    messages.post(ws, channel, content, thread_ts=thread_ts, files=shown, subtype="file_share")

"""Files: announced, uploaded, completed, and then shown in messages, in image blocks and by their private address.

A file belongs to whoever uploaded it. Its kind is read from its first bytes, never from what its name claims; only
pictures are ever shown inside the page, everything else is a download.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from starlette.responses import PlainTextResponse, Response

from playground.workspace import Workspace
from playground.workspace_model import File, ImpossibleError
from playground.workspace_schema import Json, Problem

PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
FILE_MOST_BYTES = 20_000_000  # a sandbox keeps files in memory
_DOWNLOAD = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=3600",
}


def picture_type(content: bytes) -> str | None:
    """The MIME type when these bytes are a picture every browser shows."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in PICTURES.items() if content.startswith(start)), None)


def take_bytes(ws: Workspace, file_id: str, content: bytes) -> tuple[str, int]:
    """The POST to an upload address: the word and the status it is answered with."""
    file = ws.files[file_id]
    if file.is_complete:
        return "file_not_found", 404
    if len(content) != file.length:
        ws.note_problem("upload", f"{len(content)} bytes sent, {file.length} announced")
        return "length_mismatch", 400
    file.uploaded = content
    return f"OK - {len(content)}", 200


def add_by_person(ws: Workspace, person: str, name: str, content: bytes) -> File:
    """A file somebody picked from their computer, for a `file_input` or to go with a message."""
    if not content or len(content) > FILE_MOST_BYTES:
        raise ImpossibleError(f"a file here has between 1 and {FILE_MOST_BYTES} bytes")
    file = File(
        ws.next_id("F"), name, len(content), content, name, is_complete=True, user=person, created=int(ws.now())
    )
    ws.files[file.id] = file
    ws.changed()
    return file


def shown(ws: Workspace, file: File) -> Json:
    """A file as Slack shows it in answers and messages."""
    kind = _kind(file)
    address = f"{ws.base_url}/files/{file.id}/{quote(file.name, safe='')}"
    page = f"https://{ws.team_domain}.slack.com/files/{file.user}/{file.id}/{quote(file.name, safe='')}"
    ending = file.name.rpartition(".")[2].lower() if "." in file.name else "binary"
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": kind,
        "filetype": ending,
        "pretty_type": ending.upper(),
        "user": file.user,
        "size": file.length,
        "mode": "hosted",
        "is_external": False,
        "url_private": address,
        "url_private_download": address,
        "permalink": page,
        "alt_txt": file.alt_text or None,
        "channels": list(file.channels),
    }


def _kind(file: File) -> str:
    seen = picture_type(file.uploaded or b"")
    guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return seen or (guessed if not guessed.startswith("image/") else "application/octet-stream")


def download(ws: Workspace, file_id: str) -> Response:
    """The bytes: a picture as a picture, anything else to be saved."""
    file = ws.files.get(file_id)
    if file is None or file.uploaded is None:
        return PlainTextResponse("not found", 404)
    kind = picture_type(file.uploaded)
    if kind is not None:
        return Response(file.uploaded, headers={**_DOWNLOAD, "Content-Type": kind})
    save_as = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    headers = {**_DOWNLOAD, "Content-Type": "application/octet-stream", "Content-Disposition": save_as}
    return Response(file.uploaded, headers=headers)


# --- files named in blocks


def missing(ws: Workspace, blocks: Any, at: str) -> list[Problem]:
    """Image blocks and elements whose `slack_file` is no picture the workspace has."""
    return [
        Problem(f"{where}/slack_file", "invalid_slack_file", "invalid slack file")
        for where, named in _named(blocks, at)
        if not _is_picture(ws, named)
    ]


def _named(value: Any, at: str) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        if value.get("type") == "image" and isinstance(value.get("slack_file"), dict):
            yield at, value["slack_file"]
        for key, inner in value.items():
            yield from _named(inner, f"{at}/{key}")
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _named(inner, f"{at}/{position}")


def _is_picture(ws: Workspace, named: Json) -> bool:
    file = ws.files.get(str(named.get("id"))) or _by_address(ws, named.get("url"))
    return file is not None and file.is_complete and picture_type(file.uploaded or b"") is not None


def _by_address(ws: Workspace, address: Any) -> File | None:
    for file in ws.files.values():
        if address and address in (shown(ws, file)["url_private"], shown(ws, file)["permalink"]):
            return file
    return None

"""What a request to the workspace carries: arguments and a token, a body for a `response_url`, the bytes of a file."""

from __future__ import annotations

import base64
import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from playground.workspace_messages import ResponseUrlError
from playground.workspace_model import SlackError
from playground.workspace_schema import Json

JSON_ARGUMENTS = frozenset({"blocks", "view", "attachments", "metadata", "files", "message"})
BAD_JSON = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
}


async def read_arguments(request: Request) -> tuple[Json, str | None]:
    """Arguments wherever slack_sdk may put them: query string, form, multipart or JSON; and the token beside them."""
    args: Json = dict(request.query_params)
    args |= await _body_arguments(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        args |= _client_of(token)
    given = args.pop("token", None)
    for key in JSON_ARGUMENTS & set(args):
        args[key] = _parsed(key, args[key])
    args = {key: value for key, value in args.items() if value is not None}
    return args, token if scheme.lower() == "bearer" and token else given


def _client_of(credentials: str) -> Json:
    """The client of OAuth, when it names itself in the header."""
    try:
        client_id, _, client_secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError as error:
        raise SlackError("invalid_auth") from error
    return {"client_id": client_id, "client_secret": client_secret}


async def _body_arguments(request: Request) -> Json:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if request.method == "GET":
        return {}
    if kind == "application/json":
        return _json_body(await request.body())
    if kind == "multipart/form-data":
        parts = _multipart(request, await request.body())
        return {name: content.decode() for name, filename, content in parts if filename is None}
    body = await request.body()
    if kind not in ("application/x-www-form-urlencoded", "") and body:
        raise SlackError("invalid_post_type")
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _multipart(request: Request, body: bytes) -> list[tuple[str, str | None, bytes]]:
    """Name, file name and content of every part."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_filename(),
            bytes(part.get_payload(decode=True)),
        )
        for part in parts
    ]


def _json_body(body: bytes) -> Json:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError as error:
        raise SlackError("invalid_json") from error
    if not isinstance(parsed, dict):
        raise SlackError("json_not_object")
    return parsed


def _parsed(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise SlackError(BAD_JSON.get(key, "invalid_arguments")) from error


async def response_body(request: Request) -> Json:
    body = await request.body()
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        body = dict(parse_qsl(body.decode())).get("payload", "{}").encode()
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise ResponseUrlError(400, "invalid_payload") from error
    if not isinstance(parsed, dict):
        raise ResponseUrlError(400, "invalid_payload")
    return parsed


async def uploaded_bytes(request: Request) -> bytes:
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        parts = _multipart(request, await request.body())
        return next((content for _, filename, content in parts if filename is not None), b"")
    return await request.body()

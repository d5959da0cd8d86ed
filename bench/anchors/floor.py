"""F: the least an answer to Slack can cost in Python: read the request, check its signature, say 200."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from typing import Any

import uvicorn

SECRET = os.environ["SLACK_SIGNING_SECRET"].encode()
MAX_AGE_S = 300


async def whole(receive: Any) -> bytes:
    body = b""
    while True:
        message: dict[str, Any] = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if not message.get("more_body"):
            return body


def is_genuine(headers: dict[bytes, bytes], body: bytes) -> bool:
    stamp = headers.get(b"x-slack-request-timestamp", b"0")
    digest = hmac.new(SECRET, b"v0:" + stamp + b":" + body, hashlib.sha256).hexdigest()
    is_recent = abs(time.time() - int(stamp)) <= MAX_AGE_S
    return is_recent and hmac.compare_digest(b"v0=" + digest.encode(), headers.get(b"x-slack-signature", b""))


async def reply(send: Any, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def app(scope: Any, receive: Any, send: Any) -> None:
    body = await whole(receive)
    await reply(send, 200 if is_genuine(dict(scope["headers"]), body) else 401)


def serve(application: Any) -> None:
    uvicorn.run(
        application, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="error", lifespan="off", access_log=False
    )


if __name__ == "__main__":
    serve(app)

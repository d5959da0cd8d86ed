"""The page's own files: plain JavaScript and CSS from the repository, nothing from anywhere else.

Always revalidated by ETag, so that what is edited is what is seen; a strict policy allows only this origin.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

CLIENT = Path(__file__).with_name("page") / "client"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


def front_page(request: Request) -> Response:
    """The page itself."""
    return _file(request, CLIENT, "index.html")


def page_file(request: Request, name: str) -> Response:
    """The file of this name below the page's folder, if it is of a kind the page is made of."""
    return _file(request, CLIENT, name)


def _file(request: Request, folder: Path, name: str) -> Response:
    path = (folder / name).resolve()
    kind = TYPES.get(path.suffix)
    if kind is None or not path.is_relative_to(folder) or not path.is_file():
        return PlainTextResponse("not found", 404)
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "Content-Security-Policy": CSP,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
        "ETag": tag,
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, headers={**headers, "Content-Type": kind})

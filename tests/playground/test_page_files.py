"""The page's files are served from the repository alone, revalidated, of the right kind, and under a strict policy."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

import bot
from playground import workspace_static
from playground.slack_server import running_workspace
from playground.workspace import Workspace


@pytest.fixture
def client_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of our own, so that the real one may change."""
    folder = tmp_path / "page" / "client"
    (folder / "parts").mkdir(parents=True)
    files = {"index.html": "<!doctype html><title>New</title>", "app.js": "export {};", "parts/look.css": "a{}"}
    for name, text in {**files, "notes.md": "not for the page", "../index.html": "<title>Old</title>"}.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(workspace_static, "CLIENT", folder)
    return folder


@pytest.fixture
async def base(client_folder: Path) -> AsyncIterator[str]:
    async with running_workspace(Workspace()) as url:
        yield url


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize(
    ("path", "kind"), [("", "text/html"), ("page/app.js", "text/javascript"), ("page/parts/look.css", "text/css")]
)
async def test_files_come_with_their_kind_and_a_policy(
    base: str, http: aiohttp.ClientSession, path: str, kind: str
) -> None:
    async with http.get(f"{base}/{path}") as answer:
        assert (answer.status, answer.content_type) == (200, kind)
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-cache"
    assert policy["default-src"] == "'none'"
    assert {policy[part] for part in ("script-src", "style-src", "connect-src", "font-src")} == {"'self'"}
    assert {policy[part] for part in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}


async def test_an_unchanged_file_is_not_sent_again_and_a_changed_one_is(
    base: str, http: aiohttp.ClientSession, client_folder: Path
) -> None:
    async with http.get(f"{base}/page/app.js") as first:
        tag = first.headers["ETag"]
    async with http.get(f"{base}/page/app.js", headers={"If-None-Match": tag}) as again:
        assert (again.status, await again.read()) == (304, b"")
    (client_folder / "app.js").write_text("export const changed = 1;")
    async with http.get(f"{base}/page/app.js", headers={"If-None-Match": tag}) as changed:
        assert (changed.status, await changed.text()) == (200, "export const changed = 1;")


@pytest.mark.parametrize(
    "path",
    [
        "page/notes.md",
        "page/none.js",
        "page/..%2findex.html",
        "page/..%2f..%2fworkspace.py",
        "page/",
        "page/parts",
        "index.html",
    ],
)
async def test_nothing_else_is_served(base: str, http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(f"{base}/{path}") as answer:
        assert answer.status == 404


async def test_only_this_machine_is_answered(base: str, http: aiohttp.ClientSession) -> None:
    for path in ("", "page/app.js"):
        async with http.get(f"{base}/{path}", headers={"Host": "rebound.example"}) as answer:
            assert answer.status == 404


def test_every_emoji_the_bot_writes_is_known_to_the_page() -> None:
    named = re.findall(r'^  "?([\w+-]+)"?: ', (workspace_static.CLIENT / "emoji.js").read_text(), re.MULTILINE)
    sources = [path.read_text() for path in Path(bot.__file__).parent.rglob("*.py")]
    written = {code for source in sources for code in re.findall(r"(?<![\w}]):([a-z][a-z0-9_+-]*):(?![\w{])", source)}
    assert "warning" in written
    assert sorted(written - {*named}) == []


def test_every_module_is_asked_for_at_once() -> None:
    """Otherwise a module is known only when the one that needs it has arrived."""
    modules = {path.name for path in workspace_static.CLIENT.glob("*.js")}
    asked = re.findall(r'(?:href|src)="/page/(\w+\.js)"', (workspace_static.CLIENT / "index.html").read_text())
    assert sorted(asked) == sorted(modules)

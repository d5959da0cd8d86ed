"""`proxydesk audit export` as an operator runs it."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.domain import request as life
from bot.domain.audit import Audit
from bot.domain.ids import DraftId, RequestId, UserId, WorkspaceId
from bot.store.embedded import private_valkey
from bot.store.redis import RedisStore, connect
from tests.examples import NOW, WORKSPACE, after, submitted
from tests.test_settings import REQUIRED

OTHER = WorkspaceId("T0002")
DOC = Path(__file__).parents[1] / "docs" / "audit.md"


async def fill(folder: Path) -> None:
    """A private store as a bot leaves it."""
    async with private_valkey(folder / "store") as url:
        client = connect(url)
        store = RedisStore(client)
        for workspace in (WORKSPACE, OTHER):
            placed = await store.submit(DraftId("d1"), submitted(id=RequestId(0), workspace=workspace), policy="p1")
            await store.move(placed.request, after(placed.request, life.Declined), policy="p1")
        await store.audit(OTHER, Audit(NOW, "refused:holds_role", RequestId(1001), UserId("U9")))
        await client.aclose()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("PROXYDESK_DATA", str(tmp_path))
    asyncio.run(fill(tmp_path))
    return tmp_path


def export(*options: str) -> list[dict[str, object]]:
    ended = CliRunner().invoke(main, ["audit", "export", *options])
    assert ended.exit_code == 0, ended.output
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_u1_the_trail_is_exported_as_json_lines_with_the_documented_fields(folder: Path) -> None:
    lines = export()
    assert [(line["workspace"], line["what"]) for line in lines] == [
        (WORKSPACE, "submitted"),
        (WORKSPACE, "declined"),
        (OTHER, "submitted"),
        (OTHER, "declined"),
        (OTHER, "refused:holds_role"),
    ]
    documented = DOC.read_text()
    for line in lines:
        assert all(f"`{name}`" in documented for name in line)
    assert {line["schema"] for line in lines} == {1}


def test_u1_a_workspace_and_a_time_can_be_chosen(folder: Path) -> None:
    assert {line["workspace"] for line in export("--workspace", OTHER)} == {OTHER}
    assert export("--until", "2020-01-01") == []
    assert len(export("--since", "2020-01-01T00:00Z")) == 5


def test_a_time_that_is_none_is_explained(folder: Path) -> None:
    ended = CliRunner().invoke(main, ["audit", "export", "--since", "yesterday"])
    assert ended.exit_code == 2
    assert "Write 2026-07-01" in ended.output

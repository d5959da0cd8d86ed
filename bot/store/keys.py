"""How names, moments and bytes are written in the store."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.domain.ids import WorkspaceId


def prefix(workspace: WorkspaceId) -> str:
    """Every key of a workspace begins with it; the braces keep them in one cluster slot."""
    return f"{{{workspace}}}:"


def marks(prefix: str, signature: str) -> list[str]:
    """Where it is kept that a signed click was here; nowhere for what came without one."""
    return [f"{prefix}seen:{signature}"] if signature else []


def ms(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)


def moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def as_bytes(raw: bytes | str) -> bytes:
    return raw if isinstance(raw, bytes) else raw.encode()

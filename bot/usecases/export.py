"""The audit trail for other systems: one JSON object a line, with names that stay (docs/audit.md)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any

from bot.domain.ids import WorkspaceId
from bot.ports import AuditTrail, Recorded

SCHEMA = 1
"""Raised when a field changes its meaning or goes away; new fields may come at any time."""


async def exported(
    trail: AuditTrail, workspaces: Iterable[WorkspaceId], since: datetime | None, until: datetime | None
) -> AsyncIterator[dict[str, Any]]:
    """Every line recorded from `since` and before `until`, one workspace after the other, each oldest first."""
    for workspace in workspaces:
        async for line in trail.lines(workspace, since, until):
            yield as_json(workspace, line)


def as_json(workspace: WorkspaceId, line: Recorded) -> dict[str, Any]:
    audit, card = line.audit, line.card
    return {
        "schema": SCHEMA,
        "id": line.id,
        "recorded_at": line.recorded_at.isoformat(),
        "workspace": workspace,
        "at": audit.at.isoformat(),
        "what": audit.what,
        "by": audit.by,
        "request": audit.request,
        "before": audit.before or None,
        "after": audit.after or None,
        "detail": audit.detail or None,
        "policy": audit.policy or None,
        "channel": audit.channel,
        "message": audit.message,
        "card_channel": card.channel if card else None,
        "card_message": card.ts if card else None,
        "provider_request": audit.provider_request,
    }

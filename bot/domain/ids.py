"""Typed ids, so that one kind cannot be passed where another is meant."""

from __future__ import annotations

from typing import NewType

WorkspaceId = NewType("WorkspaceId", str)
"""`T…`, or `E….T…` on an enterprise grid: two workspaces never share a key (Slack docs: team ids)."""
UserId = NewType("UserId", str)
ChannelId = NewType("ChannelId", str)
GroupId = NewType("GroupId", str)
RequestId = NewType("RequestId", int)
"""The short number people say aloud: `#1042`. Unique within a workspace."""
DraftId = NewType("DraftId", str)
ServiceId = NewType("ServiceId", str)
ProductCode = NewType("ProductCode", str)
AttemptId = NewType("AttemptId", str)
NoticeKey = NewType("NoticeKey", str)
"""What a notice is about, and which one of its kind: announced under the same key, it is said once."""

"""Lines of the audit trail as they are stored: without names, because there are many."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from bot.domain.audit import Audit
from bot.domain.errors import RecordError
from bot.domain.ids import RequestId
from bot.store.keys import moment, ms


def dump_audit(audit: Audit) -> bytes:
    """All but the number of the request, which stands beside it: a new request gets its own in the move itself."""
    return msgspec.json.encode(
        [
            ms(audit.at),
            audit.what,
            audit.by,
            audit.detail,
            audit.before,
            audit.after,
            audit.policy,
            audit.channel,
            audit.message,
            audit.provider_request,
        ]
    )


def load_audit(fields: Mapping[bytes, bytes]) -> Audit:
    """Raises RecordError for what is no line. Lines of earlier versions were objects with names."""
    try:
        found = msgspec.json.decode(fields[b"entry"])
        if isinstance(found, dict):
            return Audit(**{**found, "at": datetime.fromisoformat(found["at"])})
        at, what, by, detail, before, after, policy, channel, message, provider_request = found
        number = int(fields[b"request"])
        return Audit(
            at=moment(at),
            what=what,
            request=RequestId(number) if number else None,
            by=by,
            detail=detail,
            before=before,
            after=after,
            policy=policy,
            channel=channel,
            message=message,
            provider_request=provider_request,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError("A line of the audit trail cannot be read.") from error

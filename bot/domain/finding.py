"""What a look at a bought service has shown: small facts that stand until a later look shows something else."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """In the order in which they are told."""

    ENDED = "ended"
    """Canceled by the provider, or never paid and overdue."""
    GONE = "gone"
    """The provider knows no such service any more."""
    PAID = "paid"
    CLOSED = "closed"
    """No invoice is open any more, and nothing shows whether it was paid or voided."""
    VOID = "void"
    """Never paid: somebody has looked at the provider and written it down."""
    ACTIVE = "active"
    """`count` is how many seconds that took."""
    STATUS = "status"
    """Any other status, in the provider's word `found`."""
    CANCELLING = "cancelling"
    """Runs to the end of its period and no longer."""
    UNPAID = "unpaid"
    """Open for so long that the provider will void the invoice soon."""
    STUCK = "stuck"
    """Paid for so long that it should have been delivered."""
    COUNT = "count"
    """`count` proxies were delivered, `of` were ordered."""
    NETWORK = "network"
    """`count` of `of` proxies lie in another network than `expected`; `found` says which. So do the next three."""
    COUNTRY = "country"
    SUBDIVISION = "subdivision"
    CITY = "city"
    QUANTITY = "quantity"
    """The service is now for `count`; `of` were ordered."""
    PRICE = "price"
    """The service now costs `count` cents; `of` were agreed."""
    CYCLE = "cycle"
    COMPLETE = "complete"
    """Delivered as ordered: `count` proxies, 0 where nothing is counted."""
    DROPPED = "dropped"
    """Followed for as long as anything is; nobody looks any more."""


RUNNING = frozenset({"active", "complete"})
"""Statuses of a service that was delivered (Byteful docs, "Services")."""
MISPLACED = frozenset({Kind.NETWORK, Kind.COUNTRY, Kind.SUBDIVISION, Kind.CITY})
FAULTS = MISPLACED | {Kind.COUNT}
"""What was delivered is not what was ordered: the provider's support can mend it."""


class Finding(Struct, frozen=True):
    kind: Kind
    count: int = 0
    of: int = 0
    expected: str = ""
    found: str = ""


def at_checkout(*, is_paid: bool, status: str | None) -> tuple[Finding, ...]:
    """What a checkout's own answer says, so that it is not told as news afterwards."""
    paid = (Finding(Kind.PAID),) if is_paid else ()
    if status is None:
        return paid
    return (*paid, Finding(Kind.ACTIVE) if status in RUNNING else Finding(Kind.STATUS, found=status))

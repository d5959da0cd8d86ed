"""Troubles that can be switched on by name, and the calls they strike.

Faults of the Web API: `ratelimited`, `error`, `slow`, `timeout_after_effect`, `http_500`, `reset`. Faults of what is
sent to the bot: `duplicate_delivery`, `dropped_ack`. Each strikes `times` calls, then is gone. What is slow goes on
when the faults are cleared.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from playground.workspace_schema import Json

API_FAULTS = frozenset({"ratelimited", "error", "slow", "timeout_after_effect", "http_500", "reset"})
DELIVERY_FAULTS = frozenset({"duplicate_delivery", "dropped_ack"})


@dataclass
class Fault:
    name: str
    method: str | None = None  # a Web API method, `response_url`, or a kind of delivery; None strikes any
    times: int | None = 1  # None: until cleared
    error: str = "internal_error"
    retry_after: int = 1
    seconds: float = 30.0
    skip: int = 0  # let this many matching calls through first

    def __post_init__(self) -> None:
        if self.name not in API_FAULTS | DELIVERY_FAULTS:
            raise ValueError(f"unknown fault {self.name}; known: {', '.join(sorted(API_FAULTS | DELIVERY_FAULTS))}")

    def as_json(self) -> Json:
        return asdict(self)


class Faults:
    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.times_cleared = 0
        """Who is held up by one looks whether this has risen."""

    def add(self, fault: Fault) -> None:
        self.active.append(fault)

    def remove(self, fault: Fault) -> None:
        self.active = [other for other in self.active if other is not fault]

    def clear(self) -> None:
        self.active.clear()
        self.times_cleared += 1

    def strike(self, method: str, names: frozenset[str]) -> Fault | None:
        """The fault that hits this call, counted down; None when the call goes well."""
        for fault in self.active:
            if fault.name in names and fault.method in (None, method):
                if fault.skip:
                    fault.skip -= 1
                    continue
                self._count_down(fault)
                return fault
        return None

    def _count_down(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.active.remove(fault)

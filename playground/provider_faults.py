"""Faults of the Byteful world, switched on by name.

A fault names an endpoint ("checkout/create", "*" for all), how many requests it takes (None: until cleared) and its
parameters. On one request, every matching alteration and `slow` apply, and the first matching failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from playground.provider_values import RefusalError, Row

FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    # name: (what it does, parameters with their defaults)
    "slow": ("waits, then answers as usual", {"seconds": 5.0}),
    "rate_limited": ("429 before any effect; with_header sends Retry-After", {"seconds": 1, "with_header": False}),
    "bad_request": ("400 before any effect", {"message": "The request is malformed."}),
    "unauthorized": ("401 before any effect", {"message": "Invalid API keys."}),
    "forbidden": ("403 before any effect", {"message": "You do not have permission to do this."}),
    "second_factor": ("403 that asks for a second factor", {"message": "Two-factor authentication is required."}),
    "not_found": ("404 before any effect", {"message": "Not found."}),
    "conflict": ("409 before any effect", {"message": "The request conflicts with the current state."}),
    "unprocessable": ("422 before any effect", {"message": "The request cannot be processed."}),
    "server_error": ("500 before any effect", {"message": "An unexpected error occurred."}),
    "server_error_after_charge": ("takes effect, then 500", {"message": "An unexpected error occurred."}),
    "html_error": ("a gateway's HTML page before any effect", {"status": 502}),
    "html_error_after_charge": ("takes effect, then a gateway's HTML page", {"status": 502}),
    "timeout_before_charge": ("no effect; holds the connection, then closes it", {"seconds": 60.0}),
    "timeout_after_charge": ("takes effect; holds the connection, then closes it", {"seconds": 60.0}),
    "reset_before_charge": ("no effect; resets the connection", {}),
    "reset_after_charge": ("takes effect; resets the connection", {}),
    "half_answer": ("takes effect; sends part of the answer, then closes", {}),
    "late_charge": (
        "now a time-out (or `status`, if given); takes effect `delay_s` of world time later",
        {"delay_s": 30.0, "seconds": 60.0, "status": None},
    ),
    "empty_catalog": ("the catalog has no products", {}),
    "unknown_fields": ("answers carry fields and values nobody has documented", {}),
    "missing_fields": (
        "answers lack `fields`",
        {"fields": ["total", "service_total", "invoice_url", "credit_balance"]},
    ),
    "down": ("every connection is reset", {}),
}
STATUS_FAULTS = {
    "bad_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "second_factor": 403,
    "not_found": 404,
    "conflict": 409,
    "unprocessable": 422,
    "server_error": 500,
}
ALTERATIONS = frozenset({"empty_catalog", "unknown_fields", "missing_fields"})
SECOND_FACTOR = {
    "two_factor_authentication_public_key": "2fa_1B2UBlqim5",
    "two_factor_authentication_service": "email",
    "two_factor_authentication_target": "o***@example.com",
}


@dataclass
class Fault:
    """One fault that is switched on. `reached` is set once it holds a request; `released` ends whatever it holds."""

    name: str
    endpoint: str = "*"
    times: int | None = None
    params: Row = field(default_factory=dict)
    taken: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event, repr=False, compare=False)
    released: asyncio.Event = field(default_factory=asyncio.Event, repr=False, compare=False)

    @property
    def is_failure(self) -> bool:
        return self.name not in ALTERATIONS and self.name != "slow"

    @property
    def takes_effect(self) -> bool:
        return self.name.endswith("_after_charge") or self.name == "half_answer"

    @property
    def spent(self) -> bool:
        return self.times is not None and self.taken >= self.times

    def matches(self, endpoint: str) -> bool:
        return not self.spent and self.endpoint in {"*", endpoint}

    def __getitem__(self, param: str) -> Any:
        return self.params.get(param, FAULTS[self.name][1].get(param))

    def row(self) -> Row:
        return {
            "name": self.name,
            "endpoint": self.endpoint,
            "times": self.times,
            "taken": self.taken,
            "spent": self.spent,
            "params": self.params,
        }


class FaultPlan:
    """The faults that are on, in the order they were switched on."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def set(self, name: str, *, endpoint: str = "*", times: int | None = None, **params: Any) -> Fault:
        if name not in FAULTS:
            raise RefusalError(400, f"There is no fault '{name}'.")
        if unknown := sorted(set(params) - set(FAULTS[name][1])):
            raise RefusalError(400, f"The fault {name} has no parameter '{unknown[0]}'.")
        if times is not None and times < 1:
            raise RefusalError(400, "times must be at least 1, or null.")
        fault = Fault(name, endpoint, times, params)
        self._faults.append(fault)
        return fault

    def clear(self, name: str | None = None, endpoint: str | None = None) -> int:
        """Switches off, and lets go of what is held; how many were cleared."""
        chosen = [f for f in self._faults if name in {None, f.name} and endpoint in {None, f.endpoint}]
        for fault in chosen:
            fault.released.set()
            self._faults.remove(fault)
        return len(chosen)

    def remove(self, fault: Fault) -> None:
        """Switches off this one, and lets go of what it holds."""
        fault.released.set()
        self._faults = [other for other in self._faults if other is not fault]

    def peek(self, endpoint: str) -> list[Fault]:
        return [fault for fault in self._faults if fault.matches(endpoint)]

    def take(self, endpoint: str) -> list[Fault]:
        """The faults this request meets, each counted once."""
        met: list[Fault] = []
        for fault in self._faults:
            failed_already = fault.is_failure and any(other.is_failure for other in met)
            if fault.matches(endpoint) and not failed_already:
                fault.taken += 1
                met.append(fault)
        return met

    def rows(self) -> list[Row]:
        return [fault.row() for fault in self._faults]


def alter(payload: Row, faults: list[Fault], endpoint: str) -> Row:
    """An answer as the alterations leave it; the original is not changed."""
    for fault in faults:
        match fault.name:
            case "empty_catalog" if endpoint == "checkout/catalog":
                payload = payload | {"data": {}}
            case "unknown_fields":
                payload = _with_unknown(payload)
            case "missing_fields":
                payload = _without(payload, frozenset(fault["fields"]))
            case _:
                pass
    return payload


NEW_VALUES: Mapping[str, str] = {
    "service_status": "awaiting_quantum_alignment",
    "product_type": "satellite",
    "service_type": "satellite",
    "proxy_status": "hibernating",
}


FREE_FORM = frozenset({"service_metadata", "proxy_user_metadata", "service_fulfillment_filter"})


def _with_unknown(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_unknown(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value and all(isinstance(item, dict) for item in value.values()):
        return {name: _with_unknown(item) for name, item in value.items()}
    changed = {name: item if name in FREE_FORM else _new(name, item) for name, item in value.items()}
    return changed | {"experimental_flag": {"nested": [1, None, "x"]}}


def _new(name: str, item: Any) -> Any:
    return NEW_VALUES.get(name) or _with_unknown(item)


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _without(item, names) for name, item in value.items() if name not in names}

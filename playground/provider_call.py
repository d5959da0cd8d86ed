"""What an endpoint is: a method, a name, and a function of the world and the call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from playground.provider import ProviderWorld
from playground.provider_values import Row


@dataclass(frozen=True)
class Call:
    """One request, taken apart."""

    id: str = ""
    query: dict[str, str] = field(default_factory=dict)
    body: Row = field(default_factory=dict)


Handler = Callable[[ProviderWorld, Call], Row]
Rows = Callable[[ProviderWorld], Iterable[Row]]


@dataclass(frozen=True)
class Endpoint:
    method: str
    name: str
    """Path below /public/user/, without the id."""
    handler: Handler
    takes_id: bool = False
    status: int = 200

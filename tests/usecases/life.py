"""What random lives have in common: one loop, a store under them, and the limits within which they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from pydantic import SecretStr

from bot.domain.errors import ProxydeskError
from tests.examples import APPROVER, REQUESTER, SECOND_APPROVER
from tests.usecases.conftest import Clock
from tests.usecases.fakes import KilledError

PEOPLE = st.sampled_from([APPROVER, SECOND_APPROVER, REQUESTER])
START = Clock().time


class Life(RuleBasedStateMachine):
    """`live` sets these once for all lives of a test."""

    url: SecretStr
    clock: Clock
    loop: asyncio.AbstractEventLoop

    def run(self, work: Awaitable[Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(60):
                return await work

        return self.loop.run_until_complete(bounded())

    def attempt(self, work: Awaitable[Any]) -> None:
        """Whatever refuses, fails or dies here may do so; what it leaves behind is looked at afterwards."""
        with suppress(ProxydeskError, KilledError):
            self.run(work)


def live(kind: type[Life], url: SecretStr, clock: Clock, *, lives: int, steps: int) -> None:
    """Raises what one of them found broken."""
    kind.url, kind.clock, kind.loop = url, clock, asyncio.new_event_loop()
    limits = settings(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # a shorter story of a failure would take minutes to find
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    try:
        run_state_machine_as_test(kind, settings=limits)
    finally:
        kind.loop.close()

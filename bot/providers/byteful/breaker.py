"""A circuit breaker for questions: a provider that does not answer is left alone a while, and people hear so at once.

It stands before reads only. A checkout is never judged by it: an open breaker keeps one from being started, because its
quote is a read, and nothing more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from bot.domain.errors import NeverSentError, OutcomeUnknownError, ProviderError

READS_TO_OPEN = 5
"""Reads in a row, each with all its repeats, that got no answer."""
WAITED_TO_OPEN_S = 12.0
"""Silence costs people more than a refused connection: after so long, two reads are enough. Never one alone: that may
be the question's own fault."""
OPEN_S = 10.0
"""How long nothing is asked before one question may try again."""

_log = structlog.get_logger()


class BreakerOpenError(NeverSentError):
    """Nothing was sent, because the provider has not answered for a while."""


class OwnPaceError(OutcomeUnknownError):
    """The time was over before the question had its turn: that says nothing about the provider."""


class Breaker:
    """Closed while reads are answered; open after several in a row were not; then one at a time may try."""

    def __init__(
        self,
        *,
        reads_to_open: int = READS_TO_OPEN,
        waited_to_open_s: float = WAITED_TO_OPEN_S,
        open_s: float = OPEN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reads_to_open = reads_to_open
        self._waited_to_open_s = waited_to_open_s
        self._open_s = open_s
        self._clock = clock
        self._failures = 0
        self._waited_s = 0.0
        self._failing_since = 0.0
        self._closed_until = 0.0
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether the provider is held to be away: until a question is answered again."""
        has_waited = self._waited_s >= self._waited_to_open_s
        return self._failures >= (2 if has_waited else self._reads_to_open)

    @contextmanager
    def question(self) -> Iterator[None]:
        """Around one read. Raises BreakerOpenError instead of letting it through while the breaker is open."""
        is_probe = self.is_open
        if is_probe and (self._is_probing or self._clock() < self._closed_until):
            raise BreakerOpenError(self._words())
        self._is_probing = self._is_probing or is_probe
        asked_at = self._clock()
        try:
            yield
        except ProviderError as error:
            self._note(error, asked_at)
            raise
        else:
            self._answered()
        finally:
            if is_probe:
                self._is_probing = False

    def _note(self, error: ProviderError, asked_at: float) -> None:
        if is_answer(error):
            self._answered()
        elif not isinstance(error, OwnPaceError):
            self._unanswered(asked_at)

    def _answered(self) -> None:
        if self.is_open:
            _log.info("provider_answers_again", away_s=round(self._clock() - self._failing_since))
        self._failures, self._waited_s = 0, 0.0

    def _unanswered(self, asked_at: float) -> None:
        now = self._clock()
        if self._failures == 0:
            self._failing_since = asked_at
        self._failures += 1
        self._waited_s += now - asked_at
        if self.is_open:
            self._closed_until = now + self._open_s
            _log.warning("provider_left_alone", reads_failed=self._failures, seconds=self._open_s)

    def _words(self) -> str:
        seconds = max(1, round(self._clock() - self._failing_since))
        return f"Byteful has not answered for {_lasting(seconds)}. Nothing was sent."


def is_answer(error: ProviderError) -> bool:
    """Whether the provider was there: any refusal, a 429 included, is an answer; silence and 5xx are none."""
    if not isinstance(error, NeverSentError | OutcomeUnknownError):
        return True
    return error.status is not None and 400 <= error.status < 500


def _lasting(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds" if seconds != 1 else "a second"
    return f"{seconds // 60} minutes"

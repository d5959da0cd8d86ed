"""When a request to Byteful leaves, and whether it leaves again: turns, repeats, and leaving alone who does not answer.

A request that changes something at the vendor is sent once and never repeated.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import copy

import stamina

from bot.domain.errors import NeverSentError, OutcomeUnknownError, ProviderError, RateLimitedError
from bot.ports import Answered, LastLook, Pacer, Urgency
from bot.providers.byteful.answers import Call
from bot.providers.byteful.breaker import Breaker, OwnPaceError
from bot.providers.byteful.exchange import Exchange, Question
from bot.providers.byteful.values import Json


class Sender:
    """Sends reads until they are answered, and everything else once."""

    def __init__(self, exchange: Exchange, pace: Pacer, breaker: Breaker | None = None) -> None:
        self._exchange = exchange
        self._timing = exchange.timing
        self._pace = pace
        self._urgency = Urgency.PERSON
        self._breaker = breaker or Breaker()

    def at(self, urgency: Urgency) -> Sender:
        """The same sender with more or less urgent requests; what is known of the vendor's state is shared."""
        other = copy(self)
        other._urgency = urgency
        return other

    @property
    def is_away(self) -> bool:
        """Whether Byteful did not answer the last questions, so that it is left alone for a while."""
        return self._breaker.is_open

    async def until_answered(self, question: Question) -> Json:
        """For a question that only reads. Asks, unless Byteful has not answered for a while."""
        with self._breaker.question():
            return await self._asking(question)

    async def _asking(self, question: Question) -> Json:
        """Ask until there is an answer, for as long as a read may take. The last failure is the one that is raised."""
        loop = asyncio.get_running_loop()
        retries = _Retries(loop.time, loop.time() + self._timing.read_deadline_s)
        try:
            async with asyncio.timeout_at(retries.deadline):
                async for attempt in stamina.retry_context(
                    on=retries.wait_after, attempts=self._timing.attempts, timeout=None, wait_jitter=0.2, wait_max=2.0
                ):
                    with attempt:
                        async with self._turn(Call.READ):
                            retries.is_sent = True
                            return await self._exchange.ask(question)
        except TimeoutError:
            pass
        raise retries.last or retries.too_late(self._timing.read_deadline_s)

    async def once(self, question: Question, last_look: LastLook | None = None) -> Json:
        """One request in its turn, one answer."""
        async with self._turn(question.call, last_look):
            return await self._exchange.ask(question)

    @asynccontextmanager
    async def _turn(self, call: Call, last_look: LastLook | None = None) -> AsyncIterator[None]:
        """From the moment at which the request may leave to its answer."""
        answered = await (self._place_after(last_look, call) if last_look else self._place(call))
        try:
            yield
        finally:
            answered()

    async def _place(self, call: Call) -> Answered:
        try:
            return await self._pace(Urgency.CHECKOUT if call is Call.CREATE else self._urgency)
        except ProviderError:
            raise
        except Exception as error:
            raise NeverSentError(f"The pace of requests cannot be kept ({type(error).__name__}).") from error

    async def _place_after(self, last_look: LastLook, call: Call) -> Answered:
        """A place in the pace, waited for while the caller looks a last time: neither needs the other."""
        answered, looked = await asyncio.gather(self._place(call), last_look(), return_exceptions=True)
        if isinstance(answered, BaseException):
            raise answered
        if isinstance(looked, BaseException):
            answered()
            raise looked
        return answered


class _Retries:
    """Decides whether and when a failed read is asked again; remembers the last failure."""

    def __init__(self, clock: Callable[[], float], deadline: float) -> None:
        self._clock = clock
        self.deadline = deadline
        self.last: ProviderError | None = None
        self.is_sent = False

    def wait_after(self, error: Exception) -> bool | float:
        """False for never, True for stamina's backoff, a number for that many seconds."""
        if not isinstance(error, ProviderError):
            return False
        self.last = error
        if isinstance(error, RateLimitedError):
            wait_s = error.wait_s + random.uniform(0, 0.2)
            return wait_s if self._clock() + wait_s < self.deadline else False
        return isinstance(error, NeverSentError | OutcomeUnknownError)

    def too_late(self, deadline_s: float) -> OutcomeUnknownError:
        if self.is_sent:
            return OutcomeUnknownError(f"Byteful did not answer within {deadline_s:g} seconds.")
        return OwnPaceError(f"Byteful could not be asked within {deadline_s:g} seconds: too many questions at once.")

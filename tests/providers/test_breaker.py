"""The breaker by its own clock, and the client behind it over real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from bot.domain.catalog import Catalog
from bot.domain.errors import (
    AccessError,
    NeverSentError,
    NotFoundError,
    OutcomeUnknownError,
    ProviderError,
    RateLimitedError,
    SelectionRefusedError,
)
from bot.domain.ids import ProductCode
from bot.ports import Answered, Urgency
from bot.providers.byteful.breaker import Breaker, BreakerOpenError, OwnPaceError
from bot.providers.byteful.client import BytefulClient, open_client
from bot.providers.byteful.exchange import Timing
from bot.providers.byteful.shapes import Ask
from bot.providers.byteful.shared_catalog import CATALOG_LAST_S, CATALOG_LIFE_S, SharedCatalog
from tests.examples import product
from tests.providers.sockets import Scripted, answer, error, ok, reset, scripted

SILENCE = OutcomeUnknownError("Byteful took too long to answer.")
NO_ANSWER = [NeverSentError("refused"), SILENCE, OutcomeUnknownError("bad gateway", status=502)]
ANSWERS = [
    AccessError("keys", status=401),
    NotFoundError("none", status=404),
    SelectionRefusedError("no", status=422),
    RateLimitedError("slow down", wait_s=1),
    OutcomeUnknownError("an undocumented no", status=418),
    ProviderError("an answer that cannot be read"),
]
QUESTION = Ask(product_code="isp_us", quantity=5, cycle_interval="month", cycle_interval_count=1)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(reads_to_open=3, open_s=10, clock=clock)


def ask(breaker: Breaker, outcome: BaseException | None = None) -> BaseException | None:
    """One question with this outcome; what came of it."""
    try:
        with breaker.question():
            if outcome is not None:
                raise outcome
    except BaseException as raised:
        return raised
    return None


def open_it(breaker: Breaker) -> None:
    for _ in range(3):
        ask(breaker, SILENCE)
    assert breaker.is_open


@pytest.mark.parametrize("failure", NO_ANSWER, ids=lambda error: f"{type(error).__name__}-{error.status}")
def test_t69_several_reads_without_an_answer_open_it(breaker: Breaker, failure: ProviderError) -> None:
    for _ in range(2):
        assert ask(breaker, failure) is failure
        assert not breaker.is_open
    ask(breaker, failure)
    assert isinstance(ask(breaker), BreakerOpenError)


@pytest.mark.parametrize(("took_s", "reads"), [(6.0, 2), (13.0, 2), (1.5, 5)])
def test_t66_the_longer_people_waited_in_vain_the_sooner_it_opens(clock: Clock, took_s: float, reads: int) -> None:
    breaker = Breaker(reads_to_open=5, waited_to_open_s=12, clock=clock)
    for _ in range(reads):
        assert not breaker.is_open
        with contextlib.suppress(OutcomeUnknownError), breaker.question():
            clock.now += took_s
            raise SILENCE
    assert breaker.is_open
    assert isinstance(ask(breaker), BreakerOpenError)


@pytest.mark.parametrize("outcome", [*ANSWERS, None], ids=lambda error: type(error).__name__)
def test_t64_any_answer_counts_as_being_there(breaker: Breaker, outcome: ProviderError | None) -> None:
    for _ in range(2):
        ask(breaker, SILENCE)
    ask(breaker, outcome)
    for _ in range(2):
        ask(breaker, SILENCE)
    assert not breaker.is_open


@pytest.mark.parametrize("outcome", [OwnPaceError("too many questions"), asyncio.CancelledError(), KeyError("bug")])
def test_what_says_nothing_about_the_provider_neither_opens_nor_closes(
    breaker: Breaker, outcome: BaseException
) -> None:
    for _ in range(5):
        assert ask(breaker, outcome) is outcome
    assert not breaker.is_open
    for _ in range(2):
        ask(breaker, SILENCE)
    ask(breaker, outcome)
    ask(breaker, SILENCE)
    assert breaker.is_open


def test_f6_an_open_breaker_says_at_once_since_when(breaker: Breaker, clock: Clock) -> None:
    open_it(breaker)
    clock.now += 7
    refusal = ask(breaker)
    assert isinstance(refusal, NeverSentError)
    assert str(refusal) == "Byteful has not answered for 7 seconds. Nothing was sent."
    for _ in range(20):
        clock.now += 10
        ask(breaker, SILENCE)
    assert "for 3 minutes" in str(ask(breaker))


def test_one_question_at_a_time_may_try_again(breaker: Breaker, clock: Clock) -> None:
    open_it(breaker)
    clock.now += 10
    with breaker.question():
        assert isinstance(ask(breaker), BreakerOpenError)
    assert not breaker.is_open
    assert ask(breaker) is None


def test_a_probe_without_an_answer_opens_it_for_as_long_again(breaker: Breaker, clock: Clock) -> None:
    open_it(breaker)
    clock.now += 10
    assert ask(breaker, SILENCE) is SILENCE
    clock.now += 9
    assert isinstance(ask(breaker), BreakerOpenError)
    clock.now += 1
    assert ask(breaker) is None


@pytest.mark.parametrize("outcome", [OwnPaceError("too many questions"), asyncio.CancelledError()])
def test_a_probe_that_was_given_up_makes_room_for_the_next(
    breaker: Breaker, clock: Clock, outcome: BaseException
) -> None:
    open_it(breaker)
    clock.now += 10
    assert ask(breaker, outcome) is outcome
    assert breaker.is_open
    assert ask(breaker) is None
    assert not breaker.is_open


# The client behind it


@contextlib.asynccontextmanager
async def client_for(vendor: Scripted, breaker: Breaker) -> AsyncIterator[BytefulClient]:
    class Pace:
        async def __call__(self, urgency: Urgency) -> Answered:
            return lambda: None

    keys = {"public_key": SecretStr("pk_test_public_0001"), "private_key": SecretStr("sk_test_private_0002")}
    timing = Timing(attempts=2)
    async with open_client(base_url=vendor.url, pace=Pace(), timing=timing, breaker=breaker, **keys) as client:
        yield client


async def test_t69_a_dead_provider_is_asked_no_more_until_its_time_has_come(breaker: Breaker, clock: Clock) -> None:
    async with scripted(reset) as vendor, client_for(vendor, breaker) as client:
        for _ in range(3):
            with pytest.raises(OutcomeUnknownError):
                await client.customer()
        assert client.is_away
        asked = len(vendor.seen)
        for call in (client.customer, client.catalog, lambda: client.quote(QUESTION)):
            with pytest.raises(BreakerOpenError):
                await call()
        assert len(vendor.seen) == asked
        vendor.acts[:] = [ok({"credit_balance": 5})]
        clock.now += 10
        assert (await client.customer()).credit_balance == 5
        assert not client.is_away


async def test_a_checkout_passes_an_open_breaker_and_does_not_move_it(breaker: Breaker) -> None:
    open_it(breaker)
    async with scripted(ok({"invoice_is_paid": True})) as vendor, client_for(vendor, breaker) as client:
        assert await client.create(QUESTION) == {"invoice_is_paid": True}
        assert client.is_away
        assert len(vendor.seen) == 1


async def test_changes_that_fail_do_not_open_it(breaker: Breaker) -> None:
    async with scripted(reset) as vendor, client_for(vendor, breaker) as client:
        for _ in range(4):
            with pytest.raises(OutcomeUnknownError):
                await client.create(QUESTION)
        assert not client.is_away
        assert len(vendor.seen) == 4


async def test_t65_a_refusal_opens_nothing(breaker: Breaker) -> None:
    async with scripted(error(401, "Invalid API keys.")) as vendor, client_for(vendor, breaker) as client:
        for _ in range(5):
            with pytest.raises(AccessError):
                await client.customer()
        assert len(vendor.seen) == 5


async def test_t69_answers_of_a_broken_gateway_open_it(breaker: Breaker) -> None:
    async with scripted(answer(502, b"<html>Bad Gateway</html>")) as vendor, client_for(vendor, breaker) as client:
        for _ in range(3):
            with pytest.raises(OutcomeUnknownError):
                await client.customer()
        assert client.is_away


# The catalog that outlives an outage


async def test_f6_the_last_catalog_does_while_there_is_no_newer(clock: Clock) -> None:
    known: Catalog = {product().code: product()}
    outcomes: list[Catalog | ProviderError] = [known, SILENCE, SILENCE, SILENCE]

    async def load() -> Catalog:
        outcome = outcomes.pop(0)
        if isinstance(outcome, ProviderError):
            raise outcome
        return outcome

    value = SharedCatalog(load, CATALOG_LIFE_S, clock)
    assert await value.get() == known
    clock.now += CATALOG_LIFE_S
    assert await value.get() == known
    with pytest.raises(OutcomeUnknownError):
        await value.get(fresh=True)
    clock.now += CATALOG_LAST_S
    with pytest.raises(OutcomeUnknownError):
        await value.get()


def _catalog(number: int) -> Catalog:
    """The one that this load brings."""
    code = ProductCode(f"load-{number}")
    return {code: product(code=code)}


async def test_t66_a_slow_catalog_keeps_nobody_who_can_have_the_last_one(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.providers.byteful.shared_catalog.CATALOG_PATIENCE_S", 0)
    released = asyncio.Event()
    loads = 0

    async def load() -> Catalog:
        nonlocal loads
        loads += 1
        if loads > 1:
            await released.wait()
        return _catalog(loads)

    value = SharedCatalog(load, CATALOG_LIFE_S, clock)
    await value.get()
    clock.now += CATALOG_LIFE_S
    assert [await value.get(), await value.get()] == [_catalog(1), _catalog(1)]
    released.set()
    assert await value.get(fresh=True) == _catalog(2)
    assert loads == 2
    await value.aclose()

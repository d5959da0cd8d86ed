"""Money that came back: the provider's API does not tell of it, so an operator writes it down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.domain.errors import InputError
from bot.domain.ids import RequestId, ServiceId
from bot.domain.ledger import Kind, day_of
from bot.operate import book_refund, book_void
from bot.serve_worker import make_jobs
from bot.usecases.desk import utcnow
from tests.stories.journey import TEAM, Journey, LaterClock


async def _bought(journey: Journey) -> ServiceId:
    await journey.buys()
    order = (await journey.request()).order
    assert order is not None
    assert order.service_id is not None
    return order.service_id


async def _gives_back(journey: Journey, service: str, cents: int, reference: str, kind: Kind = Kind.REFUND) -> bool:
    today = day_of(utcnow(), "UTC")
    return await book_refund(journey.bot.settings, service, cents, kind=kind, reference=reference, on=today)


async def test_t137_what_came_back_is_booked_once_and_shown_apart(journey: Journey) -> None:
    rita, service = journey.person("rita"), await _bought(journey)
    assert await _gives_back(journey, service, 150, "re_1")
    assert not await _gives_back(journey, service, 150, "re_1"), "the same reference twice"
    assert await _gives_back(journey, service, 50, "CN-2", Kind.CREDIT_NOTE)
    told = await journey.answer(rita, "/proxy spend", "$7.00", "$1.50 refunded", "$5.00 remain spent")
    assert "$0.50" in told.text
    why = await journey.answer(rita, f"/proxy why {service}", "Refunded")
    assert "Given back as credit" in why.text
    assert [line["what"] for line in await journey.audit()][-2:] == ["refund", "credit_note"]


async def test_t137_more_than_was_spent_and_a_strange_service_are_refused(journey: Journey) -> None:
    service = await _bought(journey)
    with pytest.raises(InputError, match="more than the 700 cents left"):
        await _gives_back(journey, service, 701, "re_1")
    with pytest.raises(InputError, match="Nothing was charged"):
        await _gives_back(journey, "API-0000-0000", 1, "re_2")
    assert len(await journey.bot.desk.ledger.entries_of_service(TEAM, service)) == 1


async def test_t137_a_reference_may_hold_a_space(journey: Journey) -> None:
    service = await _bought(journey)
    assert await _gives_back(journey, service, 600, "CN 17")
    assert not await _gives_back(journey, service, 600, "CN 17"), "the same reference twice"
    with pytest.raises(InputError, match="more than the 100 cents left"):
        await _gives_back(journey, service, 101, "CN 18")
    assert await _gives_back(journey, service, 100, "CN 18")
    booked = await journey.bot.desk.ledger.entries_of_service(TEAM, service)
    assert [(one.amount, one.note) for one in booked[1:]] == [(-600, "CN 17"), (-100, "CN 18")]


@pytest.mark.parametrize("reference", ["", " ", "CN\n17", "CN\t17"])
async def test_a_reference_that_is_none_is_refused(reference: str, journey: Journey) -> None:
    service = await _bought(journey)
    with pytest.raises(InputError, match="no reference"):
        await _gives_back(journey, service, 1, reference)
    assert len(await journey.bot.desk.ledger.entries_of_service(TEAM, service)) == 1


def test_an_amount_that_is_none_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.test_settings import REQUIRED

    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    ended = CliRunner().invoke(main, ["ledger", "refund", "API-1-1", "much", "--reference", "re_1"])
    assert ended.exit_code == 1
    assert "is no amount" in ended.output


async def test_t46_a_top_up_that_was_never_paid_does_not_stay_open_for_ever(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = LaterClock()
    monkeypatch.setattr("bot.usecases.desk.datetime", clock)
    rita, number = journey.person("rita"), journey.numbers
    card = await journey.sends(rita, await journey.answer(rita, "/proxy topup 50", "Nothing is sent yet"))
    await journey.person("mona").clicks(card, "approve")
    await journey.card("The credit arrives when it is paid.")
    with pytest.raises(InputError, match="may still be paid"):
        await book_void(journey.bot.settings, number[0])
    clock.later += timedelta(hours=50)
    await make_jobs(journey.bot).follow({})
    await journey.card("paid or voided, the provider does not say")
    await journey.answer(rita, "/proxy spend", "$50.00 of top-ups not paid yet")
    assert await book_void(journey.bot.settings, number[0])
    assert not await book_void(journey.bot.settings, number[0]), "twice"
    await journey.card("never paid")
    await journey.threaded("never paid")
    assert "Open invoice" not in str(await journey.direct(rita, "never paid"))
    assert "top-up" not in (await journey.answer(rita, "/proxy spend", "Nothing was spent")).text
    assert [line["what"] for line in await journey.audit()][-2:] == ["followed", "void"]


async def test_t137_only_an_order_nobody_can_know_of_is_written_off(journey: Journey) -> None:
    journey.byteful.set_credit(1_000_000)
    await _bought(journey)
    with pytest.raises(InputError, match="is paid"):
        await book_void(journey.bot.settings, journey.numbers[0])
    with pytest.raises(InputError, match="ordered nothing here"):
        await book_void(journey.bot.settings, RequestId(4711))


def test_a_request_that_is_none_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.test_settings import REQUIRED

    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    ended = CliRunner().invoke(main, ["ledger", "void", "API-1-1"])
    assert ended.exit_code == 1
    assert "is no request" in ended.output

"""Money that came back: the provider's API does not tell of it, so an operator writes it down."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.domain.errors import InputError
from bot.domain.ids import ServiceId
from bot.domain.ledger import Kind, day_of
from bot.operate import book_refund
from bot.usecases.desk import utcnow
from tests.stories.journey import TEAM, Journey


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


def test_an_amount_that_is_none_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.test_settings import REQUIRED

    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    ended = CliRunner().invoke(main, ["ledger", "refund", "API-1-1", "much", "--reference", "re_1"])
    assert ended.exit_code == 1
    assert "is no amount" in ended.output

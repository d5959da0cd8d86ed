"""Orders from before the ledger are brought into it once, in bounded pieces, and never twice."""

from datetime import date

import pytest

from bot.domain import request as life
from bot.domain.ledger import entries_of, sums_of
from bot.usecases import book
from tests.examples import WORKSPACE, order
from tests.usecases.conftest import Office

YEAR = (date(2026, 1, 1), date(2026, 12, 31))
TO_THE_ORDER = (life.Approved, life.Claimed, life.Ordered)


async def forget_the_ledger(office: Office) -> None:
    """As a version without one left the store."""
    keys = [key for key in await office.raw.keys("*") if b":entr" in key or b":spen" in key]
    await office.raw.delete(*keys)


@pytest.mark.parametrize("page", [1, 2, 200])
async def test_t137_what_was_ordered_before_there_was_a_ledger_is_booked_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(book, "PAGE", page)
    monkeypatch.setattr(book, "PAGES", 1)
    bought = [await office.place(*TO_THE_ORDER, draft=f"d{number}") for number in range(3)]
    bought.append(await office.place(*TO_THE_ORDER, life.Followed, draft="d3"))
    await office.place(life.Declined, draft="d4")
    await forget_the_ledger(office)
    wanted = sums_of(entry for request in bought for entry in entries_of(request))

    while await office.desk.ledger.booked_through(WORKSPACE) is not None:
        await book.book_earlier(office.desk, WORKSPACE)
    assert (await office.desk.ledger.spend(WORKSPACE, *YEAR)).sums == wanted
    await office.raw.delete(f"{{{WORKSPACE}}}:booked_through")
    await book.book_earlier(office.desk, WORKSPACE)
    assert (await office.desk.ledger.spend(WORKSPACE, *YEAR)).sums == wanted


@pytest.mark.parametrize("page", [1, 2, 200])
async def test_a_record_that_cannot_be_read_holds_up_no_other_booking(
    office: Office, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(book, "PAGE", page)
    broken, *bought = [await office.place(*TO_THE_ORDER, draft=f"d{number}") for number in range(4)]
    await forget_the_ledger(office)
    await office.raw.hset(f"{{{WORKSPACE}}}:request:{broken.id}", "body", b'{"format": 99}')
    wanted = sums_of(entry for request in bought for entry in entries_of(request))
    while await office.desk.ledger.booked_through(WORKSPACE) is not None:
        await book.book_earlier(office.desk, WORKSPACE)
    assert (await office.desk.ledger.spend(WORKSPACE, *YEAR)).sums == wanted


async def test_a_charge_that_an_older_version_did_not_book_is_made_good_by_the_next_step(office: Office) -> None:
    bought = await office.place(*TO_THE_ORDER)
    await forget_the_ledger(office)
    settled = await office.walk(bought, life.Followed)
    assert (await office.desk.ledger.spend(WORKSPACE, *YEAR)).sums == sums_of(entries_of(settled))
    assert settled.order is not None
    assert settled.order.total == order().total

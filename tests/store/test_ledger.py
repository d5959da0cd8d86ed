"""The ledger on a real server: entries once for ever, totals that equal them to the cent, reads that cost a page."""

import asyncio
import random
from datetime import UTC, date, datetime, timedelta

import pytest
import redis.asyncio as redis_asyncio
from msgspec.structs import replace

from bot.domain import request as life
from bot.domain.errors import RecordError
from bot.domain.ids import ChannelId, ProductCode, ServiceId, UserId
from bot.domain.ledger import Entry, EntryId, Kind, Sums, entries_of, paid, sums_of, void
from bot.domain.request import Ordered, advance
from bot.store import entries as stored
from bot.store.ledger import StoredLedger
from bot.store.redis import RedisStore
from tests.examples import CHANNEL, NOW, REQUESTER, WORKSPACE, after, order, request
from tests.store.looking import everything, moved, placed

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
SERVICE = ServiceId("API-2041-7730")
CHARGED = entries_of(after(request(), life.Approved, life.Claimed, life.Ordered))[0]


@pytest.fixture
def ledger(raw: redis_asyncio.Redis) -> StoredLedger:
    return StoredLedger(raw)


def entry(number: int, **given: object) -> Entry:
    """As the watch books it."""
    plain = replace(CHARGED, id=EntryId(f"watch:{number}"), kind=Kind.RENEWAL, request=None)
    return replace(plain, **given)


async def all_of(ledger: StoredLedger, **given: ChannelId | UserId | ProductCode) -> list[Entry]:
    return [one async for one in ledger.entries(WORKSPACE, FIRST, LAST, **given)]  # type: ignore[arg-type]


async def test_the_charge_is_written_in_the_same_move_as_the_order(store: RedisStore, ledger: StoredLedger) -> None:
    ordered = await moved(store, await placed(store), life.Approved, life.Claimed, life.Ordered)
    assert await all_of(ledger) == list(entries_of(ordered))
    totals = await ledger.spend(WORKSPACE, FIRST, LAST)
    assert totals.sums == Sums(open=1_750, count=1, quantity=5)
    (row,) = totals.rows
    assert (row.day, row.channel, row.requester, row.product) == (NOW.date(), CHANNEL, REQUESTER, "isp_us")


async def test_t137_paid_later_moves_the_same_cents_from_open_to_paid(store: RedisStore, ledger: StoredLedger) -> None:
    settled = await moved(store, await placed(store), life.Approved, life.Claimed, life.Ordered, life.Followed)
    assert (await ledger.spend(WORKSPACE, FIRST, LAST)).sums == sums_of(entries_of(settled))
    assert (await ledger.spend(WORKSPACE, FIRST, LAST)).sums.open == 0


async def test_the_same_step_written_again_books_nothing_again(
    store: RedisStore, ledger: StoredLedger, raw: redis_asyncio.Redis
) -> None:
    claimed = await moved(store, await placed(store), life.Approved, life.Claimed)
    ordered = after(claimed, life.Ordered)
    await store.move(claimed, ordered)
    before = await everything(raw)
    await store.move(claimed, ordered)
    assert await everything(raw) == before


async def test_what_is_booked_twice_is_booked_once(ledger: StoredLedger, raw: redis_asyncio.Redis) -> None:
    found = [entry(1), entry(2, amount=90, is_paid=False)]
    booked = await asyncio.gather(*(ledger.book(WORKSPACE, found) for _ in range(3)))
    assert sorted(booked) == [0, 0, 2]
    assert await ledger.book(WORKSPACE, []) == 0
    assert (await ledger.spend(WORKSPACE, FIRST, LAST)).sums == sums_of(found)


async def test_t137_totals_equal_the_entries_to_the_cent_whatever_is_asked_for(ledger: StoredLedger) -> None:
    chance = random.Random(7)
    booked: list[Entry] = []
    for number in range(400):
        day = FIRST + timedelta(days=chance.randrange(364))
        kind = chance.choice([Kind.CHARGE, Kind.RENEWAL, Kind.REFUND, Kind.CREDIT_NOTE, Kind.TOP_UP])
        made = entry(
            number,
            kind=kind,
            amount=chance.randrange(1, 99_999) * (-1 if kind in (Kind.REFUND, Kind.CREDIT_NOTE) else 1),
            is_paid=chance.random() < 0.5,
            day=day,
            at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
            channel=chance.choice([ChannelId("C1"), ChannelId("C2"), None]),
            requester=chance.choice([UserId("U1"), UserId("U2"), None]),
            product=ProductCode("credit" if kind is Kind.TOP_UP else chance.choice(["isp_us", "residential"])),
        )
        booked.append(made)
        if kind in (Kind.CHARGE, Kind.RENEWAL, Kind.TOP_UP) and not made.is_paid and chance.random() < 0.6:
            booked.append(chance.choice([paid, void])(made, made.at + timedelta(days=2)))
    assert await ledger.book(WORKSPACE, booked) == len(booked)

    first, last = date(2026, 2, 11), date(2026, 9, 3)
    for channel in (None, ChannelId("C1")):
        for requester in (None, UserId("U2")):
            for product in (None, ProductCode("isp_us")):
                wanted = {"channel": channel, "requester": requester, "product": product}
                found = [
                    one
                    for one in booked
                    if first <= one.day <= last
                    and all(value is None or getattr(one, name) == value for name, value in wanted.items())
                ]
                totals = await ledger.spend(
                    WORKSPACE, first, last, channel=channel, requester=requester, product=product
                )
                assert totals.sums == sums_of(found), wanted
                read = [
                    one
                    async for one in ledger.entries(
                        WORKSPACE, first, last, channel=channel, requester=requester, product=product
                    )
                ]
                assert sorted(read, key=lambda one: one.id) == sorted(found, key=lambda one: one.id)


async def test_t135_a_period_without_purchases_has_sums_of_nothing(ledger: StoredLedger) -> None:
    totals = await ledger.spend(WORKSPACE, FIRST, LAST)
    assert (totals.rows, totals.sums) == ((), Sums())
    assert await all_of(ledger) == []
    assert await ledger.entries_of_service(WORKSPACE, SERVICE) == []


async def test_everything_booked_on_a_service_is_found_with_the_request_that_bought_it(
    store: RedisStore, ledger: StoredLedger
) -> None:
    ordered = await moved(store, await placed(store), life.Approved, life.Claimed, life.Ordered)
    renewal = entry(1, at=NOW + timedelta(days=31), service=SERVICE, request=ordered.id, is_paid=False)
    settled = paid(renewal, NOW + timedelta(days=32))
    await ledger.book(WORKSPACE, [settled, renewal, entry(2, service=ServiceId("API-9"))])
    found = await ledger.entries_of_service(WORKSPACE, SERVICE)
    assert [one.kind for one in found] == [Kind.CHARGE, Kind.RENEWAL, Kind.PAID]
    assert found == [*entries_of(ordered), renewal, settled]


async def test_what_earlier_versions_booked_on_a_service_is_still_found(
    ledger: StoredLedger, raw: redis_asyncio.Redis
) -> None:
    """They put a space between the ids, and a reference with a space was lost by it."""
    renewal = f"renewal:{SERVICE}:2026-08-24T10:30"
    names = [renewal, f"{renewal}:paid", *(f"back:{SERVICE}:{reference}" for reference in ("CN 17", "CN 18", "re_3"))]
    written = [
        entry(number, id=EntryId(name), service=SERVICE, at=NOW + number * timedelta(hours=1))
        for number, name in enumerate(names)
    ]
    await ledger.book(WORKSPACE, written)
    await raw.hset(f"{{{WORKSPACE}}}:booked", SERVICE, " ".join(names))
    later = entry(9, id=EntryId(f"back:{SERVICE}:CN back: 19"), service=SERVICE, at=NOW + timedelta(days=9))
    await ledger.book(WORKSPACE, [later])
    assert await ledger.entries_of_service(WORKSPACE, SERVICE) == [*written, later]


async def test_t50_a_charge_counts_in_the_month_of_its_channel(store: RedisStore, ledger: StoredLedger) -> None:
    at_the_end = datetime(2026, 8, 31, 22, 30, tzinfo=UTC)
    claimed = await moved(store, await placed(store, time_zone="Europe/Berlin"), life.Approved, life.Claimed)
    await store.move(claimed, advance(claimed, Ordered(at_the_end, order(is_paid=True))))
    august = await ledger.spend(WORKSPACE, date(2026, 8, 1), date(2026, 8, 31))
    september = await ledger.spend(WORKSPACE, date(2026, 9, 1), date(2026, 9, 30))
    assert (august.sums.paid, september.sums.paid) == (0, 1_750)


async def test_a_summary_reads_only_the_months_it_covers(ledger: StoredLedger, raw: redis_asyncio.Redis) -> None:
    await ledger.book(WORKSPACE, [entry(n, day=date(2020 + n % 6, 6 + n % 2, 1)) for n in range(60)])
    await ledger.spend(WORKSPACE, FIRST, LAST)  # the connection has introduced itself now
    commands: list[str] = []
    async with raw.monitor() as watch:
        await ledger.spend(WORKSPACE, date(2025, 5, 2), date(2025, 7, 31))
        await ledger.spend(WORKSPACE, date(2020, 6, 1), date(2020, 6, 30), channel=CHANNEL)
        await raw.echo("end")
        while (seen := (await watch.next_command())["command"]) != "ECHO end":
            commands.append(seen)
    assert [one for one in commands if WORKSPACE in one] == [
        *[f"SMEMBERS {{T0001}}:spent:2025-0{month}" for month in (5, 6, 7)],
        "HGETALL {T0001}:spend:C0SCRAPING:2025-07",
        "HGETALL {T0001}:spend:C0SCRAPING:2020-06",
    ]


def test_every_kind_of_entry_comes_back_as_it_was() -> None:
    bare = replace(
        CHARGED, service=None, requester=None, approvers=(), channel=None, request=None, note='"|é\u202e', is_paid=True
    )
    for kind in Kind:
        for given in (replace(CHARGED, kind=kind), replace(bare, kind=kind)):
            assert stored.load_entry(given.id, stored.dump_entry(given)) == given


STORED_1 = (
    b'[1,1785000000000,"2026-07-25","charge",1750,false,1042,"API-1","U1","U2 U3","C1","isp_us","isp",5,"by hand"]'
)


def test_an_entry_of_format_1_stays_readable() -> None:
    read = stored.load_entry("1042:charge", STORED_1)
    assert (read.day, read.kind, read.amount, read.approvers) == (date(2026, 7, 25), Kind.CHARGE, 1750, ("U2", "U3"))
    assert (read.request, read.service, read.quantity, read.note) == (1042, "API-1", 5, "by hand")


@pytest.mark.parametrize("raw_entry", [b"", b"{}", b"[]", b"[2]", STORED_1.replace(b"[1,", b"[9,"), b"[1,null]"])
def test_an_entry_nobody_understands_is_an_error(raw_entry: bytes) -> None:
    with pytest.raises(RecordError, match="x:charge"):
        stored.load_entry("x:charge", raw_entry)

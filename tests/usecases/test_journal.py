"""What this machine itself remembers of checkouts: for a store that is away, or forgets what it was told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.catalog import STOP_CODE
from bot.domain.errors import RefusedError, StoreUnavailableError
from bot.domain.ids import AttemptId, NoticeKey, ServiceId
from bot.domain.notice import BoughtBesides
from bot.domain.request import (
    RENEWAL_CHANGED,
    Approved,
    Claimed,
    Declined,
    Ordered,
    PurchaseRequest,
    Refused,
    Retried,
    State,
    Unclear,
)
from bot.ports import Sent
from bot.store.journal import FileJournal
from bot.store.ledger import StoredLedger
from bot.usecases import checkout, decide, journal
from bot.usecases.decide import Result
from bot.usecases.desk import Desk
from tests.examples import INVOICE_URL, REQUESTER, WORKSPACE, order, selection
from tests.store.looking import outbox
from tests.usecases.conftest import Office, click_on
from tests.usecases.fakes import KilledError


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Desk:
    return replace(office.desk, journal=FileJournal(tmp_path / "journal"))


async def drive(desk: Desk, request: PurchaseRequest) -> None:
    await checkout.drive(desk, WORKSPACE, request.id)


async def kept(desk: Desk) -> list[Sent]:
    assert desk.journal is not None
    return await desk.journal.kept()


async def test_nothing_is_left_of_a_purchase_that_is_in_the_store(office: Office, desk: Desk) -> None:
    request = await office.place(Approved)
    await drive(desk, request)
    assert await office.state(request) is State.ORDERED
    assert await kept(desk) == []


async def test_nothing_is_left_of_a_purchase_that_was_refused(office: Office, desk: Desk) -> None:
    office.moments.at("create", RefusedError("No."))
    request = await office.place(Approved)
    await drive(desk, request)
    assert await office.state(request) is State.FAILED
    assert await kept(desk) == []


async def test_t113_an_answer_the_store_does_not_take_is_written_later_with_its_invoice_link(
    office: Office, desk: Desk
) -> None:
    request = await office.place(Approved)
    office.moments.always("move:ordered", StoreUnavailableError("away"))
    with pytest.raises(StoreUnavailableError):
        await drive(desk, request)
    office.moments.forget()
    assert await office.state(request) is State.ORDERING
    await journal.replay(desk)
    bought = await office.now(request)
    assert bought.state is State.ORDERED
    assert bought.order is not None
    assert bought.order.invoice_url is not None
    assert office.provider.creates == 1
    await journal.replay(desk)
    assert await kept(desk) == []


@pytest.mark.parametrize("is_in_doubt", [False, True], ids=["claimed", "in doubt"])
async def test_t113_what_the_journal_knows_comes_before_looking_for_it(
    office: Office, desk: Desk, is_in_doubt: bool
) -> None:
    """Whoever finds the service at the provider does not find its invoice link: that was in the answer alone."""
    request = await office.place(Approved)
    office.moments.always("move:ordered", StoreUnavailableError("away"))
    with pytest.raises(StoreUnavailableError):
        await drive(desk, request)
    office.moments.forget()
    if is_in_doubt:
        await checkout.drive(office.desk, WORKSPACE, request.id)  # another machine was there first
        assert await office.state(request) is State.IN_DOUBT
    await drive(desk, request)
    bought = await office.now(request)
    assert bought.order is not None
    assert (bought.state, bought.order.invoice_url) == (State.ORDERED, INVOICE_URL)
    assert office.provider.creates == 1


async def test_t111_a_process_that_dies_with_the_answer_in_hand_loses_nothing(office: Office, desk: Desk) -> None:
    request = await office.place(Approved)
    office.moments.at("move:ordered", KilledError())
    with pytest.raises(KilledError):
        await drive(desk, request)
    office.moments.forget()
    await journal.replay(desk)
    assert await office.state(request) is State.ORDERED
    assert office.provider.creates == 1


async def test_t111_t123_an_answer_reaches_the_store_though_the_disk_hangs(office: Office, tmp_path: Path) -> None:
    """It goes to both at once: whichever is first, a process that dies now loses nothing."""
    hangs, recorded = asyncio.Event(), asyncio.Event()

    class SlowDisk(FileJournal):
        async def keep(self, sent: Sent) -> None:
            if sent.order is not None:
                await hangs.wait()
            await super().keep(sent)

    desk = replace(office.desk, journal=SlowDisk(tmp_path / "journal"))
    request = await office.place(Approved)
    office.moments.at("moved:ordered", recorded.set)
    driving = asyncio.create_task(checkout.drive(desk, WORKSPACE, request.id))
    await recorded.wait()
    assert await office.state(request) is State.ORDERED
    hangs.set()
    await driving
    assert await kept(desk) == []


async def test_an_answer_settles_the_doubt_that_its_loss_had_left(office: Office, desk: Desk) -> None:
    request = await office.place(Approved)
    office.moments.at("move:ordered", KilledError())
    with pytest.raises(KilledError):
        await drive(desk, request)
    office.moments.forget()
    await checkout.drive(office.desk, WORKSPACE, request.id)  # another machine, without this journal
    assert await office.state(request) is State.IN_DOUBT
    await journal.replay(desk)
    settled = await office.now(request)
    assert settled.state is State.ORDERED
    assert settled.order is not None
    assert settled.order.invoice_url is not None


async def test_t114_a_claim_that_a_fail_over_lost_is_not_bought_again(office: Office, desk: Desk) -> None:
    """The store goes back to where it was before the claim; what was sent is known here all the same."""
    request = await office.place(Approved)
    before = await office.raw.dump(f"{{{WORKSPACE}}}:request:{request.id}")
    assert before is not None
    office.moments.at("sold", KilledError())
    with pytest.raises(KilledError):
        await drive(desk, request)
    office.moments.forget()
    await office.raw.restore(f"{{{WORKSPACE}}}:request:{request.id}", 0, before, replace=True)
    assert await office.state(request) is State.APPROVED
    await drive(desk, request)
    assert await office.state(request) is State.IN_DOUBT
    await drive(desk, request)
    assert await office.state(request) is State.ORDERED
    assert office.provider.creates == 1


async def test_x1_x4_a_claim_that_did_not_reach_the_disk_is_proven_unsent(office: Office, desk: Desk) -> None:
    """It was written, and whether it is safe could not be said: so nothing was sent, and this process can prove it."""
    request = await office.place(Approved)
    office.moments.at("moved:claimed", StoreUnavailableError("not on disk"))
    with pytest.raises(StoreUnavailableError):
        await drive(desk, request)
    assert await office.state(request) is State.ORDERING
    await journal.replay(desk)
    failed = await office.now(request)
    assert (failed.state, office.provider.creates) == (State.FAILED, 0)
    assert failed.is_proven_unbought
    assert failed.failure is not None
    assert "nothing was sent" in failed.failure.reason
    await journal.replay(desk)
    assert await kept(desk) == []


async def test_x1_the_proof_settles_a_doubt_that_another_machine_had(office: Office, desk: Desk) -> None:
    request = await office.place(Approved)
    office.moments.at("moved:claimed", StoreUnavailableError("not on disk"))
    with pytest.raises(StoreUnavailableError):
        await drive(desk, request)
    await checkout.drive(office.desk, WORKSPACE, request.id)
    assert await office.state(request) is State.IN_DOUBT
    await journal.replay(desk)
    assert (await office.now(request)).is_proven_unbought


async def test_x1_a_claim_that_was_never_written_leaves_the_request_to_be_bought(office: Office, desk: Desk) -> None:
    request = await office.place(Approved)
    office.moments.at("move:claimed", StoreUnavailableError("away"))
    with pytest.raises(StoreUnavailableError):
        await drive(desk, request)
    await journal.replay(desk)
    assert await office.state(request) is State.APPROVED
    await drive(desk, request)
    assert (await office.state(request), office.provider.creates) == (State.ORDERED, 1)
    office.clock.on(timedelta(minutes=11))
    await journal.replay(desk)
    assert await kept(desk) == []


async def test_a_mark_from_before_somebody_said_absent_stops_no_new_purchase(office: Office, desk: Desk) -> None:
    request = await office.place(Approved, Claimed)
    assert request.attempt is not None
    assert desk.journal is not None
    old = Sent(WORKSPACE, request.id, request.attempt.id, request.attempt.claimed_at, None)
    await desk.journal.keep(old)
    office.clock.on(timedelta(minutes=30))
    await drive(desk, request)
    assert await office.state(request) is State.IN_DOUBT
    assert await journal.sent_before(desk, await office.now(request)) == old


async def test_a_spoilt_file_is_named_and_harms_nothing(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "bad.json").write_bytes(b"{")
    assert await kept(desk) == []
    await journal.replay(desk)


async def test_a_record_that_cannot_be_read_holds_up_no_other_answer(office: Office, desk: Desk) -> None:
    broken, whole = [await office.place(Approved, Claimed, draft=draft) for draft in ("d1", "d2")]
    await office.raw.hset(f"{{{WORKSPACE}}}:request:{broken.id}", "body", b'{"format": 99}')
    assert desk.journal is not None
    assert whole.attempt is not None
    for request, attempt in ((broken, AttemptId("a0")), (whole, whole.attempt.id)):
        await desk.journal.keep(Sent(WORKSPACE, request.id, attempt, office.clock.time, order()))
    for _ in range(2):
        await journal.replay(desk)
    assert await office.state(whole) is State.ORDERED
    assert [sent.request for sent in await kept(desk)] == [broken.id], "a later version may be able to read it"


async def test_t123_a_disk_that_takes_nothing_stops_no_purchase(office: Office, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be")
    desk = replace(office.desk, journal=FileJournal(tmp_path / "journal"))
    request = await office.place(Approved)
    await drive(desk, request)
    assert await office.state(request) is State.ORDERED


async def test_t116_who_lost_the_turn_before_sending_sends_nothing(office: Office, desk: Desk) -> None:
    """A process that was held up after its claim finds the lease in other hands when it wakes up."""
    request = await office.place(Approved)

    async def held_up() -> None:
        await office.raw.set(f"{{{WORKSPACE}}}:lease:checkout", "somebody else")

    office.moments.at("moved:claimed", held_up)
    await drive(desk, request)
    assert office.provider.creates == 0
    assert await office.state(request) is State.FAILED


async def test_t116_the_proof_that_nothing_was_sent_settles_the_doubt(office: Office, desk: Desk) -> None:
    """Meanwhile another process has taken the claim for lost; that nothing was sent is certain all the same."""
    request = await office.place(Approved)

    async def held_up() -> None:
        await office.raw.delete(f"{{{WORKSPACE}}}:lease:checkout")
        await checkout.drive(office.desk, WORKSPACE, request.id)
        assert await office.state(request) is State.IN_DOUBT
        await office.raw.set(f"{{{WORKSPACE}}}:lease:checkout", "somebody else")

    office.moments.at("moved:claimed", held_up)
    await drive(desk, request)
    failed = await office.now(request)
    assert office.provider.creates == 0
    assert failed.state is State.FAILED
    assert failed.is_proven_unbought


# An answer that comes when its checkout was given up


async def said_absent(office: Office, request: PurchaseRequest) -> None:
    """Another machine took the claim for lost, nothing showed at the provider, and somebody said so."""
    await office.raw.delete(f"{{{WORKSPACE}}}:lease:checkout")
    await checkout.drive(office.desk, WORKSPACE, request.id)
    office.provider.services.clear()
    office.clock.on(timedelta(minutes=11))
    await checkout.drive(office.desk, WORKSPACE, request.id)
    decision = await decide.mark_absent(office.desk, click_on(await office.now(request)))
    assert decision.result is Result.DONE


async def retried(office: Office, request: PurchaseRequest) -> None:
    await said_absent(office, request)
    await decide.retry(office.desk, click_on(await office.now(request)))
    assert await office.state(request) is State.PENDING


async def approved_again(office: Office, request: PurchaseRequest) -> None:
    await retried(office, request)
    await decide.approve(office.desk, click_on(await office.now(request)))
    assert await office.state(request) is State.APPROVED


async def bought_again(office: Office, request: PurchaseRequest) -> None:
    await approved_again(office, request)
    office.provider.sell(request.selection, created_at=office.clock.time - timedelta(days=1))  # numbers go on from here
    await checkout.drive(office.desk, WORKSPACE, request.id)
    assert await office.state(request) is State.ORDERED


async def declined_after_all(office: Office, request: PurchaseRequest) -> None:
    await retried(office, request)
    await decide.decline(office.desk, click_on(await office.now(request)), "No.")


async def is_anothers(office: Office, request: PurchaseRequest) -> None:
    await said_absent(office, request)
    other = await office.place(Approved, Claimed, Unclear, draft="d2")
    office.provider.sell(request.selection)
    await decide.mark_found(office.desk, click_on(other), ServiceId("API-1"))
    assert await office.state(other) is State.ORDERED


Meanwhile = Callable[[Office, PurchaseRequest], Awaitable[None]]
SLOW_OR_DEAD = pytest.mark.parametrize("died", [False, True], ids=["slow", "died"])


async def answered(office: Office, desk: Desk, meanwhile: Meanwhile, *, died: bool) -> PurchaseRequest:
    """What others did after a checkout was given up, and then its answer: it took long, or its machine died with it in
    hand and was started again.
    """
    request = await office.place(Approved)
    if died:
        office.moments.at("move:ordered", KilledError())
        with pytest.raises(KilledError):
            await drive(desk, request)
        office.moments.forget()
        await meanwhile(office, request)
    else:
        office.moments.at("sold", lambda: meanwhile(office, request))
        await drive(desk, request)
    for _ in range(2):
        await journal.replay(desk)
    return await office.now(request)


@SLOW_OR_DEAD
@pytest.mark.parametrize("meanwhile", [said_absent, retried, approved_again])
async def test_t60_what_somebody_said_was_not_bought_and_was_ends_as_bought(
    office: Office, desk: Desk, meanwhile: Meanwhile, died: bool
) -> None:
    bought = await answered(office, desk, meanwhile, died=died)
    assert bought.order is not None
    assert (bought.state, bought.order.service_id, bought.order.invoice_url) == (State.ORDERED, "API-1", INVOICE_URL)
    assert bought.attempt is not None
    assert await kept(desk) == []
    await drive(desk, bought)
    assert office.provider.creates == 1
    entries = await StoredLedger(office.raw).entries_of_service(WORKSPACE, ServiceId("API-1"))
    assert [(entry.amount, entry.request) for entry in entries] == [(bought.order.total, bought.id)]


@SLOW_OR_DEAD
@pytest.mark.parametrize("meanwhile", [bought_again, declined_after_all, is_anothers])
async def test_t60_an_answer_that_its_request_cannot_take_any_more_is_kept_and_told_once(
    office: Office, desk: Desk, meanwhile: Meanwhile, died: bool
) -> None:
    now = await answered(office, desk, meanwhile, died=died)
    (sent,) = await kept(desk)
    assert sent.order is not None
    assert sent.order.invoice_url == INVOICE_URL
    assert now.order is None or now.order.service_id != sent.order.service_id
    notice = await office.store.notice(WORKSPACE, NoticeKey(f"besides:{sent.attempt}"))
    assert isinstance(notice, BoughtBesides)
    assert (notice.request, notice.service) == (now.id, sent.order.service_id)
    told = {name for name in await outbox(office.raw, WORKSPACE) if notice.key in name}
    assert told == {
        f"below:{now.id}:{notice.key}",
        *(f"notice:{user}:{notice.key}" for user in {REQUESTER, *office.directory.approvers}),
    }


async def test_an_answer_about_a_renewal_that_was_asked_for_anew_is_forgotten(office: Office, desk: Desk) -> None:
    """It cost nothing, and asking twice does no harm."""
    bought = await office.place(Approved, Claimed, Ordered)
    assert bought.order is not None
    asked = selection(product_code=STOP_CODE, service=bought.order.service_id)
    request = await office.place(Approved, Claimed, Refused, Retried, Declined, draft="d2", selection=asked)
    assert desk.journal is not None
    await desk.journal.keep(Sent(WORKSPACE, request.id, AttemptId("earlier"), request.created_at, RENEWAL_CHANGED))
    await journal.replay(desk)
    assert await kept(desk) == []
    assert await office.now(request) == request
    assert not [name for name in await outbox(office.raw, WORKSPACE) if "besides" in name]

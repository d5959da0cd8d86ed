"""What this machine itself remembers of checkouts: for a store that is away, or forgets what it was told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import RefusedError, StoreUnavailableError
from bot.domain.request import Approved, Claimed, PurchaseRequest, State
from bot.ports import Sent
from bot.store.journal import FileJournal
from bot.usecases import checkout, journal
from bot.usecases.desk import Desk
from tests.examples import INVOICE_URL, WORKSPACE
from tests.usecases.conftest import Office
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

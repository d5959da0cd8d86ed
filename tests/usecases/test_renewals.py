"""Stopping and keeping a renewal: decided like a purchase, carried out once, and a doubt settled by the service."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain import request as life
from bot.domain.catalog import KEEP, STOP, renewal_change
from bot.domain.errors import NeverSentError, OutcomeUnknownError, RefusedError
from bot.domain.ids import RequestId, ServiceId
from bot.domain.request import Happened, PurchaseRequest, State
from bot.usecases.checkout import drive
from tests.examples import WORKSPACE, selection
from tests.usecases.conftest import Office
from tests.usecases.fakes import KilledError


@pytest.fixture
def service(office: Office) -> ServiceId:
    return office.provider.sell(selection(), open_invoice_id=None).id


async def approved(office: Office, service: ServiceId, *, renews: bool = False) -> PurchaseRequest:
    asked = renewal_change(service, renews=renews)
    quote = await office.provider.quote(asked)
    return await office.place(
        life.Approved, selection=asked, quote=quote, product=KEEP if renews else STOP, draft=f"d{renews}"
    )


async def drives(office: Office, request: PurchaseRequest, times: int = 1) -> State:
    for _ in range(times):
        await drive(office.desk, WORKSPACE, request.id)
    return await office.state(request)


async def test_l5_an_approved_stop_is_carried_out_once_and_buys_nothing(office: Office, service: ServiceId) -> None:
    request = await approved(office, service)
    assert await drives(office, request, times=3) is State.ORDERED
    assert office.provider.edits == [(service, False)]
    assert office.provider.creates == 0
    done = await office.now(request)
    assert done.order == life.RENEWAL_CHANGED
    assert await office.store.by_service(WORKSPACE, service) is None, "it does not become the request's service"
    assert await office.store.claim_look(WORKSPACE, office.clock.time + timedelta(days=1)) is None
    assert await office.desk.ledger.entries_of_service(WORKSPACE, service) == []


async def test_l5_it_can_be_kept_after_all(office: Office, service: ServiceId) -> None:
    await drives(office, await approved(office, service))
    assert await drives(office, await approved(office, service, renews=True)) is State.ORDERED
    assert office.provider.edits == [(service, False), (service, True)]


async def test_n14_an_unclear_stop_that_took_effect_is_found(office: Office, service: ServiceId) -> None:
    request = await approved(office, service)
    office.moments.at("edited", OutcomeUnknownError("Byteful took too long to answer."))
    assert await drives(office, request) is State.IN_DOUBT
    assert await drives(office, request) is State.ORDERED
    assert len(office.provider.edits) == 1
    assert (await office.now(request)).history[-1].happened is Happened.FOUND


async def test_n14_an_unclear_stop_that_did_not_is_said_so_after_the_settle_time(
    office: Office, service: ServiceId
) -> None:
    request = await approved(office, service)
    office.clock.time = request.changed_at
    office.moments.at("edit", OutcomeUnknownError("The connection broke."))
    assert await drives(office, request, times=3) is State.IN_DOUBT
    office.clock.on(office.policy.settle_time)
    assert await drives(office, request) is State.FAILED
    assert office.provider.edits == []
    failure = (await office.now(request)).failure
    assert failure is not None
    assert "did not take effect" in failure.reason


async def test_n14_a_process_that_died_in_the_edit_leaves_a_doubt_that_settles_itself(
    office: Office, service: ServiceId
) -> None:
    request = await approved(office, service)
    office.moments.at("edited", KilledError())
    with pytest.raises(KilledError):
        await drives(office, request)
    office.store.is_lease_for_everybody = True
    assert await drives(office, request, times=2) is State.ORDERED
    assert office.provider.edits == [(service, False)]


@pytest.mark.parametrize("error", [NeverSentError("no way out"), RefusedError("no", status=409)])
async def test_l5_what_is_refused_or_never_sent_changed_nothing(
    error: Exception, office: Office, service: ServiceId
) -> None:
    request = await approved(office, service)
    office.moments.at("edit", error)
    assert await drives(office, request, times=2) is State.FAILED
    assert office.provider.edits == []


async def test_l5_what_changed_since_the_approval_goes_back_for_a_decision(office: Office, service: ServiceId) -> None:
    request = await approved(office, service)
    await office.provider.set_renewal(service, renews=False)
    office.provider.edits.clear()
    assert await drives(office, request) is State.PENDING
    assert office.provider.edits == []


async def test_l5_two_workers_carry_it_out_once(office: Office, service: ServiceId) -> None:
    request = await approved(office, service)

    async def another() -> None:
        await drive(office.desk, WORKSPACE, RequestId(request.id))

    office.moments.at("edit", another)
    assert await drives(office, request) is State.ORDERED
    assert office.provider.edits == [(service, False)]

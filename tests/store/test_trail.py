"""The audit trail: read in order, a page at a time, with what older versions wrote."""

from datetime import UTC, datetime

import msgspec
import pytest

from bot.domain import request as life
from bot.domain.audit import Audit, Origin
from bot.domain.errors import RecordError
from bot.domain.ids import ChannelId, RequestId, UserId
from bot.domain.intents import CardIntent
from bot.ports import MessageRef
from bot.store import trail
from bot.store.audit_lines import dump_audit, load_audit
from bot.store.line import SharedClient
from bot.store.redis import RedisStore
from bot.store.trail import StoredTrail
from tests.examples import APPROVER, NOW, POLICY, REQUESTER, WORKSPACE, after
from tests.store.looking import audit, placed

STREAM = f"{{{WORKSPACE}}}:audit"


async def test_u1_lines_come_in_order_whatever_the_size_of_a_page(
    raw: SharedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RedisStore(raw)
    for number in range(7):
        await store.audit(WORKSPACE, Audit(NOW, f"thing_{number}"))
    for page in (1, 2, 7, 500):
        monkeypatch.setattr(trail, "PAGE", page)
        read = [line.audit.what async for line in StoredTrail(raw).lines(WORKSPACE)]
        assert read == [f"thing_{number}" for number in range(7)]


async def test_u1_a_part_of_the_trail_is_found_by_the_time_it_was_recorded(raw: SharedClient) -> None:
    for second in (10, 20, 30):
        at = int(datetime(2026, 7, 1, 0, 0, second, tzinfo=UTC).timestamp() * 1000)
        line = dump_audit(Audit(NOW, f"at_{second}"))
        await raw.xadd(STREAM, {"request": 0, "entry": line}, id=f"{at}-0")
    since, until = datetime(2026, 7, 1, 0, 0, 20, tzinfo=UTC), datetime(2026, 7, 1, 0, 0, 30, tzinfo=UTC)
    assert [line.audit.what async for line in StoredTrail(raw).lines(WORKSPACE, since, until)] == ["at_20"]
    assert [line.audit.what async for line in StoredTrail(raw).lines(WORKSPACE, since)] == ["at_20", "at_30"]


async def test_u1_a_line_carries_the_slack_ids_of_the_click_and_of_the_card(
    store: RedisStore, raw: SharedClient
) -> None:
    before = await placed(store)
    origin = Origin(ChannelId("C9"), "1785000000.000100")
    await store.move(before, after(before, life.Approved), policy=POLICY, origin=origin)
    card = MessageRef(ChannelId("C0SCRAPING"), "1785000000.000200", 1)
    await store.record_message(WORKSPACE, before.id, str(CardIntent(before.id)), card)
    submitted, approved = await audit(raw, WORKSPACE)
    assert (approved["channel"], approved["message"]) == ("C9", "1785000000.000100")
    assert (approved["card_channel"], approved["card_message"]) == ("C0SCRAPING", "1785000000.000200")
    assert (approved["by"], approved["policy"]) == (APPROVER, POLICY)
    assert (submitted["by"], submitted["channel"], submitted["card_message"]) == (REQUESTER, None, card.ts)


def test_a_line_comes_back_as_it_was() -> None:
    given = Audit(
        at=NOW,
        what="approved",
        request=RequestId(1042),
        by=UserId("U1"),
        detail='"quoted" \u202e é',
        before="pending v1",
        after="approved v2",
        policy=POLICY,
        channel=ChannelId("C1"),
        message="1.2",
        provider_request="7f0c",
    )
    for one in (given, Audit(NOW, "unknown_button")):
        assert load_audit({b"request": str(one.request or 0).encode(), b"entry": dump_audit(one)}) == one


def test_a_line_of_an_earlier_version_is_still_readable() -> None:
    written = {"at": NOW.isoformat(), "what": "declined", "request": 1042, "by": "U1", "detail": "declined v2"}
    read = load_audit({b"entry": msgspec.json.encode(written)})
    assert (read.at, read.what, read.request, read.by, read.detail) == (NOW, "declined", 1042, "U1", "declined v2")


@pytest.mark.parametrize("entry", [b"", b"[]", b"{}", b"3", b'["a"]'])
def test_what_is_no_line_is_an_error(entry: bytes) -> None:
    with pytest.raises(RecordError):
        load_audit({b"request": b"1", b"entry": entry})

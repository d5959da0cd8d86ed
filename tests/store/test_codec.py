"""Stored shapes: every reachable request comes back as it was, and what cannot be understood is an error."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis.asyncio as redis_asyncio
from msgspec.structs import replace

from bot.domain.catalog import Cycle, Filter
from bot.domain.draft import Draft
from bot.domain.errors import RecordError
from bot.domain.ids import DraftId, RequestId
from bot.domain.quote import ChangeKind
from bot.domain.request import Happened, PurchaseRequest, State
from bot.store import codec, packing
from bot.store.redis import RedisStore
from tests.examples import (
    REQUESTER,
    WORKSPACE,
    data_product,
    draft,
    every_state,
    priced_draft,
    quote,
    request,
    submitted,
    top_up_request,
    ugly,
)
from tests.store.looking import placed

SAMPLES = Path(__file__).parent / "samples"
STARTS = {
    "usual": submitted(),
    "top-up": top_up_request(),
    "data": submitted(product=data_product()),
    "ugly": ugly(),
}
EVERY_REQUEST = [(name, one) for name, start in STARTS.items() for one in every_state(start)]


@pytest.mark.parametrize(("name", "given"), EVERY_REQUEST, ids=lambda one: one if isinstance(one, str) else one.state)
def test_every_reachable_request_comes_back_as_it_was(name: str, given: PurchaseRequest) -> None:
    read = codec.load_request(given.workspace, given.id, codec.dump_request(given))
    assert read == given
    assert (type(read.state), type(read.approvals), type(read.product.cycles)) == (State, tuple, tuple)
    assert read.changed_at.utcoffset() is not None


@pytest.mark.parametrize(
    "given",
    [
        draft(),
        Draft(DraftId("d"), WORKSPACE, REQUESTER),
        priced_draft(quote(promo_code="W10", discount=10, balance=5)),
        draft(filter=Filter(7018, "us_texas", 9), promo_code="`&<>*_").with_problems({"promo": "It ended."}),
        draft(top_up_cents=5_000),
    ],
)
def test_every_kind_of_draft_comes_back_as_it_was(given: Draft) -> None:
    assert codec.load_draft(codec.dump_draft(given)) == given


# Old records


def sample(number: int) -> PurchaseRequest:
    raw = (SAMPLES / f"request-format-{number}.json").read_bytes()
    return codec.load_request(WORKSPACE, RequestId(1001), raw)


def test_there_is_a_stored_sample_of_every_format_so_far() -> None:
    found = {path.name for path in SAMPLES.glob("*.json")}
    assert found == {f"request-format-{number}.json" for number in range(1, codec.FORMAT + 1)}


def test_a_sample_leaves_nothing_out() -> None:
    """It was written by the version that had this format; every part of it that may be absent is there."""
    written = msgspec.json.decode((SAMPLES / "request-format-1.json").read_bytes())["request"]
    assert [name for name, value in written.items() if not value] == ["id", "failure"]  # an order clears it


def test_a_record_of_format_1_is_still_readable() -> None:
    read = sample(1)
    assert (read.id, read.state, read.version, read.revision) == (1001, State.ORDERED, 9, 2)
    assert [entry.happened for entry in read.history] == [
        Happened.SUBMITTED,
        Happened.ENDORSED,
        Happened.APPROVED,
        Happened.DELAYED,
        Happened.REOPENED,
        Happened.APPROVED,
        Happened.CLAIMED,
        Happened.UNCLEAR,
        Happened.FOUND,
    ]
    assert (read.selection.cycle, read.selection.promo_code) == (Cycle(3, "month"), "WELCOME10")
    assert read.selection.filter == Filter(7018, "us_texas", 75202)
    assert (read.quote.total, read.quote.discount, read.quote.credit_applied, read.quote.due) == (5125, 225, 1000, 4125)
    assert read.replaced_quote is not None
    assert read.replaced_quote.total == 5025
    assert [(change.kind, change.before, change.after) for change in read.changes] == [
        (ChangeKind.PRICE_DOWN, 5125, 5100)
    ]
    assert read.attempt is not None
    assert (read.attempt.id, read.attempt.known_services) == ("a1", ("API-1", "API-2"))
    assert read.order is not None
    assert (read.order.service_id, read.order.total, read.order.is_paid) == ("API-2041-7730", 5125, False)
    assert [(one.by, one.revision, one.rule) for one in read.approvals] == [("U0BOSS", 2, "role:approver")]
    assert read.created_at.isoformat() == "2026-07-24T10:30:00+00:00"


def test_the_quote_of_a_record_from_before_two_were_kept_is_the_approved_one() -> None:
    old = sample(7)
    assert old.approved_quote == old.quote
    tolerated = sample(8)
    assert (tolerated.approved_quote.total, tolerated.quote.total) == (1_750, 1_850)


@pytest.mark.parametrize("given", [one for _, one in EVERY_REQUEST if one.is_final][::7], ids=lambda one: one.state)
def test_a_record_that_is_kept_for_ever_is_packed_and_one_of_before_still_readable(given: PurchaseRequest) -> None:
    packed = codec.dump_request(given)
    plain = packing.unpacked(packed)
    assert len(packed) < len(plain) / 2
    assert codec.load_request(given.workspace, given.id, plain) == given
    with pytest.raises(RecordError):
        codec.load_request(given.workspace, given.id, packed[:-9])
    with pytest.raises(RecordError):
        codec.load_request(given.workspace, given.id, packing.MARK + b"nothing of the kind")


PACKED_1 = (Path(__file__).parent / "samples" / "request-packed-1.bin").read_bytes()


def test_a_record_packed_with_the_first_words_stays_readable() -> None:
    """Red? The words were changed: every finished request would be unreadable."""
    read = codec.load_request(WORKSPACE, RequestId(1001), PACKED_1)
    assert (read.state, read.order and read.order.service_id) == (State.ORDERED, "API-2041-7730")


# Records nobody understands


def stored(given: PurchaseRequest) -> dict[str, Any]:
    return dict(msgspec.json.decode(packing.unpacked(codec.dump_request(given))))


def test_a_record_of_a_newer_format_is_left_alone() -> None:
    newer = {**stored(request()), "format": codec.FORMAT + 1}
    with pytest.raises(RecordError, match=f"format {codec.FORMAT + 1}"):
        codec.load_request(WORKSPACE, RequestId(1042), msgspec.json.encode(newer))
    with pytest.raises(RecordError, match=f"format {codec.FORMAT + 1}"):
        codec.load_draft(msgspec.json.encode({"format": codec.FORMAT + 1, "draft": {}}))


BROKEN = [b"", b"{", b"null", b"[]", b'"text"', b"{}", b'{"format": 1}', b'{"format": 1, "request": null}', b"\xff"]


@pytest.mark.parametrize("raw", [*BROKEN, b'{"format": [], "request": {}}', b'{"format": 1, "draft": 3}'])
def test_what_cannot_be_read_is_a_record_error(raw: bytes) -> None:
    with pytest.raises(RecordError):
        codec.load_request(WORKSPACE, RequestId(1), raw)
    with pytest.raises(RecordError):
        codec.load_draft(raw)


@pytest.mark.parametrize("name", sorted(stored(request())["request"].keys() - {"id", "workspace"}))
def test_a_record_without_one_of_its_parts_is_a_record_error(name: str) -> None:
    record = stored(request(State.ORDERED))
    del record["request"][name]
    with pytest.raises(RecordError, match="#1042"):
        codec.load_request(WORKSPACE, RequestId(1042), msgspec.json.encode(record))


@pytest.mark.parametrize(
    ("name", "value"),
    [("state", "dreaming"), ("created_at", "yesterday"), ("history", [{}]), ("quote", {}), ("product", None)],
)
def test_a_part_that_makes_no_sense_is_a_record_error(name: str, value: object) -> None:
    record = stored(request())
    record["request"][name] = value
    with pytest.raises(RecordError):
        codec.load_request(WORKSPACE, RequestId(1042), msgspec.json.encode(record))


@pytest.mark.parametrize("body", [b"{}", b"not json"])
async def test_an_unreadable_record_is_an_error_not_an_absence(
    body: bytes, store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    first = await placed(store)
    await raw.hset(f"{{{WORKSPACE}}}:request:{first.id}", "body", body)
    with pytest.raises(RecordError, match="#1001"):
        await store.get(WORKSPACE, first.id)


def test_an_unforeseen_value_is_not_stored_as_something_else() -> None:
    strange: Any = replace(request(), reason=object())
    with pytest.raises(TypeError):
        codec.dump_request(strange)

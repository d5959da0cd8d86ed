"""The life of a request: every state with every event, and what stays true over any life."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields, replace

from bot.domain import request as life
from bot.domain.errors import MoveError
from bot.domain.quote import ChangeKind, Tolerance, changes
from bot.domain.request import (
    EVENTS,
    FINAL,
    TRANSITIONS,
    WORKING,
    Event,
    Happened,
    PurchaseRequest,
    State,
    advance,
    may,
)
from tests.examples import after, event, every_state, order, quote, request, selection, submitted

PAIRS = [(state, kind) for state in State for kind in EVENTS]
MOVES = list(TRANSITIONS)


def named(pair: tuple[State, type[Event]]) -> str:
    state, kind = pair
    return f"{state} {kind.__name__.lower()}"


def test_the_table_says_this() -> None:
    """Written out a second time, because a new line in it is a new promise."""
    assert {f"{named(pair)} -> {target}" for pair, target in TRANSITIONS.items()} == {
        "pending endorsed -> pending",
        "pending approved -> approved",
        "pending capped -> pending",
        "pending declined -> declined",
        "pending withdrawn -> withdrawn",
        "pending expired -> expired",
        "pending ordered -> ordered",
        "approved delayed -> approved",
        "approved claimed -> ordering",
        "approved reopened -> pending",
        "approved withdrawn -> withdrawn",
        "ordering ordered -> ordered",
        "ordering refused -> failed",
        "ordering unclear -> in_doubt",
        "in_doubt examined -> in_doubt",
        "in_doubt found -> ordered",
        "in_doubt refused -> failed",
        "in_doubt absent -> failed",
        "failed resumed -> approved",
        "failed retried -> pending",
        "failed ordered -> ordered",
        "ordered followed -> ordered",
    }


def test_every_kind_of_event_is_in_the_table_and_has_a_word() -> None:
    kinds = [kind for kind in vars(life).values() if isinstance(kind, type) and issubclass(kind, Event)]
    assert set(EVENTS) == set(kinds) - {Event, life.ByPerson}
    assert {kind.__name__.lower() for kind in EVENTS} == set(Happened) - {Happened.SUBMITTED}


def test_final_states_are_those_nothing_leaves_and_an_order_is_followed() -> None:
    assert set(State) - {state for (state, _), target in TRANSITIONS.items() if target is not state} == FINAL
    assert {kind for state, kind in TRANSITIONS if state in FINAL} == {life.Followed}
    assert not WORKING & FINAL


def test_a_claim_is_the_only_way_to_order_and_only_proof_or_a_person_opens_the_way_to_another() -> None:
    assert [pair for pair, target in TRANSITIONS.items() if target is State.ORDERING] == [
        (State.APPROVED, life.Claimed)
    ]
    leaving = {kind for (state, kind), target in TRANSITIONS.items() if state is State.IN_DOUBT is not target}
    assert leaving == {life.Found, life.Refused, life.Absent}
    assert issubclass(life.Absent, life.ByPerson)
    assert issubclass(life.Retried, life.ByPerson)
    assert issubclass(life.Resumed, life.ByPerson)


def test_x4_only_a_clear_no_is_proof_that_nothing_was_bought() -> None:
    doubtful = after(submitted(), life.Approved, life.Claimed, life.Unclear)
    assert after(submitted(), life.Approved, life.Claimed, life.Refused).is_proven_unbought
    assert after(doubtful, life.Refused).is_proven_unbought
    assert not after(doubtful, life.Absent).is_proven_unbought
    assert not doubtful.is_proven_unbought


@pytest.mark.parametrize(("state", "kind"), PAIRS, ids=map(named, PAIRS))
def test_every_state_with_every_event(state: State, kind: type[Event]) -> None:
    before = request(state)
    copy = replace(before)
    if (state, kind) in TRANSITIONS:
        assert may(before, kind)
        assert advance(before, event(kind, before)).state is TRANSITIONS[state, kind]
    else:
        assert not may(before, kind)
        with pytest.raises(MoveError, match=f"^Request #1042 is {state} and cannot be {kind.__name__.lower()}"):
            advance(before, event(kind, before))
    assert before == copy


NEVER_CHANGED = ("id", "workspace", "requester", "channel", "reason", "product", "place", "created_at")


def step(before: PurchaseRequest, kind: type[Event]) -> PurchaseRequest:
    """One move, with everything that must be true of any move checked on the way."""
    moving = event(kind, before)
    moved = advance(before, moving)
    newest = moved.history[-1]
    assert moved.version == before.version + 1
    assert moved.history[:-1] == before.history
    assert moved.changed_at == moving.at
    assert (newest.version, newest.happened, newest.at) == (moved.version, kind.__name__.lower(), moving.at)
    assert newest.by == getattr(moving, "by", None)
    assert moved.at_version(moved.version) == newest
    assert all(getattr(moved, name) == getattr(before, name) for name in NEVER_CHANGED)
    is_fresh = kind in (life.Reopened, life.Retried)
    assert moved.revision == before.revision + is_fresh
    assert moved.approvals == () if is_fresh else moved.approvals[: len(before.approvals)] == before.approvals
    return moved


@pytest.mark.parametrize("before", list(every_state()), ids=lambda before: f"{before.state} v{before.version}")
def test_every_move_from_every_reachable_request_is_one_version_and_one_line(before: PurchaseRequest) -> None:
    for state, kind in MOVES:
        if state is before.state:
            step(before, kind)


@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_no_order_of_events_claims_twice_without_a_person_or_leaves_a_final_state(kinds: list[type[Event]]) -> None:
    now, may_claim = submitted(), 1
    for kind in kinds:
        if not may(now, kind):
            with pytest.raises(MoveError):
                advance(now, event(kind, now))
            continue
        assert now.state not in FINAL or kind is life.Followed
        now = step(now, kind)
        may_claim += (kind in (life.Retried, life.Resumed)) - (kind is life.Claimed)
        assert may_claim >= 0
        assert now.is_final is (now.state in FINAL)
        assert (now.state is State.ORDERED) is (now.order is not None)
        assert now.attempt is not None or now.state not in (State.ORDERING, State.IN_DOUBT)


@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_versions_count_the_lines_of_history(kinds: list[type[Event]]) -> None:
    now = submitted()
    for kind in kinds:
        now = step(now, kind) if may(now, kind) else now
    assert [entry.version for entry in now.history] == list(range(1, now.version + 1))
    assert list(now.history) == sorted(now.history, key=lambda entry: entry.at)


@pytest.mark.parametrize("kind", [life.Endorsed, life.Approved])
def test_a2_an_approval_is_kept_with_the_revision_that_was_seen(kind: type[Event]) -> None:
    before = after(submitted(), life.Approved, life.Reopened, life.Endorsed)
    approved = event(kind, before)
    assert isinstance(approved, life.Endorsed | life.Approved)
    newest = advance(before, approved).approvals[-1]
    assert (newest.by, newest.at, newest.revision, newest.rule) == (approved.by, approved.at, 2, "role:approver")


def test_q3_a_reopened_request_shows_both_prices_and_needs_new_approvals() -> None:
    before = after(submitted(), life.Endorsed, life.Approved, life.Delayed)
    reopened = event(life.Reopened, before)
    assert isinstance(reopened, life.Reopened)
    moved = advance(before, reopened)
    assert (moved.replaced_quote, moved.quote) == (before.quote, reopened.quote)
    assert [change.kind for change in moved.changes] == [ChangeKind.PRICE_UP]
    assert (moved.approvals, moved.failure, moved.expires_at) == ((), None, reopened.expires_at)
    assert moved.digest != before.digest


def test_a_reopened_request_takes_the_selection_it_is_given() -> None:
    before = request(State.APPROVED, selection=selection(promo_code="W10"))
    reopened = event(life.Reopened, before)
    moved = advance(before, replace(reopened, selection=selection()))
    assert moved.selection.promo_code is None


def test_a_retry_forgets_the_claim_the_failure_and_the_comparison() -> None:
    before = after(submitted(), life.Approved, life.Reopened, life.Approved, life.Claimed, life.Refused)
    assert before.replaced_quote is not None
    moved = after(before, life.Retried)
    assert (moved.attempt, moved.failure, moved.replaced_quote, moved.changes) == (None, None, None, ())
    assert moved.revision == 3


def test_a_claim_keeps_the_fresh_quote_and_clears_what_delayed_it() -> None:
    before = after(submitted(), life.Approved, life.Delayed)
    assert before.failure is not None
    claimed = event(life.Claimed, before)
    moved = advance(before, replace(claimed, quote=quote(per_unit=300)))
    assert moved.quote.total == 1_500
    assert moved.failure is None
    assert moved.attempt is not None
    assert moved.attempt.fingerprint == before.selection.fingerprint()


@pytest.mark.parametrize("kind", [life.Claimed, life.Resumed])
def test_q3_what_was_approved_is_kept_beside_a_tolerated_price_until_a_fresh_decision(kind: type[Event]) -> None:
    before = request(State.APPROVED if kind is life.Claimed else State.FAILED)
    fresh = event(kind, before)
    moved = advance(before, replace(fresh, quote=quote(per_unit=380)))
    assert (moved.quote.total, moved.approved_quote, moved.digest) == (1_900, before.quote, before.digest)
    failed = moved if kind is life.Claimed else after(moved, life.Claimed)
    reopened = after(failed, life.Refused, life.Retried)
    assert reopened.approved_quote == reopened.quote


def test_a_fresh_quote_that_comes_to_the_same_is_not_kept_twice() -> None:
    before = request(State.APPROVED)
    claimed = event(life.Claimed, before)
    later = replace(before.quote, quoted_at=before.changed_at)
    assert advance(before, replace(claimed, quote=later)).opening_quote is None


@pytest.mark.parametrize("way", [(life.Ordered,), (life.Unclear, life.Found)])
def test_an_order_stays_and_clears_the_doubt(way: tuple[type[Event], ...]) -> None:
    moved = after(request(State.ORDERING), *way)
    assert moved.order is not None
    assert moved.order.service_id == "API-2041-7730"
    assert (moved.failure, moved.is_final) == (None, True)


@pytest.mark.parametrize("kind", [life.Ordered, life.Found])
@pytest.mark.parametrize(
    ("quoted", "total", "expected"),
    [
        (350, 1_750, []),
        (350, 1_800, [(ChangeKind.BILLED, 1_750, 1_800)]),
        (350, 1_700, [(ChangeKind.BILLED, 1_750, 1_700)]),
        (370, 1_850, [(ChangeKind.PRICE_UP, 1_750, 1_850)]),
        (370, 1_900, [(ChangeKind.BILLED, 1_750, 1_900)]),
        (370, 1_750, []),
    ],
)
def test_q3_another_sum_than_the_approved_one_is_a_change_whatever_was_quoted_in_between(
    kind: type[Event], quoted: int, total: int, expected: list[tuple[ChangeKind, int, int]]
) -> None:
    approved = request(State.APPROVED)
    fresh = quote(per_unit=quoted)
    tolerated = changes(approved.quote, fresh, Tolerance(cents=1_000))
    claimed = advance(approved, replace(event(life.Claimed, approved), quote=fresh, changes=tolerated))
    before = claimed if kind is life.Ordered else after(claimed, life.Unclear)
    moved = advance(before, replace(event(kind, before), order=order(total=total)))
    assert [(change.kind, change.before, change.after) for change in moved.changes] == expected
    assert after(moved, life.Followed).changes == moved.changes


def test_an_answer_that_comes_after_a_fresh_decision_was_asked_for_brings_its_claim_back() -> None:
    doubtful = after(submitted(), life.Approved, life.Claimed, life.Unclear)
    waiting = after(doubtful, life.Absent, life.Retried, life.Approved, life.Reopened)
    assert (waiting.attempt, bool(waiting.changes)) == (None, True)
    answer = replace(event(life.Ordered, waiting), attempt=doubtful.attempt)
    bought = advance(waiting, answer)
    assert (bought.state, bought.attempt, bought.changes) == (State.ORDERED, doubtful.attempt, ())
    assert bought.is_bought_after_all(bought.history[-1])
    assert not request(State.ORDERED).is_bought_after_all(request(State.ORDERED).history[-1])


@pytest.mark.parametrize("kind", [life.Refused, life.Unclear])
def test_what_went_wrong_is_kept_with_its_reference_and_the_claim(kind: type[Event]) -> None:
    before = request(State.ORDERING)
    moved = after(before, kind)
    assert moved.failure is not None
    assert moved.failure.reference.startswith("ref-")
    assert moved.attempt == before.attempt
    assert not moved.is_final


def test_a_reason_for_declining_is_in_the_history() -> None:
    last = request(State.DECLINED).last(Happened.ENDORSED, Happened.DECLINED)
    assert last is not None
    assert last.note == "Use the ones we have."
    assert request(State.DECLINED).last(Happened.APPROVED) is None
    assert request(State.DECLINED).at_version(7) is None


def test_every_value_of_a_request_is_frozen_and_holds_no_list() -> None:
    named = [kind for kind in vars(life).values() if isinstance(kind, type)]
    kinds = [kind for kind in named if issubclass(kind, Struct) and kind is not Struct]
    assert PurchaseRequest in kinds
    for kind in kinds:
        assert kind.__struct_config__.frozen, kind
        assert not [field.name for field in fields(kind) if str(field.type).startswith(("list", "dict", "set"))]

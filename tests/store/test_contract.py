"""What the store promises, on a real server: numbers, one winner, everything or nothing, and a way to find it again."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
import redis.asyncio as redis_asyncio

from bot.domain import request as life
from bot.domain.catalog import renewal_change
from bot.domain.errors import StaleError
from bot.domain.ids import ChannelId, DraftId, ProductCode, RequestId, ServiceId, UserId, WorkspaceId
from bot.domain.request import PurchaseRequest, State
from bot.ports import Audit
from bot.store.redis import RedisStore
from tests.examples import (
    APPROVER,
    CHANNEL,
    NOW,
    REQUESTER,
    WORKSPACE,
    after,
    draft,
    event,
    every_state,
    priced_draft,
    quote,
    request,
    submitted,
    top_up_request,
)
from tests.store.looking import audit, everything, keys, members, moved, ms, outbox, placed

Stores = Callable[[], RedisStore]
OTHER = WorkspaceId("E9.T0002")


# Submitting


async def test_numbers_begin_at_1001_and_are_counted_for_each_workspace(store: RedisStore) -> None:
    first, second = await placed(store, "d1"), await placed(store, "d2")
    elsewhere = await placed(store, "d3", workspace=OTHER)
    assert (first.id, second.id, elsewhere.id) == (1001, 1002, 1001)
    assert await store.get(WORKSPACE, RequestId(1001)) == first
    assert await store.get(OTHER, RequestId(1001)) == elsewhere
    assert await store.workspaces() == [OTHER, WORKSPACE]


async def test_what_was_submitted_is_read_back_whole(store: RedisStore) -> None:
    given = submitted(id=RequestId(0), place="AT&T (AS7018), Dallas, Texas")
    sent = await store.submit(DraftId("d1"), given)
    assert sent.is_new
    assert sent.request == submitted(id=RequestId(1001), place=given.place)


async def test_a_new_request_is_indexed_audited_and_announced(store: RedisStore, raw: redis_asyncio.Redis) -> None:
    placed_one = await placed(store)
    for name in ("state:pending", f"requester:{REQUESTER}", f"channel:{CHANNEL}", "deadline"):
        assert await members(raw, WORKSPACE, name) == [placed_one.id], name
    assert await raw.zscore(f"{{{WORKSPACE}}}:deadline", "1001") == ms(placed_one.expires_at)
    assert await outbox(raw, WORKSPACE) == {"card:1001": ms(NOW)}
    (line,) = await audit(raw, WORKSPACE)
    assert (line["request"], line["what"], line["by"]) == (1001, "submitted", REQUESTER)


async def test_x7_a_draft_becomes_one_request_however_often_it_is_sent(
    store: RedisStore, another: Stores, raw: redis_asyncio.Redis
) -> None:
    asked = submitted(id=RequestId(0))
    sent = await asyncio.gather(*(one.submit(DraftId("d1"), asked) for one in (store, another(), another())))
    assert {one.request.id for one in sent} == {1001}
    assert sorted(one.is_new for one in sent) == [False, False, True]
    before = await everything(raw)
    again = await store.submit(DraftId("d1"), asked)
    assert (again.is_new, again.request.id) == (False, 1001)
    assert await everything(raw) == before


async def test_a_draft_sent_again_later_gives_the_request_as_it_is_by_then(store: RedisStore) -> None:
    now = await moved(store, await placed(store), life.Approved)
    assert (await store.submit(DraftId("d1"), submitted(id=RequestId(0)))).request == now


async def test_drafts_of_two_workspaces_with_the_same_id_are_two_requests(store: RedisStore) -> None:
    here, there = await placed(store, "d1"), await placed(store, "d1", workspace=OTHER)
    assert (here.workspace, there.workspace) == (WORKSPACE, OTHER)


# Moving


async def test_a_move_writes_record_index_audit_and_intents(store: RedisStore, raw: redis_asyncio.Redis) -> None:
    declined = await moved(store, await placed(store), life.Declined)
    assert await store.get(WORKSPACE, declined.id) == declined
    assert await members(raw, WORKSPACE, "state:pending") == []
    assert await members(raw, WORKSPACE, "state:declined") == [1001]
    assert await members(raw, WORKSPACE, "deadline") == []
    due = ms(declined.changed_at)
    assert await outbox(raw, WORKSPACE) == {
        "card:1001": due,
        "thread:1001:2": due,
        f"direct:1001:2:{REQUESTER}": due,
    }
    line = (await audit(raw, WORKSPACE))[-1]
    assert (line["what"], line["by"], line["request"]) == ("declined", APPROVER, 1001)
    assert (line["at"], line["detail"]) == (declined.changed_at.isoformat(), "Use the ones we have.")
    assert (line["before"], line["after"]) == ("pending v1", "declined v2")


async def test_x1_a_move_is_one_command_so_nothing_can_come_between_its_parts(
    store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    before = await placed(store)
    await moved(store, before, life.Approved)  # the script is loaded now
    commands: list[str] = []
    async with raw.monitor() as watch:
        await store.submit(DraftId("d2"), submitted(id=RequestId(0)))
        second = submitted(id=RequestId(1002))
        await store.move(second, after(second, life.Declined))
        await raw.echo("end")
        while "ECHO" not in (seen := await watch.next_command())["command"]:
            if seen["client_type"] != "lua":
                commands.append(seen["command"].split()[0])
    harmless = {"HGET", "PING", "CLIENT"}
    assert [one for one in commands if one not in harmless] == ["EVALSHA", "EVALSHA"]


STALE_MOVES: list[type[life.Event]] = [life.Approved, life.Declined, life.Withdrawn, life.Expired]


@pytest.mark.parametrize("kind", STALE_MOVES, ids=lambda kind: kind.__name__)
async def test_a_move_from_a_stale_version_is_refused_and_changes_nothing_at_all(
    kind: type[life.Event], store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    seen = await placed(store)
    now = await moved(store, seen, life.Endorsed)
    before = await everything(raw)
    further: list[type[life.Event]] = [life.Claimed, life.Ordered] if kind is life.Approved else []
    with pytest.raises(StaleError, match="#1001"):
        await store.move(seen, after(seen, kind, *further))
    assert await everything(raw) == before
    assert await store.get(WORKSPACE, seen.id) == now


async def test_a_move_of_a_request_that_is_not_there_is_refused_and_writes_nothing(
    store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    await placed(store)
    before = await everything(raw)
    stranger = request(id=RequestId(1999))
    with pytest.raises(StaleError):
        await store.move(stranger, after(stranger, life.Approved))
    assert await everything(raw) == before


async def test_the_very_same_move_again_is_accepted_and_written_once(
    store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    seen = await placed(store)
    following = after(seen, life.Approved)
    await store.move(seen, following)
    before = await everything(raw)
    await store.move(seen, following)
    assert await everything(raw) == before


async def test_a_different_move_to_the_same_version_is_refused(store: RedisStore) -> None:
    seen = await placed(store)
    await store.move(seen, after(seen, life.Approved))
    with pytest.raises(StaleError):
        await store.move(seen, after(seen, life.Declined))


async def test_x7_of_many_moves_at_once_one_wins_and_is_what_is_stored(
    another: Stores, store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    seen = await placed(store)
    kinds: list[type[life.Event]] = [*STALE_MOVES, life.Endorsed]
    ways = [after(seen, kind) for kind in kinds]
    ended = await asyncio.gather(*(another().move(seen, way) for way in ways), return_exceptions=True)
    winners = [way for way, answer in zip(ways, ended, strict=True) if answer is None]
    assert len({winner.state for winner in winners}) == 1
    assert all(isinstance(answer, StaleError) for answer in ended if answer is not None)
    assert await store.get(WORKSPACE, seen.id) == winners[0]
    assert len(await audit(raw, WORKSPACE)) == 2


@pytest.mark.parametrize("target", list(every_state()), ids=lambda one: f"{one.state}-v{one.version}")
async def test_every_reachable_request_is_read_back_whole_and_stands_in_one_state_index(
    target: PurchaseRequest, store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    now = await placed(store, "d1")
    kinds: dict[str, type[life.Event]] = {kind.__name__.lower(): kind for kind in life.EVENTS}
    for entry in target.history[1:]:
        now = await moved(store, now, kinds[entry.happened])
    assert await store.get(WORKSPACE, now.id) == now
    assert now.state is target.state
    places = {state: await members(raw, WORKSPACE, f"state:{state}") for state in State}
    assert places == {state: [now.id] if state is now.state else [] for state in State}
    assert await members(raw, WORKSPACE, "deadline") == ([now.id] if now.state is State.PENDING else [])
    assert len(await audit(raw, WORKSPACE)) == now.version


async def test_a_reopened_request_has_its_new_deadline(store: RedisStore, raw: redis_asyncio.Redis) -> None:
    now = await moved(store, await placed(store), life.Approved, life.Reopened)
    assert await raw.zscore(f"{{{WORKSPACE}}}:deadline", "1001") == ms(now.expires_at)
    assert now.expires_at > NOW + timedelta(hours=72)


async def test_t115_records_of_requests_and_what_belongs_to_them_never_expire(
    store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    """Money keys have no time to live."""
    await moved(store, await placed(store), life.Approved, life.Claimed, life.Ordered)
    mortal = {key for key in await keys(raw) if await raw.ttl(key) != -1}
    assert mortal == {f"{{{WORKSPACE}}}:sent:d1"}


async def test_every_key_of_a_workspace_has_its_hash_tag(store: RedisStore, raw: redis_asyncio.Redis) -> None:
    await moved(store, await placed(store, workspace=OTHER), life.Approved, life.Claimed, life.Ordered)
    await store.hold(OTHER, "checkout", "me", 10)
    of_workspaces = set(await keys(raw)) - {"proxydesk:workspaces"}
    assert all(key.startswith(f"{{{OTHER}}}:") for key in of_workspaces)


# Finding


async def test_lists_are_bounded_and_in_their_order(store: RedisStore) -> None:
    for number in range(4):
        await placed(store, f"d{number}", requester=REQUESTER if number != 2 else UserId("U9"))
    assert [one.id for one in await store.in_state(WORKSPACE, State.PENDING)] == [1001, 1002, 1003, 1004]
    assert [one.id for one in await store.in_state(WORKSPACE, State.PENDING, limit=2)] == [1001, 1002]
    assert [one.id for one in await store.of_requester(WORKSPACE, REQUESTER)] == [1004, 1002, 1001]
    assert [one.id for one in await store.of_requester(WORKSPACE, REQUESTER, limit=1)] == [1004]
    assert await store.in_state(WORKSPACE, State.EXPIRED) == []
    assert await store.of_requester(WORKSPACE, UserId("U404")) == []


async def test_requests_about_a_services_renewal_are_found_by_it(store: RedisStore) -> None:
    for number, service in enumerate(("API-1", "API-2", "API-1")):
        asked = renewal_change(ServiceId(service), renews=bool(number))
        await placed(store, f"about{number}", selection=asked)
    found = await store.about_service(WORKSPACE, ServiceId("API-1"))
    assert [one.id for one in found] == [1003, 1001]
    assert [one.id for one in await store.about_service(WORKSPACE, ServiceId("API-1"), limit=1)] == [1003]
    assert await store.about_service(WORKSPACE, ServiceId("API-3")) == []
    assert await store.about_service(OTHER, ServiceId("API-1")) == []


async def test_overdue_are_the_pending_ones_whose_time_is_up(store: RedisStore) -> None:
    soon = await placed(store, "d1", expires_at=NOW + timedelta(hours=1))
    await placed(store, "d2", expires_at=NOW + timedelta(hours=2))
    decided = await placed(store, "d3", expires_at=NOW + timedelta(minutes=1))
    await moved(store, decided, life.Approved)
    assert await store.overdue(WORKSPACE, soon.expires_at - timedelta(milliseconds=1)) == []
    assert [one.id for one in await store.overdue(WORKSPACE, soon.expires_at)] == [soon.id]
    assert [one.id for one in await store.overdue(WORKSPACE, NOW + timedelta(days=1), limit=1)] == [soon.id]
    assert len(await store.overdue(WORKSPACE, NOW + timedelta(days=1))) == 2


async def test_requests_are_indexed_by_the_channel_they_were_posted_in(
    store: RedisStore, raw: redis_asyncio.Redis
) -> None:
    await placed(store, "d1")
    await placed(store, "d2", channel=ChannelId("C2"))
    assert await members(raw, WORKSPACE, f"channel:{CHANNEL}") == [1001]
    assert await members(raw, WORKSPACE, "channel:C2") == [1002]


async def test_what_does_not_exist_is_none(store: RedisStore) -> None:
    assert await store.get(WORKSPACE, RequestId(1001)) is None
    assert await store.by_service(WORKSPACE, ServiceId("API-1")) is None
    assert await store.draft(WORKSPACE, DraftId("nope")) is None
    assert await store.message(WORKSPACE, RequestId(1001), "card:1001") is None


@pytest.mark.parametrize("way", [(life.Ordered,), (life.Unclear, life.Found)])
async def test_an_ordered_request_is_found_by_its_service(way: tuple[type[life.Event], ...], store: RedisStore) -> None:
    service, stranger = ServiceId("API-2041-7730"), ServiceId("API-9")
    claimed = await moved(store, await placed(store), life.Approved, life.Claimed)
    assert not await store.has_bought(WORKSPACE, ProductCode("isp_us"))
    assert await store.known_services(WORKSPACE, [service]) == frozenset()
    ordered = await moved(store, claimed, *way)
    assert await store.by_service(WORKSPACE, service) == ordered
    assert await store.by_service(OTHER, service) is None
    assert await store.known_services(WORKSPACE, [stranger, service]) == {service}
    assert await store.known_services(WORKSPACE, []) == frozenset()
    assert await store.has_bought(WORKSPACE, ProductCode("isp_us"))
    assert not await store.has_bought(OTHER, ProductCode("isp_us"))


@pytest.mark.parametrize("way", [(life.Refused,), (life.Unclear,), (life.Unclear, life.Absent)])
async def test_a_product_that_was_not_bought_counts_as_never_bought(
    way: tuple[type[life.Event], ...], store: RedisStore
) -> None:
    await moved(store, await placed(store), life.Approved, life.Claimed, *way)
    assert not await store.has_bought(WORKSPACE, ProductCode("isp_us"))


async def test_a_top_up_has_no_service_to_be_found_by(store: RedisStore, raw: redis_asyncio.Redis) -> None:
    asked = top_up_request(id=RequestId(0))
    placed_one = (await store.submit(DraftId("d1"), asked)).request
    await moved(store, placed_one, life.Approved, life.Claimed, life.Ordered)
    assert not await raw.exists(f"{{{WORKSPACE}}}:service")


# Audit


async def test_a_refused_click_can_be_noted_without_a_move(store: RedisStore, raw: redis_asyncio.Redis) -> None:
    await store.audit(WORKSPACE, Audit(NOW, "refused:holds_role", RequestId(1001), UserId("U9"), "pending"))
    (line,) = await audit(raw, WORKSPACE)
    assert (line["at"], line["what"], line["request"]) == (NOW.isoformat(), "refused:holds_role", 1001)
    assert (line["by"], line["detail"]) == ("U9", "pending")


# Drafts, order of clicks, leases


@pytest.mark.parametrize(
    "given", [draft(), priced_draft(quote(promo_code="W10", discount=3)), draft(problems={"promo": "It ended."})]
)
async def test_a_draft_is_kept_for_a_day(given: object, store: RedisStore, raw: redis_asyncio.Redis) -> None:
    await store.save_draft(given)  # type: ignore[arg-type]
    assert await store.draft(WORKSPACE, DraftId("d-0001")) == given
    assert 24 * 3600 - 60 < await raw.ttl(f"{{{WORKSPACE}}}:draft:d-0001") <= 24 * 3600


async def test_only_the_newest_of_many_redraws_counts(store: RedisStore) -> None:
    assert await store.is_newest(WORKSPACE, "view:V1", 1700000001.000200, 60)
    assert await store.is_newest(WORKSPACE, "view:V1", 1700000001.000300, 60)
    assert not await store.is_newest(WORKSPACE, "view:V1", 1700000001.000200, 60)
    assert await store.is_newest(WORKSPACE, "view:V1", 1700000001.000300, 60)
    assert await store.is_newest(WORKSPACE, "view:V2", 1.0, 60)


async def test_z1_a_name_is_first_once(store: RedisStore, another: Stores, raw: redis_asyncio.Redis) -> None:
    answers = await asyncio.gather(*(one.is_first(WORKSPACE, "v0=abc", 60) for one in (store, another(), another())))
    assert sorted(answers) == [False, False, True]
    assert not await store.is_first(WORKSPACE, "v0=abc", 60)
    assert await store.is_first(WORKSPACE, "v0=other", 60)
    assert 0 < await raw.ttl(f"{{{WORKSPACE}}}:seen:v0=abc") <= 60


async def test_a_lease_belongs_to_one_until_it_is_given_back(store: RedisStore, another: Stores) -> None:
    other = another()
    assert await store.hold(WORKSPACE, "checkout", "me", 60)
    assert not await other.hold(WORKSPACE, "checkout", "you", 60)
    assert await store.hold(WORKSPACE, "checkout", "me", 60)
    assert await other.hold(OTHER, "checkout", "you", 60)
    await other.release(WORKSPACE, "checkout", "you")
    assert not await other.hold(WORKSPACE, "checkout", "you", 60)
    await store.release(WORKSPACE, "checkout", "me")
    assert await other.hold(WORKSPACE, "checkout", "you", 60)


async def test_a_lease_is_renewed_once_half_of_it_is_over(store: RedisStore, raw: redis_asyncio.Redis) -> None:
    lease = f"{{{WORKSPACE}}}:lease:checkout"
    await store.hold(WORKSPACE, "checkout", "me", 60)
    for left_s, kept_s in ((40, 40), (20, 60)):
        await raw.pexpire(lease, left_s * 1000)
        assert await store.hold(WORKSPACE, "checkout", "me", 60)
        assert kept_s - 5 < await raw.pttl(lease) / 1000 <= kept_s


async def test_x8_a_lease_is_passed_on_along_its_line(store: RedisStore, another: Stores) -> None:
    first, second, third = RequestId(1), RequestId(2), RequestId(3)
    assert await store.queue_up(WORKSPACE, "checkout", "me", 60, first)
    for who in (third, second, third):
        assert not await another().queue_up(WORKSPACE, "checkout", "you", 60, who)
    assert await another().pass_on(WORKSPACE, "checkout", "you", 60, third) is None, "it is not theirs to pass on"
    for _ in range(2):  # a command repeated after its answer was lost changes nothing
        assert await store.pass_on(WORKSPACE, "checkout", "me", 60, first) == third
    assert await store.pass_on(WORKSPACE, "checkout", "me", 60, third) == second
    assert not await another().queue_up(WORKSPACE, "checkout", "you", 60, first), "held all the while"
    assert await store.pass_on(WORKSPACE, "checkout", "me", 60, second) == first
    assert await store.pass_on(WORKSPACE, "checkout", "me", 60, first) is None
    assert await another().queue_up(WORKSPACE, "checkout", "you", 60, second), "given back by who served the last"


async def test_x8_a_line_without_a_holder_is_found(store: RedisStore) -> None:
    assert await store.unserved(WORKSPACE, "checkout") is None
    await store.hold(WORKSPACE, "checkout", "me", 60)
    await store.queue_up(WORKSPACE, "checkout", "you", 60, RequestId(7))
    assert await store.unserved(WORKSPACE, "checkout") is None
    await store.release(WORKSPACE, "checkout", "me")
    assert await store.unserved(WORKSPACE, "checkout") == RequestId(7)


async def test_t117_a_lease_ends_by_itself_after_its_seconds(store: RedisStore, raw: redis_asyncio.Redis) -> None:
    await store.hold(WORKSPACE, "checkout", "me", 2.5)
    assert 2_000 < await raw.pttl(f"{{{WORKSPACE}}}:lease:checkout") <= 2_500


async def test_a_durable_move_is_written_like_any_other(store: RedisStore) -> None:
    approved = await moved(store, await placed(store), life.Approved)
    claimed = life.advance(approved, event(life.Claimed, approved))
    await store.move(approved, claimed, is_durable=True)
    assert await store.get(WORKSPACE, claimed.id) == claimed
    with pytest.raises(StaleError):
        await store.move(approved, after(approved, life.Withdrawn), is_durable=True)

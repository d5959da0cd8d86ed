"""When the server is away, full, read-only or forgetful: one typed error, and nothing half written."""

import asyncio
import inspect
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.domain import request as life
from bot.domain.account import BalanceReading, KnownService, PoolReading, UsageDay
from bot.domain.digest import Rhythm, Schedule
from bot.domain.errors import ReplayError, StaleError, StoreUnavailableError
from bot.domain.home import Untold
from bot.domain.ids import ChannelId, DraftId, ProductCode, RequestId, ServiceId
from bot.domain.intents import CardIntent
from bot.domain.notice import CreditLow
from bot.domain.request import State
from bot.domain.runway import Runway
from bot.ports import Audit, Claim, Lane, MessageRef, Origin
from bot.ports.digests import SetDigest
from bot.store import health
from bot.store import redis as store_module
from bot.store.line import PATIENCE_S, SharedClient
from bot.store.redis import CALL_TIMEOUT_S, DISK_WAIT_MS, RedisStore, connect
from playground.stage import free_port
from tests.examples import NOW, REQUESTER, WORKSPACE, after, draft, pause, request, selection, submitted, waiting_draft
from tests.store.looking import audit, everything, moved, placed
from tests.store.servers import Wire, running
from tests.usecases.fakes import FakeProvider, Moments

NUMBER = RequestId(1001)
CARD = CardIntent(NUMBER)
CLAIM = Claim(WORKSPACE, CARD, "1")
PLACE = MessageRef(ChannelId("C1"), "1.1", 1)
SERVICE = FakeProvider(Moments()).sell(selection())
NOTICE = CreditLow(1, 0, NOW, 1_000, Runway(500, None, None, (), None), top_up=4_000, weeks=4)
CHOSEN = SetDigest(ChannelId("C1"), Rhythm.WEEKLY, Schedule(Rhythm.WEEKLY), REQUESTER, NOW)
PENDING, APPROVED = request(id=NUMBER), after(request(id=NUMBER), life.Approved)

WRITES: dict[str, Callable[[RedisStore], Awaitable[object]]] = {
    "submit": lambda store: store.submit(DraftId("d9"), submitted(id=RequestId(0))),
    "move": lambda store: store.move(PENDING, APPROVED),
    "audit": lambda store: store.audit(WORKSPACE, Audit(NOW, "late_click", NUMBER)),
    "save_draft": lambda store: store.save_draft(draft()),
    "keep_waiting": lambda store: store.keep_waiting(waiting_draft()),
    "swap_pause": lambda store: store.swap_pause(None, pause()),
    "announce": lambda store: store.announce(WORKSPACE, NOTICE, [ChannelId("C1")]),
    "ask": lambda store: store.ask(WORKSPACE, CARD, NOW),
    "claim_intents": lambda store: store.claim_intents(WORKSPACE, NOW + timedelta(days=1)),
    "record_message": lambda store: store.record_message(WORKSPACE, NUMBER, "card:1001", PLACE),
    "is_newest": lambda store: store.is_newest(WORKSPACE, "view:V1", 1.0, 60),
    "is_first": lambda store: store.is_first(WORKSPACE, "v0=abc", 60),
    "hold": lambda store: store.hold(WORKSPACE, "checkout", "me", 60),
    "queue_up": lambda store: store.queue_up(WORKSPACE, "checkout", "me", 60, NUMBER),
}
"""Writes, on a store that holds request 1001 with its card still to be posted."""
EXAMPLES: dict[str, object] = {
    "WorkspaceId": WORKSPACE,
    "Sequence[WorkspaceId]": [WORKSPACE],
    "ChannelId": ChannelId("C1"),
    "Cents": 50_000,
    "Untold": Untold(NOW, "Nothing was done."),
    "RequestId": NUMBER,
    "UserId": REQUESTER,
    "ProductCode": ProductCode("isp_us"),
    "ServiceId": ServiceId("API-1"),
    "DraftId": DraftId("d1"),
    "Sequence[ServiceId]": [ServiceId("API-1")],
    "PurchaseRequest": PENDING,
    "Intent": CARD,
    "Claim": CLAIM,
    "Sequence[Claim]": [CLAIM],
    "MessageRef": PLACE,
    "Audit": Audit(NOW, "late_click", NUMBER),
    "Draft": draft(),
    "WaitingDraft": waiting_draft(),
    "Pause": pause(),
    "Notice": NOTICE,
    "NoticeKey": NOTICE.key,
    "Sequence[Destination]": [ChannelId("C1")],
    "Lane": Lane("cards", timedelta(seconds=1)),
    "State": State.PENDING,
    "datetime": NOW,
    "date": NOW.date(),
    "Sequence[KnownService]": [KnownService(SERVICE, NOW, NOW, SERVICE)],
    "Sequence[UsageDay]": [UsageDay(NOW.date(), "residential", SERVICE.id, None, 1, 1)],
    "BalanceReading": BalanceReading(500, NOW),
    "PoolReading": PoolReading((), NOW),
    "Rhythm": Rhythm.WEEKLY,
    "Sequence[tuple[SetDigest, Audit]]": [(CHOSEN, Audit(NOW, "digest_set"))],
    "str": "text",
    "int": 60,
    "float": 60.0,
}
"""What to call a method with, by the annotation of each parameter. A new kind of value needs a line here."""
PUBLIC = [name for name, _ in inspect.getmembers(RedisStore, inspect.iscoroutinefunction) if not name.startswith("_")]


def called(store: RedisStore, name: str) -> Awaitable[object]:
    """This method with example values for everything it insists on."""
    method: Callable[..., Awaitable[object]] = getattr(store, name)
    needed = [one for one in inspect.signature(method).parameters.values() if one.default is one.empty]
    return method(*(EXAMPLES[one.annotation.split(" | ")[0]] for one in needed))


@asynccontextmanager
async def store_at(url: SecretStr) -> AsyncIterator[RedisStore]:
    client = connect(url)
    try:
        yield RedisStore(client)
    finally:
        await client.aclose()


@asynccontextmanager
async def client_at(url: SecretStr) -> AsyncIterator[SharedClient]:
    client = connect(url)
    try:
        yield client
    finally:
        await client.aclose()


@pytest.mark.parametrize("name", PUBLIC)
async def test_t113_a_server_that_is_gone_is_said_to_be_away(name: str, tmp_path: Path) -> None:
    async with store_at(SecretStr(f"unix://{tmp_path}/nobody")) as store:
        with pytest.raises(StoreUnavailableError, match="does not answer"):
            await called(store, name)


@pytest.mark.parametrize("is_connected", [True, False], ids=["connected before", "never connected"])
async def test_a_server_that_hangs_is_away_too(is_connected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped process still takes connections, so only a limit over the whole call ends it."""
    monkeypatch.setattr(store_module, "CALL_TIMEOUT_S", 0.1)
    async with running() as url, client_at(url) as other, store_at(url) as store:
        if is_connected:
            monkeypatch.setattr(store_module, "CALL_TIMEOUT_S", 5)
            await store.ping()
            monkeypatch.setattr(store_module, "CALL_TIMEOUT_S", 0.1)
        os.kill((await other.info("server"))["process_id"], signal.SIGSTOP)
        for name in ("ping", "get", "submit", "move", "is_first"):
            async with asyncio.timeout(60):
                with pytest.raises(StoreUnavailableError, match="Timeout"):
                    await called(store, name)


def test_a_click_has_time_for_two_answers_of_a_server_that_hangs() -> None:
    """The replay guard, then the step itself; Slack waits three seconds."""
    assert 2 * CALL_TIMEOUT_S < 3
    assert DISK_WAIT_MS / 1000 < PATIENCE_S < CALL_TIMEOUT_S


async def test_errors_never_hold_the_address_of_the_server() -> None:
    url = SecretStr("redis://user:sesame@127.0.0.1:1/0")
    async with store_at(url) as store:
        with pytest.raises(StoreUnavailableError) as caught:
            await store.ping()
    assert "sesame" not in repr(caught.value)


@pytest.mark.parametrize("name", WRITES)
async def test_t118_a_read_only_server_takes_nothing_and_still_reads(name: str) -> None:
    async with running() as url, client_at(url) as raw:
        store = RedisStore(raw)
        await placed(store)
        before = await everything(raw)
        await raw.replicaof("127.0.0.1", "1")
        with pytest.raises(StoreUnavailableError):
            await WRITES[name](store)
        assert await everything(raw) == before
        assert await store.get(WORKSPACE, NUMBER) == PENDING


async def fill(store: RedisStore) -> int:
    """How many requests the store took until it was full."""
    for number in range(10_000):
        try:
            await placed(store, f"d{number}", reason="x" * 1_000)
        except StoreUnavailableError:
            return number
    raise AssertionError("it never was full")


async def test_t118_a_full_server_takes_a_step_whole_or_not_at_all() -> None:
    options = {"maxmemory": "3mb", "maxmemory-policy": "noeviction"}
    async with running(**options) as url, client_at(url) as raw:
        store = RedisStore(raw)
        placed_before = await fill(store)
        numbers = range(1001, 1001 + placed_before)
        assert [one.id for one in await store.in_state(WORKSPACE, State.PENDING, limit=20_000)] == list(numbers)
        assert await raw.xlen(f"{{{WORKSPACE}}}:audit") == placed_before
        assert await raw.zcard(f"{{{WORKSPACE}}}:outbox") == placed_before
        now = await everything(raw)
        assert placed_before > 25
        for name in ("move", "hold", "ask", "save_draft", "is_first"):
            with pytest.raises(StoreUnavailableError):
                await WRITES[name](store)
        assert await everything(raw) == now
        assert await store.get(WORKSPACE, NUMBER) is not None


@pytest.mark.parametrize("name", ["get", "submit", "move", "hold", "claim_intents"])
async def test_t118_a_server_that_still_reads_its_file_is_away(name: str, tmp_path: Path) -> None:
    """Just started again: it answers each command that it is loading."""

    async def loading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while sent := await reader.read(65_536):
            writer.write(b"-LOADING Valkey is loading the dataset in memory\r\n" * sent.count(b"*"))
        writer.close()

    url = SecretStr(f"unix://{tmp_path}/s")
    async with await asyncio.start_unix_server(loading, tmp_path / "s"), store_at(url) as store:
        with pytest.raises(StoreUnavailableError):
            await called(store, name)


async def test_t118_a_server_that_is_busy_with_a_script_is_away_until_it_has_ended() -> None:
    async with running(**{"busy-reply-threshold": "1"}) as url, store_at(url) as store, connect(url) as other:
        placed_before = await placed(store)
        endless = asyncio.ensure_future(other.eval("while true do end", 0))
        async with asyncio.timeout(60):
            while True:
                try:
                    await store.ping()
                except StoreUnavailableError:
                    break
        with pytest.raises(StoreUnavailableError):
            await store.get(WORKSPACE, placed_before.id)
        async with connect(url) as third:
            await third.script_kill()
        await asyncio.gather(endless, return_exceptions=True)
        assert await store.get(WORKSPACE, placed_before.id) == placed_before


async def test_t118_a_script_that_fails_is_an_error_and_writes_nothing(store: RedisStore, raw: SharedClient) -> None:
    """Something else stands where the record belongs."""
    approved = await moved(store, await placed(store), life.Approved)
    await raw.delete(f"{{{WORKSPACE}}}:request:{approved.id}")
    await raw.set(f"{{{WORKSPACE}}}:request:{approved.id}", "not a hash")
    before = await everything(raw)
    with pytest.raises(StoreUnavailableError):
        await store.move(approved, after(approved, life.Claimed))
    assert await everything(raw) == before


# The claim must be on disk


async def claim(store: RedisStore, draft_id: str = "d1") -> None:
    approved = await moved(store, await placed(store, draft_id), life.Approved)
    await store.move(approved, after(approved, life.Claimed), is_durable=True)


async def test_x1_a_claim_that_cannot_reach_the_disk_is_an_error() -> None:
    async with running(appendonly="no") as url, store_at(url) as store:
        await store.submit(DraftId("d1"), submitted(id=RequestId(0)))
        with pytest.raises(StoreUnavailableError):
            await claim(store, "d2")


async def test_x1_a_claim_that_does_not_reach_the_disk_in_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "DISK_WAIT_MS", 20)
    async with running(appendonly="yes", appendfsync="no") as url, store_at(url) as store:
        with pytest.raises(StoreUnavailableError):
            await claim(store)


async def test_t114_a_claim_is_known_to_whoever_would_take_over() -> None:
    """A server with a replica: the claim returns when the replica has it, and not before."""
    port = str(free_port())
    there = {"port": port, "bind": "127.0.0.1", "repl-diskless-sync-delay": "0"}
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running(**there))
        behind = await stack.enter_async_context(running(replicaof=f"127.0.0.1 {port}"))
        store = await stack.enter_async_context(store_at(url))
        raw = await stack.enter_async_context(connect(url))
        replica = await stack.enter_async_context(connect(behind))
        async with asyncio.timeout(60):
            while (await raw.info("replication")).get("slave0", {}).get("state") != "online":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await claim(store)
        assert await replica.hget(f"{{{WORKSPACE}}}:request:{NUMBER}", "version") == b"3"
        pid = (await replica.info("server"))["process_id"]
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreUnavailableError):
                await claim(store, "d2")
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_t114_replicas_are_asked_about_ahead_of_the_claim_and_again_when_that_was_long_ago(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever gets the right to buy is about to claim: that moment's answer serves, an older one does not."""
    async with running(appendonly="yes", appendfsync="always") as url, store_at(url) as store, connect(url) as raw:

        async def questions() -> int:
            return int((await raw.info("commandstats")).get("cmdstat_info", {}).get("calls", 0))

        assert await store.queue_up(WORKSPACE, "checkout", "me", 60, NUMBER)
        before = await questions()
        await claim(store)
        assert await questions() == before + 1, "only this test's own question"
        monkeypatch.setattr(health, "REPLICAS_KNOWN_S", -1.0)
        await claim(store, "d2")
        assert await questions() == before + 3


async def test_a_server_too_old_to_say_is_trusted() -> None:
    """Redis before 7.2 does not know the command."""
    async with running(**{"rename-command": "WAITAOF gone"}) as url, store_at(url) as store:
        await claim(store)
        claimed = await store.get(WORKSPACE, NUMBER)
    assert claimed is not None
    assert claimed.state is State.ORDERING


async def test_a_stale_claim_is_stale_whatever_the_disk_says() -> None:
    async with running(appendonly="yes", appendfsync="always") as url, store_at(url) as store:
        await claim(store)
        with pytest.raises(StaleError):
            await store.move(APPROVED, after(APPROVED, life.Withdrawn), is_durable=True)


# Lost answers: the client asks again, the server has done it already


@pytest.fixture
async def wired(server: SecretStr, raw: SharedClient) -> AsyncIterator[tuple[RedisStore, Wire]]:
    """A store whose line can be cut just before an answer arrives; its scripts are loaded."""
    wire = Wire()
    async with wire.to(server) as url, store_at(url) as store:
        await moved(store, await placed(store, "warm"), life.Approved)
        await store.is_first(WORKSPACE, "warm", 60)
        yield store, wire


async def test_x7_a_submission_whose_answer_was_lost_is_still_one_request(wired: tuple[RedisStore, Wire]) -> None:
    store, wire = wired
    wire.lose_next_answer_to("draft-lost")
    sent = await store.submit(DraftId("draft-lost"), submitted(id=RequestId(0)))
    assert (sent.request.id, wire.cut) == (1002, 1)
    assert [one.id for one in await store.in_state(WORKSPACE, State.PENDING)] == [1002]


async def test_x7_a_move_whose_answer_was_lost_is_not_taken_for_somebody_elses(
    wired: tuple[RedisStore, Wire], raw: SharedClient
) -> None:
    store, wire = wired
    seen = await placed(store)
    wire.lose_next_answer_to('"approved"')
    now = await moved(store, seen, life.Approved)
    assert wire.cut == 1
    assert await store.get(WORKSPACE, seen.id) == now


async def test_x7_a_click_whose_first_look_lost_its_answer_is_no_replay(wired: tuple[RedisStore, Wire]) -> None:
    store, wire = wired
    wire.lose_next_answer_to("v0=lost")
    assert await store.is_first(WORKSPACE, "v0=lost", 60)
    assert wire.cut == 1
    assert not await store.is_first(WORKSPACE, "v0=lost", 60)


async def test_x7_a_note_or_a_step_whose_answer_was_lost_is_no_replay(
    wired: tuple[RedisStore, Wire], raw: SharedClient
) -> None:
    store, wire = wired
    entry, noted = Audit(NOW, "late_click", NUMBER), len(await audit(raw, WORKSPACE))
    await store.audit(WORKSPACE, entry, "v0=warm")
    wire.lose_next_answer_to("v0=note")
    await store.audit(WORKSPACE, entry, "v0=note")
    assert (wire.cut, len(await audit(raw, WORKSPACE))) == (1, noted + 2)
    with pytest.raises(ReplayError):
        await store.audit(WORKSPACE, entry, "v0=note")
    seen = await placed(store)
    wire.lose_next_answer_to("v0=step")
    await store.move(seen, after(seen, life.Approved), origin=Origin(signature="v0=step"))
    assert wire.cut == 2
    assert (await store.in_state(WORKSPACE, State.APPROVED))[-1].id == seen.id


async def test_many_calls_at_once_share_one_client(store: RedisStore) -> None:
    sent = await asyncio.gather(*(placed(store, f"d{number}") for number in range(50)))
    assert sorted(one.id for one in sent) == list(range(1001, 1051))

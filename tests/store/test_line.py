"""One connection for all calls: everybody gets the answer to their own question, whatever happens to the others."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis_asyncio
from redis import exceptions
from redis.asyncio.connection import AbstractConnection

from bot.store import line
from bot.store.redis import connect
from tests.store.servers import Wire, running


@pytest.fixture
async def client() -> AsyncIterator[redis_asyncio.Redis]:
    async with running() as url:
        client = connect(url)
        yield client
        await client.aclose()


async def echoed(client: redis_asyncio.Redis, count: int = 50) -> None:
    words = [f"word-{number}".encode() for number in range(count)]
    assert await asyncio.gather(*(client.echo(word) for word in words)) == words


async def test_what_is_asked_at_once_goes_over_one_connection(client: redis_asyncio.Redis) -> None:
    await echoed(client)
    assert (await client.info("clients"))["connected_clients"] == 1


async def test_what_is_asked_at_once_leaves_at_once(
    client: redis_asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.ping()
    sent: list[int] = []
    send = AbstractConnection.send_packed_command

    async def counted(self: AbstractConnection, command: list[bytes], check_health: bool = True) -> None:
        sent.append(len(command))
        await send(self, command, check_health)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", counted)
    await echoed(client, count=20)
    assert sent == [20]


async def test_questions_that_belong_together_leave_in_one_piece_and_are_asked_once_more_together() -> None:
    wire = Wire()
    async with running() as server, wire.to(server) as url:
        client = connect(url)
        await client.hset("h", mapping={"a": "1", "b": "2"})
        wire.lose_next_answer_to("together")
        asked = (("HGET", "h", "a"), ("HMGET", "h", "b", "none"), ("ECHO", "together"), ("ZCARD", "none"))
        assert await client.ask_together(*asked) == [b"1", [b"2", None], b"together", 0]
        assert wire.cut == 1
        with pytest.raises(exceptions.ResponseError):
            await client.ask_together(("HGET", "h", "a"), ("ZCARD", "h"))
        assert await client.ask_together() == []
        await client.aclose()


async def test_who_stops_waiting_takes_nobodys_answer(client: redis_asyncio.Redis) -> None:
    await client.ping()
    leaving = [asyncio.ensure_future(client.echo("gone")) for _ in range(3)]
    await asyncio.sleep(0)
    for task in leaving:
        task.cancel()
    await echoed(client)
    assert (await client.info("clients"))["connected_clients"] == 1


async def test_a_refusal_is_for_whoever_asked(client: redis_asyncio.Redis) -> None:
    await client.set("name", "no number")
    found = await asyncio.gather(
        client.echo("before"), client.incr("name"), client.echo("after"), return_exceptions=True
    )
    assert (found[0], found[2]) == (b"before", b"after")
    assert isinstance(found[1], exceptions.ResponseError)


async def test_what_cannot_be_sent_disturbs_nobody(client: redis_asyncio.Redis) -> None:
    with pytest.raises(exceptions.DataError):
        await client.set("name", object())  # type: ignore[arg-type]
    await echoed(client)


async def test_t113_a_server_that_hangs_is_given_up_and_found_again(
    client: redis_asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = (await client.info("server"))["process_id"]
    monkeypatch.setattr(line, "PATIENCE_S", 0.1)
    os.kill(server, signal.SIGSTOP)
    found = await asyncio.gather(client.echo("one"), client.echo("two"), return_exceptions=True)
    assert [type(one) for one in found] == [exceptions.TimeoutError] * 2
    os.kill(server, signal.SIGCONT)
    await echoed(client)


async def test_t114_all_that_a_cut_line_carried_is_asked_once_more() -> None:
    wire = Wire()
    async with running() as server, wire.to(server) as url:
        client = connect(url)
        await client.ping()
        wire.lose_next_answer_to("word-7")
        await echoed(client)
        assert wire.cut == 1
        await client.aclose()


async def test_a_connection_that_the_server_closed_is_opened_again(client: redis_asyncio.Redis) -> None:
    await echoed(client)
    await client.client_kill_filter(_type="normal", skipme=False)
    await echoed(client)


async def test_after_closing_nobody_waits_for_ever(client: redis_asyncio.Redis) -> None:
    await client.ping()
    asking = asyncio.ensure_future(client.blpop("nothing", 0))
    await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(exceptions.ConnectionError):
        async with asyncio.timeout(60):
            await asking


async def test_a_line_that_was_closed_meanwhile_opens_no_connection_of_its_own(client: redis_asyncio.Redis) -> None:
    await client.ping()
    held = client._line  # type: ignore[attr-defined]
    await held.close()
    with pytest.raises(exceptions.ConnectionError):
        await held.ask(("PING",))
    assert not held._connection.is_connected

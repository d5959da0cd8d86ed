"""The worlds as programs of their own, and the demo and the tour as people start them."""

import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from playground.slack_driver import SlackDriver
from playground.slack_seen import SeenMessage
from tests.processes.programs import get, program


async def test_byteful_alone_says_where_it_is_and_answers() -> None:
    async with program("playground", "byteful", "--port", "0") as world:
        where = json.loads(await world.line_with("base_url"))
        assert set(where) >= {"base_url", "public_key", "private_key"}
        keys = {"X-API-Public-Key": where["public_key"], "X-API-Private-Key": where["private_key"]}
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{where['base_url']}/public/user/checkout/catalog", headers=keys) as answer:
                assert answer.status == 200
                assert "isp_us" in await answer.text()
            async with session.get(f"{where['base_url']}/public/user/checkout/catalog") as answer:
                assert answer.status == 401
        assert await world.stop(signal.SIGTERM) == 0
        assert [line for line in world.lines if line.strip()] == [json.dumps(where)]


async def test_slack_alone_says_where_it_is_and_answers() -> None:
    async with program("playground", "slack", "--port", "0", "--bot", "http://127.0.0.1:9/slack/events") as world:
        where = json.loads(await world.line_with("base_url"))
        assert set(where) >= {"base_url", "bot_token", "signing_secret", "team_id"}
        async with aiohttp.ClientSession() as session:
            header = {"Authorization": f"Bearer {where['bot_token']}"}
            async with session.post(f"{where['base_url']}auth.test", headers=header) as answer:
                assert (await answer.json())["team_id"] == where["team_id"]
            async with session.post(f"{where['base_url']}auth.test") as answer:
                assert (await answer.json())["ok"] is False
        assert len(world.lines) == 1
        await world.stop(signal.SIGTERM)


@pytest.fixture
def ignored_interrupts() -> Iterator[None]:
    """As for what a shell starts in the background: programs begin with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ignored_interrupts")
async def test_slack_alone_stops_without_a_traceback_also_in_the_background() -> None:
    async with program("playground", "slack", "--port", "0", "--bot", "http://127.0.0.1:9/slack/events") as world:
        await world.line_with("base_url")
        assert await world.stop(signal.SIGINT) == 0
    assert "Traceback" not in world.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_demo_shows_one_address_and_stops_cleanly(number: int, tmp_path: Path) -> None:
    async with program("playground", "demo", "--port", "0", "--data", str(tmp_path / "data")) as demo:
        line = await demo.line_with("Open ")
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found is not None
        status, _ = await get(found[0])
        assert status == 200
        assert await demo.stop(number) == 0
        assert (await get(found[0]))[0] == 0
    assert "Traceback" not in demo.output
    assert "exit code" not in demo.output


async def test_the_bot_of_the_demo_lives_by_the_clock_of_the_sandbox(tmp_path: Path) -> None:
    async with program("playground", "demo", "--port", "0", "--data", str(tmp_path / "data")) as demo:
        found = re.search(r"http://127\.0\.0\.1:\d+/", await demo.line_with("Open "))
        assert found is not None
        async with SlackDriver(found[0]) as slack:
            await slack.call("POST", "byteful/clock/advance", {"months": 2})
            rita = slack.person("rita")
            await rita.types("/proxy buy isp_us 1 for a test", channel="proxies")
            preview: SeenMessage = await slack.until(lambda: rita.message("proxies", "Send request"))
            await rita.clicks(preview, "Send request")
            card: SeenMessage = await slack.until(lambda: rita.message("proxies", "Waiting for approval"))
        moments = [int(moment) for moment in re.findall(r"<!date\^(\d+)", json.dumps(card.blocks))]
        assert moments
        assert min(moments) > time.time() + 50 * 24 * 3_600
        await demo.stop(signal.SIGINT)


async def test_the_demo_refuses_to_start_beside_real_tokens(tmp_path: Path) -> None:
    real = {"SLACK_BOT_TOKEN": "xoxb-123456789012-123456789012-AbCdEfGhIjKlMnOpQrStUvWx"}
    arguments = ("playground", "demo", "--port", "0", "--data", str(tmp_path / "data"))
    async with program(*arguments, environment=real) as demo:
        assert await demo.ended() != 0
    assert "Open " not in demo.output


async def test_the_tour_ends_well() -> None:
    async with program("playground", "tour") as tour:
        code = await tour.ended()
    assert code == 0, tour.output[-4_000:]
    assert "The tour ended well." in tour.output
    assert "✗" not in tour.output

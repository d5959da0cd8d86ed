"""`proxydesk web`, `worker` and `run` as separate processes, on one Redis, in the simulated company."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import redis.asyncio as redis_asyncio
from msgspec.structs import replace
from pydantic import SecretStr

from bot.domain.ids import WorkspaceId
from bot.domain.request import PurchaseRequest, State
from bot.settings import Settings, variables
from bot.store import codec
from bot.store.embedded import private_valkey
from bot.store.redis import RedisStore, connect
from playground.serving import HOST
from playground.slack_seen import SeenMessage
from playground.stage import Worlds, worlds
from playground.workspace_cast import TEAM_ID
from tests.processes.programs import PATIENCE_S, Program, get, program, until, until_ready

WORKSPACE = WorkspaceId(TEAM_ID)
CHANNEL = "proxies"
PASSWORD = "sesame-of-the-store"


@dataclass
class Company:
    """Both worlds, a store of their own, and a look into it."""

    worlds: Worlds
    store: RedisStore
    redis: redis_asyncio.Redis

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.worlds.environment['PORT']}"

    @asynccontextmanager
    async def bot(self, part: str, **extra: str) -> AsyncIterator[Program]:
        environment = {**self.worlds.environment, **extra}
        async with program("bot", part, environment=environment) as running:
            yield running

    async def state(self, number: int = 1001) -> State | None:
        request = await self.store.get(WORKSPACE, number)  # type: ignore[arg-type]
        return request.state if request else None

    async def until_state(self, *states: State) -> State:
        async def reached() -> State | None:
            state = await self.state()
            return state if state in states else None

        return await until(reached, f"#1001 in {states}, it is {await self.state()}")

    async def card(self, *words: str) -> SeenMessage:
        rita = self.worlds.slack.person("rita")

        async def newest() -> SeenMessage | None:
            cards = [one for one in await rita.messages(CHANNEL) if one.text.startswith("#1001 ")]
            return cards[-1] if cards and all(word in cards[-1].text for word in words) else None

        return await until(newest, f"a card with {words}")

    async def asks(self, line: str = "/proxy buy isp_us 2 for scraping") -> SeenMessage:
        """Rita types the line and sends what she is shown; the card that follows."""
        rita = self.worlds.slack.person("rita")
        await rita.types(line, channel=CHANNEL)

        async def preview() -> SeenMessage | None:
            found = [one for one in await rita.ephemerals(CHANNEL) if one.has_button("send_draft")]
            return found[-1] if found else None

        await rita.clicks(await until(preview, "a preview"), "send_draft")
        return await self.card("Waiting for approval")

    async def approves(self, card: SeenMessage) -> None:
        await self.worlds.slack.person("mona").clicks(card, "approve")


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(private_valkey(tmp_path / "store"))
        client = connect(url)
        stack.push_async_callback(client.aclose)
        around = await stack.enter_async_context(worlds(tmp_path / "data", redis_url=url.get_secret_value()))
        around.provider.faults.set("not_found", endpoint="country/search")  # the tables of places are not needed here
        yield Company(around, RedisStore(client), client)


def said_aloud(company: Company, *running: Program) -> list[str]:
    """Secrets of the company that stand in what these programs printed."""
    secrets = Settings.from_env({**company.worlds.environment, "REDIS_URL": ""}).secrets
    links = [f"/invoice/{number}" for number in company.worlds.provider.invoices]
    return [secret for secret in (*secrets, *links) for one in running if secret in one.output]


async def test_t122_web_and_worker_apart_buy_together_and_stop_when_told(company: Company) -> None:
    """Each ends with exit code 0 within the grace time."""
    async with company.bot("web") as web, company.bot("worker", PORT="1") as worker:
        await until_ready(company.url, web)
        await company.approves(await company.asks())
        await company.until_state(State.ORDERED)
        card = await company.card("Ordered")
        assert card.has_button("open_invoice")
        assert company.worlds.provider.creates_received == 1
        for path, words in (("healthz", "alive"), ("readyz", "true"), ("metrics", "proxydesk_ack_seconds")):
            status, body = await get(f"{company.url}/{path}")
            assert (status, words in body) == (200, True), body
        codes = await asyncio.gather(web.stop(signal.SIGTERM), worker.stop(signal.SIGTERM))
        assert list(codes) == [0, 0]
        assert said_aloud(company, web, worker) == []
        for line in (*web.lines, *worker.lines):
            assert json.loads(line)["level"] in ("info", "warning", "error"), line
        assert (await get(f"{company.url}/healthz"))[0] == 0


async def test_t122_a_web_process_told_to_stop_in_the_middle_of_a_click_answers_it_first(company: Company) -> None:
    """Slack takes its time to say who clicked; meanwhile a deployment ends the process."""
    slack, faults = company.worlds.slack, company.worlds.workspace.faults

    async def asked() -> bool:
        return not faults.active

    async with company.bot("worker", PORT="1"):
        async with company.bot("web") as web:
            await until_ready(company.url, web)
            card = await company.asks()
            await slack.fault("slow", method="users.info", seconds=1.0)
            click = asyncio.create_task(slack.person("mona").clicks(card, "approve"))
            await until(asked, "Slack being asked who clicked")
            web.process.send_signal(signal.SIGTERM)
            outcome = await click
            assert outcome.acked, outcome
            assert await web.ended() == 0
        await company.until_state(State.ORDERED)
        assert company.worlds.provider.creates_received == 1


async def test_run_is_both_in_one_and_stops_when_told(company: Company) -> None:
    async with company.bot("run") as bot:
        await until_ready(company.url, bot)
        await company.approves(await company.asks())
        await company.until_state(State.ORDERED)
        assert await bot.stop(signal.SIGTERM) == 0
        assert said_aloud(company, bot) == []


async def test_t110_a_worker_killed_while_it_buys_makes_no_other_buy_again(company: Company) -> None:
    """The provider sold, the answer is still on its way, and the process is gone."""
    provider = company.worlds.provider
    fault = provider.faults.set("timeout_after_charge", endpoint="checkout/create", times=1)
    async with company.bot("web") as web:
        await until_ready(company.url, web)
        async with company.bot("worker") as worker:
            card = await company.asks()
            await company.approves(card)
            await asyncio.wait_for(fault.reached.wait(), PATIENCE_S)
            assert await company.state() is State.ORDERING
            assert await worker.stop(signal.SIGKILL) == -signal.SIGKILL
        fault.released.set()
        await time_goes_by(company)
        async with company.bot("worker") as second:
            await company.until_state(State.ORDERED)
            card = await company.card("Ordered")
            assert "API-" in card.text
            assert await second.stop(signal.SIGTERM) == 0
    assert (provider.creates_received, provider.creates_effective) == (1, 1)


async def time_goes_by(company: Company) -> None:
    """As if the claim had been made minutes ago: nobody waits here for a process that is gone."""
    (request,) = await company.store.in_state(WORKSPACE, State.ORDERING)
    assert request.attempt is not None
    earlier = replace(request.attempt, claimed_at=request.attempt.claimed_at - timedelta(seconds=100))
    aged: PurchaseRequest = replace(request, attempt=earlier)
    await company.redis.hset(f"{{{WORKSPACE}}}:request:{request.id}", "body", codec.dump_request(aged))
    await company.redis.delete(f"{{{WORKSPACE}}}:lease:checkout")


async def test_f1_a_store_that_goes_away_makes_the_bot_not_ready_and_it_comes_back(company: Company) -> None:
    async with company.bot("web") as web:
        await until_ready(company.url, web)
        pid = (await company.redis.info("server"))["process_id"]
        os.kill(pid, signal.SIGSTOP)
        try:
            status, body = await get(f"{company.url}/readyz")
            assert (status, "store" in json.loads(body)["problems"]) == (503, True)
            assert (await get(f"{company.url}/healthz"))[0] == 200
        finally:
            os.kill(pid, signal.SIGCONT)
        await until_ready(company.url, web)


async def test_t115_a_store_that_may_forget_is_shouted_about(company: Company) -> None:
    await company.redis.config_set("maxmemory-policy", "allkeys-lru")
    async with company.bot("web") as web:
        line = json.loads(await web.line_with("store_not_safe"))
        assert line["level"] == "error"
        assert "noeviction" in line["danger"]

        async def answer() -> tuple[int, str] | None:
            found = await get(f"{company.url}/readyz")
            return found if found[0] else None

        status, body = await until(answer, "an answer")
        assert status == 503
        assert "maxmemory-policy noeviction" in json.loads(body)["problems"]["store_settings"]


# Starting wrong


REQUIRED = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "BYTEFUL_API_PUBLIC_KEY", "BYTEFUL_API_PRIVATE_KEY")
GIVEN = {
    "SLACK_BOT_TOKEN": "xoxb-1-secret-token",
    "SLACK_SIGNING_SECRET": "signing-secret-value",
    "BYTEFUL_API_PUBLIC_KEY": "public-key-value",
    "BYTEFUL_API_PRIVATE_KEY": "private-key-value",
    "REDIS_URL": f"redis://user:{PASSWORD}@127.0.0.1:1/0",
}


@pytest.mark.parametrize("part", ["web", "worker", "run"])
async def test_without_settings_it_names_every_one_that_is_missing_and_ends(part: str) -> None:
    async with program("bot", part) as bot:
        assert await bot.ended() == 1
    assert [name for name in REQUIRED if name not in bot.output] == []
    assert "Traceback" not in bot.output


async def test_z4_what_is_wrong_is_named_without_the_secrets_that_are_right(tmp_path: Path) -> None:
    wrong = {**GIVEN, "SLACK_BOT_TOKEN": "", "PORT": "many", "BYTEFUL_BASE_URL": "ftp://x"}
    async with program("bot", "run", environment=wrong) as bot:
        assert await bot.ended() == 1
    assert [name for name in ("SLACK_BOT_TOKEN", "PORT", "BYTEFUL_BASE_URL") if name not in bot.output] == []
    assert [value for name, value in GIVEN.items() if name != "SLACK_BOT_TOKEN" and value in bot.output] == []
    assert PASSWORD not in bot.output


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (None, "cannot be read"),
        ("roles: {approver: {users: [mona]}}\n", "line 1"),
        ("roles:\n  approver:\n    users: [U012ABCDEF]\nbogus: 1\n", "line 4"),
        ("", "roles"),
    ],
)
async def test_a_policy_that_cannot_be_used_is_named_with_its_line_and_the_bot_ends(
    policy: str | None, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "policy.yaml"
    if policy is not None:
        path.write_text(policy)
    settings = {**GIVEN, "PROXYDESK_POLICY": str(path), "PROXYDESK_DATA": str(tmp_path / "data")}
    async with program("bot", "run", environment=settings) as bot:
        assert await bot.ended() == 1
    assert str(path) in bot.output
    assert words in bot.output
    assert "Traceback" not in bot.output
    assert [value for value in (*GIVEN.values(), PASSWORD) if value in bot.output] == []


async def test_a_port_that_is_taken_ends_the_bot_with_a_failure(company: Company) -> None:
    async with company.bot("web") as first, company.bot("web") as second:

        async def loser() -> Program | None:
            return next((one for one in (first, second) if one.process.returncode is not None), None)

        ended = await until(loser, "an end of one of them")
        assert await ended.ended() == 1
        assert "in use" in ended.output


async def test_t113_a_worker_without_its_store_ends_with_a_failure_and_no_secret(company: Company) -> None:
    """Whoever watches over the process starts it again."""
    async with company.bot("worker", REDIS_URL=GIVEN["REDIS_URL"]) as worker:
        assert await worker.ended() == 1
        assert "store_away_at_start" in worker.output
        assert PASSWORD not in worker.output


async def test_z4_an_unknown_command_is_no_crash() -> None:
    async with program("bot", "sell") as bot:
        assert await bot.ended() == 2
    assert "No such command" in bot.output


def test_the_settings_named_here_are_settings() -> None:
    assert {*REQUIRED, *GIVEN, "PORT", "PROXYDESK_POLICY", "PROXYDESK_DATA"} <= set(variables().values())
    assert isinstance(Settings.from_env(GIVEN).redis_url, SecretStr)

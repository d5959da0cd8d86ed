"""No key, token, signing secret or invoice link reaches a log line or an error, whatever goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from playground.provider import PRIVATE_KEY, PUBLIC_KEY, ProviderWorld
from playground.slack_seen import SeenMessage
from playground.stage import POLICY, program, until_ready, worlds
from tests.stories.journey import CHANNEL, WITHIN_S

LOUD = f"keys {PUBLIC_KEY} and {PRIVATE_KEY} are wrong"


async def test_z4_secrets_stay_out_of_logs_messages_and_errors(
    tmp_path: Path, redis_url: str, byteful: ProviderWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    """The bot as its own process, so that what it prints is what an operator would read."""
    async with worlds(tmp_path, provider=byteful, policy=POLICY, redis_url=redis_url) as around:
        port = around.environment["PORT"]
        async with program({**around.environment, "PROXYDESK_LOG_LEVEL": "debug"}, "run") as bot:
            await until_ready(f"http://127.0.0.1:{port}", bot)
            slack = around.slack
            rita, mona = slack.person("rita"), slack.person("mona")

            async def told(*words: str) -> SeenMessage | None:
                found = [one for one in await rita.ephemerals(CHANNEL) if all(word in one.text for word in words)]
                return found[-1] if found else None

            async def until_told(*words: str) -> SeenMessage:
                return await slack.until(lambda: told(*words), within=WITHIN_S)

            async def until_card(words: str) -> SeenMessage:
                return await slack.until(lambda: mona.message(CHANNEL, words), within=WITHIN_S)

            for fault in ("bad_request", "unauthorized", "forbidden", "conflict", "server_error"):
                byteful.faults.set(fault, endpoint="checkout/quote", message=LOUD)
                await rita.types(f"/proxy buy isp_us 2 for {fault}", channel=CHANNEL)
                words = ("Byteful", fault) if fault in ("bad_request", "conflict") else ("Reference",)
                await until_told(*words)
                byteful.faults.clear(fault)
            await rita.types("/proxy buy isp_us 2 for scraping", channel=CHANNEL)
            preview = await until_told("Nothing is sent yet", "scraping", "Total")
            await rita.clicks(preview, "send_draft")
            card = await until_card("Waiting for approval")
            await slack.fault("http_500", method="chat.update")
            await mona.clicks(card, "approve")
            await until_card("Service ID")
            await slack.fault("error", method="views.open", error="internal_error")
            await rita.types("/proxy buy", channel=CHANNEL)
            everything_said = await slack.dump()
        output = "".join(capfd.readouterr())
        secrets = (
            PRIVATE_KEY,
            PUBLIC_KEY,
            around.environment["SLACK_BOT_TOKEN"],
            around.environment["SLACK_SIGNING_SECRET"],
        )
        invoices = [f"/invoice/{invoice}" for invoice in byteful.invoices]
    assert '"event": "checkout_ordered"' in output, "the log is there"
    for secret in (*secrets, *invoices):
        assert secret not in output
    for secret in (PRIVATE_KEY, *secrets[2:]):
        assert secret not in everything_said
    passwords = {str(row["proxy_password"]) for row in byteful.proxies.values() if row.get("proxy_password")}
    assert not [one for one in passwords if one in output or one in everything_said]

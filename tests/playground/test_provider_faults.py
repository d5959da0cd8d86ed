"""Faults over a real socket: what the caller sees, and whether the checkout took effect all the same."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from playground.provider import ProviderWorld
from playground.provider_faults import FAULTS
from playground.provider_server import running_provider

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here speaks TLS; loading the system's certificates takes longer than a test."""

AT = datetime(2025, 3, 25, 14, 25, 36, tzinfo=UTC)
ORDER = {"product_code": "isp_us", "quantity": 5, "cycle_interval": "month", "cycle_interval_count": 1}
CREATE = "checkout/create"


@pytest.fixture
def world() -> ProviderWorld:
    made = ProviderWorld(at=AT, seed=1)
    made.settings.rate_limit = 10_000
    return made


@pytest.fixture
async def client(world: ProviderWorld) -> AsyncIterator[httpx2.AsyncClient]:
    keys = {"X-API-Public-Key": world.public_key, "X-API-Private-Key": world.private_key}
    async with (
        running_provider(world) as base_url,
        httpx2.AsyncClient(base_url=f"{base_url}/public/user/", headers=keys, trust_env=False, verify=NO_TLS) as made,
    ):
        yield made


async def outcome(client: httpx2.AsyncClient, within_s: float = 60) -> Any:
    """The status of a checkout, or the error a client has instead of one."""
    try:
        return (await client.post(CREATE, json=ORDER, timeout=httpx2.Timeout(60, read=within_s))).status_code
    except httpx2.TransportError as error:
        return type(error)


CASES: list[tuple[str, dict[str, Any], Any, int]] = [
    # fault, parameters, what the caller gets, checkouts that took effect
    ("rate_limited", {}, 429, 0),
    ("bad_request", {}, 400, 0),
    ("unauthorized", {}, 401, 0),
    ("forbidden", {}, 403, 0),
    ("second_factor", {}, 403, 0),
    ("not_found", {}, 404, 0),
    ("conflict", {}, 409, 0),
    ("unprocessable", {}, 422, 0),
    ("server_error", {}, 500, 0),
    ("server_error_after_charge", {}, 500, 1),
    ("html_error", {}, 502, 0),
    ("html_error_after_charge", {"status": 504}, 504, 1),
    ("timeout_before_charge", {}, httpx2.ReadTimeout, 0),
    ("timeout_after_charge", {}, httpx2.ReadTimeout, 1),
    ("timeout_before_charge", {"seconds": 0}, httpx2.RemoteProtocolError, 0),
    ("timeout_after_charge", {"seconds": 0}, httpx2.RemoteProtocolError, 1),
    ("reset_before_charge", {}, httpx2.ReadError, 0),
    ("reset_after_charge", {}, httpx2.ReadError, 1),
    ("half_answer", {}, httpx2.RemoteProtocolError, 1),
    ("late_charge", {}, httpx2.ReadTimeout, 0),
    ("late_charge", {"status": 504}, 504, 0),
    ("down", {}, httpx2.ReadError, 0),
    ("slow", {"seconds": 0}, 201, 1),
    ("slow", {"seconds": 60}, httpx2.ReadTimeout, 0),
    ("empty_catalog", {}, 201, 1),
    ("unknown_fields", {}, 201, 1),
    ("missing_fields", {}, 201, 1),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
async def test_a_fault_shows_itself_once_and_is_over(
    client: httpx2.AsyncClient, world: ProviderWorld, case: tuple[str, dict[str, Any], Any, int]
) -> None:
    name, params, seen, effective = case
    known = set(world.services)
    world.faults.set(name, endpoint=CREATE, times=1, **params)
    assert await outcome(client, 0.5 if seen is httpx2.ReadTimeout else 60) == seen
    assert len(set(world.services) - known) == effective
    assert world.log[-1].faults == [name]
    assert await outcome(client) == 201
    assert world.creates_received == 2


def test_every_fault_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(FAULTS)


async def test_a_late_charge_lands_when_the_clock_reaches_it(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    world.faults.set("late_charge", times=1, delay_s=90, status=504)
    assert await outcome(client) == 504
    world.advance(89)
    assert world.creates_effective == 0
    world.advance(1)
    assert world.creates_effective == 1


async def test_a_fault_keeps_to_its_endpoint(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    world.faults.set("server_error", endpoint="checkout/quote")
    assert (await client.get("checkout/catalog")).status_code == 200
    assert await outcome(client) == 201
    for _ in range(3):
        assert (await client.post("checkout/quote", json=ORDER)).status_code == 500
    assert world.faults.clear("server_error") == 1
    assert (await client.post("checkout/quote", json=ORDER)).status_code == 200


async def test_down_is_everything_even_without_keys(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    world.faults.set("down")
    for path in ("checkout/catalog", "no/such/path"):
        with pytest.raises(httpx2.ReadError):
            await client.get(path, headers={"X-API-Private-Key": "wrong"})


async def test_what_is_held_ends_when_the_fault_is_cleared(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    fault = world.faults.set("timeout_after_charge", times=1)
    call = asyncio.create_task(client.post(CREATE, json=ORDER, timeout=10))
    await fault.reached.wait()
    assert world.creates_effective == 1
    world.faults.clear()
    with pytest.raises(httpx2.RemoteProtocolError):
        await call


async def test_slow_answers_after_all(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    fault = world.faults.set("slow", seconds=60)
    call = asyncio.create_task(client.get("checkout/catalog", timeout=10))
    await fault.reached.wait()
    world.faults.clear()
    assert (await call).status_code == 200


@pytest.mark.parametrize(("with_header", "header"), [(True, "7"), (False, None)])
async def test_rate_limited_says_how_long(
    client: httpx2.AsyncClient, world: ProviderWorld, with_header: bool, header: str | None
) -> None:
    world.faults.set("rate_limited", seconds=7, with_header=with_header)
    answer = await client.get("checkout/catalog")
    assert answer.headers.get("retry-after") == header
    assert "7 seconds" in answer.json()["message"]


async def test_second_factor_has_its_fields(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    world.faults.set("second_factor")
    body = (await client.post(CREATE, json=ORDER)).json()
    for name in ("public_key", "service", "target"):
        assert body[f"two_factor_authentication_{name}"]


async def test_a_message_is_passed_on(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    world.faults.set("unprocessable", message="Not today.")
    assert (await client.post(CREATE, json=ORDER)).json()["message"] == "Not today."


async def test_a_gateway_page_is_not_json(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    world.faults.set("html_error")
    answer = await client.get("checkout/catalog")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert answer.text.startswith("<html>")


async def test_answers_with_unknown_and_with_missing_fields(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    before = (await client.get("checkout/catalog")).json()["data"]
    world.faults.set("unknown_fields", endpoint="checkout/catalog", times=1)
    odd = (await client.get("checkout/catalog")).json()["data"]
    assert set(odd) == set(before)
    assert odd["isp_us"].keys() > before["isp_us"].keys()
    assert odd["isp_us"]["product_type"] not in {"isp", "datacenter", "residential", "mobile"}
    world.faults.set("missing_fields", times=1, fields=["product_stock"])
    poor = (await client.get("checkout/catalog")).json()["data"]
    assert before["isp_us"].keys() - poor["isp_us"].keys() == {"product_stock"}
    world.faults.set("empty_catalog", times=1)
    assert (await client.get("checkout/catalog")).json()["data"] == {}
    assert (await client.get("checkout/catalog")).json()["data"] == before


async def test_slow_and_a_failure_add_up(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    world.faults.set("slow", seconds=0, times=1)
    world.faults.set("conflict", times=1)
    world.faults.set("server_error", times=1)
    assert await outcome(client) == 409
    assert world.log[-1].faults == ["slow", "conflict"]
    assert await outcome(client) == 500


async def test_the_server_stops_though_connections_are_held(world: ProviderWorld) -> None:
    keys = {"X-API-Public-Key": world.public_key, "X-API-Private-Key": world.private_key}
    faults = [world.faults.set("timeout_before_charge", times=1, seconds=3600) for _ in range(5)]
    async with httpx2.AsyncClient(headers=keys, trust_env=False, verify=NO_TLS, timeout=30) as client:
        async with running_provider(world) as base_url:
            calls = [asyncio.create_task(client.get(f"{base_url}/public/user/customer/retrieve")) for _ in range(5)]
            await asyncio.gather(*(fault.reached.wait() for fault in faults))
        done = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 60)
        assert all(isinstance(item, httpx2.TransportError) for item in done)
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"{base_url}/public/user/customer/retrieve")


async def test_stopping_cuts_idle_connections(world: ProviderWorld) -> None:
    async with running_provider(world) as base_url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(base_url).port)
        writer.write(b"GET /1.0/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 401 Unauthorized\r\n"
    await asyncio.wait_for(reader.read(), 60)
    assert reader.at_eof()
    writer.close()
    await writer.wait_closed()

"""The control interface: every control moves the world it names, refuses nonsense, and only this machine may use it."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from playground.provider import ProviderWorld
from playground.provider_control import controls
from playground.provider_server import running_provider
from playground.provider_values import GB

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here speaks TLS; loading the system's certificates takes longer than a test."""

AT = datetime(2025, 3, 25, 14, 25, 36, tzinfo=UTC)
ORDER = {"product_code": "isp_us", "quantity": 5, "cycle_interval": "month", "cycle_interval_count": 1}


@pytest.fixture
def world() -> ProviderWorld:
    return ProviderWorld(at=AT, seed=1)


@pytest.fixture
async def client(world: ProviderWorld) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        running_provider(world) as base_url,
        httpx2.AsyncClient(base_url=base_url.removesuffix("/1.0"), trust_env=False, verify=NO_TLS) as made,
    ):
        yield made


def keys(world: ProviderWorld) -> dict[str, str]:
    return {"X-API-Public-Key": world.public_key, "X-API-Private-Key": world.private_key}


async def post(client: httpx2.AsyncClient, name: str, /, **arguments: Any) -> Any:
    answer = await client.post(f"/control/{name}", json=arguments)
    assert answer.status_code == 200, answer.text
    assert answer.json()["ok"] is True
    return answer.json()["result"]


async def state(client: httpx2.AsyncClient) -> Any:
    return (await client.get("/control/state")).json()


def by_id(rows: list[dict[str, Any]], key: str, value: str) -> dict[str, Any]:
    return next(row for row in rows if row[key] == value)


CHANGES = [
    ("stock", {"product_code": "isp_us", "stock": 3}, lambda s: s["catalog"]["isp_us"]["product_stock"], 3),
    ("stock", {"product_code": "isp_us", "stock": None}, lambda s: s["catalog"]["isp_us"]["product_stock"], None),
    (
        "price",
        {"product_code": "isp_us", "unit_amount": 399},
        lambda s: s["catalog"]["isp_us"]["prices"]["1:month"],
        [[None, 399]],
    ),
    (
        "price",
        {"product_code": "isp_us", "unit_amount": 99, "cycle": "1:week"},
        lambda s: s["catalog"]["isp_us"]["product_cycle_options"],
        ["1:week", "1:month", "3:month", "1:year"],
    ),
    (
        "availability",
        {"product_code": "isp_us", "available": False},
        lambda s: s["catalog"]["isp_us"]["product_is_available"],
        False,
    ),
    ("product/remove", {"product_code": "isp_us"}, lambda s: "isp_us" in s["catalog"], False),
    (
        "cycle/remove",
        {"product_code": "isp_us", "cycle": "1:year"},
        lambda s: s["catalog"]["isp_us"]["product_cycle_options"],
        ["1:month", "3:month"],
    ),
    ("promo", {"code": "SPRING", "percent": 15}, lambda s: s["promos"]["SPRING"]["percent"], 15),
    ("promo/expire", {"code": "WELCOME10"}, lambda s: s["promos"]["WELCOME10"]["expires_at"], "2025-03-25 14:25:36"),
    ("promo/exhaust", {"code": "WELCOME10"}, lambda s: s["promos"]["WELCOME10"]["max_uses"], 0),
    ("promo/remove", {"code": "WELCOME10"}, lambda s: "WELCOME10" in s["promos"], False),
    ("credit", {"cents": 12_345}, lambda s: s["credit_balance"], 12_345),
    (
        "service/change",
        {"service_id": "121-0220-821", "changes": {"service_status": "paused"}},
        lambda s: by_id(s["services"], "service_id", "121-0220-821")["service_status"],
        "paused",
    ),
    (
        "service/cancel",
        {"service_id": "1955-8012-871"},
        lambda s: by_id(s["services"], "service_id", "1955-8012-871")["service_status"],
        "canceled",
    ),
    ("service/buy", {"body": ORDER}, lambda s: s["services"][-1]["service_status"], "active"),
    (
        "service/buy",
        {"body": ORDER, "paid": False},
        lambda s: (s["services"][-1]["service_status"], s["credit_balance"]),
        ("awaiting_fulfillment", 0),
    ),
    (
        "data/use",
        {"amount_bytes": GB, "day": "2025-03-24", "requests": 1},
        lambda s: s["data"]["residential"],
        {"bytes": 10 * GB, "bytes_used": 4 * GB, "requests": 145_023},
    ),
    (
        "data/use",
        {"amount_bytes": GB, "network": "isp", "requests": 9},
        lambda s: s["data"]["isp"],
        {"bytes": None, "bytes_used": GB, "requests": 9},
    ),
    ("data/flow", {"network": "isp", "bytes_a_day": GB}, lambda s: s["traffic"], {"isp": GB}),
    ("credit/top-up", {"cents": 2_500}, lambda s: s["credit_balance"], 3_000),
    ("service/refund", {"service_id": "1955-8012-871", "cents": 200}, lambda s: s["credit_balance"], 700),
    ("clock/advance", {"months": 1}, lambda s: s["clock"]["now"], "2025-04-25 14:25:36"),
    ("clock/advance", {"days": 1, "seconds": 5}, lambda s: s["clock"]["now"], "2025-03-26 14:25:41"),
    ("clock/set", {"at": "2025-04-01T00:00:00"}, lambda s: s["clock"]["now"], "2025-04-01 00:00:00"),
    ("clock/freeze", {"at": "2025-04-02T00:00:00Z"}, lambda s: s["clock"]["now"], "2025-04-02 00:00:00"),
    ("clock/run", {}, lambda s: s["clock"]["frozen"], False),
    (
        "fault",
        {"name": "slow", "endpoint": "checkout/create", "times": 2, "params": {"seconds": 20}},
        lambda s: [(f["name"], f["endpoint"], f["times"], f["params"]) for f in s["faults"]],
        [("slow", "checkout/create", 2, {"seconds": 20})],
    ),
    (
        "settings",
        {"rate_limit": 5, "fulfilment_delay_s": None},
        lambda s: (s["settings"]["rate_limit"], s["settings"]["fulfilment_delay_s"]),
        (5, None),
    ),
]


@pytest.mark.parametrize(("name", "arguments", "look", "expected"), CHANGES)
async def test_a_control_changes_what_it_names(
    client: httpx2.AsyncClient, name: str, arguments: dict[str, Any], look: Any, expected: Any
) -> None:
    before = look(await state(client)) if name not in {"promo", "service/buy"} else None
    await post(client, name, **arguments)
    after = look(await state(client))
    assert after == expected
    assert after != before


async def test_the_statement_lists_every_cent(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    world.create(ORDER)
    answer = (await client.get("/control/statement")).json()
    assert [(line["kind"], line["cents"], line["credit"]) for line in answer["lines"]] == [
        ("opening", 500, 500),
        ("charge", 1_750, -500),
    ]
    assert answer["balance"] == 0


async def test_invoices_are_paid_voided_and_services_delivered(
    client: httpx2.AsyncClient, world: ProviderWorld
) -> None:
    await post(client, "settings", fulfilment_delay_s=None)
    first, second = (world.create(ORDER)["service"] for _ in range(2))
    paid = await post(client, "invoice/pay", invoice_id=first["open_invoice_id"])
    assert (paid["status"], paid["due"]) == ("paid", 1250)
    await post(client, "invoice/void", invoice_id=second["open_invoice_id"])
    short = await post(client, "service/fulfil", service_id=first["service_id"], count=2, asn_id=701)
    assert short["service_status"] == "awaiting_additional_fulfillment"
    services = (await state(client))["services"]
    assert by_id(services, "service_id", second["service_id"])["service_status"] == "canceled"


async def test_proxies_are_replaced(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    before = {row["proxy_id"]: row["proxy_ip_address"] for row in world.proxies_of("1955-8012-871")}
    changed = await post(client, "service/replace-proxies", service_id="1955-8012-871", count=2)
    after = {row["proxy_id"]: row["proxy_ip_address"] for row in world.proxies_of("1955-8012-871")}
    assert {key for key in before if before[key] != after[key]} == set(changed)
    assert len(changed) == 2


async def test_faults_are_cleared_and_the_world_reset(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    await post(client, "fault", name="slow")
    await post(client, "fault", name="down", endpoint="checkout/create")
    assert await post(client, "fault/clear", endpoint="checkout/create") == 1
    assert [row["name"] for row in (await client.get("/control/faults")).json()["on"]] == ["slow"]
    await post(client, "credit", cents=1)
    await post(client, "reset")
    now = await state(client)
    assert (now["credit_balance"], now["faults"]) == (500, [])


REFUSED = [
    ("stock", {"product_code": "nothing", "stock": 1}, 404),
    ("stock", {"product_code": "isp_us", "stock": -1}, 400),
    ("stock", {"product_code": "isp_us", "stock": "many"}, 400),
    ("stock", {"product_code": "isp_us"}, 400),
    ("stock", {"product_code": "isp_us", "stock": 1, "colour": "blue"}, 400),
    ("price", {"product_code": "isp_us", "unit_amount": 1, "cycle": "monthly"}, 400),
    ("credit", {"cents": -1}, 400),
    ("promo/expire", {"code": "NOPE"}, 404),
    ("invoice/pay", {"invoice_id": "in_0"}, 404),
    ("service/fulfil", {"service_id": "1955-8012-871"}, 409),
    ("service/fulfil", {"service_id": "1955-8012-871", "asn_id": 1}, 400),
    ("service/change", {"service_id": "121-0220-821", "changes": {"colour": "blue"}}, 400),
    ("service/buy", {"body": ORDER | {"quantity": 9_999}}, 422),
    ("data/use", {"amount_bytes": 1, "network": "mobile"}, 404),
    ("fault", {"name": "earthquake"}, 400),
    ("fault", {"name": "slow", "params": {"colour": "blue"}}, 400),
    ("fault", {"name": "slow", "times": 0}, 400),
    ("settings", {"rate_limit": "x"}, 400),
    ("settings", {"colour": "blue"}, 400),
    ("no/such/control", {}, 404),
]


@pytest.mark.parametrize(("name", "arguments", "status"), REFUSED)
async def test_nonsense_is_refused_and_changes_nothing(
    client: httpx2.AsyncClient, name: str, arguments: dict[str, Any], status: int
) -> None:
    before = await state(client)
    answer = await client.post(f"/control/{name}", json=arguments)
    assert (answer.status_code, answer.json()["ok"]) == (status, False)
    assert answer.json()["error"]
    assert await state(client) == before


def test_every_control_is_tried(world: ProviderWorld) -> None:
    tried = {case[0] for case in CHANGES} | {case[0] for case in REFUSED}
    elsewhere = {"invoice/void", "service/replace-proxies", "fault/clear", "reset"}
    assert set(controls(world)) == (tried - {"no/such/control"}) | elsewhere


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}])
async def test_pages_from_elsewhere_may_not_steer(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    assert (await client.post("/control/reset", json={}, headers=headers)).status_code == 403
    assert (await client.get("/control/state", headers={"Origin": "http://127.0.0.1:9"})).status_code == 200


async def test_the_log_tells_what_came_without_secrets(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    await client.post("/1.0/public/user/checkout/create", json=ORDER, headers=keys(world))
    body = {"proxy_user_id": "marketing-team", "proxy_user_password": "open sesame"}
    await client.post("/1.0/public/user/proxy_user/create", json=body, headers=keys(world))
    await client.get("/1.0/public/user/asn/search?like_asn_name=at%25", headers=keys(world))
    await client.post("/1.0/public/user/checkout/create", json=ORDER)
    answer = await client.get("/control/log")
    log = answer.json()
    assert [(entry["method"], entry["endpoint"], entry["status"]) for entry in log["entries"]] == [
        ("POST", "checkout/create", 201),
        ("POST", "proxy_user/create", 201),
        ("GET", "asn/search", 200),
        ("POST", "checkout/create", 401),
    ]
    assert log["entries"][0]["body"] == ORDER
    assert log["entries"][2]["query"] == {"like_asn_name": "at%"}
    assert (log["creates_received"], log["creates_effective"]) == (2, 1)
    everything = answer.text + (await client.get("/control/state")).text
    for secret in ("open sesame", world.private_key, world.proxy_users["default_user"]["proxy_user_password"]):
        assert secret not in everything
    assert len((await client.get("/control/log?since=3")).json()["entries"]) == 1


async def test_an_invoice_is_paid_on_its_page(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    created = world.create(ORDER | {"service_fulfillment_filter": {"asn_id": 7018}})
    page = await client.get(created["invoice_url"])
    assert "$12.50" in page.text
    assert "<button>" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    paid = await client.post(f"{created['invoice_url']}/pay", follow_redirects=True)
    assert "paid" in paid.text
    assert "<button>" not in paid.text
    assert world.services[created["service_id"]]["service_status"] == "active"
    assert (await client.get("/invoice/in_0")).status_code == 404


async def test_it_starts_alone_on_a_free_port_and_stops_on_a_signal() -> None:
    code = "import asyncio; from playground.provider_server import serve; asyncio.run(serve(0))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", code, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    where = json.loads(await process.stdout.readline())
    headers = {"X-API-Public-Key": where["public_key"], "X-API-Private-Key": where["private_key"]}
    async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS, headers=headers) as client:
        answer = await client.get(f"{where['base_url']}/public/user/customer/retrieve")
    assert answer.json()["data"]["credit_balance"] == 500
    process.send_signal(signal.SIGTERM)
    _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")

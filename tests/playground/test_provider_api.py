"""The Byteful world over real HTTP: keys, rate, errors, envelopes, every endpoint, every search operator."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from playground.provider import ProviderWorld
from playground.provider_endpoints import ENDPOINTS
from playground.provider_server import running_provider

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here speaks TLS; loading the system's certificates takes longer than a test."""

AT = datetime(2025, 3, 25, 14, 25, 36, tzinfo=UTC)
ORDER = {"product_code": "isp_us", "quantity": 5, "cycle_interval": "month", "cycle_interval_count": 1}
USER = "public/user/"


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
        httpx2.AsyncClient(base_url=f"{base_url}/{USER}", headers=keys, trust_env=False, verify=NO_TLS) as made,
    ):
        yield made


async def data(client: httpx2.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def ids(client: httpx2.AsyncClient, path: str, key: str, **params: Any) -> list[Any]:
    return [row[key] for row in await data(client, path, **params)]


def assert_error(answer: httpx2.Response, status: int, error: str) -> None:
    assert answer.status_code == status
    body = answer.json()
    assert body["error"] == error
    assert body["message"]
    assert uuid.UUID(body["api_request_id"])


# Every endpoint


def test_there_are_57_endpoints() -> None:
    assert len({(endpoint.method, endpoint.name) for endpoint in ENDPOINTS}) == 57


async def the_id(client: httpx2.AsyncClient, world: ProviderWorld, resource: str) -> str:
    if resource == "ip_address":
        return "198.18.0.1"
    if resource == "service":
        return "1955-8012-871"
    if resource == "proxy_user_acl" and not world.acls:
        await client.post("proxy_user_acl/create", json={"proxy_user_id": "stevejobs", "service_id": "121-0220-821"})
    if resource == "mobile_ledger" and not world.pools["mobile"].ledger:
        world.buy_by_hand(ORDER | {"product_code": "mobile_global"})
    [row] = await data(client, f"{resource}/search", per_page=1)
    return str(row[f"{resource}_id"])


READS = [endpoint for endpoint in ENDPOINTS if endpoint.method == "GET"]


@pytest.mark.parametrize("endpoint", READS, ids=[endpoint.name for endpoint in READS])
async def test_every_read_answers_in_its_envelope(
    client: httpx2.AsyncClient, world: ProviderWorld, endpoint: Any
) -> None:
    if endpoint.name == "mobile/summary":
        world.buy_by_hand(ORDER | {"product_code": "mobile_global"})
    path = endpoint.name
    if endpoint.takes_id:
        path += "/" + await the_id(client, world, path.split("/")[0])
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert isinstance(body["message"], str)
    if path.endswith("/search"):
        assert body["item_count"] == len(body["data"]) == min(body["total_count"], 100)
        assert (body["page"], body["per_page"]) == (1, 100)
    elif "list" in path:
        assert body["data"]
        assert all(isinstance(line, str) for line in body["data"])
    else:
        assert body["data"]


SEARCHES = [
    endpoint.name for endpoint in READS if endpoint.name.endswith("/search") and "availability" not in endpoint.name
]


@pytest.mark.parametrize("path", SEARCHES)
async def test_retrieve_and_search_agree_and_pages_are_distinct(
    client: httpx2.AsyncClient, world: ProviderWorld, path: str
) -> None:
    resource = path.split("/", maxsplit=1)[0]
    if resource in {"mobile_ledger", "proxy_user_acl"}:
        await the_id(client, world, resource)
    rows = await data(client, path, per_page=3)
    singles = [row for page in (1, 2, 3) for row in await data(client, path, per_page=1, page=page)]
    assert singles == rows
    assert await data(client, path, page=10_000) == []
    assert len(await data(client, path, sort_by="random", per_page=2)) == min(len(rows), 2)
    if any(endpoint.name == f"{resource}/retrieve" for endpoint in READS):
        for row in rows:
            assert await data(client, f"{resource}/retrieve/{row[f'{resource}_id']}") == row


@pytest.mark.parametrize("path", [endpoint.name for endpoint in READS if endpoint.name.endswith("/retrieve")])
async def test_an_unknown_id_is_not_found(client: httpx2.AsyncClient, path: str) -> None:
    if path == "customer/retrieve":
        assert_error(await client.get(f"{path}/1"), 404, "Not Found")
    else:
        assert_error(await client.get(f"{path}/999999999"), 404, "Not Found")


async def test_a_missing_pool_is_not_found(client: httpx2.AsyncClient) -> None:
    assert_error(await client.get("mobile/summary"), 404, "Not Found")


# The guide, over HTTP


async def test_catalog_rows_have_the_guides_shape(client: httpx2.AsyncClient) -> None:
    rows = await data(client, "checkout/catalog")
    assert rows["datacenter_us"] == {
        "country_id": "us",
        "product_cycle_options": ["1:month", "3:month", "1:year"],
        "product_is_available": True,
        "product_is_per_ip": True,
        "product_name": "Datacenter Proxies [US]",
        "product_protocol": "ipv4",
        "product_stock": 10,
        "product_type": "datacenter",
    }
    assert rows["isp_gb"]["product_stock"] == 181
    assert rows["residential_global"] == {
        "country_id": None,
        "product_cycle_options": ["1:month"],
        "product_is_available": True,
        "product_is_per_ip": False,
        "product_name": "Residential Proxies (Global)",
        "product_protocol": None,
        "product_stock": None,
        "product_type": "residential",
    }
    assert "credit" not in rows


async def test_the_guides_messages_and_statuses(client: httpx2.AsyncClient) -> None:
    quote = await client.post("checkout/quote", json=ORDER)
    created = await client.post("checkout/create", json=ORDER)
    assert (quote.status_code, quote.json()["message"]) == (200, "Quote generated successfully.")
    assert (created.status_code, created.json()["message"]) == (
        201,
        "Successfully created checkout. Please complete payment at the invoice URL.",
    )
    assert created.headers["date"] == "Tue, 25 Mar 2025 14:25:36 GMT"


async def test_the_guides_summary(client: httpx2.AsyncClient) -> None:
    assert await data(client, "residential/summary") == {
        "residential_bytes": 10737418240,
        "residential_bytes_used": 3221225472,
        "residential_bytes_left": 7516192768,
        "residential_requests": 145022,
        "service_expiry_datetime": "2025-04-25 14:25:36",
        "service_id": "121-0220-821",
        "proxy_user_ids": ["default_user", "stevejobs"],
    }
    customer = await data(client, "customer/retrieve")
    assert (customer["credit_balance"], customer["residential_bytes_left"]) == (500, 7516192768)
    assert customer["active_residential_service_id"] == "121-0220-821"


async def test_product_search_shows_prices_and_minus_one_for_unlimited(client: httpx2.AsyncClient) -> None:
    [isp, dual] = await data(
        client, "product/search", product_type="isp", country_id="us", sort_by="product_protocol_desc"
    )
    assert (isp["product_protocol"], dual["product_protocol"]) == ("ipv4", "dual")
    monthly = isp["product_prices"][0]
    assert monthly["price_tiers"] == [
        {"price_tier_up_to": 24, "price_tier_amount": 350},
        {"price_tier_up_to": 99, "price_tier_amount": 325},
        {"price_tier_up_to": None, "price_tier_amount": 300},
    ]
    [pool] = await data(client, "product/search", product_type="residential")
    assert pool["product_stock"] == -1
    assert await ids(client, "product/search", "country_id", product_instock="False") == ["ca"]


# Keys, rate, errors


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Public-Key": ""},
        {"X-API-Private-Key": ""},
        {"X-API-Private-Key": "pk_playground_byteful_public"},
    ],
)
@pytest.mark.parametrize("path", ["customer/retrieve", "no/such/thing", "checkout/create"])
async def test_wrong_keys_are_refused_before_anything_else(
    client: httpx2.AsyncClient, world: ProviderWorld, headers: dict[str, str], path: str
) -> None:
    """Even more often than the rate allows, and without using the rate up."""
    world.settings.rate_limit = 1
    for _ in range(3):
        assert_error(await client.post(path, headers=headers, content=b"{"), 401, "Unauthorized")
    assert (await client.get("customer/retrieve")).status_code == 200


async def test_more_than_the_rate_allows_is_refused_until_the_window_has_passed(
    client: httpx2.AsyncClient, world: ProviderWorld
) -> None:
    world.settings.rate_limit, world.settings.rate_window_s = 3, 3600
    statuses = [(await client.get("customer/retrieve")).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    answer = await client.get("customer/retrieve")
    assert_error(answer, 429, "Too Many Requests")
    assert "try again in 3600 seconds" in answer.json()["message"]
    assert "retry-after" not in answer.headers
    world.settings.retry_after_header = True
    assert (await client.get("customer/retrieve")).headers["retry-after"] == "3600"
    world.settings.rate_window_s = 0
    assert (await client.get("customer/retrieve")).status_code == 200


@pytest.mark.parametrize(
    ("request_line", "content", "status", "error"),
    [
        ("GET nothing/here", b"", 404, "Not Found"),
        ("GET service/retrieve", b"", 404, "Not Found"),
        ("GET customer/retrieve/", b"", 404, "Not Found"),
        ("GET ../customer/retrieve", b"", 404, "Not Found"),
        ("POST customer/retrieve", b"", 405, "Method Not Allowed"),
        ("GET checkout/create", b"", 405, "Method Not Allowed"),
        ("POST checkout/quote", b"{not json", 400, "Bad Request"),
        ("POST checkout/quote", b"[1]", 400, "Bad Request"),
        ("POST checkout/quote", b"", 400, "Bad Request"),
        ("GET service/search?page=0", b"", 400, "Bad Request"),
        ("GET service/search?per_page=ten", b"", 400, "Bad Request"),
        ("GET service/search?sort_by=colour", b"", 400, "Bad Request"),
        ("GET service/search?service_quantity=five", b"", 400, "Bad Request"),
        ("GET service/search?service_quantity=1_000", b"", 400, "Bad Request"),
        ("GET service/search?page=99999999999999999999", b"", 400, "Bad Request"),
        ("GET city/search?min_city_latitude=nan", b"", 400, "Bad Request"),
        ("GET service/search?max_service_expiry_datetime=0001-01-01T00:00:00%2B14:00", b"", 400, "Bad Request"),
        ("GET service/search?min_service_creation_datetime=yesterday", b"", 400, "Bad Request"),
        ("GET service/search?min_service_name=a", b"", 400, "Bad Request"),
        ("GET ip_address/geolocate/nowhere", b"", 400, "Bad Request"),
    ],
)
async def test_errors(client: httpx2.AsyncClient, request_line: str, content: bytes, status: int, error: str) -> None:
    method, _, path = request_line.partition(" ")
    assert_error(await client.request(method, path, content=content), status, error)


# Searching


async def test_per_page_is_clamped_and_echoed(client: httpx2.AsyncClient) -> None:
    body = (await client.get("asn/search", params={"per_page": 500, "page": 2})).json()
    assert (body["per_page"], body["page"], body["item_count"]) == (100, 2, 100)
    assert body["total_count"] >= 5_000


async def test_a_total_may_be_too_costly_to_count(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    world.settings.counts_totals = False
    assert (await client.get("asn/search")).json()["total_count"] == -1


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"service_type": "isp"}, {"1955-8012-871"}),
        ({"service_type": "isp", "country_id": "us"}, set()),
        ({"country_id": "GB", "service_status": "active"}, {"1955-8012-871"}),
        ({"service_quantity": "10"}, {"1955-8013-402", "121-0220-821"}),
        ({"min_service_quantity": 10, "max_service_quantity": 24}, {"1955-8013-402", "121-0220-821"}),
        ({"like_service_name": "%RESIDENTIAL p%"}, {"121-0220-821"}),
        ({"like_service_name": "residential p"}, set()),
        ({"not_service_status": "active"}, {"1955-7731-265"}),
        ({"service_is_off_catalog": "True"}, {"1955-7002-990"}),
        ({"service_is_automatic_collection": "0"}, {"1955-7002-990"}),
        ({"min_service_creation_datetime": "2025-03-01 00:00:00"}, {"1955-8012-871", "1955-7731-265", "121-0220-821"}),
        ({"min_service_creation_datetime": "2025-03-13T14:25:36Z"}, {"1955-7731-265", "121-0220-821"}),
        ({"max_service_creation_datetime": "2024-12-31"}, {"1955-8014-118", "1955-7002-990"}),
        ({"service_creation_datetime": "2025-03-08 14:25:36"}, {"1955-8012-871"}),
        ({"service_metadata.team": "growth"}, {"1955-8012-871"}),
        ({"service_metadata.not_team": "growth", "service_type": "isp"}, set()),
        ({"service_metadata.like_team": "GR%"}, {"1955-8012-871"}),
        ({"service_metadata.exists_team": "1"}, {"1955-8012-871"}),
        ({"service_metadata.min_seats": "3.5"}, {"1955-8012-871"}),
        ({"service_metadata.max_seats": "3.5"}, set()),
        ({"service_metadata.seats": "4"}, {"1955-8012-871"}),
        ({"service_metadata.urgent": "True"}, {"1955-8012-871"}),
        ({"colour": "blue", "service_type": "isp"}, {"1955-8012-871"}),
    ],
)
async def test_filters(
    client: httpx2.AsyncClient, world: ProviderWorld, params: dict[str, Any], expected: set[str]
) -> None:
    metadata = {"team": "growth", "seats": 4, "urgent": True}
    world.change_service("1955-8012-871", {"service_metadata": metadata})
    assert set(await ids(client, "service/search", "service_id", **params)) == expected


async def test_strict_parameters_refuse_what_is_unknown(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    world.settings.strict_parameters = True
    assert_error(await client.get("service/search?colour=blue"), 400, "Bad Request")
    assert_error(await client.post("checkout/quote", json=ORDER | {"metadata": {}}), 400, "Bad Request")
    assert (await client.get("service/search?proxies=true&like_service_name=%25")).status_code == 200


async def test_sorting(client: httpx2.AsyncClient) -> None:
    ascending = await ids(client, "service/search", "service_quantity", sort_by="service_quantity")
    descending = await ids(client, "service/search", "service_quantity", sort_by="service_quantity_desc")
    assert ascending == sorted(ascending)
    assert descending == ascending[::-1]
    countries = await ids(client, "service/search", "country_id", sort_by="country_id_asc")
    assert countries[-2:] == [None, None]
    created = await ids(client, "service/search", "service_creation_datetime")
    assert created == sorted(created)


async def test_lookups_lead_from_country_to_city(client: httpx2.AsyncClient) -> None:
    assert await ids(client, "asn/search", "asn_name", asn_id=7018) == ["AT&T"]
    assert "Texas" in await ids(client, "subdivision/search", "subdivision_name", country_id="us")
    cities = await ids(client, "city/search", "city_id", subdivision_id="us-tx", like_city_name="dal%")
    assert 75202 in cities


async def test_availability_is_bare_ids_or_groups(client: httpx2.AsyncClient) -> None:
    assert "us" in await data(client, "residential_availability/search")
    rows = await data(client, "residential_availability/search", group_by="subdivision", country_id="us")
    assert {row["country_id"] for row in rows} == {"us"}
    counted = await data(client, "residential_availability/count", country_id="us")
    assert counted["residential_availability_node_count"] == sum(
        row["residential_availability_node_count"] for row in rows
    )
    assert_error(await client.get("mobile_availability/search?group_by=planet"), 400, "Bad Request")


# Writing


async def test_metadata_is_replaced_and_found(client: httpx2.AsyncClient) -> None:
    for metadata in ({"request": "r-1", "n": 1}, {"request": "r-2"}):
        answer = await client.patch("service/edit/121-0220-821", json={"service_metadata": metadata})
        assert answer.json() == {"edited": ["121-0220-821"], "message": "Service successfully edited."}
    service = await data(client, "service/retrieve/121-0220-821")
    assert service["service_metadata"] == {"request": "r-2"}
    assert await ids(client, "service/search", "service_id", **{"service_metadata.request": "r-2"}) == ["121-0220-821"]
    assert await data(client, "service/search", **{"service_metadata.request": "r-1"}) == []


@pytest.mark.parametrize(
    "body",
    [
        {"service_metadata": [1]},
        {"service_metadata": {"a": {"b": 1}}},
        {"service_metadata": {"a": None}},
        {"service_metadata": {"a": "x" * 301}},
        {"service_metadata": {str(number): 1 for number in range(31)}},
        {"service_is_automatic_collection": "yes"},
        {"payment_method_id": 4},
        {"cancel_comment": "x" * 301},
        {"cancel_feedback": "boring"},
    ],
)
async def test_a_bad_edit_changes_nothing(client: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    before = await data(client, "service/retrieve/121-0220-821")
    assert_error(await client.patch("service/edit/121-0220-821", json=body), 400, "Bad Request")
    assert await data(client, "service/retrieve/121-0220-821") == before


async def test_cancel_takes_a_body_and_releases_proxies(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    proxies = await ids(client, "proxy/search", "proxy_id", service_id="1955-8012-871")
    answer = await client.request("DELETE", "service/cancel/1955-8012-871", json={"cancel_feedback": "unused"})
    assert (answer.json()["edited"], answer.json()["proxy_edited"]) == (["1955-8012-871"], proxies)
    assert len(proxies) == 3
    assert await data(client, "proxy/search", service_id="1955-8012-871") == []
    assert world.products["isp_gb"].stock == 184
    assert_error(await client.request("DELETE", "service/cancel/1955-8012-871", json={}), 409, "Conflict")
    kinds = await ids(client, "service_adjustment/search", "service_adjustment_type", service_id="1955-8012-871")
    assert kinds[-1] == "cancel"


async def test_cancelling_an_unpaid_service_returns_its_credit(
    client: httpx2.AsyncClient, world: ProviderWorld
) -> None:
    created = (await client.post("checkout/create", json=ORDER)).json()["data"]
    assert world.credit_balance == 0
    await client.request("DELETE", f"service/cancel/{created['service_id']}")
    assert world.credit_balance == 500
    world.advance(days=3)
    assert world.credit_balance == 500


async def test_what_is_due_has_happened_before_anyone_looks(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    created = (await client.post("checkout/create", json=ORDER)).json()["data"]
    world.clock.advance(timedelta(hours=48))
    service = await data(client, f"service/retrieve/{created['service_id']}")
    assert service["service_status"] == "canceled"


async def test_services_come_with_their_proxies_on_request(client: httpx2.AsyncClient) -> None:
    plain = await data(client, "service/retrieve/1955-8012-871")
    assert "proxies" not in plain
    full = await data(client, "service/retrieve/1955-8012-871", proxies="True")
    assert len(full["proxies"]) == 3
    [row] = await data(client, "service/search", service_id="1955-8012-871", proxies="true")
    assert row == full


async def test_proxy_lists_follow_their_format(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    [proxy] = await data(client, "proxy/search", service_id="1955-8012-871", per_page=1)
    address, password = proxy["proxy_ip_address"], world.proxy_users["stevejobs"]["proxy_user_password"]
    body = {"proxy_ids": [proxy["proxy_id"]], "proxy_user_id": "stevejobs"}
    for options, expected in (
        ({}, f"{address}:8080:stevejobs:{password}"),
        ({"list_format": "socks5"}, f"socks5://stevejobs:{password}@{address}:1080"),
        ({"list_authentication": "ip_address"}, f"{address}:8080"),
    ):
        answer = await client.post("proxy/list_by_id", json=body | options)
        assert answer.json()["data"] == [expected]
    offered = await client.post("proxy/list/options", json={"search_filter": {"service_id": "1955-8012-871"}})
    assert [row["has_access"] for row in offered.json()["data"]] == [True, True]
    assert_error(await client.post("proxy/list_by_id", json={"proxy_ids": ["x"]}), 404, "Not Found")
    lines = await data(client, "residential/list", list_count=3, country_id="us", list_session_type="sticky")
    assert len(set(lines)) == 3
    assert all("country_id-us" in line for line in lines)


async def test_the_life_of_a_proxy_user(client: httpx2.AsyncClient) -> None:
    made = await client.post(
        "proxy_user/create", json={"proxy_user_id": "marketing-team", "proxy_user_metadata": {"team": "growth"}}
    )
    assert (made.status_code, made.json()["created"]) == (201, ["marketing-team"])
    assert_error(await client.post("proxy_user/create", json={"proxy_user_id": "marketing-team"}), 409, "Conflict")
    assert_error(await client.post("proxy_user/create", json={"proxy_user_id": "short"}), 400, "Bad Request")
    edited = await client.patch("proxy_user/edit/marketing-team", json={"proxy_user_residential_bytes_limit": 1000})
    assert edited.json()["edited"] == ["marketing-team"]
    acl = await client.post(
        "proxy_user_acl/create", json={"proxy_user_id": "marketing-team", "service_id": "121-0220-821"}
    )
    row = await data(client, "proxy_user/retrieve/marketing-team")
    assert (row["residential_bytes_left"], row["restricted_service_ids"]) == (1000, ["121-0220-821"])
    found = await ids(client, "proxy_user/search", "proxy_user_id", **{"proxy_user_metadata.team": "growth"})
    assert found == ["marketing-team"]
    [acl_id] = acl.json()["created"]
    deleted = await client.request("DELETE", f"proxy_user_acl/delete/{acl_id}", json={})
    assert deleted.json()["deleted"] == [acl_id]
    gone = await client.request("DELETE", "proxy_user/delete/marketing-team", json={})
    assert gone.json()["deleted"] == ["marketing-team"]
    assert_error(await client.get("proxy_user/retrieve/marketing-team"), 404, "Not Found")
    assert_error(await client.request("DELETE", "proxy_user/delete/default_user"), 409, "Conflict")


async def test_analytics_add_up_to_the_log_summaries(client: httpx2.AsyncClient) -> None:
    graph = await data(client, "analytics/graph", period_start="2025-03-01", hostname="shop.example.com")
    rows = await data(client, "log_summary/search", log_summary_hostname="shop.example.com")
    assert sum(point["bytes"] for point in graph["points"]) == sum(row["log_summary_bytes"] for row in rows)
    breakdown = await data(client, "analytics/breakdown", period_start="2025-03-01")
    assert {row["proxy_user_id"] for row in breakdown["proxy_users"]} == {"default_user", "stevejobs"}


async def test_old_logs_are_dropped_after_seven_days(client: httpx2.AsyncClient, world: ProviderWorld) -> None:
    assert await data(client, "log/search")
    world.advance(days=9)
    assert await data(client, "log/search") == []

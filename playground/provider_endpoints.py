"""The API's 57 endpoints as one table: method, path, and what each does to the world. No HTTP here.

Searches and retrieves come from the resource table; only what is peculiar has a function of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from playground import provider_data as data
from playground import provider_proxy_calls as proxy_calls
from playground import provider_resources as res
from playground import provider_views as views
from playground.provider import ProviderWorld
from playground.provider_account import NETWORKS
from playground.provider_call import Call, Endpoint, Handler, Rows
from playground.provider_catalog import catalog_row, product_row
from playground.provider_proxies import (
    check_metadata,
)
from playground.provider_search import Resource, cast_value, find, flag, paginate, select
from playground.provider_values import RefusalError, Row

CANCEL_FEEDBACK = frozenset(
    {
        "too_expensive",
        "missing_features",
        "switched_service",
        "unused",
        "customer_service",
        "too_complex",
        "low_quality",
        "other",
    }
)
UNPAID_MESSAGE = "Successfully created checkout. Please complete payment at the invoice URL."


# Checkout


def catalog(world: ProviderWorld, _call: Call) -> Row:
    rows = {code: catalog_row(product) for code, product in world.products.items()}
    return {"data": rows, "message": "Checkout catalog successfully retrieved."}


def quote(world: ProviderWorld, call: Call) -> Row:
    return {"data": world.quote(call.body), "message": "Quote generated successfully."}


def create(world: ProviderWorld, call: Call) -> Row:
    created = world.create(call.body)
    message = "Successfully created checkout." if created["invoice_is_paid"] else UNPAID_MESSAGE
    return {"data": created, "message": message}


# Reads


def search_of(resource: Resource, rows: Rows) -> Handler:
    def search(world: ProviderWorld, call: Call) -> Row:
        page = find(resource, rows(world), call.query, strict=world.settings.strict_parameters)
        return _counted(world, page.envelope(f"{resource.title} search successful."))

    return search


def _counted(world: ProviderWorld, envelope: Row) -> Row:
    return envelope if world.settings.counts_totals else envelope | {"total_count": -1}


def retrieve_of(resource: Resource, rows: Rows) -> Handler:
    def retrieve(world: ProviderWorld, call: Call) -> Row:
        kind = resource.fields[resource.key]
        wanted = cast_value(kind, call.id, resource.key) if kind in {"int", "code"} else call.id
        row = next((row for row in rows(world) if row[resource.key] == wanted), None)
        if row is None:
            raise RefusalError(404, f"{resource.title} not found.")
        return {"data": row, "message": f"{resource.title} successfully retrieved."}

    return retrieve


def retrieve_service(world: ProviderWorld, call: Call) -> Row:
    service = dict(world.service(call.id))
    if flag(call.query, "proxies"):
        service["proxies"] = world.proxies_of(call.id)
    return {"data": service, "message": "Service successfully retrieved."}


def search_services(world: ProviderWorld, call: Call) -> Row:
    page = find(res.SERVICE, world.services.values(), call.query, strict=world.settings.strict_parameters)
    envelope = _counted(world, page.envelope("Service search successful."))
    if flag(call.query, "proxies"):
        envelope["data"] = [row | {"proxies": world.proxies_of(row["service_id"])} for row in page.rows]
    return envelope


def retrieve_customer(world: ProviderWorld, _call: Call) -> Row:
    return {"data": views.customer(world), "message": "Customer successfully retrieved."}


def summary_of(network: str) -> Handler:
    def summary(world: ProviderWorld, _call: Call) -> Row:
        shown = views.data_summary(world, network)
        return {"data": shown, "message": f"{network.capitalize()} summary successfully generated."}

    return summary


def graph(world: ProviderWorld, call: Call) -> Row:
    return {"data": views.analytics_graph(world, call.query), "message": "Analytics graph successfully generated."}


def breakdown(world: ProviderWorld, call: Call) -> Row:
    shown = views.analytics_breakdown(world, call.query)
    return {"data": shown, "message": "Analytics breakdown successfully generated."}


def geolocate(world: ProviderWorld, call: Call) -> Row:
    return {"data": views.geolocate(world, call.id), "message": "IP address successfully geolocated."}


def availability_count_of(network: str) -> Handler:
    def count(_world: ProviderWorld, call: Call) -> Row:
        rows = select(res.AVAILABILITY[network], views.nodes(network), call.query)
        total = sum(row[f"{network}_availability_node_count"] for row in rows)
        shown = {f"{network}_availability_node_count": total}
        return {"data": shown, "message": f"{network.capitalize()} availability successfully counted."}

    return count


def availability_search_of(network: str) -> Handler:
    """Bare country ids, unless a grouping is asked for."""

    def search(_world: ProviderWorld, call: Call) -> Row:
        rows = select(res.AVAILABILITY[network], views.nodes(network), call.query)
        message = f"{network.capitalize()} availability search successful."
        if "group_by" in call.query:
            groups = views.grouped(rows, network, call.query["group_by"])
            return paginate(groups, call.query).envelope(message)
        ids = [{"country_id": country} for country in dict.fromkeys(row["country_id"] for row in rows)]
        page = paginate(ids, call.query)
        return page.envelope(message) | {"data": [row["country_id"] for row in page.rows]}

    return search


# Service writes

_SERVICE_EDITS: dict[str, tuple[type, ...]] = {
    "service_metadata": (dict,),
    "payment_method_id": (str, type(None)),
    "service_is_automatic_collection": (bool,),
    "service_is_pending_cancellation": (bool,),
}


def edit_service(world: ProviderWorld, call: Call) -> Row:
    service = world.service(call.id)
    changes = {name: value for name, value in call.body.items() if name in _SERVICE_EDITS}
    for name, value in changes.items():
        if not isinstance(value, _SERVICE_EDITS[name]):
            raise RefusalError(400, f"{name} has the wrong type.")
    if "service_metadata" in changes:
        check_metadata(changes["service_metadata"], "service_metadata")
    _check_cancel_words(call.body)
    if changes.get("service_is_pending_cancellation") and service["service_status"] == "canceled":
        raise RefusalError(409, "The service is canceled already.")
    world.adjust(service, "update", "customer", changes)
    return {"edited": [call.id], "message": "Service successfully edited."}


def cancel_service(world: ProviderWorld, call: Call) -> Row:
    _check_cancel_words(call.body)
    released = [row["proxy_id"] for row in world.proxies_of(world.service(call.id)["service_id"])]
    world.cancel_service(call.id, "customer")
    return {"edited": [call.id], "proxy_edited": released, "message": "Service successfully canceled."}


def _check_cancel_words(body: Row) -> None:
    comment, feedback = body.get("cancel_comment"), body.get("cancel_feedback")
    if comment is not None and not (isinstance(comment, str) and len(comment) <= 300):
        raise RefusalError(400, "cancel_comment must be a string of at most 300 characters.")
    if feedback is not None and feedback not in CANCEL_FEEDBACK:
        raise RefusalError(400, f"cancel_feedback must be one of {', '.join(sorted(CANCEL_FEEDBACK))}.")


# The table


def _both(resource: Resource, rows: Rows) -> list[Endpoint]:
    return [
        Endpoint("GET", f"{resource.name}/search", search_of(resource, rows)),
        Endpoint("GET", f"{resource.name}/retrieve", retrieve_of(resource, rows), takes_id=True),
    ]


def _products(world: ProviderWorld) -> list[Row]:
    return [product_row(product, world.born_at) for product in world.products.values()]


def _ledger_rows(network: str) -> Rows:
    return lambda world: world.pools[network].ledger


def _network_endpoints(network: str) -> list[Endpoint]:
    return [
        Endpoint("GET", f"{network}/summary", summary_of(network)),
        Endpoint("GET", f"{network}/list", proxy_calls.gateway_list_of(network)),
        Endpoint("GET", f"{network}_availability/count", availability_count_of(network)),
        Endpoint("GET", f"{network}_availability/search", availability_search_of(network)),
        *_both(res.LEDGERS[network], _ledger_rows(network)),
    ]


_LOOKUPS: tuple[tuple[Resource, Callable[[], Iterable[Row]]], ...] = (
    (res.COUNTRY, data.countries),
    (res.CONTINENT, data.continents),
    (res.SUBDIVISION, data.subdivisions),
    (res.CITY, data.cities),
    (res.ZIP_CODE, data.zip_codes),
    (res.ASN, data.asns),
)


def _lookup_rows(rows: Callable[[], Iterable[Row]]) -> Rows:
    return lambda _world: rows()


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "checkout/catalog", catalog),
    Endpoint("POST", "checkout/quote", quote),
    Endpoint("POST", "checkout/create", create, status=201),
    Endpoint("GET", "customer/retrieve", retrieve_customer),
    Endpoint("GET", "product/search", search_of(res.PRODUCT, _products)),
    Endpoint("GET", "service/search", search_services),
    Endpoint("GET", "service/retrieve", retrieve_service, takes_id=True),
    Endpoint("PATCH", "service/edit", edit_service, takes_id=True),
    Endpoint("DELETE", "service/cancel", cancel_service, takes_id=True),
    *_both(res.SERVICE_ADJUSTMENT, lambda world: world.adjustments),
    *_both(res.PROXY, lambda world: world.proxies.values()),
    Endpoint("GET", "proxy/list_by_search", proxy_calls.list_by_search),
    Endpoint("POST", "proxy/list_by_id", proxy_calls.list_by_id),
    Endpoint("POST", "proxy/list/options", proxy_calls.list_options),
    *_both(res.PROXY_USER, views.proxy_users),
    Endpoint("POST", "proxy_user/create", proxy_calls.create_proxy_user, status=201),
    Endpoint("PATCH", "proxy_user/edit", proxy_calls.edit_proxy_user, takes_id=True),
    Endpoint("DELETE", "proxy_user/delete", proxy_calls.delete_proxy_user, takes_id=True),
    *_both(res.PROXY_USER_ACL, lambda world: world.acls.values()),
    Endpoint("POST", "proxy_user_acl/create", proxy_calls.create_acl, status=201),
    Endpoint("DELETE", "proxy_user_acl/delete", proxy_calls.delete_acl, takes_id=True),
    *(endpoint for network in NETWORKS for endpoint in _network_endpoints(network)),
    *_both(res.LOG, views.logs),
    *_both(res.LOG_SUMMARY, views.log_summaries),
    Endpoint("GET", "analytics/graph", graph),
    Endpoint("GET", "analytics/breakdown", breakdown),
    Endpoint("GET", "proxy_test_server/search", search_of(res.PROXY_TEST_SERVER, lambda _: data.proxy_test_servers())),
    Endpoint("GET", "ip_address/geolocate", geolocate, takes_id=True),
    *(endpoint for resource, rows in _LOOKUPS for endpoint in _both(resource, _lookup_rows(rows))),
)

_BY_NAME: dict[tuple[str, bool], dict[str, Endpoint]] = {}
for _endpoint in ENDPOINTS:
    _BY_NAME.setdefault((_endpoint.name, _endpoint.takes_id), {})[_endpoint.method] = _endpoint


def route(path: str) -> tuple[dict[str, Endpoint], str] | None:
    """The endpoints at a path below /public/user/, by method, and the id it carries."""
    if found := _BY_NAME.get((path, False)):
        return found, ""
    name, _, item = path.rpartition("/")
    found = _BY_NAME.get((name, True))
    return (found, item) if found and item else None


def perform(world: ProviderWorld, endpoint: Endpoint, call: Call) -> tuple[int, dict[str, Any]]:
    """Does what an endpoint does, at the world's present time."""
    world.settle()
    return endpoint.status, endpoint.handler(world, call)

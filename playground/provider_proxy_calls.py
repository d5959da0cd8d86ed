"""The proxy endpoints that are more than a search: credential lists, proxy users, their access list."""

from __future__ import annotations

from playground import provider_resources as res
from playground import provider_views as views
from playground.provider import ProviderWorld
from playground.provider_call import Call, Handler
from playground.provider_proxies import (
    GATEWAYS,
    LIST_FORMATS,
    check_proxy_user_body,
    format_line,
    line,
    make_proxy_user,
)
from playground.provider_search import cast_value, find, select
from playground.provider_service import CUSTOMER_ID
from playground.provider_values import RefusalError, Row, stamp

# Proxy lists


def _list_user(world: ProviderWorld, options: Row) -> Row | None:
    """Whose credentials a list carries; none where the address itself is the key."""
    if options.get("list_authentication") == "ip_address":
        return None
    name = options.get("proxy_user_id")
    if name is None:
        return next(user for user in world.proxy_users.values() if user["proxy_user_is_default"])
    if name not in world.proxy_users:
        raise RefusalError(404, "Proxy user not found.")
    return world.proxy_users[name]


def _list_format(options: Row) -> str:
    chosen = str(options.get("list_format", "standard"))
    if chosen not in LIST_FORMATS:
        raise RefusalError(400, f"list_format must be one of {', '.join(LIST_FORMATS)}.")
    return chosen


def _listed(world: ProviderWorld, rows: list[Row], options: Row) -> list[str]:
    user, list_format = _list_user(world, options), _list_format(options)
    protocol, version = str(options.get("list_protocol", "http")), options.get("list_version")
    return [line(row, protocol, list_format, user, version) for row in rows]


def list_by_search(world: ProviderWorld, call: Call) -> Row:
    filters = {name: value for name, value in call.query.items() if name != "proxy_user_id"}
    page = find(res.PROXY, world.proxies.values(), filters)
    return page.envelope("Proxy list successful.") | {"data": _listed(world, page.rows, call.query)}


def list_by_id(world: ProviderWorld, call: Call) -> Row:
    rows = _proxies_named(world, call.body.get("proxy_ids"))
    return {"data": _listed(world, rows, call.body), "message": "Proxy list successful."}


def _proxies_named(world: ProviderWorld, ids: object) -> list[Row]:
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        raise RefusalError(400, "proxy_ids must be a list of proxy ids.")
    if missing := [item for item in ids if item not in world.proxies]:
        raise RefusalError(404, f"Proxy '{missing[0]}' not found.")
    return [world.proxies[item] for item in ids]


def list_options(world: ProviderWorld, call: Call) -> Row:
    if ("proxy_ids" in call.body) == ("search_filter" in call.body):
        raise RefusalError(400, "Exactly one of proxy_ids and search_filter is required.")
    if "proxy_ids" in call.body:
        rows = _proxies_named(world, call.body["proxy_ids"])
    else:
        asked = call.body["search_filter"]
        if not isinstance(asked, dict):
            raise RefusalError(400, "search_filter must be an object.")
        rows = select(res.PROXY, world.proxies.values(), {name: str(value) for name, value in asked.items()})
    options = [
        {
            "proxy_user_id": name,
            "has_access": all(name in row["proxy_user_ids"] for row in rows),
            "proxy_user_is_default": user["proxy_user_is_default"],
        }
        for name, user in world.proxy_users.items()
    ]
    return {"data": options, "message": "Proxy list options successfully retrieved."}


def gateway_list_of(network: str) -> Handler:
    """Entries to a pooled network; the targeting travels inside the password."""

    def gateway_list(world: ProviderWorld, call: Call) -> Row:
        user, list_format = _list_user(world, call.query), _list_format(call.query)
        count = cast_value("int", call.query.get("list_count", "10"), "list_count")
        if not 1 <= count <= 1_000:
            raise RefusalError(400, "list_count must be between 1 and 1000.")
        targets = [f"{name}-{call.query[name]}" for name in views.RESIDENTIAL_FILTERS if name in call.query]
        sticky = call.query.get("list_session_type") == "sticky"
        lines = [
            format_line(
                f"{GATEWAYS[network]}:7777", list_format, user and _targeted(user, targets, number if sticky else None)
            )
            for number in range(count)
        ]
        return {"data": lines, "message": f"{network.capitalize()} list successful."}

    return gateway_list


def _targeted(user: Row, targets: list[str], session: int | None) -> Row:
    parts = [user["proxy_user_password"], *targets, *([f"session-{session:06d}"] if session is not None else [])]
    return user | {"proxy_user_password": "_".join(parts)}


# Proxy users and their access list


def create_proxy_user(world: ProviderWorld, call: Call) -> Row:
    name = call.body.get("proxy_user_id") or f"user{world.mint.password()}"
    if not isinstance(name, str) or not 9 <= len(name) <= 32:
        raise RefusalError(400, "proxy_user_id must have 10 to 32 characters.")
    if name in world.proxy_users:
        raise RefusalError(409, "The proxy user exists already.")
    changes = check_proxy_user_body(call.body, world.proxy_users)
    world.proxy_users[name] = make_proxy_user(name, CUSTOMER_ID, world.mint, world.now()) | changes
    row = next(row for row in views.proxy_users(world) if row["proxy_user_id"] == name)
    return {"created": [name], "data": row, "message": "Proxy user successfully created."}


def _proxy_user(world: ProviderWorld, name: str) -> Row:
    if name not in world.proxy_users:
        raise RefusalError(404, "Proxy user not found.")
    return world.proxy_users[name]


def edit_proxy_user(world: ProviderWorld, call: Call) -> Row:
    user = _proxy_user(world, call.id)
    others = {name: row for name, row in world.proxy_users.items() if name != call.id}
    user.update(check_proxy_user_body(call.body, others))
    user["proxy_user_last_update_datetime"] = stamp(world.now())
    if call.body.get("clear_proxy_user_acl"):
        world.acls = {key: row for key, row in world.acls.items() if row["proxy_user_id"] != call.id}
    return {"edited": [call.id], "message": "Proxy user successfully edited."}


def delete_proxy_user(world: ProviderWorld, call: Call) -> Row:
    if _proxy_user(world, call.id)["proxy_user_is_default"]:
        raise RefusalError(409, "The default proxy user cannot be deleted.")
    del world.proxy_users[call.id]
    world.acls = {key: row for key, row in world.acls.items() if row["proxy_user_id"] != call.id}
    for proxy in world.proxies.values():
        proxy["proxy_user_ids"] = [name for name in proxy["proxy_user_ids"] if name != call.id]
    return {"deleted": [call.id], "message": "Proxy user successfully deleted."}


def create_acl(world: ProviderWorld, call: Call) -> Row:
    user = _proxy_user(world, str(call.body.get("proxy_user_id")))
    proxy_id, service_id = call.body.get("proxy_id"), call.body.get("service_id")
    if (proxy_id is None) == (service_id is None):
        raise RefusalError(400, "Exactly one of proxy_id and service_id is required.")
    if service_id is not None:
        world.service(str(service_id))
    else:
        _proxies_named(world, [proxy_id])
    row = {
        "proxy_user_acl_id": world.mint.uuid(),
        "proxy_user_id": user["proxy_user_id"],
        "proxy_id": proxy_id,
        "service_id": service_id,
        "proxy_user_acl_creation_datetime": stamp(world.now()),
    }
    world.acls[row["proxy_user_acl_id"]] = row
    return {"created": [row["proxy_user_acl_id"]], "data": row, "message": "Proxy user ACL successfully created."}


def delete_acl(world: ProviderWorld, call: Call) -> Row:
    if world.acls.pop(call.id, None) is None:
        raise RefusalError(404, "Proxy user acl not found.")
    return {"deleted": [call.id], "message": "Proxy user ACL successfully deleted."}

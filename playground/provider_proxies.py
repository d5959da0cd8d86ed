"""Proxies and who may use them: making the addresses of a delivery, proxy users, and the lines lists are made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from playground.provider_data import asn_by_id, cities_of, city_by_id, country_by_id, stocked_asns, subdivision_by_id
from playground.provider_values import Mint, Product, RefusalError, Row, stamp

HTTP_PORT = 8080
SOCKS5_PORT = 1080
LIST_FORMATS = ("standard", "http", "https", "socks5", "socks5h")
GATEWAYS = {"residential": "residential.byteful.test", "mobile": "mobile.byteful.test"}


def make_proxy(
    product: Product,
    service: Row,
    *,
    users: Mapping[str, Row],
    mint: Mint,
    at: datetime,
    asn_id: int | None = None,
) -> Row:
    """One delivered proxy that honours its service's filter, unless `asn_id` overrules it."""
    asked = service["service_fulfillment_filter"]
    city = _city(product, asked, mint)
    area = subdivision_by_id()[city["subdivision_id"]]
    wanted_asn = asn_id or asked.get("asn_id")
    networks = stocked_asns(area["country_id"], product.type) or stocked_asns("us", product.type)
    asn = asn_by_id()[wanted_asn] if wanted_asn else mint.choice([*networks])
    v4, v6 = mint.address()
    has_v4, has_v6 = product.protocol != "ipv6", product.protocol in {"ipv6", "dual"}
    default = next(row for row in users.values() if row["proxy_user_is_default"])
    row: Row = {
        "proxy_id": mint.uuid(),
        "service_id": service["service_id"],
        "customer_id": service["customer_id"],
        "proxy_status": "in_use",
        "proxy_type": product.type,
        "proxy_protocol": product.protocol,
        "proxy_ip_address": v4 if has_v4 else None,
        "proxy_ip_address_v6": v6 if has_v6 else None,
        "proxy_http_port": HTTP_PORT,
        "proxy_socks5_port": SOCKS5_PORT,
        "proxy_username": None,
        "proxy_password": None,
        "default_proxy_user_username": default["proxy_user_id"],
        "default_proxy_user_password": default["proxy_user_password"],
        "proxy_user_ids": [key for key, user in users.items() if user["proxy_user_access_type"] == "all"],
        "country_id": area["country_id"],
        "country_name": country_by_id()[area["country_id"]]["country_name"],
        "subdivision_id": area["subdivision_id"],
        "subdivision_name": area["subdivision_name"],
        "city_id": city["city_id"],
        "city_name": city["city_name"],
        "city_timezone": city["city_timezone"],
        "city_example_postcode": city["city_example_postcode"],
        "city_latitude": city["city_latitude"],
        "city_longitude": city["city_longitude"],
        "asn_id": asn["asn_id"],
        "asn_name": asn["asn_name"],
        "subnet_id": v4.rsplit(".", 1)[0] + ".0/24" if has_v4 else None,
        "subnet_id_v6": "2001:db8::/64" if has_v6 else None,
        "ip_address_id_v4": v4 if has_v4 else None,
        "ip_address_id_v6": v6 if has_v6 else None,
        "proxy_creation_datetime": stamp(at),
        "proxy_last_update_datetime": stamp(at),
    }
    return row | {
        "http_formatted": line(row, "http", "standard", default),
        "socks5_formatted": line(row, "socks5", "standard", default),
    }


def _city(product: Product, asked: Row, mint: Mint) -> Row:
    if "city_id" in asked:
        return city_by_id()[asked["city_id"]]
    area = asked.get("subdivision_id")
    here = [row for row in cities_of(product.country_id or "us") if area in {None, row["subdivision_id"]}]
    return mint.choice(here)


def line(proxy: Row, protocol: str, list_format: str, user: Row | None, version: str | None = None) -> str:
    """A proxy as one line; without a user, an address that is authenticated by IP."""
    v4, v6 = proxy["proxy_ip_address"], proxy["proxy_ip_address_v6"]
    host = f"[{v6}]" if v6 and (version == "ipv6" or not v4) else v4
    port = proxy["proxy_socks5_port" if protocol == "socks5" or list_format.startswith("socks5") else "proxy_http_port"]
    return format_line(f"{host}:{port}", list_format, user)


def format_line(address: str, list_format: str, user: Row | None) -> str:
    name, password = (user["proxy_user_id"], user["proxy_user_password"]) if user else ("", "")
    if list_format == "standard":
        return f"{address}:{name}:{password}" if user else address
    return f"{list_format}://{name}:{password}@{address}" if user else f"{list_format}://{address}"


def make_proxy_user(proxy_user_id: str, customer_id: int, mint: Mint, at: datetime, *, default: bool = False) -> Row:
    return {
        "proxy_user_id": proxy_user_id,
        "proxy_user_password": mint.password(),
        "proxy_user_access_type": "all",
        "proxy_user_is_default": default,
        "proxy_user_is_deleted": False,
        "proxy_user_is_strict_security": False,
        "proxy_user_enforce_https": False,
        "proxy_user_ip_address_authentication_limit": 10,
        "ip_address_authentications": [],
        "restricted_proxy_ids": [],
        "restricted_service_ids": [],
        "proxy_user_residential_bytes_limit": None,
        "proxy_user_residential_bytes_used": 0,
        "proxy_user_mobile_bytes_limit": None,
        "proxy_user_mobile_bytes_used": 0,
        "residential_bytes_left": None,
        "mobile_bytes_left": None,
        "proxy_user_metadata": {},
        "customer_id": customer_id,
        "proxy_user_creation_datetime": stamp(at),
        "proxy_user_last_update_datetime": stamp(at),
    }


_BOOLS = frozenset({"proxy_user_is_strict_security", "proxy_user_enforce_https"})
_LIMITS = frozenset({"proxy_user_residential_bytes_limit", "proxy_user_mobile_bytes_limit"})


def check_proxy_user_body(body: Row, others: Mapping[str, Row]) -> Row:
    """The writable fields of a create or edit, checked; `others` are the users the addresses may not belong to."""
    changes: Row = {}
    for name, value in body.items():
        if name in _BOOLS and not isinstance(value, bool):
            raise RefusalError(400, f"{name} must be a boolean.")
        if name in _LIMITS and (
            isinstance(value, bool) or not (value is None or (isinstance(value, int) and value >= 0))
        ):
            raise RefusalError(400, f"{name} must be a number of bytes or null.")
        if name == "proxy_user_password" and not (isinstance(value, str) and 6 <= len(value) <= 64):
            raise RefusalError(400, "proxy_user_password must have 6 to 64 characters.")
        if name == "proxy_user_access_type" and value not in {"all", "service_restricted", "proxy_restricted"}:
            raise RefusalError(400, "proxy_user_access_type must be all, service_restricted or proxy_restricted.")
        if name == "ip_address_authentications":
            _check_addresses(value, others)
        if name == "proxy_user_metadata":
            check_metadata(value, name)
        if name in _WRITABLE:
            changes[name] = value
    return changes


_WRITABLE = (
    _BOOLS
    | _LIMITS
    | {
        "proxy_user_password",
        "proxy_user_access_type",
        "ip_address_authentications",
        "proxy_user_metadata",
    }
)


def _check_addresses(value: object, others: Mapping[str, Row]) -> None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RefusalError(400, "ip_address_authentications must be a list of addresses.")
    for user in others.values():
        if set(value) & set(user["ip_address_authentications"]):
            raise RefusalError(409, "An IP address belongs to another proxy user.")


def check_metadata(value: object, name: str) -> None:
    """The vendor's limits: a flat object, 30 keys, 300 characters a value, 32 KB in all."""
    if not isinstance(value, dict):
        raise RefusalError(400, f"{name} must be an object.")
    if len(value) > 30:
        raise RefusalError(400, f"{name} may have at most 30 keys.")
    for key, item in value.items():
        if not isinstance(item, str | bool | int | float):
            raise RefusalError(400, f"{name}.{key} must be a string, boolean or number.")
        if len(str(item)) > 300:
            raise RefusalError(400, f"{name}.{key} is longer than 300 characters.")
    if sum(len(key.encode()) + len(str(item).encode()) for key, item in value.items()) > 32 * 1024:
        raise RefusalError(400, f"{name} is larger than 32 KB.")

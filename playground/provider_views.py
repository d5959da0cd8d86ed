"""What the account's reads show: customer, data summaries, proxy users, analytics, availability, geolocation."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache

from playground.provider_account import LIVE, NETWORKS, Account
from playground.provider_data import asns, cities_of, countries, country_by_id, subdivision_by_id
from playground.provider_geo import COUNTRIES
from playground.provider_service import CUSTOMER_ID
from playground.provider_values import RefusalError, Row, parse_datetime, stamp

RESIDENTIAL_FILTERS = ("country_id", "subdivision_id", "city_id", "city_alias", "zip_code_id")


def customer(account: Account) -> Row:
    live = [row for row in account.services.values() if row["service_status"] in LIVE]
    data = {network: account.data_service(network) for network in NETWORKS}
    left = {network: _left(account, network) for network in NETWORKS}
    born = stamp(account.born_at - timedelta(days=200))
    return {
        "customer_id": CUSTOMER_ID,
        "customer_email_address": "owner@example.com",
        "customer_first_name": "Robin",
        "customer_last_name": "Example",
        "credit_balance": account.credit_balance,
        "customer_proxy_user_limit": 100,
        "proxy_count": len(account.proxies),
        "residential_bytes_left": left["residential"],
        "active_residential_service_id": data["residential"] and data["residential"]["service_id"],
        "mobile_bytes_left": left["mobile"],
        "active_mobile_service_id": data["mobile"] and data["mobile"]["service_id"],
        "active_service_types": sorted({row["service_type"] for row in live}),
        "active_mobile_service_is_paused": _paused(data["mobile"]),
        "active_residential_service_subscription_is_paused": _paused(data["residential"]),
        "country_id": "us",
        "country_id_billing": "us",
        "customer_billing_name": "Example Ltd",
        "customer_billing_line_one": "1 Example Street",
        "customer_billing_line_two": None,
        "customer_billing_subdivision_name": "Texas",
        "customer_billing_zip_code": "75202",
        "customer_creation_datetime": born,
        "customer_last_login_datetime": born,
        "customer_last_update_datetime": born,
        "customer_general_terms_agreement_datetime": born,
        "customer_iso_language_code": "en",
        "customer_phone_number": None,
        "customer_profile_image_url": None,
        "customer_email_two_factor_authentication": False,
        "customer_requires_information_confirm": False,
        "customer_requires_password_change": False,
        "customer_discord_id": None,
        "customer_discord_oauth_id": None,
        "customer_google_oauth_id": None,
        "customer_kyc_level": 1,
        "customer_dob": None,
        "kyc_is_pending": False,
        "free_trial_is_pending": False,
        "customer_is_residential_trial_eligible": False,
        "customer_residential_trial_disallow_reason": "already_customer",
        "customer_default_residential_free_trial_bytes": 0,
    }


def _paused(service: Row | None) -> bool:
    return bool(service and service["service_subscription_is_paused"])


def _left(account: Account, network: str) -> int:
    bought, used, _ = account.data_totals(network)
    return max(bought - used, 0)


def data_summary(account: Account, network: str) -> Row:
    service = account.data_service(network)
    if service is None:
        raise RefusalError(404, f"There is no active {network} service.")
    bought, used, requests = account.data_totals(network)
    return {
        f"{network}_bytes": bought,
        f"{network}_bytes_used": used,
        f"{network}_bytes_left": max(bought - used, 0),
        f"{network}_requests": requests,
        "service_expiry_datetime": service["service_expiry_datetime"],
        "service_id": service["service_id"],
        "proxy_user_ids": list(account.proxy_users),
    }


def proxy_users(account: Account) -> list[Row]:
    """Proxy users with what they have used so far, and their restrictions as the access list has them."""
    return [_proxy_user(account, user) for user in account.proxy_users.values()]


def _proxy_user(account: Account, user: Row) -> Row:
    name = user["proxy_user_id"]
    entries = [row for row in account.acls.values() if row["proxy_user_id"] == name]
    shown = user | {
        "restricted_proxy_ids": [row["proxy_id"] for row in entries if row["proxy_id"]],
        "restricted_service_ids": [row["service_id"] for row in entries if row["service_id"]],
    }
    for network in NETWORKS:
        used = account.logs[network].used_by(name)
        limit = user[f"proxy_user_{network}_bytes_limit"]
        shown[f"proxy_user_{network}_bytes_used"] = used
        shown[f"{network}_bytes_left"] = None if limit is None else max(limit - used, 0)
    return shown


def log_summaries(account: Account) -> list[Row]:
    return [row for log in account.logs.values() for row in log.summaries_at(account.now())]


def logs(account: Account) -> list[Row]:
    return [row for log in account.logs.values() for row in log.lines_at(account.now())]


def _period(account: Account, query: Mapping[str, str]) -> tuple[str, str]:
    """The asked period; the running month when none is given."""
    month = account.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = parse_datetime(query["period_start"]) if "period_start" in query else month
    end = parse_datetime(query["period_end"]) if "period_end" in query else account.now()
    return stamp(start), stamp(end)


def _rows_in_period(account: Account, query: Mapping[str, str]) -> list[Row]:
    start, end = _period(account, query)
    wanted = {
        f"log_summary_{name}" if name != "proxy_user_id" else name: query[name]
        for name in ("hostname", "network", "proxy_user_id")
        if name in query
    }
    rows = (row for row in log_summaries(account) if start[:10] <= row["log_summary_period"][:10] <= end[:10])
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def analytics_graph(account: Account, query: Mapping[str, str]) -> Row:
    start, end = _period(account, query)
    points = _totals(_rows_in_period(account, query), "log_summary_period", "period")
    return {
        "preset": query.get("preset"),
        "interval": query.get("interval", "day"),
        "period_start": start,
        "period_end": end,
        "points": sorted(points, key=lambda point: str(point["period"])),
    }


def analytics_breakdown(account: Account, query: Mapping[str, str]) -> Row:
    start, end = _period(account, query)
    rows = _rows_in_period(account, query)
    return {
        "preset": query.get("preset"),
        "period_start": start,
        "period_end": end,
        "proxy_users": _totals(rows, "proxy_user_id", "proxy_user_id"),
        "hostnames": _totals(rows, "log_summary_hostname", "hostname"),
        "networks": _totals(rows, "log_summary_network", "network"),
    }


def _totals(rows: Iterable[Row], by: str, label: str) -> list[Row]:
    """Bytes and requests per value of a field, largest first."""
    totals: dict[str, Row] = {}
    for row in rows:
        entry = totals.setdefault(row[by], {label: row[by], "bytes": 0, "requests": 0})
        entry["bytes"] += row["log_summary_bytes"]
        entry["requests"] += row["log_summary_requests"]
    return sorted(totals.values(), key=lambda entry: -int(entry["bytes"]))


# Availability of the pooled networks

GROUPS = {
    "country": ("country_id", "country_name"),
    "subdivision": ("country_id", "country_name", "subdivision_id", "subdivision_name"),
    "city": ("country_id", "country_name", "subdivision_id", "subdivision_name", "city_id", "city_name"),
    "asn": ("country_id", "country_name", "asn_id", "asn_name"),
    "zip_code": ("country_id", "country_name", "subdivision_id", "subdivision_name", "zip_code_id", "zip_code_alias"),
}
_AVAILABILITY_KEYS = (
    "country_id",
    "country_name",
    "subdivision_id",
    "subdivision_name",
    "city_id",
    "city_name",
    "zip_code_id",
    "zip_code_alias",
    "asn_id",
    "asn_name",
)


@cache
def nodes(network: str) -> tuple[Row, ...]:
    """A spread of the pool over places and networks: the rows that availability counts and groups."""
    rng = random.Random(f"nodes-{network}")
    rows = []
    for country in COUNTRIES:
        isps = [row for row in asns() if row["country_id"] == country and row["asn_type"] == "isp"][:40]
        for number, city in enumerate(cities_of(country)[:160]):
            area, asn = subdivision_by_id()[city["subdivision_id"]], rng.choice(isps)
            rows.append(
                {
                    "country_id": country,
                    "country_name": country_by_id()[country]["country_name"],
                    "subdivision_id": area["subdivision_id"],
                    "subdivision_name": area["subdivision_name"],
                    "city_id": city["city_id"],
                    "city_name": city["city_name"],
                    "zip_code_id": 700_000 + number,
                    "zip_code_alias": city["city_example_postcode"],
                    "asn_id": asn["asn_id"],
                    "asn_name": asn["asn_name"],
                    f"{network}_availability_is_available": True,
                    f"{network}_availability_node_count": rng.randrange(1, 900),
                }
            )
    return tuple(rows)


def grouped(rows: Iterable[Row], network: str, group_by: str) -> list[Row]:
    if group_by not in GROUPS:
        raise RefusalError(400, f"group_by must be one of {', '.join(GROUPS)}.")
    keys, count = GROUPS[group_by], f"{network}_availability_node_count"
    groups: dict[tuple[object, ...], Row] = {}
    for row in rows:
        blank = {name: (row[name] if name in keys else None) for name in _AVAILABILITY_KEYS}
        group = groups.setdefault(
            tuple(row[name] for name in keys), blank | {f"{network}_availability_is_available": True, count: 0}
        )
        group[count] += row[count]
    return list(groups.values())


def geolocate(account: Account, address: str) -> Row:
    """Where an address is: one of our proxies knows, any other gets a country made from its digits."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        raise RefusalError(400, f"'{address}' is not an IP address.") from None
    names = (
        "country_id",
        "country_name",
        "subdivision_id",
        "subdivision_name",
        "city_id",
        "city_name",
        "asn_id",
        "asn_name",
    )
    for proxy in account.proxies.values():
        if str(ip) in {proxy["proxy_ip_address"], proxy["proxy_ip_address_v6"]}:
            return {"ip_address": str(ip), **{name: proxy[name] for name in names}}
    country = countries()[int(ip) % len(countries())]
    known = {"country_id": country["country_id"], "country_name": country["country_name"]}
    return {"ip_address": str(ip), **dict.fromkeys(names), **known}

"""Every searchable resource of the API, declared once: its key, its fields, their kinds.

Fields named here are filters and sort keys. Rows may carry more (objects, lists, credentials) that cannot be asked for.
"""

from __future__ import annotations

from playground.provider_search import Kind, Resource


def _fields(**kinds: str) -> dict[str, Kind]:
    """Field names by kind, written as words."""
    known: tuple[Kind, ...] = ("text", "code", "int", "float", "bool", "date", "datetime")
    return {name: kind for kind in known for name in kinds.get(kind, "").split()}


SERVICE = Resource(
    "service",
    "service_id",
    _fields(
        text="service_id service_status service_name service_type service_protocol service_cycle service_price_id "
        "service_promotional_code product_id payment_method_id service_subscription_id service_image open_invoice_id",
        code="country_id",
        int="service_quantity service_total customer_id",
        bool="service_is_automatic_collection service_is_pending_cancellation service_is_cancellable "
        "service_is_reconfigurable service_is_off_catalog service_subscription_is_paused",
        datetime="service_creation_datetime service_last_update_datetime service_dispatch_datetime "
        "service_expiry_datetime service_earliest_cancellation_datetime",
    ),
    order=("service_creation_datetime", "service_id"),
    metadata="service_metadata",
    options=frozenset({"proxies"}),
)
SERVICE_ADJUSTMENT = Resource(
    "service_adjustment",
    "service_adjustment_id",
    _fields(
        text="service_id invoice_id service_adjustment_type service_adjustment_status",
        int="service_adjustment_id",
        bool="service_adjustment_is_administrator service_adjustment_is_automatic service_adjustment_is_customer",
        datetime="service_adjustment_creation_datetime service_adjustment_last_update_datetime",
    ),
    order=("service_adjustment_creation_datetime", "service_adjustment_id"),
)
PRODUCT = Resource(
    "product",
    "product_id",
    _fields(
        text="product_id product_name product_type product_protocol",
        code="country_id",
        int="product_stock",
        bool="product_is_active product_is_available product_is_visible product_instock product_is_per_ip "
        "product_is_one_per_customer product_is_one_active_per_customer",
        datetime="product_creation_datetime product_last_update_datetime",
    ),
    order=("product_creation_datetime", "product_id"),
)
PROXY = Resource(
    "proxy",
    "proxy_id",
    _fields(
        text="proxy_id service_id proxy_status proxy_type proxy_protocol proxy_ip_address proxy_ip_address_v6 "
        "proxy_username proxy_password country_name subdivision_name city_name city_timezone asn_name subnet_id "
        "subnet_id_v6 ip_address_id_v4 ip_address_id_v6 city_example_postcode",
        code="country_id subdivision_id",
        int="customer_id proxy_http_port proxy_socks5_port city_id asn_id",
        float="city_latitude city_longitude",
        datetime="proxy_creation_datetime proxy_last_update_datetime",
    ),
    order=("proxy_creation_datetime", "proxy_id"),
    members={"proxy_user_id": "proxy_user_ids"},
    options=frozenset({"list_protocol", "list_version", "list_format", "list_authentication"}),
)
PROXY_USER = Resource(
    "proxy_user",
    "proxy_user_id",
    _fields(
        text="proxy_user_id proxy_user_access_type",
        int="customer_id proxy_user_ip_address_authentication_limit proxy_user_residential_bytes_limit "
        "proxy_user_residential_bytes_used proxy_user_mobile_bytes_limit proxy_user_mobile_bytes_used",
        bool="proxy_user_is_default proxy_user_is_deleted proxy_user_is_strict_security proxy_user_enforce_https",
        datetime="proxy_user_creation_datetime proxy_user_last_update_datetime",
    ),
    order=("proxy_user_creation_datetime", "proxy_user_id"),
    metadata="proxy_user_metadata",
)
PROXY_USER_ACL = Resource(
    "proxy_user_acl",
    "proxy_user_acl_id",
    _fields(text="proxy_user_acl_id proxy_user_id proxy_id service_id", datetime="proxy_user_acl_creation_datetime"),
    order=("proxy_user_acl_creation_datetime", "proxy_user_acl_id"),
)


def _ledger(network: str) -> Resource:
    prefix = f"{network}_ledger"
    return Resource(
        prefix,
        f"{prefix}_id",
        _fields(
            text=f"{prefix}_id {prefix}_reason service_id",
            int=f"{prefix}_bytes {prefix}_requests service_adjustment_id customer_id",
            date=f"{prefix}_period_date",
            datetime=f"{prefix}_creation_datetime {prefix}_last_update_datetime",
        ),
        order=(f"{prefix}_creation_datetime", f"{prefix}_id"),
    )


LEDGERS = {network: _ledger(network) for network in ("residential", "mobile")}

LOG_SUMMARY = Resource(
    "log_summary",
    "log_summary_id",
    _fields(
        text="log_summary_id proxy_user_id log_summary_network log_summary_hostname log_summary_domain",
        int="customer_id log_summary_requests log_summary_bytes log_summary_charged_requests log_summary_charged_bytes "
        "log_summary_smartpath_requests log_summary_smartpath_bytes",
        datetime="log_summary_period log_summary_creation_datetime log_summary_last_update_datetime",
    ),
    order=("log_summary_period", "log_summary_id"),
)
LOG = Resource(
    "log",
    "log_id",
    _fields(
        text="log_id proxy_user_id log_network log_hostname log_domain log_protocol log_client_ip_address",
        int="customer_id log_bytes log_port",
        datetime="log_creation_datetime",
    ),
    order=("log_creation_datetime", "log_id"),
)
COUNTRY = Resource(
    "country",
    "country_id",
    _fields(
        text="country_name country_alias",
        code="country_id continent_id",
        int="country_node_count",
        bool="country_is_european_union",
    ),
)
CONTINENT = Resource("continent", "continent_id", _fields(text="continent_name continent_alias", code="continent_id"))
SUBDIVISION = Resource(
    "subdivision",
    "subdivision_id",
    _fields(text="subdivision_name subdivision_alias", code="subdivision_id country_id", int="subdivision_node_count"),
)
CITY = Resource(
    "city",
    "city_id",
    _fields(
        text="city_name city_alias city_timezone city_example_postcode",
        code="subdivision_id",
        int="city_id city_node_count",
        float="city_latitude city_longitude",
        bool="city_is_populous",
    ),
)
ZIP_CODE = Resource(
    "zip_code",
    "zip_code_id",
    _fields(text="zip_code_alias", code="subdivision_id", int="zip_code_id zip_code_node_count"),
)
ASN = Resource(
    "asn",
    "asn_id",
    _fields(text="asn_name asn_type asn_rir", code="country_id", int="asn_id asn_ip_address_count asn_node_count"),
)
PROXY_TEST_SERVER = Resource(
    "proxy_test_server",
    "proxy_test_server_id",
    _fields(text="proxy_test_server_id", code="country_id", int="city_id"),
)


def availability(network: str) -> Resource:
    return Resource(
        f"{network}_availability",
        "country_id",
        _fields(
            text="country_name subdivision_name city_name zip_code_alias asn_name",
            code="country_id subdivision_id",
            int=f"city_id zip_code_id asn_id {network}_availability_node_count",
            bool=f"{network}_availability_is_available",
        ),
        options=frozenset({"group_by"}),
    )


AVAILABILITY = {network: availability(network) for network in ("residential", "mobile")}

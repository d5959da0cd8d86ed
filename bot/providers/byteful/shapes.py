"""Byteful's shapes: which fields of a product, quote, service, ledger or log are read, and what is sent to buy.

Models ignore fields they do not know and miss none they can do without. The lookup tables stand in `lookups.py`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from bot.providers.byteful.values import Cents, Count, Flag, Json, Lower, Object, Text, Texts, When, Whole


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)  # most processes read few of them


class Ask(Shape):
    """The body of a quote and of a checkout. Metadata is not part of it: no source documents that."""

    product_code: str
    quantity: int
    cycle_interval: str
    cycle_interval_count: int
    promotional_code: str | None = None
    service_fulfillment_filter: dict[str, int | str] | None = None
    top_up_amount: int | None = None

    def body(self) -> Json:
        return self.model_dump(exclude_none=True)


class CatalogEntry(Shape):
    """One product on sale. Stock null and -1 mean that nobody counts it (Byteful docs)."""

    product_type: StrictStr
    product_is_available: StrictBool
    product_is_per_ip: StrictBool
    product_cycle_options: Texts = []
    product_name: Text = None
    product_protocol: Lower = None
    product_stock: Annotated[int, Field(strict=True)] | None = None
    country_id: Lower = None


class ProductRow(Shape):
    """One row of product/search: the long form of a product, without its product code."""

    product_id: StrictStr
    product_name: Text = None
    product_type: Text = None
    product_protocol: Lower = None
    country_id: Lower = None
    product_description: Text = None
    product_stock: Whole = None
    product_is_available: Flag = False
    product_is_per_ip: Flag = False


class LineItemData(Shape):
    item_name: Text = None
    item_type: Text = None
    item_price_type: Text = None
    item_quantity: Count
    item_per_unit_amount: Cents
    item_total: Cents
    service_fulfillment_filter: Object = {}


class QuoteVerdict(Shape):
    """Whether there is a price at all; sums are read only when there is."""

    is_valid: StrictBool
    invalid_reason: Text = None


class QuoteData(Shape):
    line_items: list[LineItemData]
    before_discount_total: Cents
    discount: Cents
    total: Cents
    credit_balance: Cents
    customer_credit_balance_applied_amount: Cents
    total_after_applied_credit: Cents
    discounted: StrictBool | None = None
    promotional_code: Text = None
    is_top_up: Flag = False


class ServiceRow(Shape):
    service_id: Annotated[StrictStr, Field(min_length=1)]
    service_total: Cents
    service_quantity: Count
    service_name: Text = None
    service_type: Text = None
    service_status: Text = None
    service_cycle: Text = None
    country_id: Lower = None
    service_fulfillment_filter: Object = {}
    service_metadata: Object = {}
    service_creation_datetime: When = None
    service_dispatch_datetime: When = None
    service_expiry_datetime: When = None
    open_invoice_id: Text = None
    service_is_pending_cancellation: Flag = False
    service_is_cancellable: Flag = False
    service_is_automatic_collection: Flag = False
    service_promotional_code: Text = None


class DeliveredRow(Shape):
    """A delivered proxy: where it is. Its row holds live credentials, so nothing else of it is read."""

    asn_id: Whole = None
    country_id: Lower = None
    subdivision_id: Lower = None
    city_id: Whole = None


class DeliveredData(Shape):
    """A service asked for with its proxies. Without the list nothing is known, which is not the same as none."""

    proxies: list[DeliveredRow]


class CheckoutData(Shape):
    """What checkout/create gives. The service is read apart, since a top-up has none. Proxies are never read."""

    invoice_is_paid: StrictBool
    invoice_url: Text = None
    created: Texts = []
    service_id: Text = None
    service: Object = {}


class NewServiceData(Shape):
    """What an order takes from the service in a checkout's answer: its price before credit, and its first status."""

    service_total: Cents
    service_status: Text = None


class CustomerData(Shape):
    """The account. Nearly all of it is personal data, so nearly nothing is read."""

    credit_balance: Cents
    customer_id: Whole = None
    proxy_count: Whole = None


class SummaryData(Shape):
    """Data of one network in bytes; the vendor's `residential_` or `mobile_` prefix is taken off."""

    bytes: Whole = None
    bytes_used: Whole = None
    bytes_left: Whole = None
    requests: Whole = None
    service_id: Text = None
    service_expiry_datetime: When = None


class LedgerRow(Shape):
    """One movement of a data pool, in bytes. The sign of usage is not documented: take its absolute value."""

    id: StrictStr
    bytes: Annotated[int, Field(strict=True)]
    reason: Text = None
    requests: Whole = None
    period_date: When = None
    creation_datetime: When = None
    service_id: Text = None


class LogSummaryRow(Shape):
    """Traffic of one day by proxy user, network and host name."""

    log_summary_id: StrictStr
    proxy_user_id: Text = None
    log_summary_network: Text = None
    log_summary_hostname: Text = None
    log_summary_requests: Count = 0
    log_summary_bytes: Count = 0
    log_summary_period: When = None


class AdjustmentRow(Shape):
    """One line of a service's history at the vendor. `evaluated` maps a field to [before, after]."""

    service_adjustment_id: Annotated[int, Field(strict=True)]
    service_id: Text = None
    invoice_id: Text = None
    service_adjustment_type: Text = None
    service_adjustment_status: Text = None
    service_adjustment_is_customer: Flag = False
    service_adjustment_is_automatic: Flag = False
    service_adjustment_is_administrator: Flag = False
    service_adjustment_creation_datetime: When = None
    evaluated: Object = Field(default={}, alias="service_adjustment_eval")


class ProxyUserRow(Shape):
    """Who may use which services. Its row holds a password, so nothing else of it is read."""

    proxy_user_id: StrictStr
    proxy_user_access_type: Text = None
    proxy_user_is_service_restricted: Flag = False
    restricted_service_ids: Texts = []

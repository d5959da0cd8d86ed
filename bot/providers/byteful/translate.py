"""Byteful's shapes as our values, and ours as its own.

Nothing is asked here. What does not add up is an error, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import structlog

from bot.domain.account import Actor, Adjustment
from bot.domain.catalog import Cycle, Filter, Product, Selection
from bot.domain.errors import OutcomeUnknownError, ProviderError
from bot.domain.ids import ProductCode, ServiceId
from bot.domain.money import Cents
from bot.domain.quote import LineItem, Quote
from bot.domain.request import Order
from bot.domain.usage import DataPool, Network, Service
from bot.providers.byteful import shapes
from bot.providers.byteful.answers import parse
from bot.providers.byteful.values import clean

UNCOUNTED_STOCK = -1
"""product_stock of data products in older answers; newer ones say null (Byteful docs)."""

_log = structlog.get_logger()


# Catalog


def product_of(code: str, entry: shapes.CatalogEntry) -> Product | None:
    """A product, or None when it is sold by no cycle that we understand."""
    cycles = tuple(cycle for text in entry.product_cycle_options if (cycle := Cycle.parse(text)) is not None)
    if not cycles:
        _log.warning("byteful_product_without_cycle", product=clean(code, 64))
        return None
    return Product(
        code=ProductCode(code),
        name=clean(entry.product_name) or code,
        type=entry.product_type,
        country_id=entry.country_id,
        protocol=entry.product_protocol,
        cycles=cycles,
        is_available=entry.product_is_available,
        is_per_ip=entry.product_is_per_ip,
        stock=_stock(entry.product_stock),
    )


def _stock(given: int | None) -> int | None:
    return None if given is None or given == UNCOUNTED_STOCK else max(0, given)


# Quote


def ask_of(selection: Selection) -> shapes.Ask:
    """The body of quote and checkout alike, so that what is bought is what was priced."""
    return shapes.Ask(
        product_code=selection.product_code,
        quantity=selection.quantity,
        cycle_interval=selection.cycle.interval,
        cycle_interval_count=selection.cycle.count,
        promotional_code=selection.promo_code,
        service_fulfillment_filter=_wire_filter(selection.filter) or None,
        top_up_amount=selection.top_up_cents,
    )


def _wire_filter(chosen: Filter) -> dict[str, int | str]:
    values = {"asn_id": chosen.asn_id, "subdivision_id": chosen.subdivision_id, "city_id": chosen.city_id}
    return {name: value for name, value in values.items() if value is not None}


def filter_of(given: Mapping[str, Any]) -> Filter:
    """A fulfilment filter as the vendor repeats it. Keys we do not know are left out."""
    asn_id, subdivision_id, city_id = (given.get(name) for name in ("asn_id", "subdivision_id", "city_id"))
    return Filter(
        asn_id=asn_id if type(asn_id) is int else None,
        subdivision_id=subdivision_id if isinstance(subdivision_id, str) else None,
        city_id=city_id if type(city_id) is int else None,
    )


def quote_of(data: shapes.QuoteData, quoted_at: datetime) -> Quote:
    """The quote as given. Raises ProviderError when its sums do not agree."""
    quote = Quote(
        line_items=tuple(_line_item(item) for item in data.line_items),
        before_discount=data.before_discount_total,
        discount=data.discount,
        total=data.total,
        credit_balance=data.credit_balance,
        credit_applied=data.customer_credit_balance_applied_amount,
        due=data.total_after_applied_credit,
        promo_code=clean(data.promotional_code, 64) or None,
        quoted_at=quoted_at,
    )
    if not quote.sums_agree():
        _log.error("byteful_sums_differ", quote=data.model_dump(exclude={"line_items"}))
        raise ProviderError("The sums in Byteful's quote differ. Nothing can be bought from it. Tell an admin.")
    return quote


def _line_item(item: shapes.LineItemData) -> LineItem:
    return LineItem(
        name=clean(item.item_name) or clean(item.item_type) or "Item",
        type=item.item_type or "",
        quantity=item.item_quantity,
        per_unit=item.item_per_unit_amount,
        total=item.item_total,
        is_recurring=item.item_price_type == "recurring",
        filter=filter_of(item.service_fulfillment_filter),
    )


# Checkout


def top_up_order(data: Mapping[str, Any], amount: Cents) -> Order:
    """A top-up gives no id. `credit_added` is true before anything is paid, so it is not read (Byteful docs)."""
    checkout = parse(shapes.CheckoutData, data, "checkout")
    due = 0 if checkout.invoice_is_paid else amount
    return Order(None, link_of(checkout.invoice_url), checkout.invoice_is_paid, amount, due, None)


def service_order(data: Mapping[str, Any]) -> Order:
    """`due` of an unpaid order is the whole total: how much credit was taken off is only in the quote."""
    checkout = parse(shapes.CheckoutData, data, "checkout")
    service_id = _service_id(checkout)
    service = parse(shapes.NewServiceData, checkout.service, "new service")
    return Order(
        service_id=service_id,
        invoice_url=link_of(checkout.invoice_url),
        is_paid=checkout.invoice_is_paid,
        total=service.service_total,
        due=0 if checkout.invoice_is_paid else service.service_total,
        status=service.service_status,
    )


def _service_id(checkout: shapes.CheckoutData) -> ServiceId:
    named = _named_ids(checkout)
    if not named:
        raise OutcomeUnknownError("Byteful took the checkout, but its answer names no service.")
    if len(set(named)) > 1:
        _log.warning("byteful_checkout_names_several", services=named)
    return ServiceId(named[0])


def _named_ids(checkout: shapes.CheckoutData) -> list[str]:
    inner = checkout.service.get("service_id")
    named = [checkout.service_id, inner if isinstance(inner, str) else None, *checkout.created]
    return [each for each in named if each]


def link_of(text: str | None) -> str | None:
    """A web address that may be shown as a link, or None."""
    if text is None or not text.isprintable() or any(char in text for char in " <>|\"'`"):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in {"http", "https"} and parts.netloc else None


# Services and data


def service_of(row: shapes.ServiceRow) -> Service:
    return Service(
        id=ServiceId(row.service_id),
        name=clean(row.service_name) or row.service_id,
        type=row.service_type or "",
        status=row.service_status or "unknown",
        quantity=row.service_quantity,
        total=row.service_total,
        cycle=Cycle.parse(row.service_cycle) if row.service_cycle else None,
        country_id=row.country_id,
        filter=filter_of(row.service_fulfillment_filter),
        created_at=row.service_creation_datetime,
        dispatched_at=row.service_dispatch_datetime,
        expires_at=row.service_expiry_datetime,
        open_invoice_id=row.open_invoice_id,
        is_pending_cancellation=row.service_is_pending_cancellation,
        is_cancellable=row.service_is_cancellable,
        metadata={
            name: value for name, value in row.service_metadata.items() if isinstance(value, str | int | float | bool)
        },
        is_automatic_collection=row.service_is_automatic_collection,
        promo_code=clean(row.service_promotional_code, 64) or None,
    )


def adjustment_of(row: shapes.AdjustmentRow) -> Adjustment:
    actors = {
        Actor.PROVIDER: row.service_adjustment_is_administrator,
        Actor.CUSTOMER: row.service_adjustment_is_customer,
        Actor.AUTOMATIC: row.service_adjustment_is_automatic,
    }
    return Adjustment(
        id=row.service_adjustment_id,
        service=ServiceId(row.service_id or ""),
        kind=clean(row.service_adjustment_type, 64) or "unknown",
        by=next((actor for actor, is_them in actors.items() if is_them), Actor.UNKNOWN),
        at=row.service_adjustment_creation_datetime,
        fields=frozenset(row.evaluated),
    )


def pool_of(network: Network, summary: shapes.SummaryData) -> DataPool | None:
    """A pool, or None when the answer holds no numbers at all. Half of them is an error, not an empty pool."""
    numbers = (summary.bytes, summary.bytes_used, summary.bytes_left)
    if numbers == (None, None, None) and summary.service_id is None:
        return None
    if summary.bytes is None or summary.bytes_used is None or summary.bytes_left is None:
        raise ProviderError(f"Byteful's {network} summary cannot be read: a number of bytes is missing.")
    return DataPool(
        network=network,
        total_bytes=summary.bytes,
        used_bytes=summary.bytes_used,
        left_bytes=summary.bytes_left,
        requests=summary.requests or 0,
        service_id=ServiceId(summary.service_id) if summary.service_id else None,
        expires_at=summary.service_expiry_datetime,
    )

"""A service as it is entered: unpaid, undelivered, under the name its product and filter give it."""

from __future__ import annotations

from datetime import datetime

from playground.provider_checkout import Evaluation, Order
from playground.provider_data import asn_by_id
from playground.provider_values import Row, stamp

CUSTOMER_ID = 1976
SERVICE_IMAGE = "https://files.byteful.test/links/service.png"


def service_row(evaluation: Evaluation, service_id: str, *, subscription_id: str, at: datetime) -> Row:
    order = evaluation.order
    product = order.product
    assert product is not None
    name, product_id = service_identity(order)
    return {
        "country_id": product.country_id,
        "customer_id": CUSTOMER_ID,
        "open_invoice_id": None,
        "payment_method_id": None,
        "product_id": product_id,
        "service_creation_datetime": stamp(at),
        "service_cycle": str(order.cycle),
        "service_dispatch_datetime": None,
        "service_earliest_cancellation_datetime": stamp(at),
        "service_expiry_datetime": stamp(order.cycle.after(at)),
        "service_fulfillment_filter": dict(order.filter),
        "service_id": service_id,
        "service_image": SERVICE_IMAGE,
        "service_is_automatic_collection": True,
        "service_is_cancellable": True,
        "service_is_off_catalog": False,
        "service_is_pending_cancellation": False,
        "service_is_reconfigurable": True,
        "service_last_update_datetime": stamp(at),
        "service_metadata": {},
        "service_name": name,
        "service_price_id": evaluation.price_id,
        "service_promotional_code": order.promo_code,
        "service_protocol": product.protocol,
        "service_quantity": order.quantity,
        "service_status": "awaiting_fulfillment",
        "service_subscription_id": subscription_id,
        "service_subscription_is_paused": False,
        "service_total": evaluation.total,
        "service_type": product.type,
        "subscription_schedule_id": None,
    }


def service_identity(order: Order) -> tuple[str, str]:
    """Name and product id of the service an order becomes; a network filter gives both the network's name."""
    assert order.product is not None
    product = order.product
    asn = asn_by_id().get(order.filter.get("asn_id", 0))
    if asn is None:
        return product.name, product.product_id
    kind = "ISP" if product.type == "isp" else "Datacenter"
    brand: str = asn["asn_name"]
    letters = "".join(c for c in brand.upper() if c.isascii() and c.isalpha())
    return f"{brand} {kind} Proxies [{product.country_id.upper() if product.country_id else ''}]", (
        f"prod_{letters[:2]}{asn['asn_id']}"
    )

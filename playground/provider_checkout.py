"""Quote and checkout arithmetic: reading an order, judging it, pricing it. Pure: nothing here changes the account.

Shape errors are 400. An unknown product is 422. Everything else that stops a purchase is a reason in the evaluation,
which a quote reports and a create refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from playground.provider_catalog import CREDIT, MONTH
from playground.provider_data import city_by_id, stocked_asns, subdivision_by_id
from playground.provider_values import (
    INTERVALS,
    MAX_QUANTITY,
    TOP_UP_MAX_CENTS,
    TOP_UP_MIN_CENTS,
    Cycle,
    Product,
    Promo,
    RefusalError,
    Row,
)

PRODUCT_FIELDS = ("product_type", "country_id", "product_protocol")
ORDER_FIELDS = frozenset(
    {
        *PRODUCT_FIELDS,
        "product_code",
        "quantity",
        "cycle_interval",
        "cycle_interval_count",
        "promotional_code",
        "service_fulfillment_filter",
        "top_up_amount",
    }
)
FILTER_KINDS: dict[str, type] = {"asn_id": int, "subdivision_id": str, "city_id": int}
CREDIT_PRICE_ID = "price_1AccountCreditB2BUlqim5l"


@dataclass(frozen=True)
class Order:
    """What a caller asks to buy. No product means account credit."""

    product: Product | None
    quantity: int
    cycle: Cycle
    promo_code: str | None
    filter: Row
    top_up_amount: int = 0

    @property
    def is_top_up(self) -> bool:
        return self.product is None


@dataclass(frozen=True)
class Evaluation:
    """An order priced against the account as it stands; `reason` says why it cannot be bought."""

    order: Order
    lines: tuple[tuple[int, int], ...]
    price_id: str
    promo: Promo | None
    discount: int
    credit_balance: int
    reason: str | None

    @property
    def before_discount(self) -> int:
        return sum(quantity * amount for quantity, amount in self.lines)

    @property
    def total(self) -> int:
        return self.before_discount - self.discount

    @property
    def credit_applied(self) -> int:
        return 0 if self.order.is_top_up else min(self.credit_balance, self.total)

    @property
    def due(self) -> int:
        return self.total - self.credit_applied


def read_order(body: Row, products: Mapping[str, Product], *, strict: bool) -> Order:
    if strict and (unknown := sorted(set(body) - ORDER_FIELDS)):
        raise RefusalError(400, f"Unknown field '{unknown[0]}'.")
    quantity = _whole(body, "quantity", None)
    if not 1 <= quantity <= MAX_QUANTITY:
        raise RefusalError(400, f"quantity must be between 1 and {MAX_QUANTITY}.")
    product = _product(body, products)
    return Order(
        product=product,
        quantity=quantity,
        cycle=_cycle(body),
        promo_code=_text(body, "promotional_code"),
        filter=_filter(body),
        top_up_amount=_top_up(body, product, quantity),
    )


def _whole(body: Row, name: str, default: int | None) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusalError(400, f"{name} must be an integer.")
    return value


def _text(body: Row, name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise RefusalError(400, f"{name} must be a string.")
    return value or None


def _product(body: Row, products: Mapping[str, Product]) -> Product | None:
    code = _text(body, "product_code")
    asked = {name: _text(body, name) for name in PRODUCT_FIELDS}
    if code is None and asked["product_type"] is None:
        raise RefusalError(400, "product_code or product_type is required.")
    if CREDIT in {code, asked["product_type"]}:
        if code not in {None, CREDIT} or asked["product_type"] not in {None, CREDIT}:
            raise RefusalError(400, "product_code and product_type do not agree.")
        return None
    if code is not None:
        product = products.get(code)
        if product is None:
            raise RefusalError(422, f"There is no product '{code}'.")
        if not _agrees(product, asked):
            raise RefusalError(400, "product_code does not agree with the other product fields.")
        return product
    return _by_type(asked, products)


def _by_type(asked: Mapping[str, str | None], products: Mapping[str, Product]) -> Product:
    """The product of a type, country and protocol; where no protocol is named, IPv4 goes first."""
    matching = [p for p in products.values() if _agrees(p, asked) and (asked["country_id"] or p.country_id is None)]
    if not matching:
        raise RefusalError(422, "There is no product of this type, country and protocol.")
    return min(matching, key=lambda product: product.protocol != "ipv4")


def _agrees(product: Product, asked: Mapping[str, str | None]) -> bool:
    have = {"product_type": product.type, "country_id": product.country_id, "product_protocol": product.protocol}
    return all(value is None or value.lower() == have[name] for name, value in asked.items())


def _cycle(body: Row) -> Cycle:
    interval = body.get("cycle_interval", MONTH.interval)
    count = _whole(body, "cycle_interval_count", 1)
    known = next((name for name in INTERVALS if name == interval), None)
    if known is None or not 1 <= count <= MAX_QUANTITY:
        raise RefusalError(400, "cycle_interval must be day, week, month or year; its count a positive integer.")
    return Cycle(count, known)


def _filter(body: Row) -> Row:
    asked = body.get("service_fulfillment_filter") or {}
    if not isinstance(asked, dict):
        raise RefusalError(400, "service_fulfillment_filter must be an object.")
    kept = {name: value for name, value in asked.items() if value is not None}
    for name, value in kept.items():
        kind = FILTER_KINDS.get(name)
        if kind is None:
            raise RefusalError(400, f"service_fulfillment_filter has no field '{name}'.")
        if isinstance(value, bool) or not isinstance(value, kind):
            raise RefusalError(400, f"service_fulfillment_filter.{name} must be {kind.__name__}.")
    return kept


def _top_up(body: Row, product: Product | None, quantity: int) -> int:
    if product is not None:
        if body.get("top_up_amount") is not None:
            raise RefusalError(400, "top_up_amount belongs to the credit product only.")
        return 0
    amount = _whole(body, "top_up_amount", None)
    if quantity != 1:
        raise RefusalError(400, "quantity must be 1 for a credit top-up.")
    if not TOP_UP_MIN_CENTS <= amount <= TOP_UP_MAX_CENTS:
        raise RefusalError(400, f"top_up_amount must be between {TOP_UP_MIN_CENTS} and {TOP_UP_MAX_CENTS} cents.")
    return amount


def evaluate(order: Order, promos: Mapping[str, Promo], credit_balance: int, now: datetime) -> Evaluation:
    """Prices an order and finds the first thing wrong with it: product, cycle, stock, filter, then code."""
    promo = promos.get(order.promo_code or "")
    promo_problem = _promo_problem(order, promo, now)
    if order.product is None:
        lines: tuple[tuple[int, int], ...] = ((1, order.top_up_amount),)
        price_id, reason = CREDIT_PRICE_ID, None
    else:
        price = order.product.price_for(order.cycle)
        lines = price.lines(order.quantity) if price else ()
        price_id = price.price_id if price else ""
        reason = _product_problem(order.product, order)
    before = sum(quantity * amount for quantity, amount in lines)
    usable = promo if promo_problem is None else None
    return Evaluation(
        order=order,
        lines=lines,
        price_id=price_id,
        promo=usable,
        discount=usable.discount_on(before) if usable else 0,
        credit_balance=credit_balance,
        reason=reason or promo_problem,
    )


def _promo_problem(order: Order, promo: Promo | None, now: datetime) -> str | None:
    if order.promo_code is None:
        return None
    if promo is None:
        return f"The promotional code {order.promo_code} is not valid."
    return promo.problem(order.product.type if order.product else CREDIT, now) or (
        f"The promotional code {promo.code} does not apply to credit." if order.is_top_up else None
    )


def _product_problem(product: Product, order: Order) -> str | None:
    if not product.available:
        return f"{product.name} is not available at the moment."
    if product.price_for(order.cycle) is None:
        return f"The billing cycle {order.cycle} is not offered for {product.name}."
    if product.stock is not None and order.quantity > product.stock:
        return f"Insufficient stock of {product.name}: {product.stock} available, {order.quantity} requested."
    return _filter_problem(product, order.filter)


def _filter_problem(product: Product, asked: Row) -> str | None:
    if not asked:
        return None
    country = product.country_id
    if country is None:
        return f"{product.name} takes no fulfillment filter."
    subdivision = asked.get("subdivision_id")
    city = city_by_id().get(asked.get("city_id", 0))
    asn_ids: Collection[Any] = [row["asn_id"] for row in stocked_asns(country, product.type)]
    problems = {
        "asn_id": asked.get("asn_id") not in asn_ids,
        "subdivision_id": subdivision not in subdivision_by_id() or not str(subdivision).startswith(f"{country}-"),
        "city_id": city is None
        or not city["subdivision_id"].startswith(f"{country}-")
        or subdivision not in {None, city["subdivision_id"]},
    }
    for name, missing in problems.items():
        if name in asked and missing:
            return f"The fulfillment filter cannot be satisfied for {product.name}: {name} {asked[name]}."
    return None


def quote_data(ev: Evaluation) -> Row:
    """An evaluation as `checkout/quote` shows it."""
    return {
        "before_discount_total": ev.before_discount,
        "credit_balance": ev.credit_balance,
        "credit_only_checkout": not ev.order.is_top_up and ev.due == 0 and bool(ev.lines),
        "customer_credit_balance_applied": ev.credit_applied > 0,
        "customer_credit_balance_applied_amount": ev.credit_applied,
        "discount": ev.discount,
        "discounted": ev.discount > 0,
        "invalid_reason": ev.reason,
        "is_top_up": ev.order.is_top_up,
        "is_valid": ev.reason is None,
        "line_items": [_line_item(ev, quantity, amount) for quantity, amount in ev.lines],
        "promotional_code": ev.order.promo_code,
        "promotional_code_id": ev.promo.promo_id if ev.promo else None,
        "top_up_amount": ev.order.top_up_amount or None,
        "total": ev.total,
        "total_after_applied_credit": ev.due,
    }


def _line_item(ev: Evaluation, quantity: int, amount: int) -> Row:
    product = ev.order.product
    return {
        "item_country_id": product.country_id if product else None,
        "item_name": product.name if product else "Account Credit",
        "item_per_unit_amount": amount,
        "item_price_id": ev.price_id,
        "item_price_type": "recurring" if product else "one_time",
        "item_quantity": quantity,
        "item_total": quantity * amount,
        "item_type": product.type if product else CREDIT,
        "service_fulfillment_filter": dict(ev.order.filter),
    }

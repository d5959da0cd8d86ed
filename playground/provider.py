"""The Byteful world: an account with a past, a clock, faults, and controls for whatever happens outside the bot.

`ProviderWorld` is plain Python; `provider_endpoints` says what the vendor's API makes of it, `provider_api` and
`provider_control` put it on HTTP. Every control settles the clock first, so that nothing overdue is overtaken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from playground.provider_account import LOGGED, NETWORKS, Account, Actor
from playground.provider_catalog import catalog_row
from playground.provider_checkout import evaluate, read_order
from playground.provider_data import asn_by_id
from playground.provider_faults import FaultPlan
from playground.provider_history import seed_history, seed_users
from playground.provider_logs import TYPICAL_REQUEST_BYTES, Traffic
from playground.provider_proxies import check_metadata
from playground.provider_traffic import USUAL_BYTES_A_DAY, Burn
from playground.provider_values import (
    INVOICE_VOID_AFTER,
    Cycle,
    Invoice,
    Price,
    Product,
    Promo,
    ProviderSettings,
    RefusalError,
    Row,
    Tier,
    add_months,
    stamp,
)

PUBLIC_KEY = "pk_playground_byteful_public"
PRIVATE_KEY = "sk_playground_byteful_private"
LOG_LENGTH = 5_000


@dataclass
class LogEntry:
    """One request as received; status and duration are filled in when it is answered, or never."""

    number: int
    at: str
    method: str
    path: str
    endpoint: str
    query: Row
    body: Any
    faults: list[str]
    status: int | None = None
    outcome: str = "open"
    ms: float | None = None


class ProviderWorld(Account):
    """A Byteful account with everything that can happen to it.

    `at` freezes the clock there; `seed` makes identifiers repeatable; `history=False` starts with an empty account;
    `traffic=True` lets what runs be used a little every day.
    """

    def __init__(
        self, *, at: datetime | None = None, seed: int | None = None, history: bool = True, traffic: bool = False
    ) -> None:
        self.public_key = PUBLIC_KEY
        self.private_key = PRIVATE_KEY
        self.faults = FaultPlan()
        self.on_change: Callable[[], None] = _nothing
        self.on_exchange: Callable[[LogEntry, bytes], None] = _nothing
        """Called after every request with its entry and the body of its answer, secrets included."""
        self.log: deque[LogEntry] = deque(maxlen=LOG_LENGTH)
        self.requests_received = 0
        self.creates_received = 0
        self.creates_effective = 0
        self._history = history
        self._traffic = traffic
        super().__init__(at=at, seed=seed)

    def begin(self) -> None:
        super().begin()
        seed_users(self)
        if self._history:
            seed_history(self)
        if self._traffic:
            for network, amount in USUAL_BYTES_A_DAY.items():
                self.set_traffic(network, amount)

    def reset(self) -> None:
        """Back to the first day: account, faults, log, counters and settings; the clock stays."""
        self.faults.clear()
        self.settings = ProviderSettings()
        self.log.clear()
        self.requests_received = self.creates_received = self.creates_effective = 0
        self.begin()

    def create(self, body: Row) -> Row:
        data = super().create(body)
        self.creates_effective += 1
        return data

    def create_later(self, body: Row, delay: timedelta) -> None:
        """A checkout that takes effect only after `delay`, if it is still possible then."""
        self.agenda.add(self.now() + delay, lambda: self._create_if_possible(body))

    def _create_if_possible(self, body: Row) -> None:
        try:
            self.create(body)
        except RefusalError:
            return

    # Clock

    def advance(self, seconds: float = 0, *, days: float = 0, months: int = 0) -> datetime:
        """A month is a calendar month: the same day of the next one, or its last."""
        self.clock.set(add_months(self.now(), months) + timedelta(days=days, seconds=seconds))
        self.settle()
        return self.now()

    def set_clock(self, at: datetime) -> datetime:
        self.clock.set(at)
        self.settle()
        return self.now()

    def freeze(self, at: datetime | None = None) -> datetime:
        self.clock.freeze(at)
        self.settle()
        return self.now()

    def run_clock(self) -> datetime:
        self.clock.run()
        return self.now()

    # Faults and settings

    def set_fault(self, name: str, *, endpoint: str = "*", times: int | None = None, params: Row | None = None) -> Row:
        return self.faults.set(name, endpoint=endpoint, times=times, **(params or {})).row()

    def change_settings(self, **changes: Any) -> Row:
        """Changes some settings; the values are checked against the fields' types."""
        merged = TypeAdapter(ProviderSettings).validate_python(vars(self.settings) | changes)
        if unknown := sorted(set(changes) - set(vars(self.settings))):
            raise RefusalError(400, f"There is no setting '{unknown[0]}'.")
        self.settings = merged
        return vars(merged)

    # Catalog and money

    def set_stock(self, product_code: str, stock: int | None) -> Product:
        _require_not_negative(stock or 0, "stock")
        return self._replace_product(product_code, stock=stock)

    def set_available(self, product_code: str, available: bool) -> Product:
        return self._replace_product(product_code, available=available)

    def set_price(self, product_code: str, unit_amount: int, cycle: str = "1:month") -> Product:
        """One price per unit for a cycle, without tiers; a changed price gets a new id, a new cycle is added."""
        _require_not_negative(unit_amount, "unit_amount")
        wanted = Cycle.parse(cycle)
        others = [price for price in self._product_of(product_code).prices if price.cycle != wanted]
        price = Price(self.mint.stripe("price"), wanted, (Tier(None, unit_amount),))
        return self._replace_product(product_code, prices=tuple(sorted([price, *others], key=_months)))

    def remove_cycle(self, product_code: str, cycle: str) -> Product:
        prices = self._product_of(product_code).prices
        return self._replace_product(product_code, prices=tuple(p for p in prices if str(p.cycle) != cycle))

    def remove_product(self, product_code: str) -> None:
        del self.products[self._product_of(product_code).code]

    def _product_of(self, code: str) -> Product:
        self.settle()
        if code not in self.products:
            raise RefusalError(404, f"There is no product '{code}'.")
        return self.products[code]

    def _replace_product(self, code: str, **changes: Any) -> Product:
        self.products[code] = changed = replace(self._product_of(code), **changes)
        return changed

    def set_promo(
        self,
        code: str,
        *,
        percent: int = 0,
        amount: int = 0,
        expires_at: datetime | None = None,
        max_uses: int | None = None,
        used: int = 0,
        product_types: list[str] | None = None,
    ) -> Promo:
        """Adds a promotional code, or replaces the one of that name."""
        known = self.promos.get(code)
        promo_id = known.promo_id if known else self.mint.stripe("promo")
        types = frozenset(product_types or ())
        self.promos[code] = promo = Promo(code, promo_id, percent, amount, expires_at, max_uses, used, types)
        return promo

    def expire_promo(self, code: str) -> Promo:
        return self._replace_promo(code, expires_at=self.now())

    def exhaust_promo(self, code: str) -> Promo:
        used = self._promo_of(code).used
        return self._replace_promo(code, max_uses=used)

    def remove_promo(self, code: str) -> None:
        del self.promos[self._promo_of(code).code]

    def _promo_of(self, code: str) -> Promo:
        if code not in self.promos:
            raise RefusalError(404, f"There is no promotional code '{code}'.")
        return self.promos[code]

    def _replace_promo(self, code: str, **changes: Any) -> Promo:
        self.promos[code] = changed = replace(self._promo_of(code), **changes)
        return changed

    def set_credit(self, cents: int) -> int:
        _require_not_negative(cents, "cents")
        self.settle()
        self.statement.set_credit(cents, self.now())
        return cents

    def top_up_by_hand(self, cents: int) -> Invoice:
        """Somebody buys credit in the dashboard, and pays it there."""
        self.settle()
        _require_positive(cents, "cents")
        return self.pay_invoice(self.bill_top_up(cents).invoice_id)

    def refund(self, service_id: str, cents: int) -> Row:
        """The vendor gives credit back for a service; the service's total and audit trail show it."""
        self.settle()
        service = self.service(service_id)
        _require_positive(cents, "cents")
        if cents > service["service_total"]:
            raise RefusalError(409, f"The service cost {service['service_total']} cents; no more can be refunded.")
        self.statement.refund(service_id, cents, self.now())
        self.adjust(service, "update", "administrator", {"service_total": service["service_total"] - cents})
        return service

    def pay(self, invoice_id: str) -> Invoice:
        """Somebody pays the invoice on its page."""
        self.settle()
        return self.pay_invoice(invoice_id)

    def void(self, invoice_id: str) -> Invoice:
        self.settle()
        return self.void_invoice(invoice_id)

    # Services

    def fulfil_service(self, service_id: str, *, count: int | None = None, asn_id: int | None = None) -> Row:
        """Delivers by hand: `count` delivers short, `asn_id` delivers from that network whatever was asked for."""
        self.settle()
        if asn_id is not None and asn_id not in asn_by_id():
            raise RefusalError(400, f"There is no network {asn_id}.")
        if count is not None and count < 1:
            raise RefusalError(400, "count must be at least 1.")
        return self.fulfil(service_id, count=count, asn_id=asn_id)

    def replace_proxies(self, service_id: str, count: int) -> list[str]:
        """The vendor swaps the addresses of `count` proxies; their ids."""
        self.settle()
        chosen = self.proxies_of(self.service(service_id)["service_id"])[:count]
        for proxy in chosen:
            v4, _ = self.mint.address()
            proxy.update(proxy_ip_address=v4, ip_address_id_v4=v4, proxy_last_update_datetime=stamp(self.now()))
        self.adjust(self.service(service_id), "proxy_replacement", "administrator", {})
        return [proxy["proxy_id"] for proxy in chosen]

    def change_service(self, service_id: str, changes: Row, by: Actor = "administrator") -> Row:
        """Staff alter any field of a service; a changed total or quantity is what the next renewal bills."""
        self.settle()
        service = self.service(service_id)
        if unknown := sorted(set(changes) - set(service)):
            raise RefusalError(400, f"A service has no field '{unknown[0]}'.")
        _require_positive(changes.get("service_quantity", 1), "service_quantity")
        _require_not_negative(changes.get("service_total", 0), "service_total")
        self._agree(service_id, changes)
        self.adjust(service, "update", by, changes)
        return service

    def _agree(self, service_id: str, changes: Row) -> None:
        if "service_quantity" in changes and service_id in self.orders:
            self.orders[service_id] = replace(self.orders[service_id], quantity=changes["service_quantity"])
            self.agreed_totals.pop(service_id, None)
        if "service_total" in changes:
            self.agreed_totals[service_id] = changes["service_total"]

    def cancel_service(self, service_id: str, by: Actor = "administrator") -> Row:
        self.settle()
        service = self.service(service_id)
        if service["service_status"] == "canceled":
            raise RefusalError(409, "The service is canceled already.")
        if service["open_invoice_id"]:
            self.void_invoice(service["open_invoice_id"], by)
        else:
            self.end_service(service, by)
        return service

    def buy_by_hand(self, body: Row, *, paid: bool = True, metadata: Row | None = None) -> Row:
        """Somebody buys in the dashboard what `body` (as for checkout/create) says; by card, not by credit."""
        self.settle()
        order = read_order(body, self.products, strict=False)
        evaluation = evaluate(order, self.promos, 0, self.now())
        if evaluation.reason or order.is_top_up:
            raise RefusalError(422, evaluation.reason or "Credit is bought by hand with credit/top-up.")
        service_id = self.mint.dashboard_service_id()
        if paid:
            self.purchase(evaluation, service_id, use_credit=False)
        else:
            self.purchase(evaluation, service_id)
        check_metadata(metadata or {}, "metadata")
        self.services[service_id]["service_metadata"] = dict(metadata or {})
        return self.services[service_id]

    def use_data(
        self,
        amount_bytes: int,
        *,
        network: str = "residential",
        service_id: str | None = None,
        day: date | None = None,
        requests: int | None = None,
        proxy_user_id: str = "default_user",
        hostname: str = "shop.example.com",
    ) -> Row:
        """Traffic of one day: of the service named, else of the network's running service that lasts longest."""
        self.settle()
        running = {row["service_id"]: row for row in self.running(network)} if network in LOGGED else {}
        if not running or service_id not in {None, *running}:
            raise RefusalError(404, f"There is no running {network} service{f' {service_id}' if service_id else ''}.")
        if proxy_user_id not in self.proxy_users:
            raise RefusalError(404, f"There is no proxy user '{proxy_user_id}'.")
        count = max(1, amount_bytes // TYPICAL_REQUEST_BYTES) if requests is None else requests
        traffic = Traffic(amount_bytes, count, day or self.now().date(), proxy_user_id, hostname)
        last = max(running, key=lambda name: str(running[name]["service_expiry_datetime"]))
        self.use(network, traffic, service_id or last)
        return self._data_state(network)

    def set_traffic(self, network: str, bytes_a_day: int, hostnames: list[str] | None = None) -> Row:
        """From now on so much goes through a network on a working day, as long as something runs there; 0 stops it."""
        _require_not_negative(bytes_a_day, "bytes_a_day")
        self.settle()
        self.flow.set(network, Burn(bytes_a_day, tuple(hostnames)) if hostnames else Burn(bytes_a_day))
        return self.flow.rows()

    # Looking from outside

    def state(self) -> Row:
        """Everything a person steering the world wants to see, without secrets."""
        self.settle()
        return {
            "clock": {"now": stamp(self.now()), "frozen": self.clock.is_frozen},
            "credit_balance": self.credit_balance,
            "catalog": {code: catalog_row(p) | {"prices": _unit_prices(p)} for code, p in self.products.items()},
            "promos": {promo.code: _promo_state(promo) for promo in self.promos.values()},
            "services": [dict(row) for row in self.services.values()],
            "invoices": [self._invoice_state(invoice) for invoice in self.invoices.values()],
            "statement": self.statement.rows(),
            "data": {network: self._data_state(network) for network in LOGGED},
            "traffic": self.flow.rows(),
            "faults": self.faults.rows(),
            "settings": vars(self.settings),
            "requests_received": self.requests_received,
            "creates_received": self.creates_received,
            "creates_effective": self.creates_effective,
        }

    def _invoice_state(self, invoice: Invoice) -> Row:
        return {
            "invoice_id": invoice.invoice_id,
            "status": invoice.status,
            "purpose": invoice.purpose,
            "service_id": invoice.service_id,
            "description": invoice.description,
            "total": invoice.total,
            "credit_applied": invoice.credit_applied,
            "due": invoice.due,
            "url": self.invoice_url(invoice),
            "void_after": stamp(invoice.created_at + INVOICE_VOID_AFTER),
        }

    def _data_state(self, network: str) -> Row:
        """What was bought and used of the running services; a network sold by the proxy knows only its use."""
        if network in NETWORKS:
            bought, used, requests = self.data_totals(network)
            return {"bytes": bought, "bytes_used": used, "requests": requests}
        used, requests = self.logs[network].totals()
        return {"bytes": None, "bytes_used": used, "requests": requests}


def _nothing(*_: Any) -> None:
    """Nobody looks on."""


def _require_not_negative(number: int, name: str) -> None:
    if number < 0:
        raise RefusalError(400, f"{name} must not be negative.")


def _require_positive(number: int, name: str) -> None:
    if number < 1:
        raise RefusalError(400, f"{name} must be at least 1.")


def _months(price: Price) -> float:
    days = {"day": 1, "week": 7, "month": 30, "year": 365}
    return days[price.cycle.interval] * price.cycle.count


def _unit_prices(product: Product) -> Row:
    return {str(price.cycle): [[tier.up_to, tier.amount] for tier in price.tiers] for price in product.prices}


def _promo_state(promo: Promo) -> Row:
    return {
        "percent": promo.percent,
        "amount": promo.amount,
        "expires_at": stamp(promo.expires_at) if promo.expires_at else None,
        "max_uses": promo.max_uses,
        "used": promo.used,
        "product_types": sorted(promo.product_types),
    }

"""The account: what is owned, owed and delivered, and the rules that move it.

Kept true: credit is taken when a checkout is created and comes back only when its invoice becomes void; stock leaves
with the checkout and returns when the service ends unpaid or is canceled; a used promotional code stays used; data and
proxies arrive only after payment; whatever is due by the clock has happened before anyone looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from playground.provider_catalog import seed_products, seed_promos
from playground.provider_checkout import Evaluation, Order, evaluate, quote_data, read_order
from playground.provider_clock import Agenda, WorldClock
from playground.provider_logs import Traffic, TrafficLog
from playground.provider_pools import DataPool
from playground.provider_proxies import make_proxy
from playground.provider_service import CUSTOMER_ID, service_row
from playground.provider_statement import Statement
from playground.provider_traffic import Flow
from playground.provider_values import (
    GB,
    INVOICE_VOID_AFTER,
    Invoice,
    Mint,
    Product,
    ProviderSettings,
    RefusalError,
    Row,
    parse_datetime,
    stamp,
)

SEED_CREDIT_CENTS = 500
NETWORKS = ("residential", "mobile")
"""Sold as data; the other two are sold by the proxy, and only their logs tell what went through them."""
LOGGED = (*NETWORKS, "isp", "datacenter")
LIVE = frozenset({"active", "overdue", "paused", "awaiting_additional_fulfillment"})

Actor = Literal["customer", "automatic", "administrator"]


class Account:
    """One customer's account at Byteful, without HTTP."""

    def __init__(self, *, at: datetime | None = None, seed: int | None = None) -> None:
        self.clock = WorldClock(at)
        self.settings = ProviderSettings()
        self.origin = "http://127.0.0.1"
        self._seed = seed
        self._as_of: datetime | None = None
        self.begin()

    def begin(self) -> None:
        """An account just opened: catalog, some credit, nothing bought."""
        self.mint = Mint(self._seed)
        self.agenda = Agenda()
        self.born_at = self.now()
        self.products = seed_products()
        self.promos = seed_promos(self.now())
        self.statement = Statement(SEED_CREDIT_CENTS, self.now())
        self.services: dict[str, Row] = {}
        self.orders: dict[str, Order] = {}
        self.agreed_totals: dict[str, int] = {}
        """What the vendor's staff agreed a service's cycle costs, in cents; the others cost today's price."""
        self.invoices: dict[str, Invoice] = {}
        self.proxies: dict[str, Row] = {}
        self.proxy_users: dict[str, Row] = {}
        self.acls: dict[str, Row] = {}
        self.adjustments: list[Row] = []
        self.pools = {network: DataPool(network, CUSTOMER_ID, self.mint) for network in NETWORKS}
        self.logs = {network: TrafficLog(network, CUSTOMER_ID, self.mint) for network in LOGGED}
        self.flow = Flow(self)

    # Time

    def now(self) -> datetime:
        return self._as_of or self.clock.now()

    def settle(self) -> None:
        """Lets everything happen that is due by now, each at its own time."""
        while self._as_of is None and (entry := self.agenda.pop_due(self.clock.now())):
            due, action = entry
            self.at_time(due, action)

    def at_time(self, at: datetime, action: Callable[[], object]) -> None:
        """Runs `action` with the clock showing `at`."""
        before, self._as_of = self._as_of, at
        try:
            action()
        finally:
            self._as_of = before

    # Buying

    def read(self, body: Row) -> Order:
        return read_order(body, self.products, strict=self.settings.strict_parameters)

    def evaluate(self, order: Order) -> Evaluation:
        return evaluate(order, self.promos, self.credit_balance, self.now())

    def quote(self, body: Row) -> Row:
        evaluation = self.evaluate(self.read(body))
        if evaluation.reason and self.settings.invalid_quote == "422":
            raise RefusalError(422, evaluation.reason)
        return quote_data(evaluation)

    def create(self, body: Row) -> Row:
        """A checkout: everything judged anew, then stock, code and credit taken at once."""
        evaluation = self.evaluate(self.read(body))
        if evaluation.reason:
            raise RefusalError(422, evaluation.reason)
        if evaluation.order.is_top_up:
            return self._top_up(evaluation)
        if self.settings.credit_only and evaluation.due > 0:
            raise RefusalError(422, "Account credit does not cover this checkout. Please top up first.")
        service_id = self.mint.api_service_id()
        invoice = self.purchase(evaluation, service_id)
        return {
            "created": [service_id],
            "invoice_is_paid": invoice.status == "paid",
            "invoice_url": self.invoice_url(invoice),
            "proxies": self.proxies_of(service_id),
            "proxy_edited": [row["proxy_id"] for row in self.proxies_of(service_id)],
            **{f"{network}_ledger_created": self._ledger_ids(network, service_id) for network in NETWORKS},
            "service": dict(self.services[service_id]),
            "service_id": service_id,
        }

    def purchase(self, evaluation: Evaluation, service_id: str, *, use_credit: bool = True) -> Invoice:
        """Makes the service and its invoice; without credit, the invoice is settled by other means."""
        order = evaluation.order
        invoice = self._invoice(
            "purchase",
            evaluation.total,
            f"{order.quantity} x {self._product(order).name}",
            service_id,
            use_credit=use_credit,
        )
        self._take_stock(order, -order.quantity)
        if evaluation.promo:
            promo = self.promos[evaluation.promo.code]
            self.promos[promo.code] = replace(promo, used=promo.used + 1)
        self.add_service(evaluation, service_id, invoice.invoice_id)
        if invoice.due == 0 or not use_credit:
            self.pay_invoice(invoice.invoice_id)
        return invoice

    def _top_up(self, evaluation: Evaluation) -> Row:
        invoice = self.bill_top_up(evaluation.total)
        return {"invoice_is_paid": False, "invoice_url": self.invoice_url(invoice), "credit_added": True}

    def _product(self, order: Order) -> Product:
        assert order.product is not None
        return order.product

    def add_service(self, evaluation: Evaluation, service_id: str, invoice_id: str | None) -> Row:
        """Enters an undelivered service and puts its end on the agenda."""
        row = service_row(evaluation, service_id, subscription_id=self.mint.stripe("sub"), at=self.now())
        row["open_invoice_id"] = invoice_id
        self.orders[service_id] = evaluation.order
        self.services[service_id] = row
        self.adjust(row, "ingestion", "customer", {}, invoice_id=invoice_id)
        self.schedule_expiry(row)
        return row

    # Money

    @property
    def credit_balance(self) -> int:
        return self.statement.balance

    def _invoice(
        self,
        purpose: Literal["purchase", "renewal", "top_up"],
        total: int,
        text: str,
        service_id: str | None,
        *,
        use_credit: bool = False,
    ) -> Invoice:
        credit = min(self.credit_balance, total) if use_credit else 0
        invoice = Invoice(self.mint.stripe("in"), purpose, total, credit, self.now(), text, service_id)
        self.invoices[invoice.invoice_id] = invoice
        self.statement.charge(invoice, self.now())
        self.agenda.add(self.now() + INVOICE_VOID_AFTER, lambda: self._void_if_open(invoice))
        return invoice

    def bill_top_up(self, cents: int) -> Invoice:
        return self._invoice("top_up", cents, "Account credit", None)

    def invoice_url(self, invoice: Invoice) -> str:
        return f"{self.origin}/invoice/{invoice.invoice_id}"

    def open_invoice(self, invoice_id: str) -> Invoice:
        invoice = self.invoices.get(invoice_id)
        if invoice is None:
            raise RefusalError(404, f"There is no invoice '{invoice_id}'.")
        if invoice.status != "open":
            raise RefusalError(409, f"The invoice is {invoice.status}.")
        return invoice

    def pay_invoice(self, invoice_id: str) -> Invoice:
        invoice = self.open_invoice(invoice_id)
        invoice.status = "paid"
        self.statement.payment(invoice, self.now())
        match invoice.purpose:
            case "purchase":
                self._paid(self.service(invoice.service_id))
            case "renewal":
                self._extend(self.service(invoice.service_id), invoice)
        return invoice

    def void_invoice(self, invoice_id: str, by: Actor = "automatic") -> Invoice:
        """Takes the bill back: credit returns, and the service it was for ends."""
        invoice = self.open_invoice(invoice_id)
        invoice.status = "void"
        self.statement.void(invoice, self.now())
        if invoice.service_id is not None:
            self.end_service(self.service(invoice.service_id), by)
        return invoice

    def _void_if_open(self, invoice: Invoice) -> None:
        if invoice.status == "open":
            self.void_invoice(invoice.invoice_id)

    def _take_stock(self, order: Order, change: int) -> None:
        product = self.products.get(self._product(order).code)
        if product is not None and product.stock is not None:
            self.products[product.code] = replace(product, stock=product.stock + change)

    # Delivery

    def service(self, service_id: str | None) -> Row:
        row = self.services.get(service_id or "")
        if row is None:
            raise RefusalError(404, f"Service '{service_id}' not found.")
        return row

    def _paid(self, service: Row) -> None:
        service["open_invoice_id"] = None
        self._touch(service)
        if service["service_expiry_datetime"] <= stamp(self.now()):
            service["service_expiry_datetime"] = stamp(self.orders[service["service_id"]].cycle.after(self.now()))
            self.schedule_expiry(service)
        delay = self.settings.fulfilment_delay_s
        if delay == 0:
            self.fulfil(service["service_id"])
        elif delay is not None:
            due = self.now() + timedelta(seconds=delay)
            self.agenda.add(due, lambda: self._fulfil_if_waiting(service))

    def _fulfil_if_waiting(self, service: Row) -> None:
        if service["service_status"] == "awaiting_fulfillment":
            self.fulfil(service["service_id"])

    def fulfil(self, service_id: str, *, count: int | None = None, asn_id: int | None = None) -> Row:
        """Delivers a paid service: all that is missing, or only `count`, or from another network than asked for."""
        service, order = self.service(service_id), self.orders.get(service_id)
        if order is None or service["open_invoice_id"] or not service["service_status"].startswith("awaiting"):
            raise RefusalError(409, "The service is not waiting for delivery.")
        first = service["service_dispatch_datetime"] is None
        complete = True
        if self._product(order).is_per_ip:
            complete = self._deliver_proxies(service, order, count, asn_id)
        adjustment_id = self.adjust(
            service,
            "fulfillment" if first else "additional_fulfillment",
            "automatic",
            {
                "service_status": "active" if complete else "awaiting_additional_fulfillment",
                "service_dispatch_datetime": service["service_dispatch_datetime"] or stamp(self.now()),
            },
        )
        if not self._product(order).is_per_ip:
            self._deliver_data(service, adjustment_id)
        return service

    def _deliver_proxies(self, service: Row, order: Order, count: int | None, asn_id: int | None) -> bool:
        """True when nothing is missing afterwards."""
        missing = order.quantity - len(self.proxies_of(service["service_id"]))
        for _ in range(missing if count is None else min(count, missing)):
            proxy = make_proxy(
                self._product(order),
                service,
                users=self.proxy_users,
                mint=self.mint,
                at=self.now(),
                asn_id=asn_id,
            )
            self.proxies[proxy["proxy_id"]] = proxy
        return count is None or count >= missing

    def _deliver_data(self, service: Row, adjustment_id: int) -> None:
        pool = self.pools[service["service_type"]]
        amount = service["service_quantity"] * GB
        pool.credit("top_up", amount, service["service_id"], adjustment_id, self.now())

    def _ledger_ids(self, network: str, service_id: str) -> list[str]:
        rows = self.pools[network].ledger
        return [row[f"{network}_ledger_id"] for row in rows if row["service_id"] == service_id]

    def proxies_of(self, service_id: str) -> list[Row]:
        return [row for row in self.proxies.values() if row["service_id"] == service_id]

    # The later life of a service

    def schedule_expiry(self, service: Row) -> None:
        expiry = service["service_expiry_datetime"]
        self.agenda.add(parse_datetime(expiry), lambda: self._expire(service, expiry))

    def _expire(self, service: Row, expiry: str) -> None:
        if service["service_expiry_datetime"] != expiry or service["service_status"] not in LIVE:
            return
        if service["service_is_pending_cancellation"]:
            self.end_service(service, "automatic")
        else:
            self._renew(service)

    def _renew(self, service: Row) -> None:
        """Bills the next cycle: credit first, then a stored payment method, else an open invoice."""
        total = self._renewal_total(service)
        if total is None:
            self.end_service(service, "automatic")
            return
        automatic = service["service_is_automatic_collection"]
        text = f"Renewal of {service['service_name']}"
        invoice = self._invoice("renewal", total, text, service["service_id"], use_credit=automatic)
        if automatic and (invoice.due == 0 or service["payment_method_id"]):
            self.pay_invoice(invoice.invoice_id)
            return
        service["open_invoice_id"] = invoice.invoice_id
        self.adjust(service, "update", "automatic", {"service_status": "overdue"}, invoice_id=invoice.invoice_id)

    def _renewal_total(self, service: Row) -> int | None:
        """What was agreed, else today's price of the quantity; None when it is not sold any more."""
        if (agreed := self.agreed_totals.get(service["service_id"])) is not None:
            return agreed
        order = self.orders[service["service_id"]]
        product = self.products.get(self._product(order).code)
        price = product.price_for(order.cycle) if product else None
        return sum(quantity * amount for quantity, amount in price.lines(order.quantity)) if price else None

    def _extend(self, service: Row, invoice: Invoice) -> None:
        order = self.orders[service["service_id"]]
        began = parse_datetime(service["service_creation_datetime"])
        expiry = order.cycle.after(parse_datetime(service["service_expiry_datetime"]), began.day)
        is_data = service["service_type"] in self.pools
        changes = {
            "service_expiry_datetime": stamp(expiry),
            "service_status": "active",
            "service_total": invoice.total,
            "service_promotional_code": None,
            "open_invoice_id": None,
        }
        kind = "top_up_and_extension" if is_data else "extension"
        adjustment_id = self.adjust(service, kind, "automatic", changes, invoice_id=invoice.invoice_id)
        if is_data:
            self._deliver_data(service, adjustment_id)
        self.schedule_expiry(service)

    def end_service(self, service: Row, by: Actor) -> list[str]:
        """Cancels at once: proxies are released (their ids returned), stock goes back."""
        released = [row["proxy_id"] for row in self.proxies_of(service["service_id"])]
        for proxy_id in released:
            del self.proxies[proxy_id]
        order = self.orders.get(service["service_id"])
        if order is not None:
            self._take_stock(order, order.quantity)
        changes = {
            "service_status": "canceled",
            "open_invoice_id": None,
            "service_is_cancellable": False,
            "service_is_pending_cancellation": False,
        }
        self.adjust(service, "cancel", by, changes)
        return released

    def _touch(self, service: Row) -> None:
        service["service_last_update_datetime"] = stamp(self.now())

    def adjust(self, service: Row, kind: str, by: Actor, changes: Row, *, invoice_id: str | None = None) -> int:
        """Applies changes to a service and writes them into its audit trail."""
        different = {name: [service.get(name), value] for name, value in changes.items() if service.get(name) != value}
        service.update(changes)
        self._touch(service)
        number = 50_001 + len(self.adjustments)
        self.adjustments.append(
            {
                "service_adjustment_id": number,
                "service_id": service["service_id"],
                "invoice_id": invoice_id,
                "service_adjustment_type": kind,
                "service_adjustment_status": "complete",
                "service_adjustment_is_administrator": by == "administrator",
                "service_adjustment_is_automatic": by == "automatic",
                "service_adjustment_is_customer": by == "customer",
                "service_adjustment_pre": {name: pair[0] for name, pair in different.items()},
                "service_adjustment_post": {name: pair[1] for name, pair in different.items()},
                "service_adjustment_eval": different,
                "service_adjustment_creation_datetime": stamp(self.now()),
                "service_adjustment_last_update_datetime": stamp(self.now()),
            }
        )
        return number

    # Data

    def data_service(self, network: str) -> Row | None:
        """The running service a pool belongs to: the one that lasts longest."""
        return max(self.running(network), key=lambda row: str(row["service_expiry_datetime"]), default=None)

    def running(self, network: str) -> list[Row]:
        return [
            row for row in self.services.values() if row["service_type"] == network and row["service_status"] in LIVE
        ]

    def data_totals(self, network: str) -> tuple[int, int, int]:
        return self.pools[network].totals({row["service_id"] for row in self.running(network)})

    def use(self, network: str, traffic: Traffic, service_id: str | None) -> None:
        """Traffic through a network; data is taken from the service named."""
        if network in self.pools and service_id is not None:
            self.pools[network].use(traffic, service_id, self.now())
        self.logs[network].note(traffic, self.now())

"""The hand that moves the Byteful world from outside: JSON under /control/, and the page on which an invoice is paid.

Loopback only, no keys. GET /control/state, /control/statement (every charge, payment, void, refund and top-up, with
cents), /control/log[?since=N], /control/faults (the names known, and what is on).
POST /control/<name> takes a JSON object of the arguments of the control of that name; the answer is {"ok": true,
"result": ...}; a refusal has the status and {"ok": false, "error": sentence}. `CONTROLS` lists the names; the arguments
are those of the functions it points to, checked against their annotations. Times are ISO 8601, without a zone UTC.

    stock            {"product_code": "isp_us", "stock": 3}                   null: not counted
    price            {"product_code": "isp_us", "unit_amount": 399, "cycle": "1:month"}
    availability     {"product_code": "isp_us", "available": false}
    product/remove   {"product_code": "isp_us"}
    cycle/remove     {"product_code": "isp_us", "cycle": "1:year"}
    promo            {"code": "SPRING", "percent": 15}     or amount; expires_at, max_uses, used, product_types
    promo/expire, promo/exhaust, promo/remove                                 {"code": "WELCOME10"}
    credit           {"cents": 10000}                      the balance is put there, whatever it was
    credit/top-up    {"cents": 10000}                      bought and paid in the dashboard
    invoice/pay, invoice/void                                                 {"invoice_id": "in_..."}
    service/fulfil   {"service_id": "API-1234-5678", "count": 2, "asn_id": 701}   both optional
    service/change   {"service_id": "...", "changes": {"service_status": "paused"}}   a changed service_total or
                     service_quantity is what the next renewal bills
    service/refund   {"service_id": "...", "cents": 500}
    service/replace-proxies {"service_id": "...", "count": 2}
    service/cancel   {"service_id": "..."}
    service/buy      {"body": {as for checkout/create}, "paid": true, "metadata": {}}
    data/use         {"amount_bytes": 1073741824, "network": "residential", "day": "2025-03-24"}; also service_id,
                     requests, proxy_user_id, hostname; the network may be isp or datacenter too
    data/flow        {"network": "isp", "bytes_a_day": 1073741824}      every day by itself; 0 stops it
    clock/advance    {"seconds": 3600}, {"days": 2} or {"months": 1}
    clock/set        {"at": "2025-04-25T14:25:36"}
    clock/freeze     {} or {"at": "..."};   clock/run {}
    fault            {"name": "slow", "endpoint": "checkout/create", "times": 1, "params": {"seconds": 20}}
    fault/clear      {} for all, or {"name": "slow"}, {"endpoint": "checkout/create"}
    settings         any fields of `ProviderSettings`, e.g. {"fulfilment_delay_s": null, "rate_limit": 20}
    reset            {}
"""

from __future__ import annotations

import html
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import asdict, is_dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from pydantic import ValidationError, validate_call
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from playground.provider import ProviderWorld
from playground.provider_faults import FAULTS
from playground.provider_values import Invoice, RefusalError

Control = Callable[..., Any]

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Invoice {invoice_id}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}}
dt{{color:#666}}dd{{margin:0 0 .6rem}}button{{font:inherit;padding:.6rem 1.4rem}}</style>
<h1>Invoice</h1><p>This is the Byteful playground. No money moves.</p>
<dl><dt>Number</dt><dd>{invoice_id}</dd><dt>For</dt><dd>{description}</dd><dt>Total</dt><dd>{total}</dd>
<dt>Account credit</dt><dd>{credit}</dd><dt>To pay</dt><dd><strong>{due}</strong></dd>
<dt>Status</dt><dd>{status}</dd></dl>{button}</html>"""
PAY_BUTTON = '<form method="post" action="/invoice/{invoice_id}/pay"><button>Pay {due}</button></form>'


def controls(world: ProviderWorld) -> dict[str, Control]:
    """Every control by its name."""
    return {
        "stock": world.set_stock,
        "price": world.set_price,
        "availability": world.set_available,
        "product/remove": world.remove_product,
        "cycle/remove": world.remove_cycle,
        "promo": world.set_promo,
        "promo/expire": world.expire_promo,
        "promo/exhaust": world.exhaust_promo,
        "promo/remove": world.remove_promo,
        "credit": world.set_credit,
        "credit/top-up": world.top_up_by_hand,
        "invoice/pay": world.pay,
        "invoice/void": world.void,
        "service/fulfil": world.fulfil_service,
        "service/change": world.change_service,
        "service/replace-proxies": world.replace_proxies,
        "service/cancel": world.cancel_service,
        "service/refund": world.refund,
        "service/buy": world.buy_by_hand,
        "data/use": world.use_data,
        "data/flow": world.set_traffic,
        "clock/advance": world.advance,
        "clock/set": world.set_clock,
        "clock/freeze": world.freeze,
        "clock/run": world.run_clock,
        "fault": world.set_fault,
        "fault/clear": world.faults.clear,
        "settings": world.change_settings,
        "reset": world.reset,
    }


def control_routes(world: ProviderWorld) -> list[BaseRoute]:
    """The controls below /control, and the invoice page."""
    return [Mount("/control", routes=steering_routes(world)), *_invoice_routes(world)]


def steering_routes(world: ProviderWorld, after: Callable[[], None] = lambda: None) -> list[BaseRoute]:
    """Reads and one route per control, to be mounted anywhere; `after` is called once a control has done its work."""

    async def state(_request: Request) -> Response:
        return _json(world.state())

    async def statement(_request: Request) -> Response:
        world.settle()
        return _json({"lines": world.statement.rows(), "balance": world.credit_balance})

    async def log(request: Request) -> Response:
        since = int(request.query_params.get("since", "0"))
        entries = [asdict(entry) for entry in world.log if entry.number > since]
        counters = {
            "requests_received": world.requests_received,
            "creates_received": world.creates_received,
            "creates_effective": world.creates_effective,
        }
        return _json({"entries": entries, **counters})

    async def faults(_request: Request) -> Response:
        known = {name: {"does": does, "params": params} for name, (does, params) in FAULTS.items()}
        return _json({"known": known, "on": world.faults.rows()})

    async def unknown(_request: Request) -> Response:
        raise RefusalError(404, "There is no such control.")

    reads = {"state": state, "statement": statement, "log": log, "faults": faults}
    return [
        *(Route(f"/{name}", _guarded(read), methods=["GET"]) for name, read in reads.items()),
        *(
            Route(f"/{name}", _guarded(_control_endpoint(control, after)), methods=["POST"])
            for name, control in controls(world).items()
        ),
        Route("/{rest:path}", _guarded(unknown), methods=["GET", "POST"]),
    ]


RequestHandler = Callable[[Request], Awaitable[Response]]


def _guarded(handler: RequestHandler) -> RequestHandler:
    """Only this machine, and no page of a foreign origin; refusals become JSON."""

    async def guarded(request: Request) -> Response:
        client = request.client.host if request.client else "127.0.0.1"
        origin = request.headers.get("origin")
        hosts = [client, request.url.hostname, *([urlsplit(origin).hostname] if origin is not None else [])]
        if not all(_is_loopback(host) for host in hosts):
            return _json({"ok": False, "error": "Controls are for this machine only."}, 403)
        try:
            return await handler(request)
        except RefusalError as refusal:
            return _json({"ok": False, "error": refusal.message}, refusal.status)
        except (ValidationError, ValueError) as problem:
            return _json({"ok": False, "error": str(problem)}, 400)

    return guarded


def _is_loopback(host: str | None) -> bool:
    if host in {"localhost", "testserver", "testclient"}:
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _control_endpoint(control: Control, after: Callable[[], None]) -> RequestHandler:
    async def endpoint(request: Request) -> Response:
        body = msgspec.json.decode(await request.body() or b"{}")
        if not isinstance(body, dict):
            raise RefusalError(400, "The body must be a JSON object.")
        result = _plain(validate_call(control)(**body))
        after()
        return _json({"ok": True, "result": result})

    return endpoint


def _plain(result: Any) -> Any:
    if isinstance(result, Invoice):
        return asdict(result) | {"due": result.due}
    return asdict(result) if is_dataclass(result) and not isinstance(result, type) else result


def _default(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def _json(payload: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(payload, enc_hook=_default), status, media_type="application/json")


def _invoice_routes(world: ProviderWorld) -> list[BaseRoute]:
    def invoice_of(request: Request) -> Invoice:
        world.settle()
        invoice = world.invoices.get(request.path_params["invoice_id"])
        if invoice is None:
            raise RefusalError(404, "There is no such invoice.")
        return invoice

    async def show(request: Request) -> Response:
        return HTMLResponse(invoice_page(invoice_of(request)), headers=PAGE_HEADERS)

    async def pay(request: Request) -> Response:
        invoice = invoice_of(request)
        if invoice.status == "open":
            world.pay(invoice.invoice_id)
        return RedirectResponse(f"/invoice/{invoice.invoice_id}", 303, headers=PAGE_HEADERS)

    return [
        Route("/invoice/{invoice_id}", _guarded(show), methods=["GET"]),
        Route("/invoice/{invoice_id}/pay", _guarded(pay), methods=["POST"]),
    ]


def _dollars(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02d}"


def invoice_page(invoice: Invoice) -> str:
    due = _dollars(invoice.due)
    return PAGE.format(
        invoice_id=html.escape(invoice.invoice_id),
        description=html.escape(invoice.description),
        total=_dollars(invoice.total),
        credit=_dollars(invoice.credit_applied),
        due=due,
        status=invoice.status,
        button=PAY_BUTTON.format(invoice_id=invoice.invoice_id, due=due) if invoice.status == "open" else "",
    )

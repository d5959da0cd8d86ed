"""Credit and data of the account: what is there, what is used, what is left, and how long it lasts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from bot.blocks import alerts, kit, text
from bot.blocks.ids import Action
from bot.blocks.kit import Element, Message
from bot.domain.ids import ServiceId
from bot.domain.money import Cents
from bot.domain.request import FINAL, PurchaseRequest
from bot.domain.runway import Burn, Runway
from bot.domain.usage import DataPool

BAR_CELLS = 20


def credit(
    balance: Cents,
    open_requests: Sequence[PurchaseRequest] = (),
    *,
    runway: Runway | None = None,
    top_up: Cents | None = None,
    as_of: datetime | None = None,
    unpriced: Collection[ServiceId] = (),
) -> Message:
    """The balance, how long it lasts (`runway` None: not known yet), and what is asked for and not yet bought.

    `top_up` is what the coming weeks need; `as_of` is set when the balance could not be read just now. What a single
    service among `unpriced` costs is left out.
    """
    lines = [f"*Account credit: {text.money(balance)}*"]
    if as_of:
        lines.append(f":warning: Byteful does not give it now. This is what it was {text.when(as_of)}.")
    lines += alerts.runway_lines(runway, unpriced, listed=runway.charges) if runway else []
    undecided = [request for request in open_requests if request.state not in FINAL and _costs(request)]
    if undecided:
        together = text.money(sum(request.quote.total for request in undecided))
        asked = text.plural(len(undecided), "open request", "open requests")
        lines.append(f"{asked}, {together} in total, would use it first.")
    lines.append("Credit pays for purchases first; the rest comes as an invoice.")
    said = "\n".join(lines)
    coming = _coming(runway, unpriced)
    offered = [
        _top_up(top_up),
        kit.button("Services", Action.SHOW_SERVICES, "all:0"),
        kit.button("Requests", Action.SHOW_REQUESTS),
    ]
    blocks = [kit.section(said), *([kit.section(coming)] if coming else []), kit.actions(*offered)]
    return kit.message(f"{said}\n{coming}".strip(), *blocks)


def _costs(request: PurchaseRequest) -> bool:
    return not (request.selection.is_top_up or request.selection.is_about_renewal)


def _top_up(cents: Cents | None) -> Element:
    return alerts.top_up_button(cents) if cents else kit.button("Top up", Action.OPEN_TOPUP)


def _coming(runway: Runway | None, unpriced: Collection[ServiceId]) -> str:
    """The charges after the next one, which has a line of its own."""
    if runway is None or len(runway.charges) < 2:
        return ""
    return "\n".join(["*After that*", *(f"• {alerts.charge_words(charge, unpriced)}" for charge in runway.charges[1:])])


def data(
    pools: Sequence[tuple[DataPool, Burn, datetime | None]],
    as_of: datetime | None = None,
    renewing: Collection[ServiceId] = (),
) -> Message:
    """Data used and left, one network after the other, each with what is used a day and until when it lasts.

    `as_of` is set when it could not be read just now; `renewing` are the services that renew.
    """
    if not pools:
        said = "No data has been bought yet."
        return kit.message(said, kit.section(said), kit.actions(kit.button("Ask for proxies", Action.OPEN_FORM)))
    shown = [
        _pool(pool, burning, lasts_until, renews=pool.service_id in renewing)
        for pool, burning, lasts_until in pools[:10]
    ]
    blocks = [
        kit.section(f"{said}\n`{bar(pool.used_bytes, pool.total_bytes)}`", alerts.more_data_button(pool.network))
        for (pool, _, _), said in zip(pools, shown, strict=False)
    ]
    if as_of:
        note = f":warning: Byteful does not say now. This is what it was {text.when(as_of)}."
        return kit.message("\n".join([*shown, note]), *blocks, kit.context(note))
    return kit.message("\n".join(shown), *blocks)


def bar(used: int, total: int) -> str:
    """Used over total as text. Full only when everything is used, empty only when nothing is."""
    if total <= 0:
        return "░" * BAR_CELLS
    cells = min(max(used, 0) * BAR_CELLS // total, BAR_CELLS)
    filled = max(cells, 1) if used > 0 else 0
    return "▓" * filled + "░" * (BAR_CELLS - filled)


def _pool(pool: DataPool, burning: Burn, lasts_until: datetime | None, *, renews: bool) -> str:
    lines = [
        f"*{alerts.NETWORKS[pool.network]} data: {text.data_words(pool.left_bytes)} left*",
        f"{text.data_words(pool.used_bytes)} of {text.data_words(pool.total_bytes)} used · "
        f"{text.plural(pool.requests, 'request', 'requests')}",
    ]
    if burning.bytes_a_day:
        lasts = f"lasts until {text.utc_day(lasts_until)}" if lasts_until else "lasts for more than a year"
        lines.append(f"{text.pace(burning.bytes_a_day, burning.days)}: {lasts}")
    if pool.expires_at:
        lines.append(f"{'Renews' if renews else 'Ends'} {text.when(pool.expires_at)}")
    if pool.service_id:
        lines.append(f"Service ID {text.code(pool.service_id)}")
    return "\n".join(lines)

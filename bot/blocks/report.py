"""Credit and data of the account: what is there, what is used, what is left."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks import kit, text
from bot.blocks.ids import Action
from bot.blocks.kit import Message
from bot.domain.money import Cents
from bot.domain.request import FINAL, PurchaseRequest
from bot.domain.usage import DataPool, Network

BAR_CELLS = 20
_NETWORKS = {Network.RESIDENTIAL: "Residential", Network.MOBILE: "Mobile"}


def credit(balance: Cents, open_requests: Sequence[PurchaseRequest] = ()) -> Message:
    """The balance, and what is asked for and not yet bought."""
    lines = [f"*Account credit: {text.money(balance)}*"]
    undecided = [request for request in open_requests if request.state not in FINAL and not request.selection.is_top_up]
    if undecided:
        together = text.money(sum(request.quote.total for request in undecided))
        asked = text.plural(len(undecided), "open request", "open requests")
        lines.append(f"{asked}, {together} in total, would use it first.")
    lines.append("Credit pays for purchases first; the rest comes as an invoice.")
    said = "\n".join(lines)
    offered = kit.button("Top up", Action.OPEN_TOPUP), kit.button("Requests", Action.SHOW_REQUESTS)
    return kit.message(said, kit.section(said), kit.actions(*offered))


def data(pools: Sequence[DataPool]) -> Message:
    """Data used and left, one network after the other."""
    if not pools:
        said = "No data has been bought yet."
        return kit.message(said, kit.section(said), kit.actions(kit.button("Ask for proxies", Action.OPEN_FORM)))
    shown = [_pool(pool) for pool in pools[:10]]
    blocks = [
        kit.section(f"{said}\n`{bar(pool.used_bytes, pool.total_bytes)}`")
        for pool, said in zip(pools, shown, strict=False)
    ]
    return kit.message("\n".join(shown), *blocks)


def bar(used: int, total: int) -> str:
    """Used over total as text. Full only when everything is used, empty only when nothing is."""
    if total <= 0:
        return "░" * BAR_CELLS
    cells = min(max(used, 0) * BAR_CELLS // total, BAR_CELLS)
    filled = max(cells, 1) if used > 0 else 0
    return "▓" * filled + "░" * (BAR_CELLS - filled)


def _pool(pool: DataPool) -> str:
    lines = [
        f"*{_NETWORKS[pool.network]} data: {text.data_words(pool.left_bytes)} left*",
        f"{text.data_words(pool.used_bytes)} of {text.data_words(pool.total_bytes)} used · "
        f"{text.plural(pool.requests, 'request', 'requests')}",
    ]
    if pool.expires_at:
        lines.append(f"Ends {text.when(pool.expires_at)}")
    if pool.service_id:
        lines.append(f"Service ID {text.code(pool.service_id)}")
    return "\n".join(lines)

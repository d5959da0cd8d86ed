"""Trouble by name, for a person at the page: one table of switches over the faults and changes of both worlds.

Switching on returns the way back, and switching off takes it: what was set aside is put back, what people did in
between stays. A switch whose world is not here is listed as unavailable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from playground.provider import ProviderWorld
from playground.provider_values import Price, Product, Promo, Tier
from playground.workspace import Workspace
from playground.workspace_changes import Changes
from playground.workspace_faults import Fault
from playground.workspace_model import Channel, ImpossibleError
from playground.workspace_schema import Json

SLOW_S = 4.0
HOLD_S = 60.0
RETRY_AFTER_S = 2
PRICE_RISE_PERCENT = 25

Undo = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Backstage:
    """What the show has beside the workspace; each may be missing."""

    provider: ProviderWorld | None = None
    restart_redis: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Hands:
    """What the switches reach."""

    ws: Workspace
    changes: Changes
    behind: Backstage


@dataclass(frozen=True)
class Switch:
    name: str
    label: str
    explanation: str
    flip: Callable[[Hands], Awaitable[Undo | None]]
    needs: str = ""  # "provider" or "redis"

    def is_available(self, hands: Hands) -> bool:
        match self.needs:
            case "provider":
                return hands.behind.provider is not None
            case "redis":
                return hands.behind.restart_redis is not None
        return True


class Chaos:
    """Which switches are on, and the way back from each."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._on: dict[str, Undo] = {}

    def listed(self) -> list[Json]:
        return [
            {
                "name": switch.name,
                "label": switch.label,
                "explanation": switch.explanation,
                "on": switch.name in self._on,
                "is_available": switch.is_available(self._hands),
                "is_momentary": switch.name in MOMENTARY,
            }
            for switch in SWITCHES
        ]

    async def turn(self, name: str, on: bool) -> None:
        """Switch on or off. Raises ImpossibleError for an unknown or unavailable switch."""
        switch = _BY_NAME.get(name)
        if switch is None:
            raise ImpossibleError(f"there is no switch called {name}")
        if not switch.is_available(self._hands):
            raise ImpossibleError(f"“{switch.label}” needs more than this playground runs")
        if on and name not in self._on:
            undo = await switch.flip(self._hands)
            if undo is not None:
                self._on[name] = undo
        elif not on and name in self._on:
            await self._on.pop(name)()
        self._hands.ws.changed()

    async def all_off(self) -> None:
        for name in list(self._on):
            await self.turn(name, False)


# --- the ways trouble is made


def _byteful_fault(name: str, endpoint: str = "*", **params: Any) -> Callable[[Hands], Awaitable[Undo]]:
    async def flip(hands: Hands) -> Undo:
        faults = _provider(hands).faults
        fault = faults.set(name, endpoint=endpoint, **params)

        async def undo() -> None:
            faults.remove(fault)

        return undo

    return flip


def _slack_fault(name: str) -> Callable[[Hands], Awaitable[Undo]]:
    async def flip(hands: Hands) -> Undo:
        fault = Fault(name, times=None)
        hands.ws.faults.add(fault)

        async def undo() -> None:
            hands.ws.faults.remove(fault)

        return undo

    return flip


def _provider(hands: Hands) -> ProviderWorld:
    assert hands.behind.provider is not None
    return hands.behind.provider


async def _stock_gone(hands: Hands) -> Undo:
    world = _provider(hands)
    before = {code: product.stock for code, product in world.products.items()}
    for code in before:
        world.set_stock(code, 0)

    async def undo() -> None:
        for code, stock in before.items():
            if code in world.products:
                returned = world.products[code].stock or 0
                world.set_stock(code, None if stock is None else stock + returned)

    return undo


async def _price_moved(hands: Hands) -> Undo:
    world = _provider(hands)
    before = dict(world.products)
    dearer = {code: replace(product, prices=_raised(world, product)) for code, product in before.items()}
    world.products.update(dearer)

    async def undo() -> None:
        for code, product in before.items():
            now = world.products.get(code)
            if now is not None and now.prices is dearer[code].prices:
                world.products[code] = replace(now, prices=product.prices)

    return undo


def _raised(world: ProviderWorld, product: Product) -> tuple[Price, ...]:
    return tuple(
        replace(
            price,
            price_id=world.mint.stripe("price"),
            tiers=tuple(Tier(tier.up_to, -(-tier.amount * (100 + PRICE_RISE_PERCENT) // 100)) for tier in price.tiers),
        )
        for price in product.prices
    )


async def _promo_expired(hands: Hands) -> Undo:
    world = _provider(hands)
    before: dict[str, Promo] = dict(world.promos)
    for code in before:
        world.expire_promo(code)

    async def undo() -> None:
        for code, promo in before.items():
            if code in world.promos:
                world.promos[code] = replace(world.promos[code], expires_at=promo.expires_at)

    return undo


async def _credit_short(hands: Hands) -> Undo:
    world = _provider(hands)
    world.settle()
    set_aside = world.credit_balance
    world.set_credit(0)

    async def undo() -> None:
        world.set_credit(world.credit_balance + set_aside)

    return undo


async def _bot_removed(hands: Hands) -> Undo:
    bot = hands.ws.app.bot_user
    left = [one for one in hands.ws.channels.values() if _has_member(one, bot)]
    for channel in left:
        await hands.changes.remove_from_channel(channel.id, bot)

    async def undo() -> None:
        for channel in left:
            await hands.changes.add_to_channel(channel.id, bot)

    return undo


def _has_member(channel: Channel, person: str) -> bool:
    return person in channel.members and not channel.is_dm and not channel.is_archived


async def _token_revoked(hands: Hands) -> Undo:
    await hands.changes.revoke_token()

    async def undo() -> None:
        await hands.changes.revoke_token(is_revoked=False)

    return undo


async def _redis_restarted(hands: Hands) -> None:
    assert hands.behind.restart_redis is not None
    await hands.behind.restart_redis()


_SOLD = "checkout/create"
SWITCHES: tuple[Switch, ...] = (
    Switch(
        "slow",
        "Byteful is slow",
        f"Every answer of Byteful takes {SLOW_S:.0f} seconds. Slack waits three for the bot.",
        _byteful_fault("slow", seconds=SLOW_S),
        "provider",
    ),
    Switch(
        "rate-limited",
        "Too many requests (429)",
        f"Byteful turns every request away with 429 and asks for {RETRY_AFTER_S} seconds of patience.",
        _byteful_fault("rate_limited", seconds=RETRY_AFTER_S, with_header=True),
        "provider",
    ),
    Switch(
        "500-after-charge",
        "Error after the purchase (500)",
        "Byteful takes the order and the money, then answers 500.",
        _byteful_fault("server_error_after_charge", _SOLD),
        "provider",
    ),
    Switch(
        "timeout-after-charge",
        "Silence after the purchase",
        "Byteful takes the order and the money, then never answers.",
        _byteful_fault("timeout_after_charge", _SOLD, seconds=HOLD_S),
        "provider",
    ),
    Switch("stock-gone", "Out of stock", "Every product is sold out.", _stock_gone, "provider"),
    Switch(
        "price-moved",
        "Prices went up",
        f"Everything costs {PRICE_RISE_PERCENT} % more than it did a moment ago.",
        _price_moved,
        "provider",
    ),
    Switch("promo-expired", "Promo codes expired", "Every promotional code ended now.", _promo_expired, "provider"),
    Switch(
        "credit-short",
        "Account credit used up",
        "The Byteful account holds no credit: purchases leave an invoice to pay.",
        _credit_short,
        "provider",
    ),
    Switch(
        "bot-removed-from-channel",
        "Bot removed from its channels",
        "Somebody takes the bot out of every channel it is in.",
        _bot_removed,
    ),
    Switch(
        "token-revoked", "Slack token revoked", "Slack refuses every call of the bot: token_revoked.", _token_revoked
    ),
    Switch(
        "duplicate-deliveries",
        "Everything arrives twice",
        "Slack delivers every command, click and event two times at once.",
        _slack_fault("duplicate_delivery"),
    ),
    Switch(
        "dropped-ack",
        "Answers to Slack get lost",
        "The bot does its work, but Slack never hears the acknowledgement and shows an error.",
        _slack_fault("dropped_ack"),
    ),
    Switch(
        "provider-down", "Byteful is down", "Every connection to Byteful breaks.", _byteful_fault("down"), "provider"
    ),
    Switch(
        "redis-restarted",
        "Redis restarts",
        "The store stops and starts again, once. What was confirmed must still be there.",
        _redis_restarted,
        "redis",
    ),
)
MOMENTARY = frozenset({"redis-restarted"})
_BY_NAME = {switch.name: switch for switch in SWITCHES}

"""The rows of menus that are filled while a person types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from bot.blocks import kit, limits, text
from bot.blocks.ids import ANYWHERE
from bot.domain.catalog import Product
from bot.domain.ids import ProductCode
from bot.domain.typeahead import fold
from bot.ports import PlaceOption

BOUGHT_BEFORE = "Bought here before"


def product_options(
    products: Iterable[Product],
    query: str,
    bought: Collection[ProductCode] = frozenset(),
    *,
    country_name: Callable[[str], str | None],
) -> dict[str, Any]:
    """Products that hold every typed word: those bought here first, then the others in groups by type.

    A country is found by its code, by its name as `country_name` has it, and by that name's initials: `uk`.
    No match is an empty list, which Slack words itself.
    """
    typed = fold(query).split()
    found = [product for product in products if _fits(product, typed, country_name)]
    found.sort(key=lambda one: (one.code not in bought, one.type, one.stock == 0, one.name.casefold(), one.code))
    shown = found[: limits.OPTIONS]
    if not shown:
        return {"options": []}
    taken: set[str] = set()
    groups: dict[str, list[kit.Element]] = {}
    for product in shown:
        kind = BOUGHT_BEFORE if product.code in bought else product.type
        groups.setdefault(kind, []).append(_distinct(product_option(product), taken))
    more = f" · first {len(shown)} of {len(found)}, type more" if len(found) > len(shown) else ""
    return {"option_groups": [kit.group(f"{_type(kind, more)}{more}", options) for kind, options in groups.items()]}


def product_option(product: Product) -> kit.Element:
    return kit.option(text.plain(text.product_label(product), limits.OPTION), product.code, _about(product))


def place_options(places: Sequence[PlaceOption], *, offers_anywhere: bool = True) -> dict[str, Any]:
    """The found rows, each value once. The first row takes a choice back, as Slack's menus cannot be emptied.

    Where there may be more than a menu holds, a heading says so.
    """
    rows = {place.value: place_option(place.value, place.label) for place in places if _is_usable(place.value)}
    anywhere = [kit.option("Anywhere", ANYWHERE)] if offers_anywhere else []
    shown = [*anywhere, *rows.values()][: limits.OPTIONS]
    if len(shown) < limits.OPTIONS:
        return {"options": shown}
    return {"option_groups": [kit.group(f"First {len(shown)}, type more to find others", shown)]}


def place_option(value: str, label: str) -> kit.Element:
    return kit.option(text.plain(label, limits.OPTION) or value, value)


def stock(product: Product) -> str:
    if product.stock is None:
        return "sold as data, no stock limit" if not product.is_per_ip else "stock not counted"
    return f"{product.stock:,} in stock" if product.stock else "out of stock"


def _fits(product: Product, typed: Sequence[str], country_name: Callable[[str], str | None]) -> bool:
    if product.is_credit or not product.is_available or not _is_usable(product.code):
        return False
    country = product.country_id or ""
    words = fold(f"{product.name} {product.code} {product.type} {country} {product.protocol or ''}")
    named = _ways_to_name(country_name(country) or "")
    return all(word in words or any(way.startswith(word) for way in named) for word in typed)


def _ways_to_name(country: str) -> list[str]:
    """By their beginnings alone, or `us` would find Australia."""
    words = fold(country).split()
    return [*words, "".join(word[0] for word in words)] if len(words) > 1 else words


def _is_usable(value: str) -> bool:
    return 0 < len(value) <= limits.OPTION_VALUE


def _about(product: Product) -> str:
    cycles = ", ".join(text.cycle_words(cycle) for cycle in sorted(product.cycles)[:3])
    return text.plain(f"{stock(product)} · {cycles}" if cycles else stock(product), limits.OPTION)


def _distinct(row: kit.Element, taken: set[str]) -> kit.Element:
    """Two products whose names look the same once cut are told apart by their codes."""
    label, code = row["text"]["text"], row["value"]
    if label in taken:
        label = f"{text.cut(label, max(limits.OPTION - len(code) - 3, 1))} ({code})"
        row = {**row, "text": kit.plain(label, limits.OPTION)}
    taken.add(label)
    return row


_TYPES = {"isp": "ISP", "datacenter": "Datacenter", "residential": "Residential", "mobile": "Mobile"}


def _type(kind: str, beside: str) -> str:
    return text.plain(_TYPES.get(kind, kind) or "Other", limits.OPTION - len(beside))

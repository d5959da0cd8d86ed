"""A one-line order in words: `isp_us 5 1:month WELCOME10 asn:7018 for scraping`.

Nothing is guessed: a word that fits nothing is named, with the nearest words that would.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import ceil, floor

from msgspec import Struct, field
from msgspec.structs import replace

from bot.domain.catalog import MAX_PROMO, Catalog, Cycle, Filter, Product
from bot.domain.draft import Draft
from bot.domain.ids import ProductCode
from bot.domain.typeahead import nearest
from bot.handlers.parse import whole_number

PLACES = {
    "asn": "asn_id",
    "subdivision": "subdivision_id",
    "region": "subdivision_id",
    "state": "subdivision_id",
    "city": "city_id",
}
PROMO_WORDS = ("promo", "code")
_UNITS = r"(?:x|gb|g|ips?|proxies)?"
_QUANTITY = re.compile(rf"^x?([\d,]{{1,15}}){_UNITS}$", re.IGNORECASE)
_NUMBER = re.compile(rf"^[+-]?(\d{{1,12}}(?:[.,]\d{{1,9}})?){_UNITS}$", re.IGNORECASE)
_PROMO = re.compile(r"^[A-Z][A-Z0-9_-]{2,}$")
_LIKE_PROMO = re.compile(r"^[a-z][a-z_-]*[0-9][a-z0-9_-]*$", re.IGNORECASE)
_KEYED = re.compile(r"^([a-z]+)[:=](.+)$", re.IGNORECASE)


class UnknownWord(Struct, frozen=True):
    """`nearest` holds the words that could have been meant, best first."""

    word: str
    nearest: tuple[str, ...]


class Wording(Struct, frozen=True):
    """A parsed line: what it chose, and what stands in the way."""

    draft: Draft
    unknown: UnknownWord | None = None
    problems: dict[str, str] = field(default_factory=dict)


def read(text: str, draft: Draft, catalog: Catalog) -> Wording:
    """The draft with what the line says. Reading stops at the first word that fits nothing."""
    words, reason = _split_reason(text)
    draft = replace(draft, reason=reason or draft.reason)
    if not words:
        return Wording(draft)
    product, words = _product(words, catalog)
    if product is None:
        return Wording(draft, UnknownWord(words[0], _nearest_products(words, catalog)))
    draft = replace(draft, product_code=product.code)
    rest = iter(words)
    for word in rest:
        taken = _take(word, rest, draft, product)
        if isinstance(taken, UnknownWord):
            return Wording(draft, taken)
        draft = taken
    if draft.cycle is None and product.cycles:
        draft = replace(draft, cycle=product.cycles[0])
    return Wording(draft)


def _split_reason(text: str) -> tuple[list[str], str]:
    """What stands before ` for ` word by word, and what comes after it as it is."""
    head, _, reason = f" {text.strip()}".partition(" for ")
    return head.split(), reason.strip()


def _product(words: list[str], catalog: Catalog) -> tuple[Product | None, list[str]]:
    """The product the line begins with, in as many as three words: `isp us` is `isp_us`."""
    for length in (3, 2, 1):
        code = ProductCode("_".join(words[:length]).lower().replace("-", "_"))
        if len(words) >= length and code in catalog:
            return catalog[code], words[length:]
    return None, words


def _nearest_products(words: list[str], catalog: Catalog) -> tuple[str, ...]:
    both = "_".join(words[:2]).lower()
    found = (*nearest(words[0].lower(), list(catalog)), *nearest(both, list(catalog)))
    return tuple(dict.fromkeys(found))[:3]


def _take(word: str, rest: object, draft: Draft, product: Product) -> Draft | UnknownWord:
    """The draft with one more word read; `rest` gives the next word to those that need one."""
    if word.lower() in PROMO_WORDS:
        code = next(rest, None)  # type: ignore[call-overload]
        return replace(draft, promo_code=code[:MAX_PROMO]) if code else UnknownWord(word, ("promo CODE",))
    if draft.quantity is None and (match := _QUANTITY.match(word)) and (number := whole_number(match[1])) is not None:
        return replace(draft, quantity=number)
    if cycle := _cycle(word):
        return replace(draft, cycle=cycle)
    if match := _KEYED.match(word):
        return _take_keyed(word, match[1].lower(), match[2], draft)
    if _PROMO.match(word) and draft.promo_code is None:
        return replace(draft, promo_code=word[:MAX_PROMO])
    return UnknownWord(word, _nearest_words(word, draft, product))


def _cycle(word: str) -> Cycle | None:
    """`1:month`, `3m`, `monthly`; a bare letter is too little to mean anything."""
    return Cycle.parse(word) if len(word) > 1 else None


def _take_keyed(word: str, key: str, value: str, draft: Draft) -> Draft | UnknownWord:
    if key in PROMO_WORDS:
        return replace(draft, promo_code=value[:MAX_PROMO])
    name = PLACES.get(key)
    if name is None:
        return UnknownWord(word, tuple(f"{near}:{value}" for near in nearest(key, [*PLACES, *PROMO_WORDS])))
    if name == "subdivision_id":
        return replace(draft, filter=replace(draft.filter, subdivision_id=value.lower()))
    digits = value.upper().removeprefix("AS")
    if not (digits.isdecimal() and len(digits) <= 10):
        return UnknownWord(word, (f"{key}:7018",) if name == "asn_id" else (f"{key}:75202",))
    return replace(draft, filter=_with_place(draft.filter, name, int(digits)))


def _with_place(chosen: Filter, name: str, number: int) -> Filter:
    return replace(chosen, asn_id=number) if name == "asn_id" else replace(chosen, city_id=number)


def _nearest_words(word: str, draft: Draft, product: Product) -> tuple[str, ...]:
    if draft.quantity is None and (whole := _whole_numbers(word)):
        return whole
    reason = () if draft.reason else ("for REASON",)
    known = [*(str(cycle) for cycle in product.cycles), "promo CODE", "asn:7018", "subdivision:us-tx", *reason]
    found = tuple(nearest(word.lower(), known)) or reason
    if not _LIKE_PROMO.match(word):
        return found
    in_capitals = () if draft.promo_code else (word.upper(),)
    return (*in_capitals, f"promo {word}", *found)[:3]


def _whole_numbers(word: str) -> tuple[str, ...]:
    """Those next to a number that is none or less than nothing."""
    match = _NUMBER.match(word)
    if match is None:
        return ()
    number = Decimal(match[1].replace(",", "."))
    return tuple(dict.fromkeys(str(one) for one in (floor(number), ceil(number)) if one > 0))

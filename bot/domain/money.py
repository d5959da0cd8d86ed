"""Money is a whole number of US cents, from the provider's answer to the text on a card.

The provider names no currency and documents cents (Byteful docs). Formatting happens in `blocks/text.py` alone.
"""

from __future__ import annotations

import re
from decimal import Decimal

Cents = int
"""US cents. A plain int, so that arithmetic stays arithmetic."""

CENTS_PER_DOLLAR = 100
_DOLLARS = re.compile(r"^\$?\s*(\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.(\d{1,2}))?\s*(?:usd|dollars?)?$", re.IGNORECASE)


def parse_dollars(text: str) -> Cents | None:
    """Cents for what a person typed (`50`, `$50`, `1,250.5`, `50 usd`), or None when it is no amount."""
    match = _DOLLARS.match(text.strip())
    if match is None:
        return None
    whole, fraction = match.groups()
    return int(Decimal(f"{whole.replace(',', '')}.{fraction or 0}") * CENTS_PER_DOLLAR)


def share_of(amount: Cents, percent: Decimal) -> Cents:
    """`percent` per cent of an amount, rounded down: a tolerance never grows by rounding."""
    return int(amount * percent / 100)

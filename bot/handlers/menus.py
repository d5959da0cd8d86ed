"""The rows of a form's searchable menus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.blocks.choices import place_options, product_options
from bot.domain.catalog import Field
from bot.domain.errors import StoreUnavailableError
from bot.domain.ids import ProductCode
from bot.handlers.drafts import new_draft
from bot.handlers.front import Front
from bot.handlers.parse import actor, chosen
from bot.usecases import submit


async def options(front: Front, body: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of a menu for what was typed so far. From memory, but for what was bought here before.

    An empty list when nothing is known yet.
    """
    name, query = str(body.get("action_id", "")), str(body.get("value") or "")
    catalog = await front.desk.provider.catalog()
    if name == Field.PRODUCT:
        return product_options(
            catalog.values(), query, await _bought(front, body), country_name=front.desk.provider.places.country
        )
    view = body.get("view") or {}
    draft = chosen(new_draft(actor(body)), view)
    product = submit.product_of(draft, catalog)
    country, places = product.country_id if product else None, front.desk.provider.places
    match name:
        case Field.ASN:
            found = places.search_asns(query, country)
        case Field.SUBDIVISION:
            found = places.search_subdivisions(query, country)
        case Field.CITY:
            found = places.search_cities(query, country, draft.filter.subdivision_id)
        case _:
            return {"options": []}
    return place_options(found, offers_anywhere=bool(found) or not query.strip())


async def _bought(front: Front, body: Mapping[str, Any]) -> frozenset[ProductCode]:
    """While the store is away no product comes before the others."""
    try:
        return await front.desk.store.bought(actor(body).workspace)
    except StoreUnavailableError:
        return frozenset()

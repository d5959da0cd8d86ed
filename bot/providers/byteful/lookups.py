"""The rows of the four lookup tables as Byteful words them, each checked as it comes in."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictStr

from bot.providers.byteful.shapes import Shape
from bot.providers.byteful.values import Lower, PlaceId, clean

Name = Annotated[StrictStr, AfterValidator(clean)]
Number = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
"""An id of any meaning; it has to fit into a flat array."""


class CountryRow(Shape):
    country_id: PlaceId
    country_name: Name


class SubdivisionRow(Shape):
    subdivision_id: PlaceId
    subdivision_name: Name
    country_id: PlaceId


class CityRow(Shape):
    """A city hangs on its subdivision; it names no country (Byteful docs)."""

    city_id: Number
    city_name: Name
    subdivision_id: PlaceId


class AsnRow(Shape):
    asn_id: Number
    asn_name: Name
    country_id: Lower = None

"""The four lookup tables as read from Byteful, before they are indexed: their rows, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StrictStr

from bot.providers.byteful.shapes import Shape
from bot.providers.byteful.values import Lower, PlaceId


class CountryRow(Shape):
    country_id: PlaceId
    country_name: StrictStr


class SubdivisionRow(Shape):
    subdivision_id: PlaceId
    subdivision_name: StrictStr
    country_id: PlaceId


class CityRow(Shape):
    """A city hangs on its subdivision; it names no country (Byteful docs)."""

    city_id: Annotated[int, Field(strict=True)]
    city_name: StrictStr
    subdivision_id: PlaceId


class AsnRow(Shape):
    asn_id: Annotated[int, Field(strict=True)]
    asn_name: StrictStr
    country_id: Lower = None


@dataclass(frozen=True, slots=True)
class Rows:
    countries: list[CountryRow]
    subdivisions: list[SubdivisionRow]
    asns: list[AsnRow]
    cities: list[CityRow]

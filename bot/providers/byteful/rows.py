"""The four lookup tables as read from Byteful, before they are indexed."""

from __future__ import annotations

from dataclasses import dataclass

from bot.providers.byteful.wire import AsnRow, CityRow, CountryRow, SubdivisionRow


@dataclass(frozen=True, slots=True)
class Rows:
    countries: list[CountryRow]
    subdivisions: list[SubdivisionRow]
    asns: list[AsnRow]
    cities: list[CityRow]

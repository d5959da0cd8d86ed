"""Networks and places in memory: found, labelled, checked, and never half loaded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.domain.catalog import Filter
from bot.domain.errors import ProviderError
from bot.ports import Answered, Urgency
from bot.providers.byteful.client import open_client
from bot.providers.byteful.exchange import Timing
from bot.providers.byteful.lookups import AsnRow, CityRow, CountryRow, Rows, SubdivisionRow
from bot.providers.byteful.places import REFRESH_JITTER, RETRY_AFTER_S, BytefulPlaces, Tables
from playground.provider import ProviderWorld
from playground.provider_server import running_provider


async def no_pace(urgency: Urgency) -> Answered:
    """As fast as it goes."""
    return lambda: None


def rows() -> Rows:
    return Rows(
        countries=[
            CountryRow(country_id="us", country_name="United States"),
            CountryRow(country_id="FR", country_name="France"),
        ],
        subdivisions=[
            SubdivisionRow(subdivision_id="us-tx", subdivision_name="Texas", country_id="us"),
            SubdivisionRow(subdivision_id="US-CA", subdivision_name="California", country_id="US"),
            SubdivisionRow(subdivision_id="fr-idf", subdivision_name="Île-de-France", country_id="fr"),
        ],
        asns=[
            AsnRow(asn_id=7018, asn_name="AT&T", country_id="us"),
            AsnRow(asn_id=70, asn_name="Attica & Sons <Ltd>", country_id="us"),
            AsnRow(asn_id=3215, asn_name="Orange", country_id="fr"),
            AsnRow(asn_id=99, asn_name="Nowhere Net", country_id=None),
            AsnRow(asn_id=100, asn_name="W" * 300, country_id="us"),
        ],
        cities=[
            CityRow(city_id=1, city_name="Dallas", subdivision_id="us-tx"),
            CityRow(city_id=2, city_name="Paris", subdivision_id="us-tx"),
            CityRow(city_id=3, city_name="Paris", subdivision_id="fr-idf"),
            CityRow(city_id=4, city_name="Los Angeles", subdivision_id="us-ca"),
            CityRow(city_id=5, city_name="Atlantis", subdivision_id="xx-yy"),
        ],
    )


@pytest.fixture
def tables() -> Tables:
    return Tables.of(rows())


def labels(options: list[object]) -> list[str]:
    return [option.label for option in options]  # type: ignore[attr-defined]


@pytest.mark.parametrize("query", ["7018", "AS7018", "as7018", "at&t", "AT T", "AT&T (AS7018)"])
def test_a_network_is_found_by_number_and_by_any_spelling(tables: Tables, query: str) -> None:
    assert tables.search_asns(query, "us")[0].value == "7018"


def test_a_network_is_found_without_its_punctuation(tables: Tables) -> None:
    assert [option.value for option in tables.search_asns("ATT", "us")] == ["70", "7018"]


def test_own_networks_come_first_and_others_say_where_they_are(tables: Tables) -> None:
    assert labels([*tables.search_asns("", "fr")])[:3] == [
        "Orange (AS3215)",
        "AT&T (AS7018, US)",
        "Attica & Sons <Ltd> (AS70, US)",
    ]
    assert "Nowhere Net (AS99)" in labels([*tables.search_asns("", "fr")])


def test_a_number_in_full_wins_over_networks_of_the_country(tables: Tables) -> None:
    assert [option.value for option in tables.search_asns("70", "fr")] == ["70", "7018"]
    assert tables.search_asns("3215", "us")[0].label == "Orange (AS3215, FR)"


def test_cities_are_those_of_the_country_or_of_the_region(tables: Tables) -> None:
    assert labels([*tables.search_cities("paris", "us", None)]) == ["Paris, Texas"]
    assert labels([*tables.search_cities("", "us", "us-tx")]) == ["Dallas, Texas", "Paris, Texas"]
    assert tables.search_cities("", "fr", "us-tx") == []
    assert tables.search_cities("", "us", "us-zz") == []
    assert len(tables.search_cities("paris", None, None)) == 2
    assert labels([*tables.search_cities("atlantis", None, None)]) == ["Atlantis"]


def test_t98_labels_and_values_fit_and_are_distinct(tables: Tables) -> None:
    options = tables.search_asns("", "us")
    assert all(0 < len(option.label) <= 75 and 0 < len(option.value) <= 75 for option in options)
    assert len({option.value for option in options}) == len(options)
    assert next(option for option in options if option.value == "100").label.endswith("… (AS100)")


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (Filter(), None),
        (Filter(7018, "us-tx", 1), "AT&T (AS7018), Dallas, Texas"),
        (Filter(city_id=1), "Dallas, Texas"),
        (Filter(subdivision_id="fr-idf"), "Île-de-France"),
        (Filter(5, "zz-z", 77), "AS5, city 77, zz-z"),
    ],
)
def test_a_filter_in_words(tables: Tables, chosen: Filter, words: str | None) -> None:
    assert tables.describe(chosen) == words


@pytest.mark.parametrize(
    ("chosen", "country_id", "fields"),
    [
        (Filter(), "us", set()),
        (Filter(7018, "us-tx", 1), "us", set()),
        (Filter(asn_id=3215), "us", set()),
        (Filter(asn_id=1), "us", {"asn"}),
        (Filter(subdivision_id="us-zz"), "us", {"subdivision"}),
        (Filter(subdivision_id="fr-idf"), "us", {"subdivision"}),
        (Filter(subdivision_id="fr-idf"), None, set()),
        (Filter(city_id=9), "us", {"city"}),
        (Filter(city_id=3), "us", {"city"}),
        (Filter(None, "us-ca", 1), "us", {"city"}),
        (Filter(city_id=5), "us", set()),
        (Filter(1, "fr-idf", 4), "us", {"asn", "subdivision", "city"}),
    ],
)
def test_what_is_known_to_be_wrong(tables: Tables, chosen: Filter, country_id: str | None, fields: set[str]) -> None:
    found = tables.problems_with(chosen, country_id)
    assert found.keys() == fields
    assert all(sentence.endswith((".", "list.")) for sentence in found.values())


# Loading


@pytest.fixture
async def world() -> ProviderWorld:
    made = ProviderWorld(seed=3, history=False)
    made.settings.rate_limit = 1_000_000
    return made


@pytest.fixture
async def places(world: ProviderWorld) -> AsyncIterator[BytefulPlaces]:
    async with (
        running_provider(world) as url,
        open_client(
            base_url=url,
            public_key=SecretStr(world.public_key),
            private_key=SecretStr(world.private_key),
            pace=no_pace,
            timing=Timing(attempts=2),
        ) as client,
    ):
        yield BytefulPlaces(client, page_pause_s=0)


async def test_everything_is_loaded_through_pages_and_found(places: BytefulPlaces, world: ProviderWorld) -> None:
    await places.load()
    assert places.is_loaded
    assert {entry.query["per_page"] for entry in world.log} <= {"100", 100}
    assert places.search_asns("at&t", "US")[0].value == "7018"
    assert places.search_cities("münch", "de", None)[0].label.startswith("München")
    assert places.search_cities("munchen", "de", "de-by")[0].value == "351303"
    assert [option.value for option in places.search_subdivisions("tex", "us")] == ["us-tx"]
    assert len(places.search_asns("", "us")) == 100
    assert places.problems_with(Filter(subdivision_id="us-tx"), "GB")


async def test_a_failed_load_is_told_and_changes_nothing(places: BytefulPlaces, world: ProviderWorld) -> None:
    world.faults.set("html_error", endpoint="city/search")
    with pytest.raises(ProviderError):
        await places.load()
    assert not places.is_loaded
    assert places.search_asns("at&t", "us") == []
    world.faults.clear()
    assert await places.refresh()
    world.faults.set("down")
    assert not await places.refresh()
    assert places.search_asns("at&t", "us")[0].value == "7018"


async def test_tables_are_kept_fresh_and_a_failure_is_tried_again_sooner(
    places: BytefulPlaces, world: ProviderWorld
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        world.faults.clear()
        if len(waits) == 2:
            raise asyncio.CancelledError

    world.faults.set("unauthorized")
    with pytest.raises(asyncio.CancelledError):
        await places.keep_fresh(3_600, sleep=sleep)
    assert waits == [
        pytest.approx(RETRY_AFTER_S, rel=REFRESH_JITTER),
        pytest.approx(3_600, rel=REFRESH_JITTER),
    ]
    assert places.is_loaded


async def test_a_restart_uses_the_copy_on_disk_and_asks_nothing(
    places: BytefulPlaces, world: ProviderWorld, tmp_path: Path
) -> None:
    copy = tmp_path / "data" / "places.json"
    first = BytefulPlaces(places._client, page_pause_s=0, cache=copy)
    await first.load()
    asked = world.requests_received
    restarted = BytefulPlaces(places._client, page_pause_s=0, cache=copy)

    async def first_sleep(seconds: float) -> None:
        assert seconds > 0
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await restarted.keep_fresh(3_600, sleep=first_sleep)
    assert world.requests_received == asked
    assert restarted.search_cities("münch", "de", None)[0].label.startswith("München")
    assert restarted.describe(Filter(asn_id=7018)) == first.describe(Filter(asn_id=7018))


@pytest.mark.parametrize("content", [b"", b"{", b'{"countries": 3}', b"\xff\xfe"])
async def test_a_spoilt_copy_is_read_anew(
    places: BytefulPlaces, world: ProviderWorld, tmp_path: Path, content: bytes
) -> None:
    copy = tmp_path / "places.json"
    copy.write_bytes(content)
    restarted = BytefulPlaces(places._client, page_pause_s=0, cache=copy)

    async def first_sleep(_seconds: float) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await restarted.keep_fresh(3_600, sleep=first_sleep)
    assert restarted.is_loaded
    assert copy.read_bytes() != content

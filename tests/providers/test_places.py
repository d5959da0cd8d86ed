"""Networks and places in memory: found, labelled, checked, and never half loaded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from zlib import crc32

import pytest
from pydantic import SecretStr

from bot.domain.catalog import Filter
from bot.domain.errors import ProviderError
from bot.ports import Answered, Urgency
from bot.providers.byteful import answers
from bot.providers.byteful.client import open_client
from bot.providers.byteful.exchange import Timing
from bot.providers.byteful.lookups import AsnRow
from bot.providers.byteful.place_cache import FORMAT, recall, remember
from bot.providers.byteful.place_rows import Numbered, Rows, Subdivision
from bot.providers.byteful.place_tables import Tables
from bot.providers.byteful.places import REFRESH_JITTER, RETRY_AFTER_S, BytefulPlaces
from playground.provider import ProviderWorld
from playground.provider_server import running_provider


async def no_pace(urgency: Urgency) -> Answered:
    """As fast as it goes."""
    return lambda: None


def rows() -> Rows:
    return Rows(
        countries={"us": "United States", "fr": "France"},
        subdivisions={
            "us-tx": Subdivision("Texas", "us"),
            "us-ca": Subdivision("California", "us"),
            "fr-idf": Subdivision("Île-de-France", "fr"),
        },
        asns=Numbered.of(
            [
                (7018, "AT&T", "us"),
                (70, "Attica & Sons <Ltd>", "us"),
                (3215, "Orange", "fr"),
                (99, "Nowhere Net", None),
                (100, "W" * 300, "us"),
            ]
        ),
        cities=Numbered.of(
            [
                (1, "Dallas", "us-tx"),
                (2, "Paris", "us-tx"),
                (3, "Paris", "fr-idf"),
                (4, "Los Angeles", "us-ca"),
                (5, "Atlantis", "xx-yy"),
            ]
        ),
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
    copy = tmp_path / "data" / "places.bin"
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


def spoilt(copy: bytes) -> dict[str, bytes]:
    middle = len(copy) // 2
    return {
        "empty": b"",
        "of the format before": b'{"countries":[],"subdivisions":[],"asns":[],"cities":[]}',
        "cut short": copy[:middle],
        "one byte is another": copy[:middle] + bytes([copy[middle] ^ 1]) + copy[middle + 1 :],
        "zeros, as after a power cut": bytes(len(copy)),
        "whole, but of another format": (crc32(copy[4:], FORMAT + 1)).to_bytes(4, "big") + copy[4:],
    }


@pytest.mark.parametrize("how", spoilt(b"0123456789"))
async def test_a_spoilt_copy_is_read_anew(
    places: BytefulPlaces, world: ProviderWorld, tmp_path: Path, how: str
) -> None:
    copy = tmp_path / "places.bin"
    remember(copy, rows())
    copy.write_bytes(spoilt(copy.read_bytes())[how])
    assert recall(copy) is None
    restarted = BytefulPlaces(places._client, page_pause_s=0, cache=copy)

    async def first_sleep(_seconds: float) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await restarted.keep_fresh(3_600, sleep=first_sleep)
    assert world.requests_received
    assert restarted.search_asns("at&t", "us")[0].value == "7018"
    assert recall(copy) is not None


def test_a_copy_holds_everything_and_what_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    remember(tmp_path / "data" / "places.bin", rows())
    found = recall(tmp_path / "data" / "places.bin")
    assert found is not None
    assert found[0] == rows()
    assert found[1] >= 0
    assert recall(tmp_path / "nothing.bin") is None
    (tmp_path / "a file").touch()
    remember(tmp_path / "a file" / "places.bin", rows())
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["places.bin"]


async def test_what_comes_from_byteful_is_cleaned_and_what_cannot_be_kept_left_out() -> None:
    given: list[dict[str, object]] = [
        {"asn_id": 7, "asn_name": " Or\u202eange \n Net ", "country_id": "FR"},
        {"asn_id": 2**63, "asn_name": "Too large", "country_id": "fr"},
        {"asn_id": -1, "asn_name": "Below nothing", "country_id": "fr"},
        {"asn_id": "8", "asn_name": "No number", "country_id": "fr"},
        {"asn_id": 9, "asn_name": None, "country_id": "fr"},
        {"asn_id": 10, "asn_name": "Ørsted 東京 😀", "country_id": 3},
    ]
    read = answers.readable(AsnRow, "asn")(given)
    assert [(row.asn_id, row.asn_name, row.country_id) for row in read] == [
        (7, "Or ange Net", "fr"),
        (10, "Ørsted 東京 😀", None),
    ]


def test_a_row_given_twice_is_found_once_as_it_was_last() -> None:
    twice = Rows(asns=Numbered.of([(7, "Orange", "fr"), (8, "Oreo", "us"), (7, "Orange SA", "us")]))
    tables = Tables.of(twice)
    assert labels([*tables.search_asns("or", "us")]) == ["Orange SA (AS7)", "Oreo (AS8)"]
    assert labels([*tables.search_asns("7", "fr")]) == ["Orange SA (AS7, US)"]


def test_a_region_of_the_name_of_a_country_is_not_taken_for_it() -> None:
    tables = Tables.of(
        Rows(
            subdivisions={"fr": Subdivision("Friesland", "nl"), "fr-idf": Subdivision("Île-de-France", "fr")},
            cities=Numbered.of([(1, "Sneek", "fr"), (2, "Paris", "fr-idf")]),
        )
    )
    assert labels([*tables.search_cities("", "fr", None)]) == ["Paris, Île-de-France"]
    assert labels([*tables.search_cities("", None, "fr")]) == ["Sneek, Friesland"]
    assert labels([*tables.search_cities("", "nl", None)]) == ["Sneek, Friesland"]


def test_a_country_of_many_networks_is_full_before_others_come_and_a_number_still_wins() -> None:
    many = [(number, f"Net {number:03}", "us") for number in range(1, 151)]
    tables = Tables.of(Rows(asns=Numbered.of([*many, (900, "Net", "fr"), (901, "Netz", "fr"), (1500, "Net", None)])))
    own = [f"Net {number:03} (AS{number})" for number in range(1, 101)]
    assert labels([*tables.search_asns("net", "us")]) == own
    assert labels([*tables.search_asns("net", "fr")])[:4] == [
        "Net (AS900)",
        "Netz (AS901)",
        "Net (AS1500)",
        "Net 001 (AS1, US)",
    ]
    assert len(tables.search_asns("", "fr")) == len(tables.search_asns("", "us")) == len(tables.search_asns("", None))
    assert labels([*tables.search_asns("900", "us")]) == ["Net (AS900, FR)"]
    assert labels([*tables.search_asns("15", "us")]) == ["Net 015 (AS15)", "Net 150 (AS150)", "Net (AS1500)"]


def test_before_anything_is_loaded_nothing_is_found_and_a_filter_is_named_by_its_numbers() -> None:
    empty = Tables()
    assert empty.search_asns("a", "us") == empty.search_asns("", None) == []
    assert empty.search_subdivisions("", "us") == empty.search_cities("", "us", "us-tx") == []
    assert empty.describe(Filter(5, "zz-z", 77)) == "AS5, city 77, zz-z"

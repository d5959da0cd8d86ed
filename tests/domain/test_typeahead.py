"""The typeahead: what is found, in which order, and that it agrees with a search that is too simple to be wrong."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import typeahead
from bot.domain.typeahead import Entry, Index, nearest, words_of

NETWORKS = {
    "7018": "AT&T Services",
    "701": "Verizon Business",
    "70": "Telecom Paris Sud",
    "3215": "Orange",
    "12479": "Orange Espagne",
    "555": "Blue Orange Telecom",
    "3": "MIT",
    "3356": "Level 3",
    "21928": "T-Mobile USA",
    "8708": "Rețea Łódź",
    "99": "Provence-Alpes-Côte d'Azur",
}


class Names:
    """What an index finds, by the names that were given to it."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.given = list(entries)
        self.index = Index(self.given)

    def search(self, query: str, limit: int = typeahead.LIMIT, within: str | None = None) -> list[str]:
        return [self.given[position].name for position in self.index.search(query, limit, within=within)]


@pytest.fixture(scope="module")
def index() -> Names:
    return Names(Entry(name, key) for key, name in NETWORKS.items())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("orange", ["Orange", "Orange Espagne", "Blue Orange Telecom"]),
        ("ORANGE esp", ["Orange Espagne"]),
        ("esp oran", ["Orange Espagne"]),
        ("telecom", ["Telecom Paris Sud", "Blue Orange Telecom"]),
        ("7018", ["AT&T Services"]),
        ("AS7018", ["AT&T Services"]),
        ("as701", ["Verizon Business", "AT&T Services"]),
        ("70", ["Telecom Paris Sud", "AT&T Services", "Verizon Business"]),
        ("3", ["MIT", "Level 3", "Orange"]),
        ("at&t", ["AT&T Services"]),
        ("att", ["AT&T Services"]),
        ("tmobile", ["T-Mobile USA"]),
        ("t mob", ["T-Mobile USA"]),
        ("retea lodz", ["Rețea Łódź"]),
        ("ŁÓDŹ", ["Rețea Łódź"]),
        ("cote dazur", ["Provence-Alpes-Côte d'Azur"]),
        ("azur provence", ["Provence-Alpes-Côte d'Azur"]),
        ("range", []),
        ("orange nothing", []),
    ],
)
def test_what_is_found_and_in_which_order(index: Names, query: str, found: list[str]) -> None:
    assert index.search(query) == found


def test_an_empty_query_gives_the_first_by_name(index: Names) -> None:
    assert index.search("", limit=3) == ["AT&T Services", "Blue Orange Telecom", "Level 3"]
    assert index.search(" & ") == index.search("")
    assert len(index.search("")) == len(NETWORKS)


def test_an_empty_index_finds_nothing() -> None:
    empty = Index(())
    assert (len(empty), empty.search(""), empty.search("a"), empty.search("a b")) == (0, [], [], [])
    assert empty.search("", within="us") == []
    assert empty.position("1") is None


def test_equal_names_are_all_found_in_the_order_given() -> None:
    index = Index(Entry("Paris", key) for key in ("9", "3", "5"))
    assert index.search("par") == [0, 1, 2]
    assert index.search("3") == [1]


def test_a_whole_key_comes_first_and_a_key_of_several_words_is_found_by_each() -> None:
    index = Names([Entry("Level 3", "70"), Entry("3 Ireland", "31"), Entry("Zain", "3")])
    assert index.search("3") == ["Zain", "3 Ireland", "Level 3"]
    regions = Names([Entry("Quebec", "ca-qc"), Entry("California", "us-ca"), Entry("Cadiz", "es-ca")])
    assert regions.search("us-ca") == ["California"]
    assert regions.search("es") == ["Cadiz"]
    assert regions.search("ca") == ["Cadiz", "California", "Quebec"]


def test_equal_keys_are_all_found_in_the_order_of_their_names() -> None:
    index = Names(Entry(name, "7") for name in ("Orange", "Alba", "Mit"))
    assert index.search("7") == ["Alba", "Mit", "Orange"]


def test_a_row_without_a_word_in_name_or_key_is_listed() -> None:
    assert Names([Entry("&", "-"), Entry("Orange", "1")]).search("") == ["&", "Orange"]


def test_a_limit_is_kept() -> None:
    index = Index(Entry(f"Name {number}", str(number), ("us",)) for number in range(500))
    for within in (None, "us"):
        assert len(index.search("name", within=within)) == len(index.search("", within=within)) == typeahead.LIMIT
        assert len(index.search("n", limit=7, within=within)) == 7


def test_a_row_is_known_by_its_whole_key() -> None:
    index = Index([Entry("Zain", "70"), Entry("Orange", "7"), Entry("Quebec", "ca-qc")])
    assert [index.position(key) for key in ("70", "7", "ca-qc", "0", "ca", "zain", "")] == [0, 1, 2] + [None] * 4


def test_what_a_row_lies_within_is_no_word_of_it() -> None:
    index = Names([Entry("Orange", "1", ("fr", "eu")), Entry("Oracle", "2", ("us",)), Entry("Oreo", "3")])
    assert index.search("or") == ["Oracle", "Orange", "Oreo"]
    assert index.search("or", within="fr") == index.search("1", within="eu") == ["Orange"]
    assert index.search("2", within="fr") == index.search("", within="f") == index.search("or", within="") == []
    assert index.search("fr") == index.search("\1fr\1") == index.search("fr us") == []


@pytest.mark.parametrize(
    ("text", "words"), [("Straße", ["strasse"]), ("Łódź", ["lodz"]), ("Ærø", ["aero"]), ("東京", ["東京"])]
)
def test_case_and_accents_do_not_matter(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_very_long_query_is_cut_and_not_an_error(index: Names) -> None:
    assert set(index.search("orange " * 10_000)) == set(index.search("orange"))


# Against a search that looks at every row

NAMES = st.lists(
    st.lists(st.sampled_from(["al", "alba", "bo", "bor", "b-o", "Ål", "x1", "1"]), min_size=1, max_size=3).map(
        " ".join
    ),
    max_size=40,
)
QUERIES = st.lists(st.sampled_from(["a", "al", "alb", "b", "bo", "1", "x", "q", "3"]), min_size=1, max_size=3).map(
    " ".join
)


def looked_up(names: list[str], query: str) -> list[int]:
    """The ranking as it is described, row by row."""
    words = words_of(query)
    whole = " ".join(words)
    ranked: list[tuple[int, str, int]] = []
    for row, name in enumerate(names):
        own = " ".join(words_of(name))
        searched = [*own.split(), str(row)]
        if "-" in name:
            searched += words_of(name.replace("-", ""))
        if whole == str(row):
            ranked.append((0, own, row))
        elif own.startswith(whole):
            ranked.append((1, own, row))
        elif all(any(each.startswith(word) for each in searched) for word in words):
            ranked.append((2, own, row))
    return [row for _, _, row in sorted(ranked)]


@pytest.mark.parametrize("crowded", [0, 3, 1_024])
@settings(max_examples=150, deadline=None)
@given(names=NAMES, query=QUERIES, limit=st.sampled_from([1, 3, 100]))
def test_it_finds_what_a_look_at_every_row_finds(crowded: int, names: list[str], query: str, limit: int) -> None:
    before = typeahead.CROWDED
    typeahead.CROWDED = crowded
    try:
        index = Index(Entry(name, str(row), (f"of {row % 3}",)) for row, name in enumerate(names))
        found = looked_up(names, query)
        assert index.search(query, limit) == found[:limit]
        for third in range(3):
            assert (
                index.search(query, limit, within=f"of {third}") == [row for row in found if row % 3 == third][:limit]
            )
    finally:
        typeahead.CROWDED = before


# Did you mean


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("resident", "residential"),
        ("moble", "mobile"),
        ("datacentre", "datacenter"),
        ("ISPP", "isp"),
        ("Resîdential", "residential"),
    ],
)
def test_a_word_close_to_a_choice_finds_it(word: str, first: str) -> None:
    assert nearest(word, ["isp", "datacenter", "residential", "mobile"])[0] == first


def test_a_word_far_from_all_finds_none_and_three_are_enough() -> None:
    assert nearest("zzzz", ["isp", "datacenter"]) == []
    assert len(nearest("isp", ["isp a", "isp b", "isp c", "isp d"])) == 3
    assert nearest("", ["isp"]) == []

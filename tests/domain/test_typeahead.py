"""The typeahead: what is found, in which order, and that it agrees with a search that is too simple to be wrong."""

from __future__ import annotations

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


@pytest.fixture(scope="module")
def index() -> Index[str]:
    return Index(Entry(name, key, name) for key, name in NETWORKS.items())


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
def test_what_is_found_and_in_which_order(index: Index[str], query: str, found: list[str]) -> None:
    assert index.search(query) == found


def test_an_empty_query_gives_the_first_by_name(index: Index[str]) -> None:
    assert index.search("", limit=3) == ["AT&T Services", "Blue Orange Telecom", "Level 3"]
    assert index.search(" & ") == index.search("")
    assert len(index.search("")) == len(NETWORKS)


def test_an_empty_index_finds_nothing() -> None:
    empty: Index[str] = Index(())
    assert (len(empty), empty.search(""), empty.search("a"), empty.search("a b")) == (0, [], [], [])


def test_equal_names_are_all_found_in_the_order_given() -> None:
    index = Index(Entry("Paris", key, key) for key in ("9", "3", "5"))
    assert index.search("par") == ["9", "3", "5"]
    assert index.search("3") == ["3"]


def test_a_whole_key_comes_first_and_a_key_of_several_words_is_found_by_each() -> None:
    index = Index([Entry("Level 3", "70", "a"), Entry("3 Ireland", "31", "b"), Entry("Zain", "3", "c")])
    assert index.search("3") == ["c", "b", "a"]
    regions = Index([Entry("Quebec", "ca-qc", "qc"), Entry("California", "us-ca", "ca"), Entry("Cadiz", "es-ca", "es")])
    assert regions.search("us-ca") == ["ca"]
    assert regions.search("es") == ["es"]
    assert regions.search("ca") == ["es", "ca", "qc"]


def test_equal_keys_are_all_found_in_the_order_of_their_names() -> None:
    index = Index(Entry(name, "7", name) for name in ("Orange", "Alba", "Mit"))
    assert index.search("7") == ["Alba", "Mit", "Orange"]


def test_a_row_without_a_word_in_name_or_key_is_listed_and_found_by_what_else_it_has() -> None:
    index = Index([Entry("&", "-", "blank", also="Fiber"), Entry("Orange", "1", "orange")])
    assert index.search("") == ["blank", "orange"]
    assert index.search("fib") == ["blank"]


def test_a_limit_is_kept() -> None:
    index = Index(Entry(f"Name {number}", str(number), number) for number in range(500))
    assert len(index.search("name")) == typeahead.LIMIT
    assert len(index.search("n", limit=7)) == 7


@pytest.mark.parametrize(
    ("text", "words"), [("Straße", ["strasse"]), ("Łódź", ["lodz"]), ("Ærø", ["aero"]), ("東京", ["東京"])]
)
def test_case_and_accents_do_not_matter(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_very_long_query_is_cut_and_not_an_error(index: Index[str]) -> None:
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
@given(names=NAMES, query=QUERIES)
def test_it_finds_what_a_look_at_every_row_finds(crowded: int, names: list[str], query: str) -> None:
    before = typeahead.CROWDED
    typeahead.CROWDED = crowded
    try:
        index = Index(Entry(name, str(row), row) for row, name in enumerate(names))
        assert index.search(query) == looked_up(names, query)
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

"""Outside text is prepared exactly once, cut on whole characters, and money, time and data read the same everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import limits, text
from bot.domain.catalog import Cycle
from bot.domain.ids import UserId
from bot.domain.request import State
from tests import examples
from tests.blocks.reading import assert_sound


@pytest.mark.parametrize(
    ("cents", "words"),
    [
        (0, "$0.00"),
        (5, "$0.05"),
        (1_750, "$17.50"),
        (107_500, "$1,075.00"),
        (-175, "−$1.75"),
        (99_999_999_999, "$999,999,999.99"),
    ],
)
def test_money(cents: int, words: str) -> None:
    assert text.money(cents) == words


@pytest.mark.parametrize(("cents", "words"), [(5_000, "50"), (1_250, "12.50"), (500, "5")])
def test_dollars_as_typed(cents: int, words: str) -> None:
    assert text.dollars(cents) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 MB"),
        (52 * 1024**2, "52 MB"),
        (1024**3, "1 GB"),
        (int(4.29 * 1024**3), "4.2 GB"),
        (12_345 * 1024**3, "12,345 GB"),
        (-1, "0 MB"),
    ],
)
def test_data_is_gb_and_never_rounded_up(size: int, words: str) -> None:
    assert text.data_words(size) == words


def test_quantities_and_cycles() -> None:
    assert text.quantity(examples.product(), 1) == "1 proxy"
    assert text.quantity(examples.product(), 1_500) == "1,500 proxies"
    assert text.quantity(examples.data_product(), 10) == "10 GB"
    assert text.cycle_words(Cycle(1, "month")) == "1 month"
    assert text.cycle_words(Cycle(3, "month")) == "3 months"
    assert text.every(Cycle(1, "month")) == "every month"
    assert text.every(Cycle(3, "month")) == "every 3 months"


def test_time_is_a_slack_token_with_utc_for_those_without() -> None:
    """C4, T50: each reader's own zone; the same moment whatever zone it came in."""
    noon = datetime(2026, 7, 24, 12, 0, tzinfo=UTC)
    token = text.when(noon)
    assert token == f"<!date^{int(noon.timestamp())}^{{date_short_pretty}} {{time}}|2026-07-24 12:00 UTC>"
    assert text.when(noon.astimezone(timezone(timedelta(hours=9)))) == token


def test_names_with_signs_are_escaped_once() -> None:
    """T97"""
    assert text.words("AT&T <ISP> Proxies [US]") == "AT&amp;T &lt;ISP&gt; Proxies [US]"
    assert text.plain("AT&T <ISP> Proxies [US]", 75) == "AT&T <ISP> Proxies [US]"


def test_a_cut_counts_what_is_sent_and_keeps_characters_whole() -> None:
    cut = text.words("&" * 100, 23)
    assert cut == "&amp;" * 4 + "…"
    assert text.cut("abcdef", 4) == "abc…"
    assert text.cut("abcd", 4) == "abcd"
    assert text.cut("\U0001f9d1\u200d\U0001f680x", 3) == "\U0001f9d1…"


@given(st.text(max_size=300), st.integers(min_value=1, max_value=60))
def test_any_text_becomes_one_sound_line_within_its_limit(raw: str, most: int) -> None:
    for prepare in (text.words, text.prose):
        done = prepare(raw, most)
        assert len(done) <= most
        assert len(done.splitlines()) <= 1
        assert_sound(done)
        done.encode()


@given(st.text(max_size=1_200))
def test_any_passage_keeps_every_line_behind_a_bar_and_fits_escaped(raw: str) -> None:
    for piece in text.passage(raw):
        assert all(line.startswith("│") or not line for line in piece.split("\n"))
        assert len(text.escape(piece)) <= limits.SECTION
        piece.encode()


def test_a_thousand_ampersands_are_all_shown() -> None:
    """T96: the longest reason of the character that grows most."""
    assert sum(piece.count("&") for piece in text.passage(examples.AMPERSANDS)) == 1_000


def test_a_tall_text_is_not_a_tall_card() -> None:
    piece = text.passage("\n".join("abcdefghijklmnopqrstuvwxyz"))[0]
    assert piece.count("\n") == limits.REASON_LINES - 1
    assert piece.endswith("x y z")


@given(st.text(alphabet="ab<>&;|@", max_size=80), st.integers(min_value=1, max_value=60))
def test_finished_markup_is_never_cut_inside_a_token(raw: str, most: int) -> None:
    markup = f"{text.words(raw)} {text.mention(UserId('U0BOSS'))} {text.words(raw)}"
    fitted = text.fit(markup, most)
    assert len(fitted) <= most
    assert_sound(fitted)


def test_quoted_words_cannot_format_or_link() -> None:
    """T96"""
    line = text.quoted(examples.UGLY)
    assert line.startswith("“")
    assert line.endswith("”")
    assert not set("*`<>\n\u202e") & set(line)
    assert "://" not in line


def test_code_keeps_what_is_copied_and_cannot_be_left() -> None:
    assert text.code("SUMMER_10*") == "`SUMMER_10*`"
    assert text.code("a` *b*").count("`") == 2
    assert text.code("") == "`–`"


def test_our_sentences_may_name_a_channel_but_nobody_can_be_pinged_by_one() -> None:
    assert (
        text.prose("Requests may be posted in <#C0SCRAPING> only.") == "Requests may be posted in <#C0SCRAPING> only."
    )
    assert text.prose("<!channel> <@U0BOSS> & *x*") == "&lt;!channel&gt; &lt;@U0BOSS&gt; &amp; *x*"


def test_people_are_mentioned_by_id_and_anything_else_is_only_words() -> None:
    assert text.mention(UserId("U0BOSS")) == "<@U0BOSS>"
    assert text.mention(UserId("U1> <!channel>")) == "U1&gt; &lt;!channel&gt;"
    users = [UserId(f"U00{n}") for n in range(8)]
    assert text.mentions(users[:2]) == "<@U000> and <@U001>"
    assert text.mentions(users).endswith("<@U004> and 3 more")
    assert text.mentions([]) == ""


def test_every_state_has_its_own_sign_and_words() -> None:
    """C5: nothing is said by a picture alone."""
    assert len({text.state_word(state) for state in State}) == len(State)
    assert len({text.state_words(state) for state in State}) == len(State)
    for state in State:
        assert text.state_words(state).endswith(f" {text.state_word(state)}")

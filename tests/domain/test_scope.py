"""What a summary is about, as people write it and as buttons carry it."""

from __future__ import annotations

from datetime import date

import pytest

from bot.domain.ids import ChannelId
from bot.domain.period import Period
from bot.domain.scope import Asked, Kind, Measure, Scope, ScopeError, Words, parse_asked, parse_words

TODAY = date(2026, 11, 26)
HERE = ChannelId("C0123ABCD")
MONTH = Period(date(2026, 11, 1), TODAY)
LAST = Period(date(2026, 10, 1), date(2026, 10, 31))


@pytest.mark.parametrize(
    ("text", "scope", "word", "period"),
    [
        ("", Scope(Kind.CHANNEL, HERE), "", MONTH),
        ("last month", Scope(Kind.CHANNEL, HERE), "", LAST),
        ("here last month", Scope(Kind.CHANNEL, HERE), "", LAST),
        ("<#C0999ZZZZ|ops>", Scope(Kind.CHANNEL, "C0999ZZZZ"), "", MONTH),
        ("<#C0999ZZZZ|> last month", Scope(Kind.CHANNEL, "C0999ZZZZ"), "", LAST),
        ("last month <#C0999ZZZZ>", Scope(Kind.CHANNEL, "C0999ZZZZ"), "", LAST),
        ("#C0999ZZZZ", Scope(Kind.CHANNEL, "C0999ZZZZ"), "", MONTH),
        ("<@U0RITA|rita> 2026-10-01..2026-10-31", Scope(Kind.PERSON, "U0RITA"), "", LAST),
        ("<@U0RITA>", Scope(Kind.PERSON, "U0RITA"), "", MONTH),
        ("@U0RITA99", Scope(Kind.PERSON, "U0RITA99"), "", MONTH),
        ("me", Scope(Kind.PERSON, "U0ME"), "", MONTH),
        ("workspace last month", Scope(Kind.WORKSPACE), "", LAST),
        ("isp_us 2026-10", None, "isp_us", LAST),
        ("AT&T ISP Proxies last month", None, "AT&T ISP Proxies", LAST),
        ("API-2041-7730", None, "API-2041-7730", MONTH),
        ("isp_us next month", None, "isp_us next month", MONTH),
    ],
)
def test_s1_scope_and_period_are_told_apart(text: str, scope: Scope | None, word: str, period: Period) -> None:
    assert parse_words(text, HERE, "U0ME", TODAY) == Words(scope, word, period)


@pytest.mark.parametrize("text", ["@rita", "#proxies", "@rita last month"])
def test_s1_a_name_that_is_no_mention_is_explained(text: str) -> None:
    with pytest.raises(ScopeError, match="Pick it from the list"):
        parse_words(text, HERE, "U0ME", TODAY)


def test_s1_where_there_is_no_channel_the_scope_has_to_be_said() -> None:
    with pytest.raises(ScopeError, match="Say what to add up"):
        parse_words("here last month", None, "U0ME", TODAY)


def test_s1_outside_of_a_channel_it_is_about_oneself() -> None:
    assert parse_words("last month", None, "U0ME", TODAY) == Words(Scope(Kind.PERSON, "U0ME"), "", LAST)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(Kind.CHANNEL, HERE),
        Scope(Kind.PERSON, "U0RITA"),
        Scope(Kind.TEAM, "scraping"),
        Scope(Kind.PROJECT, "crawler-2.0"),
        Scope(Kind.PRODUCT, "isp_us"),
        Scope(Kind.SERVICE, "API-2041-7730"),
        Scope(Kind.WORKSPACE),
    ],
)
@pytest.mark.parametrize("measure", list(Measure))
def test_s1_a_button_carries_the_whole_question(measure: Measure, scope: Scope) -> None:
    asked = Asked(measure, scope, LAST)
    assert parse_asked(str(asked), TODAY) == asked


def test_s1_a_button_may_carry_a_period_that_moves_on() -> None:
    assert parse_asked("spend:channel:C0123ABCD:this month", TODAY) == Asked(
        Measure.SPEND, Scope(Kind.CHANNEL, HERE), MONTH
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "spend",
        "spend:channel:C1",
        "spend:channel::2026-10",
        "spend:channel:<!here>:2026-10",
        "theft:channel:C1:2026-10",
        "spend:galaxy:C1:2026-10",
        "spend:channel:C1:",
        "spend:channel:C1:2026-13",
        "spend:channel:C1:2026-11-20..2026-11-01",
        "1042:3",
    ],
)
def test_a_button_of_ours_is_nothing_else(text: str) -> None:
    assert parse_asked(text, TODAY) is None

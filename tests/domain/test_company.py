"""Who is in which team, and what a channel buys for."""

from __future__ import annotations

import pytest

from bot.domain.company import EVERYBODY, NO_PROJECT, NO_TEAM, Company
from bot.domain.ids import ChannelId, UserId
from bot.domain.scope import Kind, Scope, ScopeError, division, unknown

RITA, RAVI, MONA = map(UserId, ("U0RITA", "U0RAVI", "U0MONA"))
HERE, THERE = ChannelId("C0123ABCD"), ChannelId("C0999ZZZZ")
COMPANY = Company(
    {"scraping": frozenset({RITA}), "research": frozenset({RITA, RAVI})},
    {HERE: "crawler", ChannelId("C0555"): "crawler"},
)


@pytest.mark.parametrize(("user", "team"), [(RITA, "scraping"), (RAVI, "research"), (MONA, NO_TEAM), (None, NO_TEAM)])
def test_s1_somebody_in_two_teams_counts_for_the_first_listed(user: UserId | None, team: str) -> None:
    assert COMPANY.team_of(user) == team
    assert EVERYBODY.team_of(user) == NO_TEAM


def test_n13_a_channel_without_a_project_is_its_own() -> None:
    assert COMPANY.project_of(HERE) == "crawler"
    assert COMPANY.project_of(THERE) == THERE
    assert COMPANY.project_of(None) == NO_PROJECT


@pytest.mark.parametrize(
    ("word", "scope"),
    [
        ("team:scraping", Scope(Kind.TEAM, "scraping")),
        ("Team: SCRAPING", Scope(Kind.TEAM, "scraping")),
        ("team research", Scope(Kind.TEAM, "research")),
        ("project:crawler", Scope(Kind.PROJECT, "crawler")),
        ("project:<#C0123ABCD|proxies>", Scope(Kind.PROJECT, "crawler")),
        ("project:<#C0999ZZZZ|ops>", Scope(Kind.CHANNEL, "C0999ZZZZ")),
        ("isp_us", None),
        ("teamwork", None),
    ],
)
def test_s1_teams_and_projects_are_named_by_a_word_before(word: str, scope: Scope | None) -> None:
    assert division(word, COMPANY) == scope


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("team:scrapin", "There is no team called scrapin here. Did you mean `team:scraping`?"),
        ("project:crawlr", "There is no project called crawlr here. Did you mean `project:crawler`?"),
        ("team:xyzzy", "There is no team called xyzzy here. There are: scraping, research."),
        ("team:", "There is no team called (nothing) here. There are: scraping, research."),
    ],
)
def test_s1_an_unknown_team_or_project_is_answered_with_the_nearest(word: str, said: str) -> None:
    with pytest.raises(ScopeError) as caught:
        division(word, COMPANY)
    assert str(caught.value) == said


def test_s1_without_teams_it_is_said_who_can_name_them() -> None:
    with pytest.raises(ScopeError, match=r"There are no teams here\. An admin names them"):
        division("team:scraping", EVERYBODY)


def test_s1_a_bare_name_of_a_team_is_answered_with_how_to_write_it() -> None:
    assert "Did you mean `team:scraping`?" in str(unknown("scraping", ["isp_us"], COMPANY))
    assert "Did you mean `isp_us`?" in str(unknown("isp_uk", ["isp_us"], COMPANY))

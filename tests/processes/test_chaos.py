"""A sample of `make chaos`, and what its programs do when a promise is broken."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from playground import crash_matrix, pages
from playground.crash_cells import BEHAVIOURS, IN_FLIGHT, NO_CRASH, SAMPLE, TRIALS, Cell, Trial, chosen, judge, table
from playground.crashing import POINTS
from playground.slack_seen import SeenMessage
from playground.stage import ROOT

ANSWERS, REFUSES = Trial(NO_CRASH, BEHAVIOURS[0]), Trial(NO_CRASH, BEHAVIOURS[1])


def seen(text: str) -> SeenMessage:
    return SeenMessage(
        *("C1", "proxies", "1.1", "UBOT", "Proxydesk", text, text, text),
        *([], [], None, False, False, None, [], {}, []),  # type: ignore[arg-type]
    )


async def test_x6_n2_killed_at_a_point_of_the_purchase_it_is_bought_once_and_always_found() -> None:
    """T110, T111: three cells of the matrix, each with a web and a worker process and a kill -9."""
    cells = await crash_matrix.run_cells(SAMPLE, lambda _cell: None, at_once=len(SAMPLE))
    assert [(cell.trial, cell.verdict) for cell in cells] == [(trial, "ok") for trial in SAMPLE]
    assert [cell.deaths for cell in cells] == [1] * len(SAMPLE)
    assert [cell.bought for cell in cells] == [0, 1, 1]


def test_n2_every_point_is_tried_with_every_way_a_provider_may_behave() -> None:
    points = {NO_CRASH, IN_FLIGHT, *POINTS}
    assert {(trial.point, trial.behaviour.name) for trial in TRIALS} == {
        (point, behaviour.name) for point in points for behaviour in BEHAVIOURS
    }
    assert len({trial.name for trial in TRIALS}) == len(TRIALS)
    assert {behaviour.name for behaviour in BEHAVIOURS} >= {"answers", "refuses", "HTML 502", "charges minutes later"}


@pytest.mark.parametrize(
    ("trial", "given", "words"),
    [
        (ANSWERS, {"bought": 2}, "BOUGHT 2 TIMES"),
        (ANSWERS, {"cards": [seen("#1001 Ordered"), seen("#1001 Ordered")]}, "2 CARDS"),
        (ANSWERS, {"cards": []}, "0 CARDS"),
        (ANSWERS, {"cards": [seen("#1001 Nothing was bought")]}, "LOST"),
        (ANSWERS, {"bought": 0}, "WRONG CARD"),
        (ANSWERS, {"notices": ["Ordered: …", "Ordered: …"]}, "SAID TWICE"),
        (REFUSES, {}, "NOT AS TOLD"),
    ],
)
def test_a_cell_that_broke_a_promise_says_which(trial: Trial, given: dict[str, Any], words: str) -> None:
    usual: dict[str, Any] = {"deaths": 0, "bought": 1, "cards": [seen("#1001 Ordered")], "notices": []}
    assert judge(ANSWERS, **usual) == ""
    assert words in judge(trial, **{**usual, **given})


def test_the_program_prints_a_line_for_each_cell_and_fails_when_one_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good = Cell(TRIALS[0], 0, 1, "ordered", 1, 2, "")
    page = tmp_path / "page.md"
    for problem, code in (("", 0), ("BOUGHT 2 TIMES", 1)):
        page.write_text("before\n<!-- begin chaos -->\nold\n<!-- end chaos -->\nafter\n")
        cells = [good, replace(good, trial=TRIALS[1], problem=problem)]

        async def ran(*_given: Any, found: list[Cell] = cells, **_more: Any) -> list[Cell]:
            return found

        monkeypatch.setattr(crash_matrix, "run_cells", ran)
        outcome = CliRunner().invoke(crash_matrix.main, ["--write", str(page)])
        assert outcome.exit_code == code, outcome.output
        assert table(cells) in outcome.stdout
        assert f"2 cells, 0 deaths, {code} broken promises" in outcome.stdout
        written = page.read_text()
        assert table(cells) in written
        assert written.startswith("before\n")
        assert written.endswith("after\n")
        assert "old" not in written


def test_cells_are_chosen_by_words_of_their_names() -> None:
    found = chosen(["in flight", "502"])
    assert [(one.point, one.behaviour.name) for one in found] == [(IN_FLIGHT, "HTML 502")]
    assert chosen([]) == list(TRIALS)
    assert CliRunner().invoke(crash_matrix.main, ["no such cell"]).exit_code == 2


def test_a_page_without_the_place_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(ValueError, match="'chaos'"):
        pages.fill(page, "chaos", "text")


@pytest.mark.parametrize("mark", ["chaos", "soak"])
def test_the_page_about_reliability_has_a_place_for_each_measurement(mark: str, tmp_path: Path) -> None:
    copy = tmp_path / "reliability.md"
    copy.write_text((ROOT / "docs" / "reliability.md").read_text())
    pages.fill(copy, mark, "MEASURED")
    assert copy.read_text().count("MEASURED") == 1

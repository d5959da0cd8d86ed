"""The bench's own arithmetic: figures, goals, verdicts and the place where a run's table is put."""

import hashlib
import hmac
import importlib
from pathlib import Path

import pytest

import bench
from bench import traffic
from bench.figures import Figure, Goal, Rounds, percentile, replaced, table
from bot.slack_http import parse_body

FASTER, MORE = Goal(1.0, 0.75, "× B"), Goal(2, 3, "× J", is_at_least=True)


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (FASTER, 0.75, "aim"),
        (FASTER, 0.76, "must"),
        (FASTER, 1.0, "must"),
        (FASTER, 1.01, "missed"),
        (MORE, 3, "aim"),
        (MORE, 2, "must"),
        (MORE, 1.99, "missed"),
    ],
)
def test_a_verdict_says_which_goal_is_reached(goal: Goal, value: float, verdict: str) -> None:
    assert Figure("what", goal.unit, (value,), goal).verdict == verdict


def test_the_middle_of_the_rounds_counts_and_the_spread_is_shown() -> None:
    figure = Figure("what", "ms", (9.0, 1.0, 2.0))
    assert (figure.median, figure.spread, figure.verdict) == (2.0, "1 … 9", "–")


def test_a_ratio_is_taken_within_each_round() -> None:
    rounds = Rounds({"bot": [1.0, 4.0], "B": [2.0, 4.0]})
    assert rounds.ratio("bot", "B") == (0.5, 1.0)


def test_what_could_not_be_measured_says_why_and_fails_nothing() -> None:
    said = table([Figure("a row", "ms", goal=FASTER, note="not measured: no node")])
    assert "| a row (1) | ≤ 1 × B | ≤ 0.75 × B | – | – | not measured |" in said
    assert "1. not measured: no node" in said


def test_a_percentile_is_one_of_the_numbers() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([float(number) for number in range(100)], 99) == 99.0


def test_a_run_replaces_the_one_before_and_nothing_else() -> None:
    page = "before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter"
    assert replaced(page, "bench", "new") == "before\n<!-- bench: begin -->\n\nnew\n\n<!-- bench: end -->\nafter"
    with pytest.raises(ValueError, match="no markers"):
        replaced("no place for it", "bench", "new")


def test_the_traffic_is_signed_as_slack_signs_it_and_read_as_slack_words_it() -> None:
    body = traffic.press(7, "approve", "1007:1", "http://127.0.0.1:1", [{"type": "divider"}])
    request = traffic.signed(body, secret="secret", at=1_700_000_000)
    digest = hmac.new(b"secret", b"v0:1700000000:" + body, hashlib.sha256).hexdigest()
    assert f"X-Slack-Signature: v0={digest}".encode() in request
    payload = parse_body(body.decode())
    assert (payload["actions"][0]["value"], payload["message"]["blocks"]) == ("1007:1", [{"type": "divider"}])


@pytest.mark.parametrize("name", sorted(path.stem for path in Path(bench.__path__[0]).glob("[a-z]*.py")))
def test_every_part_of_the_bench_finds_what_it_needs(name: str) -> None:
    importlib.import_module(f"bench.{name}")

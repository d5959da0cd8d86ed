"""The bench itself: figures, goals, verdicts, the table and its place; nothing hangs, and nothing is left running."""

import asyncio
import hashlib
import hmac
import importlib
import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import bench
from bench import __main__ as command
from bench import groups, javascript, traffic
from bench.figures import Figure, Goal, Rounds, percentile, replaced, table
from bench.groups import Group, group
from bench.load import Load, Plan, sent
from bench.processes import output_of, python, running
from bot.slack_http import parse_body
from playground.stage import free_port

FASTER, MORE = Goal(1.0, 0.75, "× B"), Goal(2, 3, "× J", is_at_least=True)
ROW, READ = Figure("a row", "× B", goal=FASTER), Figure("to be read beside it", "ms")
PAGE = "before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter"


@group(ROW, READ)
async def good(rounds: int) -> list[Figure]:
    return [ROW.measured(*[0.5] * rounds), READ.measured(2.0, samples=(1.0, 2.0, 3.0, 4.0), cpu_ms=0.25)]


@group(ROW, READ)
async def broken(_rounds: int) -> list[Figure]:
    raise RuntimeError("nothing answers | on a port\nand a log of many lines")


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


def test_a_single_round_shows_the_spread_of_its_samples() -> None:
    assert READ.measured(99.0, samples=[float(number) for number in range(100)]).spread == "25 … 75 (p25 … p75)"
    assert READ.measured(1.0, samples=[1.0]).spread == "–"


def test_a_ratio_is_taken_within_each_round() -> None:
    rounds = Rounds({"bot": [1.0, 4.0], "B": [2.0, 4.0]})
    assert rounds.ratio("bot", "B") == (0.5, 1.0)


def test_the_table_shows_cpu_beside_wall_time() -> None:
    said = table([READ.measured(3.0, cpu_ms=0.4), ROW.measured(0.5)])
    assert "| to be read beside it | – | – | 3 ms | – | 0.4 ms | – |" in said
    assert "| a row | ≤ 1 × B | ≤ 0.75 × B | 0.5 × B | – | – | aim |" in said


def test_what_could_not_be_measured_says_why_and_fails_nothing() -> None:
    said = table([ROW.measured(note="not measured: no node")])
    assert "| a row (1) | ≤ 1 × B | ≤ 0.75 × B | – | – | – | not measured |" in said
    assert "1. not measured: no node" in said


def test_a_percentile_is_one_of_the_numbers() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([float(number) for number in range(100)], 99) == 99.0


def test_a_run_replaces_the_one_before_and_nothing_else() -> None:
    assert replaced(PAGE, "bench", "new") == "before\n<!-- bench: begin -->\n\nnew\n\n<!-- bench: end -->\nafter"
    with pytest.raises(ValueError, match="no markers"):
        replaced("no place for it", "bench", "new")


# The command


def test_a_whole_run_is_written_with_its_command_its_rounds_and_the_seconds_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "ROWS", {"good": good})
    monkeypatch.setattr(javascript, "is_there", lambda: False)
    page, numbers = tmp_path / "page.md", tmp_path / "out.json"
    page.write_text(PAGE)
    done = CliRunner().invoke(command.main, ["--rounds", "2", "--json", str(numbers), "--write", str(page)])
    assert done.exit_code == 0, done.output
    written = page.read_text()
    assert "`python -m bench --rounds 2`, without Bolt for JavaScript (`--node` installs it first), on: " in written
    assert "| a row | ≤ 1 × B | ≤ 0.75 × B | 0.5 × B | 0.5 … 0.5 | – | aim |" in written
    said = msgspec.json.decode(numbers.read_bytes())
    assert (said["command"], said["rounds"], list(said["seconds"])) == ("python -m bench --rounds 2", 2, ["good"])
    assert said["figures"][0]["rounds"] == [0.5, 0.5]
    assert (said["figures"][1]["cpu_ms"], said["figures"][1]["p25_p75_of_samples"]) == (0.25, [2.0, 4.0])


def test_some_rows_do_not_replace_the_table_of_all(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    done = CliRunner().invoke(command.main, ["ack", "--write", str(page)])
    assert (done.exit_code, page.read_text()) == (2, PAGE)
    assert "--write replaces the whole table" in done.output


def test_a_row_that_fails_keeps_its_name_and_goal_and_the_run_fails_without_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "ROWS", {"broken": broken, "good": good})
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    done = CliRunner().invoke(command.main, ["--write", str(page)])
    assert (done.exit_code, page.read_text()) == (1, PAGE)
    assert "| a row (1) | ≤ 1 × B | ≤ 0.75 × B | – | – | – | not measured |" in done.output
    assert "\n1. not measured: nothing answers / on a port\n" in done.output
    assert "0.5 × B" in done.output, "the others are measured"
    assert "Not measured: broken." in done.output


# Nothing hangs, nothing is left


async def _wait_for_ever(log: Path, started: list[int]) -> list[Figure]:
    async with running(*python("-c", "import time; time.sleep(600)"), log=log) as program:
        started.append(program.pid)
        await asyncio.Event().wait()
    return []


def _is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_group_that_takes_too_long_says_so_and_leaves_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "WITHIN_S", 1.0)
    monkeypatch.setattr(groups, "A_ROUND_WITHIN_S", 0.0)
    started: list[int] = []
    slow = Group(lambda _rounds: _wait_for_ever(tmp_path / "log", started), (ROW,))
    (run,) = await groups.measured({"slow": slow}, 3)
    assert run.has_failed
    assert run.figures == [ROW.measured(note="not measured: not done within 1 s")]
    assert not _is_running(started[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_bench_and_all_it_started(number: signal.Signals, tmp_path: Path) -> None:
    started: list[int] = []

    async def told_to_stop() -> list[Figure]:
        asyncio.get_running_loop().call_later(0.5, os.kill, os.getpid(), number)
        return await _wait_for_ever(tmp_path / "log", started)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(groups.measured({"slow": Group(lambda _rounds: told_to_stop())}, 1))
    assert not _is_running(started[0])


async def test_a_load_left_before_it_went_ends() -> None:
    async with await Load.prepared(Plan([free_port()]), [b"x=1"]) as load:
        assert _is_running(load.pid)
    assert not _is_running(load.pid)


async def test_a_load_that_died_says_so() -> None:
    with pytest.raises(RuntimeError, match="the load ended with exit code 1"):
        await sent(Plan([free_port()]), [b"x=1"])


async def test_a_program_that_fails_says_with_what() -> None:
    with pytest.raises(RuntimeError, match="exit code 3"):
        await output_of(sys.executable, "-c", "raise SystemExit(3)")


# The traffic


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


@pytest.mark.parametrize("name", [name for name in command.ROWS if name not in ("menu", "index")])
def test_every_row_has_its_name_and_goal_before_it_is_measured(name: str) -> None:
    assert command.ROWS[name].rows

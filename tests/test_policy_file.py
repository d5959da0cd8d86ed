"""policy.yaml is taken whole or not at all; each mistake has its line; a bad change leaves the old rules standing."""

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from structlog.testing import capture_logs

from bot.domain.policy import Policy
from bot.policy_file import CHECK_EVERY_S, MAX_BYTES, PolicyFile, PolicyFileError, load

ROOT = Path(__file__).parents[1]
GOOD = "roles:\n  approver:\n    users: [U012]\n"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD)
    return path


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(PolicyFileError) as caught:
        load(path)
    return [str(problem) for problem in caught.value.problems]


def test_a_small_file_is_enough(path: Path) -> None:
    policy = load(path)
    assert policy.roles["approver"].users == ("U012",)
    assert policy.approvals.needed == 1
    assert policy.tolerance.cents == 0


def test_everything_can_be_set(path: Path) -> None:
    path.write_text(
        GOOD + "  boss:\n    groups: [S012, S013]\napprovals: {role: boss, needed: 2}\n"
        "price_tolerance: {percent: 2.5, cents: 100}\napproval_window_hours: 8\nchannels: [C012]\nmax_quantity: 50\n"
    )
    policy = load(path)
    assert policy.approvals.role == "boss"
    assert policy.price_tolerance.percent == Decimal("2.5")
    assert (policy.approval_window_hours, policy.channels, policy.max_quantity) == (8, ("C012",), 50)


def test_the_example_is_good_and_shows_every_setting() -> None:
    example = ROOT / "policy.example.yaml"
    load(example)
    for name in Policy.model_fields:
        assert re.search(rf"^{name}:", example.read_text(), re.MULTILINE), name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            GOOD + "teams:\n  my team:\n    users: [U012]\n",
            [
                "line 5: `teams.my team`: 'my team' is no plain name. Write letters, digits, dots, dashes or "
                "underscores, 32 at most."
            ],
        ),
        (GOOD + "teams:\n  scraping: {}\n", ["line 5: `teams.scraping`: name at least one user id or user group id."]),
        (
            GOOD + "teams:\n  scraping:\n    users: [rita]\n",
            ['line 6: "rita" is not a Slack user id, such as U012ABCDEF.'],
        ),
        (
            GOOD + "channel_settings:\n  C012:\n    project: CRAWLER\n",
            [
                "line 6: `channel_settings.C012.project`: 'CRAWLER' reads like a channel id. "
                "Write it with a small letter."
            ],
        ),
        ("", ["It should hold settings such as `roles:`, and holds none."]),
        ("- a\n- b\n", ["It should hold settings such as `roles:`, and holds none."]),
        ("max_quantity: 5\n", ["`roles` is missing."]),
        ("roles:\n  a: [U012\nx: 1\n", ["line 3: This is not YAML: expected ',' or ']', but got ':'."]),
        (
            "roles:\n\tapprover: x\n",
            ["line 2: This is not YAML: found character '\\t' that cannot start any token."],
        ),
        (GOOD + "---\n" + GOOD, ["line 4: This is not YAML: but found another document."]),
        (
            GOOD + "x: !!python/name:os.system ''\n",
            [
                "line 4: This is not YAML: could not determine a constructor for the tag "
                "'tag:yaml.org,2002:python/name:os.system'."
            ],
        ),
        (
            GOOD + "\nmax_quantity: 5\nmax_quantity: 6\n",
            ["line 6: `max_quantity` is given twice, first on line 5. Keep one."],
        ),
        (
            "roles:\n  approver:\n    users: [U012]\n    users: [U013]\n",
            ["line 4: `users` is given twice, first on line 3. Keep one."],
        ),
        (
            "roles: &r\n  approver: {users: [U012]}\nx: *r\n",
            ["line 1: An alias (`*name`) points here. Write the lines out again instead."],
        ),
        (
            "roles: &r\n  approver: {users: *r}\n",
            ["line 1: An alias (`*name`) points here. Write the lines out again instead."],
        ),
        (GOOD + "7: x\n", ["line 4: A name here is not text. Put it in quotes."]),
        (GOOD + "? [a]\n: x\n", ["line 4: A name here is not text. Put it in quotes."]),
        (GOOD + "aprovals:\n  needed: 2\n", ["line 4: `aprovals` is not a setting. Did you mean `approvals`?"]),
        (GOOD + "approvals:\n  need: 2\n", ["line 5: `approvals.need` is not a setting. Did you mean `needed`?"]),
        (
            "roles:\n  approver:\n    user: [U012]\n    groups: [S012]\n",
            ["line 3: `roles.approver.user` is not a setting. Did you mean `users`?"],
        ),
        (GOOD + "zzz: 2\n", ["line 4: `zzz` is not a setting."]),
        (
            "roles:\n  approver:\n    users:\n      - U012\n      - anna\n      - 7\n    groups:\n      - U012\n",
            [
                'line 5: "anna" is not a Slack user id, such as U012ABCDEF.',
                "line 6: 7 is not a Slack user id, such as U012ABCDEF.",
                'line 8: "U012" is not a Slack user group id, such as S012ABCDEF.',
            ],
        ),
        (GOOD + 'channels:\n- "#proxies"\n', ['line 5: "#proxies" is not a Slack channel id, such as C012ABCDEF.']),
        (
            GOOD + "channels: C012\n",
            ["line 4: `channels` should be a list: one line for each, beginning with `- `."],
        ),
        ("roles:\n  approver: {}\n", ["line 2: `roles.approver`: name at least one user id or user group id."]),
        ("roles: []\n", ["line 1: `roles` should have its settings below it, each on a line of its own."]),
        (
            GOOD + "approvals: 2\n",
            ["line 4: `approvals` should have its settings below it, each on a line of its own."],
        ),
        (GOOD + "approvals:\n  role: boss\n", ["line 5: approvals.role names 'boss', which is not under roles."]),
        ("roles:\n  boss: {users: [U012]}\n", ["approvals.role names 'approver', which is not under roles."]),
        (GOOD + "approvals:\n  needed: 0\n", ["line 5: `approvals.needed` should be at least 1, not 0."]),
        (GOOD + "approvals:\n  needed: 11\n", ["line 5: `approvals.needed` should be at most 10, not 11."]),
        (GOOD + "approvals:\n  role: 3\n", ["line 5: `approvals.role` should be text, not 3."]),
        (GOOD + "max_quantity: yes\n", ["line 4: `max_quantity` should be a whole number, not true."]),
        (GOOD + "max_quantity: '5'\n", ['line 4: `max_quantity` should be a whole number, not "5".']),
        (GOOD + "approval_window_hours: 1.5\n", ["line 4: `approval_window_hours` should be a whole number, not 1.5."]),
        (
            GOOD + "price_tolerance:\n  percent: lots\n",
            ['line 5: `price_tolerance.percent` should be a number, not "lots".'],
        ),
        (
            GOOD + "price_tolerance:\n  percent: .nan\n",
            ["line 5: `price_tolerance.percent` should be a number, not NaN."],
        ),
        (GOOD + "price_tolerance:\n  cents: -1\n", ["line 5: `price_tolerance.cents` should be at least 0, not -1."]),
        (
            GOOD + "credit_alerts:\n  levels_dollars:\n    - 0\n  channel: '#money'\n",
            [
                "line 6: `credit_alerts.levels_dollars.0` should be at least 1, not 0.",
                'line 7: "#money" is not a Slack channel id, such as C012ABCDEF.',
            ],
        ),
        (GOOD + "data_alerts_percent: [100]\n", ["line 4: `data_alerts_percent.0` should be at most 99, not 100."]),
        (GOOD + "renewal_notice_days: -1\n", ["line 4: `renewal_notice_days` should be at least 0, not -1."]),
        (GOOD + "max_quantity: 2026-13-45\n", ["A value in it cannot be: month must be in 1..12."]),
        ("[" * 20_000, ["It is nested too deeply."]),
        ("a: \x00", ["It is not plain UTF-8 text."]),
        ("#" * (MAX_BYTES + 1), ["It is larger than 256,000 bytes."]),
    ],
)
def test_each_mistake_has_a_sentence_and_a_line(path: Path, text: str, expected: list[str]) -> None:
    assert problems(path, text) == expected


def test_all_mistakes_are_listed_in_the_order_of_the_lines(path: Path) -> None:
    text = "max_quantity: 0\nroles:\n  approver: {users: [anna]}\nchanels: []\n"
    assert [problem.split(":")[0] for problem in problems(path, text)] == ["line 1", "line 3", "line 4"]


def test_a_file_that_cannot_be_read_says_so(path: Path) -> None:
    path.write_bytes(b"roles: \xff\xfe")
    with pytest.raises(PolicyFileError, match=r"policy\.yaml cannot be used:\n  - It is not plain UTF-8 text\."):
        load(path)
    path.unlink()
    with pytest.raises(PolicyFileError, match=r"It cannot be read: No such file or directory\."):
        PolicyFile(path)
    with pytest.raises(PolicyFileError, match=r"It cannot be read: Is a directory\."):
        load(path.parent)


def with_window(hours: int) -> str:
    return f"{GOOD}approval_window_hours: {hours}\n"


def test_a_change_is_taken_after_the_next_look(path: Path) -> None:
    clock = Clock()
    policy_file = PolicyFile(path, clock)
    path.write_text(with_window(5))
    assert policy_file.current.approval_window_hours == 72
    clock.now += CHECK_EVERY_S
    assert policy_file.current.approval_window_hours == 5
    assert policy_file.problem is None


def test_a_change_of_equal_length_and_one_by_rename_are_noticed(path: Path) -> None:
    clock = Clock()
    policy_file = PolicyFile(path, clock)
    for hours in (5, 6, 7):
        fresh = path.with_suffix(".new")
        fresh.write_text(with_window(hours))
        os.utime(fresh, ns=(1, 1))
        fresh.replace(path)
        clock.now += CHECK_EVERY_S
        assert policy_file.current.approval_window_hours == hours


def test_looking_costs_one_stat_a_second(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    policy_file = PolicyFile(path, clock)
    stats: list[Path] = []
    stat = os.stat

    def counted(path: Path) -> os.stat_result:
        stats.append(path)
        return stat(path)

    monkeypatch.setattr("bot.policy_file.os.stat", counted)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read although nothing changed"))
    for _ in range(30):
        clock.now += 0.1
        assert policy_file.current.approval_window_hours == 72
    assert 2 <= len(stats) <= 3


def test_t119_a_bad_change_leaves_the_old_policy_and_says_so_once(path: Path) -> None:
    clock = Clock()
    policy_file = PolicyFile(path, clock)
    with capture_logs() as lines:
        for _ in range(3):
            path.write_text("roles: nobody\n")
            os.utime(path, ns=(int(clock.now), 1))  # touched again and again
            clock.now += CHECK_EVERY_S
            os.utime(path, ns=(int(clock.now), int(clock.now)))
            assert policy_file.current.roles["approver"].users == ("U012",)
    assert [line["log_level"] for line in lines] == ["error"]
    assert "line 1: `roles` should have" in lines[0]["problem"]
    assert policy_file.problem is not None
    assert "line 1" in policy_file.problem


def test_another_bad_content_is_said_again_and_mending_it_clears_the_problem(path: Path) -> None:
    clock = Clock()
    policy_file = PolicyFile(path, clock)

    def save(text: str) -> None:
        path.write_text(text)
        clock.now += CHECK_EVERY_S
        _ = policy_file.current

    with capture_logs() as lines:
        save("roles: nobody")
        save("roles: nobody at all")
        save(with_window(9))
        assert policy_file.problem is None
        assert policy_file.current.approval_window_hours == 9
        save("roles: nobody")
    assert [line["log_level"] for line in lines] == ["error", "error", "info", "error"]


def test_a_file_that_vanishes_leaves_the_old_policy_until_it_is_back(path: Path) -> None:
    clock = Clock()
    policy_file = PolicyFile(path, clock)
    path.unlink()
    clock.now += CHECK_EVERY_S
    assert policy_file.current.approval_window_hours == 72
    assert policy_file.problem is not None
    assert "No such file" in policy_file.problem
    path.write_text(with_window(4))
    clock.now += CHECK_EVERY_S
    assert policy_file.current.approval_window_hours == 4
    assert policy_file.problem is None


KEYS = {"roles": "role", "channel_settings": "channel", "teams": "team"}
"""Settings with a name of one's own below them, and what that name is."""


def fields_of(model: type[BaseModel], prefix: str = "") -> list[tuple[str, Any]]:
    """Every setting as docs/policy.md writes it (`roles.<role>.users`), with its field."""
    found: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        found.append((prefix + name, field))
        kinds = [field.annotation, *get_args(field.annotation)]
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                step = f"{name}." if kind is field.annotation else f"{name}.<{KEYS[name]}>."
                found += fields_of(kind, prefix + step)
    return found


def documented() -> dict[str, str]:
    page = (ROOT / "docs" / "policy.md").read_text()
    return dict(re.findall(r"^\| `([a-z_.<>]+)` \| ([^|]+?) \|", page, re.MULTILINE))


def test_the_page_lists_every_setting_and_no_other() -> None:
    assert list(documented()) == [name for name, _ in fields_of(Policy)]


@pytest.mark.parametrize(("name", "field"), fields_of(Policy), ids=[name for name, _ in fields_of(Policy)])
def test_the_page_shows_the_default(name: str, field: Any) -> None:
    if field.is_required():
        expected = "required"
    elif isinstance(field.default, BaseModel):
        expected = "see below"
    elif field.get_default(call_default_factory=True) in (None, (), {}):
        expected = "none"
    elif isinstance(field.default, tuple):
        expected = f"`[{', '.join(map(str, field.default))}]`"
    else:
        expected = f"`{field.default}`"
    assert documented()[name] == expected


def test_the_pages_example_is_good(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "policy.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert examples
    for example in examples:
        (tmp_path / "policy.yaml").write_text(example)
        load(tmp_path / "policy.yaml")

"""The pages say what the code does: commands, buttons, states, controls, faults, links, and examples that run."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import os
import re
import runpy
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import validate_call
from starlette.routing import BaseRoute, Mount, Route

from bot.__main__ import main as bot_command
from bot.blocks import buttons
from bot.blocks.story import state_words
from bot.blocks.text import state_word
from bot.domain.catalog import renewal_change
from bot.domain.ids import ServiceId
from bot.domain.request import EVENTS, State
from bot.handlers.commands import COMMAND, COMMANDS
from playground.__main__ import main as playground_command
from playground.chaos import SWITCHES
from playground.provider import ProviderWorld
from playground.provider_control import control_routes, controls
from playground.provider_faults import FAULTS
from playground.provider_values import ProviderSettings
from playground.slack_driver import SlackDriver
from playground.slack_server import introduction, running_workspace
from playground.stage import MANIFEST, ROOT, Stage, free_port
from playground.workspace import Workspace
from playground.workspace_changes import Changes
from playground.workspace_control import Control
from playground.workspace_delivery import Courier
from playground.workspace_faults import API_FAULTS, DELIVERY_FAULTS
from tests import examples

DOCS = ROOT / "docs"
README = ROOT / "README.md"
PLAYGROUND = DOCS / "playground.md"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
TOUR_WITHIN_S = 240
EXAMPLE_WITHIN_S = 90.0

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def section(page: Path, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    _, _, rest = page.read_text().partition(f"# {heading}\n")
    assert rest, f"{page.name} has no heading {heading!r}"
    return re.split(r"^#+ ", _without_code(rest), maxsplit=1, flags=re.MULTILINE)[0]


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def code_blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def rows(text: str, header: str) -> list[list[str]]:
    """The cells of the table whose first column has this header."""
    found: list[list[str]] = []
    is_inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        is_inside = line.startswith("|") and (is_inside or cells[0] == header)
        if is_inside:
            found.append(cells)
    assert len(found) > 2, f"there is no table of {header!r}"
    return found[2:]


def names(cell: str) -> list[str]:
    """What is set in code type."""
    return re.findall(r"`([^`]+)`", cell)


def first_names(text: str, header: str) -> list[str]:
    return [name for row in rows(text, header) for name in names(row[0])]


# --- commands, buttons, states


def test_the_page_lists_every_command_as_the_help_does() -> None:
    shown = [(names(usage)[0], summary) for usage, summary in rows((DOCS / "commands.md").read_text(), "command")]
    assert shown == [(command.usage, command.summary) for command in COMMANDS.values()]


@pages
def test_a_command_on_a_page_exists(page: Path) -> None:
    shown = re.findall(rf"(?<![\w/.]){COMMAND} ([a-z]+)", page.read_text())
    assert set(shown) <= {*COMMANDS, "command"}


def test_every_button_of_a_card_is_on_the_page() -> None:
    shown = {label for cell, *_ in rows((DOCS / "commands.md").read_text(), "button") for label in cell.split(", ")}
    made = set(re.findall(r'kit\.button\(\s*"([^"]+)"', inspect.getsource(buttons)))
    made |= set(re.findall(r'"([^"]+)"', inspect.getsource(buttons.reorder)))
    assert shown == made - {"Show"}


def test_every_state_is_on_the_page_in_the_words_of_the_card() -> None:
    page = section(DOCS / "commands.md", "What a card says")
    shown = {word for cell, *_ in rows(page, "state") for word in cell.split(", ")}
    assert shown == {state_word(state) for state in State}
    renewals = [examples.request(state, selection=renewal_change(ServiceId("s"), renews=True)) for state in State]
    said = {state_words(request).split(maxsplit=1)[1] for request in renewals}
    assert said - shown == set(re.findall(r"\*(\w[^*]+)\*", " ".join(page.partition("Where a service")[2].split())))


# --- the life of a request


def test_the_drawing_is_the_table() -> None:
    """Red? Run `.venv/bin/python docs/life_diagram.py`."""
    page = DOCS / "how-it-works.md"
    draw = runpy.run_path(str(DOCS / "life_diagram.py"))["drawn"]
    assert page.read_text() == draw(page.read_text())
    assert "PENDING --> APPROVED: approved" in page.read_text()


def test_every_event_is_explained() -> None:
    shown = [row[0] for row in rows((DOCS / "how-it-works.md").read_text(), "event")]
    assert sorted(shown) == sorted(event.__name__.lower() for event in EVENTS)


# --- files, links, programs


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", _without_code(page.read_text())):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _without_code(page.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pages
def test_files_named_on_a_page_exist(page: Path) -> None:
    shown = re.findall(r"`((?:bot|playground|tests|docs|bench)/[\w./-]*|\.ci/run)`", page.read_text())
    missing = [name for name in shown if not (ROOT / name).exists()]
    assert missing == []


@pages
def test_make_targets_exist(page: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(), flags=re.MULTILINE)) <= known


def test_the_first_screen_of_the_readme_gives_the_two_commands() -> None:
    lines = README.read_text().splitlines()
    begins = [line.split("  ")[0] for line in lines[:60]]
    assert {"make demo", "make test"} <= {line.split(" #")[0].strip() for line in begins}


@pages
def test_programs_and_their_options_exist(page: Path) -> None:
    known: dict[str, click.Group] = {"python -m playground": playground_command, "proxydesk": bot_command}
    for program, group in known.items():
        for command, rest in re.findall(rf"(?:`|/|^|= ?){program} ([a-z]+)([^`\n]*)", page.read_text(), re.MULTILINE):
            assert command in group.commands, f"{program} {command}"
            named = group.commands[command]
            if isinstance(named, click.Group):
                named = named.commands[rest.split()[0]]
            offered = {option for one in named.params for option in one.opts}
            assert set(re.findall(r"(--[a-z]+)", rest)) <= offered


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    missing = [page.name for page in DOCS.rglob("*.md") if page.name != "README.md" and f"{page.name})" not in index]
    assert missing == []


# --- the controls of the Slack world


@pytest.fixture
def control() -> Control:
    workspace = Workspace(manifest=MANIFEST, bot_url="")
    return Control(workspace, Courier(workspace))


def test_every_control_of_the_workspace_is_on_the_page(control: Control) -> None:
    shown = [
        name for row in rows(section(PLAYGROUND, "Acting as a person, over HTTP"), "call") for name in names(row[0])
    ]
    there = {call for call in calls(control.routes()) if not call.startswith("HEAD ")}
    assert {call.partition("?")[0] for call in shown} == there


def calls(routes: Sequence[BaseRoute], prefix: str = "") -> set[str]:
    """`GET state` and the like, mounted ones included."""
    found: set[str] = set()
    for route in routes:
        if isinstance(route, Mount):
            found |= calls(route.routes, f"{prefix}{route.path}")
        elif isinstance(route, Route):
            found |= {f"{method} {(prefix + route.path).strip('/')}" for method in route.methods or ()}
    return found


def test_every_verb_and_look_is_on_the_page() -> None:
    text = section(PLAYGROUND, "Acting as a person, over HTTP")
    verbs = re.findall(r'"(\w+)"', " ".join(re.findall(r"case (.+):", inspect.getsource(Control._act))))
    assert sorted(first_names(text, "verb")) == sorted(verbs)
    (row,) = [row for row in rows(text, "call") if "{what}" in row[0] and "GET" in row[0]]
    looks = {name.partition("?")[0] for name in names(row[1])} - {"channel=dm"}
    assert looks == set(re.findall(r'case "(\w+)"', inspect.getsource(Control.get_screen)))


def test_every_chaos_switch_is_on_the_page() -> None:
    told = [(names(row[0])[0], row[1]) for row in rows(section(PLAYGROUND, "Chaos switches"), "switch")]
    assert told == [(switch.name, switch.explanation) for switch in SWITCHES]


def test_every_change_is_on_the_page() -> None:
    text = section(PLAYGROUND, "Acting as a person, over HTTP").partition("Changes: ")[2].partition(". ")[0]
    assert sorted(names(text)) == sorted(name for name in vars(Changes) if not name.startswith("_"))


def test_the_faults_of_slack_are_those_on_the_page() -> None:
    assert set(first_names(section(PLAYGROUND, "Trouble at Slack"), "fault")) == API_FAULTS | DELIVERY_FAULTS


def test_the_settings_of_the_workspace_are_those_on_the_page() -> None:
    text = section(PLAYGROUND, "Acting as a person, over HTTP")
    (row,) = [row for row in rows(text, "call") if row[0] == "`POST settings`"]
    assert set(names(row[1])) == set(re.findall(r'asked\.get\("(\w+)"', inspect.getsource(Control.post_settings)))


# --- the controls of the Byteful world


def test_every_control_of_byteful_is_on_the_page() -> None:
    assert sorted(first_names(section(PLAYGROUND, "Controls"), "control")) == sorted(controls(ProviderWorld()))


def test_the_looks_at_byteful_exist() -> None:
    looks = re.findall(r"GET /(control/\w+)", section(PLAYGROUND, "Controls"))
    there = {call for call in calls(control_routes(ProviderWorld())) if call.startswith("GET control/")}
    assert {f"GET {look}" for look in looks} == there - {"GET control/{rest:path}"}


def _examples() -> Iterator[tuple[str, dict[str, Any]]]:
    for row in rows(section(PLAYGROUND, "Controls"), "control"):
        for example in names(row[1]):
            if example.startswith("{"):
                yield names(row[0])[0], json.loads(example)


@pytest.mark.parametrize(("name", "arguments"), list(_examples()), ids=lambda value: str(value)[:40])
def test_the_examples_are_taken_as_they_are(name: str, arguments: dict[str, Any]) -> None:
    world = ProviderWorld()
    taken = controls(world)[name]
    inspect.signature(taken).bind(**arguments)
    is_about_something_bought = {"service_id", "invoice_id", "body"} & set(arguments)
    if not is_about_something_bought:
        validate_call(taken)(**arguments)


def test_the_settings_of_byteful_are_those_on_the_page() -> None:
    shown = first_names(section(PLAYGROUND, "Controls"), "setting")
    assert shown == [field.name for field in fields(ProviderSettings)]


def test_the_faults_of_byteful_are_those_on_the_page() -> None:
    assert set(first_names(section(PLAYGROUND, "Trouble at Byteful"), "fault")) == set(FAULTS)


# --- examples that run


def test_the_excerpt_in_the_readme_is_what_the_tour_prints(tour: str) -> None:
    printed = iter(line.strip() for line in tour.splitlines())
    (excerpt,) = re.findall(r"^```\n(.*?)^```", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    for line in excerpt.splitlines():
        wanted = line.strip().removesuffix(" …")
        if wanted in ("", "⋮"):
            continue
        assert any(said.startswith(wanted) for said in printed), f"the tour does not say, or says earlier: {line}"


@pytest.fixture(scope="module")
def tour() -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "playground", "tour"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")},
        capture_output=True,
        text=True,
        timeout=TOUR_WITHIN_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


async def test_the_tutorial_works_as_it_is_written(stage: Stage) -> None:
    """Typed piece by piece, as `python -m asyncio` would take it."""
    told = await typed("\n".join(code_blocks(DOCS / "tutorial.md", "python")), stage)
    for words in ("To pay by invoice", "This needs the role", "Service ID", "Data (GB)", "Sent as #1002"):
        assert words in told


async def typed(code: str, stage: Stage) -> str:
    """What is printed when this code runs with `await` allowed at its top."""
    source = code.replace("http://127.0.0.1:8123", stage.worlds.page_url)
    compiled = compile(source, "tutorial.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    space: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as told:
        running = eval(compiled, space)  # noqa: S307  our own page
        try:
            if inspect.isawaitable(running):
                await running
        finally:
            await space["slack"].close()
    return told.getvalue()


async def test_the_python_example_of_the_playground_works(stage: Stage) -> None:
    source = code_blocks(PLAYGROUND, "python")[0].replace("http://127.0.0.1:8123", stage.worlds.page_url)
    space: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as told:
        exec(source, space)  # noqa: S102  our own page
        await space["main"]()
    assert "What you can type" in told.getvalue()


async def test_a_bolt_program_of_ten_lines_lives_in_the_workspace(tmp_path: Path) -> None:
    port = free_port()
    workspace = Workspace(manifest=MANIFEST, bot_url=f"http://127.0.0.1:{port}/slack/events")
    async with running_workspace(workspace) as url, SlackDriver(url) as slack:
        (tmp_path / "world.json").write_text(json.dumps(introduction(workspace)))
        program = textwrap.dedent(code_blocks(PLAYGROUND, "python")[1]).replace("3000", str(port))
        process = subprocess.Popen(  # noqa: ASYNC220  starting it is quick, and it is waited for below
            [sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            await listens(port)
            outcome = await slack.person("rita").types("/proxy help me", channel="proxies")
        finally:
            process.kill()
            process.wait()
        assert outcome.answer is not None
        assert outcome.answer.text == "Hello @rita, you typed: help me"
        assert await slack.problems() == []


async def listens(port: int) -> None:
    async with asyncio.timeout(EXAMPLE_WITHIN_S):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.05)
